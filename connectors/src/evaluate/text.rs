//! Matching of one text: wildcards, simple case folding, regular expressions.
//!
//! *Invariant*: no backtracking that grows with the number of wildcards: a pattern's parts are found one after the
//! other, each at its first place. A part without `_` is found in linear time, and so is a long one with `_` but for a word of
//! bits for every 64 of its code points.

mod wild;

use std::sync::Arc;

use self::wild::Wild;
use super::Pattern;
use crate::Comparison;

/// Code points up to which a part with `_` is tried at each place of a text.
const SHORT: usize = 16;

/// A `_like` pattern: `%` any run of code points, `_` one, `\` takes the next as itself (and stands for itself at the
/// end). Case-sensitive; for `_ilike`, fold pattern and text first with [`fold_into`].
#[derive(Clone, Debug)]
pub struct Like {
    /// What stands between the `%`; none is empty, but the first and the last may be.
    parts: Vec<Part>,
}

#[derive(Clone, Debug)]
enum Part {
    Literal(String),
    /// `None`: any one code point. A long one has its way to be found.
    Wild(Vec<Option<char>>, Option<Wild>),
}

impl Like {
    /// Reads a pattern; every text is one.
    pub fn new(pattern: &str) -> Self {
        let mut parts = Vec::new();
        let mut part = Vec::new();
        let mut chars = pattern.chars();
        while let Some(char) = chars.next() {
            match char {
                '%' => parts.push(Part::new(std::mem::take(&mut part))),
                '_' => part.push(None),
                '\\' => part.push(Some(chars.next().unwrap_or('\\'))),
                char => part.push(Some(char)),
            }
        }
        parts.push(Part::new(part));
        let last = parts.len() - 1;
        let mut at = 0;
        parts.retain(|part| {
            let keep = at == 0 || at == last || !part.is_empty();
            at += 1;
            keep
        });
        Self { parts }
    }

    /// Whether the whole text matches.
    pub fn matches(&self, text: &str) -> bool {
        match self.parts.as_slice() {
            [] => text.is_empty(),
            [only] => only.at_start(text) == Some(text.len()),
            [first, middle @ .., last] => {
                let Some(mut from) = first.at_start(text) else {
                    return false;
                };
                for part in middle {
                    match part.find(&text[from..]) {
                        Some(end) => from += end,
                        None => return false,
                    }
                }
                last.at_end(&text[from..])
            }
        }
    }
}

impl Part {
    fn new(tokens: Vec<Option<char>>) -> Self {
        if tokens.iter().all(Option::is_some) {
            Part::Literal(tokens.into_iter().flatten().collect())
        } else {
            let long = (tokens.len() > SHORT).then(|| Wild::new(&tokens));
            Part::Wild(tokens, long)
        }
    }

    fn is_empty(&self) -> bool {
        matches!(self, Part::Literal(text) if text.is_empty())
    }

    /// Where the part ends if the text begins with it.
    fn at_start(&self, text: &str) -> Option<usize> {
        match self {
            Part::Literal(part) => text.starts_with(part.as_str()).then_some(part.len()),
            Part::Wild(tokens, _) => {
                let mut chars = text.chars();
                for token in tokens {
                    let char = chars.next()?;
                    if token.is_some_and(|wanted| wanted != char) {
                        return None;
                    }
                }
                Some(text.len() - chars.as_str().len())
            }
        }
    }

    /// Where the part ends at the first place it stands.
    fn find(&self, text: &str) -> Option<usize> {
        match self {
            Part::Literal(part) => text.find(part.as_str()).map(|at| at + part.len()),
            Part::Wild(_, Some(long)) => long.find(text),
            Part::Wild(_, None) => {
                text.char_indices().find_map(|(at, _)| self.at_start(&text[at..]).map(|length| at + length))
            }
        }
    }

