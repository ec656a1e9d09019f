//! One TOML file of a catalog with the line of every key: in, its text; out, tables whose entries are taken one by one,
//! each as the type its key has. What is left untaken is unknown.
//!
//! *Invariant*: no message ever holds a filled-in value or the value of a key that a connector owns.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;

use toml::de::{DeArray, DeTable, DeValue};

use super::Place;
use super::placeholder::{self, Environment};
use crate::Problem;
use crate::problem::{nearest, shown};

/// What reading a catalog needs everywhere: the environment to fill placeholders from, and all that was found wrong.
pub(super) struct Reading<'e> {
    /// Where `${NAME}` is looked up.
    pub(super) environment: Environment<'e>,
    /// What was found so far.
    pub(super) problems: Vec<Problem>,
}

/// A file and where its lines begin.
pub(super) struct File {
    /// Relative to the catalog folder.
    pub(super) path: PathBuf,
    /// The folder it stands in, on disk.
    pub(super) folder: PathBuf,
    /// Its text.
    pub(super) text: String,
    starts: Vec<usize>,
}

impl File {
    /// A file with that text.
    pub(super) fn new(path: PathBuf, folder: PathBuf, text: String) -> Self {
        let starts = std::iter::once(0)
            .chain(text.match_indices('\n').map(|(at, _)| at + 1))
            .collect();
        Self {
            path,
            folder,
            text,
            starts,
        }
    }

    /// The place of a byte.
    pub(super) fn place(&self, offset: usize) -> Place {
        Place {
            file: self.path.clone(),
            line: self.starts.partition_point(|start| *start <= offset),
        }
    }

    /// The whole file as a table, or every fault of its syntax, one a line.
    pub(super) fn parse<'a>(&'a self, reading: &mut Reading<'_>) -> Option<DeTable<'a>> {
        let (table, errors) = DeTable::parse_recoverable(&self.text);
        if errors.is_empty() {
            return Some(table.into_inner());
        }
        let mut faults: Vec<(usize, &str)> = errors
            .iter()
            .map(|error| (error.span().map_or(0, |span: Range<usize>| span.start), error.message()))
            .collect();
        faults.sort_by_key(|(offset, _)| *offset);
        let mut faults: Vec<(usize, &str)> = faults
            .into_iter()
            .map(|(offset, message)| (self.place(offset).line, message))
            .collect();
        faults.dedup_by_key(|(line, _)| *line);
        for (line, message) in faults {
            let what = format!("this is not TOML: {message}");
            reading
                .problems
                .push(Problem::new("", what, "correct it; nothing else in this file was read").at(&self.path, line));
        }
        None
    }
}

/// A string of a catalog, both as it stands there and with its placeholders filled in.
#[derive(Clone)]
pub(super) struct Text {
    /// As it stands: for messages.
    pub(super) written: String,
    /// Filled in.
    pub(super) value: String,
    /// Where it stands.
    pub(super) place: Place,
}

/// A table; its entries are taken out one by one.
pub(super) struct Table<'a> {
    /// What it is in a message: `source civil`.
    pub(super) about: Rc<str>,
    /// Where it begins.
    pub(super) place: Place,
    file: &'a File,
    entries: Vec<Entry<'a>>,
}

/// A key with its value.
#[derive(Clone)]
pub(super) struct Entry<'a> {
    /// The key.
    pub(super) key: &'a str,
    /// Where the key stands.
    pub(super) place: Place,
    about: Rc<str>,
    file: &'a File,
    value: &'a DeValue<'a>,
}

impl<'a> Table<'a> {
    /// The table that begins at `offset`.
    pub(super) fn new(file: &'a File, about: &str, offset: usize, table: &'a DeTable<'a>) -> Self {
        let about: Rc<str> = about.into();
        let entries = table
            .iter()
            .map(|(key, value)| Entry {
                key: key.get_ref(),
                place: file.place(key.span().start),
                about: about.clone(),
                file,
                value: value.get_ref(),
            })
            .collect();
        Self {
            about,
            place: file.place(offset),
            file,
            entries,
        }
    }

    /// The same under another name in messages.
    pub(super) fn named(mut self, about: &str) -> Self {
        self.about = about.into();
        for entry in &mut self.entries {
            entry.about = self.about.clone();
        }
        self
    }

