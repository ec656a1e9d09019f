//! Reads rows of a collection: what its source does of it becomes a fetch, what is left becomes steps after it.
//!
//! In: a [`Reading`]. Out: its steps, and which field each column of its rows is.

mod bounds;
mod course;
mod fetching;
mod finish;
mod wanted;

use lilong_connectors::{Comparison, Fetch, KeySet, Predicate};
use lilong_schema::Capabilities;
use lilong_schema::collection::FieldId;
use lilong_schema::federated::{CollectionId, LinkId};

use self::bounds::Bounds;
use self::course::Course;
pub(super) use self::fetching::{Fetching, push, push_cap};
use super::arguments::Given;
use super::build::Builder;
pub(super) use super::columns::{Columns, position};
use super::keys::{department, parent_key, row_key};
use super::narrow::Later;
use super::page::{FetchPage, Page};
use super::share::share;
use super::union::Silence;
use super::{JoinRule, JoinStep, KeysFrom, Parent, PlanOperand, Step, StepId, pushdown};
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
        let Reading { field, collection: id, via, given, page, mut predicate, mut operands, columns } = reading;
        let federated = self.world.federated;
        let limits = self.world.limits;
        let described = &federated.collection(id).described;
        let capabilities = self.capabilities(id);
        let mut key = None;
        if let Via::Key(columns) = via {
            let values = self.key_arguments(field, id, columns);
            if capabilities.keys > 0 {
                key = Some((KeysFrom::Arguments(values), KeySet::of(columns.to_vec())));
            } else {
                for (column, value) in columns.iter().zip(values) {
                    let operand = push(&mut operands, value);
                    predicate =
                        predicate.and(Predicate::Compare { field: *column, comparison: Comparison::Equal, operand });
                }
            }
        }
        let (link, look_up) = match via {
            Via::Link { link, parent, columns } => {
                let link = federated.link(link);
                (Some(link), self.look_up(link, parent, columns, false))
            }
            Via::All | Via::Key(_) => (None, None),
        };
        let list = link.map_or(matches!(via, Via::All), |link| link.many);
        let order = match &page {
            Some(page) => page.order.clone(),
            None if list => self.full_order(id, field, &given, matches!(via, Via::All))?,
            None => Vec::new(),
        };
        let (pushed, residual) = pushdown::split(&capabilities, predicate);
        let pushed = pushdown::with_indexes(described, pushed, &residual);
        let source_orders = self.orders_by_source(id, &order, page.as_ref());
        let local = self.local_order(id, field, &order, &given, page.as_ref(), source_orders)?;
        let orders = Capabilities { order: source_orders && local.is_none(), ..capabilities };
        let looks_up = key.is_some() || look_up.is_some();
        let keyed = looks_up && link.is_none_or(|link| link.to_normalize.is_empty());
        let share = share(&orders, &given, &order, &residual, link.is_some(), keyed);
        let course =
            Course { field, collection: id, link, list, given, page, order, source_orders, local, looks_up, share };
        let (columns, later) = self.read_columns(&course, &residual, columns);

        let bounds = Bounds::of(&course, &residual, limits, capabilities.limit, &mut operands);
        let keys = key.or_else(|| look_up.map(|look_up| self.keyed(look_up)));
        let (keys, key_set) = keys.unzip();
        let fetch = Fetch {
            predicate: pushed,
            distinct: if course.share.distinct { course.given.distinct.clone() } else { Vec::new() },
            order: course.pushed_order().to_vec(),
            limit: bounds.limit,
            offset: bounds.offset,
            keys: key_set.map(|keys| KeySet { limit: bounds.key_limit, offset: bounds.key_offset, ..keys }),
            order_values: course.order_values(),
            ..Fetch::of(described.clone(), columns.clone())
        };
        let ends = course.ends();
        let between = course.share.order && !ends.is_empty();
        let page = between.then(|| FetchPage::new(fetch.clone(), ends, &mut operands));
        let fetch = page.as_ref().map_or(fetch, FetchPage::plain);
        let fetching = Fetching { page, keys, residual, ..Fetching::of(fetch, operands, bounds.ceiling) };
        let rows = self.fetch_rows(id, &field.name, fetching);
        let silence = match via {
            Via::Key(_) => self.unless_partial(field, id),
            Via::All | Via::Link { .. } => Silence::Told,
        };
        self.bear(rows, silence);
        let (rows, values) = self.finish(&course, rows, &columns)?;

        let parent = match (via, link) {
            (Via::Link { parent, columns: parent_columns, .. }, Some(link)) => Some(Parent {
                step: parent,
                source: department(federated, link.from),
                key: parent_key(federated, link, parent_columns),
                row_key: row_key(federated, link, &columns),
                enforced: link.enforced,
            }),
            _ => None,
        };
        let cursor = if course.makes_cursors() { values } else { Vec::new() };
        let Course { given, page, share, .. } = course;
        let distinct = if share.distinct { &[][..] } else { &given.distinct };
        let join = JoinStep {
            field: field.name.clone(),
            source: department(federated, id),
            rows,
            parent,
            distinct: distinct
                .iter()
                .filter_map(|field| Some((position(&columns, *field)?, described.fields[*field].scalar)))
                .collect(),
            offset: given.offset.filter(|_| list && !share.limit),
            limit: given.limit.filter(|_| list && (!share.limit || page.is_some())),
            rule: match &page {
                Some(page) => page.rule,
                None if list => JoinRule::List { most: limits.list_rows },
                None => JoinRule::One,
            },
        };
        Ok(Unplaced { join, columns, cursor, list, later })
    }
}
