//! CSV: RFC 4180, and what is written in its name.
//!
//! In: text. Out: rows of cells with the line each begins on. *Invariant*: a quote that is never closed is an error, not a
//! value as long as the rest of the file; a lone carriage return ends a line as a line feed does.
//!
//! The splitter is our own because it tells an empty value from an empty text (`a,,b` and `a,"",b`), which readers of CSV
//! do not, and where each row stands.

use std::borrow::Cow;

use super::obstacle::Obstacle;
use super::settings::{Header, Settings};
use super::sheet::{Cell, Flaw, Sheet};

/// Separators that are looked for where none is said, the likelier first.
const SEPARATORS: [u8; 4] = *b",;\t|";

/// How much of a text is looked at for its separator, in bytes and in rows.
const SAMPLE: (usize, usize) = (64 << 10, 50);

/// Reads a text; `most` bytes of memory at most.
pub(super) fn read(text: &str, settings: &Settings, most: usize) -> Result<Sheet, Obstacle> {
    let (told, text, line) = separator_line(text);
    let separator = settings.separator.or(told).unwrap_or_else(|| find_separator(text, settings));
    let mut sheet = Sheet::new(most);
    sheet.is_strict = true;
    let mut splitter = Splitter::new(text, separator, line);
    while let Some(line) = splitter.next_row() {
        while let Some(value) = splitter.next_value(line)? {
            sheet.push(match value {
                Value::Broken => Cell::Bad(Flaw::Quote),
                Value::Plain(text) | Value::Quoted(Cow::Borrowed(text)) if text.contains('\0') => Cell::Bad(Flaw::Nul),
                Value::Plain("") => Cell::Empty,
                Value::Plain(text) if settings.nulls.iter().any(|null| null == text) => Cell::Empty,
                Value::Plain(text) => Cell::Written(text),
                Value::Quoted(text) if text.is_empty() => Cell::Blank,
                Value::Quoted(ref text) => Cell::Written(text),
            })?;
        }
        sheet.end_row(line)?;
    }
    Ok(sheet)
}

/// The first line `sep=;`, with which Excel is told the separator; the text behind it and the line that it begins on.
fn separator_line(text: &str) -> (Option<u8>, &str, usize) {
    let end = text.find(['\r', '\n']).unwrap_or(text.len());
    let [b's' | b'S', b'e' | b'E', b'p' | b'P', b'=', separator] = text.as_bytes()[..end] else {
        return (None, text, 1);
    };
    let rest = &text[end..];
    let rest = rest.strip_prefix("\r\n").or_else(|| rest.strip_prefix(['\r', '\n'])).unwrap_or(rest);
    (Some(separator), rest, 2)
}

/// The separator by which most of the first rows have equally many values, more than one.
fn find_separator(text: &str, settings: &Settings) -> u8 {
    let first = if let Header::At(line) = settings.header { line } else { 1 };
    let mut best = (0, 0, b',');
    for separator in SEPARATORS {
        let widths = widths(text, separator, first);
        for width in widths.iter().copied().filter(|width| *width > 1) {
            let agreeing = widths.iter().filter(|other| **other == width).count();
            if (agreeing, width) > (best.0, best.1) {
                best = (agreeing, width, separator);
            }
        }
    }
    best.2
}

fn widths(text: &str, separator: u8, first: usize) -> Vec<usize> {
    let mut splitter = Splitter::new(text, separator, 1);
    let mut widths = Vec::new();
    while let Some(line) = splitter.next_row().filter(|_| widths.len() < SAMPLE.1 && splitter.at < SAMPLE.0) {
        let mut width = 0;
        // A quote that is not closed is told of when the file is read.
        while let Ok(Some(_)) = splitter.next_value(line) {
            width += 1;
        }
        if line >= first {
            widths.push(width);
        }
    }
    widths
}

/// One value of a row.
enum Value<'a> {
    Plain(&'a str),
    Quoted(Cow<'a, str>),
    /// Text stands behind the closing quote.
    Broken,
}

struct Splitter<'a> {
    text: &'a str,
    at: usize,
    line: usize,
    separator: u8,
    /// Whether a value follows in this row.
    follows: bool,
}

impl<'a> Splitter<'a> {
    fn new(text: &'a str, separator: u8, line: usize) -> Self {
        Self { text, at: 0, line, separator, follows: false }
    }

    /// Begins a row; the line it stands on.
    fn next_row(&mut self) -> Option<usize> {
        self.follows = self.at < self.text.len();
        self.follows.then_some(self.line)
    }

