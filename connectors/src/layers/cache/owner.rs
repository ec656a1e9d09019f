//! Whose entries are, and which they are, so that what a change concerns is found without looking at anything else.
//!
//! In: entries as they come and go. Out: their fetches by the collections they look into, and their keys. *Invariant*: an entry
//! that can be found in the store is known here.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use foldhash::fast::RandomState;

use super::reach::reaches;
use crate::layers::identity::Identity;
use crate::{Changes, Fetch};

/// A key in `arrow-row` form.
pub(super) type Row = Arc<[u8]>;

/// Whose an entry is.
#[derive(Debug, Default)]
pub(super) struct Owner {
    pub(super) number: u64,
    entries: AtomicU64,
    bytes: AtomicU64,
    index: Mutex<Index>,
}

#[derive(Debug, Default)]
struct Index {
    entries: HashMap<Identity, Entries, RandomState>,
    /// The fetches that look into a collection, by its name.
    looking: HashMap<String, HashSet<Identity, RandomState>>,
}

/// What there is of a fetch. An entry that takes the place of another is counted twice until that one has gone.
#[derive(Debug, Default)]
struct Entries {
    whole: u32,
    rows: HashMap<Row, u32, RandomState>,
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

    /// Takes note of an entry that is about to be kept.
    pub(super) fn comes(&self, fetch: &Identity, row: Option<&Row>, weight: u32) {
        self.entries.fetch_add(1, Ordering::Relaxed);
        self.bytes.fetch_add(u64::from(weight), Ordering::Relaxed);
        let mut index = self.lock();
        let Index { entries, looking } = &mut *index;
        if !entries.contains_key(fetch) {
            each_collection(fetch.bound().fetch(), |name| {
                if !looking.contains_key(name) {
                    looking.insert(name.to_owned(), HashSet::default());
                }
                looking.get_mut(name).map(|fetches| fetches.insert(fetch.clone()));
            });
        }
        let entries = entries.entry(fetch.clone()).or_default();
        match row {
            Some(row) => *entries.rows.entry(row.clone()).or_default() += 1,
            None => entries.whole += 1,
        }
    }

    /// Takes note of an entry that has gone.
    pub(super) fn goes(&self, fetch: &Identity, row: Option<&Row>, weight: u32) {
        self.entries.fetch_sub(1, Ordering::Relaxed);
        self.bytes.fetch_sub(u64::from(weight), Ordering::Relaxed);
        let mut index = self.lock();
        let Index { entries, looking } = &mut *index;
        let Some(left) = entries.get_mut(fetch) else { return };
        match row {
            Some(row) => {
                if let Some(count) = left.rows.get_mut(row) {
                    *count -= 1;
                    if *count == 0 {
                        left.rows.remove(row);
                    }
                }
            }
            None => left.whole = left.whole.saturating_sub(1),
        }
        if left.whole > 0 || !left.rows.is_empty() {
            return;
        }
        entries.remove(fetch);
        each_collection(fetch.bound().fetch(), |name| {
            let fetches = looking.get_mut(name);
            if fetches.is_some_and(|fetches| fetches.remove(fetch) && fetches.is_empty()) {
                looking.remove(name);
            }
        });
    }

    /// The fetches of its entries that look into something that has changed; one may stand several times.
    pub(super) fn looking_into(&self, changes: &Changes) -> Vec<Identity> {
        let index = self.lock();
        if changes.is_all() {
            return index.entries.keys().cloned().collect();
        }
        changes.collections().filter_map(|name| index.looking.get(name)).flatten().cloned().collect()
    }

    /// Whether there is an entry of a fetch as a whole, and the keys of those of single keys.
    pub(super) fn entries(&self, fetch: &Identity) -> (bool, Vec<Row>) {
        let index = self.lock();
        let Some(entries) = index.entries.get(fetch) else { return (false, Vec::new()) };
        (entries.whole > 0, entries.rows.keys().cloned().collect())
    }

    /// Whether it knows of nothing at all.
    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        let index = self.lock();
        index.entries.is_empty() && index.looking.is_empty()
    }

    /// No entry is ever dropped while this is held: where one goes, it is taken too.
    fn lock(&self) -> MutexGuard<'_, Index> {
        self.index.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The names of the collections that a fetch looks into, its own among them.
fn each_collection(fetch: &Fetch, mut then: impl FnMut(&str)) {
    then(&fetch.collection.name);
    reaches(fetch, &mut |collection| {
        then(&collection.name);
        false
    });
}
