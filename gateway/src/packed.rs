//! A long text that is kept packed: introspection repeats itself so much that it is packed two hundred times smaller.
//!
//! In: the text, in pieces. Out: the same pieces again, or a body in a content coding with the text between what stands before
//! and behind it, nothing packed anew. *Invariant*: what comes out is what went in, as long as was told before.

mod gzip;

use std::fmt;
use std::io::{self, Write};
use std::sync::Arc;

use bytes::Bytes;
use zstd::stream::raw::{Decoder, InBuffer, Operation, OutBuffer};
use zstd::stream::write::Encoder;

pub(crate) use self::gzip::Deflated;

/// About how many bytes come at once.
const PIECE: usize = 64 << 10;
/// The fastest that packs well: what is found is found by any.
const LEVEL: i32 = 1;
/// Powers of two of bytes that are looked back, 1 MB: the same tables of the department before. Whoever unpacks holds as much.
const WINDOW: u32 = 20;
/// What stands before the first block of a frame without a length or a sum (RFC 8878 §3.1.1): a mark, a descriptor, the window.
const HEAD: usize = 6;

/// A packed text.
pub(crate) struct Packed {
    number: u64,
    length: u64,
    /// The beginning of a frame of zstd: its head and whole blocks, none of which says that it is the last.
    frame: Bytes,
}

impl Packed {
    /// What it is known by among those that are kept.
    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    /// Bytes of the text.
    pub(crate) fn length(&self) -> u64 {
        self.length
    }

    /// Bytes that it takes.
    pub(crate) fn weight(&self) -> usize {
        self.frame.len()
    }

    /// Its pieces, one after the other.
    pub(crate) fn unpack(self: Arc<Self>) -> Unpack {
        Unpack { at: 0, left: self.length, decoder: None, packed: self }
    }

    /// A body in the coding `zstd`: one frame, of the text and what stands around it.
    pub(crate) fn framed(&self, before: &[u8], behind: &[u8]) -> [Bytes; 3] {
        let (mut head, mut tail) = (self.frame[..HEAD].to_vec(), Vec::new());
        write_blocks(before, &mut head);
        write_blocks(behind, &mut tail);
        write_block(&[], true, &mut tail);
        [head.into(), self.frame.slice(HEAD..), tail.into()]
    }
}

impl fmt::Debug for Packed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Packed").field("length", &self.length).field("weight", &self.weight()).finish_non_exhaustive()
    }
}

/// Text as it is, in blocks.
fn write_blocks(text: &[u8], out: &mut Vec<u8>) {
    for part in text.chunks(PIECE) {
        write_block(part, false, out);
    }
}

/// A block that stands for itself (RFC 8878 §3.1.1.2): three bytes of head, then the bytes as they are.
fn write_block(part: &[u8], last: bool, out: &mut Vec<u8>) {
    let head = (part.len() as u32) << 3 | u32::from(last);
    out.extend_from_slice(&head.to_le_bytes()[..3]);
    out.extend_from_slice(part);
}

/// A text that is being packed.
pub(crate) struct Packer {
    length: u64,
    encoder: Encoder<'static, Vec<u8>>,
}

impl Packer {
    /// Nothing yet.
    pub(crate) fn new() -> io::Result<Self> {
        let mut encoder = Encoder::new(Vec::new(), LEVEL)?;
        encoder.window_log(WINDOW)?;
        Ok(Self { length: 0, encoder })
    }

    /// Bytes that were written.
    pub(crate) fn length(&self) -> u64 {
        self.length
    }

    /// Appends a piece.
    pub(crate) fn write(&mut self, piece: &[u8]) -> io::Result<()> {
        self.length += piece.len() as u64;
        self.encoder.write_all(piece)
    }

    /// The packed text, of a byte at least.
    pub(crate) fn finish(mut self, number: u64) -> io::Result<Packed> {
        self.encoder.flush()?;
        let frame = std::mem::take(self.encoder.get_mut());
        if frame.get(HEAD - 2) != Some(&0) {
            return Err(io::Error::other("a frame with another head than was asked for"));
        }
        // What was reserved beyond is given back.
        Ok(Packed { number, length: self.length, frame: frame.into_boxed_slice().into() })
    }
}

