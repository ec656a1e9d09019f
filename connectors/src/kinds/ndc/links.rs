//! Links inside the source, as relationships that a request defines and goes through.
//!
//! In: pairs of columns. Out: whether the data connector follows them as lilong does, and the relationships of a request.
//! *Invariant*: a null meets nothing, whatever the data connector makes of two nulls.

use lilong_schema::collection::FieldId;
use lilong_schema::{Collection, Field};
use serde_json::{Map, Value as Json, json};

use super::column::{and, column, is_null, not};
use super::schema::{EQUAL, RELATIONSHIPS};
use crate::{Aggregate, Function, Hop, LinkedAggregate, OrderTarget, Predicate};

/// The relationships of a request, named `r0`, `r1`, …
#[derive(Debug, Default)]
pub(super) struct Relationships(Vec<Relationship>);

#[derive(Debug, PartialEq)]
struct Relationship {
    target: String,
    /// Whether it leads to one row at most.
    to_one: bool,
    /// Outer column, inner column.
    pairs: Vec<(String, String)>,
}

/// Whether a data connector finds the very rows that a link leads to: it has relationships, and tells the columns' values
/// apart exactly, as they are of one type.
pub(super) fn follows(from: &Collection, to: &Collection, on: &[(FieldId, FieldId)]) -> bool {
    let alike = |(outer, inner): &(FieldId, FieldId)| {
        let (Some(outer), Some(inner)) = (from.fields.get(*outer), to.fields.get(*inner)) else { return false };
        let told_apart = column(outer, EQUAL).is_some() && column(inner, EQUAL).is_some();
        told_apart && outer.native == inner.native && outer.scalar == inner.scalar
    };
    // A mapping has each outer column once.
    let once = |at: usize| on[..at].iter().all(|(outer, _)| *outer != on[at].0);
    from.details.contains_key(RELATIONSHIPS) && !on.is_empty() && on.iter().all(alike) && (0..on.len()).all(once)
}

/// Where a path ends, if the data connector follows it to one row at most.
pub(super) fn end<'a>(from: &'a Collection, path: &'a [Hop]) -> Option<&'a Collection> {
    path.iter().try_fold(from, |from, hop| {
        let inner = |column: &String| hop.on.iter().any(|(_, inner)| hop.collection.fields[*inner].name == *column);
        let to_one = hop.collection.keys.iter().any(|key| key.columns.iter().all(inner));
        (to_one && follows(from, &hop.collection, &hop.on)).then_some(&*hop.collection)
    })
}

/// How linked rows are counted; `None`: they are not.
pub(super) fn count(from: &Collection, linked: &LinkedAggregate) -> Option<Json> {
    if !follows(from, &linked.collection, &linked.on) {
        return None;
    }
    let Aggregate { function, fields } = &linked.aggregate;
    let column = |field: FieldId| &linked.collection.fields[field];
    match (function, fields.as_slice()) {
        (Function::Count, []) => Some(json!({"type": "star_count"})),
        (Function::Count, [field]) => Some(values_of(column(*field))),
        _ => None,
    }
}

/// How many values a column of linked rows has.
pub(super) fn values_of(field: &Field) -> Json {
    json!({"type": "column_count", "column": field.name, "distinct": false})
}

/// The columns of linked rows that must not be null for the data connector to meet nulls with nothing: those that may be,
/// and so may what they are compared with.
pub(super) fn perhaps_null<'a>(
    from: &'a Collection,
    to: &'a Collection,
    on: &'a [(FieldId, FieldId)],
) -> impl Iterator<Item = &'a str> {
    let pairs = on.iter().map(|(outer, inner)| (&from.fields[*outer], &to.fields[*inner]));
    let both = pairs.filter(|(outer, inner)| !outer.holds_no_null() && !inner.holds_no_null());
    both.map(|(_, inner)| inner.name.as_str())
}

/// That these are something.
pub(super) fn present(from: &Collection, to: &Collection, on: &[(FieldId, FieldId)]) -> Json {
    and(&perhaps_null(from, to, on).map(|name| not(&is_null(name))).collect::<Vec<_>>())
}

/// Whether a condition goes through a link.
pub(super) fn goes_through(predicate: &Predicate) -> bool {
    match predicate {
        Predicate::And(parts) | Predicate::Or(parts) => parts.iter().any(goes_through),
        Predicate::Not(part) => goes_through(part),
        Predicate::Exists(_) => true,
        Predicate::Reached { path, target, .. } => !path.is_empty() || matches!(target, OrderTarget::Aggregate(_)),
        Predicate::Compare { .. } | Predicate::IsNull(_) | Predicate::KeyIn { .. } => false,
    }
}

impl Relationships {
    /// The name of the relationship that a link goes through.
    pub(super) fn of(&mut self, from: &Collection, to: &Collection, on: &[(FieldId, FieldId)], to_one: bool) -> String {
        let name = |collection: &Collection, field: FieldId| collection.fields[field].name.clone();
        let pairs = on.iter().map(|(outer, inner)| (name(from, *outer), name(to, *inner))).collect();
        let wanted = Relationship { target: to.name.clone(), to_one, pairs };
        let at = self.0.iter().position(|known| *known == wanted).unwrap_or_else(|| {
            self.0.push(wanted);
            self.0.len() - 1
        });
        format!("r{at}")
    }

    /// What a request says of them.
    pub(super) fn json(&self) -> Json {
        let each = self.0.iter().enumerate().map(|(at, relationship)| {
            let pairs = relationship.pairs.iter();
            let mapping: Map<String, Json> = pairs.map(|(outer, inner)| (outer.clone(), json!([inner]))).collect();
            let told = json!({
                "column_mapping": mapping,
                "relationship_type": if relationship.to_one { "object" } else { "array" },
                "target_collection": relationship.target,
                "arguments": {},
            });
            (format!("r{at}"), told)
        });
        Json::Object(each.collect())
    }
}
