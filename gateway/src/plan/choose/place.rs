//! Where in a filter the planner is: what stands beside a link, or which rows are at hand.

use std::sync::Arc;

use lilong_connectors::Predicate;
use lilong_schema::collection::FieldId;
use lilong_schema::federated::{CollectionId, Member};

use crate::operation::{Argument, Form};
use crate::plan::build::Builder;
use crate::plan::read::Columns;
use crate::plan::{PlanOperand, StepId};

/// Where in a `where` the planner is.
#[derive(Clone)]
pub(in crate::plan) enum Place {
    /// Nowhere in particular: links go by the keys of the far side.
    Open,
    /// Among conditions that all must hold.
    Among(Box<Among>),
    /// Rows are at hand: links go by their keys.
    AtHand {
        rows: StepId,
        /// Which field each of their columns is.
        columns: Vec<FieldId>,
    },
}

/// The conditions beside a link.
#[derive(Clone)]
pub(in crate::plan) struct Among {
    /// Those that read no other source.
    pub(super) own: Argument,
    /// The keys of links that must be met too.
    pub(super) found: Vec<(Vec<FieldId>, StepId)>,
    /// Whether what is planned must hold by itself: it stands in no `_or` and no `_not`.
    pub(in crate::plan) must: bool,
}

impl Builder<'_> {
    /// The place of conditions that all must hold, and they as entries of one object; `None`: all are of their own source.
    pub(in crate::plan) fn among(&self, id: CollectionId, argument: &Argument) -> Option<(Place, Argument)> {
        let (own, crossing) = self.conjuncts(id, argument);
        if crossing.is_empty() {
            return None;
        }
        let all = own.iter().chain(&crossing).cloned().collect();
        let place = Place::Among(Box::new(Among { own: object(own), found: Vec::new(), must: true }));
        Some((place, object(all)))
    }

    /// Entries in the order in which they are planned: what narrows for little comes first. Links of which just one side can
    /// be read come before those whose other side is narrowed by what is found.
    pub(in crate::plan) fn by_cost(&self, id: CollectionId, entries: &[(Arc<str>, Argument)]) -> Vec<usize> {
        let federated = self.world.federated;
        let cost = |entry: &(Arc<str>, Argument)| {
            if !self.crosses(id, entry) {
                return (0, 0);
            }
            let about = |to: CollectionId, conditions: &[&Argument]| self.about(to, conditions).unwrap_or(u64::MAX);
            match federated.member(self.world.slice, id, &entry.0) {
                Some(Member::Link(link)) => {
                    let conditions = [&entry.1];
                    let rank = if self.chooses(link, &conditions) { 2 } else { 1 };
                    (rank, about(federated.link(link).to, &conditions))
                }
                Some(Member::Aggregate(link)) => (2, about(federated.link(link).to, &[])),
                _ => (3, 0),
            }
        };
        let mut order = (0..entries.len()).collect::<Vec<_>>();
        order.sort_by_cached_key(|at| cost(&entries[*at]));
        order
    }

    /// Notes keys that rows must have, for the links that are planned after them.
    pub(in crate::plan) fn note_found(&mut self, predicate: &Predicate, operands: &[PlanOperand]) {
        let Place::Among(among) = &mut self.place else { return };
        if let (true, Predicate::KeyIn { fields, normalize, operand }) = (among.must, predicate)
            && normalize.is_empty()
            && let Some(PlanOperand::FromStep(step)) = operands.get(*operand)
        {
            among.found.push((fields.clone(), *step));
        }
    }

    /// The conditions that all must hold: those that read no other source, and the others.
    pub(in crate::plan) fn conjuncts(&self, id: CollectionId, argument: &Argument) -> (Entries, Entries) {
        let (mut own, mut crossing) = (Vec::new(), Vec::new());
        self.split(id, argument, &mut own, &mut crossing);
        (own, crossing)
    }

    fn split(&self, id: CollectionId, argument: &Argument, own: &mut Entries, crossing: &mut Entries) {
        let Form::Object(entries) = &argument.form else { return };
        for entry in entries {
            match (&*entry.0, &entry.1.form) {
                ("_and", Form::List(items)) => items.iter().for_each(|item| self.split(id, item, own, crossing)),
                _ if self.crosses(id, entry) => crossing.push(entry.clone()),
                _ => own.push(entry.clone()),
            }
        }
    }

    /// Whether a condition is met by keys of other rows somewhere.
    fn crosses(&self, id: CollectionId, entry: &(Arc<str>, Argument)) -> bool {
        let of = |id: CollectionId, argument: &Argument| match &argument.form {
            Form::Object(entries) => entries.iter().any(|entry| self.crosses(id, entry)),
            _ => false,
        };
        match (&*entry.0, &entry.1.form) {
            ("_and" | "_or", Form::List(items)) => items.iter().any(|item| of(id, item)),
            ("_not", _) => of(id, &entry.1),
            (name, form) => match (self.world.federated.member(self.world.slice, id, name), form) {
                (Some(Member::Link(link)), _) => {
                    let link = self.world.federated.link(link);
                    let inside = self.capabilities(id).exists && self.is_inside(link);
                    let checks = self.can_check(link.to, &entry.1) && self.checks_all(link.to, &entry.1);
                    !inside || !checks || of(link.to, &entry.1)
                }
                (Some(Member::Aggregate(link)), Form::Object(entries)) => {
                    let link = self.world.federated.link(link);
                    let inside = self.folds_inside(link, entries);
                    let filters = entries.iter().filter(|(name, _)| &**name == "where");
                    !inside
                        || filters.into_iter().any(|(_, filter)| {
                            let checks = self.can_check(link.to, filter) && self.checks_all(link.to, filter);
                            !checks || of(link.to, filter)
                        })
                }
                _ => false,
            },
        }
    }

    /// The columns that a condition reads of its own collection, links among them.
    pub(in crate::plan) fn want_read_by(&self, id: CollectionId, argument: &Argument, columns: &mut Columns) {
        let Form::Object(entries) = &argument.form else { return };
        for (name, value) in entries {
            match (&**name, &value.form) {
                ("_and" | "_or", Form::List(items)) => {
                    for item in items {
                        self.want_read_by(id, item, columns);
                    }
                }
                ("_not", _) => self.want_read_by(id, value, columns),
                _ => match self.world.federated.member(self.world.slice, id, name) {
                    Some(Member::Field(field)) => columns.want(field),
                    Some(Member::Link(link) | Member::Aggregate(link)) => {
                        columns.want_all(&self.world.federated.link(link).columns);
                    }
                    None => {}
                },
            }
        }
    }
}

/// Entries of an input object.
pub(in crate::plan) type Entries = Vec<(Arc<str>, Argument)>;

pub(in crate::plan) fn object(entries: Entries) -> Argument {
    Argument { form: Form::Object(entries), slot: None }
}
