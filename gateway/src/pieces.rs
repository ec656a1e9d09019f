//! The text of an answer, in pieces: what is long is never copied together, and what is kept packed is unpacked while it is sent.
//!
//! In: bytes as they are written or packed. Out: a body of HTTP, or everything as one. *Invariant*: the length is known before the
//! first piece leaves, and a piece is gone once it was given out.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};

use crate::packed::{Packed, Unpack};

/// About how many bytes a piece has; short answers are one.
pub(crate) const PIECE: usize = 256 << 10;
/// Bytes that may stand before a packed text, and as many behind it, for it to be sent as it is packed.
const AROUND: usize = 64 << 10;
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
    Packed(Arc<Packed>),
    Unpacked(Box<Unpack>),
}

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
            Piece::Packed(_) | Piece::Unpacked(_) => None,
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

    /// Appends other pieces.
    pub(crate) fn append(&mut self, mut others: Self) {
        self.left += others.left;
        self.pieces.append(&mut others.pieces);
    }

    /// Appends bytes that others have too.
    pub(crate) fn push_shared(&mut self, bytes: Bytes) {
        self.left += bytes.len() as u64;
        self.pieces.push_back(Piece::Bytes(bytes));
    }

    /// Appends a text that is unpacked when it is taken.
    pub(crate) fn push_packed(&mut self, packed: Arc<Packed>) {
        self.left += packed.length();
        self.pieces.push_back(Piece::Packed(packed));
    }

    /// The packed text, if there is one with little before and behind it.
    pub(crate) fn around_packed(&self) -> Option<Around<'_>> {
        let is_packed = |piece: &Piece| matches!(piece, Piece::Packed(_));
        let at = self.pieces.iter().position(is_packed)?;
        let written = |pieces: std::collections::vec_deque::Iter<'_, Piece>| {
            let mut text = Vec::new();
            for piece in pieces {
                match piece {
                    Piece::Bytes(bytes) if text.len() + bytes.len() <= AROUND => text.extend_from_slice(bytes),
                    _ => return None,
                }
            }
            Some(text)
        };
        let Piece::Packed(packed) = &self.pieces[at] else { return None };
        let (before, behind) = (written(self.pieces.range(..at))?, written(self.pieces.range(at + 1..))?);
        Some(Around { before, packed, behind })
    }
}

/// A packed text and what stands around it.
pub(crate) struct Around<'a> {
    pub(crate) before: Vec<u8>,
    pub(crate) packed: &'a Arc<Packed>,
    pub(crate) behind: Vec<u8>,
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
            let first = self.pieces.front_mut()?;
            if let Piece::Packed(packed) = first {
                *first = Piece::Unpacked(Box::new(packed.clone().unpack()));
            }
            let next = match first {
                Piece::Bytes(bytes) => Some(std::mem::take(bytes)).filter(|bytes| !bytes.is_empty()),
                Piece::Unpacked(text) => text.next(),
                Piece::Packed(_) => None,
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
    use crate::packed::tests::{packed, text};

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
    fn what_is_packed_stands_in_its_place() {
        let text = text(3 * PIECE);
        let mut pieces = Pieces::from(b"a".to_vec());
        pieces.push_packed(packed(&text, PIECE));
        pieces.push_shared(Bytes::from_static(b"e"));
        assert_eq!(pieces.length(), text.len() as u64 + 2);
        assert_eq!(pieces.written().collect::<Vec<_>>(), [b"a", b"e"]);
        assert_eq!(pieces.whole(), [b"a", &text[..], b"e"].concat());
    }

    #[test]
    fn a_packed_text_among_little_is_found() {
        let packed = packed(&text(10), PIECE);
        let around = |parts: &[Option<usize>]| {
            let mut pieces = Pieces::default();
            for part in parts {
                match part {
                    Some(length) => pieces.push(vec![b' '; *length]),
                    None => pieces.push_packed(packed.clone()),
                }
            }
            pieces.around_packed().map(|around| (around.before.len(), around.behind.len()))
        };
        assert_eq!(around(&[Some(3), Some(4), None, Some(AROUND)]), Some((7, AROUND)));
        assert_eq!(around(&[None]), Some((0, 0)));
        assert_eq!(around(&[Some(3)]), None);
        assert_eq!(around(&[None, Some(1), None]), None, "two frames");
        assert_eq!(around(&[Some(AROUND), Some(1), None]), None, "too much to send as it is");
        assert_eq!(around(&[None, Some(AROUND), Some(1)]), None);
    }

    #[test]
    fn an_empty_text_is_no_piece() {
        let pieces = Pieces::from(Vec::new());
        assert!(pieces.is_end_stream());
        assert_eq!(pieces.whole(), b"");
    }
}
