//! Rows on their way from a source: Arrow record batches, with the cells that could not be represented beside them.

use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::{DataType, Field as ArrowField, Schema, SchemaRef, TimeUnit};
use futures::Stream;
use futures::stream::BoxStream;
use lilong_schema::{Collection, Field, Scalar};

use crate::Result;

/// Some rows of a fetch. Columns are those of [`Fetch::answer`](crate::Fetch::answer) and have the type of [`arrow_type`].
#[derive(Clone, Debug)]
pub struct Rows {
    /// The cells.
    pub batch: RecordBatch,
    /// Cells that hold something that cannot be represented; each is null in the batch.
    pub faults: Vec<CellFault>,
}

/// A cell that the source filled with something that is not of its scalar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CellFault {
    /// The column in the batch.
    pub column: usize,
    /// The row in the batch.
    pub row: usize,
}

/// What a fetch yields; dropping it cancels the work at the source.
pub type RowStream = BoxStream<'static, Result<Rows>>;

/// Whether a stream has nothing more to give, as far as it can tell without being asked for it.
pub(crate) fn is_over(rows: &RowStream) -> bool {
    rows.size_hint().1 == Some(0)
}

/// The Arrow type of a scalar's cells: `Int` Int32, `BigInt` `Int64` (unsigned: `UInt64`), `Float`
/// Float64, `Boolean` Boolean, `Date` Date32, `Time` Time64(µs), `LocalDateTime` Timestamp(µs), `DateTime` Timestamp(µs, UTC), `Bytes` Binary, and Utf8 for
/// `String`, `Decimal` (canonical text), `UUID` (lower case), `JSON` (its text) and enums.
pub fn arrow_type(scalar: Scalar) -> DataType {
    match scalar {
        Scalar::Int => DataType::Int32,
        Scalar::BigInt => DataType::Int64,
        Scalar::Unsigned => DataType::UInt64,
        Scalar::Float => DataType::Float64,
        Scalar::Boolean => DataType::Boolean,
        Scalar::Date => DataType::Date32,
        Scalar::Time => DataType::Time64(TimeUnit::Microsecond),
        Scalar::LocalDateTime => DataType::Timestamp(TimeUnit::Microsecond, None),
        Scalar::DateTime => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        Scalar::Bytes => DataType::Binary,
        Scalar::String | Scalar::Decimal | Scalar::Uuid | Scalar::Json | Scalar::Enum => DataType::Utf8,
    }
}

/// The schema of some columns of a collection.
pub fn columns_schema(collection: &Collection, columns: &[usize]) -> SchemaRef {
    fields_schema(columns.iter().map(|id| &collection.fields[*id]))
}

/// The schema of columns; each is nullable, whatever its source promises.
pub(crate) fn fields_schema<'a>(fields: impl Iterator<Item = &'a Field>) -> SchemaRef {
    Arc::new(Schema::new(fields.map(arrow_field).collect::<Vec<_>>()))
}

fn arrow_field(field: &Field) -> ArrowField {
    ArrowField::new(&field.name, arrow_type(field.scalar), true)
}
