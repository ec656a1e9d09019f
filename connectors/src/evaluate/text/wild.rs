//! Finds the first place of a part with `_` in it, in time that does not grow with the part's length times the text's.
//!
//! *Invariant*: each code point of a text costs one step for every 64 tokens of the part, and one more as often as that at most
//! (the bit-parallel search of Baeza-Yates and Gonnet, "A New Approach to Text Searching", 1992); what is kept takes a few
//! bytes for each token.

use std::collections::HashMap;

/// Tokens of one word of bits.
const WORD: usize = u64::BITS as usize;

/// A part, ready to be found. One bit stands for each of its tokens.
#[derive(Clone, Debug)]
pub(super) struct Wild {
    length: usize,
    /// The tokens that any code point meets.
    any: Vec<u64>,
    /// The others that a code point meets.
    chars: HashMap<char, Places, foldhash::fast::RandomState>,
}

/// Which tokens a code point meets.
#[derive(Clone, Debug)]
enum Places {
    /// So many that a whole row of bits is no longer than they are; those that any meets among them.
    Dense(Vec<u64>),
    /// In their order.
    Sparse(Vec<usize>),
}

impl Wild {
    /// Reads tokens; `None`: any one code point.
    pub(super) fn new(tokens: &[Option<char>]) -> Self {
        let mut any = vec![0; tokens.len().div_ceil(WORD)];
        let mut chars = HashMap::<char, Vec<usize>>::new();
        for (at, token) in tokens.iter().enumerate() {
            match token {
                None => set(&mut any, at),
                Some(char) => chars.entry(*char).or_default().push(at),
            }
        }
        let places = |places: Vec<usize>| {
            if places.len() < any.len() {
                return Places::Sparse(places);
            }
            let mut dense = any.clone();
            for at in places {
                set(&mut dense, at);
            }
            Places::Dense(dense)
        };
        let chars = chars.into_iter().map(|(char, found)| (char, places(found))).collect();
        Self { length: tokens.len(), any, chars }
    }

    /// Where the part ends at the first place it stands.
    pub(super) fn find(&self, text: &str) -> Option<usize> {
        let (last, bit) = ((self.length.checked_sub(1)?) / WORD, 1 << ((self.length - 1) % WORD));
        // A token is set where the text up to here ends with all tokens up to it.
        let mut met = vec![0; self.any.len()];
        // The words up to here are all that may have any set.
        let mut used = 1;
        for (at, char) in text.char_indices() {
            let mut carry = 1;
            let (dense, mut sparse) = match self.chars.get(&char) {
                Some(Places::Dense(dense)) => (dense, [].iter()),
                Some(Places::Sparse(sparse)) => (&self.any, sparse.iter()),
                None => (&self.any, [].iter()),
            };
            let mut next = sparse.next();
            let mut end = 0;
            for (index, (word, mask)) in met.iter_mut().zip(dense).enumerate().take(used) {
                let mut mask = *mask;
                while let Some(place) = next.filter(|place| **place / WORD == index) {
                    mask |= 1 << (place % WORD);
                    next = sparse.next();
                }
                let shifted = (*word << 1) | carry;
                carry = *word >> (WORD - 1);
                *word = shifted & mask;
                if *word != 0 {
                    end = index + 1;
                }
            }
            if met[last] & bit != 0 {
                return Some(at + char.len_utf8());
            }
            // What is set may move on to the next word.
            used = (end + 1).min(met.len());
        }
        None
    }
}

fn set(bits: &mut [u64], at: usize) {
    bits[at / WORD] |= 1 << (at % WORD);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn naive(tokens: &[Option<char>], text: &str) -> Option<usize> {
        let chars = text.char_indices().collect::<Vec<_>>();
        let meets = |window: &[(usize, char)]| {
            window.iter().zip(tokens).all(|((_, char), token)| token.is_none_or(|wanted| wanted == *char))
        };
        let found = chars.windows(tokens.len()).find(|window| meets(window))?;
        found.last().map(|(at, char)| at + char.len_utf8())
    }

    #[test]
    fn parts_are_found_where_a_plain_search_finds_them() {
        // Numbers without a pattern, the same each time.
        let mut seed = 7u32;
        let mut random = |below: u32| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 16) % below
        };
        let alphabet = ['a', 'b', '里'];
        let mut found = 0;
        for round in 0..2_000 {
            let length = [1, 2, 3, 63, 64, 65, 127, 128, 130, 200][round % 10];
            let text = (0..300).map(|_| alphabet[random(2 + u32::from(round % 3 == 0)) as usize]).collect::<Vec<_>>();
            // A piece of the text, in which some code points are any, and in half of the rounds one is another.
            let from = random(300 - length as u32 + 1) as usize;
            let mut tokens = text[from..from + length].iter().map(|char| Some(*char)).collect::<Vec<_>>();
            for token in &mut tokens {
                if random(4) == 0 {
                    *token = None;
                }
            }
            if round % 2 == 0 {
                tokens[random(length as u32) as usize] = Some('c');
            }
            let text = text.into_iter().collect::<String>();
            let expected = naive(&tokens, &text);
            found += usize::from(expected.is_some());
            assert_eq!(Wild::new(&tokens).find(&text), expected, "{tokens:?} in {text}");
        }
        assert!((900..1_500).contains(&found), "{found}");
    }

    #[test]
    fn a_long_part_over_a_long_text_that_nearly_meets_it_everywhere_ends() {
        let mut tokens = [Some('a'), None].repeat(5_000);
        tokens.push(Some('b'));
        let text = "a".repeat(50_000);
        assert_eq!(Wild::new(&tokens).find(&text), None);
        assert_eq!(Wild::new(&tokens).find(&(text + "bc")), Some(50_001));
    }
}
