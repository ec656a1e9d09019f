//! What a gateway calls tables, columns and links.
//!
//! In: the names that `lilong schema --names` prints. *Invariant*: a table is looked for under its own name among the
//! collections, or as union `t0`, `t1` … by its position.

use std::collections::HashMap;

use lilong::Gateway;
use lilong_schema::{Federated, Slice};
use serde_json::Value;

use super::databases::{Database, Table};
use super::question::Relation;

/// The names of a database's tables; whatever else is served is not asked for.
pub(crate) struct Names {
    /// By position: the field of its source, if it lives in one, and its entry.
    tables: HashMap<usize, (Option<String>, Value)>,
}

/// The name of the union that a table's rows are dealt to.
pub(crate) fn union_name(table: usize) -> String {
    format!("t{table}")
}

/// The name of the source of a union's member.
pub(crate) fn member_name(member: usize) -> String {
    format!("part{member}")
}

impl Names {
    pub(crate) fn new(database: &Database, gateway: &Gateway) -> Self {
        Self::of(database, gateway, |_| true)
    }

    /// Those of some sources.
    pub(crate) fn of(database: &Database, gateway: &Gateway, wanted: impl Fn(&str) -> bool) -> Self {
        let model = gateway.model();
        let names = lilong_schema::names::names(&model.federated, &Slice::all());
        let mut tables = HashMap::new();
        for (_, source) in names["sources"].as_object().unwrap().iter().filter(|(name, _)| wanted(name)) {
            for (table, collection) in source["collections"].as_object().unwrap() {
                if let Some(at) = database.tables.iter().position(|other| other.name == table) {
                    tables.insert(at, (Some(source["field"].as_str().unwrap().to_owned()), collection.clone()));
                }
            }
        }
        for at in 0..database.tables.len() {
            if let Some(union) = names["unions"].get(union_name(at)) {
                let mut union = union.clone();
                union["byPk"] = declared_key(&model.federated, &database.tables[at], &union_name(at)).into();
                tables.insert(at, (None, union));
            }
        }
        Self { tables }
    }

    /// The field of the source that a table lives in; `None`: it is a union's.
    pub(crate) fn source(&self, table: usize) -> Option<&str> {
        self.tables[&table].0.as_deref()
    }

    /// The name of one of a table's fields: `field`, `aggregate`, `groups`, `connection`, `byPk`.
    pub(crate) fn field(&self, table: usize, kind: &str) -> &str {
        self.tables[&table].1[kind].as_str().unwrap_or_else(|| panic!("table {table} has no {kind}"))
    }

    pub(crate) fn column(&self, database: &Database, table: usize, column: usize) -> &str {
        self.tables[&table].1["fields"][database.tables[table].columns[column].name].as_str().unwrap()
    }

    pub(crate) fn link(&self, database: &Database, relation: &Relation) -> &str {
        self.found(database, relation)["name"].as_str().unwrap()
    }

    fn found(&self, database: &Database, relation: &Relation) -> &Value {
        let (from, to) = (&database.tables[relation.from], &database.tables[relation.to]);
        let mut wanted = relation
            .on
            .iter()
            .map(|(one, other)| (from.columns[*one].name, to.columns[*other].name))
            .collect::<Vec<_>>();
        wanted.sort_unstable();
        let links = self.tables[&relation.from].1["links"].as_array().unwrap();
        let found = links.iter().find(|link| {
            let texts =
                |key: &str| link[key].as_array().unwrap().iter().map(|text| text.as_str().unwrap()).collect::<Vec<_>>();
            let mut on = texts("columns").into_iter().zip(texts("toColumns")).collect::<Vec<_>>();
            on.sort_unstable();
            let place = link["to"].as_str().unwrap();
            on == wanted && place.split_once('.').map_or(place == union_name(relation.to), |(_, name)| name == to.name)
        });
        found.unwrap_or_else(|| panic!("no link {wanted:?} from {} to {} in {links:?}", from.name, to.name))
    }

    /// Takes over which links are served as lists: that depends on what the sources say is unique.
    pub(crate) fn tell(&self, database: &mut Database) {
        let all = |database: &Database| {
            let keys = |(from, table): (usize, &Table)| {
                (0..table.foreign.len()).map(move |index| (from, index)).collect::<Vec<_>>()
            };
            database.tables.iter().enumerate().flat_map(keys).collect::<Vec<_>>()
        };
        for (from, index) in all(database) {
            let key = &database.tables[from].foreign[index];
            let on = key.columns.iter().copied().zip(key.references.iter().copied()).collect::<Vec<_>>();
            let to = key.table;
            if !(self.tables.contains_key(&from) && self.tables.contains_key(&to)) {
                continue;
            }
            let back = on.iter().map(|(one, other)| (*other, *one)).collect();
            let many = |relation| self.found(database, &relation)["many"].as_bool().unwrap();
            let (there, back) = (
                many(Relation { from, to, on, many: false }),
                many(Relation { from: to, to: from, on: back, many: false }),
            );
            let key = &mut database.tables[from].foreign[index];
            (key.many, key.unique) = (there, !back);
        }
    }
}

/// The field that finds a union's row by the key that its catalog declares: no member can know it.
fn declared_key(federated: &Federated, table: &Table, union: &str) -> Option<String> {
    let source = federated.sources.iter().find(|source| *source.name == *union)?;
    let collection = &federated.collections[source.collections.start];
    let columns = table.key.iter().map(|column| collection.described.field_id(table.columns[*column].name));
    let columns = columns.collect::<Option<Vec<_>>>()?;
    let key = collection.keys.iter().find(|key| !columns.is_empty() && key.columns == columns)?;
    Some(key.field.to_string())
}
