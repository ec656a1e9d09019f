//! A plan for people: steps with what they read, and the native request of each fetch.

use std::collections::BTreeSet;
use std::sync::Arc;

use lilong_connectors::{Comparison, OrderTarget, Predicate, Test};
use serde_json::{Value, json};

use super::union::{Ask, UnionStep, lives_so};
use super::{AggregateStep, ChooseStep, FetchStep, JoinRule, KeysFrom, Part, Plan, PlanOperand, ScanStep, Step};
use crate::model::Model;
use crate::operation::Variables;

/// A plan as JSON: `{"steps": [{"step": 0, "kind": "fetch", "source": …, "request": …}, …]}`.
pub fn plan(plan: &Plan, model: &Model) -> Value {
    json!({ "steps": steps(&plan.steps, model) })
}

fn steps(steps: &[Step], model: &Model) -> Vec<Value> {
    steps.iter().enumerate().map(|(id, step)| self::step(id, step, model)).collect()
}

/// The same as text, a step a line, native requests indented below.
pub fn text(plan: &Value) -> String {
    let mut out = String::new();
    write_steps(&plan["steps"], 0, &mut out);
    out
}

fn write_steps(steps: &Value, indent: usize, out: &mut String) {
    for step in steps.as_array().into_iter().flatten() {
        let Some(entries) = step.as_object() else { continue };
        let plain = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        out.push_str(&format!("{:indent$}{:>3} {}", "", plain(&step["step"]), plain(&step["kind"])));
        for (key, value) in entries {
            if !matches!(key.as_str(), "step" | "kind" | "request" | "asks" | "parts" | "prune") {
                out.push_str(&format!(" {key}={}", plain(value)));
            }
        }
        if let Some(columns) = step["prune"]["by"].as_array() {
            let columns = columns.iter().map(plain).collect::<Vec<_>>().join(",");
            out.push_str(&format!(" prune={columns} seconds={}", step["prune"]["seconds"]));
        }
        out.push('\n');
        let ends = step["prune"]["ends"].as_array().into_iter().flatten();
        for line in ends.flat_map(|end| end["request"].as_str().unwrap_or_default().lines()) {
            out.push_str(&format!("{:indent$}        {line}\n", ""));
        }
        for ask in step["asks"].as_array().into_iter().flatten() {
            let members = ask["members"].as_array().map_or(0, Vec::len);
            let first = ask["members"][0].as_str().unwrap_or_default();
            let others = if members > 1 { format!(" and {} more", members - 1) } else { String::new() };
            out.push_str(&format!("{:indent$}      {first}{others}", ""));
            if let Some(residual) = ask["where"].as_str() {
                out.push_str(&format!(" where={residual}"));
            }
            out.push('\n');
            for request in [&ask["first"], &ask["request"]] {
                for line in request.as_str().unwrap_or_default().lines() {
                    out.push_str(&format!("{:indent$}        {line}\n", ""));
                }
            }
        }
        if let Some(request) = step["request"].as_str() {
            for line in request.lines() {
                out.push_str(&format!("{:indent$}      {line}\n", ""));
            }
        }
        for (name, part) in step["parts"].as_object().into_iter().flatten() {
            out.push_str(&format!("{:indent$}      {name}:\n", ""));
            write_steps(&part["steps"], indent + 6, out);
        }
    }
}

fn step(id: usize, step: &Step, model: &Model) -> Value {
    match step {
        Step::Fetch(fetch) => self::fetch(id, fetch, model),
        Step::Union(union) => self::union(id, union, model),
        Step::Filter(filter) => json!({
            "step": id, "kind": "filter", "rows": filter.input, "where": predicate(&filter.predicate, &filter.collection),
        }),
        Step::Choose(choose) => self::choose(id, choose, model),
        Step::Scan(scan) => self::scan(id, scan, model),
        Step::Given => json!({ "step": id, "kind": "given" }),
        Step::Sort(sort) => json!({ "step": id, "kind": "sort", "rows": sort.input, "terms": sort.terms.len() }),
        Step::Attach(attach) => json!({ "step": id, "kind": "attach", "rows": attach.input, "linked": attach.linked }),
        Step::Page(page) => json!({ "step": id, "kind": "page", "rows": page.input, "terms": page.terms.len() }),
        Step::Fill(fill) => json!({ "step": id, "kind": "fill", "rows": fill.placed, "by": fill.wide }),
        Step::Keys(keys) => {
            let mut value = json!({ "step": id, "kind": "keys", "rows": keys.input });
            if !keys.key.normalize.is_empty() {
                value["normalized"] = json!(true);
            }
            if keys.before.is_some() {
                value["mappedBack"] = json!(true);
            }
            value
        }
        Step::Aggregate(aggregate) => fold(id, aggregate),
        Step::Widen(widen) => {
            let joins = widen.joins.iter().map(|(join, _)| *join).collect::<Vec<_>>();
            json!({ "step": id, "kind": "widen", "rows": widen.rows, "by": joins })
        }
        Step::Assign(assign) => {
            let mut value = json!({ "step": id, "kind": "assign", "rows": assign.rows });
            if let Some(parent) = &assign.parent {
                value["parents"] = json!(parent.step);
            }
            value
        }
        Step::Join(join) => {
            let mut value = json!({ "step": id, "kind": "join", "rows": join.rows });
            if let Some(parent) = &join.parent {
                value["parents"] = json!(parent.step);
            }
            value["gives"] = json!(match join.rule {
                JoinRule::List { .. } => "list",
                JoinRule::One => "one",
                JoinRule::Page { .. } => "page",
                JoinRule::Count => "count",
            });
            for (name, given) in [("limit", &join.limit), ("offset", &join.offset)] {
                if let Some(given) = given {
                    value[name] = json!(operand(given));
                }
            }
            if !join.distinct.is_empty() {
                value["distinct"] = json!(join.distinct.len());
            }
            value
        }
    }
}

