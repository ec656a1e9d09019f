//! One value of a scalar, read from a document or from JSON.
//!
//! In: the text of a number or a string, or a boolean. Out: a [`Value`] in its canonical inner form. *Invariant*: what
//! is read means exactly what was written, or it is not read at all.

use std::borrow::Cow;

use apollo_compiler::ast;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lilong_schema::value::{canonical_decimal, canonical_uuid};
use lilong_schema::{Scalar, Value, temporal};

/// A value as it stands in a document or in JSON.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Raw<'a> {
    Text(&'a str),
    Number(&'a str),
    Boolean(bool),
}

/// Reads a value; `None` if it is none of that scalar. `JSON` and enums are not read here.
pub(crate) fn read(scalar: Scalar, raw: Raw<'_>) -> Option<Value> {
    const BIG: std::ops::RangeInclusive<i128> = -(1 << 63)..=(1 << 64) - 1;
    match (scalar, raw) {
        (Scalar::Int, Raw::Number(text)) => {
            let number = integer(text)?;
            i32::try_from(number).is_ok().then_some(Value::Integer(number))
        }
        (Scalar::BigInt | Scalar::Unsigned, Raw::Number(text)) => {
            integer(text).filter(|number| BIG.contains(number)).map(Value::Integer)
        }
        (Scalar::BigInt | Scalar::Unsigned, Raw::Text(text)) => {
            let digits = text.strip_prefix('-').unwrap_or(text);
            let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
            let number = text.parse().ok().filter(|number| plain && BIG.contains(number))?;
            Some(Value::Integer(number))
        }
        (Scalar::Float, Raw::Number(text)) => {
            text.parse().ok().filter(|number: &f64| number.is_finite()).map(Value::Float)
        }
        (Scalar::Decimal, Raw::Number(text) | Raw::Text(text)) => canonical_decimal(text).map(Value::Decimal),
        (Scalar::Boolean, Raw::Boolean(value)) => Some(Value::Boolean(value)),
        (Scalar::String, Raw::Text(text)) => Some(Value::Text(text.to_owned())),
        (Scalar::Date, Raw::Text(text)) => temporal::parse_date(text).map(Value::Date),
        (Scalar::Time, Raw::Text(text)) => temporal::parse_time(&micros(text)).map(Value::Time),
        (Scalar::LocalDateTime, Raw::Text(text)) => temporal::parse_local(&micros(text)).map(Value::LocalDateTime),
        (Scalar::DateTime, Raw::Text(text)) => temporal::parse_instant(&micros(text)).map(Value::DateTime),
        (Scalar::Uuid, Raw::Text(text)) => canonical_uuid(text).map(Value::Text),
        (Scalar::Bytes, Raw::Text(text)) => STANDARD.decode(text).ok().map(Value::Bytes),
        _ => None,
    }
}

/// Reads a literal; `None` if it is none of that scalar. Literals that hold variables are none.
pub(crate) fn read_literal(scalar: Scalar, literal: &ast::Value) -> Option<Value> {
    if scalar == Scalar::Json {
        return json(literal).and_then(|value| serde_json::to_string(&value).ok()).map(Value::Text);
    }
    match literal {
        ast::Value::String(text) => read(scalar, Raw::Text(text)),
        ast::Value::Int(number) => read(scalar, Raw::Number(number.as_str())),
        ast::Value::Float(number) => read(scalar, Raw::Number(number.as_str())),
        ast::Value::Boolean(value) => read(scalar, Raw::Boolean(*value)),
        _ => None,
    }
}

/// Reads JSON; `None` if it is no value of that scalar.
pub(crate) fn read_json(scalar: Scalar, value: &serde_json::Value) -> Option<Value> {
    if scalar == Scalar::Json {
        return serde_json::to_string(value).ok().map(Value::Text);
    }
    match value {
        serde_json::Value::String(text) => read(scalar, Raw::Text(text)),
        serde_json::Value::Number(number) => read(scalar, Raw::Number(number.as_str())),
        serde_json::Value::Bool(value) => read(scalar, Raw::Boolean(*value)),
        _ => None,
    }
}

/// What values of a scalar look like, to end the sentence *expected …*.
pub(crate) fn expected(scalar: Scalar) -> &'static str {
    match scalar {
        Scalar::Int => "a whole number from -2147483648 to 2147483647",
        Scalar::BigInt | Scalar::Unsigned => {
            "a whole number from -9223372036854775808 to 18446744073709551615, as a number or a string"
        }
        Scalar::Float => "a finite number",
        Scalar::Decimal => "a decimal number, as a number or a string",
        Scalar::Boolean => "true or false",
        Scalar::String | Scalar::Enum => "a string",
        Scalar::Date => "a date such as \"2024-02-29\"",
        Scalar::Time => "a time of day such as \"23:59:59.5\"",
        Scalar::LocalDateTime => "a date and time without a zone such as \"2024-02-29T23:59:59\"",
        Scalar::DateTime => "an instant such as \"2024-02-29T23:59:59Z\" or \"2024-03-01T07:59:59+08:00\"",
        Scalar::Uuid => "a UUID such as \"f81d4fae-7dec-11d0-a765-00a0c91e6bf6\"",
        Scalar::Json => "a JSON value without variables in it",
        Scalar::Bytes => "bytes in base64",
    }
}

/// A whole number, also where JSON writes it as `1.0` or `1e3`.
fn integer(text: &str) -> Option<i128> {
    text.parse().ok().or_else(|| canonical_decimal(text)?.parse().ok())
}

