//! Bytes → text: marks, UTF-8, what the settings say, and GB 18030 where the bytes plainly are.
//!
//! *Invariant*: no byte is replaced; what cannot be told is refused with its line.

use std::borrow::Cow;

use encoding_rs::{Encoding, GB18030, UTF_8, UTF_16BE, UTF_16LE};

use super::obstacle::Obstacle;

/// Text, with the encoding if it was guessed.
pub(super) struct Decoded<'a> {
    pub(super) text: Cow<'a, str>,
    pub(super) guessed: Option<&'static str>,
}

/// A mark at the beginning wins; then UTF-8 if the bytes are; then the setting; then GB 18030 if it is plain.
pub(super) fn decode<'a>(bytes: &'a [u8], setting: Option<&'static Encoding>) -> Result<Decoded<'a>, Obstacle> {
    if let Some((marked, length)) = Encoding::for_bom(bytes) {
        return Ok(Decoded { text: strictly(&bytes[length..], marked)?, guessed: None });
    }
    if let Some(wide) = setting.filter(|encoding| [UTF_16LE, UTF_16BE].contains(encoding)) {
        return Ok(Decoded { text: strictly(bytes, wide)?, guessed: None });
    }
    refuse_nuls(bytes)?;
    let line = match std::str::from_utf8(bytes) {
        Ok(text) => return Ok(Decoded { text: Cow::Borrowed(text), guessed: None }),
        Err(error) => line_of(bytes, error.valid_up_to()),
    };
    match setting {
        Some(encoding) if encoding != UTF_8 => Ok(Decoded { text: strictly(bytes, encoding)?, guessed: None }),
        None if is_plainly_chinese(bytes) => Ok(Decoded { text: strictly(bytes, GB18030)?, guessed: Some("gb18030") }),
        _ => Err(Obstacle::Encoding { line, encoding: "UTF-8" }),
    }
}

fn strictly<'a>(bytes: &'a [u8], encoding: &'static Encoding) -> Result<Cow<'a, str>, Obstacle> {
    encoding.decode_without_bom_handling_and_without_replacement(bytes).ok_or_else(|| {
        let mut decoder = encoding.new_decoder_without_bom_handling();
        let mut out = String::with_capacity(bytes.len() * 3 + 16);
        let (_, read) = decoder.decode_to_string_without_replacement(bytes, &mut out, true);
        let line = out.bytes().filter(|byte| *byte == b'\n').count() + 1;
        debug_assert!(read <= bytes.len());
        Obstacle::Encoding { line, encoding: encoding.name() }
    })
}

/// Text in which every other byte is NUL is UTF-16 without a mark; NULs at the end are a file that is not whole yet.
fn refuse_nuls(bytes: &[u8]) -> Result<(), Obstacle> {
    let damaged = |what| Obstacle::Damaged { place: String::new(), what };
    let start = &bytes[..bytes.len().min(1_000)];
    let nuls = start.split(|byte| *byte == 0).count() - 1;
    if bytes.last() == Some(&0) && start.last() == Some(&0) && nuls == start.len() {
        return Err(damaged("it holds nothing but NUL bytes"));
    }
    if nuls * 4 > start.len() {
        return Err(damaged("every other byte is NUL: say `encoding`, \"utf-16le\" or \"utf-16be\""));
    }
    if bytes.ends_with(&[0, 0, 0, 0]) {
        return Err(damaged("it ends in NUL bytes: it is not whole yet"));
    }
    Ok(())
}

fn line_of(bytes: &[u8], at: usize) -> usize {
    bytes[..at].split(|byte| *byte == b'\n').count()
}

/// Whether what is not ASCII is nearly all pairs of GB 2312, as Chinese text is and accented letters are not.
fn is_plainly_chinese(bytes: &[u8]) -> bool {
    let (mut pairs, mut others) = (0usize, 0usize);
    let mut at = 0;
    while at < bytes.len() {
        let high = |at: usize| bytes.get(at).is_some_and(|byte| (0xA1..=0xFE).contains(byte));
        if bytes[at] < 0x80 {
            at += 1;
        } else if high(at) && high(at + 1) {
            pairs += 1;
            at += 2;
        } else {
            others += 1;
            at += 2;
        }
    }
    pairs >= 2 && others * 20 <= pairs
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn marks_win_then_utf_8_then_the_setting_then_what_is_plain() {
        let latin = Encoding::for_label(b"latin1");
        let (gbk, _, _) = GB18030.encode("街道,四平路街道办事处");
        let wide: Vec<u8> = "街,a".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let marked: Vec<u8> = [&[0xFF, 0xFE][..], &wide].concat();
        for (bytes, setting, text, guessed) in [
            (&b"\xEF\xBB\xBFa,\xC3\xA9"[..], latin, "a,é", None),
            (&marked, None, "街,a", None),
            (&wide, Some(UTF_16LE), "街,a", None),
            ("é".as_bytes(), latin, "é", None),
            (b"caf\xE9", latin, "café", None),
            (&gbk, Some(GB18030), "街道,四平路街道办事处", None),
            (&gbk, None, "街道,四平路街道办事处", Some("gb18030")),
        ] {
            let decoded = decode(bytes, setting).unwrap();
            assert_eq!((&*decoded.text, decoded.guessed), (text, guessed), "{bytes:?}");
        }
    }

    #[test]
    fn what_cannot_be_told_is_refused_with_its_line() {
        let (mostly, _, _) = GB18030.encode("街道");
        let broken = [&mostly[..], b"\xFF"].concat();
        for (bytes, setting, says) in [
            (&b"a\nb\ncaf\xE9 au lait"[..], None, "line 3 is not UTF-8"),
            (b"ok\ncaf\xE9", Some(UTF_8), "line 2 is not UTF-8"),
            (&broken, Some(GB18030), "line 1 is not gb18030"),
            (b"a\0,\0b\0\n\0", None, "every other byte is NUL"),
            (b"a,b\n1,2\n\0\0\0\0\0\0", None, "NUL"),
            (&[0; 64], None, "nothing but NUL"),
        ] {
            let error = decode(bytes, setting).err().unwrap().to_string();
            assert!(error.contains(says), "{error}");
        }
    }
}
