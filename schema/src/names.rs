//! `names.json`: which GraphQL name stands for which database name, generated ones included; for tests and lineage tools.

use serde_json::{Map, Value, json};

use crate::federated::{Collection, CollectionId, Federated, FoldType, Link, Slice, Source};

/// The names of a model, as the slice sees it: `{"sources": {name: {"field", "type", "collections"}}, "unions": {name: …}}`.
///
/// Keys of `collections` and `fields`, and `columns` and `toColumns`, are database names; `to` is `source.collection`,
/// unquoted, to be split at the first dot. What is not served is `null`.
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
    let links = collection.links.iter().filter(|link| federated.sees_link(slice, **link));
    let links: Vec<Value> = links.map(|link| link_entry(federated, &federated.links[*link])).collect();
    json!({
        "field": &*collection.field,
        "type": &*collection.type_name,
        "byPk": collection.keys.iter().find(|key| key.primary).map(|key| &*key.field),
        "aggregate": &*collection.generated.aggregate,
        "groups": collection.generated.folds.get(FoldType::Group).map(|_| &*collection.generated.groups),
        "connection": &*collection.generated.connection,
        "fields": fields,
        "links": links,
    })
}

fn link_entry(federated: &Federated, link: &Link) -> Value {
    let (from, to) = (&federated.collections[link.from], &federated.collections[link.to]);
    json!({
        "name": &*link.name,
        "columns": columns(from, &link.columns),
        "to": place(federated, link.to),
        "toColumns": columns(to, &link.to_columns),
        "many": link.many,
    })
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
    use crate::federate::fixture::{described, federated, link};

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
            {"name": "sales", "columns": ["AlbumId"], "to": "shop.my.sales", "toColumns": ["Album ID"], "many": true},
            {"name": "artist", "columns": ["ArtistId"], "to": "chinook.Artist", "toColumns": ["ArtistId"], "many": false},
        ]);
        let artist_links = json!([
            {"name": "album", "columns": ["ArtistId"], "to": "chinook.Album", "toColumns": ["ArtistId"], "many": true},
        ]);
        let sales_links = json!([
            {"name": "album", "columns": ["Album ID"], "to": "chinook.Album", "toColumns": ["AlbumId"], "many": false},
        ]);
        let expected = json!({
            "sources": {
                "chinook": {"field": "chinook", "type": "Chinook", "collections": {
                    "Album": {
                        "field": "album", "type": "ChinookAlbum", "byPk": "albumByPk",
                        "aggregate": "albumAggregate", "groups": "albumGroups", "connection": "albumConnection",
                        "fields": {"AlbumId": "albumId", "ArtistId": "artistId"}, "links": album_links,
                    },
                    "Artist": {
                        "field": "artist", "type": "ChinookArtist", "byPk": "artistByPk",
                        "aggregate": "artistAggregate", "groups": "artistGroups", "connection": "artistConnection",
                        "fields": {"ArtistId": "artistId"}, "links": artist_links,
                    },
                }},
                "shop": {"field": "shop", "type": "Shop", "collections": {
                    "my.sales": {
                        "field": "mySales", "type": "ShopMySales", "byPk": null,
                        "aggregate": "mySalesAggregate", "groups": "mySalesGroups", "connection": "mySalesConnection",
                        "fields": {"Album ID": "albumId"}, "links": sales_links,
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
    }
}
