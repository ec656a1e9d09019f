//! Parquet files, written by the library that reads them: every type, with the values at its edges.

use std::sync::Arc;

use arrow_array::builder::{BinaryBuilder, StringDictionaryBuilder};
use arrow_array::types::Int32Type;
use arrow_array::{
    Array, ArrayRef, BooleanArray, Date32Array, Decimal128Array, Float32Array, Float64Array, Int8Array, Int64Array,
    RecordBatch, StringArray, StructArray, Time32MillisecondArray, TimestampMillisecondArray, UInt64Array,
};
use arrow_cast::cast;
use arrow_cast::display::array_value_to_string;
use arrow_schema::{DataType, Field};
use lilong_schema::Scalar;
use parquet::arrow::ArrowWriter;

use super::super::parquet::{Typed, read};

/// A file of these columns, in row groups of two rows.
fn file(columns: Vec<(&str, ArrayRef)>) -> Vec<u8> {
    let batch = RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, array)| (name, array, true)));
    let batch = batch.unwrap();
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), None).unwrap();
    for first in (0..batch.num_rows()).step_by(2) {
        writer.write(&batch.slice(first, 2.min(batch.num_rows() - first))).unwrap();
        writer.flush().unwrap();
    }
    writer.close().unwrap();
    bytes
}

fn texts(typed: &Typed, column: usize) -> Vec<String> {
    let array = &typed.columns[column];
    // The library prints instants only where it knows the names of time zones.
    let (array, end) = match array.data_type() {
        DataType::Timestamp(unit, Some(_)) => (cast(array, &DataType::Timestamp(*unit, None)).unwrap(), "Z"),
        _ => (array.clone(), ""),
    };
    let text = |row| {
        if array.is_null(row) { "-".to_owned() } else { array_value_to_string(&array, row).unwrap() + end }
    };
    (0..array.len()).map(text).collect()
}

#[test]
fn every_type_has_its_scalar_and_what_a_scalar_does_not_hold_is_known_as_bad() {
    let mut words = StringDictionaryBuilder::<Int32Type>::new();
    for word in ["ja", "nein", "ja"] {
        words.append_value(word);
    }
    let mut blobs = BinaryBuilder::new();
    blobs.append_value([0, 255]);
    blobs.append_null();
    blobs.append_value([]);
    let money = Decimal128Array::from(vec![Some(i128::from(i64::MAX) * 100), None, Some(-5)]);
    let day_after_9999 = 2_932_897;
    let columns: Vec<(&str, ArrayRef, Scalar, [&str; 3], &[usize])> = vec![
        ("small", Arc::new(Int8Array::from(vec![Some(-128), None, Some(127)])), Scalar::Int, ["-128", "-", "127"], &[]),
        (
            "large",
            Arc::new(Int64Array::from(vec![Some(i64::MIN), Some(i64::MAX), None])),
            Scalar::BigInt,
            ["-9223372036854775808", "9223372036854775807", "-"],
            &[],
        ),
        (
            "unsigned",
            Arc::new(UInt64Array::from(vec![Some(u64::MAX), Some(0), None])),
            Scalar::Unsigned,
            ["18446744073709551615", "0", "-"],
            &[],
        ),
        (
            "single",
            Arc::new(Float32Array::from(vec![Some(0.1), Some(f32::INFINITY), None])),
            Scalar::Float,
            ["0.1", "-", "-"],
            &[1],
        ),
        (
            "double",
            Arc::new(Float64Array::from(vec![Some(f64::NAN), Some(-0.5), None])),
            Scalar::Float,
            ["-", "-0.5", "-"],
            &[0],
        ),
        (
            "money",
            Arc::new(money.with_precision_and_scale(30, 2).unwrap()),
            Scalar::Decimal,
            ["9223372036854775807", "-", "-0.05"],
            &[],
        ),
        (
            "agreed",
            Arc::new(BooleanArray::from(vec![Some(true), None, Some(false)])),
            Scalar::Boolean,
            ["true", "-", "false"],
            &[],
        ),
        (
            "name",
            Arc::new(StringArray::from(vec![Some("姓名"), Some(""), None])),
            Scalar::String,
            ["姓名", "", "-"],
            &[],
        ),
        ("word", Arc::new(words.finish()), Scalar::String, ["ja", "nein", "ja"], &[]),
        (
            "born",
            Arc::new(Date32Array::from(vec![Some(0), Some(day_after_9999), None])),
            Scalar::Date,
            ["1970-01-01", "-", "-"],
            &[1],
        ),
        (
            "at",
            Arc::new(Time32MillisecondArray::from(vec![Some(1), Some(86_399_999), None])),
            Scalar::Time,
            ["00:00:00.001", "23:59:59.999", "-"],
            &[],
        ),
        (
            "local",
            Arc::new(TimestampMillisecondArray::from(vec![Some(1), Some(i64::MAX), None])),
            Scalar::LocalDateTime,
            ["1970-01-01T00:00:00.001", "-", "-"],
            &[1],
        ),
        (
            "instant",
            Arc::new(TimestampMillisecondArray::from(vec![Some(0), None, Some(-1)]).with_timezone("+08:00")),
            Scalar::DateTime,
            ["1970-01-01T00:00:00Z", "-", "1969-12-31T23:59:59.999Z"],
            &[],
        ),
        (
            "zoned",
            Arc::new(TimestampMillisecondArray::from(vec![Some(0), None, None]).with_timezone("Asia/Shanghai")),
            Scalar::DateTime,
            ["1970-01-01T00:00:00Z", "-", "-"],
            &[],
        ),
        ("blob", Arc::new(blobs.finish()), Scalar::Bytes, ["00ff", "-", ""], &[]),
    ];
    let mut all: Vec<(&str, ArrayRef)> = columns.iter().map(|(name, array, ..)| (*name, array.clone())).collect();
    let inner: ArrayRef = Arc::new(Int64Array::from(vec![1, 2, 3]));
    let nested = StructArray::from(vec![(Arc::new(Field::new("inner", DataType::Int64, false)), inner)]);
    all.push(("nested", Arc::new(nested)));
    let typed = read(file(all), 1 << 20).unwrap();
    assert_eq!(typed.rows, 3);
    assert_eq!(typed.fields.len(), columns.len());
    assert!(typed.warnings.len() == 1 && typed.warnings[0].contains("`nested`"), "{:?}", typed.warnings);
    for (at, (name, _, scalar, expected, bad)) in columns.iter().enumerate() {
        let field = &typed.fields[at];
        assert_eq!((field.name.as_str(), field.scalar), (*name, *scalar));
        assert_eq!(texts(&typed, at), expected, "{name}");
        let rows: Vec<usize> = typed.bad[at].iter().map(|(row, _)| *row).collect();
        assert_eq!(rows, *bad, "{name}");
    }
}

#[test]
fn a_file_without_rows_has_its_columns() {
    let none: ArrayRef = Arc::new(Int64Array::from(Vec::<i64>::new()));
    let typed = read(file(vec![("id", none)]), 1 << 20).unwrap();
    assert_eq!((typed.rows, typed.fields.len(), typed.columns[0].len()), (0, 1, 0));
}

#[test]
fn a_file_that_would_take_more_memory_than_allowed_is_refused() {
    let many: ArrayRef = Arc::new(Int64Array::from_iter_values(0..10_000));
    assert!(read(file(vec![("id", many)]), 1_000).is_err());
}
