//! The order of a list: the argument that sorts it, and whether its first rows are the first of an answer.
//!
//! In: the arguments of a list; a fetch; rows that came first. Out: a [`Sorting`], and [`First`].
//! *Invariant*: the first rows are taken for the first of the answer only if they came in its order, and what may stand
//! beside the last of them is not counted.

use std::collections::BTreeMap;

use arrow_array::{Array, RecordBatch};
use arrow_row::{RowConverter, SortField};
use arrow_schema::SortOptions;
use lilong_schema::Scalar;

use super::arguments::{Known, folded, inner};
use super::route::{Access, Sorting};
use super::schema::{Argument, Schema, TypeKind};
use crate::evaluate::{Result, comparable, filter};
use crate::json_cells::has_one_order;
use crate::tables::needed;
use crate::{BoundFetch, Fetch, Order, OrderTarget};

/// Arguments that sort.
const NAMES: [&str; 2] = ["order_by", "orderBy"];
/// The ways to sort by a column, as services write them; the first two say nothing of nulls.
const WAYS: [&str; 6] = ["asc", "desc", "asc_nulls_first", "asc_nulls_last", "desc_nulls_first", "desc_nulls_last"];

/// The argument that sorts a list by its columns; `None`: there is none that is known.
pub(super) fn sorting(schema: &Schema, arguments: &[Argument], known: &[Known<'_>]) -> Option<Sorting> {
    let argument = arguments.iter().find(|argument| NAMES.contains(&argument.name.as_str()))?;
    let of = schema.types.get(&argument.shape.name).filter(|_| argument.shape.lists < 2)?;
    let ways = |known: &Known<'_>| -> BTreeMap<String, String> {
        if of.kind == TypeKind::Enum {
            // `HEIGHT_ASC`
            let find = |way: &&str| of.values.iter().find(|value| folded(value) == folded(known.column) + way);
            let found = WAYS[..2].iter().filter_map(|way| Some(((*way).to_owned(), find(way)?.clone())));
            return found.collect();
        }
        // `{ height: asc }`
        let Some((input, path)) = inner(schema, of, known.column) else { return BTreeMap::new() };
        let values = schema.types.get(&input.shape.name).filter(|of| of.kind == TypeKind::Enum).map(|of| &of.values);
        let values = values.into_iter().flatten().filter(|value| WAYS.contains(&value.to_lowercase().as_str()));
        let written = |value: &String| {
            let (open, close) = (format!("{{ {}: ", path.join(": { ")), " }".repeat(path.len()));
            (value.to_lowercase(), open + value + &close)
        };
        values.map(written).collect()
    };
    let columns = known.iter().map(|known| (known.column.to_owned(), ways(known)));
    let columns: BTreeMap<_, _> = columns.filter(|(_, ways)| !ways.is_empty()).collect();
    let many = argument.shape.lists == 1;
    (!columns.is_empty()).then(|| Sorting { argument: argument.name.clone(), many, columns })
}

/// A list whose first rows are the first of the answer.
#[derive(Debug)]
pub(super) struct First {
    /// By how many terms of the order it is sorted.
    leading: usize,
    argument: Option<String>,
}

/// Whether the first rows of a list are the first of the answer, if every condition goes along.
pub(super) fn first(access: &Access, fetch: &Fetch) -> Option<First> {
    if fetch.limit.is_none() || fetch.keys.is_some() || !fetch.distinct.is_empty() || fetch.group.is_some() {
        return None;
    }
    let column = |order: &Order| match order.target {
        OrderTarget::Field(field) if order.path.is_empty() => Some(&fetch.collection.fields[field]),
        _ => None,
    };
    let is_sorted = |(at, order): &(usize, &Order)| {
        column(order).is_some_and(|field| {
            // The service may sort text in another way.
            let alike = !matches!(field.scalar, Scalar::String | Scalar::Enum);
            alike && !order.descending && field.holds_no_null() && access.sorted.get(*at) == Some(&field.name)
        })
    };
    let sorted = fetch.order.iter().enumerate().take_while(is_sorted).count();
    let written = |order: &Order| {
        let field = column(order).filter(|field| has_one_order(field.scalar))?;
        let ways = access.sorting.as_ref()?.columns.get(&field.name)?;
        let way = if order.descending { "desc" } else { "asc" };
        let nulls = if order.nulls_first { "nulls_first" } else { "nulls_last" };
        let plain = ways.get(way).filter(|_| field.holds_no_null());
        plain.or_else(|| ways.get(&format!("{way}_{nulls}"))).map(String::as_str)
    };
    let most = access.sorting.as_ref().map_or(0, |sorting| if sorting.many { usize::MAX } else { 1 });
    let terms: Vec<&str> = fetch.order.iter().map_while(written).take(most).collect();
    let argument = access.sorting.as_ref().filter(|_| terms.len() > sorted).map(|sorting| {
        let terms = terms.join(", ");
        if sorting.many { format!("{}: [{terms}]", sorting.argument) } else { format!("{}: {terms}", sorting.argument) }
    });
    let leading = if argument.is_some() { terms.len() } else { sorted };
    (leading > 0 || fetch.order.is_empty()).then_some(First { leading, argument })
}

impl First {
    /// What the list is asked for in this order with.
    pub(super) fn argument(&self) -> Option<&str> {
        self.argument.as_deref()
    }

    /// How many rows to ask for where some are wanted: one more shows where those end that tie with the last.
    pub(super) fn asked(&self, fetch: &Fetch, wanted: usize) -> usize {
        if self.leading == fetch.order.len() { wanted } else { wanted.saturating_add(1) }
    }

    /// Whether the first of all rows that are wanted are among some that came first.
    pub(super) fn are_enough(&self, bound: &BoundFetch, rows: &RecordBatch, wanted: usize) -> Result<bool> {
        let fetch = bound.fetch();
        let fields = needed(fetch);
        let met = filter(&fetch.predicate, &fetch.collection, &fields, rows, &bound.operands)?;
        let met = |row: usize| met.is_valid(row) && met.value(row);
        let mut columns = Vec::with_capacity(self.leading);
        let mut sorted_by = Vec::with_capacity(self.leading);
        for order in &fetch.order[..self.leading] {
            let OrderTarget::Field(field) = order.target else { return Ok(false) };
            let Some(at) = fields.iter().position(|other| *other == field) else { return Ok(false) };
            let column = comparable(rows.column(at), fetch.collection.fields[field].scalar)?;
            let options = SortOptions { descending: order.descending, nulls_first: order.nulls_first };
            sorted_by.push(SortField::new_with_options(column.data_type().clone(), options));
            columns.push(column);
        }
        let count = rows.num_rows();
        if columns.is_empty() || count == 0 {
            return Ok((0..count).filter(|row| met(*row)).count() >= wanted);
        }
        let keys = RowConverter::new(sorted_by)?.convert_columns(&columns)?;
        let in_order = (1..count).all(|row| keys.row(row - 1) <= keys.row(row));
        let is_whole_order = self.leading == fetch.order.len();
        // More rows may tie with the last.
        let is_settled = |row: usize| is_whole_order || keys.row(row) < keys.row(count - 1);
        Ok(in_order && (0..count).filter(|row| met(*row) && is_settled(*row)).count() >= wanted)
    }
}
