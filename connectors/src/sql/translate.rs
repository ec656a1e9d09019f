//! A fetch becomes the text of one `SELECT`.
//!
//! In: a [`Fetch`] and a [`Dialect`]. Out: the text and what its parameters stand for. Four shapes, the plainest that
//! serves: a plain select; for a limit on each key a look-up per key by an index; where no index can serve that, and
//! for `distinct`, ranks by window functions. *Invariant*: pure; the columns of the answer are those of the fetch.

mod bounded;
mod condition;
mod fold;
mod reach;

use lilong_schema::Collection;
use lilong_schema::collection::FieldId;

use super::dialect::{Column, Dialect, Keys};
use super::statement::Statement;
use crate::{Fetch, GroupKey, KeySet, OperandId};
use reach::{Term, order_by};

/// Why a fetch cannot be said in SQL; always a defect of the planner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Untranslatable {
    /// A comparison that no source is asked to do.
    #[error("a comparison that sources are not asked to do")]
    Comparison,
    /// A field that the collection does not have.
    #[error("a field that the collection does not have")]
    Field,
    /// Normalised keys that no index of the collection serves.
    #[error("normalised keys that no index serves")]
    Index,
    /// A row number that the collection does not have.
    #[error("a row number that the collection does not have")]
    RowId,
    /// An aggregate that cannot be computed of its columns.
    #[error("an aggregate that cannot be computed of its columns")]
    Aggregate,
    /// A condition or an order of groups that is over more than their columns.
    #[error("a condition or an order of groups that is over more than their columns")]
    Group,
}

/// The text of a fetch and the slots of its parameters.
pub(crate) fn translate<D: Dialect>(dialect: &D, fetch: &Fetch) -> Result<(String, Vec<D::Slot>), Untranslatable> {
    let mut translation = Translation { dialect, statement: Statement::new(), raw: None };
    let text = match &fetch.group {
        Some(group) => translation.groups(fetch, group)?,
        None => translation.fetch(fetch)?,
    };
    Ok((text, translation.statement.into_slots()))
}

/// The text of a select for one key of a fetch that limits each: the connector repeats it, key by key. The fetch's own
/// limit is left to the connector. `None`: the fetch limits no key, or the dialect says it in one select.
pub(crate) fn translate_one_key<D: Dialect>(
    dialect: &D,
    fetch: &Fetch,
) -> Result<Option<(String, Vec<D::Slot>)>, Untranslatable> {
    let cut = |keys: &&KeySet| keys.limit.is_some() || keys.offset.is_some();
    let Some(keys) = fetch.keys.as_ref().filter(cut).filter(|_| fetch.distinct.is_empty() && fetch.group.is_none())
    else {
        return Ok(None);
    };
    let mut translation = Translation { dialect, statement: Statement::new(), raw: None };
    let text = translation.one_key(fetch, keys)?;
    Ok(text.map(|text| (text, translation.statement.into_slots())))
}

struct Translation<'a, D: Dialect> {
    dialect: &'a D,
    statement: Statement<D::Slot>,
    /// Where rows are to be folded: columns are given as they are, by their names, and what these paths lead to after them,
    /// named `h0`, `h1`, …
    raw: Option<&'a [GroupKey]>,
}

