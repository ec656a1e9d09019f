//! `names.json`: which GraphQL name stands for which database name, generated ones included; for tests and lineage tools.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::federated::{Collection, CollectionId, Federated, FoldType, GroupColumn, Link, Slice, Source};

/// The names of a model, as the slice sees it: `{"sources": {name: {"field", "type", "collections"}}, "unions": {name: …}}`.
///
/// Keys of `collections` and `fields`, and `columns` and `toColumns`, are database names; `to` is `source.collection`,
/// unquoted, to be split at the first dot. What is not served is `null`. `byKeys` are the fields of unique keys beside the
/// primary one; `groupColumns` what `by` of groups takes beside the columns of `fields`: by name the column, and the link to it.
pub fn names(federated: &Federated, slice: &Slice) -> Value {
    let seen = federated
        .own_sources()
        .iter()
        .enumerate()
        .filter(|(id, source)| slice.has(*id) && !source.collections.is_empty());
    let sources: Map<String, Value> = seen
        .map(|(_, source)| {
            let collections: Map<String, Value> = source
                .collections
                .clone()
                .map(|id| (federated.collections[id].described.name.clone(), collection(federated, slice, id)))
                .collect();
            let entry = json!({"field": &*source.field, "type": &*source.type_name, "collections": collections});
            (source.name.to_string(), entry)
        })
        .collect();
    let unions = federated.sources.iter().enumerate().filter(|(id, _)| slice.has(*id));
    let unions: Map<String, Value> =
        unions.filter_map(|(_, source)| Some((source.name.to_string(), union(federated, slice, source)?))).collect();
    json!({"sources": sources, "unions": unions})
}

/// The same as for a collection, and where its rows live.
fn union(federated: &Federated, slice: &Slice, source: &Source) -> Option<Value> {
    let union = source.union.as_ref()?;
    let mut entry = collection(federated, slice, source.collections.start);
    entry["members"] = union.members.iter().map(|member| Value::from(place(federated, member.collection))).collect();
    Some(entry)
}

/// `source.collection`, or the union.
fn place(federated: &Federated, id: CollectionId) -> String {
    let (source, name) = (federated.source_of(id), &federated.collections[id].described.name);
    if source.union.is_some() { name.clone() } else { format!("{}.{name}", source.name) }
}

fn collection(federated: &Federated, slice: &Slice, id: CollectionId) -> Value {
    let collection = &federated.collections[id];
    let named = collection.described.fields.iter().zip(&collection.fields);
    let fields: Map<String, Value> = named
        .filter_map(|(described, name)| Some((described.name.clone(), Value::from(&*name.as_ref()?.name))))
        .collect();
    let by_keys = collection.keys.iter().filter(|key| !key.primary);
    let by_keys: Vec<Value> =
        by_keys.map(|key| json!({"name": &*key.field, "columns": columns(collection, &key.columns)})).collect();
    let links = collection.links.iter().filter(|link| federated.sees_link(slice, **link));
    let links: Vec<Value> = links.map(|link| link_entry(federated, &federated.links[*link])).collect();
    json!({
        "field": &*collection.field,
        "type": &*collection.type_name,
        "byPk": collection.keys.iter().find(|key| key.primary).map(|key| &*key.field),
        "byKeys": by_keys,
        "aggregate": &*collection.generated.aggregate,
        "groups": collection.generated.folds.get(FoldType::Group).map(|_| &*collection.generated.groups),
        "connection": &*collection.generated.connection,
        "fields": fields,
        "groupColumns": group_columns(federated, slice, id),
        "links": links,
    })
}

fn group_columns(federated: &Federated, slice: &Slice, id: CollectionId) -> Map<String, Value> {
    if federated.collections[id].generated.folds.get(FoldType::Group).is_none() {
        return Map::new();
    }
    let entry = |(name, column): (Arc<str>, GroupColumn)| {
        let (described, own) = federated.grouped(id, column);
        let entry = match column.link {
            Some(link) => json!({"link": &*federated.links[link].name, "column": described.name}),
            None if own.is_some_and(|own| own.name == name) => return None,
            None => json!({"column": described.name}),
        };
        Some((name.to_string(), entry))
    };
    federated.group_columns(id, slice).filter_map(entry).collect()
}

fn link_entry(federated: &Federated, link: &Link) -> Value {
    let (from, to) = (&federated.collections[link.from], &federated.collections[link.to]);
    let mut entry = json!({
        "name": &*link.name,
        "columns": columns(from, &link.columns),
        "to": place(federated, link.to),
        "toColumns": columns(to, &link.to_columns),
        "many": link.many,
    });
    if let Some((aggregate, connection)) = &link.generated {
        entry["aggregate"] = Value::from(&**aggregate);
        entry["connection"] = Value::from(&**connection);
    }
    entry
}

