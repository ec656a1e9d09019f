//! One concern that every fetch passes on its way to a connector.

use futures::future::BoxFuture;

use crate::{BoundFetch, Connector, FetchContext, Result, RowStream};

/// A concern around fetches. It may refuse, wait, count or answer itself; otherwise it calls `next`.
pub trait Layer: Send + Sync {
    /// Handles a fetch; `next` is everything below.
    fn fetch<'a>(
        &'a self,
        fetch: &'a BoundFetch,
        context: &'a FetchContext,
        next: Next<'a>,
    ) -> BoxFuture<'a, Result<RowStream>>;
}

/// The layers below one, and the connector under them all.
#[derive(Clone, Copy)]
pub struct Next<'a> {
    layers: &'a [Box<dyn Layer>],
    connector: &'a dyn Connector,
}

impl<'a> Next<'a> {
    /// Everything: all layers, then the connector.
    pub fn new(layers: &'a [Box<dyn Layer>], connector: &'a dyn Connector) -> Self {
        Self { layers, connector }
    }

    /// Passes the fetch on.
    pub fn fetch(self, fetch: &'a BoundFetch, context: &'a FetchContext) -> BoxFuture<'a, Result<RowStream>> {
        match self.layers.split_first() {
            Some((layer, layers)) => layer.fetch(fetch, context, Next { layers, connector: self.connector }),
            None => self.connector.fetch(fetch, context),
        }
    }
}
