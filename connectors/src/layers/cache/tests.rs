//! What is kept and for how long, and that keeping changes nothing but the number of fetches.

mod bench;
mod forgetting;
mod poison;
mod stale;
mod telling;

use arrow_array::{ArrayRef, Int32Array, RecordBatch};
use futures::TryStreamExt;
use futures::future::join_all;
use lilong_schema::Collection;
use lilong_schema::catalog::SourceSettings;

use self::bench::*;
use super::*;
use crate::kinds::memory::{Memory, Script};
use crate::layers::dataloader::tests::bench::{collection, field, keyed, list, memory, sorted, with_keys};
use crate::{Aggregate, Change, Exists, Fetch, Function, Group, Predicate, Prepared, Rows};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_thousand_identical_misses_are_one_fetch_at_whatever_moment_they_come() {
    for bound in [list(70), with_keys(&keyed(0, &[0], 100, None), &[3, 5]), with_keys(&keyed(1, &[2], 100, None), &[3])]
    {
        let bench = Arc::new(Bench::of(memory().batch_rows(1), |_| {}));
        let alone = bench.ask_alone(&bound).await.unwrap();
        bench.memory.play(Script { delay: Some(Duration::from_millis(2)), ..Script::default() });
        bench.memory.clear_log();
        let asking = (0..1_000).map(|number| {
            let (bench, bound) = (bench.clone(), bound.clone());
            tokio::spawn(async move {
                for _ in 0..number % 50 {
                    tokio::task::yield_now().await;
                }
                bench.ask(&bound).await
            })
        });
        for answer in join_all(asking.collect::<Vec<_>>()).await {
            assert_eq!(sorted(&answer.unwrap().unwrap()), sorted(&alone));
        }
        assert_eq!(bench.memory.log().len(), 1);
    }
}

#[tokio::test]
async fn only_the_keys_that_are_not_there_are_asked() {
    let bench = Bench::new();
    for (by, columns) in [(0, vec![0]), (1, vec![2])] {
        bench.memory.clear_log();
        let shape = keyed(by, &columns, 100, None);
        for (keys, asked) in [
            (vec![1, 2], Some(2)),
            (vec![2, 3, 99], Some(2)),
            (vec![99], None),
            (vec![3, 1], None),
            (vec![], None),
            (vec![98, 1, 2, 3, 99], Some(1)),
        ] {
            let before = bench.memory.log().len();
            let bound = with_keys(&shape, &keys);
            let answer = bench.ask(&bound).await.unwrap();
            let told: Vec<_> = bench.memory.log()[before..].iter().map(|logged| logged.keys.unwrap()).collect();
            assert_eq!(told, asked.into_iter().collect::<Vec<_>>(), "{keys:?}");
            assert_eq!(sorted(&answer), sorted(&bench.ask_alone(&bound).await.unwrap()), "{keys:?}");
        }
    }
}

/// What is kept, and what is not.
#[tokio::test]
async fn what_is_kept_and_what_is_not() {
    let of = |change: fn(&mut Fetch)| {
        let (prepared, operands) = keyed(1, &[0], 100, None);
        let mut fetch = prepared.fetch.clone();
        change(&mut fetch);
        with_keys(&(Arc::new(Prepared::new(fetch)), operands), &[1, 2])
    };
    let whole = |change: fn(&mut Fetch)| {
        let mut bound = list(70);
        let mut fetch = bound.prepared.fetch.clone();
        change(&mut fetch);
        bound.prepared = Arc::new(Prepared::new(fetch));
        bound
    };
    // What, the fetch, how often it is sent when it is asked twice, and one of its keys alone after that.
    let cases = [
        ("rows by key", with_keys(&keyed(0, &[0], 100, None), &[1, 2]), [1, 0]),
        ("rows by key without the key", with_keys(&keyed(1, &[2], 100, None), &[1, 2]), [1, 0]),
        ("a page for each key", with_keys(&keyed(1, &[0], 100, Some(2)), &[1, 2]), [1, 0]),
        ("keys that no row has", with_keys(&keyed(0, &[0], 100, None), &[70, 71]), [1, 0]),
        ("an answer as long as its ceiling", with_keys(&keyed(1, &[0], 8, None), &[1, 2]), [2, 1]),
        ("figures of each key", of(count_by), [1, 0]),
        ("rows by key, each combination once", of(|fetch| fetch.distinct = vec![0]), [1, 1]),
        ("rows by key without a ceiling", of(|fetch| fetch.limit = None), [1, 1]),
        ("a list", list(70), [1, 0]),
        ("a list in order", whole(|fetch| fetch.order = list_order()), [1, 0]),
        ("an empty list", list(1_000), [1, 0]),
        ("figures of a list", whole(count_by), [1, 0]),
    ];
    for (what, bound, [whole, part]) in cases {
        let bench = Bench::of(memory().bad_cell("c", "age", 1).unwrap().batch_rows(3), |_| {});
        let alone = bench.ask_alone(&bound).await.unwrap();
        bench.memory.clear_log();
        for _ in 0..2 {
            assert_eq!(told(&bench.ask(&bound).await.unwrap()), told(&alone), "{what}");
        }
        assert_eq!(bench.memory.log().len(), whole, "{what}");
        bench.memory.clear_log();
        let mut one = bound.clone();
        one.keys = bound.keys.as_ref().map(|keys| keys.slice(0, 1));
        let answer = bench.ask(&one).await.unwrap();
        assert_eq!(bench.memory.log().len(), part, "{what}, one key");
        assert_eq!(told(&answer), told(&bench.ask_alone(&one).await.unwrap()), "{what}, one key");
    }
}

