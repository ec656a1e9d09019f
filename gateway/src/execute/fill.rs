//! Puts columns that were read later beside the rows of a page, by their keys.
//!
//! *Invariant*: a row keeps its parent and its place. One that has gone from its source since it was found is left out, as it
//! would be had it gone before; one that cannot be told from another is a fault of all.

use std::sync::Arc;

use arrow_array::{RecordBatch, UInt32Array};
use arrow_schema::Schema;
use arrow_select::take::take as take_cells;
use lilong_connectors::CellFault;
use lilong_connectors::evaluate::KeyIndex;

use super::{Fault, Placed, RowSet, internal, keys, move_faults, take};
use crate::error::Code;
use crate::plan::FillStep;

/// The rows with the other columns beside their own.
pub(super) fn fill(step: &FillStep, placed: &Placed, wide: &RowSet) -> Result<Placed, Fault> {
    let rows = &placed.rows;
    let fault = |what: &str| Fault {
        code: Code::SourceMismatch,
        source: step.source.clone(),
        message: format!("`{}`: {what}", step.field).into(),
    };
    if rows.faults.iter().any(|fault| step.key.columns.contains(&fault.column)) {
        return Err(fault("the key of a row could not be read"));
    }
    let index = KeyIndex::new(&keys::columns(&wide.batch, &step.wide_key)?).map_err(|_| internal())?;
    let wanted = index.lookup(&keys::columns(&rows.batch, &step.key)?).map_err(|_| internal())?;
    let (mut kept, mut found) = (Vec::with_capacity(wanted.len()), Vec::with_capacity(wanted.len()));
    for (row, key) in wanted.into_iter().enumerate() {
        match key.map(|key| index.rows(key)).unwrap_or_default() {
            [] => {}
            [one] => {
                kept.push(row as u32);
                found.push(*one);
            }
            _ => return Err(fault("two rows have the key of one")),
        }
    }
    let more = placed.more.clone();
    if kept.len() == rows.batch.num_rows() {
        let rows = Arc::new(beside(step, rows, wide, found)?);
        let (offsets, indices) = (placed.offsets.clone(), placed.indices.clone());
        return Ok(Placed { rows, written: 0, offsets, indices, faults: placed.faults.clone(), more });
    }
    let mut number = vec![None; rows.batch.num_rows()];
    for (new, old) in kept.iter().enumerate() {
        number[*old as usize] = Some(new as u32);
    }
    let (mut offsets, mut indices) = (vec![0], Vec::with_capacity(kept.len()));
    for parent in 0..placed.offsets.len() - 1 {
        indices.extend(placed.rows_of(parent).filter_map(|row| number[row]));
        offsets.push(indices.len() as u32);
    }
    let rows = Arc::new(beside(step, &take(rows, &kept)?, wide, found)?);
    Ok(Placed { rows, written: 0, offsets, indices: Some(indices), faults: placed.faults.clone(), more })
}

