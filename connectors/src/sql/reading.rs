//! A future that reads rows, as the stream of the batches that it gives on its way.
//!
//! *Invariant*: reading goes on only while somebody waits for rows, in the task that waits; what is dropped reads no
//! further. Nobody is woken to hand a batch over, as it would be by a channel.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use futures::future::BoxFuture;
use futures::stream::{self, Stream, StreamExt};

use crate::{Result, RowStream, Rows};

/// Where a reading future puts its batches.
#[derive(Clone, Default)]
pub(crate) struct Outlet(Arc<Mutex<Option<Rows>>>);

impl Outlet {
    /// Gives a batch, and goes on when it has been taken.
    pub(crate) async fn give(&self, rows: Rows) {
        self.leave(rows);
        poll_fn(|_| if self.slot().is_none() { Poll::Ready(()) } else { Poll::Pending }).await;
    }

    /// Gives the last batch.
    pub(crate) fn leave(&self, rows: Rows) {
        *self.slot() = Some(rows);
    }

    fn slot(&self) -> std::sync::MutexGuard<'_, Option<Rows>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The batches of a reading. An error that comes before the first batch is the result's, a later one the stream's.
pub(crate) async fn read<F>(reading: impl FnOnce(Outlet) -> F) -> Result<RowStream>
where
    F: Future<Output = Result<()>> + Send + 'static,
{
    let outlet = Outlet::default();
    let reading = Some(Box::pin(reading(outlet.clone())) as BoxFuture<'static, Result<()>>);
    let mut batches = Batches { reading, outlet, fault: None };
    Ok(match batches.next().await {
        None => stream::empty().boxed(),
        Some(first) => {
            let first = first?;
            stream::once(std::future::ready(Ok(first))).chain(batches).boxed()
        }
    })
}

struct Batches {
    reading: Option<BoxFuture<'static, Result<()>>>,
    outlet: Outlet,
    /// What reading ended with, told after the last batch.
    fault: Option<crate::Error>,
}

impl Stream for Batches {
    type Item = Result<Rows>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Rows>>> {
        let this = &mut *self;
        if let Some(reading) = &mut this.reading
            && let Poll::Ready(end) = reading.as_mut().poll(context)
        {
            this.reading = None;
            this.fault = end.err();
        }
        if let Some(rows) = this.outlet.slot().take() {
            return Poll::Ready(Some(Ok(rows)));
        }
        match (this.fault.take(), &this.reading) {
            (Some(fault), _) => Poll::Ready(Some(Err(fault))),
            (None, None) => Poll::Ready(None),
            (None, Some(_)) => Poll::Pending,
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = usize::from(self.outlet.slot().is_some()) + usize::from(self.fault.is_some());
        (left, self.reading.is_none().then_some(left))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use arrow_array::{RecordBatch, RecordBatchOptions};
    use arrow_schema::Schema;

    use super::*;
    use crate::rows::is_over;
    use crate::{Error, ErrorKind};

    fn rows(count: usize) -> Rows {
        let options = RecordBatchOptions::new().with_row_count(Some(count));
        let batch = RecordBatch::try_new_with_options(Arc::new(Schema::empty()), Vec::new(), &options).unwrap();
        Rows { batch, faults: Vec::new() }
    }

    fn fault() -> Error {
        Error::new(ErrorKind::Timeout, "civil", "reading")
    }

    async fn counts(stream: RowStream) -> Vec<Option<usize>> {
        stream.map(|rows| rows.ok().map(|rows| rows.batch.num_rows())).collect().await
    }

    #[tokio::test]
    async fn batches_come_in_order_and_a_late_fault_after_them() {
        for (fails, end) in [(false, vec![]), (true, vec![None])] {
            let stream = read(|outlet| async move {
                outlet.give(rows(1)).await;
                tokio::task::yield_now().await;
                outlet.give(rows(2)).await;
                outlet.leave(rows(3));
                if fails { Err(fault()) } else { Ok(()) }
            });
            let expected = [Some(1), Some(2), Some(3)].into_iter().chain(end).collect::<Vec<_>>();
            assert_eq!(counts(stream.await.unwrap()).await, expected);
        }
    }

    #[tokio::test]
    async fn an_early_fault_is_the_results_and_no_rows_are_an_empty_stream() {
        assert!(read(|_| async { Err(fault()) }).await.is_err());
        assert_eq!(counts(read(|_| async { Ok(()) }).await.unwrap()).await, []);
    }

    #[tokio::test]
    async fn what_has_ended_says_so_with_its_last_batch() {
        let mut stream = read(|outlet| async move {
            outlet.give(rows(1)).await;
            outlet.leave(rows(2));
            Ok(())
        })
        .await
        .unwrap();
        for over in [false, true] {
            assert!(stream.next().await.is_some());
            assert_eq!(is_over(&stream), over);
        }
        let mut failing = read(|outlet| async move {
            outlet.leave(rows(1));
            Err(fault())
        })
        .await
        .unwrap();
        assert!(failing.next().await.unwrap().is_ok() && !is_over(&failing));
        assert!(failing.next().await.unwrap().is_err() && is_over(&failing));
    }

    #[tokio::test]
    async fn reading_waits_until_its_batch_is_taken() {
        let given = Arc::new(Mutex::new(0));
        let seen = given.clone();
        let mut stream = read(|outlet| async move {
            for count in 1..=3 {
                *given.lock().unwrap() = count;
                outlet.give(rows(count)).await;
            }
            Ok(())
        })
        .await
        .unwrap();
        assert_eq!(*seen.lock().unwrap(), 1);
        for expected in 1..=3 {
            assert_eq!(stream.next().await.unwrap().unwrap().batch.num_rows(), expected);
            assert_eq!(*seen.lock().unwrap(), expected);
        }
        drop(stream);
        assert_eq!(Arc::strong_count(&seen), 1);
    }
}
