//! Figures and groups that the data connector works out by itself.
//!
//! In: a fetch of groups. Out: what a query asks for instead of rows, and the answer's rows from what it gives. *Invariant*:
//! only what the specification defines as what is asked for is left to the data connector; where values were counted, a
//! figure that is null is a fault.

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use lilong_schema::collection::FieldId;
use serde_json::{Map, Value as Json, json};

use super::column::{Column, column};
use super::request::Keys;
use super::schema::{AGGREGATES, AVERAGE, EQUAL, GROUPS, MAXIMUM, MINIMUM, SUM};
use crate::evaluate::{self, FoldColumn, KeyIndex};
use crate::json_cells::{Decoder, Filling, Untold};
use crate::{Fetch, Function, Group, OperandId};

/// The aggregate that counts the rows of a key.
const ROWS: &str = "rows";

/// A fetch of groups as it is asked for.
#[derive(Debug)]
pub(super) struct Folding {
    /// The answer's columns: those of keys and of groups, then a figure for each aggregate.
    pub(super) schema: SchemaRef,
    /// Of each key, or of all rows, only so many are folded.
    pub(super) limit: Option<OperandId>,
    pub(super) offset: Option<OperandId>,
    /// What is asked for.
    pub(super) query: Map<String, Json>,
    decoders: Vec<Decoder>,
    /// Columns that the data connector groups by; 0: it is asked for one group.
    dimensions: usize,
    figures: Vec<Figure>,
}

/// How the value of an aggregate is told; its name is `a` and its number.
#[derive(Debug)]
enum Figure {
    Count,
    /// Of no values it is null, whatever is told: `c` and its number says how many there are.
    OfValues,
}

/// How the data connector folds the rows of a fetch; `exact`: it finds the very rows, `ordered`: it orders them as asked.
/// `None`: it does not.
pub(super) fn folding(fetch: &Fetch, keys: &Keys, exact: bool, ordered: bool) -> Option<Folding> {
    let group = fetch.group.as_ref()?;
    let collection = &*fetch.collection;
    collection.details.get(AGGREGATES)?;
    let (limit, offset) = fetch.keys.as_ref().map_or((fetch.limit, fetch.offset), |set| (set.limit, set.offset));
    let cuts = limit.is_some() || offset.is_some();
    let loose = fetch.keys.is_some() && fetch.limit.is_some();
    if !exact || !fetch.distinct.is_empty() || cuts && !ordered || loose {
        return None;
    }
    let listed: &[FieldId] = match (&fetch.keys, keys) {
        (None, _) | (Some(_), Keys::Variables(_)) => &[],
        (Some(set), Keys::List(_)) if !cuts => &set.columns,
        _ => return None,
    };
    let by = group.by.iter().map(|key| key.path.is_empty().then_some(key.field));
    let fields = listed.iter().map(|field| Some(*field)).chain(by).collect::<Option<Vec<FieldId>>>()?;
    // What has an operator for equality is told apart exactly, says the specification.
    let told_apart = |field: &FieldId| column(&collection.fields[*field], EQUAL);
    let dimensions = fields.iter().map(told_apart).collect::<Option<Vec<_>>>()?;
    if !dimensions.is_empty() && !collection.details.contains_key(GROUPS) {
        return None;
    }
    let (mut aggregates, figures) = figures(fetch, group)?;
    let mut query = Map::new();
    if dimensions.is_empty() {
        if fetch.keys.is_some() {
            aggregates.insert(ROWS.to_owned(), json!({"type": "star_count"}));
        }
        query.insert("aggregates".to_owned(), Json::Object(aggregates));
    } else {
        let named = |column: &Column| json!({"type": "column", "column_name": column.name, "path": []});
        let by: Vec<Json> = dimensions.iter().map(named).collect();
        query.insert("groups".to_owned(), json!({"dimensions": by, "aggregates": aggregates}));
    }
    let decoders = fetch.answer().iter().map(|field| Decoder::of(field)).collect();
    let dimensions = dimensions.len();
    Some(Folding { schema: fetch.schema(), limit, offset, query, decoders, dimensions, figures })
}

