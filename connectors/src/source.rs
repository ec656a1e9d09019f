//! A source: a connector behind its layers. The only way from the engine to a network.

use std::sync::Arc;
use std::time::SystemTime;

use lilong_schema::catalog::{SourceSettings, Tuning};
use lilong_schema::collection::FieldId;
use lilong_schema::{Capabilities, Collection, Field, SourceDescription, Value};
use tokio::sync::Semaphore;

use crate::extents::Extents;
use crate::known::Known;
use crate::layer::Stack;
use crate::layers::breaker::Breaker;
pub use crate::layers::breaker::Circuit;
pub use crate::layers::cache::{CacheStatus, InProcess, Store};
pub use crate::layers::observe::{State, Status};
use crate::layers::{self, cache::Shelf, observe::Observed};
use crate::{
    BoundFetch, Change, Comparison, Connector, FetchContext, Hop, Native, OrderTarget, Prepared, Result, RowStream,
};

/// One database or service.
pub struct Source {
    name: Arc<str>,
    stack: Arc<Stack>,
    observed: Arc<Observed>,
    breaker: Arc<Breaker>,
    known: Arc<Known>,
}

impl Source {
    /// A connector behind the standard layers; `ceiling` bounds the running fetches of all sources together. Nothing is
    /// kept.
    pub fn new(name: Arc<str>, connector: Arc<dyn Connector>, tuning: &Tuning, ceiling: Arc<Semaphore>) -> Arc<Self> {
        Self::over(name, connector, tuning, ceiling, None)
    }

    /// The same as a block of a catalog sets it up; what that allows to be kept is kept in `store`.
    pub fn keeping(
        settings: &SourceSettings,
        connector: Arc<dyn Connector>,
        ceiling: Arc<Semaphore>,
        store: &Arc<dyn Store>,
    ) -> Arc<Self> {
        let shelf = Shelf::new(settings, store);
        Self::over(settings.name.as_str().into(), connector, &settings.tuning, ceiling, shelf)
    }

    fn over(
        name: Arc<str>,
        connector: Arc<dyn Connector>,
        tuning: &Tuning,
        ceiling: Arc<Semaphore>,
        shelf: Option<Arc<Shelf>>,
    ) -> Arc<Self> {
        let observed = Arc::new(Observed::default());
        let breaker = Breaker::new(name.clone(), tuning);
        let known = Known::new(name.clone(), shelf);
        let kept = (&known.chronicle, known.shelf.as_ref());
        let layers = layers::standard(&name, tuning, &*connector, &observed, &breaker, ceiling, kept);
        let stack = Stack::new(layers, connector);
        Arc::new(Self { name, stack, observed, breaker, known })
    }

    /// The name in the catalog.
    pub fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// What it can do by itself.
    pub fn capabilities(&self) -> Capabilities {
        self.stack.connector().capabilities()
    }

    /// Whether it compares and orders a field exactly as lilong does.
    pub fn orders_exactly(&self, field: &Field) -> bool {
        self.stack.connector().orders_exactly(field)
    }

    /// Whether it follows a link between collections of its own exactly as lilong does.
    pub fn follows(&self, from: &Collection, to: &Collection, on: &[(FieldId, FieldId)]) -> bool {
        self.stack.connector().follows(from, to, on)
    }

    /// Whether it reaches through links what is to be ordered by exactly as lilong does.
    pub fn reaches(&self, from: &Collection, path: &[Hop], target: &OrderTarget) -> bool {
        self.stack.connector().reaches(from, path, target)
    }

    /// Whether it finds by a comparison exactly what lilong finds.
    pub fn checks(&self, field: &Field, comparison: Comparison) -> bool {
        self.stack.connector().checks(field, comparison)
    }

    /// Whether a list in the order of a field can be read on behind a value of it; `None`: behind any.
    pub fn resumes(&self, field: &Field, value: Option<&Value>) -> bool {
        self.stack.connector().resumes(field, value)
    }

    /// How it speaks: sources that give the same here make the same native request of the same fetch.
    pub fn dialect(&self) -> Option<String> {
        self.stack.connector().dialect()
    }

    /// Asks for rows, through every layer.
    pub async fn fetch(&self, fetch: &BoundFetch, context: &FetchContext) -> Result<RowStream> {
        if self.known.shelf.is_none() {
            context.freshness.pass();
        }
        self.stack.top().fetch(fetch, context).await
    }

    /// The native request of a fetch; asks nobody.
    pub fn explain(&self, prepared: &Prepared) -> Result<Arc<Native>> {
        prepared.native(self.stack.connector())
    }

    /// Asks what the source has.
    pub async fn describe(&self) -> Result<SourceDescription> {
        let described = self.stack.connector().describe().await;
        match &described {
            Ok(_) => self.observed.answered(),
            // It was no fetch, and is not counted as one.
            Err(error) => self.observed.met(error),
        }
        described
    }

    /// What has been seen of it.
    pub fn status(&self) -> Status {
        self.observed.status()
    }

    /// What is kept of it; `None`: nothing may be.
    pub fn cache(&self) -> Option<CacheStatus> {
        self.known.shelf.as_ref().map(|shelf| shelf.status())
    }

    /// Takes the names of the collections that are served of it: what it tells of others stands for any change.
    pub fn serve(&self, collections: impl IntoIterator<Item = String>) {
        self.known.serve(collections.into_iter().collect());
    }

    /// Forgets what a change may have made wrong; how many lists and keys that are. `None`: nothing is ever kept. Whoever
    /// asks after that gets nothing that was asked before.
    pub async fn forget(&self, change: Change) -> Option<usize> {
        self.known.forget(change.into()).await
    }

    /// Listens to what the source tells of changes, without end, and forgets what they concern: answers that are kept, and
    /// where columns begin and end, which is known of sources of which no answer is kept too. `None`: it tells nothing.
    pub fn follow(&self) -> Option<impl Future<Output = ()> + Send + 'static> {
        Some(self.known.clone().follow(self.stack.connector().changes()?))
    }

    /// What is known of where its columns begin and end.
    pub fn extents(&self) -> &Extents {
        &self.known.extents
    }

    /// As of when its answers are, where it reads copies of what it serves.
    pub fn as_of(&self) -> Option<SystemTime> {
        self.stack.connector().as_of()
    }

    /// Whether fetches are let through to it.
    pub fn circuit(&self) -> Circuit {
        self.breaker.circuit()
    }
}

impl std::fmt::Debug for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Source").field(&self.name).finish()
    }
}
