//! Bounds on connections over all pools: those to one server, and those of the process.
//!
//! In: pools that tell which of their connections are idle. Out: a `Slot` for each connection to be opened; where there
//! is no room, the connection that has been idle longest, of whatever pool, is closed first. *Invariant*: a connection
//! holds its slot until it is closed, and there are never more slots than the process has room for. Fetches wait for their
//! turn at a [`Server`] before they need a connection, so that there is always one to make room or one to come back.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};
use std::time::{Duration, Instant};

use futures::future::BoxFuture;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

use crate::deadline::within;
use crate::{Error, ErrorKind, Result};

/// Connections and open files of the process unless [`bound_process`] says otherwise.
const PROCESS: usize = 2_000;

/// A pool, as far as others may look into it.
pub(crate) trait Idlers: Send + Sync {
    /// Since when its oldest idle connection has been idle.
    fn oldest(&self) -> Option<Instant>;
    /// Takes that connection out; the future closes it and frees its slot.
    fn close_oldest(&self) -> Option<BoxFuture<'static, ()>>;
}

/// How many connections there may be, and the pools that have them.
struct Bound {
    most: AtomicUsize,
    open: AtomicUsize,
    pools: Mutex<Vec<Weak<dyn Idlers>>>,
    /// Told when a connection was closed, and when one is idle.
    eased: Notify,
}

impl Bound {
    fn new(most: usize) -> Self {
        Self { most: AtomicUsize::new(most), open: AtomicUsize::new(0), pools: Mutex::default(), eased: Notify::new() }
    }

    fn enlist(&self, pool: Weak<dyn Idlers>) {
        let mut pools = self.pools.lock().unwrap_or_else(PoisonError::into_inner);
        pools.retain(|pool| pool.strong_count() > 0);
        pools.push(pool);
    }

    /// Closes the connection that has been idle longest; whether there was one.
    async fn close_oldest(&self) -> bool {
        let oldest = {
            let pools = self.pools.lock().unwrap_or_else(PoisonError::into_inner);
            let pools = pools.iter().filter_map(Weak::upgrade);
            pools.filter_map(|pool| Some((pool.oldest()?, pool))).min_by_key(|(since, _)| *since)
        };
        let Some((_, pool)) = oldest else {
            return false;
        };
        if let Some(closing) = pool.close_oldest() {
            closing.await;
        }
        true
    }

    /// Closes idle connections until there is room. Where none is idle there is nothing to wait for.
    async fn make_room(&self) {
        while self.open.load(Ordering::SeqCst) > self.most.load(Ordering::SeqCst) {
            if !self.close_oldest().await {
                return;
            }
        }
    }

    /// Counts one more as soon as there is room for it.
    async fn enter(&self) {
        loop {
            // What is told from here on is heard below.
            let eased = self.eased.notified();
            tokio::pin!(eased);
            eased.as_mut().enable();
            let most = self.most.load(Ordering::SeqCst);
            let enter = |open| (open < most).then_some(open + 1);
            if self.open.fetch_update(Ordering::SeqCst, Ordering::SeqCst, enter).is_ok() {
                return;
            }
            if !self.close_oldest().await {
                eased.await;
            }
        }
    }

    fn leave(&self) {
        self.open.fetch_sub(1, Ordering::SeqCst);
        self.eased.notify_one();
    }
}

fn process() -> &'static Bound {
    static BOUND: OnceLock<Bound> = OnceLock::new();
    BOUND.get_or_init(|| Bound::new(PROCESS))
}

/// Sets how many connections and open SQLite files there may be in the process, idle ones among them; 2,000 if nobody
/// says.
pub fn bound_process(most: usize) {
    process().most.store(most.max(1), Ordering::SeqCst);
}

/// How many connections and open SQLite files there may be.
pub fn room() -> usize {
    process().most.load(Ordering::SeqCst)
}

/// Tells whoever waits for room that a connection is idle.
pub(crate) fn ease() {
    process().eased.notify_one();
}

/// One server, with all the sources on it that one login reads.
pub struct Server {
    bound: Bound,
    turns: Arc<Semaphore>,
    /// Turns that have ended so far.
    ended: Arc<AtomicU64>,
}

/// A fetch's turn at a server.
pub(crate) struct Turn {
    ended: Arc<AtomicU64>,
    _permit: OwnedSemaphorePermit,
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.ended.fetch_add(1, Ordering::Relaxed);
    }
}

impl Server {
    /// The server that `address` (its kind, host, port and login) stands for; the same one for all that name it. Of
    /// different values of `most` the least holds.
    pub(crate) fn at(address: &str, most: usize) -> Arc<Self> {
        static SERVERS: OnceLock<Mutex<HashMap<String, Weak<Server>>>> = OnceLock::new();
        let mut servers = SERVERS.get_or_init(Mutex::default).lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(server) = servers.get(address).and_then(Weak::upgrade) {
            let before = server.bound.most.fetch_min(most, Ordering::SeqCst);
            server.turns.forget_permits(before.saturating_sub(most));
            return server;
        }
        servers.retain(|_, server| server.strong_count() > 0);
        let server =
            Arc::new(Self { bound: Bound::new(most), turns: Arc::new(Semaphore::new(most)), ended: Arc::default() });
        servers.insert(address.to_owned(), Arc::downgrade(&server));
        server
    }

