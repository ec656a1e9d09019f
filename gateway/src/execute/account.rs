//! Counts the rows of an answer before it is written: a row that many parents share is written many times.

use super::{Fault, Made, StepResult};
use crate::error::Code;
use crate::plan::{JoinRule, Plan, Step};

/// Faults the lists, in the order of the plan, by which the answer would have more than `most` rows.
pub(super) fn count_rows(plan: &Plan, steps: &mut [StepResult], most: usize) {
    let mut weights: Vec<Vec<u32>> = vec![Vec::new(); steps.len()];
    let mut total = 0u64;
    for (id, step) in plan.steps.iter().enumerate() {
        let Step::Join(join) = step else { continue };
        let Ok(made) = &steps[id] else { continue };
        let Made::Placed(placed) = &**made else { continue };
        let mut own = vec![0u32; placed.rows.batch.num_rows()];
        let mut rows = 0u64;
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
        if matches!(join.rule, JoinRule::List { .. } | JoinRule::Page { .. }) {
            total = total.saturating_add(rows);
            if total > most as u64 {
                total -= rows;
                steps[id] = Err(Fault::new(
                    Code::TooLarge,
                    format!("with `{}` the answer has more than {most} rows; add limit:", join.field),
                ));
                continue;
            }
        }
        weights[id] = own;
    }
}
