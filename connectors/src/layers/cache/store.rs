//! Where what was loaded is kept: values by keys, all of them bytes.
//!
//! *Invariant*: the process's own store holds no more than its ceiling, whatever is put into it, and forgets what is too old.

use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use foldhash::fast::RandomState;
use moka::Expiry;
use moka::sync::Cache;
use tokio::time::Instant;

use crate::layers::identity::Identity;

/// What an entry weighs beside its bytes: the places in the store's own maps.
const OVERHEAD: usize = 256;

/// Whose an entry is.
#[derive(Debug, Default)]
pub(super) struct Owner {
    number: u64,
    entries: AtomicU64,
    bytes: AtomicU64,
}

impl Owner {
    /// One that no other equals.
    pub(super) fn new() -> Arc<Self> {
        static NUMBERS: AtomicU64 = AtomicU64::new(0);
        let number = NUMBERS.fetch_add(1, Ordering::Relaxed);
        Arc::new(Self { number, ..Self::default() })
    }

    /// How many entries it has, and their bytes.
    pub(super) fn held(&self) -> (u64, u64) {
        (self.entries.load(Ordering::Relaxed), self.bytes.load(Ordering::Relaxed))
    }
}

/// What a value is kept under: a bound fetch, or one without its keys and one of them.
#[derive(Clone, Debug)]
pub struct Key {
    pub(super) owner: Arc<Owner>,
    pub(super) fetch: Identity,
    /// The key in `arrow-row` form.
    pub(super) row: Option<Box<[u8]>>,
    /// Bytes that the fetch weighs.
    pub(super) weight: usize,
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.owner.number == other.owner.number && self.row == other.row && self.fetch == other.fetch
    }
}

impl Eq for Key {}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.owner.number.hash(state);
        self.fetch.hash(state);
        self.row.hash(state);
    }
}

/// A value.
#[derive(Clone, Debug)]
pub struct Value {
    /// When the load began that it came of.
    pub loaded: Instant,
    /// How long after that it is of any use.
    pub life: Duration,
    /// Rows, as `encode` writes them.
    pub bytes: Arc<[u8]>,
}

/// A store of values.
pub trait Store: Send + Sync {
    /// The values of some keys, in their order.
    fn get_many(&self, keys: &[Key]) -> Vec<Option<Value>>;

    /// Keeps values, each in the place of what was there.
    fn put_many(&self, values: Vec<(Key, Value)>);

    /// Forgets all that `pick` picks; how many there were.
    fn forget(&self, pick: &dyn Fn(&Key) -> bool) -> usize;

    /// Lets go of what is too old by now.
    fn tidy(&self);
}

/// The store in the process.
pub struct InProcess {
    cache: Cache<Key, Arc<Held>, RandomState>,
    /// What weighs more would leave no room for others.
    heaviest: usize,
}

/// A value as it is counted.
struct Held {
    value: Value,
    weight: u32,
}

impl Held {
    fn new(key: &Key, value: Value) -> Self {
        let weight = OVERHEAD + key.weight + key.row.as_ref().map_or(0, |row| row.len()) + value.bytes.len();
        Self { value, weight: u32::try_from(weight).unwrap_or(u32::MAX) }
    }
}

struct Lives;

impl Expiry<Key, Arc<Held>> for Lives {
    fn expire_after_create(&self, _: &Key, held: &Arc<Held>, _: std::time::Instant) -> Option<Duration> {
        Some(held.value.life)
    }

    fn expire_after_update(
        &self,
        _: &Key,
        held: &Arc<Held>,
        _: std::time::Instant,
        _: Option<Duration>,
    ) -> Option<Duration> {
        Some(held.value.life)
    }
}

impl InProcess {
    /// A store of so many bytes at most; what weighs more than an eighth of them is not kept.
    pub fn new(ceiling: usize) -> Arc<Self> {
        let cache = Cache::builder()
            .max_capacity(ceiling as u64)
            .weigher(|_: &Key, held: &Arc<Held>| held.weight)
            .expire_after(Lives)
            .eviction_listener(|key: Arc<Key>, held: Arc<Held>, _| {
                key.owner.entries.fetch_sub(1, Ordering::Relaxed);
                key.owner.bytes.fetch_sub(u64::from(held.weight), Ordering::Relaxed);
            })
            .build_with_hasher(RandomState::default());
        Arc::new(Self { cache, heaviest: ceiling / 8 })
    }

    /// The bytes it holds when all that waits to be done is done.
    #[cfg(test)]
    pub(super) fn bytes(&self) -> u64 {
        self.cache.run_pending_tasks();
        self.cache.weighted_size()
    }
}

impl Store for InProcess {
    fn get_many(&self, keys: &[Key]) -> Vec<Option<Value>> {
        keys.iter().map(|key| self.cache.get(key).map(|held| held.value.clone())).collect()
    }

    fn put_many(&self, values: Vec<(Key, Value)>) {
        for (key, value) in values {
            let held = Arc::new(Held::new(&key, value));
            if held.weight as usize > self.heaviest {
                continue;
            }
            key.owner.entries.fetch_add(1, Ordering::Relaxed);
            key.owner.bytes.fetch_add(u64::from(held.weight), Ordering::Relaxed);
            self.cache.insert(key, held);
        }
    }

    fn forget(&self, pick: &dyn Fn(&Key) -> bool) -> usize {
        let picked: Vec<Arc<Key>> = self.cache.iter().map(|(key, _)| key).filter(|key| pick(key)).collect();
        let forgotten = picked.into_iter().filter(|key| self.cache.remove(&**key).is_some()).count();
        self.cache.run_pending_tasks();
        forgotten
    }

    fn tidy(&self) {
        self.cache.run_pending_tasks();
    }
}
