//! A future that was woken while it ran runs again at once.
//!
//! In: a future. Out: what it gives. *Invariant*: no wake-up is lost, and none that comes while the future runs reaches
//! the runtime. Parts of one task wake each other all the time (a body and its reader, a shared load and its waiters);
//! tokio takes such a wake-up for a yield and sends another thread to look for work, which costs more than the request.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use futures::task::AtomicWaker;

/// So often in a row; then others get their turn.
const TURNS: usize = 32;

const WAITING: u8 = 0;
const POLLING: u8 = 1;
const WOKEN: u8 = 2;

/// See the module.
pub(super) struct Repoll<F> {
    future: Pin<Box<F>>,
    signal: Arc<Signal>,
    waker: Waker,
}

#[derive(Default)]
struct Signal {
    state: AtomicU8,
    task: AtomicWaker,
}

impl Wake for Signal {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let seen = self.state.compare_exchange(POLLING, WOKEN, Ordering::AcqRel, Ordering::Acquire);
        if seen == Err(WAITING) {
            self.task.wake();
        }
    }
}

impl<F: Future> Repoll<F> {
    /// Runs `future`, starting at the first poll.
    pub(super) fn new(future: F) -> Self {
        let signal = Arc::new(Signal::default());
        Self { future: Box::pin(future), waker: Waker::from(signal.clone()), signal }
    }

    /// The future itself, between polls.
    pub(super) fn inner(&mut self) -> Pin<&mut F> {
        self.future.as_mut()
    }
}

impl<F: Future> Future for Repoll<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let this = &mut *self;
        this.signal.task.register(context.waker());
        for _ in 0..TURNS {
            this.signal.state.store(POLLING, Ordering::Release);
            let polled = this.future.as_mut().poll(&mut Context::from_waker(&this.waker));
            let ended = this.signal.state.compare_exchange(POLLING, WAITING, Ordering::AcqRel, Ordering::Acquire);
            if polled.is_ready() || ended.is_ok() {
                return polled;
            }
        }
        this.signal.state.store(WAITING, Ordering::Release);
        context.waker().wake_by_ref();
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::sync::atomic::AtomicUsize;

    use super::*;

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Polls once a future that wakes itself `own` times, and then waits; how often it ran, and woke its task.
    fn run(own: usize) -> (usize, usize, Option<Waker>) {
        let wakes = Arc::new(Count::default());
        let waker = Waker::from(wakes.clone());
        let (mut ran, mut kept) = (0, None);
        {
            let mut repoll = Repoll::new(poll_fn(|context| {
                ran += 1;
                if ran <= own {
                    context.waker().wake_by_ref();
                }
                kept = Some(context.waker().clone());
                Poll::<()>::Pending
            }));
            assert!(Pin::new(&mut repoll).poll(&mut Context::from_waker(&waker)).is_pending());
        }
        let woke = wakes.0.load(Ordering::Relaxed);
        (ran, woke, kept)
    }

    #[test]
    fn a_future_that_wakes_itself_runs_again_without_waking_its_task() {
        for own in [0, 1, 5, TURNS - 1] {
            let (ran, woke, _) = run(own);
            assert_eq!((ran, woke), (own + 1, 0));
        }
    }

    #[test]
    fn one_that_never_rests_lets_others_have_their_turn() {
        let (ran, woke, _) = run(usize::MAX);
        assert_eq!((ran, woke), (TURNS, 1));
    }

    #[tokio::test]
    async fn a_wake_up_from_elsewhere_is_never_lost() {
        for _ in 0..1_000 {
            let (sender, receiver) = tokio::sync::oneshot::channel();
            let sent = tokio::spawn(async move { sender.send(7) });
            assert_eq!(Repoll::new(receiver).await, Ok(7));
            assert!(matches!(sent.await, Ok(Ok(()))));
        }
    }

    #[test]
    fn what_waits_is_woken_once_a_wake_up_comes() {
        let wakes = Arc::new(Count::default());
        let waker = Waker::from(wakes.clone());
        let mut kept = None;
        let mut repoll = Repoll::new(poll_fn(|context| {
            kept = Some(context.waker().clone());
            Poll::<()>::Pending
        }));
        assert!(Pin::new(&mut repoll).poll(&mut Context::from_waker(&waker)).is_pending());
        drop(repoll);
        if let Some(inner) = kept {
            inner.wake_by_ref();
        }
        assert_eq!(wakes.0.load(Ordering::Relaxed), 1);
    }
}
