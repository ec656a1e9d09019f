//! Writes cells: one typed column per field, found once per answer, nothing allocated per cell.

use std::fmt::Write as _;
use std::io::Write as _;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Date32Type, Float64Type, Int32Type, Int64Type, Time64MicrosecondType, TimestampMicrosecondType, UInt64Type,
};
use arrow_array::{
    Array, ArrayRef, BinaryArray, BooleanArray, Date32Array, Float64Array, Int32Array, Int64Array, StringArray,
    Time64MicrosecondArray, TimestampMicrosecondArray, UInt64Array,
};
use arrow_schema::DataType;
use base64::display::Base64Display;
use base64::engine::general_purpose::STANDARD;
use lilong_schema::{Scalar, temporal};
use serde::de::IgnoredAny;

use crate::cursor::Part;
use crate::json;
use crate::plan::Cell;

/// The largest integer that every JSON reader keeps exact.
const EXACT: u64 = (1 << 53) - 1;

/// What became of a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Written {
    /// It was written.
    Value,
    /// It is null; nothing was written.
    Null,
    /// It cannot be represented; nothing was written.
    Unfit,
}

/// A column under its own type.
pub(super) enum Column<'a> {
    Boolean(&'a BooleanArray),
    Int32(&'a Int32Array),
    Int64(&'a Int64Array),
    UInt64(&'a UInt64Array),
    Float(&'a Float64Array),
    Decimal(&'a StringArray),
    Text(&'a StringArray),
    Enum(&'a StringArray),
    Json(&'a StringArray),
    Date(&'a Date32Array),
    Time(&'a Time64MicrosecondArray),
    Local(&'a TimestampMicrosecondArray),
    Instant(&'a TimestampMicrosecondArray),
    Bytes(&'a BinaryArray),
    /// A type that no scalar has; a connector broke its contract.
    Foreign,
}

impl<'a> Column<'a> {
    /// The column of a field.
    pub(super) fn of(array: &'a ArrayRef, cell: &Cell) -> Self {
        match (array.data_type(), cell.scalar) {
            (DataType::Boolean, _) => Column::Boolean(array.as_boolean()),
            (DataType::Int32, _) => Column::Int32(array.as_primitive::<Int32Type>()),
            (DataType::Int64, _) => Column::Int64(array.as_primitive::<Int64Type>()),
            (DataType::UInt64, _) => Column::UInt64(array.as_primitive::<UInt64Type>()),
            (DataType::Float64, _) => Column::Float(array.as_primitive::<Float64Type>()),
            (DataType::Utf8, Scalar::Decimal) => Column::Decimal(array.as_string()),
            (DataType::Utf8, Scalar::Json) => Column::Json(array.as_string()),
            (DataType::Utf8, Scalar::Enum) => Column::Enum(array.as_string()),
            (DataType::Utf8, _) => Column::Text(array.as_string()),
            (DataType::Date32, _) => Column::Date(array.as_primitive::<Date32Type>()),
            (DataType::Time64(_), _) => Column::Time(array.as_primitive::<Time64MicrosecondType>()),
            (DataType::Timestamp(_, None), _) => Column::Local(array.as_primitive::<TimestampMicrosecondType>()),
            (DataType::Timestamp(_, Some(_)), _) => Column::Instant(array.as_primitive::<TimestampMicrosecondType>()),
            (DataType::Binary, _) => Column::Bytes(array.as_binary()),
            _ => Column::Foreign,
        }
    }

    /// Whether cells that are not null may be unfit all the same.
    pub(super) fn may_be_unfit(&self) -> bool {
        matches!(self, Column::Float(_) | Column::Json(_) | Column::Enum(_) | Column::Foreign)
    }

    /// The cell of a row as a part of a cursor; `None` if it can be none.
    pub(super) fn part(&self, row: usize) -> Option<Part<'_>> {
        macro_rules! part {
            ($array:expr, $part:expr) => {
                if $array.is_null(row) { Part::Null } else { $part($array.value(row)) }
            };
        }
        Some(match self {
            Column::Boolean(array) => part!(array, Part::Boolean),
            Column::Int32(array) => part!(array, |value| Part::Integer(i64::from(value))),
            Column::Int64(array) => part!(array, Part::Integer),
            Column::Float(array) => {
                return Some(part!(array, Part::Float))
                    .filter(|part| !matches!(part, Part::Float(value) if !value.is_finite()));
            }
            Column::Decimal(array) => part!(array, Part::Decimal),
            Column::Text(array) | Column::Enum(array) => part!(array, Part::Text),
            Column::UInt64(array) => part!(array, Part::Unsigned),
            Column::Date(array) => part!(array, Part::Date),
            Column::Time(array) => part!(array, Part::Time),
            Column::Local(array) => part!(array, Part::Local),
            Column::Instant(array) => part!(array, Part::Instant),
            Column::Json(_) | Column::Bytes(_) | Column::Foreign => return None,
        })
    }

    /// Writes the cell of a row.
    pub(super) fn write(&self, row: usize, cell: &Cell, out: &mut Vec<u8>) -> Written {
        macro_rules! value {
            ($array:expr) => {{
                if $array.is_null(row) {
                    return Written::Null;
                }
                $array.value(row)
            }};
        }
        match self {
            Column::Boolean(array) => out.extend_from_slice(if value!(array) { b"true" } else { b"false" }),
            Column::Int32(array) => number(value!(array), out),
            Column::Int64(array) => {
                let value = value!(array);
                big(value, value.unsigned_abs(), out);
            }
            Column::UInt64(array) => {
                let value = value!(array);
                big(value, value, out);
            }
            Column::Float(array) => {
                let value = value!(array);
                if !value.is_finite() {
                    return Written::Unfit;
                }
                number(value, out);
            }
            Column::Decimal(array) => decimal(value!(array), cell.scale, out),
            Column::Text(array) => json::write_string(value!(array), out),
            Column::Enum(array) => {
                let value = value!(array);
                if cell.values.as_ref().is_none_or(|values| !values.contains(value)) {
                    return Written::Unfit;
                }
                json::write_string(value, out);
            }
            Column::Json(array) => {
                let value = value!(array);
                if serde_json::from_str::<IgnoredAny>(value).is_err() {
                    return Written::Unfit;
                }
                out.extend_from_slice(value.as_bytes());
            }
            Column::Date(array) => {
                let value = value!(array);
                quoted(out, |text| temporal::write_date(value, text));
            }
            Column::Time(array) => {
                let value = value!(array);
                quoted(out, |text| temporal::write_time(value, text));
            }
            Column::Local(array) => {
                let value = value!(array);
                quoted(out, |text| temporal::write_local(value, text));
            }
            Column::Instant(array) => {
                let value = value!(array);
                quoted(out, |text| {
                    temporal::write_local(value, text);
                    let _ = text.write_char('Z');
                });
            }
            Column::Bytes(array) => {
                let value = value!(array);
                out.push(b'"');
                let _ = write!(out, "{}", Base64Display::new(value, &STANDARD));
                out.push(b'"');
            }
            Column::Foreign => return Written::Unfit,
        }
        Written::Value
    }
}

fn number(value: impl serde::Serialize, out: &mut Vec<u8>) {
    let start = out.len();
    if serde_json::to_writer(&mut *out, &value).is_err() {
        out.truncate(start);
        out.extend_from_slice(b"null");
    }
}

/// A number up to 2⁵³−1, a string beyond.
fn big(value: impl serde::Serialize, size: u64, out: &mut Vec<u8>) {
    if size <= EXACT {
        number(value, out);
    } else {
        out.push(b'"');
        number(value, out);
        out.push(b'"');
    }
}

/// A decimal's canonical text with at least its declared scale.
fn decimal(text: &str, scale: usize, out: &mut Vec<u8>) {
    out.push(b'"');
    out.extend_from_slice(text.as_bytes());
    let digits = text.split_once('.').map_or(0, |(_, fraction)| fraction.len());
    if digits < scale {
        if digits == 0 {
            out.push(b'.');
        }
        let missing = scale - digits;
        let _ = write!(out, "{:0<missing$}", "");
    }
    out.push(b'"');
}

fn quoted(out: &mut Vec<u8>, write: impl FnOnce(&mut Ascii<'_>)) {
    out.push(b'"');
    write(&mut Ascii(out));
    out.push(b'"');
}

/// Text that needs no escapes, on its way into the answer.
struct Ascii<'a>(&'a mut Vec<u8>);

impl std::fmt::Write for Ascii<'_> {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        self.0.extend_from_slice(text.as_bytes());
        Ok(())
    }
}
