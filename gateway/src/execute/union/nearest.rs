//! The first rows of very many members, without reading as many of each as are wanted of all.
//!
//! In: requests for the first rows in an order. Out: rows of members, all those among them that are wanted. Each member is asked
//! where its first row stands, and only those whose first row is among the ones wanted are asked for rows: of six hundred
//! members at most twenty have any of the first twenty rows. *Invariant*: no row is missed: as long as fewer rows than wanted
//! stand before the first row of a member that was not asked for rows, it is asked.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use lilong_connectors::{BoundFetch, Operand};
use lilong_schema::Value;

use super::bind::Numbers;
use super::line::Line;
use super::{Answer, Request};
use crate::execute::held::Held;
use crate::execute::{Fault, RowSet, Run, Silent};
use crate::plan::Ceiling;
use crate::plan::union::{Ask, Extra, UnionStep};

/// So many members for each row that is wanted.
const EACH: usize = 4;

/// How many rows are wanted, if few of the members can have any of them.
pub(super) fn worth_it(step: &UnionStep, requests: &[Request], numbers: &Numbers) -> Option<usize> {
    let most = numbers.most()?;
    let few = most > 1 && most.saturating_mul(EACH) <= requests.len();
    let all = few && step.may_ask_first(requests.len());
    (all && requests.iter().all(|request| request.ask.cuts && !request.ask.single)).then_some(most)
}

impl Run<'_> {
    /// The rows of the members that have some of the first rows, of which `most` are wanted.
    pub(super) async fn nearest<'a>(
        &'a self,
        step: &UnionStep,
        requests: Vec<Request>,
        most: usize,
        (operands, numbers): (&[Operand], &Numbers),
        faults: &mut Vec<Silent>,
    ) -> Result<Vec<(usize, RowSet)>, Fault> {
        let mut line = Line::new(step, self.world.sources);
        // Where a value cannot be represented, it does not tell where the row stands.
        let mut odd = Vec::new();
        let mut held = Vec::new();
        let asks: BTreeMap<usize, Arc<Ask>> =
            requests.iter().map(|request| (request.member, request.ask.clone())).collect();
        let take = |member: usize, (rows, bytes): (RowSet, Held<'a>)| {
            held.push(bytes);
            if !rows.faults.is_empty() {
                odd.push(member);
            }
            line.add_first(member, asks[&member].first(&step.ordered), &rows)
        };
        self.gather(step, requests, faults, |request| self.first(step, request), take).await?;
        let (mut waiting, certain): (VecDeque<usize>, VecDeque<usize>) =
            line.sorted()?.values().iter().map(|row| *row as usize).partition(|row| odd.contains(&line.member(*row)));
        let mut wanted = waiting.len() + most;
        waiting.extend(certain);
        let mut parts: BTreeMap<usize, RowSet> = BTreeMap::new();
        loop {
            let mut next = Vec::with_capacity(wanted.min(waiting.len()));
            for row in waiting.drain(..wanted.min(waiting.len())) {
                let member = line.member(row);
                next.extend(self.request(step, member, asks[&member].clone(), operands, None, numbers)?);
            }
            let take = |member: usize, answer: Answer| {
                parts.insert(member, answer.rows);
                Ok(())
            };
            self.gather(step, next, faults, |request| self.member(step, request, numbers), take).await?;
            let before = match waiting.front() {
                Some(row) => before(&line, *row, &parts)?,
                None => most,
            };
            if before >= most {
                return Ok(parts.into_iter().collect());
            }
            wanted = most - before;
        }
    }

    /// Where the first row of a member stands, and what is counted as held for that.
    async fn first(&self, step: &UnionStep, request: Request) -> Result<(RowSet, Held<'_>), Fault> {
        let Request { member, ask, mut operands, .. } = request;
        let source = &self.world.sources[step.union.members[member].source];
        operands[step.operands.len() + Extra::Limit as usize] = Operand::Value(Value::Integer(1));
        let bound = BoundFetch { prepared: ask.first(&step.ordered).prepared.clone(), operands, keys: None };
        let ceiling = Ceiling { rows: step.ceiling.rows, budget: false };
        self.ask(source, &step.field, ceiling, bound).await
    }
}

/// How many rows of members stand before a row of the line.
fn before(line: &Line<'_>, row: usize, parts: &BTreeMap<usize, RowSet>) -> Result<usize, Fault> {
    let mut all = line.another();
    for (member, rows) in parts {
        all.add(*member, rows)?;
    }
    let at = all.len() as u32;
    all.add_row(line, row);
    let sorted = all.sorted()?;
    Ok(sorted.values().iter().position(|row| *row == at).unwrap_or_default())
}
