//! Cuts the rows of a fold here: in their order, made different, of each parent so many.
//!
//! In: rows at hand, in the order of the terms that their source sorts by. Out: the rows that are folded.
//! *Invariant*: they are the rows that the list of the same arguments has.

use lilong_connectors::Order;

use super::here::{AtHand, NO_FIELD};
use super::{FoldKey, Folding};
use crate::error::RequestError;
use crate::plan::arguments::plain_field;
use crate::plan::build::Builder;
use crate::plan::far::LocalOrder;
use crate::plan::keys::{department, key_scalars, row_key};
use crate::plan::page::sort_term;
use crate::plan::read::position;
use crate::plan::{JoinRule, JoinStep, KeyColumns, Parent, SortStep, Step, StepId};

impl Builder<'_> {
    /// Sorts rows by what their source cannot, and cuts them. `keys`: the parents' keys, if there are parents.
    pub(super) fn cut(
        &mut self,
        folding: &Folding<'_>,
        order: &[Order],
        local: Option<&LocalOrder>,
        keys: Option<StepId>,
        at_hand: &mut AtHand,
    ) -> Result<(), RequestError> {
        let federated = self.world.federated;
        let described = &federated.collection(folding.collection).described;
        if let Some(local) = local {
            let place = |term: &Order| plain_field(term).and_then(|field| position(&at_hand.columns, field));
            let mut values: Vec<Option<usize>> = order[..local.here].iter().map(place).collect();
            for (at, links) in &local.far {
                let target = &order[*at].target;
                let columns = &at_hand.columns;
                at_hand.rows = self.attach_value(folding.field, at_hand.rows, columns, links, target)?;
                values[*at] = Some(at_hand.columns.len());
                at_hand.columns.push(NO_FIELD);
                at_hand.scalars.push(order[*at].describe(described, String::new()).scalar);
            }
            let terms = order.iter().zip(values);
            let terms = terms.filter_map(|(term, column)| Some(sort_term(term, column?, described))).collect();
            at_hand.rows = self.add(Step::Sort(SortStep { input: at_hand.rows, terms, numbered: false }));
        }
        let given = &folding.asked.given;
        let parent = match (folding.key, keys) {
            (FoldKey::Parents { link, .. }, Some(step)) => {
                let link = federated.link(link);
                Some(Parent {
                    step,
                    source: department(federated, link.from),
                    key: KeyColumns::first(key_scalars(federated, link)),
                    row_key: row_key(federated, link, &at_hand.columns),
                    enforced: false,
                })
            }
            _ => None,
        };
        let distinct = given.distinct.iter();
        let distinct = distinct
            .filter_map(|field| Some((position(&at_hand.columns, *field)?, described.fields[*field].scalar)))
            .collect();
        at_hand.rows = self.add(Step::Join(JoinStep {
            field: folding.field.name.clone(),
            source: department(self.world.federated, folding.collection),
            rows: at_hand.rows,
            parent,
            distinct,
            offset: given.offset.clone(),
            limit: given.limit.clone(),
            rule: JoinRule::List { most: self.world.limits.budget_rows },
        }));
        Ok(())
    }
}
