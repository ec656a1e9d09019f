//! Names of what is generated: told where they change though what they are made of keeps its name.
//!
//! What comes is not told, since it comes with something that is; nor are types that go.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Change, end, link_identity};
use crate::federated::{Collection, Federated, FoldType, Slice, TypeId};

/// A generated thing that has a GraphQL name.
struct Generated {
    /// What a field is part of; `None` for what is only told if it is renamed.
    parent: Option<String>,
    /// `Civil.residentGroups`, or a type's name.
    place: String,
    /// `residentGroups`
    name: Arc<str>,
    /// What the name is made of: `resident`. Where that is renamed, the rest follows.
    base: Arc<str>,
}

type Inventory = BTreeMap<String, Generated>;

/// Generated names that went or are different; `is_kept`: whether that is in the new model too.
pub(super) fn changes(old: &Federated, new: &Federated, is_kept: impl Fn(&str) -> bool) -> Vec<Change> {
    let (old, new) = (inventory(old), inventory(new));
    let mut changes = Vec::new();
    for (what, before) in &old {
        let text = match new.get(what) {
            Some(after) if before.base == after.base && before.name != after.name => {
                format!("renamed {what}: {} is now {}", before.place, after.name)
            }
            None if before.parent.as_deref().is_some_and(&is_kept) => format!("removed {what} ({})", before.place),
            _ => continue,
        };
        changes.push(Change { breaking: true, text });
    }
    changes
}

fn inventory(model: &Federated) -> Inventory {
    let mut found = Inventory::new();
    for (id, collection) in model.collections.iter().enumerate() {
        add_members(&mut found, model, collection);
        add_link_fields(&mut found, model, collection);
        add_group_columns(&mut found, model, id);
    }
    add_types(&mut found, model);
    found
}

/// `residentAggregate`, `residentGroups`, `residentConnection`
fn add_members(found: &mut Inventory, model: &Federated, collection: &Collection) {
    let generated = &collection.generated;
    let groups = generated.folds.get(FoldType::Group).map(|_| &generated.groups);
    let members =
        [("aggregate", Some(&generated.aggregate)), ("groups", groups), ("connection", Some(&generated.connection))];
    let original = original(model, collection);
    for (kind, name) in members {
        let Some(name) = name else { continue };
        let one = Generated {
            parent: Some(original.clone()),
            place: format!("{}.{name}", model.sources[collection.source].type_name),
            name: name.clone(),
            base: collection.field.clone(),
        };
        found.insert(format!("{kind} of {original}"), one);
    }
}

/// `vaccinationsAggregate`, `vaccinationsConnection`
fn add_link_fields(found: &mut Inventory, model: &Federated, collection: &Collection) {
    for link in collection.links.iter().map(|link| &model.links[*link]) {
        let Some((aggregate, connection)) = &link.generated else { continue };
        let identity = link_identity(model, link);
        for (kind, name) in [("aggregate", aggregate), ("connection", connection)] {
            let one = Generated {
                parent: Some(identity.clone()),
                place: format!("{}.{name}", collection.type_name),
                name: name.clone(),
                base: link.name.clone(),
            };
            found.insert(format!("{kind} of {identity}"), one);
        }
    }
}

/// Columns of linked rows to group by.
fn add_group_columns(found: &mut Inventory, model: &Federated, id: usize) {
    let Some(group_by) = model.collections[id].generated.folds.get(FoldType::GroupBy) else { return };
    for (name, column) in model.group_columns(id, &Slice::all()) {
        let Some(link) = column.link.map(|link| &model.links[link]) else { continue };
        let target = end(model, &model.collections[link.to], &[column.field]);
        let one = Generated {
            parent: None,
            place: format!("{group_by}.{name}"),
            name,
            base: model.plain_group_column(column).into(),
        };
        found.insert(format!("group column {target} of {}", link_identity(model, link)), one);
    }
}

/// Types but those of sources and rows, whose names are told with the fields that have them.
fn add_types(found: &mut Inventory, model: &Federated) {
    let of_collection = |kind: &str, id: usize| {
        let collection = &model.collections[id];
        (format!("type {kind} of {}", original(model, collection)), &collection.type_name)
    };
    for (name, id) in &model.types {
        let (what, base) = match *id {
            TypeId::BoolExp(id) => of_collection("BoolExp", id),
            TypeId::OrderBy(id) => of_collection("OrderBy", id),
            TypeId::SelectColumn(id) => of_collection("SelectColumn", id),
            TypeId::Connection(id) => of_collection("Connection", id),
            TypeId::Edge(id) => of_collection("Edge", id),
            TypeId::Fold(id, kind) => of_collection(kind.suffix(), id),
            TypeId::Enumeration(id) => {
                let enumeration = &model.enumerations[id];
                let source = &model.sources[enumeration.source];
                (format!("enum {}.{}", source.name, enumeration.described.name), &source.type_name)
            }
            TypeId::EnumerationComparison(id) => {
                let enumeration = &model.enumerations[id];
                let source = &model.sources[enumeration.source];
                let what = format!("type ComparisonExp of enum {}.{}", source.name, enumeration.described.name);
                (what, &enumeration.type_name)
            }
            _ => continue,
        };
        let one = Generated { parent: None, place: name.to_string(), name: name.clone(), base: base.clone() };
        found.insert(what, one);
    }
}

fn original(model: &Federated, collection: &Collection) -> String {
    format!("{}.{}", model.sources[collection.source].name, collection.described.name)
}
