//! The sources of a gateway, watched: what is asked of each, and how many rows come back.
//!
//! In: a gateway. Out: another over the same sources. *Invariant*: it answers what the first one answers.
#![allow(clippy::unwrap_used)]

use std::sync::{Arc, Mutex};

use futures::future::BoxFuture;
use futures::{FutureExt, StreamExt};
use lilong::{Gateway, Model};
use lilong_connectors::{
    BoundFetch, Comparison, Connector, Fetch, FetchContext, Hop, Native, OrderTarget, Prepared, Result, RowStream,
    Source,
};
use lilong_schema::catalog::{Limits, Tuning};
use lilong_schema::collection::FieldId;
use lilong_schema::{Capabilities, Collection, Field, SourceDescription};
use tokio::sync::Semaphore;

/// A gateway whose fetches are seen.
pub struct Watched {
    /// The gateway.
    pub gateway: Gateway,
    log: Arc<Mutex<Vec<Seen>>>,
}

/// A fetch.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Whom it was asked.
    pub source: Arc<str>,
    /// Of which collection.
    pub collection: String,
    /// By how many keys.
    pub keys: Option<usize>,
    /// How many rows came.
    pub rows: usize,
}

impl Watched {
    /// Watches the sources of a gateway.
    pub fn over(gateway: &Gateway) -> Self {
        let log = Arc::new(Mutex::new(Vec::new()));
        let model = gateway.model();
        let ceiling = Arc::new(Semaphore::new(64));
        // A busy machine is not what is tested.
        let patient = Tuning { timeout: std::time::Duration::from_mins(1), ..Tuning::default() };
        let sources = model.sources.iter().map(|source| {
            let watch = Watch { source: source.clone(), log: log.clone() };
            Source::new(source.name().clone(), Arc::new(watch), &patient, ceiling.clone())
        });
        let limits =
            Limits { deadline: std::time::Duration::from_mins(2), collection_fields: 500, ..gateway.limits().clone() };
        let watched = Model { federated: model.federated.clone(), sources: sources.collect() };
        Self { gateway: Gateway::new(watched, limits), log }
    }

    /// What was asked since this was last called.
    ///
    /// # Panics
    /// If a fetch panicked.
    pub fn take(&self) -> Vec<Seen> {
        std::mem::take(&mut self.log.lock().unwrap())
    }
}

struct Watch {
    source: Arc<Source>,
    log: Arc<Mutex<Vec<Seen>>>,
}

impl Connector for Watch {
    fn capabilities(&self) -> Capabilities {
        self.source.capabilities()
    }

    fn describe(&self) -> BoxFuture<'_, Result<SourceDescription>> {
        self.source.describe().boxed()
    }

    fn explain(&self, fetch: &Fetch) -> Result<Native> {
        let native = self.source.explain(&Prepared::new(fetch.clone()))?;
        Ok(Native { text: native.text.clone(), parts: native.parts.clone() })
    }

    fn fetch<'a>(&'a self, fetch: &'a BoundFetch, context: &'a FetchContext) -> BoxFuture<'a, Result<RowStream>> {
        async move {
            let at = {
                let mut log = self.log.lock().unwrap();
                log.push(Seen {
                    source: self.source.name().clone(),
                    collection: fetch.fetch().collection.name.clone(),
                    keys: fetch.keys.as_ref().map(arrow_array::RecordBatch::num_rows),
                    rows: 0,
                });
                log.len() - 1
            };
            let log = self.log.clone();
            let stream = self.source.fetch(fetch, context).await?;
            let counted = stream.inspect(move |rows| {
                if let (Ok(rows), Some(seen)) = (rows, log.lock().unwrap().get_mut(at)) {
                    seen.rows += rows.batch.num_rows();
                }
            });
            Ok(counted.boxed())
        }
        .boxed()
    }

    fn orders_exactly(&self, field: &Field) -> bool {
        self.source.orders_exactly(field)
    }

    fn follows(&self, from: &Collection, to: &Collection, on: &[(FieldId, FieldId)]) -> bool {
        self.source.follows(from, to, on)
    }

    fn reaches(&self, from: &Collection, path: &[Hop], target: &OrderTarget) -> bool {
        self.source.reaches(from, path, target)
    }

    fn checks(&self, field: &Field, comparison: Comparison) -> bool {
        self.source.checks(field, comparison)
    }

    fn dialect(&self) -> Option<String> {
        self.source.dialect()
    }

    fn ping(&self) -> BoxFuture<'_, Result<()>> {
        std::future::ready(Ok(())).boxed()
    }
}