fn choose(id: usize, step: &ChooseStep, model: &Model) -> Value {
    let about = |at: usize| {
        let rows = step.about[at].map_or_else(|| "?".to_owned(), |rows| rows.to_string());
        format!("{}~{rows}", step.sides[at])
    };
    let mut value = json!({
        "step": id,
        "kind": "choose",
        "link": &*step.field,
        "first": if step.near_first { "near" } else { "far" },
        "near": about(0),
        "far": about(1),
    });
    if !step.given.is_empty() {
        value["given"] = json!(step.given);
    }
    let parts = step
        .parts()
        .map(|(name, part)| (name.to_owned(), json!({ "steps": steps(&part.steps, model), "gives": part.result })));
    value["parts"] = Value::Object(parts.collect());
    value
}

fn scan(id: usize, step: &ScanStep, model: &Model) -> Value {
    let source = &model.sources[step.source];
    let part = |part: &Part| json!({ "steps": steps(&part.steps, model), "gives": part.result });
    let mut value = json!({
        "step": id,
        "kind": "scan",
        "source": &**source.name(),
        "collection": step.first.plain.fetch.collection.name,
        "limit": operand(&step.wanted),
    });
    match source.explain(&step.behind.plain) {
        Ok(native) => value["request"] = json!(native.text),
        Err(error) => value["error"] = json!(error.to_string()),
    }
    value["parts"] = json!({ "plain": part(&step.plain), "check": part(&step.check) });
    value
}

fn fold(id: usize, step: &AggregateStep) -> Value {
    let mut value = json!({ "step": id, "kind": "aggregate", "rows": step.input });
    let grouped = step.key.as_ref().map_or(0, |key| key.columns.len()) + step.by.len();
    if grouped > 0 {
        value["by"] = json!(grouped);
    }
    if step.key.as_ref().is_some_and(|key| !key.normalize.is_empty()) {
        value["normalized"] = json!(true);
    }
    let figures = step.figures.iter().map(|figure| {
        let name = format!("{:?}", figure.function).to_lowercase();
        if figure.parts { format!("{name} of parts") } else { name }
    });
    value["figures"] = json!(figures.collect::<Vec<_>>().join(", "));
    value
}

fn fetch(id: usize, step: &FetchStep, model: &Model) -> Value {
    let source = &model.sources[step.source];
    let mut value = json!({
        "step": id,
        "kind": "fetch",
        "source": &**source.name(),
        "collection": step.prepared.fetch.collection.name,
    });
    match &step.keys {
        Some(KeysFrom::Step(keys)) => value["keys"] = json!(keys),
        Some(KeysFrom::Arguments(_)) => value["keys"] = json!("arguments"),
        None => {}
    }
    let from = from_steps(&step.operands);
    if !from.is_empty() {
        value["filteredBy"] = json!(from);
    }
    value["most"] = json!(step.ceiling.rows);
    match source.explain(&step.prepared) {
        Ok(native) => value["request"] = json!(native.text),
        Err(error) => value["error"] = json!(error.to_string()),
    }
    value
}

