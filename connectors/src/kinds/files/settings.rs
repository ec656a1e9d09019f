//! The keys of a block that only this kind has.
//!
//! In: a block. Out: the settings, or every problem of the kind's own keys. *Invariant*: no file is touched.

use std::collections::BTreeMap;
use std::path::PathBuf;

use encoding_rs::Encoding;
use lilong_schema::Problem;
use lilong_schema::catalog::{OptionKind, SourceSettings};
use lilong_schema::problem::shown;

use super::format::Format;
use crate::options::{Block, Text};

/// The kind's own keys.
pub(super) const KEYS: &[&str] = &[
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

/// Reads a block; every problem of the kind's own keys at once.
pub(super) fn read(settings: &SourceSettings) -> Result<Settings, Vec<Problem>> {
    const QUOTED: &str = "write it in quotes";
    let mut block = Block::of(settings);
    let mut read = Settings::default();
    if let Some(path) = block.required("path", PATH_HINT) {
        path.value.clone_into(&mut read.path);
        read.folder.clone_from(&path.option.folder);
        // A block that was narrowed to one file still says where the pattern stood.
        read.is_found = is_pattern(&settings.location);
    }
    read.format =
        block.word("format", &Format::NAMES, "leave it out where the files' names tell it").and_then(Format::named);
    read.separator = block.text("separator", QUOTED).and_then(|text| read_separator(&mut block, text));
    read.encoding = block.text("encoding", QUOTED).and_then(|text| read_encoding(&mut block, text));
    read.header = read_header(&mut block);
    read.skip = block.number("skip", 0, 1_000_000).unwrap_or(read.skip);
    read.columns = read_list(&mut block, "columns");
    if let (Some(twice), Some(option)) = (first_twice(&read.columns), block.option("columns")) {
        block.wrong(option, format!("`columns` has `{}` twice", shown(twice)), "give each column its own name");
    }
    read.sheet = block.text("sheet", QUOTED).map(|text| text.value.to_owned());
    read.collection = block.text("collection", QUOTED).map(|text| text.value.to_owned());
    read.nulls = read_list(&mut block, "null");
    read.file_bytes = block.number(FILE_BYTES, 1, 1 << 40).map_or(read.file_bytes, |bytes| bytes as u64);
    read.table_bytes = block.number(TABLE_BYTES, 1, 2_000_000_000).unwrap_or(read.table_bytes);
    if let Some(mut keys) = block.table("keys", "begin it with `[source.keys]`") {
        read.keys = read_keys(&mut keys);
        block.close(keys);
    }
    let problems = block.finish();
    if problems.is_empty() { Ok(read) } else { Err(problems) }
}

fn read_separator(block: &mut Block<'_>, text: Text<'_>) -> Option<u8> {
    match text.value.as_bytes() {
        b"tab" => Some(b'\t'),
        [byte] if byte.is_ascii() && !b"\"\r\n".contains(byte) => Some(*byte),
        _ => {
            let hint = "write \",\", \";\", \"|\" or \"tab\"";
            block.wrong(text.option, "`separator` is not one ASCII character", hint);
            None
        }
    }
}

fn read_encoding(block: &mut Block<'_>, text: Text<'_>) -> Option<&'static Encoding> {
    let encoding = Encoding::for_label(text.value.as_bytes());
    if encoding.is_none() {
        let hint = "write one such as utf-8, gb18030, gbk, latin1, windows-1252, utf-16le, utf-16be, big5, shift_jis";
        block.wrong(text.option, "`encoding` is none that is known", hint);
    }
    encoding
}

fn read_header(block: &mut Block<'_>) -> Header {
    let Some(option) = block.option("header") else { return Header::First };
    match option.value {
        OptionKind::Boolean(true) => Header::First,
        OptionKind::Boolean(false) => Header::None,
        OptionKind::Integer(line @ 1..=1_000_000) => Header::At(line as usize),
        _ => {
            let hint = "write `header = 3` for the third line, `header = false` for none";
            block.wrong(option, "`header` is neither a line's number nor true or false", hint);
            Header::First
        }
    }
}

/// Texts of which some may be empty: a value may stand for null, or a column be without a name.
fn read_list(block: &mut Block<'_>, key: &'static str) -> Vec<String> {
    let Some(option) = block.option(key) else { return Vec::new() };
    let texts = Text::all(option);
    if texts.is_none() {
        block.wrong(option, format!("`{key}` is not a list of texts"), "write it as [\"…\", \"…\"]");
    }
    texts.unwrap_or_default().iter().map(|text| text.value.to_owned()).collect()
}

fn read_keys(table: &mut Block<'_>) -> BTreeMap<String, Vec<String>> {
    let mut keys = BTreeMap::new();
    for (collection, option) in table.entries() {
        let name = shown(collection);
        let hint = format!("write `\"{name}\" = [\"id\"]`");
        let columns: Vec<String> =
            Text::all(option).unwrap_or_default().iter().map(|text| text.value.to_owned()).collect();
        if columns.is_empty() {
            table.wrong(option, format!("the key of `{name}` is not a list of columns"), hint);
        } else if let Some(twice) = first_twice(&columns) {
            table.wrong(option, format!("the key of `{name}` has `{}` twice", shown(twice)), hint);
        }
        keys.insert(collection.to_owned(), columns);
    }
    keys
}

fn first_twice(names: &[String]) -> Option<&str> {
    names.iter().enumerate().find(|(at, name)| names[..*at].contains(name)).map(|(_, name)| name.as_str())
}
