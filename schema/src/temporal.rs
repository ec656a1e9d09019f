//! Dates and times between text and numbers: days since 1970-01-01 and microseconds, proleptic Gregorian calendar,
//! years 0001 to 9999, at most six digits of a second.

use std::fmt::Write;

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Timelike, Utc};

const EPOCH_DAYS: i32 = 719_163; // 1970-01-01 counted from 0001-01-01 as day 1

/// Days since 1970-01-01 of `YYYY-MM-DD`.
pub fn parse_date(text: &str) -> Option<i32> {
    let bytes = text.as_bytes();
    if bytes.len() != 10 || bytes[4] != b'-' || bytes[7] != b'-' {
        return None;
    }
    let date = NaiveDate::from_ymd_opt(digits(&bytes[..4])? as i32, digits(&bytes[5..7])?, digits(&bytes[8..10])?)?;
    date_number(date)
}

/// Microseconds since midnight of `HH:MM[:SS[.f]]`.
pub fn parse_time(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    if bytes.len() < 5 || bytes[2] != b':' {
        return None;
    }
    let (hour, minute) = (digits(&bytes[..2])?, digits(&bytes[3..5])?);
    let (mut second, mut micro) = (0, 0);
    if bytes.len() > 5 {
        if bytes.len() < 8 || bytes[5] != b':' {
            return None;
        }
        second = digits(&bytes[6..8])?;
        if bytes.len() > 8 {
            let fraction = &bytes[9..];
            if bytes[8] != b'.' || fraction.is_empty() || fraction.len() > 6 {
                return None;
            }
            micro = digits(fraction)? * 10u32.pow(6 - fraction.len() as u32);
        }
    }
    let time = NaiveTime::from_hms_micro_opt(hour, minute, second, micro)?;
    Some(time_number(time))
}

/// Microseconds since 1970-01-01T00:00:00 of a date and a time with `T` or a space between.
pub fn parse_local(text: &str) -> Option<i64> {
    if !text.is_char_boundary(10) || text.len() < 16 {
        return None;
    }
    let (date, rest) = text.split_at(10);
    let time = rest.strip_prefix(['T', 't', ' '])?;
    Some(i64::from(parse_date(date)?) * MICROS_PER_DAY + parse_time(time)?)
}

/// Microseconds since the epoch of an RFC 3339 instant: a local date and time with `Z` or `±HH[:]MM`.
pub fn parse_instant(text: &str) -> Option<i64> {
    let (local, offset) = split_offset(text)?;
    parse_local(local)?.checked_sub(i64::from(offset) * 60_000_000).filter(|micros| in_range(*micros))
}

/// Splits the offset off an instant: the local part and minutes east of UTC.
pub fn split_offset(text: &str) -> Option<(&str, i32)> {
    if let Some(local) = text.strip_suffix(['Z', 'z']) {
        return Some((local, 0));
    }
    let at = text.rfind(['+', '-']).filter(|at| *at > 10)?;
    let (local, offset) = text.split_at(at);
    let sign = if offset.starts_with('-') { -1 } else { 1 };
    let bytes = &offset.as_bytes()[1..];
    let (hours, minutes) = match bytes.len() {
        2 => (digits(bytes)?, 0),
        4 => (digits(&bytes[..2])?, digits(&bytes[2..])?),
        5 if bytes[2] == b':' => (digits(&bytes[..2])?, digits(&bytes[3..])?),
        _ => return None,
    };
    if hours > 23 || minutes > 59 {
        return None;
    }
    Some((local, sign * (hours * 60 + minutes) as i32))
}

/// `YYYY-MM-DD`.
pub fn format_date(days: i32) -> String {
    let mut out = String::with_capacity(10);
    write_date(days, &mut out);
    out
}

/// `HH:MM:SS[.f]`, without trailing zeros in the fraction.
pub fn format_time(micros: i64) -> String {
    let mut out = String::with_capacity(15);
    write_time(micros, &mut out);
    out
}

/// `YYYY-MM-DDTHH:MM:SS[.f]`.
pub fn format_local(micros: i64) -> String {
    let mut out = String::with_capacity(26);
    write_local(micros, &mut out);
    out
}

/// `YYYY-MM-DDTHH:MM:SS[.f]Z`.
pub fn format_instant(micros: i64) -> String {
    let mut out = String::with_capacity(27);
    write_local(micros, &mut out);
    out.push('Z');
    out
}

