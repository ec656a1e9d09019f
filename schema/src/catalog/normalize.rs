//! The steps of `normalize`: `trim uppercase lowercase compact digits strip_zeros pad_left:N date:FORMAT map:FILE.csv`.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::NaiveDate;
use chrono::format::{Item, StrftimeItems};

use super::document::{Entry, Reading, Text};
use super::placeholder::{beside, file_fault, line_of};
use crate::problem::nearest;
use crate::{Normalizer, Problem, temporal};

const STEPS: &[&str] = &[
    "trim",
    "uppercase",
    "lowercase",
    "compact",
    "digits",
    "strip_zeros",
    "pad_left:N",
    "date:FORMAT",
    "map:FILE.csv",
];

/// Tables read so far, by their path on disk; `None` for one that could not be read, which is reported once.
pub(super) type Maps = HashMap<PathBuf, Option<Arc<HashMap<String, String>>>>;

/// Reads a list of steps; those that are wrong are reported and left out.
pub(super) fn read_steps(entry: &Entry<'_>, maps: &mut Maps, reading: &mut Reading<'_>) -> Vec<Normalizer> {
    let texts = entry.texts(reading).unwrap_or_default();
    texts.iter().filter_map(|text| read_step(entry, text, maps, reading)).collect()
}

fn read_step(entry: &Entry<'_>, text: &Text, maps: &mut Maps, reading: &mut Reading<'_>) -> Option<Normalizer> {
    let (what, hint) = match text.value.split_once(':') {
        None => match text.value.as_str() {
            "trim" => return Some(Normalizer::Trim),
            "uppercase" => return Some(Normalizer::Uppercase),
            "lowercase" => return Some(Normalizer::Lowercase),
            "compact" => return Some(Normalizer::Compact),
            "digits" => return Some(Normalizer::Digits),
            "strip_zeros" => return Some(Normalizer::StripZeros),
            other => unknown_step(other, &text.written),
        },
        Some(("pad_left", width)) => match width.parse() {
            Ok(width @ 1..=1_000) => return Some(Normalizer::PadLeft(width)),
            _ => (format!("`{}` has no width from 1 to 1000", text.written), "write it as \"pad_left:6\"".to_owned()),
        },
        Some(("date", format)) if is_date_format(format) => return Some(Normalizer::Date(format.to_owned())),
        Some(("date", _)) => (
            format!("`{}` is not a format of whole dates", text.written),
            "write it in strftime's items, such as \"date:%d.%m.%Y\"".to_owned(),
        ),
        Some(("map", path)) => {
            let on_disk = entry.folder().join(path);
            if !maps.contains_key(&on_disk) {
                let shown = beside(&text.place.file, text.written.strip_prefix("map:").unwrap_or(&text.written));
                let table = read_map(&on_disk, &shown, entry, text, reading);
                maps.insert(on_disk.clone(), table.map(Arc::new));
            }
            return maps.get(&on_disk)?.clone().map(Normalizer::Map);
        }
        Some((other, _)) => unknown_step(other, &text.written),
    };
    reading
        .problems
        .push(entry.problem(format!("`{}`: {what}", entry.key), hint).at(&text.place.file, text.place.line));
    None
}

fn unknown_step(name: &str, written: &str) -> (String, String) {
    let plain = STEPS.iter().map(|step| step.split(':').next().unwrap_or(step));
    let near = nearest(name, plain).and_then(|near| STEPS.iter().find(|step| step.split(':').next() == Some(near)));
    let hint = match near {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("known here: {}", STEPS.join(", ")),
    };
    (format!("unknown step `{written}`"), hint)
}

/// Whether a date written in this format can be read back.
fn is_date_format(format: &str) -> bool {
    use std::fmt::Write;
    let items: Vec<Item<'_>> = StrftimeItems::new(format).collect();
    if items.contains(&Item::Error) {
        return false;
    }
    let Some(sample) = NaiveDate::from_ymd_opt(2026, 11, 23).and_then(|date| date.and_hms_opt(13, 45, 7)) else {
        return false;
    };
    let mut written = String::new();
    write!(written, "{}", sample.and_utc().format_with_items(items.iter())).is_ok()
        && temporal::parse_date_as(&written, format) == temporal::parse_date("2026-11-23")
}

fn read_map(
    on_disk: &Path,
    shown: &Path,
    entry: &Entry<'_>,
    text: &Text,
    reading: &mut Reading<'_>,
) -> Option<HashMap<String, String>> {
    let bytes = match std::fs::read(on_disk) {
        Ok(bytes) => bytes,
        Err(error) => {
            let what = format!("`{}`: the table `{}` {}", entry.key, shown.display(), file_fault(&error));
            let hint = "two columns, from and to, no header; the path is relative to the folder of this file";
            reading.problems.push(entry.problem(what, hint).at(&text.place.file, text.place.line));
            return None;
        }
    };
    let mut fault = |line: usize, what: &str, hint: &str| {
        reading.problems.push(Problem::new("table of `map`", what, hint).at(shown, line));
        None
    };
    let content = match std::str::from_utf8(&bytes) {
        Ok(content) => content.strip_prefix('\u{feff}').unwrap_or(content),
        Err(error) => {
            let line = line_of(&bytes, error.valid_up_to());
            return fault(line, "this is not UTF-8 text", "save the file as UTF-8");
        }
    };
    let mut table: HashMap<String, (String, usize)> = HashMap::new();
    let mut whole = true;
    for record in Records::new(content) {
        match record {
            Ok((line, mut fields)) if fields.len() == 2 => {
                let (to, from) = (fields.pop().unwrap_or_default(), fields.pop().unwrap_or_default());
                if let Some((_, first)) = table.get(&from) {
                    let what = format!("this line's first column stands already in line {first}");
                    fault(line, &what, "keep one of them");
                    whole = false;
                } else {
                    table.insert(from, (to, line));
                }
            }
            Ok((line, fields)) => {
                let columns =
                    if fields.len() == 1 { "1 column".to_owned() } else { format!("{} columns", fields.len()) };
                fault(
                    line,
                    &format!("this line has {columns}, not 2"),
                    "write `from,to`; quote a value that holds a comma",
                );
                whole = false;
            }
            Err(line) => {
                fault(
                    line,
                    "a `\"` is not closed or stands inside a value",
                    "quote the whole value and double its quotes",
                );
                whole = false;
            }
        }
    }
    whole.then(|| table.into_iter().map(|(from, (to, _))| (from, to)).collect())
}

