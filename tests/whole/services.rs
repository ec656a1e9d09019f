//! Services as sources: other GraphQL services, subgraphs of Apollo Federation, data connectors; and what happens when they
//! lie, break off, or answer something else.
//!
//! The services are made with async-graphql and axum in the test's own process; each counts the requests it gets.
#![allow(clippy::unused_async)] // async-graphql takes fields as async functions

mod bad;
mod documents;
mod shop;
mod subgraph;
mod within;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::body::Bytes;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use lilong::Gateway;
use lilong::request::Request;
use lilong_tests::city::City;
use lilong_tests::in_process;
use serde_json::Value;

/// A service that runs, and the documents it got.
struct Service {
    address: SocketAddr,
    documents: Arc<Mutex<Vec<String>>>,
}

impl Service {
    /// Serves answers to documents, given as JSON bodies.
    async fn start<F, R>(answer: F) -> Self
    where
        F: Fn(Value) -> R + Clone + Send + Sync + 'static,
        R: Future<Output = Response> + Send,
    {
        let documents = Arc::new(Mutex::new(Vec::new()));
        let log = documents.clone();
        let handle = move |body: Bytes| {
            let (log, answer) = (log.clone(), answer.clone());
            async move {
                let body: Value = serde_json::from_slice(&body).unwrap();
                log.lock().unwrap().push(body["query"].as_str().unwrap().to_owned());
                answer(body).await
            }
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, Router::new().route("/graphql", post(handle))).await });
        Self { address, documents }
    }

    /// Serves a schema of async-graphql.
    async fn of(schema: impl async_graphql::Executor) -> Self {
        Self::start(move |body| {
            let schema = schema.clone();
            async move {
                let request: async_graphql::Request = serde_json::from_value(body).unwrap();
                Json(schema.execute(request).await).into_response()
            }
        })
        .await
    }

    /// The block that names it.
    fn block(&self, name: &str, more: &str) -> String {
        let address = self.address;
        format!("[[source]]\nname = \"{name}\"\nconnector = \"graphql\"\nurl = \"http://{address}/graphql\"\n{more}\n")
    }

    /// The documents it got since the last time.
    fn documents(&self) -> Vec<String> {
        std::mem::take(&mut self.documents.lock().unwrap())
    }
}

/// Describes and serves a catalog.
async fn serve(city: &City, catalog: &str) -> Gateway {
    city.write("lilong.toml", catalog);
    in_process::serve(city.folder()).await
}

/// The answer to a query.
async fn ask(gateway: &Gateway, query: &str) -> Value {
    let request = Request { query: query.to_owned(), trace: "t".into(), ..Request::default() };
    serde_json::from_slice(&gateway.execute(request).await.body).unwrap()
}

/// An answer with a status.
fn status(status: u16) -> Response {
    StatusCode::from_u16(status).unwrap().into_response()
}
