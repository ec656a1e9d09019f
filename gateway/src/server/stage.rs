//! How far a server is: it serves, it lets running requests end, it is over.
//!
//! *Invariant*: a stage never goes back.

use tokio::sync::watch;

/// See the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stage {
    /// Requests are answered.
    Serving,
    /// Those that had begun are answered, and health is told; other requests for GraphQL are refused.
    Draining,
    /// Nothing is answered any more.
    Over,
}

/// Done when the server is at a stage, or past it.
pub(super) async fn reached(now: &mut watch::Receiver<Stage>, stage: Stage) {
    // An error means that the server is gone, which is as good. What is borrowed must not live on across an await.
    drop(now.wait_for(|now| *now >= stage).await);
}
