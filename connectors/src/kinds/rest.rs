//! Services that answer GET requests with lists of objects, in JSON or XML.
//!
//! In: a block with `url` and an `OpenAPI` document or collections by hand. Out: a [`Connector`] that lets the service narrow
//! by the parameters it has and does everything else here. *Invariant*: what a parameter narrows by is checked again, so
//! that a service's own idea of equality is never an answer.

mod cell;
mod definition;
mod openapi;
mod page;
mod read;
mod request;
mod settings;
mod xml;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::{Duration, Instant};

use arrow_array::{Array, RecordBatch};
use futures::future::BoxFuture;
use futures::{FutureExt, StreamExt, stream};
use lilong_schema::catalog::SourceSettings;
use lilong_schema::collection::FieldId;
use lilong_schema::{Capabilities, Collection, Field, Problem, SourceDescription, Value};
use tokio::sync::Semaphore;

use self::definition::Definition;
use self::read::Reading;
use self::request::{Choice, Refusal};
use super::Kind;
use crate::evaluate::{Term, filter, sort};
use crate::http::{self, Client, Request, StatusCode};
use crate::tables::{self, Reader, Table};
use crate::{
    BoundFetch, Connector, Error, ErrorKind, Fetch, FetchContext, Native, Operand, OrderTarget, Result, RowStream, Rows,
};

/// The kind's entry in the list.
pub(super) const KIND: Kind = Kind { name: "rest", keys: &[http::KEYS, settings::KEYS], open, discovery: None };

/// Keys of one fetch: where the service takes one at a time, each is a request.
const KEYS: usize = 100;

/// Rows of one piece of an answer.
const BATCH: usize = 1_024;

/// Requests that one fetch becomes at most.
const REQUESTS: usize = 200;

/// How long the service has to say that it is there.
const PATIENCE: Duration = Duration::from_secs(5);

/// One service.
struct Service {
    source: Arc<str>,
    client: Client,
    definitions: BTreeMap<String, Definition>,
    warnings: Vec<String>,
    fetch_rows: usize,
    at_once: usize,
    requests: Semaphore,
}

/// Makes a connector; every problem of the block's own keys at once.
fn open(settings: &SourceSettings) -> Result<Arc<dyn Connector>, Vec<Problem>> {
    let read = settings::read(settings)?;
    let source: Arc<str> = settings.name.as_str().into();
    let at_once = settings.tuning.connections;
    Ok(Arc::new(Service {
        source,
        client: read.client,
        definitions: read.definitions,
        warnings: read.warnings,
        fetch_rows: read.fetch_rows,
        at_once,
        requests: Semaphore::new(at_once),
    }))
}

impl Service {
    fn definition(&self, fetch: &Fetch) -> Result<&Definition> {
        let name = &fetch.collection.name;
        self.definitions
            .get(name)
            .ok_or_else(|| self.fault(ErrorKind::Mismatch, &format!("there is no collection {name}")))
    }

    fn choice(&self, definition: &Definition, fetch: &Fetch) -> Result<Choice> {
        Choice::of(definition, fetch).map_err(|Refusal::Needs(columns)| {
            let columns = columns.iter().map(|column| format!("`{column}`")).collect::<Vec<_>>().join(" and ");
            let advice = format!("`{}` cannot be read without `_eq` or a key on {columns}", definition.name);
            self.fault(ErrorKind::Rejected, &advice).advising(advice)
        })
    }

    async fn fetch_now(&self, fetch: &BoundFetch, context: &FetchContext) -> Result<RowStream> {
        let plan = fetch.fetch();
        let choice = fetch.prepared.parts::<Choice>(self, &self.source)?;
        let definition = self.definition(plan)?;
        let targets = |choice: &Choice| {
            let targets = choice.targets(definition, fetch);
            targets.ok_or_else(|| self.fault(ErrorKind::Rejected, "a value that no path can hold"))
        };
        let (mut choice, mut asked) = ((*choice).clone(), targets(&choice)?);
        while asked.len() > REQUESTS {
            let Some(wider) = choice.widened(definition, plan) else {
                let advice = format!("{} requests would be needed, more than {REQUESTS}", asked.len());
                return Err(self.fault(ErrorKind::TooCostly, &advice).advising(advice));
            };
            (asked, choice) = (targets(&wider)?, wider);
        }
        let targets = asked;
        let wanted = if targets.len() == 1 { wanted(definition, fetch) } else { None };
        let met = AtomicUsize::new(0);
        let count = |batch: &RecordBatch| wanted.is_some_and(|wanted| count(definition, fetch, batch, &met) >= wanted);
        let reading = Reading {
            client: &self.client,
            definition,
            one: choice.one,
            requests: &self.requests,
            deadline: context.deadline,
            most: self.fetch_rows,
            so_far: AtomicUsize::new(0),
            enough: wanted.is_some().then_some(&count),
        };
        let decoded = reading.read(&targets, self.at_once).await?;
        if wanted.is_some() && !self.is_ordered(definition, &decoded)? {
            return Err(self.fault(ErrorKind::Mismatch, "rows that are not ordered as `ordered` says"));
        }
        let table = Table {
            collection: Arc::new(definition.describe()),
            rows: decoded.batch,
            bad_cells: decoded.faults.iter().map(|fault| (fault.column, fault.row)).collect(),
        };
        let table = Arc::new(table);
        let find = |_: &Collection| Ok(table.clone());
        let pieces = Reader::new(&self.source, (KEYS, BATCH), &find, fetch).rows()?;
        Ok(stream::iter(pieces).boxed())
    }

