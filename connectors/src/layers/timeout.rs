//! Ends a fetch that takes too long, counted from its start to its last row.

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use futures::future::BoxFuture;
use futures::stream::unfold;
use tokio::time::Instant;

use crate::deadline::until;
use crate::layer::{Layer, Next};
use crate::{BoundFetch, Error, ErrorKind, FetchContext, Result, RowStream};

/// The layer. What it ends is dropped, and so cancelled at the source.
pub struct Timeout {
    source: Arc<str>,
    limit: Duration,
}

impl Timeout {
    /// Ends fetches after `limit`.
    pub fn new(source: Arc<str>, limit: Duration) -> Self {
        Self { source, limit }
    }
}

fn over(source: &Arc<str>, limit: Duration) -> Error {
    let context = format!("no answer within {} ms", limit.as_millis());
    Error::new(ErrorKind::Timeout, source.clone(), context)
}

impl Layer for Timeout {
    fn fetch<'a>(
        &'a self,
        fetch: &'a BoundFetch,
        context: &'a FetchContext,
        next: Next<'a>,
    ) -> BoxFuture<'a, Result<RowStream>> {
        Box::pin(async move {
            let end = Instant::now() + self.limit;
            let rows = until(end, next.fetch(fetch, context)).await.map_err(|_| over(&self.source, self.limit))??;
            let (source, limit) = (self.source.clone(), self.limit);
            Ok(unfold(Some((rows, source)), move |state| async move {
                let (mut rows, source) = state?;
                match until(end, rows.next()).await {
                    Ok(None) => None,
                    Ok(Some(item)) => Some((item, Some((rows, source)))),
                    Err(_) => Some((Err(over(&source, limit)), None)),
                }
            })
            .boxed())
        })
    }
}
