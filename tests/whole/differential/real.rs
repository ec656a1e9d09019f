//! Databases that are asked about, and those among them that others made: their tables as the generator wants them.
//!
//! In: a SQLite file. Out: its tables with keys and foreign keys as SQLite tells them, scalars as lilong does. *Invariant*:
//! what engines may rightly answer differently (texts in an order of their own, values of several storage classes) is
//! read at most.

use std::path::{Path, PathBuf};

use lilong::Gateway;
use lilong_schema::{Scalar, Slice};
use lilong_tests::serve;
use rusqlite::Connection;
use serde_json::Value;

use super::databases::{Column, Database, Foreign, Role, Table, quoted};

/// A database that is asked about: its tables, and the undivided file.
pub(crate) struct Original {
    pub(crate) database: Database,
    pub(crate) path: PathBuf,
    _folder: tempfile::TempDir,
}

impl Original {
    /// A generated one.
    pub(crate) fn generated(database: Database) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("original.sqlite");
        database.write_whole(&path);
        Self { database, path, _folder: folder }
    }

    /// One of `shared/data/sqlite`.
    pub(crate) async fn real(name: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("original.sqlite");
        std::fs::write(&path, std::fs::read(files().join(format!("{name}.sqlite"))).unwrap()).unwrap();
        let catalog = "[[source]]\nname = \"s\"\nconnector = \"sqlite\"\npath = \"original.sqlite\"\n";
        std::fs::write(folder.path().join("lilong.toml"), catalog).unwrap();
        let database = read(&path, &serve(folder.path()).await);
        Self { database, path, _folder: folder }
    }
}

/// The folder of databases that others made; it may not be there.
pub(crate) fn files() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/sqlite")
}

