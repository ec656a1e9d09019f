//! `[[union]]` blocks.

use std::collections::HashSet;

use super::document::{Entry, Form, Reading, Table, Text};
use super::pattern::{Pattern, patterns};
use super::source::graphql_name;
use super::{ConstantColumn, MemberPattern, RenamedColumn, UnionSettings};
use crate::problem::shown;
use crate::{Problem, Value};

pub(super) const UNION_KEYS: &[&str] = &["name", "members", "key", "title", "partial", "prune", "rename", "constant"];

const MEMBER: &str =
    "write source.collection, * and ? allowed, with \"…\" around a part that holds . , ( ) * or a quote";

/// Reads all blocks; those with anything wrong in them are left out.
pub(super) fn read_all(tables: Vec<Table<'_>>, reading: &mut Reading<'_>) -> Vec<UnionSettings> {
    let names: HashSet<&str> = tables.iter().filter_map(|table| table.peek("name")).collect();
    let mut unions: Vec<UnionSettings> = Vec::new();
    for table in tables {
        let Some(settings) = read(table, &names, reading) else { continue };
        if let Some(earlier) = unions.iter().find(|earlier| earlier.name == settings.name) {
            let place = &earlier.place;
            let what = format!("there is a union of this name at {}:{} already", place.file.display(), place.line);
            let problem = Problem::new(settings.about(), what, "choose another name");
            reading.problems.push(problem.at(&settings.place.file, settings.place.line));
        } else {
            unions.push(settings);
        }
    }
    unions
}

fn read(table: Table<'_>, unions: &HashSet<&str>, reading: &mut Reading<'_>) -> Option<UnionSettings> {
    let before = reading.problems.len();
    let about = match table.peek("name") {
        Some(name) => format!("union {}", shown(name)),
        None => "union".to_owned(),
    };
    let mut table = table.named(&about);
    let name = table.required(reading, "name", "name the root field");
    let name = name.and_then(|text| graphql_name(&about, "name", &text, reading));
    let members = members(&mut table, unions, reading);
    let key = table.take("key").and_then(|entry| entry.texts(reading)).unwrap_or_default();
    let title = table.text(reading, "title").map(|text| text.value);
    let partial = table.take("partial").and_then(|entry| entry.flag(reading)).unwrap_or_default();
    let prune = table.take("prune").and_then(|entry| entry.duration(reading));
    let rename = inner(&mut table, "rename", reading).map(|table| renames(table, reading)).unwrap_or_default();
    let constants = inner(&mut table, "constant", reading).map(|table| constants(table, reading)).unwrap_or_default();
    let place = table.place.clone();
    table.finish(reading, UNION_KEYS);
    if reading.problems.len() > before {
        return None;
    }
    let key = key.into_iter().map(|text| text.value).collect();
    Some(UnionSettings { place, name: name?, title, partial, prune, members, key, rename, constants })
}

fn inner<'a>(table: &mut Table<'a>, key: &str, reading: &mut Reading<'_>) -> Option<Table<'a>> {
    let about = table.about.clone();
    table.take(key)?.table(reading, &about, &format!("begin it with `[union.{key}]`"))
}

fn members(table: &mut Table<'_>, unions: &HashSet<&str>, reading: &mut Reading<'_>) -> Vec<MemberPattern> {
    let about = table.about.clone();
    let Some(entry) = table.take("members") else {
        reading.problems.push(table.problem("`members` is missing", "list its members: [\"street_*.resident\"]"));
        return Vec::new();
    };
    let texts = entry.texts(reading);
    if texts.as_ref().is_some_and(Vec::is_empty) {
        reading.problems.push(entry.problem("`members` is empty", "list its members: [\"street_*.resident\"]"));
    }
    let read = |text: Text| -> Option<MemberPattern> {
        let problem = if unions.contains(text.value.trim()) {
            let what = format!("`members`: `{}` is a union, which cannot be a member of another", text.written);
            Problem::new(&*about, what, "list the members of that union instead")
        } else {
            match split(&text.value) {
                Ok((source, collection)) => {
                    return Some(MemberPattern { place: text.place, written: text.written, source, collection });
                }
                Err(fault) => {
                    let what = format!("`members`: `{}` is not source.collection: {fault}", text.written);
                    Problem::new(&*about, what, MEMBER)
                }
            }
        };
        reading.problems.push(problem.at(text.place.file, text.place.line));
        None
    };
    texts.unwrap_or_default().into_iter().filter_map(read).collect()
}

