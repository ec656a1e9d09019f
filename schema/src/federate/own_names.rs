//! Names of sources, collections, columns and database enums, in the order that makes later ones give way.

use std::sync::Arc;

use super::draft::Draft;
use super::naming::{Names, camel, pascal, whole};
use super::renames::{self, Renames};
use super::unions;
use crate::Scalar;
use crate::federated::{CollectionId, FieldName, SOURCE_COLUMN, SourceId};

/// Type names that no source can have, also those of parts that are served later.
const TYPES: [&str; 8] = ["Query", "Mutation", "Subscription", "ID", "Source", "SourceState", "OrderBy", "PageInfo"];

/// Field names of inputs and outputs that no column can be renamed to.
const FIELDS: [&str; 4] = ["_and", "_or", "_not", "_source"];

/// Names everything that stands in a database under a name of its own.
pub(super) fn name_what_is_described(draft: &mut Draft<'_>) {
    reserve_built_in_names(draft);
    name_sources(draft);
    unions::name_unions(draft);
    let renames = renames::apply_renames(draft);
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

fn name_collection(draft: &mut Draft<'_>, id: CollectionId, renames: &Renames<'_>) {
    let source = draft.model.collections[id].source;
    let original = draft.model.collections[id].described.name.clone();
    let field = if let Some(given) = draft.collections[id].renamed {
        given.into()
    } else {
        let wanted = camel(&original);
        if let Some(rename) = renames.collections.get(&(source, wanted.as_str())) {
            renames::report(draft, source, rename, format!("`{original}` has the name `{wanted}` already"));
        }
        draft.give_member(source, || format!("`{original}`"), &wanted)
    };
    let wanted = format!("{}{}", pascal(&draft.model.sources[source].name), pascal(draft.collection_label(id)));
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
            let what =
                format!("it describes the column `{original}` of `{}` twice; the second is left out", described.name);
            draft.warn(source, what, "describe it again");
            continue;
        }
        before = Some(original);
        let name = if let Some(given) = draft.collections[id].renamed_columns.get(&field) {
            (*given).into()
        } else if original == SOURCE_COLUMN && draft.model.sources[source].union.is_some() {
            original.into()
        } else {
            let wanted = camel(original);
            if let Some(rename) = renames.columns.get(&(id, wanted.as_str())) {
                renames::report(
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
        draft.model.sources[source].scalars.insert(scalar.served());
        draft.model.collections[id].fields[field] =
            Some(FieldName { value: name.clone(), name, type_name, enumeration, non_null: false });
    }
    name_values(draft, id);
}

/// Enums stand by source and by byte order of their names.
fn find_enumeration(draft: &Draft<'_>, source: SourceId, name: &str) -> Option<usize> {
    let key = (source, name);
    draft.model.enumerations.binary_search_by(|one| (one.source, one.described.name.as_str()).cmp(&key)).ok()
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
    use crate::federate::fixture::{described, federated, find, model, names_of_fields as fields, rename, warnings};

    #[test]
    fn types_are_named_after_source_and_collection() {
        let model = model("civil affairs.Order Details: x Int\n2nd.2fa: x Int");
        let names: Vec<(&str, &str)> = model.collections.iter().map(|one| (&*one.field, &*one.type_name)).collect();
        assert_eq!(names, [("_2fa", "_2nd2fa"), ("orderDetails", "CivilAffairsOrderDetails")]);
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
        let types: Vec<&str> = model.collections.iter().map(|collection| &*collection.type_name).collect();
        assert_eq!(types, ["AB_2", "ABC", "ABC_2", "AbX", "QueryState", "SourceX"]);
    }

    #[test]
    fn keywords_get_an_underscore_as_enum_values_only() {
        let (mut catalog, descriptions) = described("s.t: true Int, NULL Int, x Int, False Int");
        rename(&mut catalog, "s", "t", Some("x"), "true_");
        let (model, _) = federated(&catalog, &descriptions);
        assert_eq!(fields(&model, "s.t"), ["true", "null", "true_", "false"]);
        let values: Vec<&str> = find(&model, "s.t").fields.iter().flatten().map(|field| &*field.value).collect();
        assert_eq!(values, ["true__2", "null_", "true_", "false_"]);
    }
}
