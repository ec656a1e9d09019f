//! Ends a fetch that takes too long, counted from its start to its last row.

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use futures::future::BoxFuture;
use futures::stream::unfold;
use tokio::time::{Instant, timeout_at};

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

    fn over(&self) -> Error {
        let context = format!("no answer within {} ms", self.limit.as_millis());
        Error::new(ErrorKind::Timeout, self.source.clone(), context)
    }
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
            let rows = timeout_at(end, next.fetch(fetch, context)).await.map_err(|_| self.over())??;
            let over = self.over();
            Ok(unfold(Some((rows, over)), move |state| async move {
                let (mut rows, over) = state?;
                match timeout_at(end, rows.next()).await {
                    Ok(None) => None,
                    Ok(Some(item)) => Some((item, Some((rows, over)))),
                    Err(_) => Some((Err(over), None)),
                }
            })
            .boxed())
        })
    }
}
