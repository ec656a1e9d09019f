//! The expected answer: one SELECT per parent row.
//!
//! In: a query and a SQLite file. Out: its answer, or nothing where that would be too long to be asked for.

use lilong_schema::Scalar;
use rusqlite::Connection;
use rusqlite::types::Value as Cell;
use serde_json::{Map, Value, json};

use super::databases::{Column, Database, Role, quoted};
use super::query::{Condition, Node, Relation};

/// The most rows of an answer.
const ROWS: usize = 5_000;
/// The most steps of SQLite's machine for an answer, in thousands.
const STEPS: usize = 20_000;

/// The rows of a query as JSON; `None`: they are too many, or take too long to find here.
pub(crate) fn answer(database: &Database, connection: &mut Connection, node: &Node) -> Option<Value> {
    let deterministic = rusqlite::functions::FunctionFlags::SQLITE_DETERMINISTIC;
    connection
        .create_scalar_function("like_exactly", 2, deterministic, |context| {
            let (text, pattern): (Option<String>, String) = (context.get(0)?, context.get(1)?);
            Ok(text.map(|text| like(&text.chars().collect::<Vec<_>>(), &pattern.chars().collect::<Vec<_>>())))
        })
        .unwrap();
    let mut steps = 0;
    let stop = move || {
        steps += 1;
        steps > STEPS
    };
    connection.progress_handler(1_000, Some(stop)).unwrap();
    let rows = Oracle { database, connection, left: ROWS }.rows(node, None);
    connection.progress_handler(0, None::<fn() -> bool>).unwrap();
    rows.map(Value::Array)
}

/// What a question may still cost.
struct Oracle<'a> {
    database: &'a Database,
    connection: &'a Connection,
    left: usize,
}

/// `%` any run, `_` one code point, `\` escapes; by plain recursion.
fn like(text: &[char], pattern: &[char]) -> bool {
    match pattern {
        [] => text.is_empty(),
        ['%', rest @ ..] => (0..=text.len()).any(|skip| like(&text[skip..], rest)),
        ['_', rest @ ..] => !text.is_empty() && like(&text[1..], rest),
        ['\\', exact, rest @ ..] | [exact, rest @ ..] => text.first() == Some(exact) && like(&text[1..], rest),
    }
}

impl Oracle<'_> {
    fn rows(&mut self, node: &Node, parent: Option<(&Relation, &[Cell])>) -> Option<Vec<Value>> {
        let (database, table) = (self.database, &self.database.tables[node.table]);
        let name = |column: usize| format!("a.{}", quoted(table.columns[column].name));
        let (mut conditions, mut values) = (vec!["1 = 1".to_owned()], Vec::new());
        if let Some((relation, row)) = parent {
            let from = &database.tables[relation.from];
            for (outer, inner) in &relation.on {
                if row[*outer] == Cell::Null {
                    return Some(Vec::new());
                }
                conditions.push(equal(&from.columns[*outer], "?", &table.columns[*inner], &name(*inner)));
                values.push(row[*outer].clone());
            }
        }
        if let Some(condition) = &node.condition {
            conditions.push(sql(database, node.table, condition, "a", &mut values));
        }
        let mut order = node.order.iter().map(|(column, way)| term(&name(*column), way)).collect::<Vec<_>>();
        if table.key.is_empty() {
            order.push("a.rowid".to_owned());
        }
        order.extend(table.key.iter().map(|column| name(*column)));
        let all = (0..table.columns.len()).map(|column| read(&table.columns[column], &name(column)));
        let limit = node.limit.map_or("-1".to_owned(), |limit| limit.to_string());
        let text = format!(
            "SELECT {} FROM {} a WHERE {} ORDER BY {} LIMIT {limit} OFFSET {}",
            all.collect::<Vec<_>>().join(", "),
            quoted(table.name),
            conditions.join(" AND "),
            order.join(", "),
            node.offset.unwrap_or_default()
        );
        let mut statement = self.connection.prepare_cached(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
        let mut found = statement.query(rusqlite::params_from_iter(values)).unwrap();
        let mut rows = Vec::new();
        loop {
            let row = match found.next() {
                Ok(Some(row)) => row,
                Ok(None) => break,
                Err(error) => {
                    assert_eq!(error.sqlite_error_code(), Some(rusqlite::ErrorCode::OperationInterrupted), "{text}");
                    return None;
                }
            };
            self.left = self.left.checked_sub(1)?;
            rows.push((0..table.columns.len()).map(|column| row.get_unwrap(column)).collect::<Vec<Cell>>());
        }
        rows.iter().map(|row| self.object(node, row)).collect()
    }

    fn object(&mut self, node: &Node, row: &[Cell]) -> Option<Value> {
        let table = &self.database.tables[node.table];
        let mut object = Map::new();
        for (index, column) in node.columns.iter().enumerate() {
            object.insert(format!("c{index}"), plain(&row[*column], table.columns[*column].scalar));
        }
        for (index, (relation, below)) in node.links.iter().enumerate() {
            let mut linked = self.rows(below, Some((relation, row)))?;
            let value = if relation.many {
                Value::Array(linked)
            } else {
                assert!(linked.len() < 2);
                linked.pop().unwrap_or(Value::Null)
            };
            object.insert(format!("r{index}"), value);
        }
        Some(Value::Object(object))
    }
}

