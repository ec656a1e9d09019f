//! The first pass: which sources and collections are served, in byte order of their names.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use super::draft::{CollectionDraft, Draft, SourceDraft, did_you_mean};
use super::naming::{Names, is_name};
use crate::catalog::pattern::Pattern;
use crate::federated::{Collection, Generated, Source, SourceId, Tie};
use crate::problem::nearest;
use crate::{Catalog, Enumeration, Federated, Scalar, SourceDescription};

/// Lays out sources and collections, without names.
pub(super) fn gather<'a>(catalog: &'a Catalog, descriptions: &BTreeMap<String, SourceDescription>) -> Draft<'a> {
    let mut draft = Draft {
        model: Federated::default(),
        problems: Vec::new(),
        catalog,
        sources: Vec::new(),
        unions: Vec::new(),
        collections: Vec::new(),
        wanted: Vec::new(),
        types: Names::default(),
        roots: Names::default(),
    };
    let by_name: BTreeMap<&str, _> =
        catalog.sources.iter().map(|settings| (settings.name.as_str(), settings)).collect();
    for (name, settings) in by_name {
        let description = descriptions.get(name);
        let id = draft.sources.len();
        let first = draft.model.collections.len();
        draft.sources.push(SourceDraft {
            settings,
            described: description.is_some(),
            names: Names::default(),
            by_name: HashMap::new(),
            by_lower_name: HashMap::new(),
            left_out: HashMap::new(),
        });
        draft.model.sources.push(Source {
            name: name.into(),
            field: Arc::default(),
            type_name: Arc::default(),
            title: settings.title.clone(),
            connector: settings.connector.clone(),
            collections: first..first,
            scalars: BTreeSet::new(),
            members: HashMap::new(),
            union: None,
        });
        if let Some(description) = description {
            gather_collections(&mut draft, id, description);
            draft.model.sources[id].collections = first..draft.model.collections.len();
        }
    }
    draft
}

fn gather_collections(draft: &mut Draft<'_>, source: SourceId, description: &SourceDescription) {
    let settings = draft.sources[source].settings;
    for warning in &description.warnings {
        draft.warn(source, warning, "");
    }
    let mut sorted: Vec<&crate::Collection> = description.collections.iter().collect();
    sorted.sort_by(|one, other| one.name.cmp(&other.name));
    warn_of_idle_patterns(draft, source, &sorted);
    let enumerations: HashMap<&str, &Enumeration> =
        description.enumerations.iter().map(|enumeration| (enumeration.name.as_str(), enumeration)).collect();
    let first = draft.model.collections.len();
    for described in sorted {
        let name = &described.name;
        if draft.sources[source].by_name.contains_key(name) {
            draft.warn(source, format!("it describes `{name}` twice; the second is left out"), "describe it again");
        } else if !settings.serves(name) {
            draft.sources[source].left_out.insert(name.to_lowercase(), name.clone());
        } else if described.fields.is_empty() {
            draft.sources[source].left_out.insert(name.to_lowercase(), name.clone());
            draft.warn(source, format!("`{name}` is left out: it has no column that can be served"), "");
        } else {
            let id = draft.model.collections.len();
            draft.sources[source].by_name.insert(name.clone(), id);
            draft.sources[source].by_lower_name.entry(name.to_lowercase()).or_insert(id);
            draft.collections.push(CollectionDraft::default());
            draft.model.collections.push(Collection {
                source,
                described: Arc::new(with_usable_enumerations(described, &enumerations)),
                field: Arc::default(),
                type_name: Arc::default(),
                generated: Generated::default(),
                fields: vec![None; described.fields.len()],
                keys: Vec::new(),
                links: Vec::new(),
                listed_by: Vec::new(),
                members: HashMap::new(),
                tie: Tie::RowId,
                connections: HashMap::new(),
            });
        }
    }
    if draft.model.collections.len() == first {
        draft.warn(source, "it is left out: it has no collection that can be served", "");
    }
    gather_enumerations(draft, source, first, &enumerations);
}

fn warn_of_idle_patterns(draft: &mut Draft<'_>, source: SourceId, collections: &[&crate::Collection]) {
    let settings = draft.sources[source].settings;
    for (key, patterns) in [("include", &settings.include), ("exclude", &settings.exclude)] {
        for pattern in patterns {
            if !collections.iter().any(|collection| Pattern::plain(pattern).matches(&collection.name)) {
                let names = collections.iter().map(|collection| collection.name.as_str());
                let written = settings.as_written(pattern);
                let hint = did_you_mean(nearest(&written, names));
                draft.warn(source, format!("`{written}` under `{key}` matches no collection"), hint);
            }
        }
    }
}

/// Database enums that cannot be GraphQL enums are text.
fn with_usable_enumerations(
    described: &crate::Collection,
    enumerations: &HashMap<&str, &Enumeration>,
) -> crate::Collection {
    let mut described = described.clone();
    for field in &mut described.fields {
        let usable = |name: &String| enumerations.get(name.as_str()).is_some_and(|found| is_usable(found));
        if field.scalar == Scalar::Enum && !field.enumeration.as_ref().is_some_and(usable) {
            field.scalar = Scalar::String;
            field.enumeration = None;
        }
    }
    described
}

