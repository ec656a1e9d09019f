//! A page of an order that is made here, in two readings: of the rows in question only what their order, their links and their
//! keys need; then, when the page is cut, the other columns of its rows, by these keys.
//!
//! In: the columns that are wanted, and those that are needed to find the page. Out: which are read when, and the steps that
//! read the later ones. *Invariant*: which rows a page has, and in which order, is told by the first reading alone.

use std::sync::Arc;

use lilong_connectors::{Fetch, KeySet};
use lilong_schema::collection::FieldId;
use lilong_schema::federated::{CollectionId, Tie};

use super::arguments::Given;
use super::build::Builder;
use super::far::LocalOrder;
use super::keys::department;
use super::read::{Columns, Fetching, Read, position, push_cap};
use super::{Ceiling, KeyColumns, KeysFrom, KeysStep, Step, StepId};
use crate::operation::Field;

/// Puts columns that were read later beside rows that were given to parents.
#[derive(Debug)]
pub struct FillStep {
    /// The field of the schema that it serves, for messages.
    pub field: Arc<str>,
    /// The source of the rows, for faults; `None`: they are of a union.
    pub source: Option<Arc<str>>,
    /// The join that gave the rows to their parents.
    pub placed: StepId,
    /// The same rows with the other columns.
    pub wide: StepId,
    /// The keys of the rows.
    pub key: KeyColumns,
    /// The keys of the same rows with the other columns.
    pub wide_key: KeyColumns,
    /// Which of the other columns are put beside the rows.
    pub columns: Vec<usize>,
    /// Where in a row they stand.
    pub at: usize,
}

/// What is read of the rows of a page alone.
pub(super) struct Later {
    /// What they are asked for by.
    pub(super) key: Vec<FieldId>,
    columns: Vec<FieldId>,
}

impl Builder<'_> {
    /// What is read later of the wanted columns; `None`: all are read at once, as that is as good or as nothing names the rows.
    pub(super) fn later(
        &self,
        id: CollectionId,
        local: Option<&LocalOrder>,
        given: &Given,
        wanted: &Columns,
        needed: &Columns,
    ) -> Option<Later> {
        let federated = self.world.federated;
        let capabilities = self.capabilities(id);
        let collection = federated.collection(id);
        let described = &collection.described;
        let Tie::Key(key) = &collection.tie else { return None };
        let is_key = key.iter().all(|field| described.fields[*field].holds_no_null())
            && collection.keys.iter().any(|known| known.columns == *key);
        // What is no database gives whole rows either way, and may take keys one at a time.
        let looks_up = capabilities.keys > 0 && capabilities.exists && federated.union_of(id).is_none();
        let few = described.rows.is_some_and(|rows| rows <= self.world.limits.side_rows as u64);
        let is_far = local.is_some_and(|local| !local.far.is_empty());
        if !is_far || given.limit.is_none() || !is_key || !looks_up || few {
            return None;
        }
        let is_late = |field: &&FieldId| !needed.0.contains(field) && !key.contains(field);
        let columns = wanted.0.iter().filter(is_late).copied().collect::<Vec<_>>();
        (!columns.is_empty()).then(|| Later { key: key.clone(), columns })
    }

    /// The steps that read what is read later, and the rows with it.
    pub(super) fn fill(&mut self, field: &Field, id: CollectionId, narrow: Read, later: Later) -> Read {
        let federated = self.world.federated;
        let described = &federated.collection(id).described;
        let scalars = later.key.iter().map(|field| described.fields[*field].scalar).collect::<Vec<_>>();
        let key_of = |columns: &[FieldId]| KeyColumns {
            columns: later.key.iter().filter_map(|field| position(columns, *field)).collect(),
            from: scalars.clone(),
            to: scalars.clone(),
            normalize: Vec::new(),
        };
        let key = key_of(&narrow.columns);
        let wide = [later.key.as_slice(), &later.columns].concat();
        let wide_key = key_of(&wide);
        let keys = KeysStep { input: narrow.join, key: key.clone(), before: None, budget: false };
        let keys = KeysFrom::Step(self.add(Step::Keys(keys)));
        let ceiling = Ceiling { rows: self.world.limits.answer_rows, budget: false };
        let mut operands = Vec::new();
        let fetch = Fetch {
            limit: self.capabilities(id).limit.then(|| push_cap(&mut operands, ceiling.rows)),
            keys: Some(KeySet::of(later.key.clone())),
            ..Fetch::of(described.clone(), wide)
        };
        let fetching = Fetching { keys: Some(keys), ..Fetching::of(fetch, operands, ceiling) };
        let wide = self.fetch_rows(id, &field.name, fetching);
        let (at, more) = (narrow.columns.len(), later.columns.len());
        let join = self.add(Step::Fill(FillStep {
            field: field.name.clone(),
            source: department(federated, id),
            placed: narrow.join,
            wide,
            key,
            wide_key,
            columns: (later.key.len()..later.key.len() + more).collect(),
            at,
        }));
        let moved = |column: usize| if column < at { column } else { column + more };
        Read {
            join,
            columns: [narrow.columns, later.columns].concat(),
            list: narrow.list,
            cursor: narrow.cursor.into_iter().map(moved).collect(),
        }
    }
}