/// A time without the zeros that some clients write beyond its microseconds; what says more than these stays as it is.
fn micros(text: &str) -> Cow<'_, str> {
    let Some(point) = text.find('.') else { return Cow::Borrowed(text) };
    let fraction = &text[point + 1..];
    let length = fraction.bytes().take_while(u8::is_ascii_digit).count();
    if length <= 6 || fraction[6..length].bytes().any(|digit| digit != b'0') {
        return Cow::Borrowed(text);
    }
    Cow::Owned(format!("{}{}", &text[..point + 7], &fraction[length..]))
}

fn json(literal: &ast::Value) -> Option<serde_json::Value> {
    use serde_json::Value as Json;
    Some(match literal {
        ast::Value::Null => Json::Null,
        ast::Value::Boolean(value) => Json::Bool(*value),
        ast::Value::String(text) => Json::String(text.clone()),
        ast::Value::Enum(name) => Json::String(name.to_string()),
        ast::Value::Int(number) => serde_json::from_str(number.as_str()).ok()?,
        ast::Value::Float(number) => serde_json::from_str(number.as_str()).ok()?,
        ast::Value::List(items) => Json::Array(items.iter().map(|item| json(item)).collect::<Option<_>>()?),
        ast::Value::Object(entries) => Json::Object(
            entries.iter().map(|(key, value)| Some((key.to_string(), json(value)?))).collect::<Option<_>>()?,
        ),
        ast::Value::Variable(_) => return None,
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn from_json(scalar: Scalar, text: &str) -> Option<Value> {
        read_json(scalar, &serde_json::from_str(text).unwrap())
    }

    #[test]
    fn values_are_read_into_their_canonical_form() {
        let cases = [
            (Scalar::Int, "-2147483648", Value::Integer(-2_147_483_648)),
            (Scalar::Int, "1.0", Value::Integer(1)),
            (Scalar::Int, "1e3", Value::Integer(1_000)),
            (Scalar::BigInt, "18446744073709551615", Value::Integer(18_446_744_073_709_551_615)),
            (Scalar::BigInt, "\"-9223372036854775808\"", Value::Integer(-9_223_372_036_854_775_808)),
            (Scalar::Float, "3", Value::Float(3.0)),
            (
                Scalar::Decimal,
                "0.10000000000000000000000000001",
                Value::Decimal("0.10000000000000000000000000001".into()),
            ),
            (Scalar::Decimal, "\"-01.50\"", Value::Decimal("-1.5".into())),
            (Scalar::Boolean, "false", Value::Boolean(false)),
            (Scalar::String, "\"\"", Value::Text(String::new())),
            (Scalar::Date, "\"1970-01-02\"", Value::Date(1)),
            (Scalar::Time, "\"00:00:01\"", Value::Time(1_000_000)),
            (Scalar::DateTime, "\"1970-01-01T08:00:00+08:00\"", Value::DateTime(0)),
            (Scalar::LocalDateTime, "\"1970-01-01 00:00\"", Value::LocalDateTime(0)),
            (Scalar::DateTime, "\"1970-01-01T00:00:00.0000010Z\"", Value::DateTime(1)),
            (Scalar::LocalDateTime, "\"1970-01-01T00:00:00.000000000\"", Value::LocalDateTime(0)),
            (Scalar::Time, "\"00:00:00.1000000\"", Value::Time(100_000)),
            (
                Scalar::Uuid,
                "\"F81D4FAE-7DEC-11D0-A765-00A0C91E6BF6\"",
                Value::Text("f81d4fae-7dec-11d0-a765-00a0c91e6bf6".into()),
            ),
            (Scalar::Json, "{\"b\": [1, 2.50], \"a\": null}", Value::Text("{\"b\":[1,2.50],\"a\":null}".into())),
            (Scalar::Bytes, "\"aGk=\"", Value::Bytes(b"hi".to_vec())),
        ];
        for (scalar, text, value) in cases {
            assert_eq!(from_json(scalar, text), Some(value), "{} {text}", scalar.name());
        }
    }

    #[test]
    fn what_is_no_value_of_the_scalar_is_not_read() {
        let cases = [
            (Scalar::Int, "2147483648"),
            (Scalar::Int, "1.5"),
            (Scalar::Int, "\"1\""),
            (Scalar::Int, "true"),
            (Scalar::BigInt, "18446744073709551616"),
            (Scalar::BigInt, "\"+1\""),
            (Scalar::BigInt, "\"\""),
            (Scalar::BigInt, "\"1.0\""),
            (Scalar::Float, "1e999"),
            (Scalar::Float, "\"1\""),
            (Scalar::Decimal, "\"one\""),
            (Scalar::Decimal, "\"\""),
            (Scalar::Boolean, "1"),
            (Scalar::String, "1"),
            (Scalar::Date, "\"2024-02-30\""),
            (Scalar::DateTime, "\"2024-02-29T00:00:00\""),
            (Scalar::DateTime, "\"2024-02-29T00:00:00.0000001Z\""),
            (Scalar::Time, "\"00:00:00.\""),
            (Scalar::Uuid, "\"f81d4fae7dec11d0a76500a0c91e6bf6\""),
            (Scalar::Bytes, "\"a\""),
            (Scalar::Date, "{}"),
        ];
        for (scalar, text) in cases {
            assert_eq!(from_json(scalar, text), None, "{} {text}", scalar.name());
        }
    }
}
