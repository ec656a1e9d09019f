//! What is known of a source that a change may make wrong, and how it is forgotten.
//!
//! In: changes, as an operator or the source itself tells them. Out: how much was forgotten. *Invariant*: when a change has been
//! answered nothing is given any more that was asked before it; a name that is not served is never taken for nothing.

use std::collections::HashSet;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use futures::StreamExt;
use futures::stream::BoxStream;
use tokio::task::spawn_blocking;
use tokio::time::Instant;

use crate::extents::Extents;
use crate::layers::cache::Shelf;
use crate::layers::chronicle::Chronicle;
use crate::{Change, Changes};

/// Changes that are forgotten in one pass.
const AT_ONCE: usize = 1_024;
/// How long nothing is said after a warning.
const QUIET: Duration = Duration::from_mins(1);
/// Of a name in the log.
const SHOWN: usize = 80;

/// See the module.
pub(crate) struct Known {
    source: Arc<str>,
    pub(crate) chronicle: Arc<Chronicle>,
    pub(crate) shelf: Option<Arc<Shelf>>,
    pub(crate) extents: Extents,
    /// The names of the collections that are served of it.
    served: RwLock<HashSet<String>>,
}

impl Known {
    /// Nothing yet.
    pub(crate) fn new(source: Arc<str>, shelf: Option<Arc<Shelf>>) -> Arc<Self> {
        let chronicle = shelf.as_ref().map(|shelf| shelf.chronicle().clone()).unwrap_or_default();
        Arc::new(Self { source, chronicle, shelf, extents: Extents::default(), served: RwLock::default() })
    }

    /// Takes the names of the collections that are served from now on.
    pub(crate) fn serve(&self, names: HashSet<String>) {
        *self.served.write().unwrap_or_else(PoisonError::into_inner) = names;
    }

    /// Forgets what changes may have made wrong, to the end even if nobody waits for it; how many lists and keys that are.
    /// `None`: nothing is ever kept.
    pub(crate) async fn forget(self: &Arc<Self>, changes: Changes) -> Option<usize> {
        let Some(shelf) = self.shelf.clone() else {
            self.chronicle.note(&changes);
            self.extents.forget(&changes);
            return None;
        };
        // It is work by the number of keys, and nobody else's request is to wait for it.
        let known = self.clone();
        let pass = spawn_blocking(move || {
            let forgotten = shelf.forget(&changes);
            known.extents.forget(&changes);
            forgotten
        });
        match pass.await {
            Ok(forgotten) => Some(forgotten),
            Err(error) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                // The process ends.
                Err(_) => Some(0),
            },
        }
    }

    /// Forgets what changes concern as they are told, without end; those that wait are forgotten together.
    pub(crate) async fn follow(self: Arc<Self>, changes: BoxStream<'static, Change>) {
        let mut changes = changes.ready_chunks(AT_ONCE);
        let mut warned = Warned::default();
        while let Some(told) = changes.next().await {
            let count = told.len();
            let (changes, unknown) = self.understood(told);
            if let Some(name) = unknown
                && warned.may_say()
            {
                let name: String = name.chars().take(SHOWN).collect();
                tracing::warn!(
                    source = %self.source, name,
                    "a message that names no collection that is served stands for any change"
                );
            }
            let dropped = self.forget(changes).await.unwrap_or_default();
            tracing::debug!(source = %self.source, count, dropped, "a source has changed");
        }
    }

    /// What messages come to, and a name in them that nobody knows.
    fn understood(&self, told: Vec<Change>) -> (Changes, Option<String>) {
        let served = self.served.read().unwrap_or_else(PoisonError::into_inner);
        let (mut changes, mut unknown) = (Changes::default(), None);
        for change in told {
            match change {
                Change::Collection(collection) | Change::Rows { collection, .. } if !served.contains(&collection) => {
                    changes.add(Change::All);
                    // Before anything is served no name can be wrong.
                    unknown = unknown.or((!served.is_empty()).then_some(collection));
                }
                change => changes.add(change),
            }
        }
        (changes, unknown)
    }
}

/// What keeps a warning from standing in the log a thousand times.
#[derive(Default)]
struct Warned(Option<Instant>);

impl Warned {
    fn may_say(&mut self) -> bool {
        let now = Instant::now();
        let may = self.0.is_none_or(|last| now.saturating_duration_since(last) >= QUIET);
        if may {
            self.0 = Some(now);
        }
        may
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_warning_stands_in_the_log_once_a_minute() {
        let mut warned = Warned::default();
        for (seconds, may_say) in [(0, true), (0, false), (59, false), (1, true), (30, false), (30, true)] {
            tokio::time::advance(Duration::from_secs(seconds)).await;
            assert_eq!(warned.may_say(), may_say);
        }
    }

    #[test]
    fn before_anything_is_served_any_name_stands_for_any_change_and_is_no_mistake() {
        let known = Known::new("m".into(), None);
        let told = || vec![Change::Collection("c".to_owned())];
        let (changes, unknown) = known.understood(told());
        assert!(changes.is_all() && unknown.is_none());
        known.serve(HashSet::from(["d".to_owned()]));
        let (changes, unknown) = known.understood(told());
        assert!(changes.is_all() && unknown.as_deref() == Some("c"));
        known.serve(HashSet::from(["c".to_owned()]));
        let (changes, unknown) = known.understood(told());
        assert!(!changes.is_all() && changes.of("c").is_some() && unknown.is_none());
    }
}