    /// The string of a key as written, without taking it: to name the table by.
    pub(super) fn peek(&self, key: &str) -> Option<&'a str> {
        self.entries.iter().find(|entry| entry.key == key)?.value.as_str()
    }

    /// Whether the key is there and not taken.
    pub(super) fn has(&self, key: &str) -> bool {
        self.entries.iter().any(|entry| entry.key == key)
    }

    /// Takes an entry.
    pub(super) fn take(&mut self, key: &str) -> Option<Entry<'a>> {
        let at = self.entries.iter().position(|entry| entry.key == key)?;
        Some(self.entries.remove(at))
    }

    /// Takes a string.
    pub(super) fn text(&mut self, reading: &mut Reading<'_>, key: &str) -> Option<Text> {
        self.take(key)?.text(reading)
    }

    /// Takes a string that has to be there.
    pub(super) fn required(&mut self, reading: &mut Reading<'_>, key: &str, hint: &str) -> Option<Text> {
        if self.has(key) {
            return self.text(reading, key);
        }
        reading.problems.push(self.problem(format!("`{key}` is missing"), hint));
        None
    }

    /// Every key with its place, those of tables inside too, each with the path to its table.
    pub(super) fn keys(&self) -> Vec<(String, &'a str, Place)> {
        let mut keys = Vec::new();
        for entry in &self.entries {
            if let DeValue::Table(inner) = entry.value {
                for (key, _) in inner {
                    keys.push((
                        entry.key.to_owned(),
                        &**key.get_ref(),
                        self.file.place(key.span().start),
                    ));
                }
            } else {
                keys.push((String::new(), entry.key, entry.place.clone()));
            }
        }
        keys
    }

    /// Takes everything that is left.
    pub(super) fn rest(&mut self) -> Vec<Entry<'a>> {
        std::mem::take(&mut self.entries)
    }

    /// Reports everything that is left as unknown.
    pub(super) fn finish(self, reading: &mut Reading<'_>, known: &[&str]) {
        for entry in &self.entries {
            reading.problems.push(entry.unknown(known));
        }
    }

    /// A problem of the table as a whole.
    pub(super) fn problem(&self, what: impl Into<String>, hint: impl Into<String>) -> Problem {
        Problem::new(&*self.about, what, hint).at(&self.file.path, self.place.line)
    }
}

/// The refusal of a key that is not one of `known`.
pub(super) fn unknown_key(about: &str, place: &Place, key: &str, known: &[&str]) -> Problem {
    let hint = match nearest(key, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("known here: {}", known.join(", ")),
    };
    Problem::new(about, format!("unknown key `{}`", shown(key)), hint).at(&place.file, place.line)
}

impl<'a> Entry<'a> {
    /// A problem of this entry.
    pub(super) fn problem(&self, what: impl Into<String>, hint: impl Into<String>) -> Problem {
        Problem::new(&*self.about, what, hint).at(&self.place.file, self.place.line)
    }

    /// The refusal of this entry as unknown.
    pub(super) fn unknown(&self, known: &[&str]) -> Problem {
        unknown_key(&self.about, &self.place, self.key, known)
    }

    /// What its table is in a message.
    pub(super) fn about(&self) -> &str {
        &self.about
    }

