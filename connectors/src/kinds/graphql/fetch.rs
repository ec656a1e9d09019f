//! One fetch: documents are sent until every row is here.
//!
//! In: a bound fetch and its [`Parts`]. Out: all rows that the service finds. *Invariant*: a list is read to its end or the
//! fetch fails: pages that repeat, cursors that stand still and more rows than one fetch may read are faults.

use std::time::Instant;

use arrow_array::RecordBatch;
use futures::FutureExt;
use lilong_schema::{Scalar, Value};
use serde_json::{Map, Value as Json};

use super::Service;
use super::answer::walk;
use super::document::{Origin, PageOf, Parts, Push, Way};
use super::order::First;
use super::route::{Access, Argument, Paging};
use crate::json_cells::{Filling, to_json};
use crate::pieces::{Gathering, Piece};
use crate::sql::batch::{capacity, number};
use crate::sql::cells::values;
use crate::{BoundFetch, Error, ErrorKind, Operand, Result, Rows};

/// Keys that one document asks for.
const KEYS: usize = 50;
/// Values that one list holds.
const VALUES: usize = 500;
/// Bytes of all answers of one fetch.
const BYTES: usize = 64_000_000;

/// A fetch at work.
pub(super) struct Work<'a> {
    pub(super) service: &'a Service,
    pub(super) parts: &'a Parts,
    pub(super) bound: &'a BoundFetch,
    pub(super) deadline: Instant,
}

