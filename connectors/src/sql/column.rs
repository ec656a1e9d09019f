//! A column of a batch while it is filled, typed as its scalar's cells are.
//!
//! In: the Arrow type of a column and cells, which each kind reads in its own way. Out: the column. *Invariant*: a column of
//! few cells costs few instructions: Arrow's own builders make their arrays by way of untyped ones, which costs a request for
//! one row more than reading it.

use std::sync::Arc;

use arrow_array::types::{
    ArrowPrimitiveType, Date32Type, Float64Type, Int32Type, Int64Type, Time64MicrosecondType, TimestampMicrosecondType,
    UInt64Type,
};
use arrow_array::{ArrayRef, BinaryArray, BooleanArray, PrimitiveArray, StringArray, TimestampMicrosecondArray};
use arrow_buffer::{BooleanBuffer, NullBuffer, NullBufferBuilder, OffsetBuffer, ScalarBuffer};
use arrow_schema::{ArrowError, DataType, TimeUnit};

/// Bytes that a text cell is taken to need at first.
const TEXT: usize = 16;

/// See the module.
pub(crate) enum Cells {
    Boolean(Booleans),
    Int(Numbers<Int32Type>),
    BigInt(Numbers<Int64Type>),
    Unsigned(Numbers<UInt64Type>),
    Float(Numbers<Float64Type>),
    Text(Texts),
    Bytes(Pieces),
    Date(Numbers<Date32Type>),
    Time(Numbers<Time64MicrosecondType>),
    Moment(Moments),
}

impl Cells {
    /// An empty column of one of the types of [`arrow_type`](crate::rows::arrow_type), with room for `capacity` cells.
    pub(crate) fn new(kind: &DataType, capacity: usize) -> Self {
        match kind {
            DataType::Boolean => Cells::Boolean(Booleans::new(capacity)),
            DataType::Int32 => Cells::Int(Numbers::new(capacity)),
            DataType::Int64 => Cells::BigInt(Numbers::new(capacity)),
            DataType::UInt64 => Cells::Unsigned(Numbers::new(capacity)),
            DataType::Float64 => Cells::Float(Numbers::new(capacity)),
            DataType::Date32 => Cells::Date(Numbers::new(capacity)),
            DataType::Time64(TimeUnit::Microsecond) => Cells::Time(Numbers::new(capacity)),
            DataType::Timestamp(TimeUnit::Microsecond, zone) => {
                Cells::Moment(Moments { micros: Numbers::new(capacity), zone: zone.clone() })
            }
            DataType::Binary => Cells::Bytes(Pieces::new(capacity)),
            _ => Cells::Text(Texts(Pieces::new(capacity))),
        }
    }

    /// Adds a null.
    pub(crate) fn push_null(&mut self) {
        match self {
            Cells::Boolean(cells) => cells.append_null(),
            Cells::Int(cells) => cells.append_null(),
            Cells::BigInt(cells) => cells.append_null(),
            Cells::Unsigned(cells) => cells.append_null(),
            Cells::Float(cells) => cells.append_null(),
            Cells::Text(cells) => cells.append_null(),
            Cells::Bytes(cells) => cells.append_null(),
            Cells::Date(cells) => cells.append_null(),
            Cells::Time(cells) => cells.append_null(),
            Cells::Moment(cells) => cells.append_null(),
        }
    }

    /// The column; an error if its cells take more than 2 GiB.
    pub(crate) fn finish(self) -> Result<ArrayRef, ArrowError> {
        Ok(match self {
            Cells::Boolean(cells) => Arc::new(cells.finish()),
            Cells::Int(cells) => Arc::new(cells.finish()?),
            Cells::BigInt(cells) => Arc::new(cells.finish()?),
            Cells::Unsigned(cells) => Arc::new(cells.finish()?),
            Cells::Float(cells) => Arc::new(cells.finish()?),
            Cells::Text(cells) => Arc::new(cells.finish()?),
            Cells::Bytes(cells) => Arc::new(cells.finish()?),
            Cells::Date(cells) => Arc::new(cells.finish()?),
            Cells::Time(cells) => Arc::new(cells.finish()?),
            Cells::Moment(cells) => Arc::new(cells.finish()?),
        })
    }
}

/// Cells of a fixed width.
pub(crate) struct Numbers<T: ArrowPrimitiveType> {
    cells: Vec<T::Native>,
    nulls: NullBufferBuilder,
}

impl<T: ArrowPrimitiveType> Numbers<T> {
    fn new(capacity: usize) -> Self {
        Self { cells: Vec::with_capacity(capacity), nulls: NullBufferBuilder::new(capacity) }
    }

    pub(crate) fn append_value(&mut self, value: T::Native) {
        self.cells.push(value);
        self.nulls.append_non_null();
    }

    fn append_null(&mut self) {
        self.cells.push(T::Native::default());
        self.nulls.append_null();
    }

    fn finish(self) -> Result<PrimitiveArray<T>, ArrowError> {
        PrimitiveArray::try_new(ScalarBuffer::from(self.cells), nulls(self.nulls))
    }
}

/// Moments, of a zone or of none.
pub(crate) struct Moments {
    micros: Numbers<TimestampMicrosecondType>,
    zone: Option<Arc<str>>,
}

impl Moments {
    pub(crate) fn append_value(&mut self, micros: i64) {
        self.micros.append_value(micros);
    }

    fn append_null(&mut self) {
        self.micros.append_null();
    }

    fn finish(self) -> Result<TimestampMicrosecondArray, ArrowError> {
        Ok(self.micros.finish()?.with_timezone_opt(self.zone))
    }
}

