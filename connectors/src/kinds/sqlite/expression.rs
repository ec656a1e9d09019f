//! What stored values are in a statement: read as a scalar, compared exactly, and brought to the text by which keys of
//! different types meet.
//!
//! In: expressions and how their columns are stored. Out: expressions and conditions. *Invariant*: an equality leaves the
//! column bare on one side, so that its indexes serve.

use lilong_schema::{Field, Scalar};

use super::storage::{Collation, Storage, affinity, collation, is_text};
use crate::sql::dialect::Column;

/// Reads a stored value as a scalar and gives what it is compared as; see the functions of that name.
pub(super) fn value_of(expression: &str, scalar: Scalar) -> String {
    format!("lilong_value({expression}, '{}')", scalar.name())
}

/// The same, but null for what is not of the scalar: a key that finds nothing.
pub(super) fn key_of(expression: &str, scalar: Scalar) -> String {
    format!("lilong_key({expression}, '{}')", scalar.name())
}

/// The canonical text by which keys of different types meet.
pub(super) fn text_of(expression: &str, field: &Field, storage: &Storage) -> String {
    match (storage, field.scalar) {
        (Storage::Plain, Scalar::String | Scalar::Uuid | Scalar::Enum) | (Storage::Form(_), Scalar::Date) => {
            expression.to_owned()
        }
        (Storage::Mixed, _) | (Storage::Plain, Scalar::Int | Scalar::BigInt) => format!("CAST({expression} AS TEXT)"),
        (_, scalar) => format!("lilong_text({expression}, '{}')", scalar.name()),
    }
}

/// What a condition's other side is, where the column's own collation does not tell texts apart.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Beside {
    /// Values that were given; they bring no collation.
    Values,
    /// A column, whose collation would count where the left side has none.
    Column,
}

impl Beside {
    /// Values beside a column. What is reached or folded was told its collation, which only another one takes from it; no
    /// index serves it anyway.
    pub(super) fn values(column: Column<'_>) -> Self {
        if column.expression.is_some() { Beside::Column } else { Beside::Values }
    }
}

/// A condition that is exact. `condition` says it of an expression; where the column's collation is another, it is said
/// twice: by that collation, for its indexes, and exactly. Beside values the second is said without the word `COLLATE`, for
/// an alternative of an `OR` that has it is served by no index.
pub(super) fn exactly(
    expression: &str,
    field: &Field,
    storage: &Storage,
    beside: Beside,
    condition: impl Fn(&str) -> String,
) -> String {
    if !is_text(field, storage) {
        return condition(expression);
    }
    let exact = format!("{expression} COLLATE BINARY");
    match collation(field) {
        Collation::Binary => condition(expression),
        Collation::Foreign => condition(&exact),
        Collation::Known(_) | Collation::Unknown if beside == Beside::Values => {
            format!("({} AND {})", condition(expression), condition(&format!("({expression} || '')")))
        }
        Collation::Known(_) | Collation::Unknown => format!("({} AND {})", condition(expression), condition(&exact)),
    }
}

/// Whether a column holds text, but turns what it is compared with into a number where that looks like one.
pub(super) fn reads_numbers(field: &Field, storage: &Storage) -> bool {
    let by_text = matches!(storage, Storage::Plain | Storage::Mixed) && is_text(field, storage);
    by_text && matches!(affinity(field), "INTEGER" | "REAL" | "NUMERIC")
}

/// Where numbers stand among texts, the place of a text is that of the real that prints so, if there is one; SQLite prints
/// them itself.
pub(super) fn real_that_prints_so(value: &str, storage: &Storage) -> String {
    match storage {
        Storage::Mixed => {
            let real = format!("CAST({value} AS REAL)");
            format!("CASE CAST({real} AS TEXT) WHEN {value} THEN {real} ELSE {value} END")
        }
        _ => value.to_owned(),
    }
}
