//! One value as a column stores it.
//!
//! In: a value and the storage of the column that it is compared with. Out: an argument and the SQL around its mark.
//! *Invariant*: what the column cannot hold keeps its place in the order and is equal to nothing.

use std::borrow::Cow;

use lilong_schema::{Scalar, Value, temporal};

use super::storage::Storage;
use crate::Comparison;
use crate::sql::single;

/// A value as the driver takes it.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Argument {
    Null,
    /// Some types are compared with no null of another type than their values have.
    NullText,
    NullBytes,
    Integer(i64),
    Unsigned(u64),
    Float(f64),
    Text(String),
    Bytes(Vec<u8>),
}

/// A value in a statement: text, a mark for the argument, text.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Written {
    pub(super) before: Cow<'static, str>,
    pub(super) argument: Option<Argument>,
    pub(super) after: Cow<'static, str>,
}

/// Above and below every number that a column can hold.
const ABOVE: &str = "1e300";
const BELOW: &str = "-1e300";

impl Written {
    fn cast(argument: Argument, to: impl Into<Cow<'static, str>>) -> Self {
        let to = to.into();
        Written { before: Cow::Borrowed("CAST("), argument: Some(argument), after: Cow::Owned(format!(" AS {to})")) }
    }

    /// MySQL takes a bare mark in the place of a time for midnight.
    fn time(argument: Argument) -> Self {
        Written {
            before: Cow::Borrowed("CAST(CAST("),
            argument: Some(argument),
            after: Cow::Borrowed(" AS CHAR) AS TIME(6))"),
        }
    }

    fn beyond(negative: bool) -> Self {
        Written {
            before: Cow::Borrowed(if negative { BELOW } else { ABOVE }),
            argument: None,
            after: Cow::Borrowed(""),
        }
    }

    /// Whether nothing is equal to it.
    pub(super) fn is_never(&self) -> bool {
        self.argument.is_none()
    }
}

fn is_ordered(comparison: Comparison) -> bool {
    matches!(comparison, Comparison::Less | Comparison::LessOrEqual | Comparison::Greater | Comparison::GreaterOrEqual)
}

/// The value to compare a column with. `None`: the value is of another scalar.
pub(super) fn write(value: &Value, storage: &Storage, scalar: Scalar, comparison: Comparison) -> Option<Written> {
    if value.is_null() {
        return Some(Written::marked(null(storage, comparison)));
    }
    Some(match (storage, value) {
        // No year is between these and 1901, but they would be taken for years of our time.
        (Storage::Year, Value::Integer(1..=99)) => integer(100),
        (Storage::Integer | Storage::Year, Value::Integer(number)) => integer(*number),
        (Storage::Signed, Value::Integer(number)) => match i64::try_from(*number) {
            Ok(number) => Written::marked(Argument::Integer(number)),
            Err(_) => Written::beyond(*number < 0),
        },
        (Storage::Boolean, Value::Boolean(value)) => Written::marked(Argument::Integer((*value).into())),
        (Storage::Float, Value::Float(number)) => Written::marked(Argument::Float(*number)),
        (Storage::Float, Value::Integer(number)) => Written::marked(Argument::Float(*number as f64)),
        (Storage::Single, Value::Float(number)) => Written::marked(Argument::Float(single::bound(*number))),
        (Storage::Single, Value::Integer(number)) => Written::marked(Argument::Float(single::bound(*number as f64))),
        (Storage::Decimal { precision, scale }, Value::Decimal(text)) => decimal(text, *precision, *scale, comparison),
        (Storage::Decimal { precision, scale }, Value::Integer(number)) => {
            decimal(&number.to_string(), *precision, *scale, comparison)
        }
        (Storage::Enumeration(values), Value::Text(text)) if is_ordered(comparison) => {
            Written::marked(position(values, text).map_or(Argument::Null, Argument::Integer))
        }
        // MySQL takes a bare mark for a text of that set, and then refuses what the set does not have.
        (Storage::Foreign { charset, collation }, Value::Text(text)) => Written {
            before: Cow::Borrowed("CONVERT(CAST("),
            argument: Some(Argument::Text(text.clone())),
            after: Cow::Owned(format!(" AS CHAR CHARACTER SET utf8mb4) USING {charset}) COLLATE {collation}")),
        },
        (Storage::UuidBytes, Value::Text(text)) => Written::marked(Argument::Bytes(uuid_bytes(text)?)),
        (
            Storage::Text
            | Storage::Enumeration(_)
            | Storage::Shown
            | Storage::Bits(_)
            | Storage::Uuid
            | Storage::UuidText,
            Value::Text(text),
        ) => Written::marked(Argument::Text(text.clone())),
        (Storage::Date, Value::Date(_)) => Written::cast(text_of(value, scalar)?, "DATE"),
        // MySQL rounds what a column is equal to.
        (Storage::CoarseTime(digits), Value::Time(micros))
            if !is_ordered(comparison) && micros % 10_i64.pow(6_u32.saturating_sub(*digits)) != 0 =>
        {
            Written::beyond(false)
        }
        (Storage::Time | Storage::CoarseTime(_), Value::Time(_)) => Written::time(text_of(value, scalar)?),
        (Storage::Moment, Value::LocalDateTime(_) | Value::DateTime(_)) => {
            Written::cast(text_of(value, scalar)?, "DATETIME(6)")
        }
        (Storage::Stamp, Value::LocalDateTime(_) | Value::DateTime(_)) => {
            Written::cast(text_of(value, scalar)?, "DATETIME")
        }
        (Storage::Parsed(_), value @ Value::Time(_)) => Written::time(text_of(value, scalar)?),
        (Storage::Parsed(to), value) => Written::cast(text_of(value, scalar)?, *to),
        _ => return None,
    })
}

