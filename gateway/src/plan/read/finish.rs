//! What of an order its source does not make: values beyond links are put beside rows, rows are sorted, the page is cut out.
//!
//! In: the rows of the fetch. Out: the rows in their order. *Invariant*: where the source makes the whole order, no step is added.

use lilong_connectors::Order;
use lilong_schema::collection::FieldId;

use super::course::Course;
use crate::error::RequestError;
use crate::plan::arguments::plain_field;
use crate::plan::build::Builder;
use crate::plan::columns::position;
use crate::plan::page::{PageStep, sort_term};
use crate::plan::{SortStep, SortTerm, Step, StepId};

impl Builder<'_> {
    /// Makes what is left of an order. Gives the rows, and for each term of the order the column of its values.
    pub(super) fn finish(
        &mut self,
        course: &Course<'_>,
        mut rows: StepId,
        columns: &[FieldId],
    ) -> Result<(StepId, Vec<usize>), RequestError> {
        let described = &self.world.federated.collection(course.collection).described;
        let (order, here) = (&course.order, course.here());
        let mut width = columns.len() + if course.order_values() { course.pushed_order().len() } else { 0 };
        let value = |(at, term): (usize, &Order)| {
            let plain = plain_field(term).and_then(|field| position(columns, field));
            plain.unwrap_or(columns.len() + at.saturating_sub(here))
        };
        let mut values: Vec<usize> = order.iter().enumerate().map(value).collect();
        let Some(local) = &course.local else { return Ok((rows, values)) };
        for (at, links) in &local.far {
            rows = self.attach_value(course.field, rows, columns, links, &order[*at].target)?;
            values[*at] = width;
            width += 1;
        }
        let sorted = if course.page.is_some() { &order[..] } else { &order[..here] };
        let terms = sorted.iter().zip(&values).map(|(term, column)| sort_term(term, *column, described));
        let mut terms: Vec<SortTerm> = terms.collect();
        if let Some(page) = course.page.as_ref().filter(|page| page.numbered) {
            (rows, terms) = self.number(rows, terms, width, page.backwards);
            values.push(width);
        }
        rows = self.add(Step::Sort(SortStep { input: rows, terms: terms.clone(), numbered: false }));
        if !course.ends().is_empty() {
            let ends = course.ends().iter().map(|end| (end.values.clone(), end.side)).collect();
            rows = self.add(Step::Page(PageStep { input: rows, terms, ends }));
        }
        Ok((rows, values))
    }
}
