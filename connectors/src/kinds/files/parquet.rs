//! Parquet files: columns that have their types.
//!
//! In: a file's bytes. Out: its columns as scalars. *Invariant*: a value that its scalar does not hold is null and known as
//! bad; a column of a type that has no scalar is left out with a warning.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Date32Type, Float32Type, Float64Type, TimestampMicrosecondType};
use arrow_array::{Array, ArrayRef, BooleanArray, Float64Array, StringArray, new_empty_array};
use arrow_cast::cast;
use arrow_schema::{ArrowError, DataType, TimeUnit};
use arrow_select::concat::concat;
use lilong_schema::temporal::{MICROS_PER_DAY, parse_date};
use lilong_schema::value::canonical_decimal;
use lilong_schema::{Field, Scalar};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::obstacle::Obstacle;
use super::settings::TABLE_BYTES;
use super::sheet::Flaw;
use crate::rows::arrow_type;

/// Columns with their scalars.
pub(super) struct Typed {
    pub(super) fields: Vec<Field>,
    pub(super) columns: Vec<ArrayRef>,
    /// Of each column the rows whose cell its scalar does not hold.
    pub(super) bad: Vec<Vec<(usize, Flaw)>>,
    pub(super) rows: usize,
    pub(super) warnings: Vec<String>,
}

/// Reads a file; `most` bytes of memory at most.
pub(super) fn read(bytes: Vec<u8>, most: usize) -> Result<Typed, Obstacle> {
    let too_large = || Obstacle::TooLarge { what: "what it holds takes", most: most as u64, setting: TABLE_BYTES };
    let broken = |error: ArrowError| Obstacle::Broken(Box::new(error));
    let builder = ParquetRecordBatchReaderBuilder::try_new(bytes::Bytes::from(bytes))
        .map_err(|error| Obstacle::Broken(Box::new(error)))?;
    let size: i64 = builder.metadata().row_groups().iter().map(|group| group.total_byte_size().max(0)).sum();
    if size.unsigned_abs() > most as u64 {
        return Err(too_large());
    }
    let schema = builder.schema().clone();
    let mut batches = Vec::new();
    let mut held = 0;
    for batch in builder.build().map_err(|error| Obstacle::Broken(Box::new(error)))? {
        let batch = batch.map_err(broken)?;
        held += batch.get_array_memory_size();
        if held > most {
            return Err(too_large());
        }
        batches.push(batch);
    }
    let rows = batches.iter().map(arrow_array::RecordBatch::num_rows).sum();
    let mut typed = Typed { fields: Vec::new(), columns: Vec::new(), bad: Vec::new(), rows, warnings: Vec::new() };
    for (position, declared) in schema.fields().iter().enumerate() {
        let Some((scalar, scale)) = scalar_of(declared.data_type()) else {
            let (name, kind) = (declared.name(), declared.data_type());
            typed.warnings.push(format!("the column `{name}` is left out: {kind} is not served"));
            continue;
        };
        let mut pieces = vec![new_empty_array(&arrow_type(scalar))];
        let mut bad = Vec::new();
        let mut first = 0;
        for batch in &batches {
            let column = plain(batch.column(position)).map_err(broken)?;
            let (piece, flaws) = convert(&column, scalar).map_err(broken)?;
            bad.extend(flaws.into_iter().map(|row| (first + row, Flaw::Form(scalar))));
            first += column.len();
            pieces.push(piece);
        }
        let pieces: Vec<&dyn Array> = pieces.iter().map(AsRef::as_ref).collect();
        let native = declared.data_type().to_string();
        typed.fields.push(Field { native, scale, ..Field::new(declared.name(), scalar) });
        typed.columns.push(concat(&pieces).map_err(broken)?);
        typed.bad.push(bad);
    }
    Ok(typed)
}

