//! Cells of key batches as values, to be bound.

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Date32Type, Float64Type, Int32Type, Int64Type, Time64MicrosecondType, TimestampMicrosecondType, UInt64Type,
};
use arrow_array::{Array, ArrayRef};
use arrow_schema::{DataType, TimeUnit};
use lilong_schema::{Scalar, Value};

/// All cells of a column as values of a scalar. `None` if the column has not the scalar's Arrow type.
pub(crate) fn values(column: &ArrayRef, scalar: Scalar) -> Option<Vec<Value>> {
    if *column.data_type() != crate::rows::arrow_type(scalar) {
        return None;
    }
    let mut values = Vec::with_capacity(column.len());
    for row in 0..column.len() {
        values.push(if column.is_null(row) { Value::Null } else { value(column, row, scalar)? });
    }
    Some(values)
}

/// One cell as a value of a scalar. `None` if the column has not the scalar's Arrow type.
pub fn cell_value(column: &ArrayRef, row: usize, scalar: Scalar) -> Option<Value> {
    if *column.data_type() != crate::rows::arrow_type(scalar) {
        return None;
    }
    if column.is_null(row) { Some(Value::Null) } else { value(column, row, scalar) }
}

fn value(column: &ArrayRef, row: usize, scalar: Scalar) -> Option<Value> {
    Some(match column.data_type() {
        DataType::Boolean => Value::Boolean(column.as_boolean().value(row)),
        DataType::Int32 => Value::Integer(column.as_primitive::<Int32Type>().value(row).into()),
        DataType::Int64 => Value::Integer(column.as_primitive::<Int64Type>().value(row).into()),
        DataType::UInt64 => Value::Integer(column.as_primitive::<UInt64Type>().value(row).into()),
        DataType::Float64 => Value::Float(column.as_primitive::<Float64Type>().value(row)),
        DataType::Date32 => Value::Date(column.as_primitive::<Date32Type>().value(row)),
        DataType::Time64(TimeUnit::Microsecond) => {
            Value::Time(column.as_primitive::<Time64MicrosecondType>().value(row))
        }
        DataType::Timestamp(TimeUnit::Microsecond, zone) => {
            let micros = column.as_primitive::<TimestampMicrosecondType>().value(row);
            if zone.is_some() { Value::DateTime(micros) } else { Value::LocalDateTime(micros) }
        }
        DataType::Binary => Value::Bytes(column.as_binary::<i32>().value(row).to_vec()),
        DataType::Utf8 => {
            let text = column.as_string::<i32>().value(row).to_owned();
            if scalar == Scalar::Decimal { Value::Decimal(text) } else { Value::Text(text) }
        }
        _ => return None,
    })
}
