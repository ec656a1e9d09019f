//! Futures that must end by a certain time.
//!
//! *Invariant*: a clock is set only for what has to wait. Tokio's own timeout holds its timer within itself, which
//! aligns it, and every future that holds it, to 128 bytes: each box around one then costs several times as much.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use pin_project_lite::pin_project;
use tokio::time::{Instant, Sleep, sleep_until};

/// The time was over first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Late;

/// What `future` gives, if it ends by `end`; it is always asked once.
pub fn until<F: Future>(end: Instant, future: F) -> Until<F> {
    Until { future, end: End::At(end), clock: None }
}

/// What `future` gives, if it ends within `span` from when it first had to wait.
pub fn within<F: Future>(span: Duration, future: F) -> Until<F> {
    Until { future, end: End::In(span), clock: None }
}

#[derive(Clone, Copy)]
enum End {
    At(Instant),
    In(Duration),
}

pin_project! {
    /// See [`until`] and [`within`].
    #[must_use = "futures do nothing unless awaited"]
    pub struct Until<F> {
        #[pin]
        future: F,
        end: End,
        clock: Option<Pin<Box<Sleep>>>,
    }
}

impl<F: Future> Future for Until<F> {
    type Output = Result<F::Output, Late>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        if let Poll::Ready(output) = this.future.poll(context) {
            return Poll::Ready(Ok(output));
        }
        let clock = this.clock.get_or_insert_with(|| {
            Box::pin(sleep_until(match *this.end {
                End::At(end) => end,
                End::In(span) => Instant::now() + span,
            }))
        });
        clock.as_mut().poll(context).map(|()| Err(Late))
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_is_there_is_given_however_late_it_is() {
        assert_eq!(within(Duration::ZERO, ready(7)).await, Ok(7));
        let end = Instant::now();
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(until(end, ready(7)).await, Ok(7));
    }

    #[tokio::test(start_paused = true)]
    async fn what_does_not_come_ends_with_its_time() {
        let began = Instant::now();
        assert_eq!(within(Duration::from_secs(3), pending::<()>()).await, Err(Late));
        assert_eq!(began.elapsed(), Duration::from_secs(3));
        let end = Instant::now() + Duration::from_secs(2);
        assert_eq!(until(end, pending::<()>()).await, Err(Late));
        assert_eq!(Instant::now(), end);
    }

    #[tokio::test(start_paused = true)]
    async fn what_comes_in_time_is_given() {
        let later = async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            7
        };
        assert_eq!(within(Duration::from_secs(2), later).await, Ok(7));
    }

    #[test]
    fn what_holds_one_is_aligned_as_usual() {
        assert!(align_of::<Until<std::future::Ready<u8>>>() <= align_of::<usize>());
    }
}
