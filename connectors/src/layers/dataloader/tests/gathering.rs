//! Fetches that differ in their keys only, in one.

use futures::future::join_all;
use tokio::sync::Semaphore;

use super::bench::*;
use super::*;
use crate::{CellFault, ErrorKind, Fetch, Prepared};

#[tokio::test]
async fn sixty_four_look_ups_at_once_are_three_fetches() {
    let bench = Bench::new();
    let shape = keyed(0, &[2], 100, None);
    let asked: Vec<_> = (0..64).map(|key| with_keys(&shape, &[key])).collect();
    let answers = together(&bench, &asked).await;
    let keys: Vec<_> = bench.memory.log().into_iter().map(|logged| logged.keys.unwrap()).collect();
    assert_eq!(keys, [1, 1, 62]);
    for (key, answer) in answers.into_iter().enumerate() {
        let key = key as i32;
        let expected: Vec<_> = (key < 40).then(|| vec![Some(100 - key)]).into_iter().collect();
        assert_eq!(cells(&answer.unwrap()).0, expected, "the key column is not there, as it was not asked for");
    }
    assert!(bench.is_empty());
}

#[tokio::test]
async fn callers_in_company_get_what_they_would_get_alone() {
    let shapes = [
        keyed(0, &[0, 2], 100, None),
        keyed(0, &[2], 100, None),
        keyed(1, &[0, 1], 100, None),
        keyed(1, &[2, 0], 100, Some(2)),
        keyed(1, &[2], 100, Some(3)),
        // The answer of all together is as long as the ceiling: it might have been cut.
        keyed(1, &[0, 2], 9, None),
        keyed(1, &[0], 8, Some(2)),
    ];
    for (at, shape) in shapes.iter().enumerate() {
        let bad = memory().bad_cell("c", "age", 7).unwrap().bad_cell("c", "age", 17).unwrap().batch_rows(3);
        let bench = Bench::of(bad, &Tuning { connections: 2, ..Tuning::default() });
        let keys: [&[i32]; 9] = [&[1], &[7, 2], &[2, 7], &[7], &[99], &[3, 99], &[], &[1], &[5, 6]];
        let asked: Vec<_> = keys.iter().map(|keys| with_keys(shape, keys)).collect();
        let answers = together(&bench, &asked).await;
        for (bound, answer) in asked.iter().zip(answers) {
            let alone = bench.ask_alone(bound).await.unwrap();
            assert_eq!(sorted(&answer.unwrap()), sorted(&alone), "shape {at}, {:?}", bound.keys);
        }
        assert!(bench.is_empty());
    }
}

#[tokio::test]
async fn rows_of_a_key_keep_their_order_and_their_faults() {
    let bench = Bench::of(memory().bad_cell("c", "age", 27).unwrap(), &Tuning { connections: 1, ..Tuning::default() });
    let shape = keyed(1, &[0, 2], 100, None);
    let asked = [with_keys(&shape, &[0]), with_keys(&shape, &[3]), with_keys(&shape, &[7])];
    let answers = together(&bench, &asked).await;
    assert_eq!(bench.memory.log().iter().map(|logged| logged.keys).collect::<Vec<_>>(), [Some(1), Some(2)]);
    let mut answers = answers.into_iter().map(Result::unwrap);
    answers.next();
    let ordered = |ids: [i32; 4]| ids.map(|id| vec![Some(id), (id != 27).then_some(100 - id)]).to_vec();
    assert_eq!(cells(&answers.next().unwrap()), (ordered([33, 23, 13, 3]), vec![]));
    // A fault orders as the null that it is.
    assert_eq!(cells(&answers.next().unwrap()), (ordered([37, 17, 7, 27]), vec![CellFault { column: 1, row: 3 }]));
}

#[tokio::test]
async fn an_answer_that_may_be_cut_is_thrown_away_and_each_asks_alone() {
    let bench = Bench::of(memory(), &Tuning { connections: 1, ..Tuning::default() });
    // Each has four rows: a caller's own ceiling of nine is not met by one, but by three together.
    let shape = keyed(1, &[0], 9, None);
    let asked: Vec<_> = (0..4).map(|key| with_keys(&shape, &[key])).collect();
    for answer in together(&bench, &asked).await {
        assert_eq!(cells(&answer.unwrap()).0.len(), 4);
    }
    let keys: Vec<_> = bench.memory.log().into_iter().map(|logged| logged.keys.unwrap()).collect();
    assert_eq!(keys, [1, 3, 1, 1, 1]);
    assert_eq!(bench.memory.most_running(), 1, "they still take turns");
    assert!(bench.is_empty());
}

#[tokio::test]
async fn what_has_no_ceiling_or_many_keys_goes_by_itself() {
    let bench = Bench::of(memory(), &Tuning { connections: 1, ..Tuning::default() });
    let (prepared, operands) = keyed(0, &[0], 100, None);
    let unbounded = Arc::new(Prepared::new(Fetch { limit: None, ..prepared.fetch.clone() }));
    let many: Vec<i32> = (0..300).collect();
    let asked = [
        with_keys(&(unbounded.clone(), operands.clone()), &[1]),
        with_keys(&(unbounded, operands.clone()), &[2]),
        with_keys(&(prepared.clone(), operands.clone()), &many),
        with_keys(&(prepared, operands), &many[1..]),
    ];
    together(&bench, &asked).await;
    assert_eq!((bench.memory.log().len(), bench.memory.most_running()), (4, 4));
    assert!(bench.is_empty());
}

