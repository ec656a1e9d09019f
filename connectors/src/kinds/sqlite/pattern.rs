//! Matching of text patterns in time that no pattern can blow up.
//!
//! In: `_like` patterns and texts. Out: whether they match. *Invariant*: no backtracking over wildcards: each part
//! between two `%` is found at its first place.

/// A pattern: `%` any run of code points, `_` one, `\` takes the next as itself (at the end, itself).
#[derive(Clone, Debug)]
pub(super) struct Like {
    /// What stands between the `%`; `None` in a part: any one code point.
    parts: Vec<Vec<Option<char>>>,
}

impl Like {
    /// Reads a pattern; every text is one.
    pub(super) fn new(pattern: &str) -> Self {
        let mut parts = vec![vec![]];
        let mut rest = pattern.chars();
        while let Some(char) = rest.next() {
            let token = match char {
                '%' => {
                    parts.push(vec![]);
                    continue;
                }
                '_' => None,
                '\\' => Some(rest.next().unwrap_or('\\')),
                char => Some(char),
            };
            if let Some(part) = parts.last_mut() {
                part.push(token);
            }
        }
        Self { parts }
    }

    /// Whether the whole text matches.
    pub(super) fn matches(&self, text: &str) -> bool {
        let Some((first, more)) = self.parts.split_first() else {
            return text.is_empty();
        };
        let Some(mut rest) = strip(text, first) else {
            return false;
        };
        let Some((last, middle)) = more.split_last() else {
            return rest.is_empty();
        };
        for part in middle {
            match find(rest, part) {
                Some(after) => rest = after,
                None => return false,
            }
        }
        let mut backwards = rest.chars().rev();
        last.iter()
            .rev()
            .all(|token| backwards.next().is_some_and(|char| fits(*token, char)))
    }
}

fn fits(token: Option<char>, char: char) -> bool {
    token.is_none_or(|wanted| wanted == char)
}

/// What follows the part if the text begins with it.
fn strip<'a>(text: &'a str, part: &[Option<char>]) -> Option<&'a str> {
    let mut rest = text.chars();
    for token in part {
        if !fits(*token, rest.next()?) {
            return None;
        }
    }
    Some(rest.as_str())
}

/// What follows the first place of the part.
fn find<'a>(text: &'a str, part: &[Option<char>]) -> Option<&'a str> {
    if part.is_empty() {
        return Some(text);
    }
    text.char_indices().find_map(|(at, _)| strip(&text[at..], part))
}

/// The text with each code point folded by Unicode's simple case folding: what differs only in case becomes the same.
pub(super) fn fold(text: &str) -> String {
    text.chars().map(fold_char).collect()
}

/// The lower case of the upper case, where both are single; dotless `ı` is the one letter that Unicode keeps as it is.
fn fold_char(char: char) -> char {
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

/// The first text, by bytes, that stands after all texts that start with `prefix`; `None`: there is none.
pub(super) fn after_prefix(prefix: &str) -> Option<String> {
    let mut text = prefix.to_owned();
    while let Some(last) = text.pop() {
        let next = match last {
            '\u{d7ff}' => Some('\u{e000}'),
            last => char::from_u32(u32::from(last) + 1),
        };
        if let Some(next) = next {
            text.push(next);
            return Some(text);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_matches_the_whole_text() {
        for (pattern, text, matches) in [
            ("", "", true),
            ("", "a", false),
            ("%", "", true),
            ("a%b", "ab", true),
            ("a%b", "acbcb", true),
            ("a%b", "acbc", false),
            ("%a%", "xay", true),
            ("a%a", "a", false),
            ("_", "日", true),
            ("__", "日", false),
            ("%_", "", false),
            ("50\\%", "50%", true),
            ("50\\%", "500", false),
            ("a\\", "a\\", true),
            ("%日_語%", "the 日本語 text", true),
            ("A", "a", false),
        ] {
            assert_eq!(Like::new(pattern).matches(text), matches, "{pattern} {text}");
        }
    }

    #[test]
    fn many_wildcards_take_no_longer_than_few() {
        let pattern = "%a".repeat(200);
        assert!(!Like::new(&format!("{pattern}b")).matches(&"a".repeat(5_000)));
    }

    #[test]
    fn case_folds_simply() {
        assert_eq!(fold("ÄΣς K"), fold("äσσ k"));
        assert_ne!(fold("ß"), fold("ss"));
        assert_eq!(fold("ẞ"), fold("ß"));
    }

    #[test]
    fn a_prefix_has_an_end() {
        assert_eq!(after_prefix("ab").as_deref(), Some("ac"));
        assert_eq!(after_prefix("a\u{10ffff}").as_deref(), Some("b"));
        assert_eq!(after_prefix("\u{d7ff}").as_deref(), Some("\u{e000}"));
        assert_eq!(after_prefix(""), None);
    }
}
