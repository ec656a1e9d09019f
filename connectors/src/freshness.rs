//! How old the parts of an answer are, and how long they may still be given.
//!
//! In: what layers say of each fetch. Out: one [`Age`] for all of them. *Invariant*: a part that may not be kept, and one that
//! is older than its source allows, leaves no time.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// What is noted of the fetches of one request.
#[derive(Debug, Default)]
pub struct Freshness(Mutex<Noted>);

#[derive(Debug, Default)]
struct Noted {
    /// Whether a part may not be kept at all.
    passing: bool,
    /// When the oldest part was loaded.
    loaded: Option<Instant>,
    /// When the first part is too old.
    until: Option<Instant>,
    /// When the oldest of what is older than its source allows was loaded, by source.
    stale: BTreeMap<Arc<str>, Instant>,
}

/// How old an answer is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Age {
    /// Of its oldest part and how long the answer may still be given; `None`: it may not be kept.
    pub kept: Option<(Duration, Duration)>,
    /// The age of what is older than its source allows, by source.
    pub stale: Vec<(Arc<str>, Duration)>,
}

impl Freshness {
    /// Notes a part that may not be kept.
    pub fn pass(&self) {
        self.lock().passing = true;
    }

    /// Notes a part that was loaded then and may be given for `life`.
    pub fn keep(&self, loaded: Instant, life: Duration) {
        let mut noted = self.lock();
        let until = loaded + life;
        noted.loaded = Some(noted.loaded.map_or(loaded, |earlier| earlier.min(loaded)));
        noted.until = Some(noted.until.map_or(until, |earlier| earlier.min(until)));
    }

    /// Notes a part of a source that is older than it should be.
    pub fn stale(&self, source: &Arc<str>, loaded: Instant) {
        self.keep(loaded, Duration::ZERO);
        let mut noted = self.lock();
        let oldest = noted.stale.entry(source.clone()).or_insert(loaded);
        *oldest = loaded.min(*oldest);
    }

    /// All of it at this moment.
    pub fn age(&self) -> Age {
        let (noted, now) = (self.lock(), Instant::now());
        let kept = noted.loaded.zip(noted.until).filter(|_| !noted.passing);
        let stale = noted.stale.iter().map(|(source, loaded)| (source.clone(), now - *loaded));
        Age { kept: kept.map(|(loaded, until)| (now - loaded, until - now)), stale: stale.collect() }
    }

    fn lock(&self) -> MutexGuard<'_, Noted> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn the_oldest_part_and_the_shortest_time_count() {
        let freshness = Freshness::default();
        assert_eq!(freshness.age(), Age::default());
        freshness.keep(Instant::now(), SECOND * 60);
        tokio::time::advance(SECOND * 10).await;
        freshness.keep(Instant::now(), SECOND * 30);
        tokio::time::advance(SECOND * 5).await;
        assert_eq!(freshness.age(), Age { kept: Some((SECOND * 15, SECOND * 25)), stale: Vec::new() });
        freshness.stale(&"health".into(), Instant::now() - SECOND * 12);
        freshness.stale(&"health".into(), Instant::now() - SECOND * 7);
        let stale = vec![("health".into(), SECOND * 12)];
        assert_eq!(freshness.age(), Age { kept: Some((SECOND * 15, Duration::ZERO)), stale: stale.clone() });
        freshness.pass();
        assert_eq!(freshness.age(), Age { kept: None, stale });
    }
}
