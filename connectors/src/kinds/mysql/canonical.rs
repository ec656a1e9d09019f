//! The texts by which keys of different types meet, as MySQL and MariaDB make them.

use lilong_schema::Scalar;

use super::dialect::{bare, plain, utf8};
use super::storage::Storage;
use crate::sql::dialect::Column;

/// Texts that are their own canonical texts.
pub(super) fn is_text(storage: &Storage) -> bool {
    matches!(storage, Storage::Text | Storage::Enumeration(_) | Storage::Shown | Storage::Bits(_))
}

/// The canonical text by which keys of different types meet.
pub(super) fn text_of(column: Column<'_>) -> String {
    let bare = bare(column);
    let of_second = |value: &str, letters: &str, function: &str| {
        let fraction = format!("TRIM(TRAILING '0' FROM LPAD(MICROSECOND({value}), 6, '0'))");
        format!("CONCAT({function}({value}, '{letters}'), IF(MICROSECOND({value}) = 0, '', CONCAT('.', {fraction})))")
    };
    match (column.field.scalar, Storage::of(column.field)) {
        (_, storage) if is_text(&storage) => utf8(column),
        (Scalar::Boolean, _) => format!("CASE {bare} WHEN 0 THEN 'false' WHEN 1 THEN 'true' END"),
        (Scalar::Decimal, Storage::Decimal { scale, .. }) if scale > 0 => {
            format!("TRIM(TRAILING '.' FROM TRIM(TRAILING '0' FROM CAST({bare} AS CHAR)))")
        }
        (Scalar::Uuid, Storage::UuidBytes) => {
            let hex = format!("LOWER(HEX({bare}))");
            let part = |from, length| format!("SUBSTR({hex}, {from}, {length})");
            let parts = [part(1, 8), part(9, 4), part(13, 4), part(17, 4), part(21, 12)];
            format!("CONCAT_WS('-', {})", parts.join(", "))
        }
        (Scalar::Uuid, Storage::UuidText) => plain(column),
        (Scalar::Date, _) => format!("DATE_FORMAT({}, '%Y-%m-%d')", plain(column)),
        (Scalar::Time, _) => of_second(&plain(column), "%H:%i:%s", "TIME_FORMAT"),
        (Scalar::LocalDateTime, _) => of_second(&plain(column), "%Y-%m-%dT%H:%i:%s", "DATE_FORMAT"),
        (Scalar::DateTime, _) => {
            let local = of_second(&plain(column), "%Y-%m-%dT%H:%i:%s", "DATE_FORMAT");
            format!("CONCAT({local}, 'Z')")
        }
        _ => format!("CAST({bare} AS CHAR)"),
    }
}
