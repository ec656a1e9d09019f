//! Collections from an `OpenAPI` document, version 3.0 or 3.1, in JSON or YAML.
//!
//! In: a file. Out: a definition for each GET operation that lists objects, and what is not served, with reasons.
//! *Invariant*: only what the document says plainly is believed; what would have to be guessed is left to the catalog.

mod schema;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::{Map, Value};

use super::definition::{Column, Definition, Filter, Many, Paging, Place, Template};
use schema::{Document, column_of, properties};

/// A parameter that takes many values is given at most so many.
const MANY: usize = 50;

/// Rows asked for by page, where the document does not say what is allowed.
const SIZE: usize = 100;

/// What a document holds.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) definitions: Vec<Definition>,
    pub(super) warnings: Vec<String>,
}

/// Why a document is of no use. Reads on from `the document of openapi`.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    /// The file.
    #[error("cannot be read: {0}")]
    File(std::io::ErrorKind),
    /// Neither JSON nor YAML.
    #[error("is neither JSON nor YAML")]
    Syntax,
    /// Another version.
    #[error("is not OpenAPI 3.0 or 3.1")]
    Version,
}

impl Fault {
    /// What to do about it.
    pub(super) fn hint(&self) -> &'static str {
        match self {
            Fault::File(_) => "name a file that is there, relative to this one",
            Fault::Syntax => "correct it",
            Fault::Version => "convert it, or write the collections by hand",
        }
    }
}

/// Reads a document.
pub(super) fn read(path: &Path) -> Result<Found, Fault> {
    let text = std::fs::read_to_string(path).map_err(|error| Fault::File(error.kind()))?;
    let document: Value = match serde_json::from_str(&text) {
        Ok(document) => document,
        Err(_) => serde_saphyr::from_str(&text).map_err(|_| Fault::Syntax)?,
    };
    collections(&document)
}

fn collections(document: &Value) -> Result<Found, Fault> {
    let version = document.get("openapi").and_then(Value::as_str).unwrap_or_default();
    if !version.starts_with("3.0") && !version.starts_with("3.1") {
        return Err(Fault::Version);
    }
    let document = Document(document);
    let mut found = Found { definitions: Vec::new(), warnings: Vec::new() };
    let mut singles = Vec::new();
    let empty = Map::new();
    let paths = document.0.get("paths").and_then(Value::as_object).unwrap_or(&empty);
    for (path, item) in paths {
        let Some(operation) = item.get("get") else { continue };
        let Some(template) = Template::parse(path) else {
            found.warnings.push(format!("GET {path} is not served: its path cannot be read"));
            continue;
        };
        let parameters = parameters(document, item, operation);
        match answer(document, operation) {
            Some(Answer::List { rows, item, total }) => {
                let mut definition = list(document, &template, &rows, item, &parameters, operation);
                definition.total = total;
                match page(&parameters, path) {
                    Ok(paging) => definition.paging = paging,
                    Err(warning) => found.warnings.push(warning),
                }
                for parameter in parameters.iter().filter(|parameter| {
                    parameter.schema.get("default").is_some()
                        && definition.filters.values().any(|filter| filter.single() == Some(parameter.name))
                }) {
                    found.warnings.push(format!(
                        "GET {path} may leave out rows without its parameter {}, which has a default",
                        parameter.name
                    ));
                }
                for (name, required) in left(&parameters, &definition) {
                    if required {
                        found.warnings.push(format!(
                            "GET {path} needs the parameter {name}, which is no column: give it under `parameters`"
                        ));
                    }
                }
                found.definitions.push(definition);
            }
            Some(Answer::Object) => singles.push(template),
            None => found.warnings.push(format!("GET {path} is not served: it does not answer with objects")),
        }
    }
    for template in singles {
        look_up(&mut found, &template);
    }
    found.definitions.sort_by(|one, other| one.name.cmp(&other.name));
    let mut seen = BTreeSet::new();
    found.definitions.retain(|definition| {
        let is_new = seen.insert(definition.name.clone());
        if !is_new {
            found
                .warnings
                .push(format!("GET /{} is not served: its name {} is taken", definition.path, definition.name));
        }
        is_new
    });
    Ok(found)
}

/// A parameter of an operation.
struct Parameter<'a> {
    name: &'a str,
    place: &'a str,
    required: bool,
    schema: &'a Value,
    /// Values of a list are separated by commas, not repeated.
    joined: bool,
}

