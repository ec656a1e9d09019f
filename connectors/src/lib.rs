//! The connector contract, the layers every fetch passes, and the kinds of source.
//!
//! In: a source's settings and bound fetches. Out: descriptions and streams of Arrow record batches.
//! *Invariant*: nothing here knows GraphQL.

pub mod change;
pub mod connector;
pub mod context;
pub mod deadline;
mod describing;
pub mod error;
pub mod evaluate;
pub mod extents;
pub mod farewell;
pub mod fetch;
pub mod freshness;
mod glob;
pub mod http;
mod json_cells;
pub mod kinds;
mod known;
pub mod layer;
pub mod layers;
pub mod options;
mod pieces;
pub mod pool;
pub mod rows;
pub mod source;
mod sql;
mod sweeping;
mod tables;
mod withheld;

pub use change::{Change, Changes};
pub use connector::Connector;
pub use context::FetchContext;
pub use error::{Error, ErrorKind, Result};
pub use extents::{Extent, Extents};
pub use fetch::{
    Aggregate, BoundFetch, Comparison, Exists, Fetch, Function, Group, GroupKey, Hop, KeySet, LinkedAggregate, Native,
    Operand, OperandId, Order, OrderTarget, Predicate, Prepared, Test,
};
pub use freshness::{Age, Freshness};
pub use rows::{CellFault, RowStream, Rows};
pub use source::Source;
pub use sql::cells::cell_value;
