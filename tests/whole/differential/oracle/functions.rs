//! What SQLite has no exact function for: parts of texts, compared as they stand or by their simple case folding.

use rusqlite::Connection;
use rusqlite::functions::FunctionFlags;

use crate::differential::question::Place;

type Compare = fn(&str, &str) -> bool;

const ALL: [(&str, Compare); 5] = [
    ("like_exactly", |text, pattern| like(&characters(text), &characters(pattern))),
    ("like_folded", |text, pattern| like(&folded(text), &folded(pattern))),
    ("starts_with", |text, part| text.starts_with(part)),
    ("ends_with", |text, part| text.ends_with(part)),
    ("contains", |text, part| text.contains(part)),
];

/// What one of them says.
pub(crate) fn holds(name: &str, text: &str, other: &str) -> bool {
    ALL.iter().any(|(own, compare)| *own == name && compare(text, other))
}

/// The name of the one that looks for a part of a text.
pub(crate) fn of(place: Place) -> &'static str {
    match place {
        Place::Start => "starts_with",
        Place::End => "ends_with",
        Place::Within => "contains",
    }
}

/// Makes them known to a connection; unknown of null.
pub(super) fn add(connection: &Connection) {
    for (name, compare) in ALL {
        connection
            .create_scalar_function(name, 2, FunctionFlags::SQLITE_DETERMINISTIC, move |context| {
                let (text, other): (Option<String>, String) = (context.get(0)?, context.get(1)?);
                Ok(text.map(|text| compare(&text, &other)))
            })
            .unwrap();
    }
}

fn characters(text: &str) -> Vec<char> {
    text.chars().collect()
}

/// Each code point by itself: what folds to several stays as it is.
fn folded(text: &str) -> Vec<char> {
    let fold = |character: char| {
        let mut lower = character.to_lowercase();
        if lower.len() == 1 { lower.next().unwrap() } else { character }
    };
    text.chars().map(fold).collect()
}

/// `%` any run, `_` one code point, `\` escapes; by plain recursion.
fn like(text: &[char], pattern: &[char]) -> bool {
    match pattern {
        [] => text.is_empty(),
        ['%', rest @ ..] => (0..=text.len()).any(|skip| like(&text[skip..], rest)),
        ['_', rest @ ..] => !text.is_empty() && like(&text[1..], rest),
        ['\\', exact, rest @ ..] | [exact, rest @ ..] => text.first() == Some(exact) && like(&text[1..], rest),
    }
}
