//! The layers, and THE order they stand in.

pub mod breaker;
pub mod cache;
pub mod chronicle;
pub mod dataloader;
mod identity;
pub mod limit;
pub mod observe;
pub mod retry;
pub mod timeout;

use std::sync::Arc;

use lilong_schema::catalog::Tuning;
use tokio::sync::Semaphore;

use crate::Connector;
use crate::layer::Layer;

/// The order of layers, outside first. Users tune numbers per source; nobody reorders.
///
/// 1. *observe* sees what callers see: every answer and fault, however it came about.
/// 2. *cache* is above all that costs anything. Without a shelf it is not there, and nor is *watch*.
/// 3. *dataloader* makes one load of what callers ask in common; everything below happens once for each load. It is below
///    *cache*, so that loads are of what is not kept, and stores what they give.
/// 4. *watch* sees whether the source answers, which *observe* cannot tell of answers that are kept.
/// 5. *breaker* judges what is left after *retry*: a fetch that succeeded the second time is no fault.
/// 6. *retry* is above *limit*, so that a second attempt waits for its turn again and has the whole time.
/// 7. *limit* comes before *timeout*, so that waiting for a turn has its own time and its own code.
/// 8. *timeout* bounds what the source does, nothing else.
/// 9. *count* is next to the connector: it sees what is really sent.
pub fn standard(
    source: &Arc<str>,
    tuning: &Tuning,
    connector: &dyn Connector,
    observed: &Arc<observe::Observed>,
    breaker: &Arc<breaker::Breaker>,
    ceiling: Arc<Semaphore>,
    (chronicle, shelf): (&Arc<chronicle::Chronicle>, Option<&Arc<cache::Shelf>>),
) -> Vec<Box<dyn Layer>> {
    let (capabilities, chronicle) = (connector.capabilities(), chronicle.clone());
    let dataloader = dataloader::Dataloader::new(source.clone(), tuning, capabilities, chronicle, shelf.cloned());
    let mut layers: Vec<Box<dyn Layer>> = vec![Box::new(observe::Observe::new(observed.clone(), shelf.is_none()))];
    if let Some(shelf) = shelf {
        layers.push(Box::new(cache::Cache::new(shelf.clone())));
    }
    layers.push(Box::new(dataloader));
    if shelf.is_some() {
        layers.push(Box::new(observe::Watch::new(observed.clone())));
    }
    layers.push(Box::new(breaker::Break(breaker.clone())));
    layers.push(Box::new(retry::Retry::new(tuning, observed.clone())));
    layers.push(Box::new(limit::Limit::new(source.clone(), tuning, connector.server(), ceiling)));
    layers.push(Box::new(timeout::Timeout::new(source.clone(), tuning.timeout)));
    layers.push(Box::new(observe::Count::new(observed.clone())));
    layers
}
