//! Lets go of what has not been used for a while, by a task that lives only as long as there is something to let go of.
//!
//! In: a pool, told each time that it keeps something. Out: its [`Swept::let_go`], again and again until nothing is left.
//! *Invariant*: as long as a pool keeps something, its task runs.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures::future::BoxFuture;
use tokio::runtime::Handle;

/// Whether the task of a pool runs.
#[derive(Debug, Default)]
pub(crate) struct Sweeping(AtomicBool);

/// What keeps things for a while.
pub(crate) trait Swept: Send + Sync + 'static {
    /// Whether its task runs.
    fn sweeping(&self) -> &Sweeping;
    /// How long the task waits before each look.
    fn pause(&self) -> Duration;
    /// Lets go of what has been idle for too long; how much is left, what is in use included.
    fn let_go(&self) -> BoxFuture<'_, usize>;
}

/// Sees to it that a pool that keeps something is swept; outside a runtime nothing is done.
pub(crate) fn keep_swept<P: Swept>(pool: &Arc<P>) {
    let runs = &pool.sweeping().0;
    if runs.swap(true, Ordering::AcqRel) {
        return;
    }
    let Ok(runtime) = Handle::try_current() else {
        runs.store(false, Ordering::Release);
        return;
    };
    let pause = pool.pause().max(Duration::from_millis(10));
    let pool = Arc::downgrade(pool);
    runtime.spawn(async move {
        loop {
            tokio::time::sleep(pause).await;
            let Some(pool) = pool.upgrade() else { return };
            if pool.let_go().await > 0 {
                continue;
            }
            let runs = &pool.sweeping().0;
            runs.swap(false, Ordering::AcqRel);
            // Whoever kept something between the look and this relied on the task: then it goes on, or another has begun.
            if pool.let_go().await == 0 || runs.swap(true, Ordering::AcqRel) {
                return;
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;
    use std::sync::{OnceLock, Weak};

    use tokio::sync::Notify;

    use super::*;

    /// Keeps one thing more just after it was first found empty.
    #[derive(Default)]
    struct Pool {
        own: OnceLock<Weak<Pool>>,
        sweeping: Sweeping,
        kept: AtomicUsize,
        looks: AtomicUsize,
        swept: Notify,
    }

    impl Swept for Pool {
        fn sweeping(&self) -> &Sweeping {
            &self.sweeping
        }

        fn pause(&self) -> Duration {
            Duration::from_mins(1)
        }

        fn let_go(&self) -> BoxFuture<'_, usize> {
            let left = match self.looks.fetch_add(1, Ordering::SeqCst) {
                0 => {
                    self.kept.store(1, Ordering::SeqCst);
                    let own = self.own.get().and_then(Weak::upgrade);
                    own.iter().for_each(keep_swept);
                    0
                }
                // What was kept is not old yet.
                1 => self.kept.load(Ordering::SeqCst),
                _ => {
                    self.kept.store(0, Ordering::SeqCst);
                    self.swept.notify_one();
                    0
                }
            };
            Box::pin(std::future::ready(left))
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_kept_while_the_task_ends_is_swept_too() {
        let pool = Arc::new(Pool::default());
        pool.own.get_or_init(|| Arc::downgrade(&pool));
        keep_swept(&pool);
        pool.swept.notified().await;
        assert_eq!(pool.kept.load(Ordering::SeqCst), 0);
    }
}
