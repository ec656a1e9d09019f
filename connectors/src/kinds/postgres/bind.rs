//! The values of one request as the parameters of its statement.
//!
//! In: slots and a bound fetch. Out: parameters in the server's binary format, with their types. *Invariant*: a value that
//! the server cannot hold (a text with NUL, an integer past 64 bits) keeps its meaning: it equals nothing that is stored.

use lilong_schema::{Scalar, Value};
use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::postgres::types::Oid;
use sqlx::postgres::{PgArgumentBuffer, PgArguments, PgTypeInfo};
use sqlx::{Arguments, Encode, Postgres, Type};

use super::dialect::Slot;
use super::fold::FOLDING;
use super::form::Kind;
use super::wire::{self, oid};
use crate::evaluate::fold_into;
use crate::sql::cells;
use crate::sql::dialect::Keys;
use crate::sql::single;
use crate::{BoundFetch, Comparison, Operand, OperandId};

/// What stands for a text with NUL: code points that are no characters, so that no stored text is equal.
const NOWHERE: &str = "\u{10FFFE}\u{10FFFF}\u{10FFFE}";

/// Why a value cannot be bound; always a defect of the planner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("binding {0}")]
pub(super) struct Unbindable(&'static str);

/// One parameter.
struct Parameter {
    type_number: u32,
    /// `None`: null.
    bytes: Option<Vec<u8>>,
}

impl Type<Postgres> for Parameter {
    fn type_info() -> PgTypeInfo {
        PgTypeInfo::with_oid(Oid(oid::TEXT))
    }
}

impl Encode<'_, Postgres> for Parameter {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        Ok(match &self.bytes {
            None => IsNull::Yes,
            Some(bytes) => {
                buffer.extend_from_slice(bytes);
                IsNull::No
            }
        })
    }

    fn produces(&self) -> Option<PgTypeInfo> {
        Some(PgTypeInfo::with_oid(Oid(self.type_number)))
    }

    fn size_hint(&self) -> usize {
        self.bytes.as_ref().map_or(0, Vec::len)
    }
}

/// Whether an operand is an integer past 64 bits, or a list that holds one.
pub(super) fn needs_wide(bound: &BoundFetch) -> bool {
    let past = |value: &Value| matches!(value, Value::Integer(number) if i64::try_from(*number).is_err());
    bound.operands.iter().any(|operand| match operand {
        Operand::Value(Value::List(items)) => items.iter().any(past),
        Operand::Value(value) => past(value),
        Operand::Keys(_) => false,
    })
}

/// All parameters of a statement; those of the slots at some positions are null.
pub(super) fn arguments(slots: &[Slot], bound: &BoundFetch, nulls: &[usize]) -> Result<PgArguments, Unbindable> {
    let mut arguments = PgArguments::default();
    arguments.reserve(slots.len(), slots.len() * 16);
    for (position, slot) in slots.iter().enumerate() {
        let mut parameter = parameter(slot, bound)?;
        if nulls.contains(&position) {
            parameter.bytes = None;
        }
        arguments.add(parameter).map_err(|_| Unbindable("more than the protocol takes"))?;
    }
    Ok(arguments)
}

