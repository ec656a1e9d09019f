//! How a column stores its values, as `describe` wrote it down in the field's details.
//!
//! In: a field. Out: its [`Storage`], collation and affinity. *Invariant*: a field without details is taken to be stored
//! in any form of its scalar, which is slow but never wrong.

use lilong_schema::{Collection, Field, Scalar};

use super::form::Form;

/// Detail: the column's affinity, as SQLite names it.
pub(super) const AFFINITY: &str = "affinity";
/// Detail: the column's collation, where it is not `BINARY`; `?` where it cannot be known.
pub(super) const COLLATION: &str = "collation";
/// Detail: the form of dates and times, where all that was seen have one.
pub(super) const FORM: &str = "form";
/// Detail: `plain` if all that was seen is of the scalar's own storage class, `mixed` if values go by their text,
/// `parsed` if each value must be read.
pub(super) const STORED: &str = "stored";

/// Detail of a `mixed` column: blobs were seen in it, which stand behind all texts and look like these.
pub(super) const BLOBS: &str = "blobs";

/// How values are stored.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Storage {
    /// Integers as integers, reals as reals or integers, text as text, blobs as blobs.
    Plain,
    /// Dates and times as text of one form.
    Form(Form),
    /// Anything; its text is the value.
    Mixed,
    /// Anything that can be read as the scalar.
    Parsed,
}

impl Storage {
    /// How a field is stored.
    pub(super) fn of(field: &Field) -> Storage {
        let stored = field.details.get(STORED).map(String::as_str);
        match (stored, field.scalar) {
            (Some("mixed"), Scalar::String) => Storage::Mixed,
            (Some("parsed"), _) | (None, Scalar::Uuid) => Storage::Parsed,
            // A sum is a text.
            (None, Scalar::Decimal) if field.native.is_empty() => Storage::Parsed,
            (_, Scalar::Date | Scalar::Time | Scalar::LocalDateTime | Scalar::DateTime) => {
                let form = field.details.get(FORM).and_then(|name| Form::named(name, field.scalar));
                form.map_or(Storage::Parsed, Storage::Form)
            }
            _ => Storage::Plain,
        }
    }
}

/// The collation of a column's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Collation<'a> {
    /// By bytes, which is exact.
    Binary,
    /// Another one that this connection has: `NOCASE`, `RTRIM`.
    Known(&'a str),
    /// One that an application brought; no connection of ours has it.
    Foreign,
    /// A view's column may have any.
    Unknown,
}

/// The collation of a field.
pub(super) fn collation(field: &Field) -> Collation<'_> {
    match field.details.get(COLLATION).map(String::as_str) {
        None => Collation::Binary,
        Some("?") => Collation::Unknown,
        Some(name) if ["NOCASE", "RTRIM"].iter().any(|known| known.eq_ignore_ascii_case(name)) => {
            Collation::Known(name)
        }
        Some(_) => Collation::Foreign,
    }
}

/// The affinity of a field; empty if it is not known.
pub(super) fn affinity(field: &Field) -> &str {
    field.details.get(AFFINITY).map_or("", String::as_str)
}

/// The affinity that a declared type gives, by SQLite's rules.
pub(super) fn declared_affinity(declared: &str, strict: bool) -> &'static str {
    let declared = declared.to_ascii_uppercase();
    let has = |part: &str| declared.contains(part);
    if has("INT") {
        "INTEGER"
    } else if has("CHAR") || has("CLOB") || has("TEXT") {
        "TEXT"
    } else if has("BLOB") || declared.is_empty() || (strict && declared == "ANY") {
        "BLOB"
    } else if has("REAL") || has("FLOA") || has("DOUB") {
        "REAL"
    } else {
        "NUMERIC"
    }
}

/// Whether a comparison with the column has to name the exact collation.
pub(super) fn is_text(field: &Field, storage: &Storage) -> bool {
    match storage {
        Storage::Plain => matches!(field.scalar, Scalar::String | Scalar::Enum | Scalar::Uuid | Scalar::Json),
        Storage::Form(_) | Storage::Mixed => true,
        Storage::Parsed => false,
    }
}

/// A name for the hidden row number that no column takes; `None` if there is none.
pub(super) fn row_id_name(collection: &Collection) -> Option<&'static str> {
    if !collection.row_id {
        return None;
    }
    ["rowid", "_rowid_", "oid"]
        .into_iter()
        .find(|name| !collection.fields.iter().any(|field| field.name.eq_ignore_ascii_case(name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn affinity_goes_by_the_declared_type() {
        for (declared, affinity) in [
            ("", "BLOB"),
            ("BIGINT UNSIGNED", "INTEGER"),
            ("POINT", "INTEGER"),
            ("NVARCHAR(20)", "TEXT"),
            ("LONGBLOB", "BLOB"),
            ("DOUBLE PRECISION", "REAL"),
            ("DATE", "NUMERIC"),
            ("DECIMAL(10,2)", "NUMERIC"),
            ("ANY", "NUMERIC"),
        ] {
            assert_eq!(declared_affinity(declared, false), affinity, "{declared}");
        }
        assert_eq!(declared_affinity("ANY", true), "BLOB");
    }
}
