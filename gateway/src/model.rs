//! What is served: the federated model with the sources under it.

use std::sync::Arc;

use lilong_connectors::Source;
use lilong_schema::Federated;

/// A federated model and the sources under it. Taken once per request.
#[derive(Debug)]
pub struct Model {
    /// The schema.
    pub federated: Arc<Federated>,
    /// By their positions in the schema.
    pub sources: Vec<Arc<Source>>,
}
