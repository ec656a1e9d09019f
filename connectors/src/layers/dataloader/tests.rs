//! What callers share, and that sharing changes nothing but the number of fetches.

pub(in crate::layers) mod bench;
mod gathering;

use arrow_array::{ArrayRef, Int32Array, RecordBatch};
use futures::TryStreamExt;
use tokio::sync::Semaphore;

use self::bench::*;
use super::*;
use crate::Rows;
use crate::kinds::memory::{Memory, Script};

#[tokio::test]
async fn a_thousand_identical_fetches_at_once_are_one() {
    for bound in [list(70), with_keys(&keyed(0, &[0], 100, None), &[3, 5])] {
        let bench = Bench::new();
        let alone = bench.ask_alone(&bound).await.unwrap();
        bench.memory.clear_log();
        let answers = together(&bench, &vec![bound.clone(); 1_000]).await;
        assert_eq!(bench.memory.log().len(), 1);
        for answer in answers {
            assert_eq!(cells(&answer.unwrap()), cells(&alone));
        }
        assert!(bench.is_empty());
    }
}

#[tokio::test]
async fn plans_of_the_same_shape_share_and_others_do_not() {
    let bench = Bench::new();
    // Two plans are made apart; other values are other fetches.
    together(&bench, &[list(70), list(70), list(71)]).await;
    assert_eq!(bench.memory.log().len(), 2);
    bench.memory.clear_log();
    let asked = [
        with_keys(&keyed(0, &[0], 100, None), &[1]),
        with_keys(&keyed(0, &[0], 101, None), &[1]),
        with_keys(&keyed(0, &[0, 1], 100, None), &[1]),
        with_keys(&keyed(0, &[0], 100, Some(2)), &[1]),
        with_keys(&keyed(0, &[0], 100, Some(3)), &[1]),
        with_keys(&keyed(1, &[0], 100, Some(3)), &[1]),
    ];
    together(&bench, &asked).await;
    assert_eq!(bench.memory.log().len(), asked.len());
    assert!(bench.is_empty());
}

#[tokio::test]
async fn what_is_over_is_asked_anew() {
    let bench = Bench::new();
    for _ in 0..3 {
        bench.ask(&list(70)).await.unwrap();
        assert!(bench.is_empty());
    }
    assert_eq!(bench.memory.log().len(), 3);
}

#[tokio::test]
async fn a_caller_that_goes_away_harms_no_other_and_the_last_one_cancels() {
    for bound in [list(70), with_keys(&keyed(0, &[0], 100, None), &[3])] {
        let bench = Bench::new();
        let gate = Arc::new(Semaphore::new(0));
        bench.memory.play(Script { gate: Some(gate.clone()), ..Script::default() });
        let mut first = Box::pin(bench.ask(&bound));
        let mut second = Box::pin(bench.ask(&bound));
        assert!(futures::poll!(&mut first).is_pending() && futures::poll!(&mut second).is_pending());
        assert_eq!(bench.memory.running(), 1);
        drop(first);
        assert_eq!(bench.memory.running(), 1);
        gate.add_permits(1);
        assert!(!second.await.unwrap().is_empty());
        assert!(bench.is_empty());
        let mut first = Box::pin(bench.ask(&bound));
        let mut second = Box::pin(bench.ask(&bound));
        assert!(futures::poll!(&mut first).is_pending() && futures::poll!(&mut second).is_pending());
        drop(second);
        assert_eq!(bench.memory.running(), 1);
        drop(first);
        assert!(bench.is_empty(), "the last one cancels");
        assert_eq!(bench.memory.log().len(), 2);
    }
}

#[tokio::test]
async fn a_reader_that_stops_half_way_stops_no_other() {
    let bench = Bench::of(memory().batch_rows(1), &Tuning::default());
    bench.memory.play(Script { delay: Some(Duration::from_millis(1)), ..Script::default() });
    let (bound, context) = (list(0), context());
    let (first, second) =
        tokio::join!(bench.stack.top().fetch(&bound, &context), bench.stack.top().fetch(&bound, &context));
    let (mut first, second) = (first.unwrap(), second.unwrap());
    assert_eq!(bench.memory.log().len(), 1);
    assert!(first.try_next().await.unwrap().is_some());
    let all: Vec<Rows> = second.try_collect().await.unwrap();
    assert_eq!(all.len(), 40);
    assert!(first.try_next().await.unwrap().is_some());
    drop(first);
    assert!(bench.is_empty());
}

#[tokio::test]
async fn a_long_load_is_let_go_of_without_deep_recursion() {
    let count = 50_000;
    let column: ArrayRef = Arc::new((0..count).collect::<Int32Array>());
    let rows = RecordBatch::try_from_iter([("id", column.clone()), ("part", column.clone()), ("age", column)]).unwrap();
    let memory = Memory::new("m").collection((*collection()).clone(), &rows).unwrap().batch_rows(1);
    let bench = Bench::of(memory, &Tuning::default());
    bench.memory.play(Script { delay: Some(Duration::from_millis(1)), ..Script::default() });
    let (bound, context) = (list(-100_000), context());
    let (first, second) =
        tokio::join!(bench.stack.top().fetch(&bound, &context), bench.stack.top().fetch(&bound, &context));
    let (first, mut second) = (first.unwrap(), second.unwrap());
    let mut read = 0;
    while second.try_next().await.unwrap().is_some() {
        read += 1;
    }
    assert_eq!((read, bench.memory.log().len()), (count, 1));
    drop(first);
    assert!(bench.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn thousands_that_go_away_at_any_moment_leave_nothing_behind() {
    let bench = Arc::new(Bench::of(memory().batch_rows(2), &Tuning { connections: 4, ..Tuning::default() }));
    bench.memory.play(Script { delay: Some(Duration::from_micros(300)), ..Script::default() });
    let shapes = [keyed(0, &[2], 100, None), keyed(1, &[0, 1], 9, Some(2))];
    let mut seed = 7u64;
    let mut random = move |below: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % below
    };
    let mut tasks = Vec::new();
    for _ in 0..4_000 {
        let bound = match random(8) {
            0 => list(i128::from(random(3)) + 70),
            at => with_keys(&shapes[at as usize % 2], &[random(12) as i32, random(3) as i32 + 12]),
        };
        let patience = Duration::from_micros(random(4_000));
        let bench = bench.clone();
        let steps = random(6);
        tasks.push(tokio::spawn(async move {
            for _ in 0..steps {
                tokio::task::yield_now().await;
            }
            let Ok(answer) = tokio::time::timeout(patience, bench.ask(&bound)).await else {
                return None;
            };
            Some((bound, answer))
        }));
        if random(40) == 0 {
            tokio::task::yield_now().await;
        }
    }
    let mut answered = Vec::new();
    for task in tasks {
        answered.extend(task.await.unwrap());
    }
    until(|| bench.is_empty()).await;
    bench.memory.play(Script::default());
    assert!(!answered.is_empty());
    let fetches = bench.memory.log().len();
    assert!(fetches < 4_000, "{fetches}");
    for (bound, answer) in answered {
        let alone = bench.ask_alone(&bound).await.unwrap();
        assert_eq!(sorted(&answer.unwrap()), sorted(&alone));
    }
}
