//! Copies of a SQLite database: whole in one engine, split by tables over several silos, or each table's rows dealt to
//! the members of a union.
//!
//! In: a file and its tables. Out: silos and the catalog that serves them. *Invariant*: the same values of the same
//! scalars, texts ordered by code point, keys and unique constraints kept; a foreign key that the engine would refuse, or
//! that crosses silos, is a `[[link]]`.

use std::fmt::Write;
use std::path::Path;

use lilong_schema::Scalar;
use lilong_tests::engine::{Engine, Silo};
use rusqlite::Connection;
use rusqlite::types::Value as Cell;

use crate::differential::databases::{Column, Database, Foreign, Role, Table, quoted};
use crate::differential::dealing::{constants, is_known};
use crate::differential::names::{member_name, union_name};

/// The longest text of a column that is a `VARCHAR`.
const SHORT: i64 = 250;

/// That of a debug build on a busy machine.
const PATIENCE: &str = "[server.limits]\ndeadline = \"60s\"\n\n";

/// How a copy's texts compare at the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Texts {
    /// By code point, on every engine alike.
    Exact,
    /// Case and accents are nothing, trailing spaces neither where the engine has it so; but in keys.
    Blind,
}

/// A catalog over copies; the silos live as long as it.
pub(crate) struct Copy {
    pub(crate) folder: tempfile::TempDir,
    _silos: Vec<Silo>,
}

/// The file itself, as a source `s`.
pub(crate) fn linked(path: &Path) -> Copy {
    let folder = tempfile::tempdir().unwrap();
    let silo = Silo::file(path);
    std::fs::write(folder.path().join("lilong.toml"), format!("{PATIENCE}{}", silo.source("s"))).unwrap();
    Copy { folder, _silos: vec![silo] }
}

/// All tables in one engine.
pub(crate) async fn whole(engine: Engine, texts: Texts, database: &Database, path: &Path) -> Copy {
    spread(&[engine], texts, database, path, &vec![0; database.tables.len()]).await
}

/// Each table in one of three engines, so that every link leads from one into another, but for those of a table to itself;
/// `None`: three are too few for that.
pub(crate) async fn split(engines: [Engine; 3], database: &Database, path: &Path) -> Option<Copy> {
    let mut parts = vec![0; database.tables.len()];
    if !color(database, 0, &mut parts) {
        return None;
    }
    Some(spread(&engines, Texts::Exact, database, path, &parts).await)
}

/// Each table in a SQLite file of its own, so that every link crosses sources but that of a table to itself.
pub(crate) async fn apart(database: &Database, path: &Path) -> Copy {
    let parts = (0..database.tables.len()).collect::<Vec<_>>();
    spread(&vec![Engine::Sqlite; parts.len()], Texts::Exact, database, path, &parts).await
}

