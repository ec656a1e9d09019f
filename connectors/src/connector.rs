//! The contract between the engine and one source.

use std::any::Any;
use std::sync::Arc;
use std::time::SystemTime;

use futures::future::BoxFuture;
use futures::stream::BoxStream;
use lilong_schema::collection::FieldId;
use lilong_schema::{Capabilities, Collection, Field, Scalar, SourceDescription, Value};

use crate::pool::Server;
use crate::{
    BoundFetch, Change, Comparison, Error, ErrorKind, Fetch, FetchContext, Hop, Native, OrderTarget, Prepared, Result,
    RowStream,
};

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

    /// Whether the source compares and orders a field exactly as lilong does: text by code point, anything else by value. Only
    /// then do its order and the orders of other sources make one.
    fn orders_exactly(&self, field: &Field) -> bool {
        !matches!(field.scalar, Scalar::String | Scalar::Enum)
    }

    /// Whether it follows a link between collections of its own, a field of one and a field of the other in each pair, exactly
    /// as lilong does, where it claims what goes through links. A pure function of what was described.
    fn follows(&self, _from: &Collection, _to: &Collection, _on: &[(FieldId, FieldId)]) -> bool {
        true
    }

    /// Whether it orders by what a path of links leads to, and by counts of linked rows tells them apart, exactly as lilong does,
    /// where it claims what goes through links. A pure function of what was described.
    fn reaches(&self, _from: &Collection, _path: &[Hop], _target: &OrderTarget) -> bool {
        true
    }

    /// Whether it finds by a comparison that it claims exactly what lilong finds, so that links may be followed beside it and
    /// on its far side; else whoever claims it finds that here, of rows that no link was followed from.
    fn checks(&self, _field: &Field, _comparison: Comparison) -> bool {
        true
    }

    /// Whether the rows behind a value of a field, in the source's order, are exactly those that it finds to be greater than the
    /// value as it was answered; `None`: behind any value. Only then is a list read on from where a block or a page of it ended.
    fn resumes(&self, _: &Field, _: Option<&Value>) -> bool {
        true
    }

    /// How it speaks: connectors that give the same here make the same native request of the same fetch. `None`: that is not
    /// known.
    fn dialect(&self) -> Option<String> {
        None
    }

    /// The server it shares with other sources, whose connections are bounded together.
    fn server(&self) -> Option<Arc<Server>> {
        None
    }

    /// What the source tells of changes by itself, for as long as it is listened to; [`Change::All`] whenever a message may
    /// have been missed. `None`: it tells nothing.
    fn changes(&self) -> Option<BoxStream<'static, Change>> {
        None
    }

    /// As of when its answers are, where it reads copies of what it serves: when the newest it has read was made.
    fn as_of(&self) -> Option<SystemTime> {
        None
    }

    /// Whether the source answers.
    fn ping(&self) -> BoxFuture<'_, Result<()>>;
}

impl Prepared {
    /// The native request, by the connector of its source.
    pub fn native(&self, connector: &dyn Connector) -> Result<Arc<Native>> {
        self.native_or(|fetch| connector.explain(fetch))
    }

    /// What the connector needs to send it; [`ErrorKind::Internal`] if another kind's connector translated the fetch.
    pub fn parts<T: Any + Send + Sync>(&self, connector: &dyn Connector, source: &Arc<str>) -> Result<Arc<T>> {
        let parts = self.native(connector)?.parts.clone().downcast::<T>();
        let context = "a fetch that another connector translated";
        parts.map_err(|_| Error::new(ErrorKind::Internal, source.clone(), context))
    }
}
