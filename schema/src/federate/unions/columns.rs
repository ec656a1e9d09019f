//! The columns of a union: those of its members by name, each with a scalar that holds the values of all.

use std::collections::HashMap;
use std::sync::Arc;

use super::members::Found;
use super::{holds_no_null, report, source_column};
use crate::catalog::{ConstantColumn, UnionSettings};
use crate::collection::REQUIRED;
use crate::federate::draft::{Draft, did_you_mean, placed};
use crate::federated::{CollectionId, SOURCE_COLUMN, Tie, UnionColumn, UnionMember, UnionShape};
use crate::problem::nearest;
use crate::{Collection, Field, Key, Problem, Scalar, Value};

/// A union's collection, and how its members fill it.
pub(super) struct United {
    pub(super) described: Collection,
    pub(super) members: Vec<UnionMember>,
    pub(super) shapes: Vec<UnionShape>,
}

/// A column so far.
struct Column {
    name: String,
    scalar: Scalar,
    scale: Option<u32>,
    /// Where its scalar comes from: `street_1.resident.born`.
    place: String,
    /// One of the fields it is made of.
    field: Option<Field>,
}

/// One member's part of the union.
struct Part<'a> {
    collection: CollectionId,
    label: String,
    described: Arc<Collection>,
    /// Union column → column here.
    fields: HashMap<String, usize>,
    constants: HashMap<&'a str, &'a ConstantColumn>,
}

/// Brings the columns of the members together; `None` if that cannot be, which is told.
pub(super) fn unite(draft: &mut Draft<'_>, settings: &UnionSettings, found: &Found) -> Option<United> {
    let before = draft.problems.len();
    let parts: Vec<Part<'_>> = found.members.iter().filter_map(|id| part(draft, settings, *id)).collect();
    report_idle_entries(draft, settings, found);
    let mut columns: Vec<Column> = Vec::new();
    let mut by_name: HashMap<String, usize> = HashMap::new();
    for part in &parts {
        let mut named: Vec<(usize, &String)> = part.fields.iter().map(|(name, field)| (*field, name)).collect();
        named.sort_unstable();
        let fields = named.into_iter().map(|(id, name)| {
            let field = &part.described.fields[id];
            let scalar = if field.scalar == Scalar::Enum { Scalar::String } else { field.scalar };
            let place = format!("`{}.{}`", part.label, field.name);
            Column { name: name.clone(), scalar, scale: field.scale, place, field: Some(field.clone()) }
        });
        let mut constants: Vec<_> = part.constants.values().collect();
        constants.sort_by(|one, other| one.column.cmp(&other.column));
        let constants = constants.into_iter().map(|constant| Column {
            name: constant.column.clone(),
            scalar: scalar_of(&constant.value),
            scale: None,
            place: format!("the constant `{}` of `{}`", constant.column, part.label),
            field: None,
        });
        for column in fields.chain(constants).collect::<Vec<_>>() {
            match by_name.get(&column.name) {
                None => {
                    by_name.insert(column.name.clone(), columns.len());
                    columns.push(column);
                }
                Some(at) => join(draft, settings, &mut columns[*at], column),
            }
        }
    }
    if by_name.contains_key(SOURCE_COLUMN) {
        let what = format!("a member has a column `{SOURCE_COLUMN}`, which is the name of where a row lives");
        report(draft, settings, what, "give it another name under [union.rename]");
    }
    check_key(draft, settings, &columns, &parts);
    if draft.problems.len() > before {
        return None;
    }
    let mut united = assemble(settings, &columns, parts);
    for member in &mut united.members {
        member.source = draft.model.collections[member.collection].source;
    }
    Some(united)
}

