//! What a fetch knows of the request it belongs to.

use std::sync::Arc;
use std::time::Instant;

use crate::Freshness;

/// Goes with every fetch.
#[derive(Clone, Debug)]
pub struct FetchContext {
    /// When the request ends; a fetch past it is of no use.
    pub deadline: Instant,
    /// The request's trace id, for the log.
    pub trace: Arc<str>,
    /// How old what the request has been given is.
    pub freshness: Arc<Freshness>,
}

impl FetchContext {
    /// Of a request that has been given nothing yet.
    pub fn new(deadline: Instant, trace: impl Into<Arc<str>>) -> Self {
        Self { deadline, trace: trace.into(), freshness: Arc::default() }
    }
}
