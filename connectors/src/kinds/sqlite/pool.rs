//! The connections to one file: few, opened when needed, closed when idle.
//!
//! In: jobs that want a connection. Out: a connection that reads the file as it is now. *Invariant*: never more than the
//! settings allow; a connection whose file was changed under it, or that failed in a way that may last, is not used again.
//! A turn here is not that of the limit layer, which is for fetches: describing takes one too, and one lasts until a
//! statement that was given up has ended.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures::FutureExt;
use futures::future::BoxFuture;
use lilong_schema::catalog::Tuning;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::access::{Access, Found, Watch};
use super::{fault, functions};
use crate::deadline::within;
use crate::pool::{self, Idlers, Slot};
use crate::sweeping::{Sweeping, Swept, keep_swept};
use crate::{Error, ErrorKind, Result};

/// Prepared statements that a connection keeps.
const STATEMENTS: usize = 64;
/// Steps of SQLite's machine between two looks at the clock: some tens of microseconds.
const STEPS: i32 = 1_000;

/// See the module.
#[derive(Debug)]
pub(super) struct Pool {
    source: Arc<str>,
    tuning: Tuning,
    watch: Watch,
    permits: Arc<Semaphore>,
    idle: Mutex<Vec<Idle>>,
    sweeping: Sweeping,
}

#[derive(Debug)]
struct Idle {
    connection: Connection,
    found: Found,
    since: Instant,
    slot: Slot,
}

/// A turn, with the connection that was used last, if there is one, and the place of the one to be used.
pub(super) struct Turn {
    permit: OwnedSemaphorePermit,
    kept: Option<(Connection, Found, Instant)>,
    slot: Slot,
}

/// Stops a running statement: when its time is up, or when nobody waits for it any more.
#[derive(Debug)]
pub(super) struct Control {
    cancelled: AtomicBool,
    deadline: Mutex<Instant>,
}

impl Control {
    /// Stops at that moment.
    pub(super) fn until(deadline: Instant) -> Arc<Self> {
        Arc::new(Self { cancelled: AtomicBool::new(false), deadline: Mutex::new(deadline) })
    }

    /// Stops at another moment.
    pub(super) fn extend(&self, deadline: Instant) {
        *self.deadline.lock().unwrap_or_else(PoisonError::into_inner) = deadline;
    }

    /// Whether nobody waits any more.
    pub(super) fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }

    fn is_over(&self) -> bool {
        self.is_cancelled() || Instant::now() >= *self.deadline.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Cancels when dropped.
#[derive(Debug)]
pub(super) struct CancelOnDrop(pub(super) Arc<Control>);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.cancelled.store(true, Ordering::Relaxed);
    }
}

/// A connection in use. Dropping it closes the connection; [`Lease::give_back`] keeps it.
pub(super) struct Lease {
    /// The connection.
    pub(super) connection: Connection,
    pool: Arc<Pool>,
    found: Found,
    slot: Slot,
    _permit: OwnedSemaphorePermit,
}

impl Pool {
    /// Opens nothing yet.
    pub(super) fn new(source: Arc<str>, watch: Watch, tuning: Tuning) -> Arc<Self> {
        let pool = Arc::new(Self {
            source,
            permits: Arc::new(Semaphore::new(tuning.connections.max(1))),
            tuning,
            watch,
            idle: Mutex::new(vec![]),
            sweeping: Sweeping::default(),
        });
        pool::enlist(&pool, None);
        pool
    }

    /// The source's name.
    pub(super) fn source(&self) -> &Arc<str> {
        &self.source
    }

    /// The file, as the block names it.
    pub(super) fn path(&self) -> &Path {
        self.watch.path()
    }

    /// How it is tuned.
    pub(super) fn tuning(&self) -> &Tuning {
        &self.tuning
    }

    /// Waits for its turn; at most as long as the settings say.
    pub(super) async fn turn(self: &Arc<Self>) -> Result<Turn> {
        let turn = within(self.tuning.wait_timeout, self.permits.clone().acquire_owned()).await;
        if let Ok(Ok(permit)) = turn {
            keep_swept(self);
            let last = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            return Ok(match last {
                Some(idle) => Turn { permit, kept: Some((idle.connection, idle.found, idle.since)), slot: idle.slot },
                None => Turn { permit, kept: None, slot: Slot::take(None).await },
            });
        }
        let context = format!("waiting for one of {} connections", self.tuning.connections);
        Err(Error::new(ErrorKind::Overloaded, self.source.clone(), context))
    }

