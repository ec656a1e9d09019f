//! Links of the catalog's `[[link]]` blocks, across sources or inside one.

use super::draft::{Draft, placed};
use super::keys::can_meet;
use super::naming::is_name;
use crate::Problem;
use crate::catalog::{LinkEnd, LinkSettings};
use crate::collection::FieldId;
use crate::federated::{CollectionId, Link};
use crate::problem::nearest;

/// Rows above which a read without an index is worth a warning.
const MANY_ROWS: u64 = 100_000;

/// An end that was found.
struct End<'a> {
    collection: CollectionId,
    columns: Vec<FieldId>,
    settings: &'a LinkEnd,
}

/// Why a link is left out.
enum Refusal {
    /// The catalog is wrong.
    Wrong(String, String),
    /// A source has no description yet.
    NotDescribed(String),
}

/// Adds the links of all `[[link]]` blocks; their names are taken as written.
pub(super) fn add_declared_links(draft: &mut Draft<'_>) {
    let catalog = draft.catalog;
    for settings in &catalog.links {
        let path = format!("link {}", settings.name);
        let (from, to) = match (find_end(draft, &settings.from), find_end(draft, &settings.to)) {
            (Ok(from), Ok(to)) => (from, to),
            (from, to) => {
                for refusal in [from.err(), to.err()].into_iter().flatten() {
                    refuse(draft, settings, &path, refusal);
                }
                continue;
            }
        };
        if let Err(refusal) = check_columns(draft, &from, &to) {
            refuse(draft, settings, &path, refusal);
            continue;
        }
        add(draft, settings, &path, &settings.name, (&from, &to), settings.many);
        if let Some(back) = &settings.back {
            add(draft, settings, &path, back, (&to, &from), None);
        }
    }
}

fn refuse(draft: &mut Draft<'_>, settings: &LinkSettings, path: &str, refusal: Refusal) {
    match refusal {
        Refusal::Wrong(what, hint) => draft
            .problems
            .push(placed(Problem::new(path, what, hint), &settings.place)),
        Refusal::NotDescribed(what) => {
            let warning = Problem::warning(path, what, "it joins by itself once the source has been described");
            draft.model.warnings.push(placed(warning, &settings.place));
        }
    }
}

fn find_end<'a>(draft: &Draft<'_>, end: &'a LinkEnd) -> Result<End<'a>, Refusal> {
    let sources = &draft.model.sources;
    let Ok(source) = sources.binary_search_by(|source| (*source.name).cmp(&end.source)) else {
        let near = nearest(&end.source, sources.iter().map(|source| &*source.name));
        return Err(Refusal::Wrong(
            format!("there is no source `{}`", end.source),
            near_hint(near),
        ));
    };
    let source = &draft.sources[source];
    if !source.described {
        return Err(Refusal::NotDescribed(format!(
            "it is left out: `{}` has no description yet",
            end.source
        )));
    }
    let Some(collection) = source.by_name.get(&end.collection).copied() else {
        let (what, hint) = if source.left_out.get(&end.collection.to_lowercase()) == Some(&end.collection) {
            let what = format!("the collection `{}` of `{}` is not served", end.collection, end.source);
            (what, "look at `include` and `exclude` of the source".to_owned())
        } else {
            let near = nearest(&end.collection, source.by_name.keys().map(String::as_str));
            (
                format!("there is no collection `{}` in `{}`", end.collection, end.source),
                near_hint(near),
            )
        };
        return Err(Refusal::Wrong(what, hint));
    };
    let described = &draft.model.collections[collection].described;
    let mut columns = Vec::with_capacity(end.columns.len());
    for name in &end.columns {
        let Some(column) = described.field_id(name) else {
            let near = nearest(name, described.fields.iter().map(|field| field.name.as_str()));
            let what = format!("there is no column `{name}` in `{}.{}`", end.source, end.collection);
            return Err(Refusal::Wrong(what, near_hint(near)));
        };
        let scalar = described.fields[column].scalar;
        if !scalar.is_key() {
            let what = format!(
                "`{}.{}({name})` is {}, which is no key",
                end.source,
                end.collection,
                scalar.name()
            );
            return Err(Refusal::Wrong(what, "link by other columns".to_owned()));
        }
        columns.push(column);
    }
    Ok(End {
        collection,
        columns,
        settings: end,
    })
}

