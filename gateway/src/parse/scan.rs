//! A look over the raw text before it is parsed: how many tokens, how deep the brackets.
//!
//! In: text. Out: nothing, or a refusal. *Invariant*: one pass, no recursion, no allocation; knows strings and
//! comments, and leaves every other mistake to the parser.

use crate::error::Code;

/// How deep brackets of all kinds may nest: far beyond what limits on fields allow, far below what a stack holds.
pub(super) const NESTING: usize = 200;

/// Why a text is not worth parsing.
pub(super) struct Refusal {
    pub(super) code: Code,
    pub(super) message: String,
    pub(super) offset: usize,
}

/// Refuses a text of more than `tokens` tokens, comments counted, or with brackets deeper than [`NESTING`].
pub(super) fn check(text: &str, tokens: usize) -> Result<(), Refusal> {
    let bytes = text.as_bytes();
    let (mut at, mut count, mut depth) = (0, 0usize, 0usize);
    while let Some(&byte) = bytes.get(at) {
        let start = at;
        at = match byte {
            b' ' | b'\t' | b'\n' | b'\r' | b',' | 0xef | 0xbb | 0xbf => {
                at += 1;
                continue;
            }
            b'"' => end_of_string(bytes, at),
            b'#' => end_of_run(bytes, at, |byte| byte != b'\n' && byte != b'\r'),
            b'.' => end_of_run(bytes, at, |byte| byte == b'.'),
            b'_' | b'a'..=b'z' | b'A'..=b'Z' => {
                end_of_run(bytes, at, |byte| byte == b'_' || byte.is_ascii_alphanumeric())
            }
            b'-' | b'0'..=b'9' => {
                end_of_run(bytes, at + 1, |byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'+' | b'-'))
            }
            b'{' | b'[' | b'(' => {
                depth += 1;
                at + 1
            }
            b'}' | b']' | b')' => {
                depth = depth.saturating_sub(1);
                at + 1
            }
            _ => at + 1,
        };
        count += 1;
        if depth > NESTING {
            let message = format!("The document nests brackets more than {NESTING} deep.");
            return Err(Refusal { code: Code::TooDeep, message, offset: start });
        }
        if count > tokens {
            let message = format!("The document has more than {tokens} tokens.");
            return Err(Refusal { code: Code::TooCostly, message, offset: start });
        }
    }
    Ok(())
}

fn end_of_run(bytes: &[u8], start: usize, belongs: impl Fn(u8) -> bool) -> usize {
    bytes[start..].iter().position(|byte| !belongs(*byte)).map_or(bytes.len(), |length| start + length)
}

/// The end of the string that begins at `start`; of one that never ends, the end of its line or of the text.
fn end_of_string(bytes: &[u8], start: usize) -> usize {
    if bytes[start..].starts_with(b"\"\"\"") {
        let mut at = start + 3;
        while at < bytes.len() {
            if bytes[at..].starts_with(b"\"\"\"") {
                return at + 3;
            }
            at += if bytes[at..].starts_with(b"\\\"\"\"") { 4 } else { 1 };
        }
        return bytes.len();
    }
    let mut at = start + 1;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'"' => return at + 1,
            b'\n' | b'\r' => return at,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    bytes.len()
}
