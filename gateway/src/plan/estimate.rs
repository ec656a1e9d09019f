//! About how many rows a condition leaves of a collection: by what the description says of rows, keys and indexes.
//!
//! *Invariant*: no value is looked at, as plans hold none; an estimate decides what is tried first, never what is answered.

use std::sync::Arc;

use lilong_connectors::Comparison;
use lilong_schema::Collection;
use lilong_schema::collection::FieldId;
use lilong_schema::federated::{CollectionId, Member};

use super::build::Builder;
use super::filter::comparison;
use crate::operation::{Argument, Form};

/// What a list of values is taken to hold.
const LISTED: u64 = 100;

impl Builder<'_> {
    /// About how many rows of a collection meet all of these; `None`: nobody knows.
    pub(super) fn about(&self, id: CollectionId, conditions: &[&Argument]) -> Option<u64> {
        let described = &self.world.federated.collection(id).described;
        if let Some(rows) = self.at_most(id, conditions) {
            return Some(described.rows.map_or(rows, |all| all.min(rows)));
        }
        let share = conditions.iter().map(|condition| self.share_of(id, condition)).product::<f64>();
        described.rows.map(|rows| ((rows as f64 * share).ceil() as u64).max(1).min(rows))
    }

    /// How many rows a key leaves, where conditions name one; none where no row can meet them.
    pub(super) fn at_most(&self, id: CollectionId, conditions: &[&Argument]) -> Option<u64> {
        if conditions.iter().any(|condition| is_plainly(condition, false)) {
            return Some(0);
        }
        let described = &self.world.federated.collection(id).described;
        let mut bound: Vec<(FieldId, u64)> = Vec::new();
        for condition in conditions {
            self.bound(id, condition, &mut bound);
        }
        let of_key = |columns: &[String]| {
            columns.iter().try_fold(1u64, |all, name| {
                let field = described.field_id(name)?;
                let rows = bound.iter().filter(|(own, _)| *own == field).map(|(_, rows)| *rows).min()?;
                Some(all.saturating_mul(rows))
            })
        };
        described.keys.iter().filter_map(|key| of_key(&key.columns)).min()
    }

    /// The columns that a condition holds to one value, or to a few.
    fn bound(&self, id: CollectionId, condition: &Argument, out: &mut Vec<(FieldId, u64)>) {
        let Form::Object(entries) = &condition.form else { return };
        for (name, value) in entries {
            match (&**name, &value.form) {
                ("_and", Form::List(items)) => items.iter().for_each(|item| self.bound(id, item, out)),
                ("_or" | "_not", _) => {}
                (_, Form::Object(operators)) => {
                    let Some(Member::Field(field)) = self.world.federated.member(self.world.slice, id, name) else {
                        continue;
                    };
                    out.extend(operators.iter().filter_map(|(name, _)| match comparison(name)?.0 {
                        Comparison::Equal => Some((field, 1)),
                        Comparison::In => Some((field, LISTED)),
                        _ => None,
                    }));
                }
                _ => {}
            }
        }
    }

    /// The share of rows that meet a condition.
    fn share_of(&self, id: CollectionId, condition: &Argument) -> f64 {
        let Form::Object(entries) = &condition.form else { return 1.0 };
        let described = &self.world.federated.collection(id).described;
        entries
            .iter()
            .map(|(name, value)| match (&**name, &value.form) {
                ("_and", Form::List(items)) => items.iter().map(|item| self.share_of(id, item)).product(),
                ("_or", Form::List(items)) => items.iter().map(|item| self.share_of(id, item)).sum::<f64>().min(1.0),
                ("_not", _) => 1.0,
                (_, Form::Object(operators)) => match self.world.federated.member(self.world.slice, id, name) {
                    Some(Member::Field(field)) => {
                        operators.iter().map(|(name, value)| share(described, field, name, value)).product()
                    }
                    _ => 0.5,
                },
                _ => 1.0,
            })
            .product()
    }
}

/// Whether a condition is met by every row, or by none, by its form alone.
fn is_plainly(condition: &Argument, met: bool) -> bool {
    let Form::Object(entries) = &condition.form else { return false };
    let entry = |(name, value): &(Arc<str>, Argument)| match (&**name, &value.form) {
        ("_and", Form::List(items)) => all_or_any(items, met, |item| is_plainly(item, met)),
        ("_or", Form::List(items)) => all_or_any(items, !met, |item| is_plainly(item, met)),
        ("_not", _) => is_plainly(value, !met),
        _ => false,
    };
    all_or_any(entries, met, entry)
}

fn all_or_any<T>(items: &[T], all: bool, is_met: impl Fn(&T) -> bool) -> bool {
    if all { items.iter().all(is_met) } else { items.iter().any(is_met) }
}

/// The share of rows that meet a comparison: fewer where an index was thought worth while.
fn share(described: &Collection, field: FieldId, name: &str, value: &Argument) -> f64 {
    let name_of = &described.fields[field].name;
    let indexed = described.indexes.iter().any(|index| index.first() == Some(name_of));
    match comparison(name).map(|(comparison, _)| comparison) {
        Some(Comparison::Equal) if indexed => 0.01,
        Some(Comparison::In) => match &value.form {
            Form::List(items) if items.is_empty() => 0.0,
            _ => 0.2,
        },
        Some(Comparison::NotEqual | Comparison::NotIn | Comparison::NotLike | Comparison::NotILike) | None => 1.0,
        Some(Comparison::Greater | Comparison::GreaterOrEqual | Comparison::Less | Comparison::LessOrEqual) => 0.33,
        Some(_) => 0.1,
    }
}
