//! The engine and the program: a GraphQL federation gateway over siloed databases.
//!
//! Six sentences: a catalog names the sources, and each source's connector describes itself and fetches rows. Catalog
//! and descriptions are federated into one schema. A request goes parse → validate → normalize → plan → execute →
//! respond. Only execute touches the network, through `Source::fetch`. Every fetch passes the same layers. A connector
//! knows nothing of GraphQL; the planner knows nothing of SQL or HTTP.

pub mod assembly;
mod built_in;
pub mod coerce;
pub mod cursor;
pub mod demo;
pub mod error;
pub mod execute;
pub mod gateway;
mod input;
pub mod introspect;
pub mod json;
pub mod limits;
pub mod model;
pub mod normalize;
pub mod operation;
mod packed;
pub mod parse;
pub mod pieces;
mod pipeline;
pub mod plan;
mod plan_cache;
mod ran;
pub mod refusal;
pub mod request;
pub mod respond;
#[cfg(test)]
mod sample;
pub mod server;
pub mod validate;

pub use gateway::Gateway;
pub use model::Model;
