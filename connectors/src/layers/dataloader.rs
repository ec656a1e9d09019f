//! What concurrent requests ask in common is asked once.
//!
//! In: fetches. Out: their rows. Equal fetches in flight share one load, and fetches that differ only in their keys are
//! gathered into one while enough of their shape are running. Of two libraries that gather keys one loses its waiters when
//! a caller goes away, the other waits a millisecond each time; here nothing waits for a clock. *Invariant*: a caller gets
//! exactly the rows and faults it would have got alone; a caller that goes away harms no other, the last one to go cancels
//! the load; nothing is kept of what is done.

mod gather;
mod identity;
mod share;
mod split;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests;

use std::sync::Arc;
use std::time::{Duration, Instant};

use foldhash::fast::RandomState;
use futures::FutureExt;
use futures::future::BoxFuture;
use lilong_schema::Capabilities;
use lilong_schema::catalog::Tuning;

use self::gather::Lanes;
use self::identity::identify;
use self::share::Loads;
use crate::layer::{Layer, Next};
use crate::{BoundFetch, FetchContext, Result, RowStream};

/// The layer.
pub struct Dataloader {
    loads: Arc<Loads>,
    lanes: Arc<Lanes>,
    hasher: RandomState,
    /// Longer than any load takes: its own limits are the layers' below.
    span: Duration,
}

impl Dataloader {
    /// For a source tuned so, whose fetches take as many keys as it claims.
    pub fn new(source: Arc<str>, tuning: &Tuning, capabilities: Capabilities) -> Self {
        Self {
            loads: Arc::default(),
            lanes: Lanes::new(source, tuning, capabilities.keys),
            hasher: RandomState::default(),
            span: (tuning.timeout + tuning.connect_timeout + tuning.wait_timeout) * 3,
        }
    }
}

impl Layer for Dataloader {
    fn fetch<'a>(
        &'a self,
        fetch: &'a BoundFetch,
        context: &'a FetchContext,
        next: Next<'a>,
    ) -> BoxFuture<'a, Result<RowStream>> {
        Box::pin(async move {
            let bound = Arc::new(fetch.clone());
            let (shape, whole) = identify(&bound, &self.hasher);
            let load = self.loads.join(whole, || {
                // A load belongs to all that wait for it: the deadline of the first is its own affair.
                let context = FetchContext { deadline: Instant::now() + self.span, trace: context.trace.clone() };
                self.lanes.clone().fetch(shape, bound, context, next.keep()).boxed()
            });
            load.rows().await
        })
    }
}

#[cfg(test)]
impl Dataloader {
    /// How many loads can be joined, and how many lanes there are.
    fn in_flight(&self) -> (usize, usize) {
        (self.loads.len(), self.lanes.len())
    }
}
