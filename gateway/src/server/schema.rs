//! `/schema.graphql`: the federated schema as text, whole or `?sources=a,b` of it.

use std::hash::BuildHasher;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use lilong_schema::{Federated, Slice};

use crate::server::negotiate::Media;
use crate::server::parameters::Parameters;
use crate::server::refusal::Refusal;
use crate::server::trace::Trace;
use crate::server::{Shared, graphql};

/// The text of the last model served whole, by its version.
#[derive(Default)]
pub(super) struct Kept(Mutex<Option<(u64, Bytes)>>);

impl Kept {
    fn text(&self, federated: &Federated, slice: &Slice) -> Bytes {
        if *slice != Slice::all() {
            return lilong_schema::sdl::sdl(federated, slice).into();
        }
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &*kept {
            Some((version, text)) if *version == federated.version => text.clone(),
            _ => {
                let text = Bytes::from(lilong_schema::sdl::sdl(federated, slice));
                *kept = Some((federated.version, text.clone()));
                text
            }
        }
    }
}

/// Answers with the text, or 304 if the client has it.
pub(super) async fn handle(
    State(shared): State<Arc<Shared>>,
    axum::Extension(trace): axum::Extension<Trace>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let model = shared.gateway.model();
    let parameters = Parameters::parse(uri.query()).map_err(|fault| Refusal::bad_input(fault.to_string()));
    let slice = match parameters.and_then(|parameters| graphql::slice(&parameters, &model.federated)) {
        Ok(slice) => slice,
        Err(refusal) => return refusal.response(Media::Json, &trace),
    };
    let text = shared.sdl.text(&model.federated, &slice);
    let tag = format!("\"{:016x}\"", foldhash::fast::FixedState::default().hash_one(&text));
    let Ok(tag_value) = HeaderValue::from_str(&tag) else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let known = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    let known = known.flat_map(|value| value.split(',')).any(|given| {
        let given = given.trim();
        given == "*" || given.trim_start_matches("W/") == tag
    });
    if known {
        return (StatusCode::NOT_MODIFIED, [(header::ETAG, tag_value)]).into_response();
    }
    let content_type = HeaderValue::from_static("text/plain; charset=utf-8");
    ([(header::CONTENT_TYPE, content_type), (header::ETAG, tag_value)], text).into_response()
}
