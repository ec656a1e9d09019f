//! From a fetch to the requests of `/query`.
//!
//! In: a fetch. Out: [`Parts`], the request without values; bound, its JSON. *Invariant*: a condition is sent only where the
//! data connector's operator finds at least what is asked for; a limit only where it cuts the very rows that are to go, and
//! rows are folded there only where they are the very rows.

use std::sync::Arc;

use arrow_schema::SchemaRef;
use lilong_schema::collection::FieldId;
use serde_json::{Map, Value as Json, json};

use super::column::{Column, Told, column, compare};
use super::condition::{Condition, all, by_variables, sent};
use super::fold::{Folding, folding};
use super::links::Relationships;
use super::reached::{Reached, elements, is_own, orders, widened};
use super::schema::{EQUAL, ONE_OF, VARIABLES};
use crate::json_cells::{Decoder, Untold, has_one_order};
use crate::rows::columns_schema;
use crate::tables::needed;
use crate::{Fetch, OperandId, Order, OrderTarget, Prepared};

/// A fetch as it is asked for.
#[derive(Debug)]
pub(super) struct Parts {
    /// What is read of each row.
    pub(super) cells: Vec<Cell>,
    /// Its columns.
    pub(super) schema: SchemaRef,
    pub(super) decoders: Vec<Decoder>,
    /// What is sent of the conditions.
    pub(super) condition: Option<Condition>,
    pub(super) keys: Keys,
    /// Whether rows are cut there, after they were ordered so.
    pub(super) cuts: bool,
    /// How they are folded there; `None`: rows are asked for.
    pub(super) folding: Option<Folding>,
    /// What a query asks for instead of groups.
    pub(super) rows: Map<String, Json>,
    /// The fetch as it is worked out here, if that is another.
    pub(super) widened: Option<Arc<Prepared>>,
    collection: String,
    order: Vec<Json>,
    relationships: Json,
}

/// What is read of a row for one column.
#[derive(Debug)]
pub(super) enum Cell {
    /// A column of its own.
    Own(String),
    /// What comes from beyond links.
    Reached(Reached),
}

impl Cell {
    fn selection(&self) -> (String, Json) {
        match self {
            Cell::Own(name) => (name.clone(), json!({"type": "column", "column": name})),
            Cell::Reached(reached) => reached.selection(),
        }
    }

    /// The value in a row.
    pub(super) fn of<'a>(&self, row: &'a Map<String, Json>) -> Result<Option<&'a Json>, Untold> {
        match self {
            Cell::Own(name) => row.get(name).map(Some).ok_or(Untold),
            Cell::Reached(reached) => reached.of(row),
        }
    }
}

/// How rows are found by key.
#[derive(Debug)]
pub(super) enum Keys {
    /// They are not, or all rows are read for it.
    None,
    /// A set of variables for each key, compared by these operators.
    Variables(Vec<Column>),
    /// One list of all keys.
    List(Column),
}

/// The parts of a fetch.
pub(super) fn parts(fetch: &Fetch) -> Parts {
    let collection = &*fetch.collection;
    let mut relationships = Relationships::default();
    let (condition, exact) = sent(collection, &fetch.predicate, false, &mut relationships);
    let keys = keys(fetch);
    let widened = widened(fetch, &mut relationships);
    let read = widened.as_ref().map_or(fetch, |widened| &widened.fetch);
    let fields = needed(read);
    let cell = |field: &FieldId| match (&widened, field.checked_sub(collection.fields.len())) {
        (Some(widened), Some(beyond)) => Cell::Reached(widened.reached[beyond].clone()),
        _ => Cell::Own(collection.fields[*field].name.clone()),
    };
    let cells: Vec<Cell> = fields.iter().map(cell).collect();
    let selection = cells.iter().map(Cell::selection);
    let ordered = fetch.order.iter().all(|order| orders_alike(fetch, order));
    let whole = fetch.distinct.is_empty() && fetch.group.is_none() && exact && ordered;
    let cuts = whole
        && match &keys {
            Keys::None => fetch.keys.is_none(),
            // Each set of variables has rows of its own.
            Keys::Variables(_) => true,
            Keys::List(_) => false,
        };
    let folding = folding(fetch, &keys, exact, ordered);
    let folds_some = folding.as_ref().is_some_and(|folding| folding.limit.is_some() || folding.offset.is_some());
    let terms = fetch.order.iter().filter(|_| cuts || folds_some);
    let order = terms.filter_map(|order| elements(collection, order, &mut relationships)).flatten().collect();
    Parts {
        schema: columns_schema(&read.collection, &fields),
        decoders: fields.iter().map(|field| Decoder::of(&read.collection.fields[*field])).collect(),
        collection: collection.name.clone(),
        rows: Map::from_iter([("fields".to_owned(), Json::Object(selection.collect()))]),
        order,
        cells,
        condition,
        keys,
        cuts,
        folding,
        widened: widened.map(|widened| Arc::new(Prepared::new(widened.fetch))),
        relationships: relationships.json(),
    }
}