fn term(column: &str, direction: &str) -> String {
    let (way, nulls) = match direction {
        "ASC" | "ASC_NULLS_LAST" => ("ASC", "LAST"),
        "ASC_NULLS_FIRST" => ("ASC", "FIRST"),
        "DESC_NULLS_LAST" => ("DESC", "LAST"),
        _ => ("DESC", "FIRST"),
    };
    format!("{column} {way} NULLS {nulls}")
}

/// A column as it is read: what is of several storage classes by its text.
fn read(column: &Column, name: &str) -> String {
    match column.role {
        Role::Shown if column.scalar == Scalar::String => format!("CAST({name} AS TEXT)"),
        Role::Plain | Role::Shown => name.to_owned(),
        Role::Hidden => "NULL".to_owned(),
    }
}

/// Whether two columns hold the same key: keys of different types meet by their text.
fn equal(outer: &Column, outer_name: &str, inner: &Column, inner_name: &str) -> String {
    if outer.scalar == inner.scalar && outer.role == Role::Plain && inner.role == Role::Plain {
        format!("{inner_name} = {outer_name} COLLATE BINARY")
    } else {
        format!("CAST({inner_name} AS TEXT) = CAST({outer_name} AS TEXT) COLLATE BINARY")
    }
}

fn sql(database: &Database, table: usize, condition: &Condition, alias: &str, values: &mut Vec<Cell>) -> String {
    let described = &database.tables[table];
    let column = |column: &usize| format!("{alias}.{}", quoted(described.columns[*column].name));
    let mut join = |parts: &[Condition], word: &str, empty: &str| {
        if parts.is_empty() {
            return empty.to_owned();
        }
        let parts = parts.iter().map(|part| sql(database, table, part, alias, values)).collect::<Vec<_>>();
        format!("({})", parts.join(word))
    };
    match condition {
        Condition::And(parts) => join(parts, " AND ", "1 = 1"),
        Condition::Or(parts) => join(parts, " OR ", "1 = 0"),
        Condition::Not(part) => format!("(NOT {})", sql(database, table, part, alias, values)),
        Condition::Null(of, true) => format!("{} IS NULL", column(of)),
        Condition::Null(of, false) => format!("{} IS NOT NULL", column(of)),
        Condition::Compare(of, operator, value) => {
            values.push(value.clone());
            match *operator {
                "_eq" => format!("{} = ? COLLATE BINARY", column(of)),
                "_neq" => format!("{} <> ? COLLATE BINARY", column(of)),
                "_gt" => format!("{} > ?", column(of)),
                "_gte" => format!("{} >= ?", column(of)),
                "_lt" => format!("{} < ?", column(of)),
                _ => format!("{} <= ?", column(of)),
            }
        }
        Condition::Among(of, not, among) => {
            if among.is_empty() {
                return if *not { "1 = 1" } else { "1 = 0" }.to_owned();
            }
            values.extend(among.iter().cloned());
            let places = vec!["?"; among.len()].join(", ");
            format!("{} COLLATE BINARY {}IN ({places})", column(of), if *not { "NOT " } else { "" })
        }
        Condition::Like(of, not, pattern) => {
            values.push(Cell::Text(pattern.clone()));
            format!("{}like_exactly({}, ?)", if *not { "NOT " } else { "" }, column(of))
        }
        Condition::Linked(relation, inner) => {
            let to = &database.tables[relation.to];
            let below = format!("{alias}b");
            let on = relation
                .on
                .iter()
                .map(|(one, other)| {
                    let inner = &to.columns[*other];
                    equal(&described.columns[*one], &column(one), inner, &format!("{below}.{}", quoted(inner.name)))
                })
                .collect::<Vec<_>>()
                .join(" AND ");
            let inner = sql(database, relation.to, inner, &below, values);
            format!("EXISTS (SELECT 1 FROM {} {below} WHERE {on} AND {inner})", quoted(to.name))
        }
    }
}