/// The scalar of a type, and the digits behind the point that it declares.
fn scalar_of(kind: &DataType) -> Option<(Scalar, Option<u32>)> {
    Some(match kind {
        DataType::Int8 | DataType::Int16 | DataType::Int32 | DataType::UInt8 | DataType::UInt16 => (Scalar::Int, None),
        DataType::Int64 | DataType::UInt32 => (Scalar::BigInt, None),
        DataType::UInt64 => (Scalar::Unsigned, None),
        DataType::Float16 | DataType::Float32 | DataType::Float64 => (Scalar::Float, None),
        DataType::Decimal32(_, scale)
        | DataType::Decimal64(_, scale)
        | DataType::Decimal128(_, scale)
        | DataType::Decimal256(_, scale) => (Scalar::Decimal, u32::try_from(*scale).ok()),
        DataType::Boolean => (Scalar::Boolean, None),
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => (Scalar::String, None),
        DataType::Date32 | DataType::Date64 => (Scalar::Date, None),
        DataType::Time32(_) | DataType::Time64(_) => (Scalar::Time, None),
        DataType::Timestamp(_, None) => (Scalar::LocalDateTime, None),
        DataType::Timestamp(_, Some(_)) => (Scalar::DateTime, None),
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => {
            (Scalar::Bytes, None)
        }
        DataType::Dictionary(_, inner) => return scalar_of(inner),
        _ => return None,
    })
}

fn plain(column: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    match column.data_type() {
        DataType::Dictionary(_, inner) => cast(column, inner),
        _ => Ok(column.clone()),
    }
}

/// A column as its scalar, and the rows whose value the scalar does not hold.
fn convert(column: &ArrayRef, scalar: Scalar) -> Result<(ArrayRef, Vec<usize>), ArrowError> {
    let converted: ArrayRef = match scalar {
        Scalar::Decimal => {
            let texts = cast(column, &DataType::Utf8)?;
            let texts = texts.as_string::<i32>().iter();
            Arc::new(texts.map(|text| text.and_then(canonical_decimal)).collect::<StringArray>())
        }
        // The shortest text of a single is the number that was meant.
        Scalar::Float if column.data_type() == &DataType::Float32 => {
            let singles = column.as_primitive::<Float32Type>().iter();
            Arc::new(
                singles.map(|value| value.and_then(|value| value.to_string().parse().ok())).collect::<Float64Array>(),
            )
        }
        Scalar::Time => cast(&cast(column, &DataType::Time64(TimeUnit::Nanosecond))?, &arrow_type(scalar))?,
        scalar => cast(column, &arrow_type(scalar))?,
    };
    let first_day = parse_date("0001-01-01").unwrap_or(0);
    let last_day = parse_date("9999-12-31").unwrap_or(0);
    let days = i64::from(first_day)..=i64::from(last_day);
    let holds: Box<dyn Fn(usize) -> bool> = match scalar {
        Scalar::Float => {
            let values = converted.as_primitive::<Float64Type>().clone();
            Box::new(move |row| values.value(row).is_finite())
        }
        Scalar::Date => {
            let values = converted.as_primitive::<Date32Type>().clone();
            Box::new(move |row| days.contains(&i64::from(values.value(row))))
        }
        Scalar::LocalDateTime | Scalar::DateTime => {
            let values = converted.as_primitive::<TimestampMicrosecondType>().clone();
            Box::new(move |row| days.contains(&values.value(row).div_euclid(MICROS_PER_DAY)))
        }
        _ => Box::new(|_| true),
    };
    // What a cast could not hold it has made null.
    let is_bad = |row: &usize| column.is_valid(*row) && (converted.is_null(*row) || !holds(*row));
    let bad: Vec<usize> = (0..column.len()).filter(is_bad).collect();
    if bad.is_empty() {
        return Ok((converted, bad));
    }
    let mask: BooleanArray = (0..column.len()).map(|row| Some(bad.binary_search(&row).is_ok())).collect();
    Ok((arrow_select::nullif::nullif(&converted, &mask)?, bad))
}
