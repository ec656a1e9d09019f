//! What is reached from a row: values through object links and aggregates over linked rows; orders and outputs of them.
//!
//! In: paths and targets. Out: expressions. *Invariant*: subselects rather than joins: rows are never doubled, whatever a
//! link's target holds.

use lilong_schema::{Collection, Field};

use super::{Translation, Untranslatable, column, key_columns};
use crate::sql::dialect::{Column, Dialect, Nulls};
use crate::{Fetch, Hop, LinkedAggregate, Order, OrderTarget};

/// One term of `ORDER BY`: an expression, and what follows it.
pub(super) struct Term {
    pub(super) expression: String,
    pub(super) suffix: String,
    /// What follows `IS NULL` in a term that goes before this one.
    pub(super) nulls: Option<&'static str>,
}

pub(super) fn order_by(terms: &[Term]) -> String {
    if terms.is_empty() {
        return String::new();
    }
    let terms: Vec<String> = terms
        .iter()
        .map(|term| match term.nulls {
            None => format!("{}{}", term.expression, term.suffix),
            Some(after) => format!("{0} IS NULL{after}, {0}{1}", term.expression, term.suffix),
        })
        .collect();
    format!(" ORDER BY {}", terms.join(", "))
}

/// The columns of an answer: expressions, with the names they need.
pub(super) struct Outputs(Vec<(String, Option<String>)>);

impl Outputs {
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// What follows `SELECT`; an answer without columns still has rows.
    pub(super) fn list(&self) -> String {
        self.texts(self.0.iter().map(|(expression, _)| expression.clone()))
    }

    /// The expressions named `c0`, `c1`, …
    pub(super) fn numbered(&self) -> Vec<String> {
        self.0.iter().enumerate().map(|(at, (expression, _))| format!("{expression} AS c{at}")).collect()
    }

    /// The same as what follows `SELECT`.
    pub(super) fn numbered_or_one(&self) -> String {
        if self.0.is_empty() { "1".to_owned() } else { self.numbered().join(", ") }
    }

    /// What follows `SELECT` around [`Self::numbered`].
    pub(super) fn renamed(&self, prefix: &str) -> String {
        self.texts((0..self.0.len()).map(|at| format!("{prefix}c{at}")))
    }

    fn texts(&self, expressions: impl Iterator<Item = String>) -> String {
        if self.0.is_empty() {
            return "1".to_owned();
        }
        let texts = expressions.zip(&self.0).map(|(expression, (_, name))| match name {
            Some(name) => format!("{expression} AS {name}"),
            None => expression,
        });
        texts.collect::<Vec<_>>().join(", ")
    }
}

/// What a value is reached for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Purpose {
    /// To be ordered by.
    Order,
    /// As it is.
    Value,
}

