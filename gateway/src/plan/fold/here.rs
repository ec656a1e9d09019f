//! What of a fold is done here: over the groups of a finer fold that the source can do, else over the rows.

use lilong_connectors::{Aggregate, Fetch, Function, Group, GroupKey, KeySet, Predicate, evaluate};
use lilong_schema::Scalar;
use lilong_schema::collection::FieldId;
use lilong_schema::federated::LinkId;

use super::{AggregateStep, Asked, Figure, FoldKey, Folded, Folding, Found, WidenStep};
use crate::error::RequestError;
use crate::operation::Field;
use crate::plan::build::Builder;
use crate::plan::keys::{LookUp, department, key_scalars, parent_key, row_key};
use crate::plan::read::{Columns, Fetching, position, push, push_cap};
use crate::plan::{Ceiling, JoinRule, JoinStep, KeyColumns, KeysFrom, KeysStep, Parent, Step, StepId};

/// Rows or finer groups that are at hand.
pub(super) struct AtHand {
    pub(super) rows: StepId,
    /// Which field of the collection each column is; [`NO_FIELD`] for others.
    pub(super) columns: Vec<FieldId>,
    /// What the cells of each column are.
    pub(super) scalars: Vec<Scalar>,
    /// Columns of linked rows.
    linked: Vec<(LinkId, FieldId, usize)>,
    figures: Vec<Figure>,
}

/// Stands for a column that is no field of the collection.
pub(super) const NO_FIELD: FieldId = FieldId::MAX;

