//! Groups of rows: a fetch with a [`Group`] as one `SELECT … GROUP BY`.
//!
//! In: the fetch, its rows said by the shapes of rows. Out: the text. *Invariant*: rows stand in a subselect only where they
//! are cut, made distinct or grouped through links; keys are compared exactly, and the index of a key column serves.

use lilong_schema::Field;
use lilong_schema::collection::FieldId;

use super::{Translation, Untranslatable, column, key_columns, order_by};
use crate::sql::dialect::{Column, Dialect, Keys};
use crate::{Fetch, Group, OrderTarget, Predicate};

impl<'a, D: Dialect> Translation<'a, D> {
    pub(super) fn groups(&mut self, fetch: &'a Fetch, group: &'a Group) -> Result<String, Untranslatable> {
        let (from, condition, alias) = self.folded_rows(fetch, group)?;
        let collection = &*fetch.collection;
        let mut groupings = vec![];
        for id in fetch.keys.iter().flat_map(|keys| &keys.columns) {
            groupings.push(self.dialect.grouping(column(&alias, collection, *id)?));
        }
        let mut linked = 0;
        for key in &group.by {
            let last = key.path.last().map_or(collection, |hop| &hop.collection);
            let mut named = column(&alias, last, key.field)?;
            let field;
            if !key.path.is_empty() {
                field = Field { name: format!("h{linked}"), ..named.field.clone() };
                linked += 1;
                named.field = &field;
            }
            groupings.push(self.dialect.grouping(named));
        }
        let mut values: Vec<String> = groupings.iter().map(|grouping| grouping.value.clone()).collect();
        for aggregate in &group.aggregates {
            let columns = key_columns(&alias, collection, &aggregate.fields)?;
            values.push(self.dialect.aggregate(aggregate.function, &columns).ok_or(Untranslatable::Aggregate)?);
        }
        let columns: Vec<Column<'_>> = values
            .iter()
            .zip(&group.answer.fields)
            .map(|(value, field)| Column::of_expression(value, &group.answer, field))
            .collect();
        let outputs: Vec<String> = columns.iter().map(|column| self.dialect.output(*column)).collect();
        let outputs = if outputs.is_empty() { "count(*)".to_owned() } else { outputs.join(", ") };
        let by: Vec<&str> = groupings.iter().map(|grouping| grouping.exact.as_str()).collect();
        let by = if by.is_empty() { String::new() } else { format!(" GROUP BY {}", by.join(", ")) };
        let having = match &group.having {
            having if having.is_true() => String::new(),
            having => format!(" HAVING {}", self.having(having, &columns)?),
        };
        let mut terms = vec![];
        for order in &group.order {
            let OrderTarget::Field(id) = order.target else {
                return Err(Untranslatable::Group);
            };
            let column = columns.get(id).filter(|_| order.path.is_empty()).ok_or(Untranslatable::Group)?;
            let expression = self.dialect.collated(self.dialect.sort_key(*column), *column);
            terms.push(self.placed(expression, false, order));
        }
        let limit = self.limit(group.limit, group.offset);
        Ok(format!("SELECT {outputs} FROM {from}{condition}{by}{having}{}{limit}", order_by(&terms)))
    }

    /// Where the rows come from, a condition on them, and their alias.
    fn folded_rows(&mut self, fetch: &'a Fetch, group: &'a Group) -> Result<(String, String, String), Untranslatable> {
        let cut = fetch.limit.is_some()
            || fetch.offset.is_some()
            || fetch.keys.as_ref().is_some_and(|keys| keys.limit.is_some() || keys.offset.is_some());
        if !cut && fetch.distinct.is_empty() && group.by.iter().all(|key| key.path.is_empty()) {
            let alias = self.statement.alias();
            let condition = self.condition(fetch, &alias)?;
            return Ok((self.from(&fetch.collection, &alias), condition, alias));
        }
        let mut wanted: Vec<FieldId> = vec![];
        let own = group.by.iter().filter(|key| key.path.is_empty()).map(|key| &key.field);
        let keys = fetch.keys.iter().flat_map(|keys| &keys.columns);
        for id in keys.chain(own).chain(group.aggregates.iter().flat_map(|aggregate| &aggregate.fields)) {
            if !wanted.contains(id) {
                wanted.push(*id);
            }
        }
        // Where nothing is cut and nothing is distinct, an order has no effect.
        let order = if cut || !fetch.distinct.is_empty() { fetch.order.clone() } else { vec![] };
        let rows = Fetch { columns: wanted, order, order_values: false, group: None, ..fetch.clone() };
        self.raw = Some(&group.by);
        let text = self.fetch(&rows)?;
        self.raw = None;
        let alias = self.statement.alias();
        Ok((format!("({text}) AS {alias}"), String::new(), alias))
    }

    /// A condition on groups, over their columns.
    fn having(&mut self, predicate: &Predicate, columns: &[Column<'_>]) -> Result<String, Untranslatable> {
        let column = |id: &FieldId| columns.get(*id).copied().ok_or(Untranslatable::Group);
        let mut joined = |parts: &[Predicate], word: &str| {
            let parts = parts.iter().map(|part| self.having(part, columns)).collect::<Result<Vec<_>, _>>()?;
            Ok(format!("({})", parts.join(word)))
        };
        Ok(match predicate {
            Predicate::And(parts) if parts.is_empty() => self.dialect.truth(true).to_owned(),
            Predicate::Or(parts) if parts.is_empty() => self.dialect.truth(false).to_owned(),
            Predicate::And(parts) => joined(parts, " AND ")?,
            Predicate::Or(parts) => joined(parts, " OR ")?,
            Predicate::Not(part) => format!("(NOT {})", self.having(part, columns)?),
            Predicate::Compare { field, comparison, operand } => {
                let compared = self.dialect.compare(&mut self.statement, column(field)?, *comparison, *operand);
                compared.ok_or(Untranslatable::Comparison)?
            }
            Predicate::IsNull(field) => format!("({} IS NULL)", self.dialect.bare(column(field)?)),
            Predicate::KeyIn { fields, operand, .. } => {
                let columns = fields.iter().map(column).collect::<Result<Vec<_>, _>>()?;
                self.dialect.key_in(&mut self.statement, &columns, Keys::Operand(*operand))
            }
            Predicate::Exists(_) | Predicate::Reached { .. } => return Err(Untranslatable::Group),
        })
    }
}
