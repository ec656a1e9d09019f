//! THE LIST of kinds of source: one entry each.

mod files;
mod graphql;
pub mod memory;
mod mysql;
mod ndc;
mod postgres;
mod rest;
mod sqlite;

use std::sync::Arc;

use futures::future::BoxFuture;
use lilong_schema::Problem;
use lilong_schema::catalog::SourceSettings;

use crate::{Connector, Result};

/// A kind of source.
pub struct Kind {
    /// The value of `connector` in a catalog.
    pub name: &'static str,
    /// The kind's own keys in a block, by the groups that it shares with others.
    pub keys: &'static [&'static [&'static str]],
    /// Makes a connector from a block; never needs the network. Every problem of the kind's own keys at once.
    pub open: fn(&SourceSettings) -> Result<Arc<dyn Connector>, Vec<Problem>>,
    /// How `[[discover]]` works for it; `None`: it cannot be discovered.
    pub discovery: Option<Discovery>,
}

/// How the sources of a `[[discover]]` block are found. What is found is kept in `descriptions/discovered.json`, so a
/// part holds no secret: a file's path as the block would write it, or a database's name.
pub struct Discovery {
    /// Asks for all parts there are, in order.
    pub parts: fn(&SourceSettings) -> BoxFuture<'_, Result<Vec<String>, Undiscovered>>,
    /// The block of one source: location narrowed to the part, `{name}` filled in with the part's plain name.
    pub narrow: fn(&SourceSettings, &str) -> SourceSettings,
}

/// Why it is not known for which sources a `[[discover]]` block stands.
#[derive(Debug)]
pub enum Undiscovered {
    /// The block is wrong.
    Wrong(Vec<Problem>),
    /// Whoever is to be asked gives no answer, or the folder is not there, which is no fault of the block.
    Silent(Problem),
}

impl From<Vec<Problem>> for Undiscovered {
    fn from(problems: Vec<Problem>) -> Self {
        Undiscovered::Wrong(problems)
    }
}

/// The kinds there are.
pub const KINDS: &[Kind] =
    &[files::KIND, graphql::KIND, memory::KIND, mysql::KIND, ndc::KIND, postgres::KIND, rest::KIND, sqlite::KIND];

/// The kind of that name.
pub fn find(name: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.name == name)
}
