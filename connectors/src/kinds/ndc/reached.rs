//! What orders and tests reach from a row through relationships, and how it comes with the row.
//!
//! In: paths of object links, with a column or a count of linked rows at their end. Out: the fetch as it is worked out here,
//! with a column more for each of them, and the terms of orders that are sent. *Invariant*: a path leads to one row at most,
//! by a key of what it leads to; where it leads nowhere there is null, whatever the data connector counts there.

use std::sync::Arc;

use lilong_schema::collection::FieldId;
use lilong_schema::{Collection, Field};
use serde_json::{Map, Value as Json, json};

use super::condition::{column_of_counts, sent};
use super::links::{Relationships, count, end, goes_through, present, values_of};
use super::schema::{AGGREGATES, EQUAL, GREATER, GREATER_OR_EQUAL, LESS, LESS_OR_EQUAL, ONE_OF, ORDERS_BY_AGGREGATES};
use crate::json_cells::{Untold, has_one_order};
use crate::{Fetch, Hop, LinkedAggregate, Order, OrderTarget, Predicate, Test};

/// The name of what is asked for of a related row, or of related rows.
const VALUE: &str = "value";

/// A fetch as it is worked out here.
pub(super) struct Widened {
    /// It orders by fields of its own, and tests them; they follow those of the collection.
    pub(super) fetch: Fetch,
    /// What these fields are.
    pub(super) reached: Vec<Reached>,
}

/// What comes with each row from beyond links.
#[derive(Clone, Debug)]
pub(super) struct Reached {
    name: String,
    /// How many rows, one inside the other, lead there.
    steps: usize,
    counts: bool,
    /// What a query asks for.
    selection: Json,
}

/// Whether the data connector orders by what a path of links leads to, exactly as it is ordered here, also where it leads
/// nowhere.
pub(super) fn orders(from: &Collection, path: &[Hop], target: &OrderTarget) -> bool {
    let Some(last) = end(from, path) else { return false };
    let can = [AGGREGATES, ORDERS_BY_AGGREGATES].iter().all(|detail| from.details.contains_key(*detail));
    can && match target {
        OrderTarget::Field(field) => last.fields.get(*field).is_some_and(|field| has_one_order(field.scalar)),
        OrderTarget::RowId => false,
        OrderTarget::Aggregate(linked) => linked.predicate.is_true() && count(last, linked).is_some(),
    }
}

/// The same, and tells rows apart by it too where it is a count.
pub(super) fn reaches(from: &Collection, path: &[Hop], target: &OrderTarget) -> bool {
    let compares = || {
        [EQUAL, ONE_OF, LESS, LESS_OR_EQUAL, GREATER, GREATER_OR_EQUAL]
            .into_iter()
            .all(|operator| column_of_counts(from, operator).is_some())
    };
    orders(from, path, target) && (!matches!(target, OrderTarget::Aggregate(_)) || compares())
}

/// The steps of a path, as orders and comparisons name them.
pub(super) fn steps(from: &Collection, path: &[Hop], relationships: &mut Relationships) -> Vec<Json> {
    let mut from = from;
    let mut steps = Vec::new();
    for hop in path {
        steps.push(json!({
            "relationship": relationships.of(from, &hop.collection, &hop.on, true),
            "arguments": {},
            "predicate": present(from, &hop.collection, &hop.on),
        }));
        from = &hop.collection;
    }
    steps
}

/// The last step, to linked rows that are counted.
fn counted(from: &Collection, linked: &LinkedAggregate, relationships: &mut Relationships) -> Json {
    json!({
        "relationship": relationships.of(from, &linked.collection, &linked.on, false),
        "arguments": {},
        "predicate": present(from, &linked.collection, &linked.on),
    })
}

/// The elements that a term of an order becomes: which of nothing and something comes first, then the value.
pub(super) fn elements(from: &Collection, order: &Order, relationships: &mut Relationships) -> Option<Vec<Json>> {
    let last = end(from, &order.path)?;
    let element = |descending: bool, target: Json| json!({"order_direction": if descending { "desc" } else { "asc" }, "target": target});
    let aggregate = |of: Json, path: &[Json]| json!({"type": "aggregate", "aggregate": of, "path": path});
    let mut path = steps(from, &order.path, relationships);
    let mut elements = Vec::new();
    match &order.target {
        OrderTarget::Field(field) if path.is_empty() => {
            let name = &last.fields[*field].name;
            elements.push(element(order.descending, json!({"type": "column", "name": name, "path": []})));
        }
        OrderTarget::Field(field) => {
            let field = &last.fields[*field];
            // Of one row the values are counted: none or one.
            elements.push(element(!order.nulls_first, aggregate(values_of(field), &path)));
            elements.push(element(order.descending, json!({"type": "column", "name": field.name, "path": path})));
        }
        OrderTarget::Aggregate(linked) => {
            let count = count(last, linked)?;
            if !path.is_empty() {
                elements.push(element(!order.nulls_first, aggregate(json!({"type": "star_count"}), &path)));
            }
            path.push(counted(last, linked, relationships));
            elements.push(element(order.descending, aggregate(count, &path)));
        }
        OrderTarget::RowId => return None,
    }
    Some(elements)
}

