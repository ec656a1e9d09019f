//! From a fetch to the requests of `/query`.
//!
//! In: a fetch. Out: [`Parts`], the request without values; bound, its JSON. *Invariant*: a condition is sent only where the
//! data connector's operator finds at least what is asked for; a limit only where it cuts the very rows that are to go, and
//! rows are folded there only where they are the very rows.

use arrow_schema::SchemaRef;
use lilong_schema::collection::FieldId;
use lilong_schema::{Field, Scalar};
use serde_json::{Map, Value as Json, json};

use super::fold::{Folding, folding};
use super::schema::{EQUAL, GREATER, GREATER_OR_EQUAL, LESS, LESS_OR_EQUAL, ONE_OF, TEXT, VARIABLES};
use crate::json_cells::{Decoder, has_one_form, has_one_order};
use crate::rows::columns_schema;
use crate::tables::needed;
use crate::{Comparison, Fetch, OperandId, Order, OrderTarget, Predicate};

/// A fetch as it is asked for.
#[derive(Debug)]
pub(super) struct Parts {
    /// The fields that are read.
    pub(super) fields: Vec<FieldId>,
    /// Their columns.
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
    collection: String,
    order: Vec<Json>,
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

/// A column that is compared.
#[derive(Clone, Debug)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) operator: String,
    pub(super) text: bool,
    pub(super) scalar: Scalar,
}

/// A condition that is sent.
#[derive(Debug)]
pub(super) enum Condition {
    And(Vec<Condition>),
    Or(Vec<Condition>),
    Not(Box<Condition>),
    IsNull(String),
    Compare(Column, OperandId),
    /// It compares otherwise, and is something: nobody says whether what is not found includes nulls. But of an empty list
    /// everything differs.
    Differ(Column, OperandId),
}

/// The parts of a fetch.
pub(super) fn parts(fetch: &Fetch) -> Parts {
    let collection = &*fetch.collection;
    let fields = needed(fetch);
    let (condition, exact) = sent(fetch, &fetch.predicate, false);
    let keys = keys(fetch);
    let selection = fields.iter().map(|field| {
        let name = &collection.fields[*field].name;
        (name.clone(), json!({"type": "column", "column": name}))
    });
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
    let order = fetch.order.iter().filter(|_| cuts || folds_some).filter_map(|order| match order.target {
        OrderTarget::Field(field) => Some(json!({
            "order_direction": if order.descending { "desc" } else { "asc" },
            "target": {"type": "column", "name": collection.fields[field].name, "path": []},
        })),
        OrderTarget::RowId | OrderTarget::Aggregate(_) => None,
    });
    Parts {
        schema: columns_schema(collection, &fields),
        decoders: fields.iter().map(|field| Decoder::of(&collection.fields[*field])).collect(),
        collection: collection.name.clone(),
        rows: Map::from_iter([("fields".to_owned(), Json::Object(selection.collect()))]),
        order: order.collect(),
        fields,
        condition,
        keys,
        cuts,
        folding,
    }
}

/// The part of a predicate, or of what turns it around, that is sent, and whether it is all of it.
fn sent(fetch: &Fetch, predicate: &Predicate, negated: bool) -> (Option<Condition>, bool) {
    let condition = match predicate {
        Predicate::Not(part) => return sent(fetch, part, !negated),
        Predicate::And(parts) | Predicate::Or(parts) => {
            let (found, exact): (Vec<_>, Vec<bool>) = parts.iter().map(|part| sent(fetch, part, negated)).unzip();
            let exact = exact.into_iter().all(|exact| exact);
            // Not all hold where one does not.
            if matches!(predicate, Predicate::And(_)) != negated {
                let found: Vec<Condition> = found.into_iter().flatten().collect();
                return ((!found.is_empty()).then_some(Condition::And(found)), exact);
            }
            return (found.into_iter().collect::<Option<Vec<_>>>().map(Condition::Or), exact);
        }
        Predicate::IsNull(field) => {
            let null = Condition::IsNull(fetch.collection.fields[*field].name.clone());
            Some(if negated { null.turned() } else { null })
        }
        Predicate::Compare { field, comparison, operand } => {
            compared(&fetch.collection.fields[*field], *comparison, *operand, negated)
        }
        Predicate::KeyIn { fields, normalize, operand } if normalize.is_empty() => match fields.as_slice() {
            [field] => column(&fetch.collection.fields[*field], ONE_OF).map(|column| {
                let null = Condition::IsNull(column.name.clone());
                let found = Condition::Compare(column, *operand);
                if negated { Condition::Or(vec![found.turned(), null]) } else { found }
            }),
            _ => None,
        },
        _ => None,
    };
    let exact = condition.is_some();
    (condition, exact)
}

