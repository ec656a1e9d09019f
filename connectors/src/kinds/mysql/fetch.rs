//! One fetch, from bound values to a stream of batches.
//!
//! In: a bound fetch and what it was translated to. Out: a stream of rows. *Invariant*: the statement stops, here and at
//! the server, when the stream is dropped; a stream that ends without an error gave every row.

use std::ops::Range;
use std::sync::Arc;

use futures::{StreamExt, TryStreamExt};
use sqlx::mysql::{MySqlArguments, MySqlConnection};
use sqlx::{AssertSqlSafe, Connection, Executor};

use super::bind::{self, KeyValues, MARKS, Statement, Unbindable, Values};
use super::decode::{Batch, Decoder, wires};
use super::fault;
use super::pool::{Lease, Pool};
use super::slot::Slot;
use super::text::Piece;
use crate::deadline::until;
use crate::sql::batch::{BYTES, FEW, ROWS, capacity, number};
use crate::sql::cells;
use crate::sql::reading::{self, Outlet};
use crate::{BoundFetch, Error, ErrorKind, FetchContext, Result, RowStream, Rows};

/// Selects that one statement joins, one for each key.
const SELECTS: usize = 50;
/// Keys of one statement: of one column, which go in one list, and of several, which are alternatives.
const KEYS: usize = 16_384;
const COMPOSITE_KEYS: usize = 1_024;

/// What a fetch was translated to.
#[derive(Debug)]
pub(super) struct Parts {
    /// The statement; with `each_key` the select of one key.
    pub(super) pieces: Vec<Piece>,
    /// What its marks stand for.
    pub(super) slots: Vec<Slot>,
    /// Whether each key has a select of its own.
    pub(super) each_key: bool,
    /// How its columns are read.
    pub(super) decoders: Vec<Decoder>,
}

impl Parts {
    /// Whether a statement can have as many values as this one has with those of a request.
    pub(super) fn fits(&self, bound: &BoundFetch) -> bool {
        bind::marks(&self.pieces, &self.slots, bound) <= MARKS
    }
}

/// Runs a fetch. Errors that come before the first row are the result's, later ones the stream's.
pub(super) async fn fetch(
    pool: &Arc<Pool>,
    parts: Arc<Parts>,
    bound: &BoundFetch,
    context: &FetchContext,
) -> Result<RowStream> {
    let source = pool.source().clone();
    let job = Job::new(parts, bound, pool)?;
    if job.is_empty() {
        return Ok(futures::stream::empty().boxed());
    }
    let deadline = tokio::time::Instant::from_std(context.deadline);
    let lease = until(deadline, pool.lease())
        .await
        .map_err(|_| Error::new(ErrorKind::Timeout, source.clone(), "connecting: the request is over"))??;
    let pool = pool.clone();
    reading::read(|outlet| async move { job.run(&pool, lease, &outlet).await }).await
}

/// What is to be sent, and what of it has come.
struct Job {
    parts: Arc<Parts>,
    bound: BoundFetch,
    keys: KeyValues,
    /// How many keys there are; `None`: it is no fetch by keys.
    count: Option<usize>,
    /// Keys of one statement.
    step: usize,
    source: Arc<str>,
    /// Rows that may still come; `None`: all.
    left: Option<usize>,
    /// Whether its statements are kept at the server.
    persistent: bool,
    /// Rows of the statement under way that are given on already: it cannot be sent again then.
    given: usize,
}

/// Why reading stopped.
enum Failure {
    Driver(sqlx::Error),
    Other(Error),
}

impl Job {
    fn new(parts: Arc<Parts>, bound: &BoundFetch, pool: &Pool) -> Result<Self> {
        let source = pool.source();
        let fetch = bound.fetch();
        let wrong = || Error::new(ErrorKind::Internal, source.clone(), "keys that are missing or of other types");
        let mut keys = vec![];
        let mut count = None;
        if let Some(set) = &fetch.keys {
            let batch = bound.keys.as_ref().ok_or_else(wrong)?;
            if batch.num_columns() != set.columns.len() {
                return Err(wrong());
            }
            for (cells, id) in batch.columns().iter().zip(&set.columns) {
                keys.push(cells::values(cells, fetch.collection.fields[*id].scalar).ok_or_else(wrong)?);
            }
            count = Some(batch.num_rows());
        }
        let others = bind::marks(&parts.pieces, &parts.slots, bound);
        let step = if parts.each_key {
            // Each select says the whole condition again, with all its lists.
            (MARKS / others).min(SELECTS)
        } else {
            let marks = MARKS.saturating_sub(others) / 2 / bind::marks_of_key(&parts.slots);
            marks.min(if keys.len() > 1 { COMPOSITE_KEYS } else { KEYS })
        };
        // A statement that cannot be sent with one key is refused when it is written.
        let step = step.max(1);
        let left = number(bound, fetch.limit).filter(|_| fetch.keys.is_some());
        let (source, persistent) = (source.clone(), !pool.settings().pooler);
        Ok(Self { parts, bound: bound.clone(), keys, count, step, source, left, persistent, given: 0 })
    }

