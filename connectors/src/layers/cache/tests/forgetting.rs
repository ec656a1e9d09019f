//! What a change makes wrong is forgotten, and so is what was on its way.

use tokio::sync::Semaphore;

use super::*;

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
            assert_eq!(bench.shelf.forget(&Change::Unheard), 0);
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
            bench.shelf.forget(&Change::All);
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
        assert_eq!(bench.shelf.forget(&change), forgotten, "{change:?}");
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
    assert_eq!(bench.shelf.forget(&change), 2);
}

#[tokio::test]
async fn a_load_that_began_before_a_change_is_given_but_not_kept() {
    for bound in [list(70), with_keys(&keyed(0, &[0], 100, None), &[3])] {
        let bench = Bench::new();
        let gate = Arc::new(Semaphore::new(0));
        bench.memory.play(Script { gate: Some(gate.clone()), ..Script::default() });
        let mut waiting = Box::pin(bench.ask(&bound));
        assert!(futures::poll!(&mut waiting).is_pending());
        assert_eq!(bench.shelf.forget(&Change::Collection("another".to_owned())), 0);
        gate.add_permits(10);
        waiting.await.unwrap();
        assert_eq!(bench.shelf.status().entries, 0);
        bench.ask(&bound).await.unwrap();
        assert_eq!(bench.memory.log().len(), 2);
    }
}
