//! Cells → a column of one scalar.
//!
//! *Invariant*: a cell that is no value of the scalar is null and known as bad; every row of the sheets has its cell.

use std::sync::Arc;

use arrow_array::ArrayRef;
use arrow_array::builder::{
    BinaryBuilder, BooleanBuilder, Date32Builder, Float64Builder, Int32Builder, Int64Builder, StringBuilder,
    Time64MicrosecondBuilder, TimestampMicrosecondBuilder, UInt64Builder,
};
use base64::Engine;
use lilong_schema::Scalar;

use super::sheet::{Cell, write_text};
use super::value;

/// A column that grows by a cell at a time.
pub(super) struct Column {
    cells: Cells,
    /// Whether the catalog says what the column is: its values are then read by what they may mean.
    loosely: bool,
    is_json: bool,
    text: String,
}

enum Cells {
    Int(Int32Builder),
    BigInt(Int64Builder),
    Unsigned(UInt64Builder),
    Float(Float64Builder),
    Boolean(BooleanBuilder),
    Date(Date32Builder),
    Time(Time64MicrosecondBuilder),
    Local(TimestampMicrosecondBuilder),
    Instant(TimestampMicrosecondBuilder),
    Bytes(BinaryBuilder),
    Decimal(StringBuilder),
    Uuid(StringBuilder),
    Json(StringBuilder),
    String(StringBuilder),
}

/// Appends a value, or null; whether null stands for nothing.
macro_rules! put {
    ($builder:expr, $value:expr) => {{
        let value = $value;
        let is_read = value.is_some();
        $builder.append_option(value);
        is_read
    }};
}

impl Column {
    /// No cells yet, and room for some.
    pub(super) fn new(scalar: Scalar, loosely: bool, is_json: bool, rows: usize) -> Self {
        let text = || StringBuilder::with_capacity(rows, rows * 8);
        let cells = match scalar {
            Scalar::Int => Cells::Int(Int32Builder::with_capacity(rows)),
            Scalar::BigInt => Cells::BigInt(Int64Builder::with_capacity(rows)),
            Scalar::Unsigned => Cells::Unsigned(UInt64Builder::with_capacity(rows)),
            Scalar::Float => Cells::Float(Float64Builder::with_capacity(rows)),
            Scalar::Boolean => Cells::Boolean(BooleanBuilder::with_capacity(rows)),
            Scalar::Date => Cells::Date(Date32Builder::with_capacity(rows)),
            Scalar::Time => Cells::Time(Time64MicrosecondBuilder::with_capacity(rows)),
            Scalar::LocalDateTime => Cells::Local(TimestampMicrosecondBuilder::with_capacity(rows)),
            Scalar::DateTime => Cells::Instant(TimestampMicrosecondBuilder::with_capacity(rows).with_timezone("UTC")),
            Scalar::Bytes => Cells::Bytes(BinaryBuilder::with_capacity(rows, rows * 8)),
            Scalar::Decimal => Cells::Decimal(text()),
            Scalar::Uuid => Cells::Uuid(text()),
            Scalar::Json => Cells::Json(text()),
            Scalar::String | Scalar::Enum => Cells::String(text()),
        };
        Self { cells, loosely, is_json, text: String::new() }
    }

    /// Adds a cell; `false`: it is no value of the scalar, and null.
    pub(super) fn push(&mut self, cell: Cell<'_>) -> bool {
        let loosely = self.loosely;
        let is_text = matches!(self.cells, Cells::String(_) | Cells::Bytes(_));
        match cell {
            Cell::Empty | Cell::Bad(_) => {
                self.push_null();
                return cell == Cell::Empty;
            }
            Cell::Blank if !is_text => {
                self.push_null();
                return true;
            }
            _ => {}
        }
        let integer = || value::integer(cell, loosely);
        match &mut self.cells {
            Cells::Int(builder) => put!(builder, integer().and_then(|value| i32::try_from(value).ok())),
            Cells::BigInt(builder) => put!(builder, integer().and_then(|value| i64::try_from(value).ok())),
            Cells::Unsigned(builder) => put!(builder, integer().and_then(|value| u64::try_from(value).ok())),
            // The scalar is settled: digits that a double does not hold are no reason to refuse it.
            Cells::Float(builder) => put!(builder, value::float(cell, true)),
            Cells::Boolean(builder) => put!(builder, value::boolean(cell, loosely)),
            Cells::Date(builder) => put!(builder, value::date(cell, loosely)),
            Cells::Time(builder) => put!(builder, value::time(cell)),
            Cells::Local(builder) => put!(builder, value::local(cell, loosely)),
            Cells::Instant(builder) => put!(builder, value::instant(cell)),
            Cells::Bytes(builder) => {
                self.text.clear();
                write_text(cell, &mut self.text);
                put!(builder, base64::engine::general_purpose::STANDARD.decode(&self.text).ok())
            }
            Cells::Decimal(builder) => put!(builder, value::decimal(cell, loosely)),
            Cells::Uuid(builder) => put!(builder, value::uuid(cell, loosely)),
            Cells::Json(builder) => {
                self.text.clear();
                put!(builder, value::json(cell, self.is_json, &mut self.text).map(|()| self.text.as_str()))
            }
            Cells::String(builder) => match cell {
                Cell::Written(text) | Cell::Text(text) | Cell::Digits(text) | Cell::Json(text) => {
                    builder.append_value(text);
                    true
                }
                cell => {
                    self.text.clear();
                    write_text(cell, &mut self.text);
                    builder.append_value(&self.text);
                    true
                }
            },
        }
    }

    fn push_null(&mut self) {
        match &mut self.cells {
            Cells::Int(builder) => builder.append_null(),
            Cells::BigInt(builder) => builder.append_null(),
            Cells::Unsigned(builder) => builder.append_null(),
            Cells::Float(builder) => builder.append_null(),
            Cells::Boolean(builder) => builder.append_null(),
            Cells::Date(builder) => builder.append_null(),
            Cells::Time(builder) => builder.append_null(),
            Cells::Local(builder) | Cells::Instant(builder) => builder.append_null(),
            Cells::Bytes(builder) => builder.append_null(),
            Cells::Decimal(builder) | Cells::Uuid(builder) | Cells::Json(builder) | Cells::String(builder) => {
                builder.append_null();
            }
        }
    }

    /// The whole column.
    pub(super) fn finish(self) -> ArrayRef {
        match self.cells {
            Cells::Int(mut builder) => Arc::new(builder.finish()),
            Cells::BigInt(mut builder) => Arc::new(builder.finish()),
            Cells::Unsigned(mut builder) => Arc::new(builder.finish()),
            Cells::Float(mut builder) => Arc::new(builder.finish()),
            Cells::Boolean(mut builder) => Arc::new(builder.finish()),
            Cells::Date(mut builder) => Arc::new(builder.finish()),
            Cells::Time(mut builder) => Arc::new(builder.finish()),
            Cells::Local(mut builder) | Cells::Instant(mut builder) => Arc::new(builder.finish()),
            Cells::Bytes(mut builder) => Arc::new(builder.finish()),
            Cells::Decimal(mut builder)
            | Cells::Uuid(mut builder)
            | Cells::Json(mut builder)
            | Cells::String(mut builder) => Arc::new(builder.finish()),
        }
    }
}
