//! Accepts connections and answers their requests one after the other.
//!
//! In: a listener and its routes. Out: answers, each with a trace id, a line in the log and a count.
//! *Invariant*: a slow client, be it in asking or in taking its answer, costs a timeout and no more; a panic costs its own
//! request and no more.

use std::convert::Infallible;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::response::Response;
use futures::FutureExt;
use http::{HeaderName, HeaderValue, Request, StatusCode};
use hyper::body::Incoming;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tower::ServiceExt;

use crate::error::Code;
use crate::server::Shared;
use crate::server::graphql;
use crate::server::host::{self, Fault};
use crate::server::negotiate::Media;
use crate::server::outflow::Outflow;
use crate::server::refusal::{Outcome, Refusal};
use crate::server::repoll::Repoll;
use crate::server::stage::{Stage, reached};
use crate::server::trace::Trace;

/// How long a client may take to send the head of a request; also how long an idle connection is kept.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// Bytes of a request's head at most; a query in an address is part of it.
const HEAD_SIZE: usize = 64 * 1_024;
/// How long to wait when the system has no file descriptor left for another connection.
const PAUSE: Duration = Duration::from_millis(100);

/// A listener with what it serves.
pub(super) struct Listening {
    listener: TcpListener,
    service: Arc<Service>,
}

struct Service {
    /// Whether GraphQL is answered here. It does not go by the routes, which cost a request as much as reading its row.
    graphql: bool,
    routes: Router,
    shared: Arc<Shared>,
    /// Whether only requests for names of loopback are answered.
    loopback: bool,
}

impl Listening {
    /// GraphQL, and `routes` beside it.
    pub(super) fn public(listener: TcpListener, routes: Router, shared: &Arc<Shared>) -> std::io::Result<Self> {
        Self::new(listener, true, routes, shared)
    }

    /// `routes` alone.
    pub(super) fn admin(listener: TcpListener, routes: Router, shared: &Arc<Shared>) -> std::io::Result<Self> {
        Self::new(listener, false, routes, shared)
    }

    fn new(listener: TcpListener, graphql: bool, routes: Router, shared: &Arc<Shared>) -> std::io::Result<Self> {
        let loopback = listener.local_addr()?.ip().is_loopback();
        Ok(Self { listener, service: Arc::new(Service { graphql, routes, shared: shared.clone(), loopback }) })
    }

