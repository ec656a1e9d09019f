//! Asks the members of a union, a bounded number at a time, and merges what they send.
//!
//! In: a [`UnionStep`]. Out: its rows, in the order asked for, cut as asked. *Invariant*: what comes out does not depend on
//! which member answers first; no more rows are held than the answer takes and a few batches; a member that is silent is
//! told, whatever else the step gives.

mod bind;
mod convert;
mod fold;
mod line;
mod merge;
mod nearest;
mod prune;

use std::future::{Future, poll_fn};
use std::sync::Arc;
use std::task::Poll;

use arrow_array::{Array, BooleanArray, RecordBatch};
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use lilong_connectors::evaluate;
use lilong_connectors::rows::columns_schema;
use lilong_connectors::{BoundFetch, Operand, Predicate};
use lilong_schema::Value;
use lilong_schema::federated::UnionColumn;

use self::bind::Numbers;
use self::fold::Gathered;
use self::merge::Pool;
use super::collect::is_false;
use super::{Fault, Made, RowSet, Run, Silent, internal, keep};
use crate::error::Code;
use crate::plan::union::{Ask, Known, Reduced, Silence, UnionStep, lives_behind, lives_so, reduce};
use crate::plan::{Ceiling, StepId};

/// A request that is ready to be sent.
struct Request {
    member: usize,
    ask: Arc<Ask>,
    operands: Vec<Operand>,
    keys: Option<RecordBatch>,
}

/// What a member sent.
struct Answer {
    /// In the columns of the union.
    rows: RowSet,
    /// Whether its source has put them in order, and left out those beyond the limit.
    cut: bool,
    /// How many rows were read to work on them here.
    read_here: usize,
}

/// For each condition whether it holds in all rows of a member, by member; `None` for conditions on other columns.
pub(super) struct Truths(Vec<Option<BooleanArray>>);

impl Truths {
    /// Of a condition of which it is known.
    pub(super) fn of(&self, leaf: usize, member: usize) -> Known {
        self.0[leaf].as_ref().map_or(Some(false), |mask| mask.is_valid(member).then(|| mask.value(member)))
    }
}

