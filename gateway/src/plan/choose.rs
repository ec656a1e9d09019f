//! Which side of a link that its source cannot follow is read for a filter: the far side's keys, or the near side's, of
//! which the far side is asked which exist. Both ways are planned; which one is gone is chosen while the plan runs, by how
//! many rows are found, and what the description says decides which side is tried first.
//!
//! In: a link and a condition on its far side, and the conditions beside it on the near side. Out: a [`ChooseStep`], which
//! gives the keys of linked rows, all or just those that the near side has.
//! *Invariant*: a row that meets the conditions beside the link finds the same among the keys either way; so links may stand in
//! `_or` and `_not`. The number of statements never depends on the number of rows but by pages of keys.

mod keys;
mod place;
mod whole;

use std::sync::Arc;

use lilong_connectors::Predicate;
use lilong_schema::collection::FieldId;
use lilong_schema::federated::{CollectionId, Link, LinkId};

use self::place::Among;
pub(super) use self::place::{Place, object};
pub use self::whole::Whole;
use super::build::Builder;
use super::inputs::edges;
use super::read::{Columns, push};
use super::union::Silence;
use super::{PlanOperand, Step, StepId};
use crate::error::{Location, RequestError};
use crate::operation::{Argument, Form};

/// Gives the keys by which a filter goes through a link.
#[derive(Debug)]
pub struct ChooseStep {
    /// The link, for messages.
    pub field: Arc<str>,
    /// The collections on the near side and on the far side, for people.
    pub sides: [Arc<str>; 2],
    /// About how many rows they have that meet the conditions; `None`: nobody knows.
    pub about: [Option<u64>; 2],
    /// Keys that narrow the near side, given to `near` in turn.
    pub given: Vec<StepId>,
    /// The filter that it stands in.
    pub whole: Option<Arc<Whole>>,
    /// The keys of the far side.
    pub far: Arc<Part>,
    /// Whether `far` can be told to stop at a number of rows.
    pub far_stops: bool,
    /// Whether `far` is a fold of some rows that its source makes: it stops at a number of groups, but may look at all rows
    /// for them, so it is tried once.
    pub far_folds: bool,
    /// The same, made different by the source.
    pub different: Option<Part>,
    /// The rows of the near side by the conditions beside the link; it can be told to stop.
    pub near: Part,
    /// Given these, the keys of the far side that they have.
    pub keyed: Part,
    /// Which side is tried first.
    pub near_first: bool,
}

/// Steps that run together, within a step.
#[derive(Debug)]
pub struct Part {
    /// Steps, inputs before users; the first stand for what is given.
    pub steps: Vec<Step>,
    /// As in [`Plan::inputs`](super::Plan::inputs).
    pub inputs: Vec<Vec<StepId>>,
    /// As in [`Plan::users`](super::Plan::users).
    pub users: Vec<Vec<StepId>>,
    /// The step that makes what it gives.
    pub result: StepId,
}

impl ChooseStep {
    /// Its parts and their names.
    pub fn parts(&self) -> impl Iterator<Item = (&'static str, &Part)> {
        let parts = [Some(("far", &*self.far)), self.different.as_ref().map(|part| ("different", part))];
        let others = [Some(("near", &self.near)), Some(("keyed", &self.keyed))];
        parts.into_iter().chain(others).flatten()
    }
}

/// How the keys of a link's far side are planned.
pub(super) struct Ways<'a, 'b> {
    /// All of them.
    pub(super) far: &'a mut dyn FnMut(&mut Builder<'b>) -> Result<StepId, RequestError>,
    /// Those that rows of the near side have.
    pub(super) keyed: &'a mut dyn FnMut(&mut Builder<'b>, StepId, &[FieldId]) -> Result<StepId, RequestError>,
    /// Whether the source makes the far side's keys different already.
    pub(super) folds: bool,
}

impl<'b> Builder<'b> {
    /// Whether it is worth while to look at both sides of a link.
    pub(super) fn chooses(&self, id: LinkId, conditions: &[&Argument]) -> bool {
        let federated = self.world.federated;
        let link = federated.link(id);
        let to = &federated.collection(link.to).described;
        let limits = self.world.limits;
        // Descriptions tell rows to one digit, so what comes near a budget may be beyond it. Folds, which are told without
        // conditions, come to fewer groups.
        let budget = if conditions.is_empty() { usize::MAX } else { limits.budget_rows.min(limits.budget_keys) / 2 };
        let most = limits.side_rows.min(budget) as u64;
        let few = |rows: Option<u64>| rows.is_some_and(|rows| rows <= most);
        let looks_up = link.to_normalize.is_empty() || to.look_up(&link.to_columns, &link.to_normalize).is_some();
        let Place::Among(among) = &self.place else { return false };
        (federated.union_of(link.from).is_none() || self.may_be_few(link, among, conditions))
            && self.capabilities(link.from).limit
            && self.capabilities(link.to).keys > 0
            && looks_up
            && !few(to.rows)
            && !few(self.at_most(link.to, conditions))
    }

