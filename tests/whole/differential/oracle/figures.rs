//! Figures of rows, and groups of them, one row after the other.

use std::cmp::Ordering;

use lilong_schema::Scalar;
use rusqlite::types::Value as Cell;
use serde_json::{Map, Value, json};

use super::{Oracle, plain};
use crate::differential::databases::Table;
use crate::differential::question::{Figure, GroupTerm, Groups, Having, Test};

/// The rows of one group.
type Rows<'a> = [&'a [Cell]];

/// All figures as they are answered.
pub(super) fn all(table: &Table, figures: &[Figure], rows: &Rows<'_>) -> Value {
    let shown = figures.iter().enumerate().map(|(index, figure)| {
        let value = match figure {
            Figure::Count(..) => plain(&value(table, figure, rows), Scalar::BigInt),
            Figure::Of(name, column) => {
                let scalar = table.columns[*column].scalar;
                let is_whole = *name == "sum" && matches!(scalar, Scalar::Int | Scalar::BigInt);
                let shown = match whole_sum(rows, *column).filter(|_| is_whole) {
                    // Engines that know smaller integers have smaller sums of them, which travel as numbers.
                    Some(sum) if sum.unsigned_abs() < 1 << 53 => json!(sum as i64),
                    Some(sum) => json!(sum.to_string()),
                    None => plain(&value(table, figure, rows), scalar),
                };
                json!({ "v": shown })
            }
        };
        (format!("f{index}"), value)
    });
    Value::Object(shown.collect::<Map<_, _>>())
}

/// The exact sum of integers; `None`: there are none.
fn whole_sum(rows: &Rows<'_>, column: usize) -> Option<i128> {
    let whole = |row: &&[Cell]| if let Cell::Integer(number) = row[column] { Some(i128::from(number)) } else { None };
    rows.iter().filter_map(whole).reduce(|one, other| one + other)
}

fn value(table: &Table, figure: &Figure, rows: &Rows<'_>) -> Cell {
    match figure {
        Figure::Count(columns, distinct) => {
            let keys = rows.iter().map(|row| columns.iter().map(|column| row[*column].clone()).collect::<Vec<_>>());
            let mut keys = keys.filter(|key| !key.contains(&Cell::Null)).collect::<Vec<_>>();
            if *distinct {
                keys.sort_by(|one, other| in_turn(one, other));
                keys.dedup_by(|one, other| in_turn(one, other).is_eq());
            }
            Cell::Integer(keys.len() as i64)
        }
        Figure::Of(name, column) => {
            let cells = rows.iter().map(|row| &row[*column]).filter(|cell| **cell != Cell::Null).collect::<Vec<_>>();
            let extreme = match *name {
                "min" => cells.iter().copied().min_by(|one, other| compare(one, other)),
                "max" => cells.iter().copied().max_by(|one, other| compare(one, other)),
                _ => return number(table.columns[*column].scalar, name, &cells),
            };
            extreme.cloned().unwrap_or(Cell::Null)
        }
    }
}

fn number(scalar: Scalar, name: &str, cells: &[&Cell]) -> Cell {
    let numbers = cells.iter().map(|cell| real(cell)).collect::<Vec<_>>();
    let count = numbers.len() as f64;
    let mut sum = numbers.iter().sum::<f64>();
    if scalar == Scalar::Decimal {
        // Decimals are added up exactly; two places hold what these have.
        sum = numbers.iter().map(|number| (number * 1e6).round()).sum::<f64>() / 1e6;
    }
    let mean = sum / count;
    let squares = || numbers.iter().map(|number| (number - mean) * (number - mean)).sum::<f64>();
    let value = match name {
        _ if numbers.is_empty() => return Cell::Null,
        "stddev" | "variance" if numbers.len() < 2 => return Cell::Null,
        "sum" => sum,
        "avg" => mean,
        "stddev" => (squares() / (count - 1.0)).sqrt(),
        "variance" => squares() / (count - 1.0),
        "stddevPop" => (squares() / count).sqrt(),
        _ => squares() / count,
    };
    Cell::Real(value)
}

fn real(cell: &Cell) -> f64 {
    match cell {
        Cell::Integer(number) => *number as f64,
        Cell::Real(number) => *number,
        _ => panic!("no number"),
    }
}

/// Numbers by value, texts by code point.
fn compare(one: &Cell, other: &Cell) -> Ordering {
    match (one, other) {
        (Cell::Null, Cell::Null) => Ordering::Equal,
        (Cell::Null, _) => Ordering::Greater,
        (_, Cell::Null) => Ordering::Less,
        (Cell::Text(one), Cell::Text(other)) => one.cmp(other),
        (Cell::Integer(one), Cell::Integer(other)) => one.cmp(other),
        _ => real(one).partial_cmp(&real(other)).unwrap(),
    }
}

