//! What a memory source is told to do wrong, and what it remembers of the fetches it got.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Semaphore;

use crate::{Error, ErrorKind, Result, Rows};

/// How a memory source acts; by default without any fault.
#[derive(Clone, Debug, Default)]
pub struct Script {
    /// Fetches fail so; without [`Script::only`] describing and pinging fail too.
    pub fail: Option<ErrorKind>,
    /// Rows that a fetch gives before it fails; 0: it fails at once.
    pub after_rows: usize,
    /// Only fetches of this collection are touched by the script.
    pub only: Option<String>,
    /// How long a fetch takes by tokio's clock, which tests pause.
    pub delay: Option<Duration>,
    /// A fetch waits for a permit and uses it up: a test lets fetches through one by one.
    pub gate: Option<Arc<Semaphore>>,
}

impl Script {
    /// A script in which everything fails.
    pub fn failing(kind: ErrorKind) -> Self {
        Self { fail: Some(kind), ..Self::default() }
    }

    fn touches(&self, collection: Option<&str>) -> bool {
        self.only.is_none() || self.only.as_deref() == collection
    }

    /// How the work on a collection, or on the source as a whole, fails.
    pub(super) fn fails(&self, collection: Option<&str>) -> Option<ErrorKind> {
        self.fail.filter(|_| self.touches(collection))
    }

    /// Waits as long as the script says.
    pub(super) async fn wait(&self, collection: &str) {
        if !self.touches(Some(collection)) {
            return;
        }
        if let Some(delay) = self.delay {
            tokio::time::sleep(delay).await;
        }
        if let Some(gate) = &self.gate
            && let Ok(permit) = gate.acquire().await
        {
            permit.forget();
        }
    }
}

/// A fetch that a memory source got.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logged {
    /// The collection.
    pub collection: String,
    /// The fetch as `explain` writes it.
    pub text: String,
    /// How many keys it asked for; `None`: it was not by keys.
    pub keys: Option<usize>,
}

/// The script that is played, the log, and who is on.
#[derive(Default)]
pub(super) struct Stage {
    script: Mutex<Script>,
    log: Mutex<Vec<Logged>>,
    running: Arc<AtomicUsize>,
    most_running: AtomicUsize,
}

impl Stage {
    pub(super) fn play(&self, script: Script) {
        *lock(&self.script) = script;
    }

    pub(super) fn script(&self) -> Script {
        lock(&self.script).clone()
    }

    pub(super) fn log(&self) -> Vec<Logged> {
        lock(&self.log).clone()
    }

    pub(super) fn clear_log(&self) {
        lock(&self.log).clear();
        self.most_running.store(self.running(), Ordering::SeqCst);
    }

    pub(super) fn running(&self) -> usize {
        self.running.load(Ordering::SeqCst)
    }

    pub(super) fn most_running(&self) -> usize {
        self.most_running.load(Ordering::SeqCst)
    }

    /// Writes a fetch down; it runs until what this gives is dropped.
    pub(super) fn enter(&self, logged: Logged) -> Running {
        lock(&self.log).push(logged);
        let now = self.running.fetch_add(1, Ordering::SeqCst) + 1;
        self.most_running.fetch_max(now, Ordering::SeqCst);
        Running(self.running.clone())
    }
}

/// A fetch that is on.
pub(super) struct Running(Arc<AtomicUsize>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// The first rows of an answer, then a fault.
pub(super) fn cut(pieces: Vec<Result<Rows>>, mut rows: usize, fault: Error) -> Vec<Result<Rows>> {
    let mut kept = Vec::with_capacity(pieces.len() + 1);
    for piece in pieces.into_iter().flatten() {
        if rows == 0 {
            break;
        }
        let taken = piece.batch.num_rows().min(rows);
        rows -= taken;
        let faults = piece.faults.into_iter().filter(|fault| fault.row < taken).collect();
        kept.push(Ok(Rows { batch: piece.batch.slice(0, taken), faults }));
    }
    kept.push(Err(fault));
    kept
}

/// A panic of another thread leaves nothing half-written here.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
