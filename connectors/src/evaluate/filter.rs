//! Evaluates predicates over a batch with SQL's three values.
//!
//! In: a predicate, the batch, the operands. Out: a mask, null where the predicate is unknown. *Invariant*: comparisons
//! with a null are unknown; `IsNull`, `KeyIn` and `Exists` never are; `In` of an empty list is false and `NotIn` true. A cell
//! that cannot be read is no null and equals nothing; what is smaller or larger than it, only who orders it knows.

mod effort;
mod reach;

use std::cell::Cell;
use std::sync::Arc;
use std::time::Instant;

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, BooleanArray, RecordBatch};
use arrow_buffer::{BooleanBuffer, BooleanBufferBuilder, NullBuffer};
use arrow_ord::cmp;
use arrow_schema::DataType;
use lilong_schema::collection::FieldId;
use lilong_schema::{Collection, Normalizer, Scalar, Value};

use super::comparable::{comparable, values_column};
use super::text::Matcher;
use super::{Error, KeyIndex, Result, convert, expect_type, normalize};
use crate::rows::arrow_type;
use crate::{CellFault, Comparison, Exists, Hop, Operand, OperandId, OrderTarget, Predicate, Test};

use self::effort::Clock;
pub use effort::effort;
pub(crate) use reach::reach;

/// Gives all rows of another collection of the source, which field each column is, and the cells that cannot be read; `None`
/// if there is no such collection.
pub type Linked<'a> = dyn Fn(&Collection) -> Option<(Vec<FieldId>, RecordBatch, Vec<CellFault>)> + 'a;

/// Which rows of a batch meet a predicate: true, false, or null where it is unknown.
///
/// `columns` says which field of `collection` each column of `batch` is. `Exists` is refused: see [`filter_linked`].
pub fn filter(
    predicate: &Predicate,
    collection: &Collection,
    columns: &[FieldId],
    batch: &RecordBatch,
    operands: &[Operand],
) -> Result<BooleanArray> {
    filter_linked(predicate, collection, columns, (batch, &[]), operands, &|_| None)
}

/// The same as [`filter`] over rows of which some cells could not be read, but for [`Error::Unread`] where only their source
/// knows whether a row meets it, and [`Error::Late`] where it would go on after `end`.
pub fn filter_read(
    predicate: &Predicate,
    collection: &Collection,
    columns: &[FieldId],
    (batch, faults): (&RecordBatch, &[CellFault]),
    operands: &[Operand],
    end: Option<Instant>,
) -> Result<BooleanArray> {
    let doubt = Cell::new(false);
    let place = Place::Unknown(&doubt);
    let view = View { collection, columns, batch, faults, operands, linked: &|_| None, end, place };
    let sure = view.evaluate(predicate)?;
    if doubt.get() {
        let possible = View { place: Place::Anywhere, ..view }.evaluate(predicate)?;
        if (&possible.yes & &!&sure.yes).has_true() {
            return Err(Error::Unread);
        }
    }
    Ok(sure.mask())
}

/// The same as [`filter`] where the rows of linked collections are at hand, and nobody else knows more of cells that could not
/// be read: these are larger than all others.
pub fn filter_linked(
    predicate: &Predicate,
    collection: &Collection,
    columns: &[FieldId],
    (batch, faults): (&RecordBatch, &[CellFault]),
    operands: &[Operand],
    linked: &Linked<'_>,
) -> Result<BooleanArray> {
    let view = View { collection, columns, batch, faults, operands, linked, end: None, place: Place::Last };
    Ok(view.evaluate(predicate)?.mask())
}

/// Which rows a predicate holds for, and which it does not hold for; in neither: unknown.
struct Truth {
    yes: BooleanBuffer,
    no: BooleanBuffer,
}

impl Truth {
    fn all(value: bool, rows: usize) -> Self {
        let (set, unset) = (BooleanBuffer::new_set(rows), BooleanBuffer::new_unset(rows));
        if value { Self { yes: set, no: unset } } else { Self { yes: unset, no: set } }
    }

