//! Keeps the rows of a page where the source could not: rows stand in the order already.

use std::cmp::Ordering;
use std::sync::Arc;

use arrow_array::{ArrayRef, Int64Array, RecordBatch, new_null_array};
use arrow_row::{RowConverter, SortField};
use arrow_schema::{Field, Schema, SortOptions};
use lilong_connectors::evaluate;
use lilong_connectors::rows::arrow_type;
use lilong_schema::{Scalar, Value};

use super::{Fault, RowSet, bind, internal, take};
use crate::operation::Variables;

use crate::plan::page::{PageStep, Side};
use crate::plan::{PlanOperand, SortStep};

/// The rows on the right side of every cursor.
pub(super) fn keep(step: &PageStep, rows: &RowSet, variables: &Variables) -> Result<RowSet, Fault> {
    let fields = step.terms.iter().map(|term| {
        let options = SortOptions { descending: term.descending, nulls_first: term.nulls_first };
        let sample = evaluate::comparable(&new_null_array(&arrow_type(term.scalar), 0), term.scalar);
        Ok(SortField::new_with_options(sample.map_err(|_| internal())?.data_type().clone(), options))
    });
    let converter = RowConverter::new(fields.collect::<Result<_, Fault>>()?).map_err(|_| internal())?;
    let encode = |columns: &[ArrayRef]| {
        let columns = columns
            .iter()
            .zip(&step.terms)
            .map(|(column, term)| evaluate::comparable(column, term.scalar))
            .collect::<Result<Vec<_>, _>>()
            .map_err(|_| internal())?;
        converter.convert_columns(&columns).map_err(|_| internal())
    };
    let columns = step.terms.iter().map(|term| rows.batch.column(term.column).clone()).collect::<Vec<_>>();
    let own = encode(&columns)?;
    let (mut start, mut end) = (0, own.num_rows());
    for (values, Side { before, at }) in &step.ends {
        let cells = values
            .iter()
            .zip(&step.terms)
            .map(|(value, term)| cell(value, term.scalar, variables))
            .collect::<Result<Vec<_>, _>>()?;
        let cursor = encode(&cells)?;
        let cursor = cursor.row(0);
        // The first row that is not on the cursor's near side.
        let border = |equal_is_near: bool| {
            partition(own.num_rows(), |row| match own.row(row).cmp(&cursor) {
                Ordering::Less => true,
                Ordering::Equal => equal_is_near,
                Ordering::Greater => false,
            })
        };
        if *before {
            end = end.min(border(*at));
        } else {
            start = start.max(border(!at));
        }
    }
    let kept = (start as u32..end.max(start) as u32).collect::<Vec<_>>();
    take(rows, &kept)
}

/// The sorted rows, each with the number of those before it that are equal in all terms.
pub(super) fn number(step: &SortStep, rows: &RowSet) -> Result<RowSet, Fault> {
    let columns = step.terms.iter().map(|term| (rows.batch.column(term.column), term.scalar));
    let own = evaluate::encoded(columns).map_err(|_| internal())?;
    let mut numbers = Vec::with_capacity(own.num_rows());
    for row in 0..own.num_rows() {
        let same = row > 0 && own.row(row) == own.row(row - 1);
        numbers.push(if same { numbers[row - 1] + 1 } else { 0i64 });
    }
    widen(rows, Arc::new(Int64Array::from(numbers)))
}

/// Rows with one column more.
pub(super) fn widen(rows: &RowSet, column: ArrayRef) -> Result<RowSet, Fault> {
    let schema = rows.batch.schema();
    let mut fields = schema.fields().iter().cloned().collect::<Vec<_>>();
    fields.push(Arc::new(Field::new(format!("a{}", fields.len()), column.data_type().clone(), true)));
    let mut columns = rows.batch.columns().to_vec();
    columns.push(column);
    let batch = RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).map_err(|_| internal())?;
    Ok(RowSet { batch, faults: rows.faults.clone() })
}

/// The first number of which something that holds up to some point does not hold.
fn partition(count: usize, holds: impl Fn(usize) -> bool) -> usize {
    let (mut low, mut high) = (0, count);
    while low < high {
        let middle = low + (high - low) / 2;
        if holds(middle) { low = middle + 1 } else { high = middle }
    }
    low
}

fn cell(operand: &PlanOperand, scalar: Scalar, variables: &Variables) -> Result<ArrayRef, Fault> {
    match operand.value(variables).ok_or_else(internal)? {
        Value::Null => Ok(new_null_array(&arrow_type(scalar), 1)),
        value => bind::cell(scalar, &value).ok_or_else(internal),
    }
}
