//! A key with its value, read as the type the key has; a value of another type is a problem at its line.

use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use toml::de::{DeArray, DeValue};

use super::{File, Reading, Table, Text, unknown_key};
use crate::Problem;
use crate::catalog::{Place, placeholder};
use crate::problem::shown;

/// A key with its value.
#[derive(Clone)]
pub(in crate::catalog) struct Entry<'a> {
    /// The key.
    pub(in crate::catalog) key: &'a str,
    /// Where the key stands.
    pub(in crate::catalog) place: Place,
    pub(super) about: Rc<str>,
    pub(super) file: &'a File,
    pub(super) value: &'a DeValue<'a>,
}

impl<'a> Entry<'a> {
    /// A problem of this entry.
    pub(in crate::catalog) fn problem(&self, what: impl Into<String>, hint: impl Into<String>) -> Problem {
        Problem::new(&*self.about, what, hint).at(&self.place.file, self.place.line)
    }

    /// The refusal of this entry as unknown.
    pub(in crate::catalog) fn unknown(&self, known: &[&str]) -> Problem {
        unknown_key(&self.about, &self.place, self.key, known)
    }

    /// What its table is in a message.
    pub(in crate::catalog) fn about(&self) -> &str {
        &self.about
    }

    /// The folder that paths in it are relative to.
    pub(in crate::catalog) fn folder(&self) -> &'a Path {
        &self.file.folder
    }

    fn wrong(&self, reading: &mut Reading<'_>, expected: &str, hint: &str) {
        let what = format!("`{}` must be {expected}, not {}", shown(self.key), kind(self.value));
        reading.problems.push(self.problem(what, hint));
    }

    /// As a string, placeholders filled in.
    pub(in crate::catalog) fn text(&self, reading: &mut Reading<'_>) -> Option<Text> {
        let DeValue::String(written) = self.value else {
            self.wrong(reading, "a string", "write it in quotes");
            return None;
        };
        self.fill(reading, written, self.place.clone())
    }

    fn fill(&self, reading: &mut Reading<'_>, written: &str, place: Place) -> Option<Text> {
        match placeholder::fill(written, &self.file.folder, reading.environment) {
            Ok(value) => Some(Text { written: shown(written), value, place }),
            Err(faults) => {
                for fault in faults {
                    let problem = Problem::new(&*self.about, format!("`{}`: {fault}", shown(self.key)), fault.hint());
                    reading.problems.push(problem.at(&place.file, place.line));
                }
                None
            }
        }
    }

    /// As a list of strings; those that are wrong are reported and left out.
    pub(in crate::catalog) fn texts(&self, reading: &mut Reading<'_>) -> Option<Vec<Text>> {
        let DeValue::Array(items) = self.value else {
            self.wrong(reading, "a list of strings", "write it as [\"…\", \"…\"]");
            return None;
        };
        let mut texts = Vec::with_capacity(items.len());
        for item in items {
            let place = self.file.place(item.span().start);
            let text = if let DeValue::String(written) = item.get_ref() {
                self.fill(reading, written, place)
            } else {
                let what =
                    format!("`{}` must be a list of strings, but holds {}", shown(self.key), kind(item.get_ref()));
                reading
                    .problems
                    .push(Problem::new(&*self.about, what, "write it in quotes").at(&place.file, place.line));
                None
            };
            texts.extend(text);
        }
        Some(texts)
    }

    /// As `true` or `false`; a string only if a placeholder gives it.
    pub(in crate::catalog) fn flag(&self, reading: &mut Reading<'_>) -> Option<bool> {
        match self.value {
            DeValue::Boolean(value) => Some(*value),
            DeValue::String(written) if placeholder::has_placeholder(written) => {
                let text = self.text(reading)?;
                let value = text.value.trim().parse().ok();
                if value.is_none() {
                    let what = format!("`{}`: what {} gives is neither `true` nor `false`", self.key, text.written);
                    reading.problems.push(self.problem(what, "set it to `true` or `false`"));
                }
                value
            }
            _ => {
                self.wrong(reading, "true or false", "write it without quotes");
                None
            }
        }
    }

    /// As a whole number from 1 to `most`; a string only if a placeholder gives it.
    pub(in crate::catalog) fn count(&self, reading: &mut Reading<'_>, most: u64) -> Option<usize> {
        let (number, said) = match self.value {
            DeValue::Integer(number) => {
                (i128::from_str_radix(number.as_str(), number.radix()).ok(), number.as_str().to_owned())
            }
            DeValue::String(written) if placeholder::has_placeholder(written) => {
                let text = self.text(reading)?;
                (text.value.trim().parse().ok(), format!("what {} gives", text.written))
            }
            _ => {
                self.wrong(reading, "a whole number", "write it without quotes");
                return None;
            }
        };
        let fitting = number
            .filter(|number| (1..=i128::from(most)).contains(number))
            .and_then(|number| usize::try_from(number).ok());
        if fitting.is_none() {
            let what = format!("`{}`: {said} is not a whole number from 1 to {most}", self.key);
            reading.problems.push(self.problem(what, "choose a number in that range"));
        }
        fitting
    }

    /// As a length of time: `"500ms"`, `"3s"`, `"2m"`, `"1h"`; more than nothing and at most a year.
    pub(in crate::catalog) fn duration(&self, reading: &mut Reading<'_>) -> Option<Duration> {
        self.duration_within(reading, YEAR)
    }

    /// The same, at most some hours.
    pub(in crate::catalog) fn duration_within(&self, reading: &mut Reading<'_>, most: Duration) -> Option<Duration> {
        const HINT: &str = "write it as \"500ms\", \"3s\", \"2m\" or \"1h\"";
        if !matches!(self.value, DeValue::String(_)) {
            self.wrong(reading, "a length of time", HINT);
            return None;
        }
        let text = self.text(reading)?;
        let duration = parse_duration(text.value.trim());
        let what = match duration {
            None => format!("`{}`: `{}` is not a length of time", self.key, text.written),
            Some(Duration::ZERO) => format!("`{}` must be more than nothing", self.key),
            Some(duration) if duration > most => {
                format!("`{}` must be at most {}h", self.key, most.as_secs() / 3_600)
            }
            Some(duration) => return Some(duration),
        };
        reading.problems.push(self.problem(what, HINT));
        None
    }

    /// Sets a length of time, or none by `"off"`; whether it is either.
    pub(in crate::catalog) fn time_or_off(&self, reading: &mut Reading<'_>, time: &mut Option<Duration>) -> bool {
        let is_off = matches!(self.form(), Form::Text("off"));
        let given = if is_off { None } else { self.duration(reading) };
        if is_off || given.is_some() {
            *time = given;
        }
        is_off || given.is_some()
    }

    /// As a table; `about` names it in messages.
    pub(in crate::catalog) fn table(&self, reading: &mut Reading<'_>, about: &str, hint: &str) -> Option<Table<'a>> {
        let DeValue::Table(table) = self.value else {
            self.wrong(reading, "a table", hint);
            return None;
        };
        let mut inner = Table::new(self.file, about, 0, table);
        inner.place = self.place.clone();
        Some(inner)
    }

    /// Whether it is one table.
    pub(in crate::catalog) fn is_table(&self) -> bool {
        self.value.is_table()
    }

    /// As an array of tables: `[[key]]` blocks.
    pub(in crate::catalog) fn blocks(&self, reading: &mut Reading<'_>) -> Vec<Table<'a>> {
        let hint = format!("begin each block with `[[{}]]`", self.key);
        let DeValue::Array(items) = self.value else {
            self.wrong(reading, "a list of blocks", &hint);
            return Vec::new();
        };
        let mut blocks = Vec::with_capacity(items.len());
        for item in items {
            match item.get_ref() {
                DeValue::Table(table) => blocks.push(Table::new(self.file, self.key, item.span().start, table)),
                other => {
                    let what = format!("`{}` must be a list of blocks, but holds {}", self.key, kind(other));
                    let place = self.file.place(item.span().start);
                    reading.problems.push(Problem::new("", what, &hint).at(place.file, place.line));
                }
            }
        }
        blocks
    }

    /// Whether it is a string, a list, a number …: for keys that may be several things.
    pub(in crate::catalog) fn form(&self) -> Form<'a> {
        match self.value {
            DeValue::String(text) => Form::Text(text),
            DeValue::Integer(number) => Form::Integer(i64::from_str_radix(number.as_str(), number.radix()).ok()),
            DeValue::Boolean(value) => Form::Boolean(*value),
            DeValue::Array(items) if !has_table(items) => Form::List,
            DeValue::Table(_) | DeValue::Array(_) => Form::Table,
            other => Form::Other(kind(other)),
        }
    }
}