/// A field that compares with an operand, or does not though there is something in it.
fn compared(field: &Field, comparison: Comparison, operand: OperandId, negated: bool) -> Option<Condition> {
    let (operator, turned) = match comparison {
        Comparison::Equal => (EQUAL, false),
        Comparison::NotEqual => (EQUAL, true),
        Comparison::In => (ONE_OF, false),
        Comparison::NotIn => (ONE_OF, true),
        Comparison::Less => (LESS, false),
        Comparison::LessOrEqual => (LESS_OR_EQUAL, false),
        Comparison::Greater => (GREATER, false),
        Comparison::GreaterOrEqual => (GREATER_OR_EQUAL, false),
        _ => return None,
    };
    let column = column(field, operator)?;
    Some(if turned == negated { Condition::Compare(column, operand) } else { Condition::Differ(column, operand) })
}

/// A column compared by an operator, if its values have one form only: equality is that of JSON there.
pub(super) fn column(field: &Field, operator: &str) -> Option<Column> {
    let is_equality = [EQUAL, ONE_OF].contains(&operator);
    if !(if is_equality { has_one_form(field.scalar) } else { has_one_order(field.scalar) }) {
        return None;
    }
    Some(Column {
        name: field.name.clone(),
        operator: field.details.get(operator)?.clone(),
        text: field.details.contains_key(TEXT),
        scalar: field.scalar,
    })
}

fn keys(fetch: &Fetch) -> Keys {
    let Some(set) = fetch.keys.as_ref().filter(|set| set.normalize.is_empty()) else { return Keys::None };
    let collection = &*fetch.collection;
    let compared = |operator: &str| {
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
    let OrderTarget::Field(field) = order.target else { return false };
    let field = &fetch.collection.fields[field];
    order.path.is_empty() && field.holds_no_null() && has_one_order(field.scalar)
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
            "collection_relationships": {},
        });
        if let (Some(variables), Json::Object(request)) = (variables, &mut request) {
            request.insert("variables".to_owned(), Json::Array(variables));
        }
        request
    }

    /// The request for people, with `?` for every value.
    pub(super) fn text(&self) -> String {
        let value = |_: &Column, _: OperandId| Some(json!("?"));
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

impl Condition {
    fn turned(self) -> Condition {
        Condition::Not(Box::new(self))
    }

    /// The condition with its values; `None`: one of them cannot be sent.
    pub(super) fn json(&self, value: &dyn Fn(&Column, OperandId) -> Option<Json>) -> Option<Json> {
        Some(match self {
            Condition::And(parts) => json!({"type": "and", "expressions": list(parts, value)?}),
            Condition::Or(parts) => json!({"type": "or", "expressions": list(parts, value)?}),
            Condition::Not(part) => not(&part.json(value)?),
            Condition::IsNull(name) => is_null(name),
            Condition::Compare(column, operand) => {
                compare(column, &json!({"type": "scalar", "value": value(column, *operand)?}))
            }
            Condition::Differ(column, operand) => {
                let value = value(column, *operand)?;
                if value.as_array().is_some_and(Vec::is_empty) {
                    return Some(json!({"type": "and", "expressions": []}));
                }
                let found = compare(column, &json!({"type": "scalar", "value": value}));
                json!({"type": "and", "expressions": [not(&is_null(&column.name)), not(&found)]})
            }
        })
    }
}

fn list(parts: &[Condition], value: &dyn Fn(&Column, OperandId) -> Option<Json>) -> Option<Vec<Json>> {
    parts.iter().map(|part| part.json(value)).collect()
}

fn not(part: &Json) -> Json {
    json!({"type": "not", "expression": part})
}

fn is_null(name: &str) -> Json {
    json!({"type": "unary_comparison_operator", "column": {"type": "column", "name": name}, "operator": "is_null"})
}

/// A column compared with a value.
pub(super) fn compare(column: &Column, value: &Json) -> Json {
    json!({
        "type": "binary_comparison_operator",
        "column": {"type": "column", "name": column.name},
        "operator": column.operator,
        "value": value,
    })
}

/// Each column of the keys equals its variable, `k0`, `k1` ….
pub(super) fn by_variables(columns: &[Column]) -> Vec<Json> {
    let equal =
        |(at, column): (usize, &Column)| compare(column, &json!({"type": "variable", "name": format!("k{at}")}));
    columns.iter().enumerate().map(equal).collect()
}

/// All of some conditions.
pub(super) fn all(mut conditions: Vec<Json>) -> Option<Json> {
    if conditions.len() > 1 { Some(json!({"type": "and", "expressions": conditions})) } else { conditions.pop() }
}
