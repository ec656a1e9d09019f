//! Values of an answer as cells.
//!
//! In: rows as JSON. Out: a batch with the columns of a definition, and the cells that hold something else than the
//! definition says. *Invariant*: such a cell is null, never a value that was made to fit.

use std::sync::Arc;

use arrow_array::builder::{
    BinaryBuilder, BooleanBuilder, Date32Builder, Float64Builder, Int32Builder, Int64Builder, StringBuilder,
    Time64MicrosecondBuilder, TimestampMicrosecondBuilder, UInt64Builder,
};
use arrow_array::{ArrayRef, RecordBatch, RecordBatchOptions};
use arrow_schema::{ArrowError, Field as ArrowField, Schema};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lilong_schema::value::{canonical_decimal, canonical_uuid};
use lilong_schema::{Scalar, temporal};
use serde_json::Value;

use super::definition::{Column, Definition, Place};
use crate::rows::arrow_type;
use crate::{CellFault, Rows};

/// Reads rows, with a column for each of the definition; `asked` gives the text that a column was asked for.
pub(super) fn decode(
    definition: &Definition,
    rows: &[Value],
    asked: &dyn Fn(&str) -> Option<String>,
) -> Result<Rows, ArrowError> {
    let mut faults = Vec::new();
    let mut columns = Vec::with_capacity(definition.columns.len());
    let mut fields = Vec::with_capacity(definition.columns.len());
    for (at, column) in definition.columns.iter().enumerate() {
        let own;
        let array = match &column.place {
            Place::At(path) => {
                let cells = rows.iter().map(|row| path.iter().try_fold(row, |value, step| member(value, step)));
                read(column, cells, |row| faults.push(CellFault { column: at, row }))
            }
            Place::Asked => {
                own = asked(&column.name).map(Value::String);
                read(column, rows.iter().map(|_| own.as_ref()), |row| faults.push(CellFault { column: at, row }))
            }
        };
        fields.push(ArrowField::new(&column.name, arrow_type(column.scalar), true));
        columns.push(array);
    }
    let options = RecordBatchOptions::new().with_row_count(Some(rows.len()));
    let batch = RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), columns, &options)?;
    Ok(Rows { batch, faults })
}

/// One step of a pointer.
pub(super) fn member<'a>(value: &'a Value, step: &str) -> Option<&'a Value> {
    match value {
        Value::Object(members) => members.get(step),
        Value::Array(items) => items.get(step.parse::<usize>().ok()?),
        _ => None,
    }
}

macro_rules! build {
    ($builder:expr, $cells:expr, $column:expr, $fault:expr, $parse:expr) => {{
        let mut builder = $builder;
        for (row, cell) in $cells.enumerate() {
            match cell {
                None | Some(Value::Null) => {
                    if $column.required {
                        $fault(row);
                    }
                    builder.append_null();
                }
                Some(value) => match $parse(value) {
                    Some(parsed) => builder.append_value(parsed),
                    None => {
                        $fault(row);
                        builder.append_null();
                    }
                },
            }
        }
        Arc::new(builder.finish())
    }};
}

fn read<'a>(
    column: &Column,
    cells: impl ExactSizeIterator<Item = Option<&'a Value>>,
    mut fault: impl FnMut(usize),
) -> ArrayRef {
    let rows = cells.len();
    let texts = || StringBuilder::with_capacity(rows, rows * 8);
    match column.scalar {
        Scalar::Int => build!(Int32Builder::with_capacity(rows), cells, column, fault, number::<i32>),
        Scalar::BigInt => build!(Int64Builder::with_capacity(rows), cells, column, fault, number::<i64>),
        Scalar::Unsigned => build!(UInt64Builder::with_capacity(rows), cells, column, fault, number::<u64>),
        Scalar::Float => build!(Float64Builder::with_capacity(rows), cells, column, fault, float),
        Scalar::Boolean => build!(BooleanBuilder::with_capacity(rows), cells, column, fault, boolean),
        Scalar::Date => build!(Date32Builder::with_capacity(rows), cells, column, fault, |value: &Value| {
            temporal::parse_date(value.as_str()?)
        }),
        Scalar::Time => build!(Time64MicrosecondBuilder::with_capacity(rows), cells, column, fault, |value: &Value| {
            temporal::parse_time(value.as_str()?)
        }),
        Scalar::LocalDateTime => {
            build!(TimestampMicrosecondBuilder::with_capacity(rows), cells, column, fault, |value: &Value| {
                temporal::parse_local(value.as_str()?)
            })
        }
        Scalar::DateTime => {
            let builder = TimestampMicrosecondBuilder::with_capacity(rows).with_timezone("UTC");
            build!(builder, cells, column, fault, |value: &Value| temporal::parse_instant(value.as_str()?))
        }
        Scalar::Bytes => build!(BinaryBuilder::with_capacity(rows, rows * 8), cells, column, fault, |value: &Value| {
            STANDARD.decode(value.as_str()?).ok()
        }),
        Scalar::String => build!(texts(), cells, column, fault, |value: &'a Value| value.as_str()),
        Scalar::Decimal => build!(texts(), cells, column, fault, |value: &Value| match value {
            Value::Number(number) => canonical_decimal(number.as_str()),
            Value::String(text) => canonical_decimal(text),
            _ => None,
        }),
        Scalar::Uuid => build!(texts(), cells, column, fault, |value: &Value| canonical_uuid(value.as_str()?)),
        Scalar::Json => build!(texts(), cells, column, fault, |value: &Value| Some(value.to_string())),
        Scalar::Enum => {
            let known = column.enumeration.as_ref().map_or(&[][..], |enumeration| &enumeration.values);
            build!(texts(), cells, column, fault, |value: &'a Value| {
                value.as_str().filter(|value| known.iter().any(|known| known == value))
            })
        }
    }
}

/// A whole number, as a number or as text: `5`, `5.0`, `"5"`.
fn number<N: std::str::FromStr>(value: &Value) -> Option<N> {
    let text = match value {
        Value::Number(number) => number.as_str(),
        Value::String(text) => text.as_str(),
        _ => return None,
    };
    // What is no plain integer may still be one, as 5.0 or 1e3 are.
    text.parse().ok().or_else(|| canonical_decimal(text)?.parse().ok())
}

fn float(value: &Value) -> Option<f64> {
    let number = match value {
        Value::Number(number) => number.as_str().parse::<f64>().ok()?,
        // A text of another form, such as NaN, is no number.
        Value::String(text) => canonical_decimal(text).and_then(|_| text.parse::<f64>().ok())?,
        _ => return None,
    };
    number.is_finite().then_some(number)
}

fn boolean(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(value) => Some(*value),
        Value::String(text) if text == "true" => Some(true),
        Value::String(text) if text == "false" => Some(false),
        _ => None,
    }
}
