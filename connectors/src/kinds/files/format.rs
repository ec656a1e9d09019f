//! What a file is: by the settings or its name, and whether its first bytes agree.
//!
//! *Invariant*: a file whose first bytes are plainly those of something else is refused, not read as what it is called.

use std::path::Path;

use super::obstacle::Obstacle;

/// What a file is read as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// Rows of separated values.
    Csv,
    /// XLSX, XLS or ODS; which, its first bytes tell.
    Workbook,
    /// A JSON object on each line.
    Ndjson,
    /// Apache Parquet.
    Parquet,
}

impl Format {
    /// What `format` may say.
    pub(super) const NAMES: [&'static str; 7] = ["csv", "tsv", "xlsx", "xls", "ods", "ndjson", "parquet"];

    /// By a value of `format`.
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "csv" | "tsv" => Format::Csv,
            "xlsx" | "xls" | "ods" => Format::Workbook,
            "ndjson" => Format::Ndjson,
            "parquet" => Format::Parquet,
            _ => return None,
        })
    }

    /// By a file's name.
    pub(super) fn of_name(path: &Path) -> Option<Self> {
        let extension = path.extension()?.to_str()?.to_ascii_lowercase();
        Some(match extension.as_str() {
            "csv" | "tsv" | "tab" | "txt" | "dat" => Format::Csv,
            "xlsx" | "xlsm" | "xls" | "ods" => Format::Workbook,
            "ndjson" | "jsonl" => Format::Ndjson,
            "parquet" => Format::Parquet,
            _ => return None,
        })
    }

    /// Refuses bytes that are plainly something else.
    pub(super) fn check(self, bytes: &[u8]) -> Result<(), Obstacle> {
        let wanted = match self {
            Format::Csv => "CSV",
            Format::Workbook => "a workbook (XLSX, XLS or ODS)",
            Format::Ndjson => "JSON lines",
            Format::Parquet => "a Parquet file",
        };
        let found = match bytes {
            [] => return Err(Obstacle::Empty),
            _ if bytes.starts_with(b"PK\x03\x04") => {
                (Format::Workbook, "a workbook or another archive (XLSX, ODS, ZIP)")
            }
            _ if bytes.starts_with(b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1") => {
                (Format::Workbook, "a workbook or another document (XLS)")
            }
            _ if bytes.starts_with(b"PAR1") => (Format::Parquet, "a Parquet file"),
            _ if bytes.starts_with(b"%PDF-") => return Err(Obstacle::OtherFormat { found: "a PDF document", wanted }),
            _ if bytes.starts_with(b"\x1F\x8B") => {
                return Err(Obstacle::OtherFormat { found: "compressed (gzip)", wanted });
            }
            _ if bytes.starts_with(b"SQLite format 3\0") => {
                return Err(Obstacle::OtherFormat { found: "an SQLite database", wanted });
            }
            _ if is_markup(bytes) => return Err(Obstacle::OtherFormat { found: "a web page or XML", wanted }),
            _ if matches!(self, Format::Workbook | Format::Parquet) => {
                return Err(Obstacle::OtherFormat { found: "text, or not whole yet", wanted });
            }
            _ => return Ok(()),
        };
        if found.0 == self { Ok(()) } else { Err(Obstacle::OtherFormat { found: found.1, wanted }) }
    }
}

fn is_markup(bytes: &[u8]) -> bool {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let start = bytes.trim_ascii_start();
    let start = start[..start.len().min(14)].to_ascii_lowercase();
    [&b"<!doctype html"[..], b"<html", b"<?xml", b"<table"].iter().any(|tag| start.starts_with(tag))
}
