//! A column of a batch while it is filled, typed as its scalar's cells are.
//!
//! In: the Arrow type of a column and cells, which each kind reads in its own way. Out: the column.

use std::sync::Arc;

use arrow_array::ArrayRef;
use arrow_array::builder::{
    BinaryBuilder, BooleanBuilder, Date32Builder, Float64Builder, Int32Builder, Int64Builder, StringBuilder,
    Time64MicrosecondBuilder, TimestampMicrosecondBuilder, UInt64Builder,
};
use arrow_schema::{DataType, TimeUnit};

/// Bytes that a text cell is taken to need at first.
const TEXT: usize = 16;

/// See the module.
pub(crate) enum Cells {
    Boolean(BooleanBuilder),
    Int(Int32Builder),
    BigInt(Int64Builder),
    Unsigned(UInt64Builder),
    Float(Float64Builder),
    Text(StringBuilder),
    Bytes(BinaryBuilder),
    Date(Date32Builder),
    Time(Time64MicrosecondBuilder),
    Moment(TimestampMicrosecondBuilder),
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
            DataType::Int32 => Cells::Int(Int32Builder::with_capacity(capacity)),
            DataType::Int64 => Cells::BigInt(Int64Builder::with_capacity(capacity)),
            DataType::UInt64 => Cells::Unsigned(UInt64Builder::with_capacity(capacity)),
            DataType::Float64 => Cells::Float(Float64Builder::with_capacity(capacity)),
            DataType::Date32 => Cells::Date(Date32Builder::with_capacity(capacity)),
            DataType::Time64(TimeUnit::Microsecond) => Cells::Time(Time64MicrosecondBuilder::with_capacity(capacity)),
            DataType::Timestamp(TimeUnit::Microsecond, zone) => {
                Cells::Moment(TimestampMicrosecondBuilder::with_capacity(capacity).with_timezone_opt(zone.clone()))
            }
            DataType::Binary => Cells::Bytes(BinaryBuilder::with_capacity(capacity, capacity * TEXT)),
            _ => Cells::Text(StringBuilder::with_capacity(capacity, capacity * TEXT)),
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
