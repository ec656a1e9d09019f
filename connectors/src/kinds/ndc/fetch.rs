//! One fetch: the requests of `/query` and the row sets they are answered with.
//!
//! In: a bound fetch and its [`Parts`]. Out: all rows that the data connector finds, or all groups. *Invariant*: an answer
//! has as many row sets as were asked for, each with its rows or groups, or the fetch fails.

use std::ops::Range;
use std::time::Instant;

use arrow_array::RecordBatch;
use futures::future::BoxFuture;
use futures::{FutureExt, StreamExt, TryStreamExt, stream};
use lilong_schema::{Scalar, Value};
use serde_json::{Map, Value as Json, json};

use super::Service;
use super::column::{self, Column, Told};
use super::condition;
use super::fold::Folding;
use super::request::{Keys, Parts};
use crate::json_cells::{Filling, to_json};
use crate::pieces::{AT_ONCE, Gathering, Piece};
use crate::sql::batch::{capacity, number};
use crate::sql::cells::values;
use crate::{BoundFetch, Error, ErrorKind, Operand, Result, RowStream, Rows, tables};

/// Keys of one request.
const KEYS: usize = 500;

/// A fetch at work.
pub(super) struct Work<'a> {
    pub(super) service: &'a Service,
    pub(super) parts: &'a Parts,
    pub(super) bound: &'a BoundFetch,
    pub(super) deadline: Instant,
}

/// One of the requests of a fetch.
struct Asked {
    body: Json,
    /// The keys it is for.
    keys: Range<usize>,
    /// Whether each of them has a row set of its own.
    apart: bool,
}