impl<D: Dialect> Translation<'_, D> {
    fn fetch(&mut self, fetch: &Fetch) -> Result<String, Untranslatable> {
        let limited_keys = fetch.keys.as_ref().filter(|keys| keys.limit.is_some() || keys.offset.is_some());
        match limited_keys {
            None if fetch.distinct.is_empty() => self.plain(fetch),
            Some(keys) if fetch.distinct.is_empty() => match self.by_look_up(fetch, keys)? {
                Some(text) => Ok(text),
                None => self.ranked(fetch, Some(keys)),
            },
            limited_keys => self.ranked(fetch, limited_keys),
        }
    }

    fn plain(&mut self, fetch: &Fetch) -> Result<String, Untranslatable> {
        if let Some(text) = self.bounded(fetch)? {
            return Ok(text);
        }
        let alias = self.statement.alias();
        let columns = self.outputs(fetch, &alias)?.list();
        let from = self.from(&fetch.collection, &alias);
        let condition = self.condition(fetch, &alias)?;
        let order = order_by(&self.terms(&fetch.collection, &alias, &fetch.order)?);
        let limit = self.limit(fetch.limit, fetch.offset);
        Ok(format!("SELECT {columns} FROM {from}{condition}{order}{limit}"))
    }

    /// The rows of one key, cut.
    fn one_key(&mut self, fetch: &Fetch, keys: &KeySet) -> Result<Option<String>, Untranslatable> {
        let alias = self.statement.alias();
        let collection = &fetch.collection;
        let key = key_columns(&alias, collection, &keys.columns)?;
        let Some(condition) = self.dialect.one_key(&mut self.statement, &key) else {
            return Ok(None);
        };
        let mut conditions = vec![condition];
        self.predicate_into(collection, &alias, &fetch.predicate, &mut conditions)?;
        Ok(Some(format!(
            "SELECT {} FROM {} WHERE {}{}{}",
            self.outputs(fetch, &alias)?.list(),
            self.from(collection, &alias),
            conditions.join(" AND "),
            order_by(&self.terms(collection, &alias, &fetch.order)?),
            self.limit(keys.limit, keys.offset),
        )))
    }

    /// Each key looks its rows up and cuts them; nothing is read that is not given out.
    fn by_look_up(&mut self, fetch: &Fetch, keys: &KeySet) -> Result<Option<String>, Untranslatable> {
        if self.dialect.lateral() {
            return self.by_lateral(fetch, keys);
        }
        let (outer, inner) = (self.statement.alias(), self.statement.alias());
        let collection = &fetch.collection;
        let Some((outer_identity, inner_identity)) =
            self.dialect.identity(&outer, collection).zip(self.dialect.identity(&inner, collection))
        else {
            return Ok(None);
        };
        let columns = key_columns(&inner, collection, &keys.columns)?;
        let Some(table) = self.dialect.key_table(&mut self.statement, &columns, Keys::Fetch) else {
            return Ok(None);
        };
        let mut conditions = vec![table.condition];
        self.predicate_into(collection, &inner, &fetch.predicate, &mut conditions)?;
        let chosen = format!(
            "SELECT {} FROM {} WHERE {}{}{}",
            inner_identity.join(", "),
            self.from(collection, &inner),
            conditions.join(" AND "),
            order_by(&self.terms(collection, &inner, &fetch.order)?),
            self.limit(keys.limit, keys.offset),
        );
        let outputs = self.outputs(fetch, &outer)?.list();
        Ok(Some(format!(
            "SELECT {outputs} FROM {} CROSS JOIN {} ON {} IN ({chosen}){}{}",
            table.table,
            self.from(collection, &outer),
            row_value(&outer_identity),
            order_by(&self.terms(collection, &outer, &fetch.order)?),
            self.limit(fetch.limit, fetch.offset),
        )))
    }

    /// The same, where the look-up itself may give whole rows.
    fn by_lateral(&mut self, fetch: &Fetch, keys: &KeySet) -> Result<Option<String>, Untranslatable> {
        let (outer, inner) = (self.statement.alias(), self.statement.alias());
        let collection = &fetch.collection;
        let columns = key_columns(&inner, collection, &keys.columns)?;
        let Some(table) = self.dialect.key_table(&mut self.statement, &columns, Keys::Fetch) else {
            return Ok(None);
        };
        let mut conditions = vec![table.condition];
        self.predicate_into(collection, &inner, &fetch.predicate, &mut conditions)?;
        let given = self.outputs(fetch, &inner)?;
        let chosen = format!(
            "SELECT {} FROM {} WHERE {}{}{}",
            given.numbered_or_one(),
            self.from(collection, &inner),
            conditions.join(" AND "),
            order_by(&self.terms(collection, &inner, &fetch.order)?),
            self.limit(keys.limit, keys.offset),
        );
        let outputs = given.renamed(&format!("{outer}."));
        let limit = self.limit(fetch.limit, fetch.offset);
        Ok(Some(format!("SELECT {outputs} FROM {} CROSS JOIN LATERAL ({chosen}) AS {outer}{limit}", table.table)))
    }

    /// Ranks rows inside their key, or inside each combination of the distinct columns, and keeps the wanted ranks.
    fn ranked(&mut self, fetch: &Fetch, limited: Option<&KeySet>) -> Result<String, Untranslatable> {
        let alias = self.statement.alias();
        let collection = &fetch.collection;
        let terms = self.terms(collection, &alias, &fetch.order)?;
        let given = self.outputs(fetch, &alias)?;
        let mut inner = given.numbered();
        let mut outer_terms = vec![];
        for (position, (term, order)) in terms.iter().zip(&fetch.order).enumerate() {
            inner.push(format!("{} AS o{position}", term.expression));
            let field = order.describe(collection, String::new());
            let name = format!("o{position}");
            let expression = self.dialect.collated(name.clone(), Column::of_expression(&name, collection, &field));
            outer_terms.push(Term { expression, suffix: term.suffix.clone(), nulls: term.nulls });
        }
        let mut keys = vec![];
        for (position, id) in fetch.keys.iter().flat_map(|keys| &keys.columns).enumerate() {
            let exact = self.dialect.exact(column(&alias, collection, *id)?);
            inner.push(format!("{exact} AS k{position}"));
            keys.push((exact, format!("k{position}")));
        }
        let mut distinct = vec![];
        for id in &fetch.distinct {
            distinct.push(self.dialect.exact(column(&alias, collection, *id)?));
        }
        let mut partition: Vec<&str> = keys.iter().map(|(exact, _)| exact.as_str()).collect();
        partition.extend(distinct.iter().map(String::as_str));
        inner.push(format!("{} AS r", rank(&partition, &terms)));
        let from = self.from(collection, &alias);
        let condition = self.condition(fetch, &alias)?;
        let mut text = format!("SELECT {} FROM {from}{condition}", inner.join(", "));
        let mut ranks = "r = 1".to_owned();
        if let Some(limited) = limited {
            if !distinct.is_empty() {
                let mut middle = names("c", given.len());
                middle.extend(names("o", outer_terms.len()));
                let names: Vec<&str> = keys.iter().map(|(_, name)| name.as_str()).collect();
                middle.push(format!("{} AS r", rank(&names, &outer_terms)));
                text = format!("SELECT {} FROM ({text}) AS d WHERE r = 1", middle.join(", "));
            }
            ranks = self.window(limited);
        }
        let outputs = given.renamed("");
        let order = order_by(&outer_terms);
        let limit = self.limit(fetch.limit, fetch.offset);
        Ok(format!("SELECT {outputs} FROM ({text}) AS q WHERE {ranks}{order}{limit}"))
    }

    /// The ranks that a limit and an offset on each key leave.
    fn window(&mut self, keys: &KeySet) -> String {
        let offset = keys.offset.map(|operand| self.dialect.number(&mut self.statement, operand));
        let limit = keys.limit.map(|operand| self.dialect.number(&mut self.statement, operand));
        match (offset, limit) {
            (None, None) => self.dialect.truth(true).to_owned(),
            (None, Some(limit)) => format!("r <= {limit}"),
            (Some(offset), None) => format!("r > {offset}"),
            (Some(offset), Some(limit)) => format!("r > {offset} AND r - {offset} <= {limit}"),
        }
    }

    fn limit(&mut self, limit: Option<OperandId>, offset: Option<OperandId>) -> String {
        let limit = limit.map(|operand| self.dialect.number(&mut self.statement, operand));
        let offset = offset.map(|operand| self.dialect.number(&mut self.statement, operand));
        self.dialect.limit(limit.as_deref(), offset.as_deref())
    }

    fn from(&self, collection: &Collection, alias: &str) -> String {
        format!("{} AS {alias}", self.dialect.table(collection))
    }
}

fn column<'a>(alias: &'a str, collection: &'a Collection, id: FieldId) -> Result<Column<'a>, Untranslatable> {
    Column::new(alias, collection, id).ok_or(Untranslatable::Field)
}

fn key_columns<'a>(
    alias: &'a str,
    collection: &'a Collection,
    ids: &[FieldId],
) -> Result<Vec<Column<'a>>, Untranslatable> {
    ids.iter().map(|id| column(alias, collection, *id)).collect()
}

fn rank(partition: &[&str], order: &[Term]) -> String {
    let partition = if partition.is_empty() { String::new() } else { format!("PARTITION BY {}", partition.join(", ")) };
    format!("ROW_NUMBER() OVER ({partition}{})", order_by(order))
}

fn names(letter: &str, count: usize) -> Vec<String> {
    (0..count).map(|position| format!("{letter}{position}")).collect()
}

fn row_value(parts: &[String]) -> String {
    match parts {
        [only] => only.clone(),
        parts => format!("({})", parts.join(", ")),
    }
}
