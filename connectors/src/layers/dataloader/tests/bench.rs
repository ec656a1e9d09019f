//! What the tests of this layer stand on: a memory source below the layer and nothing else, fetches to ask of it, and ways
//! to look at what came.

use arrow_array::cast::AsArray;
use arrow_array::types::Int32Type;
use arrow_array::{ArrayRef, Int32Array, RecordBatch};
use futures::TryStreamExt;
use futures::future::join_all;
use lilong_schema::{Collection, Field, Key, Scalar, Value};
use tokio::sync::Semaphore;

use super::super::*;
use crate::kinds::memory::{Memory, Script};
use crate::layer::Stack;
use crate::{CellFault, Comparison, Connector, Fetch, KeySet, Operand, Order, OrderTarget, Predicate, Prepared, Rows};

/// Below the layer: forty rows, `id` from 0 and `part` of ten values, four rows each; nothing but the memory source.
pub(in crate::layers) struct Bench {
    pub(in crate::layers) stack: Arc<Stack>,
    pub(in crate::layers) below: Arc<Stack>,
    pub(in crate::layers) memory: Arc<Memory>,
    pub(in crate::layers) layer: Arc<Dataloader>,
}

pub(in crate::layers) fn field(name: &str) -> Field {
    Field { nullable: false, ..Field::new(name, Scalar::Int) }
}

pub(in crate::layers) fn collection() -> Arc<Collection> {
    Arc::new(Collection {
        name: "c".to_owned(),
        fields: vec![field("id"), field("part"), Field { nullable: true, ..field("age") }],
        keys: vec![Key { columns: vec!["id".to_owned()], primary: true }],
        ..Collection::default()
    })
}

/// The layer by itself, so that its maps can be looked at.
pub(in crate::layers) struct Handle(Arc<Dataloader>);

impl Layer for Handle {
    fn fetch<'a>(
        &'a self,
        fetch: &'a BoundFetch,
        context: &'a FetchContext,
        next: Next<'a>,
    ) -> BoxFuture<'a, Result<RowStream>> {
        self.0.fetch(fetch, context, next)
    }
}

impl Bench {
    pub(in crate::layers) fn of(memory: Memory, tuning: &Tuning) -> Self {
        let memory = Arc::new(memory);
        let layer =
            Arc::new(Dataloader::new("m".into(), tuning, Connector::capabilities(&*memory), Arc::default(), None));
        let stack = Stack::new(vec![Box::new(Handle(layer.clone()))], memory.clone());
        let below = Stack::new(Vec::new(), memory.clone());
        Self { stack, below, memory, layer }
    }

    pub(in crate::layers) fn new() -> Self {
        Self::of(memory(), &Tuning::default())
    }

    pub(in crate::layers) async fn ask(&self, bound: &BoundFetch) -> Result<Vec<Rows>> {
        self.stack.top().fetch(bound, &context()).await?.try_collect().await
    }

    pub(in crate::layers) async fn ask_alone(&self, bound: &BoundFetch) -> Result<Vec<Rows>> {
        self.below.top().fetch(bound, &context()).await?.try_collect().await
    }

    pub(in crate::layers) fn is_empty(&self) -> bool {
        self.layer.in_flight() == (0, 0) && self.memory.running() == 0
    }
}

pub(in crate::layers) fn memory() -> Memory {
    let numbers = |of: fn(i32) -> i32| -> ArrayRef { Arc::new((0..40).map(of).collect::<Int32Array>()) };
    let columns = [("id", numbers(|id| id)), ("part", numbers(|id| id % 10)), ("age", numbers(|id| 100 - id))];
    let rows = RecordBatch::try_from_iter(columns).unwrap();
    Memory::new("m").collection((*collection()).clone(), &rows).unwrap()
}

pub(in crate::layers) fn context() -> FetchContext {
    FetchContext::new(Instant::now() + Duration::from_mins(1), "t")
}

