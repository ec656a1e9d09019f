//! Between values and Arrow columns, written apart from what the connectors use.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Date32Type, Float64Type, Int32Type, Int64Type, Time64MicrosecondType, TimestampMicrosecondType, UInt64Type,
};
use arrow_array::{
    Array, ArrayRef, BinaryArray, BooleanArray, Date32Array, Float64Array, Int32Array, Int64Array, RecordBatch,
    RecordBatchOptions, StringArray, Time64MicrosecondArray, TimestampMicrosecondArray, UInt64Array,
};
use lilong_connectors::rows::columns_schema;
use lilong_schema::{Collection, Scalar, Value};

/// Rows as a batch of some fields of a collection, a value for each of these fields.
///
/// # Panics
/// If a value is none of its field's scalar.
pub fn batch(collection: &Collection, fields: &[usize], rows: &[Vec<Value>]) -> RecordBatch {
    let columns = fields.iter().enumerate().map(|(at, field)| {
        let cells: Vec<&Value> = rows.iter().map(|row| &row[at]).collect();
        column(collection.fields[*field].scalar, &cells)
    });
    let options = RecordBatchOptions::new().with_row_count(Some(rows.len()));
    RecordBatch::try_new_with_options(columns_schema(collection, fields), columns.collect(), &options).unwrap()
}

fn column(scalar: Scalar, cells: &[&Value]) -> ArrayRef {
    macro_rules! build {
        ($array:ty, $($value:pat => $cell:expr),+) => {
            cells
                .iter()
                .map(|cell| match cell {
                    Value::Null => None,
                    $($value => Some($cell),)+
                    other => panic!("{other:?} is no {scalar:?}"),
                })
                .collect::<$array>()
        };
    }
    match scalar {
        Scalar::Int => Arc::new(build!(Int32Array, Value::Integer(value) => i32::try_from(*value).unwrap())),
        Scalar::BigInt => Arc::new(build!(Int64Array, Value::Integer(value) => i64::try_from(*value).unwrap())),
        Scalar::Unsigned => Arc::new(build!(UInt64Array, Value::Integer(value) => u64::try_from(*value).unwrap())),
        Scalar::Float => Arc::new(build!(Float64Array, Value::Float(value) => *value)),
        Scalar::Boolean => Arc::new(build!(BooleanArray, Value::Boolean(value) => *value)),
        Scalar::Date => Arc::new(build!(Date32Array, Value::Date(value) => *value)),
        Scalar::Time => Arc::new(build!(Time64MicrosecondArray, Value::Time(value) => *value)),
        Scalar::LocalDateTime => Arc::new(build!(TimestampMicrosecondArray, Value::LocalDateTime(value) => *value)),
        Scalar::DateTime => {
            Arc::new(build!(TimestampMicrosecondArray, Value::DateTime(value) => *value).with_timezone("UTC"))
        }
        Scalar::Bytes => Arc::new(build!(BinaryArray, Value::Bytes(value) => value.as_slice())),
        Scalar::String | Scalar::Decimal | Scalar::Uuid | Scalar::Json | Scalar::Enum => {
            Arc::new(build!(StringArray, Value::Text(value) => value.as_str(), Value::Decimal(value) => value.as_str()))
        }
    }
}

/// The rows of a batch as values of the fields' scalars.
///
/// # Panics
/// If a column is not of its scalar.
pub fn rows(batch: &RecordBatch, scalars: &[Scalar]) -> Vec<Vec<Value>> {
    (0..batch.num_rows())
        .map(|row| batch.columns().iter().zip(scalars).map(|(column, scalar)| cell(column, *scalar, row)).collect())
        .collect()
}

fn cell(column: &ArrayRef, scalar: Scalar, row: usize) -> Value {
    if column.is_null(row) {
        return Value::Null;
    }
    match scalar {
        Scalar::Int => Value::Integer(column.as_primitive::<Int32Type>().value(row).into()),
        Scalar::BigInt => Value::Integer(column.as_primitive::<Int64Type>().value(row).into()),
        Scalar::Unsigned => Value::Integer(column.as_primitive::<UInt64Type>().value(row).into()),
        Scalar::Float => Value::Float(column.as_primitive::<Float64Type>().value(row)),
        Scalar::Boolean => Value::Boolean(column.as_boolean().value(row)),
        Scalar::Date => Value::Date(column.as_primitive::<Date32Type>().value(row)),
        Scalar::Time => Value::Time(column.as_primitive::<Time64MicrosecondType>().value(row)),
        Scalar::LocalDateTime => Value::LocalDateTime(column.as_primitive::<TimestampMicrosecondType>().value(row)),
        Scalar::DateTime => Value::DateTime(column.as_primitive::<TimestampMicrosecondType>().value(row)),
        Scalar::Bytes => Value::Bytes(column.as_binary::<i32>().value(row).to_vec()),
        Scalar::Decimal => Value::Decimal(column.as_string::<i32>().value(row).to_owned()),
        Scalar::String | Scalar::Uuid | Scalar::Json | Scalar::Enum => {
            Value::Text(column.as_string::<i32>().value(row).to_owned())
        }
    }
}