fn plain(cell: &Cell, scalar: Scalar) -> Value {
    match (cell, scalar) {
        (Cell::Null, _) => Value::Null,
        (Cell::Integer(number), Scalar::Boolean) => json!(*number != 0),
        (Cell::Integer(number), _) if number.unsigned_abs() < 1 << 53 => json!(number),
        (Cell::Integer(number), _) => json!(number.to_string()),
        (Cell::Real(number), _) => json!(number),
        (Cell::Text(text), Scalar::LocalDateTime | Scalar::Time) => json!(moment(text)),
        (Cell::Text(text), _) => json!(text),
        (Cell::Blob(_), _) => panic!("no blobs here"),
    }
}

/// A time, alone or with a date, as it is printed: by `T`, with seconds, without trailing zeros in its fraction.
fn moment(text: &str) -> String {
    let mut text = text.replacen(' ', "T", 1);
    if text.matches(':').count() == 1 {
        text.push_str(":00");
    }
    match text.split_once('.') {
        Some((whole, fraction)) => {
            format!("{whole}.{}", fraction.trim_end_matches('0')).trim_end_matches('.').to_owned()
        }
        None => text,
    }
}

/// Where two answers differ first, and how; `None`: they are equal, keys in the same order; numbers by value, and so are
/// decimals, which travel as text.
pub(crate) fn difference(got: &Value, expected: &Value) -> Option<String> {
    let told = || Some(format!(": got {}, expected {}", shown(got), shown(expected)));
    match (got, expected) {
        (Value::Array(one), Value::Array(other)) => {
            let within = |(at, (one, other))| Some(format!("[{at}]{}", difference(one, other)?));
            let within = one.iter().zip(other).enumerate().find_map(within);
            within.or_else(|| if one.len() == other.len() { None } else { told() })
        }
        (Value::Object(one), Value::Object(other)) if one.keys().eq(other.keys()) => one
            .iter()
            .zip(other.values())
            .find_map(|((key, one), other)| Some(format!(".{key}{}", difference(one, other)?))),
        (Value::Number(one), Value::Number(other)) if one == other || one.as_f64() == other.as_f64() => None,
        (Value::String(text), Value::Number(number)) if text.parse().ok() == number.as_f64() => None,
        _ if got == expected => None,
        _ => told(),
    }
}

/// The beginning of a value, for messages.
fn shown(value: &Value) -> String {
    value.to_string().chars().take(600).collect()
}
