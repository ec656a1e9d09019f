//! Leaves a source alone that fails again and again, and tries it with one fetch after a pause.
//!
//! Faults are no connection, a timeout and a broken protocol; an answer that says no is an answer. *Invariant*: what began
//! before the breaker opened or closed says nothing about it afterwards; a fetch that is given up says nothing at all.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::StreamExt;
use futures::future::BoxFuture;
use lilong_schema::catalog::Tuning;
use tokio::time::Instant;

use crate::layer::{Layer, Next};
use crate::{BoundFetch, Error, ErrorKind, FetchContext, Result, RowStream};

/// Seconds that are looked back on, and the fewest fetches in them that tell something.
const WINDOW: usize = 10;
const FEWEST: u32 = 20;

/// Whether fetches are let through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Circuit {
    /// They are.
    Closed,
    /// None is.
    Open,
    /// One is on its way to find out.
    Probing,
}

/// The breaker of a source.
#[derive(Debug)]
pub struct Breaker {
    source: Arc<str>,
    faults: usize,
    first_pause: Duration,
    longest_pause: Duration,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    phase: Phase,
    /// How often it has opened or closed: fetches of another round have nothing to say.
    round: u64,
    in_a_row: usize,
    pause: Duration,
    began: Instant,
    /// The second each entry counts, its fetches and its faults.
    seconds: [(u64, u32, u32); WINDOW],
}

#[derive(Clone, Copy, Debug)]
enum Phase {
    Closed,
    Open { until: Instant },
    Probing,
}

#[derive(Clone, Copy)]
enum Outcome {
    Answered,
    Fault,
    /// Nothing is known: it was given up, or never reached the source.
    Nothing,
}

impl Breaker {
    /// Closed.
    pub fn new(source: Arc<str>, tuning: &Tuning) -> Arc<Self> {
        Arc::new(Self {
            source,
            faults: tuning.breaker_faults,
            first_pause: tuning.breaker_pause,
            longest_pause: tuning.breaker_longest_pause,
            state: Mutex::new(State {
                phase: Phase::Closed,
                round: 0,
                in_a_row: 0,
                pause: tuning.breaker_pause,
                began: Instant::now(),
                seconds: [(0, 0, 0); WINDOW],
            }),
        })
    }

    /// Whether fetches are let through at this moment.
    pub fn circuit(&self) -> Circuit {
        match self.lock().phase {
            Phase::Closed => Circuit::Closed,
            Phase::Open { .. } => Circuit::Open,
            Phase::Probing => Circuit::Probing,
        }
    }

    fn enter(self: &Arc<Self>) -> Result<Pass> {
        let mut state = self.lock();
        match state.phase {
            Phase::Closed => {}
            Phase::Open { until } if until <= Instant::now() => state.phase = Phase::Probing,
            Phase::Open { .. } | Phase::Probing => {
                let context = "left alone after repeated faults";
                let mut error = Error::new(ErrorKind::Unavailable, self.source.clone(), context);
                error.temporary = false;
                return Err(error);
            }
        }
        Ok(Pass { breaker: self.clone(), round: state.round, outcome: Outcome::Nothing })
    }

    fn hear(&self, round: u64, outcome: Outcome) {
        let mut state = self.lock();
        if state.round != round {
            return;
        }
        let now = Instant::now();
        match (state.phase, outcome) {
            (Phase::Closed, Outcome::Answered) => {
                state.in_a_row = 0;
                state.count(now, 0);
            }
            (Phase::Closed, Outcome::Fault) => {
                state.in_a_row += 1;
                let (fetches, faults) = state.count(now, 1);
                let often = fetches >= FEWEST && faults * 2 >= fetches;
                if self.faults > 0 && (state.in_a_row >= self.faults || often) {
                    state.pause = self.first_pause;
                    self.open(&mut state, now);
                }
            }
            (Phase::Probing, Outcome::Answered) => {
                tracing::info!(source = &*self.source, "it answers again");
                state.phase = Phase::Closed;
                state.round += 1;
                state.in_a_row = 0;
                state.seconds = [(0, 0, 0); WINDOW];
            }
            (Phase::Probing, Outcome::Fault) => {
                state.pause = (state.pause * 2).min(self.longest_pause);
                self.open(&mut state, now);
            }
            // The next one may try.
            (Phase::Probing, Outcome::Nothing) => state.phase = Phase::Open { until: now },
            (Phase::Closed, Outcome::Nothing) | (Phase::Open { .. }, _) => {}
        }
    }

    fn open(&self, state: &mut State, now: Instant) {
        let pause = state.pause;
        tracing::warn!(source = &*self.source, ?pause, "it fails again and again and is left alone");
        state.phase = Phase::Open { until: now + pause };
        state.round += 1;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Counts a fetch; how many there were in the last seconds, and how many of them were faults.
    fn count(&mut self, now: Instant, fault: u32) -> (u32, u32) {
        let second = now.duration_since(self.began).as_secs();
        let entry = &mut self.seconds[second as usize % WINDOW];
        if entry.0 != second {
            *entry = (second, 0, 0);
        }
        entry.1 += 1;
        entry.2 += fault;
        let recent = self.seconds.iter().filter(|entry| entry.0 + WINDOW as u64 > second);
        recent.fold((0, 0), |(fetches, faults), entry| (fetches + entry.1, faults + entry.2))
    }
}

/// A fetch that was let through; what is known of it when it ends is told.
struct Pass {
    breaker: Arc<Breaker>,
    round: u64,
    outcome: Outcome,
}

impl Pass {
    fn failed(&mut self, error: &Error) {
        self.outcome = match error.kind {
            ErrorKind::Unavailable | ErrorKind::Timeout => Outcome::Fault,
            ErrorKind::Denied | ErrorKind::Rejected | ErrorKind::Mismatch => Outcome::Answered,
            ErrorKind::Overloaded | ErrorKind::TooCostly | ErrorKind::Internal => Outcome::Nothing,
        };
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        self.breaker.hear(self.round, self.outcome);
    }
}

/// The layer.
pub struct Break(pub Arc<Breaker>);

impl Layer for Break {
    fn fetch<'a>(
        &'a self,
        fetch: &'a BoundFetch,
        context: &'a FetchContext,
        next: Next<'a>,
    ) -> BoxFuture<'a, Result<RowStream>> {
        Box::pin(async move {
            let mut pass = self.0.enter()?;
            match next.fetch(fetch, context).await {
                Ok(rows) => {
                    // A fault may follow: what is known is told at the end.
                    pass.outcome = Outcome::Answered;
                    Ok(rows
                        .inspect(move |rows| {
                            if let Err(error) = rows {
                                pass.failed(error);
                            }
                        })
                        .boxed())
                }
                Err(error) => {
                    pass.failed(&error);
                    Err(error)
                }
            }
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