fn parameter(slot: &Slot, bound: &BoundFetch) -> Result<Parameter, Unbindable> {
    Ok(match slot {
        Slot::Value { operand, kind, comparison, .. } => {
            let value = operand_value(bound, *operand)?;
            let bytes = if value.is_null() {
                None
            } else {
                Some(write(value, *kind, *comparison).ok_or(Unbindable("a value of another scalar"))?)
            };
            Parameter { type_number: scalar_type(*kind), bytes }
        }
        Slot::List { operand, kind } => {
            let Value::List(items) = operand_value(bound, *operand)? else {
                return Err(Unbindable("a list that is not there"));
            };
            let items: Option<Vec<Vec<u8>>> = items.iter().map(|item| write(item, *kind, Comparison::In)).collect();
            array(*kind, &items.ok_or(Unbindable("a list of another scalar"))?)
        }
        Slot::Pattern { operand, comparison } => {
            let bytes = match operand_value(bound, *operand)? {
                Value::Text(text) => Some(pattern(text, *comparison).into_bytes()),
                Value::Null => None,
                _ => return Err(Unbindable("a text that is not there")),
            };
            Parameter { type_number: oid::TEXT, bytes }
        }
        Slot::FoldFrom => text(&FOLDING.from),
        Slot::FoldTo => text(&FOLDING.to),
        Slot::FoldPattern => text(&FOLDING.pattern),
        Slot::Key { keys, columns, at } => key_column(bound, *keys, columns, *at)?,
        Slot::Number(operand) => match operand_value(bound, *operand)? {
            Value::Integer(number) => Parameter {
                type_number: oid::INT8,
                // What is larger than the server's largest number is as good as it.
                bytes: Some(i64::try_from(*number).unwrap_or(i64::MAX).to_be_bytes().to_vec()),
            },
            _ => return Err(Unbindable("a number that is not there")),
        },
    })
}

fn text(text: &str) -> Parameter {
    Parameter { type_number: oid::TEXT, bytes: Some(text.as_bytes().to_vec()) }
}

fn operand_value(bound: &BoundFetch, id: OperandId) -> Result<&Value, Unbindable> {
    match bound.operands.get(id) {
        Some(Operand::Value(value)) => Ok(value),
        _ => Err(Unbindable("a value that is not there")),
    }
}

/// One column of keys; keys that no row can have are left out of every column.
fn key_column(bound: &BoundFetch, keys: Keys, columns: &[(Scalar, Kind)], at: usize) -> Result<Parameter, Unbindable> {
    let batch = match keys {
        Keys::Fetch => bound.keys.as_ref(),
        Keys::Operand(id) => match bound.operands.get(id) {
            Some(Operand::Keys(batch)) => Some(batch),
            _ => None,
        },
    };
    let batch = batch.ok_or(Unbindable("keys that are not there"))?;
    if batch.num_columns() != columns.len() {
        return Err(Unbindable("keys of another width"));
    }
    let mut kept = vec![true; batch.num_rows()];
    let mut wanted = vec![];
    for (position, (scalar, kind)) in columns.iter().enumerate() {
        let values = cells::values(batch.column(position), *scalar).ok_or(Unbindable("keys of other types"))?;
        let mut written = Vec::with_capacity(if position == at { values.len() } else { 0 });
        for (row, value) in values.iter().enumerate() {
            let possible = !value.is_null() && !matches!(value, Value::Text(text) if text.contains('\0'));
            let bytes = possible.then(|| write(value, *kind, Comparison::In)).flatten();
            kept[row] &= bytes.is_some();
            if position == at {
                written.push(bytes);
            }
        }
        if position == at {
            wanted = written;
        }
    }
    let (_, kind) = columns.get(at).ok_or(Unbindable("keys of another width"))?;
    let items: Vec<Vec<u8>> = wanted.into_iter().zip(kept).filter_map(|(bytes, kept)| bytes.filter(|_| kept)).collect();
    Ok(array(*kind, &items))
}

fn array(kind: Kind, items: &[Vec<u8>]) -> Parameter {
    Parameter { type_number: array_type(kind), bytes: Some(wire::write_array(scalar_type(kind), items)) }
}

/// `None`: the value is of another kind.
fn write(value: &Value, kind: Kind, comparison: Comparison) -> Option<Vec<u8>> {
    Some(match (kind, value) {
        (Kind::Integer, Value::Integer(number)) => i64::try_from(*number).ok()?.to_be_bytes().to_vec(),
        (Kind::Decimal, Value::Integer(number)) => wire::write_numeric(&number.to_string())?,
        (Kind::Decimal, Value::Decimal(text)) => wire::write_numeric(text)?,
        (Kind::Float, Value::Float(number)) => number.to_be_bytes().to_vec(),
        (Kind::Float, Value::Integer(number)) => (*number as f64).to_be_bytes().to_vec(),
        (Kind::Real, Value::Float(number)) => single::bound(*number).to_be_bytes().to_vec(),
        (Kind::Real, Value::Integer(number)) => single::bound(*number as f64).to_be_bytes().to_vec(),
        (Kind::Boolean, Value::Boolean(value)) => vec![u8::from(*value)],
        (Kind::Text, Value::Text(text)) => storable(text, comparison).into_bytes(),
        (Kind::Date, Value::Date(days)) => wire::write_date(*days),
        (Kind::Time, Value::Time(micros)) => micros.to_be_bytes().to_vec(),
        (Kind::Local, Value::LocalDateTime(micros)) | (Kind::Instant, Value::DateTime(micros)) => {
            wire::write_moment(*micros)
        }
        (Kind::Uuid, Value::Text(text)) => wire::write_uuid(text)?,
        _ => return None,
    })
}