/// What is asked for of each group; `None`: not all of it is there.
fn figures(fetch: &Fetch, group: &Group) -> Option<(Map<String, Json>, Vec<Figure>)> {
    let mut asked = Map::new();
    let mut figures = Vec::with_capacity(group.aggregates.len());
    for (at, aggregate) in group.aggregates.iter().enumerate() {
        let fields: Vec<_> = aggregate.fields.iter().map(|field| &fetch.collection.fields[*field]).collect();
        let count = |name: &str, distinct: bool| json!({"type": "column_count", "column": name, "distinct": distinct});
        let (figure, of) = match (aggregate.function, fields.as_slice()) {
            (Function::Count, []) => (Figure::Count, json!({"type": "star_count"})),
            (Function::Count, [field]) => (Figure::Count, count(&field.name, false)),
            (Function::CountDistinct, [field]) => (Figure::Count, count(&column(field, EQUAL)?.name, true)),
            (function, [field]) => {
                let detail = match function {
                    Function::Sum => SUM,
                    Function::Average => AVERAGE,
                    Function::Minimum => MINIMUM,
                    Function::Maximum => MAXIMUM,
                    _ => return None,
                };
                let function = field.details.get(detail)?;
                asked.insert(format!("c{at}"), count(&field.name, false));
                (Figure::OfValues, json!({"type": "single_column", "column": field.name, "function": function}))
            }
            _ => return None,
        };
        asked.insert(format!("a{at}"), of);
        figures.push(figure);
    }
    Some((asked, figures))
}

impl Folding {
    /// An empty batch of groups.
    pub(super) fn filling(&self) -> Filling {
        Filling::new(&self.schema, &self.decoders, 1)
    }

    /// Adds the groups of a row set, those of a key if it is of one; `None`: it is not what was asked for.
    pub(super) fn read(&self, set: &Json, key: &[&Json], filling: &mut Filling) -> Option<()> {
        if self.dimensions == 0 {
            let figures = set.get("aggregates")?.as_object()?;
            if key.is_empty() || !is_zero(figures.get(ROWS)?) {
                self.push(key, &[], figures, filling);
            }
            return Some(());
        }
        for group in set.get("groups")?.as_array()? {
            let dimensions = group.get("dimensions")?.as_array()?;
            if dimensions.len() != self.dimensions {
                return None;
            }
            self.push(key, dimensions, group.get("aggregates")?.as_object()?, filling);
        }
        Some(())
    }

    fn push(&self, key: &[&Json], dimensions: &[Json], figures: &Map<String, Json>, filling: &mut Filling) {
        filling.push(|at| {
            if let Some(cell) = key.get(at) {
                return Ok(Some(*cell));
            }
            if let Some(cell) = dimensions.get(at - key.len()) {
                return Ok(Some(cell));
            }
            let number = at - key.len() - dimensions.len();
            let told = figures.get(&format!("a{number}")).filter(|told| !told.is_null()).ok_or(Untold);
            match self.figures[number] {
                Figure::Count => told.map(Some),
                Figure::OfValues => match figures.get(&format!("c{number}")) {
                    Some(count) if is_zero(count) => Ok(None),
                    Some(_) => told.map(Some),
                    None => Err(Untold),
                },
            }
        });
    }

    /// Whether no group stands twice, and each is of a key that was asked for.
    pub(super) fn is_sound(
        &self,
        group: &Group,
        groups: &RecordBatch,
        keys: Option<&RecordBatch>,
    ) -> evaluate::Result<bool> {
        let leading = groups.num_columns() - self.figures.len();
        if leading == 0 {
            return Ok(groups.num_rows() == 1);
        }
        let columns = &groups.columns()[..leading];
        let scalars = group.answer.fields.iter().map(|field| field.scalar);
        let folded = columns.iter().cloned().zip(scalars).map(|(values, scalar)| FoldColumn { values, scalar });
        let apart = evaluate::fold(groups.num_rows(), &folded.collect::<Vec<_>>(), &[])?;
        let Some(keys) = keys else { return Ok(apart.groups == groups.num_rows()) };
        let found = KeyIndex::new(keys.columns())?.lookup(&columns[..keys.num_columns()])?;
        Ok(apart.groups == groups.num_rows() && found.iter().all(Option::is_some))
    }
}

/// Whether a count is 0; large ones travel as text.
fn is_zero(count: &Json) -> bool {
    count.as_u64() == Some(0) || count.as_str() == Some("0")
}
