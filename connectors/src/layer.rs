//! One concern that every fetch passes on its way to a connector.

use std::sync::Arc;

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

/// The layers of a source, outside first, and the connector under them all.
pub struct Stack {
    layers: Vec<Box<dyn Layer>>,
    connector: Arc<dyn Connector>,
}

impl Stack {
    /// Layers, outside first, over a connector.
    pub fn new(layers: Vec<Box<dyn Layer>>, connector: Arc<dyn Connector>) -> Arc<Self> {
        Arc::new(Self { layers, connector })
    }

    /// Everything: all layers, then the connector.
    pub fn top(self: &Arc<Self>) -> Next<'_> {
        Next { stack: self, at: 0 }
    }

    /// The connector alone.
    pub fn connector(&self) -> &dyn Connector {
        &*self.connector
    }
}

/// The layers below one, and the connector under them all.
#[derive(Clone, Copy)]
pub struct Next<'a> {
    stack: &'a Arc<Stack>,
    at: usize,
}

impl<'a> Next<'a> {
    /// Passes the fetch on.
    pub fn fetch(self, fetch: &'a BoundFetch, context: &'a FetchContext) -> BoxFuture<'a, Result<RowStream>> {
        match self.stack.layers.get(self.at) {
            Some(layer) => layer.fetch(fetch, context, Next { at: self.at + 1, ..self }),
            None => self.stack.connector.fetch(fetch, context),
        }
    }

    /// The same for a fetch that outlives its first caller.
    pub fn keep(self) -> Below {
        Below { stack: self.stack.clone(), at: self.at }
    }
}

/// A [`Next`] that borrows nothing.
#[derive(Clone)]
pub struct Below {
    stack: Arc<Stack>,
    at: usize,
}

impl Below {
    /// What it stands for.
    pub fn next(&self) -> Next<'_> {
        Next { stack: &self.stack, at: self.at }
    }
}
