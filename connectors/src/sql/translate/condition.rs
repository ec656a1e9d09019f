//! Conditions on rows: a [`Predicate`] as SQL.
//!
//! In: predicates. Out: texts of conditions, with their parameters added to the statement. *Invariant*: values never stand
//! in a text.

use lilong_schema::collection::FieldId;
use lilong_schema::{Collection, Normalizer};

use super::{Translation, Untranslatable, column, key_columns, row_value};
use crate::sql::dialect::{Column, Dialect, Keys, Normalized};
use crate::{Comparison, Exists, Fetch, Predicate, Test};

/// Whether rows of these links are found without a scan.
fn is_indexed(collection: &Collection, on: &[(FieldId, FieldId)]) -> bool {
    let named = |column: &String| on.iter().any(|(_, field)| collection.fields[*field].name == *column);
    collection.indexes.iter().any(|columns| !columns.is_empty() && columns.iter().all(named))
}

/// Whether an index finds the rows that a predicate leaves, and they are not many: it asks for certain values.
fn finds_few(collection: &Collection, predicate: &Predicate) -> bool {
    let leads = |field: &FieldId| Column::new("", collection, *field).is_some_and(Column::leads_index);
    match predicate {
        Predicate::And(parts) => parts.iter().any(|part| finds_few(collection, part)),
        Predicate::Compare { field, comparison: Comparison::Equal | Comparison::In, .. } => leads(field),
        Predicate::KeyIn { fields, .. } => fields.iter().any(leads),
        _ => false,
    }
}

/// The most conditions in one chain.
const CHAIN: usize = 100;

/// Conditions joined by a word, in groups of groups if there are many: to a database each one more in a chain is a level
/// of depth, and SQLite takes no more than a thousand.
fn chain(mut conditions: Vec<String>, word: &str) -> String {
    while conditions.len() > CHAIN {
        conditions = conditions.chunks(CHAIN).map(|group| format!("({})", group.join(word))).collect();
    }
    conditions.join(word)
}

