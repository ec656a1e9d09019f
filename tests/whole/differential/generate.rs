//! Random questions, with values that stand in the database.
//!
//! What is left out stands in the suite's own header, with its reason.

mod conditions;
mod folds;

use rusqlite::Connection;
use rusqlite::types::Value as Cell;

use lilong_schema::Scalar;

use super::databases::{Column, Database, Role, quoted};
use super::question::{Below, Condition, Given, Node, Page, Question, Relation, Term};
use super::random::Random;

pub(crate) const DIRECTIONS: [&str; 6] =
    ["ASC", "DESC", "ASC_NULLS_FIRST", "ASC_NULLS_LAST", "DESC_NULLS_FIRST", "DESC_NULLS_LAST"];

/// Makes questions.
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
    pub(crate) fn question(&mut self) -> Question {
        let asked = self.database.tables.iter().enumerate().filter(|(_, table)| table.is_asked).map(|(at, _)| at);
        let table = *self.random.pick(&asked.collect::<Vec<_>>());
        match self.random.below(100) {
            0..50 => Question::Rows(self.node(table, 3, true, true)),
            50..65 => Question::Fold(self.fold(table)),
            65..85 => {
                let groups = self.groups(table);
                if groups.by.is_empty() { Question::Fold(self.fold(table)) } else { Question::Groups(groups) }
            }
            85..97 => Question::Pages(self.page(table, 1, true)),
            _ => self.row(table),
        }
    }

    /// A row by its primary key, or by one that may not be there.
    fn row(&mut self, table: usize) -> Question {
        let key = self.database.tables[table].key.clone();
        let values = key.iter().map(|column| self.value(table, *column)).collect::<Option<Vec<_>>>();
        match values.filter(|values| !values.is_empty()) {
            Some(values) => Question::Row(self.node(table, 2, false, true), values),
            None => Question::Rows(self.node(table, 3, true, true)),
        }
    }

    fn is_ordered(&self, column: &Column) -> bool {
        column.role == Role::Plain && (self.orders_texts || column.scalar != Scalar::String)
    }

    /// Whether a column is ordered in the same way wherever that is done.
    fn is_ordered_anywhere(&self, column: &Column) -> bool {
        self.is_ordered(column) && !column.is_collated()
    }

    /// Columns that pass a test.
    fn columns(&self, table: usize, wanted: impl Fn(&Column) -> bool) -> Vec<usize> {
        let columns = &self.database.tables[table].columns;
        (0..columns.len()).filter(|column| wanted(&columns[*column])).collect()
    }

    fn shown(&mut self, table: usize) -> Vec<usize> {
        let mut columns = self.database.tables[table].key.clone();
        let shown = self.columns(table, |column| column.role != Role::Hidden);
        for _ in 0..=self.random.below(3) {
            let column = *self.random.pick(&shown);
            if !columns.contains(&column) {
                columns.push(column);
            }
        }
        columns
    }

    fn relation(&mut self, table: usize, wanted: impl Fn(&Relation) -> bool) -> Option<Relation> {
        let mut all = relations(self.database, table);
        all.retain(wanted);
        if all.is_empty() { None } else { Some(self.random.pick(&all).clone()) }
    }

    fn node(&mut self, table: usize, depth: usize, many: bool, root: bool) -> Node {
        let columns = self.shown(table);
        let given = if many { self.given(table, root) } else { Given::default() };
        let mut below = Vec::new();
        for _ in 0..if depth > 0 { self.random.below(3) } else { 0 } {
            if let Some(relation) = self.relation(table, |_| true) {
                let to = relation.to;
                let linked = match self.random.below(if relation.many { 10 } else { 1 }) {
                    0..6 => Below::Rows(self.node(to, depth - 1, relation.many, false)),
                    6..8 => Below::Fold(self.fold(to)),
                    _ => Below::Page(self.page(to, depth - 1, false)),
                };
                below.push((relation, linked));
            }
        }
        Node { table, columns, below, given }
    }

    /// Arguments; those of a root list always limit it.
    fn given(&mut self, table: usize, root: bool) -> Given {
        let mut given = Given::default();
        if self.random.chance(60) {
            given.condition = Some(self.condition(table, 0));
        }
        if self.random.chance(12) {
            let plain = self.columns(table, |column| self.is_ordered(column));
            for _ in 0..=self.random.below(2) {
                if !plain.is_empty() {
                    let column = *self.random.pick(&plain);
                    if !given.distinct.contains(&column) {
                        given.distinct.push(column);
                    }
                }
            }
            given.order =
                given.distinct.iter().map(|column| (Term::Column(*column), *self.random.pick(&DIRECTIONS))).collect();
        }
        self.order(table, &mut given.order);
        if root || self.random.chance(60) {
            given.limit = Some(*self.random.pick(&[0, 1, 2, 5, 10, 200]));
        }
        if self.random.chance(30) {
            given.offset = Some(*self.random.pick(&[0, 1, 3, 1000]));
        }
        given
    }

    /// Adds terms to an order, and what it takes to make it one where there is no key.
    fn order(&mut self, table: usize, order: &mut Vec<(Term, &'static str)>) {
        let ordered = self.columns(table, |column| self.is_ordered(column));
        let has = |order: &[(Term, &str)], column: usize| {
            order.iter().any(|(term, _)| matches!(term, Term::Column(other) if *other == column))
        };
        for _ in 0..self.random.below(3) {
            let direction = *self.random.pick(&DIRECTIONS);
            match self.random.below(10) {
                0 => order.extend(self.far(table).map(|term| (term, direction))),
                1 => {
                    if let Some(relation) = self.relation(table, |relation| relation.many)
                        && let Some(figure) = self.exact_figure(relation.to)
                    {
                        order.push((Term::Folded(relation, figure), direction));
                    }
                }
                _ if !ordered.is_empty() => {
                    let column = *self.random.pick(&ordered);
                    if !has(order, column) {
                        order.push((Term::Column(column), direction));
                    }
                }
                _ => {}
            }
        }
        if self.database.tables[table].is_keyless {
            for column in ordered {
                if !has(order, column) {
                    order.push((Term::Column(column), *self.random.pick(&DIRECTIONS)));
                }
            }
        }
    }

    /// A column behind one object link or two.
    fn far(&mut self, table: usize) -> Option<Term> {
        let mut path = vec![self.relation(table, |relation| !relation.many)?];
        if self.random.chance(30) {
            path.extend(self.relation(path[0].to, |relation| !relation.many));
        }
        let columns = self.columns(path[path.len() - 1].to, |column| self.is_ordered_anywhere(column));
        if columns.is_empty() { None } else { Some(Term::Far(path, *self.random.pick(&columns))) }
    }

    /// A page, or what pages are made of.
    fn page(&mut self, table: usize, depth: usize, root: bool) -> Page {
        let mut node = self.node(table, if root { depth } else { 0 }, false, root);
        if self.random.chance(50) {
            node.given.condition = Some(self.condition(table, 0));
        }
        self.order(table, &mut node.given.order);
        Page { node, size: *self.random.pick(&[1, 2, 3, 7, 20]), backwards: self.random.chance(40) }
    }

    fn value(&mut self, table: usize, column: usize) -> Option<Cell> {
        let described = &self.database.tables[table];
        let column = quoted(described.columns[column].name);
        let sql = format!("SELECT {column} FROM {} WHERE {column} IS NOT NULL LIMIT 200", quoted(described.name));
        let mut statement = self.connection.prepare_cached(&sql).unwrap();
        let all = statement.query_map([], |row| row.get::<_, Cell>(0)).unwrap().collect::<Result<Vec<_>, _>>().unwrap();
        if all.is_empty() { None } else { Some(self.random.pick(&all).clone()) }
    }

    fn boxed(&mut self, table: usize, depth: usize) -> Box<Condition> {
        Box::new(self.condition(table, depth))
    }
}
