//! What changed between two models, in GraphQL names: what `lilong describe` shows and `--check` judges.
//!
//! Things are matched by their names in the database, so that a new GraphQL name of an old thing is a rename.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use crate::federated::{Collection, Federated, Slice, TypeId};

/// One change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Whether a query that was valid may be invalid now, or be answered in another shape.
    pub breaking: bool,
    /// One line for people.
    pub text: String,
}

/// `breaking: removed civil.resident.age: CivilResident.age`
impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.breaking {
            f.write_str("breaking: ")?;
        }
        f.write_str(&self.text)
    }
}

/// A thing that has a GraphQL name.
#[derive(Clone, PartialEq, Eq)]
struct Named {
    /// `CivilResident.age`
    name: String,
    /// Its type and arguments; a type's own kind.
    shape: String,
}

/// What changed from `old` to `new`, sources first, each with what is in it.
pub fn compare(old: &Federated, new: &Federated) -> Vec<Change> {
    let (old, new) = (inventory(old), inventory(new));
    let mut changes = Vec::new();
    for (what, before) in &old {
        match new.get(what) {
            None => changes.push(Change {
                breaking: true,
                text: format!("removed {what}: {}", before.name),
            }),
            Some(after) => {
                if before.name != after.name {
                    let text = format!("renamed {what}: {} is now {}", before.name, after.name);
                    changes.push(Change { breaking: true, text });
                }
                if before.shape != after.shape {
                    let text = format!(
                        "retyped {what}: {} was {} and is now {}",
                        after.name, before.shape, after.shape
                    );
                    changes.push(Change {
                        breaking: !is_only_stricter(&before.shape, &after.shape),
                        text,
                    });
                }
            }
        }
    }
    for (what, after) in &new {
        if !old.contains_key(what) {
            changes.push(Change {
                breaking: false,
                text: format!("added {what}: {}", after.name),
            });
        }
    }
    changes
}

/// Whether an output is what it was, but never null any more.
fn is_only_stricter(before: &str, after: &str) -> bool {
    after.strip_suffix('!') == Some(before)
}

/// Everything that has a name, by what it is in its database.
fn inventory(model: &Federated) -> BTreeMap<String, Named> {
    let mut found = BTreeMap::new();
    let served = |source: &&crate::federated::Source| !source.collections.is_empty();
    for source in model.sources.iter().filter(served) {
        let mut add = |what: String, name: String, shape: String| found.insert(what, Named { name, shape });
        add(
            format!("source {}", source.name),
            format!("Query.{}", source.field),
            format!("{}!", source.type_name),
        );
        for id in source.collections.clone() {
            let collection = &model.collections[id];
            let original = format!("{}.{}", source.name, collection.described.name);
            let member = |field: &Arc<str>| format!("{}.{field}", source.type_name);
            add(
                original.clone(),
                member(&collection.field),
                format!("[{}!]", collection.type_name),
            );
            for key in &collection.keys {
                let columns = originals(collection, &key.columns).join(", ");
                let arguments: Vec<String> = key
                    .columns
                    .iter()
                    .filter_map(|column| collection.fields[*column].as_ref())
                    .map(|field| format!("{}: {}!", field.name, field.type_name))
                    .collect();
                let shape = format!("({}): {}", arguments.join(", "), collection.type_name);
                let kind = if key.primary { "primary key" } else { "key" };
                add(format!("{kind} {original}({columns})"), member(&key.field), shape);
            }
            for (described, field) in collection.described.fields.iter().zip(&collection.fields) {
                let Some(field) = field else { continue };
                let shape = format!("{}{}", field.type_name, if field.non_null { "!" } else { "" });
                let name = format!("{}.{}", collection.type_name, field.name);
                add(format!("{original}.{}", described.name), name, shape);
            }
            for link in collection.links.iter().map(|link| &model.links[*link]) {
                let target = &model.collections[link.to];
                let shape = if link.many {
                    format!("[{}!]", target.type_name)
                } else {
                    target.type_name.to_string()
                };
                let name = format!("{}.{}", collection.type_name, link.name);
                add(link_identity(model, link), name, shape);
            }
        }
    }
    for (id, enumeration) in model.enumerations.iter().enumerate() {
        let source = &model.sources[enumeration.source].name;
        let original = format!("{source}.{}", enumeration.described.name);
        let definition = model.definition(TypeId::Enumeration(id), &Slice::all());
        let crate::definition::TypeKind::Enum(values) = definition.kind else {
            continue;
        };
        for value in values {
            let name = format!("{}.{}", enumeration.type_name, value.name);
            found.insert(
                format!("enum {original}.{}", value.name),
                Named {
                    name,
                    shape: String::new(),
                },
            );
        }
    }
    found
}

/// A link is what joins the same columns in the same way; a second such link is told apart by its name.
fn link_identity(model: &Federated, link: &crate::federated::Link) -> String {
    let (from, to) = (&model.collections[link.from], &model.collections[link.to]);
    let end = |collection: &Collection, columns: &[usize]| {
        let source = &model.sources[collection.source].name;
        format!(
            "{source}.{}({})",
            collection.described.name,
            originals(collection, columns).join(", ")
        )
    };
    let same = |other: &&usize| {
        let other = &model.links[**other];
        (other.to, &other.columns, &other.to_columns) == (link.to, &link.columns, &link.to_columns)
    };
    let identity = format!("link {} → {}", end(from, &link.columns), end(to, &link.to_columns));
    if from.links.iter().filter(same).count() > 1 {
        format!("{identity} as {}", link.name)
    } else {
        identity
    }
}

fn originals<'a>(collection: &'a Collection, columns: &[usize]) -> Vec<&'a str> {
    columns
        .iter()
        .map(|column| collection.described.fields[*column].name.as_str())
        .collect()
}