/// The fetch as it is worked out here; `None`: as it is. Conditions through links that the data connector finds the very rows
/// by are left out.
pub(super) fn widened(fetch: &Fetch, relationships: &mut Relationships) -> Option<Widened> {
    if !goes_through(&fetch.predicate) && fetch.order.iter().all(is_own) {
        return None;
    }
    let mut widening = Widening {
        collection: &fetch.collection,
        relationships,
        terms: Vec::new(),
        reached: Vec::new(),
        fields: Vec::new(),
    };
    let predicate = widening.left(&fetch.predicate);
    let order = fetch.order.iter().map(|order| match widening.field(&order.path, &order.target) {
        Some(field) => Order { path: Vec::new(), target: OrderTarget::Field(field), ..*order },
        None => order.clone(),
    });
    let order = order.collect();
    let Widening { reached, fields, .. } = widening;
    let mut collection = Collection::clone(&fetch.collection);
    collection.fields.extend(fields);
    Some(Widened { fetch: Fetch { collection: Arc::new(collection), predicate, order, ..fetch.clone() }, reached })
}

/// Whether a term compares what is in the row.
pub(super) fn is_own(order: &Order) -> bool {
    order.path.is_empty() && !matches!(order.target, OrderTarget::Aggregate(_))
}

struct Widening<'a> {
    collection: &'a Collection,
    relationships: &'a mut Relationships,
    terms: Vec<(Vec<Hop>, OrderTarget)>,
    reached: Vec<Reached>,
    fields: Vec<Field>,
}

impl Widening<'_> {
    /// What is left to be checked of a condition.
    fn left(&mut self, predicate: &Predicate) -> Predicate {
        match predicate {
            Predicate::And(parts) => parts.iter().fold(Predicate::TRUE, |all, part| all.and(self.left(part))),
            part if goes_through(part) && sent(self.collection, part, false, &mut Relationships::default()).1 => {
                Predicate::TRUE
            }
            part => self.over_fields(part),
        }
    }

    /// The same condition over fields; what cannot be so stays, and is refused when it is worked out.
    fn over_fields(&mut self, predicate: &Predicate) -> Predicate {
        match predicate {
            Predicate::And(parts) => Predicate::And(parts.iter().map(|part| self.over_fields(part)).collect()),
            Predicate::Or(parts) => Predicate::Or(parts.iter().map(|part| self.over_fields(part)).collect()),
            Predicate::Not(part) => Predicate::Not(Box::new(self.over_fields(part))),
            Predicate::Reached { path, target, test } => match (self.field(path, target), *test) {
                (Some(field), Test::Compare { comparison, operand }) => {
                    Predicate::Compare { field, comparison, operand }
                }
                (Some(field), Test::IsNull) => Predicate::IsNull(field),
                (None, _) => predicate.clone(),
            },
            own => own.clone(),
        }
    }

    /// The field of what is reached; one more if it is the first time.
    fn field(&mut self, path: &[Hop], target: &OrderTarget) -> Option<FieldId> {
        if let (OrderTarget::Field(field), []) = (target, path) {
            return Some(*field);
        }
        let at = self.terms.iter().position(|known| known.0 == path && known.1 == *target);
        if let Some(at) = at {
            return Some(self.collection.fields.len() + at);
        }
        let (last, mut name) = (end(self.collection, path)?, format!("reached{}", self.terms.len()));
        while self.collection.field_id(&name).is_some() {
            name.push('_');
        }
        let (counts, leaf) = match target {
            OrderTarget::Field(field) => (false, json!({"type": "column", "column": last.fields[*field].name})),
            OrderTarget::Aggregate(linked)
                if linked.predicate.is_true() && self.collection.details.contains_key(AGGREGATES) =>
            {
                let aggregates = json!({"aggregates": {VALUE: count(last, linked)?}});
                (true, self.related(last, &linked.collection, &linked.on, false, aggregates))
            }
            OrderTarget::Aggregate(_) | OrderTarget::RowId => return None,
        };
        let mut selection = leaf;
        for (at, hop) in path.iter().enumerate().rev() {
            let from = at.checked_sub(1).map_or(self.collection, |before| &*path[before].collection);
            selection = self.related(from, &hop.collection, &hop.on, true, json!({"fields": {VALUE: selection}}));
        }
        let order = Order { path: path.to_vec(), target: target.clone(), descending: false, nulls_first: false };
        self.fields.push(order.describe(self.collection, name.clone()));
        self.reached.push(Reached { name, steps: path.len(), counts, selection });
        self.terms.push((path.to_vec(), target.clone()));
        Some(self.collection.fields.len() + self.terms.len() - 1)
    }

    /// A query of related rows.
    fn related(
        &mut self,
        from: &Collection,
        to: &Collection,
        on: &[(FieldId, FieldId)],
        to_one: bool,
        mut query: Json,
    ) -> Json {
        query["predicate"] = present(from, to, on);
        let relationship = self.relationships.of(from, to, on, to_one);
        json!({"type": "relationship", "relationship": relationship, "arguments": {}, "query": query})
    }
}

impl Reached {
    /// What a query asks for, under its name.
    pub(super) fn selection(&self) -> (String, Json) {
        (self.name.clone(), self.selection.clone())
    }

    /// The value that came with a row.
    pub(super) fn of<'a>(&self, row: &'a Map<String, Json>) -> Result<Option<&'a Json>, Untold> {
        let mut value = row.get(&self.name).ok_or(Untold)?;
        for _ in 0..self.steps {
            value = match value.get("rows").and_then(Json::as_array).ok_or(Untold)?.as_slice() {
                [] => return Ok(None),
                [row] => row.get(VALUE).ok_or(Untold)?,
                _ => return Err(Untold),
            };
        }
        if self.counts {
            value = value
                .get("aggregates")
                .and_then(|all| all.get(VALUE))
                .filter(|count| !count.is_null())
                .ok_or(Untold)?;
        }
        Ok(Some(value))
    }
}