    /// Never unknown.
    fn plain(yes: BooleanBuffer) -> Self {
        Self { no: !&yes, yes }
    }

    /// Unknown where a column is null.
    fn over(mask: &BooleanBuffer, nulls: Option<&NullBuffer>) -> Self {
        match nulls {
            None => Self::plain(mask.clone()),
            Some(nulls) => Self { yes: mask & nulls.inner(), no: &!mask & nulls.inner() },
        }
    }

    fn and(self, other: &Self) -> Self {
        Self { yes: &self.yes & &other.yes, no: &self.no | &other.no }
    }

    fn not(self) -> Self {
        Self { yes: self.no, no: self.yes }
    }

    /// False in some rows, whatever it was.
    fn never(self, rows: &BooleanBuffer) -> Self {
        Self { yes: &self.yes & &!rows, no: &self.no | rows }
    }

    fn mask(self) -> BooleanArray {
        let known = &self.yes | &self.no;
        BooleanArray::new(self.yes, Some(NullBuffer::new(known)))
    }
}

#[derive(Clone, Copy)]
struct View<'a> {
    collection: &'a Collection,
    columns: &'a [FieldId],
    batch: &'a RecordBatch,
    /// The cells of the batch that could not be read.
    faults: &'a [CellFault],
    operands: &'a [Operand],
    linked: &'a Linked<'a>,
    /// When to give up; `None`: never.
    end: Option<Instant>,
    place: Place<'a>,
}

/// Where cells that could not be read stand in the order of values.
#[derive(Clone, Copy)]
enum Place<'a> {
    /// Nobody knows here; set where one is compared by its order, which comes to neither true nor false.
    Unknown(&'a Cell<bool>),
    /// Such comparisons come to both, so that what comes out true is what may be true.
    Anywhere,
    /// Behind all others.
    Last,
}

