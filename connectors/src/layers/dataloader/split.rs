//! Gives the rows of a gathered fetch to those who asked for them.
//!
//! In: all rows, with their keys, and the keys of each caller. Out: the rows and faults of each, in the order they came.
//! *Invariant*: a row that belongs to none of the keys is not dropped: then there is no answer at all.

use arrow_array::{ArrayRef, RecordBatch};
use arrow_select::concat::concat;

use crate::Rows;
use crate::evaluate::{self, KeyIndex, distinct_keys};

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
    let whole = Rows::joined(&first.batch.schema(), pieces)?;
    let batch = &whole.batch;
    let index = KeyIndex::new(&positions.iter().map(|at| batch.column(*at).clone()).collect::<Vec<_>>())?;
    let told = index.lookup(all.columns())?.into_iter().flatten().map(|key| index.rows(key).len()).sum::<usize>();
    if told != batch.num_rows() {
        return Ok(None);
    }
    let columns = whole.narrowed(width.unwrap_or(batch.num_columns()))?;
    let given = callers.iter().map(|keys| {
        let Some(keys) = keys else {
            return Ok(None);
        };
        let found = index.lookup(keys.columns())?;
        let rows: Vec<u32> = found.into_iter().flatten().flat_map(|key| index.rows(key).iter().copied()).collect();
        if rows.is_empty() {
            return Ok(None);
        }
        Ok(Some(columns.take(&rows)?))
    });
    Ok(Some(given.collect::<evaluate::Result<Vec<_>>>()?))
}
