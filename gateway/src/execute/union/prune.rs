//! Rules out members by what they said, not long ago, of the least and the greatest values of their columns.
//!
//! In: what is about to be asked. Out: what is left of it. Only where the catalog allows it: what a member was given since is
//! missed. *Invariant*: a member that does not say where a column begins and ends is asked.

use std::sync::Arc;
use std::time::Duration;

use arrow_array::RecordBatch;
use futures::{StreamExt, stream};
use lilong_connectors::deadline::until;
use lilong_connectors::rows::columns_schema;
use lilong_connectors::{
    BoundFetch, Comparison, Extent, FetchContext, Operand, Predicate, Prepared, Source, cell_value, evaluate,
};
use lilong_schema::Value;
use lilong_schema::collection::FieldId;
use tokio::time::Instant;

use super::Request;
use crate::execute::Run;
use crate::plan::union::{Edge, UnionStep};

/// A longer text is no end: it is not worth its place.
const LONGEST: usize = 1_000;

/// What is known of the columns of one member.
type Known = Vec<(FieldId, Arc<Extent>)>;

impl Run<'_> {
    /// The requests to members that may have rows that are meant.
    pub(super) async fn prune(
        &self,
        step: &UnionStep,
        requests: Vec<Request>,
        operands: &[Operand],
        keys: Option<&RecordBatch>,
    ) -> Vec<Request> {
        let Some(age) = step.union.prune.filter(|_| step.edges.iter().any(|edges| !edges.is_empty())) else {
            return requests;
        };
        let looked = stream::iter(requests).map(async |request| {
            let may_be_meant = self.may_be_meant(step, request.member, operands, keys, age).await;
            may_be_meant.then_some(request)
        });
        let looked = looked.buffered(self.world.limits.union_fetches);
        looked.filter_map(std::future::ready).collect().await
    }

    async fn may_be_meant(
        &self,
        step: &UnionStep,
        member: usize,
        operands: &[Operand],
        keys: Option<&RecordBatch>,
        age: Duration,
    ) -> bool {
        let source = &self.world.sources[step.union.members[member].source];
        let mut known = Known::new();
        for edge in &step.edges[step.shape_of[member]] {
            let collection = &edge.least.fetch.collection;
            let column = &collection.fields[edge.own].name;
            let (since, extent) = match source.extents().of(&collection.name, column, age) {
                Some(known) => known,
                None => match self.learn(source, edge).await {
                    // What was kept may be older.
                    Some((since, extent)) if since.elapsed() < age => (since, extent),
                    _ => continue,
                },
            };
            known.push((edge.field, extent));
            let by_keys = step.fetch.keys.as_ref().zip(keys);
            let is_key = by_keys.is_none_or(|(set, keys)| some_key(step, &known, &set.columns, keys));
            if !is_key || !may_meet(step, &known, &step.fetch.predicate, operands) {
                self.context.freshness.keep(since, age);
                return false;
            }
        }
        true
    }

    /// Asks a member where a column begins and ends. `None`: it does not say, as it will when it is asked for rows.
    async fn learn(&self, source: &Source, edge: &Edge) -> Option<(Instant, Arc<Extent>)> {
        let era = source.extents().era();
        let least = self.end(source, edge, &edge.least);
        let greatest = self.end(source, edge, &edge.greatest);
        let ((since, least), (until, greatest)) = futures::try_join!(least, greatest).ok()?;
        let extent = Arc::new(match (least, greatest) {
            (None, None) => Extent::Nothing,
            (least, greatest) => Extent::Between(least.unwrap_or(Value::Null), greatest.unwrap_or(Value::Null)),
        });
        let (collection, since) = (&edge.least.fetch.collection, since.min(until));
        source.extents().learn(era, &collection.name, &collection.fields[edge.own].name, since, &extent);
        Some((since, extent))
    }

    /// The value at one end, null if it cannot be told, and as of when; nothing if there is none.
    async fn end(
        &self,
        source: &Source,
        edge: &Edge,
        prepared: &Arc<Prepared>,
    ) -> Result<(Instant, Option<Value>), ()> {
        let context = FetchContext::new(self.context.deadline, self.context.trace.clone());
        let began = Instant::now();
        let operands = vec![Operand::Value(Value::Integer(1))];
        let bound = BoundFetch { prepared: prepared.clone(), operands, keys: None };
        let read = async {
            let mut rows = source.fetch(&bound, &context).await.map_err(|_| ())?;
            rows.next().await.transpose().map_err(|_| ())
        };
        let first = until(Instant::from_std(self.context.deadline), read).await.map_err(|_| ())??;
        let age = context.freshness.age();
        if !age.stale.is_empty() {
            return Err(());
        }
        let since = age.kept.map_or(began, |(age, _)| began.checked_sub(age).unwrap_or(began));
        let scalar = prepared.fetch.collection.fields[edge.own].scalar;
        let value = first.filter(|rows| rows.batch.num_rows() > 0).map(|rows| {
            let value = cell_value(rows.batch.column(0), 0, scalar).unwrap_or(Value::Null);
            if matches!(&value, Value::Text(text) if text.len() > LONGEST) { Value::Null } else { value }
        });
        Ok((since, value))
    }
}

/// Whether a row whose columns lie so may meet a condition.
fn may_meet(step: &UnionStep, known: &Known, predicate: &Predicate, operands: &[Operand]) -> bool {
    match predicate {
        Predicate::And(parts) => parts.iter().all(|part| may_meet(step, known, part, operands)),
        Predicate::Or(parts) => parts.iter().any(|part| may_meet(step, known, part, operands)),
        Predicate::Compare { field, comparison, operand } => match (extent(known, *field), operands.get(*operand)) {
            (Some(extent), Some(Operand::Value(value))) => extent.may_be(*comparison, value),
            _ => true,
        },
        Predicate::KeyIn { fields, normalize, operand } if normalize.is_empty() => match operands.get(*operand) {
            Some(Operand::Keys(keys)) => some_key(step, known, fields, keys),
            _ => true,
        },
        _ => true,
    }
}

/// Whether one of some keys may be there.
fn some_key(step: &UnionStep, known: &Known, fields: &[FieldId], keys: &RecordBatch) -> bool {
    let (mut conditions, mut ends) = (Vec::new(), Vec::new());
    for field in fields {
        let Some(extent) = extent(known, *field) else { continue };
        let Extent::Between(least, greatest) = &**extent else { return false };
        for (comparison, end) in [(Comparison::GreaterOrEqual, least), (Comparison::LessOrEqual, greatest)] {
            if !end.is_null() {
                conditions.push(Predicate::Compare { field: *field, comparison, operand: ends.len() });
                ends.push(Operand::Value(end.clone()));
            }
        }
    }
    if conditions.is_empty() || keys.num_columns() != fields.len() {
        return true;
    }
    let collection = &step.fetch.collection;
    let batch = RecordBatch::try_new(columns_schema(collection, fields), keys.columns().to_vec());
    // Keys that cannot be compared here may be there.
    let Ok(batch) = batch else { return true };
    let within = evaluate::filter(&Predicate::And(conditions), collection, fields, &batch, &ends);
    within.map_or(true, |mask| mask.true_count() > 0)
}

fn extent(known: &Known, field: FieldId) -> Option<&Arc<Extent>> {
    known.iter().find(|(of, _)| *of == field).map(|(_, extent)| extent)
}
