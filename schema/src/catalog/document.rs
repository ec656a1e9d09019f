//! One TOML file of a catalog with the line of every key: in, its text; out, tables whose entries are taken one by one,
//! each as the type its key has. What is left untaken is unknown.
//!
//! *Invariant*: no message ever holds a filled-in value or the value of a key that a connector owns.

mod entry;

use std::ops::Range;
use std::path::PathBuf;
use std::rc::Rc;

use toml::de::{DeTable, DeValue};

use super::Place;
use super::placeholder::Environment;
use crate::Problem;
use crate::problem::{nearest, shown};

pub(super) use entry::{Entry, Form};

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
        let starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Self { path, folder, text, starts }
    }

    /// The place of a byte.
    pub(super) fn place(&self, offset: usize) -> Place {
        Place { file: self.path.clone(), line: self.starts.partition_point(|start| *start <= offset) }
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
        let mut faults: Vec<(usize, &str)> =
            faults.into_iter().map(|(offset, message)| (self.place(offset).line, message)).collect();
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
        Self { about, place: file.place(offset), file, entries }
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
                    keys.push((entry.key.to_owned(), &**key.get_ref(), self.file.place(key.span().start)));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_stands_on_its_line() {
        let file = File::new("a.toml".into(), PathBuf::new(), "one\r\ntwo\n\nfour".into());
        for (offset, line) in [(0, 1), (4, 1), (5, 2), (9, 3), (10, 4), (14, 4), (99, 4)] {
            assert_eq!(file.place(offset).line, line, "{offset}");
        }
    }
}
