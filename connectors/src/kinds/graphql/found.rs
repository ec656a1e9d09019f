//! The fields of a service that give rows: lists, connections, objects that hold lists, single objects.
//!
//! In: a field and those that lead to it. Out: what kind of rows it gives, and how it is asked.

use super::route::Access;
use super::schema::{Field, Schema, Shape, Type, TypeKind};

/// Fields in which services put the rows of a page.
const HOLDERS: [&str; 7] = ["nodes", "items", "results", "data", "rows", "records", "objects"];

/// A field that gives rows.
pub(super) struct Found<'a> {
    pub(super) name: String,
    pub(super) of: &'a Type,
    pub(super) field: &'a Field,
    /// The object that a list stands in.
    pub(super) holder: Option<&'a Type>,
    pub(super) access: Access,
}

/// A list or an object that a field gives.
pub(super) fn rows_of<'a>(schema: &'a Schema, before: &[&'a Field], field: &'a Field) -> Option<Found<'a>> {
    let mut path: Vec<String> = before.iter().chain([&field]).map(|field| field.name.clone()).collect();
    let of = schema.object(&field.shape)?;
    // What takes the arguments: the field itself, else the one before it.
    let (at, taking) = match before.last() {
        Some(last) if field.arguments.is_empty() && !last.arguments.is_empty() => (before.len() - 1, *last),
        _ => (before.len(), field),
    };
    if before.iter().any(|before| before.name != taking.name && !before.is_plain()) {
        return None;
    }
    let found = |of: &'a Type, holder: Option<&'a Type>, access: Access| {
        Some(Found { name: taking.name.clone(), of, field: taking, holder, access: Access { at, ..access } })
    };
    if field.shape.lists == 1 {
        let holder = before.last().and_then(|last| schema.object(&last.shape));
        return found(of, holder, Access { path, ..Access::default() });
    }
    if field.shape.lists > 1 {
        return None;
    }
    let edge = of.field("edges").filter(|edges| edges.shape.lists == 1).and_then(|edges| schema.object(&edges.shape));
    let node = edge.and_then(|edge| edge.field("node")).and_then(|node| schema.object(&node.shape));
    let held = HOLDERS.iter().find_map(|name| {
        let rows =
            of.field(name).filter(|rows| rows.shape.lists == 1 && rows.is_plain() && of.field("id").is_none())?;
        Some((rows, schema.object(&rows.shape)?))
    });
    if let Some((rows, row)) = held {
        path.push(rows.name.clone());
        return found(row, Some(of), Access { path, ..Access::default() });
    }
    if let Some(row) = node {
        path.push("edges".to_owned());
        return found(row, Some(of), Access { path, item: vec!["node".to_owned()], ..Access::default() });
    }
    (of.kind == TypeKind::Object || of.kind == TypeKind::Interface)
        .then(|| found(of, None, Access { path, one: true, ..Access::default() }))
        .flatten()
}

/// A field that only holds others: it is asked for without arguments, and there is always one.
pub(super) fn namespace<'a>(schema: &'a Schema, field: &'a Field) -> Option<&'a Type> {
    let Shape { lists: 0, required: true, .. } = field.shape else { return None };
    let of = schema.object(&field.shape).filter(|_| field.arguments.is_empty())?;
    let gives_rows = |field: &Field| rows_of(schema, &[], field).is_some_and(|found| !found.access.one);
    (of.field("id").is_none() && of.fields.iter().any(gives_rows)).then_some(of)
}
