//! Equal fetches in flight share one load.
//!
//! In: identities, and how to start a load. Out: streams that all give the same batches, which are shared and not copied.
//! Whoever waits drives the load, and the fastest sets the pace. *Invariant*: a load can be joined until its first batch is
//! there or something has changed that it looks into, is cancelled when nobody reads it any more, and its entry goes with the
//! first of the three.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use foldhash::fast::RandomState;
use futures::future::{BoxFuture, Shared, WeakShared};
use futures::{FutureExt, Stream, StreamExt};

use crate::layers::cache::load::Begun;
use crate::layers::chronicle::Chronicle;
use crate::layers::identity::Identity;
use crate::rows::is_over;
use crate::{Result, RowStream, Rows};

/// A batch, or the fault in its place, and what may follow it; nothing at the end.
type Step = Option<(Result<Rows>, Option<Piece>)>;

/// A place in a load, from which any number of readers go on.
#[derive(Clone)]
pub(super) struct Piece(Shared<BoxFuture<'static, Step>>);

/// The loads that can be joined.
pub(super) struct Loads {
    flying: Mutex<HashMap<Identity, Flying, RandomState>>,
    numbers: AtomicU64,
    chronicle: Arc<Chronicle>,
}

struct Flying {
    number: u64,
    begun: Begun,
    // A load that nobody holds is over, whether its entry is still here or not.
    head: WeakShared<BoxFuture<'static, Step>>,
}

/// What comes of joining.
pub(super) enum Joined<T> {
    /// A load, and how it began.
    Load(Piece, Begun),
    /// What a load that has ended left behind.
    Left(T),
}

impl Loads {
    /// None yet, of a source whose changes are noted there.
    pub(super) fn new(chronicle: Arc<Chronicle>) -> Arc<Self> {
        Arc::new(Self { flying: Mutex::default(), numbers: AtomicU64::new(0), chronicle })
    }

    /// The load of that identity. If there is none to join, what `again` finds that one has left; else `start` makes it,
    /// which is told how it begins.
    pub(super) fn join<T, F: Future<Output = Result<RowStream>> + Send + 'static>(
        self: &Arc<Self>,
        identity: Identity,
        again: impl FnOnce() -> Option<T>,
        start: impl FnOnce(Begun) -> F,
    ) -> Joined<T> {
        let mut flying = self.lock();
        if let Some(joined) = flying.get(&identity)
            && !self.chronicle.is_past(identity.bound().fetch(), joined.begun.era)
            && let Some(head) = joined.head.upgrade()
        {
            return Joined::Load(Piece(head), joined.begun.clone());
        }
        // A load leaves the map after it has stored: whoever finds neither is the first.
        if let Some(left) = again() {
            return Joined::Left(left);
        }
        let number = self.numbers.fetch_add(1, Ordering::Relaxed);
        let entry = Entry { loads: self.clone(), identity: identity.clone(), number };
        let begun = Begun::now(self.chronicle.era());
        let starting = start(begun.clone());
        let head = async move {
            let _joinable = entry;
            match starting.await {
                Ok(rows) => follow(rows).await,
                Err(error) => Some((Err(error), None)),
            }
        };
        let head = head.boxed().shared();
        if let Some(weak) = head.downgrade() {
            flying.insert(identity, Flying { number, begun: begun.clone(), head: weak });
        }
        Joined::Load(Piece(head), begun)
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.lock().len()
    }

    /// A load is never dropped while this is held: its end takes the lock too.
    fn lock(&self) -> MutexGuard<'_, HashMap<Identity, Flying, RandomState>> {
        self.flying.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes a load out of the map when it cannot be joined any more.
struct Entry {
    loads: Arc<Loads>,
    identity: Identity,
    number: u64,
}

impl Drop for Entry {
    fn drop(&mut self) {
        let mut flying = self.loads.lock();
        // Another load may have taken the place of one that was cancelled, or could not be joined any more.
        if flying.get(&self.identity).is_some_and(|flying| flying.number == self.number) {
            flying.remove(&self.identity);
        }
    }
}

async fn follow(mut rows: RowStream) -> Step {
    let item = rows.next().await?;
    // Most answers are one batch, after which nothing has to be waited for.
    let rest = (item.is_ok() && !is_over(&rows)).then(|| following(rows));
    Some((item, rest))
}

fn following(rows: RowStream) -> Piece {
    Piece(follow(rows).boxed().shared())
}

impl Piece {
    /// The rows from here on. A fault that comes before any is the result's.
    pub(super) async fn rows(self) -> Result<RowStream> {
        match self.0.await {
            None => Ok(futures::stream::empty().boxed()),
            Some((Err(error), _)) => Err(error),
            Some((Ok(rows), rest)) => Ok(Reading { first: Some(rows), rest }.boxed()),
        }
    }
}

/// One reader of a load.
struct Reading {
    first: Option<Rows>,
    rest: Option<Piece>,
}

impl Stream for Reading {
    type Item = Result<Rows>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Rows>>> {
        if let Some(rows) = self.first.take() {
            return Poll::Ready(Some(Ok(rows)));
        }
        let Some(piece) = self.rest.as_mut() else {
            return Poll::Ready(None);
        };
        let step = ready!(piece.0.poll_unpin(context));
        let (item, rest) = match step {
            Some((item, rest)) => (Some(item), rest),
            None => (None, None),
        };
        self.rest = rest;
        Poll::Ready(item)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let first = usize::from(self.first.is_some());
        (first, self.rest.is_none().then_some(first))
    }
}

impl Drop for Reading {
    /// Lets go of what others have read already piece by piece: each holds the next.
    fn drop(&mut self) {
        let mut piece = self.rest.take();
        while let Some(Piece(shared)) = piece {
            piece = match shared.peek() {
                Some(Some((_, rest))) => rest.clone(),
                _ => None,
            };
        }
    }
}
