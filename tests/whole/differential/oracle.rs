//! The expected answer: one SELECT per parent row.

use rusqlite::Connection;
use rusqlite::types::Value as Cell;
use serde_json::{Map, Value, json};

use super::databases::{Database, quoted};
use super::query::{Condition, Node, Relation};

/// The rows of a query as JSON.
pub(crate) fn answer(database: &Database, connection: &Connection, node: &Node) -> Value {
    connection
        .create_scalar_function(
            "like_exactly",
            2,
            rusqlite::functions::FunctionFlags::SQLITE_DETERMINISTIC,
            |context| {
                let (text, pattern): (Option<String>, String) = (context.get(0)?, context.get(1)?);
                Ok(text.map(|text| like(&text.chars().collect::<Vec<_>>(), &pattern.chars().collect::<Vec<_>>())))
            },
        )
        .unwrap();
    Value::Array(rows(database, connection, node, None))
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

fn rows(database: &Database, connection: &Connection, node: &Node, parent: Option<(&Relation, &[Cell])>) -> Vec<Value> {
    let table = &database.tables[node.table];
    let name = |column: usize| format!("a.{}", quoted(table.columns[column].name));
    let (mut conditions, mut values) = (vec!["1 = 1".to_owned()], Vec::new());
    if let Some((relation, row)) = parent {
        for (from, to) in &relation.on {
            if row[*from] == Cell::Null {
                return Vec::new();
            }
            conditions.push(format!("{} = ? COLLATE BINARY", name(*to)));
            values.push(row[*from].clone());
        }
    }
    if let Some(condition) = &node.condition {
        conditions.push(sql(database, node.table, condition, "a", &mut values));
    }
    let mut order = node
        .order
        .iter()
        .map(|(column, direction)| {
            let (way, nulls) = match *direction {
                "ASC" | "ASC_NULLS_LAST" => ("ASC", "LAST"),
                "ASC_NULLS_FIRST" => ("ASC", "FIRST"),
                "DESC_NULLS_LAST" => ("DESC", "LAST"),
                _ => ("DESC", "FIRST"),
            };
            format!("{} {way} NULLS {nulls}", name(*column))
        })
        .collect::<Vec<_>>();
    if table.key.is_empty() {
        order.push("a.rowid".to_owned());
    }
    order.extend(table.key.iter().map(|column| name(*column)));
    let all = (0..table.columns.len()).map(name).collect::<Vec<_>>().join(", ");
    let limit = node.limit.map_or("-1".to_owned(), |limit| limit.to_string());
    let text = format!(
        "SELECT {all} FROM {} a WHERE {} ORDER BY {} LIMIT {limit} OFFSET {}",
        quoted(table.name),
        conditions.join(" AND "),
        order.join(", "),
        node.offset.unwrap_or_default()
    );
    let mut statement = connection.prepare_cached(&text).unwrap();
    let found = statement
        .query_map(rusqlite::params_from_iter(values), |row| {
            (0..table.columns.len()).map(|column| row.get::<_, Cell>(column)).collect::<Result<Vec<_>, _>>()
        })
        .unwrap()
        .collect::<Result<Vec<_>, _>>()
        .unwrap();
    found
        .iter()
        .map(|row| {
            let mut object = Map::new();
            for (index, column) in node.columns.iter().enumerate() {
                object.insert(format!("c{index}"), plain(&row[*column]));
            }
            for (index, (relation, below)) in node.links.iter().enumerate() {
                let mut linked = rows(database, connection, below, Some((relation, row)));
                let value = if relation.many {
                    Value::Array(linked)
                } else {
                    assert!(linked.len() < 2);
                    linked.pop().unwrap_or(Value::Null)
                };
                object.insert(format!("r{index}"), value);
            }
            Value::Object(object)
        })
        .collect()
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
                    format!("{below}.{} = {} COLLATE BINARY", quoted(to.columns[*other].name), column(one))
                })
                .collect::<Vec<_>>()
                .join(" AND ");
            let inner = sql(database, relation.to, inner, &below, values);
            format!("EXISTS (SELECT 1 FROM {} {below} WHERE {on} AND {inner})", quoted(to.name))
        }
    }
}

fn plain(cell: &Cell) -> Value {
    match cell {
        Cell::Null => Value::Null,
        Cell::Integer(number) if number.unsigned_abs() < 1 << 53 => json!(number),
        Cell::Integer(number) => json!(number.to_string()),
        Cell::Real(number) => json!(number),
        Cell::Text(text) => json!(text),
        Cell::Blob(_) => panic!("no blobs here"),
    }
}

/// Equal, keys in the same order; numbers by value.
pub(crate) fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len()
                && one.iter().zip(other).all(|((key, one), (also, other))| key == also && same(one, other))
        }
        (Value::Number(one), Value::Number(other)) => one == other || one.as_f64() == other.as_f64(),
        _ => one == other,
    }
}
