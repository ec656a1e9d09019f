//! What is wrong with a catalog. Always collected, never only the first.

use std::fmt;
use std::path::PathBuf;

use serde::Serialize;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The catalog cannot be served.
    Problem,
    /// It is served; something is left out, renamed or slow.
    Warning,
}

/// One finding, with the place and the remedy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// How bad it is.
    pub severity: Severity,
    /// The file, relative to the catalog folder where it is inside; `None` where no file is to blame.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<PathBuf>,
    /// The line, counted from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// What it is about inside the file (`source civil`, `link vaccinations`); may be empty.
    pub path: String,
    /// What is wrong.
    pub what: String,
    /// What to do.
    pub hint: String,
}

impl Problem {
    /// A problem about `path`, without a place yet.
    pub fn new(path: impl Into<String>, what: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            severity: Severity::Problem,
            file: None,
            line: None,
            path: path.into(),
            what: what.into(),
            hint: hint.into(),
        }
    }

    /// A warning about `path`, without a place yet.
    pub fn warning(path: impl Into<String>, what: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::new(path, what, hint) }
    }

    /// The same, with its place.
    #[must_use]
    pub fn at(mut self, file: impl Into<PathBuf>, line: usize) -> Self {
        self.file = Some(file.into());
        self.line = Some(line);
        self
    }
}

/// `lilong.toml:12: source civil: what is wrong (what to do)`
impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(file) = &self.file {
            write!(f, "{}:", file.display())?;
            if let Some(line) = self.line {
                write!(f, "{line}:")?;
            }
            f.write_str(" ")?;
        }
        if self.severity == Severity::Warning {
            f.write_str("warning: ")?;
        }
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&self.what)?;
        if !self.hint.is_empty() {
            write!(f, " ({})", self.hint)?;
        }
        Ok(())
    }
}

/// A list of findings for people: one a line, by file and line, and a closing line that counts them
/// (`2 problems, 1 warning`).
pub fn report(problems: &[Problem]) -> String {
    let mut sorted: Vec<&Problem> = problems.iter().collect();
    sorted.sort_by(|one, other| (&one.file, one.line).cmp(&(&other.file, other.line)));
    let mut text = String::new();
    for problem in sorted {
        text.push_str(&problem.to_string());
        text.push('\n');
    }
    text.push_str(&count(problems));
    text.push('\n');
    text
}

/// How many problems and warnings: `no problems`, `1 problem`, `2 problems, 1 warning`.
pub fn count(problems: &[Problem]) -> String {
    let warnings = problems.iter().filter(|problem| problem.severity == Severity::Warning).count();
    let text = match problems.len() - warnings {
        0 => "no problems".to_owned(),
        1 => "1 problem".to_owned(),
        several => format!("{several} problems"),
    };
    match warnings {
        0 => text,
        1 => text + ", 1 warning",
        several => format!("{text}, {several} warnings"),
    }
}

/// The known word that a wrong one was most likely meant to be; `None` if none is near.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let plain = |word: &str| word.to_lowercase().replace('-', "_");
    let word = plain(word);
    let most = 1 + word.chars().count() / 5;
    known
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(&word, &plain(candidate)), candidate))
        .filter(|(distance, _)| *distance <= most)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// A name as it may stand in a message: control characters escaped, cut after 200 characters.
pub fn shown(name: &str) -> String {
    let mut text: String = name
        .chars()
        .take(200)
        .flat_map(|c| if c.is_control() { c.escape_default().collect::<Vec<_>>() } else { vec![c] })
        .collect();
    if name.chars().nth(200).is_some() {
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_are_sorted_by_place_and_counted() {
        let findings = [
            Problem::new("source b", "second", "do").at("sources/b.toml", 2),
            Problem::warning("", "slow", "").at("lilong.toml", 12),
            Problem::new("source a", "first", "do").at("lilong.toml", 3),
            Problem::new("", "no folder", "make it"),
        ];
        assert_eq!(
            report(&findings),
            "no folder (make it)\n\
             lilong.toml:3: source a: first (do)\n\
             lilong.toml:12: warning: slow\n\
             sources/b.toml:2: source b: second (do)\n\
             3 problems, 1 warning\n"
        );
        assert_eq!(report(&[]), "no problems\n");
    }

    #[test]
    fn the_nearest_word_is_found_and_a_far_one_is_not() {
        let known = ["timeout", "connections", "connect_timeout"];
        assert_eq!(nearest("tmeout", known), Some("timeout"));
        assert_eq!(nearest("connect-timeout", known), Some("connect_timeout"));
        assert_eq!(nearest("Connections", known), Some("connections"));
        assert_eq!(nearest("x", known), None);
        assert_eq!(nearest("", known), None);
    }

    #[test]
    fn a_name_in_a_message_cannot_break_the_line() {
        assert_eq!(shown("a\nb\u{1b}[2J"), "a\\nb\\u{1b}[2J");
        assert_eq!(shown("民政"), "民政");
        assert_eq!(shown(&"x".repeat(210)).chars().count(), 201);
    }
}
