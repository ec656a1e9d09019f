//! Runs a plan: asks the sources, joins, filters and sorts what they send.
//!
//! In: [`Plan`], variables, sources. Out: [`Fetched`], rows and faults side by side.
//! *Invariant*: the only stage that touches the network, and only through [`Source::fetch`]. A step starts when its
//! inputs are there; steps that need nothing of each other run at the same time. A fault stays with its step.

mod account;
mod aside;
mod attach;
mod bind;
mod choose;
mod collect;
mod fill;
mod fold;
mod held;
mod join;
mod keys;
mod made;
mod nowhere;
mod page;
mod progress;
mod running;
mod scan;
mod union;
mod watch;

use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use arrow_array::BooleanArray;
use arrow_select::filter::filter_record_batch;
use arrow_select::take::take_record_batch;
use lilong_connectors::deadline::until;
use lilong_connectors::{Age, CellFault, FetchContext, Rows, Source, evaluate};
use lilong_schema::catalog::Limits;

use self::choose::{Attempt, Spent};
pub use self::made::{Made, Placed, RowSet, Silent, StepResult};
use self::made::{placed, rows};
use self::progress::{Progress, Steps};
use self::running::Running;
use self::watch::Watch;
pub use self::watch::{Asked, Seen, Tried};
use crate::error::Code;
use crate::operation::Variables;
use crate::plan::{FetchStep, FilterStep, Plan, SortStep, Step, StepId};

/// Why a step has nothing to give.
#[derive(Clone, Debug)]
pub struct Fault {
    /// The public code.
    pub code: Code,
    /// The source at fault.
    pub source: Option<Arc<str>>,
    /// For the client.
    pub message: Arc<str>,
}

impl Fault {
    /// A fault of the gateway's, of no source.
    pub fn new(code: Code, message: impl Into<Arc<str>>) -> Self {
        Self { code, source: None, message: message.into() }
    }
}

/// What all steps of a plan came to.
#[derive(Debug)]
pub struct Fetched {
    /// By [`StepId`].
    pub steps: Vec<StepResult>,
    /// Members of unions that gave nothing, by the step that asked them.
    pub missing: Vec<(StepId, Fault)>,
    /// How old what the sources gave is.
    pub age: Age,
    /// What was seen of it, if it was watched.
    pub seen: Option<Seen>,
}

/// What execution knows of the world.
pub struct World<'a> {
    /// Sources by their position in the model.
    pub sources: &'a [Arc<Source>],
    /// The request's variables.
    pub variables: &'a Variables,
    /// What a request may cost.
    pub limits: &'a Limits,
    /// The request's trace id.
    pub trace: Arc<str>,
    /// Whether what its steps do is told.
    pub watched: bool,
    /// Takes the rows of a plan's fetch as they come, in their order, up to the first that it does not take (`false`): those are kept
    /// here. The fetch may fail yet.
    pub arrived: &'a (dyn Fn(StepId, &Rows) -> bool + Sync),
}

/// Runs a plan.
pub async fn execute(plan: &Plan, world: World<'_>) -> Fetched {
    let run = Run {
        context: FetchContext::new(Instant::now() + world.limits.deadline, world.trace.clone()),
        world: &world,
        bytes: AtomicUsize::new(0),
        missing: Mutex::default(),
        spent: Mutex::default(),
        watch: world.watched.then(Watch::new),
    };
    let steps = Steps { list: &plan.steps, inputs: &plan.inputs, users: &plan.users };
    let mut steps = run.all(steps, Vec::new(), Attempt::default()).await;
    let spent = std::mem::take(&mut *run.spent.lock().unwrap_or_else(PoisonError::into_inner));
    account::spend_budget(plan, &mut steps, &spent, world.limits);
    account::count_rows(plan, &mut steps, world.limits.answer_rows);
    let missing = std::mem::take(&mut *run.missing.lock().unwrap_or_else(PoisonError::into_inner));
    let age = run.context.freshness.age();
    let seen = run.watch.map(Watch::finish);
    Fetched { steps, missing, age, seen }
}

