//! The values inside a cursor, as bytes.
//!
//! In: a cell. Out: a letter for its kind, then its bytes. *Invariant*: what is read has the kind that its scalar says.

use lilong_schema::{Scalar, Value};

/// A value on its way into a cursor.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Part<'a> {
    /// Of any scalar.
    Null,
    /// Of `Int` and `BigInt`.
    Integer(i64),
    /// Of a `BigInt` that is never negative.
    Unsigned(u64),
    /// Of `Float`.
    Float(f64),
    /// Of `Boolean`.
    Boolean(bool),
    /// Of `String`, `UUID` and enums.
    Text(&'a str),
    /// Of `Decimal`: its canonical text.
    Decimal(&'a str),
    /// Days since 1970.
    Date(i32),
    /// Microseconds since midnight.
    Time(i64),
    /// Microseconds since 1970, of no zone.
    Local(i64),
    /// Microseconds since 1970 in UTC.
    Instant(i64),
}

impl Part<'_> {
    /// Appends the value to a payload.
    pub fn write(&self, out: &mut Vec<u8>) {
        let mut put = |letter: u8, bytes: &[u8]| {
            out.push(letter);
            out.extend_from_slice(bytes);
        };
        match *self {
            Part::Null => put(b'n', &[]),
            Part::Integer(value) => put(b'i', &value.to_le_bytes()),
            Part::Unsigned(value) => put(b'u', &value.to_le_bytes()),
            Part::Float(value) => put(b'f', &value.to_le_bytes()),
            Part::Boolean(value) => put(if value { b't' } else { b'b' }, &[]),
            Part::Text(text) => {
                put(b's', &(text.len() as u64).to_le_bytes());
                out.extend_from_slice(text.as_bytes());
            }
            Part::Decimal(text) => {
                put(b'd', &(text.len() as u64).to_le_bytes());
                out.extend_from_slice(text.as_bytes());
            }
            Part::Date(days) => put(b'D', &days.to_le_bytes()),
            Part::Time(micros) => put(b'T', &micros.to_le_bytes()),
            Part::Local(micros) => put(b'L', &micros.to_le_bytes()),
            Part::Instant(micros) => put(b'Z', &micros.to_le_bytes()),
        }
    }
}

/// One value for each scalar, and nothing beyond; `None` if that is not what is there.
pub(super) fn read_all(mut bytes: &[u8], scalars: &[Scalar]) -> Option<Vec<Value>> {
    let values = scalars.iter().map(|scalar| read(&mut bytes, *scalar)).collect::<Option<Vec<_>>>()?;
    bytes.is_empty().then_some(values)
}

fn read(bytes: &mut &[u8], scalar: Scalar) -> Option<Value> {
    let [letter] = take(bytes)?;
    Some(match (letter, scalar) {
        (b'n', _) => Value::Null,
        (b'i', Scalar::Int | Scalar::BigInt) => Value::Integer(i64::from_le_bytes(take(bytes)?).into()),
        (b'u', Scalar::Unsigned) => Value::Integer(u64::from_le_bytes(take(bytes)?).into()),
        (b'f', Scalar::Float) => Value::Float(f64::from_le_bytes(take(bytes)?)),
        (b't', Scalar::Boolean) => Value::Boolean(true),
        (b'b', Scalar::Boolean) => Value::Boolean(false),
        (b's', Scalar::String | Scalar::Uuid | Scalar::Enum) => Value::Text(text(bytes)?),
        (b'd', Scalar::Decimal) => Value::Decimal(text(bytes)?),
        (b'D', Scalar::Date) => Value::Date(i32::from_le_bytes(take(bytes)?)),
        (b'T', Scalar::Time) => Value::Time(i64::from_le_bytes(take(bytes)?)),
        (b'L', Scalar::LocalDateTime) => Value::LocalDateTime(i64::from_le_bytes(take(bytes)?)),
        (b'Z', Scalar::DateTime) => Value::DateTime(i64::from_le_bytes(take(bytes)?)),
        _ => return None,
    })
}

fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (taken, rest) = bytes.split_first_chunk::<N>()?;
    *bytes = rest;
    Some(*taken)
}

fn text(bytes: &mut &[u8]) -> Option<String> {
    let length = usize::try_from(u64::from_le_bytes(take(bytes)?)).ok()?;
    let (taken, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    String::from_utf8(taken.to_vec()).ok()
}
