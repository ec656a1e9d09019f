//! Reads the answers of a target, page by page, into one batch.
//!
//! In: targets. Out: their rows. *Invariant*: an answer is whole or a fault: pages that repeat, go on without end or do not
//! come to the announced count are faults, and rows that were not asked for are left out.

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use arrow_array::{Array, RecordBatch};
use arrow_schema::ArrowError;
use futures::{FutureExt, StreamExt, TryStreamExt, stream};
use serde_json::Value;
use tokio::sync::Semaphore;

use super::cell;
use super::definition::{Definition, Paging};
use super::page::Pages;
use super::request::Target;
use super::xml;
use crate::evaluate::{KeyIndex, canonical_texts};
use crate::http::{Answer, Client, Request, StatusCode};
use crate::{Error, ErrorKind, Result, Rows};

/// Pages of one list.
const PAGES: usize = 10_000;

/// The member of a row that holds what its list stands in.
const OUTER: &str = "^";

/// One fetch at work.
pub(super) struct Reading<'a> {
    pub(super) client: &'a Client,
    pub(super) definition: &'a Definition,
    /// Whether the path for one row is read.
    pub(super) one: bool,
    /// Requests that may run at the same time, of all fetches of the source.
    pub(super) requests: &'a Semaphore,
    pub(super) deadline: Instant,
    /// The most rows of all targets.
    pub(super) most: usize,
    pub(super) so_far: AtomicUsize,
    /// Whether enough rows were read; asked after each page.
    pub(super) enough: Option<&'a (dyn Fn(&RecordBatch) -> bool + Sync)>,
}