/// One member's columns under their names in the union.
fn part<'a>(draft: &mut Draft<'_>, settings: &'a UnionSettings, id: CollectionId) -> Option<Part<'a>> {
    let collection = &draft.model.collections[id];
    let (source, described) = (draft.model.sources[collection.source].name.clone(), collection.described.clone());
    let label = format!("{source}.{}", described.name);
    let constants: HashMap<&str, &ConstantColumn> = settings
        .constants
        .iter()
        .filter(|constant| constant.member.matches(&source, &described.name))
        .map(|constant| (constant.column.as_str(), constant))
        .collect();
    let mut fields: HashMap<String, usize> = HashMap::new();
    for (field, one) in described.fields.iter().enumerate() {
        let is_meant = |rename: &&crate::catalog::RenamedColumn| {
            rename.column == one.name && rename.member.matches(&source, &described.name)
        };
        let rename = settings.rename.iter().find(is_meant);
        let name = rename.map_or(&one.name, |rename| &rename.name);
        // A declared value stands for the column; one that is described twice is served once.
        if constants.contains_key(name.as_str()) || described.field_id(&one.name) != Some(field) {
            continue;
        }
        if let Some(other) = fields.insert(name.clone(), field) {
            let other = &described.fields[other].name;
            let what = format!("`{}` and `{}` of `{label}` are both `{name}` in the union", other, one.name);
            let place = rename.map_or(&settings.place, |rename| &rename.member.place);
            let problem = Problem::new(settings.about(), what, "give one of them another name under [union.rename]");
            draft.problems.push(placed(problem, place));
            return None;
        }
    }
    Some(Part { collection: id, label, described, fields, constants })
}

/// Reports entries of `[union.rename]` and `[union.constant]` that are about nothing.
fn report_idle_entries(draft: &mut Draft<'_>, settings: &UnionSettings, found: &Found) {
    let members: Vec<(Arc<str>, Arc<Collection>)> = found
        .members
        .iter()
        .map(|id| {
            let collection = &draft.model.collections[*id];
            (draft.model.sources[collection.source].name.clone(), collection.described.clone())
        })
        .collect();
    let renames = settings.rename.iter().map(|rename| (&rename.member, Some(rename.column.as_str())));
    let constants = settings.constants.iter().map(|constant| (&constant.member, None));
    for (pattern, column) in renames.chain(constants) {
        let waiting = found.undescribed.iter().any(|id| pattern.source.matches(&draft.model.sources[*id].name))
            || draft.catalog.unknown(&pattern.source).next().is_some();
        let mut meant =
            members.iter().filter(|(source, described)| pattern.matches(source, &described.name)).peekable();
        let problem = if meant.peek().is_none() {
            let what = format!("`{}` names no member", pattern.written);
            Problem::new(settings.about(), what, "write it as `members` matches it: source.collection")
        } else if let Some(column) = column
            && let Some((_, first)) = meant.next()
            && first.field_id(column).is_none()
            && !meant.any(|(_, described)| described.field_id(column).is_some())
        {
            let near = nearest(column, first.fields.iter().map(|field| field.name.as_str()));
            let what = format!("`{}`: there is no column `{column}`", pattern.written);
            Problem::new(settings.about(), what, did_you_mean(near))
        } else {
            continue;
        };
        if !waiting {
            draft.problems.push(placed(problem, &pattern.place));
        }
    }
}

/// Takes one more member's column in.
fn join(draft: &mut Draft<'_>, settings: &UnionSettings, into: &mut Column, other: Column) {
    match widen(into.scalar, other.scalar) {
        Some(scalar) => {
            if into.scalar == Scalar::Decimal && other.scalar == Scalar::Decimal {
                into.scale = into.scale.zip(other.scale).map(|(one, other)| one.max(other));
            } else if other.scalar == Scalar::Decimal {
                into.scale = other.scale;
            }
            if scalar != into.scalar {
                into.place = other.place;
            }
            into.scalar = scalar;
            if into.field.is_none() {
                into.field = other.field;
            }
        }
        None => {
            let (one, two) = (into.scalar.name(), other.scalar.name());
            let what = format!("{} is {one} and {} is {two}: they cannot be united", into.place, other.place);
            let hint = "give one of them a scalar under [source.types], or another name under [union.rename]";
            report(draft, settings, what, hint);
        }
    }
}