/// The records of a CSV text (RFC 4180, line ends LF or CRLF), each with its first line; empty lines are skipped. `Err` is
/// the line of a misplaced quote, after which nothing more is read.
struct Records<'a> {
    rest: Option<&'a str>,
    line: usize,
}

impl<'a> Records<'a> {
    fn new(text: &'a str) -> Self {
        Self { rest: Some(text), line: 1 }
    }

    /// A field and the delimiter after it (`None` at the end of the text).
    fn field(&mut self, rest: &'a str) -> Result<(String, Option<char>, &'a str), usize> {
        let Some(mut quoted) = rest.strip_prefix('"') else {
            let end = rest.find([',', '\n']).unwrap_or(rest.len());
            let value = &rest[..end];
            if value.contains('"') {
                return Err(self.line);
            }
            let delimiter = rest[end..].chars().next();
            let value = if delimiter == Some(',') { value } else { value.strip_suffix('\r').unwrap_or(value) };
            return Ok((value.to_owned(), delimiter, rest.get(end + 1..).unwrap_or("")));
        };
        let opened = self.line;
        let mut value = String::new();
        loop {
            let end = quoted.find('"').ok_or(opened)?;
            value.push_str(&quoted[..end]);
            self.line += quoted[..end].matches('\n').count();
            quoted = &quoted[end + 1..];
            let Some(after) = quoted.strip_prefix('"') else { break };
            value.push('"');
            quoted = after;
        }
        let after =
            quoted.strip_prefix('\r').filter(|after| after.is_empty() || after.starts_with('\n')).unwrap_or(quoted);
        match after.chars().next() {
            None => Ok((value, None, "")),
            Some(delimiter @ (',' | '\n')) => Ok((value, Some(delimiter), &after[1..])),
            Some(_) => Err(self.line),
        }
    }
}

impl Iterator for Records<'_> {
    type Item = Result<(usize, Vec<String>), usize>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut rest = self.rest.take()?;
        loop {
            let unbroken = rest.strip_prefix('\n').or_else(|| rest.strip_prefix("\r\n"));
            let Some(after) = unbroken else { break };
            rest = after;
            self.line += 1;
        }
        if rest.is_empty() {
            return None;
        }
        let first = self.line;
        let mut fields = Vec::with_capacity(2);
        loop {
            let (value, delimiter, after) = match self.field(rest) {
                Ok(field) => field,
                Err(line) => return Some(Err(line)),
            };
            fields.push(value);
            rest = after;
            match delimiter {
                Some(',') => {}
                Some(_) => {
                    self.line += 1;
                    self.rest = Some(rest);
                    break;
                }
                None => break,
            }
        }
        Some(Ok((first, fields)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn records(text: &str) -> Vec<Result<(usize, Vec<String>), usize>> {
        Records::new(text).collect()
    }

    #[allow(clippy::unnecessary_wraps)] // what it is compared with is wrapped
    fn record(line: usize, fields: &[&str]) -> Result<(usize, Vec<String>), usize> {
        Ok((line, fields.iter().map(|&field| field.to_owned()).collect()))
    }

    #[test]
    fn records_are_read_as_rfc_4180_says() {
        assert_eq!(records("a,b\r\nc,d"), [record(1, &["a", "b"]), record(2, &["c", "d"])]);
        assert_eq!(records("a,\n\n,b\n"), [record(1, &["a", ""]), record(3, &["", "b"])]);
        assert_eq!(records("\"a,\n\"\"b\"\"\",c\r\nd,\"e\""), [record(1, &["a,\n\"b\"", "c"]), record(3, &["d", "e"])]);
        assert_eq!(records("a, b ,c\n"), [record(1, &["a", " b ", "c"])]);
        assert_eq!(records("a,"), [record(1, &["a", ""])]);
        assert_eq!(records(""), []);
        assert_eq!(records("\n\r\n"), []);
    }

    #[test]
    fn a_misplaced_quote_is_told_with_its_line() {
        assert_eq!(records("a,b\nc\"d,e"), [record(1, &["a", "b"]), Err(2)]);
        assert_eq!(records("a,\"b\nc"), [Err(1)]);
        assert_eq!(records("\"a\"b,c"), [Err(1)]);
    }

    #[test]
    fn a_date_format_names_a_whole_date() {
        for format in ["%Y%m%d", "%d.%m.%Y", "%d/%m/%y", "%Y年%m月%d日", "%Y-%m-%dT%H:%M:%S", "%d %b %Y", "%Y-%j", "%F"]
        {
            assert!(is_date_format(format), "{format}");
        }
        for format in ["", "%Y-%m", "%Q", "%", "YYYY-MM-DD", "%H:%M", "%d.%m"] {
            assert!(!is_date_format(format), "{format}");
        }
    }
}
