//! A fetch as text for people and logs, and whether it stays within what is claimed.

use std::fmt::Write;

use lilong_schema::collection::FieldId;
use lilong_schema::{Capabilities, Collection, Normalizer};

use crate::{Aggregate, Comparison, Fetch, Function, Group, Hop, LinkedAggregate, Order, OrderTarget, Predicate, Test};

/// What a fetch needs beyond some capabilities, by name.
pub(crate) fn check(fetch: &Fetch, capabilities: Capabilities) -> Result<(), &'static str> {
    check_predicate(&fetch.predicate, &fetch.collection, capabilities)?;
    need(fetch.order.is_empty() || capabilities.order, "an order")?;
    for order in &fetch.order {
        check_reached(&fetch.collection, &order.path, &order.target, capabilities)?;
    }
    let limited = fetch.limit.is_some() || fetch.offset.is_some() || !fetch.distinct.is_empty();
    need(!limited || capabilities.limit, "a limit, an offset or distinct rows")?;
    if let Some(keys) = &fetch.keys {
        need(capabilities.keys > 0, "keys")?;
        need(!keys.columns.is_empty(), "keys of no columns")?;
        need(fetch.offset.is_none(), "an offset over the rows of all keys")?;
        let limited = keys.limit.is_some() || keys.offset.is_some();
        need(!limited || capabilities.limit_per_key, "a limit or an offset for each key")?;
        if !keys.normalize.is_empty() {
            let [field] = keys.columns.as_slice() else {
                return Err("normalised keys of several columns");
            };
            let index = fetch.collection.index_of_normalized(*field, &keys.normalize);
            need(index.is_some() && !limited, "normalised keys that no index serves")?;
        }
    }
    if let Some(group) = &fetch.group {
        need(capabilities.group, "groups")?;
        need(fetch.columns.is_empty() && !fetch.order_values, "rows beside groups")?;
        let linked = group.by.iter().any(|key| !key.path.is_empty());
        need(!linked || capabilities.group_links, "groups through links")?;
        need(fetch.keys.is_none() || group.limit.is_none() && group.offset.is_none(), "a limit of groups by keys")?;
        check_predicate(&group.having, &group.answer, capabilities)?;
    }
    Ok(())
}

/// A value that is reached from a row of a collection.
fn check_reached(
    collection: &Collection,
    path: &[Hop],
    target: &OrderTarget,
    capabilities: Capabilities,
) -> Result<(), &'static str> {
    need(path.is_empty() || capabilities.order_links, "an order or a filter by columns of links")?;
    let last = path.last().map_or(collection, |hop| &*hop.collection);
    match target {
        OrderTarget::Field(_) => Ok(()),
        OrderTarget::RowId => need(last.row_id, "a row number"),
        OrderTarget::Aggregate(linked) => {
            need(capabilities.link_aggregates, "aggregates over links")?;
            check_predicate(&linked.predicate, &linked.collection, capabilities)
        }
    }
}

fn check_predicate(
    predicate: &Predicate,
    collection: &Collection,
    capabilities: Capabilities,
) -> Result<(), &'static str> {
    match predicate {
        Predicate::And(parts) | Predicate::Or(parts) => {
            parts.iter().try_for_each(|part| check_predicate(part, collection, capabilities))
        }
        Predicate::Not(part) => check_predicate(part, collection, capabilities),
        Predicate::IsNull(_) | Predicate::KeyIn { .. } => need(capabilities.filter, "a filter"),
        Predicate::Compare { comparison, .. } => check_comparison(*comparison, capabilities),
        Predicate::Exists(exists) => {
            need(capabilities.exists, "a filter through links")?;
            check_predicate(&exists.predicate, &exists.collection, capabilities)
        }
        Predicate::Reached { path, target, test } => {
            check_reached(collection, path, target, capabilities)?;
            match test {
                Test::Compare { comparison, .. } => check_comparison(*comparison, capabilities),
                Test::IsNull => need(capabilities.filter, "a filter"),
            }
        }
    }
}

fn check_comparison(comparison: Comparison, capabilities: Capabilities) -> Result<(), &'static str> {
    match comparison {
        Comparison::Regex | Comparison::IRegex => Err("a regular expression"),
        Comparison::ILike | Comparison::NotILike => need(capabilities.ilike, "a filter by text without case"),
        Comparison::Like
        | Comparison::NotLike
        | Comparison::StartsWith
        | Comparison::EndsWith
        | Comparison::Contains => need(capabilities.like, "a filter by parts of text"),
        _ => need(capabilities.filter, "a filter"),
    }
}