    fn at_end(&self, text: &str) -> bool {
        match self {
            Part::Literal(part) => text.ends_with(part.as_str()),
            Part::Wild(tokens, _) => {
                let mut chars = text.chars().rev();
                tokens
                    .iter()
                    .rev()
                    .all(|token| chars.next().is_some_and(|char| token.is_none_or(|wanted| wanted == char)))
            }
        }
    }
}

/// Appends a text with each code point folded by Unicode's simple case folding: what differs only in case becomes the
/// same, and the number of code points stays (`ß` and `ss` differ).
pub fn fold_into(text: &str, out: &mut String) {
    out.extend(text.chars().map(fold));
}

/// Folds one code point: the lower case of its upper case, where both are single. Dotless `ı` is the one letter for which
/// that is not what Unicode says.
fn fold(char: char) -> char {
    if char.is_ascii() {
        return char.to_ascii_lowercase();
    }
    if char == 'ı' {
        return char;
    }
    let upper = only(char.to_uppercase()).unwrap_or(char);
    only(upper.to_lowercase()).unwrap_or(char)
}

fn only(mut chars: impl Iterator<Item = char>) -> Option<char> {
    let char = chars.next()?;
    chars.next().is_none().then_some(char)
}

/// One text comparison with its operand, ready for many texts.
pub(super) struct Matcher {
    test: Test,
    negated: bool,
    /// The folded text, kept between calls.
    folded: Option<String>,
}

enum Test {
    Like(Like),
    Prefix(String),
    Suffix(String),
    Part(String),
    Regex(Arc<Pattern>),
}

impl Matcher {
    /// `None`: the comparison is none of texts.
    pub(super) fn new(comparison: Comparison, operand: &str) -> Result<Option<Self>, Box<regex::Error>> {
        let fold = matches!(comparison, Comparison::ILike | Comparison::NotILike);
        let test = match comparison {
            Comparison::Like | Comparison::NotLike => Test::Like(Like::new(operand)),
            Comparison::ILike | Comparison::NotILike => {
                let mut pattern = String::with_capacity(operand.len());
                fold_into(operand, &mut pattern);
                Test::Like(Like::new(&pattern))
            }
            Comparison::StartsWith => Test::Prefix(operand.to_owned()),
            Comparison::EndsWith => Test::Suffix(operand.to_owned()),
            Comparison::Contains => Test::Part(operand.to_owned()),
            Comparison::Regex | Comparison::IRegex => {
                Test::Regex(Pattern::of(operand, comparison == Comparison::IRegex)?)
            }
            Comparison::Equal
            | Comparison::NotEqual
            | Comparison::In
            | Comparison::NotIn
            | Comparison::Greater
            | Comparison::GreaterOrEqual
            | Comparison::Less
            | Comparison::LessOrEqual => return Ok(None),
        };
        let negated = matches!(comparison, Comparison::NotLike | Comparison::NotILike);
        Ok(Some(Self { test, negated, folded: fold.then(String::new) }))
    }

