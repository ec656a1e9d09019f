//! `names.json`: which GraphQL name stands for which database name, generated ones included; for tests and lineage tools.

use serde_json::{Map, Value, json};

use crate::federated::{Collection, CollectionId, Federated, Link, Slice};

/// The names of a model, as the slice sees it: `{"sources": {name: {"field", "type", "collections"}}, "unions": {}}`.
///
/// Keys of `collections` and `fields`, and `columns` and `toColumns`, are database names; `to` is `source.collection`,
/// unquoted, to be split at the first dot. What is not served is `null`.
pub fn names(federated: &Federated, slice: &Slice) -> Value {
    let seen = federated
        .sources
        .iter()
        .enumerate()
        .filter(|(id, source)| slice.has(*id) && !source.collections.is_empty());
    let sources: Map<String, Value> = seen
        .map(|(_, source)| {
            let collections: Map<String, Value> = source
                .collections
                .clone()
                .map(|id| {
                    (
                        federated.collections[id].described.name.clone(),
                        collection(federated, slice, id),
                    )
                })
                .collect();
            let entry = json!({"field": &*source.field, "type": &*source.type_name, "collections": collections});
            (source.name.to_string(), entry)
        })
        .collect();
    json!({"sources": sources, "unions": {}})
}

fn collection(federated: &Federated, slice: &Slice, id: CollectionId) -> Value {
    let collection = &federated.collections[id];
    let named = collection.described.fields.iter().zip(&collection.fields);
    let fields: Map<String, Value> = named
        .filter_map(|(described, name)| Some((described.name.clone(), Value::from(&*name.as_ref()?.name))))
        .collect();
    let links = collection
        .links
        .iter()
        .filter(|link| federated.sees_link(slice, **link));
    let links: Vec<Value> = links
        .map(|link| link_entry(federated, &federated.links[*link]))
        .collect();
    json!({
        "field": &*collection.field,
        "type": &*collection.type_name,
        "byPk": collection.keys.iter().find(|key| key.primary).map(|key| &*key.field),
        "aggregate": null,
        "groups": null,
        "connection": null,
        "fields": fields,
        "links": links,
    })
}

fn link_entry(federated: &Federated, link: &Link) -> Value {
    let (from, to) = (&federated.collections[link.from], &federated.collections[link.to]);
    json!({
        "name": &*link.name,
        "columns": columns(from, &link.columns),
        "to": format!("{}.{}", federated.sources[to.source].name, to.described.name),
        "toColumns": columns(to, &link.to_columns),
        "many": link.many,
    })
}

fn columns(collection: &Collection, columns: &[usize]) -> Vec<String> {
    columns
        .iter()
        .map(|column| collection.described.fields[*column].name.clone())
        .collect()
}
