//! What fetches that were given up still have to do: telling a server to stop, closing a connection.
//!
//! In: futures that nobody waits for. Out: the moment when none is running. *Invariant*: what was begun before [`said`] was
//! asked is counted; a process that ends earlier leaves statements running at their servers.

use std::future::Future;
use std::sync::OnceLock;

use tokio::runtime::Handle;
use tokio::sync::watch;

/// How many are running, in the whole process.
fn running() -> &'static watch::Sender<usize> {
    static RUNNING: OnceLock<watch::Sender<usize>> = OnceLock::new();
    RUNNING.get_or_init(|| watch::channel(0).0)
}

/// One that is running.
struct Counted;

impl Counted {
    fn new() -> Self {
        running().send_modify(|running| *running += 1);
        Self
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        running().send_modify(|running| *running -= 1);
    }
}

/// Runs a future on a runtime, counted until it has ended or is dropped.
pub(crate) fn say(runtime: &Handle, last: impl Future<Output = ()> + Send + 'static) {
    let counted = Counted::new();
    runtime.spawn(async move {
        last.await;
        drop(counted);
    });
}

/// Done when none is running.
pub async fn said() {
    // The sender lives as long as the process, so that there is no error. What is borrowed must not outlive the call.
    drop(running().subscribe().wait_for(|running| *running == 0).await);
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;
    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn the_end_comes_when_the_last_has_ended() {
        let (go, gone) = oneshot::channel::<()>();
        say(&Handle::current(), async move { drop(gone.await) });
        assert!(said().now_or_never().is_none());
        drop(go);
        said().await;
    }
}