/// The text, or where it holds NUL, which no stored text does, one that is compared alike.
fn storable(text: &str, comparison: Comparison) -> String {
    let Some((before, _)) = text.split_once('\0') else {
        return text.to_owned();
    };
    match comparison {
        Comparison::Greater | Comparison::GreaterOrEqual | Comparison::Less | Comparison::LessOrEqual => {
            format!("{before}\u{1}")
        }
        _ => NOWHERE.to_owned(),
    }
}

/// The server's pattern of a text operand: the server refuses a `\` at the end.
fn pattern(text: &str, comparison: Comparison) -> String {
    if text.contains('\0') {
        return NOWHERE.to_owned();
    }
    let escaped = || {
        let mut escaped = String::with_capacity(text.len() + 4);
        for char in text.chars() {
            if matches!(char, '%' | '_' | '\\') {
                escaped.push('\\');
            }
            escaped.push(char);
        }
        escaped
    };
    let mut pattern = match comparison {
        Comparison::StartsWith => return format!("{}%", escaped()),
        Comparison::EndsWith => return format!("%{}", escaped()),
        Comparison::Contains => return format!("%{}%", escaped()),
        Comparison::ILike | Comparison::NotILike => {
            let mut folded = String::with_capacity(text.len());
            fold_into(text, &mut folded);
            folded
        }
        _ => text.to_owned(),
    };
    let backslashes = pattern.len() - pattern.trim_end_matches('\\').len();
    if backslashes % 2 == 1 {
        pattern.push('\\');
    }
    pattern
}

fn scalar_type(kind: Kind) -> u32 {
    match kind {
        Kind::Integer => oid::INT8,
        Kind::Decimal => oid::NUMERIC,
        Kind::Real | Kind::Float => oid::FLOAT8,
        Kind::Boolean => oid::BOOL,
        Kind::Text => oid::TEXT,
        Kind::Date => oid::DATE,
        Kind::Time => oid::TIME,
        Kind::Local => oid::TIMESTAMP,
        Kind::Instant => oid::TIMESTAMPTZ,
        Kind::Uuid => oid::UUID,
    }
}

fn array_type(kind: Kind) -> u32 {
    match kind {
        Kind::Integer => 1016,
        Kind::Decimal => 1231,
        Kind::Real | Kind::Float => 1022,
        Kind::Boolean => 1000,
        Kind::Text => 1009,
        Kind::Date => 1182,
        Kind::Time => 1183,
        Kind::Local => 1115,
        Kind::Instant => 1185,
        Kind::Uuid => 2951,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_never_ends_in_an_open_escape() {
        assert_eq!(pattern("a\\", Comparison::Like), "a\\\\");
        assert_eq!(pattern("a\\\\", Comparison::Like), "a\\\\");
        assert_eq!(pattern("10%_\\", Comparison::Contains), "%10\\%\\_\\\\%");
        assert_eq!(pattern("ÄB\\", Comparison::ILike), "äb\\\\");
    }

    #[test]
    fn a_text_with_nul_equals_nothing_and_keeps_its_place() {
        assert_eq!(storable("a\0b", Comparison::Equal), NOWHERE);
        assert_eq!(storable("a\0b", Comparison::Less), "a\u{1}");
        assert_eq!(storable("ab", Comparison::Equal), "ab");
    }
}