/// Rows with cells of others, by their numbers, in their midst.
fn beside(step: &FillStep, rows: &RowSet, wide: &RowSet, found: Vec<u32>) -> Result<RowSet, Fault> {
    let more = step.columns.len();
    let own = rows.faults.iter().map(|fault| CellFault {
        column: if fault.column < step.at { fault.column } else { fault.column + more },
        ..*fault
    });
    let later = move_faults(&wide.faults, found.iter().map(|row| *row as usize));
    let later = later.iter().filter_map(|fault| {
        let column = step.columns.iter().position(|column| *column == fault.column)?;
        Some(CellFault { column: step.at + column, ..*fault })
    });
    let mut faults = own.chain(later).collect::<Vec<_>>();
    faults.sort_unstable_by_key(|fault| (fault.row, fault.column));

    let found = UInt32Array::from(found);
    let mut columns = rows.batch.columns().to_vec();
    let mut fields = rows.batch.schema().fields().to_vec();
    for (at, column) in step.columns.iter().enumerate() {
        let cells = take_cells(wide.batch.column(*column), &found, None).map_err(|_| internal())?;
        columns.insert(step.at + at, cells);
        fields.insert(step.at + at, wide.batch.schema().fields()[*column].clone());
    }
    let batch = RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).map_err(|_| internal())?;
    Ok(RowSet { batch, faults })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use arrow_array::cast::AsArray;
    use arrow_array::types::Int64Type;
    use arrow_array::{ArrayRef, Int64Array, StringArray};
    use lilong_schema::Scalar;

    use super::*;
    use crate::plan::KeyColumns;

    fn rows(columns: Vec<(&str, ArrayRef)>, faults: Vec<CellFault>) -> RowSet {
        RowSet { batch: RecordBatch::try_from_iter(columns).unwrap(), faults }
    }

    fn numbers(values: &[i64]) -> ArrayRef {
        Arc::new(Int64Array::from(values.to_vec()))
    }

    fn step() -> FillStep {
        let key = || KeyColumns::first(vec![Scalar::BigInt]);
        let (field, source) = ("shots".into(), Some("health".into()));
        FillStep { field, source, placed: 0, wide: 1, key: key(), wide_key: key(), columns: vec![1], at: 1 }
    }

    /// Rows 7, 8 and 9 with an order value each; the first parent has 9 and 7, the second none, the third 8.
    fn placed(faults: Vec<CellFault>) -> Placed {
        let rows = rows(vec![("id", numbers(&[7, 8, 9])), ("value", numbers(&[70, 80, 90]))], faults);
        Placed {
            rows: Arc::new(rows),
            written: 0,
            offsets: vec![0, 2, 2, 3],
            indices: Some(vec![2, 0, 1]),
            faults: Vec::new(),
            more: vec![true, false, false],
        }
    }

    fn wide(ids: &[i64], faults: Vec<CellFault>) -> RowSet {
        let names = ids.iter().map(|id| format!("n{id}")).collect::<Vec<_>>();
        rows(vec![("id", numbers(ids)), ("name", Arc::new(StringArray::from(names)))], faults)
    }

    fn names(placed: &Placed, parent: usize) -> Vec<(i64, String, i64)> {
        let batch = &placed.rows.batch;
        let number = |column: usize, row| batch.column(column).as_primitive::<Int64Type>().value(row);
        let name = |row| batch.column(1).as_string::<i32>().value(row).to_owned();
        placed.rows_of(parent).map(|row| (number(0, row), name(row), number(2, row))).collect()
    }

    #[test]
    fn later_columns_stand_before_what_follows_the_earlier_ones_and_faults_go_with_their_cells() {
        let own = CellFault { row: 1, column: 1 };
        let later = CellFault { row: 0, column: 1 };
        let filled = fill(&step(), &placed(vec![own]), &wide(&[9, 8, 7], vec![later])).unwrap();
        assert_eq!(names(&filled, 0), [(9, "n9".into(), 90), (7, "n7".into(), 70)]);
        assert_eq!(names(&filled, 2), [(8, "n8".into(), 80)]);
        assert_eq!(filled.more, [true, false, false]);
        let faults = filled.rows.faults.iter().map(|fault| (fault.row, fault.column)).collect::<Vec<_>>();
        assert_eq!(faults, [(1, 2), (2, 1)]);
    }

    #[test]
    fn a_row_that_has_gone_is_left_out_and_the_others_keep_their_places() {
        let filled = fill(&step(), &placed(Vec::new()), &wide(&[8, 9], Vec::new())).unwrap();
        assert_eq!(names(&filled, 0), [(9, "n9".into(), 90)]);
        assert!(names(&filled, 1).is_empty());
        assert_eq!(names(&filled, 2), [(8, "n8".into(), 80)]);
    }

    #[test]
    fn rows_that_cannot_be_told_apart_are_a_fault() {
        let two = fill(&step(), &placed(Vec::new()), &wide(&[7, 8, 9, 8], Vec::new())).unwrap_err();
        let unread = placed(vec![CellFault { row: 0, column: 0 }]);
        let unread = fill(&step(), &unread, &wide(&[7, 8, 9], Vec::new())).unwrap_err();
        for fault in [two, unread] {
            assert_eq!((fault.code, fault.source.as_deref()), (Code::SourceMismatch, Some("health")));
        }
    }
}