#[tokio::test]
async fn a_gathered_fetch_has_no_more_keys_than_the_source_takes() {
    let bench = Bench::of(memory().capabilities(Capabilities { keys: 10, ..Capabilities::ALL }), &Tuning::default());
    let shape = keyed(0, &[0], 100, None);
    let asked: Vec<_> = (0..32).step_by(2).map(|key| with_keys(&shape, &[key, key + 1])).collect();
    for answer in together(&bench, &asked).await {
        assert_eq!(cells(&answer.unwrap()).0.len(), 2);
    }
    let keys: Vec<_> = bench.memory.log().into_iter().map(|logged| logged.keys.unwrap()).collect();
    assert_eq!(keys, [2, 2, 10, 10, 8]);
}

#[tokio::test]
async fn a_fault_goes_to_all_whom_it_concerns_and_to_nobody_else() {
    let shape = keyed(0, &[0], 100, None);
    let asked: Vec<_> = (0..7).map(|key| with_keys(&shape, &[key])).collect();
    // Whether each asks again alone: one caller's key may be what is refused.
    for (kind, fetches) in [
        (ErrorKind::Unavailable, 3),
        (ErrorKind::Timeout, 8),
        (ErrorKind::Overloaded, 3),
        (ErrorKind::Denied, 3),
        (ErrorKind::Rejected, 8),
        (ErrorKind::Mismatch, 8),
        (ErrorKind::TooCostly, 8),
        (ErrorKind::Internal, 8),
    ] {
        for after_rows in [0, 1] {
            let bench = Bench::new();
            let script = Script { after_rows, ..Script::failing(kind) };
            for answer in together_under(&bench, &asked, script).await {
                assert_eq!(answer.unwrap_err().kind, kind);
            }
            assert_eq!(bench.memory.log().len(), fetches, "{kind:?} {after_rows}");
            assert!(bench.is_empty());
            assert!(bench.ask(&asked[0]).await.is_ok(), "a fault is not kept");
        }
    }
}

#[tokio::test]
async fn nobody_asks_for_the_keys_of_those_who_have_gone() {
    let bench = Bench::of(memory(), &Tuning { connections: 1, ..Tuning::default() });
    let gate = Arc::new(Semaphore::new(0));
    bench.memory.play(Script { gate: Some(gate.clone()), ..Script::default() });
    let shape = keyed(0, &[0], 100, None);
    let asked: Vec<_> = (0..6).map(|key| with_keys(&shape, &[key])).collect();
    let mut waiting: Vec<_> = asked.iter().map(|bound| Some(Box::pin(bench.ask(bound)))).collect();
    for ask in waiting.iter_mut().flatten() {
        assert!(futures::poll!(ask).is_pending());
    }
    // The one that runs, the one that opened the gathering, and another in it.
    for gone in [0, 1, 3] {
        waiting[gone] = None;
    }
    gate.add_permits(10);
    let answers = join_all(waiting.into_iter().flatten()).await;
    let found: Vec<_> = answers.into_iter().map(|answer| cells(&answer.unwrap()).0).collect();
    assert_eq!(found, [2, 4, 5].map(|id| vec![vec![Some(id)]]));
    assert_eq!(bench.memory.log().iter().map(|logged| logged.keys).collect::<Vec<_>>(), [Some(1), Some(3)]);
    assert!(bench.is_empty());
}

#[tokio::test]
async fn one_who_is_left_alone_in_a_gathering_reads_as_if_alone() {
    let bench = Bench::of(memory(), &Tuning { connections: 1, ..Tuning::default() });
    let shape = keyed(1, &[0], 4, None);
    let answers = together(&bench, &[with_keys(&shape, &[0]), with_keys(&shape, &[1])]).await;
    assert!(answers.into_iter().all(|answer| cells(&answer.unwrap()).0.len() == 4));
    assert_eq!(bench.memory.log().len(), 2);
    assert!(bench.is_empty());
}

#[tokio::test(start_paused = true)]
async fn waiting_for_company_is_bounded() {
    let bench = Bench::of(memory(), &Tuning { connections: 1, ..Tuning::default() });
    bench.memory.play(Script { gate: Some(Arc::new(Semaphore::new(0))), ..Script::default() });
    let shape = keyed(0, &[0], 100, None);
    let (first, second) = (with_keys(&shape, &[1]), with_keys(&shape, &[2]));
    let mut first = Box::pin(bench.ask(&first));
    assert!(futures::poll!(&mut first).is_pending());
    assert_eq!(bench.ask(&second).await.unwrap_err().kind, ErrorKind::Overloaded);
    drop(first);
    assert!(bench.is_empty());
}
