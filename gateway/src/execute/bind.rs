//! Gives a plan's operands their values.

use std::sync::Arc;

use arrow_array::builder::BinaryBuilder;
use arrow_array::{
    ArrayRef, BooleanArray, Date32Array, Float64Array, Int32Array, Int64Array, RecordBatch, StringArray,
    Time64MicrosecondArray, TimestampMicrosecondArray, UInt64Array,
};
use arrow_schema::SchemaRef;
use lilong_connectors::Operand;
use lilong_connectors::rows::arrow_type;
use lilong_schema::collection::FieldId;
use lilong_schema::{Collection, Scalar, Value};

use super::{Fault, Made, internal};
use crate::operation::Variables;
use crate::plan::PlanOperand;

/// The values of operands; the keys of steps are taken from `made`, in turn.
pub(super) fn operands(
    operands: &[PlanOperand],
    made: &[Arc<Made>],
    variables: &Variables,
) -> Result<Vec<Operand>, Fault> {
    let mut made = made.iter();
    operands
        .iter()
        .map(|operand| match operand {
            PlanOperand::FromStep(_) => match made.next().map(|made| &**made) {
                Some(Made::Keys(keys, _)) => Ok(Operand::Keys(keys.clone())),
                _ => Err(internal()),
            },
            operand => operand.value(variables).map(Operand::Value).ok_or_else(internal),
        })
        .collect()
}

/// One key of values as a batch; `None` if one of them cannot stand in its column, so that no row has that key.
pub(super) fn key(
    collection: &Collection,
    columns: &[FieldId],
    schema: SchemaRef,
    values: &[Value],
) -> Option<RecordBatch> {
    let arrays = columns
        .iter()
        .zip(values)
        .map(|(field, value)| cell(collection.fields[*field].scalar, value))
        .collect::<Option<Vec<_>>>()?;
    RecordBatch::try_new(schema, arrays).ok()
}

/// Values of a scalar as a column; `None` if one of them is none.
pub(super) fn cells(scalar: Scalar, values: &[Value]) -> Option<ArrayRef> {
    if values.is_empty() {
        return Some(arrow_array::new_empty_array(&arrow_type(scalar)));
    }
    let cells = values.iter().map(|value| match value {
        Value::Null => Some(arrow_array::new_null_array(&arrow_type(scalar), 1)),
        value => cell(scalar, value),
    });
    let cells = cells.collect::<Option<Vec<_>>>()?;
    arrow_select::concat::concat(&cells.iter().map(|cell| &**cell).collect::<Vec<_>>()).ok()
}

/// An array of one cell.
pub(super) fn cell(scalar: Scalar, value: &Value) -> Option<ArrayRef> {
    Some(match (scalar, value) {
        (Scalar::Int, Value::Integer(number)) => Arc::new(Int32Array::from(vec![i32::try_from(*number).ok()?])),
        (Scalar::BigInt, Value::Integer(number)) => Arc::new(Int64Array::from(vec![i64::try_from(*number).ok()?])),
        (Scalar::Unsigned, Value::Integer(number)) => Arc::new(UInt64Array::from(vec![u64::try_from(*number).ok()?])),
        (Scalar::Float, Value::Float(number)) => Arc::new(Float64Array::from(vec![*number])),
        (Scalar::Boolean, Value::Boolean(value)) => Arc::new(BooleanArray::from(vec![*value])),
        (Scalar::Date, Value::Date(days)) => Arc::new(Date32Array::from(vec![*days])),
        (Scalar::Time, Value::Time(micros)) => Arc::new(Time64MicrosecondArray::from(vec![*micros])),
        (Scalar::LocalDateTime, Value::LocalDateTime(micros)) => {
            Arc::new(TimestampMicrosecondArray::from(vec![*micros]))
        }
        (Scalar::DateTime, Value::DateTime(micros)) => {
            Arc::new(TimestampMicrosecondArray::from(vec![*micros]).with_timezone("UTC"))
        }
        (Scalar::Bytes, Value::Bytes(bytes)) => {
            let mut builder = BinaryBuilder::with_capacity(1, bytes.len());
            builder.append_value(bytes);
            Arc::new(builder.finish())
        }
        (_, Value::Text(text) | Value::Decimal(text)) => Arc::new(StringArray::from(vec![text.as_str()])),
        _ => return None,
    })
}
