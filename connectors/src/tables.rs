//! Collections whose rows are in memory: what the kinds that hold their rows themselves share.
//!
//! In: tables and bound fetches. Out: rows, groups, and a fetch as text. *Invariant*: nothing here knows where a table came
//! from; a fetch sees one table for each collection from its first row to its last.

mod answer;
mod explain;
mod fold;
mod read;

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow_array::RecordBatch;
use lilong_schema::collection::FieldId;
use lilong_schema::{Capabilities, Collection};

pub(crate) use answer::{answer, chosen, needed, own};
pub(crate) use explain::{check, text};
pub(crate) use read::Reader;

/// What services claim whose rows are worked out here: all but what goes through links, as the gateway follows these by
/// keys, and groups.
pub(crate) const CLAIMS: Capabilities = Capabilities {
    exists: false,
    order_links: false,
    link_aggregates: false,
    group: false,
    group_links: false,
    keys: 10_000,
    ..Capabilities::ALL
};

/// The rows of one collection, a column for each field.
#[derive(Clone)]
pub(crate) struct Table {
    /// What the columns are.
    pub(crate) collection: Arc<Collection>,
    /// The columns, with the types of [`arrow_type`](crate::rows::arrow_type).
    pub(crate) rows: RecordBatch,
    /// Cells that cannot be represented; null in `rows`.
    pub(crate) bad_cells: BTreeSet<(FieldId, usize)>,
}
