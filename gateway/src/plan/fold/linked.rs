//! `vaccinationsAggregate` in `where` and `orderBy`: conditions on what linked rows come to.
//!
//! Inside the source they are tests on an aggregate over linked rows. Else the far side is folded by the link's columns, once:
//! the keys of groups that meet the condition; or, if no row at all meets it too, those of groups that do not.
//! *Invariant*: two-valued, as link filters are.

use std::sync::Arc;

use lilong_connectors::{LinkedAggregate, Order, OrderTarget, Predicate, Test};
use lilong_schema::Value;
use lilong_schema::federated::{Link, LinkId, Statistic};

use super::figures::{Figures, count};
use super::groups::only_key;
use super::guard::{Guard, zero_meets};
use super::having::{FigureTest, two_valued};
use super::root::field_named;
use super::{Asked, FoldKey, Folding, Groups};
use crate::error::{Location, RequestError};
use crate::operation::{Argument, Field, Form};
use crate::plan::arguments::Given;
use crate::plan::build::Builder;
use crate::plan::choose::{Place, Ways};
use crate::plan::filter::{comparison, null};
use crate::plan::read::push;
use crate::plan::{KeysStep, PlanOperand, Step, StepId, argument_value, pushdown};

/// What is asked of the groups of a link's far side.
struct FarGroups<'a> {
    id: LinkId,
    filter: Option<&'a Argument>,
    tests: &'a [FigureTest<'a>],
    figures: &'a Figures,
    /// Whether no rows at all meet it too: then those that do not are asked for.
    without_rows: bool,
}

