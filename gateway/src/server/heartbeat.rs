//! A timer that is always the next to ring.
//!
//! Every fetch and every connection sets a timer that nearly never rings. Tokio's driver sleeps until the next one, and a
//! timer that would ring earlier wakes it by a write to the system; so each request paid for a wake-up of another thread
//! and for putting it to sleep again. With a beat always due sooner, no request's timer is ever the next.

use std::time::Duration;

const BEAT: Duration = Duration::from_millis(50);

/// Beats for ever.
pub(super) async fn beat() {
    loop {
        tokio::time::sleep(BEAT).await;
    }
}
