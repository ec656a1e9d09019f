//! `POST /admin/invalidate`: forgets what is kept of a source, of a collection, or of one key.
//!
//! In: `{"source": …, "collection": …, "key": {column: value}}`, the last two if wanted; names as they are in the database. Out:
//! the same with how much was dropped. *Invariant*: what is not there is refused, never taken for nothing to do.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{Request, StatusCode, header};
use lilong_connectors::Change;
use lilong_connectors::change::members;
use serde_json::{Value, json};

use crate::model::Model;
use crate::server::Shared;
use crate::server::graphql;
use crate::server::negotiate::Media;
use crate::server::refusal::Refusal;
use crate::server::trace::Trace;

/// Answers the request.
pub(super) async fn invalidate(
    State(shared): State<Arc<Shared>>,
    axum::Extension(trace): axum::Extension<Trace>,
    request: Request<Body>,
) -> Response {
    let (parts, mut body) = request.into_parts();
    let body = graphql::read(&parts.headers, &mut body, shared.options.limits.body).await;
    let answer = match body {
        Ok(body) => drop_what_is_named(&body, &shared.gateway.model()).await,
        Err(refusal) => Err(refusal),
    };
    match answer {
        Ok(answer) => {
            let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")];
            (StatusCode::OK, headers, answer.to_string()).into_response()
        }
        Err(refusal) => refusal.response(Media::Json, &trace),
    }
}

async fn drop_what_is_named(body: &[u8], model: &Model) -> Result<Value, Refusal> {
    const FORM: &str = "The body must be {\"source\": …}, with \"collection\" and \"key\": {column: value} if wanted, and \
                        nothing twice.";
    let Some(asked) = std::str::from_utf8(body).ok().and_then(members) else {
        return Err(Refusal::bad_input(FORM));
    };
    if let Some(other) = asked.keys().find(|key| !["source", "collection", "key"].contains(&key.as_str())) {
        return Err(Refusal::bad_input(format!("`{}` is not known here. {FORM}", shown(other))));
    }
    let Some(Value::String(name)) = asked.get("source") else {
        return Err(Refusal::bad_input(FORM));
    };
    let known = model.federated.own_sources().iter().zip(&model.sources).find(|(known, _)| *known.name == **name);
    let Some((known, source)) = known else {
        return Err(Refusal::bad_input(format!("There is no source `{}`.", shown(name))));
    };
    let change = Change::of(asked.get("collection"), asked.get("key")).ok_or_else(|| Refusal::bad_input(FORM))?;
    if let Change::Collection(collection) | Change::Rows { collection, .. } = &change {
        let mut described = known.collections.clone().map(|id| &model.federated.collection(id).described);
        let Some(described) = described.find(|described| described.name == *collection) else {
            return Err(Refusal::bad_input(format!("There is no collection `{}` in it.", shown(collection))));
        };
        if let Change::Rows { key, .. } = &change
            && let Some(column) = key.keys().find(|column| described.field_id(column).is_none())
        {
            return Err(Refusal::bad_input(format!("There is no column `{}` in it.", shown(column))));
        }
    }
    let dropped = source.forget(change).await;
    let mut answer = asked;
    answer.insert("cached".to_owned(), json!(dropped.is_some()));
    answer.insert("dropped".to_owned(), json!(dropped.unwrap_or_default()));
    Ok(Value::Object(answer))
}

fn shown(name: &str) -> String {
    name.chars().take(80).collect()
}
