//! What changed between two models, in GraphQL names: what `lilong describe` shows and `--check` judges.
//!
//! Things are matched by what they are in their database, so that a new GraphQL name of an old thing is a rename.
//! What goes or comes with a whole source or collection is not told one by one.

mod generated;

use std::collections::BTreeMap;
use std::fmt;

use crate::federated::{Collection, Federated, Link, Source};

/// One change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Whether a query that was valid may be invalid now, or be answered in another shape.
    pub breaking: bool,
    /// One line for people.
    pub text: String,
}

/// `breaking: removed civil.resident.age (CivilResident.age)`
impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.breaking {
            f.write_str("breaking: ")?;
        }
        f.write_str(&self.text)
    }
}

/// A thing that has a GraphQL name.
struct Named {
    /// The thing it is part of, by what that is in its database.
    parent: Option<String>,
    /// `CivilResident`, the type it stands on.
    owner: String,
    /// `age`
    field: String,
    /// Its type and arguments.
    shape: String,
}

type Inventory = BTreeMap<String, Named>;

/// What changed from `old` to `new`: what went or is different, then what came, each by what it is.
pub fn compare(old: &Federated, new: &Federated) -> Vec<Change> {
    let models = (old, new);
    let (old, new) = (inventory(old), inventory(new));
    let mut changes = Vec::new();
    for (what, before) in &old {
        let Some(after) = new.get(what) else {
            if before.parent.as_ref().is_none_or(|parent| new.contains_key(parent)) {
                let text = format!("removed {what} ({}.{})", before.owner, before.field);
                changes.push(Change { breaking: true, text });
            }
            continue;
        };
        if before.field != after.field {
            let text = format!("renamed {what}: {}.{} is now {}", before.owner, before.field, after.field);
            changes.push(Change { breaking: true, text });
        }
        if before.shape != after.shape {
            let (was, is) = (&before.shape, &after.shape);
            // An output that is never null any more is what it was to every query.
            let breaking = is.strip_suffix('!') != Some(was);
            let text = format!("retyped {what} ({}.{}): {was} is now {is}", after.owner, after.field);
            changes.push(Change { breaking, text });
        }
    }
    changes.extend(generated::changes(models.0, models.1, |what| new.contains_key(what)));
    for (what, after) in &new {
        let with_parent = after.parent.as_ref().is_some_and(|parent| !old.contains_key(parent));
        if !old.contains_key(what) && !with_parent {
            let text = format!("added {what} ({}.{})", after.owner, after.field);
            changes.push(Change { breaking: false, text });
        }
    }
    changes
}

/// Everything that has a name, by what it is in its database.
fn inventory(model: &Federated) -> Inventory {
    let mut found = Inventory::new();
    for source in model.sources.iter().filter(|source| !source.collections.is_empty()) {
        let named = Named {
            parent: None,
            owner: "Query".to_owned(),
            field: source.field.to_string(),
            shape: source.type_name.to_string(),
        };
        found.insert(source_identity(source), named);
        for id in source.collections.clone() {
            add_collection(&mut found, model, source, &model.collections[id]);
        }
    }
    for enumeration in &model.enumerations {
        let source = &model.sources[enumeration.source];
        for value in &enumeration.described.values {
            let named = Named {
                parent: Some(source_identity(source)),
                owner: enumeration.type_name.to_string(),
                field: value.clone(),
                shape: String::new(),
            };
            found.insert(format!("enum value {}.{}.{value}", source.name, enumeration.described.name), named);
        }
    }
    found
}

