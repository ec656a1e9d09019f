//! One fetch, from bound values to a stream of batches.
//!
//! In: a bound fetch and what it was translated to. Out: a stream of rows. Rows that fill no batch, as most do, come with
//! one message, after the connection was given back. *Invariant*: the statement stops when the stream is dropped or its time
//! is up; a stream that ends without an error gave every row.

use std::rc::Rc;
use std::sync::Arc;

use arrow_array::RecordBatch;
use futures::StreamExt;
use futures::stream;
use lilong_schema::{Scalar, Value};
use rusqlite::Statement;
use rusqlite::types::Value as Stored;
use tokio::sync::{mpsc, oneshot};

use super::crew::{Delivery, crew};
use super::decode::{Batch, Decoder};
use super::dialect::Slot;
use super::fault;
use super::pool::{CancelOnDrop, Control, Lease, Pool};
use super::prefix::after_prefix;
use super::storage::Storage;
use super::value::bind;
use crate::sql::batch::{BYTES, ROWS, capacity};
use crate::sql::cells;
use crate::sql::dialect::Keys;
use crate::{BoundFetch, Comparison, Error, ErrorKind, FetchContext, Operand, OperandId, Result, RowStream, Rows};

/// Batches that wait to be taken.
const AHEAD: usize = 2;

/// What a fetch was translated to.
#[derive(Debug)]
pub(super) struct Parts {
    /// The statement.
    pub(super) text: String,
    /// What its parameters stand for.
    pub(super) slots: Vec<Slot>,
    /// How its columns are read.
    pub(super) decoders: Vec<Decoder>,
}

/// What a fetch begins with.
enum First {
    /// All its rows.
    All(Option<Rows>),
    /// Its first rows, and where the others come; nothing at the end.
    Some(Rows, mpsc::Receiver<Result<Option<Rows>>>),
}

/// Runs a fetch. Errors that come before the first row are the result's, later ones the stream's.
pub(super) async fn fetch(
    pool: &Arc<Pool>,
    parts: Arc<Parts>,
    bound: &BoundFetch,
    context: &FetchContext,
) -> Result<RowStream> {
    let permit = pool.turn().await?;
    let control = Control::until(context.deadline.min(std::time::Instant::now() + pool.tuning().timeout));
    let guard = CancelOnDrop(control.clone());
    let (sender, first) = oneshot::channel();
    let (worker_pool, bound) = (pool.clone(), bound.clone());
    crew().submit(Box::new(move || {
        let mut out = Out { first: Some(sender), rest: None };
        let last =
            worker_pool.lease(permit, &control).and_then(|lease| serve(lease, &parts, &bound, &control, &mut out));
        out.end(last)
    }));
    let source = pool.source().clone();
    let (first, receiver) = match first.await.unwrap_or_else(|_| Err(stopped(&source)))? {
        First::All(rows) => return Ok(stream::iter(rows.map(Ok)).boxed()),
        First::Some(rows, receiver) => (rows, receiver),
    };
    let rest = stream::unfold(Some((receiver, guard, source)), |state| async {
        let (mut receiver, guard, source) = state?;
        match receive(&mut receiver, &source).await {
            Ok(None) => None,
            Ok(Some(rows)) => Some((Ok(rows), Some((receiver, guard, source)))),
            Err(error) => Some((Err(error), None)),
        }
    });
    Ok(stream::once(std::future::ready(Ok(first))).chain(rest).boxed())
}

fn stopped(source: &Arc<str>) -> Error {
    Error::new(ErrorKind::Internal, source.clone(), "the reading thread stopped")
}

/// The next rows; `None` after the last.
async fn receive(receiver: &mut mpsc::Receiver<Result<Option<Rows>>>, source: &Arc<str>) -> Result<Option<Rows>> {
    receiver.recv().await.unwrap_or_else(|| Err(stopped(source)))
}

/// Where rows go.
struct Out {
    first: Option<oneshot::Sender<Result<First>>>,
    rest: Option<mpsc::Sender<Result<Option<Rows>>>>,
}

