//! Case folding that the server does as it is done here, for `_ilike`.
//!
//! In: nothing but Unicode. Out: the letters to replace, what replaces them, and a pattern of what may hold one of them.
//! *Invariant*: `translate(…)` by these after folding ASCII gives what [`fold_into`](crate::evaluate::fold_into) gives.

use std::fmt::Write;
use std::sync::LazyLock;

use crate::evaluate::fold_into;

/// The parameters of a folding expression.
pub(super) struct Folding {
    /// Letters past ASCII that fold to another, each once.
    pub(super) from: String,
    /// What each folds to, one code point each.
    pub(super) to: String,
    /// A regular expression of the server that finds texts which may hold one of them.
    pub(super) pattern: String,
}

/// Gaps between letters that are not worth a range of their own.
const GAP: u32 = 128;

/// No letter past this one has a case.
const LAST: char = '\u{1FFFF}';

/// See [`Folding`].
pub(super) static FOLDING: LazyLock<Folding> = LazyLock::new(|| {
    let mut folding = Folding { from: String::new(), to: String::new(), pattern: String::new() };
    let mut ranges: Vec<(u32, u32)> = vec![];
    let mut folded = String::new();
    for letter in '\u{80}'..=LAST {
        folded.clear();
        fold_into(letter.encode_utf8(&mut [0; 4]), &mut folded);
        if folded.chars().eq([letter]) {
            continue;
        }
        folding.from.push(letter);
        folding.to.push_str(&folded);
        let code = u32::from(letter);
        match ranges.last_mut() {
            Some((_, end)) if code - *end <= GAP => *end = code,
            _ => ranges.push((code, code)),
        }
    }
    folding.pattern.push('[');
    for (start, end) in ranges {
        // Writing to a String cannot fail.
        let _ = write!(folding.pattern, "\\U{start:08X}-\\U{end:08X}");
    }
    folding.pattern.push(']');
    folding
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_letter_folds_to_one() {
        assert_eq!(FOLDING.from.chars().count(), FOLDING.to.chars().count());
        let position = FOLDING.from.chars().position(|letter| letter == 'Ä');
        assert_eq!(position.and_then(|at| FOLDING.to.chars().nth(at)), Some('ä'));
        assert!(!FOLDING.from.contains(['ä', 'ı', '四']));
    }
}
