//! `__schema` and `__type`, written from the model.
//!
//! In: the model, what the request sees of it, and a normalised selection. Out: JSON (GraphQL specification §4).
//! *Invariant*: shows only what can be reached in the slice; no schema is built, `__type` costs one look-up.

mod kept;
mod schema;
mod writer;

use lilong_schema::{Federated, Slice};

pub(crate) use self::kept::Kept;
pub use self::schema::{LongSchema, Schema, schema};
use crate::built_in;
use crate::error::RequestError;
use crate::operation::Field;
use writer::Writer;

/// The longest answer for one type, in bytes: lists within lists of a large model would have no end.
const MOST_BYTES: usize = 200_000_000;

/// Writes a `__Type` object, or `null` if the slice has no type of that name; `TOO_LARGE` beyond 200 MB.
pub fn write_type(
    federated: &Federated,
    slice: &Slice,
    name: &str,
    selection: &[Field],
    out: &mut Vec<u8>,
) -> Result<(), RequestError> {
    let mut writer = Writer::new(federated, slice, out, MOST_BYTES);
    if built_in::definition(name).is_none() && built_in::seen_type_id(federated, slice, name).is_none() {
        writer.null();
        return Ok(());
    }
    writer.named(name, selection)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use lilong_schema::Value;
    use serde_json::{Value as Json, json};

    use super::*;
    use crate::coerce::{self, Scope};
    use crate::error::Code;
    use crate::normalize::normalize;
    use crate::operation::{Form, Operation};
    use crate::sample::{model, valid_in};

    pub(super) fn operation(model: &Federated, slice: &Slice, text: &str) -> Operation {
        let valid = valid_in(model, slice, text).unwrap();
        let operation = valid.operation(None).unwrap();
        let scope = Scope { valid: &valid, operation, federated: model, slice };
        let variables = coerce::variables(scope, &serde_json::Map::new()).unwrap();
        normalize(&valid, operation, &variables, model, slice).unwrap()
    }

    fn asked(slice: &Slice, text: &str) -> Json {
        let model = model();
        let field = operation(&model, slice, text).selection.remove(0);
        let mut out = Vec::new();
        if let Some(Form::Leaf(Value::Text(name))) = field.argument("name").map(|argument| &argument.form) {
            write_type(&model, slice, name, &field.selection, &mut out).unwrap();
        } else if let Schema::Short(written) = schema(&model, slice, &field.selection).unwrap() {
            out = written.into_vec();
        }
        serde_json::from_slice(&out).unwrap()
    }

    #[test]
    fn a_type_is_written_as_asked() {
        let text = "{ __type(name: \"Civil\") { __typename k: kind name fields { name args { name defaultValue type { ...T } } type { ...T } } } }
                    fragment T on __Type { kind name ofType { kind name ofType { kind name } } }";
        let civil = asked(&Slice::all(), text);
        assert_eq!(civil["__typename"], "__Type");
        assert_eq!(civil["k"], "OBJECT");
        let field = civil["fields"].as_array().unwrap().iter().find(|field| field["name"] == "resident").unwrap();
        let list = json!({"kind": "LIST", "name": null, "ofType": {"kind": "NON_NULL", "name": null, "ofType": {"kind": "OBJECT", "name": "CivilResident"}}});
        assert_eq!(field["type"], list);
        let limit = field["args"].as_array().unwrap().iter().find(|argument| argument["name"] == "limit").unwrap();
        assert_eq!(
            *limit,
            json!({"name": "limit", "defaultValue": null, "type": {"kind": "SCALAR", "name": "Int", "ofType": null}})
        );
    }

    #[test]
    fn kinds_decide_what_is_null() {
        let text = |name: &str| {
            format!(
                "{{ __type(name: {name:?}) {{ kind fields {{ name }} inputFields {{ name }} enumValues {{ name }} interfaces {{ name }} possibleTypes {{ name }} specifiedByURL isOneOf }} }}"
            )
        };
        let all = Slice::all();
        for (name, kind, full) in [
            ("CivilResident", "OBJECT", ["fields", "interfaces"].as_slice()),
            ("CivilResidentBoolExp", "INPUT_OBJECT", &["inputFields", "isOneOf"]),
            ("CivilGender", "ENUM", &["enumValues"]),
            ("OrderBy", "ENUM", &["enumValues"]),
            ("CivilStreetSelectColumn", "ENUM", &["enumValues"]),
            ("Int", "SCALAR", &[]),
            ("DateTime", "SCALAR", &["specifiedByURL"]),
            ("__Type", "OBJECT", &["fields", "interfaces"]),
            ("__TypeKind", "ENUM", &["enumValues"]),
        ] {
            let answer = asked(&all, &text(name));
            assert_eq!(answer["kind"], kind, "{name}");
            for (key, value) in answer.as_object().unwrap().iter().filter(|(key, _)| *key != "kind") {
                assert_eq!(!value.is_null(), full.contains(&key.as_str()), "{name}.{key}");
            }
        }
    }

    #[test]
    fn a_type_that_is_not_there_is_null() {
        assert_eq!(asked(&Slice::all(), "{ __type(name: \"Zz\") { name } }"), Json::Null);
        assert_eq!(asked(&Slice::all(), "{ __type(name: \"ID\") { name } }"), Json::Null);
        assert_eq!(asked(&Slice::of([0]), "{ __type(name: \"HealthVaccination\") { name } }"), Json::Null);
    }

    fn names<'a>(value: &'a Json, found: &mut Vec<&'a str>) {
        match value {
            Json::Array(items) => items.iter().for_each(|item| names(item, found)),
            Json::Object(entries) => entries.iter().for_each(|(key, value)| match value {
                Json::String(name) if key == "name" && entries.contains_key("ofType") => found.push(name),
                value => names(value, found),
            }),
            _ => {}
        }
    }

    #[test]
    fn every_type_that_is_referred_to_is_listed() {
        for slice in [Slice::all(), Slice::of([0]), Slice::of([1])] {
            let text = "{ __schema { queryType { name } mutationType { name } types { name fields { args { type { ...T } } type { ...T } } inputFields { type { ...T } } } directives { name locations isRepeatable args { name defaultValue type { ...T } } } } }
                        fragment T on __Type { name ofType { name ofType { name ofType { name } } } }";
            let schema = asked(&slice, text);
            assert_eq!(schema["queryType"]["name"], "Query");
            assert_eq!(schema["mutationType"], Json::Null);
            let listed: Vec<&str> =
                schema["types"].as_array().unwrap().iter().filter_map(|ty| ty["name"].as_str()).collect();
            let unique: std::collections::HashSet<_> = listed.iter().collect();
            assert_eq!(unique.len(), listed.len(), "no type twice");
            let mut referred = Vec::new();
            names(&schema, &mut referred);
            for name in referred {
                assert!(listed.contains(&name), "{name}");
            }
        }
    }

    #[test]
    fn an_endless_answer_is_refused() {
        let model = model();
        let slice = Slice::all();
        let mut out = Vec::new();
        let mut writer = Writer::new(&model, &slice, &mut out, 100);
        let error = writer.list(0.., |writer, _| {
            writer.string("again");
            Ok(())
        });
        assert_eq!(error.unwrap_err().code, Code::TooLarge);
    }
}
