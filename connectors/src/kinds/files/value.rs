//! Cells as values of a scalar.
//!
//! *Invariant*: what is not plainly a value of the scalar gives none; nothing is rounded, cut or guessed.

use std::fmt::Write;

use lilong_schema::temporal::{self, MICROS_PER_DAY};
use lilong_schema::value::{canonical_decimal, canonical_uuid};

use super::sheet::Cell;

/// The text of a number or a moment, without the blanks around it.
fn plain(cell: Cell<'_>) -> Option<&str> {
    match cell {
        Cell::Written(text) | Cell::Text(text) | Cell::Digits(text) => Some(text.trim_matches([' ', '\t'])),
        _ => None,
    }
}

/// A whole number. `loosely`: leading zeros and a plus sign are those of a number, not of a code.
pub(super) fn integer(cell: Cell<'_>, loosely: bool) -> Option<i128> {
    if let Cell::Number(value) = cell {
        // Beyond 2⁵³ a double is not the number that was written.
        return (value.fract() == 0.0 && value.abs() <= 9_007_199_254_740_992.0).then_some(value as i128);
    }
    let text = plain(cell)?;
    let digits = text.strip_prefix('-').unwrap_or(text);
    let digits = if loosely && digits.len() == text.len() { text.strip_prefix('+').unwrap_or(text) } else { digits };
    let canonical = loosely || digits == "0" && digits.len() == text.len() || !digits.starts_with('0');
    if digits.is_empty() || digits.len() > 38 || !canonical || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

/// Whether a text is a number with or without a point, and not a code that looks like one.
fn is_number(text: &str, loosely: bool) -> bool {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let unsigned = if loosely { unsigned.strip_prefix('+').unwrap_or(unsigned) } else { unsigned };
    let (mantissa, exponent) =
        unsigned.split_once(['e', 'E']).map_or((unsigned, None), |(one, other)| (one, Some(other)));
    let (whole, fraction) = mantissa.split_once('.').map_or((mantissa, None), |(one, other)| (one, Some(other)));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || fraction.is_some_and(|fraction| !digits(fraction)) {
        return false;
    }
    if !loosely && whole.len() > 1 && whole.starts_with('0') {
        return false;
    }
    exponent.is_none_or(|exponent| {
        let plain = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        // `12E3` may be the number of a house.
        digits(plain) && (loosely || fraction.is_some() || plain.len() < exponent.len())
    })
}

/// A double; a text whose digits it cannot hold gives none unless it is read `loosely`.
pub(super) fn float(cell: Cell<'_>, loosely: bool) -> Option<f64> {
    let value = match cell {
        Cell::Number(value) => value,
        cell => {
            let text = plain(cell).filter(|text| is_number(text, loosely))?;
            let value: f64 = text.parse().ok()?;
            let digits = text.bytes().filter(u8::is_ascii_digit).count();
            // Fifteen digits are always held.
            if !loosely && digits > 15 && canonical_decimal(text) != canonical_decimal(&format!("{value}")) {
                return None;
            }
            value
        }
    };
    value.is_finite().then_some(value)
}

/// A decimal by its canonical text.
pub(super) fn decimal(cell: Cell<'_>, loosely: bool) -> Option<String> {
    match cell {
        Cell::Number(value) => canonical_decimal(&format!("{value}")),
        cell => canonical_decimal(plain(cell).filter(|text| is_number(text, loosely))?),
    }
}

/// True or false. `loosely`: 1 and 0 too.
pub(super) fn boolean(cell: Cell<'_>, loosely: bool) -> Option<bool> {
    match cell {
        Cell::Boolean(value) => Some(value),
        Cell::Written(text) | Cell::Text(text) if text.trim().eq_ignore_ascii_case("true") => Some(true),
        Cell::Written(text) | Cell::Text(text) if text.trim().eq_ignore_ascii_case("false") => Some(false),
        cell if loosely => match integer(cell, true)? {
            1 => Some(true),
            0 => Some(false),
            _ => None,
        },
        _ => None,
    }
}

/// A date and what stands behind it: `2026-03-01`, `2026/3/1`, `2026年3月1日`; `loosely` `20260301` and `2026.3.1` too.
fn leading_date(text: &str, loosely: bool) -> Option<(i32, &str)> {
    let (year, rest) = text.split_at_checked(4)?;
    if !year.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let mut chars = rest.chars();
    let mark = chars.next()?;
    if loosely && mark.is_ascii_digit() {
        let (digits, rest) = rest.split_at_checked(4)?;
        let (month, day) = digits.split_at_checked(2)?;
        return Some((temporal::parse_date(&format!("{year}-{month}-{day}"))?, rest));
    }
    let rest = chars.as_str();
    let (month_end, day_end) = match mark {
        '-' | '/' => (Some(mark), None),
        '.' if loosely => (Some(mark), None),
        '年' => (Some('月'), Some('日')),
        _ => return None,
    };
    let (month, rest) = rest.split_once(month_end?)?;
    let length = rest.bytes().take_while(u8::is_ascii_digit).count();
    let (day, rest) = rest.split_at(length);
    let rest = match day_end {
        Some(end) => rest.strip_prefix(end)?,
        None => rest,
    };
    let sizes = if mark == '-' { 2..=2 } else { 1..=2 };
    if !sizes.contains(&month.len()) || !sizes.contains(&day.len()) || !month.bytes().all(|byte| byte.is_ascii_digit())
    {
        return None;
    }
    Some((temporal::parse_date(&format!("{year}-{month:0>2}-{day:0>2}"))?, rest))
}

/// Days since 1970-01-01.
pub(super) fn date(cell: Cell<'_>, loosely: bool) -> Option<i32> {
    match cell {
        Cell::Moment(micros) if micros.rem_euclid(MICROS_PER_DAY) == 0 => {
            Some(micros.div_euclid(MICROS_PER_DAY) as i32)
        }
        Cell::Number(_) => None,
        cell => leading_date(plain(cell)?, loosely).filter(|(_, rest)| rest.is_empty()).map(|(days, _)| days),
    }
}

/// Microseconds since midnight.
pub(super) fn time(cell: Cell<'_>) -> Option<i64> {
    match cell {
        Cell::Time(micros) => Some(micros),
        cell => clock(plain(cell)?),
    }
}

/// `9:30` is `09:30`.
fn clock(text: &str) -> Option<i64> {
    if text.as_bytes().get(1) == Some(&b':') {
        return temporal::parse_time(&format!("0{text}"));
    }
    temporal::parse_time(text)
}

/// Microseconds since 1970-01-01T00:00:00.
pub(super) fn local(cell: Cell<'_>, loosely: bool) -> Option<i64> {
    if let Cell::Moment(micros) = cell {
        return Some(micros);
    }
    let (days, rest) = leading_date(plain(cell)?, loosely)?;
    let midnight = i64::from(days) * MICROS_PER_DAY;
    if rest.is_empty() {
        return loosely.then_some(midnight);
    }
    Some(midnight + clock(rest.strip_prefix(['T', 't']).unwrap_or(rest).trim_start_matches(' '))?)
}

/// Microseconds since the epoch; an offset has to be there.
pub(super) fn instant(cell: Cell<'_>) -> Option<i64> {
    temporal::parse_instant(plain(cell)?)
}

/// A UUID in lower case. `loosely`: upper case too.
pub(super) fn uuid(cell: Cell<'_>, loosely: bool) -> Option<String> {
    let text = plain(cell)?;
    canonical_uuid(text).filter(|canonical| loosely || canonical == text)
}

/// The text of a JSON value.
pub(super) fn json(cell: Cell<'_>, is_json: bool, out: &mut String) -> Option<()> {
    match cell {
        Cell::Json(text) | Cell::Digits(text) => out.push_str(text),
        Cell::Boolean(value) => out.push_str(if value { "true" } else { "false" }),
        Cell::Number(value) => write!(out, "{value}").ok()?,
        // In a file of JSON a text is a JSON string; elsewhere it holds JSON.
        Cell::Text(text) if is_json => out.push_str(&serde_json::to_string(text).ok()?),
        Cell::Written(text) | Cell::Text(text) => {
            serde_json::from_str::<serde::de::IgnoredAny>(text).ok()?;
            out.push_str(text);
        }
        _ => return None,
    }
    Some(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_no_numbers() {
        for text in ["00123", "+86", "1,234", "1 2", "", "-", "0x1F", "12E3", "１２", "1.", ".5", "-0", "1e400x"] {
            assert_eq!(integer(Cell::Written(text), false), None, "{text}");
            if text != "-0" {
                assert_eq!(float(Cell::Written(text), false), None, "{text}");
            }
        }
        for (text, value) in [("0", 0), ("-12", -12), ("110101199003071234", 110_101_199_003_071_234), (" 7 ", 7)] {
            assert_eq!(integer(Cell::Written(text), false), Some(value), "{text}");
        }
        for (text, value) in [("1.50", 1.5), ("1e+05", 1e5), ("2.5E3", 2_500.0), ("-0.1", -0.1)] {
            assert_eq!(float(Cell::Written(text), false), Some(value), "{text}");
        }
        assert_eq!(integer(Cell::Written("+007"), true), Some(7));
        assert_eq!(integer(Cell::Number(1e17), false), None, "a double does not hold it");
        assert_eq!(float(Cell::Written("1.234567890123456789"), false), None, "a double does not hold it");
    }

    #[test]
    fn dates_are_read_in_the_forms_that_leave_no_doubt() {
        let day = temporal::parse_date("2026-03-01");
        for text in ["2026-03-01", "2026/3/1", "2026/03/01", "2026年3月1日", " 2026-03-01"] {
            assert_eq!(date(Cell::Written(text), false), day, "{text}");
        }
        for text in ["01/03/2026", "3/1/2026", "2026-3-1", "2026-02-30", "20260301", "2026.3.1", "2026-03-01x", "2026"]
        {
            assert_eq!(date(Cell::Written(text), false), None, "{text}");
        }
        assert_eq!(date(Cell::Written("20260301"), true), day);
        assert_eq!(date(Cell::Written("2026.3.1"), true), day);
        let moment = temporal::parse_local("2026-03-01T09:30:00");
        for text in ["2026-03-01 09:30", "2026/3/1 9:30:00", "2026-03-01T09:30:00.0", "2026年3月1日 9:30"] {
            assert_eq!(local(Cell::Written(text), false), moment, "{text}");
        }
        assert_eq!(local(Cell::Written("2026-03-01T09:30:00Z"), false), None);
        assert!(instant(Cell::Written("2026-03-01T09:30:00+08:00")).is_some());
        assert_eq!(time(Cell::Written("25:00")), None);
    }
}
