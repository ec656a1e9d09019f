//! Who is tried again, and how often.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use futures::StreamExt;
use lilong_schema::{Capabilities, Collection, SourceDescription};

use super::*;
use crate::layer::Stack;
use crate::{Connector, Error, Fetch, Native, Prepared};

/// Fails so in turn, then empty answers.
struct Scripted {
    outcomes: Mutex<Vec<Error>>,
    sent: AtomicU64,
}

impl Connector for Scripted {
    fn capabilities(&self) -> Capabilities {
        Capabilities::NONE
    }

    fn describe(&self) -> BoxFuture<'_, Result<SourceDescription>> {
        Box::pin(async { Ok(SourceDescription::default()) })
    }

    fn explain(&self, _: &Fetch) -> Result<Native> {
        Ok(Native { text: String::new(), parts: Arc::new(()) })
    }

    fn fetch<'a>(&'a self, _: &'a BoundFetch, _: &'a FetchContext) -> BoxFuture<'a, Result<RowStream>> {
        self.sent.fetch_add(1, Ordering::Relaxed);
        let mut outcomes = self.outcomes.lock().unwrap();
        let outcome = (!outcomes.is_empty()).then(|| outcomes.remove(0));
        Box::pin(async move {
            match outcome {
                Some(error) => Err(error),
                None => Ok(futures::stream::empty().boxed()),
            }
        })
    }

    fn ping(&self) -> BoxFuture<'_, Result<()>> {
        Box::pin(async { Ok(()) })
    }
}

struct Bench {
    stack: Arc<Stack>,
    source: Arc<Scripted>,
    observed: Arc<Observed>,
}

fn bench(percent: usize, outcomes: Vec<Error>) -> Bench {
    let source = Arc::new(Scripted { outcomes: Mutex::new(outcomes), sent: AtomicU64::new(0) });
    let observed = Arc::new(Observed::default());
    let tuning = Tuning { retry_percent: percent, ..Tuning::default() };
    let stack = Stack::new(vec![Box::new(Retry::new(&tuning, observed.clone()))], source.clone());
    Bench { stack, source, observed }
}

impl Bench {
    async fn ask(&self) -> Result<()> {
        let fetch = Fetch::of(Arc::new(Collection::default()), vec![]);
        let bound = BoundFetch { prepared: Arc::new(Prepared::new(fetch)), operands: vec![], keys: None };
        let context = FetchContext::new(Instant::now() + Duration::from_mins(1), "t");
        self.stack.top().fetch(&bound, &context).await.map(|_| ())
    }

    fn sent(&self) -> u64 {
        self.source.sent.load(Ordering::Relaxed)
    }
}

fn gone() -> Error {
    Error::new(ErrorKind::Unavailable, "s", "gone")
}

#[tokio::test]
async fn only_a_temporary_loss_of_the_connection_is_tried_again() {
    for (kind, temporary, sent) in [
        (ErrorKind::Unavailable, true, 2),
        (ErrorKind::Unavailable, false, 1),
        (ErrorKind::Timeout, true, 1),
        (ErrorKind::Overloaded, true, 1),
        (ErrorKind::Denied, true, 1),
        (ErrorKind::Rejected, true, 1),
        (ErrorKind::Mismatch, true, 1),
        (ErrorKind::TooCostly, true, 1),
        (ErrorKind::Internal, true, 1),
    ] {
        let bench = bench(20, vec![Error { temporary, ..Error::new(kind, "s", "") }]);
        assert_eq!(bench.ask().await.is_ok(), sent == 2, "{kind:?}");
        assert_eq!((bench.sent(), bench.observed.status().retries), (sent, sent - 1), "{kind:?}");
    }
}

#[tokio::test]
async fn it_is_tried_once_more_and_no_oftener() {
    let bench = bench(20, vec![gone(), gone(), gone()]);
    assert!(bench.ask().await.is_err());
    assert_eq!(bench.sent(), 2);
}

#[tokio::test]
async fn a_fifth_of_all_fetches_may_be_tried_again() {
    for (percent, retries) in [(20, 21), (1, 2), (100, 100), (0, 0)] {
        let bench = bench(percent, vec![gone(); 1_000]);
        for _ in 0..100 {
            assert!(bench.ask().await.is_err());
        }
        assert_eq!(bench.observed.status().retries, retries, "{percent}");
        assert_eq!(bench.sent(), 100 + retries);
    }
}

#[tokio::test]
async fn what_is_saved_up_is_bounded() {
    let bench = bench(20, vec![]);
    for _ in 0..1_000 {
        bench.ask().await.unwrap();
    }
    *bench.source.outcomes.lock().unwrap() = vec![gone(); 1_000];
    for _ in 0..12 {
        assert!(bench.ask().await.is_err());
    }
    assert_eq!(bench.observed.status().retries, 12, "ten saved, two and more earned");
    for _ in 0..5 {
        assert!(bench.ask().await.is_err());
    }
    assert_eq!(bench.observed.status().retries, 13);
}
