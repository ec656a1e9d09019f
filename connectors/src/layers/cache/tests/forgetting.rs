//! What a change makes wrong is forgotten, and so is what was on its way.

use arrow_array::StringArray;
use lilong_schema::{Field, Key, Scalar};
use tokio::sync::Semaphore;

use super::*;
use crate::{Age, Changes, KeySet, Operand};

fn row(key: &[(&str, &str)]) -> Change {
    let key = key.iter().map(|(column, text)| ((*column).to_owned(), (*text).to_owned())).collect();
    Change::Rows { collection: "c".to_owned(), key }
}

#[tokio::test(start_paused = true)]
async fn what_may_have_changed_unheard_is_given_only_while_the_source_is_down() {
    for down in [None, Some(SECOND * 100)] {
        for bound in [list(70), with_keys(&keyed(0, &[0], 100, None), &[3, 5])] {
            let bench = Bench::of(memory(), |settings| settings.tuning.stale_if_down = down);
            bench.ask(&bound).await.unwrap();
            tokio::time::advance(SECOND).await;
            assert_eq!(bench.shelf.forget(&Change::Unheard.into()), 0);
            bench.memory.play(Script::failing(ErrorKind::Unavailable));
            let (answer, freshness) = bench.ask_noting(&bound).await;
            assert_eq!(answer.is_ok(), down.is_some());
            assert_eq!(freshness.age().stale.len(), usize::from(down.is_some()));
            bench.memory.play(Script::default());
            bench.memory.clear_log();
            tokio::time::advance(SECOND).await;
            for _ in 0..2 {
                assert_eq!(bench.ask_noting(&bound).await.1.age().stale, []);
            }
            assert_eq!(bench.memory.log().len(), 1, "asked anew, and kept again");
            bench.shelf.forget(&Change::All.into());
            bench.memory.play(Script::failing(ErrorKind::Unavailable));
            assert!(bench.ask(&bound).await.is_err());
        }
    }
}

#[tokio::test]
async fn what_is_too_old_is_let_go_of_when_somebody_looks() {
    let bench = Bench::of(memory(), |settings| settings.tuning.cache = Some(Duration::from_millis(1)));
    bench.ask(&list(70)).await.unwrap();
    while bench.shelf.status().entries > 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(bench.shelf.status().bytes, 0);
}

#[tokio::test]
async fn a_change_forgets_what_it_concerns_and_no_more() {
    let (by_id, by_part) = (keyed(0, &[0], 100, None), keyed(1, &[2], 100, None));
    // What changed, how much is forgotten, and which of the four are asked anew.
    for (change, forgotten, anew) in [
        (Change::All, 5, [true, true, true, true]),
        (Change::Collection("c".to_owned()), 5, [true, true, true, true]),
        (Change::Collection("other".to_owned()), 0, [false; 4]),
        (row(&[("id", "3")]), 3, [true, true, false, true]),
        (row(&[("id", "77")]), 2, [true, false, false, true]),
        (row(&[("part", "3")]), 5, [true, true, true, true]),
        (row(&[("part", "4")]), 4, [true, true, true, false]),
        (row(&[("id", "3"), ("part", "3")]), 5, [true, true, true, true]),
    ] {
        let bench = Bench::new();
        let asked = [list(70), with_keys(&by_id, &[3]), with_keys(&by_id, &[5, 6]), with_keys(&by_part, &[3])];
        for bound in &asked {
            bench.ask(bound).await.unwrap();
        }
        assert_eq!(bench.shelf.forget(&change.clone().into()), forgotten, "{change:?}");
        for (bound, anew) in asked.iter().zip(anew) {
            bench.memory.clear_log();
            bench.ask(bound).await.unwrap();
            assert_eq!(!bench.memory.log().is_empty(), anew, "{change:?} {:?}", bound.keys);
        }
    }
}

#[tokio::test]
async fn what_looks_into_a_collection_that_changed_is_forgotten() {
    let street = Collection { name: "street".to_owned(), fields: vec![field("id")], ..Collection::default() };
    let ids: ArrayRef = Arc::new(Int32Array::from(vec![1, 2]));
    let rows = RecordBatch::try_from_iter([("id", ids)]).unwrap();
    let bench = Bench::of(memory().collection(street.clone(), &rows).unwrap(), |_| {});
    let exists = Exists { collection: Arc::new(street), on: vec![(1, 0)], predicate: Predicate::TRUE };
    let (prepared, operands) = keyed(0, &[0], 100, None);
    let fetch = Fetch { predicate: Predicate::Exists(Box::new(exists)), ..prepared.fetch.clone() };
    let shape = (Arc::new(Prepared::new(fetch)), operands);
    bench.ask(&with_keys(&shape, &[1, 2])).await.unwrap();
    let change = Change::Rows { collection: "street".to_owned(), key: [("id".to_owned(), "9".to_owned())].into() };
    assert_eq!(bench.shelf.forget(&change.into()), 2);
    assert_eq!(bench.shelf.status().entries, 0);
}

