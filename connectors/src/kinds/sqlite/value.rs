//! Between SQLite's values and ours, one at a time: reading what is stored as a scalar, and writing a value as it would
//! be stored.
//!
//! In and out: [`Value`] and SQLite's value. *Invariant*: a value is never turned into another one: what a column cannot
//! hold is written as something that equals nothing in it, and stands in the order where the value would.

use lilong_schema::value::canonical_decimal;
use lilong_schema::{Scalar, Value};
use rusqlite::types::{Value as Stored, ValueRef};

use super::form;
use super::storage::Storage;
use crate::Comparison;

/// What is stored is not of the scalar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NotOfScalar;

/// Reads what is stored in any form of the scalar; null gives [`Value::Null`].
pub(super) fn read(stored: ValueRef<'_>, scalar: Scalar) -> Result<Value, NotOfScalar> {
    if stored == ValueRef::Null {
        return Ok(Value::Null);
    }
    read_some(stored, scalar).ok_or(NotOfScalar)
}

fn read_some(stored: ValueRef<'_>, scalar: Scalar) -> Option<Value> {
    let text = || match stored {
        ValueRef::Text(bytes) => std::str::from_utf8(bytes).ok(),
        _ => None,
    };
    match scalar {
        Scalar::Int => {
            integer(stored).filter(|number| i32::try_from(*number).is_ok()).map(|number| Value::Integer(number.into()))
        }
        Scalar::BigInt | Scalar::Unsigned => integer(stored).map(|number| Value::Integer(number.into())),
        Scalar::Float => float(stored).map(Value::Float),
        Scalar::Decimal => decimal(stored).map(Value::Decimal),
        Scalar::Boolean => match stored {
            ValueRef::Integer(0) | ValueRef::Text(b"0" | b"false") => Some(Value::Boolean(false)),
            ValueRef::Integer(1) | ValueRef::Text(b"1" | b"true") => Some(Value::Boolean(true)),
            _ => None,
        },
        Scalar::String | Scalar::Enum => text().map(|text| Value::Text(text.to_owned())),
        Scalar::Date | Scalar::Time | Scalar::LocalDateTime | Scalar::DateTime => form::parse(text()?, scalar),
        Scalar::Uuid => match stored {
            ValueRef::Blob(bytes) => uuid_of_bytes(bytes),
            _ => uuid(text()?),
        }
        .map(Value::Text),
        Scalar::Json => {
            let text = text()?;
            serde_json::from_str::<serde::de::IgnoredAny>(text).ok()?;
            Some(Value::Text(text.to_owned()))
        }
        Scalar::Bytes => match stored {
            ValueRef::Blob(bytes) => Some(Value::Bytes(bytes.to_vec())),
            _ => None,
        },
    }
}

fn integer(stored: ValueRef<'_>) -> Option<i64> {
    match stored {
        ValueRef::Integer(number) => Some(number),
        ValueRef::Real(number) => whole(number),
        ValueRef::Text(bytes) => std::str::from_utf8(bytes).ok()?.parse().ok(),
        _ => None,
    }
}

/// The integer that a real is exactly.
fn whole(number: f64) -> Option<i64> {
    const END: f64 = 9_223_372_036_854_775_808.0; // 2^63
    (number.fract() == 0.0 && (-END..END).contains(&number)).then_some(number as i64)
}

fn float(stored: ValueRef<'_>) -> Option<f64> {
    match stored {
        ValueRef::Integer(number) => float_of_integer(number),
        ValueRef::Real(number) => Some(number),
        ValueRef::Text(bytes) => std::str::from_utf8(bytes).ok()?.parse().ok(),
        _ => None,
    }
    .filter(|number| number.is_finite())
}

/// The real that is exactly this integer; past 2^53 not every integer has one.
pub(super) fn float_of_integer(number: i64) -> Option<f64> {
    Some(number as f64).filter(|real| whole(*real) == Some(number))
}

fn decimal(stored: ValueRef<'_>) -> Option<String> {
    match stored {
        ValueRef::Integer(number) => Some(number.to_string()),
        ValueRef::Real(number) => decimal_of_real(number),
        ValueRef::Text(bytes) => canonical_decimal(std::str::from_utf8(bytes).ok()?),
        _ => None,
    }
}

/// The shortest decimal that is read as this real.
pub(super) fn decimal_of_real(number: f64) -> Option<String> {
    number.is_finite().then(|| number.to_string()).and_then(|text| canonical_decimal(&text))
}