/// The forms of a value.
pub(in crate::catalog) enum Form<'a> {
    /// A string, as written.
    Text(&'a str),
    /// A whole number; `None` if it is beyond 64 bits.
    Integer(Option<i64>),
    /// `true` or `false`.
    Boolean(bool),
    /// A list.
    List,
    /// A table or a list of tables.
    Table,
    /// Anything else, by its name with an article.
    Other(&'static str),
}

fn has_table(items: &DeArray<'_>) -> bool {
    items.iter().any(|item| item.get_ref().is_table())
}

const YEAR: Duration = Duration::from_hours(8_784);

/// `None` if it is no number with a unit of time.
fn parse_duration(text: &str) -> Option<Duration> {
    let split = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at(split);
    // A number too large for the type is a year too long as well.
    let number = if number.is_empty() {
        return None;
    } else {
        number.parse::<u64>().unwrap_or(u64::MAX)
    };
    let milliseconds = match unit.trim_start() {
        "ms" => 1,
        "s" => 1_000,
        "m" | "min" => 60_000,
        "h" => 3_600_000,
        _ => return None,
    };
    Some(Duration::from_millis(number.saturating_mul(milliseconds)))
}

fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a number with a point",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_of_time_is_a_number_with_a_unit() {
        for (text, milliseconds) in [("500ms", 500), ("3s", 3_000), ("2m", 120_000), ("1 h", 3_600_000), ("0s", 0)] {
            assert_eq!(parse_duration(text), Some(Duration::from_millis(milliseconds)), "{text}");
        }
        for text in ["", "3", "s", "-3s", "1.5s", "3 weeks", "3S", "三s"] {
            assert_eq!(parse_duration(text), None, "{text}");
        }
        assert!(parse_duration("99999999999999999999h").is_some_and(|duration| duration > YEAR));
    }
}