fn in_turn(one: &[Cell], other: &[Cell]) -> Ordering {
    let pairs = one.iter().zip(other).map(|(one, other)| compare(one, other));
    pairs.fold(Ordering::Equal, Ordering::then)
}

fn directed(one: &Cell, other: &Cell, direction: &str) -> Ordering {
    let nulls_first = matches!(direction, "ASC_NULLS_FIRST" | "DESC" | "DESC_NULLS_FIRST");
    match (one == &Cell::Null, other == &Cell::Null) {
        (true, true) => Ordering::Equal,
        (true, false) => {
            if nulls_first {
                Ordering::Less
            } else {
                Ordering::Greater
            }
        }
        (false, true) => {
            if nulls_first {
                Ordering::Greater
            } else {
                Ordering::Less
            }
        }
        (false, false) if direction.starts_with("DESC") => compare(other, one),
        (false, false) => compare(one, other),
    }
}

impl Oracle<'_> {
    pub(super) fn groups(&self, groups: &Groups) -> Option<Value> {
        let table = &self.database.tables[groups.table];
        let more = groups.by.iter().filter_map(|(relation, column)| {
            relation.as_ref().map(|relation| self.far(std::slice::from_ref(relation), *column))
        });
        let more = more.collect::<Vec<_>>();
        let rows = self.rows_with(groups.table, &groups.rows, None, &more)?;
        let mut positions = Vec::new();
        let mut beyond = table.columns.len();
        for (relation, column) in &groups.by {
            positions.push(if relation.is_some() { beyond } else { *column });
            beyond += usize::from(relation.is_some());
        }
        let key = |row: &[Cell]| positions.iter().map(|at| row[*at].clone()).collect::<Vec<_>>();
        let mut found: Vec<(Vec<Cell>, Vec<&[Cell]>)> = Vec::new();
        for row in &rows {
            let own = key(row);
            match found.iter_mut().find(|(other, _)| in_turn(other, &own).is_eq()) {
                Some((_, rows)) => rows.push(row),
                None => found.push((own, vec![row])),
            }
        }
        found.retain(|(_, rows)| groups.having.as_ref().is_none_or(|having| holds(table, having, rows) == Some(true)));
        found.sort_by(|(one, one_rows), (other, other_rows)| {
            let terms = groups.order.iter().map(|(term, direction)| match term {
                GroupTerm::Key(at) => directed(&one[*at], &other[*at], direction),
                GroupTerm::Figure(figure) => {
                    directed(&value(table, figure, one_rows), &value(table, figure, other_rows), direction)
                }
            });
            terms.fold(Ordering::Equal, Ordering::then).then_with(|| in_turn(one, other))
        });
        let cut = found.iter().skip(groups.offset.unwrap_or_default()).take(groups.limit.unwrap_or(usize::MAX));
        let shown = cut.map(|(key, rows)| {
            let key = key.iter().zip(&groups.by).enumerate().map(|(at, (cell, (relation, column)))| {
                let table = relation.as_ref().map_or(groups.table, |relation| relation.to);
                (format!("k{at}"), plain(cell, self.database.tables[table].columns[*column].scalar))
            });
            json!({ "key": key.collect::<Map<_, _>>(), "aggregate": all(table, &groups.figures, rows) })
        });
        Some(Value::Array(shown.collect()))
    }
}

/// As SQL has it: `None` is unknown.
fn holds(table: &Table, having: &Having, rows: &Rows<'_>) -> Option<bool> {
    let all = |parts: &[Having]| parts.iter().map(|part| holds(table, part, rows)).collect::<Vec<_>>();
    match having {
        Having::And(parts) => {
            let parts = all(parts);
            if parts.contains(&Some(false)) {
                Some(false)
            } else if parts.contains(&None) {
                None
            } else {
                Some(true)
            }
        }
        Having::Or(parts) => {
            let parts = all(parts);
            if parts.contains(&Some(true)) {
                Some(true)
            } else if parts.contains(&None) {
                None
            } else {
                Some(false)
            }
        }
        Having::Not(part) => holds(table, part, rows).map(|holds| !holds),
        Having::Of(figure, test) => {
            let found = value(table, figure, rows);
            match test {
                Test::Null(null) => Some((found == Cell::Null) == *null),
                Test::Compare(_, _) if found == Cell::Null => None,
                Test::Compare(operator, value) => {
                    let order = compare(&found, value);
                    Some(match *operator {
                        "_eq" => order.is_eq(),
                        "_neq" => order.is_ne(),
                        "_gt" => order.is_gt(),
                        "_gte" => order.is_ge(),
                        "_lt" => order.is_lt(),
                        _ => order.is_le(),
                    })
                }
            }
        }
    }
}
