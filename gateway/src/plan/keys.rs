//! The two sides of a link's keys: which columns of a batch, compared as what; and how the far side is looked up by them.

use std::collections::HashMap;
use std::sync::Arc;

use lilong_connectors::{Fetch, KeySet, Predicate};
use lilong_schema::collection::FieldId;
use lilong_schema::federated::{CollectionId, Link};
use lilong_schema::{Federated, Normalizer, Scalar};

use super::build::Builder;
use super::read::{Columns, Fetching, position, push, push_cap};
use super::{Ceiling, JoinRule, JoinStep, KeyColumns, KeysFrom, KeysStep, PlanOperand, Preimages, Step, StepId};
use crate::error::{Location, RequestError};

impl KeyColumns {
    /// The first columns of a batch, one of each scalar, compared as they stand.
    pub(crate) fn first(scalars: Vec<Scalar>) -> Self {
        Self { columns: (0..scalars.len()).collect(), from: scalars.clone(), to: scalars, normalize: Vec::new() }
    }
}

/// What the keys of a link are compared as: the target's scalars, or texts if its side is normalised.
pub(super) fn key_scalars(federated: &Federated, link: &Link) -> Vec<Scalar> {
    let to = &federated.collection(link.to).described;
    link.to_columns
        .iter()
        .map(|field| if link.to_normalize.is_empty() { to.fields[*field].scalar } else { Scalar::String })
        .collect()
}

/// How rows of a link's target are looked up by the keys of rows that are at hand.
pub(super) struct LookUp {
    /// The columns that hold the key.
    columns: Vec<FieldId>,
    /// Steps that the source's index knows. With steps rows too many may be found: whoever takes them compares.
    normalize: Vec<Normalizer>,
    /// Collects the keys.
    keys: KeysStep,
}

impl LookUp {
    /// By keys that are compared as they stand. `budget`: as in [`KeysStep`].
    pub(super) fn plain(federated: &Federated, link: &Link, rows: StepId, columns: &[FieldId], budget: bool) -> Self {
        let keys = KeysStep { input: rows, key: parent_key(federated, link, columns), before: None, budget };
        Self { columns: link.to_columns.clone(), normalize: Vec::new(), keys }
    }

    /// By an index over a column that is normalised; `None`: there is none, or the target's side is not normalised.
    fn by_index(federated: &Federated, link: &Link, rows: StepId, columns: &[FieldId], budget: bool) -> Option<Self> {
        let to = &federated.collection(link.to).described;
        let look_up = to.look_up(&link.to_columns, &link.to_normalize)?;
        let column = link.to_columns[look_up.at];
        let whole = parent_key(federated, link, columns);
        let key = KeyColumns {
            columns: vec![whole.columns[look_up.at]],
            from: vec![whole.from[look_up.at]],
            to: vec![Scalar::String],
            normalize: whole.normalize,
        };
        let before = look_up.map.map(|map| {
            let mut table: HashMap<String, Vec<String>> = HashMap::new();
            for (from, to) in map {
                table.entry(to.clone()).or_default().push(from.clone());
            }
            // What is asked of a source is the same each time.
            for from in table.values_mut() {
                from.sort_unstable();
            }
            let to = if look_up.steps.is_empty() { to.fields[column].scalar } else { Scalar::String };
            Preimages { table, to }
        });
        let keys = KeysStep { input: rows, key, before, budget };
        Some(Self { columns: vec![column], normalize: look_up.steps.to_vec(), keys })
    }
}

/// How the target of a link is looked up by the keys of rows, whose columns are these fields; `None`: it is read as a whole.
/// `budget`: as in [`KeysStep`].
pub(super) fn look_up(
    federated: &Federated,
    link: &Link,
    rows: StepId,
    columns: &[FieldId],
    budget: bool,
) -> Option<LookUp> {
    if link.to_normalize.is_empty() {
        return Some(LookUp::plain(federated, link, rows, columns, budget));
    }
    LookUp::by_index(federated, link, rows, columns, budget)
}