fn uuid(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let hyphens = match bytes.len() {
        32 => false,
        36 => true,
        _ => return None,
    };
    let mut canonical = String::with_capacity(36);
    for (at, byte) in bytes.iter().enumerate() {
        if hyphens && matches!(at, 8 | 13 | 18 | 23) {
            if *byte != b'-' {
                return None;
            }
        } else if byte.is_ascii_hexdigit() {
            if matches!(canonical.len(), 8 | 13 | 18 | 23) {
                canonical.push('-');
            }
            canonical.push(char::from(byte.to_ascii_lowercase()));
        } else {
            return None;
        }
    }
    Some(canonical)
}

fn uuid_of_bytes(bytes: &[u8]) -> Option<String> {
    if bytes.len() != 16 {
        return None;
    }
    let hex: String = bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .collect();
    uuid(&hex)
}

/// One SQLite value for each value of a scalar: equal for equal values, in the order of the values. What
/// [`read`] values are compared as where the column's own form does not serve.
pub(super) fn comparable(value: &Value) -> Stored {
    match value {
        Value::Null | Value::List(_) => Stored::Null,
        Value::Boolean(value) => Stored::Integer((*value).into()),
        // What is past 64 bits is stored nowhere; a real stands in its place in the order.
        Value::Integer(number) => i64::try_from(*number).map_or(Stored::Real(*number as f64), Stored::Integer),
        Value::Float(number) => Stored::Real(*number),
        Value::Decimal(text) => Stored::Text(ordered_decimal(text)),
        Value::Text(text) => Stored::Text(text.clone()),
        Value::Date(days) => Stored::Integer((*days).into()),
        Value::Time(micros) | Value::LocalDateTime(micros) | Value::DateTime(micros) => Stored::Integer(*micros),
        Value::Bytes(bytes) => Stored::Blob(bytes.clone()),
    }
}

/// A canonical decimal as a text whose byte order is the order of numbers.
fn ordered_decimal(text: &str) -> String {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let all = format!("{whole}{fraction}");
    let significant = all.trim_start_matches('0');
    if significant.is_empty() {
        return "0".to_owned();
    }
    let exponent = whole.len() as i64 - (all.len() - significant.len()) as i64;
    let key = format!("{:08}{}", 50_000_000 + exponent, significant.trim_end_matches('0'));
    if negative {
        // Larger digits make smaller numbers, and what is longer is smaller.
        let turned: String = key.bytes().map(|digit| char::from(b'9' - (digit - b'0'))).collect();
        format!("-{turned}:")
    } else {
        format!("1{key}")
    }
}

/// A text that equals no number.
fn no_number() -> Stored {
    Stored::Text("~".to_owned())
}

/// The value to compare a column with. `None`: the value is of another scalar.
pub(super) fn bind(value: &Value, scalar: Scalar, storage: &Storage, comparison: Comparison) -> Option<Stored> {
    let ordered = matches!(
        comparison,
        Comparison::Less | Comparison::LessOrEqual | Comparison::Greater | Comparison::GreaterOrEqual
    );
    match storage {
        Storage::Form(form) => form.write(value).map(Stored::Text),
        Storage::Mixed => match value {
            Value::Text(text) if ordered => Some(as_stored(text)),
            Value::Text(text) => Some(Stored::Text(text.clone())),
            _ => None,
        },
        Storage::Plain => match (scalar, value) {
            (Scalar::Int | Scalar::BigInt, Value::Integer(number)) => Some(match i64::try_from(*number) {
                Ok(number) => Stored::Integer(number),
                Err(_) if ordered => Stored::Real(*number as f64),
                Err(_) => no_number(),
            }),
            (Scalar::Float, Value::Integer(number)) => Some(Stored::Real(*number as f64)),
            (Scalar::Decimal, Value::Integer(number)) => Some(bind_decimal(&number.to_string(), comparison, ordered)),
            (Scalar::Decimal, Value::Decimal(text)) => Some(bind_decimal(text, comparison, ordered)),
            _ => of_scalar(value, scalar).then(|| comparable(value)),
        },
        Storage::Parsed => match (scalar, value) {
            (Scalar::Float, Value::Integer(number)) => Some(Stored::Real(*number as f64)),
            (Scalar::Decimal, Value::Integer(number)) => Some(Stored::Text(ordered_decimal(&number.to_string()))),
            _ => of_scalar(value, scalar).then(|| comparable(value)),
        },
    }
}

fn of_scalar(value: &Value, scalar: Scalar) -> bool {
    match value {
        Value::Null | Value::List(_) => false,
        Value::Boolean(_) => scalar == Scalar::Boolean,
        Value::Integer(_) => matches!(scalar, Scalar::Int | Scalar::BigInt),
        Value::Float(_) => scalar == Scalar::Float,
        Value::Decimal(_) => scalar == Scalar::Decimal,
        Value::Text(_) => matches!(scalar, Scalar::String | Scalar::Uuid | Scalar::Json | Scalar::Enum),
        Value::Date(_) => scalar == Scalar::Date,
        Value::Time(_) => scalar == Scalar::Time,
        Value::LocalDateTime(_) => scalar == Scalar::LocalDateTime,
        Value::DateTime(_) => scalar == Scalar::DateTime,
        Value::Bytes(_) => scalar == Scalar::Bytes,
    }
}

