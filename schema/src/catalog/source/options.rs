//! The keys of a block that only its kind knows: in, an entry of any form; out, its value with every placeholder filled in.
//!
//! *Invariant*: what a key means is not known here, and no value stands in a message.

use super::super::document::{Entry, Form, Reading, Table};
use super::super::{OptionKind, OptionTable, OptionValue};
use crate::Secret;
use crate::problem::{nearest, shown};

/// How deep tables may stand in tables.
const DEPTH: usize = 8;

/// Reads an entry of a `[[source]]` block.
pub(super) fn read_option(entry: &Entry<'_>, reading: &mut Reading<'_>) -> Option<OptionValue> {
    // These are tables of every kind: a table under a name like theirs is a slip.
    if let (Form::Table, Some(near)) = (entry.form(), nearest(entry.key, ["rename", "types", "cache_for"])) {
        let what = format!("`{}` must not be a table", shown(entry.key));
        reading.problems.push(entry.problem(what, format!("did you mean `{near}`?")));
        return None;
    }
    read_value(entry, 0, reading)
}

fn read_value(entry: &Entry<'_>, depth: usize, reading: &mut Reading<'_>) -> Option<OptionValue> {
    let refusal = match entry.form() {
        Form::Text(_) => {
            let text = entry.text(reading)?;
            return Some(option(entry, OptionKind::Text(Secret::new(text.value))));
        }
        Form::List => {
            let texts = entry.texts(reading)?;
            return Some(option(
                entry,
                OptionKind::Texts(texts.into_iter().map(|text| Secret::new(text.value)).collect()),
            ));
        }
        Form::Integer(Some(number)) => return Some(option(entry, OptionKind::Integer(number))),
        Form::Boolean(value) => return Some(option(entry, OptionKind::Boolean(value))),
        Form::Table if depth == DEPTH => "tables within tables",
        Form::Table => {
            let about = entry.about().to_owned();
            if entry.is_table() {
                let table = entry.table(reading, &about, "")?;
                return Some(option(entry, OptionKind::Table(read_table(table, depth, reading))));
            }
            let blocks = entry.blocks(reading);
            let tables = blocks.into_iter().map(|table| read_table(table.named(&about), depth, reading)).collect();
            return Some(option(entry, OptionKind::Tables(tables)));
        }
        Form::Integer(None) => "a number beyond 64 bits",
        Form::Other(kind) => kind,
    };
    let what = format!(
        "`{}` must be a string, a whole number, true or false, or a list of strings, not {refusal}",
        shown(entry.key)
    );
    reading.problems.push(entry.problem(what, "write it in quotes"));
    None
}

fn read_table(mut table: Table<'_>, depth: usize, reading: &mut Reading<'_>) -> OptionTable {
    let place = table.place.clone();
    let entries = table.rest();
    let read = entries.iter().filter_map(|entry| Some((entry.key.to_owned(), read_value(entry, depth + 1, reading)?)));
    OptionTable { place, entries: read.collect() }
}

fn option(entry: &Entry<'_>, value: OptionKind) -> OptionValue {
    OptionValue { value, place: entry.place.clone(), folder: entry.folder().to_owned() }
}
