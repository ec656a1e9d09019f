//! Ends a fetch that takes too long, counted from its start to its last row.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures::future::BoxFuture;
use futures::{Stream, StreamExt};
use tokio::time::{Instant, Sleep, sleep_until};

use crate::deadline::until;
use crate::layer::{Layer, Next};
use crate::rows::is_over;
use crate::{BoundFetch, Error, ErrorKind, FetchContext, Result, RowStream, Rows};

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
            Ok(Timed { rows: Some(rows), source, limit, end, clock: None }.boxed())
        })
    }
}

/// Rows up to a moment.
struct Timed {
    /// Nothing after the last.
    rows: Option<RowStream>,
    source: Arc<str>,
    limit: Duration,
    end: Instant,
    /// Set when rows are first waited for.
    clock: Option<Pin<Box<Sleep>>>,
}

impl Stream for Timed {
    type Item = Result<Rows>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Rows>>> {
        let timed = &mut *self;
        let Some(rows) = &mut timed.rows else { return Poll::Ready(None) };
        if let Poll::Ready(item) = rows.poll_next_unpin(context) {
            if item.is_none() {
                timed.rows = None;
            }
            return Poll::Ready(item);
        }
        let end = timed.end;
        ready!(timed.clock.get_or_insert_with(|| Box::pin(sleep_until(end))).as_mut().poll(context));
        timed.rows = None;
        Poll::Ready(Some(Err(over(&timed.source, timed.limit))))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let is_over = self.rows.as_ref().is_none_or(is_over);
        (0, is_over.then_some(0))
    }
}
