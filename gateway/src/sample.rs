//! A small model made by hand, for tests: residents and streets in one source, vaccinations in another.

use std::collections::HashMap;
use std::sync::Arc;

use lilong_schema::catalog::Limits;
use lilong_schema::federated::{
    Collection, EnumerationType, FieldName, Generated, Key, Link, Member, Root, Source, SourceMember, Tie, TypeId,
};
use lilong_schema::{Enumeration, Federated, Field, Scalar, Slice};

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
    valid(model, text)
        .err()
        .and_then(|errors| errors.first().map(|error| error.code))
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
    let raw = if let serde_json::Value::Object(raw) = raw {
        raw
    } else {
        serde_json::Map::new()
    };
    let scope = Scope {
        valid: &valid,
        operation,
        federated: model,
        slice: &slice,
    };
    let variables = coerce::variables(scope, &raw)?;
    let normalized = normalize::normalize(&valid, operation, &variables, model, &slice);
    normalized
        .map(|operation| (variables, operation))
        .map_err(|error| vec![error])
}

/// The model.
pub(crate) fn model() -> Federated {
    let mut model = Federated {
        version: 1,
        ..Federated::default()
    };
    for scalar in Scalar::NAMED {
        model.types.insert(scalar.name().into(), TypeId::Scalar(scalar));
        model.types.insert(
            format!("{}ComparisonExp", scalar.name()).into(),
            TypeId::Comparison(scalar),
        );
    }
    for (name, id) in [
        ("Query", TypeId::Query),
        ("Source", TypeId::SourceInfo),
        ("SourceState", TypeId::SourceState),
        ("OrderBy", TypeId::OrderDirection),
        ("CivilGender", TypeId::Enumeration(0)),
        ("CivilGenderComparisonExp", TypeId::EnumerationComparison(0)),
    ] {
        model.types.insert(name.into(), id);
    }
    model.enumerations.push(EnumerationType {
        type_name: "CivilGender".into(),
        comparison: "CivilGenderComparisonExp".into(),
        source: 0,
        described: Enumeration {
            name: "gender".into(),
            values: vec!["female".into(), "male".into()],
        },
    });
    use Scalar::{BigInt, Boolean, Bytes, Date, DateTime, Decimal, Enum, Float, Int, Json, String as Text, Uuid};
    collection(
        &mut model,
        0,
        "resident",
        &[
            ("id", Int),
            ("idCard", Text),
            ("born", Date),
            ("alive", Boolean),
            ("balance", Decimal),
            ("visits", BigInt),
            ("score", Float),
            ("gender", Enum),
            ("photo", Bytes),
            ("extra", Json),
            ("streetId", Int),
        ],
    );
    collection(&mut model, 0, "street", &[("id", Int), ("name", Text)]);
    collection(
        &mut model,
        1,
        "vaccination",
        &[("id", Uuid), ("idCard", Text), ("given", DateTime)],
    );
    link(&mut model, "street", (0, 10), (1, 0), false);
    link(&mut model, "resident", (1, 0), (0, 10), true);
    link(&mut model, "vaccinations", (0, 1), (2, 1), true);
    link(&mut model, "resident", (2, 1), (0, 1), false);
    source(&mut model, "civil", 0..2);
    source(&mut model, "health", 2..3);
    model
}

fn pascal(name: &str) -> String {
    let mut letters = name.chars();
    letters
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn collection(model: &mut Federated, source: usize, name: &str, columns: &[(&str, Scalar)]) {
    let id = model.collections.len();
    let type_name: Arc<str> = format!("{}{}", ["Civil", "Health"][source], pascal(name)).into();
    let generated = Generated {
        aggregate: format!("{name}Aggregate").into(),
        groups: format!("{name}Groups").into(),
        connection: format!("{name}Connection").into(),
        bool_exp: format!("{type_name}BoolExp").into(),
        order_by: Some(format!("{type_name}OrderBy").into()),
        select_column: Some(format!("{type_name}SelectColumn").into()),
    };
    model.types.insert(type_name.clone(), TypeId::Collection(id));
    model.types.insert(generated.bool_exp.clone(), TypeId::BoolExp(id));
    model
        .types
        .insert(generated.order_by.clone().unwrap_or_default(), TypeId::OrderBy(id));
    model.types.insert(
        generated.select_column.clone().unwrap_or_default(),
        TypeId::SelectColumn(id),
    );
    let described = lilong_schema::Collection {
        name: name.to_owned(),
        fields: columns
            .iter()
            .map(|(name, scalar)| Field {
                name: (*name).to_owned(),
                scalar: *scalar,
                native: String::new(),
                nullable: *name != "id",
                comment: None,
                scale: None,
                enumeration: (*scalar == Scalar::Enum).then(|| "gender".to_owned()),
                details: std::collections::BTreeMap::new(),
            })
            .collect(),
        ..lilong_schema::Collection::default()
    };
    let fields = columns.iter().map(|(name, scalar)| {
        Some(FieldName {
            name: (*name).into(),
            value: (*name).into(),
            type_name: if *scalar == Scalar::Enum {
                "CivilGender".into()
            } else {
                scalar.name().into()
            },
            enumeration: (*scalar == Scalar::Enum).then_some(0),
            non_null: *name == "id",
        })
    });
    model.collections.push(Collection {
        source,
        described: Arc::new(described),
        field: name.into(),
        type_name,
        generated,
        fields: fields.collect(),
        keys: vec![Key {
            field: format!("{name}ByPk").into(),
            columns: vec![0],
            primary: true,
        }],
        links: Vec::new(),
        members: columns
            .iter()
            .enumerate()
            .map(|(at, (name, _))| (Arc::from(*name), Member::Field(at)))
            .collect(),
        tie: Tie::Key(vec![0]),
    });
}

fn link(model: &mut Federated, name: &str, from: (usize, usize), to: (usize, usize), many: bool) {
    let id = model.links.len();
    model.collections[from.0].links.push(id);
    model.collections[from.0].members.insert(name.into(), Member::Link(id));
    model.links.push(Link {
        name: name.into(),
        from: from.0,
        columns: vec![from.1],
        to: to.0,
        to_columns: vec![to.1],
        many,
        at_most_one: false,
        normalize: Vec::new(),
        to_normalize: Vec::new(),
        generated: None,
    });
}

fn source(model: &mut Federated, name: &str, collections: std::ops::Range<usize>) {
    let id = model.sources.len();
    let type_name: Arc<str> = pascal(name).into();
    let mut members = HashMap::new();
    let mut scalars = std::collections::BTreeSet::new();
    for at in collections.clone() {
        let collection = &model.collections[at];
        members.insert(collection.field.clone(), SourceMember::List(at));
        members.insert(collection.keys[0].field.clone(), SourceMember::ByKey(at, 0));
        scalars.extend(collection.described.fields.iter().map(|field| field.scalar));
    }
    model.types.insert(type_name.clone(), TypeId::Source(id));
    model.roots.insert(name.into(), Root::Source(id));
    model.sources.push(Source {
        name: name.into(),
        field: name.into(),
        type_name,
        title: None,
        connector: "memory".into(),
        collections,
        scalars,
        members,
    });
}
