//! One fetch: the requests of `/query` and the row sets they are answered with.
//!
//! In: a bound fetch and its [`Parts`]. Out: all rows that the data connector finds. *Invariant*: an answer has as many row
//! sets as were asked for, each with its rows, or the fetch fails.

use std::time::Instant;

use arrow_array::RecordBatch;
use futures::FutureExt;
use futures::future::BoxFuture;
use lilong_schema::{Scalar, Value};
use serde_json::{Value as Json, json};

use super::Service;
use super::request::{self, Column, Keys, Parts};
use crate::json_cells::{Filling, Untold, to_json};
use crate::pieces::{Gathering, Piece};
use crate::sql::batch::{capacity, number};
use crate::sql::cells::values;
use crate::{BoundFetch, Error, ErrorKind, Operand, Result, Rows};

/// Keys of one request.
const KEYS: usize = 500;

/// A fetch at work.
pub(super) struct Work<'a> {
    pub(super) service: &'a Service,
    pub(super) parts: &'a Parts,
    pub(super) bound: &'a BoundFetch,
    pub(super) deadline: Instant,
}

impl Work<'_> {
    /// Every row that the data connector finds, in one batch.
    pub(super) async fn rows(&self) -> Result<Rows> {
        let fetch = self.bound.fetch();
        let value = |column: &Column, operand| self.operand(column, operand);
        let condition = self.parts.condition.as_ref().map(|condition| condition.json(&value));
        let cuts = self.parts.cuts && !matches!(condition, Some(None));
        let condition = condition.flatten();
        // One row more than one fetch may read shows that there are more.
        let most = self.service.rows + 1;
        let cut = |limit, offset| {
            let limit = number(self.bound, limit).filter(|_| cuts)?;
            Some(limit.saturating_add(number(self.bound, offset).unwrap_or(0)))
        };
        let of_key = |set: &crate::KeySet| cut(set.limit, set.offset).map_or(most, |limit| limit.min(most));
        let limit =
            fetch.keys.as_ref().map_or_else(|| cut(fetch.limit, fetch.offset).unwrap_or(most).min(most), of_key);
        let pieces: Vec<BoxFuture<'_, Result<Piece>>> = match &self.parts.keys {
            Keys::None => {
                let request = self.parts.request(condition, None, Some(limit));
                let filling = self.ask(&request, 1).await?.0;
                self.gathering().check(filling.rows())?;
                return self.gathering().finish(filling);
            }
            Keys::Variables(columns) => {
                let keys = (0..columns.len()).map(|at| self.keys(at, &columns[at])).collect::<Result<Vec<_>>>()?;
                let mut conditions: Vec<Json> = condition.into_iter().collect();
                conditions.extend(request::by_variables(columns));
                let condition = request::all(conditions);
                let count = self.bound.keys.as_ref().map_or(0, RecordBatch::num_rows);
                let requests = (0..count).step_by(KEYS).map(|start| {
                    let chunk = start..count.min(start + KEYS);
                    let set = |key: usize| {
                        Json::Object(
                            keys.iter().enumerate().map(|(at, keys)| (format!("k{at}"), keys[key].clone())).collect(),
                        )
                    };
                    let request =
                        self.parts.request(condition.clone(), Some(chunk.clone().map(set).collect()), Some(limit));
                    let asked = async move {
                        let (filling, counts) = self.ask(&request, chunk.len()).await?;
                        let owners = counts.into_iter().zip(chunk).map(|(rows, key)| (rows, key..key + 1)).collect();
                        Ok(Piece { filling, owners })
                    };
                    asked.boxed()
                });
                requests.collect()
            }
            Keys::List(column) => {
                let keys = self.keys(0, column)?;
                let requests = keys.chunks(KEYS).enumerate().map(|(at, keys)| {
                    let list = request::compare(column, &json!({"type": "scalar", "value": keys}));
                    let conditions = condition.iter().cloned().chain([list]).collect();
                    let request = self.parts.request(request::all(conditions), None, Some(most));
                    let chunk = at * KEYS..at * KEYS + keys.len();
                    let asked = async move {
                        let filling = self.ask(&request, 1).await?.0;
                        Ok(Piece::of(filling, chunk))
                    };
                    asked.boxed()
                });
                requests.collect()
            }
        };
        self.gathering().join(pieces).await
    }

    fn gathering(&self) -> Gathering<'_> {
        let source = self.service.client.source();
        Gathering { source, bound: self.bound, schema: &self.parts.schema, most: self.service.rows }
    }

    /// Sends a request; its rows, and how many each of its row sets has.
    async fn ask(&self, request: &Json, sets: usize) -> Result<(Filling, Vec<usize>)> {
        let answer = self.service.post("query", request, self.deadline).await?;
        let mut filling = Filling::new(&self.parts.schema, &self.parts.decoders, capacity(self.bound));
        let mismatch = |what: &str| self.fault(ErrorKind::Mismatch, what);
        let found = answer.as_array().filter(|found| found.len() == sets);
        let found = found.ok_or_else(|| mismatch("an answer without the row sets that were asked for"))?;
        let collection = &self.bound.fetch().collection;
        let names: Vec<&str> = self.parts.fields.iter().map(|field| collection.fields[*field].name.as_str()).collect();
        let mut counts = Vec::with_capacity(found.len());
        for set in found {
            let rows = set.get("rows").and_then(Json::as_array).ok_or_else(|| mismatch("a row set without rows"))?;
            for row in rows {
                let row = row.as_object().ok_or_else(|| mismatch("a row that is no object"))?;
                filling.push(|column| row.get(names[column]).map(Some).ok_or(Untold));
            }
            counts.push(rows.len());
        }
        Ok((filling, counts))
    }

    /// The value of an operand; `None`: it cannot be sent to a column of this type.
    fn operand(&self, column: &Column, operand: usize) -> Option<Json> {
        let fits = |value: &Value| match (column.scalar, value) {
            (Scalar::Int, Value::Integer(number)) => i32::try_from(*number).is_ok(),
            (Scalar::BigInt, Value::Integer(number)) => i64::try_from(*number).is_ok(),
            _ => true,
        };
        match self.bound.operands.get(operand)? {
            Operand::Value(Value::List(items)) => {
                items.iter().all(fits).then(|| to_json(&Value::List(items.clone()), column.text))
            }
            Operand::Value(value) => fits(value).then(|| to_json(value, column.text)),
            Operand::Keys(keys) => cells(keys, 0, column).map(Json::Array),
        }
    }

    fn keys(&self, at: usize, column: &Column) -> Result<Vec<Json>> {
        let keys = self.bound.keys.as_ref().and_then(|keys| cells(keys, at, column));
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
