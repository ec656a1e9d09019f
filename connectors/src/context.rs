//! What a fetch knows of the request it belongs to.

use std::time::Instant;

/// Goes with every fetch.
#[derive(Clone, Debug)]
pub struct FetchContext {
    /// When the request ends; a fetch past it is of no use.
    pub deadline: Instant,
    /// The request's trace id, for the log.
    pub trace: std::sync::Arc<str>,
}