impl Out {
    /// Sends rows that others follow; `false`: nobody listens any more.
    fn send(&mut self, rows: Rows) -> bool {
        match (self.first.take(), &self.rest) {
            (Some(first), _) => {
                let (sender, receiver) = mpsc::channel(AHEAD);
                self.rest = Some(sender);
                first.send(Ok(First::Some(rows, receiver))).is_ok()
            }
            (None, Some(rest)) => rest.blocking_send(Ok(Some(rows))).is_ok(),
            (None, None) => false,
        }
    }

    /// Sends the last rows, or why they do not come. That nobody listens any more is no matter.
    fn end(self, last: Result<Option<Rows>>) -> Option<Delivery> {
        if let Some(first) = self.first {
            return Some(Box::new(move || drop(first.send(last.map(First::All)))));
        }
        let rest = self.rest?;
        let others = matches!(last, Ok(Some(_))).then_some(Ok(None));
        for rows in std::iter::once(last).chain(others) {
            let _ = rest.blocking_send(rows);
        }
        None
    }
}

/// The last rows; those before them are sent.
fn serve(lease: Lease, parts: &Parts, bound: &BoundFetch, control: &Control, out: &mut Out) -> Result<Option<Rows>> {
    let source = &lease.source().clone();
    let result = read(&lease, parts, bound, control, out, source);
    match &result {
        Err(Failure::Engine(error)) if fault::spoils_connection(error) => drop(lease),
        _ => lease.give_back(),
    }
    result.map_err(|failure| match failure {
        Failure::Engine(error) => fault::of_engine(source, "reading", error),
        Failure::Other(error) => error,
    })
}

/// Why reading stopped.
enum Failure {
    Engine(rusqlite::Error),
    Other(Error),
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Failure::Engine(error)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Failure::Other(error)
    }
}

fn read(
    lease: &Lease,
    parts: &Parts,
    bound: &BoundFetch,
    control: &Control,
    out: &mut Out,
    source: &Arc<str>,
) -> Result<Option<Rows>, Failure> {
    let mut statement = lease.connection.prepare_cached(&parts.text)?;
    bind_all(&mut statement, &parts.slots, bound, source)?;
    let schema = bound.prepared.schema();
    let mut batch = Batch::new(&schema, &parts.decoders, capacity(bound));
    {
        let mut rows = statement.raw_query();
        while let Some(row) = rows.next()? {
            if batch.rows() >= ROWS || batch.bytes() >= BYTES {
                let full = std::mem::replace(&mut batch, Batch::new(&schema, &parts.decoders, ROWS));
                if !out.send(finish(full, source)?) || control.is_cancelled() {
                    return Ok(None);
                }
            }
            batch.push(row)?;
        }
    }
    statement.clear_bindings();
    lease.check_unchanged()?;
    Ok(if batch.rows() > 0 { Some(finish(batch, source)?) } else { None })
}

fn finish(batch: Batch<'_>, source: &Arc<str>) -> Result<Rows, Failure> {
    batch
        .finish()
        .map_err(|error| Error::new(ErrorKind::Internal, source.clone(), "building a batch").because(error).into())
}

