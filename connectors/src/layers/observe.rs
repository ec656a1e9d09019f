//! Counts fetches and faults and knows whether the source answers.
//!
//! *Invariant*: never changes an answer.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use futures::StreamExt;
use futures::future::BoxFuture;

use crate::layer::{Layer, Next};
use crate::{BoundFetch, Error, ErrorKind, FetchContext, Result, RowStream, Rows};

/// Whether a source answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It has not been asked yet.
    Unknown,
    /// It answered the last time.
    Ready,
    /// It could not be reached the last time, or lets nobody in.
    Unavailable,
}

/// What has been seen of a source.
#[derive(Clone, Copy, Debug)]
pub struct Status {
    /// Whether it answers.
    pub state: State,
    /// The last fault since it answered: what keeps it from being ready, or what it denied although it is.
    pub error: Option<ErrorKind>,
    /// Since when the state is what it is.
    pub since: SystemTime,
    /// Fetches so far.
    pub fetches: u64,
    /// Fetches that failed so far.
    pub faults: u64,
    /// Fetches that were really sent so far: those that callers share count once, those sent again twice.
    pub sent: u64,
    /// Rows that came of them so far.
    pub rows: u64,
    /// Fetches that were sent once more so far.
    pub retries: u64,
}

/// What a source's observe layer remembers.
#[derive(Debug)]
pub struct Observed {
    state: Mutex<(State, Option<ErrorKind>, SystemTime)>,
    fetches: AtomicU64,
    faults: AtomicU64,
    sent: AtomicU64,
    rows: AtomicU64,
    retries: AtomicU64,
}

impl Default for Observed {
    fn default() -> Self {
        Self {
            state: Mutex::new((State::Unknown, None, SystemTime::now())),
            fetches: AtomicU64::new(0),
            faults: AtomicU64::new(0),
            sent: AtomicU64::new(0),
            rows: AtomicU64::new(0),
            retries: AtomicU64::new(0),
        }
    }
}

impl Observed {
    /// All of it at this moment.
    pub fn status(&self) -> Status {
        let (state, error, since) = *self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        Status {
            state,
            error,
            since,
            fetches: self.fetches.load(Ordering::Relaxed),
            faults: self.faults.load(Ordering::Relaxed),
            sent: self.sent.load(Ordering::Relaxed),
            rows: self.rows.load(Ordering::Relaxed),
            retries: self.retries.load(Ordering::Relaxed),
        }
    }

    /// Remembers that the source answered.
    pub fn answered(&self) {
        self.enter(State::Ready, None);
    }

    /// Remembers a fault; one that tells nothing about reachability leaves the state alone.
    pub fn failed(&self, error: &Error) {
        self.faults.fetch_add(1, Ordering::Relaxed);
        self.met(error);
    }

    /// The same without counting it.
    pub fn met(&self, error: &Error) {
        match error.kind {
            ErrorKind::Unavailable | ErrorKind::Timeout => self.enter(State::Unavailable, Some(error.kind)),
            // Who has given nothing yet may refuse the login; who gives rows may refuse others, or the login from now on.
            ErrorKind::Denied => self.denied(),
            ErrorKind::Rejected | ErrorKind::Mismatch => self.enter(State::Ready, None),
            ErrorKind::Overloaded | ErrorKind::TooCostly | ErrorKind::Internal => {}
        }
    }

    /// Remembers a second attempt.
    pub(super) fn retried(&self) {
        self.retries.fetch_add(1, Ordering::Relaxed);
    }

    /// A state and its error; its time begins with the state.
    fn enter(&self, state: State, error: Option<ErrorKind>) {
        let mut now = self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let since = if now.0 == state { now.2 } else { SystemTime::now() };
        *now = (state, error, since);
    }

    /// Somebody was not let in: who is ready stays so, with the code, until it answers again.
    fn denied(&self) {
        let mut now = self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let (state, since) =
            if now.0 == State::Unknown { (State::Unavailable, SystemTime::now()) } else { (now.0, now.2) };
        *now = (state, Some(ErrorKind::Denied), since);
    }
}

/// The layer.
pub struct Observe {
    observed: Arc<Observed>,
    /// Whether every answer is the source's own.
    own: bool,
}

