//! A member's rows as rows of the union.
//!
//! In: what the member sent. Out: the columns of the union, in its scalars. *Invariant*: no value changes; a column that the
//! member lacks is null.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int32Type, Int64Type};
use arrow_array::{Array, ArrayRef, RecordBatch, StringArray, UInt32Array, new_null_array};
use arrow_schema::ArrowError;
use arrow_select::take::take;
use lilong_connectors::rows::arrow_type;
use lilong_connectors::{CellFault, evaluate};
use lilong_schema::federated::{UnionColumn, UnionShape};
use lilong_schema::{Collection, Scalar, Value};

use crate::execute::{RowSet, bind};
use crate::plan::union::{Ask, Cell};

/// The rows in the columns of [`Ask::columns`].
pub(super) fn convert(
    ask: &Ask,
    union: &Collection,
    shape: &UnionShape,
    constants: &[Value],
    source: &str,
    rows: &RowSet,
) -> Result<RowSet, evaluate::Error> {
    let count = rows.batch.num_rows();
    // Where a column of the member stands in the union's batch.
    let mut places = vec![None; rows.batch.num_columns()];
    let mut columns = Vec::with_capacity(ask.columns.len());
    for (place, (field, cell)) in ask.columns.iter().zip(&ask.cells).enumerate() {
        let scalar = union.fields[*field].scalar;
        columns.push(match cell {
            Cell::Column(at) => {
                places[*at] = Some(place);
                let UnionColumn::Field(own) = shape.columns[*field] else {
                    return Err(evaluate::Error::NoColumn(union.fields[*field].name.clone()));
                };
                cast(rows.batch.column(*at), shape.described.fields[own].scalar, scalar)?
            }
            cell => repeat(&fixed(*cell, scalar, constants, source)?, count)?,
        });
    }
    let batch = RecordBatch::try_new(ask.schema.clone(), columns)?;
    let faults = rows.faults.iter().filter_map(|fault| Some(CellFault { column: places[fault.column]?, ..*fault }));
    let mut faults: Vec<CellFault> = faults.collect();
    faults.sort_unstable_by_key(|fault| (fault.row, fault.column));
    Ok(RowSet { batch, faults })
}

/// Rows without the columns after the first few.
pub(super) fn narrow(rows: RowSet, columns: usize) -> Result<RowSet, ArrowError> {
    if rows.batch.num_columns() == columns {
        return Ok(rows);
    }
    let batch = rows.batch.project(&(0..columns).collect::<Vec<_>>())?;
    Ok(RowSet { batch, faults: rows.faults.into_iter().filter(|fault| fault.column < columns).collect() })
}

/// One cell of a column that is one value in all rows of a member.
pub(super) fn fixed(
    cell: Cell,
    scalar: Scalar,
    constants: &[Value],
    source: &str,
) -> Result<ArrayRef, evaluate::Error> {
    match cell {
        Cell::Source => Ok(Arc::new(StringArray::from(vec![source]))),
        Cell::Constant(at) => bind::cells(scalar, std::slice::from_ref(&constants[at]))
            .ok_or(evaluate::Error::Operand { operand: 0, expected: scalar.name() }),
        Cell::Column(_) | Cell::Missing => Ok(new_null_array(&arrow_type(scalar), 1)),
    }
}

/// Cells of a member's scalar as cells of the union's.
pub(super) fn cast(array: &ArrayRef, from: Scalar, to: Scalar) -> Result<ArrayRef, evaluate::Error> {
    if from == to || (from, to) == (Scalar::Enum, Scalar::String) {
        return Ok(array.clone());
    }
    if (from, to) == (Scalar::Int, Scalar::Float) {
        return Ok(Arc::new(array.as_primitive::<Int32Type>().unary::<_, Float64Type>(f64::from)));
    }
    if (from, to) == (Scalar::BigInt, Scalar::Float) {
        // A sum of what are floats in other members.
        return Ok(Arc::new(array.as_primitive::<Int64Type>().unary::<_, Float64Type>(|sum| sum as f64)));
    }
    evaluate::convert(array, from, to)
}

/// One value as often as there are rows.
pub(super) fn repeat(value: &ArrayRef, count: usize) -> Result<ArrayRef, ArrowError> {
    if value.len() == count {
        return Ok(value.clone());
    }
    take(value, &UInt32Array::from(vec![0u32; count]), None)
}
