//! The connections to one database: few, opened when needed, closed when idle.
//!
//! In: jobs that want a session. Out: a session of [`session`](super::session). *Invariant*: never more than the
//! settings allow; a session that was left in the middle of a statement, or that failed in a way that may last, is
//! closed, its statement stopped at the server, and never used again. A turn here outlives that of the limit layer: it
//! ends when the server has stopped what was given up.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures::FutureExt;
use futures::future::BoxFuture;
use lilong_schema::catalog::Tuning;
use sqlx::Connection;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::session::{self, Session};
use super::settings::Settings;
use crate::deadline::within;
use crate::pool::{self, Idlers, Server, Slot};
use crate::sweeping::{Sweeping, Swept, keep_swept};
use crate::{Error, ErrorKind, Result, farewell};

/// A session that was idle for longer is asked whether it lives.
const TRUSTED: Duration = Duration::from_secs(30);

/// See the module.
#[derive(Debug)]
pub(super) struct Pool {
    source: Arc<str>,
    tuning: Tuning,
    settings: Settings,
    permits: Arc<Semaphore>,
    idle: Mutex<Vec<Idle>>,
    sweeping: Sweeping,
    server: Arc<Server>,
}

#[derive(Debug)]
struct Idle {
    session: Session,
    since: Instant,
}

/// A session in use. Dropping it closes the session; [`Lease::give_back`] keeps it.
pub(super) struct Lease {
    session: Option<Session>,
    permit: Option<OwnedSemaphorePermit>,
    pool: Arc<Pool>,
    /// Whether it was used before: then it may be gone without our knowing.
    pub(super) reused: bool,
    /// Whether a statement may be running.
    pub(super) busy: bool,
}

impl Pool {
    /// Connects to nothing yet.
    pub(super) fn new(source: Arc<str>, settings: Settings, tuning: Tuning) -> Arc<Self> {
        let options = &settings.options;
        let address = format!(
            "mysql {:?} {} {} {}",
            options.get_socket(),
            options.get_host(),
            options.get_port(),
            options.get_username()
        );
        let server = Server::at(&address, tuning.server_connections.max(1));
        let pool = Arc::new(Self {
            source,
            permits: Arc::new(Semaphore::new(tuning.connections.max(1))),
            tuning,
            settings,
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

    /// How it is tuned.
    pub(super) fn tuning(&self) -> &Tuning {
        &self.tuning
    }

    /// How it connects.
    pub(super) fn settings(&self) -> &Settings {
        &self.settings
    }

    /// A session: an idle one, or a new one. Waits for a turn at most as long as the settings say.
    pub(super) async fn lease(self: &Arc<Self>) -> Result<Lease> {
        let permit = self.turn().await?;
        while let Some(mut idle) = self.take() {
            if idle.since.elapsed() < TRUSTED || self.answers(&mut idle.session).await {
                return Ok(self.leased(idle.session, permit, true));
            }
        }
        let session = self.open().await?;
        Ok(self.leased(session, permit, false))
    }

    /// A new session in the place of one that turned out to be gone; others that are idle are taken to be gone too.
    pub(super) async fn replace(self: &Arc<Self>, mut gone: Lease) -> Result<Lease> {
        gone.busy = false;
        let permit = gone.permit.take();
        drop(gone);
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
        let permit = match permit {
            Some(permit) => permit,
            None => self.turn().await?,
        };
        let session = self.open().await?;
        Ok(self.leased(session, permit, false))
    }

    fn leased(self: &Arc<Self>, session: Session, permit: OwnedSemaphorePermit, reused: bool) -> Lease {
        Lease { session: Some(session), permit: Some(permit), pool: self.clone(), reused, busy: false }
    }

    async fn turn(&self) -> Result<OwnedSemaphorePermit> {
        let turn = within(self.tuning.wait_timeout, self.permits.clone().acquire_owned());
        if let Ok(Ok(permit)) = turn.await {
            return Ok(permit);
        }
        let context = format!("waiting for one of {} connections", self.tuning.connections);
        Err(Error::new(ErrorKind::Overloaded, self.source.clone(), context))
    }

    async fn open(&self) -> Result<Session> {
        let slot = Slot::take(Some(self.server.clone())).await;
        let mut session = session::open(&self.source, &self.settings, &self.tuning, self.tuning.timeout).await?;
        session.slot = Some(slot);
        Ok(session)
    }

    async fn answers(&self, session: &mut Session) -> bool {
        let ping = within(self.tuning.connect_timeout, session.connection.ping()).await;
        matches!(ping, Ok(Ok(())))
    }

    /// The session that was used last: others may grow old and be closed.
    fn take(&self) -> Option<Idle> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    /// Takes out what has been idle for too long; how many are left, those in use included.
    fn sweep(&self) -> (Vec<Idle>, usize) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let (old, kept) = idle.drain(..).partition(|idle| idle.since.elapsed() >= self.tuning.idle_timeout);
        *idle = kept;
        let busy = self.tuning.connections.max(1).saturating_sub(self.permits.available_permits());
        (old, idle.len() + busy)
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
        async move {
            let (old, left) = self.sweep();
            for idle in old {
                idle.session.close(self.tuning.connect_timeout).await;
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
        Some(oldest.session.close(self.tuning.connect_timeout).boxed())
    }
}

impl Lease {
    /// The session. `None` only after it was given away.
    pub(super) fn session(&mut self) -> Result<&mut Session> {
        let source = &self.pool.source;
        self.session
            .as_mut()
            .ok_or_else(|| Error::new(ErrorKind::Internal, source.clone(), "a session that was given away"))
    }

    /// Keeps the session for the next one, unless a statement may still be running on it.
    pub(super) fn give_back(mut self) {
        if self.busy {
            return;
        }
        if let Some(session) = self.session.take() {
            let since = Instant::now();
            let idle = Idle { session, since };
            self.pool.idle.lock().unwrap_or_else(PoisonError::into_inner).push(idle);
            keep_swept(&self.pool);
        }
    }

    /// Closes the session without stopping anything: the server has closed it already.
    pub(super) fn discard(mut self) {
        self.busy = false;
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let Some(session) = self.session.take().filter(|_| self.busy) else {
            return;
        };
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return;
        };
        // The turn is over when the server has let go of the statement, so that it never runs more than it should.
        let (pool, permit) = (self.pool.clone(), self.permit.take());
        farewell::say(&runtime, async move {
            session.kill(&pool.source, &pool.settings, pool.tuning.connect_timeout).await;
            drop(permit);
        });
    }
}