impl Observe {
    /// Remembers in `observed`; `own`: that callers are answered says that the source answers.
    pub fn new(observed: Arc<Observed>, own: bool) -> Self {
        Self { observed, own }
    }
}

impl Layer for Observe {
    fn fetch<'a>(
        &'a self,
        fetch: &'a BoundFetch,
        context: &'a FetchContext,
        next: Next<'a>,
    ) -> BoxFuture<'a, Result<RowStream>> {
        Box::pin(async move {
            self.observed.fetches.fetch_add(1, Ordering::Relaxed);
            match next.fetch(fetch, context).await {
                Ok(rows) => {
                    if self.own {
                        self.observed.answered();
                    }
                    Ok(noting(&self.observed, rows, Observed::failed))
                }
                Err(error) => {
                    self.observed.failed(&error);
                    Err(error)
                }
            }
        })
    }
}

/// Rows whose fault, if one comes among them, is noted.
fn noting(observed: &Arc<Observed>, rows: RowStream, note: fn(&Observed, &Error)) -> RowStream {
    let observed = observed.clone();
    let noted = rows.inspect(move |rows| {
        if let Err(error) = rows {
            note(&observed, error);
        }
    });
    noted.boxed()
}

/// The layer below what is kept: knows whether the source itself answers.
pub struct Watch {
    observed: Arc<Observed>,
}

impl Watch {
    /// Remembers in `observed`.
    pub fn new(observed: Arc<Observed>) -> Self {
        Self { observed }
    }
}

impl Layer for Watch {
    fn fetch<'a>(
        &'a self,
        fetch: &'a BoundFetch,
        context: &'a FetchContext,
        next: Next<'a>,
    ) -> BoxFuture<'a, Result<RowStream>> {
        Box::pin(async move {
            match next.fetch(fetch, context).await {
                Ok(rows) => {
                    self.observed.answered();
                    Ok(noting(&self.observed, rows, Observed::met))
                }
                Err(error) => {
                    self.observed.met(&error);
                    Err(error)
                }
            }
        })
    }
}

/// The layer next to the connector: counts what is really sent, and the rows that come of it.
pub struct Count {
    observed: Arc<Observed>,
}

impl Count {
    /// Remembers in `observed`.
    pub fn new(observed: Arc<Observed>) -> Self {
        Self { observed }
    }
}

impl Layer for Count {
    fn fetch<'a>(
        &'a self,
        fetch: &'a BoundFetch,
        context: &'a FetchContext,
        next: Next<'a>,
    ) -> BoxFuture<'a, Result<RowStream>> {
        self.observed.sent.fetch_add(1, Ordering::Relaxed);
        Box::pin(async move {
            let rows = next.fetch(fetch, context).await?;
            let observed = self.observed.clone();
            let count = move |rows: &Result<Rows>| {
                if let Ok(rows) = rows {
                    observed.rows.fetch_add(rows.batch.num_rows() as u64, Ordering::Relaxed);
                }
            };
            Ok(rows.inspect(count).boxed())
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{Observed, State};
    use crate::{Error, ErrorKind};

    #[test]
    fn who_refuses_the_login_is_not_ready_and_who_refuses_some_rows_is() {
        use ErrorKind::{Denied, Mismatch, Overloaded, Timeout, Unavailable};
        let observed = Observed::default();
        let told = |kind| observed.failed(&Error::new(kind, Arc::from("civil"), "asked"));
        let now = || (observed.status().state, observed.status().error);
        assert_eq!(now(), (State::Unknown, None));
        told(Overloaded);
        assert_eq!(now(), (State::Unknown, None));
        told(Denied);
        assert_eq!(now(), (State::Unavailable, Some(Denied)));
        told(Timeout);
        assert_eq!(now(), (State::Unavailable, Some(Timeout)));
        observed.answered();
        assert_eq!(now(), (State::Ready, None));
        told(Denied);
        assert_eq!(now(), (State::Ready, Some(Denied)));
        observed.answered();
        assert_eq!(now(), (State::Ready, None));
        told(Unavailable);
        assert_eq!(now(), (State::Unavailable, Some(Unavailable)));
        told(Mismatch);
        assert_eq!(now(), (State::Ready, None));
    }
}
