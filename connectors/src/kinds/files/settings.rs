//! The keys of a block that only this kind has.
//!
//! In: a block. Out: the settings, or every problem of the kind's own keys. *Invariant*: no file is touched.

use std::collections::BTreeMap;
use std::path::PathBuf;

use encoding_rs::Encoding;
use lilong_schema::Problem;
use lilong_schema::catalog::{OptionKind, OptionValue, SourceSettings};
use lilong_schema::problem::{nearest, shown};

use super::format::Format;

/// The kind's own keys.
pub(crate) const KEYS: &[&str] = &[
    "path",
    "format",
    "separator",
    "encoding",
    "header",
    "skip",
    "columns",
    "sheet",
    "collection",
    "null",
    "keys",
    FILE_BYTES,
    TABLE_BYTES,
];

/// The setting that bounds a file.
pub(super) const FILE_BYTES: &str = "file_bytes";
/// The setting that bounds what a file takes once it is read.
pub(super) const TABLE_BYTES: &str = "table_bytes";

const PATH_HINT: &str = "name a file or a pattern, as in `path = \"complaints.xlsx\"` or `path = \"sheets/*.csv\"`";

/// How the files of a source are found and read.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    /// The folder that `path` is relative to.
    pub(super) folder: PathBuf,
    /// A file, or a pattern with `*` and `?`.
    pub(super) path: String,
    /// Whether links must stay inside the folder that a pattern begins with.
    pub(super) is_found: bool,
    /// What the files are; by their names if none.
    pub(super) format: Option<Format>,
    /// Between the values of a row of CSV; looked for if none.
    pub(super) separator: Option<u8>,
    /// Of text that is not UTF-8.
    pub(super) encoding: Option<&'static Encoding>,
    /// Which row the header is.
    pub(super) header: Header,
    /// Rows left out behind the header.
    pub(super) skip: usize,
    /// Names of the columns, instead of the header's.
    pub(super) columns: Vec<String>,
    /// The one sheet that is read.
    pub(super) sheet: Option<String>,
    /// The name of the one collection that all files make.
    pub(super) collection: Option<String>,
    /// Texts that stand for nothing.
    pub(super) nulls: Vec<String>,
    /// The primary key of each collection that has one.
    pub(super) keys: BTreeMap<String, Vec<String>>,
    /// Bytes of a file, at most.
    pub(super) file_bytes: u64,
    /// Bytes of memory that a collection takes, and of a workbook once it is inflated, at most.
    pub(super) table_bytes: usize,
}

/// Which row is the header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Header {
    /// The first that is not blank.
    First,
    /// The one on that line, counted from 1, or the next that is not blank.
    At(usize),
    /// None is.
    None,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            folder: PathBuf::new(),
            path: String::new(),
            is_found: false,
            format: None,
            separator: None,
            encoding: None,
            header: Header::First,
            skip: 0,
            columns: Vec::new(),
            sheet: None,
            collection: None,
            nulls: Vec::new(),
            keys: BTreeMap::new(),
            file_bytes: 100_000_000,
            table_bytes: 400_000_000,
        }
    }
}

/// Whether a path is a pattern.
pub(super) fn is_pattern(path: &str) -> bool {
    path.contains(['*', '?'])
}

/// Reads a block.
pub(super) fn read(settings: &SourceSettings) -> Result<Settings, Vec<Problem>> {
    let about = settings.about();
    let mut reading = Reading { settings, about: &about, problems: settings.unknown_options(KEYS) };
    let mut read = Settings::default();
    match settings.options.get("path") {
        None => {
            let problem = Problem::new(about.as_str(), "`path` is missing", PATH_HINT);
            reading.problems.push(problem.at(&settings.place.file, settings.place.line));
        }
        Some(option) => match &option.value {
            OptionKind::Text(path) if !path.reveal().is_empty() => {
                path.reveal().clone_into(&mut read.path);
                read.folder.clone_from(&option.folder);
                // A block that was narrowed to one file still says where the pattern stood.
                read.is_found = is_pattern(&settings.location);
            }
            _ => reading.refuse(option, "`path` names no file", PATH_HINT),
        },
    }
    if let Some(text) = reading.text("format") {
        read.format = Format::named(&text);
        if read.format.is_none() {
            reading.refuse_word("format", &text, &Format::NAMES);
        }
    }
    if let Some(text) = reading.text("separator") {
        read.separator = match text.as_bytes() {
            _ if text == "tab" => Some(b'\t'),
            [byte] if byte.is_ascii() && !b"\"\r\n".contains(byte) => Some(*byte),
            _ => None,
        };
        if read.separator.is_none() {
            reading.refuse_key("separator", "is not one ASCII character", "write \",\", \";\", \"|\" or \"tab\"");
        }
    }
    if let Some(text) = reading.text("encoding") {
        read.encoding = Encoding::for_label(text.as_bytes());
        if read.encoding.is_none() {
            let known =
                ["utf-8", "gb18030", "gbk", "latin1", "windows-1252", "utf-16le", "utf-16be", "big5", "shift_jis"];
            reading.refuse_word("encoding", &text, &known);
        }
    }
    reading.header(&mut read);
    if let Some(skip) = reading.number("skip", 0, 1_000_000) {
        read.skip = skip;
    }
    read.columns = reading.texts("columns");
    if let Some(twice) = first_twice(&read.columns) {
        reading.refuse_key("columns", &format!("has `{}` twice", shown(&twice)), "give each column its own name");
    }
    read.sheet = reading.text("sheet");
    read.collection = reading.text("collection");
    read.nulls = reading.texts("null");
    if let Some(bytes) = reading.number(FILE_BYTES, 1, 1 << 40) {
        read.file_bytes = bytes as u64;
    }
    if let Some(bytes) = reading.number(TABLE_BYTES, 1, 2_000_000_000) {
        read.table_bytes = bytes;
    }
    reading.keys(&mut read);
    if reading.problems.is_empty() { Ok(read) } else { Err(reading.problems) }
}

