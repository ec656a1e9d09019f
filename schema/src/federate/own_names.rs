//! Names of sources, collections, columns and database enums, in the order that makes later ones give way.

use std::collections::HashMap;
use std::sync::Arc;

use super::draft::{Draft, placed};
use super::naming::{Names, camel, is_name, pascal};
use crate::catalog::Rename;
use crate::federated::{CollectionId, FieldName, SourceId};
use crate::problem::nearest;
use crate::{Problem, Scalar};

/// Type names that no source can have, also those of parts that are served later.
const TYPES: [&str; 8] = [
    "Query",
    "Mutation",
    "Subscription",
    "ID",
    "Source",
    "SourceState",
    "OrderBy",
    "PageInfo",
];

/// Field names of inputs and outputs that no column can be renamed to.
const FIELDS: [&str; 4] = ["_and", "_or", "_not", "_source"];

/// Names everything that stands in a database under a name of its own.
pub(super) fn name_what_is_described(draft: &mut Draft<'_>) {
    reserve_built_in_names(draft);
    name_sources(draft);
    let mut renames = Renames::default();
    for source in 0..draft.sources.len() {
        apply_renames(draft, source, &mut renames);
    }
    for source in 0..draft.sources.len() {
        for collection in draft.model.sources[source].collections.clone() {
            name_collection(draft, collection, &renames);
        }
    }
    name_enumerations(draft);
    for collection in 0..draft.collections.len() {
        name_columns(draft, collection, &renames);
    }
}

/// Renames that are in force: name space and GraphQL name → where it stands.
#[derive(Default)]
struct Renames<'a> {
    collections: HashMap<(SourceId, &'a str), &'a Rename>,
    columns: HashMap<(CollectionId, &'a str), &'a Rename>,
}

fn reserve_built_in_names(draft: &mut Draft<'_>) {
    for name in TYPES {
        draft.types.reserve(&name.into());
    }
    for scalar in Scalar::NAMED {
        draft.types.reserve(&scalar.name().into());
        draft.types.reserve(&format!("{}ComparisonExp", scalar.name()).into());
    }
    draft.roots.reserve(&"_sources".into());
    let fields = FIELDS.map(Arc::from);
    for collection in &mut draft.collections {
        for name in &fields {
            collection.names.reserve(name);
        }
    }
}

fn name_sources(draft: &mut Draft<'_>) {
    for id in 0..draft.sources.len() {
        let name = draft.model.sources[id].name.clone();
        let wanted = camel(&name);
        let field = draft.roots.give(&wanted);
        if *field != *wanted {
            let what = format!("its field is named `{field}`, because `{wanted}` is taken");
            draft.warn(id, what, "choose another name for it");
        }
        draft.model.sources[id].field = field;
        draft.model.sources[id].type_name = draft.give_type(id, "the source", pascal(&name));
    }
}

fn apply_renames<'a>(draft: &mut Draft<'a>, source: SourceId, renames: &mut Renames<'a>) {
    let settings = draft.sources[source].settings;
    if !draft.sources[source].described {
        return;
    }
    for rename in &settings.rename {
        let name: Arc<str> = rename.name.as_str().into();
        let Some((collection, column)) = find_renamed(draft, source, rename) else {
            continue;
        };
        let taken = if !is_name(&name) {
            Some(format!("`{name}` is no name that GraphQL allows here"))
        } else if let Some(column) = column {
            let names = &mut draft.collections[collection].names;
            let free = names.reserve(&name)
                && draft.collections[collection]
                    .renamed_columns
                    .insert(column, &rename.name)
                    .is_none();
            let earlier = renames.columns.insert((collection, &rename.name), rename);
            (!free).then(|| clash(&name, earlier))
        } else {
            let free = draft.sources[source].names.reserve(&name)
                && draft.collections[collection].renamed.replace(&rename.name).is_none();
            let earlier = renames.collections.insert((source, &rename.name), rename);
            (!free).then(|| clash(&name, earlier))
        };
        if let Some(what) = taken {
            report(draft, source, rename, what);
        }
    }
}

fn clash(name: &str, earlier: Option<&Rename>) -> String {
    match earlier {
        Some(earlier) => format!("`{}` has the name `{name}` already", original(earlier)),
        None => format!("the name `{name}` is taken"),
    }
}

fn report(draft: &mut Draft<'_>, source: SourceId, rename: &Rename, what: String) {
    let path = format!(
        "source {}: rename of `{}`",
        draft.sources[source].settings.name,
        original(rename)
    );
    let problem = Problem::new(path, what, "choose another name");
    draft.problems.push(placed(problem, &rename.place));
}

fn original(rename: &Rename) -> String {
    match &rename.column {
        Some(column) => format!("{}.{column}", rename.collection),
        None => rename.collection.clone(),
    }
}