fn keys(fetch: &Fetch) -> Keys {
    let Some(set) = fetch.keys.as_ref().filter(|set| set.normalize.is_empty()) else { return Keys::None };
    let collection = &*fetch.collection;
    let compared = |operator: &'static str| {
        set.columns.iter().map(|field| column(&collection.fields[*field], operator)).collect::<Option<Vec<_>>>()
    };
    if collection.details.contains_key(VARIABLES)
        && let Some(columns) = compared(EQUAL)
    {
        return Keys::Variables(columns);
    }
    match compared(ONE_OF) {
        Some(mut columns) if columns.len() == 1 => columns.pop().map_or(Keys::None, Keys::List),
        _ => Keys::None,
    }
}

/// Whether the data connector orders by a term as it is asked: nothing is null there, and there is one order of it.
fn orders_alike(fetch: &Fetch, order: &Order) -> bool {
    match order.target {
        _ if !is_own(order) => orders(&fetch.collection, &order.path, &order.target),
        OrderTarget::Field(field) => {
            let field = &fetch.collection.fields[field];
            field.holds_no_null() && has_one_order(field.scalar)
        }
        OrderTarget::RowId | OrderTarget::Aggregate(_) => false,
    }
}

impl Parts {
    /// The request with its values: what is asked for, with its limits, a condition, those of the keys included, sets of
    /// variables.
    pub(super) fn request(
        &self,
        query: &Map<String, Json>,
        condition: Option<Json>,
        variables: Option<Vec<Json>>,
    ) -> Json {
        let mut query = query.clone();
        if let Some(condition) = condition {
            query.insert("predicate".to_owned(), condition);
        }
        if !self.order.is_empty() {
            query.insert("order_by".to_owned(), json!({"elements": self.order}));
        }
        let mut request = json!({
            "collection": self.collection,
            "query": query,
            "arguments": {},
            "collection_relationships": self.relationships,
        });
        if let (Some(variables), Json::Object(request)) = (variables, &mut request) {
            request.insert("variables".to_owned(), Json::Array(variables));
        }
        request
    }

    /// The request for people, with `?` for every value.
    pub(super) fn text(&self) -> String {
        let value = |_: &Column, _: OperandId, _: usize| Some(Told::Value(json!("?")));
        let mut conditions: Vec<Json> =
            self.condition.as_ref().and_then(|condition| condition.json(&value)).into_iter().collect();
        let mut variables = None;
        match &self.keys {
            Keys::None => {}
            Keys::Variables(columns) => {
                conditions.extend(by_variables(columns));
                variables = Some(vec![json!("?")]);
            }
            Keys::List(column) => conditions.push(compare(column, &json!({"type": "scalar", "value": "?"}))),
        }
        let folds_some = |folding: &Folding| folding.limit.is_some() || folding.offset.is_some();
        let cuts = self.cuts || self.folding.as_ref().is_some_and(folds_some);
        let cut = if cuts { " # cut there" } else { "" };
        let query = self.folding.as_ref().map_or(&self.rows, |folding| &folding.query);
        self.request(query, all(conditions), variables).to_string() + cut
    }
}