fn bind_all(
    statement: &mut Statement<'_>,
    slots: &[Slot],
    bound: &BoundFetch,
    source: &Arc<str>,
) -> Result<(), Failure> {
    let wrong = |what: &str| Failure::Other(Error::new(ErrorKind::Internal, source.clone(), format!("binding {what}")));
    for (at, slot) in slots.iter().enumerate() {
        let at = at + 1;
        match slot {
            Slot::Value { operand, scalar, storage, comparison } => {
                let value = operand_value(bound, *operand).ok_or_else(|| wrong("a value that is not there"))?;
                let stored =
                    one(value, *scalar, storage, *comparison).ok_or_else(|| wrong("a value of another scalar"))?;
                statement.raw_bind_parameter(at, stored)?;
            }
            Slot::List { operand, scalar, storage } => {
                let Some(Value::List(items)) = operand_value(bound, *operand) else {
                    return Err(wrong("a list that is not there"));
                };
                let items: Option<Vec<Stored>> =
                    items.iter().map(|item| one(item, *scalar, storage, Comparison::Equal)).collect();
                let items = items.ok_or_else(|| wrong("a list of another scalar"))?;
                statement.raw_bind_parameter(at, Rc::new(items))?;
            }
            Slot::Text(operand) => match operand_value(bound, *operand) {
                Some(Value::Text(text)) => statement.raw_bind_parameter(at, text)?,
                Some(Value::Null) => statement.raw_bind_parameter(at, Stored::Null)?,
                _ => return Err(wrong("a text that is not there")),
            },
            Slot::AfterPrefix(operand) => match operand_value(bound, *operand) {
                Some(Value::Text(text)) => match after_prefix(text) {
                    Some(after) => statement.raw_bind_parameter(at, after)?,
                    // A blob stands after all texts.
                    None => statement.raw_bind_parameter(at, Stored::Blob(vec![]))?,
                },
                Some(Value::Null) => statement.raw_bind_parameter(at, Stored::Null)?,
                _ => return Err(wrong("a text that is not there")),
            },
            Slot::Keys { keys, columns } => {
                let batch = match keys {
                    Keys::Fetch => bound.keys.as_ref(),
                    Keys::Operand(id) => match bound.operands.get(*id) {
                        Some(Operand::Keys(batch)) => Some(batch),
                        _ => None,
                    },
                };
                let batch = batch.ok_or_else(|| wrong("keys that are not there"))?;
                let mut stored = key_columns(batch, columns).ok_or_else(|| wrong("keys of other types"))?;
                match stored.pop() {
                    Some(only) if stored.is_empty() => statement.raw_bind_parameter(at, Rc::new(only))?,
                    Some(last) => {
                        stored.push(last);
                        statement.raw_bind_parameter(at, json(&stored))?;
                    }
                    None => return Err(wrong("keys without columns")),
                }
            }
            Slot::Number(operand) => match operand_value(bound, *operand) {
                Some(Value::Integer(number)) => {
                    // What is larger than SQLite's largest number is as good as it.
                    let number = i64::try_from(*number).unwrap_or(i64::MAX);
                    statement.raw_bind_parameter(at, number)?;
                }
                _ => return Err(wrong("a number that is not there")),
            },
        }
    }
    Ok(())
}

fn operand_value(bound: &BoundFetch, id: OperandId) -> Option<&Value> {
    match bound.operands.get(id)? {
        Operand::Value(value) => Some(value),
        Operand::Keys(_) => None,
    }
}

fn one(value: &Value, scalar: Scalar, storage: &Storage, comparison: Comparison) -> Option<Stored> {
    if value.is_null() {
        return Some(Stored::Null);
    }
    bind(value, scalar, storage, comparison)
}

/// The columns of a key batch as the columns they are compared with store them.
fn key_columns(batch: &RecordBatch, columns: &[(Scalar, Storage)]) -> Option<Vec<Vec<Stored>>> {
    if batch.num_columns() != columns.len() {
        return None;
    }
    columns
        .iter()
        .enumerate()
        .map(|(at, (scalar, storage))| {
            cells::values(batch.column(at), *scalar)?
                .iter()
                .map(|value| one(value, *scalar, storage, Comparison::Equal))
                .collect()
        })
        .collect()
}

/// Rows as a JSON array of arrays.
fn json(columns: &[Vec<Stored>]) -> String {
    let rows = columns.first().map_or(0, Vec::len);
    let mut text = String::from("[");
    for row in 0..rows {
        if row > 0 {
            text.push(',');
        }
        for (at, column) in columns.iter().enumerate() {
            text.push(if at == 0 { '[' } else { ',' });
            let cell = match &column[row] {
                Stored::Integer(number) => serde_json::Value::from(*number),
                Stored::Real(number) => serde_json::Value::from(*number),
                Stored::Text(text) => serde_json::Value::from(text.as_str()),
                Stored::Null | Stored::Blob(_) => serde_json::Value::Null,
            };
            text.push_str(&cell.to_string());
        }
        text.push(']');
    }
    text.push(']');
    text
}
