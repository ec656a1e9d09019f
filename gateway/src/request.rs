//! One GraphQL request and its answer, as the engine sees them.

use std::sync::Arc;
use std::time::Duration;

use lilong_schema::Slice;

use crate::error::Code;

/// A request, still text.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// The document.
    pub query: String,
    /// Which operation of the document.
    pub operation_name: Option<String>,
    /// Variables as they came.
    pub variables: serde_json::Map<String, serde_json::Value>,
    /// What the request sees of the schema; made of the model that answers, see [`crate::gateway::Gateway::answer_over`].
    pub slice: Slice,
    /// The id under which the log tells more; stands in every error's `extensions.traceId`.
    pub trace: Arc<str>,
    /// Whether the answer tells its plan and what its steps did, where the gateway allows that.
    pub plan: bool,
}

/// An answer, written: in one piece, or as [`Pieces`](crate::pieces::Pieces).
#[derive(Clone, Debug)]
pub struct Answer<Body = Vec<u8>> {
    /// The JSON body.
    pub body: Body,
    /// Why the request was refused before execution; `None`: the body has `data`.
    pub refused: Option<Code>,
    /// Errors in the body.
    pub errors: usize,
    /// The age of its oldest part and how long it may still be given; `None`: it may not be kept.
    pub kept: Option<(Duration, Duration)>,
}

/// A new trace id: 128 random bits as 32 hexadecimal digits (W3C Trace Context's `trace-id`).
pub fn new_trace() -> Arc<str> {
    use std::hash::BuildHasher;
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let half = |salt: u8| foldhash::quality::RandomState::default().hash_one((std::time::Instant::now(), salt));
    let mut id = String::with_capacity(32);
    for byte in half(0).to_be_bytes().into_iter().chain(half(1).to_be_bytes()) {
        id.push(char::from(DIGITS[usize::from(byte >> 4)]));
        id.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
    id.into()
}
