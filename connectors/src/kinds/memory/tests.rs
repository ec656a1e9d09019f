//! What the contract suite does not ask of a memory source: its claims, its script, its log.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::time::{Duration, Instant};

use arrow_array::{ArrayRef, Int32Array};
use futures::{FutureExt, TryStreamExt};
use lilong_schema::{Field, Scalar};
use tokio::sync::Semaphore;

use super::*;
use crate::{Comparison, Order, OrderTarget, Predicate, Prepared, Rows};

fn one_column() -> Collection {
    Collection { name: "c".to_owned(), fields: vec![Field::new("id", Scalar::Int)], ..Collection::default() }
}

fn batch(values: Vec<Option<i32>>) -> RecordBatch {
    let column: ArrayRef = Arc::new(Int32Array::from(values));
    RecordBatch::try_from_iter_with_nullable([("id", column, true)]).unwrap()
}

fn source(rows: i32) -> Memory {
    Memory::new("m").collection(one_column(), &batch((0..rows).map(Some).collect())).unwrap()
}

fn plain() -> Fetch {
    Fetch::of(Arc::new(one_column()), vec![0])
}

fn bound(fetch: Fetch) -> BoundFetch {
    BoundFetch { prepared: Arc::new(Prepared::new(fetch)), operands: Vec::new(), keys: None }
}

fn context() -> FetchContext {
    FetchContext::new(Instant::now() + Duration::from_mins(1), "t")
}

async fn read(source: &Memory) -> Result<Vec<Rows>> {
    source.fetch(&bound(plain()), &context()).await?.try_collect().await
}

#[tokio::test]
async fn rows_come_in_batches_of_the_asked_size_with_their_bad_cells() {
    let source = source(5).batch_rows(2).bad_cell("c", "id", 3).unwrap();
    let pieces = read(&source).await.unwrap();
    assert_eq!(pieces.iter().map(|piece| piece.batch.num_rows()).collect::<Vec<_>>(), [2, 2, 1]);
    assert_eq!(pieces[1].faults, [crate::CellFault { column: 0, row: 1 }]);
    assert!(pieces[1].batch.column(0).is_null(1));
    assert!(source.bad_cell("c", "id", 9).is_err());
}

#[test]
fn rows_that_are_not_as_described_are_refused() {
    let texts: ArrayRef = Arc::new(arrow_array::StringArray::from(vec!["a"]));
    let texts = RecordBatch::try_from_iter([("id", texts)]).unwrap();
    assert_eq!(Memory::new("m").collection(one_column(), &texts).err().unwrap().kind, ErrorKind::Mismatch);
    let mut strict = one_column();
    strict.fields[0].nullable = false;
    assert!(Memory::new("m").collection(strict.clone(), &batch(vec![Some(1), None])).is_err());
    assert!(Memory::new("m").collection(strict, &batch(vec![Some(1)])).is_ok());
}

#[test]
fn a_fetch_that_needs_more_than_is_claimed_is_refused() {
    let source = source(1).capabilities(Capabilities::NONE);
    let compare = |comparison| Predicate::Compare { field: 0, comparison, operand: 0 };
    let order = Order { path: Vec::new(), target: OrderTarget::Field(0), descending: false, nulls_first: false };
    let keys = |limit| Some(crate::KeySet { limit, ..crate::KeySet::of(vec![0]) });
    for (fetch, claim) in [
        (
            Fetch { predicate: compare(Comparison::Equal), ..plain() },
            Capabilities { filter: true, ..Capabilities::NONE },
        ),
        (Fetch { predicate: compare(Comparison::Like), ..plain() }, Capabilities { like: true, ..Capabilities::NONE }),
        (
            Fetch { predicate: compare(Comparison::ILike), ..plain() },
            Capabilities { ilike: true, ..Capabilities::NONE },
        ),
        (Fetch { order: vec![order], ..plain() }, Capabilities { order: true, ..Capabilities::NONE }),
        (Fetch { limit: Some(0), ..plain() }, Capabilities { limit: true, ..Capabilities::NONE }),
        (Fetch { keys: keys(None), ..plain() }, Capabilities { keys: 1, ..Capabilities::NONE }),
        (Fetch { keys: keys(Some(0)), ..plain() }, Capabilities { keys: 1, limit_per_key: true, ..Capabilities::NONE }),
    ] {
        assert_eq!(source.explain(&fetch).unwrap_err().kind, ErrorKind::Internal, "{fetch:?}");
        assert!(Memory::new("m").capabilities(claim).explain(&fetch).is_ok(), "{fetch:?}");
    }
    let regex = Fetch { predicate: compare(Comparison::Regex), ..plain() };
    assert!(Memory::new("m").explain(&regex).is_err());
    assert!(source.explain(&plain()).is_ok());
}

#[test]
fn a_fetch_reads_as_one_line() {
    let mut fetch = plain();
    fetch.predicate = Predicate::And(vec![
        Predicate::Compare { field: 0, comparison: Comparison::Greater, operand: 0 },
        Predicate::Not(Box::new(Predicate::IsNull(0))),
    ]);
    fetch.order = vec![Order { path: Vec::new(), target: OrderTarget::Field(0), descending: true, nulls_first: true }];
    fetch.keys = Some(crate::KeySet { limit: Some(1), ..crate::KeySet::of(vec![0]) });
    assert_eq!(
        Memory::new("m").explain(&fetch).unwrap().text,
        "c: id where (id > ?0 and id is not null) order by id desc nulls first by keys (id) limit ?1"
    );
}

#[tokio::test]
async fn a_scripted_fault_comes_at_once_or_after_some_rows_and_goes_away() {
    let source = source(5).batch_rows(2);
    source.play(Script::failing(ErrorKind::Unavailable));
    assert_eq!(read(&source).await.unwrap_err().kind, ErrorKind::Unavailable);
    assert_eq!(source.ping().await.unwrap_err().kind, ErrorKind::Unavailable);
    assert_eq!(source.describe().await.unwrap_err().kind, ErrorKind::Unavailable);
    source.play(Script { after_rows: 3, only: Some("c".to_owned()), ..Script::failing(ErrorKind::Mismatch) });
    assert!(source.ping().await.is_ok());
    let fetch = bound(plain());
    let mut stream = source.fetch(&fetch, &context()).await.unwrap();
    assert_eq!(stream.try_next().await.unwrap().unwrap().batch.num_rows(), 2);
    assert_eq!(stream.try_next().await.unwrap().unwrap().batch.num_rows(), 1);
    assert_eq!(stream.try_next().await.unwrap_err().kind, ErrorKind::Mismatch);
    source.play(Script::default());
    assert_eq!(read(&source).await.unwrap().len(), 3);
}

#[tokio::test]
async fn a_gate_lets_fetches_through_one_by_one_and_a_dropped_one_no_longer_runs() {
    let source = source(1);
    let gate = Arc::new(Semaphore::new(0));
    source.play(Script { gate: Some(gate.clone()), ..Script::default() });
    let mut one = Box::pin(read(&source));
    let mut other = Box::pin(read(&source));
    assert!((&mut one).now_or_never().is_none());
    assert!((&mut other).now_or_never().is_none());
    assert_eq!((source.running(), source.most_running(), source.log().len()), (2, 2, 2));
    gate.add_permits(1);
    assert_eq!(one.await.unwrap().len(), 1);
    drop(other);
    assert_eq!((source.running(), source.most_running()), (0, 2));
    assert_eq!(source.log()[0], Logged { collection: "c".to_owned(), text: "c: id".to_owned(), keys: None });
    source.clear_log();
    assert_eq!((source.most_running(), source.log().len()), (0, 0));
}
