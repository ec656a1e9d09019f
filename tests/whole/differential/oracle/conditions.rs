//! Conditions on rows as SQL.

use rusqlite::types::Value as Cell;

use super::{Oracle, functions};
use crate::differential::databases::{Column, Role, quoted};
use crate::differential::question::{Condition, Figure, Relation, Test};

impl Oracle<'_> {
    pub(super) fn condition(&self, table: usize, condition: &Condition, alias: &str, values: &mut Vec<Cell>) -> String {
        let described = &self.database.tables[table];
        let column = |column: &usize| format!("{alias}.{}", quoted(described.columns[*column].name));
        let mut join = |parts: &[Condition], word: &str, empty: &str| {
            if parts.is_empty() {
                return empty.to_owned();
            }
            let parts = parts.iter().map(|part| self.condition(table, part, alias, values)).collect::<Vec<_>>();
            format!("({})", parts.join(word))
        };
        match condition {
            Condition::And(parts) => join(parts, " AND ", "1 = 1"),
            Condition::Or(parts) => join(parts, " OR ", "1 = 0"),
            Condition::Not(part) => format!("(NOT {})", self.condition(table, part, alias, values)),
            Condition::Null(of, true) => format!("{} IS NULL", column(of)),
            Condition::Null(of, false) => format!("{} IS NOT NULL", column(of)),
            Condition::Compare(of, operator, value) => {
                values.push(value.clone());
                let is_exact =
                    matches!(*operator, "_eq" | "_neq") || self.by_code_point && described.columns[*of].is_collated();
                format!("{} {} ?{}", column(of), sign(operator), if is_exact { " COLLATE BINARY" } else { "" })
            }
            Condition::Among(of, not, among) => {
                if among.is_empty() {
                    return if *not { "1 = 1" } else { "1 = 0" }.to_owned();
                }
                values.extend(among.iter().cloned());
                let places = vec!["?"; among.len()].join(", ");
                format!("{} COLLATE BINARY {}IN ({places})", column(of), if *not { "NOT " } else { "" })
            }
            Condition::Like { column: of, not, folds, pattern } => {
                values.push(Cell::Text(pattern.clone()));
                let function = if *folds { "like_folded" } else { "like_exactly" };
                format!("{}{function}({}, ?)", if *not { "NOT " } else { "" }, column(of))
            }
            Condition::Part { column: of, place, part, .. } => {
                values.push(Cell::Text(part.clone()));
                format!("{}({}, ?)", functions::of(*place), column(of))
            }
            Condition::Linked(relation, inner) => {
                let below = format!("{alias}b");
                let on = self.joined(relation, alias, &below);
                let inner = self.condition(relation.to, inner, &below, values);
                let to = quoted(self.database.tables[relation.to].name);
                format!("EXISTS (SELECT 1 FROM {to} {below} WHERE {on} AND {inner})")
            }
            Condition::Folded(relation, inner, tests) => {
                let tests = tests.iter().map(|(figure, test)| {
                    let figure = self.linked_figure(relation, alias, inner.as_deref(), figure, values);
                    match test {
                        Test::Null(null) => format!("{figure} IS {}NULL", if *null { "" } else { "NOT " }),
                        Test::Compare(operator, value) => {
                            values.push(value.clone());
                            // A condition on linked rows is true or false, never unknown.
                            format!("({figure} {} ?) IS TRUE", sign(operator))
                        }
                    }
                });
                let tests = tests.collect::<Vec<_>>();
                if tests.is_empty() { "1 = 1".to_owned() } else { format!("({})", tests.join(" AND ")) }
            }
        }
    }

    /// A figure of the rows that a row is linked with.
    pub(super) fn linked_figure(
        &self,
        relation: &Relation,
        alias: &str,
        inner: Option<&Condition>,
        figure: &Figure,
        values: &mut Vec<Cell>,
    ) -> String {
        let (to, below) = (&self.database.tables[relation.to], format!("{alias}c"));
        let figure = match figure {
            Figure::Count(..) => "count(*)".to_owned(),
            Figure::Of(name, column) => format!("{name}({below}.{})", quoted(to.columns[*column].name)),
        };
        let on = self.joined(relation, alias, &below);
        let inner = inner.map(|inner| format!(" AND {}", self.condition(relation.to, inner, &below, values)));
        format!("(SELECT {figure} FROM {} {below} WHERE {on}{})", quoted(to.name), inner.unwrap_or_default())
    }

    /// Whether two rows are linked.
    pub(super) fn joined(&self, relation: &Relation, outer: &str, inner: &str) -> String {
        let (from, to) = (&self.database.tables[relation.from], &self.database.tables[relation.to]);
        let on = relation.on.iter().map(|(one, other)| {
            let (one, other) = (&from.columns[*one], &to.columns[*other]);
            let name = |alias: &str, column: &Column| format!("{alias}.{}", quoted(column.name));
            equal(one, &name(outer, one), other, &name(inner, other))
        });
        on.collect::<Vec<_>>().join(" AND ")
    }
}

fn sign(operator: &str) -> &'static str {
    match operator {
        "_eq" => "=",
        "_neq" => "<>",
        "_gt" => ">",
        "_gte" => ">=",
        "_lt" => "<",
        _ => "<=",
    }
}

/// Whether two columns hold the same key: keys of different types meet by their text.
pub(super) fn equal(outer: &Column, outer_name: &str, inner: &Column, inner_name: &str) -> String {
    if outer.scalar == inner.scalar && outer.role == Role::Plain && inner.role == Role::Plain {
        format!("{inner_name} = {outer_name} COLLATE BINARY")
    } else {
        format!("CAST({inner_name} AS TEXT) = CAST({outer_name} AS TEXT) COLLATE BINARY")
    }
}
