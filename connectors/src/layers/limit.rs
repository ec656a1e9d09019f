//! Bounds how many fetches run at once: at this source, and at all sources together.

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use futures::future::BoxFuture;
use lilong_schema::catalog::Tuning;
use tokio::sync::Semaphore;

use crate::layer::{Layer, Next};
use crate::{BoundFetch, Error, ErrorKind, FetchContext, Result, RowStream};

/// The layer. A turn lasts until the last row has been taken or the stream is dropped.
pub struct Limit {
    source: Arc<str>,
    turns: Arc<Semaphore>,
    ceiling: Arc<Semaphore>,
    wait: Duration,
}

impl Limit {
    /// At most `tuning.connections` fetches here and as many as `ceiling` has permits in all; a fetch waits
    /// `tuning.wait_timeout` for its turn, then it is [`ErrorKind::Overloaded`].
    pub fn new(source: Arc<str>, tuning: &Tuning, ceiling: Arc<Semaphore>) -> Self {
        Self { source, turns: Arc::new(Semaphore::new(tuning.connections)), ceiling, wait: tuning.wait_timeout }
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
            let turn = async {
                let here = self.turns.clone().acquire_owned().await;
                let all = self.ceiling.clone().acquire_owned().await;
                (here, all)
            };
            let turn = tokio::time::timeout(self.wait, turn).await.map_err(|_| {
                Error::new(
                    ErrorKind::Overloaded,
                    self.source.clone(),
                    format!("no turn within {} ms", self.wait.as_millis()),
                )
            })?;
            let rows = next.fetch(fetch, context).await?;
            Ok(rows
                .inspect(move |_| {
                    let _held = &turn;
                })
                .boxed())
        })
    }
}
