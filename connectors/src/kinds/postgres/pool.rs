//! Connections of one source: opened when needed, bounded, and never used again after a fetch was given up.
//!
//! In: connection options and tuning. Out: [`Lease`]s. *Invariant*: a connection comes back only by
//! [`Lease::give_back`], when its last statement has ended; whatever else happens, it is cancelled at the server and
//! closed, and its turn ends with that, later than that of the limit layer, which ends with the rows.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures::FutureExt;
use futures::future::BoxFuture;
use lilong_schema::catalog::Tuning;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Row};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::family::Family;
use super::fault;
use crate::deadline::within;
use crate::pool::{self, Idlers, Server, Slot};
use crate::sweeping::{Sweeping, Swept, keep_swept};
use crate::{Error, ErrorKind, Result, farewell};

/// A connection that was idle for longer is asked whether it still lives.
const TRUSTED: Duration = Duration::from_secs(30);

/// See the module.
pub(super) struct Pool {
    source: Arc<str>,
    options: PgConnectOptions,
    family: &'static Family,
    /// Whether a pooler stands between: then every fetch is a transaction of its own.
    pooler: bool,
    tuning: Tuning,
    turns: Arc<Semaphore>,
    idle: Mutex<Vec<Idle>>,
    sweeping: Sweeping,
    server: Arc<Server>,
}

struct Idle {
    connection: Link,
    since: Instant,
}

/// A connection, and the number of the server's process for it.
struct Link {
    connection: PgConnection,
    /// Unknown behind a pooler, and where it is not told.
    process: Option<i32>,
    slot: Slot,
}

/// A connection in use.
pub(super) struct Lease {
    link: Option<Link>,
    pool: Arc<Pool>,
    turn: Option<OwnedSemaphorePermit>,
    /// Whether it was used before.
    pub(super) used: bool,
    /// Whether a statement may be running.
    running: bool,
}

impl Pool {
    /// Opens nothing yet.
    pub(super) fn new(
        source: Arc<str>,
        options: PgConnectOptions,
        family: &'static Family,
        pooler: bool,
        tuning: Tuning,
    ) -> Arc<Self> {
        let address = format!(
            "postgres {:?} {} {} {}",
            options.get_socket(),
            options.get_host(),
            options.get_port(),
            options.get_username()
        );
        let server = Server::at(&address, tuning.server_connections.max(1));
        let pool = Arc::new(Self {
            source,
            options,
            family,
            pooler,
            turns: Arc::new(Semaphore::new(tuning.connections.max(1))),
            tuning,
            idle: Mutex::new(vec![]),
            sweeping: Sweeping::default(),
            server,
        });
        pool::enlist(&pool, Some(&pool.server));
        pool
    }

    /// The server it connects to.
    pub(super) fn server(&self) -> &Arc<Server> {
        &self.server
    }

    /// The source's name.
    pub(super) fn source(&self) -> &Arc<str> {
        &self.source
    }

    /// Whether statements may have names.
    pub(super) fn keeps_statements(&self) -> bool {
        !self.pooler
    }

    /// The tuning.
    pub(super) fn tuning(&self) -> &Tuning {
        &self.tuning
    }

    /// A connection, as soon as it is its turn; with `fresh` a new one.
    pub(super) async fn lease(self: &Arc<Self>, fresh: bool) -> Result<Lease> {
        let turn = within(self.tuning.wait_timeout, self.turns.clone().acquire_owned()).await;
        let Ok(Ok(turn)) = turn else {
            let context = format!("waiting for one of {} connections", self.tuning.connections);
            return Err(Error::new(ErrorKind::Overloaded, self.source.clone(), context));
        };
        if fresh {
            self.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
        }
        while let Some(mut idle) = self.take_idle() {
            if idle.since.elapsed() > TRUSTED {
                let answer = within(self.tuning.wait_timeout, idle.connection.connection.ping()).await;
                if !matches!(answer, Ok(Ok(()))) {
                    continue;
                }
            }
            return Ok(self.leased(idle.connection, turn, true));
        }
        let link = self.open(&self.options).await?;
        Ok(self.leased(link, turn, false))
    }

    fn leased(self: &Arc<Self>, link: Link, turn: OwnedSemaphorePermit, used: bool) -> Lease {
        Lease { link: Some(link), pool: self.clone(), turn: Some(turn), used, running: false }
    }

    fn take_idle(&self) -> Option<Idle> {
        // The one that was used last; those that nobody needs grow old behind it.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    async fn open(&self, options: &PgConnectOptions) -> Result<Link> {
        let slot = Slot::take(Some(self.server.clone())).await;
        let opening = async {
            let mut connection = options.connect().await?;
            let mut process = None;
            if let Some(fault) = self.unlike(&mut connection).await? {
                return Ok(Err(fault));
            }
            if !self.pooler && !self.family.plain {
                let row = sqlx::query("SELECT pg_backend_pid()").persistent(false).fetch_one(&mut connection).await?;
                process = Some(row.try_get(0)?);
            }
            Ok(Ok(Link { connection, process, slot }))
        };
        match within(self.tuning.connect_timeout, opening).await {
            Ok(opened) => opened.map_err(|error| fault::connecting(&self.source, error))?,
            Err(_) => Err(fault::too_slow(&self.source, "connecting")),
        }
    }

