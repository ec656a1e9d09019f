//! The order of a union in the words of its members.
//!
//! *Invariant*: a member is asked for an order only if it orders each of its columns as rows of several sources are ordered.

use lilong_connectors::{Fetch, Order, OrderTarget};
use lilong_schema::federated::{Tie, UnionColumn};

use super::shape::{Relation, Shape};

impl Shape {
    /// The order in the member's columns; `None` if the source cannot give it. What is one value in all rows has none.
    pub(super) fn order(&self, fetch: &Fetch) -> Option<Vec<Order>> {
        if fetch.order.is_empty() {
            return Some(Vec::new());
        }
        if !self.capabilities.order {
            return None;
        }
        let mut order = Vec::with_capacity(fetch.order.len());
        for term in &fetch.order {
            match (&term.target, term.path.is_empty()) {
                (OrderTarget::Field(field), true) => match (self.relations[*field], self.columns()[*field]) {
                    (Relation::Column { ordered: true, .. }, UnionColumn::Field(own)) => {
                        order.push(Order { target: OrderTarget::Field(own), ..term.clone() });
                    }
                    (Relation::Fixed, _) => {}
                    _ => return None,
                },
                (OrderTarget::RowId, true) => order.extend(self.tie()),
                _ => return None,
            }
        }
        Some(order)
    }

    /// What ends an order in the member itself.
    fn tie(&self) -> Vec<Order> {
        let ascending = |target| Order { path: Vec::new(), target, descending: false, nulls_first: false };
        match &self.union.shapes[self.at].tie {
            Tie::Key(columns) | Tie::Everything(columns) => {
                columns.iter().map(|field| ascending(OrderTarget::Field(*field))).collect()
            }
            Tie::RowId => vec![ascending(OrderTarget::RowId)],
        }
    }
}