/// `source.collection`, where the collection may have dots.
fn split(text: &str) -> Result<(Pattern, Pattern), super::reference::ReferenceError> {
    let parts = patterns(text)?;
    match parts.split_first() {
        Some((source, collection)) if !collection.is_empty() => Ok((source.clone(), Pattern::joined(collection))),
        _ => Err(super::reference::ReferenceError::NoCollection),
    }
}

/// `"street_3.residents.id_no" = "id_card"`
fn renames(mut table: Table<'_>, reading: &mut Reading<'_>) -> Vec<RenamedColumn> {
    const HINT: &str = "write \"source.collection.column\" = \"column of the union\"";
    let mut renames = Vec::new();
    for entry in table.rest() {
        let key = shown(entry.key);
        if matches!(entry.form(), Form::Table) {
            let hint = format!("put the whole name in quotes: \"{key}.…\" = \"…\"");
            reading.problems.push(entry.problem(format!("`{key}` must be a string, not a table"), hint));
            continue;
        }
        let Some(text) = entry.text(reading) else { continue };
        let parts = match patterns(entry.key) {
            Ok(parts) if parts.len() >= 3 => parts,
            Ok(_) => {
                reading.problems.push(entry.problem(format!("`{key}` names no column of a member"), HINT));
                continue;
            }
            Err(fault) => {
                reading.problems.push(entry.problem(format!("`{key}` is not a name: {fault}"), HINT));
                continue;
            }
        };
        let (source, column) = (parts[0].clone(), parts[parts.len() - 1].exact());
        let Some(column) = column else {
            reading.problems.push(entry.problem(format!("`{key}`: a wildcard cannot stand in a column"), HINT));
            continue;
        };
        if text.value.is_empty() {
            reading.problems.push(entry.problem(format!("`{key}` has no new name"), HINT));
            continue;
        }
        let member = MemberPattern {
            place: entry.place.clone(),
            written: key,
            source,
            collection: Pattern::joined(&parts[1..parts.len() - 1]),
        };
        renames.push(RenamedColumn { member, column, name: text.value });
    }
    renames
}

/// `"street_3.resident".street = 3`
fn constants(mut table: Table<'_>, reading: &mut Reading<'_>) -> Vec<ConstantColumn> {
    const HINT: &str = "write \"source.collection\".column = value";
    let mut constants = Vec::new();
    for entry in table.rest() {
        let key = shown(entry.key);
        let (source, collection) = match split(entry.key) {
            Ok(member) => member,
            Err(fault) => {
                reading.problems.push(entry.problem(format!("`{key}` is not source.collection: {fault}"), HINT));
                continue;
            }
        };
        let Some(mut columns) = entry.table(reading, entry.about(), HINT) else { continue };
        for column in columns.rest() {
            let Some(value) = value(&column, reading) else { continue };
            let (source, collection) = (source.clone(), collection.clone());
            let member = MemberPattern { place: column.place.clone(), written: key.clone(), source, collection };
            constants.push(ConstantColumn { member, column: column.key.to_owned(), value });
        }
    }
    constants
}

fn value(entry: &Entry<'_>, reading: &mut Reading<'_>) -> Option<Value> {
    match entry.form() {
        Form::Text(_) => entry.text(reading).map(|text| Value::Text(text.value)),
        Form::Integer(Some(number)) => Some(Value::Integer(number.into())),
        Form::Boolean(flag) => Some(Value::Boolean(flag)),
        _ => {
            let what = format!("`{}` must be a string, a whole number, true or false", shown(entry.key));
            reading.problems.push(entry.problem(what, "a constant is one value for all rows of the member"));
            None
        }
    }
}

impl UnionSettings {
    /// What it is in messages: `union resident`.
    pub fn about(&self) -> String {
        format!("union {}", shown(&self.name))
    }
}

impl MemberPattern {
    /// Whether a collection of a source is meant.
    pub fn matches(&self, source: &str, collection: &str) -> bool {
        self.source.matches(source) && self.collection.matches(collection)
    }
}
