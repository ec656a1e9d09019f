//! The rows of a gateway's sources, copied into memory sources that claim less, or do as they are told.
//!
//! In: a gateway. Out: another with the same schema, and its sources for scripts and logs. *Invariant*: whatever a mirror
//! answers otherwise than the original, but for the order of text, is a fault of the engine.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow_select::concat::concat_batches;
use futures::TryStreamExt;
use lilong::{Gateway, Model};
use lilong_connectors::kinds::memory::Memory;
use lilong_connectors::{BoundFetch, Fetch, FetchContext, Order, OrderTarget, Prepared, Source};
use lilong_schema::catalog::{Limits, Tuning};
use lilong_schema::{Capabilities, Collection};
use tokio::sync::Semaphore;

/// A gateway over memory sources.
pub struct Mirror {
    /// The gateway.
    pub gateway: Gateway,
    /// Its sources, by their position in the schema.
    pub sources: Vec<Arc<Memory>>,
}

/// The rows of a gateway's sources, read once.
#[derive(Clone)]
pub struct Copied {
    model: Arc<Model>,
    rows: Vec<Vec<(Collection, lilong_connectors::Rows)>>,
}

impl Copied {
    /// Reads every collection of a gateway.
    ///
    /// # Panics
    /// If one cannot be read.
    pub async fn of(gateway: &Gateway) -> Self {
        let model = gateway.model();
        let mut rows = Vec::new();
        for (id, source) in model.federated.own_sources().iter().enumerate() {
            let mut collections = Vec::new();
            for collection in &model.federated.collections[source.collections.clone()] {
                let read = read(&model.sources[id], &collection.described).await;
                collections.push(((*collection.described).clone(), read));
            }
            rows.push(collections);
        }
        Self { model, rows }
    }

    /// Serves the rows from sources with some capabilities.
    ///
    /// # Panics
    /// If a memory source does not take its rows.
    pub fn serve(&self, capabilities: Capabilities, limits: Limits) -> Mirror {
        self.serve_tuned(capabilities, limits, &Tuning::default(), |memory| memory)
    }

    /// The same with other tuning, each source changed before it is served.
    ///
    /// # Panics
    /// If a memory source does not take its rows.
    pub fn serve_tuned(
        &self,
        capabilities: Capabilities,
        limits: Limits,
        tuning: &Tuning,
        change: impl Fn(Memory) -> Memory,
    ) -> Mirror {
        let ceiling = Arc::new(Semaphore::new(limits.connections));
        let (mut sources, mut behind) = (Vec::new(), Vec::new());
        for (source, collections) in self.model.federated.sources.iter().zip(&self.rows) {
            let mut memory = Memory::new(source.name.clone()).capabilities(capabilities);
            for (collection, rows) in collections {
                memory = memory.collection(collection.clone(), &rows.batch).unwrap();
                for fault in &rows.faults {
                    let field = &collection.fields[fault.column].name;
                    memory = memory.bad_cell(&collection.name, field, fault.row).unwrap();
                }
            }
            let memory = Arc::new(change(memory));
            sources.push(Source::new(source.name.clone(), memory.clone(), tuning, ceiling.clone()));
            behind.push(memory);
        }
        let model = Model { federated: self.model.federated.clone(), sources };
        Mirror { gateway: Gateway::new(model, limits), sources: behind }
    }
}

impl Mirror {
    /// How many fetches all sources got since this was last asked.
    pub fn fetches(&self) -> usize {
        let count = self.sources.iter().map(|source| source.log().len()).sum();
        self.sources.iter().for_each(|source| source.clear_log());
        count
    }

    /// The source of that name.
    ///
    /// # Panics
    /// If there is none.
    pub fn source(&self, name: &str) -> &Arc<Memory> {
        let model = self.gateway.model();
        let at = model.federated.sources.iter().position(|source| *source.name == *name);
        &self.sources[at.unwrap()]
    }
}

/// All rows of a collection, in the order of row numbers where there are some.
async fn read(source: &Source, collection: &Arc<Collection>) -> lilong_connectors::Rows {
    let order = Order { path: Vec::new(), target: OrderTarget::RowId, descending: false, nulls_first: false };
    let fetch = Fetch {
        order: if collection.row_id { vec![order] } else { Vec::new() },
        ..Fetch::of(collection.clone(), (0..collection.fields.len()).collect())
    };
    let bound = BoundFetch { prepared: Arc::new(Prepared::new(fetch)), operands: Vec::new(), keys: None };
    let context = FetchContext::new(Instant::now() + Duration::from_mins(1), "copy");
    let pieces: Vec<_> = source.fetch(&bound, &context).await.unwrap().try_collect().await.unwrap();
    let (mut faults, mut before) = (Vec::new(), 0);
    for piece in &pieces {
        faults.extend(
            piece.faults.iter().map(|fault| lilong_connectors::CellFault { row: fault.row + before, ..*fault }),
        );
        before += piece.batch.num_rows();
    }
    let batch = concat_batches(&bound.fetch().schema(), pieces.iter().map(|piece| &piece.batch)).unwrap();
    lilong_connectors::Rows { batch, faults }
}
