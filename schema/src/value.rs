//! One value of a [`Scalar`](crate::Scalar), as it stands in literals, variables and bound fetches.

use std::fmt;

/// A value in its canonical inner form. Cells of rows are Arrow arrays, not these.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Nothing.
    Null,
    /// A `Boolean`.
    Boolean(bool),
    /// An `Int` or a `BigInt`, unsigned or not.
    Integer(i128),
    /// A `Float`; always finite.
    Float(f64),
    /// A `Decimal` by its text: optional `-`, digits, optional `.` and digits; no exponent, no needless zeros.
    Decimal(String),
    /// A `String`, an enum value, a `UUID` in lower case or a `JSON` text.
    Text(String),
    /// A `Date` in days since 1970-01-01.
    Date(i32),
    /// A `Time` in microseconds since midnight.
    Time(i64),
    /// A `LocalDateTime` in microseconds since 1970-01-01T00:00:00.
    LocalDateTime(i64),
    /// A `DateTime` in microseconds since 1970-01-01T00:00:00Z.
    DateTime(i64),
    /// `Bytes`.
    Bytes(Vec<u8>),
    /// The operand of `_in` and `_nin`; its items are never null.
    List(Vec<Value>),
}

impl Value {
    /// Whether it is [`Value::Null`].
    pub fn is_null(&self) -> bool {
        matches!(self, Value::Null)
    }
}

/// The canonical text by which keys of different types meet.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use crate::temporal;
        match self {
            Value::Null => f.write_str("null"),
            Value::Boolean(value) => write!(f, "{value}"),
            Value::Integer(value) => write!(f, "{value}"),
            Value::Float(value) => write!(f, "{value}"),
            Value::Decimal(text) | Value::Text(text) => f.write_str(text),
            Value::Date(days) => f.write_str(&temporal::format_date(*days)),
            Value::Time(micros) => f.write_str(&temporal::format_time(*micros)),
            Value::LocalDateTime(micros) => f.write_str(&temporal::format_local(*micros)),
            Value::DateTime(micros) => f.write_str(&temporal::format_instant(*micros)),
            Value::Bytes(bytes) => write!(f, "{} bytes", bytes.len()),
            Value::List(items) => {
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        f.write_str(", ")?;
                    }
                    item.fmt(f)?;
                }
                Ok(())
            }
        }
    }
}

/// Writes a decimal's text canonically: no `+`, no leading zeros, no trailing zeros after the point, no exponent, no
/// negative zero. `None` if it is no decimal number or its exponent would make more than 1,000 digits.
///
/// ```
/// assert_eq!(lilong_schema::value::canonical_decimal("-01.50").as_deref(), Some("-1.5"));
/// assert_eq!(lilong_schema::value::canonical_decimal("1e3").as_deref(), Some("1000"));
/// assert_eq!(lilong_schema::value::canonical_decimal("x"), None);
/// ```
pub fn canonical_decimal(text: &str) -> Option<String> {
    let (negative, rest) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let (mantissa, exponent) = match rest.find(['e', 'E']) {
        Some(at) => (&rest[..at], rest[at + 1..].parse::<i32>().ok()?),
        None => (rest, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    if !whole.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit()) || exponent.unsigned_abs() > 1_000 {
        return None;
    }
    let mut digits = format!("{whole}{fraction}");
    let mut point = whole.len() as i64 + i64::from(exponent);
    if point < 0 {
        digits.insert_str(0, &"0".repeat(point.unsigned_abs() as usize));
        point = 0;
    }
    let point = point as usize;
    if digits.len() < point {
        digits.push_str(&"0".repeat(point - digits.len()));
    }
    let (whole, fraction) = digits.split_at(point);
    let whole = whole.trim_start_matches('0');
    let fraction = fraction.trim_end_matches('0');
    let mut out = String::with_capacity(digits.len() + 3);
    if negative && !(whole.is_empty() && fraction.is_empty()) {
        out.push('-');
    }
    out.push_str(if whole.is_empty() { "0" } else { whole });
    if !fraction.is_empty() {
        out.push('.');
        out.push_str(fraction);
    }
    Some(out)
}

/// Writes a UUID's text canonically: in lower case. `None` if it is not of the form 8-4-4-4-12.
///
/// ```
/// let text = "0191D3A0-7D3C-7000-8000-00000000000F";
/// assert_eq!(lilong_schema::value::canonical_uuid(text), Some(text.to_ascii_lowercase()));
/// assert_eq!(lilong_schema::value::canonical_uuid("0191d3a07d3c70008000000000000000000f"), None);
/// ```
pub fn canonical_uuid(text: &str) -> Option<String> {
    let fits = text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        });
    fits.then(|| text.to_ascii_lowercase())
}
