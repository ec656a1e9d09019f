//! One fetch, from bound values to a stream of batches.
//!
//! In: a bound fetch and what it was translated to. Out: a stream of rows. *Invariant*: the statement is cancelled when
//! the stream is dropped; a stream that ends without an error gave every row.

use std::sync::Arc;

use futures::TryStreamExt;
use lilong_schema::Scalar;
use sqlx::AssertSqlSafe;

use super::bind;
use super::decode::Reader;
use super::dialect::Slot;
use super::fault;
use super::pool::{Lease, Pool};
use super::readable;
use crate::sql::batch::{BYTES, ROWS, capacity};
use crate::sql::reading::{self, Outlet};
use crate::{BoundFetch, Error, ErrorKind, Result, RowStream, Rows};

/// What a fetch was translated to.
#[derive(Debug)]
pub(super) struct Parts {
    /// The statement.
    pub(super) text: Arc<str>,
    /// What its parameters stand for.
    pub(super) slots: Vec<Slot>,
    /// What its columns become.
    pub(super) scalars: Vec<Scalar>,
}

/// Runs a fetch. Errors that come before the first row are the result's, later ones the stream's.
pub(super) async fn fetch(pool: &Arc<Pool>, parts: Arc<Parts>, bound: &BoundFetch) -> Result<RowStream> {
    let (pool, bound) = (pool.clone(), bound.clone());
    reading::read(|outlet| read(pool, parts, bound, outlet)).await
}

/// Reads all rows.
async fn read(pool: Arc<Pool>, parts: Arc<Parts>, bound: BoundFetch, outlet: Outlet) -> Result<()> {
    let mut lease = pool.lease(false).await?;
    let used = lease.used;
    let mut sent = false;
    match attempt(&mut lease, &pool, &parts, (&bound, &[]), &outlet, &mut sent).await {
        // A connection that was idle may have died, or may remember a table as it was: a new one knows.
        Err(Failure::Server(error)) if used && !sent && (fault::is_gone(&error) || fault::is_stale_plan(&error)) => {
            lease.at_rest();
            drop(lease);
            let mut lease = pool.lease(true).await?;
            let outcome = attempt(&mut lease, &pool, &parts, (&bound, &[]), &outlet, &mut sent).await;
            finish(lease, &pool, outcome, &outlet).await
        }
        Err(Failure::Server(error)) if !sent && fault::is_of_value(&error) && readable::reads(&parts.slots) => {
            let refused = finish(lease, &pool, Err(Failure::Server(error)), &outlet).await;
            let nulls = readable::unreadable(&pool, &parts.slots, &bound).await?;
            if nulls.is_empty() {
                return refused;
            }
            let mut lease = pool.lease(false).await?;
            let outcome = attempt(&mut lease, &pool, &parts, (&bound, &nulls), &outlet, &mut sent).await;
            finish(lease, &pool, outcome, &outlet).await
        }
        outcome => finish(lease, &pool, outcome, &outlet).await,
    }
}

/// Why reading stopped.
enum Failure {
    Server(sqlx::Error),
    Other(Error),
}

async fn finish(
    mut lease: Lease,
    pool: &Arc<Pool>,
    outcome: Result<Option<Rows>, Failure>,
    outlet: &Outlet,
) -> Result<()> {
    match outcome {
        Ok(last) => {
            // All rows are here: what happens to the connection now is the pool's affair.
            if let Err(error) = lease.give_back().await {
                tracing::debug!(source = &**pool.source(), %error, "a connection ended with its fetch");
            }
            if let Some(last) = last {
                outlet.leave(last);
            }
            Ok(())
        }
        Err(Failure::Server(error)) => {
            // After an error of its own the server waits for the next statement, and a closed connection runs none.
            lease.at_rest();
            let keeps = matches!(error, sqlx::Error::Database(_)) && !fault::is_gone(&error) && pool.keeps_statements();
            let fault = fault::of(pool.source(), "reading", error);
            if keeps && fault.kind != ErrorKind::Timeout {
                // An error here means that the connection is closed.
                let _ = lease.give_back().await;
            }
            Err(fault)
        }
        Err(Failure::Other(error)) => Err(error),
    }
}

/// Runs the statement once, with nulls in the places of some values; the last rows are its result.
async fn attempt(
    lease: &mut Lease,
    pool: &Arc<Pool>,
    parts: &Parts,
    (bound, nulls): (&BoundFetch, &[usize]),
    outlet: &Outlet,
    sent: &mut bool,
) -> Result<Option<Rows>, Failure> {
    let internal = |what: &str| Error::new(ErrorKind::Internal, pool.source().clone(), what);
    let arguments = bind::arguments(&parts.slots, bound, nulls)
        .map_err(|error| Failure::Other(internal("binding").because(error)))?;
    let connection = lease.begin(pool.tuning().timeout).await.map_err(Failure::Server)?;
    let schema = bound.prepared.schema();
    let mut reader = Reader::new(schema, parts.scalars.clone(), capacity(bound));
    let mut rows = sqlx::query_with(AssertSqlSafe(parts.text.clone()), arguments)
        .persistent(pool.keeps_statements())
        .fetch(connection);
    while let Some(row) = rows.try_next().await.map_err(Failure::Server)? {
        if reader.rows() >= ROWS || reader.bytes() >= BYTES {
            let full =
                reader.take(ROWS).map_err(|error| Failure::Other(internal("building a batch").because(error)))?;
            *sent = true;
            outlet.give(full).await;
        }
        reader.push(&row).map_err(Failure::Server)?;
    }
    if reader.rows() == 0 {
        return Ok(None);
    }
    let last = reader.finish().map_err(|error| Failure::Other(internal("building a batch").because(error)))?;
    Ok(Some(last))
}
