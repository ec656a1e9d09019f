//! `rename`, `types` and `cache_for`: what stands for a collection or a column of a source.

use crate::catalog::document::{Entry, Form, Reading, Table, Text};
use crate::catalog::reference::parts;
use crate::catalog::{CacheTime, Rename, TypeOverride};
use crate::problem::{nearest, shown};
use crate::{Problem, Scalar};

/// A value of `rename` or `types`: its dotted name in parts, and its text.
fn named_text(entry: &Entry<'_>, reading: &mut Reading<'_>) -> Option<(Vec<String>, Text)> {
    let key = shown(entry.key);
    if matches!(entry.form(), Form::Table) {
        let hint = format!("put the whole name in quotes: \"{key}.…\" = \"…\"");
        reading.problems.push(entry.problem(format!("`{key}` must be a string, not a table"), hint));
        return None;
    }
    let text = entry.text(reading);
    match parts(entry.key) {
        Ok(parts) => Some((parts, text?)),
        Err(fault) => {
            let hint =
                "write collection or collection.column, with \"…\" around a part that holds . , ( ) * or a quote";
            reading.problems.push(entry.problem(format!("`{key}` is not a name: {fault}"), hint));
            None
        }
    }
}

pub(super) fn read_renames(mut table: Table<'_>, reading: &mut Reading<'_>) -> Vec<Rename> {
    let mut renames: Vec<Rename> = Vec::new();
    for entry in table.rest() {
        let Some((mut parts, text)) = named_text(&entry, reading) else {
            continue;
        };
        let Some(name) = graphql_name(entry.about(), &shown(entry.key), &text, reading) else {
            continue;
        };
        let column = if parts.len() > 1 { parts.pop() } else { None };
        let rename = Rename { place: entry.place.clone(), collection: parts.join("."), column, name };
        if let Some(earlier) = renames.iter().find(|earlier| earlier.whole() == rename.whole()) {
            let what = format!("`{}` is renamed twice, first in line {}", shown(entry.key), earlier.place.line);
            reading.problems.push(entry.problem(what, "keep one of them"));
        } else {
            renames.push(rename);
        }
    }
    renames
}

pub(super) fn read_types(mut table: Table<'_>, reading: &mut Reading<'_>) -> Vec<TypeOverride> {
    let mut types: Vec<TypeOverride> = Vec::new();
    for entry in table.rest() {
        let Some((mut parts, text)) = named_text(&entry, reading) else {
            continue;
        };
        let key = shown(entry.key);
        let Some(scalar) = Scalar::from_name(&text.value) else {
            let known: Vec<&str> = Scalar::NAMED.iter().map(|scalar| scalar.name()).collect();
            let hint = match nearest(&text.value, known.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("known here: {}", known.join(", ")),
            };
            reading.problems.push(entry.problem(format!("`{key}`: `{}` is not a scalar", text.written), hint));
            continue;
        };
        let (Some(column), false) = (parts.pop(), parts.is_empty()) else {
            reading.problems.push(entry.problem(format!("`{key}` names no column"), "write \"collection.column\""));
            continue;
        };
        let collection = parts.join(".");
        if types.iter().any(|earlier| earlier.collection == collection && earlier.column == column) {
            reading.problems.push(entry.problem(format!("`{key}` is given a scalar twice"), "keep one of them"));
        } else {
            types.push(TypeOverride { place: entry.place.clone(), collection, column, scalar });
        }
    }
    types
}

pub(super) fn read_cache_times(mut table: Table<'_>, reading: &mut Reading<'_>) -> Vec<CacheTime> {
    let mut times: Vec<CacheTime> = Vec::new();
    for entry in table.rest() {
        let key = shown(entry.key);
        if matches!(entry.form(), Form::Table) {
            let hint = format!("put the whole name in quotes: \"{key}.…\" = \"30s\"");
            reading.problems.push(entry.problem(format!("`{key}` must be a length of time, not a table"), hint));
            continue;
        }
        let collection = match parts(entry.key) {
            Ok(parts) => parts.join("."),
            Err(fault) => {
                let hint = "write a collection, with \"…\" around a part that holds . , ( ) * or a quote";
                reading.problems.push(entry.problem(format!("`{key}` is not a name: {fault}"), hint));
                continue;
            }
        };
        let mut time = None;
        if !entry.time_or_off(reading, &mut time) {
            continue;
        }
        if let Some(earlier) = times.iter().find(|earlier| earlier.collection == collection) {
            let what = format!("`{key}` is given a time twice, first in line {}", earlier.place.line);
            reading.problems.push(entry.problem(what, "keep one of them"));
        } else {
            times.push(CacheTime { place: entry.place.clone(), collection, time });
        }
    }
    times
}

/// A name that is taken as written: it must be legal in GraphQL.
pub(in crate::catalog) fn graphql_name(
    about: &str,
    key: &str,
    text: &Text,
    reading: &mut Reading<'_>,
) -> Option<String> {
    let mut bytes = text.value.bytes();
    let legal = bytes.next().is_some_and(|first| first == b'_' || first.is_ascii_alphabetic())
        && bytes.all(|byte| byte == b'_' || byte.is_ascii_alphanumeric());
    let (what, hint) = if !legal {
        ("is not a legal GraphQL name", "use ASCII letters, digits and _, not beginning with a digit")
    } else if text.value.starts_with("__") {
        ("begins with `__`, which GraphQL keeps for itself", "begin it with a letter")
    } else {
        return Some(text.value.clone());
    };
    let problem = Problem::new(about, format!("`{key}`: `{}` {what}", text.written), hint);
    reading.problems.push(problem.at(&text.place.file, text.place.line));
    None
}
