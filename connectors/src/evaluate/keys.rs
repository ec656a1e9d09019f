//! Canonical texts of keys: how keys of different types meet (`5` meets `"5"`, not `"05"`).
//!
//! In: a column and its scalar. Out: its texts, or the same keys as another scalar's column. *Invariant*: a key is turned
//! into another scalar only if that scalar's canonical text is the same; what cannot be is null.

use std::sync::Arc;

use arrow_array::builder::StringBuilder;
use arrow_array::cast::AsArray;
use arrow_array::types::{
    Date32Type, Int32Type, Int64Type, Time64MicrosecondType, TimestampMicrosecondType, UInt64Type,
};
use arrow_array::{
    Array, ArrayRef, BooleanArray, Date32Array, Int32Array, Int64Array, StringArray, Time64MicrosecondArray,
    TimestampMicrosecondArray, UInt64Array,
};
use lilong_schema::{Normalizer, Scalar, temporal};

use super::{Error, Result, expect_type};
use crate::rows::arrow_type;

/// The canonical text of each key: integers and decimals without needless zeros, UUIDs in lower case, ISO dates and
/// times. `Float`, `JSON` and `Bytes` are no keys.
pub fn canonical_texts(array: &ArrayRef, scalar: Scalar) -> Result<StringArray> {
    expect_type(array, &arrow_type(scalar))?;
    Ok(match scalar {
        Scalar::String | Scalar::Decimal | Scalar::Uuid | Scalar::Enum => array.as_string().clone(),
        Scalar::Int => write(array.as_primitive::<Int32Type>().iter(), 8, |value, out| {
            write_integer(value, out);
        }),
        Scalar::BigInt => write(array.as_primitive::<Int64Type>().iter(), 12, write_integer),
        Scalar::Unsigned => write(array.as_primitive::<UInt64Type>().iter(), 12, write_integer),
        Scalar::Boolean => write(array.as_boolean().iter(), 5, |value, out| {
            out.push_str(if value { "true" } else { "false" });
        }),
        Scalar::Date => write(array.as_primitive::<Date32Type>().iter(), 10, temporal::write_date),
        Scalar::Time => write(array.as_primitive::<Time64MicrosecondType>().iter(), 15, temporal::write_time),
        Scalar::LocalDateTime => {
            write(array.as_primitive::<TimestampMicrosecondType>().iter(), 26, temporal::write_local)
        }
        Scalar::DateTime => write(array.as_primitive::<TimestampMicrosecondType>().iter(), 27, |value, out| {
            temporal::write_local(value, out);
            out.push('Z');
        }),
        Scalar::Float | Scalar::Json | Scalar::Bytes => {
            return Err(Error::Unsuited { scalar, used_as: "a key" });
        }
    })
}

/// Canonical texts as keys of a scalar; a text that is not the canonical text of one is null.
pub fn parse_canonical(texts: &StringArray, scalar: Scalar) -> Result<ArrayRef> {
    let mut scratch = String::new();
    // A parser that is more lenient than the canonical form is held to it by writing its value again.
    let mut same = |text: &str, value: i64, write: fn(i64, &mut String)| {
        scratch.clear();
        write(value, &mut scratch);
        (scratch == text).then_some(value)
    };
    Ok(match scalar {
        Scalar::String | Scalar::Enum => Arc::new(texts.clone()),
        Scalar::Decimal => keep(texts, is_canonical_decimal),
        Scalar::Uuid => keep(texts, is_canonical_uuid),
        Scalar::Int => Arc::new(texts.iter().map(|text| parse_integer(text?)).collect::<Int32Array>()),
        Scalar::BigInt => Arc::new(texts.iter().map(|text| parse_integer(text?)).collect::<Int64Array>()),
        Scalar::Unsigned => Arc::new(texts.iter().map(|text| parse_integer(text?)).collect::<UInt64Array>()),
        Scalar::Boolean => Arc::new(
            texts
                .iter()
                .map(|text| match text? {
                    "true" => Some(true),
                    "false" => Some(false),
                    _ => None,
                })
                .collect::<BooleanArray>(),
        ),
        Scalar::Date => Arc::new(texts.iter().map(|text| temporal::parse_date(text?)).collect::<Date32Array>()),
        Scalar::Time => Arc::new(
            texts
                .iter()
                .map(|text| same(text?, temporal::parse_time(text?)?, temporal::write_time))
                .collect::<Time64MicrosecondArray>(),
        ),
        Scalar::LocalDateTime => Arc::new(
            texts
                .iter()
                .map(|text| same(text?, temporal::parse_local(text?)?, temporal::write_local))
                .collect::<TimestampMicrosecondArray>(),
        ),
        Scalar::DateTime => {
            let values = texts.iter().map(|text| {
                let local = text?.strip_suffix('Z')?;
                same(local, temporal::parse_local(local)?, temporal::write_local)
            });
            Arc::new(values.collect::<TimestampMicrosecondArray>().with_timezone("UTC"))
        }
        Scalar::Float | Scalar::Json | Scalar::Bytes => {
            return Err(Error::Unsuited { scalar, used_as: "a key" });
        }
    })
}

