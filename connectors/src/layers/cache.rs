//! Gives what was loaded before, as long as it is young enough.
//!
//! In: fetches. Out: rows that are kept, and the rest from below. A fetch by keys is kept key by key, so that only the keys
//! are asked that are not there, and a key without rows is remembered too; any other is kept as a whole. The key *is* the
//! bound fetch: equal fetches see the same, so no permission can be forgotten. What is in flight is known to the dataloader
//! alone, whose loads store what they give (`load`). *Invariant*: a fault is never kept, and what is older than the catalog
//! allows is never given without being noted as stale.

mod concern;
mod encode;
pub(in crate::layers) mod load;
mod reach;
mod shelf;
mod store;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests;

use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow_array::UInt32Array;
use arrow_select::take::take_record_batch;
use futures::future::BoxFuture;
use futures::{StreamExt, stream};

use self::shelf::{Asked, Found};
use self::store::Value;
use crate::deadline::until;
use crate::layer::{Layer, Next};
use crate::{BoundFetch, Error, ErrorKind, FetchContext, Result, RowStream};

pub use self::shelf::{CacheStatus, Shelf};
pub use self::store::{InProcess, Key, Store, Value as StoredValue};

/// How long a load in the background may take; the layers below end it long before.
const PATIENCE: Duration = Duration::from_mins(10);
/// How long before a request ends it is given what is kept, rather than to wait on for a source that is down.
const MARGIN: Duration = Duration::from_millis(50);

/// The layer.
pub struct Cache(Arc<Shelf>);

impl Cache {
    /// Gives what a shelf holds.
    pub fn new(shelf: Arc<Shelf>) -> Self {
        Self(shelf)
    }

    /// A fetch that is kept.
    async fn answer(
        &self,
        bound: Arc<BoundFetch>,
        asked: &Asked,
        context: &FetchContext,
        next: Next<'_>,
    ) -> Result<RowStream> {
        let found = self.0.find(asked);
        self.0.count(&found.fresh, found.missing.len() + found.spare.len());
        if found.missing.is_empty() && found.spare.is_empty() {
            let late = found.late.iter().map(|(at, _)| *at).collect::<Vec<_>>();
            if let Some(rows) = self.given(asked, &found, context) {
                if !late.is_empty() {
                    refresh(self.some(&bound, asked, late)?, context, next);
                }
                return Ok(rows);
            }
        }
        let mut wanted: Vec<u32> = found.missing.clone();
        wanted.extend(found.late.iter().chain(&found.spare).map(|(at, _)| *at));
        wanted.sort_unstable();
        let kept = if found.fresh.is_empty() { None } else { asked.read(found.fresh.iter()) };
        if kept.is_none() {
            wanted = (0..asked.keys.len() as u32).collect();
        }
        let wanted = self.some(&bound, asked, wanted)?;
        let loaded = next.fetch(&wanted, context);
        let loaded = if found.missing.is_empty() {
            // What is there is given while there is time for it.
            let end = context.deadline.checked_sub(MARGIN).unwrap_or(context.deadline);
            until(end.into(), loaded).await.unwrap_or_else(|_| {
                let source = self.0.source().clone();
                Err(Error::new(ErrorKind::Timeout, source, "the request's time is nearly over"))
            })
        } else {
            loaded.await
        };
        match loaded {
            Ok(rows) => {
                for value in found.fresh.iter().filter(|_| kept.is_some()) {
                    context.freshness.keep(value.loaded, asked.life());
                }
                Ok(match kept {
                    Some(kept) => stream::iter([Ok(kept)]).chain(rows).boxed(),
                    None => rows,
                })
            }
            Err(error) if is_down(&error) && found.missing.is_empty() => {
                let trace = &context.trace;
                tracing::warn!(%trace, %error, "a source is down: what it said before is given");
                self.given(asked, &found, context).ok_or(error)
            }
            Err(error) => Err(error),
        }
    }

    /// The rows of all that was found, noted as what they are.
    fn given(&self, asked: &Asked, found: &Found, context: &FetchContext) -> Option<RowStream> {
        let stale = || found.late.iter().chain(&found.spare).map(|(_, value)| value);
        let rows = asked.read(found.fresh.iter().chain(stale()))?;
        for value in &found.fresh {
            context.freshness.keep(value.loaded, asked.life());
        }
        let stale: Vec<&Value> = stale().collect();
        for value in &stale {
            context.freshness.stale(self.0.source(), value.loaded);
        }
        self.0.count_stale(stale.into_iter());
        Some(stream::iter((rows.batch.num_rows() > 0).then_some(Ok(rows))).boxed())
    }

    /// The same fetch with some of its keys.
    fn some(&self, bound: &Arc<BoundFetch>, asked: &Asked, wanted: Vec<u32>) -> Result<Arc<BoundFetch>> {
        let Some(keys) = bound.keys.as_ref().filter(|_| asked.by_key && wanted.len() < asked.keys.len()) else {
            return Ok(bound.clone());
        };
        let keys = take_record_batch(keys, &UInt32Array::from(wanted)).map_err(|error| {
            Error::new(ErrorKind::Internal, self.0.source().clone(), "choosing keys").because(error)
        })?;
        let (prepared, operands) = (bound.prepared.clone(), bound.operands.clone());
        Ok(Arc::new(BoundFetch { prepared, operands, keys: Some(keys) }))
    }
}

impl Layer for Cache {
    fn fetch<'a>(
        &'a self,
        fetch: &'a BoundFetch,
        context: &'a FetchContext,
        next: Next<'a>,
    ) -> BoxFuture<'a, Result<RowStream>> {
        if self.0.times(fetch.fetch()).is_none() {
            context.freshness.pass();
            return next.fetch(fetch, context);
        }
        Box::pin(async move {
            let bound = Arc::new(fetch.clone());
            match self.0.asked(&bound) {
                Some(asked) => self.answer(bound, &asked, context, next).await,
                None => {
                    context.freshness.pass();
                    next.fetch(fetch, context).await
                }
            }
        })
    }
}

/// Whether a fault says that the source is down or cannot keep up, and not that it refuses.
fn is_down(error: &Error) -> bool {
    matches!(error.kind, ErrorKind::Unavailable | ErrorKind::Timeout | ErrorKind::Overloaded)
}

/// Loads anew in the background; whoever asks meanwhile has the same load.
fn refresh(bound: Arc<BoundFetch>, context: &FetchContext, next: Next<'_>) {
    let context = FetchContext::new(Instant::now() + PATIENCE, context.trace.clone());
    let below = next.keep();
    tokio::spawn(async move {
        let loaded = async {
            let mut rows = below.next().fetch(&bound, &context).await?;
            while let Some(piece) = rows.next().await {
                piece?;
            }
            Ok::<(), Error>(())
        };
        if let Err(error) = loaded.await {
            tracing::warn!(trace = %context.trace, %error, "what is kept cannot be loaded anew");
        }
    });
}