impl<D: Dialect> Translation<'_, D> {
    /// The whole `WHERE`: keys and predicate; nothing where neither says anything.
    pub(super) fn condition(&mut self, fetch: &Fetch, alias: &str) -> Result<String, Untranslatable> {
        let mut conditions = vec![];
        if let Some(keys) = &fetch.keys {
            conditions.push(self.key_in(&fetch.collection, alias, &keys.columns, &keys.normalize, Keys::Fetch)?);
        }
        self.predicate_into(&fetch.collection, alias, &fetch.predicate, &mut conditions)?;
        Ok(if conditions.is_empty() { String::new() } else { format!(" WHERE {}", chain(conditions, " AND ")) })
    }

    /// Adds the conjuncts of a predicate.
    pub(super) fn predicate_into(
        &mut self,
        collection: &Collection,
        alias: &str,
        predicate: &Predicate,
        conditions: &mut Vec<String>,
    ) -> Result<(), Untranslatable> {
        match predicate {
            Predicate::And(parts) => {
                for part in parts {
                    self.predicate_into(collection, alias, part, conditions)?;
                }
            }
            Predicate::Exists(exists) => conditions.push(self.exists(collection, alias, exists, true)?),
            other => conditions.push(self.predicate(collection, alias, other)?),
        }
        Ok(())
    }

    fn predicate(
        &mut self,
        collection: &Collection,
        alias: &str,
        predicate: &Predicate,
    ) -> Result<String, Untranslatable> {
        Ok(match predicate {
            Predicate::And(parts) if parts.is_empty() => self.dialect.truth(true).to_owned(),
            Predicate::Or(parts) if parts.is_empty() => self.dialect.truth(false).to_owned(),
            Predicate::And(parts) => self.joined(collection, alias, parts, " AND ")?,
            Predicate::Or(parts) => self.joined(collection, alias, parts, " OR ")?,
            Predicate::Not(part) => format!("(NOT {})", self.predicate(collection, alias, part)?),
            Predicate::Compare { field, comparison, operand } => {
                let column = column(alias, collection, *field)?;
                self.dialect
                    .compare(&mut self.statement, column, *comparison, *operand)
                    .ok_or(Untranslatable::Comparison)?
            }
            Predicate::IsNull(field) => {
                let column = column(alias, collection, *field)?;
                self.dialect.is_null(column)
            }
            Predicate::Exists(exists) => self.exists(collection, alias, exists, false)?,
            Predicate::Reached { path, target, test } => {
                let (value, field) = self.reached(collection, alias, path, target)?;
                let reached = Column::of_expression(&value, collection, &field);
                match test {
                    Test::IsNull => format!("({value} IS NULL)"),
                    Test::Compare { comparison, operand } => self
                        .dialect
                        .compare(&mut self.statement, reached, *comparison, *operand)
                        .ok_or(Untranslatable::Comparison)?,
                }
            }
            Predicate::KeyIn { fields, normalize, operand } => {
                self.key_in(collection, alias, fields, normalize, Keys::Operand(*operand))?
            }
        })
    }

    fn key_in(
        &mut self,
        collection: &Collection,
        alias: &str,
        fields: &[FieldId],
        normalize: &[Normalizer],
        keys: Keys,
    ) -> Result<String, Untranslatable> {
        let columns = key_columns(alias, collection, fields)?;
        if normalize.is_empty() {
            return Ok(self.dialect.key_in(&mut self.statement, &columns, keys));
        }
        let ([column], [field]) = (columns.as_slice(), fields) else {
            return Err(Untranslatable::Index);
        };
        let index = collection.index_of_normalized(*field, normalize).ok_or(Untranslatable::Index)?;
        Ok(self.dialect.normalized_key_in(&mut self.statement, Normalized { column: *column, index, keys }))
    }

    fn joined(
        &mut self,
        collection: &Collection,
        alias: &str,
        parts: &[Predicate],
        word: &str,
    ) -> Result<String, Untranslatable> {
        let mut texts = vec![];
        for part in parts {
            texts.push(self.predicate(collection, alias, part)?);
        }
        Ok(format!("({})", chain(texts, word)))
    }

    /// `turnable`: a plain condition of the query, which a database can begin with instead; under a negation or in an
    /// alternative it is checked row by row, by the link.
    fn exists(
        &mut self,
        collection: &Collection,
        alias: &str,
        exists: &Exists,
        turnable: bool,
    ) -> Result<String, Untranslatable> {
        if turnable
            && finds_few(&exists.collection, &exists.predicate)
            && let Some(text) = self.within(collection, alias, exists)?
        {
            return Ok(text);
        }
        let inner = self.statement.alias();
        let mut conditions = self.pairs(collection, alias, &exists.collection, &inner, &exists.on)?;
        if turnable {
            self.predicate_into(&exists.collection, &inner, &exists.predicate, &mut conditions)?;
        } else {
            self.linked_condition(&exists.collection, &inner, &exists.on, &exists.predicate, &mut conditions)?;
        }
        if conditions.is_empty() {
            conditions.push(self.dialect.truth(true).to_owned());
        }
        let from = self.from(&exists.collection, &inner);
        let by_index = !turnable && is_indexed(&exists.collection, &exists.on);
        let hint = if by_index { self.dialect.row_by_row() } else { "" };
        Ok(format!("EXISTS (SELECT {hint}1 FROM {from} WHERE {})", chain(conditions, " AND ")))
    }

    /// The linked rows as a list to look rows up by; `None` where no index would, or the dialect prefers `EXISTS`.
    fn within(
        &mut self,
        collection: &Collection,
        alias: &str,
        exists: &Exists,
    ) -> Result<Option<String>, Untranslatable> {
        let mut leads = false;
        for (one, other) in &exists.on {
            let one = column(alias, collection, *one)?;
            if self.dialect.within(one, column("", &exists.collection, *other)?).is_none() {
                return Ok(None);
            }
            leads |= one.leads_index();
        }
        if !leads {
            return Ok(None);
        }
        let inner = self.statement.alias();
        let (mut left, mut right) = (vec![], vec![]);
        for (one, other) in &exists.on {
            let (one, other) = (column(alias, collection, *one)?, column(&inner, &exists.collection, *other)?);
            if let Some((outer, inner)) = self.dialect.within(one, other) {
                left.push(outer);
                right.push(inner);
            }
        }
        let mut conditions = vec![];
        self.predicate_into(&exists.collection, &inner, &exists.predicate, &mut conditions)?;
        let from = self.from(&exists.collection, &inner);
        let (left, right) = (row_value(&left), right.join(", "));
        Ok(Some(format!("{left} IN (SELECT {right} FROM {from} WHERE {})", chain(conditions, " AND "))))
    }

    /// Adds the conjuncts of a predicate on linked rows that are found by their link, row by row.
    pub(super) fn linked_condition(
        &mut self,
        collection: &Collection,
        alias: &str,
        on: &[(FieldId, FieldId)],
        predicate: &Predicate,
        conditions: &mut Vec<String>,
    ) -> Result<(), Untranslatable> {
        let linked = conditions.len();
        self.predicate_into(collection, alias, predicate, conditions)?;
        if is_indexed(collection, on) {
            for condition in &mut conditions[linked..] {
                *condition = self.dialect.unindexed(condition);
            }
        }
        Ok(())
    }

    pub(super) fn pairs(
        &self,
        outer: &Collection,
        outer_alias: &str,
        inner: &Collection,
        inner_alias: &str,
        on: &[(FieldId, FieldId)],
    ) -> Result<Vec<String>, Untranslatable> {
        on.iter()
            .map(|(one, other)| {
                let one = column(outer_alias, outer, *one)?;
                Ok(self.dialect.same(one, column(inner_alias, inner, *other)?))
            })
            .collect()
    }
}
