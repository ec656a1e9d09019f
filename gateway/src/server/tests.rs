//! A running server and what may come between a request and its answer: another model, other requests, a client that goes
//! away, the end of the server. Fetches wait at a gate until a test lets them through.
#![allow(clippy::unwrap_used)]

use lilong_connectors::Source;
use lilong_connectors::kinds::memory::{Memory, Script};
use lilong_schema::catalog::{SourceSettings, Tuning};
use lilong_schema::{Catalog, Federated, federate};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, oneshot};
use tokio::task::JoinHandle;

use super::*;
use crate::model::Model;
use crate::sample;

/// A question that fetches.
const FETCHES: &str = "{ civil { street { id } } }";

struct Running {
    address: SocketAddr,
    admin: SocketAddr,
    gateway: Gateway,
    memory: Arc<Memory>,
    gate: Arc<Semaphore>,
    stop: Option<oneshot::Sender<()>>,
    ended: JoinHandle<std::io::Result<bool>>,
}

/// A model whose sources have these names, over one connector.
fn model(names: &[&str], memory: &Arc<Memory>) -> Model {
    let described = json!({"collections": [sample::collection("street", "id Int, name String")]});
    let source =
        |name: &&str| SourceSettings { name: (*name).into(), connector: "memory".into(), ..SourceSettings::default() };
    let catalog = Catalog { sources: names.iter().map(source).collect(), ..Catalog::default() };
    let described = |name: &&str| ((*name).to_owned(), serde_json::from_value(described.clone()).unwrap());
    let (federated, _): (Federated, _) = federate(&catalog, &names.iter().map(described).collect());
    let ceiling = Arc::new(Semaphore::new(100));
    // Nothing ends a fetch but its gate.
    let tuning = Tuning { timeout: Duration::from_mins(10), ..Tuning::default() };
    let sources = federated.own_sources().iter();
    let sources = sources.map(|own| Source::new(own.name.clone(), memory.clone(), &tuning, ceiling.clone())).collect();
    Model { federated: Arc::new(federated), sources }
}

impl Running {
    async fn new(limits: Limits) -> Self {
        let memory = Arc::new(Memory::new("civil"));
        let gate = Arc::new(Semaphore::new(0));
        memory.play(Script { gate: Some(gate.clone()), ..Script::default() });
        let limits = Limits { deadline: Duration::from_mins(10), ..limits };
        let gateway = Gateway::new(model(&["civil", "health"], &memory), limits.clone());
        let options = Options {
            listen: "127.0.0.1:0".into(),
            admin: Admin::At("127.0.0.1:0".into()),
            open: false,
            limits,
            tabs: Vec::new(),
        };
        let server = Server::bind(gateway.clone(), options).await.unwrap();
        let (address, admin) = (server.address().unwrap(), server.admin_address().unwrap().unwrap());
        let (stop, stopped) = oneshot::channel();
        let ended = tokio::spawn(server.run(async move { drop(stopped.await) }));
        Self { address, admin, gateway, memory, gate, stop: Some(stop), ended }
    }