impl View<'_> {
    fn evaluate(&self, predicate: &Predicate) -> Result<Truth> {
        let rows = self.batch.num_rows();
        if !Clock::new(self.end).allows(0) {
            return Err(Error::Late);
        }
        match predicate {
            Predicate::And(parts) => {
                parts.iter().try_fold(Truth::all(true, rows), |sum, part| Ok(sum.and(&self.evaluate(part)?)))
            }
            Predicate::Or(parts) => {
                let none = parts.iter().try_fold(Truth::all(true, rows), |sum, part| {
                    Ok::<_, Error>(sum.and(&self.evaluate(part)?.not()))
                })?;
                Ok(none.not())
            }
            Predicate::Not(part) => Ok(self.evaluate(part)?.not()),
            Predicate::IsNull(field) => {
                let (column, _) = self.column(*field)?;
                Ok(is_null(column, self.unread(*field).as_ref()))
            }
            Predicate::Compare { field, comparison, operand } => {
                let (column, scalar) = self.column(*field)?;
                let truth = self.compare(column, scalar, *comparison, *operand)?;
                self.placed(truth, *comparison, *operand, self.unread(*field).as_ref())
            }
            Predicate::KeyIn { fields, normalize, operand } => self.key_in(fields, normalize, *operand),
            Predicate::Exists(exists) => self.exists(exists),
            Predicate::Reached { path, target, test } => self.reached(path, target, *test),
        }
    }

    /// The column of a field and its scalar.
    fn column(&self, field: FieldId) -> Result<(&ArrayRef, Scalar)> {
        let described = self.collection.fields.get(field);
        let position = self.columns.iter().position(|column| *column == field);
        let column = position.and_then(|position| self.batch.columns().get(position));
        let (Some(described), Some(column)) = (described, column) else {
            return Err(Error::NoColumn(described.map_or_else(|| field.to_string(), |field| field.name.clone())));
        };
        expect_type(column, &arrow_type(described.scalar))?;
        Ok((column, described.scalar))
    }

    /// The rows whose cell of a field could not be read, if there are any.
    fn unread(&self, field: FieldId) -> Option<BooleanBuffer> {
        if self.faults.is_empty() {
            return None;
        }
        let position = self.columns.iter().position(|column| *column == field)?;
        let mut rows = self.faults.iter().filter(|fault| fault.column == position).peekable();
        rows.peek()?;
        let mut found = BooleanBufferBuilder::new(self.batch.num_rows());
        found.append_n(self.batch.num_rows(), false);
        rows.for_each(|fault| found.set_bit(fault.row, true));
        Some(found.finish())
    }

    /// What a comparison comes to where cells could not be read: they equal nothing, and no pattern is known to fit them.
    fn placed(
        &self,
        truth: Truth,
        comparison: Comparison,
        operand: OperandId,
        unread: Option<&BooleanBuffer>,
    ) -> Result<Truth> {
        let Some(unread) = unread else { return Ok(truth) };
        if self.value(operand)?.is_null() {
            return Ok(truth);
        }
        Ok(match comparison {
            Comparison::Equal | Comparison::In => truth.never(unread),
            Comparison::NotEqual | Comparison::NotIn => truth.not().never(unread).not(),
            Comparison::Greater | Comparison::GreaterOrEqual | Comparison::Less | Comparison::LessOrEqual => {
                match (self.place, comparison) {
                    (Place::Unknown(doubt), _) => {
                        doubt.set(true);
                        truth
                    }
                    (Place::Anywhere, _) => Truth { yes: &truth.yes | unread, no: &truth.no | unread },
                    (Place::Last, Comparison::Less | Comparison::LessOrEqual) => truth.never(unread),
                    (Place::Last, _) => truth.not().never(unread).not(),
                }
            }
            _ => truth,
        })
    }

    fn value(&self, operand: OperandId) -> Result<&Value> {
        match self.operands.get(operand) {
            Some(Operand::Value(value)) => Ok(value),
            _ => Err(Error::Operand { operand, expected: "value" }),
        }
    }

    fn compare(&self, column: &ArrayRef, scalar: Scalar, comparison: Comparison, operand: OperandId) -> Result<Truth> {
        let value = self.value(operand)?;
        let rows = column.len();
        if value.is_null() {
            return Ok(Truth { yes: BooleanBuffer::new_unset(rows), no: BooleanBuffer::new_unset(rows) });
        }
        match comparison {
            Comparison::In | Comparison::NotIn => {
                let Value::List(items) = value else {
                    return Err(Error::Operand { operand, expected: "list" });
                };
                let found = if items.is_empty() {
                    Truth::all(false, rows)
                } else {
                    let keys = KeyIndex::new(&[values_column(items, scalar, operand)?])?
                        .lookup(&[comparable(column, scalar)?])?;
                    Truth::over(&keys.iter().map(Option::is_some).collect(), column.nulls())
                };
                Ok(if comparison == Comparison::In { found } else { found.not() })
            }
            Comparison::Equal
            | Comparison::NotEqual
            | Comparison::Greater
            | Comparison::GreaterOrEqual
            | Comparison::Less
            | Comparison::LessOrEqual => {
                let literal = values_column(std::slice::from_ref(value), scalar, operand)?;
                if literal.is_null(0) {
                    let above = matches!(value, Value::Integer(value) if *value > 0);
                    let holds = match comparison {
                        Comparison::NotEqual => true,
                        Comparison::Less | Comparison::LessOrEqual => above,
                        Comparison::Greater | Comparison::GreaterOrEqual => !above,
                        _ => false,
                    };
                    return Ok(Truth::over(&Truth::all(holds, rows).yes, column.nulls()));
                }
                let column = comparable(column, scalar)?;
                let literal = arrow_array::Scalar::new(literal);
                let kernel = match comparison {
                    Comparison::NotEqual => cmp::neq,
                    Comparison::Greater => cmp::gt,
                    Comparison::GreaterOrEqual => cmp::gt_eq,
                    Comparison::Less => cmp::lt,
                    Comparison::LessOrEqual => cmp::lt_eq,
                    _ => cmp::eq,
                };
                Ok(Truth::over(kernel(&column, &literal)?.values(), column.nulls()))
            }
            Comparison::Like
            | Comparison::NotLike
            | Comparison::ILike
            | Comparison::NotILike
            | Comparison::StartsWith
            | Comparison::EndsWith
            | Comparison::Contains
            | Comparison::Regex
            | Comparison::IRegex => {
                if column.data_type() != &DataType::Utf8 {
                    return Err(Error::Unsuited { scalar, used_as: "matched as text" });
                }
                let Value::Text(pattern) = value else {
                    return Err(Error::Operand { operand, expected: "text" });
                };
                let matcher = Matcher::new(comparison, pattern);
                let matcher = matcher.map_err(|cause| Error::BadPattern { operand, cause })?;
                let Some(mut matcher) = matcher else {
                    return Err(Error::Operand { operand, expected: "text" });
                };
                let texts = column.as_string::<i32>();
                let mut clock = Clock::new(self.end);
                let mask = BooleanBuffer::collect_bool(rows, |row| {
                    let length = texts.value_length(row) as usize;
                    texts.is_valid(row) && clock.allows(length) && matcher.matches(texts.value(row))
                });
                if clock.is_over() {
                    return Err(Error::Late);
                }
                Ok(Truth::over(&mask, column.nulls()))
            }
        }
    }

    fn reached(&self, path: &[Hop], target: &OrderTarget, test: Test) -> Result<Truth> {
        let (column, scalar) = self.reach(path, target)?;
        let unread = self.unread_at(path, target)?;
        match test {
            Test::Compare { comparison, operand } => {
                let truth = self.compare(&column, scalar, comparison, operand)?;
                self.placed(truth, comparison, operand, unread.as_ref())
            }
            Test::IsNull => Ok(is_null(&column, unread.as_ref())),
        }
    }

    fn key_in(&self, fields: &[FieldId], steps: &[Normalizer], operand: OperandId) -> Result<Truth> {
        let Some(Operand::Keys(keys)) = self.operands.get(operand) else {
            return Err(Error::Operand { operand, expected: "set of keys" });
        };
        let columns = fields
            .iter()
            .map(|field| {
                let (column, scalar) = self.column(*field)?;
                Ok(if steps.is_empty() { column.clone() } else { Arc::new(normalize(column, scalar, steps)?) })
            })
            .collect::<Result<Vec<ArrayRef>>>()?;
        let found = KeyIndex::new(keys.columns())?.lookup(&columns)?;
        Ok(Truth::plain(found.iter().map(Option::is_some).collect()))
    }

    fn exists(&self, exists: &Exists) -> Result<Truth> {
        let collection = &*exists.collection;
        let (columns, batch, faults) = self.rows_of(collection)?;
        let inner = View { collection, columns: &columns, batch: &batch, faults: &faults, ..*self };
        let met = inner.evaluate(&exists.predicate)?;
        if exists.on.is_empty() {
            return Ok(Truth::all(met.yes.has_true(), self.batch.num_rows()));
        }
        let mut outer_keys = Vec::with_capacity(exists.on.len());
        let mut inner_keys = Vec::with_capacity(exists.on.len());
        for (outer_field, inner_field) in &exists.on {
            let (outer_column, to) = self.column(*outer_field)?;
            let (inner_column, from) = inner.column(*inner_field)?;
            let inner_column = arrow_select::filter::filter(inner_column, &BooleanArray::new(met.yes.clone(), None))?;
            outer_keys.push(outer_column.clone());
            inner_keys.push(convert(&inner_column, from, to)?);
        }
        let found = KeyIndex::new(&inner_keys)?.lookup(&outer_keys)?;
        Ok(Truth::plain(found.iter().map(Option::is_some).collect()))
    }
}

/// Null, and not only because it could not be read.
fn is_null(column: &ArrayRef, unread: Option<&BooleanBuffer>) -> Truth {
    let truth = match column.nulls() {
        None => Truth::all(false, column.len()),
        Some(nulls) => Truth::plain(!nulls.inner()),
    };
    match unread {
        None => truth,
        Some(unread) => truth.never(unread),
    }
}

#[cfg(test)]
mod tests;
