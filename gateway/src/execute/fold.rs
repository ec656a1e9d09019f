//! Folds rows here, and gives parents what their rows came to.
//!
//! *Invariant*: a cell that could not be read never counts as if it were not there: what is computed of it is a fault too.
//! Where rows are grouped by it, all that cannot be read are one group, apart from the nulls, and a fault of its key.

mod declared;

use std::collections::HashSet;
use std::sync::Arc;

use arrow_array::{Array, ArrayRef, Int32Array, Int64Array, RecordBatch, UInt32Array, UInt64Array, new_null_array};
use arrow_schema::{DataType, Field, Schema};
use arrow_select::concat::concat;
use arrow_select::take::take;
use lilong_connectors::CellFault;
use lilong_connectors::evaluate::{self, FoldColumn, KeyIndex};
use lilong_schema::Scalar;

use super::{Fault, Made, Placed, RowSet, internal, join, keys, rows};
use crate::plan::{AggregateStep, AssignStep, Figure, KeyColumns, WidenStep};

/// Rows in groups.
pub(super) fn aggregate(step: &AggregateStep, made: &[Arc<Made>]) -> Result<RowSet, Fault> {
    fold(&*placed_or_rows(made)?, step.key.as_ref(), &step.by, &step.figures)
}

/// Rows in groups by a key and by columns: the columns of the key, those of `by`, the figures.
pub(super) fn fold(
    rows: &RowSet,
    key: Option<&KeyColumns>,
    by: &[(usize, Scalar)],
    figures: &[Figure],
) -> Result<RowSet, Fault> {
    let column =
        |(column, scalar): &(usize, _)| FoldColumn { values: rows.batch.column(*column).clone(), scalar: *scalar };
    let mut columns = Vec::new();
    if let Some(key) = key {
        let values = keys::columns(&rows.batch, key)?;
        columns.extend(values.into_iter().zip(&key.to).map(|(values, scalar)| FoldColumn { values, scalar: *scalar }));
    }
    columns.extend(by.iter().map(column));
    let behind_key = columns.len() - by.len();
    let kept = columns.len();
    columns.extend(by.iter().filter_map(|(column, _)| apart(rows, *column)));
    let of = |parts: bool| {
        let figures = figures.iter().filter(|figure| figure.parts == parts);
        let column = |figure: &Figure, of: &(usize, Scalar)| match &figure.declared {
            None => column(of),
            Some(labels) => declared::places(&rows.batch, of.0, labels),
        };
        let columns = |figure: &Figure| figure.of.iter().map(|of| column(figure, of)).collect();
        figures.map(|figure| (figure.function, columns(figure))).collect::<Vec<_>>()
    };
    let count = rows.batch.num_rows();
    // Both number the groups in the order in which they first appear.
    let folds = [evaluate::fold(count, &columns, &of(false)), evaluate::combine(count, &columns, &of(true))];
    let [whole, parts] = folds;
    let (mut whole, mut parts) = (whole.map_err(|_| internal())?, parts.map_err(|_| internal())?);
    let mut next = [0usize; 2];
    let mut faults = Vec::new();
    for (at, (column, _)) in by.iter().enumerate() {
        for fault in rows.faults.iter().filter(|fault| fault.column == *column) {
            whole.spoil(behind_key + at, fault.row).map_err(|_| internal())?;
        }
    }
    faults.extend(whole.faults.iter().filter(|fault| fault.column < columns.len()).copied());
    let mut made = whole.keys[..kept].to_vec();
    for figure in figures {
        let (folded, at) = if figure.parts { (&mut parts, &mut next[1]) } else { (&mut whole, &mut next[0]) };
        let own = columns.len() + *at;
        let unread = rows.faults.iter().filter(|fault| figure.of.iter().any(|(column, _)| *column == fault.column));
        for fault in unread {
            folded.spoil(own, fault.row).map_err(|_| internal())?;
        }
        let here = made.len();
        faults.extend(
            folded.faults.iter().filter(|fault| fault.column == own).map(|fault| CellFault { column: here, ..*fault }),
        );
        let values = folded.aggregates.get(*at).ok_or_else(internal)?;
        made.push(match (&figure.declared, figure.of.as_slice()) {
            (Some(labels), [(column, _)]) => declared::labels(&rows.batch, *column, labels, values),
            _ => values.clone(),
        });
        *at += 1;
    }
    faults.sort_unstable_by_key(|fault| (fault.row, fault.column));
    Ok(RowSet { batch: batch(made, whole.groups)?, faults })
}

/// What tells the rows whose cell could not be read from those where it is null, if there are any.
fn apart(rows: &RowSet, column: usize) -> Option<FoldColumn> {
    let mut unread = rows.faults.iter().filter(|fault| fault.column == column).peekable();
    unread.peek()?;
    let mut apart = vec![0; rows.batch.num_rows()];
    unread.for_each(|fault| apart[fault.row] = 1);
    Some(FoldColumn { values: Arc::new(Int32Array::from(apart)), scalar: Scalar::Int })
}

