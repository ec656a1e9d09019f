//! Columns and values in forms whose own equality and order are those of their scalar.
//!
//! *Invariant*: `-0.0` equals `0.0`, decimals compare as numbers, text by code point.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::Float64Type;
use arrow_array::{
    ArrayRef, BinaryArray, BooleanArray, Date32Array, Float64Array, Int32Array, Int64Array, StringArray,
    Time64MicrosecondArray, TimestampMicrosecondArray, UInt64Array,
};
use arrow_row::{RowConverter, Rows, SortField};
use lilong_schema::{Scalar, Value};

use super::{Error, Result, decimal, expect_type};
use crate::OperandId;
use crate::rows::arrow_type;

/// A column in a form in which Arrow's kernels and `arrow-row` compare it as its scalar does: floats without negative
/// zero, decimals as order-preserving bytes, everything else as it is. Null stays null.
pub fn comparable(array: &ArrayRef, scalar: Scalar) -> Result<ArrayRef> {
    expect_type(array, &arrow_type(scalar))?;
    Ok(match scalar {
        Scalar::Float => {
            let floats = array.as_primitive::<Float64Type>();
            Arc::new(floats.unary::<_, Float64Type>(|value| value + 0.0))
        }
        Scalar::Decimal => Arc::new(decimal::encode_column(array)?),
        _ => array.clone(),
    })
}

/// Columns as one run of bytes for each row: equal where all cells are, null equal to null, and ordered as the first
/// column that differs orders them, nulls first.
pub fn encoded<'a>(columns: impl IntoIterator<Item = (&'a ArrayRef, Scalar)>) -> Result<Rows> {
    let columns = columns.into_iter().map(|(column, scalar)| comparable(column, scalar)).collect::<Result<Vec<_>>>()?;
    let fields = columns.iter().map(|column| SortField::new(column.data_type().clone())).collect();
    Ok(RowConverter::new(fields)?.convert_columns(&columns)?)
}

/// Values of a scalar as a comparable column; an integer that the scalar's cells cannot hold is null.
pub(super) fn values_column(values: &[Value], scalar: Scalar, operand: OperandId) -> Result<ArrayRef> {
    let wrong = || Error::Operand { operand, expected: scalar.name() };
    macro_rules! column {
        ($array:ty, $value:pat => $cell:expr) => {
            values
                .iter()
                .map(|value| match value {
                    $value => Ok($cell),
                    _ => Err(wrong()),
                })
                .collect::<Result<$array>>()?
        };
    }
    Ok(match scalar {
        Scalar::Int => Arc::new(column!(Int32Array, Value::Integer(value) => i32::try_from(*value).ok())),
        Scalar::BigInt => Arc::new(column!(Int64Array, Value::Integer(value) => i64::try_from(*value).ok())),
        Scalar::Unsigned => Arc::new(column!(UInt64Array, Value::Integer(value) => u64::try_from(*value).ok())),
        Scalar::Float => Arc::new(column!(Float64Array, Value::Float(value) => Some(*value + 0.0))),
        Scalar::Boolean => Arc::new(column!(BooleanArray, Value::Boolean(value) => Some(*value))),
        Scalar::Date => Arc::new(column!(Date32Array, Value::Date(value) => Some(*value))),
        Scalar::Time => Arc::new(column!(Time64MicrosecondArray, Value::Time(value) => Some(*value))),
        Scalar::LocalDateTime => {
            Arc::new(column!(TimestampMicrosecondArray, Value::LocalDateTime(value) => Some(*value)))
        }
        Scalar::DateTime => {
            let array = column!(TimestampMicrosecondArray, Value::DateTime(value) => Some(*value));
            Arc::new(array.with_timezone("UTC"))
        }
        Scalar::String | Scalar::Uuid | Scalar::Enum => {
            Arc::new(column!(StringArray, Value::Text(value) => Some(value.as_str())))
        }
        Scalar::Decimal => {
            let cells = values.iter().map(|value| {
                let Value::Decimal(text) = value else {
                    return Err(wrong());
                };
                let mut bytes = Vec::with_capacity(text.len() + 8);
                decimal::encode(text, &mut bytes).ok_or_else(wrong)?;
                Ok(Some(bytes))
            });
            Arc::new(cells.collect::<Result<BinaryArray>>()?)
        }
        Scalar::Json | Scalar::Bytes => {
            return Err(Error::Unsuited { scalar, used_as: "compared" });
        }
    })
}
