//! The keys of a block that only this kind has, and its collections as they are written by hand.
//!
//! In: a block. Out: where to ask and what is there, or every problem. *Invariant*: nothing is connected to.

use std::collections::{BTreeMap, BTreeSet};

use lilong_schema::catalog::{OptionKind, OptionValue, SourceSettings};
use lilong_schema::problem::shown;
use lilong_schema::{Enumeration, Problem, Scalar};

use super::definition::{Column, Definition, Filter, Many, Paging, Place, Template};
use super::openapi;
use crate::describing::no_such_column;
use crate::http::Client;
use crate::options::Block;

/// The kind's own keys, beside those of every kind over HTTP.
pub(super) const KEYS: &[&str] = &["openapi", "collection", "fetch_rows"];

const COLLECTION: &str = "begin each with `[[source.collection]]`";
const TYPES: &str = "write a scalar, as in id = \"BigInt\"";
const POINTER: &str = "write a JSON pointer, as in \"/data/items\"";

/// A block as it was read.
pub(super) struct Settings {
    pub(super) client: Client,
    pub(super) definitions: BTreeMap<String, Definition>,
    /// What the document holds and is not served.
    pub(super) warnings: Vec<String>,
    pub(super) fetch_rows: usize,
}

/// Reads a block.
pub(super) fn read(settings: &SourceSettings) -> Result<Settings, Vec<Problem>> {
    let mut block = Block::of(settings);
    let client = Client::read(&mut block, settings);
    let fetch_rows = block.number("fetch_rows", 1, 10_000_000).unwrap_or(100_000);
    let mut definitions = BTreeMap::new();
    let mut warnings = Vec::new();
    if let Some(text) = block.text("openapi", "name a document, as in openapi = \"parks.yaml\"") {
        match openapi::read(&text.option.resolve(text.value)) {
            Ok(found) => {
                warnings = found.warnings;
                definitions = found.definitions.into_iter().map(|one| (one.name.clone(), one)).collect();
            }
            Err(fault) => block.wrong(text.option, format!("the document of `openapi` {fault}"), fault.hint()),
        }
    }
    let is_by_hand = settings.options.contains_key("collection");
    let mut told = BTreeSet::new();
    for mut inner in block.tables("collection", COLLECTION) {
        let name = inner.required("name", "name the collection");
        // Without a name it is read all the same: everything that is wrong is told at once.
        let name = name.map_or("", |name| name.value);
        if !name.is_empty() {
            inner = inner.named(name);
        }
        if !name.is_empty() && !told.insert(name) {
            inner.wrong_here("another block has this name", "put them together, or choose another name");
        }
        let known = definitions.remove(name);
        let mut definition = known.unwrap_or_else(|| Definition { name: name.to_owned(), ..Definition::default() });
        read_collection(&mut inner, &mut definition);
        if !name.is_empty() {
            check(&mut inner, &definition);
            definitions.insert(name.to_owned(), definition);
        }
        block.close(inner);
    }
    if !is_by_hand && !settings.options.contains_key("openapi") {
        block.wrong_here("it has no collections", format!("name an OpenAPI document with `openapi`, or {COLLECTION}"));
    }
    for entry in &settings.types {
        let columns = definitions.get_mut(&entry.collection).map(|definition| &mut definition.columns);
        match columns.and_then(|columns| columns.iter_mut().find(|column| column.name == entry.column)) {
            Some(column) => {
                column.scalar = entry.scalar;
                column.enumeration = None;
            }
            None => warnings.push(no_such_column(entry)),
        }
    }
    definitions.retain(|name, _| settings.serves(name));
    let problems = block.finish();
    match client {
        Some(client) if problems.is_empty() => Ok(Settings { client, definitions, warnings, fetch_rows }),
        _ => Err(problems),
    }
}