impl Reading<'_> {
    /// Reads all targets.
    pub(super) async fn read(&self, targets: &[Target], at_once: usize) -> Result<Rows> {
        let asking: Vec<_> = targets.iter().map(|target| self.target(target).boxed()).collect();
        let pieces: Vec<Vec<Rows>> = stream::iter(asking).buffered(at_once.max(1)).try_collect().await?;
        let pieces: Vec<Rows> = pieces.into_iter().flatten().collect();
        let whole = match pieces.as_slice() {
            [] => self.decode(&[], None)?,
            [first, ..] => Rows::joined(&first.batch.schema(), &pieces).map_err(|cause| self.defect(cause))?,
        };
        self.tell_apart(&whole.batch)?;
        Ok(whole)
    }

    async fn target(&self, target: &Target) -> Result<Vec<Rows>> {
        let mut pages = Pages::new(if self.one { &Paging::Whole } else { &self.definition.paging });
        let mut pieces = Vec::new();
        let (mut rows, mut total) = (0, None);
        let mut before: Option<Vec<u8>> = None;
        let mut firsts = HashSet::new();
        for _ in 0..PAGES {
            let Some(answer) = self.ask(&pages.path(&target.path)).await? else {
                return Ok(pieces);
            };
            let mut tree = self.tree(&answer)?;
            let next = pages.next_in(self.client, &answer, &tree).map_err(|what| self.mismatch(what))?;
            if let (Some(pointer), false) = (&self.definition.total, self.one) {
                let count = tree.pointer(pointer).and_then(count_of);
                total =
                    Some(count.ok_or_else(|| self.mismatch("an answer that does not tell how many rows there are"))?);
            }
            let (items, count) = self.take_rows(&mut tree, is_xml(&answer))?;
            if count > 0 && before.as_ref() == Some(&answer.body) {
                return Err(self.mismatch("a page that repeats the one before"));
            }
            rows += count;
            if self.so_far.fetch_add(items.len(), Ordering::Relaxed) + items.len() > self.most {
                let advice = format!("more than {} rows to read (`fetch_rows`); add a filter", self.most);
                let error = Error::new(ErrorKind::TooCostly, self.client.source().clone(), &*advice);
                return Err(error.advising(advice));
            }
            let decoded = self.decode(&items, Some(target))?;
            // Pages that lead in a circle are told before they fill the memory.
            if self.first_key(&decoded.batch)?.is_some_and(|first| !firsts.insert(first)) {
                return Err(self.mismatch("a page that repeats one before"));
            }
            let piece = self.asked_for(decoded, target)?;
            let enough = self.enough.is_some_and(|enough| enough(&piece.batch));
            pieces.push(piece);
            let goes_on = pages.advance(next, rows, count == 0, total).map_err(|what| self.mismatch(what))?;
            if enough {
                return Ok(pieces);
            }
            if !goes_on {
                return match total {
                    Some(total) if total != rows => Err(self.mismatch("another number of rows than it announces")),
                    _ => Ok(pieces),
                };
            }
            before = Some(answer.body);
        }
        let advice = format!("more than {PAGES} pages to read");
        Err(Error::new(ErrorKind::TooCostly, self.client.source().clone(), &*advice).advising(advice))
    }

    /// `None`: there is no such row.
    async fn ask(&self, path: &str) -> Result<Option<Answer>> {
        let _turn = self.requests.acquire().await.map_err(|_| self.mismatch("closed"))?;
        let mut request = Request::get(path);
        let accepted =
            crate::http::header::HeaderValue::from_static("application/json, application/xml;q=0.9, */*;q=0.1");
        request.headers.insert(crate::http::header::ACCEPT, accepted);
        if self.one {
            request = request.accepting(StatusCode::NOT_FOUND);
        }
        let answer = self.client.send(&request, self.deadline).await?;
        let is_gone = answer.status == StatusCode::NOT_FOUND || answer.status == StatusCode::NO_CONTENT;
        Ok((!(self.one && is_gone)).then_some(answer))
    }

    fn tree(&self, answer: &Answer) -> Result<Value> {
        if is_xml(answer) {
            return xml::read(&answer.body).map_err(|fault| self.mismatch("an answer that is not XML").because(fault));
        }
        answer.json(self.client.source())
    }

    /// The rows, and how many things the page lists: with a list in each of them, those are not the rows.
    fn take_rows(&self, tree: &mut Value, is_xml: bool) -> Result<(Vec<Value>, usize)> {
        let pointer = match &self.definition.one {
            Some((_, pointer)) if self.one => pointer,
            _ => &self.definition.rows,
        };
        let (outer, inner) = match pointer.split_once("/*") {
            Some((outer, inner)) => (outer, Some(inner)),
            None => (pointer.as_str(), None),
        };
        let items = self.take_list(tree, outer, self.one || is_xml, is_xml)?;
        let count = items.len();
        let Some(inner) = inner else { return Ok((items, count)) };
        let mut rows = Vec::new();
        for mut item in items {
            if item.pointer(inner).is_none() {
                continue;
            }
            let within = self.take_list(&mut item, inner, true, is_xml)?;
            for mut row in within {
                if let Some(members) = row.as_object_mut() {
                    members.insert(OUTER.to_owned(), item.clone());
                }
                rows.push(row);
            }
        }
        Ok((rows, count))
    }

    /// `may_be_null`: whether null stands for no rows. For a list it is no answer.
    fn take_list(&self, tree: &mut Value, pointer: &str, may_be_null: bool, is_xml: bool) -> Result<Vec<Value>> {
        let Some(found) = tree.pointer_mut(pointer) else {
            // An element without children has none of that name: the list is there, and it is empty.
            let parent = pointer.rsplit_once('/').map_or("", |(parent, _)| parent);
            if is_xml && !pointer.is_empty() && tree.pointer(parent).is_some() {
                return Ok(Vec::new());
            }
            return Err(self.mismatch("an answer without rows where they belong"));
        };
        match found.take() {
            Value::Array(items) if items.iter().all(Value::is_object) => Ok(items),
            Value::Null if may_be_null => Ok(Vec::new()),
            row @ Value::Object(_) if self.one || is_xml => Ok(vec![row]),
            _ => Err(self.mismatch("an answer with something else than rows where they belong")),
        }
    }

    fn decode(&self, items: &[Value], target: Option<&Target>) -> Result<Rows> {
        let asked = |column: &str| {
            let (_, values) = target?.asked.iter().find(|(name, _)| name == column)?;
            // Of several at once it cannot be known which one it was.
            (values.len() == 1).then(|| values.first().cloned())?
        };
        cell::decode(self.definition, items, &asked).map_err(|cause| self.defect(cause))
    }

    /// Only the rows that have the values they were asked for.
    fn asked_for(&self, decoded: Rows, target: &Target) -> Result<Rows> {
        let mut kept = vec![true; decoded.batch.num_rows()];
        for (name, values) in &target.asked {
            let Some(at) = self.definition.columns.iter().position(|column| column.name == *name) else { continue };
            if decoded.faults.iter().any(|fault| fault.column == at) {
                return Err(self.mismatch("a row whose value that was asked for cannot be read"));
            }
            let scalar = self.definition.columns[at].scalar;
            let texts = canonical_texts(decoded.batch.column(at), scalar)
                .map_err(|cause| cause.at_source(self.client.source().clone(), "reading rows"))?;
            for (row, kept) in kept.iter_mut().enumerate() {
                *kept &= texts.is_valid(row) && values.contains(texts.value(row));
            }
        }
        if kept.iter().all(|kept| *kept) {
            return Ok(decoded);
        }
        let kept: Vec<u32> = kept.into_iter().zip(0..).filter(|(kept, _)| *kept).map(|(_, row)| row).collect();
        decoded.take(&kept).map_err(|cause| self.defect(cause))
    }

    /// The key of the first row; `None` if there is none.
    fn first_key(&self, batch: &RecordBatch) -> Result<Option<Vec<String>>> {
        if batch.num_rows() == 0 || self.definition.key.is_empty() {
            return Ok(None);
        }
        let mut key = Vec::with_capacity(self.definition.key.len());
        for (column, values) in self.definition.columns.iter().zip(batch.slice(0, 1).columns()) {
            if self.definition.key.contains(&column.name) {
                let texts = canonical_texts(values, column.scalar)
                    .map_err(|cause| cause.at_source(self.client.source().clone(), "reading rows"))?;
                if texts.is_null(0) {
                    return Ok(None);
                }
                key.push(texts.value(0).to_owned());
            }
        }
        Ok(Some(key))
    }

    /// Refuses rows without a key that can be read, and rows that share one: a page came twice, or the key is none.
    fn tell_apart(&self, batch: &RecordBatch) -> Result<()> {
        let key = &self.definition.key;
        let columns = key.iter().filter_map(|name| batch.column_by_name(name).cloned()).collect::<Vec<_>>();
        if columns.is_empty() || batch.num_rows() == 0 {
            return Ok(());
        }
        if columns.iter().any(|column| column.null_count() > 0) {
            return Err(self.mismatch("a row without its key"));
        }
        let index =
            KeyIndex::new(&columns).map_err(|cause| cause.at_source(self.client.source().clone(), "reading rows"))?;
        if index.len() == batch.num_rows() { Ok(()) } else { Err(self.mismatch("two rows with the same key")) }
    }

    fn mismatch(&self, what: &str) -> Error {
        let context = format!("collection {}: {what}", self.definition.name);
        Error::new(ErrorKind::Mismatch, self.client.source().clone(), context)
    }

    fn defect(&self, cause: ArrowError) -> Error {
        Error::new(ErrorKind::Internal, self.client.source().clone(), "putting rows together").because(cause)
    }
}

fn is_xml(answer: &Answer) -> bool {
    let content_type = answer.content_type();
    ["application/xml", "text/xml"].contains(&&*content_type) || content_type.ends_with("+xml")
}

fn count_of(value: &Value) -> Option<usize> {
    match value {
        Value::Number(number) => number.as_str().parse().ok(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}
