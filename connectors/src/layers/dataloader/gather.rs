//! Fetches that differ only in their keys become one, while enough of their shape are running.
//!
//! In: fetches by keys. Out: their rows. A fetch is sent at once while fewer than a lane's turns of its shape run; those
//! that come then are gathered, and asked as one when a turn comes free. *Invariant*: an answer that may have been cut, whose
//! rows cannot be told apart, or that one caller's key may have spoiled for others, is thrown away, and each asks alone.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arrow_array::RecordBatch;
use foldhash::fast::RandomState;
use futures::future::{BoxFuture, Shared, WeakShared};
use futures::{FutureExt, StreamExt};
use lilong_schema::catalog::Tuning;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::split::{split, union};
use crate::deadline::within;
use crate::fetch::TellingKeys;
use crate::layer::Below;
use crate::layers::identity::Identity;
use crate::{BoundFetch, Error, ErrorKind, FetchContext, Result, RowStream, Rows};

/// Fetches of one shape that run before others are gathered: few enough that a burst is one statement, enough that a slow
/// one does not hold up the rest.
const TURNS: usize = 2;
/// A fetch of more keys gains nothing by company.
const FEW_KEYS: usize = 256;
/// Keys of one gathered fetch.
const MOST_KEYS: usize = 1_024;
/// Bytes of the rows of one gathered fetch: they are held until all have come.
const MOST_BYTES: usize = 16 << 20;

/// The lanes of a source, one for each shape in flight.
pub(super) struct Lanes {
    source: Arc<str>,
    turns: usize,
    most_keys: usize,
    patience: Duration,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    lanes: HashMap<Identity, Lane, RandomState>,
    numbers: u64,
}

struct Lane {
    /// Who is in it; the last one takes it away.
    users: usize,
    turns: Arc<Semaphore>,
    /// Those that wait for a turn; the last one takes more keys.
    waiting: Vec<Waiting>,
}

/// A gathering that waits for its turn.
struct Waiting {
    number: u64,
    /// By caller; nothing where one has gone.
    keys: Vec<Option<RecordBatch>>,
    count: usize,
    load: WeakShared<BoxFuture<'static, Arc<Outcome>>>,
}

/// What a gathering came to.
enum Outcome {
    /// By caller; nothing for one that has no rows or has gone.
    Given(Vec<Option<Rows>>),
    /// For all.
    Failed(Error),
    /// Each asks for itself. Whoever is first has the gathering's turn.
    Alone(Mutex<Option<OwnedSemaphorePermit>>),
}

/// How a fetch goes on.
enum Way {
    Now(OwnedSemaphorePermit),
    Gathered(Ticket),
}

impl Lanes {
    /// For a source tuned so, whose fetches take `keys` keys at most.
    pub(super) fn new(source: Arc<str>, tuning: &Tuning, keys: usize) -> Arc<Self> {
        Arc::new(Self {
            source,
            // One shape must not take all connections.
            turns: (tuning.connections / 2).clamp(1, TURNS),
            most_keys: keys.min(MOST_KEYS),
            patience: tuning.timeout,
            state: Mutex::default(),
        })
    }

    /// The rows of a fetch, alone or in company.
    pub(super) async fn fetch(
        self: Arc<Self>,
        shape: Identity,
        bound: Arc<BoundFetch>,
        context: FetchContext,
        below: Below,
    ) -> Result<RowStream> {
        let (Some(telling), Some(keys)) = (bound.prepared.telling_keys(), &bound.keys) else {
            return below.next().fetch(&bound, &context).await;
        };
        // What has no ceiling of rows nobody could stop.
        if keys.num_rows() > FEW_KEYS.min(self.most_keys) || bound.ceiling().is_none() {
            return below.next().fetch(&bound, &context).await;
        }
        let (seat, way) = self.enter(&shape, &bound, telling, &context, &below);
        let turn = match way {
            Way::Now(turn) => turn,
            Way::Gathered(ticket) => match &*ticket.load.clone().await {
                Outcome::Given(rows) => {
                    let own = rows.get(ticket.at).cloned().flatten().map(Ok);
                    return Ok(futures::stream::iter(own).boxed());
                }
                Outcome::Failed(error) => return Err(error.clone()),
                Outcome::Alone(turn) => {
                    let handed = turn.lock().unwrap_or_else(PoisonError::into_inner).take();
                    match handed {
                        Some(turn) => turn,
                        None => self.turn(seat.turns.clone()).await?,
                    }
                }
            },
        };
        let rows = below.next().fetch(&bound, &context).await?;
        let held = (seat, turn);
        Ok(rows
            .inspect(move |_| {
                let _running = &held;
            })
            .boxed())
    }

