//! Asks a source for rows by the names of things, and checks of every answer what the contract says of all.

mod fold;

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::TryStreamExt;
use lilong_connectors::{
    BoundFetch, CellFault, Error, Fetch, FetchContext, Hop, KeySet, Operand, Order, OrderTarget, Predicate, Prepared,
    RowStream,
};
use lilong_schema::{Collection, Normalizer, Scalar, Value};

use crate::contract::Fixture;
use crate::contract::cells;
use crate::contract::condition::Condition;

pub(crate) use fold::{Over, Path, Target};

/// A question in the making; without more it asks for all columns of all rows.
#[derive(Clone)]
pub(crate) struct Question<'a> {
    fixture: &'a Fixture,
    fetch: Fetch,
    operands: Vec<Operand>,
    keys: Option<Vec<Vec<Value>>>,
}

/// What came.
pub(crate) struct Answer {
    pub(crate) rows: Vec<Vec<Value>>,
    /// By the row of the whole answer.
    pub(crate) faults: Vec<CellFault>,
}

/// A direction and the place of nulls.
pub(crate) type Direction = (bool, bool);

/// Ascending, nulls last.
pub(crate) const ASCENDING: Direction = (false, false);

impl<'a> Question<'a> {
    pub(crate) fn of(fixture: &'a Fixture, collection: &str) -> Self {
        Self::of_described(fixture, fixture.described(collection))
    }

    /// A question by a description that need not be the source's.
    pub(crate) fn of_described(fixture: &'a Fixture, collection: Arc<Collection>) -> Self {
        let columns = (0..collection.fields.len()).collect();
        let fetch = Fetch::of(collection, columns);
        Self { fixture, fetch, operands: Vec::new(), keys: None }
    }

    fn field(&self, name: &str) -> usize {
        self.fetch.collection.field_id(name).unwrap_or_else(|| panic!("{} has no {name}", self.fetch.collection.name))
    }

    fn operand(&mut self, number: i64) -> usize {
        self.operands.push(Operand::Value(Value::Integer(number.into())));
        self.operands.len() - 1
    }

    pub(crate) fn columns(mut self, names: &[&str]) -> Self {
        self.fetch.columns = names.iter().map(|name| self.field(name)).collect();
        self
    }

    pub(crate) fn meeting(mut self, condition: &Condition) -> Self {
        let collection = self.fetch.collection.clone();
        let predicate = condition.compile(self.fixture, &collection, &mut self.operands);
        self.fetch.predicate = std::mem::replace(&mut self.fetch.predicate, Predicate::TRUE).and(predicate);
        self
    }

    pub(crate) fn by(mut self, field: &str, (descending, nulls_first): Direction) -> Self {
        let target = OrderTarget::Field(self.field(field));
        self.fetch.order.push(Order { path: Vec::new(), target, descending, nulls_first });
        self
    }

    pub(crate) fn by_row_number(mut self, descending: bool) -> Self {
        self.fetch.order.push(Order { path: Vec::new(), target: OrderTarget::RowId, descending, nulls_first: false });
        self
    }

    /// Orders by a field of a linked collection; each step is its name, the outer and the inner field.
    pub(crate) fn by_linked(mut self, path: &[(&str, &str, &str)], field: &str, direction: Direction) -> Self {
        let mut outer = self.fetch.collection.clone();
        let mut hops = Vec::new();
        for (name, from, to) in path {
            let inner = self.fixture.described(name);
            let on = vec![(outer.field_id(from).unwrap(), inner.field_id(to).unwrap())];
            hops.push(Hop { collection: inner.clone(), on });
            outer = inner;
        }
        let target = OrderTarget::Field(outer.field_id(field).unwrap());
        self.fetch.order.push(Order { path: hops, target, descending: direction.0, nulls_first: direction.1 });
        self
    }

    /// Whether the source claims to reach all that it goes through links for, beside columns in its order and tests on it.
    pub(crate) fn is_claimed(&self) -> bool {
        let reaches = |path: &[Hop], target: &OrderTarget| {
            let own = path.is_empty() && !matches!(target, OrderTarget::Aggregate(_));
            own || self.fixture.connector.reaches(&self.fetch.collection, path, target)
        };
        let tested = match &self.fetch.predicate {
            Predicate::Reached { path, target, .. } => reaches(path, target),
            _ => true,
        };
        tested && self.fetch.order.iter().all(|order| reaches(&order.path, &order.target))
    }

    pub(crate) fn distinct_on(mut self, names: &[&str]) -> Self {
        self.fetch.distinct = names.iter().map(|name| self.field(name)).collect();
        self
    }

    pub(crate) fn limit(mut self, limit: i64) -> Self {
        self.fetch.limit = Some(self.operand(limit));
        self
    }

