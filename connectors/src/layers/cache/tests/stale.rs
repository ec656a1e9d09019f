//! Age: what is given, for how long, and what is told of it.

use super::*;
use crate::Age;

const BOUND: [fn() -> BoundFetch; 2] = [|| list(70), || with_keys(&keyed(0, &[0], 100, None), &[3, 5])];

#[tokio::test(start_paused = true)]
async fn an_answer_is_given_until_it_is_as_old_as_the_catalog_allows() {
    for bound in BOUND.map(|bound| bound()) {
        let bench = Bench::new();
        for (after, fetches, age) in [(0, 1, 0), (10, 1, 10), (19, 1, 29), (1, 2, 0), (29, 2, 29), (1, 3, 0)] {
            tokio::time::advance(SECOND * after).await;
            let (answer, freshness) = bench.ask_noting(&bound).await;
            assert!(answer.is_ok());
            assert_eq!(bench.memory.log().len(), fetches);
            assert_eq!(freshness.age(), Age { kept: Some((SECOND * age, SECOND * (30 - age))), stale: vec![] });
        }
        let status = bench.shelf.status();
        let each = if bound.keys.is_some() { 2 } else { 1 };
        assert_eq!((status.hits, status.misses, status.stale), (3 * each, 3 * each, 0));
        assert_eq!(status.age, SECOND * 68 * each as u32);
    }
}

#[tokio::test(start_paused = true)]
async fn a_load_is_as_old_as_the_moment_it_began() {
    let bench = Bench::new();
    bench.memory.play(Script { delay: Some(SECOND * 2), ..Script::default() });
    let (_, freshness) = bench.ask_noting(&list(70)).await;
    assert_eq!(freshness.age().kept, Some((SECOND * 2, SECOND * 28)));
}

#[tokio::test(start_paused = true)]
async fn keys_of_different_ages_are_as_old_as_the_oldest() {
    let bench = Bench::new();
    let shape = keyed(0, &[0], 100, None);
    bench.ask(&with_keys(&shape, &[1])).await.unwrap();
    tokio::time::advance(SECOND * 20).await;
    let (answer, freshness) = bench.ask_noting(&with_keys(&shape, &[1, 2])).await;
    assert_eq!(sorted(&answer.unwrap()).len(), 2);
    assert_eq!(freshness.age().kept, Some((SECOND * 20, SECOND * 10)));
    tokio::time::advance(SECOND * 10).await;
    bench.ask(&with_keys(&shape, &[1, 2])).await.unwrap();
    assert_eq!(bench.memory.log().iter().map(|logged| logged.keys.unwrap()).collect::<Vec<_>>(), [1, 1, 1]);
}

#[tokio::test(start_paused = true)]
async fn what_is_late_is_given_once_more_while_it_is_loaded_anew() {
    for bound in BOUND.map(|bound| bound()) {
        let bench = Bench::of(memory(), |settings| settings.tuning.stale_while_refreshing = Some(SECOND * 10));
        let alone = bench.ask_alone(&bound).await.unwrap();
        bench.memory.clear_log();
        bench.ask(&bound).await.unwrap();
        tokio::time::advance(SECOND * 35).await;
        for _ in 0..3 {
            let (answer, freshness) = bench.ask_noting(&bound).await;
            assert_eq!(sorted(&answer.unwrap()), sorted(&alone));
            let age = freshness.age();
            assert_eq!(age.stale, [("m".into(), SECOND * 35)]);
            assert_eq!(age.kept, Some((SECOND * 35, Duration::ZERO)));
        }
        while bench.memory.log().len() < 2 || bench.memory.running() > 0 {
            tokio::task::yield_now().await;
        }
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
        let (_, freshness) = bench.ask_noting(&bound).await;
        assert_eq!(freshness.age().stale, []);
        assert_eq!(bench.memory.log().len(), 2, "one load for all");
        // Beyond the bound nobody gets it.
        tokio::time::advance(SECOND * 40).await;
        let (_, freshness) = bench.ask_noting(&bound).await;
        assert_eq!((freshness.age().stale, bench.memory.log().len()), (vec![], 3));
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_source_said_before_is_given_while_it_is_down() {
    for bound in BOUND.map(|bound| bound()) {
        for (kind, given) in [
            (ErrorKind::Unavailable, true),
            (ErrorKind::Timeout, true),
            (ErrorKind::Overloaded, true),
            (ErrorKind::Denied, false),
            (ErrorKind::Rejected, false),
            (ErrorKind::Mismatch, false),
            (ErrorKind::TooCostly, false),
            (ErrorKind::Internal, false),
        ] {
            let bench = Bench::of(memory(), |settings| settings.tuning.stale_if_down = Some(SECOND * 100));
            let alone = bench.ask_alone(&bound).await.unwrap();
            bench.ask(&bound).await.unwrap();
            bench.memory.play(Script::failing(kind));
            tokio::time::advance(SECOND * 129).await;
            let (answer, freshness) = bench.ask_noting(&bound).await;
            assert_eq!(answer.is_ok(), given, "{kind:?}");
            if let Ok(answer) = answer {
                assert_eq!(sorted(&answer), sorted(&alone));
                assert_eq!(freshness.age().stale, [("m".into(), SECOND * 129)]);
            }
            tokio::time::advance(SECOND).await;
            assert_eq!(bench.ask(&bound).await.unwrap_err().kind, kind, "beyond the bound");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_source_said_before_is_given_before_the_request_ends() {
    let bench = Bench::of(memory(), |settings| settings.tuning.stale_if_down = Some(SECOND * 100));
    let bound = list(70);
    let alone = bench.ask_alone(&bound).await.unwrap();
    bench.ask(&bound).await.unwrap();
    // The source may take longer than this request.
    bench.memory.play(Script { delay: Some(SECOND * 2), ..Script::default() });
    tokio::time::advance(SECOND * 40).await;
    let began = tokio::time::Instant::now();
    let (answer, freshness) = bench.ask_within(SECOND, &bound).await;
    assert_eq!(sorted(&answer.unwrap()), sorted(&alone));
    assert!(began.elapsed() < SECOND);
    assert_eq!(freshness.age().stale.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_source_that_is_down_gives_no_part_of_what_is_asked() {
    let bench = Bench::of(memory(), |settings| settings.tuning.stale_if_down = Some(SECOND * 100));
    let shape = keyed(0, &[0], 100, None);
    bench.ask(&with_keys(&shape, &[1])).await.unwrap();
    bench.memory.play(Script::failing(ErrorKind::Unavailable));
    // One key was never asked: there is no answer, rather than half of one.
    assert!(bench.ask(&with_keys(&shape, &[1, 2])).await.is_err());
    tokio::time::advance(SECOND * 60).await;
    assert!(bench.ask(&with_keys(&shape, &[1, 2])).await.is_err());
    assert!(bench.ask(&with_keys(&shape, &[1])).await.is_ok());
}

#[tokio::test]
async fn a_collection_that_is_not_kept_leaves_no_time() {
    let bench = Bench::of(memory(), |settings| settings.cache_for = vec![time("c", None)]);
    for _ in 0..2 {
        let (answer, freshness) = bench.ask_noting(&list(70)).await;
        assert!(answer.is_ok());
        assert_eq!(freshness.age(), Age::default());
    }
    assert_eq!(bench.memory.log().len(), 2);
    assert_eq!(bench.shelf.status(), CacheStatus::default());
}
