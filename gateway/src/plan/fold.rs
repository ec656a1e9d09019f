//! Folds: what rows come to, whole or in groups. What the source can fold it folds; what is left becomes steps after it.
//!
//! In: a [`Folding`]. Out: the steps that make its groups, one row each: the columns of its key, then those it groups by,
//! then the figures. *Invariant*: one fold for all parents, never one for each; rows are found before they are folded; what
//! a source does not do whole is done here over its groups, or over its rows within the row budget, and comes to the same.

mod cut;
mod declared;
pub(super) mod figures;
mod groups;
mod guard;
mod having;
mod here;
mod linked;
mod root;
mod step;

use std::sync::Arc;

use lilong_connectors::{Aggregate, Fetch, Group, GroupKey, Hop, KeySet, Order, OrderTarget, Predicate, Prepared};
use lilong_schema::collection::FieldId;
use lilong_schema::federated::{CollectionId, GroupColumn, Link, LinkId};
use lilong_schema::{Capabilities, Collection};

pub use self::guard::Guard;
pub(super) use self::root::field_named;
pub use self::step::{AggregateStep, AssignStep, Figure, WholeOutput, WidenStep};
use super::arguments::Given;
use super::build::Builder;
use super::far::LocalOrder;
use super::keys::{LookUp, look_up};
use super::read::{push, push_cap};
use super::share::{Share, share};
use super::{Ceiling, FetchStep, FilterStep, PlanOperand, SortStep, SortTerm, Step, StepId, pushdown};
use crate::error::{Code, RequestError};
use crate::operation::Field;

/// Which rows are asked for.
#[derive(Clone)]
pub(super) struct Asked {
    pub(super) predicate: Predicate,
    pub(super) operands: Vec<PlanOperand>,
    pub(super) given: Given,
}

/// What of a link's rows is told apart, beside what they are grouped by.
#[derive(Clone, Copy)]
pub(super) enum FoldKey<'a> {
    /// Nothing.
    None,
    /// The rows of each parent: the step that holds the parents, and which field each of its columns is.
    Parents { link: LinkId, parent: StepId, columns: &'a [FieldId] },
    /// The keys of the link's far end, all of them.
    Far(LinkId),
}

/// Which groups, and in which order; over the columns of the answer.
pub(super) struct Groups {
    pub(super) having: Predicate,
    pub(super) order: Vec<Order>,
    pub(super) limit: Option<PlanOperand>,
    pub(super) offset: Option<PlanOperand>,
}

/// What is folded.
pub(super) struct Folding<'a> {
    /// The field that asks for it, for messages.
    pub(super) field: &'a Field,
    pub(super) collection: CollectionId,
    pub(super) key: FoldKey<'a>,
    pub(super) by: Vec<GroupColumn>,
    pub(super) figures: Vec<Aggregate>,
    pub(super) asked: Asked,
    /// `None`: the groups as they are, at most one for each key.
    pub(super) groups: Option<Groups>,
}

/// Groups, and what is still to be cut of them.
pub(super) struct Folded {
    pub(super) rows: StepId,
    pub(super) limit: Option<PlanOperand>,
    pub(super) offset: Option<PlanOperand>,
}

/// How rows of a folding are found.
struct Found {
    /// What the source checks, and the rest.
    pushed: Predicate,
    residual: Predicate,
    /// The order that cuts go by; empty if nothing is cut.
    order: Vec<Order>,
    /// What of it is made here.
    local: Option<LocalOrder>,
    /// Whether rows are cut before they are folded.
    cuts: bool,
    /// Whether the source takes the keys of parents.
    keyed: bool,
    /// What the source does of it.
    share: Share,
}

impl Found {
    /// Whether the source finds just these rows by itself.
    fn by_source(&self) -> bool {
        self.residual.is_true() && (!self.cuts || self.share.limit)
    }
}