/// The scalar that holds the values of both.
fn widen(one: Scalar, other: Scalar) -> Option<Scalar> {
    use Scalar::{BigInt, Decimal, Float, Int, Unsigned};
    match (one, other) {
        (one, other) if one == other => Some(one),
        (Int, BigInt) | (BigInt, Int) => Some(BigInt),
        // No integers here hold both what is negative and what is beyond 2⁶³.
        (Int | BigInt | Unsigned, Decimal | Unsigned) | (Decimal | Unsigned, Int | BigInt | Unsigned) => Some(Decimal),
        (Int, Float) | (Float, Int) => Some(Float),
        _ => None,
    }
}

fn scalar_of(value: &Value) -> Scalar {
    match value {
        Value::Boolean(_) => Scalar::Boolean,
        Value::Integer(number) if i32::try_from(*number).is_ok() => Scalar::Int,
        Value::Integer(_) => Scalar::BigInt,
        _ => Scalar::String,
    }
}

/// The value as one of a wider scalar.
fn widened(value: &Value, scalar: Scalar) -> Value {
    match (value, scalar) {
        (Value::Integer(number), Scalar::Decimal) => Value::Decimal(number.to_string()),
        // An `Int`, which a float holds exactly.
        (Value::Integer(number), Scalar::Float) => Value::Float(*number as f64),
        (value, _) => value.clone(),
    }
}

fn check_key(draft: &mut Draft<'_>, settings: &UnionSettings, columns: &[Column], parts: &[Part<'_>]) {
    for name in &settings.key {
        let Some(column) = columns.iter().find(|column| column.name == *name) else {
            let near = nearest(name, columns.iter().map(|column| column.name.as_str()));
            report(draft, settings, format!("`key`: there is no column `{name}`"), did_you_mean(near));
            continue;
        };
        if !column.scalar.is_key() {
            let what = format!("`key`: `{name}` is {}, which is no key", column.scalar.name());
            report(draft, settings, what, "name other columns");
        }
        let has = |part: &Part<'_>| part.fields.contains_key(name) || part.constants.contains_key(name.as_str());
        if let Some(part) = parts.iter().find(|part| !has(part)) {
            let what = format!("`key`: `{}` has no column `{name}`", part.label);
            report(draft, settings, what, "name columns that every member has, or map one under [union.rename]");
        }
    }
}

