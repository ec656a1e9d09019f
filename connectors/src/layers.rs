//! The layers, and THE order they stand in.

pub mod dataloader;
pub mod limit;
pub mod observe;
pub mod timeout;

use std::sync::Arc;

use lilong_schema::Capabilities;
use lilong_schema::catalog::Tuning;
use tokio::sync::Semaphore;

use crate::layer::Layer;

/// The order of layers, outside first. Users tune numbers per source; nobody reorders.
///
/// 1. *observe* sees what callers see: every answer and fault, however it came about.
/// 2. *dataloader* makes one load of what callers ask in common; everything below happens once for each load.
/// 3. *limit* comes before *timeout*, so that waiting for a turn has its own time and its own code.
/// 4. *timeout* is next to the connector: it bounds what the source does, nothing else.
pub fn standard(
    source: &Arc<str>,
    tuning: &Tuning,
    capabilities: Capabilities,
    observed: &Arc<observe::Observed>,
    ceiling: Arc<Semaphore>,
) -> Vec<Box<dyn Layer>> {
    vec![
        Box::new(observe::Observe::new(observed.clone())),
        Box::new(dataloader::Dataloader::new(source.clone(), tuning, capabilities)),
        Box::new(limit::Limit::new(source.clone(), tuning, ceiling)),
        Box::new(timeout::Timeout::new(source.clone(), tuning.timeout)),
    ]
}
