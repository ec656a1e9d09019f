//! A fetch as text for people and logs, and whether it stays within what is claimed.

use std::fmt::Write;

use lilong_schema::{Capabilities, Collection, Normalizer};

use crate::{Comparison, Fetch, Order, OrderTarget, Predicate};

/// What a fetch needs beyond some capabilities, by name.
pub(super) fn check(fetch: &Fetch, capabilities: Capabilities) -> Result<(), &'static str> {
    check_predicate(&fetch.predicate, capabilities)?;
    need(fetch.order.is_empty() || capabilities.order, "an order")?;
    need(fetch.order.iter().all(|order| order.path.is_empty()) || capabilities.order_links, "an order through links")?;
    let row_ids = fetch.order.iter().any(|order| order.path.is_empty() && matches!(order.target, OrderTarget::RowId));
    need(!row_ids || fetch.collection.row_id, "an order by row number")?;
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
    Ok(())
}

fn check_predicate(predicate: &Predicate, capabilities: Capabilities) -> Result<(), &'static str> {
    match predicate {
        Predicate::And(parts) | Predicate::Or(parts) => {
            parts.iter().try_for_each(|part| check_predicate(part, capabilities))
        }
        Predicate::Not(part) => check_predicate(part, capabilities),
        Predicate::IsNull(_) | Predicate::KeyIn { .. } => need(capabilities.filter, "a filter"),
        Predicate::Compare { comparison, .. } => match comparison {
            Comparison::Regex | Comparison::IRegex => Err("a regular expression"),
            Comparison::ILike | Comparison::NotILike => need(capabilities.ilike, "a filter by text without case"),
            Comparison::Like
            | Comparison::NotLike
            | Comparison::StartsWith
            | Comparison::EndsWith
            | Comparison::Contains => need(capabilities.like, "a filter by parts of text"),
            _ => need(capabilities.filter, "a filter"),
        },
        Predicate::Exists(exists) => {
            need(capabilities.exists, "a filter through links")?;
            check_predicate(&exists.predicate, capabilities)
        }
    }
}

fn need(held: bool, what: &'static str) -> Result<(), &'static str> {
    if held { Ok(()) } else { Err(what) }
}

/// A fetch in one line: `resident: id, name where (age > ?0 and name is not null) order by name desc limit ?1`.
pub(super) fn text(fetch: &Fetch) -> String {
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
    out
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
            let pairs = exists
                .on
                .iter()
                .map(|(outer, inner)| format!("{} = {}", name(&exists.collection, *inner), name(collection, *outer)));
            let pairs: Vec<String> = pairs.collect();
            add(out, format_args!("exists ({}: {}", exists.collection.name, pairs.join(" and ")));
            if !exists.predicate.is_true() {
                out.push_str(" where ");
                write_predicate(&exists.predicate, &exists.collection, out);
            }
            out.push(')');
        }
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
    for hop in &order.path {
        add(&mut out, format_args!("{}.", hop.collection.name));
    }
    let last = order.path.last().map_or(collection, |hop| &hop.collection);
    match order.target {
        OrderTarget::Field(field) => out.push_str(name(last, field)),
        OrderTarget::RowId => out.push_str("row number"),
    }
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