fn need(held: bool, what: &'static str) -> Result<(), &'static str> {
    if held { Ok(()) } else { Err(what) }
}

/// A fetch in one line: `resident: id, name where (age > ?0 and name is not null) order by name desc limit ?1`.
pub(crate) fn text(fetch: &Fetch) -> String {
    let collection = &*fetch.collection;
    let mut out = format!("{}: {}", collection.name, names(collection, &fetch.columns));
    if !fetch.predicate.is_true() {
        out.push_str(" where ");
        write_predicate(&fetch.predicate, collection, &mut out);
    }
    if !fetch.distinct.is_empty() {
        add(&mut out, format_args!(" distinct on ({})", names(collection, &fetch.distinct)));
    }
    if !fetch.order.is_empty() {
        let terms: Vec<String> = fetch.order.iter().map(|order| order_text(order, collection)).collect();
        add(&mut out, format_args!(" order by {}", terms.join(", ")));
    }
    write_bounds(&mut out, fetch.limit, fetch.offset);
    if let Some(keys) = &fetch.keys {
        add(&mut out, format_args!(" by {}keys ({})", normalized(&keys.normalize), names(collection, &keys.columns)));
        write_bounds(&mut out, keys.limit, keys.offset);
    }
    if let Some(group) = &fetch.group {
        write_group(group, collection, &mut out);
    }
    out
}

/// ` in groups of street.name: count(*), max(age) where g1 > ?0 order by g1 desc limit ?1`
fn write_group(group: &Group, collection: &Collection, out: &mut String) {
    out.push_str(" in groups");
    for (at, key) in group.by.iter().enumerate() {
        out.push_str(if at == 0 { " of " } else { ", " });
        let last = key.path.last().map_or(collection, |hop| &hop.collection);
        write_path(&key.path, out);
        out.push_str(name(last, key.field));
    }
    for (at, aggregate) in group.aggregates.iter().enumerate() {
        out.push_str(if at == 0 { ": " } else { ", " });
        write_aggregate(aggregate, collection, out);
    }
    if !group.having.is_true() {
        out.push_str(" where ");
        write_predicate(&group.having, &group.answer, out);
    }
    if !group.order.is_empty() {
        let terms: Vec<String> = group.order.iter().map(|order| order_text(order, &group.answer)).collect();
        add(out, format_args!(" order by {}", terms.join(", ")));
    }
    write_bounds(out, group.limit, group.offset);
}

fn write_aggregate(aggregate: &Aggregate, collection: &Collection, out: &mut String) {
    let fields = if aggregate.fields.is_empty() { "*".to_owned() } else { names(collection, &aggregate.fields) };
    let function = match aggregate.function {
        Function::Count => "count",
        Function::CountDistinct => "count distinct",
        Function::Sum => "sum",
        Function::Average => "avg",
        Function::Deviation => "stddev",
        Function::DeviationPopulation => "stddevPop",
        Function::Variance => "variance",
        Function::VariancePopulation => "varPop",
        Function::Minimum => "min",
        Function::Maximum => "max",
    };
    add(out, format_args!("{function}({fields})"));
}

/// `count(*) of (visit: resident_id = id where …)`
fn write_linked(linked: &LinkedAggregate, outer: &Collection, out: &mut String) {
    write_aggregate(&linked.aggregate, &linked.collection, out);
    out.push_str(" of (");
    write_link(&linked.collection, &linked.on, &linked.predicate, outer, out);
    out.push(')');
}

fn write_path(path: &[Hop], out: &mut String) {
    for hop in path {
        add(out, format_args!("{}.", hop.collection.name));
    }
}

/// What an order or a filter compares.
fn write_reached(path: &[Hop], target: &OrderTarget, collection: &Collection, out: &mut String) {
    write_path(path, out);
    let last = path.last().map_or(collection, |hop| &hop.collection);
    match target {
        OrderTarget::Field(field) => out.push_str(name(last, *field)),
        OrderTarget::RowId => out.push_str("row number"),
        OrderTarget::Aggregate(linked) => write_linked(linked, last, out),
    }
}

fn write_bounds(out: &mut String, limit: Option<usize>, offset: Option<usize>) {
    if let Some(limit) = limit {
        add(out, format_args!(" limit ?{limit}"));
    }
    if let Some(offset) = offset {
        add(out, format_args!(" offset ?{offset}"));
    }
}

fn write_predicate(predicate: &Predicate, collection: &Collection, out: &mut String) {
    match predicate {
        Predicate::And(parts) if parts.is_empty() => out.push_str("true"),
        Predicate::Or(parts) if parts.is_empty() => out.push_str("false"),
        Predicate::And(parts) => write_parts(parts, " and ", collection, out),
        Predicate::Or(parts) => write_parts(parts, " or ", collection, out),
        Predicate::Not(part) => {
            if let Predicate::IsNull(field) = **part {
                add(out, format_args!("{} is not null", name(collection, field)));
            } else {
                out.push_str("not ");
                write_predicate(part, collection, out);
            }
        }
        Predicate::IsNull(field) => add(out, format_args!("{} is null", name(collection, *field))),
        Predicate::Compare { field, comparison, operand } => {
            add(out, format_args!("{} {} ?{operand}", name(collection, *field), sign(*comparison)));
        }
        Predicate::KeyIn { fields, normalize, operand } => {
            add(out, format_args!("{}({}) in ?{operand}", normalized(normalize), names(collection, fields)));
        }
        Predicate::Exists(exists) => {
            out.push_str("exists (");
            write_link(&exists.collection, &exists.on, &exists.predicate, collection, out);
            out.push(')');
        }
        Predicate::Reached { path, target, test } => {
            write_reached(path, target, collection, out);
            match test {
                Test::Compare { comparison, operand } => add(out, format_args!(" {} ?{operand}", sign(*comparison))),
                Test::IsNull => out.push_str(" is null"),
            }
        }
    }
}

/// `visit: resident_id = id where …`
fn write_link(
    linked: &Collection,
    on: &[(FieldId, FieldId)],
    predicate: &Predicate,
    outer: &Collection,
    out: &mut String,
) {
    let pairs = on.iter().map(|(one, other)| format!("{} = {}", name(linked, *other), name(outer, *one)));
    let pairs: Vec<String> = pairs.collect();
    add(out, format_args!("{}: {}", linked.name, pairs.join(" and ")));
    if !predicate.is_true() {
        out.push_str(" where ");
        write_predicate(predicate, linked, out);
    }
}

fn write_parts(parts: &[Predicate], between: &str, collection: &Collection, out: &mut String) {
    out.push('(');
    for (at, part) in parts.iter().enumerate() {
        if at > 0 {
            out.push_str(between);
        }
        write_predicate(part, collection, out);
    }
    out.push(')');
}

fn order_text(order: &Order, collection: &Collection) -> String {
    let mut out = String::new();
    write_reached(&order.path, &order.target, collection, &mut out);
    out.push_str(if order.descending { " desc" } else { " asc" });
    out.push_str(if order.nulls_first { " nulls first" } else { " nulls last" });
    out
}

fn sign(comparison: Comparison) -> &'static str {
    match comparison {
        Comparison::Equal => "=",
        Comparison::NotEqual => "<>",
        Comparison::In => "in",
        Comparison::NotIn => "not in",
        Comparison::Greater => ">",
        Comparison::GreaterOrEqual => ">=",
        Comparison::Less => "<",
        Comparison::LessOrEqual => "<=",
        Comparison::Like => "like",
        Comparison::NotLike => "not like",
        Comparison::ILike => "ilike",
        Comparison::NotILike => "not ilike",
        Comparison::StartsWith => "starts with",
        Comparison::EndsWith => "ends with",
        Comparison::Contains => "contains",
        Comparison::Regex => "~",
        Comparison::IRegex => "~*",
    }
}

fn normalized(steps: &[Normalizer]) -> &'static str {
    if steps.is_empty() { "" } else { "normalised " }
}

fn names(collection: &Collection, fields: &[usize]) -> String {
    fields.iter().map(|field| name(collection, *field)).collect::<Vec<_>>().join(", ")
}

fn name(collection: &Collection, field: usize) -> &str {
    collection.fields.get(field).map_or("?", |field| &field.name)
}

fn add(out: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a String never fails.
    let _ = out.write_fmt(text);
}