fn parameters<'a>(document: Document<'a>, item: &'a Value, operation: &'a Value) -> Vec<Parameter<'a>> {
    let of = |value: &'a Value| value.get("parameters").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let mut all: BTreeMap<(&str, &str), Parameter<'_>> = BTreeMap::new();
    // Those of an operation stand over those of its path.
    for parameter in of(item).iter().chain(of(operation)) {
        let parameter = document.resolve(parameter);
        let (Some(name), Some(place)) =
            (parameter.get("name").and_then(Value::as_str), parameter.get("in").and_then(Value::as_str))
        else {
            continue;
        };
        let flag = |key: &str| parameter.get(key).and_then(Value::as_bool);
        let schema = document.resolve(parameter.get("schema").unwrap_or(&Value::Null));
        let joined = flag("explode") == Some(false);
        all.insert((place, name), Parameter { name, place, required: flag("required") == Some(true), schema, joined });
    }
    all.into_values().collect()
}

/// What an operation answers.
enum Answer<'a> {
    List { rows: String, item: &'a Value, total: Option<String> },
    Object,
}

fn answer<'a>(document: Document<'a>, operation: &'a Value) -> Option<Answer<'a>> {
    let responses = operation.get("responses")?.as_object()?;
    let response = ["200", "2XX", "2xx", "default"].iter().find_map(|status| responses.get(*status))?;
    let content = document.resolve(response).get("content")?.as_object()?;
    let is_json = |name: &str| name.split(';').next().is_some_and(|name| name.trim().ends_with("json"));
    let media = content.iter().find(|(name, _)| is_json(name)).map(|(_, media)| media)?;
    let schema = document.resolve(media.get("schema")?);
    let objects = |schema: &'a Value| {
        let item = document.resolve(schema.get("items")?);
        (!properties(document, item).is_empty()).then_some(item)
    };
    if let Some(item) = objects(schema) {
        return Some(Answer::List { rows: String::new(), item, total: None });
    }
    let members = properties(document, schema);
    let mut lists = Vec::new();
    for (name, member, _) in &members {
        if let Some(item) = objects(member) {
            lists.push((format!("/{}", escaped(name)), item));
        }
    }
    match lists.as_slice() {
        [(rows, item)] if is_envelope(&members) => {
            let total = ["total", "totalCount", "total_count"];
            let total = members.iter().find(|(name, ..)| total.contains(&name.as_str()));
            Some(Answer::List {
                rows: rows.clone(),
                item,
                total: total.map(|(name, ..)| format!("/{}", escaped(name))),
            })
        }
        _ if !members.is_empty() => Some(Answer::Object),
        _ => None,
    }
}

/// Whether an object only wraps a list: beside it stand figures of paging and the like, and nothing that names a thing.
fn is_envelope(members: &[(String, &Value, bool)]) -> bool {
    !members.iter().any(|(name, ..)| name == "id")
}

fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

