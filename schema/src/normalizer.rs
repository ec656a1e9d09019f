//! How two sources' ways of writing one key are brought to the same text.
//!
//! *Invariant*: a step tells apart whatever a database's own function of that name does (`upper` may know letters that
//! `uppercase` leaves alone, never the other way round), so that indexes over such functions find every row.

use std::collections::HashMap;
use std::sync::Arc;

use crate::temporal;

/// One step of a link's `normalize`; steps are applied in order to the canonical text of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Normalizer {
    /// Takes spaces (U+0020) off both ends.
    Trim,
    /// ASCII letters to upper case.
    Uppercase,
    /// ASCII letters to lower case.
    Lowercase,
    /// Drops spaces (U+0020) and hyphens (`-`).
    Compact,
    /// Keeps ASCII digits only.
    Digits,
    /// Drops leading zeros, but never the last digit.
    StripZeros,
    /// Fills with zeros on the left up to that many characters.
    PadLeft(usize),
    /// Reads a date by a strftime format and gives an ISO date; what is no such date is null.
    Date(String),
    /// Looks the text up in a two-column table; a text not listed is null.
    Map(Arc<HashMap<String, String>>),
}

impl Normalizer {
    /// The text after this step; `None` is null.
    pub fn apply(&self, text: &str) -> Option<String> {
        Some(match self {
            Normalizer::Trim => text.trim_matches(' ').to_owned(),
            Normalizer::Uppercase => text.to_ascii_uppercase(),
            Normalizer::Lowercase => text.to_ascii_lowercase(),
            Normalizer::Compact => text.chars().filter(|c| !matches!(c, ' ' | '-')).collect(),
            Normalizer::Digits => text.chars().filter(char::is_ascii_digit).collect(),
            Normalizer::StripZeros => {
                let rest = text.trim_start_matches('0');
                if rest.is_empty() && !text.is_empty() { "0".to_owned() } else { rest.to_owned() }
            }
            Normalizer::PadLeft(width) => format!("{text:0>width$}"),
            Normalizer::Date(format) => temporal::format_date(temporal::parse_date_as(text, format)?),
            Normalizer::Map(table) => table.get(text)?.clone(),
        })
    }

    /// The text after all steps; `None` is null.
    pub fn apply_all(steps: &[Normalizer], text: &str) -> Option<String> {
        let mut steps = steps.iter();
        let Some(first) = steps.next() else {
            return Some(text.to_owned());
        };
        steps.try_fold(first.apply(text)?, |text, step| step.apply(&text))
    }
}