fn near_hint(near: Option<&str>) -> String {
    near.map_or_else(
        || "see `lilong schema --names`".to_owned(),
        |near| format!("did you mean `{near}`?"),
    )
}

fn check_columns(draft: &Draft<'_>, from: &End<'_>, to: &End<'_>) -> Result<(), Refusal> {
    if from.columns.len() != to.columns.len() || from.columns.is_empty() {
        let what = format!(
            "`from` has {} columns and `to` has {}",
            from.columns.len(),
            to.columns.len()
        );
        return Err(Refusal::Wrong(
            what,
            "give as many on both sides, in the same order".to_owned(),
        ));
    }
    // What is normalised is text by then.
    if !from.settings.normalize.is_empty() || !to.settings.normalize.is_empty() {
        return Ok(());
    }
    for (column, to_column) in from.columns.iter().zip(&to.columns) {
        let one = &draft.model.collections[from.collection].described.fields[*column];
        let other = &draft.model.collections[to.collection].described.fields[*to_column];
        if !can_meet(one.scalar, other.scalar) {
            let (a, b) = (one.scalar.name(), other.scalar.name());
            let what = format!("`{}` is {a} and `{}` is {b}: they never match", one.name, other.name);
            return Err(Refusal::Wrong(
                what,
                "link columns of one kind, or normalise them".to_owned(),
            ));
        }
    }
    Ok(())
}

fn add(
    draft: &mut Draft<'_>,
    settings: &LinkSettings,
    path: &str,
    name: &str,
    (from, to): (&End<'_>, &End<'_>),
    many: Option<bool>,
) {
    let name: std::sync::Arc<str> = name.into();
    if !is_name(&name) {
        let refusal = Refusal::Wrong(
            format!("`{name}` is no name that GraphQL allows here"),
            "choose another".into(),
        );
        return refuse(draft, settings, path, refusal);
    }
    if !draft.collections[from.collection].names.reserve(&name) {
        let what = format!(
            "`{}` has a field `{name}` already",
            draft.model.collections[from.collection].type_name
        );
        return refuse(
            draft,
            settings,
            path,
            Refusal::Wrong(what, "choose another name".to_owned()),
        );
    }
    // Values that differ in the database may be one once they are normalised.
    let unique = draft.is_unique(to.collection, &to.columns);
    let many = many.unwrap_or(!unique);
    let link = Link {
        name,
        from: from.collection,
        columns: from.columns.clone(),
        to: to.collection,
        to_columns: to.columns.clone(),
        many,
        at_most_one: !many && (!unique || !to.settings.normalize.is_empty()),
        normalize: from.settings.normalize.clone(),
        to_normalize: to.settings.normalize.clone(),
        generated: None,
    };
    warn_if_slow(draft, settings, path, &link);
    draft.add_link(link, None);
}

fn warn_if_slow(draft: &mut Draft<'_>, settings: &LinkSettings, path: &str, link: &Link) {
    let target = &draft.model.collections[link.to];
    let described = &target.described;
    let source = &draft.model.sources[target.source].name;
    let is_link_column = |name: &String| {
        link.to_columns
            .iter()
            .any(|column| described.fields[*column].name == *name)
    };
    let keys = described.keys.iter().map(|key| &key.columns);
    // An index serves if the link's columns lead it.
    let has_index =
        described.indexes.iter().chain(keys).any(|index| {
            index.len() >= link.to_columns.len() && index[..link.to_columns.len()].iter().all(is_link_column)
        });
    let what = if !link.to_normalize.is_empty() {
        format!(
            "`{}` is slow: `{source}.{}` has to be read and normalised here",
            link.name, described.name
        )
    } else if !has_index && described.rows.is_some_and(|rows| rows > MANY_ROWS) {
        format!(
            "`{}` is slow: `{source}.{}` has no index on its columns",
            link.name, described.name
        )
    } else {
        return;
    };
    let hint =
        "more rows than the row budget are TOO_COSTLY; store the keys as the other side writes them, with an index";
    draft
        .model
        .warnings
        .push(placed(Problem::warning(path, what, hint), &settings.place));
}