/// Keys of one scalar as keys of another, by canonical text; what cannot be in the other is null.
pub fn convert(array: &ArrayRef, from: Scalar, to: Scalar) -> Result<ArrayRef> {
    expect_type(array, &arrow_type(from))?;
    match (from, to) {
        (from, to) if from == to && from.is_key() => Ok(array.clone()),
        (Scalar::Int, Scalar::BigInt) => {
            Ok(Arc::new(array.as_primitive::<Int32Type>().unary::<_, Int64Type>(i64::from)))
        }
        (Scalar::BigInt, Scalar::Int) => {
            let values = array.as_primitive::<Int64Type>();
            Ok(Arc::new(values.unary_opt::<_, Int32Type>(|value| value.try_into().ok())))
        }
        (Scalar::BigInt, Scalar::Unsigned) => {
            let values = array.as_primitive::<Int64Type>();
            Ok(Arc::new(values.unary_opt::<_, UInt64Type>(|value| value.try_into().ok())))
        }
        (Scalar::Unsigned, Scalar::BigInt) => {
            let values = array.as_primitive::<UInt64Type>();
            Ok(Arc::new(values.unary_opt::<_, Int64Type>(|value| value.try_into().ok())))
        }
        _ => parse_canonical(&canonical_texts(array, from)?, to),
    }
}

/// The canonical text of each key after a link's `normalize` steps; what a step finds no value for is null.
pub fn normalize(array: &ArrayRef, scalar: Scalar, steps: &[Normalizer]) -> Result<StringArray> {
    let texts = canonical_texts(array, scalar)?;
    if steps.is_empty() {
        return Ok(texts);
    }
    let mut out = StringBuilder::with_capacity(texts.len(), texts.values().len());
    for text in &texts {
        out.append_option(text.and_then(|text| Normalizer::apply_all(steps, text)));
    }
    Ok(out.finish())
}

fn write<T>(
    cells: impl ExactSizeIterator<Item = Option<T>>,
    width: usize,
    write: impl Fn(T, &mut String),
) -> StringArray {
    let mut out = StringBuilder::with_capacity(cells.len(), cells.len() * width);
    let mut scratch = String::with_capacity(width);
    for cell in cells {
        scratch.clear();
        out.append_option(cell.map(|cell| {
            write(cell, &mut scratch);
            scratch.as_str()
        }));
    }
    out.finish()
}

fn write_integer(value: impl std::fmt::Display, out: &mut String) {
    use std::fmt::Write;
    // Writing to a String never fails.
    let _ = write!(out, "{value}");
}

fn keep(texts: &StringArray, is_canonical: fn(&str) -> bool) -> ArrayRef {
    Arc::new(texts.iter().map(|text| text.filter(|text| is_canonical(text))).collect::<StringArray>())
}

fn parse_integer<N: std::str::FromStr>(text: &str) -> Option<N> {
    is_canonical_integer(text).then(|| text.parse().ok())?
}

fn is_canonical_integer(text: &str) -> bool {
    match text.strip_prefix('-').unwrap_or(text).as_bytes() {
        [b'0'] => text == "0",
        [b'1'..=b'9', rest @ ..] => rest.iter().all(u8::is_ascii_digit),
        _ => false,
    }
}

fn is_canonical_decimal(text: &str) -> bool {
    let Some((whole, fraction)) = text.split_once('.') else {
        return is_canonical_integer(text);
    };
    let fraction_fits =
        fraction.bytes().all(|byte| byte.is_ascii_digit()) && matches!(fraction.as_bytes(), [.., b'1'..=b'9']);
    fraction_fits && (is_canonical_integer(whole) || whole == "-0")
}

