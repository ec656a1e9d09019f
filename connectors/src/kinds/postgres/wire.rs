//! Values in the server's binary format: numerics, UUIDs, dates and arrays.
//!
//! In: values and bytes. Out: bytes and values. *Invariant*: bytes that are not in the format, and values that have no
//! counterpart here (NaN, infinity, years before 1 and after 9999), are `None`.
//!
//! The formats are those of the server's `…_send` functions; dates and times count from 2000-01-01.

/// Days from 1970-01-01 to 2000-01-01.
const EPOCH_DAYS: i32 = 10_957;
/// Microseconds from 1970-01-01 to 2000-01-01.
const EPOCH_MICROS: i64 = EPOCH_DAYS as i64 * 86_400_000_000;
/// 0001-01-01 in days since 1970-01-01.
const FIRST_DAY: i32 = -719_162;
/// 10000-01-01 in days since 1970-01-01.
const END_DAY: i32 = 2_932_897;

/// Type numbers of the server's catalog, which never change.
pub(super) mod oid {
    pub(in super::super) const BOOL: u32 = 16;
    pub(in super::super) const BYTEA: u32 = 17;
    pub(in super::super) const INT8: u32 = 20;
    pub(in super::super) const INT2: u32 = 21;
    pub(in super::super) const INT4: u32 = 23;
    pub(in super::super) const TEXT: u32 = 25;
    pub(in super::super) const JSON: u32 = 114;
    pub(in super::super) const FLOAT4: u32 = 700;
    pub(in super::super) const FLOAT8: u32 = 701;
    pub(in super::super) const BPCHAR: u32 = 1042;
    pub(in super::super) const VARCHAR: u32 = 1043;
    pub(in super::super) const DATE: u32 = 1082;
    pub(in super::super) const TIME: u32 = 1083;
    pub(in super::super) const TIMESTAMP: u32 = 1114;
    pub(in super::super) const TIMESTAMPTZ: u32 = 1184;
    pub(in super::super) const NUMERIC: u32 = 1700;
    pub(in super::super) const UUID: u32 = 2950;
    pub(in super::super) const JSONB: u32 = 3802;
}

/// Days since 1970-01-01 of a `date`.
pub(super) fn read_date(bytes: &[u8]) -> Option<i32> {
    let days = i32::from_be_bytes(bytes.try_into().ok()?).checked_add(EPOCH_DAYS)?;
    (FIRST_DAY..END_DAY).contains(&days).then_some(days)
}

/// A `date`.
pub(super) fn write_date(days: i32) -> Vec<u8> {
    days.saturating_sub(EPOCH_DAYS).to_be_bytes().to_vec()
}

/// Microseconds since midnight of a `time`; not 24:00.
pub(super) fn read_time(bytes: &[u8]) -> Option<i64> {
    let micros = i64::from_be_bytes(bytes.try_into().ok()?);
    (0..86_400_000_000).contains(&micros).then_some(micros)
}

/// Microseconds since 1970-01-01 of a `timestamp` or `timestamptz`.
pub(super) fn read_moment(bytes: &[u8]) -> Option<i64> {
    let micros = i64::from_be_bytes(bytes.try_into().ok()?).checked_add(EPOCH_MICROS)?;
    let days = micros.div_euclid(86_400_000_000);
    (i64::from(FIRST_DAY)..i64::from(END_DAY)).contains(&days).then_some(micros)
}

/// A `timestamp` or `timestamptz`.
pub(super) fn write_moment(micros: i64) -> Vec<u8> {
    micros.saturating_sub(EPOCH_MICROS).to_be_bytes().to_vec()
}