    pub(crate) fn offset(mut self, offset: i64) -> Self {
        self.fetch.offset = Some(self.operand(offset));
        self
    }

    pub(crate) fn keys(mut self, names: &[&str], keys: Vec<Vec<Value>>) -> Self {
        let columns = names.iter().map(|name| self.field(name)).collect();
        self.fetch.keys = Some(KeySet::of(columns));
        self.keys = Some(keys);
        self
    }

    /// Rows whose field has one of some keys after steps, or perhaps others.
    pub(crate) fn normalized_keys(mut self, name: &str, steps: &[Normalizer], keys: &[String]) -> Self {
        let columns = vec![self.field(name)];
        self.fetch.keys = Some(KeySet { normalize: steps.to_vec(), ..KeySet::of(columns) });
        self.keys = Some(keys.iter().map(|key| vec![Value::Text(key.clone())]).collect());
        self
    }

    /// The same as a condition.
    pub(crate) fn having_normalized(mut self, name: &str, steps: &[Normalizer], keys: &[String]) -> Self {
        let fields = vec![self.field(name)];
        let keys: Vec<Vec<Value>> = keys.iter().map(|key| vec![Value::Text(key.clone())]).collect();
        self.operands.push(Operand::Keys(cells::batch(&self.fetch.collection, &fields, &keys)));
        let held = Predicate::KeyIn { fields, normalize: steps.to_vec(), operand: self.operands.len() - 1 };
        self.fetch.predicate = std::mem::replace(&mut self.fetch.predicate, Predicate::TRUE).and(held);
        self
    }

    pub(crate) fn limit_per_key(mut self, limit: i64) -> Self {
        let limit = self.operand(limit);
        self.fetch.keys.as_mut().unwrap().limit = Some(limit);
        self
    }

    pub(crate) fn offset_per_key(mut self, offset: i64) -> Self {
        let offset = self.operand(offset);
        self.fetch.keys.as_mut().unwrap().offset = Some(offset);
        self
    }

    /// The text that the source would be sent.
    pub(crate) fn explain(&self) -> Result<String, Error> {
        Ok(self.fixture.connector.explain(&self.fetch)?.text)
    }

    /// The fetch with its values.
    pub(crate) fn bound(self) -> BoundFetch {
        let keys = self.keys.as_ref().map(|keys| {
            let columns = &self.fetch.keys.as_ref().unwrap().columns;
            cells::batch(&self.fetch.collection, columns, keys)
        });
        BoundFetch { prepared: Arc::new(Prepared::new(self.fetch)), operands: self.operands, keys }
    }

    pub(crate) async fn stream(self) -> Result<RowStream, Error> {
        let fixture = self.fixture;
        let bound = self.bound();
        fixture.connector.fetch(&bound, &context()).await
    }

    pub(crate) async fn try_ask(self) -> Result<Answer, Error> {
        let schema = self.fetch.schema();
        let collection = self.fetch.collection.clone();
        let scalars: Vec<Scalar> = self.fetch.answer().iter().map(|field| field.scalar).collect();
        let mut stream = self.stream().await?;
        let mut answer = Answer { rows: Vec::new(), faults: Vec::new() };
        while let Some(piece) = stream.try_next().await? {
            assert_eq!(piece.batch.schema().fields(), schema.fields(), "columns of {}", collection.name);
            for fault in piece.faults {
                assert!(piece.batch.column(fault.column).is_null(fault.row), "a cell with a fault is null");
                answer.faults.push(CellFault { row: fault.row + answer.rows.len(), ..fault });
            }
            answer.rows.extend(cells::rows(&piece.batch, &scalars));
        }
        Ok(answer)
    }

    /// The rows; none of their cells has a fault.
    pub(crate) async fn ask(self) -> Vec<Vec<Value>> {
        let text = self.explain();
        match self.try_ask().await {
            Ok(answer) => {
                assert_eq!(answer.faults, [], "{text:?}");
                answer.rows
            }
            Err(error) => panic!("{error}\n{text:?}"),
        }
    }

    /// The values of a column of the rows.
    pub(crate) async fn ask_column(self, name: &str) -> Vec<Value> {
        self.columns(&[name]).ask().await.into_iter().flatten().collect()
    }

    /// The integers of a column of the rows.
    pub(crate) async fn ask_integers(self, name: &str) -> Vec<i64> {
        integers(self.ask_column(name).await)
    }
}

/// Values that are all integers.
pub(crate) fn integers(values: Vec<Value>) -> Vec<i64> {
    let numbers = values.into_iter().map(|value| match value {
        Value::Integer(number) => i64::try_from(number).unwrap(),
        other => panic!("{other:?} is no integer"),
    });
    numbers.collect()
}

/// A context with time enough.
pub(crate) fn context() -> FetchContext {
    FetchContext::new(Instant::now() + Duration::from_mins(1), "contract")
}
