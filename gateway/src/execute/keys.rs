//! Keys of rows: the form in which they meet.

use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch};
use lilong_connectors::evaluate;
use lilong_schema::Scalar;

use super::{Fault, Made, internal, rows};
use crate::error::Code;
use crate::plan::{KeyColumns, KeysStep};

/// The different keys of rows.
pub(super) fn collect(step: &KeysStep, made: &[Arc<Made>], most: usize) -> Result<RecordBatch, Fault> {
    let rows = rows(made, 0)?;
    let columns = columns(&rows.batch, &step.key)?;
    let keys = evaluate::distinct_keys(&columns).map_err(|_| internal())?;
    if keys.num_rows() > most {
        return Err(Fault::new(
            Code::TooCostly,
            format!("more than {most} keys would have to be compared: narrow the filter"),
        ));
    }
    Ok(keys)
}

/// The key columns of rows in the form in which they are compared.
pub(super) fn columns(batch: &RecordBatch, key: &KeyColumns) -> Result<Vec<ArrayRef>, Fault> {
    key.columns
        .iter()
        .zip(key.from.iter().zip(&key.to))
        .map(|(column, (from, to))| {
            let column = batch.column(*column);
            if key.normalize.is_empty() {
                return evaluate::convert(column, *from, *to).map_err(|_| internal());
            }
            let texts: ArrayRef = Arc::new(evaluate::normalize(column, *from, &key.normalize).map_err(|_| internal())?);
            evaluate::convert(&texts, Scalar::String, *to).map_err(|_| internal())
        })
        .collect()
}