/// Appends `YYYY-MM-DD`.
pub fn write_date(days: i32, out: &mut impl Write) {
    use chrono::Datelike;
    let date = NaiveDate::from_num_days_from_ce_opt(days.saturating_add(EPOCH_DAYS)).unwrap_or_default();
    let year = date.year().unsigned_abs();
    two(year / 100, out);
    two(year % 100, out);
    put('-', out);
    two(date.month(), out);
    put('-', out);
    two(date.day(), out);
}

/// Appends `HH:MM:SS[.f]`.
pub fn write_time(micros: i64, out: &mut impl Write) {
    let seconds = micros.div_euclid(1_000_000) as u32;
    two(seconds / 3_600, out);
    put(':', out);
    two(seconds / 60 % 60, out);
    put(':', out);
    two(seconds % 60, out);
    let mut fraction = micros.rem_euclid(1_000_000) as u32;
    if fraction > 0 {
        put('.', out);
        let mut scale = 100_000;
        while fraction > 0 {
            put(char::from(b'0' + (fraction / scale) as u8), out);
            fraction %= scale;
            scale /= 10;
        }
    }
}

/// Appends `YYYY-MM-DDTHH:MM:SS[.f]`.
pub fn write_local(micros: i64, out: &mut impl Write) {
    write_date(micros.div_euclid(MICROS_PER_DAY) as i32, out);
    put('T', out);
    write_time(micros.rem_euclid(MICROS_PER_DAY), out);
}

/// The date of today in UTC, in days since 1970-01-01.
pub fn today() -> i32 {
    date_number(DateTime::<Utc>::from(std::time::SystemTime::now()).date_naive()).unwrap_or_default()
}

/// Reads a date by a strftime format; a time of day in it is dropped.
pub fn parse_date_as(text: &str, format: &str) -> Option<i32> {
    let date = NaiveDate::parse_from_str(text, format)
        .or_else(|_| NaiveDateTime::parse_from_str(text, format).map(|value| value.date()))
        .ok()?;
    date_number(date)
}

/// Microseconds of one day.
pub const MICROS_PER_DAY: i64 = 86_400_000_000;

fn in_range(micros: i64) -> bool {
    const FIRST: i64 = -62_135_596_800_000_000; // 0001-01-01
    const END: i64 = 253_402_300_800_000_000; // 10000-01-01
    (FIRST..END).contains(&micros)
}

fn date_number(date: NaiveDate) -> Option<i32> {
    use chrono::Datelike;
    (1..=9999).contains(&date.year()).then(|| date.num_days_from_ce() - EPOCH_DAYS)
}

fn time_number(time: NaiveTime) -> i64 {
    i64::from(time.num_seconds_from_midnight()) * 1_000_000 + i64::from(time.nanosecond() / 1_000)
}

fn digits(bytes: &[u8]) -> Option<u32> {
    bytes.iter().try_fold(0u32, |sum, byte| byte.is_ascii_digit().then(|| sum * 10 + u32::from(byte - b'0')))
}

/// Appends one character; what is written to here has room for all.
fn put(character: char, out: &mut impl Write) {
    let _ = out.write_char(character);
}

fn two(number: u32, out: &mut impl Write) {
    put(char::from(b'0' + (number / 10 % 10) as u8), out);
    put(char::from(b'0' + (number % 10) as u8), out);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_and_times_come_back_as_they_went() {
        for text in ["0001-01-01", "1969-12-31", "2024-02-29", "9999-12-31"] {
            assert_eq!(parse_date(text).map(format_date).as_deref(), Some(text));
        }
        for text in ["00:00:00", "23:59:59.999999", "12:00:00.5"] {
            assert_eq!(parse_time(text).map(format_time).as_deref(), Some(text));
        }
        assert_eq!(
            parse_instant("2024-03-01T01:30:00+02:00").map(format_instant).as_deref(),
            Some("2024-02-29T23:30:00Z")
        );
        assert_eq!(parse_local("1960-01-01 00:00").map(format_local).as_deref(), Some("1960-01-01T00:00:00"));
    }

    #[test]
    fn what_is_no_date_is_refused() {
        for text in ["", "2024-02-30", "0000-01-01", "2024-1-01", "2024-01-01x", "日本日本"] {
            assert_eq!(parse_date(text), None, "{text}");
        }
        for text in ["24:00", "1:00", "10:00:60.5", "10:00:00.", "10:00:00.1234567"] {
            assert_eq!(parse_time(text), None, "{text}");
        }
    }
}