impl Builder<'_> {
    /// How a source that takes keys looks rows up: see [`look_up`].
    pub(super) fn look_up(&self, link: &Link, rows: StepId, columns: &[FieldId], budget: bool) -> Option<LookUp> {
        let takes_keys = self.capabilities(link.to).keys > 0;
        let mut look_up = takes_keys.then(|| look_up(self.world.federated, link, rows, columns, budget)).flatten()?;
        if let Some((before, key)) = self.known_before(rows, &look_up.keys.key) {
            look_up.keys.input = before;
            look_up.keys.key = key;
        }
        Some(look_up)
    }

    /// Where the keys of rows were known already when the rows were asked for by them: nobody waits for the rows then. Only
    /// where the source sees to it that they are there; else what hangs by keys that lead to no row would be read for nothing.
    fn known_before(&self, rows: StepId, key: &KeyColumns) -> Option<(StepId, KeyColumns)> {
        let Step::Join(JoinStep { rule: JoinRule::One, parent: Some(parent), .. }) = &self.steps[rows] else {
            return None;
        };
        let (there, here) = (&parent.key, &parent.row_key);
        let is_plain = key.normalize.is_empty() && there.normalize.is_empty() && here.normalize.is_empty();
        if !parent.enforced || !is_plain || key.columns.len() != here.columns.len() {
            return None;
        }
        let at = key.columns.iter().map(|column| here.columns.iter().position(|own| own == column));
        let at = at.collect::<Option<Vec<_>>>()?;
        let same = at.iter().zip(&key.from).all(|(at, scalar)| there.from[*at] == *scalar && there.to[*at] == *scalar);
        let columns = at.iter().map(|at| there.columns[*at]).collect();
        same.then(|| (parent.step, KeyColumns { columns, ..key.clone() }))
    }

    /// The step that collects the keys of a look-up, and what they are to its fetch.
    pub(super) fn keyed(&mut self, look_up: LookUp) -> (KeysFrom, KeySet) {
        let LookUp { columns, normalize, keys } = look_up;
        (KeysFrom::Step(self.add(Step::Keys(keys))), KeySet { normalize, ..KeySet::of(columns) })
    }

    /// The same as a condition, among others, on rows of the target.
    pub(super) fn key_in(&mut self, look_up: LookUp, operands: &mut Vec<PlanOperand>) -> Predicate {
        let LookUp { columns: fields, normalize, keys } = look_up;
        let operand = push(operands, PlanOperand::FromStep(self.add(Step::Keys(keys))));
        Predicate::KeyIn { fields, normalize, operand }
    }

    /// The rows that a link leads to from rows that are worked on here, with what is wanted of them and their keys; and which
    /// field each column is.
    pub(super) fn linked_rows(
        &mut self,
        link: &Link,
        rows: StepId,
        columns: &[FieldId],
        mut wanted: Columns,
        location: Location,
    ) -> Result<(StepId, Vec<FieldId>), RequestError> {
        self.count_fetch(location)?;
        wanted.want_all(&link.to_columns);
        let (keys, key_set) = self.look_up(link, rows, columns, true).map(|look_up| self.keyed(look_up)).unzip();
        let mut operands = Vec::new();
        let ceiling = Ceiling { rows: self.world.limits.budget_rows, budget: true };
        let described = self.world.federated.collection(link.to).described.clone();
        let fetch = Fetch {
            limit: self.capabilities(link.to).limit.then(|| push_cap(&mut operands, ceiling.rows)),
            keys: key_set,
            ..Fetch::of(described, wanted.0.clone())
        };
        let rows = self.fetch_rows(link.to, &link.name, Fetching { keys, ..Fetching::of(fetch, operands, ceiling) });
        Ok((rows, wanted.0))
    }
}

/// The keys of a link's rows on its near side.
pub(super) fn parent_key(federated: &Federated, link: &Link, columns: &[FieldId]) -> KeyColumns {
    let from = &federated.collection(link.from).described;
    KeyColumns {
        columns: link.columns.iter().filter_map(|field| position(columns, *field)).collect(),
        from: link.columns.iter().map(|field| from.fields[*field].scalar).collect(),
        to: key_scalars(federated, link),
        normalize: link.normalize.clone(),
    }
}

/// The source of a collection's rows; `None`: they are of a union, and each row tells.
pub(super) fn department(federated: &Federated, id: CollectionId) -> Option<Arc<str>> {
    let source = federated.source_of(id);
    source.union.is_none().then(|| source.name.clone())
}

/// The same of its far side.
pub(super) fn row_key(federated: &Federated, link: &Link, columns: &[FieldId]) -> KeyColumns {
    let to = &federated.collection(link.to).described;
    KeyColumns {
        columns: link.to_columns.iter().filter_map(|field| position(columns, *field)).collect(),
        from: link.to_columns.iter().map(|field| to.fields[*field].scalar).collect(),
        to: key_scalars(federated, link),
        normalize: link.to_normalize.clone(),
    }
}