    /// A question on its way.
    async fn asked(&self, question: &str) -> TcpStream {
        let body = json!({"query": question}).to_string();
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let head = format!(
            "POST /graphql HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\nconnection: close\r\n\
             content-length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        stream
    }

    async fn ask(&self, question: &str) -> Reply {
        read(self.asked(question).await).await
    }

    /// Returns once so many fetches wait at the gate.
    async fn waits_for(&self, fetches: usize) {
        while self.memory.running() != fetches {
            tokio::task::yield_now().await;
        }
    }

    /// The line of a metric; empty: there is none.
    async fn metric(&self, name: &str) -> String {
        let page = get(self.admin, "/metrics").await.body;
        page.lines().find(|line| line.starts_with(name)).unwrap_or_default().to_owned()
    }
}

struct Reply {
    status: u16,
    head: String,
    body: String,
}

impl Reply {
    fn code(&self) -> Value {
        let body: Value = serde_json::from_str(&self.body).unwrap();
        body["errors"][0]["extensions"]["code"].clone()
    }
}

async fn get(address: SocketAddr, path: &str) -> Reply {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let head = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    read(stream).await
}

async fn read(mut stream: TcpStream) -> Reply {
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Reply { status, head: head.to_ascii_lowercase(), body: body.to_owned() }
}

#[tokio::test]
async fn a_slice_is_of_the_model_that_answers_even_if_that_changes_while_the_body_is_on_its_way() {
    let running = Running::new(Limits::default()).await;
    let body = json!({"query": "{ health { __typename } }"}).to_string();
    let stream = TcpStream::connect(running.address).await.unwrap();
    let mut stream = BufReader::new(stream);
    let head = format!(
        "POST /graphql?sources=health HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
         connection: close\r\nexpect: 100-continue\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut line = String::new();
    // The server says so once it waits for the body.
    stream.read_line(&mut line).await.unwrap();
    assert!(line.starts_with("HTTP/1.1 100"), "{line}");
    stream.read_line(&mut line).await.unwrap();
    running.gateway.replace(model(&["alpha", "civil", "health"], &running.memory));
    stream.write_all(body.as_bytes()).await.unwrap();
    let reply = read(stream.into_inner()).await;
    assert_eq!(reply.body, r#"{"data":{"health":{"__typename":"Health"}}}"#);
}

#[tokio::test]
async fn beyond_the_requests_there_may_be_one_is_overloaded_until_another_has_ended() {
    let running = Running::new(Limits { requests: 1, ..Limits::default() }).await;
    let first = running.asked(FETCHES).await;
    running.waits_for(1).await;
    let refused = running.ask("{ __typename }").await;
    assert_eq!((refused.status, refused.code()), (503, json!("OVERLOADED")));
    assert!(refused.head.contains("\r\nretry-after: 1"), "{}", refused.head);
    // What stands beside GraphQL is not held up.
    assert_eq!(get(running.address, "/health/ready").await.status, 200);
    assert_eq!(
        running.metric("lilong_requests_total{code=\"OVERLOADED\"}").await,
        "lilong_requests_total{code=\"OVERLOADED\"} 1"
    );
    running.gate.add_permits(10);
    assert_eq!(read(first).await.status, 200);
    while running.ask("{ __typename }").await.status != 200 {}
}

#[tokio::test]
async fn a_request_whose_client_goes_away_is_counted_and_others_than_for_graphql_are_not() {
    let running = Running::new(Limits::default()).await;
    assert_eq!(get(running.address, "/schema.graphql?sources=nowhere").await.status, 400);
    assert_eq!(running.metric("lilong_requests_total").await, "");
    let left = running.asked(FETCHES).await;
    running.waits_for(1).await;
    assert_eq!(running.metric("lilong_requests_running").await, "lilong_requests_running 1");
    drop(left);
    running.waits_for(0).await;
    while running.metric("lilong_requests_running").await != "lilong_requests_running 0" {}
    assert_eq!(running.metric("lilong_requests_total").await, "lilong_requests_total{code=\"CANCELLED\"} 1");
}

#[tokio::test]
async fn while_a_server_stops_health_is_told_and_only_what_had_begun_is_answered() {
    let mut running = Running::new(Limits::default()).await;
    let first = running.asked(FETCHES).await;
    running.waits_for(1).await;
    drop(running.stop.take());
    for address in [running.address, running.admin] {
        while get(address, "/health/ready").await.status == 200 {}
        assert_eq!(get(address, "/health/ready").await.body, r#"{"status":"stopping"}"#);
        assert_eq!(get(address, "/health/live").await.status, 200);
    }
    let refused = running.ask("{ __typename }").await;
    assert_eq!((refused.status, refused.code()), (503, json!("OVERLOADED")));
    assert!(!running.ended.is_finished());
    running.gate.add_permits(10);
    assert_eq!(read(first).await.status, 200);
    assert!(running.ended.await.unwrap().unwrap(), "nothing was cut off");
    assert!(TcpStream::connect(running.address).await.is_err());
}

#[tokio::test]
async fn what_has_not_ended_by_the_end_of_the_drain_is_dropped_with_its_fetches() {
    let mut running = Running::new(Limits { drain: Duration::from_millis(20), ..Limits::default() }).await;
    let first = running.asked(FETCHES).await;
    running.waits_for(1).await;
    drop(running.stop.take());
    assert!(!running.ended.await.unwrap().unwrap(), "it was cut off");
    assert_eq!(running.memory.running(), 0);
    drop(first);
}
