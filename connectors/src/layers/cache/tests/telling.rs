//! What a source tells of its changes is forgotten, in the background and together.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, mpsc};

use super::*;
use crate::known::Known;

fn known(bench: &Bench, served: &[&str]) -> Arc<Known> {
    let known = Known::new("m".into(), Some(bench.shelf.clone()));
    known.serve(served.iter().map(|name| (*name).to_owned()).collect());
    known
}

fn told(messages: &[&str]) -> Vec<Change> {
    messages.iter().map(|message| Change::parse(message).unwrap_or(Change::All)).collect()
}

#[tokio::test]
async fn a_name_that_is_not_served_stands_for_any_change() {
    for (messages, left) in [
        (vec!["other"], 2),
        (vec![r#"{"collection": "other", "key": {"id": 1}}"#], 2),
        (vec![r#"{"collection": "c", "key": {"id": 3}}"#], 1),
        (vec!["c"], 0),
        (vec![""], 0),
        (vec!["c_1"], 0),
        (vec!["other", "C"], 0),
        (vec!["public.c"], 0),
        (vec!["\"c\""], 0),
        (vec!["[\"c\"]"], 0),
        (vec!["c,other"], 0),
        (vec![r#"{"collection": "c_1", "key": {"id": 77}}"#], 0),
        (vec![r#"{"collection": "other", "collection": "c"}"#], 0),
        (vec![r#"{"collection": "c", "key": {"id": 77, "id": 3}}"#], 0),
    ] {
        let bench = Bench::new();
        bench.ask(&with_keys(&keyed(0, &[0], 100, None), &[3, 5])).await.unwrap();
        let changes = stream::iter(told(&messages)).boxed();
        known(&bench, &["c", "other"]).follow(changes).await;
        assert_eq!(bench.shelf.status().entries, left, "{messages:?}");
    }
}

/// A store that counts its passes, each of which waits to be let go on.
struct Waiting {
    store: Arc<InProcess>,
    passes: AtomicUsize,
    has_begun: AtomicBool,
    go_on: Mutex<mpsc::Receiver<()>>,
}

impl Store for Waiting {
    fn get_many(&self, keys: &[Key]) -> Vec<Option<Value>> {
        self.store.get_many(keys)
    }

    fn put_many(&self, values: Vec<(Key, Value)>) -> bool {
        self.store.put_many(values)
    }

    fn forget_many(&self, keys: &[Key]) -> usize {
        self.passes.fetch_add(1, Ordering::SeqCst);
        self.has_begun.store(true, Ordering::SeqCst);
        self.go_on.lock().unwrap().recv().unwrap();
        self.store.forget_many(keys)
    }

    fn tidy(&self) {
        self.store.tidy();
    }
}

#[tokio::test]
async fn a_thousand_changes_at_once_hold_up_nobody_and_are_forgotten_together() {
    let (go_on, waiting) = mpsc::channel();
    let store = Arc::new(Waiting {
        store: InProcess::new(1 << 20),
        passes: AtomicUsize::new(0),
        has_begun: AtomicBool::new(false),
        go_on: Mutex::new(waiting),
    });
    let shared: Arc<dyn Store> = store.clone();
    let bench = Bench::over(memory(), &shared, |_| {});
    let bound = with_keys(&keyed(0, &[0], 100, None), &(0..40).collect::<Vec<_>>());
    bench.ask(&bound).await.unwrap();
    let changes: Vec<_> = (0..1_000).map(|id| format!(r#"{{"collection": "c", "key": {{"id": {id}}}}}"#)).collect();
    let changes = told(&changes.iter().map(String::as_str).collect::<Vec<_>>());
    let following = tokio::spawn(known(&bench, &["c"]).follow(stream::iter(changes).boxed()));
    while !store.has_begun.load(Ordering::SeqCst) {
        tokio::task::yield_now().await;
    }
    // This thread is the only one that runs tasks, and a pass is not over.
    bench.ask(&list(70)).await.unwrap();
    for _ in 0..10 {
        go_on.send(()).unwrap();
    }
    following.await.unwrap();
    assert_eq!(store.passes.load(Ordering::SeqCst), 1);
    assert_eq!(bench.shelf.status().entries, 1, "the list, which was asked for after them");
}
