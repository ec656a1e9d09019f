//! Deals the rows of a database to the members of unions, and gives every table columns by which members can be ruled out.
//!
//! In: a database and its file. Out: both with `_source`, with a number and a text that members declare, and without what
//! one member lacks, as an undivided table would have them. *Invariant*: what a member is known to hold stands in all rows
//! that are dealt to it.

use lilong_schema::Scalar;
use rusqlite::Connection;
use rusqlite::types::Value as Cell;
use serde_json::json;

use super::MEMBERS;
use super::databases::{Column, Database, Role, Table, quoted};
use super::names::member_name;
use super::real::Original;

/// The member that lacks a column of each table that can do without one.
const LACKING: usize = 1;

/// What the members of every union declare: the last one stores its numbers.
const WARDS: [Option<i64>; MEMBERS] = [Some(1), Some(2), None];
/// Two declare the same.
const ZONES: [&str; MEMBERS] = ["north", "South", "north"];

impl Original {
    /// Deals the rows of every table. Those without a key have no row number any more that could tell them apart.
    pub(crate) fn is_dealt(&mut self) {
        let connection = Connection::open(&self.path).unwrap();
        connection.execute_batch("PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON").unwrap();
        let mut statement = connection.prepare("SELECT name FROM sqlite_schema WHERE type = 'trigger'").unwrap();
        let triggers = statement.query_map([], |row| row.get::<_, String>(0)).unwrap().collect::<Result<Vec<_>, _>>();
        drop(statement);
        for name in triggers.unwrap() {
            connection.execute_batch(&format!("DROP TRIGGER {}", quoted(&name))).unwrap();
        }
        let spare = (0..self.database.tables.len()).map(|at| spare(&connection, &self.database, at));
        let spare = spare.collect::<Vec<_>>();
        for (table, spare) in self.database.tables.iter_mut().zip(spare) {
            if table.columns.is_empty() {
                continue;
            }
            deal(&connection, table, spare.map(|column| table.columns[column].name));
            let declared = |value: &Option<i64>| value.map(Cell::Integer);
            let text = |text: &str| Some(Cell::Text(text.to_owned()));
            let sources = (0..MEMBERS).map(|member| text(&member_name(member)));
            table.columns.push(added("_source", "TEXT", Scalar::String, sources.collect()));
            table.columns.push(added("lilong_ward", "INTEGER", Scalar::BigInt, WARDS.iter().map(declared).collect()));
            table.columns.push(added("lilong_zone", "TEXT", Scalar::String, ZONES.map(text).to_vec()));
            if let Some(column) = spare {
                let lacks = |member| (member == LACKING).then_some(Cell::Null);
                table.columns[column].known = (0..MEMBERS).map(lacks).collect();
            }
            table.is_keyless = table.key.is_empty();
            table.is_asked &= !table.is_keyless || table.columns.iter().all(|column| column.role == Role::Plain);
        }
    }
}

/// Whether all rows of a member have one value of a column, so that nothing of it is stored there.
pub(crate) fn is_known(column: &Column, member: usize) -> bool {
    column.known.get(member).is_some_and(Option::is_some)
}

/// What a union declares of its members, which stand in the catalog under these names.
pub(crate) fn constants(table: &Table, members: &[String]) -> String {
    let mut all = "[union.constant]\n".to_owned();
    for column in table.columns.iter().filter(|column| column.name != "_source") {
        for (member, known) in members.iter().zip(&column.known) {
            let value = match known {
                Some(Cell::Integer(number)) => number.to_string(),
                Some(Cell::Text(text)) => json!(text).to_string(),
                // Of what is stored, or lacking, nothing is declared.
                _ => continue,
            };
            all.push_str(&format!("{}.{} = {value}\n", json!(member), column.name));
        }
    }
    all
}

fn added(name: &'static str, declared: &'static str, scalar: Scalar, known: Vec<Option<Cell>>) -> Column {
    Column { known, ..Column::new(name, declared, scalar, Role::Plain) }
}

/// A column that a member can lack: nullable, and nothing else of the schema names it.
fn spare(connection: &Connection, database: &Database, at: usize) -> Option<usize> {
    let table = &database.tables[at];
    let is_linked = |column: usize| {
        table.foreign.iter().any(|key| key.columns.contains(&column))
            || database
                .tables
                .iter()
                .flat_map(|other| &other.foreign)
                .any(|key| key.table == at && key.references.contains(&column))
    };
    let is_nullable = |column: usize| {
        let sql = "SELECT \"notnull\" = 0 FROM pragma_table_info(?) WHERE name = ?";
        connection.query_row(sql, [table.name, table.columns[column].name], |row| row.get(0)).unwrap()
    };
    let can_go = |column: usize| {
        let drop = format!("ALTER TABLE {} DROP COLUMN {}", quoted(table.name), quoted(table.columns[column].name));
        connection.execute_batch("SAVEPOINT trial").unwrap();
        let dropped = connection.execute_batch(&drop);
        connection.execute_batch("ROLLBACK TO trial; RELEASE trial").unwrap();
        dropped.is_ok()
    };
    (0..table.columns.len()).rev().find(|column| {
        table.columns[*column].role == Role::Plain
            && !table.key.contains(column)
            && !is_linked(*column)
            && is_nullable(*column)
            && can_go(*column)
    })
}

/// Numbers the rows, and writes for each what the member of its number is known to hold.
fn deal(connection: &Connection, table: &Table, spare: Option<&str>) {
    let name = quoted(table.name);
    let key = match table.key.as_slice() {
        [] => vec!["rowid".to_owned()],
        key => key.iter().map(|column| quoted(table.columns[*column].name)).collect(),
    };
    let named = key.iter().enumerate().map(|(at, column)| format!("{column} AS k{at}")).collect::<Vec<_>>().join(", ");
    let same = key.iter().enumerate().map(|(at, column)| format!("{name}.{column} IS numbered.k{at}"));
    let same = same.collect::<Vec<_>>().join(" AND ");
    let by_member = |value: &dyn Fn(usize) -> String| {
        let arms = (0..MEMBERS).map(|member| format!(" WHEN {member} THEN {}", value(member))).collect::<String>();
        format!("CASE member{arms} END")
    };
    let source = by_member(&|member| format!("'{}'", member_name(member)));
    let stored = "CASE number % 4 WHEN 3 THEN NULL ELSE number % 3 + 1 END";
    let ward = by_member(&|member| WARDS[member].map_or(stored.to_owned(), |ward| ward.to_string()));
    let zone = by_member(&|member| format!("'{}'", ZONES[member]));
    let lacks = spare.map(|column| {
        let column = quoted(column);
        format!(", {column} = CASE member WHEN {LACKING} THEN NULL ELSE {name}.{column} END")
    });
    let text = format!(
        "ALTER TABLE {name} ADD COLUMN _source TEXT;
         ALTER TABLE {name} ADD COLUMN lilong_ward INTEGER;
         ALTER TABLE {name} ADD COLUMN lilong_zone TEXT;
         UPDATE {name} SET _source = {source}, lilong_ward = {ward}, lilong_zone = {zone}{}
         FROM (SELECT {named}, row_number() OVER () AS number, row_number() OVER () * 7919 / 3 % {MEMBERS} AS member
               FROM {name}) numbered WHERE {same}",
        lacks.unwrap_or_default()
    );
    connection.execute_batch(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
}