/// The canonical text of a `numeric`, appended; `None`, with nothing appended, for NaN and infinity.
pub(super) fn read_numeric(bytes: &[u8], out: &mut String) -> Option<()> {
    let word = |at: usize| Some(u16::from_be_bytes([*bytes.get(at)?, *bytes.get(at + 1)?]));
    let count = usize::from(word(0)?);
    let weight = i32::from(word(2)? as i16);
    let negative = match word(4)? {
        0 => false,
        0x4000 => true,
        _ => return None,
    };
    if bytes.len() != 8 + count * 2 {
        return None;
    }
    let digit = |position: i32| -> u16 {
        usize::try_from(position)
            .ok()
            .filter(|position| *position < count)
            .and_then(|position| word(8 + position * 2))
            .unwrap_or(0)
    };
    let start = out.len();
    if negative && (0..count as i32).any(|position| digit(position) != 0) {
        out.push('-');
    }
    let four = |number: u16, out: &mut String| {
        for scale in [1_000, 100, 10, 1] {
            out.push(char::from(b'0' + (number / scale % 10) as u8));
        }
    };
    let whole = out.len();
    for position in 0..=weight {
        four(digit(position), out);
    }
    let zeros = out[whole..].len() - out[whole..].trim_start_matches('0').len();
    out.replace_range(whole..whole + zeros, "");
    if out.len() == whole {
        out.push('0');
    }
    let point = out.len();
    out.push('.');
    // Zeros between the point and the first digit that is sent.
    for position in (weight + 1)..(count as i32).max(weight + 1) {
        four(digit(position), out);
    }
    let kept = out.trim_end_matches('0').len();
    out.truncate(if kept == point + 1 { point } else { kept });
    if out.len() == start {
        return None;
    }
    Some(())
}