    /// Whether a union may have few rows that meet the conditions beside a link. To find out that it has many, many members
    /// would be asked.
    fn may_be_few(&self, link: &Link, among: &Among, conditions: &[&Argument]) -> bool {
        let is_narrowed = !matches!(&among.own.form, Form::Object(entries) if entries.is_empty());
        let about = [self.about(link.from, &[&among.own]), self.about(link.to, conditions)];
        // In an `_or` or a `_not` what stands beside the link there may rule out members.
        is_narrowed || !among.found.is_empty() || among.must && matches!(about, [Some(near), Some(far)] if near < far)
    }

    /// The keys of a link by either side.
    pub(super) fn choose(
        &mut self,
        id: LinkId,
        conditions: &[&Argument],
        ways: &mut Ways<'_, 'b>,
        location: Location,
    ) -> Result<StepId, RequestError> {
        let federated = self.world.federated;
        let link = federated.link(id);
        let Place::Among(among) = self.place.clone() else { return (ways.far)(self) };
        let simple = conditions.iter().all(|condition| self.conjuncts(link.to, condition).1.is_empty());
        let about = [self.about(link.from, &[&among.own]), self.about(link.to, conditions)];
        let far = Arc::new(self.part(0, |builder, _| (ways.far)(builder))?);
        // The other ways ask for the same once more.
        let counted = self.counts();
        let near = self.part(among.found.len(), |builder, given| builder.near_rows(link, &among, given, location))?;
        let columns = Self::near_columns(link);
        let keyed = self.part(1, |builder, given| (ways.keyed)(builder, given[0], &columns))?;
        let differs = !ways.folds && simple && self.can_fold(link);
        let different = match conditions {
            [condition] if differs => Some(self.part(0, |builder, _| builder.different_keys(id, condition, location))?),
            _ => None,
        };
        self.forget(counted);
        let far_stops = !ways.folds && self.capabilities(link.to).limit;
        let stops = |step: &Step| matches!(step, Step::Fetch(fetch) if fetch.stops);
        let far_folds = ways.folds && !conditions.is_empty() && far.steps.iter().any(stops);
        // A union's rows cost a statement for each member, so the other side is tried before.
        let near_first = federated.union_of(link.from).is_none()
            && (!simple || !among.found.is_empty() || matches!(about, [Some(near), Some(far)] if near < far));
        let name = |id: CollectionId| -> Arc<str> { federated.collection(id).described.name.as_str().into() };
        Ok(self.add(Step::Choose(Box::new(ChooseStep {
            field: link.name.clone(),
            sides: [name(link.from), name(link.to)],
            about,
            given: among.found.iter().map(|(_, step)| *step).collect(),
            whole: None,
            far,
            far_stops,
            far_folds,
            different,
            near,
            keyed,
            near_first,
        }))))
    }

    /// Steps of their own, of which the first stand for what they are given.
    pub(super) fn part(
        &mut self,
        given: usize,
        build: impl FnOnce(&mut Self, &[StepId]) -> Result<StepId, RequestError>,
    ) -> Result<Part, RequestError> {
        let outer = std::mem::take(&mut self.steps);
        let place = std::mem::replace(&mut self.place, Place::Open);
        let given = (0..given).map(|_| self.add(Step::Given)).collect::<Vec<_>>();
        let result = build(self, &given);
        self.place = place;
        let steps = std::mem::replace(&mut self.steps, outer);
        let (inputs, users) = edges(&steps);
        Ok(Part { steps, inputs, users, result: result? })
    }

    /// Plans what is not needed, for its refusals alone.
    pub(super) fn plan_to_refuse(
        &mut self,
        plan: impl FnOnce(&mut Self) -> Result<(), RequestError>,
    ) -> Result<(), RequestError> {
        self.part(0, |builder, _| plan(builder).map(|()| 0)).map(drop)
    }

    /// The rows of the near side that meet the conditions beside a link.
    fn near_rows(
        &mut self,
        link: &Link,
        among: &Among,
        given: &[StepId],
        location: Location,
    ) -> Result<StepId, RequestError> {
        let mut operands = Vec::new();
        let mut predicate = self.condition(link.from, &among.own, false, &mut operands, location)?;
        for ((fields, _), step) in among.found.iter().zip(given) {
            let operand = push(&mut operands, PlanOperand::FromStep(*step));
            predicate = predicate.and(Predicate::KeyIn { fields: fields.clone(), normalize: Vec::new(), operand });
        }
        let columns = Self::near_columns(link);
        let rows = self.stopping(link, link.from, predicate, operands, columns, None).0;
        self.bear(rows, Silence::PassedOn);
        Ok(rows)
    }

    /// The columns of the near side that are read for its keys.
    fn near_columns(link: &Link) -> Vec<FieldId> {
        let mut columns = Columns::default();
        columns.want_all(&link.columns);
        columns.0
    }
}
