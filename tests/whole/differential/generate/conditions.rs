//! Random conditions on rows.

use lilong_schema::Scalar;
use rusqlite::types::Value as Cell;

use super::Generator;
use crate::differential::databases::Role;
use crate::differential::question::{Condition, Figure, Place, Test};

impl Generator<'_> {
    pub(super) fn condition(&mut self, table: usize, depth: usize) -> Condition {
        let choice = self.random.below(100);
        if depth < 3 {
            match choice {
                0..15 => return Condition::And(self.some(table, depth)),
                15..30 => return Condition::Or(self.some(table, depth)),
                30..40 => return Condition::Not(self.boxed(table, depth + 1)),
                40..55 => {
                    if let Some(relation) = self.relation(table, |_| true) {
                        let inner = self.boxed(relation.to, depth + 1);
                        return Condition::Linked(relation, inner);
                    }
                }
                55..62 => {
                    if let Some(relation) = self.relation(table, |relation| relation.many) {
                        let inner =
                            if self.random.chance(40) { Some(self.boxed(relation.to, depth + 1)) } else { None };
                        let mut tests = Vec::new();
                        for _ in 0..=self.random.below(2) {
                            // One test of each statistic: an object has each key once.
                            tests.extend(self.figure_test(relation.to).filter(|(figure, _)| {
                                tests.iter().all(|(other, _): &(Figure, Test)| other.name() != figure.name())
                            }));
                        }
                        return Condition::Folded(relation, inner, tests);
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
        let described = &self.database.tables[table].columns[column];
        match self.value(table, column) {
            None => Condition::Null(column, true),
            Some(Cell::Text(text)) if described.scalar == Scalar::String && self.random.chance(40) => {
                self.text_condition(column, &text)
            }
            Some(value) => {
                if self.random.chance(20) {
                    let more = (0..self.random.below(3)).filter_map(|_| self.value(table, column)).collect();
                    return Condition::Among(column, self.random.chance(40), more);
                }
                let operators: &[&'static str] = &["_eq", "_neq", "_gt", "_gte", "_lt", "_lte"];
                let operators = if self.is_ordered(described) { operators } else { &operators[..2] };
                Condition::Compare(column, operators[self.random.below(operators.len())], value)
            }
        }
    }

    fn some(&mut self, table: usize, depth: usize) -> Vec<Condition> {
        (0..self.random.below(4)).map(|_| self.condition(table, depth + 1)).collect()
    }

    fn text_condition(&mut self, column: usize, text: &str) -> Condition {
        if self.random.chance(40) {
            let place = *self.random.pick(&[Place::Start, Place::End, Place::Within]);
            let length = text.chars().count();
            let part = match place {
                Place::Start => text.chars().take(2).collect(),
                Place::End => text.chars().skip(length.saturating_sub(2)).collect(),
                Place::Within => text.chars().skip(length / 2).take(1).collect(),
            };
            return Condition::Part { column, place, part, by_regex: self.random.chance(15) };
        }
        let pattern = match self.random.below(4) {
            0 => text.chars().take(1).collect::<String>().replace(['%', '_', '\\'], "_") + "%",
            1 => format!("%{}", text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_")),
            2 => "_".repeat(text.chars().count()),
            _ => format!("%{}%", text.chars().skip(1).take(1).collect::<String>().replace('\\', "\\\\")),
        };
        let folds = self.random.chance(25);
        let pattern = if folds && self.random.chance(50) { pattern.to_uppercase() } else { pattern };
        Condition::Like { column, not: self.random.chance(20), folds, pattern }
    }
}