fn columns(collection: &Collection, columns: &[usize]) -> Vec<String> {
    columns.iter().map(|column| collection.described.fields[*column].name.clone()).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::names;
    use crate::Slice;
    use crate::federate::fixture::{described, federated, link, rename};

    #[test]
    fn every_database_name_has_its_graphql_name() {
        let (mut catalog, descriptions) = described(
            "chinook.Album: AlbumId Int, ArtistId Int; pk(AlbumId); fk(ArtistId) Artist
             chinook.Artist: ArtistId Int; pk(ArtistId)
             shop.my.sales: Album ID Int
             silent",
        );
        link(&mut catalog, "shop.my.sales(Album ID)", "chinook.Album(AlbumId)", "album", Some("sales"));
        let (model, _) = federated(&catalog, &descriptions);
        let album_links = json!([
            {"name": "sales", "columns": ["AlbumId"], "to": "shop.my.sales", "toColumns": ["Album ID"], "many": true,
                "aggregate": "salesAggregate", "connection": "salesConnection"},
            {"name": "artist", "columns": ["ArtistId"], "to": "chinook.Artist", "toColumns": ["ArtistId"], "many": false},
        ]);
        let artist_links = json!([
            {"name": "album", "columns": ["ArtistId"], "to": "chinook.Album", "toColumns": ["ArtistId"], "many": true,
                "aggregate": "albumAggregate", "connection": "albumConnection"},
        ]);
        let sales_links = json!([
            {"name": "album", "columns": ["Album ID"], "to": "chinook.Album", "toColumns": ["AlbumId"], "many": false},
        ]);
        let expected = json!({
            "sources": {
                "chinook": {"field": "chinook", "type": "Chinook", "collections": {
                    "Album": {
                        "field": "album", "type": "ChinookAlbum", "byPk": "albumByPk", "byKeys": [],
                        "aggregate": "albumAggregate", "groups": "albumGroups", "connection": "albumConnection",
                        "fields": {"AlbumId": "albumId", "ArtistId": "artistId"},
                        "groupColumns": {"artist_artistId": {"link": "artist", "column": "ArtistId"}},
                        "links": album_links,
                    },
                    "Artist": {
                        "field": "artist", "type": "ChinookArtist", "byPk": "artistByPk", "byKeys": [],
                        "aggregate": "artistAggregate", "groups": "artistGroups", "connection": "artistConnection",
                        "fields": {"ArtistId": "artistId"}, "groupColumns": {}, "links": artist_links,
                    },
                }},
                "shop": {"field": "shop", "type": "Shop", "collections": {
                    "my.sales": {
                        "field": "mySales", "type": "ShopMySales", "byPk": null, "byKeys": [],
                        "aggregate": "mySalesAggregate", "groups": "mySalesGroups", "connection": "mySalesConnection",
                        "fields": {"Album ID": "albumId"},
                        "groupColumns": {
                            "album_albumId": {"link": "album", "column": "AlbumId"},
                            "album_artistId": {"link": "album", "column": "ArtistId"},
                        },
                        "links": sales_links,
                    },
                }},
            },
            "unions": {},
        });
        assert_eq!(names(&model, &Slice::all()), expected);
        let slice = model.slice(["shop"]).unwrap();
        let seen = names(&model, &slice);
        assert_eq!(seen["sources"].as_object().unwrap().len(), 1);
        assert_eq!(seen["sources"]["shop"]["collections"]["my.sales"]["links"], json!([]));
        assert_eq!(seen["sources"]["shop"]["collections"]["my.sales"]["groupColumns"], json!({}));
    }

    #[test]
    fn generated_names_are_told_as_they_were_given() {
        let (mut catalog, descriptions) = described(
            "s.street: id Int, name String, x Int; pk(id)
             s.t: id Int, x Int, true Int, street_id Int, u_aggregate String, n Int; pk(id); unique(x); fk(street_id) street
             s.t_by_x: x Int
             s.u: t_id Int; fk(t_id) t
             s.v: a JSON",
        );
        rename(&mut catalog, "s", "t", Some("n"), "street_name");
        let (model, _) = federated(&catalog, &descriptions);
        let names = names(&model, &Slice::all());
        let of = |collection: &str, key: &str| names["sources"]["s"]["collections"][collection][key].clone();
        assert_eq!(of("t", "byKeys"), json!([{"name": "tByX_2", "columns": ["x"]}]));
        let linked = |column: &str| json!({"link": "street", "column": column});
        assert_eq!(
            of("t", "groupColumns"),
            json!({
                "true_": {"column": "true"},
                "street_id": linked("id"), "street_name_2": linked("name"), "street_x": linked("x"),
            })
        );
        let u = of("t", "links").as_array().unwrap().iter().find(|link| link["name"] == "u").unwrap().clone();
        assert_eq!((&u["aggregate"], &u["connection"]), (&json!("uAggregate_2"), &json!("uConnection")));
        assert_eq!(of("t", "links")[0].get("aggregate"), None, "{}", of("t", "links"));
        assert_eq!(of("v", "groupColumns"), json!({}));
    }
}
