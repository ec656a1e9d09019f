//! The two caches of thought. A *shape* is a validated document; a *plan* is a shape with the structure of its
//! variables. Leaf values are in neither. Both are bounded by weight, in bytes of what they hold.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use lilong_schema::Slice;
use moka::sync::Cache;

use crate::error::RequestError;
use crate::plan::Plan;
use crate::validate::Valid;

/// About how many bytes of documents each cache keeps; what is made of a document weighs several times its text.
pub(crate) const CAPACITY: u64 = 8 << 20;

/// A validated document and its number.
pub(crate) struct Shape {
    pub(crate) id: u64,
    pub(crate) valid: Valid,
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct ShapeKey {
    version: u64,
    slice: Slice,
    document: Box<str>,
    operation: Option<Box<str>>,
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct PlanKey {
    shape: u64,
    structure: Box<[u8]>,
}

/// Both caches.
pub(crate) struct PlanCache {
    shapes: Cache<ShapeKey, Arc<Shape>, foldhash::fast::RandomState>,
    plans: Cache<PlanKey, Arc<Plan>, foldhash::fast::RandomState>,
    next: AtomicU64,
}

impl PlanCache {
    pub(crate) fn new() -> Self {
        let shapes = Cache::builder()
            .max_capacity(CAPACITY)
            .weigher(|key: &ShapeKey, _: &Arc<Shape>| weight(key.document.len()))
            .build_with_hasher(foldhash::fast::RandomState::default());
        let plans = Cache::builder()
            .max_capacity(CAPACITY)
            .weigher(|key: &PlanKey, plan: &Arc<Plan>| weight(key.structure.len() + plan.weight()))
            .build_with_hasher(foldhash::fast::RandomState::default());
        Self { shapes, plans, next: AtomicU64::new(0) }
    }

    /// The shape of a document; made once. A document that is refused is not kept.
    pub(crate) fn shape(
        &self,
        version: u64,
        slice: &Slice,
        document: &str,
        operation: Option<&str>,
        make: impl FnOnce() -> Result<Valid, Vec<RequestError>>,
    ) -> Result<Arc<Shape>, Vec<RequestError>> {
        let key =
            ShapeKey { version, slice: slice.clone(), document: document.into(), operation: operation.map(Into::into) };
        if let Some(shape) = self.shapes.get(&key) {
            return Ok(shape);
        }
        let shape = Arc::new(Shape { id: self.next.fetch_add(1, Ordering::Relaxed), valid: make()? });
        self.shapes.insert(key, shape.clone());
        Ok(shape)
    }

    /// The plan of a shape for variables of a structure; made once.
    pub(crate) fn plan(
        &self,
        shape: u64,
        structure: Vec<u8>,
        make: impl FnOnce() -> Result<Plan, RequestError>,
    ) -> Result<Arc<Plan>, Vec<RequestError>> {
        let key = PlanKey { shape, structure: structure.into() };
        if let Some(plan) = self.plans.get(&key) {
            return Ok(plan);
        }
        let plan = Arc::new(make().map_err(|error| vec![error])?);
        self.plans.insert(key, plan.clone());
        Ok(plan)
    }
}

#[cfg(test)]
impl PlanCache {
    /// How many shapes and plans there are, and what they weigh.
    pub(crate) fn size(&self) -> ((u64, u64), (u64, u64)) {
        self.shapes.run_pending_tasks();
        self.plans.run_pending_tasks();
        (
            (self.shapes.entry_count(), self.shapes.weighted_size()),
            (self.plans.entry_count(), self.plans.weighted_size()),
        )
    }
}

fn weight(bytes: usize) -> u32 {
    u32::try_from(bytes.saturating_add(256)).unwrap_or(u32::MAX)
}
