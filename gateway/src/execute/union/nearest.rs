//! The first rows of very many members, without reading as many of each as are wanted of all.
//!
//! In: requests for the first rows in an order. Out: rows of members, all those among them that are wanted. Each member is asked
//! for its first row, and only those whose first row is among the ones wanted are asked for as many: of six hundred members at
//! most twenty have any of the first twenty rows. *Invariant*: no row is missed: as long as a row is wanted of a member that
//! was asked for one only, that member is asked for more.

use std::collections::BTreeMap;

use lilong_connectors::Operand;
use lilong_schema::Value;

use super::bind::Numbers;
use super::merge::Pool;
use super::{Answer, Request};
use crate::execute::{Fault, RowSet, Run};
use crate::plan::union::{Extra, UnionStep};

/// Fewer members are asked for all at once: the second question takes its time.
const MANY: usize = 64;
/// So many members for each row that is wanted.
const EACH: usize = 4;

/// Whether few of the members can have any of the rows wanted.
pub(super) fn is_worth_it(step: &UnionStep, requests: &[Request], numbers: &Numbers) -> bool {
    let fetch = &step.fetch;
    let plain = step.fold.is_none() && fetch.keys.is_none() && fetch.distinct.is_empty() && !fetch.order.is_empty();
    let few = |most: usize| most > 1 && most.saturating_mul(EACH) <= requests.len();
    plain
        && requests.len() >= MANY
        && numbers.most().is_some_and(few)
        && requests.iter().all(|request| request.ask.cuts && !request.ask.single)
}

impl Run<'_> {
    /// The rows of the members that have some of the first rows.
    pub(super) async fn nearest(
        &self,
        step: &UnionStep,
        requests: Vec<Request>,
        numbers: &Numbers,
        faults: &mut Vec<(usize, Fault)>,
    ) -> Result<Vec<(usize, RowSet)>, Fault> {
        let limit = step.operands.len() + Extra::Limit as usize;
        let first = |request: &Request| {
            let mut operands = request.operands.clone();
            operands[limit] = Operand::Value(Value::Integer(1));
            Request { member: request.member, ask: request.ask.clone(), operands, keys: None }
        };
        let firsts = requests.iter().map(first).collect();
        // Those that have told no more than their first row.
        let mut open: BTreeMap<usize, Request> =
            requests.into_iter().map(|request| (request.member, request)).collect();
        let mut parts: BTreeMap<usize, RowSet> = BTreeMap::new();
        let mut take = |member: usize, answer: Answer| {
            parts.insert(member, answer.rows);
            Ok(())
        };
        self.gather(step, firsts, numbers, faults, &mut take).await?;
        loop {
            let mut pool = Pool::new(step, None, numbers, &self.bytes)?;
            for (member, part) in &parts {
                pool.add(*member, part.clone(), self.world.limits.budget_bytes)?;
            }
            let mut near = pool.into_members()?;
            // Where a value cannot be represented, it does not tell where the row stands.
            near.extend(parts.iter().filter(|(_, part)| !part.faults.is_empty()).map(|(member, _)| *member));
            let next: Vec<Request> = near.iter().filter_map(|member| open.remove(member)).collect();
            if next.is_empty() {
                // None of the others has a row among the first.
                parts.retain(|member, _| near.contains(member));
                return Ok(parts.into_iter().collect());
            }
            for request in &next {
                parts.remove(&request.member);
            }
            let mut take = |member: usize, answer: Answer| {
                parts.insert(member, answer.rows);
                Ok(())
            };
            self.gather(step, next, numbers, faults, &mut take).await?;
        }
    }
}
