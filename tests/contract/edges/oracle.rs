//! What operators give, worked out from the expected values alone.
//!
//! *Invariant*: nothing here uses the evaluation that the connectors use.

use serde_json::Value;

/// What a row holds.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Cell {
    Value(Value),
    /// What cannot be represented.
    Fault,
}

impl Cell {
    /// As it stands in an answer.
    pub(super) fn shown(&self) -> Value {
        match self {
            Cell::Value(value) => value.clone(),
            Cell::Fault => Value::Null,
        }
    }
}

/// Whether two values of one scalar are equal: numbers as numbers, everything else exactly.
pub(super) fn equal(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) if one.as_i64().is_none() || other.as_i64().is_none() => {
            one.as_f64() == other.as_f64()
        }
        (one, other) => one == other,
    }
}

/// The ids of the rows of which a condition holds, and of those of which it does not; null and faults are neither.
pub(super) fn split(cells: &[Cell], holds: impl Fn(&Value) -> bool) -> (Vec<i64>, Vec<i64>) {
    let known = cells.iter().enumerate().filter_map(|(row, cell)| match cell {
        Cell::Value(value) if !value.is_null() => Some((row as i64 + 1, holds(value))),
        _ => None,
    });
    let (yes, no): (Vec<_>, Vec<_>) = known.partition(|(_, held)| *held);
    let ids = |rows: Vec<(i64, bool)>| rows.into_iter().map(|(id, _)| id).collect();
    (ids(yes), ids(no))
}

/// Operators with operands made of a text.
pub(super) fn patterns(text: &str) -> Vec<(&'static str, String)> {
    let chars: Vec<char> = text.chars().collect();
    let part = |from: usize, to: usize| chars[from.min(chars.len())..to.min(chars.len())].iter().collect::<String>();
    let plain: String = text.chars().flat_map(escaped).collect();
    let holes: String = chars.iter().enumerate().map(|(at, char)| if at == 1 { '_' } else { *char }).collect();
    let swapped: String =
        plain.chars().map(|char| if char.is_lowercase() { upper(char) } else { fold(char) }).collect();
    vec![
        ("_startsWith", part(0, 1)),
        ("_startsWith", text.to_owned()),
        ("_endsWith", part(chars.len().saturating_sub(1), chars.len())),
        ("_contains", part(1, 3)),
        ("_like", plain.clone()),
        ("_nlike", plain.clone()),
        ("_like", holes),
        ("_like", format!("%{}", part(chars.len().saturating_sub(2), chars.len()))),
        ("_ilike", swapped.clone()),
        ("_nilike", swapped),
        ("_regex", "^.{2}$".to_owned()),
    ]
}

fn escaped(char: char) -> Vec<char> {
    if matches!(char, '%' | '_' | '\\') { vec!['\\', char] } else { vec![char] }
}

fn upper(char: char) -> char {
    let mut upper = char.to_uppercase();
    match (upper.next(), upper.next()) {
        (Some(one), None) => one,
        _ => char,
    }
}

fn fold(char: char) -> char {
    let mut lower = char.to_lowercase();
    match (lower.next(), lower.next()) {
        (Some(one), None) => one,
        _ => char,
    }
}

/// Whether a text operator holds.
pub(super) fn matches(name: &str, pattern: &str, text: &str) -> bool {
    let chars = |text: &str| text.chars().collect::<Vec<_>>();
    let folded = |text: &str| text.chars().map(fold).collect::<Vec<_>>();
    match name {
        "_startsWith" => text.starts_with(pattern),
        "_endsWith" => text.ends_with(pattern),
        "_contains" => text.contains(pattern),
        "_like" => like(&chars(pattern), &chars(text)),
        "_nlike" => !like(&chars(pattern), &chars(text)),
        "_ilike" => like(&folded(pattern), &folded(text)),
        "_nilike" => !like(&folded(pattern), &folded(text)),
        // The one that is asked: two characters, none a line's end.
        _ => text.chars().count() == 2 && !text.contains('\n'),
    }
}

fn like(pattern: &[char], text: &[char]) -> bool {
    match pattern {
        [] => text.is_empty(),
        ['%', rest @ ..] => (0..=text.len()).any(|at| like(rest, &text[at..])),
        ['_', rest @ ..] => !text.is_empty() && like(rest, &text[1..]),
        ['\\', char, rest @ ..] | [char, rest @ ..] => text.first() == Some(char) && like(rest, &text[1..]),
    }
}
