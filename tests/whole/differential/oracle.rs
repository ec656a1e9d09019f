//! The expected answer: one naive SELECT per parent row, from the undivided SQLite database; groups and figures are worked
//! out over the rows.
//!
//! In: a question and a SQLite file. Out: its answer, or nothing where that would be too long to be asked for. *Invariant*:
//! nothing here knows how lilong works.

mod conditions;
mod figures;
pub(super) mod functions;
mod sides;

use std::cell::Cell as Counter;

use lilong_schema::Scalar;
use rusqlite::Connection;
use rusqlite::types::Value as Cell;
use serde_json::{Map, Value, json};

use super::bounds::Form;
use super::databases::{Column, Database, Role, quoted};
use super::question::{Below, Fold, Given, Node, Page, Question, Relation, Term};

/// The most rows of an answer.
const ROWS: usize = 5_000;
/// The most steps of SQLite's machine for an answer, in thousands.
const STEPS: usize = 20_000;

/// What a question must answer, and how many rows had to be read for that.
pub(crate) struct Expected {
    /// The value of `x`; of pages the rows of all of them.
    pub(crate) answer: Value,
    pub(crate) rows: usize,
    /// How many rows may be read where every table is a source of its own and sides are tried by few rows.
    pub(crate) reads: Option<usize>,
}

/// What a question may still cost. `by_code_point`: rows of several sources meet, so no text has an order of its own.
struct Oracle<'a> {
    database: &'a Database,
    connection: &'a Connection,
    by_code_point: bool,
    left: Counter<usize>,
    /// Rows that an answer is made of, beside those that are read here: figures and counts of each parent's.
    beside: Counter<usize>,
    /// Rows that are read to order or check them where several sources meet; counted only if `counts_widened`.
    widened: Counter<usize>,
    counts_widened: bool,
}

/// The answer of a question; `None`: its rows are too many, or take too long to find here.
pub(crate) fn answer(
    database: &Database,
    connection: &mut Connection,
    form: Form,
    question: &Question,
) -> Option<Expected> {
    functions::add(connection);
    let mut steps = 0;
    let stop = move || {
        steps += 1;
        steps > STEPS
    };
    connection.progress_handler(1_000, Some(stop)).unwrap();
    let oracle = Oracle {
        database,
        connection,
        by_code_point: form.members > 0,
        left: Counter::new(ROWS),
        beside: Counter::new(0),
        widened: Counter::new(0),
        counts_widened: form.side_rows.is_some(),
    };
    let answer = match question {
        Question::Rows(node) => oracle.objects(node, None).map(Value::Array),
        Question::Row(node, key) => oracle.row(node, key),
        Question::Fold(fold) => oracle.fold(fold, None),
        Question::Groups(groups) => oracle.groups(groups),
        Question::Pages(page) => oracle.objects(&page.node, None).map(Value::Array),
    };
    let rows = ROWS - oracle.left.get() + oracle.beside.get();
    let reads = form.side_rows.filter(|_| answer.is_some()).map(|side| oracle.reads(question, rows, side));
    connection.progress_handler(0, None::<fn() -> bool>).unwrap();
    // Without a word of what may be read the question is another one.
    let reads = match reads {
        Some(None) => return None,
        reads => reads.flatten(),
    };
    Some(Expected { answer: answer?, rows, reads })
}

/// A page of some rows, as it is answered.
pub(crate) fn page(rows: &[Value], from: usize, to: usize) -> Value {
    json!({
        "nodes": rows[from..to],
        "totalCount": rows.len(),
        "pageInfo": { "hasNextPage": to < rows.len(), "hasPreviousPage": from > 0 },
    })
}

/// The row that leads to others.
type Parent<'a> = (&'a Relation, &'a [Cell]);