pub(in crate::layers) fn number(number: i128) -> Operand {
    Operand::Value(Value::Integer(number))
}

/// By key columns, with the columns asked for, the ceiling, and a limit for each key.
pub(in crate::layers) fn keyed(
    by: usize,
    columns: &[usize],
    ceiling: i128,
    each: Option<i128>,
) -> (Arc<Prepared>, Vec<Operand>) {
    let fetch = Fetch {
        order: vec![Order { path: vec![], target: OrderTarget::Field(2), descending: false, nulls_first: false }],
        limit: Some(0),
        keys: Some(KeySet { limit: each.map(|_| 1), ..KeySet::of(vec![by]) }),
        ..Fetch::of(collection(), columns.to_vec())
    };
    let operands = [ceiling].into_iter().chain(each).map(number).collect();
    (Arc::new(Prepared::new(fetch)), operands)
}

pub(in crate::layers) fn with_keys((prepared, operands): &(Arc<Prepared>, Vec<Operand>), keys: &[i32]) -> BoundFetch {
    let column: ArrayRef = Arc::new(Int32Array::from(keys.to_vec()));
    let keys = RecordBatch::try_from_iter([("0", column)]).unwrap();
    BoundFetch { prepared: prepared.clone(), operands: operands.clone(), keys: Some(keys) }
}

/// Rows of a list, at least as old as a number.
pub(in crate::layers) fn list(age: i128) -> BoundFetch {
    let fetch = Fetch {
        predicate: Predicate::Compare { field: 2, comparison: Comparison::GreaterOrEqual, operand: 0 },
        ..Fetch::of(collection(), vec![0, 2])
    };
    BoundFetch { prepared: Arc::new(Prepared::new(fetch)), operands: vec![number(age)], keys: None }
}

/// All cells, row by row, and the faults by row.
pub(in crate::layers) fn cells(pieces: &[Rows]) -> (Vec<Vec<Option<i32>>>, Vec<CellFault>) {
    let (mut rows, mut faults) = (Vec::new(), Vec::new());
    for piece in pieces {
        faults.extend(piece.faults.iter().map(|fault| CellFault { row: fault.row + rows.len(), ..*fault }));
        for row in 0..piece.batch.num_rows() {
            let columns = piece.batch.columns().iter();
            rows.push(columns.map(|column| column.as_primitive::<Int32Type>().iter().nth(row).unwrap()).collect());
        }
    }
    faults.sort_unstable_by_key(|fault| (fault.row, fault.column));
    (rows, faults)
}

/// The same rows whatever the order of keys.
pub(in crate::layers) fn sorted(pieces: &[Rows]) -> Vec<(Vec<Option<i32>>, Vec<usize>)> {
    let (rows, faults) = cells(pieces);
    let of = |row| faults.iter().filter(|fault: &&CellFault| fault.row == row).map(|fault| fault.column).collect();
    let mut rows: Vec<_> = rows.into_iter().enumerate().map(|(at, row)| (row, of(at))).collect();
    rows.sort();
    rows
}

pub(in crate::layers) async fn until(met: impl Fn() -> bool) {
    while !met() {
        tokio::task::yield_now().await;
    }
}

/// Runs fetches at once while a gate is shut, then opens it.
pub(in crate::layers) async fn together(bench: &Bench, asked: &[BoundFetch]) -> Vec<Result<Vec<Rows>>> {
    together_under(bench, asked, Script::default()).await
}

pub(in crate::layers) async fn together_under(
    bench: &Bench,
    asked: &[BoundFetch],
    script: Script,
) -> Vec<Result<Vec<Rows>>> {
    let gate = Arc::new(Semaphore::new(0));
    bench.memory.play(Script { gate: Some(gate.clone()), ..script });
    let opening = async {
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
        gate.add_permits(100_000);
    };
    let (answers, ()) = tokio::join!(join_all(asked.iter().map(|bound| bench.ask(bound))), opening);
    bench.memory.play(Script::default());
    answers
}
