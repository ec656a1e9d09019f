//! What concurrent requests ask in common is asked once.
//!
//! In: fetches. Out: their rows. Equal fetches in flight share one load, and fetches that differ only in their keys are
//! gathered into one while enough of their shape are running. Of two libraries that gather keys one loses its waiters when
//! a caller goes away, the other waits a millisecond each time; here nothing waits for a clock. *Invariant*: a caller gets
//! exactly the rows and faults it would have got alone; a caller that goes away harms no other, the last one to go cancels
//! the load; a load whose rows are kept has stored them before it can no longer be joined; nobody who comes after a change
//! joins a load that began before it.

mod gather;
mod share;
mod split;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
pub(in crate::layers) mod tests;

use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};

use foldhash::fast::RandomState;
use futures::future::BoxFuture;
use futures::{FutureExt, StreamExt, stream};
use lilong_schema::Capabilities;
use lilong_schema::catalog::Tuning;

use self::gather::Lanes;
use self::share::{Joined, Loads};
use crate::layer::{Layer, Next};
use crate::layers::cache::Shelf;
use crate::layers::cache::load::Load;
use crate::layers::chronicle::Chronicle;
use crate::layers::identity::identify;
use crate::{BoundFetch, FetchContext, Result, RowStream};

/// The layer.
pub struct Dataloader {
    loads: Arc<Loads>,
    /// Where the rows of loads are kept, if they are.
    shelf: Option<Arc<Shelf>>,
    lanes: Arc<Lanes>,
    hasher: RandomState,
    /// Longer than any load takes: its own limits are the layers' below.
    span: Duration,
}

impl Dataloader {
    /// For a source tuned so, whose fetches take as many keys as it claims and whose changes are noted in `chronicle`.
    pub fn new(
        source: Arc<str>,
        tuning: &Tuning,
        capabilities: Capabilities,
        chronicle: Arc<Chronicle>,
        shelf: Option<Arc<Shelf>>,
    ) -> Self {
        Self {
            loads: Loads::new(chronicle),
            shelf,
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
            let kept = self.shelf.as_ref().and_then(|shelf| Some((shelf, shelf.asked(&bound)?)));
            let Some((shelf, asked)) = kept else {
                let joined = self.loads.join(
                    whole,
                    || None::<Infallible>,
                    |_| self.lanes.clone().fetch(shape, bound, self.context(context), next.keep()),
                );
                return match joined {
                    Joined::Load(load, _) => load.rows().await,
                    Joined::Left(never) => match never {},
                };
            };
            let asked = Arc::new(asked);
            let joined = self.loads.join(
                whole,
                || shelf.whole(&asked),
                |begun| {
                    let (shelf, asked) = (shelf.clone(), asked.clone());
                    let (lanes, context, below) = (self.lanes.clone(), self.context(context), next.keep());
                    let load = Load { shelf, bound, asked, begun };
                    load.run(|bound| lanes.fetch(shape, bound, context, below).boxed())
                },
            );
            match joined {
                Joined::Load(load, begun) => {
                    let rows = load.rows().await?;
                    // What is not kept here, as it is too large or may be wrong by now, nobody may keep.
                    if begun.is_stored() {
                        context.freshness.keep(begun.at, asked.life());
                    } else {
                        context.freshness.pass();
                    }
                    Ok(rows)
                }
                Joined::Left((rows, loaded)) => {
                    context.freshness.keep(loaded, asked.life());
                    Ok(stream::iter([Ok(rows)]).boxed())
                }
            }
        })
    }
}

impl Dataloader {
    /// What a load knows, which belongs to all that wait for it: the deadline of the first is its own affair.
    fn context(&self, first: &FetchContext) -> FetchContext {
        FetchContext::new(Instant::now() + self.span, first.trace.clone())
    }
}

#[cfg(test)]
impl Dataloader {
    /// How many loads can be joined, and how many lanes there are.
    fn in_flight(&self) -> (usize, usize) {
        (self.loads.len(), self.lanes.len())
    }
}
