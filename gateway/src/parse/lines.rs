//! Offsets → lines and columns.
//!
//! In: a text once, then byte offsets. Out: lines and columns counted in characters from 1. *Invariant*: one look-up
//! costs the same however long the lines are, so that a document on one line is no slower than a tidy one.

use crate::error::Location;

const BLOCK: usize = 256;

/// Where the lines of a text begin, and how many characters stand before each block of bytes.
#[derive(Clone, Debug)]
pub(super) struct Lines {
    starts: Vec<usize>,
    /// Empty if every character is one byte.
    characters: Vec<usize>,
}

impl Lines {
    /// Reads a text once.
    pub(super) fn new(text: &str) -> Self {
        let bytes = text.as_bytes();
        let mut starts = vec![0];
        for (at, byte) in bytes.iter().enumerate() {
            if *byte == b'\n' || (*byte == b'\r' && bytes.get(at + 1) != Some(&b'\n')) {
                starts.push(at + 1);
            }
        }
        let mut characters = Vec::new();
        if !text.is_ascii() {
            let mut before = 0;
            for block in bytes.chunks(BLOCK) {
                characters.push(before);
                before += count(block);
            }
            characters.push(before);
        }
        Self { starts, characters }
    }

    /// The place of a byte offset of that same text.
    pub(super) fn location(&self, text: &str, offset: usize) -> Location {
        let offset = offset.min(text.len());
        let line = self.starts.partition_point(|start| *start <= offset);
        let start = self.starts.get(line.saturating_sub(1)).copied().unwrap_or(0);
        Location { line, column: self.characters_before(text, offset) - self.characters_before(text, start) + 1 }
    }

    fn characters_before(&self, text: &str, offset: usize) -> usize {
        let block = offset / BLOCK;
        match self.characters.get(block) {
            Some(before) => before + count(&text.as_bytes()[block * BLOCK..offset]),
            None => offset,
        }
    }
}

/// Characters that begin in these bytes of UTF-8.
fn count(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| **byte & 0xc0 != 0x80).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_counted_in_characters() {
        for filler in ["x", "里", "😀"] {
            let text = format!("a\r\n{}b\rc\n\nd", filler.repeat(1_000));
            let lines = Lines::new(&text);
            let place = |what: char| {
                let at = lines.location(&text, text.find(what).unwrap_or_default());
                (at.line, at.column)
            };
            assert_eq!([place('a'), place('b'), place('c'), place('d')], [(1, 1), (2, 1_001), (3, 1), (5, 1)]);
        }
    }

    #[test]
    fn the_end_has_a_place_too() {
        for text in ["", "ab", "é".repeat(128).as_str()] {
            let place = Lines::new(text).location(text, text.len() + 7);
            assert_eq!((place.line, place.column), (1, text.chars().count() + 1));
        }
    }
}
