//! Rows on their way from a source: Arrow record batches, with the cells that could not be represented beside them.

use std::sync::Arc;

use arrow_array::{RecordBatch, RecordBatchOptions, UInt32Array};
use arrow_schema::{ArrowError, DataType, Field as ArrowField, Schema, SchemaRef, TimeUnit};
use arrow_select::concat::concat_batches;
use arrow_select::take::take_arrays;
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

impl Rows {
    /// Pieces one after the other; faults in the order of rows and columns.
    pub(crate) fn joined(schema: &SchemaRef, pieces: &[Self]) -> std::result::Result<Self, ArrowError> {
        let (mut faults, mut before) = (Vec::new(), 0);
        for piece in pieces {
            faults.extend(piece.faults.iter().map(|fault| CellFault { row: fault.row + before, ..*fault }));
            before += piece.batch.num_rows();
        }
        faults.sort_unstable_by_key(|fault| (fault.row, fault.column));
        let batch = match pieces {
            [only] => only.batch.clone(),
            _ => concat_batches(schema, pieces.iter().map(|piece| &piece.batch))?,
        };
        Ok(Self { batch, faults })
    }

    /// Some of the rows in the order given, each as often as it is given; faults in the order of rows and columns.
    pub(crate) fn take(&self, rows: &[u32]) -> std::result::Result<Self, ArrowError> {
        let mut faults = self.faults.clone();
        faults.sort_unstable_by_key(|fault| (fault.row, fault.column));
        let moved = |(new, old): (usize, &u32)| {
            let old = *old as usize;
            let start = faults.partition_point(|fault| fault.row < old);
            let own = faults[start..].iter().take_while(move |fault| fault.row == old);
            own.map(move |fault| CellFault { row: new, ..*fault })
        };
        let taken = if faults.is_empty() { Vec::new() } else { rows.iter().enumerate().flat_map(moved).collect() };
        let columns = take_arrays(self.batch.columns(), &UInt32Array::from(rows.to_vec()), None)?;
        // Rows without columns have nothing else to tell their number.
        let options = RecordBatchOptions::new().with_row_count(Some(rows.len()));
        let batch = RecordBatch::try_new_with_options(self.batch.schema(), columns, &options)?;
        Ok(Self { batch, faults: taken })
    }

    /// The first columns.
    pub(crate) fn narrowed(&self, width: usize) -> std::result::Result<Self, ArrowError> {
        let batch = self.batch.project(&(0..width).collect::<Vec<_>>())?;
        let faults = self.faults.iter().filter(|fault| fault.column < width).copied().collect();
        Ok(Self { batch, faults })
    }
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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use arrow_array::Int32Array;
    use arrow_array::cast::AsArray;
    use arrow_array::types::Int32Type;

    use super::*;

    fn rows(cells: &[Option<i32>], faults: &[(usize, usize)]) -> Rows {
        let field = |name| ArrowField::new(name, DataType::Int32, true);
        let column = Arc::new(Int32Array::from(cells.to_vec()));
        let batch =
            RecordBatch::try_new(Arc::new(Schema::new(vec![field("a"), field("b")])), vec![column.clone(), column]);
        let faults = faults.iter().map(|(row, column)| CellFault { column: *column, row: *row }).collect();
        Rows { batch: batch.unwrap(), faults }
    }

    fn read(rows: &Rows) -> (Vec<Option<i32>>, Vec<(usize, usize)>) {
        let cells = rows.batch.column(0).as_primitive::<Int32Type>().iter().collect();
        (cells, rows.faults.iter().map(|fault| (fault.row, fault.column)).collect())
    }

    #[test]
    fn faults_move_with_their_rows() {
        let one = rows(&[Some(1), None, None], &[(2, 0), (1, 1), (1, 0)]);
        let other = rows(&[None, Some(5)], &[(0, 1), (0, 0)]);
        let joined = Rows::joined(&one.batch.schema(), &[one.clone(), other]).unwrap();
        let faults = vec![(1, 0), (1, 1), (2, 0), (3, 0), (3, 1)];
        assert_eq!(read(&joined), (vec![Some(1), None, None, None, Some(5)], faults));
        let taken = joined.take(&[4, 2, 0, 2, 1]).unwrap();
        let faults = vec![(1, 0), (3, 0), (4, 0), (4, 1)];
        assert_eq!(read(&taken), (vec![Some(5), None, Some(1), None, None], faults));
        assert_eq!(read(&one.take(&[2, 1]).unwrap()).1, [(0, 0), (1, 0), (1, 1)]);
        let narrowed = taken.narrowed(1).unwrap();
        assert_eq!((narrowed.batch.num_columns(), read(&narrowed).1), (1, vec![(1, 0), (3, 0), (4, 0)]));
    }

    #[test]
    fn rows_without_columns_keep_their_number() {
        let one = rows(&[Some(1), None, Some(3)], &[(1, 0)]).narrowed(0).unwrap();
        assert_eq!((one.batch.num_rows(), one.faults.len()), (3, 0));
        assert_eq!(one.take(&[2, 0]).unwrap().batch.num_rows(), 2);
        assert_eq!(Rows::joined(&one.batch.schema(), &[one.clone(), one]).unwrap().batch.num_rows(), 6);
    }
}
