//! How large the batches of a SQL kind are, and how much room the first one has.

use lilong_schema::Value;

use crate::{BoundFetch, Operand, OperandId};

/// Rows of a batch at most.
pub(crate) const ROWS: usize = 4_096;
/// Bytes of a batch's cells, about, at most.
pub(crate) const BYTES: usize = 4 << 20;
/// Rows that a batch has room for where nothing is known.
pub(crate) const FEW: usize = 16;

/// Rows that the first batch has room for: a one-row answer is no reason for kilobytes.
pub(crate) fn capacity(bound: &BoundFetch) -> usize {
    let fetch = bound.fetch();
    let mut rows = FEW;
    if let (Some(set), Some(keys)) = (&fetch.keys, &bound.keys) {
        let named = |column: &String| set.columns.iter().any(|id| fetch.collection.fields[*id].name == *column);
        let unique = fetch.collection.keys.iter().any(|key| key.columns.iter().all(named));
        let each = if unique { 1 } else { number(bound, set.limit).unwrap_or(1) };
        rows = keys.num_rows().saturating_mul(each.max(1));
    }
    if let Some(limit) = number(bound, fetch.limit) {
        rows = if fetch.keys.is_some() { rows.min(limit) } else { limit.min(1_024) };
    }
    rows.clamp(1, ROWS)
}

/// The number that an operand is.
pub(crate) fn number(bound: &BoundFetch, id: Option<OperandId>) -> Option<usize> {
    match bound.operands.get(id?) {
        Some(Operand::Value(Value::Integer(number))) => usize::try_from(*number).ok(),
        _ => None,
    }
}