fn add_collection(found: &mut Inventory, model: &Federated, source: &Source, collection: &Collection) {
    let original = format!("{}.{}", source.name, collection.described.name);
    let named = Named {
        parent: Some(source_identity(source)),
        owner: source.type_name.to_string(),
        field: collection.field.to_string(),
        shape: format!("[{}!]", collection.type_name),
    };
    found.insert(original.clone(), named);
    for key in &collection.keys {
        let served = key.columns.iter().filter_map(|column| collection.fields[*column].as_ref());
        let arguments: Vec<String> = served.map(|field| format!("{}: {}!", field.name, field.type_name)).collect();
        let named = Named {
            parent: Some(original.clone()),
            owner: source.type_name.to_string(),
            field: key.field.to_string(),
            shape: format!("({}): {}", arguments.join(", "), collection.type_name),
        };
        let kind = if key.primary { "primary key" } else { "key" };
        found.insert(format!("{kind} {}", end(model, collection, &key.columns)), named);
    }
    for (described, field) in collection.described.fields.iter().zip(&collection.fields) {
        let Some(field) = field else { continue };
        let named = Named {
            parent: Some(original.clone()),
            owner: collection.type_name.to_string(),
            field: field.name.to_string(),
            shape: format!("{}{}", field.type_name, if field.non_null { "!" } else { "" }),
        };
        found.insert(format!("{original}.{}", described.name), named);
    }
    for link in collection.links.iter().map(|link| &model.links[*link]) {
        let target = &model.collections[link.to].type_name;
        let named = Named {
            parent: Some(original.clone()),
            owner: collection.type_name.to_string(),
            field: link.name.to_string(),
            shape: if link.many { format!("[{target}!]") } else { target.to_string() },
        };
        found.insert(link_identity(model, link), named);
    }
}

fn source_identity(source: &Source) -> String {
    format!("source {}", source.name)
}

/// A link is what joins the same columns; several links that do are told apart by their names.
fn link_identity(model: &Federated, link: &Link) -> String {
    let (from, to) = (&model.collections[link.from], &model.collections[link.to]);
    let same = |other: &&usize| {
        let other = &model.links[**other];
        (other.to, &other.columns, &other.to_columns) == (link.to, &link.columns, &link.to_columns)
    };
    let identity = format!("link {} → {}", end(model, from, &link.columns), end(model, to, &link.to_columns));
    if from.links.iter().filter(same).count() > 1 { format!("{identity} as {}", link.name) } else { identity }
}

/// `civil.resident(id_card)`
fn end(model: &Federated, collection: &Collection, columns: &[usize]) -> String {
    let names: Vec<&str> = columns.iter().map(|id| collection.described.fields[*id].name.as_str()).collect();
    format!("{}.{}({})", model.sources[collection.source].name, collection.described.name, names.join(", "))
}

#[cfg(test)]
mod tests {
    use super::compare;
    use crate::federate::fixture::model;