    /// A connection for whoever has a turn, watched by `control`. Blocks.
    pub(super) fn lease(self: &Arc<Self>, turn: Turn, control: &Arc<Control>) -> Result<Lease> {
        let found = self.look()?;
        let fits = |was: &Found, since: &Instant| *was == found && since.elapsed() < self.tuning.idle_timeout;
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).retain(|idle| fits(&idle.found, &idle.since));
        let mut connection = match turn.kept.filter(|(_, was, since)| fits(was, since)) {
            Some((connection, ..)) => connection,
            None => self.open(&found).map_err(|error| fault::of_engine(&self.source, &self.opening(), error))?,
        };
        let control = control.clone();
        connection
            .progress_handler(STEPS, Some(move || control.is_over()))
            .map_err(|error| fault::of_engine(&self.source, &self.opening(), error))?;
        Ok(Lease { connection, pool: self.clone(), found, slot: turn.slot, _permit: turn.permit })
    }

    /// Closes what has been idle for too long; how many connections are left, those in use included.
    fn sweep(&self) -> usize {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain(|idle| idle.since.elapsed() < self.tuning.idle_timeout);
        let busy = self.tuning.connections.max(1).saturating_sub(self.permits.available_permits());
        let left = idle.len() + busy;
        if left == 0 {
            self.watch.forget();
        }
        left
    }

    fn look(&self) -> Result<Found> {
        self.watch.look().map_err(|obstacle| fault::of_obstacle(&self.source, self.watch.path(), &obstacle))
    }

    fn opening(&self) -> String {
        format!("opening {}", self.watch.path().display())
    }

    fn open(&self, found: &Found) -> rusqlite::Result<Connection> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
            | OpenFlags::SQLITE_OPEN_URI
            | OpenFlags::SQLITE_OPEN_NO_MUTEX
            | OpenFlags::SQLITE_OPEN_PRIVATE_CACHE
            | OpenFlags::SQLITE_OPEN_EXRESCODE;
        let connection = Connection::open_with_flags(found.uri(), flags)?;
        connection.busy_timeout(self.tuning.wait_timeout)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
        // A quoted name that is no column is an error, not a text.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DML, false)?;
        // A statement stays as it was prepared, whatever values it is given next.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        connection.pragma_update(None, "query_only", true)?;
        connection.pragma_update(None, "cell_size_check", true)?;
        rusqlite::vtab::array::load_module(&connection)?;
        functions::register(&connection)?;
        Ok(connection)
    }
}

impl Swept for Pool {
    fn sweeping(&self) -> &Sweeping {
        &self.sweeping
    }

    fn pause(&self) -> Duration {
        self.tuning.idle_timeout
    }

    fn let_go(&self) -> BoxFuture<'_, usize> {
        std::future::ready(self.sweep()).boxed()
    }
}

impl Idlers for Pool {
    fn oldest(&self) -> Option<Instant> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).first().map(|idle| idle.since)
    }

    fn close_oldest(&self) -> Option<BoxFuture<'static, ()>> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let oldest = (!idle.is_empty()).then(|| idle.remove(0))?;
        if idle.is_empty() && self.permits.available_permits() >= self.tuning.connections.max(1) {
            // The file is held open as long as there are connections; closing it before them would free their locks.
            drop(oldest);
            self.watch.forget();
            return Some(std::future::ready(()).boxed());
        }
        Some(async move { drop(oldest) }.boxed())
    }
}

impl Lease {
    /// The source's name.
    pub(super) fn source(&self) -> &Arc<str> {
        &self.pool.source
    }

    /// An error if the file was changed under a connection that could not notice.
    pub(super) fn check_unchanged(&self) -> Result<()> {
        if self.found.access == Access::Immutable && self.pool.look()? != self.found {
            let context = format!("reading {}: it was changed meanwhile", self.pool.watch.path().display());
            return Err(Error::new(ErrorKind::Unavailable, self.pool.source.clone(), context));
        }
        Ok(())
    }

    /// Keeps the connection for the next one.
    pub(super) fn give_back(self) {
        // What stops its statements stays: nothing runs before the next lease sets another.
        let idle = Idle { connection: self.connection, found: self.found, since: Instant::now(), slot: self.slot };
        self.pool.idle.lock().unwrap_or_else(PoisonError::into_inner).push(idle);
    }
}
