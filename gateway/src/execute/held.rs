//! The bytes of the rows that a request holds.
//!
//! *Invariant*: what is dropped is no longer counted, whichever way its work ended; only rows that a step has given are counted
//! until the request ends.

use std::sync::atomic::{AtomicUsize, Ordering};

/// Bytes that are counted for some rows, as long as this is there.
pub(super) struct Held<'a> {
    all: &'a AtomicUsize,
    own: usize,
}

impl<'a> Held<'a> {
    /// Nothing yet, of all that the request holds.
    pub(super) fn of(all: &'a AtomicUsize) -> Self {
        Self { all, own: 0 }
    }

    /// Counts more; how many bytes the request holds then.
    pub(super) fn add(&mut self, bytes: usize) -> usize {
        self.own += bytes;
        self.all.fetch_add(bytes, Ordering::Relaxed) + bytes
    }

    /// Counts other rows in the place of these.
    pub(super) fn replace(&mut self, bytes: usize) {
        self.all.fetch_add(bytes, Ordering::Relaxed);
        self.all.fetch_sub(std::mem::replace(&mut self.own, bytes), Ordering::Relaxed);
    }

    /// How many bytes the request holds.
    pub(super) fn all(&self) -> usize {
        self.all.load(Ordering::Relaxed)
    }

    /// The rows are given on: they are counted until the request ends.
    pub(super) fn keep(mut self) {
        self.own = 0;
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.all.fetch_sub(self.own, Ordering::Relaxed);
    }
}