    /// What the database does in another way than its family is relied on to.
    async fn unlike(&self, connection: &mut PgConnection) -> Result<Option<Error>, sqlx::Error> {
        let Some(question) = self.family.question() else {
            return Ok(None);
        };
        let rejected = |what: &str| {
            let context = format!("the database cannot be served: {what}");
            Error::new(ErrorKind::Rejected, self.source.clone(), context)
        };
        let row = match sqlx::query(AssertSqlSafe(question)).bind("").persistent(false).fetch_one(connection).await {
            Ok(row) => row,
            // A question that it does not understand.
            Err(error) if fault::is_of_words(&error) => {
                return Ok(Some(rejected("it is not of the family that is named").because(error)));
            }
            Err(error) => return Err(error),
        };
        for (at, (_, what)) in self.family.probes.iter().enumerate() {
            // What is unknown is not true.
            if row.try_get::<Option<bool>, _>(at)? != Some(true) {
                return Ok(Some(rejected(what)));
            }
        }
        Ok(None)
    }

    /// Takes away what has been idle for too long, and says how many are left.
    fn sweep(&self) -> (Vec<Idle>, usize) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let old = idle.extract_if(.., |idle| idle.since.elapsed() >= self.tuning.idle_timeout).collect();
        (old, idle.len())
    }

    /// Ends what a process of the server is doing.
    async fn cancel(self: &Arc<Self>, process: i32) {
        let idle = self.take_idle();
        let mut link = match idle {
            Some(idle) => idle.connection,
            None => match self.open(&self.options).await {
                Ok(link) => link,
                Err(error) => {
                    tracing::debug!(source = &*self.source, %error, "not cancelled; the server's own timeout ends it");
                    return;
                }
            },
        };
        let asked = sqlx::query("SELECT pg_cancel_backend($1)")
            .bind(process)
            .persistent(false)
            .fetch_one(&mut link.connection)
            .await;
        if asked.is_ok() {
            self.keep(link);
        }
    }

    fn keep(self: &Arc<Self>, connection: Link) {
        let since = Instant::now();
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < self.tuning.connections {
            idle.push(Idle { connection, since });
        }
        drop(idle);
        keep_swept(self);
    }
}

impl Swept for Pool {
    fn sweeping(&self) -> &Sweeping {
        &self.sweeping
    }

    fn pause(&self) -> Duration {
        self.tuning.idle_timeout / 2
    }

    fn let_go(&self) -> BoxFuture<'_, usize> {
        async move {
            let (old, left) = self.sweep();
            for idle in old {
                idle.connection.close(self.tuning.wait_timeout).await;
            }
            left
        }
        .boxed()
    }
}

impl Idlers for Pool {
    fn oldest(&self) -> Option<Instant> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).first().map(|idle| idle.since)
    }

    fn close_oldest(&self) -> Option<BoxFuture<'static, ()>> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let oldest = (!idle.is_empty()).then(|| idle.remove(0))?;
        Some(oldest.connection.close(self.tuning.wait_timeout).boxed())
    }
}

impl Link {
    /// Says goodbye; a peer that is gone does not answer. Its slot is free after that.
    async fn close(self, patience: Duration) {
        // An error here means that it is closed already.
        let _ = within(patience, self.connection.close()).await;
        drop(self.slot);
    }
}

impl Lease {
    /// The connection, on which a statement is about to run for at most `time` at the server.
    pub(super) async fn begin(&mut self, time: Duration) -> Result<&mut PgConnection, sqlx::Error> {
        self.running = true;
        let pooler = self.pool.pooler;
        let Some(link) = self.link.as_mut() else {
            return Err(sqlx::Error::PoolClosed);
        };
        if pooler {
            let text = format!(
                "BEGIN READ ONLY; SET LOCAL statement_timeout = {}; SET LOCAL intervalstyle = 'postgres'",
                time.as_millis().max(1)
            );
            sqlx::raw_sql(AssertSqlSafe(text)).execute(&mut link.connection).await?;
        }
        Ok(&mut link.connection)
    }

    /// Keeps the connection for the next one. Only after the last row of its last statement, or after an error that the
    /// server sent instead.
    pub(super) async fn give_back(mut self) -> Result<(), sqlx::Error> {
        if self.pool.pooler
            && let Some(link) = self.link.as_mut()
        {
            sqlx::raw_sql("COMMIT").execute(&mut link.connection).await?;
        }
        self.running = false;
        if let Some(link) = self.link.take() {
            self.pool.keep(link);
        }
        Ok(())
    }

    /// The server's timeout for statements on this connection alone, which is then not to be given back.
    pub(super) async fn allow(&mut self, time: Duration) -> Result<(), sqlx::Error> {
        let Some(link) = self.link.as_mut() else {
            return Err(sqlx::Error::PoolClosed);
        };
        if !self.pool.pooler {
            let text = format!("SET statement_timeout = {}", time.as_millis().max(1));
            sqlx::raw_sql(AssertSqlSafe(text)).execute(&mut link.connection).await?;
        }
        Ok(())
    }

    /// Nothing runs on it any more; dropping it only closes it.
    pub(super) fn at_rest(&mut self) {
        self.running = false;
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let Some(link) = self.link.take() else {
            return;
        };
        let (pool, turn, running) = (self.pool.clone(), self.turn.take(), self.running);
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return;
        };
        let patience = pool.tuning.connect_timeout;
        farewell::say(&runtime, async move {
            let ending = async {
                match link.process.filter(|_| running) {
                    Some(process) => {
                        pool.cancel(process).await;
                        // The link is closed after that, so that no other process has its number.
                        drop(link);
                    }
                    None => link.close(patience).await,
                }
            };
            // Past that the server's own timeout ends it.
            let _ = within(patience, ending).await;
            drop(turn);
        });
    }
}
