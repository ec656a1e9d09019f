//! Other GraphQL services, known by introspection, and subgraphs of Apollo Federation.
//!
//! In: a block with `url`. Out: a [`Connector`]: the lists of the service are collections, conditions go with the arguments
//! that stand for them, keys with one document for many, and what the service cannot do is done here over what it finds.
//! *Invariant*: the service is trusted in nothing: rows are checked again by every condition, and errors and values that
//! are not of their type become faults of the cell or of the fetch they belong to.

mod answer;
mod arguments;
mod columns;
mod describe;
mod document;
mod fetch;
mod found;
mod order;
mod route;
mod schema;
mod sdl;
mod settings;

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::FutureExt;
use futures::future::BoxFuture;
use lilong_schema::catalog::{OptionKind, SourceSettings};
use lilong_schema::{Capabilities, Field, Problem, SourceDescription};
use serde_json::{Map, Value as Json};

use self::answer::Answer;
use self::document::{Fault, Parts};
use self::schema::Schema;
use self::settings::Settings;
use super::Kind;
use crate::http::{Client, Request, Url};
use crate::json_cells::override_types;
use crate::options::Block;
use crate::tables;
use crate::{BoundFetch, Connector, Error, ErrorKind, Fetch, FetchContext, Native, Result, RowStream, http};

/// The kind's entry in the list.
pub(super) const KIND: Kind = Kind { name: "graphql", keys: &[http::KEYS, settings::KEYS], open, discovery: None };

/// How long describing may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// One service.
struct Service {
    client: Client,
    /// Where documents are sent, as the catalog writes it.
    url: Url,
    settings: Settings,
    block: Arc<SourceSettings>,
}

/// Makes a connector; every problem of the block's own keys at once.
fn open(block: &SourceSettings) -> Result<Arc<dyn Connector>, Vec<Problem>> {
    let mut reading = Block::of(block);
    let client = Client::read(&mut reading, block);
    let settings = settings::read(&mut reading);
    let written = block.options.get("url").map(|option| &option.value);
    let as_written = matches!(written, Some(OptionKind::Text(url)) if url.reveal().ends_with('/'));
    let problems = reading.finish();
    let Some(client) = client.filter(|_| problems.is_empty()) else { return Err(problems) };
    let mut url = client.url().clone();
    if !as_written {
        let path = url.path().trim_end_matches('/').to_owned();
        url.set_path(&path);
    }
    Ok(Arc::new(Service { client, url, settings, block: Arc::new(block.clone()) }))
}

impl Service {
    /// Sends a document; its answer, and how many bytes that had.
    async fn ask(&self, document: &str, variables: Map<String, Json>, deadline: Instant) -> Result<(Answer, usize)> {
        let mut body = Map::from_iter([("query".to_owned(), Json::String(document.to_owned()))]);
        if !variables.is_empty() {
            body.insert("variables".to_owned(), Json::Object(variables));
        }
        let mut request = Request::post_json(self.url.as_str(), Json::Object(body).to_string().into_bytes());
        let accepts =
            http::header::HeaderValue::from_static("application/graphql-response+json, application/json;q=0.9");
        request.headers.insert(http::header::ACCEPT, accepts);
        let answer = self.client.send(&request, deadline).await?;
        let read = serde_json::from_value(answer.json(self.client.source())?)
            .map_err(|_| self.fault(ErrorKind::Mismatch, "an answer that is none of GraphQL's"))?;
        Ok((read, answer.body.len()))
    }

    /// Asks for what stands outside the rows; any error fails it.
    async fn ask_whole(&self, document: &str, doing: &str, time: Duration) -> Result<Json> {
        let (answer, _) = self.ask(document, Map::new(), Instant::now() + time).await?;
        answer.whole().map_err(|fault| self.fault(fault.kind(), doing).because(fault))?;
        Ok(answer.data)
    }

    async fn read_schema(&self) -> Result<SourceDescription> {
        const DOING: &str = "reading its schema";
        let data = self.ask_whole(schema::INTROSPECTION, DOING, PATIENCE).await?;
        let schema = Schema::read(data).map_err(|cause| self.fault(ErrorKind::Mismatch, DOING).because(cause))?;
        let is_subgraph =
            schema.root().is_some_and(|root| ["_service", "_entities"].iter().all(|name| root.field(name).is_some()));
        let mut entities = describe::Entities::new();
        if is_subgraph {
            let data = self.ask_whole("{ _service { sdl } }", "reading its SDL", PATIENCE).await?;
            let text = answer::walk(&data, &["_service", "sdl"]).and_then(Json::as_str);
            entities = sdl::keys(text.ok_or_else(|| self.fault(ErrorKind::Mismatch, "reading its SDL"))?);
        }
        let block = &self.block;
        let wanted = |name: &str| block.serves(name);
        let mut description = describe::describe(&schema, &entities, &self.settings, &wanted);
        override_types(&mut description, block);
        Ok(description)
    }

    fn fault(&self, kind: ErrorKind, context: &str) -> Error {
        Error::new(kind, self.client.source().clone(), context)
    }
}

impl Connector for Service {
    fn capabilities(&self) -> Capabilities {
        tables::CLAIMS
    }

    fn describe(&self) -> BoxFuture<'_, Result<SourceDescription>> {
        self.read_schema().boxed()
    }

    fn explain(&self, fetch: &Fetch) -> Result<Native> {
        let parts = document::parts(fetch).map_err(|fault| {
            let name = &fetch.collection.name;
            let advice = format!("{name}: {fault}");
            let kind = if matches!(fault, Fault::NoRoute) { ErrorKind::Mismatch } else { ErrorKind::Rejected };
            self.fault(kind, &advice).advising(advice)
        })?;
        let text = parts.text(self.settings.page_rows);
        Ok(Native { text, parts: Arc::new(parts) })
    }

    fn fetch<'a>(&'a self, bound: &'a BoundFetch, context: &'a FetchContext) -> BoxFuture<'a, Result<RowStream>> {
        async move {
            let parts = bound.prepared.parts::<Parts>(self, self.client.source())?;
            let work = fetch::Work { service: self, parts: &parts, bound, deadline: context.deadline };
            tables::answer(self.client.source(), bound, work.rows().await?)
        }
        .boxed()
    }

    fn orders_exactly(&self, _: &Field) -> bool {
        // Whatever the service does, the order is made here.
        true
    }

    fn ping(&self) -> BoxFuture<'_, Result<()>> {
        self.ask_whole("{ __typename }", "answering", self.block.tuning.timeout).map(|asked| asked.map(|_| ())).boxed()
    }
}
