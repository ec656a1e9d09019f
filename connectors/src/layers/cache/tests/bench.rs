//! What the tests of this layer stand on: the layer and the dataloader over a memory source, and nothing else.

use lilong_schema::catalog::CacheTime;

use super::*;
use crate::layer::Stack;
use crate::layers::dataloader::Dataloader;
use crate::{CellFault, Connector, Freshness, Order, OrderTarget};

pub(super) const SECOND: Duration = Duration::from_secs(1);

pub(super) struct Bench {
    pub(super) stack: Arc<Stack>,
    pub(super) below: Arc<Stack>,
    pub(super) memory: Arc<Memory>,
    pub(super) shelf: Arc<Shelf>,
}

/// A source whose answers are kept for thirty seconds.
pub(super) fn settings() -> SourceSettings {
    let mut settings = SourceSettings { name: "m".to_owned(), ..SourceSettings::default() };
    settings.tuning.cache = Some(SECOND * 30);
    settings
}

pub(super) fn time(collection: &str, seconds: Option<u64>) -> CacheTime {
    let (place, collection) = (lilong_schema::catalog::Place::default(), collection.to_owned());
    CacheTime { place, collection, time: seconds.map(Duration::from_secs) }
}

impl Bench {
    pub(super) fn new() -> Self {
        Self::of(memory(), |_| {})
    }

    pub(super) fn of(memory: Memory, change: impl FnOnce(&mut SourceSettings)) -> Self {
        Self::in_store(memory, &InProcess::new(1 << 20), change)
    }

    pub(super) fn in_store(memory: Memory, store: &Arc<InProcess>, change: impl FnOnce(&mut SourceSettings)) -> Self {
        let (mut settings, memory) = (settings(), Arc::new(memory));
        change(&mut settings);
        let store: Arc<dyn Store> = store.clone();
        let shelf = Shelf::new(&settings, &store).unwrap();
        let capabilities = Connector::capabilities(&*memory);
        let dataloader = Dataloader::new("m".into(), &settings.tuning, capabilities, Some(shelf.clone()));
        let timeout = crate::layers::timeout::Timeout::new("m".into(), SECOND * 3);
        let layers: Vec<Box<dyn Layer>> =
            vec![Box::new(Cache::new(shelf.clone())), Box::new(dataloader), Box::new(timeout)];
        let (stack, below) = (Stack::new(layers, memory.clone()), Stack::new(Vec::new(), memory.clone()));
        Self { stack, below, memory, shelf }
    }

    pub(super) async fn ask(&self, bound: &BoundFetch) -> Result<Vec<Rows>> {
        self.ask_noting(bound).await.0
    }

    /// The rows, and what was noted of their age.
    pub(super) async fn ask_noting(&self, bound: &BoundFetch) -> (Result<Vec<Rows>>, Arc<Freshness>) {
        self.ask_within(Duration::from_mins(1), bound).await
    }

    /// The same for a request that ends so soon.
    pub(super) async fn ask_within(&self, span: Duration, bound: &BoundFetch) -> (Result<Vec<Rows>>, Arc<Freshness>) {
        let context = FetchContext::new(tokio::time::Instant::now().into_std() + span, "t");
        let answer = async { self.stack.top().fetch(bound, &context).await?.try_collect().await };
        (answer.await, context.freshness.clone())
    }

    pub(super) async fn ask_alone(&self, bound: &BoundFetch) -> Result<Vec<Rows>> {
        let context = FetchContext::new(Instant::now() + Duration::from_mins(1), "t");
        self.below.top().fetch(bound, &context).await?.try_collect().await
    }
}

/// All cells and faults, whatever the order of keys and the types of columns.
pub(super) fn told(pieces: &[Rows]) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    for piece in pieces {
        for row in 0..piece.batch.num_rows() {
            let cells = piece.batch.columns().iter().enumerate().map(|(column, cells)| {
                let faulty = piece.faults.contains(&CellFault { column, row });
                format!("{} {faulty}", arrow_cast::display::array_value_to_string(cells, row).unwrap())
            });
            rows.push(cells.collect());
        }
    }
    rows.sort();
    rows
}

pub(super) fn list_order() -> Vec<Order> {
    vec![Order { path: vec![], target: OrderTarget::Field(0), descending: true, nulls_first: false }]
}

/// Makes of a fetch one that counts its rows.
pub(super) fn count_by(fetch: &mut Fetch) {
    let aggregates = vec![Aggregate { function: Function::Count, fields: vec![] }];
    let keys = fetch.keys.as_ref().map_or(Vec::new(), |keys| keys.columns.clone());
    fetch.group = Some(Group {
        by: vec![],
        answer: Group::describe(&fetch.collection, &keys, &[], &aggregates),
        aggregates,
        having: Predicate::TRUE,
        order: vec![],
        limit: None,
        offset: None,
    });
    fetch.columns.clear();
    fetch.order.clear();
    fetch.limit = None;
}
