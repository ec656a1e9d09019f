//! What a database is to the suite: tables with their DDL, rows and foreign keys.

use std::path::Path;

use lilong_schema::Scalar;
use rusqlite::Connection;
use rusqlite::types::Value;

/// Tables that belong together.
pub(crate) struct Database {
    pub(crate) tables: Vec<Table>,
}

/// A table.
#[derive(Default)]
pub(crate) struct Table {
    pub(crate) name: &'static str,
    pub(crate) columns: Vec<Column>,
    /// Positions of the primary key's columns; empty: rowid alone.
    pub(crate) key: Vec<usize>,
    /// Constraints after the columns, other than foreign keys.
    pub(crate) constraints: &'static str,
    pub(crate) suffix: &'static str,
    pub(crate) foreign: Vec<Foreign>,
    pub(crate) rows: Vec<Vec<Value>>,
    /// Rows cannot be told apart but by all columns: every list is ordered by all of them.
    pub(crate) is_keyless: bool,
    /// Whether queries may ask for it.
    pub(crate) is_asked: bool,
}

impl Column {
    pub(crate) fn new(name: &'static str, declared: &'static str, scalar: Scalar, role: Role) -> Self {
        Self { name, declared, scalar, role, known: Vec::new() }
    }

    /// Whether its texts have an order of their own.
    pub(crate) fn is_collated(&self) -> bool {
        self.declared.contains("COLLATE")
    }
}

/// A column.
pub(crate) struct Column {
    pub(crate) name: &'static str,
    pub(crate) declared: &'static str,
    pub(crate) scalar: Scalar,
    pub(crate) role: Role,
    /// By members of a union, the one value that all rows of each have, which it then does not store; empty: each does.
    pub(crate) known: Vec<Option<Value>>,
}

/// What queries may do with a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Read, filtered and ordered by.
    Plain,
    /// Only read: its values are of several storage classes, or in an order of their own.
    Shown,
    /// Nothing.
    Hidden,
}

/// A foreign key; `unique`: its own columns are unique, so that it is an object both ways; `many`: those it refers to
/// are not, so that it is a list both ways.
pub(crate) struct Foreign {
    pub(crate) columns: Vec<usize>,
    pub(crate) table: usize,
    pub(crate) references: Vec<usize>,
    pub(crate) unique: bool,
    pub(crate) many: bool,
}

pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

impl Database {
    /// All tables in one file.
    pub(crate) fn write_whole(&self, path: &Path) {
        let connection = Connection::open(path).unwrap();
        for table in &self.tables {
            table.write(&connection, self);
        }
    }
}

impl Table {
    fn write(&self, connection: &Connection, within: &Database) {
        let names = |columns: &[usize], table: &Table| {
            columns.iter().map(|column| quoted(table.columns[*column].name)).collect::<Vec<_>>().join(", ")
        };
        let mut parts = self
            .columns
            .iter()
            .map(|column| format!("{} {}", quoted(column.name), column.declared))
            .collect::<Vec<_>>();
        if !self.key.is_empty() {
            parts.push(format!("PRIMARY KEY ({})", names(&self.key, self)));
        }
        if !self.constraints.is_empty() {
            parts.push(self.constraints.to_owned());
        }
        for key in &self.foreign {
            let to = &within.tables[key.table];
            parts.push(format!(
                "FOREIGN KEY ({}) REFERENCES {} ({})",
                names(&key.columns, self),
                quoted(to.name),
                names(&key.references, to)
            ));
        }
        let create = format!("CREATE TABLE {} ({}) {}", quoted(self.name), parts.join(", "), self.suffix);
        connection.execute_batch(&format!("PRAGMA foreign_keys = OFF; BEGIN; {create}")).unwrap();
        let places = vec!["?"; self.columns.len()].join(", ");
        let mut insert =
            connection.prepare(&format!("INSERT OR IGNORE INTO {} VALUES ({places})", quoted(self.name))).unwrap();
        for row in &self.rows {
            insert.execute(rusqlite::params_from_iter(row)).unwrap();
        }
        drop(insert);
        connection.execute_batch("COMMIT").unwrap();
    }
}
