//! A connection whose client must take what it is sent.
//!
//! In: a stream of bytes both ways. Out: the same, which fails once the other side has taken nothing for a while. *Invariant*:
//! however slowly a client reads, as long as it reads it is served; what it is sent at once costs no clock.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

/// How long a client may take nothing of an answer that waits for it.
const PATIENCE: Duration = Duration::from_secs(30);

/// See the module.
pub(super) struct Outflow<S> {
    stream: S,
    /// Set while the other side takes nothing.
    clock: Option<Pin<Box<Sleep>>>,
}

impl<S> Outflow<S> {
    /// Bounds what `stream` waits.
    pub(super) fn new(stream: S) -> Self {
        Self { stream, clock: None }
    }

    /// The outcome of an attempt to write, or of waiting too long for it.
    fn bounded<T>(&mut self, context: &mut Context<'_>, tried: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if tried.is_ready() {
            self.clock = None;
            return tried;
        }
        let clock = self.clock.get_or_insert_with(|| Box::pin(sleep(PATIENCE)));
        clock.as_mut().poll(context).map(|()| Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Outflow<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Outflow<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let tried = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.bounded(context, tried)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let tried = Pin::new(&mut self.stream).poll_write_vectored(context, parts);
        self.bounded(context, tried)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let tried = Pin::new(&mut self.stream).poll_flush(context);
        self.bounded(context, tried)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let tried = Pin::new(&mut self.stream).poll_shutdown(context);
        self.bounded(context, tried)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::time::Instant;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_client_that_takes_nothing_is_let_go() {
        let (ours, _theirs) = tokio::io::duplex(10);
        let began = Instant::now();
        let error = Outflow::new(ours).write_all(&[0; 100]).await.unwrap_err();
        assert_eq!((error.kind(), began.elapsed()), (io::ErrorKind::TimedOut, PATIENCE));
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_takes_a_little_now_and_then_gets_all_of_it() {
        let (ours, mut theirs) = tokio::io::duplex(10);
        let sent = tokio::spawn(async move { Outflow::new(ours).write_all(&[7; 100]).await });
        let (mut read, mut some) = (0, [0; 10]);
        while read < 100 {
            tokio::time::sleep(PATIENCE * 9 / 10).await;
            read += theirs.read(&mut some).await.unwrap();
        }
        assert!(sent.await.unwrap().is_ok());
    }
}
