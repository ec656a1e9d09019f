//! The keys of a link's far side: all that meet a condition, or those of them that some rows have.

use lilong_connectors::{Fetch, KeySet, OperandId, Predicate};
use lilong_schema::Scalar;
use lilong_schema::collection::FieldId;
use lilong_schema::federated::{CollectionId, Link, LinkId};

use super::place::{Place, object};
use crate::error::{Location, RequestError};
use crate::operation::{Argument, Form};
use crate::plan::arguments::Given;
use crate::plan::build::Builder;
use crate::plan::fold::figures::count;
use crate::plan::fold::{Asked, FoldKey, Folding, field_named};
use crate::plan::keys::key_scalars;
use crate::plan::read::{Columns, Fetching, position, push_cap};
use crate::plan::{Ceiling, FilterStep, KeyColumns, KeysFrom, KeysStep, PlanOperand, Step, StepId, pushdown};

impl Builder<'_> {
    /// A fetch that can be told to stop, and what is left of its conditions; the columns that it reads.
    pub(super) fn stopping(
        &mut self,
        link: &Link,
        id: CollectionId,
        predicate: Predicate,
        mut operands: Vec<PlanOperand>,
        columns: Vec<FieldId>,
        keys: Option<(KeysFrom, KeySet)>,
    ) -> (StepId, Vec<FieldId>) {
        let collection = self.world.federated.collection(id);
        let capabilities = self.capabilities(id);
        let (pushed, residual) = pushdown::split(&capabilities, &self.fixed(id), predicate);
        let pushed = pushdown::with_indexes(&collection.described, pushed, &residual);
        let mut wanted = Columns(columns);
        wanted.want_read_by(&residual);
        let columns = wanted.0;
        let stops = keys.is_none();
        let (keys, key_set) = keys.unzip();
        let ceiling = Ceiling { rows: self.world.limits.budget_rows, budget: true };
        let limit: Option<OperandId> = capabilities.limit.then(|| push_cap(&mut operands, ceiling.rows));
        let fetch = Fetch {
            predicate: pushed,
            limit,
            keys: key_set,
            ..Fetch::of(collection.described.clone(), columns.clone())
        };
        let fetching = Fetching { keys, stops, residual, ..Fetching::of(fetch, operands, ceiling) };
        (self.fetch_rows(id, &link.name, fetching), columns)
    }

    /// The keys of the far side that meet a condition, one fetch of all.
    pub(in crate::plan) fn far_keys(
        &mut self,
        link: &Link,
        argument: &Argument,
        location: Location,
    ) -> Result<StepId, RequestError> {
        let mut operands = Vec::new();
        let predicate = self.predicate(link.to, argument, &mut operands, location)?;
        let (rows, columns) = self.stopping(link, link.to, predicate, operands, link.to_columns.clone(), None);
        let key = self.far_key(link, &columns);
        Ok(self.add(Step::Keys(KeysStep { input: rows, key, before: None, budget: true })))
    }

    /// The keys of the far side that meet a condition and that rows of the near side have.
    pub(in crate::plan) fn keys_of(
        &mut self,
        id: LinkId,
        argument: &Argument,
        rows: StepId,
        columns: &[FieldId],
        location: Location,
    ) -> Result<StepId, RequestError> {
        let federated = self.world.federated;
        let link = federated.link(id);
        let (own, crossing) = self.conjuncts(link.to, argument);
        let outer = std::mem::replace(&mut self.place, Place::Open);
        let mut operands = Vec::new();
        let predicate = self.condition(link.to, &object(own), false, &mut operands, location)?;
        if crossing.is_empty() && self.can_fold(link) {
            let keys =
                self.folded(id, FoldKey::Parents { link: id, parent: rows, columns }, predicate, operands, location);
            self.place = outer;
            return keys;
        }
        let crossing = object(crossing);
        let mut wanted = Columns::default();
        wanted.want_all(&link.to_columns);
        self.want_read_by(link.to, &crossing, &mut wanted);
        let keys = self.look_up(link, rows, columns, true).map(|look_up| self.keyed(look_up));
        let (mut found, columns) = self.stopping(link, link.to, predicate, operands, wanted.0, keys);
        if !matches!(&crossing.form, Form::Object(entries) if entries.is_empty()) {
            self.place = Place::AtHand { rows: found, columns: columns.clone() };
            let mut operands = Vec::new();
            let predicate = self.condition(link.to, &crossing, true, &mut operands, location)?;
            let collection = federated.collection(link.to).described.clone();
            let filter = FilterStep { input: found, collection, columns: columns.clone(), predicate, operands };
            found = self.add(Step::Filter(filter));
        }
        self.place = outer;
        let key = self.far_key(link, &columns);
        Ok(self.add(Step::Keys(KeysStep { input: found, key, before: None, budget: true })))
    }

    /// The far side's keys, made different by its source.
    pub(super) fn different_keys(
        &mut self,
        id: LinkId,
        condition: &Argument,
        location: Location,
    ) -> Result<StepId, RequestError> {
        let mut operands = Vec::new();
        let predicate = self.predicate(self.world.federated.link(id).to, condition, &mut operands, location)?;
        self.folded(id, FoldKey::Far(id), predicate, operands, location)
    }

    /// Keys by a fold of the far side.
    fn folded(
        &mut self,
        id: LinkId,
        key: FoldKey<'_>,
        predicate: Predicate,
        operands: Vec<PlanOperand>,
        location: Location,
    ) -> Result<StepId, RequestError> {
        let link = self.world.federated.link(id);
        let field = field_named(&link.name, location);
        let folded = self.fold(Folding {
            field: &field,
            collection: link.to,
            key,
            by: Vec::new(),
            figures: vec![count()],
            asked: Asked { predicate, operands, given: Given::default() },
            groups: None,
        })?;
        let key = self.folded_key(link);
        Ok(self.add(Step::Keys(KeysStep { input: folded.rows, key, before: None, budget: true })))
    }

    /// Whether the source of the far side can make its keys different, and that may leave fewer of them.
    pub(super) fn can_fold(&self, link: &Link) -> bool {
        let to = &self.world.federated.collection(link.to).described;
        let named = |columns: &[String]| {
            columns.iter().all(|name| to.field_id(name).is_some_and(|field| link.to_columns.contains(&field)))
        };
        self.capabilities(link.to).group
            && link.to_normalize.is_empty()
            && self.world.federated.union_of(link.to).is_none()
            && !to.keys.iter().any(|key| named(&key.columns))
    }

    /// The keys of groups of the far side, as the near side's columns compare.
    pub(in crate::plan) fn folded_key(&self, link: &Link) -> KeyColumns {
        KeyColumns {
            columns: (0..link.to_columns.len()).collect(),
            from: key_scalars(self.world.federated, link),
            to: self.near_scalars(link),
            normalize: Vec::new(),
        }
    }

    /// The keys of rows of the far side, likewise.
    fn far_key(&self, link: &Link, columns: &[FieldId]) -> KeyColumns {
        let to = &self.world.federated.collection(link.to).described;
        KeyColumns {
            columns: link.to_columns.iter().filter_map(|field| position(columns, *field)).collect(),
            from: link.to_columns.iter().map(|field| to.fields[*field].scalar).collect(),
            to: self.near_scalars(link),
            normalize: link.to_normalize.clone(),
        }
    }

    fn near_scalars(&self, link: &Link) -> Vec<Scalar> {
        let from = &self.world.federated.collection(link.from).described;
        let of = |field: &FieldId| {
            if link.normalize.is_empty() { from.fields[*field].scalar } else { Scalar::String }
        };
        link.columns.iter().map(of).collect()
    }
}