/// What members have sent so far.
enum Gathering<'a> {
    Rows(Box<Pool<'a>>),
    Groups(Gathered<'a>),
}

impl Run<'_> {
    /// The rows of a union; `stop`: after how many, if the step may be told to.
    pub(super) async fn union(
        &self,
        id: StepId,
        step: &UnionStep,
        made: &[Arc<Made>],
        stop: Option<usize>,
    ) -> Result<Made, Fault> {
        let operands = super::bind::operands(&step.operands, made, self.world.variables)?;
        let beyond = step.page.is_some();
        let between = step.between(&operands, self.world.sources);
        let step = between.as_deref().unwrap_or(step);
        let mut faults: Vec<Silent> = made.iter().flat_map(|made| made.silent()).cloned().collect();
        let keys = match &step.keys {
            None => None,
            Some(from) => match self.keys(from, &step.fetch, || step.fetch.key_schema(), made)? {
                Some(keys) if keys.num_rows() > 0 => Some(keys),
                _ => return self.without(id, step, faults, self.nothing(step)?),
            },
        };
        if is_false(&step.fetch.predicate, &operands) {
            return self.without(id, step, faults, self.nothing(step)?);
        }
        let truths = self.truths(step, &operands)?;
        let numbers = Numbers { beyond, ..Numbers::of(step, &operands, stop)? };
        let mut requests = Vec::new();
        for member in 0..step.union.members.len() {
            if faults.iter().any(|(silent, _)| *silent == member) {
                continue;
            }
            let truth = |leaf: usize| truths.of(leaf, member);
            if let Some(ask) = step.ask(member, &truth)
                && let Some(request) = self.request(step, member, ask, &operands, keys.as_ref(), &numbers)?
            {
                requests.push(request);
            }
        }
        let requests = self.prune(step, requests, &operands, keys.as_ref()).await;
        faults.extend(self.undescribed(step));
        let mut pool = match &step.fold {
            Some(fold) => Gathering::Groups(Gathered::new(step, fold, &self.bytes)),
            None => {
                Gathering::Rows(Box::new(Pool::new((step, self.world.sources), keys.as_ref(), &numbers, &self.bytes)?))
            }
        };
        let mut read_here = 0;
        let mut take = |member: usize, answer: Answer| {
            read_here += answer.read_here;
            if read_here > self.world.limits.budget_rows {
                return Err(too_costly(step, self.world.limits.budget_rows));
            }
            match &mut pool {
                Gathering::Rows(pool) => pool.add(member, answer.rows, answer.cut, self.world.limits.budget_bytes),
                Gathering::Groups(groups) => groups.add(member, answer.rows, self.world.limits.budget_bytes),
            }
        };
        if let Some(most) = nearest::worth_it(step, &requests, &numbers) {
            for (member, rows) in self.nearest(step, requests, most, (&operands, &numbers), &mut faults).await? {
                take(member, Answer { rows, cut: true, read_here: 0 })?;
            }
        } else {
            self.gather(step, requests, &mut faults, |request| self.member(step, request, &numbers), take).await?;
        }
        let rows = match pool {
            Gathering::Rows(pool) => pool.finish()?,
            Gathering::Groups(groups) => groups.finish()?,
        };
        if rows.batch.num_rows() > numbers.ceiling.rows {
            return Err(super::collect::too_many(&step.field, numbers.ceiling));
        }
        self.without(id, step, faults, rows)
    }

    /// The rows of the members that are not silent, if they are wanted without the others'.
    fn without(&self, id: StepId, step: &UnionStep, mut faults: Vec<Silent>, rows: RowSet) -> Result<Made, Fault> {
        faults.sort_by_key(|(member, _)| *member);
        let rows = Arc::new(rows);
        match (&step.silence, faults.first()) {
            (_, None) => Ok(Made::Rows(rows)),
            (Silence::PassedOn, _) => Ok(Made::Partial(rows, faults)),
            (silence, Some((_, fault))) if !self.goes_on(silence) => Err(fault.clone()),
            _ => {
                self.tell(id, faults.into_iter().map(|(_, fault)| fault).collect());
                Ok(Made::Rows(rows))
            }
        }
    }

    /// Asks members side by side, up to the request's deadline; `take` is given what each sends, `faults` takes those that are
    /// silent.
    async fn gather<T, F: Future<Output = Result<T, Fault>>>(
        &self,
        step: &UnionStep,
        requests: Vec<Request>,
        faults: &mut Vec<Silent>,
        ask: impl Fn(Request) -> F,
        mut take: impl FnMut(usize, T) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let mut late = vec![false; step.union.members.len()];
        for request in &requests {
            late[request.member] = true;
        }
        let mut waiting = requests.into_iter();
        let mut asked = FuturesUnordered::new();
        // One for all: to set and to stop a clock costs as much as a step of a fetch.
        let mut end = Box::pin(tokio::time::sleep_until(tokio::time::Instant::from_std(self.context.deadline)));
        loop {
            while asked.len() < self.world.limits.union_fetches
                && let Some(request) = waiting.next()
            {
                let (member, answer) = (request.member, ask(request));
                asked.push(async move { (member, answer.await) });
            }
            let next = poll_fn(|context| match asked.poll_next_unpin(context) {
                Poll::Pending => end.as_mut().poll(context).map(|()| None),
                Poll::Ready(next) => Poll::Ready(Some(next)),
            });
            let Some(next) = next.await else {
                let late = step.union.members.iter().enumerate().filter(|(member, _)| late[*member]);
                faults.extend(late.map(|(at, member)| (at, super::overdue(self.world.sources[member.source].name()))));
                return Ok(());
            };
            let Some((member, answer)) = next else { return Ok(()) };
            late[member] = false;
            match answer {
                Ok(answer) => take(member, answer)?,
                Err(fault) if is_silence(&fault) => faults.push((member, fault)),
                Err(fault) => return Err(fault),
            }
        }
    }

    /// What conditions come to in all rows of a member.
    pub(super) fn truths(&self, step: &UnionStep, operands: &[Operand]) -> Result<Truths, Fault> {
        let is_fixed = |leaf: &Predicate| {
            let mut fields = Vec::new();
            crate::plan::fields_of(leaf, &mut fields);
            !fields.is_empty() && fields.iter().all(|field| step.fixed.contains(field))
        };
        if !step.leaves.iter().any(is_fixed) {
            return Ok(Truths(vec![None; step.leaves.len()]));
        }
        let sources: Vec<&str> =
            step.union.members.iter().map(|member| &**self.world.sources[member.source].name()).collect();
        let collection = &step.fetch.collection;
        let columns = step
            .fixed
            .iter()
            .map(|field| {
                let cells = step.union.members.iter().zip(&sources).map(|(member, source)| {
                    match step.union.shapes[member.shape].columns[*field] {
                        UnionColumn::Source => Value::Text((*source).to_owned()),
                        UnionColumn::Constant(at) => member.constants[at].clone(),
                        UnionColumn::Field(_) | UnionColumn::Missing => Value::Null,
                    }
                });
                super::bind::cells(collection.fields[*field].scalar, &cells.collect::<Vec<_>>()).ok_or_else(internal)
            })
            .collect::<Result<Vec<_>, _>>()?;
        let batch = RecordBatch::try_new(columns_schema(collection, &step.fixed), columns)
            .map_err(|error| self.internal(&error))?;
        let truth = |leaf: &Predicate| {
            if !is_fixed(leaf) {
                return Ok(None);
            }
            evaluate::filter(leaf, collection, &step.fixed, &batch, operands)
                .map(Some)
                .map_err(|error| self.internal(&error))
        };
        step.leaves.iter().map(truth).collect::<Result<_, _>>().map(Truths)
    }

    /// Sources that may have rows but have not been described or found yet, as far as `_source` does not rule them out.
    pub(super) fn undescribed(&self, step: &UnionStep) -> Vec<Silent> {
        let (predicate, collection) = (&step.fetch.predicate, &step.fetch.collection);
        let value = |operand: usize| step.operands.get(operand)?.value(self.world.variables);
        let may_have = |decide: &dyn Fn(usize, &Predicate) -> Option<Known>| {
            !matches!(reduce(predicate, &|id, leaf| decide(id, leaf)), Reduced::Never)
        };
        let silent = |name: &Arc<str>, message: String| {
            let fault = Fault { code: Code::SourceUnavailable, source: Some(name.clone()), message: message.into() };
            (usize::MAX, fault)
        };
        let described = step.union.undescribed.iter().map(|source| self.world.sources[*source].name());
        let described = described.filter(|name| may_have(&|_, leaf| lives_so(name, collection, leaf, value)));
        let found = step.union.unknown.iter();
        let found = found.filter(|block| may_have(&|_, leaf| lives_behind(block, collection, leaf, value)));
        described
            .map(|name| silent(name, format!("source `{name}` has not been described yet")))
            .chain(found.map(|block| silent(block, format!("sources `{block}` have not been found yet"))))
            .collect()
    }

    /// What one member sends, in the columns of the union.
    async fn member(&self, step: &UnionStep, request: Request, numbers: &Numbers) -> Result<Answer, Fault> {
        let Request { member, ask, operands, keys } = request;
        let source = &self.world.sources[step.union.members[member].source];
        let ceiling = if !ask.cuts {
            Ceiling { rows: self.world.limits.budget_rows, budget: true }
        } else if keys.is_some() {
            numbers.ceiling
        } else {
            let most = numbers.ceiling.rows;
            Ceiling { rows: numbers.most().unwrap_or(most).max(most), budget: false }
        };
        let checked = if ask.residual.is_true() { Vec::new() } else { operands.clone() };
        let bound = BoundFetch { prepared: ask.prepared.clone(), operands, keys };
        // What is merged is counted there.
        let (rows, _held) = self.ask(source, &step.field, ceiling, bound).await?;
        let read_here = if ask.reads_here() { rows.batch.num_rows() } else { 0 };
        Ok(Answer { rows: self.unite(step, member, &ask, &checked, &rows).await?, cut: ask.cuts, read_here })
    }

    /// A member's rows in the columns of the union, without those that do not meet what its source could not check.
    async fn unite(
        &self,
        step: &UnionStep,
        member: usize,
        ask: &Ask,
        operands: &[Operand],
        rows: &RowSet,
    ) -> Result<RowSet, Fault> {
        let member = &step.union.members[member];
        let name = self.world.sources[member.source].name();
        let shape = &step.union.shapes[member.shape];
        if let (Some(groups), Some(group)) = (&ask.groups, &step.fetch.group) {
            return fold::convert(groups, ask, group, &member.constants, name, rows)
                .map_err(|error| self.internal(&error));
        }
        let united = convert::convert(ask, &step.fetch.collection, shape, &member.constants, name, rows)
            .map_err(|error| self.internal(&error))?;
        let united = if ask.residual.is_true() {
            united
        } else {
            let columns = &ask.columns;
            let collection = &step.fetch.collection;
            let mask = self.meets(&ask.residual, collection, columns, &united, operands).await;
            let mask = mask.map_err(|fault| match fault.code {
                Code::SourceMismatch => Fault { source: Some(name.clone()), ..fault },
                _ => fault,
            })?;
            keep(&united, &mask).map_err(|error| self.internal(&error))?
        };
        let united = convert::narrow(united, step.work.len()).map_err(|error| self.internal(&error))?;
        match &step.fold {
            Some(fold) => super::fold::fold(&united, None, &fold.rows.by, &fold.rows.figures),
            None => Ok(united),
        }
    }

    /// What there is of a union without rows.
    fn nothing(&self, step: &UnionStep) -> Result<RowSet, Fault> {
        match &step.fold {
            Some(fold) => Gathered::new(step, fold, &self.bytes).finish(),
            None => Ok(RowSet { batch: RecordBatch::new_empty(step.fetch.schema()), faults: Vec::new() }),
        }
    }

    /// Whether the rest is given if a member is silent.
    fn goes_on(&self, silence: &Silence) -> bool {
        match silence {
            Silence::Refused => false,
            Silence::Told | Silence::PassedOn => true,
            Silence::Asked(argument, otherwise) => {
                match argument.as_ref().and_then(|argument| argument.value(self.world.variables)) {
                    Some(Value::Boolean(partial)) => partial,
                    _ => *otherwise,
                }
            }
        }
    }
}

/// Whether a fault is a member's own; a budget that is spent is the request's.
fn is_silence(fault: &Fault) -> bool {
    fault.source.is_some() && !matches!(fault.code, Code::TooCostly | Code::TooLarge)
}

fn too_costly(step: &UnionStep, most: usize) -> Fault {
    super::collect::too_many(&step.field, Ceiling { rows: most, budget: true })
}
