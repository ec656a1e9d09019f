//! Data connectors that speak Hasura's Native Data Connector protocol, specification 0.2, over HTTP.
//!
//! In: a block with `url`. Out: a [`Connector`]: predicates, orders, limits, groups and sets of variables are sent where the
//! data connector's operators and functions mean what is asked for, and the rest is done here over what it finds.
//! *Invariant*: rows are checked again by every condition on themselves, groups for standing once, and values that are not of
//! their type become faults of their cells; what the specification promises of equality and of relationships is believed.

mod column;
mod condition;
mod fetch;
mod fold;
mod links;
mod reached;
mod request;
mod schema;

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::FutureExt;
use futures::future::BoxFuture;
use lilong_schema::catalog::SourceSettings;
use lilong_schema::collection::FieldId;
use lilong_schema::{Capabilities, Collection, Field, Problem, SourceDescription};
use serde::de::DeserializeOwned;
use serde_json::Value as Json;

use self::request::Parts;
use super::Kind;
use crate::http::{self, Client, Request};
use crate::json_cells::override_types;
use crate::options::Block;
use crate::tables;
use crate::{
    BoundFetch, Comparison, Connector, Error, ErrorKind, Fetch, FetchContext, Hop, Native, OrderTarget, Result,
    RowStream,
};

/// The kind's entry in the list.
pub(super) const KIND: Kind = Kind { name: "ndc", keys: &[http::KEYS, &["rows"]], open, discovery: None };

/// How long describing may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// The version that is spoken, sent with every request.
const VERSION: &str = "0.2.0";
/// The most rows of one fetch, if nothing else is said.
const ROWS: usize = 100_000;

/// One data connector.
struct Service {
    client: Client,
    /// The most rows that one fetch reads.
    rows: usize,
    block: Arc<SourceSettings>,
}

/// Makes a connector; every problem of the block's own keys at once.
fn open(block: &SourceSettings) -> Result<Arc<dyn Connector>, Vec<Problem>> {
    let mut reading = Block::of(block);
    let client = Client::read(&mut reading, block);
    let rows = reading.number("rows", 1, 1_000_000).unwrap_or(ROWS);
    let problems = reading.finish();
    match client.filter(|_| problems.is_empty()) {
        Some(client) => Ok(Arc::new(Service { client, rows, block: Arc::new(block.clone()) })),
        None => Err(problems),
    }
}

impl Service {
    async fn send(&self, mut request: Request, deadline: Instant) -> Result<Json> {
        request.headers.insert("x-hasura-ndc-version", http::header::HeaderValue::from_static(VERSION));
        self.client.send(&request, deadline).await?.json(self.client.source())
    }

    async fn post(&self, target: &str, body: &Json, deadline: Instant) -> Result<Json> {
        self.send(Request::post_json(target, body.to_string().into_bytes()), deadline).await
    }

    async fn get<T: DeserializeOwned>(&self, target: &str, time: Duration) -> Result<T> {
        let answer = self.send(Request::get(target), Instant::now() + time).await?;
        serde_json::from_value(answer).map_err(|cause| {
            let context = format!("/{target} is not what the specification has there");
            self.fault(ErrorKind::Mismatch, &context).because(cause)
        })
    }

    async fn read_schema(&self) -> Result<SourceDescription> {
        let capable: schema::Capable = self.get("capabilities", PATIENCE).await?;
        if !capable.version.starts_with("0.2.") {
            return Err(self.fault(ErrorKind::Mismatch, "it speaks another version of the protocol than 0.2"));
        }
        let schema: schema::Schema = self.get("schema", PATIENCE).await?;
        let block = &self.block;
        let wanted = |name: &str| block.serves(name);
        let mut description = schema::describe(&capable, &schema, &wanted);
        override_types(&mut description, block);
        Ok(description)
    }

    fn fault(&self, kind: ErrorKind, context: &str) -> Error {
        Error::new(kind, self.client.source().clone(), context)
    }
}

impl Connector for Service {
    fn capabilities(&self) -> Capabilities {
        // Where the data connector has no groups, rows are folded here; which links it follows, and what it reaches through
        // them, is told by what was described.
        Capabilities { group: true, exists: true, order_links: true, link_aggregates: true, ..tables::CLAIMS }
    }

    fn describe(&self) -> BoxFuture<'_, Result<SourceDescription>> {
        self.read_schema().boxed()
    }

    fn explain(&self, fetch: &Fetch) -> Result<Native> {
        let parts = request::parts(fetch);
        Ok(Native { text: format!("POST /query {}", parts.text()), parts: Arc::new(parts) })
    }

    fn fetch<'a>(&'a self, bound: &'a BoundFetch, context: &'a FetchContext) -> BoxFuture<'a, Result<RowStream>> {
        async move {
            let parts = bound.prepared.parts::<Parts>(self, self.client.source())?;
            let widened =
                parts.widened.as_ref().map(|widened| BoundFetch { prepared: widened.clone(), ..bound.clone() });
            let bound = widened.as_ref().unwrap_or(bound);
            fetch::Work { service: self, parts: &parts, bound, deadline: context.deadline }.answer().await
        }
        .boxed()
    }

    fn orders_exactly(&self, _: &Field) -> bool {
        // Whatever the data connector does, the order is made here.
        true
    }

    fn follows(&self, from: &Collection, to: &Collection, on: &[(FieldId, FieldId)]) -> bool {
        links::follows(from, to, on)
    }

    fn checks(&self, field: &Field, comparison: Comparison) -> bool {
        condition::checks(field, comparison)
    }

    fn reaches(&self, from: &Collection, path: &[Hop], target: &OrderTarget) -> bool {
        reached::reaches(from, path, target)
    }

    fn ping(&self) -> BoxFuture<'_, Result<()>> {
        async {
            self.client.send(&Request::get("health"), Instant::now() + self.block.tuning.timeout).await.map(|_| ())
        }
        .boxed()
    }
}