    fn is_empty(&self) -> bool {
        self.count == Some(0)
    }

    /// The keys of each statement.
    fn chunks(&self) -> Vec<Range<usize>> {
        let Some(count) = self.count else {
            return std::iter::once(0..0).collect();
        };
        (0..count).step_by(self.step).map(|start| start..(start + self.step).min(count)).collect()
    }

    /// A statement and its arguments.
    fn statement(&self, rows: Range<usize>) -> Result<(String, MySqlArguments), Unbindable> {
        let mut statement = Statement::default();
        let values = Values { bound: &self.bound, keys: &self.keys, rows: rows.clone() };
        let (pieces, slots) = (&self.parts.pieces, &self.parts.slots);
        if !self.parts.each_key {
            statement.write(pieces, slots, &values, None)?;
            return statement.into_parts();
        }
        // Selects for a key that is null find nothing; they are there to have few different statements.
        let selects = rows.len().next_power_of_two().min(self.step);
        for at in 0..selects {
            statement.text.push_str(if at == 0 { "(" } else { " UNION ALL (" });
            let key = if at < rows.len() { rows.start + at } else { usize::MAX };
            statement.write(pieces, slots, &values, Some(key))?;
            statement.text.push(')');
        }
        statement.into_parts()
    }

    async fn run(mut self, pool: &Arc<Pool>, mut lease: Lease, outlet: &Outlet) -> Result<()> {
        let mut capacity = capacity(&self.bound);
        let mut again = true;
        let mut chunks = self.chunks().into_iter();
        let mut next = chunks.next();
        let mut last = None;
        while let Some(rows) = next.clone() {
            let (text, arguments) = self.statement(rows).map_err(|error| {
                let kind = match error {
                    Unbindable::Operand => ErrorKind::Internal,
                    Unbindable::TooMany => ErrorKind::TooCostly,
                };
                Error::new(kind, self.source.clone(), "binding values").because(error)
            })?;
            lease.busy = true;
            let connection = &mut lease.session()?.connection;
            match self.read(connection, text, arguments, capacity, outlet).await {
                Ok(rows) => {
                    lease.busy = false;
                    last = rows;
                }
                Err(Failure::Other(error)) => return Err(error),
                Err(Failure::Driver(error)) if fault::spoils_connection(&error) => {
                    // It may have been closed while it was idle: that is no fault of the source.
                    if lease.reused && self.given == 0 && again {
                        again = false;
                        lease = pool.replace(lease).await?;
                        continue;
                    }
                    lease.discard();
                    return Err(fault::of_driver(&self.source, "reading", error));
                }
                Err(Failure::Driver(error)) if fault::is_out_of_statements(&error) && again => {
                    again = false;
                    let cleared = lease.session()?.connection.clear_cached_statements().await;
                    cleared.map_err(|error| fault::of_driver(&self.source, "making room for statements", error))?;
                    lease.busy = false;
                    continue;
                }
                Err(Failure::Driver(error)) => {
                    lease.busy = false;
                    lease.give_back();
                    return Err(fault::of_driver(&self.source, "reading", error));
                }
            }
            if self.left == Some(0) {
                break;
            }
            capacity = FEW;
            next = chunks.next();
            if next.is_some()
                && let Some(rows) = last.take()
            {
                outlet.give(rows).await;
            }
        }
        lease.give_back();
        if let Some(rows) = last {
            outlet.leave(rows);
        }
        Ok(())
    }

    /// Reads one statement to its end; the last rows are its result.
    async fn read(
        &mut self,
        connection: &mut MySqlConnection,
        text: String,
        arguments: MySqlArguments,
        capacity: usize,
        outlet: &Outlet,
    ) -> Result<Option<Rows>, Failure> {
        self.given = 0;
        let schema = self.bound.prepared.schema();
        let query = sqlx::query_with(AssertSqlSafe(text), arguments).persistent(self.persistent);
        let mut rows = connection.fetch(query);
        let mut batch = Batch::new(&schema, &self.parts.decoders, capacity);
        let mut known = None;
        // Counted for good once the statement is read to its end: it may be sent again.
        let mut left = self.left;
        while let Some(row) = rows.try_next().await.map_err(Failure::Driver)? {
            // The rest of a statement is read all the same: the connection serves again.
            match &mut left {
                Some(0) => continue,
                Some(left) => *left -= 1,
                None => {}
            }
            let wires = known.get_or_insert_with(|| wires(&row));
            if batch.rows() >= ROWS || batch.bytes() >= BYTES {
                let full = std::mem::replace(&mut batch, Batch::new(&schema, &self.parts.decoders, ROWS));
                self.given += full.rows();
                outlet.give(self.built(full)?).await;
            }
            batch.push(&row, wires).map_err(Failure::Driver)?;
        }
        self.left = left;
        if batch.rows() == 0 {
            return Ok(None);
        }
        self.built(batch).map(Some)
    }

    fn built(&self, batch: Batch) -> Result<Rows, Failure> {
        batch.finish().map_err(|error| {
            let error = Error::new(ErrorKind::Internal, self.source.clone(), "building a batch").because(error);
            Failure::Other(error)
        })
    }
}
