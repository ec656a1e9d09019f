//! `totalCount`: how many rows there are, folded by the source where it can, else counted here.

use lilong_connectors::{Aggregate, Fetch, Function, Group, Predicate};
use lilong_schema::Scalar;
use lilong_schema::federated::CollectionId;

use super::build::Builder;
use super::connection::CountOutput;
use super::keys::{LookUp, department, key_scalars, parent_key, row_key};
use super::read::{Columns, Fetching, Via, push_cap};
use super::{Ceiling, JoinRule, JoinStep, KeyColumns, Parent, PlanOperand, Step, StepId, pushdown};
use crate::operation::Field;

impl Builder<'_> {
    /// The steps that count the rows that meet a predicate, for each parent.
    pub(super) fn count(
        &mut self,
        field: &Field,
        id: CollectionId,
        via: Via<'_>,
        predicate: Predicate,
        mut operands: Vec<PlanOperand>,
    ) -> CountOutput {
        let federated = self.world.federated;
        let limits = self.world.limits;
        let collection = federated.collection(id);
        let capabilities = self.capabilities(id);
        let (pushed, residual) = pushdown::split(&capabilities, predicate);
        let link = match via {
            Via::Link { link, parent, columns } => Some((federated.link(link), parent, columns)),
            _ => None,
        };
        let keyed = link.is_some_and(|(link, ..)| link.to_normalize.is_empty() && capabilities.keys > 0);
        let folds = capabilities.group || federated.union_of(id).is_some();
        let folded = folds && residual.is_true() && (link.is_none() || keyed);

        let mut columns = Columns::default();
        if !folded {
            columns.want_read_by(&residual);
            match link {
                Some((link, ..)) => columns.want_all(&link.to_columns),
                // An answer without columns still has rows, but not every kind of source gives one.
                None => columns.want(collection.fields.iter().position(Option::is_some).unwrap_or_default()),
            }
        }
        let columns = columns.0;
        let look_up = link
            .filter(|_| keyed)
            .map(|(link, parent, columns)| LookUp::plain(federated, link, parent, columns, false));
        let (keys, key_set) = look_up.map(|look_up| self.keyed(look_up)).unzip();
        let key_columns = key_set.as_ref().map(|set| set.columns.clone()).unwrap_or_default();
        let ceiling = if folded {
            Ceiling { rows: limits.answer_rows, budget: false }
        } else {
            Ceiling { rows: limits.budget_rows, budget: true }
        };
        let group = folded.then(|| {
            let aggregates = vec![Aggregate { function: Function::Count, fields: Vec::new() }];
            let answer = Group::describe(&collection.described, &key_columns, &[], &aggregates);
            let having = Predicate::TRUE;
            Group { by: Vec::new(), aggregates, answer, having, order: Vec::new(), limit: None, offset: None }
        });
        let limit = (!folded && capabilities.limit).then(|| push_cap(&mut operands, ceiling.rows));
        let fetch = Fetch {
            predicate: pushed,
            limit,
            keys: key_set,
            group,
            ..Fetch::of(collection.described.clone(), columns.clone())
        };
        let fetching = Fetching { keys, residual, ..Fetching::of(fetch, operands, ceiling) };
        let rows = self.fetch_rows(id, &field.name, fetching);
        let parent = link.map(|(link, parent, parent_columns)| Parent {
            step: parent,
            source: department(federated, link.from),
            key: parent_key(federated, link, parent_columns),
            row_key: if folded {
                KeyColumns::first(key_scalars(federated, link))
            } else {
                row_key(federated, link, &columns)
            },
            enforced: false,
        });
        let join = self.count_join(field, id, rows, parent);
        CountOutput { join, column: folded.then_some(key_columns.len()) }
    }

    fn count_join(&mut self, field: &Field, id: CollectionId, rows: StepId, parent: Option<Parent>) -> StepId {
        self.add(Step::Join(JoinStep {
            field: field.name.clone(),
            source: department(self.world.federated, id),
            rows,
            parent,
            distinct: Vec::<(usize, Scalar)>::new(),
            offset: None,
            limit: None,
            rule: JoinRule::Count,
        }))
    }
}
