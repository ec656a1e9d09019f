//! The contract between the engine and one source.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use futures::future::BoxFuture;
use lilong_schema::{Capabilities, SourceDescription};

use crate::{BoundFetch, Fetch, FetchContext, Result, RowStream};

/// Talks to one source. Knows nothing of GraphQL, of retries or of other sources. Opening one never needs the network.
pub trait Connector: Send + Sync + 'static {
    /// What the source can do by itself; the planner relies on exactly this.
    fn capabilities(&self) -> Capabilities;

    /// Asks the source what it has: collections, fields, keys, comments, row estimates.
    fn describe(&self) -> BoxFuture<'_, Result<SourceDescription>>;

    /// The native request that a fetch becomes. Pure; `fetch` sends precisely this.
    fn explain(&self, fetch: &Fetch) -> Result<Native>;

    /// Asks for rows. Dropping the future or the stream cancels the work.
    fn fetch<'a>(&'a self, fetch: &'a BoundFetch, context: &'a FetchContext) -> BoxFuture<'a, Result<RowStream>>;

    /// Whether the source answers.
    fn ping(&self) -> BoxFuture<'_, Result<()>>;
}

/// What a fetch becomes at its source.
pub struct Native {
    /// For people: the SQL text or URL, with placeholders instead of values.
    pub text: String,
    /// For the connector: what it needs to send it (parameter slots, decoders).
    pub parts: Arc<dyn Any + Send + Sync>,
}

impl fmt::Debug for Native {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Native").field(&self.text).finish()
    }
}
