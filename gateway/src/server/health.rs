//! Health: for orchestrators whether to restart or to send requests, for operators how each source does.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, SecondsFormat, Utc};
use http::{StatusCode, header};
use lilong_connectors::ErrorKind;
use lilong_connectors::source::{Circuit, State as SourceState};
use serde_json::{Value, json};

use crate::error::Code;
use crate::server::Shared;
use crate::server::stage::Stage;

/// The process runs.
pub(super) async fn live() -> Response {
    answer(StatusCode::OK, &json!({"status": "live"}))
}

/// Requests are welcome; 503 while the server stops. Sources that are down do not count: the rest is served.
pub(super) async fn ready(State(shared): State<Arc<Shared>>) -> Response {
    if *shared.stage.borrow() > Stage::Serving {
        return answer(StatusCode::SERVICE_UNAVAILABLE, &json!({"status": "stopping"}));
    }
    answer(StatusCode::OK, &json!({"status": "ready"}))
}

/// Every source: state, the last fault's code, since when, breaker, fetches and faults so far.
pub(super) async fn sources(State(shared): State<Arc<Shared>>) -> Response {
    let model = shared.gateway.model();
    let sources: Vec<Value> = std::iter::zip(&model.federated.sources, &model.sources)
        .map(|(described, source)| {
            let status = source.status();
            let since: DateTime<Utc> = status.since.into();
            let as_of = source.as_of().map(DateTime::<Utc>::from);
            json!({
                "name": *described.name,
                "title": described.title,
                "connector": described.connector,
                "state": state_name(status.state),
                "code": status.error.map(code_name),
                "since": since.to_rfc3339_opts(SecondsFormat::Secs, true),
                "fetches": status.fetches,
                "faults": status.faults,
                "retries": status.retries,
                "sent": status.sent,
                "asOf": as_of.map(|as_of| as_of.to_rfc3339_opts(SecondsFormat::Secs, true)),
                "breaker": circuit_name(source.circuit()),
                "collections": described.collections.len(),
                "cache": source.cache().map(|cache| json!({
                    "hits": cache.hits,
                    "misses": cache.misses,
                    "stale": cache.stale,
                    "entries": cache.entries,
                    "bytes": cache.bytes,
                })),
            })
        })
        .collect();
    answer(StatusCode::OK, &json!({"sources": sources}))
}

fn answer(status: StatusCode, body: &Value) -> Response {
    let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")];
    (status, headers, body.to_string()).into_response()
}

/// As `SourceState` in the schema writes it.
pub(super) fn state_name(state: SourceState) -> &'static str {
    match state {
        SourceState::Unknown => "UNKNOWN",
        SourceState::Ready => "READY",
        SourceState::Unavailable => "UNAVAILABLE",
    }
}

fn circuit_name(circuit: Circuit) -> &'static str {
    match circuit {
        Circuit::Closed => "CLOSED",
        Circuit::Open => "OPEN",
        Circuit::Probing => "PROBING",
    }
}

fn code_name(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::Unavailable => Code::SourceUnavailable,
        ErrorKind::Timeout => Code::SourceTimeout,
        ErrorKind::Overloaded => Code::SourceOverloaded,
        ErrorKind::Denied => Code::SourceDenied,
        ErrorKind::Rejected => Code::SourceRejected,
        ErrorKind::Mismatch => Code::SourceMismatch,
        ErrorKind::TooCostly => Code::TooCostly,
        ErrorKind::Internal => Code::Internal,
    }
    .name()
}
