//! Health: for orchestrators whether to restart or to send requests, for operators how each source does.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, SecondsFormat, Utc};
use http::StatusCode;
use lilong_connectors::ErrorKind;
use lilong_connectors::source::State as SourceState;
use serde_json::{Value, json};

use crate::server::Shared;

/// The process runs.
pub(super) async fn live() -> Json<Value> {
    Json(json!({"status": "live"}))
}

/// Requests are welcome; 503 while the server stops. Sources that are down do not count: the rest is served.
pub(super) async fn ready(State(shared): State<Arc<Shared>>) -> Response {
    if *shared.stopping.borrow() {
        return (StatusCode::SERVICE_UNAVAILABLE, Json(json!({"status": "stopping"}))).into_response();
    }
    Json(json!({"status": "ready"})).into_response()
}

/// Every source: state, the last fault's code, since when, fetches and faults so far.
pub(super) async fn sources(State(shared): State<Arc<Shared>>) -> Json<Value> {
    let model = shared.gateway.model();
    let sources: Vec<Value> = std::iter::zip(&model.federated.sources, &model.sources)
        .map(|(described, source)| {
            let status = source.status();
            let since: DateTime<Utc> = status.since.into();
            json!({
                "name": *described.name,
                "title": described.title,
                "connector": described.connector,
                "state": state_name(status.state),
                "code": status.error.map(code_name),
                "since": since.to_rfc3339_opts(SecondsFormat::Secs, true),
                "fetches": status.fetches,
                "faults": status.faults,
                "collections": described.collections.len(),
            })
        })
        .collect();
    Json(json!({"sources": sources}))
}

/// As `SourceState` in the schema writes it.
pub(super) fn state_name(state: SourceState) -> &'static str {
    match state {
        SourceState::Unknown => "UNKNOWN",
        SourceState::Ready => "READY",
        SourceState::Unavailable => "UNAVAILABLE",
    }
}

fn code_name(kind: ErrorKind) -> &'static str {
    crate::error::Code::from(kind).name()
}