#[tokio::test]
async fn several_changes_forget_together_what_each_concerns() {
    let (by_id, by_part) = (keyed(0, &[0], 100, None), keyed(1, &[2], 100, None));
    for (told, left) in [
        (vec![row(&[("id", "3")]), row(&[("id", "5")])], vec![6]),
        (vec![row(&[("id", "3")]), row(&[("id", "05")])], vec![]),
        (vec![row(&[("id", "3")]), row(&[("part", "3")])], vec![]),
        (vec![row(&[("id", "3")]), Change::Collection("c".to_owned())], vec![]),
        (vec![row(&[("id", "3")]), Change::All], vec![]),
        (vec![row(&[("id", "3")]), Change::Collection("other".to_owned())], vec![5, 6]),
    ] {
        let bench = Bench::new();
        for bound in [with_keys(&by_id, &[3, 5, 6]), with_keys(&by_part, &[3]), list(70)] {
            bench.ask(&bound).await.unwrap();
        }
        let mut changes = Changes::default();
        for change in &told {
            changes.add(change.clone());
        }
        let forgotten = bench.shelf.forget(&changes);
        assert_eq!(forgotten, 5 - left.len(), "{told:?}");
        assert_eq!(bench.shelf.status().entries, left.len() as u64, "{told:?}");
        bench.memory.clear_log();
        bench.ask(&with_keys(&by_id, &left)).await.unwrap();
        assert_eq!(bench.memory.log().len(), 0, "{told:?}");
    }
}

