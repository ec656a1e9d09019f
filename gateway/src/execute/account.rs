//! Counts what a request has cost before its answer is written: rows that were worked on here, and the rows of the answer,
//! where one that many parents share is written many times.
//!
//! *Invariant*: steps are counted in the order of the plan, so that the same request is refused the same field each time.

use lilong_schema::catalog::Limits;

use super::choose::Spent;
use super::{Fault, Made, StepResult};
use crate::error::Code;
use crate::plan::{FetchStep, JoinRule, Plan, Step};

/// Faults the steps by which more rows or keys were worked on here than one request may, and all that came of them. How much
/// any one of them reads is bounded while it reads.
pub(super) fn spend_budget(plan: &Plan, steps: &mut [StepResult], spent: &Spent, limits: &Limits) {
    let (mut rows, mut keys) = (0, 0);
    for (id, step) in plan.steps.iter().enumerate() {
        let Ok(made) = &steps[id] else { continue };
        let inherited = plan.inputs[id].iter().find_map(|input| steps[*input].as_ref().err().cloned());
        let inside = spent.get(&id).copied().unwrap_or_default();
        let within = |field: &str, rows: &mut usize, keys: &mut usize| {
            spend(rows, inside.0, limits.budget_rows, || too_many_rows(field, limits))
                .or_else(|| spend(keys, inside.1, limits.budget_keys, || too_many_keys(limits)))
        };
        let fault = inherited.or_else(|| match step {
            Step::Fetch(FetchStep { field, ceiling, .. }) if ceiling.budget => {
                spend(&mut rows, made.len(), limits.budget_rows, || too_many_rows(field, limits))
            }
            Step::Union(union) if union.ceiling.budget => {
                spend(&mut rows, made.len(), limits.budget_rows, || too_many_rows(&union.field, limits))
            }
            Step::Keys(collecting) if collecting.budget => {
                spend(&mut keys, made.len(), limits.budget_keys, || too_many_keys(limits))
            }
            Step::Choose(choose) => within(&choose.field, &mut rows, &mut keys),
            Step::Scan(scan) => within(&scan.field, &mut rows, &mut keys),
            _ => None,
        });
        if let Some(fault) = fault {
            steps[id] = Err(fault);
        }
    }
}

fn too_many_rows(field: &str, limits: &Limits) -> String {
    let most = limits.budget_rows;
    format!("with `{field}` the request works on more than {most} rows here: narrow its filters")
}

fn too_many_keys(limits: &Limits) -> String {
    format!("the request compares more than {} keys here: narrow its filters", limits.budget_keys)
}

/// Adds to what is spent, or says that it would be too much.
fn spend(spent: &mut usize, more: usize, most: usize, message: impl FnOnce() -> String) -> Option<Fault> {
    if *spent + more > most {
        return Some(Fault::new(Code::TooCostly, message()));
    }
    *spent += more;
    None
}

/// Faults the lists, in the order of the plan, by which the answer would have more than `most` rows.
pub(super) fn count_rows(plan: &Plan, steps: &mut [StepResult], most: usize) {
    let mut weights: Vec<Vec<u32>> = vec![Vec::new(); steps.len()];
    let mut total = 0u64;
    for (id, step) in plan.steps.iter().enumerate() {
        // What fills the rows of a join has them counted with it.
        let (join, counts) = match step {
            Step::Join(join) => (join, true),
            Step::Fill(fill) => {
                if let Err(fault) = &steps[fill.placed] {
                    steps[id] = Err(fault.clone());
                }
                let Step::Join(join) = &plan.steps[fill.placed] else { continue };
                (join, false)
            }
            _ => continue,
        };
        let Ok(made) = &steps[id] else { continue };
        let Made::Placed(placed) = &**made else { continue };
        let mut own = vec![0u32; placed.rows.batch.num_rows()];
        let mut rows = placed.written as u64;
        for parent in 0..placed.offsets.len() - 1 {
            let weight = match &join.parent {
                Some(above) => weights[above.step].get(parent).copied().unwrap_or_default(),
                None => 1,
            };
            let group = placed.rows_of(parent);
            rows = rows.saturating_add(u64::from(weight) * group.len() as u64);
            for row in group {
                own[row] = own[row].saturating_add(weight);
            }
        }
        if counts && matches!(join.rule, JoinRule::List { .. } | JoinRule::Page { .. }) {
            total = total.saturating_add(rows);
            if total > most as u64 {
                total -= rows;
                steps[id] = Err(Fault::new(
                    Code::TooLarge,
                    format!("with `{}` the answer has more than {most} rows", join.field),
                ));
                continue;
            }
        }
        weights[id] = own;
    }
}