/// The rows of each table dealt to as many members of a union as there are engines; every link is one between unions.
pub(crate) async fn dealt(engines: &[Engine], database: &Database, path: &Path) -> Copy {
    let folder = tempfile::tempdir().unwrap();
    let connection = Connection::open_with_flags(path, rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let mut catalog = PATIENCE.to_owned();
    let mut silos = Vec::new();
    let tables = || database.tables.iter().enumerate().filter(|(_, table)| !table.columns.is_empty());
    for (part, engine) in engines.iter().enumerate() {
        let silo = engine.silo(folder.path(), &member_name(part)).await;
        let mut statements = Vec::new();
        for (_, table) in tables() {
            statements.push(create(*engine, Texts::Exact, &connection, table));
            fill(*engine, &connection, table, path, Some(part), &mut statements);
            for column in table.columns.iter().filter(|column| is_known(column, part)) {
                let (table, column) = (engine.quote(table.name), engine.quote(column.name));
                statements.push(format!("ALTER TABLE {table} DROP COLUMN {column}"));
            }
        }
        silo.run(&statements).await;
        catalog.push_str(&silo.source(&member_name(part)));
        if *engine == Engine::Sqlite {
            types(&mut catalog, database, part);
        }
        silos.push(silo);
    }
    for (at, table) in tables() {
        let members = (0..engines.len()).map(|part| place(&member_name(part), table)).collect::<Vec<_>>();
        let key = table.key.iter().map(|column| table.columns[*column].name).collect::<Vec<_>>();
        let key = if key.is_empty() { String::new() } else { format!("key = {}\n", written(key)) };
        writeln!(catalog, "[[union]]\nname = \"{}\"\nmembers = {}\n{key}", union_name(at), written(members.clone()))
            .unwrap();
        catalog.push_str(&constants(table, &members));
    }
    for (at, table) in tables() {
        for (index, key) in table.foreign.iter().enumerate() {
            let to = &database.tables[key.table];
            let (from, to) =
                (ended(&union_name(at), table, &key.columns), ended(&union_name(key.table), to, &key.references));
            write_link(&mut catalog, at, index, &from, &to);
        }
    }
    std::fs::write(folder.path().join("lilong.toml"), catalog).unwrap();
    Copy { folder, _silos: silos }
}

/// Gives each table a part that no table linked with it has. The first tables begin with different parts.
fn color(database: &Database, at: usize, parts: &mut [usize]) -> bool {
    if at == database.tables.len() {
        return true;
    }
    let linked = |one: usize, other: usize| database.tables[one].foreign.iter().any(|key| key.table == other);
    for step in 0..3 {
        let part = (at + step) % 3;
        if (0..at).all(|other| parts[other] != part || !(linked(at, other) || linked(other, at))) {
            parts[at] = part;
            if color(database, at + 1, parts) {
                return true;
            }
        }
    }
    false
}

async fn spread(engines: &[Engine], texts: Texts, database: &Database, path: &Path, parts: &[usize]) -> Copy {
    let folder = tempfile::tempdir().unwrap();
    let connection = Connection::open_with_flags(path, rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let mut catalog = PATIENCE.to_owned();
    let mut silos = Vec::new();
    for (part, engine) in engines.iter().enumerate() {
        let silo = engine.silo(folder.path(), &format!("part{part}")).await;
        let here = |table: &usize| parts[*table] == part && !database.tables[*table].columns.is_empty();
        let mut statements = Vec::new();
        if *engine == Engine::Postgres && texts == Texts::Blind {
            let collation = "provider = icu, locale = 'und-u-ks-level1', deterministic = false";
            statements.push(format!("CREATE COLLATION blind ({collation})"));
        }
        for at in (0..database.tables.len()).filter(here) {
            let table = &database.tables[at];
            statements.push(create(*engine, texts, &connection, table));
            fill(*engine, &connection, table, path, None, &mut statements);
        }
        for at in (0..database.tables.len()).filter(here) {
            for key in &database.tables[at].foreign {
                // SQLite has no way to declare one afterwards: there they stand in the table's own text.
                let is_added = *engine != Engine::Sqlite;
                if is_added && here(&key.table) && is_declared(*engine, texts, &connection, database, at, key) {
                    statements.push(declare(*engine, database, at, key));
                }
            }
        }
        silo.run(&statements).await;
        catalog.push_str(&silo.source(&format!("part{part}")));
        silos.push(silo);
    }
    for (at, table) in database.tables.iter().enumerate() {
        for (index, key) in table.foreign.iter().enumerate() {
            let inside = parts[at] == parts[key.table];
            if !(inside && is_declared(engines[parts[at]], texts, &connection, database, at, key)) {
                let end = |at: usize, columns: &[usize]| {
                    let table = &database.tables[at];
                    ended(&place(&format!("part{}", parts[at]), table), table, columns)
                };
                write_link(&mut catalog, at, index, &end(at, &key.columns), &end(key.table, &key.references));
            }
        }
    }
    std::fs::write(folder.path().join("lilong.toml"), catalog).unwrap();
    Copy { folder, _silos: silos }
}

/// What SQLite tells by the values that it finds, which are not the same in each part.
fn types(catalog: &mut String, database: &Database, part: usize) {
    writeln!(catalog, "[source.types]").unwrap();
    for table in &database.tables {
        for column in table.columns.iter().filter(|column| column.role != Role::Hidden && !is_known(column, part)) {
            let name = written(format!("{}.{}", quoted(table.name), quoted(column.name)));
            writeln!(catalog, "{name} = \"{:?}\"", column.scalar).unwrap();
        }
    }
    catalog.push('\n');
}

/// A table as the catalog names it.
fn place(source: &str, table: &Table) -> String {
    format!("{source}.{}", quoted(table.name))
}

/// An end of a link as the catalog writes it.
fn ended(place: &str, table: &Table, columns: &[usize]) -> String {
    let columns = columns.iter().map(|column| quoted(table.columns[*column].name)).collect::<Vec<_>>();
    written(format!("{place}({})", columns.join(", ")))
}

/// What JSON and TOML write alike: a text, or some.
fn written(value: impl Into<serde_json::Value>) -> String {
    value.into().to_string()
}

fn write_link(catalog: &mut String, at: usize, index: usize, from: &str, to: &str) {
    let names = format!("name = \"to{at}x{index}\"\nback = \"from{at}x{index}\"");
    writeln!(catalog, "[[link]]\nfrom = {from}\nto = {to}\n{names}\n").unwrap();
}

/// Unique constraints of a table: positions of columns.
fn unique(connection: &Connection, table: &Table) -> Vec<Vec<usize>> {
    let sql = "SELECT l.name, i.name FROM pragma_index_list(?1) l JOIN pragma_index_info(l.name) i \
        WHERE l.\"unique\" AND l.origin = 'u' AND NOT l.partial ORDER BY l.seq, i.seqno";
    let mut statement = connection.prepare(sql).unwrap();
    let found = statement
        .query_map([table.name], |row| Ok((row.get::<_, String>(0)?, row.get::<_, Option<String>>(1)?)))
        .unwrap()
        .collect::<Result<Vec<_>, _>>()
        .unwrap();
    let position = |name: &Option<String>| table.columns.iter().position(|column| Some(column.name) == name.as_deref());
    found
        .chunk_by(|one, other| one.0 == other.0)
        .filter_map(|group| group.iter().map(|(_, column)| position(column)).collect::<Option<Vec<_>>>())
        .collect()
}

/// Whether an engine takes the foreign key: types are alike and what it refers to is a key, in this order.
fn is_declared(
    engine: Engine,
    texts: Texts,
    connection: &Connection,
    database: &Database,
    at: usize,
    key: &Foreign,
) -> bool {
    let (from, to) = (&database.tables[at], &database.tables[key.table]);
    let alike = key.columns.iter().zip(&key.references).all(|(one, other)| {
        let (one, other) = (&from.columns[*one], &to.columns[*other]);
        // Texts may be in different collations.
        let is_text = texts == Texts::Blind && one.scalar == Scalar::String;
        one.scalar == other.scalar && one.role == Role::Plain && other.role == Role::Plain && !is_text
    });
    engine == Engine::Sqlite || alike && (to.key == key.references || unique(connection, to).contains(&key.references))
}

fn declare(engine: Engine, database: &Database, at: usize, key: &Foreign) -> String {
    let (from, to) = (&database.tables[at], &database.tables[key.table]);
    // Keys may dangle, as in life.
    let after = if engine == Engine::Postgres { " NOT VALID" } else { "" };
    format!(
        "ALTER TABLE {} ADD FOREIGN KEY ({}) REFERENCES {} ({}){after}",
        engine.quote(from.name),
        listed(engine, from, &key.columns),
        engine.quote(to.name),
        listed(engine, to, &key.references)
    )
}

fn listed(engine: Engine, table: &Table, columns: &[usize]) -> String {
    columns.iter().map(|column| engine.quote(table.columns[*column].name)).collect::<Vec<_>>().join(", ")
}

fn create(engine: Engine, texts: Texts, connection: &Connection, table: &Table) -> String {
    if engine == Engine::Sqlite {
        // Foreign keys to tables and rows that are not there lead nowhere.
        let sql = "SELECT 'PRAGMA foreign_keys = OFF; ' || sql FROM sqlite_schema WHERE type = 'table' AND name = ?";
        return connection.query_row(sql, [table.name], |row| row.get(0)).unwrap();
    }
    let unique = unique(connection, table);
    let mut parts: Vec<String> = table
        .columns
        .iter()
        .enumerate()
        .map(|(at, column)| {
            let required = if table.key.contains(&at) { " NOT NULL" } else { "" };
            let is_key = table.key.contains(&at) || unique.iter().any(|columns| columns.contains(&at));
            let texts = if is_key { Texts::Exact } else { texts };
            format!("{} {}{required}", engine.quote(column.name), type_of(engine, texts, connection, table, column))
        })
        .collect();
    if !table.key.is_empty() {
        parts.push(format!("PRIMARY KEY ({})", listed(engine, table, &table.key)));
    }
    for columns in unique {
        if columns.iter().all(|column| table.columns[*column].role != Role::Hidden) {
            parts.push(format!("UNIQUE ({})", listed(engine, table, &columns)));
        }
    }
    let before = if engine == Engine::MariaDb { "SET foreign_key_checks = 0; " } else { "" };
    format!("{before}CREATE TABLE {} ({})", engine.quote(table.name), parts.join(", "))
}

fn type_of(engine: Engine, texts: Texts, connection: &Connection, table: &Table, column: &Column) -> String {
    let is_postgres = engine == Engine::Postgres;
    let name = match column.scalar {
        Scalar::Int | Scalar::BigInt => "BIGINT",
        Scalar::Float if is_postgres => "DOUBLE PRECISION",
        Scalar::Float => "DOUBLE",
        Scalar::Decimal if is_postgres => "NUMERIC",
        Scalar::Decimal => "DECIMAL(65, 20)",
        Scalar::Boolean if is_postgres => "BOOLEAN",
        Scalar::Boolean => "TINYINT(1)",
        Scalar::Date => "DATE",
        Scalar::Time => "TIME(6)",
        Scalar::LocalDateTime if is_postgres => "TIMESTAMP",
        Scalar::LocalDateTime => "DATETIME(6)",
        Scalar::Bytes if is_postgres => "BYTEA",
        Scalar::Bytes => "LONGBLOB",
        Scalar::DateTime if is_postgres => "TIMESTAMPTZ",
        Scalar::DateTime => "TIMESTAMP(6)",
        _ if is_postgres && texts == Texts::Blind => "TEXT COLLATE blind",
        _ if is_postgres => "TEXT COLLATE \"C\"",
        _ => {
            let sql = format!("SELECT MAX(LENGTH({})) FROM {}", quoted(column.name), quoted(table.name));
            let longest: Option<i64> = connection.query_row(&sql, [], |row| row.get(0)).unwrap();
            let is_short = longest.unwrap_or(0) <= SHORT && table.columns.len() < 40;
            let collation = if texts == Texts::Blind { " COLLATE utf8mb4_general_ci" } else { "" };
            return format!("{}{collation}", if is_short { "VARCHAR(250)" } else { "LONGTEXT" });
        }
    };
    name.to_owned()
}

/// Copies the rows of a table, or those that were dealt to a part.
fn fill(
    engine: Engine,
    connection: &Connection,
    table: &Table,
    path: &Path,
    part: Option<usize>,
    statements: &mut Vec<String>,
) {
    let from = |name: &str| match part {
        None => name.to_owned(),
        Some(part) => format!("{name} WHERE _source = '{}'", member_name(part)),
    };
    let names = table.columns.iter().map(|column| quoted(column.name)).collect::<Vec<_>>().join(", ");
    if engine == Engine::Sqlite {
        let path = path.to_str().unwrap().replace('\'', "''");
        statements.push(format!(
            "ATTACH '{path}' AS original; INSERT INTO main.{} ({names}) SELECT {names} FROM {}; DETACH original",
            quoted(table.name),
            from(&format!("original.{}", quoted(table.name)))
        ));
        return;
    }
    let read = table.columns.iter().map(|column| match column.role {
        Role::Hidden => "NULL".to_owned(),
        Role::Shown if column.scalar == Scalar::String => format!("CAST({} AS TEXT)", quoted(column.name)),
        Role::Plain | Role::Shown => quoted(column.name),
    });
    let sql = format!("SELECT {} FROM {}", read.collect::<Vec<_>>().join(", "), from(&quoted(table.name)));
    let mut statement = connection.prepare(&sql).unwrap();
    let mut found = statement.query([]).unwrap();
    let mut rows = Vec::new();
    while let Some(row) = found.next().unwrap() {
        let cells = table.columns.iter().enumerate().map(|(at, column)| {
            let cell: Cell = row.get_unwrap(at);
            literal(engine, column.scalar, &cell)
        });
        rows.push(format!("({})", cells.collect::<Vec<_>>().join(", ")));
    }
    for rows in rows.chunks(1_000) {
        statements.push(format!("INSERT INTO {} VALUES {}", engine.quote(table.name), rows.join(", ")));
    }
}

fn literal(engine: Engine, scalar: Scalar, cell: &Cell) -> String {
    match cell {
        Cell::Null => "NULL".to_owned(),
        // Of no type: PostgreSQL takes that of the column.
        Cell::Integer(number) => format!("'{number}'"),
        Cell::Real(number) if scalar == Scalar::Decimal => format!("'{number}'"),
        Cell::Real(number) => format!("'{number:?}'"),
        Cell::Text(text) if scalar == Scalar::DateTime && engine == Engine::MariaDb => {
            format!("'{}'", text.trim_end_matches('Z'))
        }
        Cell::Text(text) if engine == Engine::MariaDb => {
            format!("'{}'", text.replace('\\', "\\\\").replace('\'', "''"))
        }
        Cell::Text(text) => format!("'{}'", text.replace('\'', "''")),
        Cell::Blob(_) => panic!("no blobs here"),
    }
}
