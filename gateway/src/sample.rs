//! A small model for tests: residents and streets in one source, vaccinations in another.

use std::collections::BTreeMap;

use lilong_schema::catalog::{Limits, LinkEnd, LinkSettings, SourceSettings};
use lilong_schema::{Catalog, Federated, Slice, SourceDescription, federate};
use serde_json::json;

use crate::coerce::{self, Scope};
use crate::error::{Code, RequestError};
use crate::operation::{Operation, Variables};
use crate::validate::Valid;
use crate::{limits, normalize, parse, validate};

/// Parses, limits and validates against the whole model.
pub(crate) fn valid(model: &Federated, text: &str) -> Result<Valid, Vec<RequestError>> {
    valid_in(model, &Slice::all(), text)
}

/// Parses, limits and validates against a part of the model.
pub(crate) fn valid_in(model: &Federated, slice: &Slice, text: &str) -> Result<Valid, Vec<RequestError>> {
    let most = Limits::default();
    let parsed = parse::parse(text, &most).map_err(|error| vec![error])?;
    limits::check(&parsed, model, &most).map_err(|error| vec![error])?;
    validate::validate(parsed, model, slice)
}

/// The code under which a document is refused.
pub(crate) fn code(model: &Federated, text: &str) -> Option<Code> {
    valid(model, text).err().and_then(|errors| errors.first().map(|error| error.code))
}

/// All the way to variables and a normalised operation.
pub(crate) fn normalized(
    model: &Federated,
    text: &str,
    raw: serde_json::Value,
) -> Result<(Variables, Operation), Vec<RequestError>> {
    let slice = Slice::all();
    let valid = valid(model, text)?;
    let operation = valid.operation(None).map_err(|error| vec![error])?;
    let raw = if let serde_json::Value::Object(raw) = raw { raw } else { serde_json::Map::new() };
    let scope = Scope { valid: &valid, operation, federated: model, slice: &slice };
    let variables = coerce::variables(scope, &raw)?;
    let normalized = normalize::normalize(&valid, operation, &variables, model, &slice);
    normalized.map(|operation| (variables, operation)).map_err(|error| vec![error])
}

/// The model: `civil` with residents and streets, `health` with vaccinations, joined by id cards.
pub(crate) fn model() -> Federated {
    let civil = json!({
        "collections": [
            collection(
                "resident",
                "id Int, id_card String, born Date, alive Boolean, balance Decimal, visits BigInt, score Float, gender Enum, photo Bytes, extra JSON, street_id Int",
            ),
            collection("street", "id Int, name String"),
        ],
        "enumerations": [{"name": "gender", "values": ["female", "male"]}],
    });
    let health = json!({"collections": [collection("vaccination", "id UUID, id_card String, given DateTime")]});
    let read = |description| serde_json::from_value::<SourceDescription>(description).unwrap_or_default();
    let descriptions = BTreeMap::from([("civil".to_owned(), read(civil)), ("health".to_owned(), read(health))]);
    let source =
        |name: &str| SourceSettings { name: name.into(), connector: "memory".into(), ..SourceSettings::default() };
    let end = |source: &str, collection: &str| LinkEnd {
        source: source.into(),
        collection: collection.into(),
        columns: vec!["id_card".into()],
        normalize: Vec::new(),
    };
    let link = LinkSettings {
        place: lilong_schema::catalog::Place::default(),
        from: end("civil", "resident"),
        to: end("health", "vaccination"),
        name: "vaccinations".into(),
        back: Some("resident".into()),
        many: None,
    };
    let catalog = Catalog { sources: vec![source("civil"), source("health")], links: vec![link], ..Catalog::default() };
    let (model, problems) = federate(&catalog, &descriptions);
    assert!(problems.is_empty(), "{problems:?}");
    model
}

/// A collection keyed by `id`, its columns given as names and scalars; `street_id` refers to `street`.
pub(crate) fn collection(name: &str, columns: &str) -> serde_json::Value {
    let fields: Vec<_> = columns
        .split(", ")
        .filter_map(|column| column.split_once(' '))
        .map(|(name, scalar)| {
            let enumeration = (scalar == "Enum").then_some("gender");
            json!({"name": name, "scalar": scalar, "nullable": name != "id", "enumeration": enumeration})
        })
        .collect();
    let reference = json!({"columns": ["street_id"], "collection": "street", "references": ["id"]});
    let foreign_keys = if columns.contains("street_id") { vec![reference] } else { Vec::new() };
    json!({"name": name, "fields": fields, "keys": [{"columns": ["id"], "primary": true}], "foreign_keys": foreign_keys})
}
