//! Keys of rows: the form in which they meet.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{ArrayRef, RecordBatch, StringArray};
use lilong_connectors::evaluate;
use lilong_schema::Scalar;

use super::{Fault, Made, internal, rows};
use crate::error::Code;
use crate::plan::{KeyColumns, KeysStep, Preimages};

/// The different keys of rows.
pub(super) fn collect(step: &KeysStep, made: &[Arc<Made>], most: usize) -> Result<RecordBatch, Fault> {
    let rows = rows(made, 0)?;
    let columns = columns(&rows.batch, &step.key)?;
    let mut keys = evaluate::distinct_keys(&columns).map_err(|_| internal())?;
    if let Some(before) = &step.before {
        keys = preimages(before, &keys)?;
    }
    if step.budget && keys.num_rows() > most {
        return Err(too_many_keys(most));
    }
    Ok(keys)
}

/// The fault of more keys than a request may hold.
pub(super) fn too_many_keys(most: usize) -> Fault {
    Fault::new(Code::TooCostly, format!("more than {most} keys would have to be compared: narrow the filter"))
}

/// What a table turns into some keys; no key is an empty batch's too.
fn preimages(before: &Preimages, keys: &RecordBatch) -> Result<RecordBatch, Fault> {
    let texts = keys.columns().first().and_then(|column| column.as_string_opt::<i32>()).ok_or_else(internal)?;
    let found: StringArray =
        texts.iter().flatten().filter_map(|text| before.table.get(text)).flatten().map(Some).collect();
    let found: ArrayRef = Arc::new(found);
    let found = evaluate::convert(&found, Scalar::String, before.to).map_err(|_| internal())?;
    evaluate::distinct_keys(&[found]).map_err(|_| internal())
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