    /// The folder that paths in it are relative to.
    pub(super) fn folder(&self) -> &'a Path {
        &self.file.folder
    }

    fn wrong(&self, reading: &mut Reading<'_>, expected: &str, hint: &str) {
        let what = format!("`{}` must be {expected}, not {}", shown(self.key), kind(self.value));
        reading.problems.push(self.problem(what, hint));
    }

    /// As a string, placeholders filled in.
    pub(super) fn text(&self, reading: &mut Reading<'_>) -> Option<Text> {
        let DeValue::String(written) = self.value else {
            self.wrong(reading, "a string", "write it in quotes");
            return None;
        };
        self.fill(reading, written, self.place.clone())
    }

    fn fill(&self, reading: &mut Reading<'_>, written: &str, place: Place) -> Option<Text> {
        match placeholder::fill(written, &self.file.folder, reading.environment) {
            Ok(value) => Some(Text {
                written: shown(written),
                value,
                place,
            }),
            Err(faults) => {
                for fault in faults {
                    let problem = Problem::new(&*self.about, format!("`{}`: {fault}", shown(self.key)), fault.hint());
                    reading.problems.push(problem.at(&place.file, place.line));
                }
                None
            }
        }
    }

    /// As a list of strings.
    pub(super) fn texts(&self, reading: &mut Reading<'_>) -> Option<Vec<Text>> {
        let DeValue::Array(items) = self.value else {
            self.wrong(reading, "a list of strings", "write it as [\"…\", \"…\"]");
            return None;
        };
        let mut texts = Vec::with_capacity(items.len());
        let mut whole = true;
        for item in items {
            let place = self.file.place(item.span().start);
            let text = if let DeValue::String(written) = item.get_ref() {
                self.fill(reading, written, place)
            } else {
                let what = format!(
                    "`{}` must be a list of strings, but holds {}",
                    shown(self.key),
                    kind(item.get_ref())
                );
                reading
                    .problems
                    .push(Problem::new(&*self.about, what, "write it in quotes").at(&place.file, place.line));
                None
            };
            whole &= text.is_some();
            texts.extend(text);
        }
        whole.then_some(texts)
    }

    /// As `true` or `false`; a string only if a placeholder gives it.
    pub(super) fn flag(&self, reading: &mut Reading<'_>) -> Option<bool> {
        match self.value {
            DeValue::Boolean(value) => Some(*value),
            DeValue::String(written) if placeholder::has_placeholder(written) => {
                let text = self.text(reading)?;
                let value = text.value.trim().parse().ok();
                if value.is_none() {
                    let what = format!(
                        "`{}`: what {} gives is neither `true` nor `false`",
                        self.key, text.written
                    );
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
    pub(super) fn count(&self, reading: &mut Reading<'_>, most: u64) -> Option<usize> {
        let (number, said) = match self.value {
            DeValue::Integer(number) => (
                i128::from_str_radix(number.as_str(), number.radix()).ok(),
                number.as_str().to_owned(),
            ),
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
            reading
                .problems
                .push(self.problem(what, "choose a number in that range"));
        }
        fitting
    }

    /// As a length of time: `"500ms"`, `"3s"`, `"2m"`, `"1h"`; more than nothing and at most a year.
    pub(super) fn duration(&self, reading: &mut Reading<'_>) -> Option<Duration> {
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
            Some(duration) if duration > YEAR => format!("`{}` must be at most a year (8784h)", self.key),
            Some(duration) => return Some(duration),
        };
        reading.problems.push(self.problem(what, HINT));
        None
    }

    /// As a table; `about` names it in messages.
    pub(super) fn table(&self, reading: &mut Reading<'_>, about: &str, hint: &str) -> Option<Table<'a>> {
        let DeValue::Table(table) = self.value else {
            self.wrong(reading, "a table", hint);
            return None;
        };
        let mut inner = Table::new(self.file, about, 0, table);
        inner.place = self.place.clone();
        Some(inner)
    }

    /// As an array of tables: `[[key]]` blocks.
    pub(super) fn blocks(&self, reading: &mut Reading<'_>) -> Vec<Table<'a>> {
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
                    reading
                        .problems
                        .push(Problem::new("", what, &hint).at(place.file, place.line));
                }
            }
        }
        blocks
    }

    /// Whether it is a string, a list, a number …: for keys that may be several things.
    pub(super) fn form(&self) -> Form<'a> {
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
pub(super) enum Form<'a> {
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

const YEAR: Duration = Duration::from_secs(8_784 * 3_600);

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
        for (text, milliseconds) in [
            ("500ms", 500),
            ("3s", 3_000),
            ("2m", 120_000),
            ("1 h", 3_600_000),
            ("0s", 0),
        ] {
            assert_eq!(
                parse_duration(text),
                Some(Duration::from_millis(milliseconds)),
                "{text}"
            );
        }
        for text in ["", "3", "s", "-3s", "1.5s", "3 weeks", "3S", "三s"] {
            assert_eq!(parse_duration(text), None, "{text}");
        }
        assert!(parse_duration("99999999999999999999h").is_some_and(|duration| duration > YEAR));
    }

    #[test]
    fn a_byte_stands_on_its_line() {
        let file = File::new("a.toml".into(), PathBuf::new(), "one\r\ntwo\n\nfour".into());
        for (offset, line) in [(0, 1), (4, 1), (5, 2), (9, 3), (10, 4), (14, 4), (99, 4)] {
            assert_eq!(file.place(offset).line, line, "{offset}");
        }
    }
}
