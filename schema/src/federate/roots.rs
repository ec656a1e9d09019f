//! The last pass: look-ups by name.

use std::sync::atomic::{AtomicU64, Ordering};

use super::draft::Draft;
use crate::federated::{FoldType, Member, Root, Slice, SourceMember};

/// Fills the maps from names, and gives the model its version.
pub(super) fn index_names(draft: &mut Draft<'_>) {
    static VERSIONS: AtomicU64 = AtomicU64::new(1);
    let model = &mut draft.model;
    model.version = VERSIONS.fetch_add(1, Ordering::Relaxed);
    for (id, source) in model.sources.iter_mut().enumerate() {
        if !source.collections.is_empty() && source.union.is_none() {
            model.roots.insert(source.field.clone(), Root::Source(id));
        }
    }
    for (id, collection) in model.collections.iter_mut().enumerate() {
        let members = &mut model.sources[collection.source].members;
        members.insert(collection.field.clone(), SourceMember::List(id));
        members.insert(collection.generated.connection.clone(), SourceMember::Connection(id));
        members.extend(
            collection.keys.iter().enumerate().map(|(key, named)| (named.field.clone(), SourceMember::ByKey(id, key))),
        );
        members.insert(collection.generated.aggregate.clone(), SourceMember::Aggregate(id));
        if collection.generated.folds.get(FoldType::Group).is_some() {
            members.insert(collection.generated.groups.clone(), SourceMember::Groups(id));
        }
        let fields = collection.fields.iter().enumerate();
        let fields = fields.filter_map(|(field, name)| Some((name.as_ref()?.name.clone(), Member::Field(field))));
        let links = collection.links.iter().map(|link| (model.links[*link].name.clone(), Member::Link(*link)));
        let aggregates = collection.links.iter().filter_map(|link| {
            let (name, _) = model.links[*link].generated.as_ref()?;
            Some((name.clone(), Member::Aggregate(*link)))
        });
        collection.members = fields.chain(links).chain(aggregates).collect();
        let lists = collection.links.iter().filter_map(|id| Some((*id, model.links[*id].generated.as_ref()?)));
        collection.connections = lists.map(|(link, (_, connection))| (connection.clone(), link)).collect();
    }
    for (id, source) in model.sources.iter().enumerate().filter(|(_, source)| source.union.is_some()) {
        model.roots.extend(source.members.keys().map(|field| (field.clone(), Root::Union(id))));
    }
    model.types = model.type_ids(&Slice::all()).into_iter().map(|id| (model.type_name(id), id)).collect();
}
