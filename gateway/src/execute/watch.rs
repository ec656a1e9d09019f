//! What really happened while a plan ran, for who asks to be told: rows, statements and times of its steps.
//!
//! *Invariant*: nothing is watched unless it is asked for, and what is watched holds no value.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::StepResult;
use crate::plan::StepId;

/// What is seen of one execution.
#[derive(Debug)]
pub(super) struct Watch {
    begun: Instant,
    seen: Mutex<Seen>,
}

/// What was seen.
#[derive(Debug, Default)]
pub struct Seen {
    /// Steps that asked sources, those within steps under the step of the plan.
    pub asked: Vec<Asked>,
    /// Sides of links that were read for a filter, in the order in which that ended.
    pub tried: Vec<Tried>,
}

/// A step that asked sources.
#[derive(Clone, Copy, Debug)]
pub struct Asked {
    /// The step of the plan.
    pub step: StepId,
    /// Statements that it sent; `None`: of a union, whose members are asked as they turn up.
    pub statements: Option<usize>,
    /// When it began, after the plan had begun.
    pub from: Duration,
    /// How long it took.
    pub took: Duration,
}

/// A side of a link that was read for a filter.
#[derive(Clone, Copy, Debug)]
pub struct Tried {
    /// The step of the plan.
    pub step: StepId,
    /// Which part of it.
    pub part: &'static str,
    /// Up to how many rows.
    pub most: usize,
    /// What it came to; `None`: there was more.
    pub rows: Option<usize>,
    /// How long it took.
    pub took: Duration,
}

impl Watch {
    pub(super) fn new() -> Self {
        Self { begun: Instant::now(), seen: Mutex::default() }
    }

    pub(super) fn asked(&self, step: StepId, statements: Option<usize>, from: Instant) {
        let asked = Asked { step, statements, from: from.duration_since(self.begun), took: from.elapsed() };
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).asked.push(asked);
    }

    pub(super) fn tried(&self, step: StepId, part: &'static str, most: usize, result: &StepResult, from: Instant) {
        let rows = result.as_ref().ok().map(|made| made.len());
        let tried = Tried { step, part, most, rows, took: from.elapsed() };
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).tried.push(tried);
    }

    pub(super) fn finish(self) -> Seen {
        self.seen.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}