fn list(
    document: Document<'_>,
    template: &Template,
    rows: &str,
    item: &Value,
    parameters: &[Parameter<'_>],
    operation: &Value,
) -> Definition {
    let name = name_of(template);
    let text = |key: &str| operation.get(key).and_then(Value::as_str).filter(|text| !text.trim().is_empty());
    let members = properties(document, item).into_iter();
    let mut columns: Vec<Column> =
        members.map(|(column, schema, required)| column_of(document, &name, &column, schema, required)).collect();
    let mut filters: BTreeMap<String, Filter> = BTreeMap::new();
    let mut required = BTreeSet::new();
    for parameter in parameters {
        match parameter.place {
            "path" if columns.iter().all(|column| column.name != parameter.name) => {
                let column = column_of(document, &name, parameter.name, parameter.schema, false);
                columns.push(Column { place: Place::Asked, ..column });
            }
            "query" => {
                let Some((column, several)) = narrowed(&columns, parameter) else { continue };
                let filter = filters.entry(column.clone()).or_default();
                if several {
                    let separator = parameter.joined.then(|| ",".to_owned());
                    let most = parameter.schema.get("maxItems").and_then(Value::as_u64);
                    let most = most.map_or(MANY, |most| usize::try_from(most).unwrap_or(MANY).clamp(1, 10_000));
                    filter.many = Some(Many { parameter: parameter.name.to_owned(), separator, most });
                } else {
                    filter.equal = Some(parameter.name.to_owned());
                }
                if parameter.required {
                    required.insert(column);
                }
            }
            _ => {}
        }
    }
    Definition {
        comment: text("summary").or_else(|| text("description")).map(str::to_owned),
        path: template.clone(),
        rows: rows.to_owned(),
        columns,
        filters,
        required,
        name,
        ..Definition::default()
    }
}

/// The column that a parameter narrows by, one of the same name and scalar; and whether it takes several values.
fn narrowed(columns: &[Column], parameter: &Parameter<'_>) -> Option<(String, bool)> {
    let several = parameter.schema.get("items").is_some();
    let named = |name: &str| columns.iter().find(|column| column.name == name && column.scalar.is_key());
    let column = named(parameter.name).or_else(|| named(parameter.name.strip_suffix('s').filter(|_| several)?))?;
    Some((column.name.clone(), several))
}

/// The words of a path without its columns.
fn name_of(template: &Template) -> String {
    let text = template.to_string();
    let steps = text.split('/').filter(|step| !step.is_empty() && !step.contains('{'));
    let name = steps.collect::<Vec<_>>().join("_");
    if name.is_empty() { "root".to_owned() } else { name }
}

/// Required parameters of the query that no column stands for.
fn left<'a>(parameters: &'a [Parameter<'_>], definition: &Definition) -> Vec<(&'a str, bool)> {
    let left = parameters.iter().filter(|parameter| parameter.place != "path");
    let left = left.filter(|parameter| {
        !definition.filters.values().any(|filter| {
            filter.equal.as_deref() == Some(parameter.name)
                || filter.many.as_ref().is_some_and(|many| many.parameter == parameter.name)
        })
    });
    left.map(|parameter| (parameter.name, parameter.required)).collect()
}

/// How a list is paged, if its parameters say so plainly.
fn page(parameters: &[Parameter<'_>], path: &str) -> Result<Paging, String> {
    let find = |names: &[&str]| {
        parameters.iter().find(|parameter| parameter.place == "query" && names.contains(&parameter.name))
    };
    let size = find(&["limit", "per_page", "perPage", "page_size", "pageSize", "size"]).map(|parameter| {
        let most = parameter.schema.get("maximum").and_then(Value::as_u64);
        (parameter.name.to_owned(), most.map_or(SIZE, |most| usize::try_from(most).unwrap_or(SIZE).clamp(1, 1_000)))
    });
    if let Some(parameter) = find(&["offset", "skip"]) {
        return Ok(Paging::Offset { parameter: parameter.name.to_owned(), size });
    }
    if let Some(parameter) = find(&["page", "page_number", "pageNumber"]) {
        let first = ["default", "minimum"].iter().find_map(|key| parameter.schema.get(*key)?.as_u64());
        return match first {
            Some(first @ (0 | 1)) => {
                Ok(Paging::Page { parameter: parameter.name.to_owned(), first: first as usize, size })
            }
            _ => Err(format!(
                "GET {path} has pages, but not told from which number on: say it under `page`, or only the first is read"
            )),
        };
    }
    match find(&["cursor", "page_token", "pageToken", "after"]) {
        Some(parameter) => Err(format!(
            "GET {path} has pages by {}: say under `page` where the next stands, or only the first is read",
            parameter.name
        )),
        None => Ok(Paging::Whole),
    }
}

/// A path for one row belongs to the list whose path it goes on from by one column.
fn look_up(found: &mut Found, template: &Template) {
    let text = template.to_string();
    let Some((parent, last)) = text.rsplit_once('/') else { return };
    let Some(parameter) = last.strip_prefix('{').and_then(|last| last.strip_suffix('}')) else { return };
    let list = found.definitions.iter_mut().find(|definition| definition.path.to_string() == parent);
    let Some(list) = list else {
        found.warnings.push(format!("GET /{text} is not served: no list belongs to it"));
        return;
    };
    let by_id = parameter.to_lowercase().ends_with("id") && list.column("id").is_some();
    let column = match list.column(parameter) {
        Some(column) => Some(column.name.clone()),
        None => by_id.then(|| "id".to_owned()),
    };
    let Some(column) = column.filter(|name| list.column(name).is_some_and(|column| column.scalar.is_key())) else {
        found.warnings.push(format!("GET /{text} is not served: {parameter} is no column of {}", list.name));
        return;
    };
    let Some(template) = Template::parse(&format!("{parent}/{{{column}}}")) else { return };
    list.key = template.columns().map(str::to_owned).collect();
    list.one = Some((template, String::new()));
}
