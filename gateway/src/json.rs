//! JSON text, written by hand: strings escaped as RFC 8259 asks.
//!
//! In: text. Out: bytes appended. *Invariant*: what is written is always one whole, valid JSON string.

const HEX: &[u8; 16] = b"0123456789abcdef";

/// Appends a JSON string, quotes included. Text beyond ASCII stays as it is (UTF-8).
pub fn write_string(text: &str, out: &mut Vec<u8>) {
    out.reserve(text.len() + 2);
    out.push(b'"');
    // Whole pieces are judged without a branch per byte: nearly all text needs no escape.
    for piece in text.as_bytes().chunks(64) {
        if piece.iter().fold(false, |found, byte| found | needs_escape(*byte)) {
            write_escaped(piece, out);
        } else {
            out.extend_from_slice(piece);
        }
    }
    out.push(b'"');
}

fn needs_escape(byte: u8) -> bool {
    byte < 0x20 || byte == b'"' || byte == b'\\'
}

fn write_escaped(piece: &[u8], out: &mut Vec<u8>) {
    for &byte in piece {
        match byte {
            b'"' | b'\\' => out.extend_from_slice(&[b'\\', byte]),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            0..0x20 => {
                out.extend_from_slice(b"\\u00");
                out.extend_from_slice(&[HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
            }
            _ => out.push(byte),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn written(text: &str) -> String {
        let mut out = Vec::new();
        write_string(text, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn every_character_comes_back_as_it_went() {
        let mut all: String = (0..0x300u32).filter_map(char::from_u32).collect();
        all.push_str("里弄 😀 \u{2028}");
        assert_eq!(serde_json::from_str::<String>(&written(&all)).unwrap(), all);
    }

    #[test]
    fn escapes_are_found_wherever_they_stand() {
        for length in [0, 1, 63, 64, 65, 128, 200] {
            for special in ["\"", "\\", "\u{1}", "\n"] {
                let text = format!("{}{special}{}", "é".repeat(length), "x".repeat(length));
                assert_eq!(serde_json::from_str::<String>(&written(&text)).unwrap(), text);
            }
        }
    }

    #[test]
    fn plain_text_is_only_quoted() {
        assert_eq!(written("Siping Road"), "\"Siping Road\"");
        assert_eq!(written("\u{1f}\""), "\"\\u001f\\\"\"");
    }
}