fn assemble(settings: &UnionSettings, columns: &[Column], parts: Vec<Part<'_>>) -> United {
    let mut united = United {
        described: Collection {
            name: settings.name.clone(),
            comment: Some("One collection over many sources; `_source` tells where a row lives.".to_owned()),
            indexes: common_indexes(&parts),
            rows: parts.iter().map(|part| part.described.rows).sum(),
            ..Collection::default()
        },
        members: Vec::new(),
        shapes: Vec::new(),
    };
    let (mut shown, mut filled) = (vec![true; columns.len()], vec![true; columns.len()]);
    let primary = common_primary_key(&parts);
    for part in parts {
        let mut constants = Vec::new();
        let mut layout: Vec<UnionColumn> = columns
            .iter()
            .map(|column| {
                if let Some(constant) = part.constants.get(column.name.as_str()) {
                    constants.push(widened(&constant.value, column.scalar));
                    return UnionColumn::Constant(constants.len() - 1);
                }
                part.fields.get(&column.name).map_or(UnionColumn::Missing, |field| UnionColumn::Field(*field))
            })
            .collect();
        for (at, column) in layout.iter().enumerate() {
            let (never_null, no_null_stored) = holds_no_null(&part.described, *column);
            shown[at] &= never_null;
            filled[at] &= no_null_stored;
        }
        layout.push(UnionColumn::Source);
        let alike = |shape: &UnionShape| shape.columns == layout && looks_the_same(&shape.described, &part.described);
        let shape = united.shapes.iter().position(alike).unwrap_or_else(|| {
            let described = part.described.clone();
            united.shapes.push(UnionShape { described, columns: layout, tie: Tie::RowId });
            united.shapes.len() - 1
        });
        united.members.push(UnionMember { source: 0, collection: part.collection, shape, constants });
    }
    united.described.fields = columns
        .iter()
        .zip(shown.into_iter().zip(filled))
        .map(|(column, (never_null, no_null_stored))| Field {
            name: column.name.clone(),
            scalar: column.scalar,
            native: column.field.as_ref().map(|field| field.native.clone()).unwrap_or_default(),
            nullable: !never_null,
            comment: column.field.as_ref().and_then(|field| field.comment.clone()),
            scale: column.scale.filter(|_| column.scalar == Scalar::Decimal),
            enumeration: None,
            details: if no_null_stored { [(REQUIRED.to_owned(), "true".to_owned())].into() } else { [].into() },
        })
        .collect();
    united.described.fields.push(source_column());
    if let Some(mut columns) = primary {
        columns.insert(0, SOURCE_COLUMN.to_owned());
        united.described.keys.push(Key { columns, primary: true });
    }
    if !settings.key.is_empty() {
        united.described.keys.push(Key { columns: settings.key.clone(), primary: false });
    }
    united
}

/// Whether a connector would ask two collections in the same words.
fn looks_the_same(one: &Collection, other: &Collection) -> bool {
    let structure = |collection: &Collection| Collection { rows: None, comment: None, ..collection.clone() };
    structure(one) == structure(other)
}

/// The primary key, in the union's names, if all members have the same.
fn common_primary_key(parts: &[Part<'_>]) -> Option<Vec<String>> {
    let key = |part: &Part<'_>| -> Option<Vec<String>> {
        let key = part.described.primary_key()?;
        let name = |column: &String| {
            let field = part.described.field_id(column)?;
            part.fields.iter().find(|(_, id)| **id == field).map(|(name, _)| name.clone())
        };
        key.columns.iter().map(name).collect()
    };
    let first = key(parts.first()?)?;
    parts.iter().all(|part| key(part).as_ref() == Some(&first)).then_some(first)
}

/// Indexes, in the union's names, that all members have.
fn common_indexes(parts: &[Part<'_>]) -> Vec<Vec<String>> {
    let indexes = |part: &Part<'_>| -> Vec<Vec<String>> {
        let name = |column: &String| {
            let field = part.described.field_id(column)?;
            part.fields.iter().find(|(_, id)| **id == field).map(|(name, _)| name.clone())
        };
        part.described.indexes.iter().filter_map(|index| index.iter().map(name).collect()).collect()
    };
    let Some((first, others)) = parts.split_first() else { return Vec::new() };
    let mut common = indexes(first);
    for part in others {
        let here = indexes(part);
        common.retain(|index| here.contains(index));
    }
    common
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wider_scalar_holds_every_value_of_both_and_there_is_none_else() {
        use Scalar::{BigInt, Decimal, Float, Int, String, Unsigned};
        for (one, other, wanted) in [
            (Int, Int, Some(Int)),
            (Int, BigInt, Some(BigInt)),
            (BigInt, Decimal, Some(Decimal)),
            (Unsigned, Unsigned, Some(Unsigned)),
            (Unsigned, Int, Some(Decimal)),
            (Unsigned, BigInt, Some(Decimal)),
            (Unsigned, Decimal, Some(Decimal)),
            (Int, Float, Some(Float)),
            (BigInt, Float, None),
            (Unsigned, Float, None),
            (Decimal, Float, None),
            (Int, String, None),
        ] {
            assert_eq!((widen(one, other), widen(other, one)), (wanted, wanted), "{one:?} {other:?}");
        }
    }
}
