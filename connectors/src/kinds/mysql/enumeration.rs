//! Enums are ordered by their declaration, not by their texts.
//!
//! In: columns and the values of an enum. Out: expressions.

use super::dialect::bare;
use super::storage::Storage;
use crate::sql::dialect::Column;

/// Where the value of an enum stands in its declaration, from 1; the empty one that the server keeps for a wrong one is at
/// 0. What is made of an enum is a plain text.
pub(super) fn position(column: Column<'_>) -> String {
    match (Storage::of(column.field), column.expression) {
        (Storage::Enumeration(values), Some(expression)) => {
            let declared = labels(&values);
            if values.iter().any(String::is_empty) {
                return format!("NULLIF(FIELD({expression}{declared}), 0)");
            }
            format!("(NULLIF(FIELD({expression}, ''{declared}), 0) - 1)")
        }
        _ => format!("({} + 0)", bare(column)),
    }
}

/// The values of an enum as the rest of a list. In hexadecimal digits they need no quotes, which modes of the server read
/// differently; but no digits are no value.
pub(super) fn labels(values: &[String]) -> String {
    let label = |label: &String| match label.as_str() {
        "" => ", ''".to_owned(),
        label => format!(", _utf8mb4 0x{}", label.bytes().map(|byte| format!("{byte:02x}")).collect::<String>()),
    };
    values.iter().map(label).collect()
}