/// A `numeric` from canonical text; `None` if it is no decimal or has more digits than the server takes.
pub(super) fn write_numeric(text: &str) -> Option<Vec<u8>> {
    let (negative, rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (whole, fraction) = rest.split_once('.').unwrap_or((rest, ""));
    if whole.is_empty() || !whole.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let padded_whole = format!("{}{whole}", "0".repeat((4 - whole.len() % 4) % 4));
    let padded_fraction = format!("{fraction}{}", "0".repeat((4 - fraction.len() % 4) % 4));
    let mut digits: Vec<u16> = Vec::new();
    for group in padded_whole.as_bytes().chunks(4).chain(padded_fraction.as_bytes().chunks(4)) {
        digits.push(group.iter().fold(0, |sum, byte| sum * 10 + u16::from(byte - b'0')));
    }
    let mut weight = (padded_whole.len() / 4) as i64 - 1;
    let leading = digits.iter().take_while(|digit| **digit == 0).count();
    digits.drain(..leading);
    weight -= leading as i64;
    while digits.last() == Some(&0) {
        digits.pop();
    }
    if digits.is_empty() {
        weight = 0;
    }
    let count = i16::try_from(digits.len()).ok()?;
    let scale = u16::try_from(fraction.len()).ok().filter(|scale| *scale <= 16_383)?;
    let mut bytes = Vec::with_capacity(8 + digits.len() * 2);
    bytes.extend_from_slice(&count.to_be_bytes());
    bytes.extend_from_slice(&i16::try_from(weight).ok()?.to_be_bytes());
    let sign: u16 = if negative && !digits.is_empty() { 0x4000 } else { 0 };
    bytes.extend_from_slice(&sign.to_be_bytes());
    bytes.extend_from_slice(&scale.to_be_bytes());
    for digit in digits {
        bytes.extend_from_slice(&digit.to_be_bytes());
    }
    Some(bytes)
}

/// The text of a `uuid`, appended.
pub(super) fn read_uuid(bytes: &[u8], out: &mut String) -> Option<()> {
    let bytes: [u8; 16] = bytes.try_into().ok()?;
    for (at, byte) in bytes.iter().enumerate() {
        if matches!(at, 4 | 6 | 8 | 10) {
            out.push('-');
        }
        for digit in [byte >> 4, byte & 15] {
            out.push(char::from(b"0123456789abcdef"[usize::from(digit)]));
        }
    }
    Some(())
}

/// A `uuid` from its text, in any case.
pub(super) fn write_uuid(text: &str) -> Option<Vec<u8>> {
    if text.len() != 36 {
        return None;
    }
    let mut bytes = Vec::with_capacity(16);
    let mut high = None;
    for (at, char) in text.chars().enumerate() {
        if matches!(at, 8 | 13 | 18 | 23) {
            if char != '-' {
                return None;
            }
            continue;
        }
        let digit = char.to_digit(16)? as u8;
        match high.take() {
            None => high = Some(digit),
            Some(first) => bytes.push(first << 4 | digit),
        }
    }
    Some(bytes)
}

/// A one-dimensional array without nulls.
pub(super) fn write_array(element: u32, items: &[Vec<u8>]) -> Vec<u8> {
    let size: usize = items.iter().map(|item| item.len() + 4).sum();
    let mut bytes = Vec::with_capacity(20 + size);
    let dimensions: i32 = i32::from(!items.is_empty());
    bytes.extend_from_slice(&dimensions.to_be_bytes());
    bytes.extend_from_slice(&0_i32.to_be_bytes());
    bytes.extend_from_slice(&element.to_be_bytes());
    if items.is_empty() {
        return bytes;
    }
    bytes.extend_from_slice(&(items.len() as i32).to_be_bytes());
    bytes.extend_from_slice(&1_i32.to_be_bytes());
    for item in items {
        bytes.extend_from_slice(&(item.len() as i32).to_be_bytes());
        bytes.extend_from_slice(item);
    }
    bytes
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn numerics_come_back_as_they_went() {
        for text in [
            "0",
            "1",
            "-1",
            "10000",
            "9999",
            "12345678901234567890123456789.0000000001",
            "0.0001",
            "0.00001",
            "-0.5",
            "100.25",
            "1000000000000",
            "0.000000000000000012",
        ] {
            let mut back = String::new();
            read_numeric(&write_numeric(text).unwrap(), &mut back).unwrap();
            assert_eq!(back, text);
        }
        for text in ["", "-", "1e5", "x", ".5", "NaN"] {
            assert_eq!(write_numeric(text), None, "{text}");
        }
    }

    #[test]
    fn what_is_no_number_is_none() {
        for sign in [0xC000_u16, 0xD000, 0xF000] {
            let mut bytes = vec![0, 0, 0, 0];
            bytes.extend_from_slice(&sign.to_be_bytes());
            bytes.extend_from_slice(&[0, 0]);
            let mut out = String::from("kept");
            assert_eq!(read_numeric(&bytes, &mut out), None);
            assert_eq!(out, "kept");
        }
        assert_eq!(read_numeric(&[0, 1], &mut String::new()), None);
    }

    #[test]
    fn dates_outside_of_years_1_to_9999_are_none() {
        for (days, good) in [
            (i32::MAX, false),
            (i32::MIN, false),
            (FIRST_DAY - EPOCH_DAYS, true),
            (FIRST_DAY - EPOCH_DAYS - 1, false),
            (END_DAY - EPOCH_DAYS - 1, true),
            (END_DAY - EPOCH_DAYS, false),
        ] {
            assert_eq!(read_date(&days.to_be_bytes()).is_some(), good, "{days}");
        }
        for micros in [i64::MAX, i64::MIN] {
            assert_eq!(read_moment(&micros.to_be_bytes()), None);
        }
        assert_eq!(read_moment(&write_moment(1)), Some(1));
        assert_eq!(read_time(&86_400_000_000_i64.to_be_bytes()), None);
    }

    #[test]
    fn uuids_come_back_in_lower_case() {
        let mut back = String::new();
        read_uuid(&write_uuid("0191D3A0-7d3c-7000-8000-00000000000F").unwrap(), &mut back).unwrap();
        assert_eq!(back, "0191d3a0-7d3c-7000-8000-00000000000f");
        assert_eq!(write_uuid("0191D3A0x7d3c-7000-8000-00000000000F"), None);
        assert_eq!(write_uuid("0191D3A0"), None);
    }
}
