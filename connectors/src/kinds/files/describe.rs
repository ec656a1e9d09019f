//! What the files of a source hold, as a description.
//!
//! In: the settings. Out: a collection for each file or sheet. *Invariant*: structure only, no stored value; what cannot
//! be served is left out with a warning, never silently.

use std::sync::Arc;

use lilong_schema::catalog::SourceSettings;
use lilong_schema::collection::REQUIRED;
use lilong_schema::{Collection, Field, Key, Scalar, SourceDescription};

use super::build::{FILE, build, check_key};
use super::content::{self, Content, Opened};
use super::infer::Seen;
use super::location::{self, Found};
use super::obstacle::Obstacle;
use super::settings::{Header, Settings, is_pattern};
use crate::describing;
use crate::{Error, Result};

const DOING: &str = "reading";

/// The detail of a collection's first column that says which collection of a file it was described as: a file that a
/// pattern does not find any more is missing, not unknown.
pub(super) const STANDS_IN: &str = "collection";

/// Describes everything. An error is one that leaves nothing to serve.
pub(super) fn describe(source: &Arc<str>, settings: &Settings, block: &SourceSettings) -> Result<SourceDescription> {
    let (files, mut warnings) =
        location::files(settings).map_err(|(folder, obstacle)| obstacle.at(source, "listing", &folder))?;
    let is_single = !is_pattern(&settings.path);
    let mut collections = Vec::new();
    let mut one: Vec<Content> = Vec::new();
    let mut unread = None;
    for found in &files {
        let read = read(settings, found, is_single);
        match read {
            Err(obstacle) if is_single => return Err(obstacle.at(source, DOING, &found.path)),
            Err(obstacle) => {
                let error = obstacle.at(source, DOING, &found.path);
                warnings.push(format!("{} is left out: {}", found.name, told(&error)));
            }
            Ok(parts) => {
                for (name, content) in parts {
                    match content {
                        Ok(content) if settings.collection.is_some() => one.push(content),
                        Ok(content) => collections.push(collection(&name, &[content], settings, block, &mut warnings)),
                        Err(obstacle) => {
                            let error = obstacle.at(source, DOING, &found.path);
                            warnings.push(format!("{}, {name} is left out: {}", found.name, told(&error)));
                            unread.get_or_insert(error);
                        }
                    }
                }
            }
        }
    }
    if let Some(name) = &settings.collection
        && !one.is_empty()
    {
        collections.push(collection(name, &one, settings, block, &mut warnings));
    }
    // A workbook of which no sheet can be read is one that cannot be read.
    if let Some(error) = unread.filter(|_| is_single && collections.is_empty()) {
        return Err(error);
    }
    for (name, columns) in &settings.keys {
        if !collections.iter().any(|collection| collection.name == *name) {
            let columns = columns.join(", ");
            warnings.push(format!("the key ({columns}) given for {name} has no effect: there is no such collection"));
        }
    }
    collections.sort_by(|one, other| one.name.cmp(&other.name));
    let mut description = SourceDescription { collections, enumerations: Vec::new(), warnings };
    // What there is has its type already.
    describing::give_types(&mut description, block, |_, _| None);
    Ok(description)
}

/// What the file system or a reader said.
fn told(error: &Error) -> String {
    error.cause.as_ref().map_or_else(String::new, ToString::to_string)
}

/// The collections of a file, by their names.
type Parts = Vec<(String, std::result::Result<Content, Obstacle>)>;

fn read(settings: &Settings, found: &Found, is_single: bool) -> std::result::Result<Parts, Obstacle> {
    let (mut opened, _) = content::open(settings, found)?;
    let sheets: Vec<Option<String>> = match &opened {
        Opened::Whole(..) => vec![None],
        Opened::Workbook(_) if settings.sheet.is_some() || settings.collection.is_some() => {
            vec![settings.sheet.clone()]
        }
        Opened::Workbook(workbook) => workbook.visible().into_iter().map(Some).collect(),
    };
    let mut parts = Vec::with_capacity(sheets.len());
    let is_whole = sheets.first().is_some_and(Option::is_none) || settings.sheet.is_some();
    for sheet in sheets {
        let name = collection_name(settings, found, sheet.as_deref(), is_single);
        let content = opened.content(settings, found, sheet.as_deref());
        // Without it the file has nothing else.
        parts.push((name, if is_whole { Ok(content?) } else { content }));
    }
    Ok(parts)
}

