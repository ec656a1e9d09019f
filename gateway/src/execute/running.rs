//! Futures that run side by side inside one task.
//!
//! *Invariant*: waiting for the first of a few wakes nobody. [`FuturesUnordered`] wakes its own task whenever it has
//! polled all it holds, which with one or two futures is every time, and sends another thread to look for work.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll};

use futures::StreamExt;
use futures::stream::FuturesUnordered;

/// Up to so many are polled one after the other at each wake-up.
const FEW: usize = 16;

/// See the module.
pub(super) struct Running<'a, T> {
    few: Vec<Pin<Box<dyn Future<Output = T> + Send + 'a>>>,
    more: FuturesUnordered<Pin<Box<dyn Future<Output = T> + Send + 'a>>>,
}

impl<'a, T> Running<'a, T> {
    /// None yet.
    pub(super) fn new() -> Self {
        Self { few: Vec::new(), more: FuturesUnordered::new() }
    }

    /// One more; it starts with the next [`Running::next`].
    pub(super) fn push(&mut self, future: impl Future<Output = T> + Send + 'a) {
        if self.few.len() < FEW {
            self.few.push(Box::pin(future));
        } else {
            self.more.push(Box::pin(future));
        }
    }

    /// What the first to end gives; `None`: none is left.
    pub(super) async fn next(&mut self) -> Option<T> {
        poll_fn(|context| self.poll(context)).await
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<T>> {
        for at in 0..self.few.len() {
            if let Poll::Ready(value) = self.few[at].as_mut().poll(context) {
                // Those left keep their order, and so their turns.
                drop(self.few.remove(at));
                return Poll::Ready(Some(value));
            }
        }
        if !self.more.is_empty()
            && let Poll::Ready(Some(value)) = self.more.poll_next_unpin(context)
        {
            return Poll::Ready(Some(value));
        }
        if self.few.is_empty() && self.more.is_empty() { Poll::Ready(None) } else { Poll::Pending }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::{Wake, Waker};

    use tokio::sync::oneshot;

    use super::*;

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn each_is_given_once_and_none_wakes_its_own_task() {
        for count in [0, 1, 2, FEW] {
            let wakes = Arc::new(Count::default());
            let waker = Waker::from(wakes.clone());
            let mut context = Context::from_waker(&waker);
            let (senders, mut running) = many(count);
            if count > 0 {
                assert!(running.poll(&mut context).is_pending());
            }
            assert_eq!(wakes.0.load(Ordering::Relaxed), 0);
            let mut given = Vec::new();
            for sender in senders.into_iter().rev() {
                assert!(sender.send(()).is_ok());
                match running.poll(&mut context) {
                    Poll::Ready(Some(number)) => given.push(number),
                    other => panic!("{other:?}"),
                }
            }
            assert_eq!(given, (0..count).rev().collect::<Vec<_>>());
            assert_eq!(running.poll(&mut context), Poll::Ready(None));
        }
    }

    #[tokio::test]
    async fn more_than_a_few_all_end() {
        let (senders, mut running) = many(3 * FEW);
        for sender in senders {
            assert!(sender.send(()).is_ok());
        }
        let mut given = Vec::new();
        while let Some(number) = running.next().await {
            given.push(number);
        }
        given.sort_unstable();
        assert_eq!(given, (0..3 * FEW).collect::<Vec<_>>());
    }

    fn many(count: usize) -> (Vec<oneshot::Sender<()>>, Running<'static, usize>) {
        let mut running = Running::new();
        let senders = (0..count)
            .map(|number| {
                let (sender, receiver) = oneshot::channel();
                running.push(async move {
                    assert!(receiver.await.is_ok());
                    number
                });
                sender
            })
            .collect();
        (senders, running)
    }
}
