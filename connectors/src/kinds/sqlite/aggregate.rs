//! Aggregates as SQLite says them, and those of our own that it lacks or computes inexactly.
//!
//! In: functions and columns. Out: expressions; sums, averages, deviations and extremes of stored values. *Invariant*: sums of
//! integers and decimals are exact; over a value that is not of its column's scalar there is no sum, but something that no
//! decoder takes for one.

use std::cmp::Ordering;

use lilong_schema::{Scalar, Value};
use rusqlite::functions::{Aggregate, Context, FunctionFlags};
use rusqlite::types::{Value as Stored, ValueRef};
use rusqlite::{Connection, Result};

use super::dialect::Sqlite;
use super::storage::Storage;
use super::value::read;
use crate::Function;
use crate::evaluate::{Careful, Moments, Total};
use crate::sql::dialect::{Column, Dialect, Grouping};

/// The scalars that can be added up.
const NUMBERS: [Scalar; 4] = [Scalar::Int, Scalar::BigInt, Scalar::Float, Scalar::Decimal];

/// The functions of numbers, by their names here.
const FUNCTIONS: [(Function, &str); 6] = [
    (Function::Sum, "sum"),
    (Function::Average, "average"),
    (Function::Deviation, "deviation"),
    (Function::DeviationPopulation, "deviation_population"),
    (Function::Variance, "variance"),
    (Function::VariancePopulation, "variance_population"),
];

/// What [`Dialect::grouping`] gives.
pub(super) fn grouping(dialect: Sqlite, column: Column<'_>) -> Grouping {
    // Of a group's values any is given.
    Grouping { exact: dialect.exact(column), value: dialect.bare(column) }
}

