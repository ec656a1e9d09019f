//! Room for the requests for GraphQL that are answered at the same time.
//!
//! In: an answer. Out: the same, holding its place until it was sent or given up. *Invariant*: nobody waits for a place; a
//! request that finds none is refused before anything is asked for it.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{StatusCode, header};
use hyper::body::{Body, Frame, SizeHint};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::error::Code;
use crate::pieces::Pieces;
use crate::server::refusal::Refusal;

/// Seconds after which a client that was refused may ask again.
const AGAIN: &str = "1";

/// See the module.
pub(super) struct Room(Arc<Semaphore>);

/// The place of one request.
pub(super) struct Place(OwnedSemaphorePermit);

impl Room {
    /// Room for so many.
    pub(super) fn new(most: usize) -> Self {
        Self(Arc::new(Semaphore::new(most.min(Semaphore::MAX_PERMITS))))
    }

    /// A place; 503 `OVERLOADED` if none is free.
    pub(super) fn place(&self) -> Result<Place, Refusal> {
        let message = "The gateway answers as many requests as it may; ask again a little later.";
        self.0.clone().try_acquire_owned().map(Place).map_err(|_| overloaded(message))
    }
}

/// 503 `OVERLOADED`
pub(super) fn overloaded(message: &'static str) -> Refusal {
    Refusal::new(StatusCode::SERVICE_UNAVAILABLE, Code::Overloaded, message).with(header::RETRY_AFTER, AGAIN)
}

/// An answer in its place.
pub(super) struct Placed {
    body: Pieces,
    _place: Place,
}

impl Place {
    /// An answer that holds the place for as long as it lasts.
    pub(super) fn hold(self, body: Pieces) -> Placed {
        Placed { body, _place: self }
    }
}

impl std::fmt::Debug for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Place").field(&self.0.num_permits()).finish()
    }
}

impl Body for Placed {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        Body::size_hint(&self.body)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_free_again_once_its_answer_is_gone() {
        let room = Room::new(2);
        let (first, second) = (room.place().unwrap(), room.place().unwrap());
        let refusal = room.place().unwrap_err();
        assert_eq!((refusal.status, refusal.code), (StatusCode::SERVICE_UNAVAILABLE, Code::Overloaded));
        assert_eq!(refusal.header, Some((header::RETRY_AFTER, AGAIN)));
        let answer = first.hold(Pieces::from(b"{}".to_vec()));
        assert_eq!(Body::size_hint(&answer).exact(), Some(2));
        assert!(room.place().is_err(), "it is not sent yet");
        drop(answer);
        let third = room.place().unwrap();
        drop(second);
        assert!(room.place().is_ok());
        drop(third);
    }
}