/// Whether every value is a legal GraphQL enum value, and none stands twice.
fn is_usable(enumeration: &Enumeration) -> bool {
    let mut seen = HashSet::new();
    let legal = |value: &str| is_name(value) && !matches!(value, "true" | "false" | "null");
    !enumeration.values.is_empty() && enumeration.values.iter().all(|value| legal(value) && seen.insert(value))
}

/// Adds the enums that collections from `first` on have, by byte order; their names come later.
fn gather_enumerations(
    draft: &mut Draft<'_>,
    source: SourceId,
    first: usize,
    enumerations: &HashMap<&str, &Enumeration>,
) {
    let fields = draft.model.collections[first..].iter().flat_map(|collection| &collection.described.fields);
    let used: BTreeSet<&str> = fields.filter_map(|field| field.enumeration.as_deref()).collect();
    let used = used.into_iter().filter_map(|name| enumerations.get(name));
    let types = used.map(|described| crate::federated::EnumerationType {
        type_name: Arc::default(),
        comparison: Arc::default(),
        source,
        described: (*described).clone(),
    });
    draft.model.enumerations.extend(types.collect::<Vec<_>>());
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use crate::federate::fixture::{described, federated, field, find, warnings};
    use crate::{Collection, Enumeration, Scalar};

    #[test]
    fn include_and_exclude_choose_collections() {
        let (mut catalog, descriptions) = described("s.b: x Int\ns.a: x Int\ns.tmp_1: x Int");
        catalog.sources[0].exclude.push("tmp_*".into());
        let (model, _) = federated(&catalog, &descriptions);
        let names: Vec<&str> = model.collections.iter().map(|one| one.described.name.as_str()).collect();
        assert_eq!(names, ["a", "b"]);
        catalog.sources[0].include.extend(["b".into(), "bb".into()]);
        let (model, _) = federated(&catalog, &descriptions);
        assert_eq!(model.collections.len(), 1);
        assert_eq!(
            warnings(&model),
            ["lilong.toml:1: warning: source s: `bb` under `include` matches no collection (did you mean `b`?)"]
        );
    }

    #[test]
    fn what_has_nothing_to_serve_is_left_out_with_a_warning() {
        let (catalog, mut descriptions) = described("s.t: x Int");
        let collection = &mut descriptions.get_mut("s").unwrap().collections[0];
        collection.fields.clear();
        descriptions.get_mut("s").unwrap().warnings.push("odd".into());
        let (model, problems) = federated(&catalog, &descriptions);
        assert!(problems.is_empty() && model.roots.is_empty() && model.collections.is_empty());
        assert_eq!(
            warnings(&model),
            [
                "lilong.toml:1: warning: source s: odd",
                "lilong.toml:1: warning: source s: `t` is left out: it has no column that can be served",
                "lilong.toml:1: warning: source s: it is left out: it has no collection that can be served",
            ]
        );
    }

    #[test]
    fn collections_and_columns_described_twice_are_served_once() {
        let (catalog, descriptions) = described("s.t: x Int\ns.t: y Int\ns.u: x Int, x String");
        let (model, _) = federated(&catalog, &descriptions);
        assert_eq!((model.collections.len(), model.warnings.len()), (2, 2));
        let served: Vec<bool> = find(&model, "s.u").fields.iter().map(Option::is_some).collect();
        assert_eq!(served, [true, false]);
    }

    #[test]
    fn an_enum_with_a_value_that_graphql_does_not_allow_is_text() {
        let (catalog, mut descriptions) = described("s.t: x Int");
        let description = descriptions.get_mut("s").unwrap();
        let enumeration = |name: &str, values: &[&str]| Enumeration {
            name: name.into(),
            values: values.iter().map(ToString::to_string).collect(),
        };
        description.enumerations = vec![
            enumeration("mood", &["sad", "ok"]),
            enumeration("bad", &["a b"]),
            enumeration("worse", &["true"]),
            enumeration("none", &[]),
            enumeration("unused", &["x"]),
        ];
        let names = ["mood", "bad", "worse", "none", "gone"];
        let fields = names.map(|name| {
            let mut field = field(name, Scalar::Enum, true);
            field.enumeration = Some(name.into());
            field
        });
        description.collections = vec![Collection { name: "t".into(), fields: fields.into(), ..Collection::default() }];
        let (model, _) = federated(&catalog, &descriptions);
        let types: Vec<&str> = find(&model, "s.t").fields.iter().flatten().map(|field| &*field.type_name).collect();
        assert_eq!(types, ["SMood", "String", "String", "String", "String"]);
        assert_eq!(find(&model, "s.t").described.fields[1].scalar, Scalar::String);
        assert_eq!(model.enumerations.len(), 1);
        assert_eq!(&*model.enumerations[0].comparison, "SMoodComparisonExp");
    }
}
