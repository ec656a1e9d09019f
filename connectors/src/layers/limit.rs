//! Bounds how many fetches run at once: at this source, at its server, and at all sources together.
//!
//! Pools of connections have turns of their own beside these: a turn here ends with the rows, a pool's only when its
//! connection is free again, which the server may still be cancelling, and what is no fetch, as describing, passes no layer.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::StreamExt;
use futures::future::BoxFuture;
use lilong_schema::catalog::Tuning;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use crate::deadline::within;
use crate::layer::{Layer, Next};
use crate::pool::Server;
use crate::{BoundFetch, Error, ErrorKind, FetchContext, Result, RowStream};

/// The layer. A turn lasts until the last row has been taken or the stream is dropped.
pub struct Limit {
    source: Arc<str>,
    turns: Arc<Semaphore>,
    server: Option<Arc<Server>>,
    ceiling: Arc<Semaphore>,
    wait: Duration,
    connect: Duration,
    idle: Duration,
    /// When the source last answered.
    answered: Mutex<Option<Instant>>,
}

impl Limit {
    /// At most `tuning.connections` fetches here, as many as `server` allows on all its sources, and as many as `ceiling`
    /// has permits in all; a fetch that waits for `tuning.wait_timeout` in vain is [`ErrorKind::Overloaded`].
    pub fn new(source: Arc<str>, tuning: &Tuning, server: Option<Arc<Server>>, ceiling: Arc<Semaphore>) -> Self {
        Self {
            source,
            turns: Arc::new(Semaphore::new(tuning.connections)),
            server,
            ceiling,
            wait: tuning.wait_timeout,
            connect: tuning.connect_timeout,
            idle: tuning.idle_timeout,
            answered: Mutex::new(None),
        }
    }

    /// How long to wait for a turn. While there are no connections yet, those who have a turn are making them: that time
    /// is not the queue's.
    fn patience(&self) -> Duration {
        let answered = *self.answered.lock().unwrap_or_else(PoisonError::into_inner);
        match answered {
            Some(answered) if answered.elapsed() < self.idle => self.wait,
            _ => self.wait + self.connect,
        }
    }

    async fn turn(&self, turns: &Arc<Semaphore>, whose: &str, patience: Duration) -> Result<OwnedSemaphorePermit> {
        match within(patience, turns.clone().acquire_owned()).await {
            Ok(Ok(turn)) => Ok(turn),
            _ => Err(self.over(whose, patience)),
        }
    }

    fn over(&self, whose: &str, patience: Duration) -> Error {
        let context = format!("no turn at {whose} within {} ms", patience.as_millis());
        Error::new(ErrorKind::Overloaded, self.source.clone(), context)
    }
}

impl Layer for Limit {
    fn fetch<'a>(
        &'a self,
        fetch: &'a BoundFetch,
        context: &'a FetchContext,
        next: Next<'a>,
    ) -> BoxFuture<'a, Result<RowStream>> {
        Box::pin(async move {
            let patience = self.patience();
            let here = self.turn(&self.turns, "the source", patience).await?;
            let server = match &self.server {
                None => None,
                Some(server) => Some(server.turn(patience).await.ok_or_else(|| self.over("its server", patience))?),
            };
            let all = self.turn(&self.ceiling, "any source", self.wait).await?;
            let turn = (here, server, all);
            let rows = next.fetch(fetch, context).await?;
            *self.answered.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
            Ok(rows
                .inspect(move |_| {
                    let _held = &turn;
                })
                .boxed())
        })
    }
}
