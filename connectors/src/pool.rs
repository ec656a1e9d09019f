//! Bounds on connections over all pools: those to one server, and those of the process.
//!
//! In: pools that tell which of their connections are idle. Out: a `Slot` for each connection to be opened; where there
//! is no room, the connection that has been idle longest, of whatever pool, is closed first. *Invariant*: a connection
//! holds its slot until it is closed. Fetches wait for their turn at a [`Server`] before they need a connection, so that
//! there is always one to make room or one to come back.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};
use std::time::Instant;

use futures::future::BoxFuture;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::deadline::within;

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
}

impl Bound {
    fn new(most: usize) -> Self {
        Self { most: AtomicUsize::new(most), open: AtomicUsize::new(0), pools: Mutex::default() }
    }

    fn enlist(&self, pool: Weak<dyn Idlers>) {
        let mut pools = self.pools.lock().unwrap_or_else(PoisonError::into_inner);
        pools.retain(|pool| pool.strong_count() > 0);
        pools.push(pool);
    }

    /// Closes idle connections until there is room. Where none is idle there is nothing to wait for.
    async fn make_room(&self) {
        while self.open.load(Ordering::SeqCst) > self.most.load(Ordering::SeqCst) {
            let oldest = {
                let pools = self.pools.lock().unwrap_or_else(PoisonError::into_inner);
                let pools = pools.iter().filter_map(Weak::upgrade);
                pools.filter_map(|pool| Some((pool.oldest()?, pool))).min_by_key(|(since, _)| *since)
            };
            let Some((_, pool)) = oldest else {
                return;
            };
            if let Some(closing) = pool.close_oldest() {
                closing.await;
            }
        }
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
    pub(crate) async fn turn(&self, patience: std::time::Duration) -> Option<Turn> {
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
    server: Option<Arc<Server>>,
}

impl Slot {
    /// Room for one more.
    pub(crate) async fn take(server: Option<Arc<Server>>) -> Self {
        if let Some(server) = &server {
            server.bound.open.fetch_add(1, Ordering::SeqCst);
        }
        process().open.fetch_add(1, Ordering::SeqCst);
        let slot = Self { server };
        if let Some(server) = &slot.server {
            server.bound.make_room().await;
        }
        process().make_room().await;
        slot
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        if let Some(server) = &self.server {
            server.bound.open.fetch_sub(1, Ordering::SeqCst);
        }
        process().open.fetch_sub(1, Ordering::SeqCst);
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
mod tests {
    use std::time::Duration;

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
        for at in [1, 0, 2, 2, 1, 0] {
            shelves[at].put(Slot::take(Some(server.clone())).await);
            assert!(server.bound.open.load(Ordering::SeqCst) <= 3);
        }
        assert_eq!(shelves.iter().map(|shelf| shelf.len()).collect::<Vec<_>>(), [1, 1, 1]);
        // With none idle there is nothing to close: the turns bound those in use.
        drop(shelves);
        let in_use = [Slot::take(Some(server.clone())).await, Slot::take(Some(server.clone())).await];
        assert_eq!(server.bound.open.load(Ordering::SeqCst), 2);
        drop(in_use);
        assert_eq!(server.bound.open.load(Ordering::SeqCst), 0);
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
