//! Values of one request in the places of a statement's marks.
//!
//! In: pieces, slots and a bound fetch. Out: the statement that is sent, with plain `?` marks, and its arguments.
//! *Invariant*: no value stands in the text. A list is padded to a power of two by repeating its last value, so that a
//! server sees few different statements.

use std::borrow::Cow;
use std::ops::Range;

use lilong_schema::{Scalar, Value};
use sqlx::Arguments;
use sqlx::mysql::MySqlArguments;

use super::pattern::pattern;
use super::slot::{KeyColumn, Slot};
use super::storage::Storage;
use super::text::Piece;
use super::value::{Argument, Written, write};
use crate::sql::cells;
use crate::sql::dialect::Keys;
use crate::{BoundFetch, Comparison, Operand, OperandId};

/// Marks that one statement may have; the protocol counts them in 16 bits.
pub(super) const MARKS: usize = 65_535;
/// Lists are padded to powers of two up to here, and to multiples of a quarter of it above.
const PADDED: usize = 16_384;

/// Why a statement could not be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unbindable {
    /// An operand that is missing or of another scalar; a defect of the planner.
    #[error("an operand is missing or of another scalar")]
    Operand,
    /// More values than a statement can have.
    #[error("more values than one statement can have")]
    TooMany,
}

/// The key columns of a fetch, as values.
pub(super) type KeyValues = Vec<Vec<Value>>;

/// The values of one statement.
pub(super) struct Values<'a> {
    /// The request.
    pub(super) bound: &'a BoundFetch,
    /// The keys of the fetch.
    pub(super) keys: &'a KeyValues,
    /// Which of them this statement is for.
    pub(super) rows: Range<usize>,
}

/// A statement in the making.
#[derive(Default)]
pub(super) struct Statement {
    /// The text.
    pub(super) text: String,
    arguments: Vec<Argument>,
}

impl Statement {
    /// The arguments, as the driver takes them.
    pub(super) fn into_parts(self) -> Result<(String, MySqlArguments), Unbindable> {
        if self.arguments.len() > MARKS {
            return Err(Unbindable::TooMany);
        }
        let mut arguments = MySqlArguments::default();
        arguments.reserve(self.arguments.len(), self.arguments.len() * 8);
        for argument in self.arguments {
            let added = match argument {
                Argument::Null => arguments.add(None::<i64>),
                Argument::NullText => arguments.add(None::<String>),
                Argument::NullBytes => arguments.add(None::<Vec<u8>>),
                Argument::Integer(value) => arguments.add(value),
                Argument::Unsigned(value) => arguments.add(value),
                Argument::Float(value) => arguments.add(value),
                Argument::Text(value) => arguments.add(value),
                Argument::Bytes(value) => arguments.add(value),
            };
            added.map_err(|_| Unbindable::Operand)?;
        }
        Ok((self.text, arguments))
    }

    /// Writes pieces out with values. `key` is the row of the key that this select is for; past the last it is null.
    pub(super) fn write(
        &mut self,
        pieces: &[Piece],
        slots: &[Slot],
        values: &Values<'_>,
        key: Option<usize>,
    ) -> Result<(), Unbindable> {
        for piece in pieces {
            match piece {
                Piece::Sql(sql) => self.text.push_str(sql),
                Piece::Slot(slot) => {
                    let slot = slots.get(*slot).ok_or(Unbindable::Operand)?;
                    self.slot(slot, values, key)?;
                }
            }
        }
        Ok(())
    }

    fn slot(&mut self, slot: &Slot, values: &Values<'_>, key: Option<usize>) -> Result<(), Unbindable> {
        match slot {
            Slot::Value { operand, storage, scalar, comparison } => {
                let value = operand_value(values.bound, *operand)?;
                self.value(write(value, storage, *scalar, *comparison).ok_or(Unbindable::Operand)?);
            }
            Slot::List { operand, storage, scalar } => {
                let Value::List(items) = operand_value(values.bound, *operand)? else {
                    return Err(Unbindable::Operand);
                };
                let kept = written(items, storage, *scalar)?;
                match items.first() {
                    // Nothing is equal to any of them, but of null that is unknown.
                    Some(item) if kept.is_empty() => {
                        let never = write(item, storage, *scalar, Comparison::Equal).ok_or(Unbindable::Operand)?;
                        self.list(&[never]);
                    }
                    _ => self.list(&kept),
                }
            }
            Slot::Keys { keys, columns } => {
                let other: KeyValues;
                let (cells, rows) = match keys {
                    Keys::Fetch => (values.keys, values.rows.clone()),
                    Keys::Operand(id) => {
                        other = operand_keys(values.bound, *id, columns)?;
                        let rows = 0..other.first().map_or(0, Vec::len);
                        (&other, rows)
                    }
                };
                self.keys(columns, cells, rows)?;
            }
            Slot::Key { column, storage, scalar } => {
                let cells = values.keys.get(*column).ok_or(Unbindable::Operand)?;
                let value = key.and_then(|row| cells.get(row)).unwrap_or(&Value::Null);
                self.value(write(value, storage, *scalar, Comparison::Equal).ok_or(Unbindable::Operand)?);
            }
            Slot::Pattern { operand, comparison } => {
                let argument = match operand_value(values.bound, *operand)? {
                    Value::Text(text) => Argument::Text(pattern(text, *comparison)),
                    Value::Null => Argument::Null,
                    _ => return Err(Unbindable::Operand),
                };
                self.value(Written::marked(argument));
            }
            Slot::Number(operand) => self.number(whole_number(values.bound, *operand)?),
            Slot::Digits(operand) => {
                let number = i64::try_from(whole_number(values.bound, *operand)?).unwrap_or(i64::MAX);
                self.text.push_str(&number.to_string());
            }
            Slot::Sum(one, other) => {
                let sum = whole_number(values.bound, *one)?.saturating_add(whole_number(values.bound, *other)?);
                self.number(sum);
            }
        }
        Ok(())
    }

