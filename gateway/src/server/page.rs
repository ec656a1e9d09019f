//! `GraphiQL`'s page and its parts, and what is said where there is nothing.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, Uri, header};

use crate::server::negotiate::Media;
use crate::server::parameters::Parameters;
use crate::server::refusal::Refusal;
use crate::server::trace::Trace;
use crate::server::{Shared, graphiql, graphql};

/// The page. `?sources=` is checked here so that a wrong name is told before the page asks with it.
pub(super) async fn index(
    State(shared): State<Arc<Shared>>,
    axum::Extension(trace): axum::Extension<Trace>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let parameters = Parameters::parse(uri.query()).map_err(|fault| Refusal::bad_input(fault.to_string()));
    let slice = parameters.and_then(|parameters| graphql::slice(&parameters, &shared.gateway.model().federated));
    match slice {
        Ok(_) => part("", &headers),
        Err(refusal) => refusal.response(Media::Json, &trace),
    }
}

/// A file of the page.
pub(super) async fn asset(uri: Uri, headers: HeaderMap) -> Response {
    part(uri.path(), &headers)
}

/// The tabs of a first visit.
pub(super) async fn tabs(State(shared): State<Arc<Shared>>) -> Response {
    match graphiql::tabs(&shared.options.tabs) {
        Ok(tabs) => {
            ([(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")], tabs).into_response()
        }
        Err(error) => {
            tracing::error!("the tabs cannot be written: {error}");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// There is nothing at this address.
pub(super) async fn nowhere() -> Response {
    not_found("There is nothing here. GraphQL is at /graphql, GraphiQL at /, the schema at /schema.graphql.\n")
}

/// Nor at this one of the admin address.
pub(super) async fn nowhere_for_admins() -> Response {
    not_found(
        "There is nothing here. Metrics are at /metrics, the state of sources at /health/sources, and POST \
         /admin/invalidate forgets what is kept.\n",
    )
}

fn not_found(text: &'static str) -> Response {
    (StatusCode::NOT_FOUND, [(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response()
}

/// A file of the page; compressed where the client takes it so, else as it is.
fn part(path: &str, headers: &HeaderMap) -> Response {
    let Some(asset) = graphiql::asset(path) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let mut response = if !asset.gzip {
        Bytes::from_static(asset.bytes).into_response()
    } else if takes_gzip(headers) {
        ([(header::CONTENT_ENCODING, "gzip")], Bytes::from_static(asset.bytes)).into_response()
    } else {
        match asset.decompressed() {
            Ok(bytes) => bytes.into_response(),
            Err(error) => {
                tracing::error!("a file of the page cannot be unpacked: {error}");
                return StatusCode::INTERNAL_SERVER_ERROR.into_response();
            }
        }
    };
    let kept = if asset.immutable { "public, max-age=31536000, immutable" } else { "no-cache" };
    for (name, value) in [
        (header::CONTENT_TYPE, asset.content_type),
        (header::CACHE_CONTROL, kept),
        (header::VARY, "accept-encoding"),
        (header::CONTENT_SECURITY_POLICY, graphiql::CONTENT_SECURITY_POLICY),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "no-referrer"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

/// Whether gzip stands in `Accept-Encoding` with a quality above zero.
fn takes_gzip(headers: &HeaderMap) -> bool {
    let ranges = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    ranges.flat_map(|value| value.split(',')).any(|range| {
        let mut parts = range.split(';').map(str::trim);
        let named = parts.next().is_some_and(|name| name.eq_ignore_ascii_case("gzip") || name == "*");
        let refused =
            parts.any(|part| part.strip_prefix("q=").is_some_and(|q| q.parse::<f32>().is_ok_and(|q| q <= 0.0)));
        named && !refused
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn gzip_is_sent_only_to_those_who_take_it() {
        for (text, yes) in [
            ("gzip, deflate, br", true),
            ("GZIP;q=0.5", true),
            ("*", true),
            ("gzip;q=0", false),
            ("br", false),
            ("", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_ENCODING, text.parse().unwrap());
            assert_eq!(takes_gzip(&headers), yes, "{text}");
        }
    }
}
