//! Names of sources, collections, columns and database enums, in the order that makes later ones give way.

use std::collections::HashMap;
use std::sync::Arc;

use super::draft::{Draft, did_you_mean, placed};
use super::naming::{Names, camel, is_name, pascal, whole};
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
        let (field, type_name) = (camel(&name), whole(pascal(&name)));
        let given = (draft.roots.give(&field), draft.types.give(&type_name));
        for (wanted, given) in [(&field, &given.0), (&type_name, &given.1)] {
            if **given != **wanted {
                let what = format!("it is named `{given}`, because `{wanted}` is taken");
                draft.warn(id, what, "choose another name for the source");
            }
        }
        (draft.model.sources[id].field, draft.model.sources[id].type_name) = given;
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
    let hint = did_you_mean(hint);
    let path = format!("source {}: rename of `{whole}`", draft_source.settings.name);
    draft
        .model
        .warnings
        .push(placed(Problem::warning(path, what, hint), &rename.place));
    None
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

#[cfg(test)]
mod tests {
    use crate::federate::fixture::{described, federated, find, model, rename, warnings};

    /// The GraphQL names of a collection's columns, in the database's order.
    fn fields(model: &crate::Federated, name: &str) -> Vec<String> {
        find(model, name)
            .fields
            .iter()
            .flatten()
            .map(|field| field.name.to_string())
            .collect()
    }

    #[test]
    fn types_are_named_after_source_and_collection() {
        let model = model("civil affairs.Order Details: x Int\n2nd.2fa: x Int");
        let names: Vec<(&str, &str)> = model
            .collections
            .iter()
            .map(|one| (&*one.field, &*one.type_name))
            .collect();
        assert_eq!(
            names,
            [("_2fa", "_2nd2fa"), ("orderDetails", "CivilAffairsOrderDetails")]
        );
        let roots: Vec<(&str, &str)> = model.sources.iter().map(|one| (&*one.field, &*one.type_name)).collect();
        assert_eq!(roots, [("_2nd", "_2nd"), ("civilAffairs", "CivilAffairs")]);
        assert!(model.warnings.is_empty());
    }

    #[test]
    fn a_later_name_gives_way_by_byte_order_of_original_names() {
        let model = model("s.t: a_b Int, AB Int, aB Int, A b Int");
        assert_eq!(fields(&model, "s.t"), ["aB_3", "ab", "aB_2", "aB"]);
        assert_eq!(
            warnings(&model),
            [
                "lilong.toml:1: warning: source s: `t.aB` is named `aB_2`, because `aB` is taken (give it a name of your own under [source.rename])",
                "lilong.toml:1: warning: source s: `t.a_b` is named `aB_3`, because `aB` is taken (give it a name of your own under [source.rename])",
            ]
        );
    }

    #[test]
    fn built_in_names_come_before_sources_and_sources_before_collections() {
        let model = model("a.b c: x Int\na b.c: x Int\nsource.x: x Int\nab.x: x Int\na.b: x Int\nquery.state: x Int");
        let sources: Vec<&str> = model.sources.iter().map(|source| &*source.type_name).collect();
        assert_eq!(sources, ["A", "AB", "Ab", "Query_2", "Source_2"]);
        let types: Vec<&str> = model
            .collections
            .iter()
            .map(|collection| &*collection.type_name)
            .collect();
        assert_eq!(types, ["AB_2", "ABC", "ABC_2", "AbX", "QueryState", "SourceX"]);
    }

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
        assert_eq!(
            (&*collection.field, &*collection.type_name),
            ("order_line", "SOrderLine")
        );
        assert_eq!(&*collection.keys[0].field, "order_lineByPk");
        assert_eq!(fields(&model, "s.Order Details"), ["ID", "aB", "parentId"]);
        assert!(collection.members.contains_key("parent"));
        assert!(find(&model, "s.o").members.contains_key("order_line"));
    }

    #[test]
    fn a_rename_that_clashes_is_a_problem_with_its_place() {
        let table = [
            (
                Some("a"),
                "b",
                "source s: rename of `t.a`: `t.b` has the name `b` already (choose another name)",
            ),
            (
                Some("a"),
                "_and",
                "source s: rename of `t.a`: the name `_and` is taken (choose another name)",
            ),
            (
                Some("a"),
                "__a",
                "source s: rename of `t.a`: `__a` is no name that GraphQL allows here (choose another name)",
            ),
            (
                None,
                "other",
                "source s: rename of `t`: `Other` has the name `other` already (choose another name)",
            ),
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
        assert_eq!(
            (problems.len(), fields(&model, "s.t")),
            (0, vec!["b".to_owned(), "a".to_owned()])
        );
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

    #[test]
    fn keywords_get_an_underscore_as_enum_values_only() {
        let (mut catalog, descriptions) = described("s.t: true Int, NULL Int, x Int, False Int");
        rename(&mut catalog, "s", "t", Some("x"), "true_");
        let (model, _) = federated(&catalog, &descriptions);
        assert_eq!(fields(&model, "s.t"), ["true", "null", "true_", "false"]);
        let values: Vec<&str> = find(&model, "s.t")
            .fields
            .iter()
            .flatten()
            .map(|field| &*field.value)
            .collect();
        assert_eq!(values, ["true__2", "null_", "true_", "false_"]);
    }
}