impl Work<'_> {
    /// Every row that the service finds, in one batch.
    pub(super) async fn rows(&self) -> Result<Rows> {
        match &self.parts.way {
            Way::List { access, pushes, first } => {
                let Some(column) = pushes.iter().find_map(|push| match push.from {
                    Origin::Key(column) => Some(column),
                    Origin::Operand(_) => None,
                }) else {
                    return self.all_or_first(access, pushes, first.as_ref()).await;
                };
                let keys = self.keys(column)?;
                let lists = keys.chunks(VALUES).enumerate().map(|(chunk, keys)| {
                    let asked = async move {
                        let given = self.given(pushes, &[(column, Json::Array(keys.to_vec()))])?;
                        let (filling, _) = self.list(access, pushes, given, None).await?;
                        Ok(Piece::of(filling, chunk * VALUES..chunk * VALUES + keys.len()))
                    };
                    asked.boxed()
                });
                self.gathering().join(lists.collect()).await
            }
            Way::Each { access, pushes, paged } => {
                let columns = pushes.iter().filter_map(|push| match push.from {
                    Origin::Key(column) => Some(self.keys(column).map(|keys| (column, keys))),
                    Origin::Operand(_) => None,
                });
                let columns = columns.collect::<Result<Vec<_>>>()?;
                let count = self.bound.keys.as_ref().map_or(0, RecordBatch::num_rows);
                let of =
                    |key: usize| columns.iter().map(|(column, keys)| (*column, keys[key].clone())).collect::<Vec<_>>();
                if *paged {
                    let lists = (0..count).map(|key| {
                        let keys = of(key);
                        let asked = async move {
                            let given = self.given(pushes, &keys)?;
                            Ok(Piece::of(self.list(access, pushes, given, None).await?.0, key..key + 1))
                        };
                        asked.boxed()
                    });
                    return self.gathering().join(lists.collect()).await;
                }
                let starts = (0..count).step_by(KEYS);
                let documents = starts.map(|start| {
                    let keys: Vec<_> = (start..count.min(start + KEYS)).map(of).collect();
                    async move { self.each(access, pushes, &keys, start).await }.boxed()
                });
                self.gathering().join(documents.collect()).await
            }
            Way::Entities(columns) => {
                let keys = (0..columns.len()).map(|column| self.keys(column)).collect::<Result<Vec<_>>>()?;
                let count = self.bound.keys.as_ref().map_or(0, RecordBatch::num_rows);
                let of = |key: usize| {
                    let named = columns.iter().zip(&keys).map(|(name, keys)| (name.clone(), keys[key].clone()));
                    let typename = ("__typename".to_owned(), Json::String(self.parts.of().to_owned()));
                    Json::Object([typename].into_iter().chain(named).collect())
                };
                let documents = (0..count).step_by(VALUES).map(|start| {
                    let keys: Vec<Json> = (start..count.min(start + VALUES)).map(of).collect();
                    let asked = async move {
                        let count = keys.len();
                        Ok(Piece::of(self.entities(keys).await?, start..start + count))
                    };
                    asked.boxed()
                });
                self.gathering().join(documents.collect()).await
            }
        }
    }

    /// The first rows of a list if these are all that is wanted, else every row of it.
    async fn all_or_first(&self, access: &Access, pushes: &[Push], first: Option<&First>) -> Result<Rows> {
        let fetch = self.bound.fetch();
        let given = self.given(pushes, &[])?;
        if let (Some(first), Some(limit)) = (first, number(self.bound, fetch.limit)) {
            let enough = limit.saturating_add(number(self.bound, fetch.offset).unwrap_or(0));
            let (filling, is_whole) = self.list(access, pushes, given.clone(), Some((first, enough))).await?;
            let rows = self.gathering().finish(filling)?;
            let is_enough = || first.are_enough(self.bound, &rows.batch, enough);
            if is_whole || is_enough().map_err(|cause| cause.at_source(self.source().clone(), "comparing rows"))? {
                return Ok(rows);
            }
        }
        self.gathering().finish(self.list(access, pushes, given, None).await?.0)
    }

    fn source(&self) -> &std::sync::Arc<str> {
        self.service.client.source()
    }

    fn gathering(&self) -> Gathering<'_> {
        Gathering {
            source: self.source(),
            bound: self.bound,
            schema: &self.parts.schema,
            most: self.service.settings.rows,
        }
    }

    fn filling(&self) -> Filling {
        Filling::new(&self.parts.schema, &self.parts.decoders, capacity(self.bound))
    }

    /// Reads a list to its end, or until there are some of its first rows; whether that was its end.
    async fn list(
        &self,
        access: &Access,
        pushes: &[Push],
        given: Map<String, Json>,
        first: Option<(&First, usize)>,
    ) -> Result<(Filling, bool)> {
        let mut filling = self.filling();
        let most = self.service.settings.rows;
        let enough = first.map(|(first, enough)| first.asked(self.bound.fetch(), enough));
        let sorting = first.and_then(|(first, _)| first.argument());
        let size = match &access.page {
            // It has one page: one row more than may be shows that there are more.
            Some(Paging::Size { .. }) => enough.unwrap_or(most + 1),
            _ => enough.map_or(self.service.settings.page_rows, |enough| enough.min(self.service.settings.page_rows)),
        };
        let mut page = PageOf { size: size.max(1), skip: 0, number: 1 };
        let mut cursor = Json::Null;
        let mut last: Option<Json> = None;
        let mut bytes = 0;
        loop {
            let document = self.parts.list(access, pushes, sorting, page);
            let mut variables = given.clone();
            if matches!(access.page, Some(Paging::Cursor { .. })) && !cursor.is_null() {
                variables.insert("after".to_owned(), cursor.clone());
            }
            let (answer, length) = self.service.ask(&document, variables, self.deadline).await?;
            bytes += length;
            if bytes > BYTES {
                let advice = "the service gives too much for one fetch: filter, or ask for fewer columns";
                return Err(self.fault(ErrorKind::TooCostly, advice).advising(advice));
            }
            let before = filling.rows();
            answer.rows(access, &[None], &self.parts.paths, &mut filling).map_err(|fault| self.said(fault))?;
            let found = filling.rows() - before;
            self.gathering().check(filling.rows())?;
            let rows = walk(&answer.data, &access.path).cloned().unwrap_or_default();
            let items = rows.as_array().map_or(0, Vec::len);
            match access.page {
                None => return Ok((filling, true)),
                Some(Paging::Size { .. }) => return Ok((filling, items < page.size)),
                Some(_) if enough.is_some_and(|enough| filling.rows() >= enough) => return Ok((filling, false)),
                Some(_) => {}
            }
            if items > 0 && found > 0 && last.as_ref() == Some(&rows) {
                return Err(self.fault(ErrorKind::Mismatch, "a page came twice: the list has no end"));
            }
            match &access.page {
                Some(Paging::Cursor { next, more, .. }) => {
                    let holder = walk(&answer.data, &access.path[..=access.at]);
                    let told = |path: &[String]| holder.and_then(|holder| walk(holder, path));
                    let place = told(next).cloned().unwrap_or_default();
                    let is_place = !place.is_null() && place != Json::String(String::new());
                    let goes_on = match more {
                        Some(more) => match told(more) {
                            Some(Json::Bool(more)) => *more,
                            _ => {
                                return Err(
                                    self.fault(ErrorKind::Mismatch, "a page does not say whether there are more")
                                );
                            }
                        },
                        None => is_place,
                    };
                    if !goes_on {
                        return Ok((filling, true));
                    }
                    if !is_place || place == cursor {
                        return Err(self.fault(ErrorKind::Mismatch, "a page does not say where the next one begins"));
                    }
                    cursor = place;
                }
                _ if items == 0 => return Ok((filling, true)),
                _ => {
                    page.skip += items;
                    page.number += 1;
                }
            }
            last = Some(rows);
        }
    }

    /// Asks for some keys with one document.
    async fn each(&self, access: &Access, pushes: &[Push], keys: &[Vec<(usize, Json)>], start: usize) -> Result<Piece> {
        let document = self.parts.each(access, pushes, keys.len());
        let mut variables = Map::new();
        for (at, key) in keys.iter().enumerate() {
            let given = self.given(pushes, key)?;
            variables.extend(given.into_iter().map(|(name, value)| (format!("{name}{at}"), value)));
        }
        let (answer, _) = self.service.ask(&document, variables, self.deadline).await?;
        let mut filling = self.filling();
        let aliases: Vec<Option<String>> = (0..keys.len()).map(|at| Some(format!("k{at}"))).collect();
        let counts =
            answer.rows(access, &aliases, &self.parts.paths, &mut filling).map_err(|fault| self.said(fault))?;
        let owners = counts.into_iter().zip(start..).map(|(rows, key)| (rows, key..key + 1)).collect();
        Ok(Piece { filling, owners })
    }

    async fn entities(&self, keys: Vec<Json>) -> Result<Filling> {
        let access = Access { path: vec!["_entities".to_owned()], ..Access::default() };
        let variables = Map::from_iter([("keys".to_owned(), Json::Array(keys))]);
        let (answer, _) = self.service.ask(&self.parts.entities(), variables, self.deadline).await?;
        let mut filling = self.filling();
        answer.rows(&access, &[None], &self.parts.paths, &mut filling).map_err(|fault| self.said(fault))?;
        Ok(filling)
    }

    /// The values of all arguments, some of them of a key.
    fn given(&self, pushes: &[Push], keys: &[(usize, Json)]) -> Result<Map<String, Json>> {
        let mut given = Map::new();
        for push in pushes {
            let argument = &push.argument;
            let value = match push.from {
                Origin::Key(column) => keys.iter().find(|(at, _)| *at == column).map(|(_, value)| value.clone()),
                Origin::Operand(operand) => match self.bound.operands.get(operand) {
                    Some(Operand::Value(Value::List(items))) => {
                        // What no row can hold finds none.
                        let items = items.iter().filter(|item| self.fits(argument, item));
                        Some(Json::Array(items.map(|item| to_json(item, argument.text)).collect()))
                    }
                    // Such a condition is ours alone.
                    Some(Operand::Value(value)) if !argument.required && !self.fits(argument, value) => continue,
                    Some(Operand::Value(value)) => Some(to_json(value, argument.text)),
                    Some(Operand::Keys(keys)) => self.column(keys, 0, &argument.column, argument.text).map(Json::Array),
                    None => None,
                },
            };
            let value = value.ok_or_else(|| self.fault(ErrorKind::Internal, "an argument without a value"))?;
            let value = if argument.many && !value.is_array() { Json::Array(vec![value]) } else { value };
            let mut place = &mut given;
            let (last, path) =
                argument.path.split_last().map_or((argument.column.as_str(), &[][..]), |(last, path)| (last, path));
            for name in path {
                let inner = place.entry(name.clone()).or_insert_with(|| Json::Object(Map::new()));
                place =
                    inner.as_object_mut().ok_or_else(|| self.fault(ErrorKind::Internal, "an argument in another"))?;
            }
            place.insert(last.to_owned(), value);
        }
        Ok(given)
    }

    /// Whether an argument takes a value: whole numbers have as many bits as its column's type there.
    fn fits(&self, argument: &Argument, value: &Value) -> bool {
        let collection = &self.bound.fetch().collection;
        let field = collection.field_id(&argument.column).map(|field| &collection.fields[field]);
        let is_int = field.is_some_and(|field| field.native.trim_end_matches('!') == "Int");
        match value {
            Value::Integer(number) if is_int => i32::try_from(*number).is_ok(),
            Value::Integer(number) => i64::try_from(*number).is_ok(),
            _ => true,
        }
    }

    /// The values of one column of the keys.
    fn keys(&self, column: usize) -> Result<Vec<Json>> {
        let defect = || self.fault(ErrorKind::Internal, "keys that do not fit");
        let fetch = self.bound.fetch();
        let field = fetch.keys.as_ref().and_then(|keys| keys.columns.get(column)).ok_or_else(defect)?;
        let as_text = self.parts.takes_text(column);
        let batch = self.bound.keys.as_ref().ok_or_else(defect)?;
        self.column(batch, column, &fetch.collection.fields[*field].name, as_text).ok_or_else(defect)
    }

    fn column(&self, batch: &RecordBatch, at: usize, name: &str, as_text: bool) -> Option<Vec<Json>> {
        let collection = &self.bound.fetch().collection;
        let scalar = collection.field_id(name).map_or(Scalar::String, |field| collection.fields[field].scalar);
        let values: Vec<Value> = values(batch.columns().get(at)?, scalar)?;
        Some(values.iter().map(|value| to_json(value, as_text)).collect())
    }

    fn said(&self, fault: super::answer::Fault) -> Error {
        let name = &self.bound.fetch().collection.name;
        self.fault(fault.kind(), &format!("reading {name}")).because(fault)
    }

    fn fault(&self, kind: ErrorKind, context: &str) -> Error {
        Error::new(kind, self.service.client.source().clone(), context)
    }
}