/// One execution.
struct Run<'a> {
    world: &'a World<'a>,
    context: FetchContext,
    /// Bytes of rows held so far.
    bytes: AtomicUsize,
    /// Members of unions that gave nothing.
    missing: Mutex<Vec<(StepId, Fault)>>,
    /// What was worked on within steps.
    spent: Mutex<Spent>,
    /// What its steps do, if somebody asks for it.
    watch: Option<Watch>,
}

impl Run<'_> {
    /// What all of some steps come to.
    async fn all(&self, steps: Steps<'_>, given: Vec<Arc<Made>>, attempt: Attempt) -> Vec<StepResult> {
        let run = self;
        let mut progress = Progress::new(steps, given);
        let mut fetches = Running::new();
        loop {
            while let Some(id) = progress.ready.pop_front() {
                match (&steps.list[id], progress.inputs(id)) {
                    (_, Err(fault)) => progress.finish(id, Err(fault)),
                    (Step::Fetch(fetch), Ok(made)) => {
                        let of = attempt.of.unwrap_or(id);
                        fetches.push(async move {
                            (id, run.fetch_in_time(of, fetch, &made, attempt.stop).await.map(Arc::new))
                        });
                    }
                    (Step::Union(union), Ok(made)) => {
                        let of = attempt.of.unwrap_or(id);
                        fetches.push(async move {
                            let from = Instant::now();
                            let made = run.union(of, union, &made, attempt.stop).await;
                            if let Some(watch) = &run.watch {
                                watch.asked(of, None, from);
                            }
                            (id, made.map(Arc::new))
                        });
                    }
                    (Step::Choose(choose), Ok(made)) => {
                        let attempt = Attempt { of: attempt.of.or(Some(id)), ..attempt };
                        fetches.push(async move { (id, run.choose(choose, made, attempt).await) });
                    }
                    (Step::Scan(scan), Ok(_)) => {
                        let attempt = Attempt { of: attempt.of.or(Some(id)), ..attempt };
                        fetches.push(async move { (id, run.scan(scan, attempt).await) });
                    }
                    (Step::Filter(filter), Ok(made)) => fetches.push(async move {
                        let rows = run.filter(filter, &made).await;
                        (id, rows.map(|rows| Arc::new(Made::Rows(Arc::new(rows)))))
                    }),
                    (step, Ok(made)) => progress.finish(id, run.work(step, &made).map(Arc::new)),
                }
            }
            match fetches.next().await {
                Some((id, result)) => progress.finish(id, result),
                None => return progress.into_results(),
            }
        }
    }

    /// A fetch for a step of the plan, up to the request's deadline; `stop`: after how many rows, if it may be told to.
    async fn fetch_in_time(
        &self,
        of: StepId,
        fetch: &FetchStep,
        made: &[Arc<Made>],
        stop: Option<usize>,
    ) -> Result<Made, Fault> {
        let end = tokio::time::Instant::from_std(self.context.deadline);
        let from = self.watch.as_ref().map(|_| Instant::now());
        let mut statements = 0;
        let rows = match until(end, self.fetch(of, fetch, made, stop, &mut statements)).await {
            Ok(rows) => rows,
            Err(_) => Err(overdue(self.world.sources[fetch.source].name())),
        };
        if let (Some(watch), Some(from)) = (&self.watch, from) {
            watch.asked(of, Some(statements), from);
        }
        rows
    }

    /// Remembers members of a union that gave nothing.
    fn tell(&self, id: StepId, faults: Vec<Fault>) {
        let mut missing = self.missing.lock().unwrap_or_else(PoisonError::into_inner);
        missing.extend(faults.into_iter().map(|fault| (id, fault)));
    }

    /// A step that asks nobody and takes no time.
    fn work(&self, step: &Step, made: &[Arc<Made>]) -> Result<Made, Fault> {
        Ok(match step {
            Step::Fetch(_) | Step::Union(_) | Step::Choose(_) | Step::Scan(_) | Step::Filter(_) | Step::Given => {
                return Err(internal());
            }
            Step::Sort(sort) => Made::Rows(Arc::new(sort_rows(sort, &*rows(made, 0)?)?)),
            Step::Attach(step) => Made::Rows(Arc::new(attach::attach(step, &*rows(made, 0)?, &*rows(made, 1)?)?)),
            Step::Page(page) => Made::Rows(Arc::new(page::keep(page, &*rows(made, 0)?, self.world.variables)?)),
            Step::Keys(keys) => Made::Keys(keys::collect(keys, made, self.world.limits.budget_keys)?, Vec::new()),
            Step::Join(join) => Made::Placed(join::place(join, made, self.world.variables)?),
            Step::Fill(step) => Made::Placed(fill::fill(step, placed(made)?, &*rows(made, 1)?)?),
            Step::Aggregate(step) => Made::Rows(Arc::new(fold::aggregate(step, made)?)),
            Step::Widen(step) => Made::Rows(Arc::new(fold::widen(step, made)?)),
            Step::Assign(step) => Made::Placed(fold::assign(step, made)?),
        })
    }

    async fn filter(&self, step: &FilterStep, made: &[Arc<Made>]) -> Result<RowSet, Fault> {
        let rows = rows(made, made.len().saturating_sub(1))?;
        let operands = bind::operands(&step.operands, made, self.world.variables)?;
        let mask = self.meets(&step.predicate, &step.collection, &step.columns, &rows, &operands).await?;
        keep(&rows, &mask).map_err(|error| self.internal(&error))
    }

    fn internal(&self, error: &dyn std::error::Error) -> Fault {
        tracing::error!(trace = %self.context.trace, %error, "defect");
        internal()
    }
}