    /// Waits for a turn as long as turns keep ending; `None` if none has for `patience`.
    pub(crate) async fn turn(&self, patience: Duration) -> Option<Turn> {
        let waiting = self.turns.clone().acquire_owned();
        tokio::pin!(waiting);
        loop {
            let before = self.ended.load(Ordering::Relaxed);
            match within(patience, &mut waiting).await {
                Ok(permit) => return Some(Turn { ended: self.ended.clone(), _permit: permit.ok()? }),
                Err(_) if self.ended.load(Ordering::Relaxed) != before => {}
                Err(_) => return None,
            }
        }
    }
}

/// Makes a pool known, so that its idle connections can make room for others.
pub(crate) fn enlist<P: Idlers + 'static>(pool: &Arc<P>, server: Option<&Server>) {
    let pool: Weak<dyn Idlers> = Arc::downgrade(pool) as Weak<dyn Idlers>;
    if let Some(server) = server {
        server.bound.enlist(pool.clone());
    }
    process().enlist(pool);
}

/// The place of one connection.
pub(crate) struct Slot {
    _server: Option<AtServer>,
    _process: InProcess,
}

struct AtServer(Arc<Server>);

impl Drop for AtServer {
    fn drop(&mut self) {
        self.0.bound.leave();
    }
}

struct InProcess;

impl Drop for InProcess {
    fn drop(&mut self) {
        process().leave();
    }
}

impl Slot {
    /// Room for one more connection of `source`. Where the process has none for that long it is [`ErrorKind::Overloaded`].
    pub(crate) async fn take(source: &Arc<str>, server: Option<&Arc<Server>>, patience: Duration) -> Result<Self> {
        let taking = async {
            let mut at_server = None;
            if let Some(server) = server {
                server.bound.open.fetch_add(1, Ordering::SeqCst);
                at_server = Some(AtServer(server.clone()));
                server.bound.make_room().await;
            }
            process().enter().await;
            Self { _server: at_server, _process: InProcess }
        };
        within(patience, taking).await.map_err(|_| {
            let context = format!("no room for another connection within {} ms", patience.as_millis());
            Error::new(ErrorKind::Overloaded, source.clone(), context)
        })
    }
}

impl std::fmt::Debug for Slot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Slot")
    }
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Server")
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// A pool whose connections are slots.
    #[derive(Default)]
    struct Shelf(Mutex<Vec<(Slot, Instant)>>);

    impl Shelf {
        fn put(&self, slot: Slot) {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).push((slot, Instant::now()));
        }

        fn len(&self) -> usize {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
        }
    }

    impl Idlers for Shelf {
        fn oldest(&self) -> Option<Instant> {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).first().map(|(_, since)| *since)
        }

        fn close_oldest(&self) -> Option<BoxFuture<'static, ()>> {
            let mut slots = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let slot = (!slots.is_empty()).then(|| slots.remove(0));
            slot.map(|slot| -> BoxFuture<'static, ()> { Box::pin(async move { drop(slot) }) })
        }
    }

    #[tokio::test]
    async fn what_has_been_idle_longest_makes_room_whatever_pool_it_is_of() {
        let server = Server::at("test://room", 3);
        let shelves: Vec<Arc<Shelf>> = (0..3).map(|_| Arc::default()).collect();
        for shelf in &shelves {
            enlist(shelf, Some(&server));
        }
        let take = async || Slot::take(&"civil".into(), Some(&server), Duration::from_mins(1)).await.unwrap();
        for at in [1, 0, 2, 2, 1, 0] {
            shelves[at].put(take().await);
            assert!(server.bound.open.load(Ordering::SeqCst) <= 3);
        }
        assert_eq!(shelves.iter().map(|shelf| shelf.len()).collect::<Vec<_>>(), [1, 1, 1]);
        // With none idle there is nothing to close: the turns bound those in use.
        drop(shelves);
        let in_use = [take().await, take().await];
        assert_eq!(server.bound.open.load(Ordering::SeqCst), 2);
        drop(in_use);
        assert_eq!(server.bound.open.load(Ordering::SeqCst), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn who_finds_no_room_waits_until_something_is_closed_or_idle() {
        let bound = Arc::new(Bound::new(2));
        bound.enter().await;
        bound.enter().await;
        let patience = Duration::from_millis(500);
        assert!(within(patience, bound.enter()).await.is_err(), "nothing is closed and nothing idle");
        assert_eq!(bound.open.load(Ordering::SeqCst), 2, "who waits is not counted");
        let waiting = futures::future::join_all((0..3).map(|_| async {
            bound.enter().await;
            tokio::time::sleep(Duration::from_millis(10)).await;
            assert!(bound.open.load(Ordering::SeqCst) <= 2);
            bound.leave();
        }));
        let leaving = async { bound.leave() };
        futures::join!(waiting, leaving);
        assert_eq!(bound.open.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn the_least_bound_of_a_server_holds_and_servers_are_told_apart() {
        let server = Server::at("test://least", 10);
        assert!(Arc::ptr_eq(&server, &Server::at("test://least", 4)));
        assert!(Arc::ptr_eq(&server, &Server::at("test://least", 7)));
        assert_eq!((server.bound.most.load(Ordering::SeqCst), server.turns.available_permits()), (4, 4));
        assert!(!Arc::ptr_eq(&server, &Server::at("test://other", 4)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_turn_is_waited_for_as_long_as_turns_end() {
        let server = Server::at("test://turns", 1);
        let patience = Duration::from_millis(500);
        let held = server.turn(patience).await;
        assert!(server.turn(patience).await.is_none(), "nothing ended");
        let others = futures::future::join_all((0..5).map(|_| async {
            let turn = server.turn(patience).await;
            tokio::time::sleep(Duration::from_millis(400)).await;
            turn.is_some()
        }));
        drop(held);
        assert_eq!(others.await, [true; 5]);
    }
}
