//! The envelope of a request: `query`, `operationName`, `variables`, `extensions`, from a body or from an address.
//!
//! In: bytes. Out: an [`Envelope`], or why it is none. *Invariant*: nothing of a wrong type is taken for absent.

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::server::parameters::Parameters;
use crate::server::refusal::Refusal;

/// What a client asks, still text.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Envelope {
    pub(super) query: String,
    pub(super) operation_name: Option<String>,
    pub(super) variables: Map<String, Value>,
}

/// The keys that count; a repeated one is an error, others are left alone.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Keys {
    query: Option<Value>,
    operation_name: Option<Value>,
    variables: Option<Value>,
    extensions: Option<Value>,
}

impl Envelope {
    /// From a JSON body.
    pub(super) fn from_body(body: &[u8]) -> Result<Self, Refusal> {
        let text = std::str::from_utf8(body).map_err(|_| Refusal::bad_input("The body is not UTF-8."))?;
        match text.trim_start().bytes().next() {
            None => {
                return Err(Refusal::bad_input("The body is empty; send a JSON object with a `query`."));
            }
            Some(b'[') => {
                return Err(Refusal::bad_input("Batches are not supported; send one JSON object a request."));
            }
            Some(b'{') => {}
            Some(_) => return Err(Refusal::bad_input("The body is not a JSON object with a `query`.")),
        }
        let keys: Keys = serde_json::from_str(text)
            .map_err(|error| Refusal::bad_input(format!("The body cannot be read as JSON: {error}.")))?;
        let query = match keys.query {
            Some(Value::String(query)) => query,
            None => return Err(Refusal::bad_input("`query` is missing.")),
            Some(other) => return Err(wrong("query", "a string", &other)),
        };
        let operation_name = match keys.operation_name {
            None => None,
            Some(Value::String(name)) => Some(name),
            Some(other) => return Err(wrong("operationName", "a string", &other)),
        };
        let variables = map("variables", keys.variables)?;
        map("extensions", keys.extensions)?;
        Ok(Self { query, operation_name: operation_name.filter(|name| !name.is_empty()), variables })
    }

    /// From an address's parameters.
    pub(super) fn from_parameters(parameters: &Parameters) -> Result<Self, Refusal> {
        let once = |name| parameters.once(name).map_err(|fault| Refusal::bad_input(fault.to_string()));
        let json = |name: &'static str| -> Result<Option<Value>, Refusal> {
            match once(name)? {
                None | Some("") => Ok(None),
                Some(text) => serde_json::from_str(text)
                    .map(|value| if value == Value::Null { None } else { Some(value) })
                    .map_err(|error| {
                        Refusal::bad_input(format!("The parameter `{name}` cannot be read as JSON: {error}."))
                    }),
            }
        };
        let query = once("query")?.ok_or_else(|| Refusal::bad_input("The parameter `query` is missing."))?;
        let variables = map("variables", json("variables")?)?;
        map("extensions", json("extensions")?)?;
        let operation_name = once("operationName")?.filter(|name| !name.is_empty()).map(ToOwned::to_owned);
        Ok(Self { query: query.to_owned(), operation_name, variables })
    }
}

fn map(name: &str, value: Option<Value>) -> Result<Map<String, Value>, Refusal> {
    match value {
        None => Ok(Map::new()),
        Some(Value::Object(map)) => Ok(map),
        Some(other) => Err(wrong(name, "an object", &other)),
    }
}

fn wrong(name: &str, wanted: &str, value: &Value) -> Refusal {
    let given = match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    };
    Refusal::bad_input(format!("`{name}` must be {wanted}, not {given}."))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn body(text: &str) -> Result<Envelope, String> {
        Envelope::from_body(text.as_bytes()).map_err(|refusal| refusal.message)
    }

    #[test]
    fn a_whole_envelope_is_read() {
        let envelope =
            body(r#"{"query":"{a}","operationName":"A","variables":{"x":1.10},"extensions":{"y":1},"other":2}"#)
                .unwrap();
        assert_eq!(envelope.query, "{a}");
        assert_eq!(envelope.operation_name.as_deref(), Some("A"));
        assert_eq!(envelope.variables["x"].to_string(), "1.10");
    }

    #[test]
    fn nulls_are_as_absent_but_for_the_query() {
        let envelope = body(r#"{"query":"{a}","operationName":null,"variables":null,"extensions":null}"#).unwrap();
        assert_eq!(envelope.operation_name, None);
        assert!(envelope.variables.is_empty());
        assert_eq!(body(r#"{"query":null}"#).unwrap_err(), "`query` is missing.");
    }

    #[test]
    fn wrong_types_are_named() {
        for (text, message) in [
            (r#"{"query":1}"#, "`query` must be a string, not a number."),
            (r#"{"query":["a"]}"#, "`query` must be a string, not an array."),
            (r#"{"query":"","operationName":[]}"#, "`operationName` must be a string, not an array."),
            (r#"{"query":"","variables":"x"}"#, "`variables` must be an object, not a string."),
            (r#"{"query":"","extensions":false}"#, "`extensions` must be an object, not a boolean."),
            (r#"[{"query":"{a}"}]"#, "Batches are not supported; send one JSON object a request."),
            (r#""x""#, "The body is not a JSON object with a `query`."),
            ("  ", "The body is empty; send a JSON object with a `query`."),
        ] {
            assert_eq!(body(text).unwrap_err(), message, "{text}");
        }
    }

    #[test]
    fn repeated_keys_deep_nesting_and_rubbish_are_refused() {
        let deep = format!(r#"{{"query":"","variables":{{"a":{}{}}}}}"#, "[".repeat(100_000), "]".repeat(100_000));
        for text in
            [r#"{"query":"a","query":"b"}"#, r#"{"query":"a"} x"#, r#"{"query":"a""#, r#"{"query":"\ud800"}"#, &deep]
        {
            assert!(body(text).unwrap_err().starts_with("The body cannot be read as JSON"), "{}", &text[..20]);
        }
        assert_eq!(Envelope::from_body(&[b'{', 0xff]).unwrap_err().message, "The body is not UTF-8.");
    }

    #[test]
    fn an_address_carries_json_in_its_parameters() {
        let parameters = Parameters::parse(Some("query={a}&variables={\"x\":1}&operationName=")).unwrap();
        let envelope = Envelope::from_parameters(&parameters).unwrap();
        assert_eq!((envelope.variables.len(), envelope.operation_name), (1, None));
        for text in
            ["variables={}", "query=a&variables=[1]", "query=a&variables={", "query=a&extensions=1", "query=a&query=b"]
        {
            assert!(Envelope::from_parameters(&Parameters::parse(Some(text)).unwrap()).is_err(), "{text}");
        }
    }
}
