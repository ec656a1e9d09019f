//! The text of an answer, in pieces: what is long is never copied together, and a long schema is written while it is sent.
//!
//! In: bytes as they are written. Out: a body of HTTP, or everything as one. *Invariant*: the length is known before the
//! first piece leaves, and a piece is gone once it was given out.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};

/// About how many bytes a piece has; short answers are one.
pub(crate) const PIECE: usize = 64 << 10;
/// What a row may take beyond that before the room for a piece is made again.
const MARGIN: usize = 4 << 10;

/// The text of an answer, in pieces. They are taken one after the other, as an iterator or as a body.
#[derive(Default)]
pub struct Pieces {
    pieces: VecDeque<Piece>,
    left: u64,
}

enum Piece {
    Bytes(Bytes),
    Later(Later),
}

/// What is written when it is taken.
pub(crate) type Later = Box<dyn Iterator<Item = Bytes> + Send>;

impl Pieces {
    /// Bytes that are left.
    pub fn length(&self) -> u64 {
        self.left
    }

    /// All that is left as one.
    pub fn whole(self) -> Vec<u8> {
        let mut whole = Vec::with_capacity(usize::try_from(self.left).unwrap_or_default());
        for piece in self {
            whole.extend_from_slice(&piece);
        }
        whole
    }

    /// What is written already.
    pub(crate) fn written(&self) -> impl Iterator<Item = &[u8]> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Bytes(bytes) => Some(&**bytes),
            Piece::Later(_) => None,
        })
    }

    /// Moves what was written behind the pieces, once it is as long as one; `out` is empty then.
    pub(crate) fn take_full(&mut self, out: &mut Vec<u8>) {
        if out.len() >= PIECE {
            self.push(std::mem::replace(out, Vec::with_capacity(PIECE + MARGIN)));
        }
    }

    /// Appends what was written.
    pub(crate) fn push(&mut self, out: Vec<u8>) {
        if !out.is_empty() {
            self.left += out.len() as u64;
            self.pieces.push_back(Piece::Bytes(out.into()));
        }
    }

    /// Appends what is written when it is taken; it must come to just this length.
    pub(crate) fn push_later(&mut self, length: u64, text: Later) {
        self.left += length;
        self.pieces.push_back(Piece::Later(text));
    }
}

impl From<Vec<u8>> for Pieces {
    fn from(whole: Vec<u8>) -> Self {
        let mut pieces = Self::default();
        pieces.push(whole);
        pieces
    }
}

impl fmt::Debug for Pieces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pieces").field("left", &self.left).finish_non_exhaustive()
    }
}

impl Iterator for Pieces {
    type Item = Bytes;

    fn next(&mut self) -> Option<Bytes> {
        loop {
            let next = match self.pieces.front_mut()? {
                Piece::Bytes(bytes) => Some(std::mem::take(bytes)).filter(|bytes| !bytes.is_empty()),
                Piece::Later(text) => text.next(),
            };
            if let Some(bytes) = next {
                self.left = self.left.saturating_sub(bytes.len() as u64);
                return Some(bytes);
            }
            self.pieces.pop_front();
        }
    }
}

impl Body for Pieces {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.get_mut().next().map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_pushed_comes_back_in_order_and_is_counted() {
        let mut pieces = Pieces::default();
        let mut out = vec![b'a'; PIECE - 1];
        pieces.take_full(&mut out);
        assert_eq!((pieces.length(), out.len()), (0, PIECE - 1), "not full yet");
        out.push(b'b');
        pieces.take_full(&mut out);
        assert_eq!((pieces.length(), out.len()), (PIECE as u64, 0));
        pieces.push(out);
        pieces.push(b"c".to_vec());
        assert_eq!(Body::size_hint(&pieces).exact(), Some(PIECE as u64 + 1));
        let first = pieces.next().unwrap_or_default();
        assert_eq!((first.len(), first.last(), pieces.length()), (PIECE, Some(&b'b'), 1));
        assert!(!pieces.is_end_stream());
        assert_eq!(pieces.next(), Some(Bytes::from_static(b"c")));
        assert!(pieces.is_end_stream() && pieces.next().is_none());
    }

    #[test]
    fn what_is_written_later_stands_in_its_place() {
        let mut pieces = Pieces::from(b"a".to_vec());
        pieces.push_later(3, Box::new(["b", "cd"].into_iter().map(Bytes::from)));
        pieces.push(b"e".to_vec());
        assert_eq!(pieces.length(), 5);
        assert_eq!(pieces.written().collect::<Vec<_>>(), [b"a", b"e"]);
        assert_eq!(pieces.whole(), b"abcde");
    }

    #[test]
    fn an_empty_text_is_no_piece() {
        let pieces = Pieces::from(Vec::new());
        assert!(pieces.is_end_stream());
        assert_eq!(pieces.whole(), b"");
    }
}