impl Work<'_> {
    /// What the fetch asks for.
    pub(super) async fn answer(&self) -> Result<RowStream> {
        let source = self.service.client.source();
        let value = |column: &Column, operand, at| self.operand(column, operand, at);
        let missing = || self.fault(ErrorKind::Internal, "operands that do not fit");
        let condition = self.parts.condition.as_ref().map(|condition| condition.json(&value).ok_or_else(missing));
        let condition = condition.transpose()?;
        if let (Some(folding), Some(group)) = (&self.parts.folding, &self.bound.fetch().group) {
            let groups = self.groups(folding, condition).await?;
            let sound = folding.is_sound(group, &groups.batch, self.bound.keys.as_ref());
            return match sound {
                Ok(true) => tables::chosen(source, self.bound, group, &groups),
                Ok(false) => {
                    Err(self.fault(ErrorKind::Mismatch, "a group that stands twice, or that nobody asked for"))
                }
                Err(cause) => Err(cause.at_source(source.clone(), "comparing groups")),
            };
        }
        tables::answer(source, self.bound, self.rows(condition, self.parts.cuts).await?)
    }

    /// Every row that the data connector finds, in one batch.
    async fn rows(&self, condition: Option<Json>, cuts: bool) -> Result<Rows> {
        let fetch = self.bound.fetch();
        // One row more than one fetch may read shows that there are more.
        let most = self.service.rows + 1;
        let (limit, offset) = fetch.keys.as_ref().map_or((fetch.limit, fetch.offset), |set| (set.limit, set.offset));
        let limit = number(self.bound, limit).filter(|_| cuts);
        let limit = limit.map(|limit| limit.saturating_add(number(self.bound, offset).unwrap_or(0)));
        let mut query = self.parts.rows.clone();
        query.insert("limit".to_owned(), json!(limit.unwrap_or(most).min(most)));
        let keys = self.keys()?;
        let asked = self.requests(&query, condition.as_ref(), &keys);
        if let (Keys::None, [asked]) = (&self.parts.keys, asked.as_slice()) {
            let filling = self.ask(asked).await?.0;
            self.gathering().check(filling.rows())?;
            return self.gathering().finish(filling);
        }
        let pieces = asked.iter().map(|asked| -> BoxFuture<'_, Result<Piece>> {
            let piece = async move {
                let (filling, counts) = self.ask(asked).await?;
                if !asked.apart {
                    return Ok(Piece::of(filling, asked.keys.clone()));
                }
                let owners = counts.into_iter().zip(asked.keys.clone()).map(|(rows, key)| (rows, key..key + 1));
                Ok(Piece { filling, owners: owners.collect() })
            };
            piece.boxed()
        });
        self.gathering().join(pieces.collect()).await
    }

    /// Every group that the data connector makes of the rows, in one batch.
    async fn groups(&self, folding: &Folding, condition: Option<Json>) -> Result<Rows> {
        let mut query = folding.query.clone();
        for (name, operand) in [("limit", folding.limit), ("offset", folding.offset)] {
            if let Some(number) = number(self.bound, operand) {
                query.insert(name.to_owned(), json!(number));
            }
        }
        let keys = self.keys()?;
        let asked = self.requests(&query, condition.as_ref(), &keys);
        let pieces: Vec<BoxFuture<'_, Result<Rows>>> =
            asked.iter().map(|asked| self.groups_of(folding, asked, &keys).boxed()).collect();
        let pieces: Vec<Rows> = stream::iter(pieces).buffered(AT_ONCE).try_collect().await?;
        self.gathering().check(pieces.iter().map(|piece| piece.batch.num_rows()).sum())?;
        self.gathering().joined(&folding.schema, &pieces)
    }

    /// Sends a request; its groups.
    async fn groups_of(&self, folding: &Folding, asked: &Asked, keys: &[Vec<Json>]) -> Result<Rows> {
        let mut filling = folding.filling();
        for (set, at) in self.sets(asked).await?.iter().zip(asked.keys.start..) {
            let key: Vec<&Json> = keys.iter().filter(|_| asked.apart).map(|keys| &keys[at]).collect();
            let read = folding.read(set, &key, &mut filling);
            read.ok_or_else(|| self.fault(ErrorKind::Mismatch, "a row set without the groups asked for"))?;
            self.gathering().check(filling.rows())?;
        }
        self.gathering().finish(filling)
    }

    /// The requests that ask for something of all keys, or of everything.
    fn requests(&self, query: &Map<String, Json>, condition: Option<&Json>, keys: &[Vec<Json>]) -> Vec<Asked> {
        let count = self.bound.keys.as_ref().map_or(0, RecordBatch::num_rows);
        let chunks = (0..count).step_by(KEYS).map(|start| start..count.min(start + KEYS));
        let of = |conditions: Vec<Json>, variables| {
            let conditions = condition.into_iter().cloned().chain(conditions).collect();
            self.parts.request(query, condition::all(conditions), variables)
        };
        match &self.parts.keys {
            Keys::None => vec![Asked { body: of(Vec::new(), None), keys: 0..0, apart: false }],
            Keys::Variables(columns) => chunks
                .map(|chunk| {
                    let named = |key: usize| {
                        keys.iter().enumerate().map(move |(at, keys)| (format!("k{at}"), keys[key].clone()))
                    };
                    let sets = chunk.clone().map(|key| Json::Object(named(key).collect())).collect();
                    Asked { body: of(condition::by_variables(columns), Some(sets)), keys: chunk, apart: true }
                })
                .collect(),
            Keys::List(column) => chunks
                .map(|chunk| {
                    let listed = keys.first().map_or(&[][..], |keys| &keys[chunk.clone()]);
                    let found = column::compare(column, &json!({"type": "scalar", "value": listed}));
                    Asked { body: of(vec![found], None), keys: chunk, apart: false }
                })
                .collect(),
        }
    }

    fn gathering(&self) -> Gathering<'_> {
        let source = self.service.client.source();
        Gathering { source, bound: self.bound, schema: &self.parts.schema, most: self.service.rows }
    }

    /// Sends a request; its row sets, as many as there should be.
    async fn sets(&self, asked: &Asked) -> Result<Vec<Json>> {
        let answer = self.service.post("query", &asked.body, self.deadline).await?;
        let wanted = if asked.apart { asked.keys.len() } else { 1 };
        match answer {
            Json::Array(sets) if sets.len() == wanted => Ok(sets),
            _ => Err(self.fault(ErrorKind::Mismatch, "an answer without the row sets that were asked for")),
        }
    }

    /// Sends a request; its rows, and how many each of its row sets has.
    async fn ask(&self, asked: &Asked) -> Result<(Filling, Vec<usize>)> {
        let found = self.sets(asked).await?;
        let mut filling = Filling::new(&self.parts.schema, &self.parts.decoders, capacity(self.bound));
        let mismatch = |what: &str| self.fault(ErrorKind::Mismatch, what);
        let mut counts = Vec::with_capacity(found.len());
        for set in &found {
            let rows = set.get("rows").and_then(Json::as_array).ok_or_else(|| mismatch("a row set without rows"))?;
            for row in rows {
                let row = row.as_object().ok_or_else(|| mismatch("a row that is no object"))?;
                filling.push(|column| self.parts.cells[column].of(row));
            }
            counts.push(rows.len());
        }
        Ok((filling, counts))
    }

    /// What an operand is to a column, of keys the cells of one of their columns; `None`: it is missing.
    fn operand(&self, column: &Column, operand: usize, at: usize) -> Option<Told> {
        let beyond = |value: &Value| match (column.scalar, value) {
            (Scalar::Int, Value::Integer(number)) => i32::try_from(*number).is_err(),
            (Scalar::BigInt, Value::Integer(number)) => i64::try_from(*number).is_err(),
            _ => false,
        };
        Some(match self.bound.operands.get(operand)? {
            Operand::Value(Value::List(items)) => {
                let fit: Vec<Value> = items.iter().filter(|item| !beyond(item)).cloned().collect();
                if fit.is_empty() && !items.is_empty() {
                    return Some(Told::Above);
                }
                Told::Value(to_json(&Value::List(fit), column.text))
            }
            Operand::Value(value) if !beyond(value) => Told::Value(to_json(value, column.text)),
            Operand::Value(Value::Integer(number)) if *number < 0 => Told::Below,
            Operand::Value(_) => Told::Above,
            Operand::Keys(keys) => Told::Value(Json::Array(cells(keys, at, column)?)),
        })
    }

    /// The keys as they are sent, column by column; none if rows are not found by key there.
    fn keys(&self) -> Result<Vec<Vec<Json>>> {
        let columns = match &self.parts.keys {
            Keys::None => &[][..],
            Keys::Variables(columns) => columns,
            Keys::List(column) => std::slice::from_ref(column),
        };
        let keys = |(at, column)| self.bound.keys.as_ref().and_then(|keys| cells(keys, at, column));
        let keys = columns.iter().enumerate().map(keys).collect::<Option<_>>();
        keys.ok_or_else(|| self.fault(ErrorKind::Internal, "keys that do not fit"))
    }

    fn fault(&self, kind: ErrorKind, context: &str) -> Error {
        Error::new(kind, self.service.client.source().clone(), context)
    }
}

/// The cells of one column of some keys.
fn cells(batch: &RecordBatch, at: usize, column: &Column) -> Option<Vec<Json>> {
    let values = values(batch.columns().get(at)?, column.scalar)?;
    Some(values.iter().map(|value| to_json(value, column.text)).collect())
}
