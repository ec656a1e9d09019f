//! Patterns of text operators as `LIKE` takes them.

use super::dialect::ESCAPE;
use crate::Comparison;

/// A pattern of ours as one of `LIKE`.
pub(super) fn pattern(text: &str, comparison: Comparison) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    let plain = |char: char, out: &mut String| {
        if matches!(char, '%' | '_' | ESCAPE) {
            out.push(ESCAPE);
        }
        out.push(char);
    };
    match comparison {
        Comparison::Like | Comparison::NotLike => {
            let mut chars = text.chars();
            while let Some(char) = chars.next() {
                match char {
                    '%' | '_' => out.push(char),
                    '\\' => plain(chars.next().unwrap_or('\\'), &mut out),
                    char => plain(char, &mut out),
                }
            }
        }
        _ => {
            if comparison != Comparison::StartsWith {
                out.push('%');
            }
            for char in text.chars() {
                plain(char, &mut out);
            }
            if comparison != Comparison::EndsWith {
                out.push('%');
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_keep_their_meaning() {
        for (ours, comparison, theirs) in [
            ("a%_b", Comparison::Like, "a%_b"),
            (r"a\%\_\\|", Comparison::Like, r"a|%|_\||"),
            ("%\\", Comparison::NotLike, "%\\"),
            ("a%", Comparison::StartsWith, "a|%%"),
            ("|", Comparison::EndsWith, "%||"),
            ("", Comparison::Contains, "%%"),
        ] {
            assert_eq!(pattern(ours, comparison), theirs, "{ours}");
        }
    }
}
