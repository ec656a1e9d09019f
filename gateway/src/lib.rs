//! The engine and the program: a GraphQL federation gateway over siloed databases.
//!
//! Six sentences: a catalog names the sources, and each source's connector describes itself and fetches rows. Catalog
//! and descriptions are federated into one schema. A request goes parse → validate → normalize → plan → execute →
//! respond. Only execute touches the network, through `Source::fetch`. Every fetch passes the same layers. A connector
//! knows nothing of GraphQL; the planner knows nothing of SQL or HTTP.

pub mod demo;
pub mod error;
pub mod operation;
pub mod request;
