//! Sends answers compressed to clients that take them so.
//!
//! In: the head of a request, and its answer. Out: the answer, compressed if the client takes it so and it is long enough; what is
//! kept packed goes as it is kept. *Invariant*: an answer that stays as it is costs no more than seeing so: as a layer around the handlers, the same
//! library costs each answer more than reading its row.

use std::convert::Infallible;
use std::future::ready;

use axum::body::{Body, HttpBody};
use axum::response::Response;
use http::{HeaderMap, Request, header};
use tower::{ServiceExt, service_fn};
use tower_http::compression::Compression;
use tower_http::compression::predicate::SizeAbove;

use crate::gateway::Gateway;
use crate::pieces::Pieces;
use crate::server::negotiate;

/// Bytes up to which an answer is sent as it is.
const SHORT: u64 = 1_024;

/// The answer as the client takes it, by the `Accept-Encoding` of what it asked.
pub(super) async fn compress(asked: &HeaderMap, response: Response) -> Response {
    let is_short = response.body().size_hint().upper().is_some_and(|length| length <= SHORT);
    let is_compressed = response.headers().contains_key(header::CONTENT_ENCODING);
    if is_short || is_compressed || !asked.contains_key(header::ACCEPT_ENCODING) {
        return response;
    }
    let status = response.status();
    let mut request = Request::new(response);
    for accepted in asked.get_all(header::ACCEPT_ENCODING) {
        request.headers_mut().append(header::ACCEPT_ENCODING, accepted.clone());
    }
    let answer = service_fn(|request: Request<Response>| ready(Ok::<_, Infallible>(request.into_body())));
    let compression = Compression::new(answer).compress_when(SizeAbove::new(SHORT));
    match compression.oneshot(request).await {
        Ok(mut response) => {
            // To a client that takes no coding and refuses `identity` too, the library says 406 above the answer. As RFC 9110
            // allows (12.1), such a client is answered as if it had said nothing, however long the answer is.
            *response.status_mut() = status;
            response.map(Body::new)
        }
        Err(never) => match never {},
    }
}

/// A body with a text that is kept packed, in a coding that the client takes and the text is kept in; else as it is.
pub(super) async fn as_kept(asked: &HeaderMap, gateway: &Gateway, body: Pieces) -> (Pieces, Option<&'static str>) {
    let Some(around) = body.around_packed() else {
        return (body, None);
    };
    let (zstd, gzip) = (negotiate::takes(asked, "zstd"), negotiate::takes(asked, "gzip"));
    let (parts, coding) = if zstd > 0 && zstd >= gzip {
        (around.packed.framed(&around.before, &around.behind), "zstd")
    } else if gzip > 0 {
        match gateway.deflated(around.packed).await {
            Ok(deflated) => (deflated.zipped(&around.before, &around.behind), "gzip"),
            Err(error) => {
                tracing::error!("a text that is kept cannot be packed for gzip: {error}");
                return (body, None);
            }
        }
    } else {
        return (body, None);
    };
    let mut packed = Pieces::default();
    for part in parts {
        packed.push_shared(part);
    }
    (packed, Some(coding))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use http::StatusCode;

    use super::*;

    #[tokio::test]
    async fn whoever_takes_no_coding_gets_the_answer_as_it_is_however_long_it_is() {
        for (accepted, coding) in [
            ("identity;q=0", None),
            ("identity;q=0, *;q=0", None),
            ("br;q=0, identity;q=0", None),
            ("deflate", None),
            ("gzip, identity;q=0", Some("gzip")),
        ] {
            for length in [10, 10 * SHORT] {
                let mut asked = HeaderMap::new();
                asked.insert(header::ACCEPT_ENCODING, accepted.parse().unwrap());
                let long = vec![b'a'; usize::try_from(length).unwrap()];
                let answer = compress(&asked, Response::new(Body::from(long))).await;
                assert_eq!(answer.status(), StatusCode::OK, "{accepted} {length}");
                let given = answer.headers().get(header::CONTENT_ENCODING).map(|value| value.to_str().unwrap());
                assert_eq!(given, coding.filter(|_| length > SHORT), "{accepted} {length}");
            }
        }
    }
}