/// What [`Dialect::aggregate`] gives.
pub(super) fn aggregate(dialect: Sqlite, function: Function, columns: &[Column<'_>]) -> Option<String> {
    Some(match (function, columns) {
        (Function::Count, []) => "count(*)".to_owned(),
        (Function::Count, [column]) => format!("count({})", dialect.bare(*column)),
        (Function::Count, columns) => {
            let known: Vec<String> =
                columns.iter().map(|column| format!("{} IS NOT NULL", dialect.bare(*column))).collect();
            format!("count(CASE WHEN {} THEN 1 END)", known.join(" AND "))
        }
        (Function::CountDistinct, []) => return None,
        (Function::CountDistinct, [column]) => format!("count(DISTINCT {})", dialect.exact(*column)),
        (Function::CountDistinct, columns) => {
            let cells: Vec<String> =
                columns.iter().map(|column| dialect.comparable(*column, &Storage::of(column.field))).collect();
            format!("count(DISTINCT lilong_tuple({}))", cells.join(", "))
        }
        (Function::Minimum | Function::Maximum, [column]) => {
            function.scalar(column.field.scalar)?;
            let (word, ours) = if function == Function::Minimum { ("min", "least") } else { ("max", "most") };
            let bare = dialect.bare(*column);
            let text = match Storage::of(column.field) {
                Storage::Parsed => format!("lilong_{ours}({bare}, {})", dialect.sort_key(*column)),
                _ => format!("{word}({})", dialect.sort_key(*column)),
            };
            dialect.collated(text, *column)
        }
        (function, [column]) => {
            function.scalar(column.field.scalar)?;
            let (_, name) = FUNCTIONS.iter().find(|(own, _)| *own == function)?;
            format!("lilong_{name}_{}({})", column.field.scalar.name().to_lowercase(), dialect.bare(*column))
        }
        _ => return None,
    })
}

fn flags() -> FunctionFlags {
    FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC | FunctionFlags::SQLITE_DIRECTONLY
}

/// Gives a connection its aggregates.
pub(super) fn register(connection: &Connection) -> Result<()> {
    for scalar in NUMBERS {
        for (function, name) in FUNCTIONS {
            let name = format!("lilong_{name}_{}", scalar.name().to_lowercase());
            connection.create_aggregate_function(name.as_str(), 1, flags(), Numbers { function, scalar })?;
        }
    }
    connection.create_aggregate_function("lilong_least", 2, flags(), Extreme(Ordering::Less))?;
    connection.create_aggregate_function("lilong_most", 2, flags(), Extreme(Ordering::Greater))?;
    connection.create_scalar_function("lilong_tuple", -1, flags(), |context| Ok(tuple(context)))
}

/// The cells together, equal where each is; null where one is.
fn tuple(context: &Context<'_>) -> Stored {
    let mut bytes = Vec::new();
    for at in 0..context.len() {
        let mut run = |tag: u8, cell: &[u8]| {
            bytes.push(tag);
            bytes.extend_from_slice(&(cell.len() as u64).to_be_bytes());
            bytes.extend_from_slice(cell);
        };
        match context.get_raw(at) {
            ValueRef::Null => return Stored::Null,
            // A whole real equals the integer.
            ValueRef::Real(number) if number.fract() == 0.0 && number.abs() < 9e18 => {
                run(b'i', &(number as i64).to_be_bytes());
            }
            ValueRef::Integer(number) => run(b'i', &number.to_be_bytes()),
            ValueRef::Real(number) => run(b'r', &number.to_be_bytes()),
            ValueRef::Text(cell) => run(b't', cell),
            ValueRef::Blob(cell) => run(b'b', cell),
        }
    }
    Stored::Blob(bytes)
}

/// A function of numbers.
struct Numbers {
    function: Function,
    scalar: Scalar,
}

/// What it has seen.
#[derive(Default)]
struct Seen {
    count: u64,
    /// Of integers.
    whole: i128,
    /// Of decimals.
    total: Total,
    /// Of floats.
    sum: Careful,
    moments: Moments,
    /// Whether a value was none.
    bad: bool,
}

impl Aggregate<Seen, Stored> for Numbers {
    fn init(&self, _: &mut Context<'_>) -> Result<Seen> {
        Ok(Seen::default())
    }

    fn step(&self, context: &mut Context<'_>, seen: &mut Seen) -> Result<()> {
        let summed = matches!(self.function, Function::Sum | Function::Average);
        match read(context.get_raw(0), self.scalar) {
            Ok(Value::Null) => return Ok(()),
            Ok(Value::Integer(number)) if summed => seen.whole += number,
            Ok(Value::Integer(number)) => seen.moments.add(number as f64),
            Ok(Value::Float(number)) if summed => seen.sum.add(number),
            Ok(Value::Float(number)) => seen.moments.add(number),
            Ok(Value::Decimal(text)) if summed => seen.bad |= seen.total.add(&text).is_none(),
            Ok(Value::Decimal(text)) => seen.moments.add(text.parse().unwrap_or(f64::NAN)),
            _ => seen.bad = true,
        }
        seen.count += 1;
        Ok(())
    }

    fn finalize(&self, _: &mut Context<'_>, seen: Option<Seen>) -> Result<Stored> {
        let seen = seen.unwrap_or_default();
        if seen.count == 0 {
            return Ok(Stored::Null);
        }
        if seen.bad {
            return Ok(no_number());
        }
        Ok(match (self.function, self.scalar) {
            (Function::Sum, Scalar::Int) => i64::try_from(seen.whole).map_or_else(|_| no_number(), Stored::Integer),
            (Function::Sum, Scalar::BigInt) => Stored::Text(seen.whole.to_string()),
            (Function::Sum, Scalar::Decimal) => Stored::Text(seen.total.text()),
            (Function::Sum, _) => real(seen.sum.value()),
            (Function::Average, scalar) => {
                let sum = match scalar {
                    Scalar::Int | Scalar::BigInt => seen.whole as f64,
                    Scalar::Decimal => seen.total.text().parse().unwrap_or(f64::NAN),
                    _ => seen.sum.value(),
                };
                real(sum / seen.count as f64)
            }
            (function, _) => seen.moments.value(function).map_or(Stored::Null, real),
        })
    }
}

/// A number; what is none comes as what no decoder takes for one, as SQLite would make null of it.
fn real(number: f64) -> Stored {
    if number.is_finite() { Stored::Real(number) } else { no_number() }
}

fn no_number() -> Stored {
    Stored::Blob(vec![])
}

/// The first value whose key is the smallest or largest.
struct Extreme(Ordering);

impl Aggregate<Option<(Stored, Stored)>, Stored> for Extreme {
    fn init(&self, _: &mut Context<'_>) -> Result<Option<(Stored, Stored)>> {
        Ok(None)
    }

    fn step(&self, context: &mut Context<'_>, best: &mut Option<(Stored, Stored)>) -> Result<()> {
        let (value, key) = (context.get_raw(0), context.get_raw(1));
        if value == ValueRef::Null {
            return Ok(());
        }
        // A value that is none of the scalar is given out, so that it is found to be none.
        let key = if matches!(key, ValueRef::Blob(_)) { ValueRef::Null } else { key };
        let better = match best {
            None => true,
            Some((_, Stored::Null)) => false,
            Some((_, before)) => key == ValueRef::Null || compare(key, ValueRef::from(&*before)) == self.0,
        };
        if better {
            let own = |value: ValueRef<'_>| Stored::try_from(value);
            *best = Some((own(value)?, own(key)?));
        }
        Ok(())
    }

    fn finalize(&self, _: &mut Context<'_>, best: Option<Option<(Stored, Stored)>>) -> Result<Stored> {
        Ok(best.flatten().map_or(Stored::Null, |(value, _)| value))
    }
}

/// The order of keys, which are all numbers or all texts.
fn compare(one: ValueRef<'_>, other: ValueRef<'_>) -> Ordering {
    match (one, other) {
        (ValueRef::Integer(one), ValueRef::Integer(other)) => one.cmp(&other),
        (ValueRef::Real(one), ValueRef::Real(other)) => one.total_cmp(&other),
        (ValueRef::Text(one), ValueRef::Text(other)) => one.cmp(other),
        _ => Ordering::Equal,
    }
}
