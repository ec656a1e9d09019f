//! Whether two answers are the same, and where they differ first.

use serde_json::Value;

/// What the order of a sum, and the way to a variance of large numbers, does to the last digits.
const SUMS: f64 = 1e-7;

/// Where two answers differ first, and how; `None`: they are equal, keys in the same order; numbers by value, and so are
/// decimals, which travel as text; figures that are no whole numbers up to their last digits.
pub(crate) fn difference(got: &Value, expected: &Value) -> Option<String> {
    apart(got, expected, 0.0)
}

fn apart(got: &Value, expected: &Value, tolerance: f64) -> Option<String> {
    let told = || Some(format!(": got {}, expected {}", shown(got), shown(expected)));
    match (got, expected) {
        (Value::Array(one), Value::Array(other)) => {
            let within = |(at, (one, other))| Some(format!("[{at}]{}", apart(one, other, tolerance)?));
            let within = one.iter().zip(other).enumerate().find_map(within);
            within.or_else(|| if one.len() == other.len() { None } else { told() })
        }
        (Value::Object(one), Value::Object(other)) if one.keys().eq(other.keys()) => {
            one.iter().zip(other.values()).find_map(|((key, one), other)| {
                // Figures stand under `f0`, `f1` …
                let is_figure = key.strip_prefix('f').is_some_and(|number| number.parse::<usize>().is_ok());
                let tolerance = if is_figure { SUMS } else { tolerance };
                Some(format!(".{key}{}", apart(one, other, tolerance)?))
            })
        }
        (Value::Number(_), Value::Number(_)) if is_near(got, expected, tolerance) => None,
        (Value::String(text), Value::Number(_)) => match text.parse().ok().map(Value::Number) {
            Some(number) if is_near(&number, expected, tolerance) => None,
            _ => told(),
        },
        _ if got == expected => None,
        _ => told(),
    }
}

fn is_near(one: &Value, other: &Value, tolerance: f64) -> bool {
    if let (Some(one), Some(other)) = (one.as_i64(), other.as_i64()) {
        return one == other;
    }
    let (one, other) = (one.as_f64().unwrap(), other.as_f64().unwrap());
    (one - other).abs() <= tolerance * one.abs().max(other.abs()).max(1e-3)
}

/// The entries of a list in an order of their own, for lists that come in any: by their keys, numbers by value however they
/// are written.
pub(crate) fn sorted(list: &Value) -> Value {
    let mut entries = list.as_array().cloned().unwrap_or_default();
    let cell = |value: &Value| match value {
        Value::Number(number) => format!("{:?}", number.as_f64()),
        // Decimals travel as text.
        Value::String(text) => {
            text.parse().map_or_else(|_| value.to_string(), |number: f64| format!("{:?}", Some(number)))
        }
        other => other.to_string(),
    };
    let cells = |entry: &Value| {
        entry["key"].as_object().map(|key| key.values().map(cell).collect::<Vec<_>>()).unwrap_or_default()
    };
    entries.sort_by_cached_key(|entry| (cells(entry), entry["key"].to_string()));
    Value::Array(entries)
}

/// The beginning of a value, for messages.
fn shown(value: &Value) -> String {
    value.to_string().chars().take(600).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{difference, sorted};

    #[test]
    fn entries_stand_alike_however_their_numbers_are_written() {
        let list = |keys: [serde_json::Value; 3]| json!(keys.map(|key| json!({ "key": { "k0": "a", "k1": key } })));
        let one = list([json!(11.0), json!(11.5), json!("9.50")]);
        let other = list([json!(9.5), json!(11.5), json!(11)]);
        assert_eq!(difference(&sorted(&one), &sorted(&other)), None);
    }
}
