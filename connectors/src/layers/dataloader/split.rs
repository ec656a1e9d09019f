//! Gives the rows of a gathered fetch to those who asked for them.
//!
//! In: all rows, with their keys, and the keys of each caller. Out: the rows and faults of each, in the order they came.
//! *Invariant*: a row that belongs to none of the keys is not dropped: then there is no answer at all.

use arrow_array::{ArrayRef, RecordBatch, UInt32Array};
use arrow_select::concat::{concat, concat_batches};
use arrow_select::take::take_record_batch;

use crate::evaluate::{self, KeyIndex, distinct_keys};
use crate::{CellFault, Rows};

/// The different keys of all callers.
pub(super) fn union(callers: &[&RecordBatch]) -> evaluate::Result<RecordBatch> {
    let width = callers.first().map_or(0, |keys| keys.num_columns());
    let columns = (0..width).map(|at| {
        let parts: Vec<_> = callers.iter().map(|keys| keys.column(at).as_ref()).collect();
        Ok(concat(&parts)?)
    });
    distinct_keys(&columns.collect::<evaluate::Result<Vec<ArrayRef>>>()?)
}

/// The rows of each caller; `None` if they cannot be told apart for certain. `positions` are those of the key columns;
/// `width` is the number of columns that callers asked for, if there are more.
pub(super) fn split(
    pieces: &[Rows],
    positions: &[usize],
    width: Option<usize>,
    all: &RecordBatch,
    callers: &[Option<RecordBatch>],
) -> evaluate::Result<Option<Vec<Option<Rows>>>> {
    let Some(first) = pieces.first() else {
        return Ok(Some(vec![None; callers.len()]));
    };
    let batch = match pieces {
        [only] => only.batch.clone(),
        _ => concat_batches(&first.batch.schema(), pieces.iter().map(|rows| &rows.batch))?,
    };
    let width = width.unwrap_or(batch.num_columns());
    let mut faults = Vec::new();
    let mut before = 0;
    for rows in pieces {
        faults.extend(rows.faults.iter().map(|fault| CellFault { row: fault.row + before, ..*fault }));
        before += rows.batch.num_rows();
    }
    faults.retain(|fault| fault.column < width);
    faults.sort_unstable_by_key(|fault| (fault.row, fault.column));
    let index = KeyIndex::new(&positions.iter().map(|at| batch.column(*at).clone()).collect::<Vec<_>>())?;
    let told = index.lookup(all.columns())?.into_iter().flatten().map(|key| index.rows(key).len()).sum::<usize>();
    if told != batch.num_rows() {
        return Ok(None);
    }
    let columns = batch.project(&(0..width).collect::<Vec<_>>())?;
    let given = callers.iter().map(|keys| {
        let Some(keys) = keys else {
            return Ok(None);
        };
        let found = index.lookup(keys.columns())?;
        let rows: Vec<u32> = found.into_iter().flatten().flat_map(|key| index.rows(key).iter().copied()).collect();
        if rows.is_empty() {
            return Ok(None);
        }
        let faults = moved(&faults, &rows);
        Ok(Some(Rows { batch: take_record_batch(&columns, &UInt32Array::from(rows))?, faults }))
    });
    Ok(Some(given.collect::<evaluate::Result<Vec<_>>>()?))
}

/// Faults, in the order of rows, under the new numbers of the rows taken.
fn moved(faults: &[CellFault], taken: &[u32]) -> Vec<CellFault> {
    if faults.is_empty() {
        return Vec::new();
    }
    let of_row = |(new, old): (usize, &u32)| {
        let old = *old as usize;
        let start = faults.partition_point(|fault| fault.row < old);
        let own = faults[start..].iter().take_while(move |fault| fault.row == old);
        own.map(move |fault| CellFault { row: new, ..*fault })
    };
    taken.iter().enumerate().flat_map(of_row).collect()
}
