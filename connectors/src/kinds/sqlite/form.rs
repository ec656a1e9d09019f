//! The one form in which a column stores its dates and times, as text.
//!
//! In: stored texts and values. Out: the form, values of stored texts, and the stored text of values. *Invariant*: all
//! texts of one form have one length, so that their order as text is their order in time.

use std::fmt::{self, Write};

use lilong_schema::{Scalar, Value, temporal};

/// `YYYY-MM-DD`, `HH:MM[:SS[.f]]`, or both with a space or `T` between, and perhaps an offset.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Form {
    scalar: Scalar,
    /// Between date and time; a space where there is no date and time.
    separator: char,
    /// Digits of a second; `None`: no seconds at all.
    fraction: Option<usize>,
    /// `Z`, an offset, or nothing.
    offset: String,
}

/// What stands after the last stored text of a form that is not later than a value, and before the next one.
const BETWEEN: char = '~';

impl Form {
    /// The form that a stored text has if it is a value of the scalar; `None`: it is not, or the scalar has no forms.
    pub(super) fn of(text: &str, scalar: Scalar) -> Option<Form> {
        parse(text, scalar)?;
        let mut form = Form { scalar, separator: ' ', fraction: None, offset: String::new() };
        let time = match scalar {
            Scalar::Date => return Some(form),
            Scalar::Time => text,
            _ => {
                form.separator = char::from(*text.as_bytes().get(10)?);
                &text[11..]
            }
        };
        let end = time.find(['Z', 'z', '+', '-']).unwrap_or(time.len());
        time[end..].clone_into(&mut form.offset);
        form.fraction = match end {
            5 => None,
            8 => Some(0),
            longer => Some(longer - 9),
        };
        let canonical = form.separator == ' ' || form.separator == 'T';
        (canonical && form.offset != "z").then_some(form)
    }

    /// Reads what [`Display`](fmt::Display) wrote.
    pub(super) fn named(name: &str, scalar: Scalar) -> Option<Form> {
        let sample: String = name
            .chars()
            .map(|char| match char {
                'Y' | 'f' => '1',
                'M' | 'D' | 'H' | 'S' => '0',
                other => other,
            })
            .collect();
        // A month or a day is never 00.
        let sample = if scalar == Scalar::Time { sample } else { sample.replacen("-00-00", "-01-01", 1) };
        Form::of(&sample, scalar)
    }

    /// The value of a stored text; `None` if it is not one of this form.
    pub(super) fn read(&self, text: &str) -> Option<Value> {
        let value = parse(text, self.scalar)?;
        let time = match self.scalar {
            Scalar::Date => return Some(value),
            Scalar::Time => 0,
            _ => 11,
        };
        let length = time + self.fraction.map_or(5, |digits| if digits == 0 { 8 } else { 9 + digits });
        let fits = text.len() == length + self.offset.len()
            && text.ends_with(&self.offset)
            && (time == 0 || text.as_bytes()[10] == self.separator as u8);
        fits.then_some(value)
    }

    /// The stored text of a value. A value that no stored text has gives a text that stands where the value would.
    /// `None`: the value is of another scalar.
    pub(super) fn write(&self, value: &Value) -> Option<String> {
        match (self.scalar, value) {
            (Scalar::Date, Value::Date(days)) => Some(temporal::format_date(*days)),
            (Scalar::Time, Value::Time(micros)) => {
                let mut text = String::new();
                self.write_time(*micros, &mut text);
                Some(text)
            }
            (Scalar::LocalDateTime, Value::LocalDateTime(micros)) => Some(self.write_local(*micros)),
            (Scalar::DateTime, Value::DateTime(micros)) => {
                let (_, minutes) = temporal::split_offset(&format!("2000-01-01T00:00{}", self.offset))?;
                Some(self.write_local(micros.saturating_add(i64::from(minutes) * 60_000_000)))
            }
            _ => None,
        }
    }

    fn write_local(&self, micros: i64) -> String {
        const FIRST: i64 = -62_135_596_800_000_000; // 0001-01-01
        const END: i64 = 253_402_300_800_000_000; // 10000-01-01
        // The offset can carry an instant out of the years that have a text.
        if micros < FIRST {
            return String::new();
        }
        if micros >= END {
            return BETWEEN.to_string();
        }
        let mut text = String::with_capacity(32);
        temporal::write_date(micros.div_euclid(temporal::MICROS_PER_DAY) as i32, &mut text);
        text.push(self.separator);
        self.write_time(micros.rem_euclid(temporal::MICROS_PER_DAY), &mut text);
        text
    }

    fn write_time(&self, micros: i64, text: &mut String) {
        let start = text.len();
        temporal::write_time(micros - micros % 1_000_000, text);
        let rest = micros % 1_000_000;
        let exact = match self.fraction {
            None => {
                text.truncate(start + 5);
                micros % 60_000_000 == 0
            }
            Some(digits) => {
                let step = 10_i64.pow(6_u32.saturating_sub(digits as u32));
                if digits > 0 {
                    // Writing to a String cannot fail.
                    let _ = write!(text, ".{:0digits$}", rest / step);
                }
                rest % step == 0
            }
        };
        text.push_str(&self.offset);
        if !exact {
            text.push(BETWEEN);
        }
    }
}

