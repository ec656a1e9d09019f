//! Whether two answers are the same, and where they differ first.

use serde_json::Value;

/// Where two answers differ first, and how; `None`: they are equal, keys in the same order; numbers by value, and so are
/// decimals, which travel as text. What is no whole number may differ by what the order of a sum does to it.
pub(crate) fn difference(got: &Value, expected: &Value) -> Option<String> {
    let told = || Some(format!(": got {}, expected {}", shown(got), shown(expected)));
    match (got, expected) {
        (Value::Array(one), Value::Array(other)) => {
            let within = |(at, (one, other))| Some(format!("[{at}]{}", difference(one, other)?));
            let within = one.iter().zip(other).enumerate().find_map(within);
            within.or_else(|| if one.len() == other.len() { None } else { told() })
        }
        (Value::Object(one), Value::Object(other)) if one.keys().eq(other.keys()) => one
            .iter()
            .zip(other.values())
            .find_map(|((key, one), other)| Some(format!(".{key}{}", difference(one, other)?))),
        (Value::Number(_), Value::Number(_)) if one_number(got, expected) => None,
        (Value::String(text), Value::Number(_)) => match text.parse().ok().map(Value::Number) {
            Some(number) if one_number(&number, expected) => None,
            _ => told(),
        },
        _ if got == expected => None,
        _ => told(),
    }
}

fn one_number(one: &Value, other: &Value) -> bool {
    if let (Some(one), Some(other)) = (one.as_i64(), other.as_i64()) {
        return one == other;
    }
    let (one, other) = (one.as_f64().unwrap(), other.as_f64().unwrap());
    (one - other).abs() <= 1e-9 * one.abs().max(other.abs()).max(1e-3)
}

/// The entries of a list in an order of their own, for lists that come in any.
pub(crate) fn sorted(list: &Value) -> Value {
    let mut entries = list.as_array().cloned().unwrap_or_default();
    entries.sort_by_key(|entry| entry["key"].to_string());
    Value::Array(entries)
}

/// The beginning of a value, for messages.
fn shown(value: &Value) -> String {
    value.to_string().chars().take(600).collect()
}
