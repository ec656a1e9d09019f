//! SQL functions that every connection has: exact text matching, and reading what is stored as a scalar.
//!
//! In: stored values. Out: SQLite values. *Invariant*: no function fails on what is stored; what is not of its scalar equals
//! no value, and never counts as null where rows are compared, ordered or grouped by it.

use std::convert::Infallible;

use lilong_schema::{Scalar, Value};
use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::types::{Value as Stored, ValueRef};
use rusqlite::{Connection, Result};

use super::value::{comparable, read};
use crate::evaluate::{Like, fold_into};

/// Gives a connection its functions.
pub(super) fn register(connection: &Connection) -> Result<()> {
    super::aggregate::register(connection)?;
    matching(connection, "lilong_like", Like::new, Like::matches)?;
    matching(
        connection,
        "lilong_ilike",
        |pattern| Like::new(&fold(pattern)),
        |pattern, text| pattern.matches(&fold(text)),
    )?;
    matching(connection, "lilong_starts", str::to_owned, |part, text| text.starts_with(part.as_str()))?;
    matching(connection, "lilong_ends", str::to_owned, |part, text| text.ends_with(part.as_str()))?;
    matching(connection, "lilong_contains", str::to_owned, |part, text| text.contains(part.as_str()))?;
    reading(connection, "lilong_value", |value| comparable(&value), apart)?;
    // A key that is not of its scalar finds nothing.
    reading(connection, "lilong_key", |value| comparable(&value), |_| Stored::Null)?;
    let text = |value| match value {
        Value::Null => Stored::Null,
        value => Stored::Text(value.to_string()),
    };
    reading(connection, "lilong_text", text, |_| Stored::Null)
}

/// What stands for a stored value that is not of its scalar: behind all that are, and equal only to what is stored alike.
fn apart(stored: ValueRef<'_>) -> Stored {
    let (class, bytes) = match stored {
        ValueRef::Null => return Stored::Null,
        ValueRef::Integer(number) => (b'i', &number.to_be_bytes()[..]),
        ValueRef::Real(number) => (b'r', &number.to_be_bytes()[..]),
        ValueRef::Text(text) => (b't', text),
        ValueRef::Blob(blob) => (b'x', blob),
    };
    Stored::Blob([&[class], bytes].concat())
}

fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    fold_into(text, &mut folded);
    folded
}

fn flags() -> FunctionFlags {
    FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC | FunctionFlags::SQLITE_DIRECTONLY
}

/// `name(text, pattern)`; the pattern is read once a statement.
fn matching<P: Send + Sync + 'static>(
    connection: &Connection,
    name: &str,
    prepare: impl Fn(&str) -> P + Send + 'static,
    matches: impl Fn(&P, &str) -> bool + Send + 'static,
) -> Result<()> {
    connection.create_scalar_function(name, 2, flags(), move |context: &Context<'_>| -> Result<Option<bool>> {
        let ValueRef::Text(text) = context.get_raw(0) else {
            return Ok(None);
        };
        let Ok(text) = std::str::from_utf8(text) else {
            return Ok(None);
        };
        let pattern = context.get_or_create_aux(1, |pattern| -> Result<Option<P>, Infallible> {
            Ok(match pattern {
                ValueRef::Text(bytes) => std::str::from_utf8(bytes).ok().map(&prepare),
                _ => None,
            })
        })?;
        Ok(pattern.as_ref().as_ref().map(|pattern| matches(pattern, text)))
    })
}

/// `name(stored, scalar)`; `other` makes something of what is not of the scalar.
fn reading(
    connection: &Connection,
    name: &str,
    write: impl Fn(Value) -> Stored + Send + 'static,
    other: impl Fn(ValueRef<'_>) -> Stored + Send + 'static,
) -> Result<()> {
    connection.create_scalar_function(name, 2, flags(), move |context: &Context<'_>| -> Result<Stored> {
        let scalar = context.get_or_create_aux(1, |name| -> Result<Option<Scalar>, Infallible> {
            Ok(name.as_str().ok().and_then(Scalar::from_name))
        })?;
        Ok(match *scalar {
            Some(scalar) => {
                let stored = context.get_raw(0);
                read(stored, scalar).map_or_else(|_| other(stored), &write)
            }
            None => Stored::Null,
        })
    })
}