    fn enter(
        self: &Arc<Self>,
        shape: &Identity,
        bound: &Arc<BoundFetch>,
        telling: &TellingKeys,
        context: &FetchContext,
        below: &Below,
    ) -> (Seat, Way) {
        let mut state = self.lock();
        let State { lanes, numbers } = &mut *state;
        let lane = lanes.entry(shape.clone()).or_insert_with(|| Lane {
            users: 0,
            turns: Arc::new(Semaphore::new(self.turns)),
            waiting: Vec::new(),
        });
        lane.users += 1;
        let seat = Seat { lanes: self.clone(), shape: shape.clone(), turns: lane.turns.clone() };
        if let Ok(turn) = lane.turns.clone().try_acquire_owned() {
            return (seat, Way::Now(turn));
        }
        let keys = bound.keys.clone();
        let count = keys.as_ref().map_or(0, RecordBatch::num_rows);
        if let Some(last) = lane.waiting.last_mut().filter(|last| last.count + count <= self.most_keys)
            && let Some(load) = last.load.upgrade()
        {
            last.keys.push(keys);
            last.count += count;
            let (at, number) = (last.keys.len() - 1, last.number);
            let ticket = Ticket { load, at, number, seat: seat.another(lane) };
            return (seat, Way::Gathered(ticket));
        }
        *numbers += 1;
        let number = *numbers;
        let gathering = Gathering {
            seat: seat.another(lane),
            number,
            bound: bound.clone(),
            telling: telling.clone(),
            context: context.clone(),
            below: below.clone(),
        };
        let load = gathering.run().boxed().shared();
        if let Some(weak) = load.downgrade() {
            lane.waiting.push(Waiting { number, keys: vec![keys], count, load: weak });
        }
        let ticket = Ticket { load, at: 0, number, seat: seat.another(lane) };
        (seat, Way::Gathered(ticket))
    }

    async fn turn(&self, turns: Arc<Semaphore>) -> Result<OwnedSemaphorePermit> {
        if let Ok(Ok(turn)) = within(self.patience, turns.acquire_owned()).await {
            return Ok(turn);
        }
        let context = format!("fetches of the same shape took all turns for {} ms", self.patience.as_millis());
        Err(Error::new(ErrorKind::Overloaded, self.source.clone(), context))
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.lock().lanes.len()
    }

    /// A gathering is never dropped while this is held: its end takes the lock too.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A place in a lane.
struct Seat {
    lanes: Arc<Lanes>,
    shape: Identity,
    turns: Arc<Semaphore>,
}

impl Seat {
    fn another(&self, lane: &mut Lane) -> Self {
        lane.users += 1;
        Self { lanes: self.lanes.clone(), shape: self.shape.clone(), turns: self.turns.clone() }
    }

