//! From the server's rows to Arrow batches, straight from the bytes, by a decoder chosen once for each column.
//!
//! In: rows in the binary format. Out: [`Rows`]. *Invariant*: a cell that is not of its column's scalar is null and has
//! its [`CellFault`]; it is never turned into another value.

use arrow_array::{ArrayRef, RecordBatch, RecordBatchOptions};
use arrow_schema::{ArrowError, SchemaRef};
use lilong_schema::value::canonical_decimal;
use lilong_schema::{Scalar, temporal};
use sqlx::postgres::PgRow;
use sqlx::{Column, Row, TypeInfo, ValueRef};

use super::wire::{self, oid};
use crate::sql::column::Cells;
use crate::{CellFault, Rows};

/// How the bytes of a column are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Boolean,
    Int2,
    Int4,
    Int8,
    Float4,
    Float8,
    Numeric,
    Text,
    Json,
    /// A version byte and a text.
    Jsonb,
    Bytes,
    Date,
    Time,
    Timestamp,
    Timestamptz,
    Uuid,
    /// A type that no column was described with.
    Unknown,
}

impl Format {
    fn of(number: u32) -> Self {
        match number {
            oid::BOOL => Format::Boolean,
            oid::INT2 => Format::Int2,
            oid::INT4 => Format::Int4,
            oid::INT8 => Format::Int8,
            oid::FLOAT4 => Format::Float4,
            oid::FLOAT8 => Format::Float8,
            oid::NUMERIC => Format::Numeric,
            oid::TEXT | oid::VARCHAR | oid::BPCHAR => Format::Text,
            oid::JSON => Format::Json,
            oid::JSONB => Format::Jsonb,
            oid::BYTEA => Format::Bytes,
            oid::DATE => Format::Date,
            oid::TIME => Format::Time,
            oid::TIMESTAMP => Format::Timestamp,
            oid::TIMESTAMPTZ => Format::Timestamptz,
            oid::UUID => Format::Uuid,
            _ => Format::Unknown,
        }
    }
}

/// Reads rows of one answer.
pub(super) struct Reader {
    schema: SchemaRef,
    scalars: Vec<Scalar>,
    /// Known with the first row.
    formats: Option<Vec<Format>>,
    batch: Batch,
    scratch: String,
}

/// A batch while it is filled.
struct Batch {
    columns: Vec<Cells>,
    faults: Vec<CellFault>,
    rows: usize,
    bytes: usize,
}

impl Reader {
    /// Nothing read yet; room for `capacity` rows.
    pub(super) fn new(schema: SchemaRef, scalars: Vec<Scalar>, capacity: usize) -> Self {
        let batch = Batch::new(&schema, capacity);
        Self { schema, scalars, formats: None, batch, scratch: String::new() }
    }

    /// Rows that are not given out yet.
    pub(super) fn rows(&self) -> usize {
        self.batch.rows
    }

    /// About how many bytes their texts take.
    pub(super) fn bytes(&self) -> usize {
        self.batch.bytes
    }

    /// Adds a row.
    pub(super) fn push(&mut self, row: &PgRow) -> Result<(), sqlx::Error> {
        let formats = self.formats.get_or_insert_with(|| formats(row));
        let batch = &mut self.batch;
        for (column, (cells, scalar)) in batch.columns.iter_mut().zip(&self.scalars).enumerate() {
            let value = row.try_get_raw(column)?;
            if value.is_null() {
                cells.push_null();
                continue;
            }
            let bytes = value.as_bytes().map_err(sqlx::Error::Decode)?;
            let format = formats.get(column).copied().unwrap_or(Format::Unknown);
            batch.bytes += bytes.len();
            if push(cells, format, *scalar, bytes, &mut self.scratch).is_none() {
                cells.push_null();
                batch.faults.push(CellFault { column, row: batch.rows });
            }
        }
        batch.rows += 1;
        Ok(())
    }

    /// What was read so far; the next batch has room for `capacity` rows.
    pub(super) fn take(&mut self, capacity: usize) -> Result<Rows, ArrowError> {
        let next = Batch::new(&self.schema, capacity);
        std::mem::replace(&mut self.batch, next).finish(self.schema.clone())
    }

    /// What was read since.
    pub(super) fn finish(self) -> Result<Rows, ArrowError> {
        self.batch.finish(self.schema)
    }
}

fn formats(row: &PgRow) -> Vec<Format> {
    row.columns()
        .iter()
        .map(|column| {
            let info = column.type_info();
            match info.oid() {
                Some(number) => Format::of(number.0),
                // Types that the driver knows carry no number.
                None => Format::of(number_of(info.name())),
            }
        })
        .collect()
}

