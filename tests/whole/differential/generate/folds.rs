//! Random figures, and questions made of them.

use lilong_schema::Scalar;
use rusqlite::types::Value as Cell;

use super::{DIRECTIONS, Generator};
use crate::differential::databases::{Role, quoted};
use crate::differential::question::{Figure, Fold, Given, GroupTerm, Groups, Having, Test};

/// Integers up to here have sums that every engine adds up exactly, in whatever order.
const SMALL: i64 = 1_000_000_000;

impl Generator<'_> {
    pub(super) fn fold(&mut self, table: usize) -> Fold {
        let mut given = self.given(table, false);
        if self.random.chance(60) {
            // What is cut is another question than what is not.
            (given.limit, given.offset) = (None, None);
        }
        let figures = self.figures(table);
        let nodes = if figures.is_empty() || self.random.chance(25) { self.shown(table) } else { vec![] };
        Fold { table, given, figures, nodes }
    }

    fn figures(&mut self, table: usize) -> Vec<Figure> {
        (0..=self.random.below(4)).map(|_| self.figure(table)).collect()
    }

    fn figure(&mut self, table: usize) -> Figure {
        let plain = self.columns(table, |column| column.role == Role::Plain);
        let numbers = self.columns(table, |column| {
            column.role == Role::Plain
                && matches!(column.scalar, Scalar::Int | Scalar::BigInt | Scalar::Float | Scalar::Decimal)
        });
        match self.random.below(10) {
            0..3 if !plain.is_empty() => {
                let columns = (0..=self.random.below(2)).map(|_| *self.random.pick(&plain)).collect();
                Figure::Count(columns, self.random.chance(50))
            }
            3..7 if !numbers.is_empty() => {
                let statistic = *self.random.pick(&["sum", "sum", "avg", "stddev", "stddevPop", "variance", "varPop"]);
                Figure::Of(statistic, *self.random.pick(&numbers))
            }
            7..10 => self.extreme(table).unwrap_or(Figure::Count(vec![], false)),
            _ => Figure::Count(vec![], false),
        }
    }

    fn extreme(&mut self, table: usize) -> Option<Figure> {
        let ordered = self.columns(table, |column| self.is_ordered_anywhere(column));
        let column = if ordered.is_empty() { None } else { Some(*self.random.pick(&ordered)) };
        Some(Figure::Of(self.random.pick::<&str>(&["min", "max"]), column?))
    }

    /// A figure that is the same in whatever order rows are added up.
    pub(super) fn exact_figure(&mut self, table: usize) -> Option<Figure> {
        match self.random.below(10) {
            0..4 => Some(Figure::Count(vec![], false)),
            4..6 => {
                let whole = self.columns(table, |column| {
                    column.role == Role::Plain && matches!(column.scalar, Scalar::Int | Scalar::BigInt)
                });
                let small = whole.into_iter().filter(|column| self.is_small(table, *column)).collect::<Vec<_>>();
                if small.is_empty() {
                    return None;
                }
                Some(Figure::Of(self.random.pick::<&str>(&["sum", "avg"]), *self.random.pick(&small)))
            }
            _ => self.extreme(table),
        }
    }

    fn is_small(&self, table: usize, column: usize) -> bool {
        let described = &self.database.tables[table];
        let column = quoted(described.columns[column].name);
        let sql = format!("SELECT MIN({column}), MAX({column}) FROM {}", quoted(described.name));
        let mut statement = self.connection.prepare_cached(&sql).unwrap();
        let ends = statement.query_row([], |row| Ok([row.get::<_, Cell>(0)?, row.get::<_, Cell>(1)?])).unwrap();
        ends.iter().all(|end| matches!(end, Cell::Integer(number) if (-SMALL..=SMALL).contains(number)))
    }

    /// A figure and a test that some rows may pass.
    pub(super) fn figure_test(&mut self, table: usize) -> Option<(Figure, Test)> {
        let figure = self.exact_figure(table)?;
        let is_count = matches!(figure, Figure::Count(..));
        if !is_count && self.random.chance(15) {
            return Some((figure, Test::Null(self.random.chance(50))));
        }
        let value = match &figure {
            Figure::Of("min" | "max", column) => self.value(table, *column)?,
            _ => Cell::Integer(self.random.below(7) as i64),
        };
        let operator = *self.random.pick(&["_eq", "_neq", "_gt", "_gte", "_lt", "_lte"]);
        Some((figure, Test::Compare(operator, value)))
    }

    pub(super) fn groups(&mut self, table: usize) -> Groups {
        let mut by = Vec::new();
        for _ in 0..=self.random.below(3) {
            let relation = if self.random.chance(30) { self.relation(table, |relation| !relation.many) } else { None };
            let to = relation.as_ref().map_or(table, |relation| relation.to);
            let columns = self.columns(to, |column| column.role == Role::Plain);
            if !columns.is_empty() {
                let column = *self.random.pick(&columns);
                let is_new = by.iter().all(|(other, own): &(Option<super::Relation>, usize)| {
                    *own != column || other.as_ref().map(|link| &link.on) != relation.as_ref().map(|link| &link.on)
                });
                if is_new {
                    by.push((relation, column));
                }
            }
        }
        let condition = if self.random.chance(50) { Some(self.condition(table, 0)) } else { None };
        let rows = Given { condition, ..Given::default() };
        let having = if self.random.chance(35) { Some(self.having(table, 0)) } else { None };
        let mut order = Vec::new();
        for _ in 0..self.random.below(3) {
            let direction = *self.random.pick(&DIRECTIONS);
            if !by.is_empty() && self.random.chance(50) {
                order.push((GroupTerm::Key(self.random.below(by.len())), direction));
            } else if let Some(figure) = self.exact_figure(table) {
                order.push((GroupTerm::Figure(figure), direction));
            }
        }
        // Keys whose order is not known everywhere end no order that could be compared.
        let is_unordered = by.iter().any(|(relation, column)| {
            let to = relation.as_ref().map_or(table, |relation| relation.to);
            !self.is_ordered_anywhere(&self.database.tables[to].columns[*column])
        });
        let limit =
            if !is_unordered && self.random.chance(40) { Some(*self.random.pick(&[0, 1, 3, 10])) } else { None };
        let offset = if !is_unordered && self.random.chance(20) { Some(*self.random.pick(&[0, 1, 4])) } else { None };
        let figures = self.figures(table);
        Groups { table, by, rows, having, order, limit, offset, figures, is_unordered }
    }

    fn having(&mut self, table: usize, depth: usize) -> Having {
        let parts = |generator: &mut Self| {
            (0..generator.random.below(3)).map(|_| generator.having(table, depth + 1)).collect::<Vec<_>>()
        };
        match self.random.below(if depth < 2 { 10 } else { 6 }) {
            6 => Having::And(parts(self)),
            7..9 => Having::Or(parts(self)),
            9 => Having::Not(Box::new(self.having(table, depth + 1))),
            _ => match self.figure_test(table) {
                Some((figure, test)) => Having::Of(figure, test),
                None => Having::And(vec![]),
            },
        }
    }
}
