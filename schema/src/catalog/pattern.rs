//! Names with wildcards: `street_*.resident`.
//!
//! In: the text of a member. Out: a [`Pattern`] for each part between dots. `*` stands for any run of characters and `?`
//! for one; in double quotes they stand for themselves, as everything does there, quotes doubled.

use std::iter::Peekable;
use std::str::Chars;

use super::SourceSettings;
use super::reference::ReferenceError;

/// A name part in which `*` and `?` may stand for others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pattern(Vec<Piece>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Piece {
    /// This character.
    Exactly(char),
    /// Any one character.
    One,
    /// Any run of characters, an empty one too.
    Any,
}

impl Pattern {
    /// A text in which `*` and `?` always stand for others, as under `include` and in paths.
    pub fn plain(text: &str) -> Pattern {
        let piece = |c| match c {
            '*' => Piece::Any,
            '?' => Piece::One,
            c => Piece::Exactly(c),
        };
        Pattern(text.chars().map(piece).collect())
    }

    /// A text in which everything stands for itself.
    pub fn exactly(text: &str) -> Pattern {
        Pattern(text.chars().map(Piece::Exactly).collect())
    }

    /// What a `[[discover]]` block may name sources, by its `name` with `{name}` in it.
    pub fn of_block(name: &str) -> Pattern {
        Pattern::plain(&name.replace("{name}", "*"))
    }

    /// Whether there is a name that both match.
    pub fn meets(&self, other: &Pattern) -> bool {
        // By how many pieces of `other` are used up: whether the pieces of this one so far can go with them.
        let skip = |reached: &mut Vec<bool>| {
            for at in 0..other.0.len() {
                reached[at + 1] |= reached[at] && other.0[at] == Piece::Any;
            }
        };
        let mut reached = vec![false; other.0.len() + 1];
        reached[0] = true;
        skip(&mut reached);
        for piece in &self.0 {
            let mut next = vec![false; reached.len()];
            for at in 0..reached.len() {
                if !reached[at] {
                    continue;
                }
                let there = other.0.get(at);
                match (piece, there) {
                    // Any number of the other's pieces go with it, none among them.
                    (Piece::Any, _) => next[at..].fill(true),
                    (_, Some(Piece::Any)) => next[at] = true,
                    (Piece::One, Some(_)) | (_, Some(Piece::One)) => next[at + 1] = true,
                    (_, Some(there)) if piece == there => next[at + 1] = true,
                    _ => {}
                }
            }
            skip(&mut next);
            reached = next;
        }
        reached.last() == Some(&true)
    }

    /// Whether it matches a whole name.
    pub fn matches(&self, name: &str) -> bool {
        let (pieces, name) = (&self.0, name.chars().collect::<Vec<_>>());
        let (mut at, mut in_name) = (0, 0);
        let mut star: Option<(usize, usize)> = None;
        while in_name < name.len() {
            match pieces.get(at) {
                Some(Piece::Any) => {
                    star = Some((at, in_name));
                    at += 1;
                }
                Some(Piece::One) => (at, in_name) = (at + 1, in_name + 1),
                Some(Piece::Exactly(c)) if *c == name[in_name] => (at, in_name) = (at + 1, in_name + 1),
                _ => {
                    // The last `*` takes one character more.
                    let Some((star_at, taken)) = star else { return false };
                    star = Some((star_at, taken + 1));
                    (at, in_name) = (star_at + 1, taken + 1);
                }
            }
        }
        pieces[at..].iter().all(|piece| *piece == Piece::Any)
    }

    /// The one name it matches; `None` if it has a wildcard.
    pub fn exact(&self) -> Option<String> {
        let exactly = |piece: &Piece| match piece {
            Piece::Exactly(c) => Some(*c),
            _ => None,
        };
        self.0.iter().map(exactly).collect()
    }

    /// Parts with the dots between them as one.
    pub(super) fn joined(parts: &[Pattern]) -> Pattern {
        let parts: Vec<&[Piece]> = parts.iter().map(|part| part.0.as_slice()).collect();
        Pattern(parts.join(&Piece::Exactly('.')))
    }
}

impl SourceSettings {
    /// Whether `include` and `exclude` let a collection of that name be served.
    pub fn serves(&self, name: &str) -> bool {
        let named = |patterns: &[String]| patterns.iter().any(|pattern| Pattern::plain(pattern).matches(name));
        (self.include.is_empty() || named(&self.include)) && !named(&self.exclude)
    }
}

/// The parts of a dotted name with wildcards. Never empty.
pub(super) fn patterns(text: &str) -> Result<Vec<Pattern>, ReferenceError> {
    let mut rest = text.chars().peekable();
    let mut parts = vec![part(&mut rest)?];
    while let Some(c) = rest.next() {
        match c {
            '.' => parts.push(part(&mut rest)?),
            other => return Err(ReferenceError::Stray(other)),
        }
    }
    Ok(parts)
}

