//! The gateway: a model that can be replaced, the caches of thought, and the pipeline over them.

use std::sync::Arc;

use arc_swap::ArcSwap;
use futures::stream::BoxStream;
use futures::{FutureExt, StreamExt};
use lilong_schema::Slice;
use lilong_schema::catalog::{Limits, Server};

use crate::cursor::CursorKey;
use crate::error::RequestError;
use crate::introspect::Kept;
use crate::model::Model;
use crate::packed::{Deflated, Packed};
use crate::pieces::Pieces;
use crate::pipeline::Engine;
use crate::plan_cache::PlanCache;
use crate::request::{Answer, Request};

/// One gateway; clones share everything.
///
/// It is also an [`async_graphql::Executor`], so that any server of async-graphql can mount it.
#[derive(Clone)]
pub struct Gateway {
    inner: Arc<Inner>,
}

struct Inner {
    model: ArcSwap<Model>,
    limits: Limits,
    cache: PlanCache,
    schemas: Kept,
    cursors: CursorKey,
    /// Whether answers may tell their plans.
    tells_plans: bool,
}

impl Gateway {
    /// A gateway over a model; no other opens its cursors.
    pub fn new(model: Model, limits: Limits) -> Self {
        Self::sealing(model, limits, CursorKey::random(), false)
    }

    /// A gateway over a model as a catalog sets it up: gateways of one `cursor_key` open each other's cursors.
    pub fn of(model: Model, settings: &Server) -> Self {
        let key = settings.cursor_key.as_ref().map_or_else(CursorKey::random, CursorKey::new);
        Self::sealing(model, settings.limits.clone(), key, settings.plan)
    }

    /// Whether an answer tells its plan to who asks for it.
    pub fn tells_plans(&self) -> bool {
        self.inner.tells_plans
    }

    fn sealing(model: Model, limits: Limits, cursors: CursorKey, tells_plans: bool) -> Self {
        let (model, cache) = (ArcSwap::from_pointee(model), PlanCache::new());
        let schemas = Kept::new(limits.introspection_bytes);
        Self { inner: Arc::new(Inner { model, limits, cache, schemas, cursors, tells_plans }) }
    }

    /// Serves another model from now on; requests under way keep theirs.
    pub fn replace(&self, model: Model) {
        self.inner.model.store(Arc::new(model));
        self.inner.schemas.forget();
    }

    /// The model served at this moment.
    pub fn model(&self) -> Arc<Model> {
        self.inner.model.load_full()
    }

    /// What one request may cost.
    pub fn limits(&self) -> &Limits {
        &self.inner.limits
    }

    /// Answers a request. Never fails: whatever goes wrong stands in the answer.
    pub async fn execute(&self, request: Request) -> Answer {
        let Answer { body, refused, errors, kept } = self.answer(request).await;
        Answer { body: body.whole(), refused, errors, kept }
    }

    /// The same, in pieces: for whoever sends them on.
    pub async fn answer(&self, request: Request) -> Answer<Pieces> {
        self.answer_over(&self.model(), request).await
    }

    /// The same over a model that was taken before: a slice is made of one model, and means something else in another.
    pub async fn answer_over(&self, model: &Model, mut request: Request) -> Answer<Pieces> {
        request.plan &= self.inner.tells_plans;
        self.engine(model).run(&request).await
    }

    /// The pipeline over a model.
    fn engine<'a>(&'a self, model: &'a Model) -> Engine<'a> {
        let Inner { limits, cache: plans, schemas, cursors, .. } = &*self.inner;
        Engine { model, limits, plans, schemas, cursors }
    }

    /// A text of an answer for clients that take gzip.
    pub(crate) async fn deflated(&self, packed: &Arc<Packed>) -> std::io::Result<Arc<Deflated>> {
        self.inner.schemas.deflated(packed).await
    }

    /// The plan of a request and the native requests it would send; asks nobody.
    pub fn explain(&self, request: &Request) -> Result<serde_json::Value, Vec<RequestError>> {
        let model = self.model();
        let (plan, ..) = self.engine(&model).prepare(request)?;
        Ok(crate::plan::display::plan(&plan, &model))
    }
}

impl async_graphql::Executor for Gateway {
    async fn execute(&self, request: async_graphql::Request) -> async_graphql::Response {
        let variables = match request.variables.into_value().into_json() {
            Ok(serde_json::Value::Object(variables)) => variables,
            _ => serde_json::Map::new(),
        };
        let answer = Gateway::execute(
            self,
            Request {
                query: request.query,
                operation_name: request.operation_name,
                variables,
                slice: Slice::all(),
                trace: crate::request::new_trace(),
                plan: false,
            },
        )
        .await;
        as_response(&answer.body)
    }

    fn execute_stream(
        &self,
        request: async_graphql::Request,
        _session: Option<Arc<async_graphql::Data>>,
    ) -> BoxStream<'static, async_graphql::Response> {
        let gateway = self.clone();
        async move { async_graphql::Executor::execute(&gateway, request).await }.into_stream().boxed()
    }
}

/// A written answer as async-graphql holds one.
fn as_response(body: &[u8]) -> async_graphql::Response {
    use async_graphql::{PathSegment, Pos, Response, ServerError, Value};
    let read: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
    let data = read.get("data").cloned().and_then(|data| Value::from_json(data).ok()).unwrap_or_default();
    let mut response = Response::new(data);
    for error in read.get("errors").and_then(serde_json::Value::as_array).into_iter().flatten() {
        let message = error.get("message").and_then(serde_json::Value::as_str).unwrap_or_default();
        let mut converted = ServerError::new(message, None);
        for location in error.get("locations").and_then(serde_json::Value::as_array).into_iter().flatten() {
            let number = |key| location.get(key).and_then(serde_json::Value::as_u64).unwrap_or_default() as usize;
            converted.locations.push(Pos { line: number("line"), column: number("column") });
        }
        for segment in error.get("path").and_then(serde_json::Value::as_array).into_iter().flatten() {
            converted.path.push(match segment {
                serde_json::Value::String(key) => PathSegment::Field(key.clone()),
                index => PathSegment::Index(index.as_u64().unwrap_or_default() as usize),
            });
        }
        if let Some(extensions) = error.get("extensions").and_then(serde_json::Value::as_object) {
            let mut values = async_graphql::ErrorExtensionValues::default();
            for (key, value) in extensions {
                values.set(key, Value::from_json(value.clone()).unwrap_or_default());
            }
            converted.extensions = Some(values);
        }
        response.errors.push(converted);
    }
    response
}