/// The type numbers of what the driver calls by name.
fn number_of(name: &str) -> u32 {
    match name {
        "BOOL" => oid::BOOL,
        "INT2" => oid::INT2,
        "INT4" => oid::INT4,
        "INT8" => oid::INT8,
        "FLOAT4" => oid::FLOAT4,
        "FLOAT8" => oid::FLOAT8,
        "NUMERIC" => oid::NUMERIC,
        "TEXT" | "VARCHAR" | "CHAR" => oid::TEXT,
        "JSON" => oid::JSON,
        "JSONB" => oid::JSONB,
        "BYTEA" => oid::BYTEA,
        "DATE" => oid::DATE,
        "TIME" => oid::TIME,
        "TIMESTAMP" => oid::TIMESTAMP,
        "TIMESTAMPTZ" => oid::TIMESTAMPTZ,
        "UUID" => oid::UUID,
        _ => 0,
    }
}

impl Batch {
    fn new(schema: &SchemaRef, capacity: usize) -> Self {
        let columns = schema.fields().iter().map(|field| Cells::new(field.data_type(), capacity)).collect();
        Self { columns, faults: vec![], rows: 0, bytes: 0 }
    }

    fn finish(self, schema: SchemaRef) -> Result<Rows, ArrowError> {
        let columns = self.columns.into_iter().map(Cells::finish).collect::<Result<Vec<ArrayRef>, _>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(self.rows));
        Ok(Rows { batch: RecordBatch::try_new_with_options(schema, columns, &options)?, faults: self.faults })
    }
}

/// Adds a cell; `None`: it is not of the scalar, and nothing was added.
fn push(cells: &mut Cells, format: Format, scalar: Scalar, bytes: &[u8], scratch: &mut String) -> Option<()> {
    match (&mut *cells, format) {
        (Cells::Int(cells), Format::Int4) => cells.append_value(int4(bytes)?),
        (Cells::BigInt(cells), Format::Int8) => cells.append_value(int8(bytes)?),
        (Cells::Int(cells), Format::Int2) => cells.append_value(int2(bytes)?.into()),
        (Cells::Text(cells), Format::Text) if matches!(scalar, Scalar::String | Scalar::Enum) => {
            cells.append_value(std::str::from_utf8(bytes).ok()?);
        }
        (Cells::Text(cells), Format::Json) if scalar == Scalar::Json => {
            cells.append_value(std::str::from_utf8(bytes).ok()?);
        }
        (Cells::Text(cells), Format::Jsonb) if scalar == Scalar::Json => {
            cells.append_value(jsonb(bytes)?);
        }
        (Cells::Text(cells), Format::Numeric) if scalar == Scalar::Decimal => {
            scratch.clear();
            wire::read_numeric(bytes, scratch)?;
            cells.append_value(&*scratch);
        }
        (Cells::Text(cells), Format::Uuid) if matches!(scalar, Scalar::Uuid | Scalar::String) => {
            scratch.clear();
            wire::read_uuid(bytes, scratch)?;
            cells.append_value(&*scratch);
        }
        (Cells::Boolean(cells), Format::Boolean) => cells.append_value(*bytes.first()? != 0),
        (Cells::Float(cells), Format::Float8) => cells.append_value(float8(bytes)?),
        (Cells::Float(cells), Format::Float4) => cells.append_value(float4(bytes)?),
        (Cells::Date(cells), Format::Date) => cells.append_value(wire::read_date(bytes)?),
        (Cells::Time(cells), Format::Time) => cells.append_value(wire::read_time(bytes)?),
        (Cells::Moment(cells), Format::Timestamp) if scalar == Scalar::LocalDateTime => {
            cells.append_value(wire::read_moment(bytes)?);
        }
        (Cells::Moment(cells), Format::Timestamptz) if scalar == Scalar::DateTime => {
            cells.append_value(wire::read_moment(bytes)?);
        }
        (Cells::Bytes(cells), Format::Bytes) => cells.append_value(bytes),
        // The column has another type than it was described with.
        _ => {
            let text = canonical(format, bytes)?;
            push_text(cells, &text, scalar)?;
        }
    }
    Some(())
}