#[tokio::test]
async fn a_text_is_told_with_the_padding_of_its_column_or_without() {
    let code = Field { nullable: false, ..Field::new("code", Scalar::String) };
    let padded = Collection {
        name: "padded".to_owned(),
        fields: vec![code],
        keys: vec![Key { columns: vec!["code".to_owned()], primary: true }],
        ..Collection::default()
    };
    let codes: ArrayRef = Arc::new(StringArray::from(vec!["A1", "B2"]));
    let rows = RecordBatch::try_from_iter([("code", codes)]).unwrap();
    let fetch =
        Fetch { limit: Some(0), keys: Some(KeySet::of(vec![0])), ..Fetch::of(Arc::new(padded.clone()), vec![0]) };
    let operands = vec![Operand::Value(lilong_schema::Value::Integer(100))];
    let bound = BoundFetch { prepared: Arc::new(Prepared::new(fetch)), operands, keys: Some(rows.clone()) };
    for (told, forgotten) in [("A1", 1), ("A1        ", 1), ("A2", 0), (" A1", 0), ("", 0)] {
        let bench = Bench::of(memory().collection(padded.clone(), &rows).unwrap(), |_| {});
        bench.ask(&bound).await.unwrap();
        let key = [("code".to_owned(), told.to_owned())].into();
        let change = Change::Rows { collection: "padded".to_owned(), key };
        assert_eq!(bench.shelf.forget(&change.into()), forgotten, "{told:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_comes_and_goes_at_any_moment_is_known_and_can_be_forgotten() {
    // Room for few entries, so that they are driven out as well as replaced, forgotten and too old.
    for (room, life) in [(20_000, SECOND * 30), (1 << 20, Duration::from_micros(50))] {
        let store = InProcess::new(room);
        let bench = Arc::new(Bench::in_store(memory(), &store, |settings| settings.tuning.cache = Some(life)));
        let tasks = (0..4).map(|task: usize| {
            let bench = bench.clone();
            tokio::spawn(async move {
                let shapes = [keyed(0, &[0], 100, None), keyed(1, &[2], 100, None)];
                for step in 0..300 {
                    let number = (step * 7 + task) % 40;
                    bench.ask(&with_keys(&shapes[step % 2], &[number as i32])).await.unwrap();
                    bench.ask(&list(number as i128)).await.unwrap();
                    if step % 5 == task {
                        let id = number.to_string();
                        bench.shelf.forget(&row(&[("id", &id)]).into());
                    }
                }
            })
        });
        for task in tasks.collect::<Vec<_>>() {
            task.await.unwrap();
        }
        bench.shelf.forget(&Change::All.into());
        let status = bench.shelf.status();
        assert_eq!((status.entries, status.bytes, store.bytes()), (0, 0, 0));
        assert!(bench.shelf.is_empty());
    }
}

/// A fetch that waits for a permit, and is not over.
async fn held(bench: &Bench, bound: &BoundFetch) -> (Arc<Semaphore>, tokio::task::JoinHandle<(bool, Option<Age>)>) {
    let gate = Arc::new(Semaphore::new(0));
    bench.memory.play(Script { gate: Some(gate.clone()), ..Script::default() });
    let (stack, bound, before) = (bench.stack.clone(), bound.clone(), bench.memory.log().len());
    let asking = tokio::spawn(async move {
        let context = FetchContext::new(Instant::now() + Duration::from_mins(1), "t");
        let Ok(rows) = stack.top().fetch(&bound, &context).await else { return (false, None) };
        let whole = rows.try_collect::<Vec<_>>().await.is_ok();
        (whole, Some(context.freshness.age()))
    });
    while bench.memory.log().len() == before || bench.memory.running() == 0 {
        tokio::task::yield_now().await;
    }
    (gate, asking)
}

fn both() -> [BoundFetch; 2] {
    [list(70), with_keys(&keyed(0, &[0], 100, None), &[3])]
}

#[tokio::test]
async fn a_load_that_began_before_a_change_is_given_but_kept_by_nobody() {
    for bound in both() {
        let bench = Bench::new();
        let (gate, asking) = held(&bench, &bound).await;
        assert_eq!(bench.shelf.forget(&Change::Collection("c".to_owned()).into()), 0);
        gate.add_permits(10);
        let (whole, age) = asking.await.unwrap();
        assert!(whole);
        assert_eq!(age.unwrap().kept, None, "clients may not keep it either");
        assert_eq!(bench.shelf.status().entries, 0);
        bench.ask(&bound).await.unwrap();
        assert_eq!(bench.memory.log().len(), 2);
    }
}

#[tokio::test]
async fn who_asks_after_a_change_does_not_join_what_began_before_it() {
    for bound in both() {
        let bench = Bench::new();
        let (old_gate, old) = held(&bench, &bound).await;
        bench.shelf.forget(&row(&[("id", "3")]).into());
        let (gate, new) = held(&bench, &bound).await;
        assert_eq!(bench.memory.log().len(), 2, "it was asked anew");
        // A third has what the second has, which is right still when the first is over.
        old_gate.add_permits(10);
        assert_eq!(old.await.unwrap().1.unwrap().kept, None);
        let mut third = Box::pin(bench.ask(&bound));
        assert!(futures::poll!(&mut third).is_pending());
        gate.add_permits(10);
        assert!(new.await.unwrap().1.unwrap().kept.is_some());
        assert!(!third.await.unwrap().is_empty());
        bench.ask(&bound).await.unwrap();
        assert_eq!(bench.memory.log().len(), 2, "what came after the change is kept");
    }
}

#[tokio::test]
async fn what_is_not_kept_is_not_joined_after_a_change_either() {
    let bench = Bench::of(memory(), |settings| settings.cache_for = vec![time("c", None), time("other", Some(9))]);
    let (old_gate, old) = held(&bench, &list(70)).await;
    bench.shelf.forget(&Change::All.into());
    let (gate, new) = held(&bench, &list(70)).await;
    assert_eq!(bench.memory.log().len(), 2);
    old_gate.add_permits(10);
    gate.add_permits(10);
    assert!(old.await.unwrap().0 && new.await.unwrap().0);
}

#[tokio::test]
async fn a_change_of_another_collection_neither_keeps_a_load_from_being_kept_nor_from_being_joined() {
    for bound in both() {
        let bench = Bench::new();
        let (gate, asking) = held(&bench, &bound).await;
        bench.shelf.forget(&Change::Collection("another".to_owned()).into());
        let mut second = Box::pin(bench.ask(&bound));
        assert!(futures::poll!(&mut second).is_pending());
        gate.add_permits(10);
        assert!(asking.await.unwrap().1.unwrap().kept.is_some());
        second.await.unwrap();
        bench.ask(&bound).await.unwrap();
        assert_eq!(bench.memory.log().len(), 1);
    }
}

#[tokio::test]
async fn a_load_that_looks_into_what_has_changed_is_not_kept() {
    let street = Collection { name: "street".to_owned(), fields: vec![field("id")], ..Collection::default() };
    let ids: ArrayRef = Arc::new(Int32Array::from(vec![1, 2]));
    let rows = RecordBatch::try_from_iter([("id", ids)]).unwrap();
    let bench = Bench::of(memory().collection(street.clone(), &rows).unwrap(), |_| {});
    let exists = Exists { collection: Arc::new(street), on: vec![(1, 0)], predicate: Predicate::TRUE };
    let mut bound = list(0);
    let fetch = Fetch { predicate: Predicate::Exists(Box::new(exists)), ..bound.prepared.fetch.clone() };
    bound.prepared = Arc::new(Prepared::new(fetch));
    let (gate, asking) = held(&bench, &bound).await;
    bench.shelf.forget(&Change::Collection("street".to_owned()).into());
    gate.add_permits(10);
    assert_eq!(asking.await.unwrap().1.unwrap().kept, None);
    assert_eq!(bench.shelf.status().entries, 0);
}
