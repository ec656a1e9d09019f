//! From SQLite's rows to Arrow batches, by a decoder chosen once for each column.
//!
//! In: cells as SQLite stores them. Out: [`Rows`]. *Invariant*: a cell that is not of its column's scalar is null and
//! has its [`CellFault`]; it is never turned into another value.

use arrow_array::{ArrayRef, RecordBatch, RecordBatchOptions};
use arrow_schema::{ArrowError, SchemaRef};
use lilong_schema::{Scalar, Value};
use rusqlite::types::ValueRef;

use super::storage::Storage;
use super::value::{decimal_of_real, float_of_integer, read};
use crate::sql::column::Cells;
use crate::{CellFault, Rows};

/// How the cells of one column are read.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Decoder {
    /// What they become.
    pub(super) scalar: Scalar,
    /// How they are stored.
    pub(super) storage: Storage,
}

/// A batch while it is filled.
pub(super) struct Batch<'a> {
    schema: &'a SchemaRef,
    decoders: &'a [Decoder],
    columns: Vec<Cells>,
    faults: Vec<CellFault>,
    rows: usize,
    bytes: usize,
}

impl<'a> Batch<'a> {
    /// An empty batch with room for `capacity` rows.
    pub(super) fn new(schema: &'a SchemaRef, decoders: &'a [Decoder], capacity: usize) -> Self {
        let columns = schema.fields().iter().map(|field| Cells::new(field.data_type(), capacity)).collect();
        Self { schema, decoders, columns, faults: vec![], rows: 0, bytes: 0 }
    }

    /// Rows so far.
    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    /// About how many bytes its texts and blobs take.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Adds a row.
    pub(super) fn push(&mut self, row: &rusqlite::Row<'_>) -> rusqlite::Result<()> {
        for (column, (decoder, cells)) in self.decoders.iter().zip(&mut self.columns).enumerate() {
            let stored = row.get_ref(column)?;
            if let ValueRef::Text(bytes) | ValueRef::Blob(bytes) = stored {
                self.bytes += bytes.len();
            }
            if !push(cells, stored, decoder) {
                self.faults.push(CellFault { column, row: self.rows });
            }
        }
        self.rows += 1;
        Ok(())
    }

    /// The batch.
    pub(super) fn finish(self) -> Result<Rows, ArrowError> {
        let columns = self.columns.into_iter().map(Cells::finish);
        let columns = columns.collect::<Result<Vec<ArrayRef>, _>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(self.rows));
        let batch = RecordBatch::try_new_with_options(self.schema.clone(), columns, &options)?;
        Ok(Rows { batch, faults: self.faults })
    }
}

/// Adds a cell; `false`: it is not of the scalar, and null stands in its place.
fn push(cells: &mut Cells, stored: ValueRef<'_>, decoder: &Decoder) -> bool {
    if push_plain(cells, stored, decoder) {
        return true;
    }
    let value = match (&decoder.storage, stored) {
        (_, ValueRef::Null) => Some(Value::Null),
        (Storage::Form(form), ValueRef::Text(bytes)) => {
            std::str::from_utf8(bytes).ok().and_then(|text| form.read(text))
        }
        (Storage::Parsed, stored) => read(stored, decoder.scalar).ok(),
        (Storage::Plain, ValueRef::Text(_)) if matches!(decoder.scalar, Scalar::Json | Scalar::Uuid) => {
            read(stored, decoder.scalar).ok()
        }
        _ => None,
    };
    push_value(cells, value.as_ref().unwrap_or(&Value::Null)) && value.is_some()
}

/// Adds a cell that is stored as its scalar's own storage class; `false`: nothing was added.
fn push_plain(cells: &mut Cells, stored: ValueRef<'_>, decoder: &Decoder) -> bool {
    if !matches!(decoder.storage, Storage::Plain | Storage::Mixed) {
        return false;
    }
    match (cells, stored) {
        (Cells::BigInt(cells), ValueRef::Integer(number)) => cells.append_value(number),
        (Cells::Int(cells), ValueRef::Integer(number)) => match i32::try_from(number) {
            Ok(number) => cells.append_value(number),
            Err(_) => return false,
        },
        (Cells::Float(cells), ValueRef::Real(number)) if number.is_finite() => cells.append_value(number),
        (Cells::Float(cells), ValueRef::Integer(number)) => match float_of_integer(number) {
            Some(number) => cells.append_value(number),
            None => return false,
        },
        (Cells::Boolean(cells), ValueRef::Integer(number @ (0 | 1))) => cells.append_value(number == 1),
        (Cells::Text(cells), ValueRef::Text(bytes)) if matches!(decoder.scalar, Scalar::String | Scalar::Enum) => {
            match std::str::from_utf8(bytes) {
                Ok(text) => cells.append_value(text),
                Err(_) => return false,
            }
        }
        (Cells::Text(cells), ValueRef::Integer(number)) if decoder.scalar == Scalar::Decimal => {
            cells.append_value(number.to_string());
        }
        (Cells::Text(cells), ValueRef::Real(number)) if decoder.scalar == Scalar::Decimal => {
            match decimal_of_real(number) {
                Some(text) => cells.append_value(text),
                None => return false,
            }
        }
        (Cells::Bytes(cells), ValueRef::Blob(bytes)) => cells.append_value(bytes),
        _ => return false,
    }
    true
}

/// Adds a value; null, and `false`, where it is of another scalar.
fn push_value(column: &mut Cells, value: &Value) -> bool {
    match (&mut *column, value) {
        (Cells::Boolean(cells), Value::Boolean(value)) => cells.append_value(*value),
        (Cells::Int(cells), Value::Integer(number)) => match i32::try_from(*number) {
            Ok(number) => cells.append_value(number),
            Err(_) => return push_fault(column),
        },
        (Cells::BigInt(cells), Value::Integer(number)) => match i64::try_from(*number) {
            Ok(number) => cells.append_value(number),
            Err(_) => return push_fault(column),
        },
        (Cells::Unsigned(cells), Value::Integer(number)) => match u64::try_from(*number) {
            Ok(number) => cells.append_value(number),
            Err(_) => return push_fault(column),
        },
        (Cells::Float(cells), Value::Float(number)) => cells.append_value(*number),
        (Cells::Text(cells), Value::Text(text) | Value::Decimal(text)) => cells.append_value(text),
        (Cells::Bytes(cells), Value::Bytes(bytes)) => cells.append_value(bytes),
        (Cells::Date(cells), Value::Date(days)) => cells.append_value(*days),
        (Cells::Time(cells), Value::Time(micros)) => cells.append_value(*micros),
        (Cells::Moment(cells), Value::LocalDateTime(micros) | Value::DateTime(micros)) => {
            cells.append_value(*micros);
        }
        (_, Value::Null) => column.push_null(),
        _ => return push_fault(column),
    }
    true
}

fn push_fault(cells: &mut Cells) -> bool {
    cells.push_null();
    false
}
