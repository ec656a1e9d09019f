//! The town whose sources fail: two departments in memory, and what is asked of them.

use std::sync::Arc;

use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use lilong::request::Request;
use lilong::{Gateway, Model};
use lilong_connectors::kinds::memory::Memory;
use lilong_connectors::rows::columns_schema;
use lilong_connectors::{Connector, Source};
use lilong_schema::catalog::{Limits, LinkEnd, LinkSettings, SourceSettings, Tuning};
use lilong_schema::{Capabilities, Catalog, Collection, Field, ForeignKey, Key, Normalizer, Scalar, federate};
use serde_json::Value;
use tokio::sync::Semaphore;

/// Two departments: `civil` with streets and residents, `health` with shots, linked by id card.
pub(super) struct Town {
    pub(super) gateway: Gateway,
    pub(super) civil: Arc<Memory>,
    pub(super) health: Arc<Memory>,
}

pub(super) struct Plan {
    pub(super) limits: Limits,
    pub(super) tuning: Tuning,
    pub(super) residents: i64,
    pub(super) bad: Vec<(&'static str, &'static str, usize)>,
    pub(super) normalize: bool,
    /// Whether `civil` sees to it that every resident's street is there.
    pub(super) enforced: bool,
    pub(super) capabilities: Capabilities,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            tuning: Tuning::default(),
            residents: 4,
            bad: Vec::new(),
            normalize: false,
            enforced: false,
            capabilities: Capabilities::ALL,
        }
    }
}

fn field(name: &str, scalar: Scalar, nullable: bool) -> Field {
    Field { nullable, ..Field::new(name, scalar) }
}

pub(super) fn table(name: &str, columns: &[(&str, Scalar)], references: &[(&str, &str)]) -> Collection {
    Collection {
        name: name.into(),
        fields: columns.iter().map(|(name, scalar)| field(name, *scalar, *name != "id")).collect(),
        keys: vec![Key { columns: vec!["id".into()], primary: true }],
        foreign_keys: references
            .iter()
            .map(|(column, to)| ForeignKey {
                columns: vec![(*column).into()],
                collection: (*to).into(),
                references: Vec::new(),
                enforced: false,
            })
            .collect(),
        ..Collection::default()
    }
}

pub(super) fn batch(collection: &Collection, columns: Vec<ArrayRef>) -> RecordBatch {
    let fields: Vec<usize> = (0..collection.fields.len()).collect();
    RecordBatch::try_new(columns_schema(collection, &fields), columns).unwrap()
}

pub(super) fn numbers(values: impl Iterator<Item = Option<i64>>) -> ArrayRef {
    Arc::new(values.collect::<Int64Array>())
}

pub(super) fn texts(values: impl Iterator<Item = Option<String>>) -> ArrayRef {
    Arc::new(values.collect::<StringArray>())
}

/// Resident `n` lives in street `n % 2 + 1`, has the card `Cn` and two shots, `2n - 1` and `2n`.
pub(super) async fn town(plan: Plan) -> Town {
    use Scalar::{BigInt, String};
    let street = table("street", &[("id", BigInt), ("name", String)], &[]);
    let columns = [("id", BigInt), ("name", String), ("card", String), ("street_id", BigInt), ("age", BigInt)];
    let mut resident = table("resident", &columns, &[("street_id", "street")]);
    resident.foreign_keys[0].enforced = plan.enforced;
    let shot = table("shot", &[("id", BigInt), ("card", String), ("vaccine", String)], &[]);
    let ids = || (1..=plan.residents).map(Some);
    let streets = batch(
        &street,
        vec![
            numbers([1, 2].into_iter().map(Some)),
            texts(["Siping", "Anshan"].into_iter().map(|name| Some(name.to_owned()))),
        ],
    );
    let residents = batch(
        &resident,
        vec![
            numbers(ids()),
            texts(ids().map(|id| id.map(|id| format!("secret {id}")))),
            texts(ids().map(|id| id.map(|id| format!("C{id}")))),
            numbers(ids().map(|id| id.map(|id| id % 2 + 1))),
            numbers(ids()),
        ],
    );
    let shots = batch(
        &shot,
        vec![
            numbers((1..=plan.residents * 2).map(Some)),
            texts((1..=plan.residents * 2).map(|id| Some(format!("C{}", (id + 1) / 2)))),
            texts((1..=plan.residents * 2).map(|id| Some(["flu", "polio"][id as usize % 2].to_owned()))),
        ],
    );
    let mut civil =
        Memory::new("civil").collection(street, &streets).unwrap().collection(resident, &residents).unwrap();
    let mut health = Memory::new("health").collection(shot, &shots).unwrap();
    for (collection, field, row) in &plan.bad {
        if *collection == "shot" {
            health = health.bad_cell(collection, field, *row).unwrap();
        } else {
            civil = civil.bad_cell(collection, field, *row).unwrap();
        }
    }
    let (civil, health) = (civil.capabilities(plan.capabilities), health.capabilities(plan.capabilities));
    serve(Arc::new(civil), Arc::new(health), plan.normalize, plan.limits, &plan.tuning).await
}

async fn serve(civil: Arc<Memory>, health: Arc<Memory>, normalize: bool, limits: Limits, tuning: &Tuning) -> Town {
    let settings =
        |name: &str| SourceSettings { name: name.into(), connector: "memory".into(), ..SourceSettings::default() };
    let end = |source: &str, collection: &str| LinkEnd {
        source: source.into(),
        collection: collection.into(),
        columns: vec!["card".into()],
        normalize: if normalize { vec![Normalizer::Uppercase] } else { Vec::new() },
    };
    let catalog = Catalog {
        sources: vec![settings("civil"), settings("health")],
        links: vec![LinkSettings {
            place: lilong_schema::catalog::Place::default(),
            from: end("civil", "resident"),
            to: end("health", "shot"),
            name: "shots".into(),
            back: Some("residents".into()),
            many: None,
        }],
        ..Catalog::default()
    };
    let mut descriptions = std::collections::BTreeMap::new();
    descriptions.insert("civil".to_owned(), civil.describe().await.unwrap());
    descriptions.insert("health".to_owned(), health.describe().await.unwrap());
    let (federated, problems) = federate(&catalog, &descriptions);
    assert!(problems.is_empty(), "{problems:?}");
    let ceiling = Arc::new(Semaphore::new(limits.connections));
    let sources = vec![
        Source::new("civil".into(), civil.clone(), tuning, ceiling.clone()),
        Source::new("health".into(), health.clone(), tuning, ceiling),
    ];
    let model = Model { federated: Arc::new(federated), sources };
    Town { gateway: Gateway::new(model, limits), civil, health }
}

impl Town {
    pub(super) async fn ask(&self, query: &str) -> Value {
        let request = Request { query: query.into(), trace: "trace-7".into(), ..Request::default() };
        let answer: Value = serde_json::from_slice(&self.gateway.execute(request).await.body).unwrap();
        for error in answer["errors"].as_array().into_iter().flatten() {
            let message = error["message"].as_str().unwrap();
            for secret in ["secret", "scripted", "select", "SELECT", "/", "C1", "reading"] {
                assert!(!message.contains(secret), "{message} tells {secret}");
            }
            assert_eq!(error["extensions"]["traceId"], "trace-7", "{error}");
        }
        answer
    }
}

pub(super) fn codes(answer: &Value) -> Vec<(String, Value)> {
    let errors = answer["errors"].as_array().into_iter().flatten();
    errors.map(|error| (error["extensions"]["code"].as_str().unwrap().to_owned(), error["path"].clone())).collect()
}