    /// The keys of a gathering, which takes no more; nothing if it was closed before.
    fn close(&self, number: u64) -> Option<Vec<Option<RecordBatch>>> {
        let mut state = self.lanes.lock();
        let lane = state.lanes.get_mut(&self.shape)?;
        let at = lane.waiting.iter().position(|waiting| waiting.number == number)?;
        Some(lane.waiting.remove(at).keys)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut state = self.lanes.lock();
        if let Some(lane) = state.lanes.get_mut(&self.shape) {
            lane.users -= 1;
            if lane.users == 0 {
                state.lanes.remove(&self.shape);
            }
        }
    }
}

/// A caller's place in a gathering.
struct Ticket {
    load: Shared<BoxFuture<'static, Arc<Outcome>>>,
    at: usize,
    number: u64,
    seat: Seat,
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let mut state = self.seat.lanes.lock();
        let lane = state.lanes.get_mut(&self.seat.shape);
        let waiting = lane.and_then(|lane| lane.waiting.iter_mut().find(|waiting| waiting.number == self.number));
        // Nobody asks any more for the keys of one who has gone.
        if let Some(waiting) = waiting
            && let Some(keys) = waiting.keys[self.at].take()
        {
            waiting.count -= keys.num_rows();
        }
    }
}

/// Waits for a turn, then asks for all keys that have come together.
struct Gathering {
    seat: Seat,
    number: u64,
    bound: Arc<BoundFetch>,
    telling: TellingKeys,
    context: FetchContext,
    below: Below,
}

impl Drop for Gathering {
    fn drop(&mut self) {
        self.seat.close(self.number);
    }
}

impl Gathering {
    async fn run(self) -> Arc<Outcome> {
        let turn = match self.seat.lanes.turn(self.seat.turns.clone()).await {
            Ok(turn) => turn,
            Err(error) => {
                // Whoever comes now begins another.
                self.seat.close(self.number);
                return Arc::new(Outcome::Failed(error));
            }
        };
        let callers = self.seat.close(self.number).unwrap_or_default();
        let outcome = match self.ask(&callers).await {
            Ok(Some(given)) => Outcome::Given(given),
            Ok(None) => Outcome::Alone(Mutex::new(Some(turn))),
            // One caller's key may be what the source refuses, or works on for too long: the others must not pay for it.
            // A source that is slow for all of them has no more to do for that than the turns allow.
            Err(error) => match error.kind {
                ErrorKind::Rejected
                | ErrorKind::Mismatch
                | ErrorKind::TooCostly
                | ErrorKind::Internal
                | ErrorKind::Timeout => Outcome::Alone(Mutex::new(Some(turn))),
                ErrorKind::Unavailable | ErrorKind::Overloaded | ErrorKind::Denied => Outcome::Failed(error),
            },
        };
        Arc::new(outcome)
    }

    /// The rows of each caller; `None` if each has to ask alone.
    async fn ask(&self, callers: &[Option<RecordBatch>]) -> Result<Option<Vec<Option<Rows>>>> {
        let present: Vec<_> = callers.iter().flatten().collect();
        let (Some(ceiling), true) = (self.bound.ceiling(), present.len() > 1) else {
            return Ok(None);
        };
        let source = &self.seat.lanes.source;
        let keys = union(&present).map_err(|error| error.at_source(source.clone(), "gathering keys"))?;
        let bound = BoundFetch {
            prepared: self.telling.wider.clone().unwrap_or_else(|| self.bound.prepared.clone()),
            operands: self.bound.operands.clone(),
            keys: Some(keys.clone()),
        };
        let mut stream = self.below.next().fetch(&bound, &self.context).await?;
        let (mut pieces, mut rows, mut bytes) = (Vec::new(), 0, 0);
        while let Some(piece) = stream.next().await {
            let piece = piece?;
            rows += piece.batch.num_rows();
            bytes += piece.batch.get_array_memory_size();
            pieces.push(piece);
            // At the ceiling of one caller rows of others may be missing.
            if rows >= ceiling || bytes > MOST_BYTES {
                return Ok(None);
            }
        }
        drop(stream);
        let width = self.telling.wider.as_ref().map(|_| self.bound.fetch().columns.len());
        split(&pieces, &self.telling.positions, width, &keys, callers)
            .map_err(|error| error.at_source(source.clone(), "telling rows apart"))
    }
}