impl Builder<'_> {
    /// Folds here. `groups`: the source finds just the rows, and can group them.
    pub(super) fn folded_here(
        &mut self,
        folding: Folding<'_>,
        found: Found,
        groups: bool,
    ) -> Result<Folded, RequestError> {
        let federated = self.world.federated;
        let answer = self.fold_answer(folding.collection, &folding.key, &folding.by, &folding.figures);
        let mut at_hand = if groups { self.finer_groups(&folding, found) } else { self.rows_to_fold(&folding, found)? };
        let links = folding.by.iter().filter_map(|column| column.link);
        let mut missing: Vec<LinkId> = Vec::new();
        for (link, column) in links.zip(folding.by.iter().filter(|column| column.link.is_some())) {
            let is_there = at_hand.linked.iter().any(|(own, field, _)| (*own, *field) == (link, column.field));
            if !is_there && !missing.contains(&link) {
                missing.push(link);
            }
        }
        if !missing.is_empty() {
            self.widen(folding.field, &folding.by, &missing, &mut at_hand)?;
        }
        let at = |field: FieldId| {
            let column = position(&at_hand.columns, field).unwrap_or_default();
            (column, at_hand.scalars[column])
        };
        let by = folding.by.iter().map(|column| match column.link {
            None => at(column.field),
            Some(link) => {
                let found = at_hand.linked.iter().find(|(own, field, _)| (*own, *field) == (link, column.field));
                (
                    found.map(|(_, _, at)| *at).unwrap_or_default(),
                    federated.grouped(folding.collection, *column).0.scalar,
                )
            }
        });
        let by = by.collect();
        let key = self.link_of(&folding.key).map(|link| {
            let (columns, from) = link.to_columns.iter().map(|field| at(*field)).unzip();
            KeyColumns { columns, from, to: key_scalars(federated, link), normalize: link.to_normalize.clone() }
        });
        let rows = self.add(Step::Aggregate(AggregateStep { input: at_hand.rows, key, by, figures: at_hand.figures }));
        match folding.groups {
            Some(groups) => {
                self.groups_compare_here(folding.collection, folding.field, &folding.by, &groups, &answer)?;
                Ok(self.finish_groups(rows, groups, answer, folding.asked.operands))
            }
            None => Ok(Folded { rows, limit: None, offset: None }),
        }
    }

    /// A fold by all that groups here are told apart by, so that its groups can be put together.
    fn finer_groups(&mut self, folding: &Folding<'_>, found: Found) -> AtHand {
        let federated = self.world.federated;
        let limits = self.world.limits;
        let id = folding.collection;
        let described = &federated.collection(id).described;
        let capabilities = self.capabilities(id);
        let mut own = Columns::default();
        let mut inside = Vec::new();
        if let Some(link) = self.link_of(&folding.key) {
            own.want_all(&link.to_columns);
        }
        for column in &folding.by {
            match column.link {
                None => own.want(column.field),
                Some(link) if self.groups_inside(&capabilities, *column) => inside.push((link, *column)),
                Some(link) => own.want_all(&federated.link(link).columns),
            }
        }
        for figure in folding.figures.iter().filter(|figure| figure.function == Function::CountDistinct) {
            own.want_all(&figure.fields);
        }
        let columns = own.0;
        let (keys, key_set) = match folding.key {
            FoldKey::Parents { link, parent, columns } if found.keyed => {
                let look_up = LookUp::plain(federated, federated.link(link), parent, columns, false);
                Some(self.keyed(look_up))
            }
            _ => None,
        }
        .unzip();
        // Those of keys stand before what is grouped by.
        let (of_keys, plain) = columns.split_at(key_set.as_ref().map_or(0, |keys| keys.columns.len()));
        let mut by: Vec<GroupKey> = plain.iter().map(|field| GroupKey { path: Vec::new(), field: *field }).collect();
        let mut linked = Vec::new();
        for (link, column) in inside {
            linked.push((link, column.field, of_keys.len() + by.len()));
            by.push(self.group_key(column));
        }
        let mut parts: Vec<Aggregate> = Vec::new();
        let mut want = |aggregate: Aggregate| {
            parts.iter().position(|own| *own == aggregate).unwrap_or_else(|| {
                parts.push(aggregate);
                parts.len() - 1
            })
        };
        let base = of_keys.len() + by.len();
        let mut wanted = Vec::with_capacity(folding.figures.len());
        for figure in &folding.figures {
            let of = evaluate::partials(figure.function).map(|functions| {
                let part = |function| Aggregate { function, fields: figure.fields.clone() };
                functions.into_iter().map(|function| base + want(part(function))).collect::<Vec<_>>()
            });
            wanted.push(of);
        }
        let answer = Group::describe(described, of_keys, &by, &parts);
        let scalar = |column: usize| (column, answer.fields[column].scalar);
        let figures = folding.figures.iter().zip(wanted).map(|(figure, parts)| Figure {
            function: figure.function,
            declared: self.declared(id, figure),
            parts: parts.is_some(),
            of: match parts {
                Some(parts) => parts.into_iter().map(scalar).collect(),
                None => {
                    let column = |field: &FieldId| position(&columns, *field).unwrap_or_default();
                    figure.fields.iter().map(|field| scalar(column(field))).collect()
                }
            },
        });
        let figures = figures.collect();
        let scalars = answer.fields.iter().map(|field| field.scalar).collect::<Vec<_>>();
        let mut fields = columns;
        fields.resize(scalars.len(), NO_FIELD);

        let Asked { operands, given, .. } = &folding.asked;
        let mut operands = operands.clone();
        let limit = given.limit.clone().map(|limit| push(&mut operands, limit));
        let offset = given.offset.clone().map(|offset| push(&mut operands, offset));
        let most = keys.is_none().then(|| push_cap(&mut operands, limits.budget_rows));
        let group = Group {
            by,
            aggregates: parts,
            answer,
            having: Predicate::TRUE,
            order: Vec::new(),
            limit: most,
            offset: None,
        };
        let fetch = Fetch {
            predicate: found.pushed,
            distinct: given.distinct.clone(),
            order: found.order,
            limit,
            offset,
            keys: key_set,
            group: Some(group),
            ..Fetch::of(described.clone(), Vec::new())
        };
        let ceiling = Ceiling { rows: limits.budget_rows, budget: true };
        let fetching = Fetching { keys, ..Fetching::of(fetch, operands, ceiling) };
        let rows = self.fetch_rows(id, &folding.field.name, fetching);
        self.bear_fold(folding, rows);
        AtHand { rows, columns: fields, scalars, linked, figures }
    }

    /// The rows themselves, within the row budget.
    fn rows_to_fold(&mut self, folding: &Folding<'_>, found: Found) -> Result<AtHand, RequestError> {
        let federated = self.world.federated;
        let limits = self.world.limits;
        let id = folding.collection;
        let collection = federated.collection(id);
        let described = &collection.described;
        let capabilities = self.capabilities(id);
        let Found { pushed, residual, order, local, cuts, keyed, share } = found;
        let Asked { operands, given, .. } = &folding.asked;
        let mut operands = operands.clone();
        let link = self.link_of(&folding.key).cloned();
        let mut columns = Columns::default();
        if let Some(link) = &link {
            columns.want_all(&link.to_columns);
        }
        for column in &folding.by {
            match column.link {
                None => columns.want(column.field),
                Some(link) => columns.want_all(&federated.link(link).columns),
            }
        }
        for figure in &folding.figures {
            columns.want_all(&figure.fields);
        }
        columns.want_read_by(&residual);
        let cut_here = cuts && !share.limit;
        if cut_here {
            columns.want_all(&given.distinct);
            columns.want_all(&order.iter().filter_map(crate::plan::arguments::plain_field).collect::<Vec<_>>());
            for link in local.iter().flat_map(|local| &local.far).filter_map(|(_, links)| links.first()) {
                columns.want_all(&federated.link(*link).columns);
            }
        }
        if columns.0.is_empty() {
            columns.want(collection.fields.iter().position(Option::is_some).unwrap_or_default());
        }
        let columns = columns.0;

        let cut_by_source = cuts && share.limit;
        let ceiling = Ceiling { rows: limits.budget_rows, budget: true };
        let mut limit = capabilities.limit.then(|| push_cap(&mut operands, ceiling.rows));
        let mut offset = None;
        let (mut keys, mut key_set) = (None, None);
        let mut bounds = (None, None);
        if cut_by_source {
            bounds = (
                given.limit.clone().map(|limit| push(&mut operands, limit)),
                given.offset.clone().map(|offset| push(&mut operands, offset)),
            );
        }
        if let FoldKey::Parents { link, parent, columns } = folding.key {
            let key = parent_key(federated, federated.link(link), columns);
            let step = self.add(Step::Keys(KeysStep { input: parent, key, before: None, budget: false }));
            keys = Some(step);
            if keyed {
                let columns = federated.link(link).to_columns.clone();
                key_set = Some(KeySet { limit: bounds.0, offset: bounds.1, ..KeySet::of(columns) });
            }
        } else if cut_by_source {
            limit = bounds.0.or(limit);
            offset = bounds.1;
        }
        // What is sorted here comes in the order of the terms that follow.
        let here = local.as_ref().map_or(0, |local| local.here);
        let fetch = Fetch {
            predicate: pushed,
            distinct: if cut_by_source { given.distinct.clone() } else { Vec::new() },
            order: if cuts && capabilities.order { order[here..].to_vec() } else { Vec::new() },
            limit,
            offset,
            keys: key_set,
            ..Fetch::of(described.clone(), columns.clone())
        };
        let from = keys.filter(|_| keyed).map(KeysFrom::Step);
        let fetching = Fetching { keys: from, residual, ..Fetching::of(fetch, operands, ceiling) };
        let rows = self.fetch_rows(id, &folding.field.name, fetching);
        self.bear_fold(folding, rows);
        let at = |field: &FieldId| (position(&columns, *field).unwrap_or_default(), described.fields[*field].scalar);
        let figure = |figure: &Aggregate| Figure {
            function: figure.function,
            of: figure.fields.iter().map(at).collect(),
            declared: self.declared(id, figure),
            parts: false,
        };
        let figures = folding.figures.iter().map(figure).collect();
        let scalars = columns.iter().map(|field| described.fields[*field].scalar).collect();
        let mut at_hand = AtHand { rows, columns, scalars, linked: Vec::new(), figures };
        if cut_here {
            self.cut(folding, &order, local.as_ref(), keys, &mut at_hand)?;
        }
        Ok(at_hand)
    }

    /// Puts the columns of linked rows that are grouped by beside the rows, with one fetch a link.
    fn widen(
        &mut self,
        field: &Field,
        by: &[lilong_schema::federated::GroupColumn],
        links: &[LinkId],
        at_hand: &mut AtHand,
    ) -> Result<(), RequestError> {
        let federated = self.world.federated;
        let mut joins = Vec::new();
        for id in links {
            let link = federated.link(*id);
            let to = federated.collection(link.to);
            let of_link = by.iter().filter(|column| column.link == Some(*id));
            let fields = of_link.map(|column| column.field).collect::<Vec<_>>();
            let mut wanted = Columns::default();
            wanted.want_all(&fields);
            let (rows, columns) = self.linked_rows(link, at_hand.rows, &at_hand.columns, wanted, field.location)?;
            let key = parent_key(federated, link, &at_hand.columns);
            let row_key = row_key(federated, link, &columns);
            let join = self.add(Step::Join(JoinStep {
                field: link.name.clone(),
                source: department(federated, link.to),
                rows,
                parent: Some(Parent {
                    step: at_hand.rows,
                    source: department(federated, link.from),
                    key,
                    row_key,
                    enforced: false,
                }),
                distinct: Vec::new(),
                offset: None,
                limit: None,
                rule: JoinRule::One,
            }));
            let mut taken = Vec::with_capacity(fields.len());
            for field in fields {
                at_hand.linked.push((*id, field, at_hand.columns.len()));
                at_hand.columns.push(NO_FIELD);
                at_hand.scalars.push(to.described.fields[field].scalar);
                taken.push(position(&columns, field).unwrap_or_default());
            }
            joins.push((join, taken));
        }
        at_hand.rows = self.add(Step::Widen(WidenStep { rows: at_hand.rows, joins }));
        Ok(())
    }
}