fn is_canonical_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
        })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use arrow_array::Float64Array;

    use super::*;

    fn texts(values: &[&str]) -> ArrayRef {
        Arc::new(StringArray::from(values.to_vec()))
    }

    #[test]
    fn five_meets_the_text_5_but_not_05() {
        let found =
            convert(&texts(&["5", "05", "+5", "5.0", " 5", "", "-0", "0", "-7"]), Scalar::String, Scalar::Int).unwrap();
        let expected = Int32Array::from(vec![Some(5), None, None, None, None, None, None, Some(0), Some(-7)]);
        assert_eq!(found.as_primitive::<Int32Type>(), &expected);
        let numbers: ArrayRef = Arc::new(Int32Array::from(vec![Some(5), None]));
        assert_eq!(
            convert(&numbers, Scalar::Int, Scalar::String).unwrap().as_string::<i32>(),
            &StringArray::from(vec![Some("5"), None])
        );
    }

    #[test]
    fn integers_beyond_the_other_side_are_null() {
        let big: ArrayRef = Arc::new(Int64Array::from(vec![i64::MAX, i64::MIN, 2_147_483_647, -2_147_483_649]));
        let small = convert(&big, Scalar::BigInt, Scalar::Int).unwrap();
        assert_eq!(small.as_primitive::<Int32Type>(), &Int32Array::from(vec![None, None, Some(2_147_483_647), None]));
        let found =
            convert(&texts(&["9223372036854775808", "-9223372036854775808"]), Scalar::Decimal, Scalar::BigInt).unwrap();
        assert_eq!(found.as_primitive::<Int64Type>(), &Int64Array::from(vec![None, Some(i64::MIN)]));
    }

    #[test]
    fn only_the_canonical_form_of_a_text_is_a_key_of_another_scalar() {
        for (scalar, keys, others) in [
            (Scalar::Decimal, vec!["0", "-0.5", "10", "1.05"], vec!["1.50", "-0", "-0.0", ".5", "5.", "1e3", "01.5"]),
            (
                Scalar::Uuid,
                vec!["0191d3a0-7d3c-7000-8000-00000000000f"],
                vec!["0191D3A0-7D3C-7000-8000-00000000000F", "0191d3a07d3c70008000000000000000", ""],
            ),
            (Scalar::Boolean, vec!["true", "false"], vec!["1", "TRUE", "t"]),
            (Scalar::Date, vec!["0001-01-01", "9999-12-31"], vec!["2024-02-30", "20240101", "2024-1-1"]),
            (Scalar::Time, vec!["00:00:00", "23:59:59.5"], vec!["10:00", "23:59:59.50", "24:00:00"]),
            (
                Scalar::LocalDateTime,
                vec!["2024-01-01T10:00:00.000001"],
                vec!["2024-01-01 10:00:00", "2024-01-01T10:00:00Z"],
            ),
            (Scalar::DateTime, vec!["2024-01-01T10:00:00Z"], vec!["2024-01-01T10:00:00+00:00", "2024-01-01T10:00:00z"]),
        ] {
            let there = parse_canonical(texts(&keys).as_string(), scalar).unwrap();
            assert_eq!(there.null_count(), 0, "{scalar:?} {there:?}");
            assert_eq!(canonical_texts(&there, scalar).unwrap(), *texts(&keys).as_string::<i32>(), "{scalar:?}");
            let none = parse_canonical(texts(&others).as_string(), scalar).unwrap();
            assert_eq!(none.null_count(), others.len(), "{scalar:?} {none:?}");
        }
    }

    #[test]
    fn what_is_no_key_is_refused() {
        let floats: ArrayRef = Arc::new(Float64Array::from(vec![1.0]));
        assert!(matches!(convert(&floats, Scalar::Float, Scalar::Float), Err(Error::Unsuited { .. })));
        assert!(matches!(convert(&floats, Scalar::Float, Scalar::String), Err(Error::Unsuited { .. })));
        assert!(matches!(convert(&floats, Scalar::Int, Scalar::String), Err(Error::ColumnType { .. })));
    }

    #[test]
    fn normalizing_starts_from_the_canonical_text_and_a_step_may_find_nothing() {
        let numbers: ArrayRef = Arc::new(Int64Array::from(vec![Some(7), None]));
        let padded = normalize(&numbers, Scalar::BigInt, &[Normalizer::PadLeft(3)]).unwrap();
        assert_eq!(padded, StringArray::from(vec![Some("007"), None]));
        let steps = [Normalizer::Trim, Normalizer::Date("%d.%m.%Y".to_owned())];
        let dates = normalize(&texts(&[" 31.12.2024", "soon"]), Scalar::String, &steps).unwrap();
        assert_eq!(dates, StringArray::from(vec![Some("2024-12-31"), None]));
    }
}