    fn number(&mut self, number: i128) {
        // What is larger than the largest number is as good as it.
        let number = i64::try_from(number).unwrap_or(i64::MAX);
        self.value(Written::marked(Argument::Integer(number)));
    }

    fn value(&mut self, written: Written) {
        self.text.push_str(&written.before);
        if let Some(argument) = written.argument {
            self.text.push('?');
            self.arguments.push(argument);
        }
        self.text.push_str(&written.after);
    }

    /// What stands between the parentheses of `IN`.
    fn list(&mut self, items: &[Written]) {
        let Some(last) = items.last() else {
            // In nothing, nothing is: not even null is unknown.
            self.text.push_str("SELECT NULL FROM DUAL WHERE FALSE");
            return;
        };
        for at in 0..padded(items.len()) {
            if at > 0 {
                self.text.push_str(", ");
            }
            self.value(items.get(at).unwrap_or(last).clone());
        }
    }

    fn keys(&mut self, columns: &[KeyColumn], cells: &KeyValues, rows: Range<usize>) -> Result<(), Unbindable> {
        if let ([column], [cells]) = (columns, cells.as_slice()) {
            let cells = cells.get(rows).ok_or(Unbindable::Operand)?;
            let mut items = written(cells, &column.storage, column.scalar)?;
            if let Some((before, after)) = &column.around {
                for item in &mut items {
                    item.before = format!("{before}{}", item.before).into();
                    item.after = format!("{}{after}", item.after).into();
                }
            }
            self.text.push_str(&column.plain);
            self.text.push_str(" IN (");
            self.list(&items);
            self.text.push(')');
            if let Some(exact) = &column.exact {
                self.text.push_str(" AND ");
                self.text.push_str(exact);
                self.text.push_str(" IN (");
                self.list(&written(cells, &Storage::Text, column.scalar)?);
                self.text.push(')');
            }
            return Ok(());
        }
        if columns.len() != cells.len() {
            return Err(Unbindable::Operand);
        }
        // Alternatives, unlike rows of values, are found by an index on both servers.
        let mut keys: Vec<Vec<(&str, Written)>> = vec![];
        for row in rows {
            let mut key = vec![];
            for (column, cells) in columns.iter().zip(cells) {
                let cell = cells.get(row).ok_or(Unbindable::Operand)?;
                let sides = [
                    Some((&column.plain, &column.storage)),
                    column.exact.as_ref().map(|exact| (exact, &Storage::Text)),
                ];
                for (side, storage) in sides.into_iter().flatten() {
                    let value = write(cell, storage, column.scalar, Comparison::Equal).ok_or(Unbindable::Operand)?;
                    key.push((side.as_str(), value));
                }
            }
            if !key.iter().any(|(_, value)| value.is_never()) {
                keys.push(key);
            }
        }
        let Some(last) = keys.last() else {
            self.text.push_str("FALSE");
            return Ok(());
        };
        for at in 0..padded(keys.len()) {
            self.text.push_str(if at == 0 { "((" } else { " OR (" });
            for (position, (side, value)) in keys.get(at).unwrap_or(last).iter().enumerate() {
                if position > 0 {
                    self.text.push_str(" AND ");
                }
                self.text.push_str(side);
                self.text.push_str(" = ");
                self.value(value.clone());
            }
            self.text.push(')');
        }
        self.text.push(')');
        Ok(())
    }
}

/// The text for people: lists and keys are shortened.
pub(super) fn shown(pieces: &[Piece], slots: &[Slot]) -> String {
    let mut text = String::new();
    for piece in pieces {
        match piece {
            Piece::Sql(sql) => text.push_str(sql),
            Piece::Slot(slot) => match slots.get(*slot) {
                Some(Slot::List { .. }) => text.push_str("?, …"),
                Some(Slot::Keys { columns, .. }) => text.push_str(&shown_keys(columns)),
                _ => text.push('?'),
            },
        }
    }
    text
}

fn shown_keys(columns: &[KeyColumn]) -> String {
    let sides = columns.iter().flat_map(|column| [Some(&column.plain), column.exact.as_ref()].into_iter().flatten());
    if let [KeyColumn { plain, around: Some((before, after)), .. }] = columns {
        return format!("{plain} IN ({before}?{after}, …)");
    }
    if columns.len() == 1 {
        let sides: Vec<String> = sides.map(|side| format!("{side} IN (?, …)")).collect();
        return sides.join(" AND ");
    }
    let sides: Vec<String> = sides.map(|side| format!("{side} = ?")).collect();
    format!("(({}) OR …)", sides.join(" AND "))
}

