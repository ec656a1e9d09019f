//! The first rows by an order that no index stands in, found by an index of its first column.
//!
//! In: a fetch with a limit. Out: a select of the rows whose value of that column is among the first values, or nothing
//! where the plain one serves as well. *Invariant*: rows that tie with the last one are all there to be sorted, so what is
//! cut is what the plain select would cut.

use lilong_schema::Collection;
use lilong_schema::collection::FieldId;

use super::reach::{Term, order_by};
use super::{Translation, Untranslatable, column};
use crate::sql::dialect::{Bound, Column, Dialect, Nulls};
use crate::{Comparison, Fetch, Order, OrderTarget, Predicate};

/// A table of fewer rows is read and sorted as fast as it is looked into twice.
const LARGE: u64 = 10_000;

impl<D: Dialect> Translation<'_, D> {
    /// `None`: an index stands in the order, or none would find the first values.
    pub(super) fn bounded(&mut self, fetch: &Fetch) -> Result<Option<String>, Untranslatable> {
        let (Some(limit), Some(first)) = (fetch.limit, fetch.order.first()) else {
            return Ok(None);
        };
        let collection = &*fetch.collection;
        let Some(leader) = self.leader(fetch, first) else {
            return Ok(None);
        };
        let Some(bound) = self.dialect.bound(&mut self.statement, leader, limit, fetch.offset) else {
            return Ok(None);
        };
        let alias = self.statement.alias();
        let from = self.from(collection, &alias);
        let condition = self.condition(fetch, &alias)?;
        let terms = self.terms(collection, &alias, &fetch.order)?;
        let Some(leading) = terms.first() else {
            return Ok(None);
        };
        let values = first_values(&bound, leading, &from, &condition);
        let columns = self.outputs(fetch, &alias)?.list();
        let limit = self.limit(fetch.limit, fetch.offset);
        let Bound { join, same, .. } = bound;
        let key = &leading.expression;
        Ok(Some(format!(
            "SELECT {columns} FROM (SELECT DISTINCT b FROM ({values}) AS s) AS f {join} {from} ON {key} {same} f.b{condition}{}{limit}",
            order_by(&terms)
        )))
    }

    /// The column whose first values an index finds, where that is worth it.
    fn leader<'a>(&self, fetch: &'a Fetch, first: &Order) -> Option<Column<'a>> {
        let collection = &*fetch.collection;
        let OrderTarget::Field(id) = first.target else {
            return None;
        };
        let small = collection.rows.is_some_and(|rows| rows < LARGE);
        // Keys find their rows better than an order does.
        if small || !first.path.is_empty() || fetch.keys.is_some() || has_keys(&fetch.predicate) {
            return None;
        }
        let pinned = pinned(collection, &fetch.predicate);
        let name = &collection.fields.get(id)?.name;
        let leads = |index: &Vec<String>| index.iter().find(|column| !pinned.contains(&column.as_str())) == Some(name);
        let serves = |index: &Vec<String>| self.stands_in(fetch, index, &pinned);
        if !collection.indexes.iter().any(leads) || collection.indexes.iter().any(serves) {
            return None;
        }
        column("", collection, id).ok()
    }

    /// Whether an index, read from one of its ends, gives rows in the order of the fetch. Its entries end with the primary
    /// key; columns that another index goes on from may be no index of their own.
    fn stands_in(&self, fetch: &Fetch, index: &[String], pinned: &[&str]) -> bool {
        let collection = &*fetch.collection;
        if collection.indexes.iter().any(|other| other.len() > index.len() && other.starts_with(index)) {
            return false;
        }
        let primary = collection.keys.iter().find(|key| key.primary);
        let mut columns: Vec<&str> = index.iter().map(String::as_str).collect();
        for column in primary.iter().flat_map(|key| &key.columns) {
            if !columns.contains(&column.as_str()) {
                columns.push(column);
            }
        }
        let mut columns = columns.into_iter().filter(|column| !pinned.contains(column));
        let falls = fetch.order.first().is_some_and(|order| order.descending);
        fetch.order.iter().all(|order| {
            let OrderTarget::Field(id) = order.target else {
                return false;
            };
            let Ok(column) = column("", collection, id) else {
                return false;
            };
            if !order.path.is_empty() || pinned.contains(&column.field.name.as_str()) {
                return order.path.is_empty();
            }
            let nulls = self.dialect.nulls(order.descending, order.nulls_first);
            let placed = self.dialect.never_null(column) || matches!(nulls, Nulls::After(_));
            order.descending == falls && placed && columns.next() == Some(&column.field.name)
        })
    }
}

/// A select of the first values, as many as there are rows to give, named `b`.
fn first_values(bound: &Bound, term: &Term, from: &str, condition: &str) -> String {
    let (key, suffix, rows) = (&term.expression, &term.suffix, &bound.rows);
    let Some(after) = term.nulls else {
        return format!("SELECT {key} AS b FROM {from}{condition} ORDER BY {key}{suffix} LIMIT {rows}");
    };
    // Where nulls do not stand as they do in an index, they and all others are two ranges of it.
    let also = if condition.is_empty() { " WHERE" } else { " AND" };
    format!(
        "SELECT b FROM ((SELECT {key} AS b FROM {from}{condition}{also} {key} IS NOT NULL ORDER BY {key}{suffix} LIMIT {rows}) \
         UNION ALL (SELECT {key} AS b FROM {from}{condition}{also} {key} IS NULL LIMIT {rows})) AS u \
         ORDER BY b IS NULL{after}, b{suffix} LIMIT {rows}"
    )
}

/// Whether rows are found by a set of keys.
fn has_keys(predicate: &Predicate) -> bool {
    match predicate {
        Predicate::And(parts) | Predicate::Or(parts) => parts.iter().any(has_keys),
        Predicate::Not(part) => has_keys(part),
        Predicate::KeyIn { .. } => true,
        Predicate::Exists(exists) => has_keys(&exists.predicate),
        Predicate::Compare { .. } | Predicate::IsNull(_) | Predicate::Reached { .. } => false,
    }
}

/// The columns that have one value in all rows that are asked for.
fn pinned<'a>(collection: &'a Collection, predicate: &Predicate) -> Vec<&'a str> {
    let name = |field: &FieldId| collection.fields.get(*field).map(|field| field.name.as_str());
    match predicate {
        Predicate::And(parts) => parts.iter().flat_map(|part| pinned(collection, part)).collect(),
        Predicate::Compare { field, comparison: Comparison::Equal, .. } => name(field).into_iter().collect(),
        _ => vec![],
    }
}