/// `YYYY-MM-DD HH:MM:SS.fff+02:00`, with as many `f` as there are digits.
impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.scalar != Scalar::Time {
            f.write_str("YYYY-MM-DD")?;
            if self.scalar == Scalar::Date {
                return Ok(());
            }
            f.write_char(self.separator)?;
        }
        f.write_str("HH:MM")?;
        if let Some(digits) = self.fraction {
            f.write_str(":SS")?;
            if digits > 0 {
                write!(f, ".{}", "f".repeat(digits))?;
            }
        }
        f.write_str(&self.offset)
    }
}

/// The value of a text in any form of the scalar.
pub(super) fn parse(text: &str, scalar: Scalar) -> Option<Value> {
    match scalar {
        Scalar::Date => temporal::parse_date(text).map(Value::Date),
        Scalar::Time => temporal::parse_time(text).map(Value::Time),
        Scalar::LocalDateTime => temporal::parse_local(text).map(Value::LocalDateTime),
        Scalar::DateTime => temporal::parse_instant(text).map(Value::DateTime),
        _ => None,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const CASES: [(&str, Scalar, &str); 9] = [
        ("2024-02-29", Scalar::Date, "YYYY-MM-DD"),
        ("10:30", Scalar::Time, "HH:MM"),
        ("10:30:59", Scalar::Time, "HH:MM:SS"),
        ("10:30:59.125", Scalar::Time, "HH:MM:SS.fff"),
        ("2024-02-29 10:30:59", Scalar::LocalDateTime, "YYYY-MM-DD HH:MM:SS"),
        ("2024-02-29T10:30", Scalar::LocalDateTime, "YYYY-MM-DDTHH:MM"),
        ("2024-02-29T10:30:59Z", Scalar::DateTime, "YYYY-MM-DDTHH:MM:SSZ"),
        ("2024-02-29 10:30:59.500000-0330", Scalar::DateTime, "YYYY-MM-DD HH:MM:SS.ffffff-0330"),
        ("2024-02-29 10:30+08:00", Scalar::DateTime, "YYYY-MM-DD HH:MM+08:00"),
    ];

    #[test]
    fn a_stored_text_comes_back_from_its_value_and_its_form() {
        for (text, scalar, name) in CASES {
            let form = Form::of(text, scalar).unwrap();
            assert_eq!(form.to_string(), name);
            assert_eq!(Form::named(name, scalar).unwrap(), form);
            assert_eq!(form.write(&form.read(text).unwrap()).unwrap(), text);
        }
    }

    #[test]
    fn a_text_of_another_form_is_not_read() {
        for (text, scalar, _) in CASES {
            for (other, other_scalar, _) in CASES {
                if scalar == other_scalar && text != other {
                    assert_eq!(Form::of(text, scalar).unwrap().read(other), None, "{text} {other}");
                }
            }
        }
        for (text, scalar) in [
            ("2024-02-29t10:30", Scalar::LocalDateTime),
            ("2024-02-29T10:30z", Scalar::DateTime),
            ("2024-02-29T10:30", Scalar::DateTime),
            ("2024-02-29", Scalar::LocalDateTime),
        ] {
            assert_eq!(Form::of(text, scalar), None, "{text}");
        }
    }

    #[test]
    fn a_value_without_a_text_of_the_form_stands_between_its_neighbours() {
        let time = |text: &str| parse(text, Scalar::Time).unwrap();
        let minutes = Form::of("10:30", Scalar::Time).unwrap();
        let between = minutes.write(&time("10:30:00.000001")).unwrap();
        assert!("10:30" < between.as_str() && between.as_str() < "10:31");
        let instant = |text: &str| parse(text, Scalar::DateTime).unwrap();
        for offset in ["Z", "+02:00", "-02:00"] {
            let form = Form::of(&format!("2024-01-01 10:00:00{offset}"), Scalar::DateTime).unwrap();
            let between = form.write(&instant(&format!("2024-01-01T10:00:00.5{offset}"))).unwrap();
            assert!(format!("2024-01-01 10:00:00{offset}") < between);
            assert!(between < format!("2024-01-01 10:00:01{offset}"));
        }
        let form = Form::of("2024-01-01 10:00:00+02:00", Scalar::DateTime).unwrap();
        assert_eq!(form.write(&instant("9999-12-31T23:00:00Z")).unwrap(), "~");
        let form = Form::of("2024-01-01 10:00:00-02:00", Scalar::DateTime).unwrap();
        assert_eq!(form.write(&instant("0001-01-01T01:00:00Z")).unwrap(), "");
    }
}