impl Builder<'_> {
    /// The steps that fold rows.
    pub(super) fn fold(&mut self, mut folding: Folding<'_>) -> Result<Folded, RequestError> {
        let id = folding.collection;
        let capabilities = self.capabilities(id);
        let predicate = std::mem::replace(&mut folding.asked.predicate, Predicate::TRUE);
        let found = self.found(&mut folding, predicate, &capabilities)?;
        let keyed = found.keyed;
        // Members of a union fold rows of which none are cut, and their groups are put together here.
        let of_members = self.world.federated.union_of(id).is_some() && !found.cuts && found.by_source();
        let groups = capabilities.group && found.by_source();
        let key_is_there = match folding.key {
            FoldKey::None => true,
            FoldKey::Parents { .. } => keyed,
            FoldKey::Far(link) => self.world.federated.link(link).to_normalize.is_empty(),
        };
        if groups && key_is_there && folding.by.iter().all(|column| self.groups_inside(&capabilities, *column)) {
            return self.folded_by_source(folding, found, &capabilities);
        }
        self.folded_here(folding, found, groups && !keyed || of_members)
    }

    fn found(
        &mut self,
        folding: &mut Folding<'_>,
        predicate: Predicate,
        capabilities: &Capabilities,
    ) -> Result<Found, RequestError> {
        let given = &folding.asked.given;
        let cuts = given.cuts() || !given.distinct.is_empty();
        let all = matches!(folding.key, FoldKey::None);
        let order = if cuts { self.full_order(folding.collection, folding.field, given, all)? } else { Vec::new() };
        let (pushed, residual) = pushdown::split(capabilities, predicate);
        let described = &self.world.federated.collection(folding.collection).described;
        let mut pushed = pushdown::with_indexes(described, pushed, &residual);
        let link = self.link_of(&folding.key);
        let keyed = matches!(folding.key, FoldKey::Parents { .. })
            && link.is_some_and(|link| link.to_normalize.is_empty())
            && capabilities.keys > 0;
        let local = self.local_order(folding.collection, folding.field, &order, given, None, capabilities.order)?;
        let orders = Capabilities { order: capabilities.order && local.is_none(), ..*capabilities };
        let share = share(&orders, given, &order, &residual, link.is_some(), keyed);
        if let (FoldKey::Parents { link, parent, columns }, true) = (folding.key, capabilities.filter) {
            let link = self.world.federated.link(link);
            if !link.to_normalize.is_empty()
                && let Some(look_up) = look_up(self.world.federated, link, parent, columns, false)
            {
                // What is found too much makes groups that no parent has.
                pushed = pushed.and(self.key_in(look_up, &mut folding.asked.operands));
            }
        }
        Ok(Found { pushed, residual, order, local, cuts, keyed, share })
    }

    /// Only what a field asks for by itself may do without members: not what a filter or an order is told by.
    fn bear_fold(&mut self, folding: &Folding<'_>, rows: StepId) {
        if let FoldKey::None = folding.key {
            let silence = self.unless_partial(folding.field, folding.collection);
            self.bear(rows, silence);
        }
    }

    fn link_of(&self, key: &FoldKey<'_>) -> Option<&Link> {
        match key {
            FoldKey::None => None,
            FoldKey::Parents { link, .. } | FoldKey::Far(link) => Some(self.world.federated.link(*link)),
        }
    }

    /// Whether a source can group by a column by itself.
    fn groups_inside(&self, capabilities: &Capabilities, column: GroupColumn) -> bool {
        column.link.is_none_or(|link| {
            let link = self.world.federated.link(link);
            // Of two matches one would have to be chosen.
            capabilities.group_links && !link.at_most_one && self.is_inside(link)
        })
    }

    /// What a column to group by is to a fetch.
    fn group_key(&self, column: GroupColumn) -> GroupKey {
        let path = column.link.map(|link| {
            let link = self.world.federated.link(link);
            Hop { collection: self.world.federated.collection(link.to).described.clone(), on: link.pairs().collect() }
        });
        GroupKey { path: path.into_iter().collect(), field: column.field }
    }

    /// The answer's columns as the fields of a collection: the key's, those grouped by, the figures.
    pub(super) fn fold_answer(
        &self,
        id: CollectionId,
        key: &FoldKey<'_>,
        by: &[GroupColumn],
        figures: &[Aggregate],
    ) -> Arc<Collection> {
        let keys = self.link_of(key).map(|link| link.to_columns.clone()).unwrap_or_default();
        let by = by.iter().map(|column| self.group_key(*column)).collect::<Vec<_>>();
        Group::describe(&self.world.federated.collection(id).described, &keys, &by, figures)
    }

    /// One fetch, in which the source folds.
    fn folded_by_source(
        &mut self,
        folding: Folding<'_>,
        found: Found,
        capabilities: &Capabilities,
    ) -> Result<Folded, RequestError> {
        let federated = self.world.federated;
        let limits = self.world.limits;
        let Folding { field, collection: id, key, by, figures, asked, groups } = folding;
        let Asked { mut operands, given, .. } = asked;
        let answer = self.fold_answer(id, &key, &by, &figures);
        let mut group = Group {
            by: by.iter().map(|column| self.group_key(*column)).collect(),
            aggregates: figures,
            answer: answer.clone(),
            having: Predicate::TRUE,
            order: Vec::new(),
            limit: None,
            offset: None,
        };
        let mut keys = None;
        let mut key_set = None;
        let (mut limit, mut offset) = (None, None);
        // No more groups than parents.
        let mut ceiling = Ceiling { rows: limits.answer_rows, budget: false };
        match key {
            FoldKey::None => {
                limit = given.limit.map(|limit| push(&mut operands, limit));
                offset = given.offset.map(|offset| push(&mut operands, offset));
            }
            FoldKey::Parents { link, parent, columns } => {
                let link = federated.link(link);
                let (from, set) = self.keyed(LookUp::plain(federated, link, parent, columns, false));
                keys = Some(from);
                key_set = Some(KeySet {
                    limit: given.limit.map(|limit| push(&mut operands, limit)),
                    offset: given.offset.map(|offset| push(&mut operands, offset)),
                    ..set
                });
            }
            FoldKey::Far(link) => {
                let own = federated.link(link).to_columns.iter();
                let own = own.map(|field| GroupKey { path: Vec::new(), field: *field });
                group.by = own.chain(group.by).collect();
            }
        }
        let is_list = matches!(key, FoldKey::Far(_)) || groups.as_ref().is_some_and(|_| !by.is_empty());
        let mut rest = None;
        match groups {
            Some(groups) if pushdown::can_filter(capabilities, &groups.having) => {
                group.having = groups.having;
                group.order = groups.order;
                group.offset = groups.offset.map(|offset| push(&mut operands, offset));
                if !is_list {
                    // One group.
                } else if let Some(most) = groups.limit {
                    group.limit = Some(push(&mut operands, most));
                    ceiling = Ceiling { rows: limits.list_rows, budget: false };
                } else if matches!(key, FoldKey::Far(_)) {
                    group.limit = Some(push_cap(&mut operands, limits.budget_rows));
                    ceiling = Ceiling { rows: limits.budget_rows, budget: true };
                } else {
                    group.limit = Some(push_cap(&mut operands, limits.list_rows));
                    ceiling = Ceiling { rows: limits.list_rows, budget: false };
                }
            }
            groups => {
                if is_list {
                    group.limit = Some(push_cap(&mut operands, limits.budget_rows));
                    ceiling = Ceiling { rows: limits.budget_rows, budget: true };
                }
                rest = groups;
            }
        }
        let fetch = Fetch {
            predicate: found.pushed,
            distinct: given.distinct,
            order: found.order,
            limit,
            offset,
            keys: key_set,
            group: Some(group),
            ..Fetch::of(federated.collection(id).described.clone(), Vec::new())
        };
        let rows = self.add(Step::Fetch(FetchStep {
            source: federated.collection(id).source,
            field: field.name.clone(),
            prepared: Arc::new(Prepared::new(fetch)),
            operands: operands.clone(),
            keys,
            ceiling,
            page: None,
            stops: matches!(key, FoldKey::Far(_)) && ceiling.budget,
        }));
        match rest {
            Some(groups) => {
                self.groups_compare_here(id, field, &by, &groups, &answer)?;
                Ok(self.finish_groups(rows, groups, answer, operands))
            }
            None => Ok(Folded { rows, limit: None, offset: None }),
        }
    }

    /// What the source did not do of conditions on groups and of their order.
    fn finish_groups(
        &mut self,
        mut rows: StepId,
        groups: Groups,
        answer: Arc<Collection>,
        operands: Vec<PlanOperand>,
    ) -> Folded {
        let Groups { having, order, limit, offset } = groups;
        let columns = (0..answer.fields.len()).collect();
        let term = |term: &Order| match term.target {
            OrderTarget::Field(column) => Some(SortTerm {
                column,
                scalar: answer.fields[column].scalar,
                descending: term.descending,
                nulls_first: term.nulls_first,
            }),
            _ => None,
        };
        let terms = order.iter().filter_map(term).collect::<Vec<_>>();
        if !having.is_true() {
            let filter = FilterStep { input: rows, collection: answer, columns, predicate: having, operands };
            rows = self.add(Step::Filter(filter));
        }
        if !terms.is_empty() {
            rows = self.add(Step::Sort(SortStep { input: rows, terms, numbered: false }));
        }
        Folded { rows, limit, offset }
    }

    /// Counts a collection that is asked for the sake of a filter or a group.
    pub(super) fn count_fetch(&mut self, location: crate::error::Location) -> Result<(), RequestError> {
        let most = self.world.limits.collection_fields;
        self.filter_fetches += 1;
        if self.filter_fetches > most {
            let message = format!("filters, groups and orders through links ask for more than {most} collections");
            return Err(RequestError::at(Code::TooCostly, message, location));
        }
        Ok(())
    }
}
