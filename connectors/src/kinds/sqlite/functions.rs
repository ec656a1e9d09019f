//! SQL functions that every connection has: exact text matching, and reading what is stored as a scalar.
//!
//! In: stored values. Out: SQLite values, null where a value is null or not of its scalar. *Invariant*: no function
//! fails on what is stored.

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
    reading(connection, "lilong_value", |value| comparable(&value))?;
    reading(connection, "lilong_text", |value| match value {
        Value::Null => Stored::Null,
        value => Stored::Text(value.to_string()),
    })
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

/// `name(stored, scalar)`
fn reading(connection: &Connection, name: &str, write: impl Fn(Value) -> Stored + Send + 'static) -> Result<()> {
    connection.create_scalar_function(name, 2, flags(), move |context: &Context<'_>| -> Result<Stored> {
        let scalar = context.get_or_create_aux(1, |name| -> Result<Option<Scalar>, Infallible> {
            Ok(name.as_str().ok().and_then(Scalar::from_name))
        })?;
        Ok(match *scalar {
            Some(scalar) => read(context.get_raw(0), scalar).map_or(Stored::Null, &write),
            None => Stored::Null,
        })
    })
}
