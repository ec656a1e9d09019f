//! `[source.rename]`: names that the catalog gives, as written. One that clashes with another is a problem.

use std::collections::HashMap;
use std::sync::Arc;

use super::draft::{Draft, did_you_mean, placed};
use super::naming::is_name;
use crate::Problem;
use crate::catalog::Rename;
use crate::federated::{CollectionId, SourceId};
use crate::problem::nearest;

/// Renames that are in force: name space and GraphQL name → where it stands.
#[derive(Default)]
pub(super) struct Renames<'a> {
    pub(super) collections: HashMap<(SourceId, &'a str), &'a Rename>,
    pub(super) columns: HashMap<(CollectionId, &'a str), &'a Rename>,
}

/// Takes the names that the catalog gives, before any other of their name spaces.
pub(super) fn apply_renames<'a>(draft: &mut Draft<'a>) -> Renames<'a> {
    let mut renames = Renames::default();
    for source in 0..draft.sources.len() {
        apply_to_source(draft, source, &mut renames);
    }
    renames
}

fn apply_to_source<'a>(draft: &mut Draft<'a>, source: SourceId, renames: &mut Renames<'a>) {
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
                && draft.collections[collection].renamed_columns.insert(column, &rename.name).is_none();
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

/// Reports a rename that cannot be.
pub(super) fn report(draft: &mut Draft<'_>, source: SourceId, rename: &Rename, what: String) {
    let path = format!("source {}: rename of `{}`", draft.sources[source].settings.name, original(rename));
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
        (format!("there is no column `{column}` in `{}`", rename.collection), near)
    } else if [&whole, &rename.collection].iter().any(|name| draft_source.left_out.contains_key(&name.to_lowercase())) {
        return None;
    } else {
        let near = nearest(&rename.collection, draft_source.by_name.keys().map(String::as_str));
        (format!("there is no collection `{}`", rename.collection), near)
    };
    let hint = did_you_mean(hint);
    let path = format!("source {}: rename of `{whole}`", draft_source.settings.name);
    draft.model.warnings.push(placed(Problem::warning(path, what, hint), &rename.place));
    None
}

#[cfg(test)]
mod tests {
    use crate::federate::fixture::{described, federated, find, names_of_fields as fields, rename, warnings};

    #[test]
    fn a_rename_is_taken_as_written_and_derived_names_follow_it() {
        let (mut catalog, descriptions) =
            described("s.Order Details: id Int, a.b Int, o_id Int; pk(id); fk(o_id) o\ns.o: id Int; pk(id)");
        rename(&mut catalog, "s", "Order Details", None, "order_line");
        rename(&mut catalog, "s", "Order Details", Some("o_id"), "parentId");
        rename(&mut catalog, "s", "Order Details", Some("id"), "ID");
        let (model, problems) = federated(&catalog, &descriptions);
        assert_eq!(problems, []);
        let collection = find(&model, "s.Order Details");
        assert_eq!((&*collection.field, &*collection.type_name), ("order_line", "SOrderLine"));
        assert_eq!(&*collection.keys[0].field, "order_lineByPk");
        assert_eq!(fields(&model, "s.Order Details"), ["ID", "aB", "parentId"]);
        assert!(collection.members.contains_key("parent"));
        assert!(find(&model, "s.o").members.contains_key("order_line"));
    }

    #[test]
    fn a_rename_that_clashes_is_a_problem_with_its_place() {
        let table = [
            (Some("a"), "b", "source s: rename of `t.a`: `t.b` has the name `b` already (choose another name)"),
            (Some("a"), "_and", "source s: rename of `t.a`: the name `_and` is taken (choose another name)"),
            (
                Some("a"),
                "__a",
                "source s: rename of `t.a`: `__a` is no name that GraphQL allows here (choose another name)",
            ),
            (None, "other", "source s: rename of `t`: `Other` has the name `other` already (choose another name)"),
        ];
        for (column, name, expected) in table {
            let (mut catalog, descriptions) = described("s.t: a Int, b Int\ns.Other: x Int");
            rename(&mut catalog, "s", "t", column, name);
            let (_, problems) = federated(&catalog, &descriptions);
            let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
            assert_eq!(problems, [format!("lilong.toml:100: {expected}")]);
        }
        let (mut catalog, descriptions) = described("s.t: a Int, b Int");
        rename(&mut catalog, "s", "t", Some("a"), "x");
        rename(&mut catalog, "s", "t", Some("b"), "x");
        let (_, problems) = federated(&catalog, &descriptions);
        assert_eq!(problems.len(), 1);
        assert_eq!(problems[0].what, "`t.a` has the name `x` already");
    }

    #[test]
    fn two_columns_can_swap_names() {
        let (mut catalog, descriptions) = described("s.t: a Int, b Int");
        rename(&mut catalog, "s", "t", Some("a"), "b");
        rename(&mut catalog, "s", "t", Some("b"), "a");
        let (model, problems) = federated(&catalog, &descriptions);
        assert_eq!((problems.len(), fields(&model, "s.t")), (0, vec!["b".to_owned(), "a".to_owned()]));
    }

    #[test]
    fn a_rename_finds_a_collection_with_a_dot_in_its_name_and_warns_of_what_is_not_there() {
        let (mut catalog, descriptions) = described("s.audit.log: id Int\ns.t: id Int\nsilent");
        rename(&mut catalog, "s", "audit", Some("log"), "journal");
        rename(&mut catalog, "s", "audit.log", Some("id"), "number");
        rename(&mut catalog, "s", "t", Some("idd"), "x");
        rename(&mut catalog, "s", "tt", None, "x");
        rename(&mut catalog, "silent", "tt", None, "x");
        let (model, problems) = federated(&catalog, &descriptions);
        assert!(problems.is_empty());
        assert_eq!(&*find(&model, "s.audit.log").field, "journal");
        assert_eq!(fields(&model, "s.audit.log"), ["number"]);
        assert_eq!(
            warnings(&model),
            [
                "lilong.toml:102: warning: source s: rename of `t.idd`: there is no column `idd` in `t` (did you mean `id`?)",
                "lilong.toml:103: warning: source s: rename of `tt`: there is no collection `tt` (did you mean `t`?)",
            ]
        );
    }
}