/// How many marks a key takes.
pub(super) fn marks_of_key(slots: &[Slot]) -> usize {
    let marks = slots.iter().map(|slot| match slot {
        Slot::Keys { keys: Keys::Fetch, columns } => {
            columns.iter().map(|column| 1 + usize::from(column.exact.is_some())).sum()
        }
        _ => 0,
    });
    marks.sum::<usize>().max(1)
}

/// How many marks a statement has with the values of a request, keys of the fetch apart.
pub(super) fn marks(pieces: &[Piece], slots: &[Slot], bound: &BoundFetch) -> usize {
    let stand = pieces.iter().filter_map(|piece| match piece {
        Piece::Slot(slot) => slots.get(*slot),
        Piece::Sql(_) => None,
    });
    let marks = stand.map(|slot| match slot {
        Slot::List { operand, .. } => match operand_value(bound, *operand) {
            Ok(Value::List(items)) => padded(items.len()),
            _ => 1,
        },
        Slot::Keys { keys: Keys::Operand(id), columns } => match bound.operands.get(*id) {
            // Some columns are compared twice.
            Some(Operand::Keys(batch)) => padded(batch.num_rows()) * 2 * columns.len(),
            _ => 1,
        },
        Slot::Keys { keys: Keys::Fetch, .. } | Slot::Digits(_) => 0,
        Slot::Value { .. } | Slot::Key { .. } | Slot::Pattern { .. } | Slot::Number(_) | Slot::Sum(..) => 1,
    });
    marks.sum::<usize>().max(1)
}

/// How many values a list of so many is padded to.
fn padded(count: usize) -> usize {
    if count <= PADDED { count.next_power_of_two() } else { count.next_multiple_of(PADDED / 4) }
}

/// Values to be equal to; what nothing is equal to is left out.
fn written(values: &[Value], storage: &Storage, scalar: Scalar) -> Result<Vec<Written>, Unbindable> {
    let mut items = Vec::with_capacity(values.len());
    for value in values {
        let item = write(value, storage, scalar, Comparison::Equal).ok_or(Unbindable::Operand)?;
        if !item.is_never() {
            items.push(item);
        }
    }
    Ok(items)
}

fn whole_number(bound: &BoundFetch, id: OperandId) -> Result<i128, Unbindable> {
    match operand_value(bound, id)? {
        Value::Integer(number) => Ok(*number),
        _ => Err(Unbindable::Operand),
    }
}

fn operand_value(bound: &BoundFetch, id: OperandId) -> Result<&Value, Unbindable> {
    match bound.operands.get(id) {
        Some(Operand::Value(value)) => Ok(value),
        _ => Err(Unbindable::Operand),
    }
}

fn operand_keys(bound: &BoundFetch, id: OperandId, columns: &[KeyColumn]) -> Result<KeyValues, Unbindable> {
    match bound.operands.get(id) {
        Some(Operand::Keys(batch)) if batch.num_columns() == columns.len() => batch
            .columns()
            .iter()
            .zip(columns)
            .map(|(cells, column)| cells::values(cells, column.scalar).ok_or(Unbindable::Operand))
            .collect(),
        _ => Err(Unbindable::Operand),
    }
}

impl Written {
    /// A value that needs nothing around it.
    pub(super) fn marked(argument: Argument) -> Self {
        Written { before: Cow::Borrowed(""), argument: Some(argument), after: Cow::Borrowed("") }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::Arc;

    use lilong_schema::Collection;

    use super::*;
    use crate::kinds::mysql::text;
    use crate::{Fetch, Prepared};

    #[test]
    fn a_limit_stands_in_digits_where_the_server_takes_no_mark_for_it() {
        let fetch = Fetch { limit: Some(0), offset: Some(1), ..Fetch::of(Arc::new(Collection::default()), vec![]) };
        let operands = [5, i128::MAX].map(|number| Operand::Value(Value::Integer(number))).to_vec();
        let bound = BoundFetch { prepared: Arc::new(Prepared::new(fetch)), operands, keys: None };
        let values = Values { bound: &bound, keys: &vec![], rows: 0..0 };
        let mut statement = Statement::default();
        let slots = [Slot::Digits(0), Slot::Number(1)];
        statement.write(&text::cut("LIMIT ?1 OFFSET ?2"), &slots, &values, None).unwrap();
        assert_eq!(statement.text, "LIMIT 5 OFFSET ?");
        assert_eq!(statement.arguments, [Argument::Integer(i64::MAX)]);
    }

    #[test]
    fn lists_come_in_few_lengths() {
        let lengths: Vec<usize> = [1, 2, 3, 5, 16_384, 16_385, 20_000].map(padded).to_vec();
        assert_eq!(lengths, [1, 2, 4, 8, 16_384, 20_480, 20_480]);
    }
}
