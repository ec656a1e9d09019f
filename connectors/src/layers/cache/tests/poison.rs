//! Nothing is kept of what went wrong.

use tokio::sync::Semaphore;

use super::*;

fn asked() -> [BoundFetch; 2] {
    [list(70), with_keys(&keyed(0, &[0], 100, None), &[3, 5])]
}

#[tokio::test]
async fn a_fault_is_never_kept_however_far_its_load_came() {
    for bound in asked() {
        for kind in [
            ErrorKind::Unavailable,
            ErrorKind::Timeout,
            ErrorKind::Overloaded,
            ErrorKind::Denied,
            ErrorKind::Rejected,
            ErrorKind::Mismatch,
            ErrorKind::TooCostly,
            ErrorKind::Internal,
        ] {
            for after_rows in [0, 1, 2] {
                let bench = Bench::of(memory().batch_rows(1), |_| {});
                bench.memory.play(Script { after_rows, ..Script::failing(kind) });
                assert_eq!(bench.ask(&bound).await.unwrap_err().kind, kind);
                assert_eq!(bench.shelf.status().entries, 0);
                bench.memory.play(Script::default());
                let answer = bench.ask(&bound).await.unwrap();
                assert_eq!(sorted(&answer), sorted(&bench.ask_alone(&bound).await.unwrap()), "{kind:?} {after_rows}");
            }
        }
    }
}

#[tokio::test]
async fn a_load_that_nobody_waits_for_any_more_leaves_nothing() {
    for bound in asked() {
        let bench = Bench::new();
        let gate = Arc::new(Semaphore::new(0));
        bench.memory.play(Script { gate: Some(gate.clone()), ..Script::default() });
        let mut first = Box::pin(bench.ask(&bound));
        let mut second = Box::pin(bench.ask(&bound));
        assert!(futures::poll!(&mut first).is_pending() && futures::poll!(&mut second).is_pending());
        drop((first, second));
        assert_eq!((bench.memory.running(), bench.shelf.status().entries), (0, 0));
        gate.add_permits(10);
        assert!(!bench.ask(&bound).await.unwrap().is_empty());
        assert_eq!(bench.memory.log().len(), 2);
        // One of two goes: the other has it, and it is kept.
        let bench = Bench::new();
        let gate = Arc::new(Semaphore::new(0));
        bench.memory.play(Script { gate: Some(gate.clone()), ..Script::default() });
        let mut first = Box::pin(bench.ask(&bound));
        let mut second = Box::pin(bench.ask(&bound));
        assert!(futures::poll!(&mut first).is_pending() && futures::poll!(&mut second).is_pending());
        drop(first);
        gate.add_permits(10);
        second.await.unwrap();
        bench.ask(&bound).await.unwrap();
        assert_eq!(bench.memory.log().len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_load_that_takes_too_long_leaves_nothing() {
    for bound in asked() {
        let bench = Bench::new();
        bench.memory.play(Script { delay: Some(SECOND * 10), ..Script::default() });
        assert_eq!(bench.ask(&bound).await.unwrap_err().kind, ErrorKind::Timeout);
        assert_eq!(bench.shelf.status().entries, 0);
        bench.memory.play(Script::default());
        bench.ask(&bound).await.unwrap();
        assert_eq!(bench.memory.log().len(), 2);
    }
}
