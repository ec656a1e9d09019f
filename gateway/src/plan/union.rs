//! Reading a union: one step that asks every member, each in the words of its own collection, and merges what they send.
//!
//! In: a fetch over the union's own columns. Out: a [`UnionStep`]. A union is planned as the one collection of a source that
//! does everything by itself but fold, of which it makes groups that can be put together; what a member cannot do of it is done here, member by member, over the rows it sends.
//! *Invariant*: members that look the same to a connector share one request, however many there are.

mod cell;
mod first;
mod fold;
mod order;
mod prune;
mod reduce;
mod shape;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use lilong_connectors::{Fetch, Operand, OrderTarget, Predicate, Prepared, Source};
use lilong_schema::Capabilities;
use lilong_schema::collection::FieldId;
use lilong_schema::federated::{CollectionId, SourceId, Union, UnionColumn};

pub use self::cell::Cell;
pub use self::first::First;
pub use self::fold::{Folding, GroupCell, Groups, UnionFold};
pub use self::prune::Edge;
pub use self::reduce::{Known, Reduced, leaves, lives_behind, lives_so, reduce};
pub use self::shape::{Ask, Derived, EXTRAS, Extra, Shape};
use super::build::Builder;
use super::page::{FetchPage, KEPT};
use super::{Ceiling, FetchStep, KeysFrom, PlanOperand};

/// Asks the members of a union for rows and merges them.
#[derive(Debug)]
pub struct UnionStep {
    /// The union, as a source.
    pub source: SourceId,
    /// The field of the schema that it serves, for messages.
    pub field: Arc<str>,
    /// What, in the columns of the union.
    pub fetch: Fetch,
    /// Where the values of its operands come from.
    pub operands: Vec<PlanOperand>,
    /// Where its keys come from.
    pub keys: Option<KeysFrom>,
    /// What more rows than this are.
    pub ceiling: Ceiling,
    /// What it means that a member is silent.
    pub silence: Silence,
    /// Whether it can be told to stop at a number of rows.
    pub stops: bool,
    /// What the union is made of.
    pub union: Arc<Union>,
    /// What members look like to their connectors.
    pub shapes: Vec<Shape>,
    /// For each member the position of its shape in `shapes`.
    pub shape_of: Vec<usize>,
    /// The columns that members are asked for: the fetch's own, then what merging needs.
    pub work: Vec<FieldId>,
    /// The columns that rows are ordered by, each once; all are among `work`.
    pub ordered: Vec<FieldId>,
    /// The conditions of the fetch one by one: those on columns that are one value in all rows of a member are decided
    /// without asking it.
    pub leaves: Vec<Predicate>,
    /// The columns that are one value in all rows of some member.
    pub fixed: Vec<FieldId>,
    /// By position in `shapes`: the columns that may rule a member out, if the union prunes.
    pub edges: Vec<Vec<Edge>>,
    /// How what members send is folded, if the fetch is of groups.
    pub fold: Option<UnionFold>,
    /// The cursors that it asks between; the rest is for values that are not null.
    pub page: Option<FetchPage>,
    /// The steps for other values, by their fetches.
    between: Mutex<Vec<(Arc<Prepared>, Arc<UnionStep>)>>,
}

/// What it means that a member is silent.
#[derive(Clone, Debug)]
pub enum Silence {
    /// The step fails.
    Refused,
    /// The rows of the others are given, and what is missing is told.
    Told,
    /// The rows of the others are given; who reads the same union by their keys does without the same members.
    PassedOn,
    /// That, if the argument says so; if there is none, by what the catalog says.
    Asked(Option<PlanOperand>, bool),
}

