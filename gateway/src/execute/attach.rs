//! Puts a value of linked rows beside rows, by key.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_array::{ArrayRef, Int64Array, UInt32Array};
use arrow_select::take::take;
use lilong_connectors::evaluate::KeyIndex;

use super::page::widen;
use super::{Fault, RowSet, internal, keys};
use crate::error::Code;
use crate::plan::AttachStep;

/// The rows with one column more: where no row is linked null, or 0.
///
/// A second linked row, a link's key or a value that could not be read leave the order unknown, and are faults of all.
pub(super) fn attach(step: &AttachStep, rows: &RowSet, linked: &RowSet) -> Result<RowSet, Fault> {
    let field = &step.field;
    let fault = |source: Option<Arc<str>>, message: String| {
        let code = Code::SourceMismatch;
        Fault { code, source, message: message.into() }
    };
    if let Some(unread) = rows.faults.iter().find(|fault| step.key.columns.contains(&fault.column)) {
        let source = step.source.clone().or_else(|| rows.department(unread.row).map(Arc::from));
        return Err(fault(source, format!("a key by which `{field}` is ordered could not be read")));
    }
    let index = KeyIndex::new(&keys::columns(&linked.batch, &step.linked_key)?).map_err(|_| internal())?;
    let wanted = index.lookup(&keys::columns(&rows.batch, &step.key)?).map_err(|_| internal())?;
    let mut found = Vec::with_capacity(wanted.len());
    for key in wanted {
        found.push(match key.map(|key| index.rows(key)).unwrap_or_default() {
            [] => None,
            [row] => Some(*row),
            _ => {
                let what = "a link finds more than one row where the catalog promises at most one";
                return Err(fault(step.linked_source.clone(), format!("`{field}` cannot be ordered: {what}")));
            }
        });
    }
    let unread = linked.faults.iter().filter(|fault| fault.column == step.value).map(|fault| fault.row as u32);
    let unread = unread.collect::<std::collections::HashSet<_>>();
    if let Some(row) = found.iter().flatten().find(|row| unread.contains(row)) {
        let source = step.linked_source.clone().or_else(|| linked.department(*row as usize).map(Arc::from));
        let holder = source.as_ref().map_or("a source".to_owned(), |source| format!("source `{source}`"));
        let message = format!("{holder} holds a value by which `{field}` is ordered that could not be read");
        return Err(fault(source, message));
    }
    let column = linked.batch.column(step.value);
    let value = take(column, &UInt32Array::from(found), None).map_err(|_| internal())?;
    let value = if step.no_rows_are_zero { zero_for_null(&value)? } else { value };
    widen(rows, value)
}

/// Counts, which are never null where there are rows.
fn zero_for_null(counts: &ArrayRef) -> Result<ArrayRef, Fault> {
    let counts = counts.as_primitive_opt::<Int64Type>().ok_or_else(internal)?;
    Ok(Arc::new(counts.iter().map(|count| Some(count.unwrap_or_default())).collect::<Int64Array>()))
}
