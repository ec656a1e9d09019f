//! Links inside the source, as relationships that a request defines and goes through.
//!
//! In: pairs of columns. Out: whether the data connector follows them as lilong does, and the relationships of a request.
//! *Invariant*: a null meets nothing, whatever the data connector makes of two nulls.

use lilong_schema::Collection;
use lilong_schema::collection::FieldId;
use serde_json::{Map, Value as Json, json};

use super::condition::column;
use super::schema::{EQUAL, RELATIONSHIPS};
use crate::{Exists, Predicate};

/// The relationships of a request, named `r0`, `r1`, …
#[derive(Debug, Default)]
pub(super) struct Relationships(Vec<Relationship>);

#[derive(Debug, PartialEq)]
struct Relationship {
    target: String,
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

/// Whether a condition goes through a link.
pub(super) fn goes_through(predicate: &Predicate) -> bool {
    match predicate {
        Predicate::And(parts) | Predicate::Or(parts) => parts.iter().any(goes_through),
        Predicate::Not(part) => goes_through(part),
        Predicate::Exists(_) => true,
        _ => false,
    }
}

impl Relationships {
    /// The name of the relationship that a condition on linked rows goes through.
    pub(super) fn of(&mut self, from: &Collection, exists: &Exists) -> String {
        let name = |collection: &Collection, field: FieldId| collection.fields[field].name.clone();
        let pairs = exists.on.iter().map(|(outer, inner)| (name(from, *outer), name(&exists.collection, *inner)));
        let wanted = Relationship { target: exists.collection.name.clone(), pairs: pairs.collect() };
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
                "relationship_type": "array",
                "target_collection": relationship.target,
                "arguments": {},
            });
            (format!("r{at}"), told)
        });
        Json::Object(each.collect())
    }
}
