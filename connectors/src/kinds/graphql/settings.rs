//! The keys of a block that only this kind has.
//!
//! In: a block. Out: [`Settings`]; what is wrong with the keys the block then knows. *Invariant*: nobody is asked.

use super::route::Meaning;
use crate::options::Block;

/// What a catalog says of a service beyond how it is reached.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Settings {
    /// The lists that are collections; none: those that are found.
    pub(super) collections: Vec<Vec<String>>,
    /// Primary keys.
    pub(super) keys: Vec<Columns>,
    /// Arguments that stand for a comparison with a column.
    pub(super) arguments: Vec<(Columns, Meaning, Vec<String>)>,
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

/// The kind's own keys, beside those of every kind over HTTP.
pub(super) const KEYS: &[&str] =
    &["collections", "keys", "arguments", "lookups", "sorted", "guess", "page_rows", "rows"];

/// Rows of a page, if nothing else is said.
const PAGE_ROWS: usize = 100;
/// The most rows of one fetch, if nothing else is said: as many as the gateway itself would work on.
const ROWS: usize = 100_000;

/// Reads the kind's own keys.
pub(super) fn read(block: &mut Block<'_>) -> Settings {
    const COLUMNS: &str = "write collections with their columns, as in [\"product(code)\"]";
    Settings {
        collections: list(block, "collections", "write paths of fields, as in [\"catalog.products\"]", parse_path),
        keys: list(block, "keys", COLUMNS, parse_columns),
        arguments: list(
            block,
            "arguments",
            "write a column and the argument that it equals, or is below or beyond, as in \
             [\"product(state) = filter.state.eq\", \"product(price) >= minPrice\"]",
            parse_argument,
        ),
        lookups: list(
            block,
            "lookups",
            "write columns and the field that finds a row by them, as in [\"product(code) = productByCode(code)\"]",
            |text| {
                let (columns, field) = text.split_once('=')?;
                let (columns, field) = (parse_columns(columns.trim())?, parse_columns(field.trim())?);
                (columns.columns.len() == field.columns.len()).then_some((columns, field))
            },
        ),
        sorted: list(block, "sorted", COLUMNS, parse_columns),
        guess: block.flag("guess").unwrap_or(true),
        page_rows: block.number("page_rows", 1, 1_000_000).unwrap_or(PAGE_ROWS),
        rows: block.number("rows", 1, 1_000_000).unwrap_or(ROWS),
    }
}

fn list<T>(block: &mut Block<'_>, key: &'static str, hint: &str, parse: impl Fn(&str) -> Option<T>) -> Vec<T> {
    let texts = block.texts(key, hint).unwrap_or_default();
    let mut found = Vec::with_capacity(texts.len());
    for text in texts {
        match parse(text.value) {
            Some(parsed) => found.push(parsed),
            None => block.wrong(text.option, format!("`{key}` holds what cannot be read"), hint),
        }
    }
    found
}

/// `name(column) >= one.other`
fn parse_argument(text: &str) -> Option<(Columns, Meaning, Vec<String>)> {
    // What begins with another is looked for before it.
    const SIGNS: [(&str, Meaning); 5] = [
        ("<=", Meaning::LessOrEqual),
        (">=", Meaning::GreaterOrEqual),
        ("<", Meaning::Less),
        (">", Meaning::Greater),
        ("=", Meaning::Equal),
    ];
    let (sign, meaning) = SIGNS.into_iter().find(|(sign, _)| text.contains(sign))?;
    let (column, argument) = text.split_once(sign)?;
    let column = parse_columns(column.trim()).filter(|column| column.columns.len() == 1)?;
    Some((column, meaning, parse_path(argument.trim())?))
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
