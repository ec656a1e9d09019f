//! THE LIST of kinds of source: one entry each.

use std::sync::Arc;

use futures::future::BoxFuture;
use lilong_schema::Problem;
use lilong_schema::catalog::SourceSettings;

use crate::{Connector, Result};

/// A kind of source.
pub struct Kind {
    /// The value of `connector` in a catalog.
    pub name: &'static str,
    /// The kind's own keys in a block.
    pub keys: &'static [&'static str],
    /// Makes a connector from a block; never needs the network. Every problem of the kind's own keys at once.
    pub open: fn(&SourceSettings) -> Result<Arc<dyn Connector>, Vec<Problem>>,
    /// Finds the sources that a `[[discover]]` block means: each block's `name` is filled in and its location narrowed
    /// to one source. `None`: this kind cannot be discovered.
    pub discover: Option<Discover>,
}

/// How a kind finds the sources of a `[[discover]]` block.
pub type Discover = fn(&SourceSettings) -> BoxFuture<'_, Result<Vec<SourceSettings>, Vec<Problem>>>;

/// The kinds there are.
pub const KINDS: &[Kind] = &[];

/// The kind of that name.
pub fn find(name: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.name == name)
}