fn first_twice(names: &[String]) -> Option<String> {
    names.iter().enumerate().find(|(at, name)| names[..*at].contains(name)).map(|(_, name)| name.clone())
}

struct Reading<'a> {
    settings: &'a SourceSettings,
    about: &'a str,
    problems: Vec<Problem>,
}

impl Reading<'_> {
    fn refuse(&mut self, option: &OptionValue, what: impl Into<String>, hint: impl Into<String>) {
        let problem = Problem::new(self.about, what, hint);
        self.problems.push(problem.at(&option.place.file, option.place.line));
    }

    fn refuse_key(&mut self, key: &str, what: &str, hint: &str) {
        if let Some(option) = self.settings.options.get(key) {
            self.refuse(option, format!("`{key}` {what}"), hint);
        }
    }

    fn refuse_word(&mut self, key: &str, word: &str, known: &[&str]) {
        let hint = match nearest(word, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("known here: {}", known.join(", ")),
        };
        self.refuse_key(key, &format!("is unknown: `{}`", shown(word)), &hint);
    }

    fn text(&mut self, key: &str) -> Option<String> {
        let option = self.settings.options.get(key)?;
        if let OptionKind::Text(text) = &option.value
            && !text.reveal().is_empty()
        {
            return Some(text.reveal().to_owned());
        }
        self.refuse(option, format!("`{key}` must be a string that is not empty"), "write it in quotes");
        None
    }

    fn texts(&mut self, key: &str) -> Vec<String> {
        let Some(option) = self.settings.options.get(key) else {
            return Vec::new();
        };
        match &option.value {
            OptionKind::Texts(texts) => texts.iter().map(|text| text.reveal().to_owned()).collect(),
            _ => {
                self.refuse(option, format!("`{key}` must be a list of strings"), "write it as [\"…\", \"…\"]");
                Vec::new()
            }
        }
    }

    fn number(&mut self, key: &str, least: i64, most: i64) -> Option<usize> {
        let option = self.settings.options.get(key)?;
        if let OptionKind::Integer(number) = option.value
            && (least..=most).contains(&number)
        {
            return usize::try_from(number).ok();
        }
        self.refuse(
            option,
            format!("`{key}` must be a whole number from {least} to {most}"),
            "write it without quotes",
        );
        None
    }

    fn header(&mut self, read: &mut Settings) {
        let Some(option) = self.settings.options.get("header") else {
            return;
        };
        read.header = match option.value {
            OptionKind::Boolean(true) => Header::First,
            OptionKind::Boolean(false) => Header::None,
            OptionKind::Integer(line @ 1..=1_000_000) => Header::At(line as usize),
            _ => {
                let hint = "write `header = 3` for the third line, `header = false` for none";
                self.refuse(option, "`header` must be a line's number, or true or false", hint);
                return;
            }
        };
    }

    fn keys(&mut self, read: &mut Settings) {
        let Some(option) = self.settings.options.get("keys") else {
            return;
        };
        let OptionKind::Table(table) = &option.value else {
            self.refuse(option, "`keys` must be a table", "begin it with `[source.keys]`");
            return;
        };
        for (collection, columns) in &table.entries {
            let name = shown(collection);
            let hint = format!("write `\"{name}\" = [\"id\"]`");
            match &columns.value {
                OptionKind::Texts(texts) if !texts.is_empty() => {
                    let texts: Vec<String> = texts.iter().map(|text| text.reveal().to_owned()).collect();
                    if let Some(twice) = first_twice(&texts) {
                        self.refuse(columns, format!("the key of `{name}` has `{}` twice", shown(&twice)), hint);
                    }
                    read.keys.insert(collection.clone(), texts);
                }
                _ => self.refuse(columns, format!("the key of `{name}` must be a list of columns"), hint),
            }
        }
    }
}