/// Yes and no.
pub(crate) struct Booleans {
    cells: Vec<bool>,
    nulls: NullBufferBuilder,
}

impl Booleans {
    fn new(capacity: usize) -> Self {
        Self { cells: Vec::with_capacity(capacity), nulls: NullBufferBuilder::new(capacity) }
    }

    pub(crate) fn append_value(&mut self, value: bool) {
        self.cells.push(value);
        self.nulls.append_non_null();
    }

    fn append_null(&mut self) {
        self.cells.push(false);
        self.nulls.append_null();
    }

    fn finish(self) -> BooleanArray {
        BooleanArray::new(BooleanBuffer::from(self.cells), nulls(self.nulls))
    }
}

/// Cells of any length, one behind the other.
pub(crate) struct Pieces {
    /// Where each begins, and where the last ends.
    offsets: Vec<i32>,
    bytes: Vec<u8>,
    nulls: NullBufferBuilder,
    is_too_long: bool,
}

impl Pieces {
    fn new(capacity: usize) -> Self {
        let mut offsets = Vec::with_capacity(capacity + 1);
        offsets.push(0);
        let nulls = NullBufferBuilder::new(capacity);
        Self { offsets, bytes: Vec::with_capacity(capacity * TEXT), nulls, is_too_long: false }
    }

    pub(crate) fn append_value(&mut self, value: impl AsRef<[u8]>) {
        self.bytes.extend_from_slice(value.as_ref());
        self.end();
        self.nulls.append_non_null();
    }

    fn append_null(&mut self) {
        self.end();
        self.nulls.append_null();
    }

    fn end(&mut self) {
        let end = i32::try_from(self.bytes.len());
        self.is_too_long |= end.is_err();
        self.offsets.push(end.unwrap_or(i32::MAX));
    }

    fn parts(self) -> Result<(OffsetBuffer<i32>, Vec<u8>, Option<NullBuffer>), ArrowError> {
        if self.is_too_long {
            return Err(ArrowError::OffsetOverflowError(self.bytes.len()));
        }
        Ok((OffsetBuffer::new(ScalarBuffer::from(self.offsets)), self.bytes, nulls(self.nulls)))
    }

    fn finish(self) -> Result<BinaryArray, ArrowError> {
        let (offsets, bytes, nulls) = self.parts()?;
        BinaryArray::try_new(offsets, bytes.into(), nulls)
    }
}

/// Texts, one behind the other.
pub(crate) struct Texts(Pieces);

impl Texts {
    pub(crate) fn append_value(&mut self, value: impl AsRef<str>) {
        self.0.append_value(value.as_ref());
    }

    fn append_null(&mut self) {
        self.0.append_null();
    }

    fn finish(self) -> Result<StringArray, ArrowError> {
        let (offsets, bytes, nulls) = self.0.parts()?;
        StringArray::try_new(offsets, bytes.into(), nulls)
    }
}

fn nulls(mut nulls: NullBufferBuilder) -> Option<NullBuffer> {
    nulls.finish()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use arrow_array::Array;
    use arrow_array::builder::{
        BinaryBuilder, BooleanBuilder, Int32Builder, StringBuilder, TimestampMicrosecondBuilder,
    };

    use super::*;

    /// A column of no cells, of one, of a null alone, and of more than was reckoned with.
    const SHAPES: [&[bool]; 5] = [&[], &[true], &[false], &[true, false, true, true], &[false, true]];

    #[test]
    fn columns_are_those_that_arrows_builders_make() {
        for shape in SHAPES {
            let mut ints = (Int32Builder::new(), Cells::new(&DataType::Int32, 1));
            let mut texts = (StringBuilder::new(), Cells::new(&DataType::Utf8, 1));
            let mut bytes = (BinaryBuilder::new(), Cells::new(&DataType::Binary, 1));
            let mut booleans = (BooleanBuilder::new(), Cells::new(&DataType::Boolean, 1));
            let zoned = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
            let mut moments = (TimestampMicrosecondBuilder::new().with_timezone("UTC"), Cells::new(&zoned, 1));
            for (at, is_value) in shape.iter().enumerate() {
                let text = "街".repeat(at);
                ints.0.append_option(is_value.then_some(at as i32));
                texts.0.append_option(is_value.then_some(&text));
                bytes.0.append_option(is_value.then_some(&text));
                booleans.0.append_option(is_value.then_some(at == 2));
                moments.0.append_option(is_value.then_some(at as i64));
                let all = [&mut ints.1, &mut texts.1, &mut bytes.1, &mut booleans.1, &mut moments.1];
                for cells in all {
                    match cells {
                        cells if !is_value => cells.push_null(),
                        Cells::Int(cells) => cells.append_value(at as i32),
                        Cells::Text(cells) => cells.append_value(&text),
                        Cells::Bytes(cells) => cells.append_value(&text),
                        Cells::Boolean(cells) => cells.append_value(at == 2),
                        Cells::Moment(cells) => cells.append_value(at as i64),
                        _ => unreachable!(),
                    }
                }
            }
            assert_eq!(ints.1.finish().unwrap().to_data(), ints.0.finish().into_data(), "{shape:?}");
            assert_eq!(texts.1.finish().unwrap().to_data(), texts.0.finish().into_data(), "{shape:?}");
            assert_eq!(bytes.1.finish().unwrap().to_data(), bytes.0.finish().into_data(), "{shape:?}");
            assert_eq!(booleans.1.finish().unwrap().to_data(), booleans.0.finish().into_data(), "{shape:?}");
            assert_eq!(moments.1.finish().unwrap().to_data(), moments.0.finish().into_data(), "{shape:?}");
        }
    }
}
