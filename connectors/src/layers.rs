//! The layers, and THE order they stand in.

pub mod breaker;
pub mod dataloader;
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
/// 2. *dataloader* makes one load of what callers ask in common; everything below happens once for each load.
/// 3. *breaker* judges what is left after *retry*: a fetch that succeeded the second time is no fault.
/// 4. *retry* is above *limit*, so that a second attempt waits for its turn again and has the whole time.
/// 5. *limit* comes before *timeout*, so that waiting for a turn has its own time and its own code.
/// 6. *timeout* bounds what the source does, nothing else.
/// 7. *count* is next to the connector: it sees what is really sent.
pub fn standard(
    source: &Arc<str>,
    tuning: &Tuning,
    connector: &dyn Connector,
    observed: &Arc<observe::Observed>,
    breaker: &Arc<breaker::Breaker>,
    ceiling: Arc<Semaphore>,
) -> Vec<Box<dyn Layer>> {
    vec![
        Box::new(observe::Observe::new(observed.clone())),
        Box::new(dataloader::Dataloader::new(source.clone(), tuning, connector.capabilities())),
        Box::new(breaker::Break(breaker.clone())),
        Box::new(retry::Retry::new(tuning, observed.clone())),
        Box::new(limit::Limit::new(source.clone(), tuning, connector.server(), ceiling)),
        Box::new(timeout::Timeout::new(source.clone(), tuning.timeout)),
        Box::new(observe::Count::new(observed.clone())),
    ]
}