/// A packed text on its way.
pub(crate) struct Unpack {
    packed: Arc<Packed>,
    decoder: Option<Decoder<'static>>,
    at: usize,
    left: u64,
}

impl Unpack {
    fn piece(&mut self) -> io::Result<Bytes> {
        let decoder = match &mut self.decoder {
            Some(decoder) => decoder,
            none => none.insert(Decoder::new()?),
        };
        let wanted = PIECE.min(usize::try_from(self.left).unwrap_or(PIECE));
        let mut out = Vec::with_capacity(wanted);
        while out.len() < wanted {
            let mut input = InBuffer::around(&self.packed.frame[self.at..]);
            let before = out.len();
            let mut output = OutBuffer::around_pos(&mut out, before);
            decoder.run(&mut input, &mut output)?;
            let taken = input.pos();
            if (taken, out.len()) == (0, before) {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            self.at += taken;
        }
        self.left = self.left.saturating_sub(out.len() as u64);
        Ok(out.into())
    }
}

impl Iterator for Unpack {
    type Item = Bytes;

    fn next(&mut self) -> Option<Bytes> {
        if self.left == 0 {
            return None;
        }
        match self.piece() {
            Ok(piece) => Some(piece),
            Err(error) => {
                // Only for want of memory: it was packed here. The client misses bytes of the length it was told.
                tracing::error!("a text that is kept packed cannot be unpacked: {error}");
                self.left = 0;
                None
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
pub(crate) mod tests {
    use std::io::Read;

    use super::*;

    /// A text of that many bytes in which much is found again, and much is not.
    pub(crate) fn text(length: usize) -> Vec<u8> {
        let mut state = 1u64;
        let words = (0..).flat_map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            format!("{{\"name\":\"T{}\",\"kind\":\"OBJECT\"}},", state >> 50).into_bytes()
        });
        words.take(length).collect()
    }

    pub(crate) fn packed(text: &[u8], piece: usize) -> Arc<Packed> {
        let mut packer = Packer::new().unwrap();
        for piece in text.chunks(piece) {
            packer.write(piece).unwrap();
        }
        assert_eq!(packer.length(), text.len() as u64);
        Arc::new(packer.finish(7).unwrap())
    }

    /// Lengths at which pieces and blocks end, and others.
    pub(crate) const LENGTHS: [usize; 8] = [1, 100, PIECE - 1, PIECE, PIECE + 1, 131_072, 1_000_000, 3_000_000];

    #[test]
    fn what_is_packed_comes_back_in_pieces() {
        for length in LENGTHS {
            let text = text(length);
            for piece in [100, PIECE, length] {
                let packed = packed(&text, piece);
                assert_eq!((packed.number(), packed.length()), (7, length as u64));
                assert!(length < PIECE || packed.weight() * 3 < length, "{length}: {}", packed.weight());
                for _ in 0..2 {
                    let pieces: Vec<Bytes> = packed.clone().unpack().collect();
                    assert!(pieces.iter().all(|piece| piece.len() <= PIECE));
                    assert_eq!(pieces.concat(), text, "{length} by {piece}");
                }
            }
        }
    }

    #[test]
    fn a_frame_holds_the_text_and_what_stands_around_it() {
        for length in LENGTHS {
            let text = text(length);
            let packed = packed(&text, PIECE);
            for (before, behind) in [(0, 0), (1, 2), (20, 0), (0, 20), (PIECE + 1, 3 * PIECE)] {
                let (before, behind) = (vec![b'<'; before], vec![b'>'; behind]);
                let body = packed.framed(&before, &behind).concat();
                let mut read = Vec::new();
                // One frame: many a client reads no second one.
                let mut reader = zstd::stream::read::Decoder::with_buffer(&body[..]).unwrap().single_frame();
                reader.read_to_end(&mut read).unwrap();
                assert!(reader.finish().is_empty(), "nothing behind it");
                assert_eq!(read, [&before[..], &text, &behind].concat());
            }
        }
    }
}
