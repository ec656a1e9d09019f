//! Catalogs and descriptions written in a line or two, for tests.

use std::collections::BTreeMap;

use super::federate;
use crate::catalog::{LinkEnd, LinkSettings, Place, Rename, SourceSettings};
use crate::{Catalog, Collection, Federated, Field, ForeignKey, Key, Normalizer, Problem, Scalar, SourceDescription};

pub(crate) type Descriptions = BTreeMap<String, SourceDescription>;

/// Reads lines of the form `source.collection: column Scalar, column Scalar!; pk(a); unique(a, b); fk(a, b) other(c, d);
/// index(a); rows 5; rowid`. An exclamation mark: never null. A line of a name alone: a source without a description.
pub(crate) fn described(text: &str) -> (Catalog, Descriptions) {
    let mut catalog = Catalog::default();
    let mut descriptions = Descriptions::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (name, collection) = match line.split_once(": ") {
            Some((name, rest)) => {
                let (source, name) = name.split_once('.').unwrap();
                (source, Some(collection(name, rest)))
            }
            None => (line, None),
        };
        if !catalog.sources.iter().any(|source| source.name == name) {
            let place = Place { file: "lilong.toml".into(), line: catalog.sources.len() + 1 };
            catalog.sources.push(SourceSettings {
                place,
                name: name.into(),
                connector: "memory".into(),
                ..SourceSettings::default()
            });
        }
        if let Some(collection) = collection {
            descriptions.entry(name.to_owned()).or_default().collections.push(collection);
        }
    }
    (catalog, descriptions)
}

fn collection(name: &str, text: &str) -> Collection {
    let mut collection = Collection { name: name.into(), ..Collection::default() };
    let mut parts = text.split("; ");
    for column in parts.next().unwrap().split(", ").filter(|column| !column.is_empty()) {
        let (name, scalar) = column.rsplit_once(' ').unwrap();
        collection.fields.push(field(
            name,
            Scalar::from_name(scalar.trim_end_matches('!')).unwrap(),
            !scalar.ends_with('!'),
        ));
    }
    for part in parts {
        let (word, rest) = part.split_once(['(', ' ']).unwrap_or((part, ""));
        let list = |text: &str| -> Vec<String> { text.trim_end_matches(')').split(", ").map(str::to_owned).collect() };
        match word {
            "pk" | "unique" => collection.keys.push(Key { columns: list(rest), primary: word == "pk" }),
            "fk" => {
                let (columns, to) = rest.split_once(") ").unwrap();
                let (to, references) = to.split_once('(').map_or((to, Vec::new()), |(to, columns)| (to, list(columns)));
                let (columns, to) = (list(columns), to.into());
                collection.foreign_keys.push(ForeignKey { columns, collection: to, references, enforced: false });
            }
            "index" => collection.indexes.push(list(rest)),
            "rows" => collection.rows = Some(rest.parse().unwrap()),
            "rowid" => collection.row_id = true,
            other => panic!("{other}"),
        }
    }
    collection
}

/// A column without anything special.
pub(crate) fn field(name: &str, scalar: Scalar, nullable: bool) -> Field {
    Field { nullable, ..Field::new(name, scalar) }
}

/// Adds an entry to `[source.rename]`.
pub(crate) fn rename(catalog: &mut Catalog, source: &str, collection: &str, column: Option<&str>, name: &str) {
    let settings = catalog.sources.iter_mut().find(|settings| settings.name == source).unwrap();
    let place = Place { file: "lilong.toml".into(), line: 100 + settings.rename.len() };
    settings.rename.push(Rename {
        place,
        collection: collection.into(),
        column: column.map(str::to_owned),
        name: name.into(),
    });
}

/// Adds a `[[link]]`: ends as `source.collection(a, b)`.
pub(crate) fn link<'a>(
    catalog: &'a mut Catalog,
    from: &str,
    to: &str,
    name: &str,
    back: Option<&str>,
) -> &'a mut LinkSettings {
    let end = |text: &str| {
        let (source, rest) = text.split_once('.').unwrap();
        let (collection, columns) = rest.trim_end_matches(')').split_once('(').unwrap();
        LinkEnd {
            source: source.into(),
            collection: collection.into(),
            columns: columns.split(", ").map(str::to_owned).collect(),
            normalize: Vec::<Normalizer>::new(),
        }
    };
    let place = Place { file: "links.toml".into(), line: 1 + catalog.links.len() };
    let (from, to) = (end(from), end(to));
    catalog.links.push(LinkSettings { place, from, to, name: name.into(), back: back.map(str::to_owned), many: None });
    catalog.links.last_mut().unwrap()
}

/// [`federate`] under a name that does not hide the module.
pub(crate) fn federated(catalog: &Catalog, descriptions: &Descriptions) -> (Federated, Vec<Problem>) {
    federate(catalog, descriptions)
}

/// The model of described sources, which must have no problem.
pub(crate) fn model(text: &str) -> Federated {
    let (catalog, descriptions) = described(text);
    let (model, problems) = federate(&catalog, &descriptions);
    assert_eq!(problems, []);
    model
}

/// A collection by `source.collection`.
pub(crate) fn find<'a>(model: &'a Federated, name: &str) -> &'a crate::federated::Collection {
    let (source, name) = name.split_once('.').unwrap();
    let found =
        model.collections.iter().find(|one| *model.sources[one.source].name == *source && one.described.name == name);
    found.unwrap()
}

/// The links of a collection as `name → collection`, lists as `name → [collection]`.
pub(crate) fn links(model: &Federated, name: &str) -> Vec<String> {
    let show = |link: &usize| {
        let link = &model.links[*link];
        let to = &model.collections[link.to].described.name;
        if link.many { format!("{} → [{to}]", link.name) } else { format!("{} → {to}", link.name) }
    };
    find(model, name).links.iter().map(show).collect()
}

/// What the warnings say.
pub(crate) fn warnings(model: &Federated) -> Vec<String> {
    model.warnings.iter().map(ToString::to_string).collect()
}

/// The GraphQL names of a collection's columns, in the database's order.
pub(crate) fn names_of_fields(model: &Federated, name: &str) -> Vec<String> {
    find(model, name).fields.iter().flatten().map(|field| field.name.to_string()).collect()
}
