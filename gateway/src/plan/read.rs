//! Reads rows of a collection: what its source does of it becomes a fetch, what is left becomes steps after it.
//!
//! In: a [`Reading`]. Out: its steps, and which field each column of its rows is.

use std::sync::Arc;

use lilong_connectors::{Comparison, Fetch, KeySet, OperandId, Predicate, Prepared};
use lilong_schema::collection::FieldId;
use lilong_schema::federated::{CollectionId, LinkId};
use lilong_schema::{Capabilities, Value};

use super::arguments::{Given, plain_field};
use super::build::Builder;
pub(super) use super::columns::{Columns, position};
use super::keys::{by_normalized, parent_key, parent_source, row_key};
use super::narrow::Later;
use super::page::{FetchPage, Page, PageStep, sort_term};
use super::share::share;
use super::union::{Silence, union_step};
use super::{
    Ceiling, FetchStep, FilterStep, JoinRule, JoinStep, KeysFrom, KeysStep, Parent, PlanOperand, SortStep, SortTerm,
    Step, StepId, pushdown,
};
use crate::error::RequestError;
use crate::operation::Field;

/// Where the rows of a collection field come from.
#[derive(Clone, Copy)]
pub(super) enum Via<'a> {
    /// All of the collection.
    All,
    /// One key, by the field's arguments.
    Key(&'a [FieldId]),
    /// A link of the rows of a parent: the join that places them, and which field each column of their batch is.
    Link { link: LinkId, parent: StepId, columns: &'a [FieldId] },
}

/// What is read.
pub(super) struct Reading<'a> {
    /// The field of the operation.
    pub(super) field: &'a Field,
    pub(super) collection: CollectionId,
    pub(super) via: Via<'a>,
    pub(super) given: Given,
    /// Only a page of them, in an order of its own.
    pub(super) page: Option<Page>,
    /// Which rows.
    pub(super) predicate: Predicate,
    pub(super) operands: Vec<PlanOperand>,
    /// The columns that are wanted of them.
    pub(super) columns: Columns,
}

/// Rows that are read.
pub(super) struct Read {
    /// The join that places them.
    pub(super) join: StepId,
    /// Which field each column is.
    pub(super) columns: Vec<FieldId>,
    /// Whether they are a list.
    pub(super) list: bool,
    /// Of a page whose cursors are made: the columns of the batch that they are made of, by term of the order.
    pub(super) cursor: Vec<usize>,
}

/// Rows that are read and not placed yet.
pub(super) struct Unplaced {
    /// What places them.
    pub(super) join: JoinStep,
    pub(super) columns: Vec<FieldId>,
    pub(super) cursor: Vec<usize>,
    list: bool,
    later: Option<Later>,
}

impl Unplaced {
    /// They, placed by a join.
    pub(super) fn placed(self, join: StepId) -> Read {
        Read { join, columns: self.columns, list: self.list, cursor: self.cursor }
    }
}

