//! What the steps of a plan make: rows, keys, and rows given to parents.
//!
//! *Invariant*: what a silent member of a union would have given is never taken for nothing: keys that were found by the rows of
//! the others carry who is silent along to whoever reads the same union by them.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{Array, RecordBatch};
use lilong_connectors::CellFault;
use lilong_schema::federated::SOURCE_COLUMN;

use super::{Fault, internal};

/// What a step has made.
#[derive(Debug)]
pub enum Made {
    /// Rows.
    Rows(Arc<RowSet>),
    /// Rows of which so many first ones are written already, and those that are not.
    Rest(usize, Arc<RowSet>),
    /// Rows of a union without those of its silent members, which are passed on with the keys that are told by them.
    Partial(Arc<RowSet>, Vec<Silent>),
    /// Keys, none twice and none with a null; and the members of a union whose rows cannot be checked by them.
    Keys(RecordBatch, Vec<Silent>),
    /// Rows given to parents.
    Placed(Placed),
}

/// A member of a union that has given nothing, by its position there, and why.
pub type Silent = (usize, Fault);

impl Made {
    /// How many rows or keys it has.
    pub fn len(&self) -> usize {
        match self {
            Made::Rows(rows) | Made::Partial(rows, _) => rows.batch.num_rows(),
            Made::Rest(written, rows) => written + rows.batch.num_rows(),
            Made::Keys(keys, _) => keys.num_rows(),
            Made::Placed(placed) => placed.written + placed.rows.batch.num_rows(),
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The members of a union that it does without.
    pub(super) fn silent(&self) -> &[Silent] {
        match self {
            Made::Partial(_, silent) | Made::Keys(_, silent) => silent,
            Made::Rows(_) | Made::Rest(..) | Made::Placed(_) => &[],
        }
    }

    /// Keys that were found by these rows: what the rows do without, the keys do without too.
    pub(super) fn pass_on(&self, keys: Arc<Made>) -> Arc<Made> {
        match (&*keys, self.silent()) {
            (Made::Keys(keys, _), silent) if !silent.is_empty() => Arc::new(Made::Keys(keys.clone(), silent.to_vec())),
            _ => keys,
        }
    }
}

/// Rows and the cells that could not be represented.
#[derive(Clone, Debug)]
pub struct RowSet {
    /// The cells.
    pub batch: RecordBatch,
    /// In the order of rows.
    pub faults: Vec<CellFault>,
}

/// Rows given to parents.
#[derive(Debug)]
pub struct Placed {
    /// The rows that some parent has.
    pub rows: Arc<RowSet>,
    /// How many stood before them and are written already, if there is one parent that has all as they stand.
    pub written: usize,
    /// Where each parent's rows begin in `indices`; one more than there are parents.
    pub offsets: Vec<u32>,
    /// Row numbers; `None`: the rows as they stand.
    pub indices: Option<Vec<u32>>,
    /// Parents that have a fault instead of rows, in order.
    pub faults: Vec<(u32, Fault)>,
    /// Of a page, by parent: whether its limit cut rows off. Else empty.
    pub more: Vec<bool>,
}

impl RowSet {
    /// The source that a row of a union lives in.
    pub fn department(&self, row: usize) -> Option<&str> {
        let column = self.batch.column_by_name(SOURCE_COLUMN)?.as_string_opt::<i32>()?;
        column.is_valid(row).then(|| column.value(row))
    }
}

impl Placed {
    /// All rows in their order, given to one parent, after so many that are written.
    pub fn as_they_stand(written: usize, rows: Arc<RowSet>) -> Self {
        let offsets = vec![0, rows.batch.num_rows() as u32];
        Self { rows, written, offsets, indices: None, faults: Vec::new(), more: Vec::new() }
    }

    /// The row numbers of a parent.
    pub fn rows_of(&self, parent: usize) -> impl ExactSizeIterator<Item = usize> + '_ {
        let (start, end) = (self.offsets[parent] as usize, self.offsets[parent + 1] as usize);
        (start..end).map(move |at| self.indices.as_ref().map_or(at, |indices| indices[at] as usize))
    }

    /// Whether more rows than its page were there.
    pub fn has_more(&self, parent: usize) -> bool {
        self.more.get(parent).copied().unwrap_or_default()
    }

    /// The fault of a parent.
    pub fn fault_of(&self, parent: usize) -> Option<&Fault> {
        let at = self.faults.binary_search_by_key(&(parent as u32), |(row, _)| *row).ok()?;
        Some(&self.faults[at].1)
    }
}

/// What a step came to.
pub type StepResult = Result<Arc<Made>, Fault>;

/// The rows of a step; keys are rows too.
pub(super) fn rows(made: &[Arc<Made>], at: usize) -> Result<Arc<RowSet>, Fault> {
    match made.get(at).map(|made| &**made) {
        Some(Made::Rows(rows) | Made::Partial(rows, _)) => Ok(rows.clone()),
        Some(Made::Placed(placed)) => Ok(placed.rows.clone()),
        Some(Made::Keys(keys, _)) => Ok(Arc::new(RowSet { batch: keys.clone(), faults: Vec::new() })),
        // Only a join that takes rows as they stand may do without those that are written.
        Some(Made::Rest(..)) | None => Err(internal()),
    }
}

/// The rows that a step has given to parents.
pub(super) fn placed(made: &[Arc<Made>]) -> Result<&Placed, Fault> {
    match made.first().map(|made| &**made) {
        Some(Made::Placed(placed)) => Ok(placed),
        _ => Err(internal()),
    }
}
