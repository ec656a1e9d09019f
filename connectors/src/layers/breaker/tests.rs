//! Every transition, by the clock that tests hold.

use lilong_schema::Collection;

use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn breaker(tuning: &Tuning) -> Arc<Breaker> {
    Breaker::new("s".into(), tuning)
}

/// Lets a fetch through that ends so.
fn pass(breaker: &Arc<Breaker>, outcome: Outcome) {
    breaker.enter().unwrap().outcome = outcome;
}

fn fault(breaker: &Arc<Breaker>, times: usize) {
    (0..times).for_each(|_| pass(breaker, Outcome::Fault));
}

async fn forward(time: Duration) {
    tokio::time::advance(time).await;
}

#[tokio::test(start_paused = true)]
async fn five_faults_in_a_row_open_it_and_an_answer_between_them_does_not() {
    let breaker = breaker(&Tuning::default());
    for _ in 0..3 {
        fault(&breaker, 4);
        pass(&breaker, Outcome::Answered);
        forward(SECOND * 11).await;
    }
    fault(&breaker, 4);
    pass(&breaker, Outcome::Nothing);
    assert_eq!(breaker.circuit(), Circuit::Closed);
    fault(&breaker, 1);
    assert_eq!(breaker.circuit(), Circuit::Open);
    let refused = breaker.enter().err().unwrap();
    assert_eq!((refused.kind, refused.temporary), (ErrorKind::Unavailable, false));
}