impl Builder<'_> {
    /// The steps that read rows.
    pub(super) fn read(&mut self, reading: Reading<'_>) -> Result<Read, RequestError> {
        let (field, id) = (reading.field, reading.collection);
        let mut rows = self.unplaced(reading)?;
        let later = rows.later.take();
        let join = self.add(Step::Join(rows.join.clone()));
        let read = rows.placed(join);
        Ok(match later {
            Some(later) => self.fill(field, id, read, later),
            None => read,
        })
    }

    /// The same without the last one, which places them.
    pub(super) fn unplaced(&mut self, reading: Reading<'_>) -> Result<Unplaced, RequestError> {
        let Reading { field, collection: id, via, given, page, mut predicate, mut operands, mut columns } = reading;
        let federated = self.world.federated;
        let limits = self.world.limits;
        let collection = federated.collection(id);
        let capabilities = self.capabilities(id);
        let link = match via {
            Via::Link { link, .. } => Some(federated.link(link)),
            _ => None,
        };
        let list = match via {
            Via::All => true,
            Via::Key(_) => false,
            Via::Link { .. } => link.is_some_and(|link| link.many),
        };
        let mut key = None;
        if let Via::Key(columns) = via {
            let values = self.key_arguments(field, id, columns);
            if capabilities.keys > 0 {
                key = Some(values);
            } else {
                for (column, value) in columns.iter().zip(values) {
                    let operand = push(&mut operands, value);
                    predicate =
                        predicate.and(Predicate::Compare { field: *column, comparison: Comparison::Equal, operand });
                }
            }
        }
        let order = match &page {
            Some(page) => page.order.clone(),
            None if list => self.full_order(id, field, &given, matches!(via, Via::All))?,
            None => Vec::new(),
        };
        let ends = page.as_ref().map(|page| page.ends.as_slice()).unwrap_or_default();
        let (pushed, residual) = pushdown::split(&capabilities, predicate);
        let pushed = pushdown::with_indexes(&collection.described, pushed, &residual);
        let by_normalized = match (via, link) {
            (Via::Link { parent, columns, .. }, Some(link)) if capabilities.keys > 0 => {
                by_normalized(federated, link, parent, columns)
            }
            _ => None,
        };
        let keyed = match link {
            Some(link) => link.to_normalize.is_empty() && capabilities.keys > 0,
            None => key.is_some(),
        };
        // A cursor is compared where the order is made. Row numbers of several members cannot be.
        let numbered = page.as_ref().is_some_and(|page| page.numbered);
        let makes_cursors = page.as_ref().is_some_and(|page| page.values);
        let compares = capabilities.filter
            && (federated.union_of(id).is_none() || order.iter().all(|term| plain_field(term).is_some()));
        let source_orders = capabilities.order && !numbered && (compares || ends.is_empty() && !makes_cursors);
        let local = self.local_order(id, field, &order, &given, page.as_ref(), source_orders)?;
        let orders = Capabilities { order: source_orders && local.is_none(), ..capabilities };
        let share = share(&orders, &given, &order, &residual, link.is_some(), keyed);
        let here = local.as_ref().map_or(0, |local| local.here);
        let pushed_order = if source_orders { &order[here..] } else { &[] };

        let mut needed = Columns::default();
        needed.want_all(link.map(|link| &*link.to_columns).unwrap_or_default());
        needed.want_read_by(&residual);
        if !share.distinct {
            needed.want_all(&given.distinct);
        }
        let compared = if makes_cursors { &order[..] } else { &order[..here] };
        needed.want_all(&compared.iter().filter_map(plain_field).collect::<Vec<_>>());
        for (_, links) in local.iter().flat_map(|local| &local.far) {
            needed.want_all(links.first().map(|link| &*federated.link(*link).columns).unwrap_or_default());
        }
        let later = self.later(id, local.as_ref(), &given, &columns, &needed);
        if let Some(later) = &later {
            columns = Columns(later.key.clone());
        }
        columns.want_all(&needed.0);
        if federated.union_of(id).is_some() {
            // Errors name the source that a row lives in.
            columns.want(collection.fields.len() - 1);
        }
        if columns.0.is_empty() {
            columns.want(collection.fields.iter().position(Option::is_some).unwrap_or_default());
        }
        let columns = columns.0;

        let cuts = given.limit.is_some() || given.offset.is_some();
        let work_here = if link.is_some() {
            // What an index finds of normalised keys is what they have.
            !(share.complete || by_normalized.is_some() && residual.is_true())
                || cuts && !share.limit
                || !given.distinct.is_empty() && !share.distinct
        } else {
            list && !share.limit
        };
        let ceiling = match (work_here, link.is_some() || !list) {
            (true, _) => Ceiling { rows: limits.budget_rows, budget: true },
            (false, true) => Ceiling { rows: limits.answer_rows, budget: false },
            (false, false) => Ceiling { rows: limits.list_rows, budget: false },
        };
        // A page takes one row more for each parent, to see whether there are more.
        let ceiling = match (&page, ceiling.budget, link.is_some()) {
            (None, ..) | (_, true, _) => ceiling,
            (_, _, true) => Ceiling { rows: ceiling.rows * 2, budget: false },
            (_, _, false) => Ceiling { rows: ceiling.rows + 1, budget: false },
        };
        let limit;
        let (mut offset, mut key_limit, mut key_offset) = (None, None, None);
        let list_limit = |operands: &mut Vec<PlanOperand>| match &given.limit {
            Some(limit) if page.is_some() => push(operands, PlanOperand::OneMore(Box::new(limit.clone()))),
            Some(limit) => push(operands, limit.clone()),
            None => push_cap(operands, limits.list_rows),
        };
        if !share.limit || link.is_some() || !list {
            limit = capabilities.limit.then(|| push_cap(&mut operands, ceiling.rows));
            if share.limit && list && cuts {
                key_limit = Some(list_limit(&mut operands));
                key_offset = given.offset.clone().map(|offset| push(&mut operands, offset));
            }
        } else {
            limit = Some(list_limit(&mut operands));
            offset = given.offset.clone().map(|offset| push(&mut operands, offset));
        }

        let mut normalize = Vec::new();
        let (keys, key_columns) = match (via, key, link) {
            (Via::Key(columns), Some(values), _) => (Some(KeysFrom::Arguments(values)), columns.to_vec()),
            (Via::Link { parent, columns, .. }, _, Some(link)) if keyed => {
                let key = parent_key(federated, link, columns);
                let keys = self.add(Step::Keys(KeysStep { input: parent, key, before: None, budget: false }));
                (Some(KeysFrom::Step(keys)), link.to_columns.clone())
            }
            _ => match by_normalized {
                Some(found) => {
                    normalize = found.normalize;
                    (Some(KeysFrom::Step(self.add(Step::Keys(found.keys)))), vec![found.column])
                }
                None => (None, Vec::new()),
            },
        };
        // Of an order that is made here for a page, the source gives the row number that ends it.
        let order_values = match local {
            Some(_) => page.is_some() && !pushed_order.is_empty(),
            None => makes_cursors && order.iter().any(|term| plain_field(term).is_none()),
        };
        let fetch = Fetch {
            predicate: pushed,
            distinct: if share.distinct { given.distinct.clone() } else { Vec::new() },
            order: pushed_order.to_vec(),
            limit,
            offset,
            keys: keys.is_some().then_some(KeySet {
                normalize,
                limit: key_limit,
                offset: key_offset,
                ..KeySet::of(key_columns)
            }),
            order_values,
            ..Fetch::of(collection.described.clone(), columns.clone())
        };
        let fetch_page = (share.order && !ends.is_empty()).then(|| FetchPage::new(fetch.clone(), ends, &mut operands));
        let fetch = fetch_page.as_ref().map_or(fetch, FetchPage::plain);
        let fetch_step = self.steps.len();
        let silence = match via {
            Via::Key(_) => self.unless_partial(field, id),
            Via::All | Via::Link { .. } => Silence::Told,
        };
        let mut rows = self.fetch_rows(id, &field.name, fetch, keys, operands, ceiling, residual);
        self.bear(rows, silence);
        match self.steps.get_mut(fetch_step) {
            Some(Step::Fetch(step)) => step.page = fetch_page,
            Some(Step::Union(step)) => step.page = fetch_page,
            _ => {}
        }
        let mut width = columns.len() + if order_values { pushed_order.len() } else { 0 };
        let mut values: Vec<usize> = order
            .iter()
            .enumerate()
            .map(|(at, term)| {
                let plain = plain_field(term).and_then(|field| position(&columns, field));
                plain.unwrap_or(columns.len() + at.saturating_sub(here))
            })
            .collect();
        for (at, links) in local.iter().flat_map(|local| &local.far) {
            rows = self.attach_value(field, rows, &columns, links, &order[*at].target)?;
            values[*at] = width;
            width += 1;
        }
        if local.is_some() {
            let sorted = if page.is_some() { &order[..] } else { &order[..here] };
            let terms =
                sorted.iter().zip(&values).map(|(term, column)| sort_term(term, *column, &collection.described));
            let mut terms: Vec<SortTerm> = terms.collect();
            if let Some(page) = page.as_ref().filter(|page| page.numbered) {
                (rows, terms) = self.number(rows, terms, width, page.backwards);
                values.push(width);
            }
            rows = self.add(Step::Sort(SortStep { input: rows, terms: terms.clone(), numbered: false }));
            if !ends.is_empty() {
                let ends = ends.iter().map(|end| (end.values.clone(), end.side)).collect();
                rows = self.add(Step::Page(PageStep { input: rows, terms, ends }));
            }
        }
        let parent = match (via, link) {
            (Via::Link { parent, columns: parent_columns, .. }, Some(link)) => Some(Parent {
                step: parent,
                source: parent_source(federated, link),
                key: parent_key(federated, link, parent_columns),
                row_key: row_key(federated, link, &columns),
            }),
            _ => None,
        };
        let distinct = if share.distinct { &[][..] } else { &given.distinct };
        let join = JoinStep {
            field: field.name.clone(),
            rows,
            parent,
            distinct: distinct
                .iter()
                .filter_map(|field| Some((position(&columns, *field)?, collection.described.fields[*field].scalar)))
                .collect(),
            offset: given.offset.filter(|_| list && !share.limit),
            limit: given.limit.filter(|_| list && (!share.limit || page.is_some())),
            rule: match &page {
                Some(page) => page.rule,
                None if list => JoinRule::List { most: limits.list_rows },
                None => JoinRule::One,
            },
        };
        let cursor = if makes_cursors { values } else { Vec::new() };
        Ok(Unplaced { join, columns, cursor, list, later })
    }

    /// A silent member is refused, unless the argument `partial` or the catalog says otherwise.
    pub(super) fn unless_partial(&self, field: &Field, id: CollectionId) -> Silence {
        let otherwise = self.world.federated.union_of(id).is_some_and(|union| union.partial);
        Silence::Asked(field.argument("partial").map(PlanOperand::of), otherwise)
    }

    /// Says what it means that members of the union are silent that these rows come from, if they come from one.
    pub(super) fn bear(&mut self, rows: StepId, silence: Silence) {
        match &mut self.steps[rows] {
            Step::Union(step) => step.silence = silence,
            step => {
                if let Some(input) = step.rows_of() {
                    self.bear(input, silence);
                }
            }
        }
    }

    /// A fetch, and the filter for what its source cannot check.
    #[allow(clippy::too_many_arguments)] // the parts of two steps
    pub(super) fn fetch_rows(
        &mut self,
        id: CollectionId,
        field: &Arc<str>,
        fetch: Fetch,
        keys: Option<KeysFrom>,
        operands: Vec<PlanOperand>,
        ceiling: Ceiling,
        residual: Predicate,
    ) -> StepId {
        let columns = fetch.columns.clone();
        let collection = fetch.collection.clone();
        let source = self.world.federated.collection(id).source;
        let input = match self.world.federated.union_of(id) {
            None => self.add(Step::Fetch(FetchStep {
                source,
                field: field.clone(),
                prepared: Arc::new(Prepared::new(fetch)),
                operands: operands.clone(),
                keys,
                ceiling,
                page: None,
                stops: false,
            })),
            Some(union) => {
                let rest = (source, field.clone(), fetch, operands.clone(), keys, ceiling);
                self.add(Step::Union(Box::new(union_step(self.world.sources, union, rest))))
            }
        };
        if residual.is_true() {
            return input;
        }
        self.add(Step::Filter(FilterStep { input, collection, columns, predicate: residual, operands }))
    }
}

pub(super) fn push(operands: &mut Vec<PlanOperand>, operand: PlanOperand) -> OperandId {
    operands.push(operand);
    operands.len() - 1
}

/// One row more than there may be, so that a cut is seen.
pub(super) fn push_cap(operands: &mut Vec<PlanOperand>, rows: usize) -> OperandId {
    push(operands, PlanOperand::Literal(Value::Integer(rows as i128 + 1)))
}
