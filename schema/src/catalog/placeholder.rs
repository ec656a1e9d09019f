//! Placeholders in a catalog's strings: `${NAME}` from the environment, `${file:PATH}` from a file, `$${` for a literal
//! `${`.
//!
//! *Invariant*: no fault ever holds what a placeholder was filled with.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// Looks up a variable of the environment.
pub type Environment<'a> = &'a dyn Fn(&str) -> Option<OsString>;

/// Why a placeholder could not be filled in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Fault {
    /// The variable is not set.
    #[error("the environment variable `{0}` is not set")]
    Unset(String),
    /// The variable holds something that is not UTF-8.
    #[error("the environment variable `{0}` does not hold UTF-8 text")]
    VariableNotText(String),
    /// No closing brace.
    #[error("`${{` is not closed")]
    Unclosed,
    /// Neither a variable's name nor `file:`.
    #[error("`${{{0}}}` is not a placeholder")]
    NotAName(String),
    /// The file cannot be read.
    #[error("the file `{path}` {why}")]
    Unreadable {
        /// As written.
        path: String,
        /// [`file_fault`] of the cause.
        why: String,
    },
    /// The file holds something that is not UTF-8.
    #[error("the file `{0}` does not hold UTF-8 text")]
    FileNotText(String),
}

impl Fault {
    /// What to do about it.
    pub(super) fn hint(&self) -> &'static str {
        match self {
            Fault::Unset(_) => "set it before starting lilong",
            Fault::VariableNotText(_) => "set it to UTF-8 text",
            Fault::Unclosed => "close it with `}`, or write `$${` for a literal `${`",
            Fault::NotAName(_) => "write `${NAME}` or `${file:PATH}`, or `$${` for a literal `${`",
            Fault::Unreadable { .. } => "paths are relative to the folder of the file they stand in",
            Fault::FileNotText(_) => "save it as UTF-8",
        }
    }
}

/// Whether a text has anything to fill in.
pub(super) fn has_placeholder(text: &str) -> bool {
    text.contains("${")
}

/// The text with every placeholder filled in; paths are relative to `folder`. Every fault at once.
pub(super) fn fill(text: &str, folder: &Path, environment: Environment<'_>) -> Result<String, Vec<Fault>> {
    let mut filled = String::with_capacity(text.len());
    let mut faults = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        filled.push_str(&rest[..at]);
        rest = &rest[at..];
        if let Some(after) = rest.strip_prefix("$${") {
            filled.push_str("${");
            rest = after;
        } else if let Some(after) = rest.strip_prefix("${") {
            let Some(end) = after.find('}') else {
                faults.push(Fault::Unclosed);
                rest = "";
                break;
            };
            match look_up(&after[..end], folder, environment) {
                Ok(value) => filled.push_str(&value),
                Err(fault) => faults.push(fault),
            }
            rest = &after[end + 1..];
        } else {
            filled.push('$');
            rest = &rest[1..];
        }
    }
    filled.push_str(rest);
    if faults.is_empty() { Ok(filled) } else { Err(faults) }
}

fn look_up(name: &str, folder: &Path, environment: Environment<'_>) -> Result<String, Fault> {
    if let Some(path) = name.strip_prefix("file:").filter(|path| !path.is_empty()) {
        return read_text(path, folder);
    }
    let mut bytes = name.bytes();
    let legal = bytes.next().is_some_and(|first| first == b'_' || first.is_ascii_alphabetic())
        && bytes.all(|byte| byte == b'_' || byte.is_ascii_alphanumeric());
    if !legal {
        return Err(Fault::NotAName(crate::problem::shown(name)));
    }
    let value = environment(name).ok_or_else(|| Fault::Unset(name.to_owned()))?;
    value.into_string().map_err(|_| Fault::VariableNotText(name.to_owned()))
}

