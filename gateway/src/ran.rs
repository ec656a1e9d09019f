//! A plan that ran, for its client: what `lilong explain` shows of it but for requests and values, and what each step came to.
//!
//! *Invariant*: no native request, no host and no value.

use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::execute::{Fetched, Seen};
use crate::model::Model;
use crate::plan::{Plan, display};

/// What is not told: native requests, what is read off values, and what a source says why it cannot make one.
const KEPT_BACK: &[&str] = &["request", "error", "where", "limit", "offset"];

/// `{"steps": [{"step": 0, "kind": "fetch", "source": …, "rows": 3, "statements": 1, "milliseconds": 0.4}, …]}`.
pub(crate) fn ran(plan: &Plan, model: &Model, fetched: &Fetched, seen: &Seen) -> Value {
    let mut shown = display::plan(plan, model);
    strip(&mut shown);
    for (id, step) in shown["steps"].as_array_mut().into_iter().flatten().enumerate() {
        // What a step reads is shown under this name; what it gives is told as `rows`.
        if let Some(input) = step.as_object_mut().and_then(|step| step.remove("rows")) {
            step["input"] = input;
        }
        match &fetched.steps[id] {
            Ok(made) => step["rows"] = json!(made.len()),
            Err(fault) => step["code"] = json!(fault.code.name()),
        }
        let asked = seen.asked.iter().filter(|asked| asked.step == id).collect::<Vec<_>>();
        if let (Some(begun), Some(ended)) =
            (asked.iter().map(|asked| asked.from).min(), asked.iter().map(|asked| asked.from + asked.took).max())
        {
            step["begun"] = milliseconds(begun);
            step["milliseconds"] = milliseconds(ended.saturating_sub(begun));
            if let Some(statements) = asked.iter().map(|asked| asked.statements).sum::<Option<usize>>() {
                step["statements"] = json!(statements);
            }
        }
        let tried = seen.tried.iter().filter(|tried| tried.step == id).map(|tried| {
            let mut shown = Map::new();
            shown.insert("part".to_owned(), json!(tried.part));
            shown.insert("upTo".to_owned(), json!(tried.most));
            shown.insert("rows".to_owned(), tried.rows.map_or_else(|| json!("more"), |rows| json!(rows)));
            shown.insert("milliseconds".to_owned(), milliseconds(tried.took));
            Value::Object(shown)
        });
        let tried = tried.collect::<Vec<_>>();
        if !tried.is_empty() {
            step["tried"] = Value::Array(tried);
        }
    }
    shown
}

fn milliseconds(duration: Duration) -> Value {
    // A request takes less than the centuries that such a number holds exactly.
    let rounded = duration.as_micros() as f64 / 1_000.0;
    json!(rounded)
}

fn strip(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(strip),
        Value::Object(entries) => {
            entries.retain(|key, _| !KEPT_BACK.contains(&key.as_str()));
            entries.values_mut().for_each(strip);
        }
        _ => {}
    }
}
