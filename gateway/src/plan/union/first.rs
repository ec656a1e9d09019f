//! What very many members are asked first: only what tells where their first row stands.
//!
//! In: what a member is asked for its first rows. Out: the same for the columns of the order alone, for which an index often
//! is enough. *Invariant*: same rows in the same order; the operands are the same.

use std::sync::Arc;

use lilong_connectors::{Fetch, OrderTarget, Prepared};
use lilong_schema::collection::FieldId;

use super::UnionStep;
use super::cell::Cell;
use super::shape::Ask;

/// Fewer members are asked for all at once: the second question takes its time.
const MANY: usize = 64;

/// See the module.
#[derive(Debug)]
pub struct First {
    /// The request.
    pub prepared: Arc<Prepared>,
    /// Where the cells come from, by [`UnionStep::ordered`].
    pub cells: Vec<Cell>,
}

impl Ask {
    /// What is asked of the columns `ordered`, which are among those asked for; made at its first use.
    pub fn first(&self, ordered: &[FieldId]) -> &First {
        self.first.get_or_init(|| {
            let fetch = &self.prepared.fetch;
            let cell = |field: &FieldId| {
                let at = self.columns.iter().position(|column| column == field);
                at.map_or(Cell::Missing, |at| self.cells[at])
            };
            let mut cells: Vec<Cell> = ordered.iter().map(cell).collect();
            let own = |cell: &Cell| if let Cell::Column(at) = cell { Some(fetch.columns[*at]) } else { None };
            let mut columns: Vec<FieldId> = cells.iter().filter_map(own).collect();
            if columns.is_empty() {
                // Rows without a column cannot be counted.
                columns.extend(fetch.columns.first());
            }
            if columns.len() == fetch.columns.len() {
                // The same columns: what was prepared serves both.
                return First { prepared: self.prepared.clone(), cells };
            }
            let mut next = 0..;
            for cell in &mut cells {
                if let Cell::Column(at) = cell {
                    *at = next.next().unwrap_or_default();
                }
            }
            First { prepared: Arc::new(Prepared::new(Fetch { columns, ..fetch.clone() })), cells }
        })
    }
}

impl UnionStep {
    /// Whether so many members may be asked where their first rows stand, before a few of them are asked for rows.
    pub fn may_ask_first(&self, members: usize) -> bool {
        let fetch = &self.fetch;
        let plain = self.fold.is_none() && fetch.keys.is_none() && fetch.distinct.is_empty();
        plain && fetch.limit.is_some() && !fetch.order.is_empty() && members >= MANY
    }
}

/// The columns that a fetch orders by.
pub(super) fn ordered(fetch: &Fetch) -> Vec<FieldId> {
    let mut ordered = Vec::new();
    for term in &fetch.order {
        match term.target {
            OrderTarget::Field(field) if term.path.is_empty() && !ordered.contains(&field) => ordered.push(field),
            _ => {}
        }
    }
    ordered
}
