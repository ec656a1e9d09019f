//! `/schema.graphql`: the federated schema as text, whole or `?sources=a,b` of it.

use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use lilong_schema::{Federated, Slice};

use crate::server::compress::compress;
use crate::server::negotiate::Media;
use crate::server::parameters::Parameters;
use crate::server::refusal::Refusal;
use crate::server::trace::Trace;
use crate::server::{Shared, caching, graphql};

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
    let tag = caching::tag("", [&*text]);
    let mut response = if caching::is_known(&headers, &tag) {
        caching::not_modified()
    } else {
        ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response()
    };
    let head = response.headers_mut();
    head.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    match HeaderValue::from_str(&tag) {
        Ok(tag) => head.insert(header::ETAG, tag),
        Err(_) => return StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    };
    compress(&headers, response).await
}
