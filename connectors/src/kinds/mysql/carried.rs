//! What a subselect gives of a column, so that it still is the column's value and has its order.
//!
//! In: columns. Out: expressions. *Invariant*: nothing is left to the type, which a value loses on its way out: there an enum
//! is a text like any other, and bits are the digits of their number.

use super::dialect::bare;
use super::enumeration::position;
use super::storage::{Storage, word};
use crate::sql::dialect::Column;

/// The value.
pub(super) fn carried(column: Column<'_>) -> String {
    if is_bits(column) { number(column) } else { bare(column) }
}

/// What it is ordered by; `None`: by what it always is.
pub(super) fn carried_sort_key(column: Column<'_>) -> Option<String> {
    match Storage::of(column.field) {
        Storage::Enumeration(_) => Some(position(column)),
        _ => is_bits(column).then(|| number(column)),
    }
}

fn is_bits(column: Column<'_>) -> bool {
    word(&column.field.native) == "bit"
}

fn number(column: Column<'_>) -> String {
    format!("({} + 0)", bare(column))
}