    /// Whether rows stand in the order that the definition promises.
    fn is_ordered(&self, definition: &Definition, decoded: &Rows) -> Result<bool> {
        let terms = definition.ordered.iter().filter_map(|name| {
            let values = decoded.batch.column_by_name(name)?.clone();
            let scalar = definition.column(name)?.scalar;
            Some(Term { values, scalar, descending: false, nulls_first: false })
        });
        let sorted = sort(&terms.collect::<Vec<_>>(), decoded.batch.num_rows())
            .map_err(|cause| cause.at_source(self.source.clone(), "reading rows"))?;
        Ok(sorted.values().iter().zip(0..).all(|(row, at)| *row == at))
    }

    fn fault(&self, kind: ErrorKind, context: &str) -> Error {
        Error::new(kind, self.source.clone(), context)
    }
}

/// How many rows are enough, if the first ones that meet the filter are the ones asked for.
fn wanted(definition: &Definition, fetch: &BoundFetch) -> Option<usize> {
    let plan = fetch.fetch();
    let ordered = plan.order.len() <= definition.ordered.len()
        || !definition.key.is_empty() && definition.key.iter().all(|column| definition.ordered.contains(column));
    let same = plan.order.iter().zip(&definition.ordered).all(|(order, column)| {
        let field = match order.target {
            OrderTarget::Field(field) => plan.collection.fields.get(field),
            _ => None,
        };
        order.path.is_empty() && !order.descending && field.is_some_and(|field| field.name == *column)
    });
    if !ordered || !same || plan.keys.is_some() || plan.group.is_some() || !plan.distinct.is_empty() {
        return None;
    }
    let number = |operand: usize| match fetch.operands.get(operand) {
        Some(Operand::Value(Value::Integer(number))) => usize::try_from(*number).ok(),
        _ => None,
    };
    let offset = plan.offset.map_or(Some(0), number)?;
    plan.limit.and_then(number)?.checked_add(offset)
}

/// How many rows met the filter, those of another page added.
fn count(definition: &Definition, fetch: &BoundFetch, batch: &RecordBatch, met: &AtomicUsize) -> usize {
    use std::sync::atomic::Ordering::Relaxed;
    let plan = fetch.fetch();
    let (fields, positions): (Vec<FieldId>, Vec<usize>) = shared(definition, &plan.collection).into_iter().unzip();
    let Ok(batch) = batch.project(&positions) else { return 0 };
    match filter(&plan.predicate, &plan.collection, &fields, &batch, &fetch.operands) {
        Ok(mask) => {
            let true_here = (0..mask.len()).filter(|row| mask.is_valid(*row) && mask.value(*row)).count();
            met.fetch_add(true_here, Relaxed) + true_here
        }
        // What cannot be judged early is judged when everything is here.
        Err(_) => 0,
    }
}

/// Fields of a description, which may be older, with the columns of the definition that they are.
fn shared(definition: &Definition, collection: &Collection) -> Vec<(FieldId, usize)> {
    let fields = collection.fields.iter().enumerate();
    let shared = fields.filter_map(|(field, described)| {
        let is_same = |column: &definition::Column| column.name == described.name && column.scalar == described.scalar;
        Some((field, definition.columns.iter().position(is_same)?))
    });
    shared.collect()
}

impl Connector for Service {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            exists: false,
            order_links: false,
            group_links: false,
            link_aggregates: false,
            keys: KEYS,
            ..Capabilities::ALL
        }
    }

    fn describe(&self) -> BoxFuture<'_, Result<SourceDescription>> {
        let columns = self.definitions.values().flat_map(|definition| &definition.columns);
        let mut enumerations: Vec<_> = columns.filter_map(|column| column.enumeration.clone()).collect();
        enumerations.sort_by(|one, other| one.name.cmp(&other.name));
        let collections = self.definitions.values().map(Definition::describe).collect();
        let description = SourceDescription { collections, enumerations, warnings: self.warnings.clone() };
        futures::future::ready(Ok(description)).boxed()
    }

    fn explain(&self, fetch: &Fetch) -> Result<Native> {
        let definition = self.definition(fetch)?;
        let choice = self.choice(definition, fetch)?;
        let text = format!("{}; here: {}", choice.shown(definition), tables::text(fetch));
        Ok(Native { text, parts: Arc::new(choice) })
    }

    fn fetch<'a>(&'a self, fetch: &'a BoundFetch, context: &'a FetchContext) -> BoxFuture<'a, Result<RowStream>> {
        self.fetch_now(fetch, context).boxed()
    }

    fn orders_exactly(&self, _: &Field) -> bool {
        true
    }

    fn ping(&self) -> BoxFuture<'_, Result<()>> {
        async move {
            // Whether something lies at the bare address is open; an answer of any kind will do.
            let mut request = Request::get("");
            request.accepted.extend((400..500).filter_map(|status| StatusCode::from_u16(status).ok()));
            self.client.send(&request, Instant::now() + PATIENCE).await.map(|_| ())
        }
        .boxed()
    }
}