/// What the collection of a file or of a sheet is called.
pub(super) fn collection_name(settings: &Settings, found: &Found, sheet: Option<&str>, is_single: bool) -> String {
    match (&settings.collection, sheet) {
        (Some(name), _) => name.clone(),
        (None, Some(sheet)) if is_single => sheet.to_owned(),
        (None, Some(sheet)) if settings.sheet.is_none() => format!("{}.{sheet}", found.stem),
        _ => found.stem.clone(),
    }
}

fn collection(
    name: &str,
    contents: &[Content],
    settings: &Settings,
    block: &SourceSettings,
    warnings: &mut Vec<String>,
) -> Collection {
    let given = |column: &str| describing::given(block, name, column).map(|entry| entry.scalar);
    let mut names: Vec<String> = Vec::new();
    for content in contents {
        warnings.extend(content.warnings());
        names.extend(content.names().into_iter().filter(|column| !names.contains(column)).collect::<Vec<_>>());
    }
    for content in contents {
        let own = content.names();
        for column in names.iter().filter(|column| !own.contains(column)) {
            warnings.push(format!("{} has no column `{column}`: it is null there", content.label));
        }
    }
    let mut fields: Vec<Field> = Vec::new();
    let mut second_headers: Vec<(&str, Scalar)> = Vec::new();
    for column in &names {
        let mut seen = Seen::default();
        let typed = contents.iter().find_map(|content| content.typed(column));
        let own = match typed {
            Some(field) => field.clone(),
            None => {
                for content in contents {
                    content.look(column, &mut seen);
                }
                Field::new(column, seen.scalar())
            }
        };
        let scalar = given(column);
        if let (None, None, Some(below)) = (scalar, typed, seen.without_first_row()) {
            second_headers.push((column, below));
        }
        let scalar = scalar.unwrap_or(own.scalar);
        fields.push(Field { scalar, scale: own.scale.filter(|_| scalar == own.scalar), ..own });
    }
    if settings.header != Header::None && !second_headers.is_empty() {
        let columns: Vec<String> =
            second_headers.iter().map(|(column, scalar)| format!("`{column}` would be {}", scalar.name())).collect();
        let place =
            contents.iter().find(|content| content.height() > 0).map_or_else(String::new, |content| content.place(0));
        warnings.push(format!(
            "{place} may be a second header: without it {}; `header` names the header's line, `skip` leaves out rows behind it",
            columns.join(", ")
        ));
    }
    if settings.collection.is_some() && is_pattern(&settings.path) && !names.iter().any(|column| column == FILE) {
        fields.push(Field::new(FILE, Scalar::String));
    }
    if let (Some(field), true) = (fields.first_mut(), is_pattern(&settings.path)) {
        field.details.insert(STANDS_IN.to_owned(), name.to_owned());
    }
    let rows: usize = contents.iter().map(Content::height).sum();
    if rows == 0 {
        warnings.push(format!("{name} has no rows: its columns are text until it is described with some"));
    }
    let mut collection = Collection {
        name: name.to_owned(),
        fields,
        rows: Some(describing::one_digit(rows as u64)),
        row_id: true,
        ..Collection::default()
    };
    match build(&collection, contents, &|column| given(column).is_some()) {
        Ok(built) => {
            warnings.extend(built.damage);
            if let Some(columns) = settings.keys.get(name) {
                let key = Key { columns: columns.clone(), primary: true };
                match check_key(&built.table, &key, contents) {
                    Ok(()) => {
                        for field in collection.fields.iter_mut().filter(|field| columns.contains(&field.name)) {
                            field.details.insert(REQUIRED.to_owned(), "true".to_owned());
                        }
                        collection.indexes = vec![columns.clone()];
                        collection.keys = vec![key];
                    }
                    Err(what) => warnings.push(format!("{what}: {name} is served without a key")),
                }
            }
        }
        Err(error) => warnings.push(format!("{name} cannot be put together: {error}")),
    }
    collection
}