/// The rows of a step, or those that a join has left; a fault of one of its parents is one of all.
fn placed_or_rows(made: &[Arc<Made>]) -> Result<Arc<RowSet>, Fault> {
    if let Some(Made::Placed(placed)) = made.first().map(|made| &**made) {
        if let Some((_, fault)) = placed.faults.first() {
            return Err(fault.clone());
        }
        if let (None, [start, end]) = (&placed.indices, placed.offsets.as_slice()) {
            let all = (*end - *start) as usize == placed.rows.batch.num_rows();
            return if all { Ok(placed.rows.clone()) } else { Err(internal()) };
        }
    }
    rows(made, 0)
}

/// Rows with columns of linked ones beside their own.
pub(super) fn widen(step: &WidenStep, made: &[Arc<Made>]) -> Result<RowSet, Fault> {
    let rows = rows(made, 0)?;
    let count = rows.batch.num_rows();
    let mut columns = rows.batch.columns().to_vec();
    let mut faults = rows.faults.clone();
    for ((_, taken), made) in step.joins.iter().zip(made.iter().skip(1)) {
        let Made::Placed(placed) = &**made else { return Err(internal()) };
        if let Some((_, fault)) = placed.faults.first() {
            return Err(fault.clone());
        }
        let row = |parent| placed.rows_of(parent).next().map(|row| row as u32);
        let indices: UInt32Array = (0..count).map(row).collect();
        for column in taken {
            let unread: HashSet<usize> =
                placed.rows.faults.iter().filter(|fault| fault.column == *column).map(|fault| fault.row).collect();
            let is_unread = |at: &usize| indices.is_valid(*at) && unread.contains(&(indices.value(*at) as usize));
            if !unread.is_empty() {
                let column = columns.len();
                faults.extend((0..count).filter(is_unread).map(|row| CellFault { column, row }));
            }
            columns.push(take(placed.rows.batch.column(*column), &indices, None).map_err(|_| internal())?);
        }
    }
    faults.sort_unstable_by_key(|fault| (fault.row, fault.column));
    Ok(RowSet { batch: batch(columns, count)?, faults })
}

/// Gives each parent its folded row.
pub(super) fn assign(step: &AssignStep, made: &[Arc<Made>]) -> Result<Placed, Fault> {
    let folded = rows(made, 0)?;
    let count = folded.batch.num_rows() as u32;
    let (mut offsets, mut indices, mut faults) = (vec![0u32], Vec::new(), Vec::new());
    match &step.parent {
        None => {
            indices.push(0);
            offsets.push(1);
        }
        Some(parent) => {
            let parents = rows(made, 1)?;
            let index = KeyIndex::new(&keys::columns(&folded.batch, &parent.row_key)?).map_err(|_| internal())?;
            let wanted = index.lookup(&keys::columns(&parents.batch, &parent.key)?).map_err(|_| internal())?;
            for (row, key) in wanted.iter().enumerate() {
                match join::unreadable(parent, &parents, row) {
                    Some(fault) => faults.push((row as u32, fault)),
                    None => match key.map(|key| index.rows(key)) {
                        None => indices.push(count),
                        Some([row]) => indices.push(*row),
                        Some(_) => return Err(internal()),
                    },
                }
                offsets.push(indices.len() as u32);
            }
        }
    }
    let rows = if indices.contains(&count) { Arc::new(with_empty(&folded, &step.counts)?) } else { folded };
    Ok(Placed { rows, written: 0, offsets, indices: Some(indices), faults, more: Vec::new() })
}

/// The rows, and after them what no rows come to.
fn with_empty(rows: &RowSet, counts: &[usize]) -> Result<RowSet, Fault> {
    let columns = rows.batch.columns().iter().enumerate().map(|(at, column)| {
        let empty: ArrayRef = match (counts.contains(&at), column.data_type()) {
            (true, DataType::Int64) => Arc::new(Int64Array::from(vec![0])),
            (true, DataType::UInt64) => Arc::new(UInt64Array::from(vec![0])),
            (_, other) => new_null_array(other, 1),
        };
        concat(&[column.as_ref(), empty.as_ref()]).map_err(|_| internal())
    });
    let columns = columns.collect::<Result<Vec<_>, _>>()?;
    Ok(RowSet { batch: batch(columns, rows.batch.num_rows() + 1)?, faults: rows.faults.clone() })
}

fn batch(columns: Vec<ArrayRef>, rows: usize) -> Result<RecordBatch, Fault> {
    let fields = columns.iter().enumerate();
    let fields = fields.map(|(at, column)| Field::new(at.to_string(), column.data_type().clone(), true));
    let options = arrow_array::RecordBatchOptions::new().with_row_count(Some(rows));
    let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
    RecordBatch::try_new_with_options(schema, columns, &options).map_err(|_| internal())
}