/// Adds a value by its canonical text.
fn push_text(cells: &mut Cells, text: &str, scalar: Scalar) -> Option<()> {
    match (cells, scalar) {
        (Cells::Boolean(cells), _) => cells.append_value(match text {
            "true" => true,
            "false" => false,
            _ => return None,
        }),
        (Cells::Int(cells), _) => cells.append_value(text.parse().ok()?),
        (Cells::BigInt(cells), _) => cells.append_value(text.parse().ok()?),
        (Cells::Unsigned(cells), _) => cells.append_value(text.parse().ok()?),
        (Cells::Float(cells), _) => {
            cells.append_value(text.parse().ok().filter(|number: &f64| number.is_finite())?);
        }
        (Cells::Date(cells), _) => cells.append_value(temporal::parse_date(text)?),
        (Cells::Time(cells), _) => cells.append_value(temporal::parse_time(text)?),
        (Cells::Moment(cells), Scalar::DateTime) => cells.append_value(temporal::parse_instant(text)?),
        (Cells::Moment(cells), _) => cells.append_value(temporal::parse_local(text)?),
        (Cells::Text(cells), Scalar::Decimal) => cells.append_value(canonical_decimal(text)?),
        (Cells::Text(cells), Scalar::Uuid) => {
            let mut canonical = String::new();
            wire::read_uuid(&wire::write_uuid(text)?, &mut canonical)?;
            cells.append_value(canonical);
        }
        (Cells::Text(cells), Scalar::Json) => {
            serde_json::from_str::<&serde_json::value::RawValue>(text).ok()?;
            cells.append_value(text);
        }
        (Cells::Text(cells), _) => cells.append_value(text),
        (Cells::Bytes(_), _) => return None,
    }
    Some(())
}

fn int2(bytes: &[u8]) -> Option<i16> {
    Some(i16::from_be_bytes(bytes.try_into().ok()?))
}

fn int4(bytes: &[u8]) -> Option<i32> {
    Some(i32::from_be_bytes(bytes.try_into().ok()?))
}

fn int8(bytes: &[u8]) -> Option<i64> {
    Some(i64::from_be_bytes(bytes.try_into().ok()?))
}

fn float8(bytes: &[u8]) -> Option<f64> {
    Some(f64::from_be_bytes(bytes.try_into().ok()?)).filter(|number| number.is_finite())
}

/// The number that prints as the four-byte float does: `0.1`, not `0.10000000149011612`.
fn float4(bytes: &[u8]) -> Option<f64> {
    let number = f32::from_be_bytes(bytes.try_into().ok()?);
    if !number.is_finite() {
        return None;
    }
    number.to_string().parse().ok()
}

fn jsonb(bytes: &[u8]) -> Option<&str> {
    match bytes.split_first()? {
        (1, text) => std::str::from_utf8(text).ok(),
        _ => None,
    }
}

/// The canonical text of a value by the type that the column really has.
fn canonical(format: Format, bytes: &[u8]) -> Option<String> {
    let mut text = String::new();
    match format {
        Format::Boolean => text.push_str(if *bytes.first()? != 0 { "true" } else { "false" }),
        Format::Int2 => text = int2(bytes)?.to_string(),
        Format::Int4 => text = int4(bytes)?.to_string(),
        Format::Int8 => text = int8(bytes)?.to_string(),
        Format::Float4 => text = float4(bytes)?.to_string(),
        Format::Float8 => text = float8(bytes)?.to_string(),
        Format::Numeric => wire::read_numeric(bytes, &mut text)?,
        Format::Text | Format::Json => text.push_str(std::str::from_utf8(bytes).ok()?),
        Format::Jsonb => text.push_str(jsonb(bytes)?),
        Format::Date => temporal::write_date(wire::read_date(bytes)?, &mut text),
        Format::Time => temporal::write_time(wire::read_time(bytes)?, &mut text),
        Format::Timestamp => temporal::write_local(wire::read_moment(bytes)?, &mut text),
        Format::Timestamptz => text = temporal::format_instant(wire::read_moment(bytes)?),
        Format::Uuid => wire::read_uuid(bytes, &mut text)?,
        Format::Bytes | Format::Unknown => return None,
    }
    Some(text)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use arrow_schema::DataType;

    use super::*;

    #[test]
    fn a_four_byte_float_keeps_its_own_digits() {
        assert_eq!(float4(&0.1_f32.to_be_bytes()), Some(0.1));
        assert_eq!(float4(&f32::MAX.to_be_bytes()), Some(3.402_823_5e38));
        assert_eq!(float4(&f32::NAN.to_be_bytes()), None);
        assert_eq!(float8(&f64::INFINITY.to_be_bytes()), None);
    }

    #[test]
    fn a_column_of_another_type_gives_what_fits() {
        let mut cells = Cells::new(&DataType::Int64, 4);
        let mut scratch = String::new();
        let mut push = |text: &str| {
            let bytes = wire::write_numeric(text).unwrap();
            super::push(&mut cells, Format::Numeric, Scalar::BigInt, &bytes, &mut scratch)
        };
        assert_eq!(push("10"), Some(()));
        assert_eq!(push("10.5"), None);
        assert_eq!(push("100000000000000000000"), None);
        let mut cells = Cells::new(&DataType::Utf8, 1);
        assert_eq!(super::push(&mut cells, Format::Text, Scalar::Decimal, b"x", &mut scratch), None);
    }
}