/// What an entry renames. A collection whose whole name has a dot in it goes before a column.
fn find_renamed(draft: &mut Draft<'_>, source: SourceId, rename: &Rename) -> Option<(CollectionId, Option<usize>)> {
    let draft_source = &draft.sources[source];
    let whole = original(rename);
    if let Some(id) = draft_source.by_name.get(&whole) {
        return Some((*id, None));
    }
    let (what, hint) = if let Some(id) = draft_source.by_name.get(&rename.collection) {
        let described = &draft.model.collections[*id].described;
        let column = rename.column.as_deref()?;
        if let Some(field) = described.field_id(column) {
            return Some((*id, Some(field)));
        }
        let near = nearest(column, described.fields.iter().map(|field| field.name.as_str()));
        (
            format!("there is no column `{column}` in `{}`", rename.collection),
            near,
        )
    } else if [&whole, &rename.collection]
        .iter()
        .any(|name| draft_source.left_out.contains_key(&name.to_lowercase()))
    {
        return None;
    } else {
        let near = nearest(&rename.collection, draft_source.by_name.keys().map(String::as_str));
        (format!("there is no collection `{}`", rename.collection), near)
    };
    let hint = near_hint(hint);
    let path = format!("source {}: rename of `{whole}`", draft_source.settings.name);
    draft
        .model
        .warnings
        .push(placed(Problem::warning(path, what, hint), &rename.place));
    None
}

fn near_hint(near: Option<&str>) -> String {
    near.map(|near| format!("did you mean `{near}`?")).unwrap_or_default()
}

fn name_collection(draft: &mut Draft<'_>, id: CollectionId, renames: &Renames<'_>) {
    let source = draft.model.collections[id].source;
    let original = draft.model.collections[id].described.name.clone();
    let field = if let Some(given) = draft.collections[id].renamed {
        given.into()
    } else {
        let wanted = camel(&original);
        if let Some(rename) = renames.collections.get(&(source, wanted.as_str())) {
            report(
                draft,
                source,
                rename,
                format!("`{original}` has the name `{wanted}` already"),
            );
        }
        draft.give_member(source, || format!("`{original}`"), &wanted)
    };
    let wanted = format!(
        "{}{}",
        pascal(&draft.model.sources[source].name),
        pascal(draft.collection_label(id))
    );
    draft.model.collections[id].field = field;
    draft.model.collections[id].type_name = draft.give_type(source, &format!("`{original}`"), wanted);
}

fn name_enumerations(draft: &mut Draft<'_>) {
    for id in 0..draft.model.enumerations.len() {
        let source = draft.model.enumerations[id].source;
        let original = draft.model.enumerations[id].described.name.clone();
        let wanted = format!("{}{}", pascal(&draft.model.sources[source].name), pascal(&original));
        draft.model.enumerations[id].type_name = draft.give_type(source, &format!("the enum `{original}`"), wanted);
    }
}

fn name_columns(draft: &mut Draft<'_>, id: CollectionId, renames: &Renames<'_>) {
    let collection = &draft.model.collections[id];
    let (source, described) = (collection.source, collection.described.clone());
    let mut sorted: Vec<usize> = (0..described.fields.len()).collect();
    sorted.sort_by(|one, other| described.fields[*one].name.cmp(&described.fields[*other].name));
    let mut before: Option<&str> = None;
    for field in sorted {
        let original = described.fields[field].name.as_str();
        if before == Some(original) {
            let what = format!(
                "it describes the column `{original}` of `{}` twice; the second is left out",
                described.name
            );
            draft.warn(source, what, "describe it again");
            continue;
        }
        before = Some(original);
        let name = if let Some(given) = draft.collections[id].renamed_columns.get(&field) {
            (*given).into()
        } else {
            let wanted = camel(original);
            if let Some(rename) = renames.columns.get(&(id, wanted.as_str())) {
                report(
                    draft,
                    source,
                    rename,
                    format!("`{}.{original}` has the name `{wanted}` already", described.name),
                );
            }
            draft.give_field(id, || format!("`{}.{original}`", described.name), &wanted)
        };
        let scalar = described.fields[field].scalar;
        let enumeration = described.fields[field].enumeration.as_deref();
        let enumeration = enumeration.and_then(|name| find_enumeration(draft, source, name));
        let type_name = match enumeration {
            Some(id) => draft.model.enumerations[id].type_name.clone(),
            None => scalar.name().into(),
        };
        draft.model.sources[source].scalars.insert(scalar);
        draft.model.collections[id].fields[field] = Some(FieldName {
            value: name.clone(),
            name,
            type_name,
            enumeration,
            non_null: false,
        });
    }
    name_values(draft, id);
}

/// Enums stand by source and by byte order of their names.
fn find_enumeration(draft: &Draft<'_>, source: SourceId, name: &str) -> Option<usize> {
    let key = (source, name);
    draft
        .model
        .enumerations
        .binary_search_by(|one| (one.source, one.described.name.as_str()).cmp(&key))
        .ok()
}

/// As enum values `true`, `false` and `null` get an underscore.
fn name_values(draft: &mut Draft<'_>, id: CollectionId) {
    let is_keyword = |name: &str| matches!(name, "true" | "false" | "null");
    let fields = &mut draft.model.collections[id].fields;
    if !fields.iter().flatten().any(|field| is_keyword(&field.name)) {
        return;
    }
    let mut names = Names::default();
    for field in fields.iter().flatten() {
        names.reserve(&field.name);
    }
    for field in fields.iter_mut().flatten().filter(|field| is_keyword(&field.name)) {
        field.value = names.give(&format!("{}_", field.name));
    }
}
