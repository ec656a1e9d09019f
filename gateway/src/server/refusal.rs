//! An answer that is no answer: why a request was refused before the engine saw it.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde_json::json;

use crate::error::Code;
use crate::server::negotiate::Media;
use crate::server::trace::Trace;

/// A refusal on its way to the client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    /// The status, whatever the form of the answer: the request is wrong as HTTP.
    pub(super) status: StatusCode,
    /// The public code.
    pub(super) code: Code,
    /// For the client.
    pub(super) message: String,
    /// `Allow` and its like.
    pub(super) header: Option<(header::HeaderName, &'static str)>,
}

/// What became of a request, for the log and the metrics; goes with the response.
#[derive(Clone, Copy, Debug)]
pub(super) struct Outcome {
    /// `OK`, `PARTIAL` or the code it was refused with.
    pub(super) code: &'static str,
    /// Errors in the body.
    pub(super) errors: usize,
}

impl Refusal {
    pub(super) fn new(status: StatusCode, code: Code, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), header: None }
    }

    /// 400 `BAD_INPUT`
    pub(super) fn bad_input(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, Code::BadInput, message)
    }

    #[must_use]
    pub(super) fn with(mut self, name: header::HeaderName, value: &'static str) -> Self {
        self.header = Some((name, value));
        self
    }

    pub(super) fn response(self, media: Media, trace: &Trace) -> Response {
        let body = json!({"errors": [{
            "message": self.message,
            "extensions": {"code": self.code.name(), "traceId": *trace.0},
        }]});
        let mut response = (self.status, body.to_string()).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media.content_type()));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some((name, value)) = self.header {
            headers.insert(name, HeaderValue::from_static(value));
        }
        response.extensions_mut().insert(Outcome { code: self.code.name(), errors: 1 });
        response
    }
}