fn read_text(path: &str, folder: &Path) -> Result<String, Fault> {
    let bytes = std::fs::read(folder.join(path))
        .map_err(|error| Fault::Unreadable { path: crate::problem::shown(path), why: file_fault(&error) })?;
    let mut text = String::from_utf8(bytes).map_err(|_| Fault::FileNotText(crate::problem::shown(path)))?;
    // Some editors begin a file with a byte order mark.
    if text.starts_with('\u{feff}') {
        text.remove(0);
    }
    if text.ends_with('\n') {
        text.pop();
        if text.ends_with('\r') {
            text.pop();
        }
    }
    Ok(text)
}

/// Why a file or folder cannot be read, as the end of a sentence that begins with its name.
pub(crate) fn file_fault(error: &std::io::Error) -> String {
    use std::io::ErrorKind;
    match error.kind() {
        ErrorKind::NotFound => "does not exist".to_owned(),
        ErrorKind::PermissionDenied => "may not be read by this user".to_owned(),
        ErrorKind::IsADirectory => "is a folder, not a file".to_owned(),
        ErrorKind::NotADirectory => "is a file, not a folder".to_owned(),
        _ => format!("cannot be read: {error}"),
    }
}

/// The line of a byte, counted from 1.
pub(super) fn line_of(bytes: &[u8], offset: usize) -> usize {
    bytes[..offset].split(|byte| *byte == b'\n').count()
}

/// A path beside a file of the catalog as problems name it: relative to the catalog where it is inside.
pub(super) fn beside(file: &Path, path: &str) -> PathBuf {
    file.parent().unwrap_or(Path::new("")).join(path)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn filled(text: &str) -> Result<String, Vec<Fault>> {
        fill(text, Path::new("/nowhere"), &|name| match name {
            "USER" => Some("li".into()),
            "EMPTY" => Some("".into()),
            "NESTED" => Some("${USER}".into()),
            _ => None,
        })
    }

    #[test]
    fn placeholders_are_filled_once_and_from_left_to_right() {
        assert_eq!(filled("a${USER}b${USER}").unwrap(), "alibli");
        assert_eq!(filled("${EMPTY}").unwrap(), "");
        assert_eq!(filled("${NESTED}").unwrap(), "${USER}");
        assert_eq!(filled("no placeholder, 5$ and $USER $").unwrap(), "no placeholder, 5$ and $USER $");
        assert_eq!(filled("$${USER} 民").unwrap(), "${USER} 民");
    }

    #[test]
    fn every_fault_of_a_text_is_told() {
        assert_eq!(
            filled("${NOT_SET} ${9} ${}").unwrap_err(),
            [Fault::Unset("NOT_SET".into()), Fault::NotAName("9".into()), Fault::NotAName(String::new())]
        );
        assert_eq!(filled("${USER").unwrap_err(), [Fault::Unclosed]);
        assert_eq!(filled("${file:none}").unwrap_err()[0].to_string(), "the file `none` does not exist");
    }

    #[test]
    fn one_line_break_at_the_end_of_a_file_is_dropped() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a"), "p w \r\n").unwrap();
        std::fs::write(folder.path().join("b"), "two\n\n").unwrap();
        std::fs::write(folder.path().join("c"), [0xff]).unwrap();
        let read = |text: &str| fill(text, folder.path(), &|_| None);
        assert_eq!(read("<${file:a}>").unwrap(), "<p w >");
        assert_eq!(read("${file:b}").unwrap(), "two\n");
        assert_eq!(read("${file:c}").unwrap_err(), [Fault::FileNotText("c".into())]);
    }

    #[test]
    fn one_byte_order_mark_at_the_start_of_a_file_is_dropped() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a"), "\u{feff}pw\n").unwrap();
        std::fs::write(folder.path().join("b"), "\u{feff}\u{feff}p\u{feff}").unwrap();
        let read = |text: &str| fill(text, folder.path(), &|_| None);
        assert_eq!(read("<${file:a}>").unwrap(), "<pw>");
        assert_eq!(read("${file:b}").unwrap(), "\u{feff}p\u{feff}");
    }
}