/// What a text of a column of mixed storage is stored as: the integer that prints so, or an infinity. Of other texts the
/// statement itself makes the real that prints so, if there is one.
fn as_stored(text: &str) -> Stored {
    match (text, text.parse::<i64>()) {
        (_, Ok(number)) if number.to_string() == text => Stored::Integer(number),
        ("Inf", _) => Stored::Real(f64::INFINITY),
        ("-Inf", _) => Stored::Real(f64::NEG_INFINITY),
        _ => Stored::Text(text.to_owned()),
    }
}

/// A decimal to compare with numbers that are stored as integers and reals.
fn bind_decimal(text: &str, comparison: Comparison, ordered: bool) -> Stored {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if fraction.is_empty()
        && let Ok(number) = whole.parse()
    {
        return Stored::Integer(number);
    }
    let Some(near) = text.parse::<f64>().ok().filter(|number| number.is_finite()) else {
        // Past the reals: nothing is stored there, but everything is on one side of it.
        return match (ordered, text.starts_with('-')) {
            (false, _) => no_number(),
            (true, true) => Stored::Real(f64::NEG_INFINITY),
            (true, false) => Stored::Real(f64::INFINITY),
        };
    };
    if decimal_of_real(near).as_deref() == Some(text) {
        return Stored::Real(near);
    }
    if !ordered {
        return no_number();
    }
    // No real prints as this decimal: the bound moves to the real below or above, whichever keeps the answer.
    let upper = matches!(comparison, Comparison::Less | Comparison::GreaterOrEqual);
    if near.abs() >= 9_007_199_254_740_992.0
        && let Ok(floor) = whole.parse::<i64>()
    {
        // Here integers stand closer together than reals.
        let floor = if text.starts_with('-') && !fraction.is_empty() { floor.saturating_sub(1) } else { floor };
        return Stored::Integer(if upper { floor.saturating_add(1) } else { floor });
    }
    let near_key = decimal_of_real(near).map(|text| ordered_decimal(&text)).unwrap_or_default();
    let below = near_key < ordered_decimal(text);
    Stored::Real(match (upper, below) {
        (true, true) => near.next_up(),
        (false, false) => near.next_down(),
        _ => near,
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn decimals_as_ordered_texts_stand_in_the_order_of_numbers() {
        let sorted = [
            "-100", "-12.5", "-12.25", "-1.25", "-1.2", "-0.001", "0", "0.0005", "0.001", "0.5", "1", "9.99", "10",
            "10.01",
        ];
        for pair in sorted.windows(2) {
            assert!(ordered_decimal(pair[0]) < ordered_decimal(pair[1]), "{pair:?}");
        }
    }

    #[test]
    fn a_decimal_that_no_real_prints_as_equals_nothing_and_keeps_its_place() {
        let bind = |text: &str, comparison| {
            bind(&Value::Decimal(text.to_owned()), Scalar::Decimal, &Storage::Plain, comparison).unwrap()
        };
        assert_eq!(bind("0.1", Comparison::Equal), Stored::Real(0.1));
        assert_eq!(bind("12", Comparison::Less), Stored::Integer(12));
        let near = "0.1000000000000000000001";
        assert_eq!(bind(near, Comparison::Equal), no_number());
        assert_eq!(bind(near, Comparison::Less), Stored::Real(0.1_f64.next_up()));
        assert_eq!(bind(near, Comparison::Greater), Stored::Real(0.1));
        assert_eq!(bind("9007199254740993.5", Comparison::Less), Stored::Integer(9_007_199_254_740_994));
        assert_eq!(bind("-9007199254740993.5", Comparison::Greater), Stored::Integer(-9_007_199_254_740_994));
        assert_eq!(bind(&"9".repeat(400), Comparison::Less), Stored::Real(f64::INFINITY));
    }

    #[test]
    fn a_uuid_is_read_in_all_its_forms() {
        let canonical = "0188f3a2-7b1c-7def-8123-456789abcdef";
        for text in ["0188F3A2-7B1C-7DEF-8123-456789ABCDEF", "0188f3a27b1c7def8123456789abcdef"] {
            assert_eq!(uuid(text).as_deref(), Some(canonical));
        }
        assert_eq!(uuid("0188f3a2-7b1c-7def-8123-456789abcde"), None);
        assert_eq!(uuid("0188f3a2x7b1c-7def-8123-456789abcdef"), None);
        assert_eq!(uuid_of_bytes(&[255; 16]).as_deref(), Some("ffffffff-ffff-ffff-ffff-ffffffffffff"));
    }
}
