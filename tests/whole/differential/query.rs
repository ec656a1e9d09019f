//! Random queries, and their text.

use std::collections::HashMap;
use std::fmt::Write;

use lilong_schema::Scalar;
use rusqlite::Connection;
use rusqlite::types::Value as Cell;
use serde_json::Value;

use super::databases::{Column, Database, Role, quoted};
use super::random::Random;

/// A collection field of a query.
pub(crate) struct Node {
    pub(crate) table: usize,
    pub(crate) columns: Vec<usize>,
    pub(crate) links: Vec<(Relation, Node)>,
    pub(crate) condition: Option<Condition>,
    pub(crate) order: Vec<(usize, &'static str)>,
    pub(crate) limit: Option<usize>,
    pub(crate) offset: Option<usize>,
}

/// A link in one direction.
#[derive(Clone)]
pub(crate) struct Relation {
    pub(crate) from: usize,
    pub(crate) to: usize,
    pub(crate) on: Vec<(usize, usize)>,
    pub(crate) many: bool,
}

/// A condition on a row.
pub(crate) enum Condition {
    And(Vec<Condition>),
    Or(Vec<Condition>),
    Not(Box<Condition>),
    Null(usize, bool),
    Compare(usize, &'static str, Cell),
    Among(usize, bool, Vec<Cell>),
    Like(usize, bool, String),
    Linked(Relation, Box<Condition>),
}

pub(crate) const DIRECTIONS: [&str; 6] =
    ["ASC", "DESC", "ASC_NULLS_FIRST", "ASC_NULLS_LAST", "DESC_NULLS_FIRST", "DESC_NULLS_LAST"];

/// Makes queries over a database with values that stand in it.
pub(crate) struct Generator<'a> {
    pub(crate) database: &'a Database,
    pub(crate) connection: &'a Connection,
    pub(crate) random: &'a mut Random,
    /// Whether texts are ordered: engines agree on their order only by code point.
    pub(crate) orders_texts: bool,
}

/// Every link of a table, both ways.
pub(crate) fn relations(database: &Database, table: usize) -> Vec<Relation> {
    let mut all = Vec::new();
    for (from, other) in database.tables.iter().enumerate() {
        for key in &other.foreign {
            let on = key.columns.iter().copied().zip(key.references.iter().copied()).collect::<Vec<_>>();
            if !other.is_asked || !database.tables[key.table].is_asked {
                continue;
            }
            if from == table {
                all.push(Relation { from: table, to: key.table, on: on.clone(), many: key.many });
            }
            if key.table == table {
                let on = on.into_iter().map(|(one, other)| (other, one)).collect();
                all.push(Relation { from: table, to: from, on, many: !key.unique });
            }
        }
    }
    all
}

impl Generator<'_> {
    pub(crate) fn query(&mut self) -> Node {
        let asked = self.database.tables.iter().enumerate().filter(|(_, table)| table.is_asked).map(|(at, _)| at);
        let table = *self.random.pick(&asked.collect::<Vec<_>>());
        self.node(table, 3, true, true)
    }

    fn is_ordered(&self, column: &Column) -> bool {
        column.role == Role::Plain && (self.orders_texts || column.scalar != Scalar::String)
    }

    /// Columns that pass a test.
    fn columns(&self, table: usize, wanted: impl Fn(&Column) -> bool) -> Vec<usize> {
        let columns = &self.database.tables[table].columns;
        (0..columns.len()).filter(|column| wanted(&columns[*column])).collect()
    }

    fn node(&mut self, table: usize, depth: usize, many: bool, root: bool) -> Node {
        let described = &self.database.tables[table];
        let mut columns = described.key.clone();
        let shown = self.columns(table, |column| column.role != Role::Hidden);
        for _ in 0..=self.random.below(3) {
            let column = *self.random.pick(&shown);
            if !columns.contains(&column) {
                columns.push(column);
            }
        }
        let mut node =
            Node { table, columns, links: vec![], condition: None, order: vec![], limit: None, offset: None };
        if many {
            if self.random.chance(60) {
                node.condition = Some(self.condition(table, 0));
            }
            let ordered = self.columns(table, |column| self.is_ordered(column));
            for _ in 0..self.random.below(3) {
                if !ordered.is_empty() {
                    let column = *self.random.pick(&ordered);
                    if node.order.iter().all(|(other, _)| *other != column) {
                        node.order.push((column, *self.random.pick(&DIRECTIONS)));
                    }
                }
            }
            if described.is_keyless {
                for column in ordered {
                    if node.order.iter().all(|(other, _)| *other != column) {
                        node.order.push((column, *self.random.pick(&DIRECTIONS)));
                    }
                }
            }
            if root || self.random.chance(60) {
                node.limit = Some(*self.random.pick(&[0, 1, 2, 5, 10, 200]));
            }
            if self.random.chance(30) {
                node.offset = Some(*self.random.pick(&[0, 1, 3, 1000]));
            }
        }
        if depth > 0 {
            let all = relations(self.database, table);
            for _ in 0..self.random.below(3) {
                if !all.is_empty() {
                    let relation = self.random.pick(&all).clone();
                    let below = self.node(relation.to, depth - 1, relation.many, false);
                    node.links.push((relation, below));
                }
            }
        }
        node
    }