#[tokio::test]
async fn other_values_and_another_structure_are_other_fetches() {
    let bench = Bench::new();
    bench.ask(&list(70)).await.unwrap();
    bench.ask(&list(71)).await.unwrap();
    assert_eq!(bench.memory.log().len(), 2);
    // The same name, columns and values, but the column is described otherwise now.
    let mut described = (*collection()).clone();
    described.fields[2].native = "smallint".to_owned();
    let mut bound = list(70);
    let fetch = Fetch { collection: Arc::new(described), ..bound.prepared.fetch.clone() };
    bound.prepared = Arc::new(Prepared::new(fetch));
    bench.ask(&bound).await.unwrap();
    assert_eq!(bench.memory.log().len(), 3);
    bench.ask(&list(70)).await.unwrap();
    assert_eq!(bench.memory.log().len(), 3);
}

#[tokio::test]
async fn sources_share_a_store_and_nothing_in_it() {
    let store = InProcess::new(1 << 20);
    let [one, other] = [1, 2].map(|_| Bench::in_store(memory(), &store, |_| {}));
    one.ask(&list(70)).await.unwrap();
    other.ask(&list(70)).await.unwrap();
    assert_eq!((one.memory.log().len(), other.memory.log().len()), (1, 1));
    one.shelf.forget(&Change::All.into());
    other.ask(&list(70)).await.unwrap();
    assert_eq!(other.memory.log().len(), 1);
}

#[tokio::test]
async fn the_store_holds_no_more_than_its_ceiling() {
    let store = InProcess::new(100_000);
    let bench = Bench::in_store(memory(), &store, |_| {});
    let shape = keyed(0, &[0, 1, 2], 100, None);
    for number in 0..1_000 {
        bench.ask(&list(number)).await.unwrap();
        bench.ask(&with_keys(&shape, &[number as i32, -(number as i32) - 1])).await.unwrap();
    }
    let held = store.bytes();
    assert!(held <= 100_000 && held > 10_000, "{held}");
    let status = bench.shelf.status();
    assert_eq!(status.bytes, held, "each source knows what it holds");
    assert!(status.entries > 0 && status.entries < 3_000);
    // What is larger than all of it is given, but not kept.
    let bench = Bench::in_store(memory(), &InProcess::new(100), |_| {});
    for _ in 0..2 {
        let (answer, freshness) = bench.ask_noting(&list(70)).await;
        assert_eq!(sorted(&answer.unwrap()).len(), 31);
        assert_eq!(freshness.age().kept, None, "what is not kept here clients may not keep either");
    }
    assert_eq!(bench.memory.log().len(), 2);
}

#[tokio::test]
async fn what_is_too_large_to_be_kept_passes_through() {
    let count = 3_000_000;
    let column: ArrayRef = Arc::new((0..count).collect::<Int32Array>());
    let rows = RecordBatch::try_from_iter([("id", column.clone()), ("part", column.clone()), ("age", column)]).unwrap();
    let memory = Memory::new("m").collection((*collection()).clone(), &rows).unwrap().batch_rows(100_000);
    let bench = Bench::of(memory, |_| {});
    for _ in 0..2 {
        let (rows, freshness) = bench.ask_noting(&list(-1)).await;
        assert_eq!(freshness.age().kept, None);
        assert_eq!(rows.unwrap().iter().map(|rows| rows.batch.num_rows()).sum::<usize>(), count as usize);
    }
    assert_eq!(bench.memory.log().len(), 2);
    assert_eq!(bench.shelf.status().entries, 0);
}

#[test]
fn a_fetch_is_kept_no_longer_than_any_collection_it_looks_into() {
    let other =
        |name: &str| Arc::new(Collection { name: name.to_owned(), fields: vec![field("id")], ..Collection::default() });
    let looking = |name: &str| {
        let exists = Exists { collection: other(name), on: vec![(0, 0)], predicate: Predicate::TRUE };
        let mut fetch = list(70).prepared.fetch.clone();
        fetch.predicate = Predicate::Not(Box::new(Predicate::And(vec![Predicate::Exists(Box::new(exists))])));
        fetch
    };
    let bench = Bench::of(memory(), |settings| {
        settings.cache_for = vec![time("never", None), time("short", Some(5)), time("long", Some(500))];
    });
    for (fetch, seconds) in [
        (list(70).prepared.fetch.clone(), Some(30)),
        (looking("anything"), Some(30)),
        (looking("long"), Some(30)),
        (looking("short"), Some(5)),
        (looking("never"), None),
    ] {
        assert_eq!(bench.shelf.times(&fetch).map(|times| times.life.as_secs()), seconds);
    }
}

#[test]
fn a_source_of_which_nothing_is_kept_has_no_shelf() {
    let store: Arc<dyn Store> = InProcess::new(1_000);
    let mut settings = settings();
    settings.tuning.cache = None;
    assert!(Shelf::new(&settings, &store).is_none());
    settings.cache_for = vec![time("c", None)];
    assert!(Shelf::new(&settings, &store).is_none());
    settings.cache_for = vec![time("c", Some(1))];
    assert!(Shelf::new(&settings, &store).is_some());
}
