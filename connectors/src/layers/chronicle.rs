//! When something of a source has changed, counted in eras: each change begins one.
//!
//! In: changes, as they are told. Out: whether what a load gives that began in an era may be wrong by now. *Invariant*: a load
//! that looks into a collection that has changed since it began is neither joined nor kept.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use crate::layers::cache::reach::reaches;
use crate::{Changes, Fetch};

/// See the module.
#[derive(Debug, Default)]
pub struct Chronicle(RwLock<Eras>);

#[derive(Debug, Default)]
struct Eras {
    now: u64,
    /// When anything may have changed last.
    all: u64,
    /// When collections changed last, by their names.
    of: HashMap<String, u64>,
}

impl Eras {
    fn is_past(&self, fetch: &Fetch, era: u64) -> bool {
        if self.now == era {
            return false;
        }
        let changed = |name: &str| self.of.get(name).is_some_and(|last| *last > era);
        self.all > era || changed(&fetch.collection.name) || reaches(fetch, &mut |other| changed(&other.name))
    }
}

impl Chronicle {
    /// The era of a load that begins now.
    pub(in crate::layers) fn era(&self) -> u64 {
        self.0.read().unwrap_or_else(PoisonError::into_inner).now
    }

    /// Begins another era.
    pub(crate) fn note(&self, changes: &Changes) {
        let mut eras = self.0.write().unwrap_or_else(PoisonError::into_inner);
        eras.now += 1;
        let now = eras.now;
        if changes.is_all() || changes.is_unheard() {
            eras.all = now;
            // All of them are earlier.
            eras.of.clear();
        } else {
            eras.of.extend(changes.collections().map(|name| (name.to_owned(), now)));
        }
    }

    /// Whether what a fetch gives that began in an era may be wrong by now.
    pub(in crate::layers) fn is_past(&self, fetch: &Fetch, era: u64) -> bool {
        self.0.read().unwrap_or_else(PoisonError::into_inner).is_past(fetch, era)
    }

    /// Does something with what a fetch gave that began in an era, unless that may be wrong by now; no change is noted
    /// meanwhile.
    pub(in crate::layers) fn unless_past<T>(&self, fetch: &Fetch, era: u64, act: impl FnOnce() -> T) -> Option<T> {
        let eras = self.0.read().unwrap_or_else(PoisonError::into_inner);
        (!eras.is_past(fetch, era)).then(act)
    }
}