impl Builder<'_> {
    /// *The linked rows come to this.* `here`: it is checked here, so by keys.
    pub(in crate::plan) fn linked_aggregate(
        &mut self,
        id: LinkId,
        argument: &Argument,
        here: bool,
        operands: &mut Vec<PlanOperand>,
        location: Location,
    ) -> Result<Predicate, RequestError> {
        let federated = self.world.federated;
        let link = federated.link(id);
        let Form::Object(entries) = &argument.form else {
            return Err(null("where", location));
        };
        let mut filter = None;
        let mut figures = Figures::default();
        let mut tests = Vec::new();
        for (name, value) in entries {
            match (&**name, &value.form) {
                ("where", Form::Null) => {}
                (_, Form::Null) => return Err(null(name, location)),
                ("where", _) => filter = Some(value),
                _ => tests.extend(self.figure_tests(link.to, name, value, &mut figures, location)?),
            }
        }
        if tests.is_empty() {
            // It has no effect, and yet has to be one.
            if let Some(filter) = filter {
                self.plan_to_refuse(|builder| builder.predicate(link.to, filter, &mut Vec::new(), location).map(drop))?;
            }
            return Ok(Predicate::TRUE);
        }
        let capabilities = self.capabilities(link.from);
        let inside = capabilities.filter
            && !here
            && self.folds_inside(link, entries)
            && filter.is_none_or(|filter| self.can_check(link.to, filter) && self.checks_all(link.to, filter));
        if inside {
            return self.tested_inside(link, filter, &tests, figures, operands, location);
        }
        self.tested_by_keys(id, filter, &tests, &figures, operands, location)
    }

    /// Whether the source of a link comes by itself to the figures of linked rows that the entries of a condition test.
    pub(in crate::plan) fn folds_inside(&self, link: &Link, entries: &[(Arc<str>, Argument)]) -> bool {
        if !self.capabilities(link.from).link_aggregates || !self.is_inside(link) {
            return false;
        }
        let capabilities = self.capabilities(link.from);
        let compares = |test: &FigureTest<'_>| {
            let Form::Object(operators) = &test.comparisons.form else { return false };
            let mut comparisons = operators.iter().filter_map(|(name, _)| comparison(name));
            comparisons.all(|(comparison, _)| pushdown::can_compare(&capabilities, comparison))
        };
        let mut figures = Figures::default();
        for (name, value) in entries.iter().filter(|(name, _)| &**name != "where") {
            // What is no figure is refused where the condition is made.
            let tests = self.figure_tests(link.to, name, value, &mut figures, Location { line: 0, column: 0 });
            if !tests.is_ok_and(|tests| tests.iter().all(compares)) {
                return false;
            }
        }
        let targets = targets(self, link, &Predicate::TRUE, figures);
        targets.into_iter().all(|target| {
            self.reaches(link.from, &Order { path: Vec::new(), target, descending: false, nulls_first: false })
        })
    }

    fn tested_inside(
        &mut self,
        link: &Link,
        filter: Option<&Argument>,
        tests: &[FigureTest<'_>],
        figures: Figures,
        operands: &mut Vec<PlanOperand>,
        location: Location,
    ) -> Result<Predicate, RequestError> {
        let predicate = match filter {
            Some(filter) => self.predicate(link.to, filter, operands, location)?,
            None => Predicate::TRUE,
        };
        let counts = figures.0.iter().map(|figure| *figure == count()).collect::<Vec<_>>();
        let targets = targets(self, link, &predicate, figures);
        let mut all = Predicate::TRUE;
        for test in tests {
            let part = self.comparisons(test.figure, test.comparisons, operands, location)?;
            all = all.and(reached(two_valued(part, counts[test.figure]), &targets));
        }
        Ok(all)
    }

    fn tested_by_keys(
        &mut self,
        id: LinkId,
        filter: Option<&Argument>,
        tests: &[FigureTest<'_>],
        figures: &Figures,
        operands: &mut Vec<PlanOperand>,
        location: Location,
    ) -> Result<Predicate, RequestError> {
        let link = self.world.federated.link(id);
        self.count_fetch(location)?;
        let without_rows = self.met_by_no_rows(tests, figures);
        let groups = FarGroups { id, filter, tests, figures, without_rows };
        let conditions = filter.into_iter().collect::<Vec<_>>();
        let crosses = conditions.iter().any(|filter| self.among(link.to, filter).is_some());
        let keys = if let Place::AtHand { rows, columns } = self.place.clone() {
            self.far_groups(&groups, FoldKey::Parents { link: id, parent: rows, columns: &columns }, location)?
        } else if crosses || !self.chooses(id, &[]) {
            self.far_groups(&groups, FoldKey::Far(id), location)?
        } else {
            let mut ways = Ways {
                far: &mut |this| this.far_groups(&groups, FoldKey::Far(id), location),
                keyed: &mut |this, parent, columns| {
                    this.far_groups(&groups, FoldKey::Parents { link: id, parent, columns }, location)
                },
                folds: true,
            };
            self.choose(id, &conditions, &mut ways, location)?
        };
        let operand = push(operands, PlanOperand::FromStep(keys));
        let among = Predicate::KeyIn { fields: link.columns.clone(), normalize: link.normalize.clone(), operand };
        Ok(if without_rows { Predicate::Not(Box::new(among)) } else { among })
    }

    /// The keys of the far side's groups that meet tests, or of those that do not.
    fn far_groups(
        &mut self,
        groups: &FarGroups<'_>,
        key: FoldKey<'_>,
        location: Location,
    ) -> Result<StepId, RequestError> {
        let FarGroups { id, filter, tests, figures, without_rows } = *groups;
        let link = self.world.federated.link(id);
        let base = link.to_columns.len();
        let mut far = Vec::new();
        let predicate = match filter {
            Some(filter) => self.predicate(link.to, filter, &mut far, location)?,
            None => Predicate::TRUE,
        };
        let mut having = Predicate::TRUE;
        for test in tests {
            let part = self.comparisons(base + test.figure, test.comparisons, &mut far, location)?;
            having = having.and(two_valued(part, figures.0[test.figure] == count()));
        }
        if without_rows {
            having = Predicate::Not(Box::new(having));
        }
        let name = link.generated.as_ref().map_or(&link.name, |(aggregate, _)| aggregate);
        let field = field_named(name, location);
        let folded = self.fold(Folding {
            field: &field,
            collection: link.to,
            key,
            by: Vec::new(),
            figures: figures.0.clone(),
            asked: Asked { predicate, operands: far, given: Given::default() },
            groups: Some(Groups { having, order: Vec::new(), limit: None, offset: None }),
        })?;
        let key = self.folded_key(link);
        Ok(self.add(Step::Keys(KeysStep { input: folded.rows, key, before: None, budget: true })))
    }

    /// Whether tests hold of no rows: a count of 0, all else null. Where that depends on variables, the plan is guarded.
    fn met_by_no_rows(&mut self, tests: &[FigureTest<'_>], figures: &Figures) -> bool {
        let mut holds = true;
        let mut guarded = Vec::new();
        for test in tests {
            let is_count = figures.0[test.figure] == count();
            let Form::Object(operators) = &test.comparisons.form else { continue };
            for (name, value) in operators {
                if &**name == "_isNull" {
                    let asks_for_null = value.form == Form::Leaf(Value::Boolean(true));
                    holds &= asks_for_null != is_count;
                } else if let (true, Some((comparison, _))) = (is_count, comparison(name)) {
                    let meets = argument_value(value).is_some_and(|value| zero_meets(comparison, &value));
                    match PlanOperand::of(value) {
                        PlanOperand::Literal(_) => holds &= meets,
                        operand => guarded.push((comparison, operand, meets)),
                    }
                } else {
                    holds = false;
                }
            }
        }
        if !holds || guarded.is_empty() {
            return holds;
        }
        let holds = guarded.iter().all(|(_, _, meets)| *meets);
        let tests = guarded.into_iter().map(|(comparison, operand, _)| (comparison, operand)).collect();
        self.guards.push(Guard { tests, holds });
        holds
    }

    /// `vaccinationsAggregate: { count: DESC }` in `orderBy`: what is compared, and its direction.
    pub(in crate::plan) fn linked_order<'a>(
        &self,
        id: LinkId,
        argument: &'a Argument,
        field: &Field,
    ) -> Result<(OrderTarget, &'a str, &'a Argument), RequestError> {
        let federated = self.world.federated;
        let link = federated.link(id);
        let (name, value) = only_key(field, argument)?;
        let (aggregate, value) = match Statistic::from_name(name) {
            Some(statistic) => self.ordered_figure(link.to, field, statistic, value)?,
            None => (count(), value),
        };
        let target = OrderTarget::Aggregate(Arc::new(LinkedAggregate {
            collection: federated.collection(link.to).described.clone(),
            on: link.pairs().collect(),
            predicate: Predicate::TRUE,
            aggregate,
        }));
        Ok((target, name, value))
    }
}

/// Figures of linked rows, as they are reached from a row.
fn targets(builder: &Builder<'_>, link: &Link, predicate: &Predicate, figures: Figures) -> Vec<OrderTarget> {
    let of = |aggregate| {
        OrderTarget::Aggregate(Arc::new(LinkedAggregate {
            collection: builder.world.federated.collection(link.to).described.clone(),
            on: link.pairs().collect(),
            predicate: predicate.clone(),
            aggregate,
        }))
    };
    figures.0.into_iter().map(of).collect()
}

/// Tests on figures by their positions as tests on what is reached from a row.
fn reached(predicate: Predicate, targets: &[OrderTarget]) -> Predicate {
    let of = |field: usize, test| Predicate::Reached { path: Vec::new(), target: targets[field].clone(), test };
    match predicate {
        Predicate::And(parts) => Predicate::And(parts.into_iter().map(|part| reached(part, targets)).collect()),
        Predicate::Or(parts) => Predicate::Or(parts.into_iter().map(|part| reached(part, targets)).collect()),
        Predicate::Not(part) => Predicate::Not(Box::new(reached(*part, targets))),
        Predicate::Compare { field, comparison, operand } => of(field, Test::Compare { comparison, operand }),
        Predicate::IsNull(field) => of(field, Test::IsNull),
        other => other,
    }
}