/// The fault of a source that has not answered by the request's deadline.
fn overdue(source: &Arc<str>) -> Fault {
    Fault {
        code: Code::Deadline,
        source: Some(source.clone()),
        message: format!("the request's time was over before source `{source}` had answered").into(),
    }
}

/// A defect of lilong's; the log has more.
pub(crate) fn internal() -> Fault {
    Fault::new(Code::Internal, "something went wrong inside the gateway")
}

/// The rows that a mask is true for.
fn keep(rows: &RowSet, mask: &BooleanArray) -> Result<RowSet, arrow_schema::ArrowError> {
    let batch = filter_record_batch(&rows.batch, mask)?;
    let faults = if rows.faults.is_empty() {
        Vec::new()
    } else {
        use arrow_array::Array;
        let kept = (0..mask.len()).filter(|row| mask.is_valid(*row) && mask.value(*row)).collect::<Vec<_>>();
        move_faults(&rows.faults, kept.into_iter())
    };
    Ok(RowSet { batch, faults })
}

fn sort_rows(step: &SortStep, rows: &RowSet) -> Result<RowSet, Fault> {
    let terms = step
        .terms
        .iter()
        .map(|term| evaluate::Term {
            values: rows.batch.column(term.column).clone(),
            scalar: term.scalar,
            descending: term.descending,
            nulls_first: term.nulls_first,
        })
        .collect::<Vec<_>>();
    let indices = evaluate::sort(&terms, rows.batch.num_rows()).map_err(|_| internal())?;
    let sorted = take(rows, indices.values())?;
    if step.numbered { page::number(step, &sorted) } else { Ok(sorted) }
}

/// Some rows, in the order given.
fn take(rows: &RowSet, indices: &[u32]) -> Result<RowSet, Fault> {
    let faults = move_faults(&rows.faults, indices.iter().map(|row| *row as usize));
    let indices = arrow_array::UInt32Array::from(indices.to_vec());
    let batch = take_record_batch(&rows.batch, &indices).map_err(|_| internal())?;
    Ok(RowSet { batch, faults })
}

/// Faults under the new numbers of their rows; `kept` are the old numbers in the new order.
fn move_faults(faults: &[CellFault], kept: impl Iterator<Item = usize>) -> Vec<CellFault> {
    if faults.is_empty() {
        return Vec::new();
    }
    kept.enumerate()
        .flat_map(|(new, old)| {
            let start = faults.partition_point(|fault| fault.row < old);
            faults[start..]
                .iter()
                .take_while(move |fault| fault.row == old)
                .map(move |fault| CellFault { row: new, ..*fault })
        })
        .collect()
}