    /// Accepts until the server is over; every connection from before the drain holds on to `alive` until it has ended.
    pub(super) async fn run(self, alive: watch::Receiver<()>) {
        let (mut drains, mut ends) = (self.service.shared.stage.clone(), self.service.shared.stage.clone());
        let mut alive = Some(alive);
        loop {
            let accepted = tokio::select! {
                biased;
                () = reached(&mut ends, Stage::Over) => return,
                () = reached(&mut drains, Stage::Draining), if alive.is_some() => {
                    alive = None;
                    continue;
                }
                accepted = self.listener.accept() => accepted,
            };
            match accepted {
                Ok((stream, _)) => {
                    tokio::spawn(converse(stream, self.service.clone(), alive.clone()));
                }
                Err(error) => {
                    tracing::warn!("cannot accept a connection: {error}");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }
}

/// `alive`: what a drain waits for; without it there is one answer, as the server drains already.
async fn converse(stream: TcpStream, service: Arc<Service>, alive: Option<watch::Receiver<()>>) {
    // An answer leaves in one piece; waiting for more to send with it only adds delay.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!("cannot set a connection to send at once: {error}");
    }
    let (mut drains, mut ends) = (service.shared.stage.clone(), service.shared.stage.clone());
    let answers = hyper::service::service_fn(|request: Request<Incoming>| {
        let service = service.clone();
        async move { Ok::<_, Infallible>(service.answer(Request::map(request, Body::new)).await) }
    });
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(HEAD_SIZE)
        .keep_alive(alive.is_some())
        .serve_connection(TokioIo::new(Outflow::new(stream)), answers);
    let mut connection = Repoll::new(connection);
    let ended = tokio::select! {
        ended = &mut connection => Some(ended),
        () = reached(&mut drains, Stage::Draining), if alive.is_some() => {
            connection.inner().graceful_shutdown();
            tokio::select! {
                ended = &mut connection => Some(ended),
                () = reached(&mut ends, Stage::Over) => None,
            }
        }
        () = reached(&mut ends, Stage::Over), if alive.is_none() => None,
    };
    if let Some(Err(error)) = ended {
        tracing::debug!("a connection ended early: {error}");
    }
    // With the connection go the fetches of a request that is cut off; only then is it over.
    drop(connection);
    drop(alive);
}

impl Service {
    async fn answer(&self, request: Request<Body>) -> Response {
        let trace = Trace::of(request.headers());
        let method = request.method().clone();
        let path = request.uri().path().to_owned();
        let running = self.shared.requests.enter(self.graphql && path == graphql::PATH);
        let mut response = match self.forbids(&request) {
            Some(refusal) => refusal.response(Media::Json, &trace),
            None => self.answered(request, &trace).await,
        };
        let status = response.status();
        let outcome = response.extensions().get::<Outcome>().copied();
        let took = running.end(outcome.map(|outcome| outcome.code));
        if let Some(outcome) = outcome {
            let (code, errors) = (outcome.code, outcome.errors);
            let took_ms = took.as_millis() as u64;
            // What went well is counted; a line for each would cost more than many an answer.
            if errors == 0 && (status.is_success() || status == StatusCode::NOT_MODIFIED) {
                tracing::debug!(%method, path, status = status.as_u16(), code, took_ms, trace = %trace.0, "request");
            } else {
                tracing::info!(%method, path, status = status.as_u16(), code, errors, took_ms, trace = %trace.0, "request");
            }
        } else {
            tracing::debug!(%method, path, status = status.as_u16(), took_ms = took.as_millis() as u64, trace = %trace.0, "request");
        }
        if let Ok(value) = HeaderValue::from_str(&trace.0) {
            response.headers_mut().insert(HeaderName::from_static("x-trace-id"), value);
        }
        response.headers_mut().insert(http::header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        response
    }

    async fn answered(&self, request: Request<Body>, trace: &Trace) -> Response {
        let answer = async {
            if self.graphql && request.uri().path() == graphql::PATH {
                graphql::handle(&self.shared, request, trace).await
            } else {
                self.routed(request, trace).await
            }
        };
        AssertUnwindSafe(Box::pin(answer)).catch_unwind().await.unwrap_or_else(|_| {
            tracing::error!(trace = %trace.0, "a request ended in a panic; this is a defect of lilong's");
            let status = StatusCode::INTERNAL_SERVER_ERROR;
            Refusal::new(status, Code::Internal, "Something went wrong inside lilong.").response(Media::Json, trace)
        })
    }

    async fn routed(&self, mut request: Request<Body>, trace: &Trace) -> Response {
        request.extensions_mut().insert(trace.clone());
        match self.routes.clone().oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        }
    }

    fn forbids(&self, request: &Request<Body>) -> Option<Refusal> {
        if !self.loopback {
            return None;
        }
        match host::check(request.uri(), request.headers()).err()? {
            Fault::Malformed => Some(Refusal::bad_input("The request has no proper `Host`.")),
            Fault::Foreign => Some(Refusal::new(
                StatusCode::FORBIDDEN,
                Code::Forbidden,
                "This address answers only requests for localhost or a loopback address in `Host`.",
            )),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use axum::routing::get;
    use lilong_schema::Federated;
    use lilong_schema::catalog::Limits;

    use super::*;
    use crate::gateway::Gateway;
    use crate::model::Model;
    use crate::server::{Admin, Options};

    #[tokio::test]
    async fn a_panic_is_told_as_an_internal_error_and_no_more() {
        let model = Model { federated: Arc::new(Federated::default()), sources: Vec::new() };
        let options = Options {
            listen: String::new(),
            admin: Admin::Off,
            open: false,
            limits: Limits::default(),
            tabs: Vec::new(),
        };
        let shared = Shared {
            gateway: Gateway::new(model, Limits::default()),
            options,
            requests: crate::server::metrics::Requests::default(),
            sdl: crate::server::schema::Kept::default(),
            stage: watch::channel(Stage::Serving).1,
            room: crate::server::room::Room::new(1),
        };
        let routes = Router::new().route("/", get(|| async { panic!("secret detail") as &'static str }));
        let service = Service { graphql: false, routes, shared: Arc::new(shared), loopback: false };
        let response = service.answer(Request::new(Body::empty())).await;
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        let body = http_body_util::BodyExt::collect(response.into_body()).await.unwrap().to_bytes();
        let body = String::from_utf8(body.to_vec()).unwrap();
        assert!(body.contains("INTERNAL") && body.contains("traceId") && !body.contains("secret"), "{body}");
    }
}
