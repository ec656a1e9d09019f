//! What is served: the federated model with the sources under it.

use std::sync::Arc;

use lilong_connectors::Source;
use lilong_schema::federated::SourceId;
use lilong_schema::{Capabilities, Federated};

/// What a union does by itself, whatever its members can.
const OF_UNIONS: Capabilities = Capabilities {
    exists: false,
    order_links: false,
    group: false,
    group_links: false,
    link_aggregates: false,
    ..Capabilities::ALL
};

/// A federated model and the sources under it. Taken once per request.
#[derive(Debug)]
pub struct Model {
    /// The schema.
    pub federated: Arc<Federated>,
    /// By their positions in the schema; unions, which come last there, have none.
    pub sources: Vec<Arc<Source>>,
}

impl Model {
    /// What a source can do by itself; a union, which has no source of its own, does what the engine does for it.
    pub fn capabilities(&self, source: SourceId) -> Capabilities {
        self.sources.get(source).map_or(OF_UNIONS, |source| source.capabilities())
    }
}