/// The tables of a file that a gateway serves as its only source.
pub(crate) fn read(path: &Path, gateway: &Gateway) -> Database {
    let connection = Connection::open_with_flags(path, rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let model = gateway.model();
    let names = lilong_schema::names::names(&model.federated, &Slice::all());
    // Virtual tables and those they keep their data in are no tables to copy.
    let virtual_tables = texts(&connection, "SELECT name FROM sqlite_schema WHERE sql LIKE 'CREATE VIRTUAL%'");
    let names_of_tables = texts(
        &connection,
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name",
    );
    let mut tables = Vec::new();
    for name in names_of_tables {
        if virtual_tables.iter().any(|other| name.starts_with(*other)) {
            continue;
        }
        let served = model.federated.collections.iter().find(|collection| collection.described.name == name);
        let columns = served.map_or(vec![], |served| columns(&connection, name, &served.described));
        tables.push(Table { name, columns, ..Table::default() });
    }
    tables.retain(|table| !table.columns.is_empty());
    for table in &mut tables {
        let key = texts(
            &connection,
            &format!("SELECT name FROM pragma_table_info({}) WHERE pk > 0 ORDER BY pk", quoted(table.name)),
        );
        table.key = key.iter().map(|name| position(table, name).unwrap()).collect();
        table.is_keyless = table.key.is_empty();
        let is_plain = |column: &Column| column.role == Role::Plain;
        table.is_asked = if table.is_keyless {
            table.columns.iter().all(is_plain)
        } else {
            table.key.iter().all(|column| is_plain(&table.columns[*column]))
        };
    }
    for at in 0..tables.len() {
        tables[at].foreign = foreign(&connection, &tables, at, &names);
    }
    Database { tables }
}

fn texts(connection: &Connection, sql: &str) -> Vec<&'static str> {
    let mut statement = connection.prepare(sql).unwrap();
    let found = statement.query_map([], |row| row.get(0)).unwrap().collect::<Result<Vec<String>, _>>().unwrap();
    // Names live as long as the program.
    found.into_iter().map(|text| -> &'static str { text.leak() }).collect()
}

fn position(table: &Table, name: &str) -> Option<usize> {
    table.columns.iter().position(|column| column.name.eq_ignore_ascii_case(name))
}

fn columns(connection: &Connection, table: &str, described: &lilong_schema::Collection) -> Vec<Column> {
    let declared: String = connection
        .query_row("SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = ?", [table], |row| row.get(0))
        .unwrap();
    let has_collations = declared.to_lowercase().contains("collate");
    let mut columns = Vec::new();
    for name in texts(connection, &format!("SELECT name FROM pragma_table_info({}) ORDER BY cid", quoted(table))) {
        let Some(field) = described.field_id(name).map(|id| &described.fields[id]) else {
            columns.push(Column::new(name, "", Scalar::Bytes, Role::Hidden));
            continue;
        };
        let column = quoted(name);
        let kinds = texts(connection, &format!("SELECT DISTINCT typeof({column}) FROM {}", quoted(table)));
        // What not every engine can hold.
        let odd = format!(
            "SELECT COUNT(*) FROM {} WHERE {column} IN (9e999, -9e999) OR instr({column}, char(0)) > 0",
            quoted(table)
        );
        let odd: i64 = connection.query_row(&odd, [], |row| row.get(0)).unwrap();
        let role = match field.scalar {
            _ if odd > 0 || kinds.contains(&"blob") => Role::Hidden,
            Scalar::Bytes | Scalar::Json | Scalar::Uuid | Scalar::Enum => Role::Hidden,
            Scalar::String if has_collations || kinds.iter().any(|kind| !["text", "null"].contains(kind)) => {
                Role::Shown
            }
            _ => Role::Plain,
        };
        let declared = field.native.clone().leak();
        columns.push(Column::new(name, declared, field.scalar, role));
    }
    columns
}

/// The foreign keys of a table that lead somewhere.
fn foreign(connection: &Connection, tables: &[Table], at: usize, names: &Value) -> Vec<Foreign> {
    let table = &tables[at];
    let mut statement = connection
        .prepare(&format!(
            "SELECT id, \"table\", \"from\", \"to\" FROM pragma_foreign_key_list({}) ORDER BY id, seq",
            quoted(table.name)
        ))
        .unwrap();
    let pairs = statement
        .query_map([], |row| {
            Ok((
                row.get::<_, i64>(0)?,
                row.get::<_, String>(1)?,
                row.get::<_, String>(2)?,
                row.get::<_, Option<String>>(3)?,
            ))
        })
        .unwrap()
        .collect::<Result<Vec<_>, _>>()
        .unwrap();
    let mut keys: Vec<Foreign> = Vec::new();
    for group in pairs.chunk_by(|one, other| one.0 == other.0) {
        let Some(to) = tables.iter().position(|other| other.name.eq_ignore_ascii_case(&group[0].1)) else {
            continue;
        };
        let columns: Option<Vec<_>> = group.iter().map(|pair| position(table, &pair.2)).collect();
        let references: Option<Vec<_>> = match group.iter().map(|pair| pair.3.as_deref()).collect::<Option<Vec<_>>>() {
            Some(names) => names.into_iter().map(|name| position(&tables[to], name)).collect(),
            None => (tables[to].key.len() == group.len()).then(|| tables[to].key.clone()),
        };
        let Some((columns, references)) = columns.zip(references) else {
            continue;
        };
        // The same key twice is one link.
        if keys.iter().any(|key| key.columns == columns && key.table == to && key.references == references) {
            continue;
        }
        // No key is made of these.
        let is_none = |column: &Column| column.scalar == Scalar::Float || column.role == Role::Hidden;
        if columns.iter().any(|column| is_none(&table.columns[*column]))
            || references.iter().any(|column| is_none(&tables[to].columns[*column]))
        {
            continue;
        }
        let many = many(names, table, &columns, &tables[to], &references);
        let unique = !self::many(names, &tables[to], &references, table, &columns);
        keys.push(Foreign { columns, table: to, references, unique, many });
    }
    keys
}

/// Whether the link is served as a list.
fn many(names: &Value, from: &Table, columns: &[usize], to: &Table, references: &[usize]) -> bool {
    let source = names["sources"].as_object().unwrap().values().next().unwrap();
    let mut wanted: Vec<(&str, &str)> = (columns.iter().zip(references))
        .map(|(one, other)| (from.columns[*one].name, to.columns[*other].name))
        .collect();
    wanted.sort_unstable();
    let links = source["collections"][from.name]["links"].as_array().unwrap();
    let link = links.iter().find(|link| {
        let texts =
            |key: &str| link[key].as_array().unwrap().iter().map(|text| text.as_str().unwrap()).collect::<Vec<_>>();
        let mut on = texts("columns").into_iter().zip(texts("toColumns")).collect::<Vec<_>>();
        on.sort_unstable();
        on == wanted && link["to"].as_str().unwrap().split_once('.').unwrap().1 == to.name
    });
    link.unwrap_or_else(|| panic!("{}: no link {wanted:?} to {}", from.name, to.name))["many"].as_bool().unwrap()
}