/// Members that are asked the same share an entry of `asks`.
fn union(id: usize, step: &UnionStep, model: &Model) -> Value {
    let mut value = json!({ "step": id, "kind": "union", "collection": step.fetch.collection.name });
    match &step.keys {
        Some(KeysFrom::Step(keys)) => value["keys"] = json!(keys),
        Some(KeysFrom::Arguments(_)) => value["keys"] = json!("arguments"),
        None => {}
    }
    let from = from_steps(&step.operands);
    if !from.is_empty() {
        value["filteredBy"] = json!(from);
    }
    value["most"] = json!(step.ceiling.rows);
    let mut asks: Vec<(Arc<Ask>, Vec<&str>)> = Vec::new();
    for (at, member) in step.union.members.iter().enumerate() {
        let name = &**model.sources[member.source].name();
        // What variables and declared values rule out is not looked at here: shown is who may be asked.
        let value = |operand: usize| match &step.operands[operand] {
            PlanOperand::Variable(_) => None,
            operand => operand.value(&Variables::default()),
        };
        let truth = |leaf: usize, otherwise: bool| {
            lives_so(name, &step.fetch.collection, &step.leaves[leaf], value).unwrap_or(Some(otherwise))
        };
        let ask = step.ask(at, &|leaf| truth(leaf, true)).or_else(|| step.ask(at, &|leaf| truth(leaf, false)));
        let Some(ask) = ask else { continue };
        match asks.iter_mut().find(|(known, _)| Arc::ptr_eq(known, &ask)) {
            Some((_, members)) => members.push(name),
            None => asks.push((ask, vec![name])),
        }
    }
    let ask = |(ask, members): &(Arc<Ask>, Vec<&str>)| {
        let first = model.sources.iter().find(|source| **source.name() == *members[0]);
        let mut value = json!({ "members": members });
        if !ask.residual.is_true() {
            value["where"] = json!(predicate(&ask.residual, &step.fetch.collection));
        }
        match first.map(|source| source.explain(&ask.prepared)) {
            Some(Ok(native)) => value["request"] = json!(native.text),
            Some(Err(error)) => value["error"] = json!(error.to_string()),
            None => {}
        }
        // Where few rows are wanted, this comes before.
        if step.may_ask_first(step.shape_of.len())
            && ask.cuts
            && !ask.single
            && let Some(Ok(native)) = first.map(|source| source.explain(&ask.first(&step.ordered).prepared))
            && value["request"] != native.text
        {
            value["first"] = json!(native.text);
        }
        value
    };
    value["asks"] = asks.iter().map(ask).collect();
    if let Some(prune) = prune(step, model) {
        value["prune"] = prune;
    }
    value
}

/// The columns whose least and greatest values may rule members out, and how members that look alike are asked for them.
fn prune(step: &UnionStep, model: &Model) -> Option<Value> {
    let age = step.union.prune?;
    let edges = || step.edges.iter().enumerate().flat_map(|(shape, edges)| edges.iter().map(move |edge| (shape, edge)));
    edges().next()?;
    let fields = edges().map(|(_, edge)| &step.fetch.collection.fields[edge.field].name).collect::<BTreeSet<_>>();
    let requests = edges().flat_map(|(shape, edge)| {
        let member = step.shape_of.iter().position(|of| *of == shape).map(|at| &step.union.members[at]);
        let source = member.map(|member| &model.sources[member.source]);
        [&edge.least, &edge.greatest].map(|end| Some(source?.explain(end).ok()?.text.clone()))
    });
    // Members of several shapes may be asked in the same words.
    let requests = requests.flatten().collect::<BTreeSet<_>>();
    let ends = requests.iter().map(|request| json!({ "request": request })).collect::<Vec<_>>();
    Some(json!({ "by": fields, "seconds": age.as_secs_f64(), "ends": ends }))
}

fn from_steps(operands: &[PlanOperand]) -> Vec<usize> {
    let steps = operands.iter().filter_map(|operand| match operand {
        PlanOperand::FromStep(id) => Some(*id),
        _ => None,
    });
    steps.collect()
}

fn operand(operand: &PlanOperand) -> String {
    match operand {
        PlanOperand::Literal(value) => value.to_string(),
        PlanOperand::Variable(slot) => format!("${}", slot.variable + 1),
        PlanOperand::List(items) => format!("{} values", items.len()),
        PlanOperand::FromStep(id) => format!("step {id}"),
        PlanOperand::OneMore(inner) => format!("{} + 1", self::operand(inner)),
    }
}

fn predicate(condition: &Predicate, collection: &lilong_schema::Collection) -> String {
    let join = |parts: &[Predicate], word: &str, empty: &str| match parts {
        [] => empty.to_owned(),
        parts => {
            let parts = parts.iter().map(|part| predicate(part, collection)).collect::<Vec<_>>();
            format!("({})", parts.join(word))
        }
    };
    match condition {
        Predicate::And(parts) => join(parts, " and ", "true"),
        Predicate::Or(parts) => join(parts, " or ", "false"),
        Predicate::Not(part) => format!("not {}", predicate(part, collection)),
        Predicate::Compare { field, comparison, .. } => {
            format!("{} {}", collection.fields[*field].name, comparison_name(*comparison))
        }
        Predicate::IsNull(field) => format!("{} is null", collection.fields[*field].name),
        Predicate::KeyIn { fields, .. } => {
            let names = fields.iter().map(|field| collection.fields[*field].name.as_str()).collect::<Vec<_>>();
            format!("{} in keys", names.join(", "))
        }
        Predicate::Exists(exists) => format!("has {}", exists.collection.name),
        Predicate::Reached { path, target, test } => {
            let last = path.last().map_or(collection, |hop| &*hop.collection);
            let way: String = path.iter().map(|hop| format!("{}.", hop.collection.name)).collect();
            let target = match target {
                OrderTarget::Field(field) => last.fields[*field].name.clone(),
                OrderTarget::RowId => "row number".to_owned(),
                OrderTarget::Aggregate(linked) => {
                    format!("{:?} of {}", linked.aggregate.function, linked.collection.name).to_lowercase()
                }
            };
            match test {
                Test::Compare { comparison, .. } => format!("{way}{target} {}", comparison_name(*comparison)),
                Test::IsNull => format!("{way}{target} is null"),
            }
        }
    }
}

fn comparison_name(comparison: Comparison) -> String {
    format!("{comparison:?}").to_lowercase()
}