impl Oracle<'_> {
    fn row(&self, node: &Node, key: &[Cell]) -> Option<Value> {
        let table = &self.database.tables[node.table];
        let rows = self.rows(node.table, &Given::default(), None)?;
        let found = rows.iter().find(|row| table.key.iter().zip(key).all(|(column, value)| row[*column] == *value));
        found.map_or(Some(Value::Null), |row| self.object(node, row))
    }

    fn objects(&self, node: &Node, parent: Option<Parent<'_>>) -> Option<Vec<Value>> {
        self.rows(node.table, &node.given, parent)?.iter().map(|row| self.object(node, row)).collect()
    }

    /// Whole rows of a table, by the positions of its columns.
    fn rows(&self, at: usize, given: &Given, parent: Option<Parent<'_>>) -> Option<Vec<Vec<Cell>>> {
        self.rows_with(at, given, parent, &[])
    }

    /// The same with more columns.
    fn rows_with(
        &self,
        at: usize,
        given: &Given,
        parent: Option<Parent<'_>>,
        more: &[String],
    ) -> Option<Vec<Vec<Cell>>> {
        let (database, table) = (self.database, &self.database.tables[at]);
        let name = |column: usize| format!("a.{}", quoted(table.columns[column].name));
        let (mut conditions, mut values) = (vec!["1 = 1".to_owned()], Vec::new());
        if let Some((relation, row)) = parent {
            let from = &database.tables[relation.from];
            for (outer, inner) in &relation.on {
                if row[*outer] == Cell::Null {
                    return Some(Vec::new());
                }
                conditions.push(conditions::equal(&from.columns[*outer], "?", &table.columns[*inner], &name(*inner)));
                values.push(row[*outer].clone());
            }
        }
        if let Some(condition) = &given.condition {
            conditions.push(self.condition(at, condition, "a", &mut values));
        }
        let mut order = given.order.iter().map(|(term, way)| directed(&self.term(at, term), way)).collect::<Vec<_>>();
        if table.key.is_empty() {
            order.push("a.rowid".to_owned());
        }
        order.extend(table.key.iter().map(|column| self.ordered(at, *column)));
        let all = (0..table.columns.len()).map(|column| read(&table.columns[column], &name(column)));
        let all = all.chain(more.iter().cloned()).collect::<Vec<_>>();
        // What is distinct is found here, and cut then.
        let is_cut_here = !given.distinct.is_empty();
        let limit = given.limit.filter(|_| !is_cut_here).map_or("-1".to_owned(), |limit| limit.to_string());
        let offset = given.offset.filter(|_| !is_cut_here).unwrap_or_default();
        let text = format!(
            "SELECT {} FROM {} a WHERE {} ORDER BY {} LIMIT {limit} OFFSET {offset}",
            all.join(", "),
            quoted(table.name),
            conditions.join(" AND "),
            order.join(", "),
        );
        if self.counts_widened {
            self.widen(at, given, &conditions, &values)?;
        }
        let mut statement = self.connection.prepare_cached(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
        let mut found = statement.query(rusqlite::params_from_iter(values)).unwrap();
        let mut rows: Vec<Vec<Cell>> = Vec::new();
        loop {
            let row = match found.next() {
                Ok(Some(row)) => row,
                Ok(None) => break,
                Err(error) => {
                    assert_eq!(error.sqlite_error_code(), Some(rusqlite::ErrorCode::OperationInterrupted), "{text}");
                    return None;
                }
            };
            self.left.set(self.left.get().checked_sub(1)?);
            let row = (0..all.len()).map(|column| row.get_unwrap(column)).collect::<Vec<Cell>>();
            let is_same = |other: &&Vec<Cell>| given.distinct.iter().all(|column| other[*column] == row[*column]);
            if !is_cut_here || !rows.iter().any(|other| is_same(&other)) {
                rows.push(row);
            }
        }
        if is_cut_here {
            rows = rows.into_iter().skip(given.offset.unwrap_or_default()).collect();
            rows.truncate(given.limit.unwrap_or(usize::MAX));
        }
        Some(rows)
    }

    /// A column of the outermost table in an order.
    fn ordered(&self, table: usize, column: usize) -> String {
        let described = &self.database.tables[table].columns[column];
        let name = format!("a.{}", quoted(described.name));
        // Without a word of it, its own collation holds.
        if self.by_code_point && described.is_collated() { format!("{name} COLLATE BINARY") } else { name }
    }

    fn term(&self, table: usize, term: &Term) -> String {
        match term {
            Term::Column(column) => self.ordered(table, *column),
            Term::Far(path, column) => self.far(path, *column),
            Term::Folded(relation, figure) => self.linked_figure(relation, "a", None, figure, &mut Vec::new()),
        }
    }

    /// The value of a column behind object links of the outermost row.
    fn far(&self, path: &[Relation], column: usize) -> String {
        let (mut from, mut on) = (Vec::new(), Vec::new());
        for (step, relation) in path.iter().enumerate() {
            let (outer, inner) =
                (if step == 0 { "a".to_owned() } else { format!("f{step}") }, format!("f{}", step + 1));
            from.push(format!("{} {inner}", quoted(self.database.tables[relation.to].name)));
            on.push(self.joined(relation, &outer, &inner));
        }
        let last = &self.database.tables[path[path.len() - 1].to].columns[column];
        let value = read(last, &format!("f{}.{}", path.len(), quoted(last.name)));
        format!("(SELECT {value} FROM {} WHERE {})", from.join(", "), on.join(" AND "))
    }

    fn object(&self, node: &Node, row: &[Cell]) -> Option<Value> {
        let mut object = self.columns(node.table, &node.columns, row);
        for (index, (relation, below)) in node.below.iter().enumerate() {
            let parent = Some((relation, row));
            let value = match below {
                Below::Rows(node) => {
                    let mut linked = self.objects(node, parent)?;
                    if relation.many {
                        Value::Array(linked)
                    } else {
                        assert!(linked.len() < 2);
                        linked.pop().unwrap_or(Value::Null)
                    }
                }
                Below::Fold(fold) => self.fold(fold, parent)?,
                Below::Page(Page { node, size, backwards }) => {
                    let rows = self.objects(node, parent)?;
                    self.beside.set(self.beside.get() + 2);
                    let size = (*size).min(rows.len());
                    let from = if *backwards { rows.len() - size } else { 0 };
                    page(&rows, from, from + size)
                }
            };
            object.insert(format!("r{index}"), value);
        }
        Some(Value::Object(object))
    }

    fn columns(&self, table: usize, columns: &[usize], row: &[Cell]) -> Map<String, Value> {
        let columns = columns.iter().enumerate().map(|(index, column)| {
            (format!("c{index}"), plain(&row[*column], self.database.tables[table].columns[*column].scalar))
        });
        columns.collect()
    }

    fn fold(&self, fold: &Fold, parent: Option<Parent<'_>>) -> Option<Value> {
        let rows = self.rows(fold.table, &fold.given, parent)?;
        let mut object = Map::new();
        if !fold.figures.is_empty() {
            let rows = rows.iter().map(Vec::as_slice).collect::<Vec<_>>();
            object.insert("aggregate".into(), figures::all(&self.database.tables[fold.table], &fold.figures, &rows));
        }
        if !fold.nodes.is_empty() {
            self.beside.set(self.beside.get() + 1);
            let nodes = rows.iter().map(|row| Value::Object(self.columns(fold.table, &fold.nodes, row))).collect();
            object.insert("nodes".into(), Value::Array(nodes));
        }
        Some(Value::Object(object))
    }
}

fn directed(value: &str, direction: &str) -> String {
    let (way, nulls) = match direction {
        "ASC" | "ASC_NULLS_LAST" => ("ASC", "LAST"),
        "ASC_NULLS_FIRST" => ("ASC", "FIRST"),
        "DESC_NULLS_LAST" => ("DESC", "LAST"),
        _ => ("DESC", "FIRST"),
    };
    format!("{value} {way} NULLS {nulls}")
}

/// A column as it is read: what is of several storage classes by its text.
fn read(column: &Column, name: &str) -> String {
    match column.role {
        Role::Shown if column.scalar == Scalar::String => format!("CAST({name} AS TEXT)"),
        Role::Plain | Role::Shown => name.to_owned(),
        Role::Hidden => "NULL".to_owned(),
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