impl<D: Dialect> Translation<'_, D> {
    pub(super) fn outputs(&mut self, fetch: &Fetch, alias: &str) -> Result<Outputs, Untranslatable> {
        let mut outputs = vec![];
        let collection = &*fetch.collection;
        if let Some(paths) = self.raw {
            for id in &fetch.columns {
                let column = column(alias, collection, *id)?;
                outputs.push((self.dialect.bare(column), Some(self.dialect.quote(&column.field.name))));
            }
            for (at, key) in paths.iter().filter(|key| !key.path.is_empty()).enumerate() {
                let (value, _) = self.reached(collection, alias, &key.path, &OrderTarget::Field(key.field))?;
                outputs.push((value, Some(format!("h{at}"))));
            }
            return Ok(Outputs(outputs));
        }
        for id in &fetch.columns {
            outputs.push((self.dialect.output(column(alias, collection, *id)?), None));
        }
        for order in fetch.order.iter().filter(|_| fetch.order_values) {
            let (value, field) = self.reached(collection, alias, &order.path, &order.target)?;
            outputs.push((self.dialect.output(Column::of_expression(&value, collection, &field)), None));
        }
        Ok(Outputs(outputs))
    }

    pub(super) fn terms(
        &mut self,
        collection: &Collection,
        alias: &str,
        order: &[Order],
    ) -> Result<Vec<Term>, Untranslatable> {
        order.iter().map(|order| self.term(collection, alias, order)).collect()
    }

    fn term(&mut self, collection: &Collection, alias: &str, order: &Order) -> Result<Term, Untranslatable> {
        let (expression, never_null) = match order.path.split_first() {
            None => self.target(collection, alias, &order.target)?,
            Some((hop, rest)) => {
                let value = self.hop(collection, alias, hop, rest, &order.target, Purpose::Order)?;
                let field = order.describe(collection, String::new());
                let column = Column::of_expression(&value, collection, &field);
                (self.dialect.collated(value.clone(), column), false)
            }
        };
        Ok(self.placed(expression, never_null, order))
    }

    /// The term of an order by an expression.
    pub(super) fn placed(&self, expression: String, never_null: bool, order: &Order) -> Term {
        let mut suffix = String::new();
        if order.descending {
            suffix.push_str(" DESC");
        }
        let mut nulls = None;
        if !never_null {
            match self.dialect.nulls(order.descending, order.nulls_first) {
                Nulls::After(text) => suffix.push_str(text),
                Nulls::Before(text) => nulls = Some(text),
            }
        }
        Term { expression, suffix, nulls }
    }

    /// What an order compares, and whether it is never null.
    fn target(
        &mut self,
        collection: &Collection,
        alias: &str,
        target: &OrderTarget,
    ) -> Result<(String, bool), Untranslatable> {
        match target {
            OrderTarget::Field(id) => {
                let column = column(alias, collection, *id)?;
                Ok((self.dialect.sort_key(column), self.dialect.never_null(column)))
            }
            OrderTarget::RowId => {
                let row_id = self.dialect.row_id(alias, collection).ok_or(Untranslatable::RowId)?;
                Ok((row_id, true))
            }
            OrderTarget::Aggregate(linked) => {
                let value = self.linked(collection, alias, linked)?;
                let field = linked.aggregate.describe(&linked.collection, String::new());
                let column = Column::of_expression(&value, &linked.collection, &field);
                Ok((self.dialect.collated(self.dialect.sort_key(column), column), false))
            }
        }
    }

    /// The value itself, ordered as where it came from, and what it is.
    pub(super) fn reached(
        &mut self,
        collection: &Collection,
        alias: &str,
        path: &[Hop],
        target: &OrderTarget,
    ) -> Result<(String, Field), Untranslatable> {
        let order = Order { path: path.to_vec(), target: target.clone(), descending: false, nulls_first: false };
        let field = order.describe(collection, String::new());
        let value = match (path.split_first(), target) {
            (None, OrderTarget::Field(id)) => return Ok((self.dialect.bare(column(alias, collection, *id)?), field)),
            (None, _) => self.value(collection, alias, target)?,
            (Some((hop, rest)), _) => self.hop(collection, alias, hop, rest, target, Purpose::Value)?,
        };
        let value = self.dialect.collated(value.clone(), Column::of_expression(&value, collection, &field));
        Ok((value, field))
    }

    /// What a subselect gives of a row that is reached.
    fn value(&mut self, collection: &Collection, alias: &str, target: &OrderTarget) -> Result<String, Untranslatable> {
        match target {
            OrderTarget::Field(id) => Ok(self.dialect.carried(column(alias, collection, *id)?)),
            OrderTarget::RowId => self.dialect.row_id(alias, collection).ok_or(Untranslatable::RowId),
            OrderTarget::Aggregate(linked) => self.linked(collection, alias, linked),
        }
    }

    fn hop(
        &mut self,
        outer: &Collection,
        outer_alias: &str,
        hop: &Hop,
        rest: &[Hop],
        target: &OrderTarget,
        purpose: Purpose,
    ) -> Result<String, Untranslatable> {
        let alias = self.statement.alias();
        let conditions = self.pairs(outer, outer_alias, &hop.collection, &alias, &hop.on)?;
        let value = match (rest.split_first(), target, purpose) {
            (Some((next, rest)), ..) => self.hop(&hop.collection, &alias, next, rest, target, purpose)?,
            (None, _, Purpose::Value) => self.value(&hop.collection, &alias, target)?,
            (None, OrderTarget::Field(id), Purpose::Order) => {
                self.dialect.carried_sort_key(column(&alias, &hop.collection, *id)?)
            }
            (None, _, Purpose::Order) => self.target(&hop.collection, &alias, target)?.0,
        };
        let from = self.from(&hop.collection, &alias);
        let condition =
            if conditions.is_empty() { self.dialect.truth(true).to_owned() } else { conditions.join(" AND ") };
        let limit = self.dialect.limit(Some("1"), None);
        Ok(format!("(SELECT {value} FROM {from} WHERE {condition}{limit})"))
    }

    /// An aggregate over linked rows, looked up by the link's own index.
    fn linked(
        &mut self,
        outer: &Collection,
        outer_alias: &str,
        linked: &LinkedAggregate,
    ) -> Result<String, Untranslatable> {
        let alias = self.statement.alias();
        let collection = &linked.collection;
        let mut conditions = self.pairs(outer, outer_alias, collection, &alias, &linked.on)?;
        let from = self.from(collection, &alias);
        self.linked_condition(collection, &alias, &linked.on, &linked.predicate, &mut conditions)?;
        let columns = key_columns(&alias, collection, &linked.aggregate.fields)?;
        let value = self.dialect.aggregate(linked.aggregate.function, &columns).ok_or(Untranslatable::Aggregate)?;
        Ok(format!("(SELECT {value} FROM {from} WHERE {})", conditions.join(" AND ")))
    }
}