#[tokio::test(start_paused = true)]
async fn half_of_twenty_in_ten_seconds_open_it() {
    // Fetches that answer, faults among them, seconds between two pairs; whether it opens.
    for (pairs, first, pause, opens) in [
        (9, 0, Duration::ZERO, false),
        (10, 0, Duration::ZERO, true),
        (10, 1, Duration::ZERO, false),
        (11, 1, Duration::ZERO, false),
        (10, 0, SECOND, true),
        (30, 0, SECOND * 2, false),
    ] {
        let breaker = breaker(&Tuning::default());
        (0..first).for_each(|_| pass(&breaker, Outcome::Answered));
        for at in 0..pairs {
            pass(&breaker, Outcome::Answered);
            pass(&breaker, Outcome::Fault);
            if at + 1 < pairs {
                forward(pause).await;
            }
        }
        assert_eq!(breaker.circuit() == Circuit::Open, opens, "{pairs} {first} {pause:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn after_the_pause_one_fetch_tries_it_and_pauses_double_up_to_the_longest() {
    let breaker = breaker(&Tuning::default());
    fault(&breaker, 5);
    for seconds in [5, 10, 20, 40, 60, 60] {
        forward(Duration::from_millis(seconds * 1_000 - 1)).await;
        assert!(breaker.enter().is_err(), "{seconds}");
        forward(Duration::from_millis(1)).await;
        let probe = breaker.enter().unwrap();
        assert_eq!(breaker.circuit(), Circuit::Probing);
        assert!(breaker.enter().is_err(), "one probe");
        let mut probe = probe;
        probe.outcome = Outcome::Fault;
        drop(probe);
        assert_eq!(breaker.circuit(), Circuit::Open);
    }
    forward(SECOND * 60).await;
    pass(&breaker, Outcome::Answered);
    assert_eq!(breaker.circuit(), Circuit::Closed);
    // From the beginning: five faults, five seconds.
    fault(&breaker, 4);
    assert_eq!(breaker.circuit(), Circuit::Closed);
    fault(&breaker, 1);
    forward(SECOND * 5).await;
    assert!(breaker.enter().is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_probe_that_is_given_up_leaves_the_next_one_to_try() {
    let breaker = breaker(&Tuning::default());
    fault(&breaker, 5);
    forward(SECOND * 5).await;
    drop(breaker.enter().unwrap());
    assert_eq!(breaker.circuit(), Circuit::Open);
    pass(&breaker, Outcome::Answered);
    assert_eq!(breaker.circuit(), Circuit::Closed);
}

#[tokio::test(start_paused = true)]
async fn what_began_before_it_opened_or_closed_says_nothing_afterwards() {
    let breaker = breaker(&Tuning::default());
    let mut early: Vec<_> = (0..8).map(|_| breaker.enter().unwrap()).collect();
    let mut late = early.split_off(6);
    for pass in &mut early {
        pass.outcome = Outcome::Fault;
    }
    drop(early);
    assert_eq!(breaker.circuit(), Circuit::Open);
    late[0].outcome = Outcome::Answered;
    drop(late.swap_remove(0));
    assert_eq!(breaker.circuit(), Circuit::Open, "an answer to an old question");
    forward(SECOND * 5).await;
    let mut probe = breaker.enter().unwrap();
    late[0].outcome = Outcome::Fault;
    drop(late);
    assert_eq!(breaker.circuit(), Circuit::Probing);
    probe.outcome = Outcome::Answered;
    drop(probe);
    assert_eq!(breaker.circuit(), Circuit::Closed);
}

#[tokio::test(start_paused = true)]
async fn off_never_opens_and_other_numbers_hold() {
    let off = breaker(&Tuning { breaker_faults: 0, ..Tuning::default() });
    fault(&off, 100);
    assert_eq!(off.circuit(), Circuit::Closed);
    let tuning =
        Tuning { breaker_faults: 2, breaker_pause: SECOND * 3, breaker_longest_pause: SECOND * 4, ..Tuning::default() };
    let quick = breaker(&tuning);
    fault(&quick, 2);
    for seconds in [3, 4, 4] {
        forward(Duration::from_millis(seconds * 1_000 - 1)).await;
        assert!(quick.enter().is_err());
        forward(Duration::from_millis(1)).await;
        fault(&quick, 1);
    }
}

#[test]
fn only_what_tells_that_a_source_cannot_be_reached_is_a_fault() {
    for (kind, fault) in [
        (ErrorKind::Unavailable, true),
        (ErrorKind::Timeout, true),
        (ErrorKind::Overloaded, false),
        (ErrorKind::Denied, false),
        (ErrorKind::Rejected, false),
        (ErrorKind::Mismatch, false),
        (ErrorKind::TooCostly, false),
        (ErrorKind::Internal, false),
    ] {
        let mut pass = breaker(&Tuning::default()).enter().unwrap();
        pass.failed(&Error::new(kind, "s", ""));
        assert_eq!(matches!(pass.outcome, Outcome::Fault), fault, "{kind:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_source_is_left_alone_and_comes_back() {
    use crate::kinds::memory::{Memory, Script};
    use crate::{Fetch, Prepared, Source};
    use arrow_array::{ArrayRef, Int32Array, RecordBatch};
    use futures::TryStreamExt;
    use lilong_schema::{Field, Scalar};
    use tokio::sync::Semaphore;

    let field = Field { nullable: false, ..Field::new("id", Scalar::Int) };
    let collection = Collection { name: "c".to_owned(), fields: vec![field], ..Collection::default() };
    let column: ArrayRef = Arc::new(Int32Array::from(vec![1, 2]));
    let rows = RecordBatch::try_from_iter([("id", column)]).unwrap();
    let memory = Arc::new(Memory::new("s").collection(collection.clone(), &rows).unwrap().batch_rows(1));
    let source = Source::new("s".into(), memory.clone(), &Tuning::default(), Arc::new(Semaphore::new(10)));
    let fetch = Fetch::of(Arc::new(collection), vec![0]);
    let bound = BoundFetch { prepared: Arc::new(Prepared::new(fetch)), operands: vec![], keys: None };
    let context = FetchContext::new(std::time::Instant::now() + SECOND * 60, "t");
    let ask =
        async || -> Result<usize> { Ok(source.fetch(&bound, &context).await?.try_collect::<Vec<_>>().await?.len()) };
    // What a source denies or rejects never counts.
    for kind in [ErrorKind::Denied, ErrorKind::Rejected] {
        memory.play(Script::failing(kind));
        for _ in 0..30 {
            assert_eq!(ask().await.unwrap_err().kind, kind);
        }
    }
    assert_eq!(source.circuit(), Circuit::Closed);
    // Faults in the middle of an answer count like those before it.
    memory.play(Script { after_rows: 1, ..Script::failing(ErrorKind::Unavailable) });
    for _ in 0..5 {
        assert!(ask().await.is_err());
    }
    assert_eq!(source.circuit(), Circuit::Open);
    memory.clear_log();
    for _ in 0..30 {
        assert_eq!(ask().await.unwrap_err().kind, ErrorKind::Unavailable);
    }
    assert!(memory.log().is_empty(), "it is left alone");
    memory.play(Script::default());
    forward(SECOND * 5).await;
    assert_eq!(ask().await.unwrap(), 2);
    assert_eq!(source.circuit(), Circuit::Closed);
    // The last retries: none of them was refused by the breaker, and none after a row.
    assert_eq!(source.status().retries, 0);
    memory.clear_log();
    memory.play(Script::failing(ErrorKind::Unavailable));
    assert!(ask().await.is_err());
    assert_eq!((memory.log().len(), source.status().retries), (2, 1));
}