    /// Whether a text meets the comparison.
    pub(super) fn matches(&mut self, text: &str) -> bool {
        let text = match &mut self.folded {
            None => text,
            Some(folded) => {
                folded.clear();
                fold_into(text, folded);
                folded.as_str()
            }
        };
        let found = match &self.test {
            Test::Like(like) => like.matches(text),
            Test::Prefix(prefix) => text.starts_with(prefix.as_str()),
            Test::Suffix(suffix) => text.ends_with(suffix.as_str()),
            Test::Part(part) => text.contains(part.as_str()),
            Test::Regex(pattern) => pattern.matches(text),
        };
        found != self.negated
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use regex::Regex;

    use super::*;

    #[test]
    fn wildcards_match_as_in_sql() {
        for (pattern, text, expected) in [
            ("", "", true),
            ("", "a", false),
            ("%", "", true),
            ("%%", "a", true),
            ("_", "", false),
            ("_", "里", true),
            ("_", "𠮷", true),
            ("__", "𠮷", false),
            ("a%", "abc", true),
            ("%c", "abc", true),
            ("a%c", "ac", true),
            ("a%b%c", "aXXbYYc", true),
            ("a%b%c", "acb", false),
            ("ab%ba", "aba", false),
            ("ab%ba", "abba", true),
            ("%aab%", "aaab", true),
            ("%a_b", "xaab", true),
            ("%a_b%", "aaab", true),
            ("%_a", "a", false),
            ("_%_", "a", false),
            ("_%_", "ab", true),
            ("%ab%ab", "xabab", true),
            ("%ab%ab", "xab", false),
            ("A%", "abc", false),
            ("a\nb", "a\nb", true),
            ("a%b", "a\nb", true),
            ("a_b", "a\nb", true),
            (r"\%", "%", true),
            (r"\%", "x", false),
            (r"\_", "_", true),
            (r"\_", "x", false),
            (r"\\", r"\", true),
            (r"a\", r"a\", true),
            (r"\a", "a", true),
            ("%.%", "a.b", true),
            ("%.%", "ab", false),
        ] {
            assert_eq!(Like::new(pattern).matches(text), expected, "{text:?} like {pattern:?}");
        }
    }

    #[test]
    fn wildcards_agree_with_an_exhaustive_search() {
        fn naive(pattern: &[char], text: &[char]) -> bool {
            match pattern.split_first() {
                None => text.is_empty(),
                Some(('%', rest)) => (0..=text.len()).any(|at| naive(rest, &text[at..])),
                Some(('_', rest)) => !text.is_empty() && naive(rest, &text[1..]),
                Some((wanted, rest)) => text.first() == Some(wanted) && naive(rest, &text[1..]),
            }
        }
        fn words(letters: &[char], longest: usize) -> Vec<Vec<char>> {
            let mut all = vec![Vec::new()];
            let mut last = all.clone();
            for _ in 0..longest {
                last = last
                    .iter()
                    .flat_map(|word| letters.iter().map(|letter| [word.as_slice(), &[*letter]].concat()))
                    .collect();
                all.extend(last.iter().cloned());
            }
            all
        }
        let texts = words(&['a', 'b'], 5);
        for pattern in words(&['a', 'b', '%', '_'], 5) {
            let like = Like::new(&pattern.iter().collect::<String>());
            for text in &texts {
                let plain = text.iter().collect::<String>();
                assert_eq!(like.matches(&plain), naive(&pattern, text), "{plain:?} like {pattern:?}");
            }
        }
    }

    #[test]
    fn many_wildcards_do_not_take_exponential_time() {
        let pattern = "%a".repeat(2_000) + "%b";
        assert!(!Like::new(&pattern).matches(&"a".repeat(20_000)));
    }

    #[test]
    fn folding_is_that_of_regular_expressions() {
        // Letters newer than the tables of the regex crate have no case there.
        let unassigned = Regex::new(r"\p{Cn}").unwrap();
        for char in ('\0'..=char::MAX).filter(|char| fold(*char) != *char) {
            if unassigned.is_match(&format!("{char}{}", fold(char))) {
                continue;
            }
            let regex = Regex::new(&format!("(?i)^{char}$")).unwrap();
            assert!(regex.is_match(&fold(char).to_string()), "{char} {:?}", fold(char));
        }
        let folded = |text: &str| {
            let mut out = String::new();
            fold_into(text, &mut out);
            out
        };
        assert_eq!(folded("ÄΣς Straße ſK"), "äσσ straße sk");
        assert_eq!(folded("İı"), "İı");
    }

    #[test]
    fn a_regular_expression_that_would_grow_too_large_is_refused() {
        for pattern in ["(", r"[[:word:]]{1000}{1000}", r"\w{5000}"] {
            assert!(Matcher::new(Comparison::Regex, pattern).is_err(), "{pattern}");
        }
        assert!(Matcher::new(Comparison::IRegex, "^sip.ng").unwrap().unwrap().matches("SIPING Road"));
    }
}