/// Null of the type that the values of a column are bound as.
fn null(storage: &Storage, comparison: Comparison) -> Argument {
    match storage {
        Storage::Enumeration(_) if is_ordered(comparison) => Argument::Null,
        Storage::Text
        | Storage::Enumeration(_)
        | Storage::Shown
        | Storage::Bits(_)
        | Storage::Uuid
        | Storage::UuidText => Argument::NullText,
        Storage::UuidBytes => Argument::NullBytes,
        _ => Argument::Null,
    }
}

/// Where a text stands in the declaration of an enum, from 1; before all others the empty text that the server keeps for a
/// wrong one. `None`: nowhere.
fn position(values: &[String], text: &str) -> Option<i64> {
    let position = values.iter().position(|value| value == text);
    position.map(|position| position as i64 + 1).or_else(|| text.is_empty().then_some(0))
}

/// A date or a time as the server reads it.
fn text_of(value: &Value, scalar: Scalar) -> Option<Argument> {
    let moment = |micros| temporal::format_local(micros).replace('T', " ");
    Some(Argument::Text(match (value, scalar) {
        (Value::Date(days), Scalar::Date) => temporal::format_date(*days),
        (Value::Time(micros), Scalar::Time) => temporal::format_time(*micros),
        (Value::LocalDateTime(micros), Scalar::LocalDateTime) | (Value::DateTime(micros), Scalar::DateTime) => {
            moment(*micros)
        }
        _ => return None,
    }))
}

fn integer(number: i128) -> Written {
    if let Ok(number) = i64::try_from(number) {
        Written::marked(Argument::Integer(number))
    } else if let Ok(number) = u64::try_from(number) {
        Written::marked(Argument::Unsigned(number))
    } else {
        Written::beyond(number < 0)
    }
}

