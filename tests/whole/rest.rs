//! Services read over HTTP, through the whole pipeline: how lists are paged, how keys and filters are sent, and what a
//! service can do wrong.
#![allow(clippy::unwrap_used)]

mod document;
mod hostile;
mod login;
mod narrowing;
mod paging;
mod secure;

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::Request;
use axum::response::Response;
use lilong::Gateway;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::task::JoinHandle;

/// A service that answers as a function says, and what it was asked: path and query, escaped.
struct Service {
    address: std::net::SocketAddr,
    log: Arc<Mutex<Vec<String>>>,
    running: JoinHandle<()>,
}

impl Service {
    async fn start<F: Future<Output = Response> + Send>(
        answer: impl Fn(Asked) -> F + Clone + Send + Sync + 'static,
    ) -> Self {
        let log: Arc<Mutex<Vec<String>>> = Arc::default();
        let noted = log.clone();
        let router = Router::new().fallback(move |request: Request| {
            let asked = Asked::of(&request);
            noted.lock().unwrap().push(asked.target.clone());
            answer(asked)
        });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let running = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { address, log, running }
    }

    /// What it was asked since the last time.
    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut *self.log.lock().unwrap())
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.running.abort();
    }
}

/// A request, as the service sees it.
#[derive(Clone, Debug)]
struct Asked {
    target: String,
    path: String,
    authorization: String,
    parameters: Vec<(String, String)>,
}

impl Asked {
    fn of(request: &Request) -> Self {
        let header = |name: &str| request.headers().get(name).map_or("", |value| value.to_str().unwrap()).to_owned();
        let uri = request.uri();
        let parameters: axum::extract::Query<Vec<(String, String)>> =
            axum::extract::Query::try_from_uri(uri).unwrap_or_default();
        Self {
            target: uri.path_and_query().unwrap().to_string(),
            path: uri.path().to_owned(),
            authorization: header("authorization"),
            parameters: parameters.0,
        }
    }

    fn number(&self, name: &str) -> Option<usize> {
        self.parameters.iter().find(|(known, _)| known == name)?.1.parse().ok()
    }
}

fn json_of(value: &Value) -> Response {
    Response::builder().header("content-type", "application/json").body(value.to_string().into()).unwrap()
}

fn status(status: u16) -> Response {
    Response::builder().status(status).body(axum::body::Body::empty()).unwrap()
}

/// A gateway over one source `parks` with the collection `tree`.
struct City {
    gateway: Gateway,
    folder: TempDir,
}

const TREES: &str = "[[source.collection]]\nname = \"tree\"\npath = \"/trees\"\nrows = \"/items\"\nkey = [\"id\"]\n";
const FIELDS: &str = "[source.collection.fields]\nid = \"Int\"\nname = \"String\"\nheight = \"Float\"\n";

impl City {
    /// `keys` stand in the source's block, `more` in that of its collection and behind it.
    async fn new(service: &Service, keys: &str, more: &str) -> Self {
        Self::of(&format!("url = \"http://{}/api\"\n{keys}\n{TREES}{more}\n{FIELDS}", service.address)).await
    }

    /// A source with this block.
    async fn of(block: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let city = Self::written(folder, block);
        Self { gateway: lilong_tests::serve(city.path()).await, folder: city }
    }

    fn written(folder: TempDir, block: &str) -> TempDir {
        let text = format!("[[source]]\nname = \"parks\"\nconnector = \"rest\"\nbreaker_faults = \"off\"\n{block}\n");
        std::fs::write(folder.path().join("lilong.toml"), text).unwrap();
        folder
    }

    async fn ask(&self, query: &str) -> Value {
        let request = lilong::request::Request {
            query: query.to_owned(),
            trace: "rest".into(),
            ..lilong::request::Request::default()
        };
        let answer = self.gateway.execute(request).await;
        assert!(self.folder.path().exists());
        serde_json::from_slice(&answer.body).unwrap()
    }

    /// The answer of a query without errors.
    async fn data(&self, query: &str) -> Value {
        let mut answer = self.ask(query).await;
        assert!(answer.get("errors").is_none(), "{query}: {answer}");
        answer["data"].take()
    }

    /// The code and message of the one error, whose field is null and whose neighbour is not.
    async fn failure(&self, query: &str) -> (String, String) {
        let answer = self.ask(&format!("{{ _sources {{ name }} {query} }}")).await;
        let errors = answer["errors"].as_array().unwrap_or_else(|| panic!("{answer}"));
        assert_eq!(errors.len(), 1, "{answer}");
        assert_eq!(answer["data"]["_sources"], json!([{"name": "parks"}]), "{answer}");
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let message = text(&errors[0]["message"]);
        assert!(!message.contains("127.0.0.1") && !message.contains("http"), "{message}");
        (text(&errors[0]["extensions"]["code"]), message)
    }
}

/// Trees by number, from 1 on.
fn trees(numbers: impl IntoIterator<Item = usize>) -> Vec<Value> {
    numbers.into_iter().map(|id| json!({"id": id, "name": format!("tree {}", id % 7), "height": 1.5})).collect()
}