    fn condition(&mut self, table: usize, depth: usize) -> Condition {
        let choice = self.random.below(100);
        if depth < 3 {
            let some = |generator: &mut Self| {
                (0..generator.random.below(4)).map(|_| generator.condition(table, depth + 1)).collect()
            };
            match choice {
                0..15 => return Condition::And(some(self)),
                15..30 => return Condition::Or(some(self)),
                30..40 => return Condition::Not(Box::new(self.condition(table, depth + 1))),
                40..60 => {
                    let all = relations(self.database, table);
                    if !all.is_empty() {
                        let relation = self.random.pick(&all).clone();
                        let inner = self.condition(relation.to, depth + 1);
                        return Condition::Linked(relation, Box::new(inner));
                    }
                }
                _ => {}
            }
        }
        let plain = self.columns(table, |column| column.role == Role::Plain);
        if plain.is_empty() {
            return Condition::And(vec![]);
        }
        let column = *self.random.pick(&plain);
        if choice > 92 {
            return Condition::Null(column, self.random.chance(50));
        }
        match self.value(table, column) {
            None => Condition::Null(column, true),
            Some(Cell::Text(text))
                if self.database.tables[table].columns[column].scalar == Scalar::String && self.random.chance(30) =>
            {
                let pattern = match self.random.below(4) {
                    0 => text.chars().take(1).collect::<String>().replace(['%', '_', '\\'], "_") + "%",
                    1 => format!("%{}", text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_")),
                    2 => "_".repeat(text.chars().count()),
                    _ => format!("%{}%", text.chars().skip(1).take(1).collect::<String>().replace('\\', "\\\\")),
                };
                Condition::Like(column, self.random.chance(20), pattern)
            }
            Some(value) => {
                if self.random.chance(20) {
                    let more = (0..self.random.below(3)).filter_map(|_| self.value(table, column)).collect();
                    Condition::Among(column, self.random.chance(40), more)
                } else {
                    let operators: &[&'static str] = &["_eq", "_neq", "_gt", "_gte", "_lt", "_lte"];
                    let is_ordered = self.is_ordered(&self.database.tables[table].columns[column]);
                    let operators = if is_ordered { operators } else { &operators[..2] };
                    Condition::Compare(column, operators[self.random.below(operators.len())], value)
                }
            }
        }
    }

    fn value(&mut self, table: usize, column: usize) -> Option<Cell> {
        let described = &self.database.tables[table];
        let column = quoted(described.columns[column].name);
        let sql = format!("SELECT {column} FROM {} WHERE {column} IS NOT NULL LIMIT 200", quoted(described.name));
        let mut statement = self.connection.prepare_cached(&sql).unwrap();
        let all = statement.query_map([], |row| row.get::<_, Cell>(0)).unwrap().collect::<Result<Vec<_>, _>>().unwrap();
        if all.is_empty() { None } else { Some(self.random.pick(&all).clone()) }
    }
}

/// What the gateway calls tables, columns and links.
pub(crate) struct Names {
    tables: HashMap<String, (String, Value)>,
}

impl Names {
    pub(crate) fn new(names: &Value) -> Self {
        Self::of(names, |_| true)
    }

    /// Those of some sources.
    pub(crate) fn of(names: &Value, wanted: impl Fn(&str) -> bool) -> Self {
        let mut tables = HashMap::new();
        for (_, source) in names["sources"].as_object().unwrap().iter().filter(|(name, _)| wanted(name)) {
            for (table, collection) in source["collections"].as_object().unwrap() {
                tables.insert(table.clone(), (source["field"].as_str().unwrap().to_owned(), collection.clone()));
            }
        }
        Self { tables }
    }

    fn column(&self, database: &Database, table: usize, column: usize) -> String {
        let table = &database.tables[table];
        self.tables[table.name].1["fields"][table.columns[column].name].as_str().unwrap().to_owned()
    }

    fn link(&self, database: &Database, table: usize, relation: &Relation) -> String {
        let (from, to) = (&database.tables[table], &database.tables[relation.to]);
        let mut wanted = relation
            .on
            .iter()
            .map(|(one, other)| (from.columns[*one].name, to.columns[*other].name))
            .collect::<Vec<_>>();
        wanted.sort_unstable();
        let links = self.tables[from.name].1["links"].as_array().unwrap();
        let found = links.iter().find(|link| {
            let texts =
                |key: &str| link[key].as_array().unwrap().iter().map(|text| text.as_str().unwrap()).collect::<Vec<_>>();
            let mut on = texts("columns").into_iter().zip(texts("toColumns")).collect::<Vec<_>>();
            on.sort_unstable();
            on == wanted
                && link["to"].as_str().unwrap().split_once('.').unwrap().1 == to.name
                && link["many"] == relation.many
        });
        found.unwrap_or_else(|| panic!("no link {wanted:?} to {} in {links:?}", to.name))["name"]
            .as_str()
            .unwrap()
            .to_owned()
    }
}

/// The text of a query: `{ s: source { x: collection(…) { c0: … r0: … { … } } } }`.
pub(crate) fn print(database: &Database, names: &Names, node: &Node) -> String {
    let (source, collection) = &names.tables[database.tables[node.table].name];
    let field = collection["field"].as_str().unwrap();
    format!("{{ s: {source} {{ x: {field}{} }} }}", body(database, names, node))
}

fn body(database: &Database, names: &Names, node: &Node) -> String {
    let mut arguments = Vec::new();
    if let Some(condition) = &node.condition {
        arguments.push(format!("where: {}", where_text(database, names, node.table, condition)));
    }
    if !node.order.is_empty() {
        let terms = node
            .order
            .iter()
            .map(|(column, direction)| format!("{{{}: {direction}}}", names.column(database, node.table, *column)))
            .collect::<Vec<_>>();
        arguments.push(format!("orderBy: [{}]", terms.join(", ")));
    }
    arguments.extend(node.limit.map(|limit| format!("limit: {limit}")));
    arguments.extend(node.offset.map(|offset| format!("offset: {offset}")));
    let mut out = if arguments.is_empty() { String::new() } else { format!("({})", arguments.join(", ")) };
    out.push_str(" {");
    for (index, column) in node.columns.iter().enumerate() {
        write!(out, " c{index}: {}", names.column(database, node.table, *column)).unwrap();
    }
    for (index, (relation, below)) in node.links.iter().enumerate() {
        let link = names.link(database, node.table, relation);
        write!(out, " r{index}: {link}{}", body(database, names, below)).unwrap();
    }
    out.push_str(" }");
    out
}

fn where_text(database: &Database, names: &Names, table: usize, condition: &Condition) -> String {
    let list = |parts: &[Condition]| {
        parts.iter().map(|part| where_text(database, names, table, part)).collect::<Vec<_>>().join(", ")
    };
    let on =
        |column: &usize, operation: String| format!("{{{}: {{{operation}}}}}", names.column(database, table, *column));
    let scalar = |column: &usize| database.tables[table].columns[*column].scalar;
    match condition {
        Condition::And(parts) => format!("{{_and: [{}]}}", list(parts)),
        Condition::Or(parts) => format!("{{_or: [{}]}}", list(parts)),
        Condition::Not(part) => format!("{{_not: {}}}", where_text(database, names, table, part)),
        Condition::Null(column, null) => on(column, format!("_isNull: {null}")),
        Condition::Compare(column, operator, value) => {
            on(column, format!("{operator}: {}", literal(value, scalar(column))))
        }
        Condition::Among(column, not, values) => {
            let values = values.iter().map(|value| literal(value, scalar(column))).collect::<Vec<_>>().join(", ");
            on(column, format!("{}: [{values}]", if *not { "_nin" } else { "_in" }))
        }
        Condition::Like(column, not, pattern) => {
            let pattern = literal(&Cell::Text(pattern.clone()), Scalar::String);
            on(column, format!("{}: {pattern}", if *not { "_nlike" } else { "_like" }))
        }
        Condition::Linked(relation, inner) => {
            let link = names.link(database, table, relation);
            format!("{{{link}: {}}}", where_text(database, names, relation.to, inner))
        }
    }
}

fn literal(value: &Cell, scalar: Scalar) -> String {
    match (value, scalar) {
        (Cell::Integer(number), Scalar::Boolean) => (*number != 0).to_string(),
        (Cell::Integer(number), _) => number.to_string(),
        (Cell::Real(number), Scalar::Decimal) => number.to_string(),
        (Cell::Real(number), _) => format!("{number:?}"),
        (Cell::Text(text), Scalar::LocalDateTime) => format!("\"{}\"", text.replacen(' ', "T", 1)),
        (Cell::Text(text), _) => serde_json::to_string(text).unwrap(),
        (Cell::Null | Cell::Blob(_), _) => panic!("no literal"),
    }
}
