//! Sends a fetch once more whose connection failed.
//!
//! Everything is only read, so that twice is as good as once. *Invariant*: never after a row, never after a timeout, never
//! to a source that has too much to do, and no more often than the budget allows.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures::future::BoxFuture;
use lilong_schema::catalog::Tuning;

use super::observe::Observed;
use crate::layer::{Layer, Next};
use crate::{BoundFetch, ErrorKind, FetchContext, Result, RowStream};

/// What a retry costs; each fetch puts the source's percents in.
const COST: u64 = 100;
/// The most that is saved up: a burst of faults is no burst of retries.
const MOST: u64 = 10 * COST;

/// The layer.
pub struct Retry {
    percent: u64,
    saved: AtomicU64,
    observed: Arc<Observed>,
}

impl Retry {
    /// Tries `tuning.retry_percent` fetches in a hundred again; the first one of all may be.
    pub fn new(tuning: &Tuning, observed: Arc<Observed>) -> Self {
        let percent = tuning.retry_percent as u64;
        Self { percent, saved: AtomicU64::new(if percent == 0 { 0 } else { COST }), observed }
    }

    fn save(&self) {
        let add = |saved: u64| Some((saved + self.percent).min(MOST));
        // It always gives a number.
        let _ = self.saved.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add);
    }

    fn spend(&self) -> bool {
        let spend = |saved: u64| saved.checked_sub(COST);
        self.saved.fetch_update(Ordering::Relaxed, Ordering::Relaxed, spend).is_ok()
    }
}

impl Layer for Retry {
    fn fetch<'a>(
        &'a self,
        fetch: &'a BoundFetch,
        context: &'a FetchContext,
        next: Next<'a>,
    ) -> BoxFuture<'a, Result<RowStream>> {
        Box::pin(async move {
            self.save();
            match next.fetch(fetch, context).await {
                Err(error) if error.temporary && error.kind == ErrorKind::Unavailable && self.spend() => {
                    tracing::debug!(trace = %context.trace, %error, "a fetch is sent once more");
                    self.observed.retried();
                    next.fetch(fetch, context).await
                }
                outcome => outcome,
            }
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
