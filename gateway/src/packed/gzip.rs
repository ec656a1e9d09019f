//! The same text for clients that take gzip: deflated once, so that each body is put together from what there is.
//!
//! In: a packed text. Out: bodies in the coding `gzip` (RFC 1952), of one member. *Invariant*: as of what it is made from.

use std::io::{self, Write};
use std::sync::Arc;

use bytes::Bytes;
use flate2::write::DeflateEncoder;
use flate2::{Compression, Crc};

use super::Packed;

/// A member's head: no name, no time, an unknown system.
const HEAD: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
/// The most bytes of a block that is stored.
const STORED: usize = u16::MAX as usize;

/// A deflated text.
pub(crate) struct Deflated {
    /// Whole blocks up to a whole byte, none of which says that it is the last.
    blocks: Bytes,
    sum: Crc,
}

impl Deflated {
    /// Packs a text the other way; takes a second for 200 MB.
    pub(crate) fn of(packed: &Arc<Packed>) -> io::Result<Self> {
        let (mut encoder, mut sum) = (DeflateEncoder::new(Vec::new(), Compression::default()), Crc::new());
        let mut length = 0;
        for piece in packed.clone().unpack() {
            encoder.write_all(&piece)?;
            sum.update(&piece);
            length += piece.len() as u64;
        }
        if length != packed.length() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        encoder.flush()?;
        let blocks = std::mem::take(encoder.get_mut());
        Ok(Self { blocks: blocks.into_boxed_slice().into(), sum })
    }

    /// Bytes that it takes.
    pub(crate) fn weight(&self) -> usize {
        self.blocks.len()
    }

    /// A body in the coding `gzip`, of the text and what stands around it.
    pub(crate) fn zipped(&self, before: &[u8], behind: &[u8]) -> [Bytes; 3] {
        let (mut head, mut tail) = (HEAD.to_vec(), Vec::new());
        write_blocks(before, &mut head);
        write_blocks(behind, &mut tail);
        write_block(&[], true, &mut tail);
        let (mut sum, mut last) = (Crc::new(), Crc::new());
        sum.update(before);
        sum.combine(&self.sum);
        last.update(behind);
        sum.combine(&last);
        tail.extend_from_slice(&sum.sum().to_le_bytes());
        tail.extend_from_slice(&sum.amount().to_le_bytes());
        [head.into(), self.blocks.clone(), tail.into()]
    }
}

/// Text as it is, in blocks.
fn write_blocks(text: &[u8], out: &mut Vec<u8>) {
    for part in text.chunks(STORED) {
        write_block(part, false, out);
    }
}

/// A block that is stored (RFC 1951 §3.2.4), from a whole byte on.
fn write_block(part: &[u8], last: bool, out: &mut Vec<u8>) {
    let length = part.len() as u16;
    out.push(u8::from(last));
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(&(!length).to_le_bytes());
    out.extend_from_slice(part);
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::io::Read;

    use flate2::bufread::GzDecoder;

    use super::super::PIECE;
    use super::super::tests::{LENGTHS, packed, text};
    use super::*;

    #[test]
    fn a_member_holds_the_text_and_what_stands_around_it() {
        for length in LENGTHS {
            let text = text(length);
            let deflated = Deflated::of(&packed(&text, PIECE)).unwrap();
            assert!(length < PIECE || deflated.weight() * 3 < length, "{length}: {}", deflated.weight());
            for (before, behind) in [(0, 0), (1, 2), (20, 0), (0, 20), (STORED + 1, 3 * STORED)] {
                let (before, behind) = (vec![b'<'; before], vec![b'>'; behind]);
                let body = deflated.zipped(&before, &behind).concat();
                let mut read = Vec::new();
                // It sees to the sum and the length at its end.
                let mut reader = GzDecoder::new(&body[..]);
                reader.read_to_end(&mut read).unwrap();
                assert!(reader.into_inner().is_empty(), "nothing behind it");
                assert_eq!(read, [&before[..], &text, &behind].concat());
            }
        }
    }
}
