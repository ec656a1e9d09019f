//! The keys of a block that only this kind has.
//!
//! In: a block. Out: [`Settings`], or every problem of the kind's own keys. *Invariant*: nobody is asked.

use lilong_schema::Problem;
use lilong_schema::catalog::{OptionKind, OptionValue, SourceSettings};

/// What a catalog says of a service beyond how it is reached.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Settings {
    /// The lists that are collections; none: those that are found.
    pub(super) collections: Vec<Vec<String>>,
    /// Primary keys.
    pub(super) keys: Vec<Columns>,
    /// Arguments that stand for equality with a column.
    pub(super) arguments: Vec<(Columns, Vec<String>)>,
    /// Fields that find one row.
    pub(super) lookups: Vec<(Columns, Columns)>,
    /// The order in which lists come.
    pub(super) sorted: Vec<Columns>,
    /// Whether arguments and keys are told by their names too.
    pub(super) guess: bool,
    /// Rows of a page.
    pub(super) page_rows: usize,
    /// The most rows that one fetch reads.
    pub(super) rows: usize,
}

/// `name(one, other)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Columns {
    pub(super) name: String,
    pub(super) columns: Vec<String>,
}

/// The kind's own keys, but for those of every service.
pub(super) const KEYS: [&str; 8] =
    ["collections", "keys", "arguments", "lookups", "sorted", "guess", "page_rows", "rows"];

/// Rows of a page, if nothing else is said.
const PAGE_ROWS: usize = 100;
/// The most rows of one fetch, if nothing else is said: as many as the gateway itself would work on.
const ROWS: usize = 100_000;

/// Reads the kind's own keys.
pub(super) fn read(settings: &SourceSettings) -> Result<Settings, Vec<Problem>> {
    let mut reading = Reading { settings, problems: Vec::new() };
    let columns = |text: &str| parse_columns(text);
    let read = Settings {
        collections: reading.list("collections", "a path of fields, as in `\"catalog.products\"`", parse_path),
        keys: reading.list("keys", "columns of a collection, as in `\"product(code)\"`", columns),
        arguments: reading.list("arguments", "a column and an argument, as in `\"product(state) = filter.state.eq\"`", |text| {
            let (column, argument) = text.split_once('=')?;
            let column = parse_columns(column.trim()).filter(|column| column.columns.len() == 1)?;
            Some((column, parse_path(argument.trim())?))
        }),
        lookups: reading.list("lookups", "columns and a field, as in `\"product(code) = productByCode(code)\"`", |text| {
            let (columns, field) = text.split_once('=')?;
            let (columns, field) = (parse_columns(columns.trim())?, parse_columns(field.trim())?);
            (columns.columns.len() == field.columns.len()).then_some((columns, field))
        }),
        sorted: reading.list("sorted", "columns of a collection, as in `\"product(code)\"`", columns),
        guess: reading.boolean("guess", true),
        page_rows: reading.count("page_rows", PAGE_ROWS),
        rows: reading.count("rows", ROWS),
    };
    if reading.problems.is_empty() { Ok(read) } else { Err(reading.problems) }
}

struct Reading<'a> {
    settings: &'a SourceSettings,
    problems: Vec<Problem>,
}

impl Reading<'_> {
    fn list<T>(&mut self, key: &str, form: &str, parse: impl Fn(&str) -> Option<T>) -> Vec<T> {
        let Some(option) = self.settings.options.get(key) else { return Vec::new() };
        let OptionKind::Texts(texts) = &option.value else {
            self.problem(option, format!("`{key}` is no list of strings"), format!("each is {form}"));
            return Vec::new();
        };
        let mut found = Vec::with_capacity(texts.len());
        for text in texts {
            match parse(text.reveal()) {
                Some(parsed) => found.push(parsed),
                None => self.problem(option, format!("`{key}` holds what cannot be read"), format!("each is {form}")),
            }
        }
        found
    }

    fn boolean(&mut self, key: &str, default: bool) -> bool {
        match self.settings.options.get(key) {
            None => default,
            Some(OptionValue { value: OptionKind::Boolean(value), .. }) => *value,
            Some(option) => {
                self.problem(option, format!("`{key}` is not yes or no"), "write true or false".to_owned());
                default
            }
        }
    }

    fn count(&mut self, key: &str, default: usize) -> usize {
        match self.settings.options.get(key) {
            None => default,
            Some(OptionValue { value: OptionKind::Integer(number @ 1..=1_000_000), .. }) => *number as usize,
            Some(option) => {
                let hint = "write a whole number from 1 to 1000000".to_owned();
                self.problem(option, format!("`{key}` is no such number of rows"), hint);
                default
            }
        }
    }

    fn problem(&mut self, option: &OptionValue, what: String, hint: String) {
        let place = &option.place;
        self.problems.push(Problem::new(self.settings.about(), what, hint).at(&place.file, place.line));
    }
}

/// `one.other`
fn parse_path(text: &str) -> Option<Vec<String>> {
    text.split('.').map(|part| is_name(part).then(|| part.to_owned())).collect()
}

/// `name(one, other)`; names of columns may hold points.
fn parse_columns(text: &str) -> Option<Columns> {
    let (name, rest) = text.split_once('(')?;
    let columns = rest.strip_suffix(')')?.split(',').map(|column| {
        let column = column.trim();
        column.split('.').all(is_name).then(|| column.to_owned())
    });
    let name = name.trim();
    name.split('.').all(is_name).then_some(())?;
    Some(Columns { name: name.to_owned(), columns: columns.collect::<Option<_>>()? })
}

/// A name as GraphQL has it.
fn is_name(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && text.chars().all(|character| character.is_ascii_alphanumeric() || character == '_')
}