/// Lays what a block says over a definition.
fn read_collection(block: &mut Block<'_>, definition: &mut Definition) {
    if let Some(text) = block.text("comment", "say what it is") {
        definition.comment = Some(text.value.to_owned());
    }
    if let Some(template) = read_template(block, "path") {
        definition.path = template;
    } else if definition.path.0.is_empty() && block.option("path").is_none() {
        block.wrong_here("`path` is missing", "name the path that lists its rows, as in path = \"/trees\"");
    }
    if let Some(pointer) = read_pointer(block, "rows") {
        if pointer.matches("/*").count() > 1 {
            block.wrong_here("`rows` goes through more than one list", "write one *, as in \"/orders/*/lines\"");
        }
        definition.rows = pointer;
    }
    let one = read_template(block, "one");
    let one_rows = read_pointer(block, "one_row");
    match (one, &mut definition.one) {
        (Some(template), _) => definition.one = Some((template, one_rows.unwrap_or_default())),
        (None, Some((_, pointer))) => *pointer = one_rows.unwrap_or_else(|| pointer.clone()),
        (None, None) => {}
    }
    if let Some(pointer) = read_pointer(block, "total") {
        definition.total = Some(pointer);
    }
    for (key, names) in
        [("key", &mut definition.key), ("ordered", &mut definition.ordered)] as [(&'static str, &mut Vec<String>); 2]
    {
        if let Some(texts) = block.texts(key, "name columns, as in [\"id\"]") {
            *names = texts.iter().map(|text| text.value.to_owned()).collect();
        }
    }
    if let Some(texts) = block.texts("required", "name columns, as in [\"district\"]") {
        definition.required = texts.iter().map(|text| text.value.to_owned()).collect();
    }
    if let Some(estimate) = block.number("estimate", 0, 1_000_000_000_000) {
        definition.estimate = Some(estimate as u64);
    }
    if let Some(mut table) = block.table("fields", "begin it with `[source.collection.fields]`") {
        for (name, option) in table.entries() {
            if let Some(column) = read_column(&mut table, &definition.name, name, option) {
                definition.columns.retain(|known| known.name != name);
                definition.columns.push(column);
            }
        }
        block.close(table);
    }
    if let Some(mut table) = block.table("filter", "begin it with `[source.collection.filter]`") {
        for (name, option) in table.entries() {
            if let Some(filter) = read_filter(&mut table, name, option) {
                definition.filters.insert(name.to_owned(), filter);
            }
        }
        block.close(table);
    }
    if let Some(mut table) = block.table("parameters", "begin it with `[source.collection.parameters]`") {
        for (name, option) in table.entries() {
            match &option.value {
                OptionKind::Text(text) => definition.parameters.push((name.to_owned(), text.reveal().to_owned())),
                OptionKind::Integer(number) => definition.parameters.push((name.to_owned(), number.to_string())),
                OptionKind::Boolean(value) => definition.parameters.push((name.to_owned(), value.to_string())),
                _ => table.wrong(option, "the value of a parameter is not a text", "write it in quotes"),
            }
        }
        block.close(table);
    }
    if let Some(mut table) = block.table("page", "begin it with `[source.collection.page]`") {
        if let Some(paging) = read_paging(&mut table) {
            definition.paging = paging;
        }
        block.close(table);
    }
}

/// `id = "BigInt"`, `street = { type = "String", at = "/address/street" }`, `district = { type = "Int", asked = true }`.
fn read_column(table: &mut Block<'_>, collection: &str, name: &str, option: &OptionValue) -> Option<Column> {
    let plain = |scalar: Scalar| Column {
        name: name.to_owned(),
        scalar,
        native: String::new(),
        place: Place::At(vec![name.to_owned()]),
        comment: None,
        enumeration: None,
        required: false,
    };
    let inner = match &option.value {
        OptionKind::Text(text) => {
            let scalar = scalar(text.reveal());
            if scalar.is_none() {
                table.wrong(option, format!("the type of {} is no scalar", shown(name)), TYPES);
            }
            return scalar.map(plain);
        }
        OptionKind::Table(inner) => inner,
        _ => {
            table.wrong(option, "this is no column", TYPES);
            return None;
        }
    };
    let mut inner = table.within(name, inner);
    let values = inner.texts("values", "list the values of an enum");
    let written = inner.text("type", TYPES);
    let found = match (&values, written) {
        (Some(_), None) => Some(Scalar::Enum),
        (_, Some(text)) => scalar(text.value),
        (None, None) => None,
    };
    let mut column = match found {
        Some(scalar) => plain(scalar),
        None => {
            inner.wrong(option, "`type` is no scalar", TYPES);
            table.close(inner);
            return None;
        }
    };
    if let Some(values) = values {
        let values = values.iter().map(|value| value.value.to_owned()).collect();
        column.enumeration = Some(Enumeration { name: format!("{collection}_{name}"), values });
    }
    if let Some(pointer) = read_pointer(&mut inner, "at") {
        column.place = Place::At(steps(&pointer));
    }
    if inner.flag("asked") == Some(true) {
        column.place = Place::Asked;
    }
    column.required = inner.flag("required").unwrap_or(false);
    column.comment = inner.text("comment", "say what it is").map(|text| text.value.to_owned());
    table.close(inner);
    Some(column)
}

fn scalar(name: &str) -> Option<Scalar> {
    Scalar::NAMED.into_iter().find(|scalar| scalar.name() == name)
}

/// `district = "district"`, or a table of parameters.
fn read_filter(table: &mut Block<'_>, name: &str, option: &OptionValue) -> Option<Filter> {
    const HINT: &str = "name a parameter, as in id = \"id\", or in a table equal, in, from, to";
    let inner = match &option.value {
        OptionKind::Text(text) if !text.reveal().is_empty() => {
            return Some(Filter { equal: Some(text.reveal().to_owned()), ..Filter::default() });
        }
        OptionKind::Table(inner) => inner,
        _ => {
            table.wrong(option, "this is no parameter", HINT);
            return None;
        }
    };
    let mut inner = table.within(name, inner);
    let mut text = |key: &'static str| inner.text(key, HINT).map(|text| text.value.to_owned());
    let (equal, many, from, to) = (text("equal"), text("in"), text("from"), text("to"));
    let separator = text("separator");
    let most = inner.number("most", 1, 10_000).unwrap_or(50);
    let many = many.map(|parameter| Many { parameter, separator, most });
    table.close(inner);
    Some(Filter { equal, many, from, to })
}

fn read_paging(table: &mut Block<'_>) -> Option<Paging> {
    const HINT: &str = "write kind = \"offset\", \"page\", \"cursor\", \"link\" or \"whole\"";
    let kind = match table.option("kind") {
        Some(_) => table.word("kind", &["offset", "page", "cursor", "link", "whole"], HINT),
        None => {
            table.wrong_here("`kind` is missing", HINT);
            None
        }
    };
    let size_parameter = table.text("size_parameter", "name the parameter that says how many rows a page has");
    let size = table.number("size", 1, 100_000);
    let size = size_parameter.map(|parameter| (parameter.value.to_owned(), size.unwrap_or(100)));
    let kind = kind?;
    let mut parameter = || {
        let hint = "name the parameter that says which page";
        Some(table.required("parameter", hint)?.value.to_owned())
    };
    Some(match kind {
        "offset" => Paging::Offset { parameter: parameter()?, size },
        "page" => {
            let parameter = parameter()?;
            Paging::Page { parameter, first: table.number("first", 0, 1_000).unwrap_or(1), size }
        }
        "cursor" => {
            let parameter = parameter()?;
            let next = read_pointer(table, "next");
            if next.is_none() {
                table.wrong_here(
                    "`next` is missing",
                    "point to the cursor of the next page, as in next = \"/meta/next\"",
                );
            }
            Paging::Cursor { parameter, next: next?, size }
        }
        "link" => Paging::Link { next: read_pointer(table, "next"), size },
        _ => Paging::Whole,
    })
}

fn read_template(block: &mut Block<'_>, key: &'static str) -> Option<Template> {
    const HINT: &str = "write a path below `url`, columns in braces, as in \"/trees/{id}\"";
    let text = block.text(key, HINT)?;
    let template = Template::parse(text.value).filter(|_| !text.value.contains(['?', '#']));
    if template.is_none() {
        block.wrong(text.option, format!("`{key}` is no path"), HINT);
    }
    template
}

fn read_pointer(block: &mut Block<'_>, key: &'static str) -> Option<String> {
    let text = block.text(key, POINTER)?;
    if !text.value.starts_with('/') {
        block.wrong(text.option, format!("`{key}` is no JSON pointer"), POINTER);
        return None;
    }
    Some(text.value.to_owned())
}

/// The steps of a pointer (RFC 6901).
pub(super) fn steps(pointer: &str) -> Vec<String> {
    pointer.split('/').skip(1).map(|step| step.replace("~1", "/").replace("~0", "~")).collect()
}

/// What does not fit together.
fn check(block: &mut Block<'_>, definition: &Definition) {
    if definition.columns.is_empty() {
        block.wrong_here("it has no columns", "list them under `[source.collection.fields]`");
        return;
    }
    let one = definition.one.iter().flat_map(|(template, _)| template.columns());
    let named = definition.path.columns().chain(one);
    let named = named.chain(definition.key.iter().map(String::as_str));
    let named = named.chain(definition.ordered.iter().chain(&definition.required).map(String::as_str));
    let named = named.chain(definition.filters.keys().map(String::as_str));
    let unknown = named.filter(|name| definition.column(name).is_none());
    for name in unknown.collect::<BTreeSet<_>>() {
        let what = format!("there is no column {}", shown(name));
        block.wrong_here(what, "name one of `[source.collection.fields]`");
    }
    for (name, filter) in &definition.filters {
        let Some(column) = definition.column(name) else { continue };
        let ranged = filter.from.is_some() || filter.to.is_some();
        if ranged
            && (matches!(column.scalar, Scalar::String | Scalar::Enum | Scalar::Float) || !column.scalar.is_ordered())
        {
            let what = format!("`from` and `to` of {name}: services order such values in their own way");
            block.wrong_here(what, "leave them out; what is read is filtered here");
        }
        if !column.scalar.is_key() {
            let what = format!("{name} is a {}, which is compared here only", column.scalar.name());
            block.wrong_here(what, "leave its filter out");
        }
    }
    for name in &definition.key {
        if definition.column(name).is_some_and(|column| !column.scalar.is_key()) {
            block.wrong_here(format!("`key` names {name}, whose type is no key's"), "name other columns");
        }
    }
    for name in &definition.ordered {
        if definition.column(name).is_some_and(|column| matches!(column.scalar, Scalar::String | Scalar::Enum)) {
            let what = format!("`ordered` names {name}, which is text");
            block.wrong_here(what, "leave it out: services order text in their own way");
        }
    }
    for name in &definition.required {
        let known = definition.filters.get(name).is_some_and(|filter| filter.single().is_some());
        if !known && definition.column(name).is_some() {
            block.wrong_here(
                format!("{name} is required, but no parameter takes it"),
                "give its `filter` an `equal` or an `in`",
            );
        }
    }
    if let Some((template, _)) = &definition.one
        && template.columns().next().is_none()
    {
        block.wrong_here("`one` names no column", "write it as one = \"/trees/{id}\"");
    }
}