/// A canonical decimal, cut to what `DECIMAL(precision, scale)` can hold.
fn decimal(text: &str, precision: usize, scale: usize, comparison: Comparison) -> Written {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if whole.trim_start_matches('0').len() > precision.saturating_sub(scale) {
        return Written::beyond(negative);
    }
    let to = format!("DECIMAL({precision}, {scale})");
    if fraction.len() <= scale {
        return Written::cast(Argument::Text(text.to_owned()), to);
    }
    if !is_ordered(comparison) {
        return Written::beyond(negative);
    }
    // It stands between two that the column can hold: the bound moves to the one that keeps the answer.
    let upper = matches!(comparison, Comparison::Less | Comparison::GreaterOrEqual);
    let sign = if negative { "-" } else { "" };
    let cut = format!("{sign}{whole}.{}", &fraction[..scale]);
    let step = match scale {
        0 => "1".to_owned(),
        scale => format!("0.{}1", "0".repeat(scale - 1)),
    };
    let mut written = Written::cast(Argument::Text(cut.trim_end_matches('.').to_owned()), to);
    let step = match (negative, upper) {
        (false, true) => format!(" + {step}"),
        (true, false) => format!(" - {step}"),
        _ => return written,
    };
    written.before = Cow::Borrowed("(CAST(");
    written.after = Cow::Owned(format!("{}{step})", written.after));
    written
}

fn uuid_bytes(text: &str) -> Option<Vec<u8>> {
    let hex: String = text.chars().filter(|char| *char != '-').collect();
    if hex.len() != 32 || !hex.is_ascii() {
        return None;
    }
    (0..16).map(|at| u8::from_str_radix(&hex[at * 2..at * 2 + 2], 16).ok()).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn sql(written: &Written) -> String {
        let value = match &written.argument {
            Some(Argument::Text(text)) => format!("{text:?}"),
            Some(other) => format!("{other:?}"),
            None => String::new(),
        };
        format!("{}{value}{}", written.before, written.after)
    }

    #[test]
    fn a_decimal_between_two_of_the_column_keeps_its_place_and_equals_nothing() {
        let of = |text: &str, comparison| sql(&decimal(text, 5, 2, comparison));
        assert_eq!(of("1.5", Comparison::Equal), "CAST(\"1.5\" AS DECIMAL(5, 2))");
        assert_eq!(of("1.505", Comparison::Equal), ABOVE);
        assert_eq!(of("1.505", Comparison::Less), "(CAST(\"1.50\" AS DECIMAL(5, 2)) + 0.01)");
        assert_eq!(of("1.505", Comparison::Greater), "CAST(\"1.50\" AS DECIMAL(5, 2))");
        assert_eq!(of("-1.505", Comparison::Greater), "(CAST(\"-1.50\" AS DECIMAL(5, 2)) - 0.01)");
        assert_eq!(of("-1.505", Comparison::GreaterOrEqual), "CAST(\"-1.50\" AS DECIMAL(5, 2))");
        assert_eq!(of("1000", Comparison::Less), ABOVE);
        assert_eq!(of("-1000.5", Comparison::Less), BELOW);
        assert_eq!(sql(&decimal("0.5", 3, 0, Comparison::Less)), "(CAST(\"0\" AS DECIMAL(3, 0)) + 1)");
    }

    #[test]
    fn small_numbers_are_no_years_and_large_ones_are_beyond() {
        let of =
            |number, storage| sql(&write(&Value::Integer(number), &storage, Scalar::Int, Comparison::Equal).unwrap());
        assert_eq!(of(5, Storage::Year), "Integer(100)");
        assert_eq!(of(2024, Storage::Year), "Integer(2024)");
        assert_eq!(of(u64::MAX.into(), Storage::Integer), "Unsigned(18446744073709551615)");
        assert_eq!(of(i128::MIN, Storage::Integer), BELOW);
    }

    #[test]
    fn null_is_of_the_type_of_the_values_beside_it() {
        let of = |storage, comparison| sql(&write(&Value::Null, &storage, Scalar::String, comparison).unwrap());
        for (storage, comparison, null) in [
            (Storage::Uuid, Comparison::Equal, "NullText"),
            (Storage::UuidBytes, Comparison::Equal, "NullBytes"),
            (Storage::Text, Comparison::Less, "NullText"),
            (Storage::Enumeration(vec![]), Comparison::Equal, "NullText"),
            (Storage::Enumeration(vec![]), Comparison::Less, "Null"),
            (Storage::Integer, Comparison::Equal, "Null"),
        ] {
            assert_eq!(of(storage.clone(), comparison), null, "{storage:?} {comparison:?}");
        }
    }
}
