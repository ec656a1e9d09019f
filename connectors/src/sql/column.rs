//! A column of a batch while it is filled, typed as its scalar's cells are.
//!
//! In: the Arrow type of a column and cells, which each kind reads in its own way. Out: the column.

use std::sync::Arc;

use arrow_array::builder::{BinaryBuilder, BooleanBuilder};
use arrow_array::types::{
    ArrowPrimitiveType, Date32Type, Float64Type, Int32Type, Int64Type, Time64MicrosecondType, TimestampMicrosecondType,
    UInt64Type,
};
use arrow_array::{ArrayRef, PrimitiveArray, StringArray};
use arrow_buffer::{Buffer, NullBufferBuilder, OffsetBuffer};
use arrow_schema::{DataType, TimeUnit};

/// Bytes that a text cell is taken to need at first.
const TEXT: usize = 16;

/// See the module.
pub(crate) enum Cells {
    Boolean(BooleanBuilder),
    Int(Numbers<Int32Type>),
    BigInt(Numbers<Int64Type>),
    Unsigned(Numbers<UInt64Type>),
    Float(Numbers<Float64Type>),
    Text(Texts),
    Bytes(BinaryBuilder),
    Date(Numbers<Date32Type>),
    Time(Numbers<Time64MicrosecondType>),
    Moment(Numbers<TimestampMicrosecondType>),
}

/// Numbers while they are gathered. For the few rows that most fetches have, Arrow's own builders take longer to make and to
/// empty than to fill.
pub(crate) struct Numbers<T: ArrowPrimitiveType> {
    kind: DataType,
    values: Vec<T::Native>,
    nulls: NullBufferBuilder,
}

impl<T: ArrowPrimitiveType> Numbers<T> {
    fn new(kind: &DataType, capacity: usize) -> Self {
        Self { kind: kind.clone(), values: Vec::with_capacity(capacity), nulls: NullBufferBuilder::new(capacity) }
    }

    /// Adds a number.
    pub(crate) fn append_value(&mut self, value: T::Native) {
        self.values.push(value);
        self.nulls.append_non_null();
    }

    /// Adds a null.
    pub(crate) fn append_null(&mut self) {
        self.values.push(T::Native::default());
        self.nulls.append_null();
    }

    fn finish(&mut self) -> PrimitiveArray<T> {
        let values = std::mem::take(&mut self.values).into();
        PrimitiveArray::new(values, self.nulls.finish()).with_data_type(self.kind.clone())
    }
}

/// Texts while they are gathered.
pub(crate) struct Texts {
    ends: Vec<i32>,
    bytes: Vec<u8>,
    nulls: NullBufferBuilder,
}

impl Texts {
    fn new(capacity: usize) -> Self {
        let mut ends = Vec::with_capacity(capacity + 1);
        ends.push(0);
        Self { ends, bytes: Vec::with_capacity(capacity * TEXT), nulls: NullBufferBuilder::new(capacity) }
    }

    /// Adds a text.
    pub(crate) fn append_value(&mut self, text: impl AsRef<str>) {
        self.bytes.extend_from_slice(text.as_ref().as_bytes());
        self.end();
        self.nulls.append_non_null();
    }

    /// Adds a null.
    pub(crate) fn append_null(&mut self) {
        self.end();
        self.nulls.append_null();
    }

    /// A batch is cut long before its texts have two gigabytes; one text beyond that is refused as Arrow refuses it.
    fn end(&mut self) {
        self.ends.push(i32::try_from(self.bytes.len()).unwrap_or(i32::MIN));
    }

    fn finish(&mut self) -> StringArray {
        let (ends, bytes) = (std::mem::take(&mut self.ends), std::mem::take(&mut self.bytes));
        StringArray::new(OffsetBuffer::new(ends.into()), Buffer::from_vec(bytes), self.nulls.finish())
    }
}

/// Does the same to whichever builder it is.
macro_rules! each {
    ($cells:expr, $builder:pat => $done:expr) => {
        match $cells {
            Cells::Boolean($builder) => $done,
            Cells::Int($builder) => $done,
            Cells::BigInt($builder) => $done,
            Cells::Unsigned($builder) => $done,
            Cells::Float($builder) => $done,
            Cells::Text($builder) => $done,
            Cells::Bytes($builder) => $done,
            Cells::Date($builder) => $done,
            Cells::Time($builder) => $done,
            Cells::Moment($builder) => $done,
        }
    };
}

impl Cells {
    /// An empty column of one of the types of [`arrow_type`](crate::rows::arrow_type), with room for `capacity` cells.
    pub(crate) fn new(kind: &DataType, capacity: usize) -> Self {
        match kind {
            DataType::Boolean => Cells::Boolean(BooleanBuilder::with_capacity(capacity)),
            DataType::Int32 => Cells::Int(Numbers::new(kind, capacity)),
            DataType::Int64 => Cells::BigInt(Numbers::new(kind, capacity)),
            DataType::UInt64 => Cells::Unsigned(Numbers::new(kind, capacity)),
            DataType::Float64 => Cells::Float(Numbers::new(kind, capacity)),
            DataType::Date32 => Cells::Date(Numbers::new(kind, capacity)),
            DataType::Time64(TimeUnit::Microsecond) => Cells::Time(Numbers::new(kind, capacity)),
            DataType::Timestamp(TimeUnit::Microsecond, _) => Cells::Moment(Numbers::new(kind, capacity)),
            DataType::Binary => Cells::Bytes(BinaryBuilder::with_capacity(capacity, capacity * TEXT)),
            _ => Cells::Text(Texts::new(capacity)),
        }
    }

    /// Adds a null.
    pub(crate) fn push_null(&mut self) {
        each!(self, cells => cells.append_null());
    }

    /// The column.
    pub(crate) fn finish(self) -> ArrayRef {
        each!(self, mut cells => Arc::new(cells.finish()))
    }
}
