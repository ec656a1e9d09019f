//! How a member is asked where the columns begin and end that a filter compares.
//!
//! In: a union's fetch, and what its members look like. Out: for each column an [`Edge`], if the union prunes. *Invariant*: a
//! member is asked only where an index leads to both ends, and where its own order is the order of values here.

use std::sync::Arc;

use lilong_connectors::{Comparison, Fetch, Order, OrderTarget, Predicate, Prepared};
use lilong_schema::Scalar;
use lilong_schema::collection::FieldId;

use super::shape::{Relation, Shape};

/// The ends of a column of a member.
#[derive(Debug)]
pub struct Edge {
    /// The union's column.
    pub field: FieldId,
    /// The member's.
    pub own: FieldId,
    /// Asks for the row with the least value; its one operand is how many rows.
    pub least: Arc<Prepared>,
    /// The same for the greatest.
    pub greatest: Arc<Prepared>,
}

/// The columns that a fetch compares so that ends can rule a member out.
pub(super) fn compared(fetch: &Fetch) -> Vec<FieldId> {
    let mut fields: Vec<FieldId> = fetch.keys.iter().flat_map(|keys| keys.columns.iter().copied()).collect();
    add(&fetch.predicate, &mut fields);
    fields.sort_unstable();
    fields.dedup();
    fields
}

fn add(predicate: &Predicate, fields: &mut Vec<FieldId>) {
    match predicate {
        Predicate::And(parts) | Predicate::Or(parts) => parts.iter().for_each(|part| add(part, fields)),
        Predicate::Compare { field, comparison, .. } => {
            use Comparison::{Equal, Greater, GreaterOrEqual, In, Less, LessOrEqual};
            if matches!(comparison, Equal | In | Greater | GreaterOrEqual | Less | LessOrEqual) {
                fields.push(*field);
            }
        }
        Predicate::KeyIn { fields: keys, normalize, .. } if normalize.is_empty() => fields.extend(keys),
        // What is no condition on values, or is turned round.
        _ => {}
    }
}

impl Shape {
    /// The ends of some of the union's columns, where they are found without reading more.
    pub(super) fn edges(&self, fields: &[FieldId]) -> Vec<Edge> {
        let described = self.described();
        let can = self.capabilities.filter && self.capabilities.order && self.capabilities.limit;
        let leads = |own: FieldId| {
            let is = |columns: &[String]| columns.first() == Some(&described.fields[own].name);
            described.indexes.iter().any(|index| is(index)) || described.keys.iter().any(|key| is(&key.columns))
        };
        let edge = |field: &FieldId| {
            let own = self.own(*field)?;
            let Relation::Column { same: true, ordered: true } = self.relations[*field] else { return None };
            let edge = || Edge { field: *field, own, least: self.end(own, false), greatest: self.end(own, true) };
            (can && has_edges(described.fields[own].scalar) && leads(own)).then(edge)
        };
        fields.iter().filter_map(edge).collect()
    }

    fn end(&self, own: FieldId, descending: bool) -> Arc<Prepared> {
        let collection = self.described();
        let nullable = !collection.fields[own].holds_no_null();
        let predicate = if nullable { Predicate::Not(Box::new(Predicate::IsNull(own))) } else { Predicate::TRUE };
        let target = OrderTarget::Field(own);
        Arc::new(Prepared::new(Fetch {
            predicate,
            order: vec![Order { path: Vec::new(), target, descending, nulls_first: descending }],
            limit: Some(0),
            ..Fetch::of(collection, vec![own])
        }))
    }
}

/// Whether values have an order that every engine and this program compare alike to the last digit.
fn has_edges(scalar: Scalar) -> bool {
    use Scalar::{BigInt, Date, DateTime, Int, LocalDateTime, String, Time, Unsigned};
    matches!(scalar, Int | BigInt | Unsigned | Date | Time | LocalDateTime | DateTime | String)
}
