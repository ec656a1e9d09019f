//! `[[link]]` blocks.

use super::document::{Reading, Table, Text};
use super::normalize::{Maps, read_steps};
use super::reference::Reference;
use super::source::graphql_name;
use super::{LinkEnd, LinkSettings};
use crate::Normalizer;
use crate::problem::shown;

pub(super) const LINK_KEYS: &[&str] =
    &["from", "to", "name", "back", "normalize", "normalize_from", "normalize_to", "many"];

/// Reads a block; `None` if anything in it is wrong.
pub(super) fn read(table: Table<'_>, maps: &mut Maps, reading: &mut Reading<'_>) -> Option<LinkSettings> {
    let before = reading.problems.len();
    let about = match table.peek("name").or_else(|| table.peek("from")) {
        Some(name) => format!("link {}", shown(name)),
        None => "link".to_owned(),
    };
    let mut table = table.named(&about);
    let from = end(&mut table, "from", reading);
    let to = end(&mut table, "to", reading);
    let name = table.required(reading, "name", "name the field on the `from` type");
    let name = name.and_then(|text| graphql_name(&about, "name", &text, reading));
    let back = table.text(reading, "back").and_then(|text| graphql_name(&about, "back", &text, reading));
    let many = table.take("many").and_then(|entry| entry.flag(reading));
    let (normalize_from, normalize_to) = normalizers(&mut table, maps, reading);
    let place = table.place.clone();
    table.finish(reading, LINK_KEYS);
    if reading.problems.len() > before {
        return None;
    }
    let end = |reference: Reference, normalize| LinkEnd {
        source: reference.source,
        collection: reference.collection,
        columns: reference.columns,
        normalize,
    };
    Some(LinkSettings { place, from: end(from?, normalize_from), to: end(to?, normalize_to), name: name?, back, many })
}

fn end(table: &mut Table<'_>, key: &str, reading: &mut Reading<'_>) -> Option<Reference> {
    const HINT: &str = "write source.collection(column, …), with \"…\" around a part that holds . , ( ) * or a quote";
    let text: Text = table.required(reading, key, HINT)?;
    match Reference::parse(&text.value) {
        Ok(reference) => Some(reference),
        Err(fault) => {
            let what = format!("`{key}`: `{}` is not source.collection(columns): {fault}", text.written);
            let problem = crate::Problem::new(&*table.about, what, HINT);
            reading.problems.push(problem.at(text.place.file, text.place.line));
            None
        }
    }
}

fn normalizers(
    table: &mut Table<'_>,
    maps: &mut Maps,
    reading: &mut Reading<'_>,
) -> (Vec<Normalizer>, Vec<Normalizer>) {
    let both = table.take("normalize");
    let from = table.take("normalize_from");
    let to = table.take("normalize_to");
    if both.is_some()
        && let Some(one) = from.as_ref().or(to.as_ref())
    {
        let what = format!("`{}` stands beside `normalize`, which is for both sides", one.key);
        reading.problems.push(one.problem(what, "use either `normalize`, or `normalize_from` and `normalize_to`"));
    }
    let mut steps = |entry: Option<_>| entry.map(|entry| read_steps(&entry, maps, reading)).unwrap_or_default();
    if both.is_some() {
        let steps = steps(both);
        return (steps.clone(), steps);
    }
    (steps(from), steps(to))
}