/// Makes the step of a fetch from a union. Its members are found in `sources`, by their positions in the model.
pub(super) fn union_step(sources: &[Arc<Source>], union: &Arc<Union>, asked: FetchStep) -> UnionStep {
    let FetchStep { source, field, prepared, operands, keys, ceiling, page, stops } = asked;
    let fetch = prepared.fetch.clone();
    let mut leaves = Vec::new();
    self::leaves(&fetch.predicate, &mut leaves);
    let fixed = fixed(union);
    let work = match &fetch.group {
        Some(group) => fold::folded_columns(&fetch, group),
        None => work(&fetch),
    };
    let ordered = first::ordered(&fetch);
    let fold = fetch.group.as_ref().map(|group| fold::union_fold(&fetch, group, &work));
    let mut shapes: Vec<Shape> = Vec::new();
    let mut known: HashMap<(usize, Option<String>, Capability), usize> = HashMap::new();
    let mut shape_of = Vec::with_capacity(union.members.len());
    for (at, member) in union.members.iter().enumerate() {
        let asked = &sources[member.source];
        let dialect = asked.dialect();
        // A connector that does not say how it speaks shares nothing.
        let alone = dialect.is_none().then_some(at);
        let key = (member.shape, dialect, Capability(asked.capabilities(), alone));
        let shape = *known.entry(key).or_insert_with(|| {
            shapes.push(Shape::new(union, member.shape, asked, &fetch.collection));
            shapes.len() - 1
        });
        shape_of.push(shape);
    }
    let compared = if union.prune.is_some() { prune::compared(&fetch) } else { Vec::new() };
    let edges = shapes.iter().map(|shape| shape.edges(&compared)).collect();
    let union = union.clone();
    UnionStep {
        source,
        field,
        fetch,
        operands,
        keys,
        ceiling,
        silence: Silence::Refused,
        stops,
        union,
        shapes,
        shape_of,
        work,
        ordered,
        leaves,
        fixed,
        edges,
        fold,
        page,
        between: Mutex::default(),
    }
}

impl Builder<'_> {
    /// The columns of a union that are one value in all rows of some member; none of any other collection.
    pub(super) fn fixed(&self, id: CollectionId) -> Vec<FieldId> {
        self.world.federated.union_of(id).map(|union| fixed(union)).unwrap_or_default()
    }
}

fn fixed(union: &Union) -> Vec<FieldId> {
    let columns = union.shapes.first().map_or(0, |shape| shape.columns.len());
    let is_fixed =
        |field: &FieldId| union.shapes.iter().any(|shape| !matches!(shape.columns[*field], UnionColumn::Field(_)));
    (0..columns).filter(is_fixed).collect()
}

/// What a source can do, as a part of a key; with a number of its own if it shares with nobody.
#[derive(PartialEq, Eq)]
struct Capability(Capabilities, Option<usize>);

impl std::hash::Hash for Capability {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        (self.1, self.0.keys).hash(state);
    }
}

/// The columns that rows have while they are merged.
fn work(fetch: &Fetch) -> Vec<FieldId> {
    let mut work = fetch.columns.clone();
    let order = fetch.order.iter().filter_map(|term| match term.target {
        OrderTarget::Field(field) if term.path.is_empty() => Some(field),
        _ => None,
    });
    let keys = fetch.keys.iter().flat_map(|keys| keys.columns.iter().copied());
    for field in order.chain(fetch.distinct.iter().copied()).chain(keys) {
        if !work.contains(&field) {
            work.push(field);
        }
    }
    work
}

impl UnionStep {
    /// The step for the nulls that its cursors hold; `None`: this one.
    pub fn between(&self, operands: &[Operand], sources: &[Arc<Source>]) -> Option<Arc<UnionStep>> {
        let prepared = self.page.as_ref()?.prepared(operands)?;
        let mut between = self.between.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, step)) = between.iter().find(|(known, _)| Arc::ptr_eq(known, &prepared)) {
            return Some(step.clone());
        }
        let asked = FetchStep {
            source: self.source,
            field: self.field.clone(),
            prepared: prepared.clone(),
            operands: self.operands.clone(),
            keys: self.keys.clone(),
            ceiling: self.ceiling,
            page: None,
            stops: false,
        };
        let step = Arc::new(UnionStep { silence: self.silence.clone(), ..union_step(sources, &self.union, asked) });
        if between.len() < KEPT {
            between.push((prepared, step.clone()));
        }
        Some(step)
    }

    /// What a member is asked, where conditions on what is one value in all its rows are as `truths` says, by their position
    /// in [`UnionStep::leaves`]; `None`: no row of it can be meant.
    pub fn ask(&self, member: usize, truths: &dyn Fn(usize) -> Known) -> Option<Arc<Ask>> {
        self.shapes[self.shape_of[member]].ask(&self.fetch, &self.work, self.operands.len(), truths, &self.leaves)
    }
}