/// Reads one part up to the dot after it, and the white space around it.
fn part(rest: &mut Peekable<Chars<'_>>) -> Result<Pattern, ReferenceError> {
    while rest.next_if(|c| c.is_whitespace()).is_some() {}
    let mut pieces = Vec::new();
    if rest.next_if_eq(&'"').is_some() {
        loop {
            match rest.next() {
                Some('"') if rest.next_if_eq(&'"').is_some() => pieces.push(Piece::Exactly('"')),
                Some('"') => break,
                Some(c) => pieces.push(Piece::Exactly(c)),
                None => return Err(ReferenceError::UnclosedQuote),
            }
        }
        while rest.next_if(|c| c.is_whitespace()).is_some() {}
        if rest.peek().is_some_and(|c| *c != '.') {
            return Err(ReferenceError::StrayQuote);
        }
    } else {
        while let Some(c) = rest.next_if(|c| *c != '.') {
            pieces.push(match c {
                '*' => Piece::Any,
                '?' => Piece::One,
                '"' => return Err(ReferenceError::StrayQuote),
                ',' | '(' | ')' => return Err(ReferenceError::Stray(c)),
                c => Piece::Exactly(c),
            });
        }
        while matches!(pieces.last(), Some(Piece::Exactly(c)) if c.is_whitespace()) {
            pieces.pop();
        }
    }
    if pieces.is_empty() { Err(ReferenceError::EmptyPart) } else { Ok(Pattern(pieces)) }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_stand_for_others_and_in_quotes_for_themselves() {
        for (pattern, name, matches) in [
            ("street_*", "street_12", true),
            ("street_*", "street_", true),
            ("street_*", "street", false),
            ("*a*b", "xaxbab", true),
            ("?民", "人民", true),
            ("?", "", false),
            ("\"a*\"", "a*", true),
            ("\"a*\"", "ab", false),
            ("\"a.b\"", "a.b", true),
            (" Order Details ", "Order Details", true),
        ] {
            let parts = patterns(pattern).unwrap();
            assert_eq!((parts.len(), parts[0].matches(name)), (1, matches), "{pattern} {name}");
        }
        assert_eq!(patterns("a.*").unwrap().len(), 2);
        let whole = Pattern::joined(&patterns("audit.l?g").unwrap());
        assert!(whole.matches("audit.log") && !whole.matches("audit_log"));
    }

    #[test]
    fn patterns_meet_where_a_name_may_be_both() {
        for (one, other, meet) in [
            ("b_{name}", "?_*", true),
            ("b_{name}", "a_*", false),
            ("b_{name}", "b_x", true),
            ("b_{name}", "b", false),
            ("{name}", "", true),
            ("{name}_x", "y_*", true),
            ("{name}_x", "*_y", false),
            ("a{name}c", "*b*", true),
            ("a", "?", true),
            ("a", "??", false),
        ] {
            let (block, pattern) = (Pattern::of_block(one), Pattern::plain(other));
            assert_eq!((block.meets(&pattern), pattern.meets(&block)), (meet, meet), "{one} {other}");
        }
    }

    #[test]
    fn a_name_without_wildcards_is_one_name() {
        let exact = |text: &str| patterns(text).unwrap()[0].exact();
        assert_eq!(exact("a b").as_deref(), Some("a b"));
        assert_eq!(exact("\"a*\"").as_deref(), Some("a*"));
        assert_eq!(exact("a*"), None);
    }

    #[test]
    fn what_is_no_name_is_refused() {
        for (text, error) in [
            ("", ReferenceError::EmptyPart),
            ("a..b", ReferenceError::EmptyPart),
            ("a(b)", ReferenceError::Stray('(')),
            ("\"a", ReferenceError::UnclosedQuote),
            ("a\"b\"", ReferenceError::StrayQuote),
            ("\"a\"b", ReferenceError::StrayQuote),
        ] {
            assert_eq!(patterns(text), Err(error), "{text}");
        }
    }

    #[test]
    fn plain_patterns_match_whole_names() {
        for (pattern, name) in
            [("a", "a"), ("*", ""), ("tmp_*", "tmp_"), ("*a*b", "xaxbab"), ("?民", "人民"), ("**", "x")]
        {
            assert!(Pattern::plain(pattern).matches(name), "{pattern} {name}");
        }
        for (pattern, name) in [("a", "A"), ("a", "ab"), ("?", ""), ("tmp_*", "xtmp_a"), ("*a", "ab"), ("", "a")] {
            assert!(!Pattern::plain(pattern).matches(name), "{pattern} {name}");
        }
    }
}