    /// The next value of the row that began on `line`.
    fn next_value(&mut self, line: usize) -> Result<Option<Value<'a>>, Obstacle> {
        if !self.follows {
            return Ok(None);
        }
        let bytes = self.text.as_bytes();
        if bytes.get(self.at) != Some(&b'"') {
            return Ok(Some(Value::Plain(self.plain())));
        }
        let start = self.at + 1;
        let mut doubled = false;
        self.at = start;
        loop {
            match bytes.get(self.at) {
                None => {
                    self.follows = false;
                    let what = "a quote is opened and never closed: the file is damaged, or not whole yet";
                    return Err(Obstacle::Damaged { place: format!("line {line}: "), what });
                }
                Some(b'"') if bytes.get(self.at + 1) == Some(&b'"') => {
                    doubled = true;
                    self.at += 2;
                }
                Some(b'"') => break,
                Some(byte) => {
                    let next = bytes.get(self.at + 1);
                    self.line += usize::from(*byte == b'\n' || *byte == b'\r' && next != Some(&b'\n'));
                    self.at += 1;
                }
            }
        }
        let value = &self.text[start..self.at];
        self.at += 1;
        let behind = self.plain();
        if !behind.trim().is_empty() {
            return Ok(Some(Value::Broken));
        }
        Ok(Some(Value::Quoted(if doubled { value.replace("\"\"", "\"").into() } else { value.into() })))
    }

    /// The text up to the next separator or the end of the line, which is passed.
    fn plain(&mut self) -> &'a str {
        let bytes = self.text.as_bytes();
        let start = self.at;
        let is_end = |byte: &u8| *byte == self.separator || *byte == b'\n' || *byte == b'\r';
        let end = bytes[start..].iter().position(is_end).map_or(bytes.len(), |length| start + length);
        self.at = end;
        match bytes.get(end) {
            Some(byte) if *byte == self.separator => self.at += 1,
            Some(byte) => {
                self.at += if *byte == b'\r' && bytes.get(end + 1) == Some(&b'\n') { 2 } else { 1 };
                self.line += 1;
                self.follows = false;
            }
            None => self.follows = false,
        }
        &self.text[start..end]
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// Every row as its line and its cells.
    fn rows(text: &str) -> Vec<String> {
        let mut sheet = read(text, &Settings::default(), 1 << 20).unwrap();
        sheet.head(&Settings { header: Header::None, ..Settings::default() }, "line").unwrap();
        sheet.is_strict = false;
        let cell = |row, column| match sheet.cell(row, column) {
            Cell::Empty => "-".to_owned(),
            Cell::Blank => "''".to_owned(),
            Cell::Written(text) => text.escape_debug().to_string(),
            other => format!("{other:?}"),
        };
        let line = |row| (0..sheet.names.len()).map(|column| cell(row, column)).collect::<Vec<_>>().join("|");
        (0..sheet.height()).map(|row| format!("{}: {}", sheet.line(row), line(row))).collect()
    }

    #[test]
    fn rows_are_split_as_they_are_written() {
        for (text, expected) in [
            ("a,b\n1,2", &["1: a|b", "2: 1|2"][..]),
            ("a,b\r\n1,2\r\n", &["1: a|b", "2: 1|2"]),
            ("a,b\r1,2\n3,4\r\n", &["1: a|b", "2: 1|2", "3: 3|4"]),
            ("a,b\n\n\n1,2\n\n", &["1: a|b", "4: 1|2"]),
            ("a;b\n1,5;2", &["1: a|b", "2: 1,5|2"]),
            ("a\tb\n1\t2", &["1: a|b", "2: 1|2"]),
            ("a|b\n1|2", &["1: a|b", "2: 1|2"]),
            ("sep=;\r\na;b\r\n1;2", &["2: a|b", "3: 1|2"]),
            ("a\n1\n2", &["1: a", "2: 1", "3: 2"]),
            ("a,b\n,\"\"", &["1: a|b", "2: -|''"]),
            ("a,b\n\"x\ny\",\"say \"\"hi\"\"\"\nz,1", &["1: a|b", "2: x\\ny|say \\\"hi\\\"", "4: z|1"]),
            ("a,b\n\"x\r\ny\",1\n2,3", &["1: a|b", "2: x\\r\\ny|1", "4: 2|3"]),
            ("a,b\n5\" pipe,1", &["1: a|b", "2: 5\\\" pipe|1"]),
            ("a,b\n\"x\"y,1\n\"x\" ,2", &["1: a|b", "2: Bad(Quote)|1", "3: x|2"]),
            ("a,b\nx\0y,1", &["1: a|b", "2: Bad(Nul)|1"]),
            ("a,b\n \"x\",1", &["1: a|b", "2:  \\\"x\\\"|1"]),
        ] {
            assert_eq!(rows(text), expected, "{text:?}");
        }
    }

    #[test]
    fn a_quote_that_is_never_closed_is_told_with_its_line() {
        let error = read("a,b\n1,2\n3,\"half a val", &Settings::default(), 1 << 20).unwrap_err().to_string();
        assert!(error.starts_with("line 3: a quote is opened and never closed"), "{error}");
    }

    #[test]
    fn a_table_beyond_its_bound_is_refused_by_the_name_of_the_setting() {
        let text = "a,b\n".repeat(10_000);
        let error = read(&text, &Settings::default(), 10_000).unwrap_err().to_string();
        assert_eq!(error, "what it holds takes more than 10000 bytes; `table_bytes` allows more");
    }
}