    #[test]
    fn changes_are_told_by_database_names_and_breaking_ones_are_marked() {
        let civil = "civil.resident: id Int, name String, street_id Int; pk(id); fk(street_id) street(id)
                     civil.street: id Int, name String; pk(id)";
        let table = [
            (civil, civil, ""),
            (civil, "", "breaking: removed source civil (Query.civil)"),
            ("", civil, "added source civil (Query.civil)"),
            (
                "civil.resident: id Int, age Int, gone String; pk(id)",
                "civil.resident: id BigInt!, age Int, come String; pk(id); unique(age)",
                "breaking: retyped civil.resident.id (CivilResident.id): Int is now BigInt!
                 breaking: removed civil.resident.gone (CivilResident.gone)
                 breaking: retyped primary key civil.resident(id) (Civil.residentByPk): (id: Int!): CivilResident is now (id: BigInt!): CivilResident
                 added civil.resident.come (CivilResident.come)
                 added key civil.resident(age) (Civil.residentByAge)",
            ),
            (
                "civil.resident: id Int; pk(id)",
                "civil.resident: id Int!; pk(id)",
                "retyped civil.resident.id (CivilResident.id): Int is now Int!",
            ),
            (
                "civil.resident: A Int",
                "civil.resident: A Int, A  Int",
                "added civil.resident.A  (CivilResident.a_2)",
            ),
            (
                civil,
                "civil.resident: id Int, name String, street_id Int; pk(id); fk(street_id) street(id)
                 civil.street: id Int, name String
                 civil.house: id Int",
                "breaking: retyped link civil.resident(street_id) → civil.street(id) (CivilResident.street): CivilStreet is now [CivilStreet!]
                 breaking: removed primary key civil.street(id) (Civil.streetByPk)
                 added civil.house (Civil.house)",
            ),
            (
                "civil.resident: id Int; pk(id)",
                "civil.resident: id Int; pk(id)
                 civil.resident_groups: id Int; pk(id)",
                "breaking: renamed groups of civil.resident: Civil.residentGroups is now residentGroups_2
                 added civil.resident_groups (Civil.residentGroups)",
            ),
            (
                "civil.resident: id Int; pk(id)",
                "civil.resident: id Int; pk(id)
                 civil.resident_bool_exp: id Int; pk(id)",
                "breaking: renamed type BoolExp of civil.resident: CivilResidentBoolExp is now CivilResidentBoolExp_2
                 added civil.resident_bool_exp (Civil.residentBoolExp)",
            ),
            (
                "civil.resident: id Int; pk(id)
                 civil.dose: resident_id Int; fk(resident_id) resident(id)",
                "civil.resident: id Int, dose_aggregate Int; pk(id)
                 civil.dose: resident_id Int; fk(resident_id) resident(id)",
                "breaking: renamed aggregate of link civil.resident(id) → civil.dose(resident_id): CivilResident.doseAggregate is now doseAggregate_2
                 added civil.resident.dose_aggregate (CivilResident.doseAggregate)",
            ),
            (
                "civil.resident: a String",
                "civil.resident: a JSON",
                "breaking: retyped civil.resident.a (CivilResident.a): String is now JSON
                 breaking: removed groups of civil.resident (Civil.residentGroups)",
            ),
        ];
        for (old, new, expected) in table {
            let changes = compare(&model(old), &model(new));
            let mut lines: Vec<String> = changes.iter().map(ToString::to_string).collect();
            let mut expected: Vec<&str> = expected.lines().map(str::trim).collect();
            lines.sort();
            expected.sort_unstable();
            assert_eq!(lines, expected);
        }
    }

    #[test]
    fn a_new_name_of_an_old_thing_is_a_rename() {
        use crate::federate::fixture::{described, federated, rename};
        let (mut catalog, descriptions) = described("civil.resident: id Int, id_card String; pk(id)");
        let (old, _) = federated(&catalog, &descriptions);
        rename(&mut catalog, "civil", "resident", Some("id_card"), "card");
        rename(&mut catalog, "civil", "resident", None, "person");
        let (new, problems) = federated(&catalog, &descriptions);
        assert!(problems.is_empty());
        let lines: Vec<String> = compare(&old, &new).iter().map(ToString::to_string).collect();
        assert!(
            lines.contains(&"breaking: renamed civil.resident.id_card: CivilResident.idCard is now card".to_owned())
        );
        assert!(lines.contains(&"breaking: renamed civil.resident: Civil.resident is now person".to_owned()));
        assert!(lines.contains(
            &"breaking: retyped civil.resident (Civil.person): [CivilResident!] is now [CivilPerson!]".to_owned()
        ));
        assert!(!lines.iter().any(|line| line.contains("Aggregate") || line.contains("BoolExp")), "{lines:?}");
    }

    #[test]
    fn a_column_to_group_by_that_gives_way_is_a_rename() {
        use crate::federate::fixture::{described, federated, rename};
        let (mut catalog, descriptions) = described(
            "civil.t: id Int, x Int, street_id Int; pk(id); fk(street_id) street(id)
             civil.street: id Int, name String; pk(id)",
        );
        let (old, _) = federated(&catalog, &descriptions);
        rename(&mut catalog, "civil", "t", Some("x"), "street_name");
        let (new, _) = federated(&catalog, &descriptions);
        let lines: Vec<String> = compare(&old, &new).iter().map(ToString::to_string).collect();
        assert_eq!(
            lines,
            [
                "breaking: renamed civil.t.x: CivilT.x is now street_name",
                "breaking: renamed group column civil.street(name) of link civil.t(street_id) → civil.street(id): CivilTGroupBy.street_name is now street_name_2",
            ]
        );
    }
}
