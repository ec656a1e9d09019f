//! Services that lie, break off, or answer something else: an error on their own field that names them, and nothing else
//! disturbed.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_graphql::{EmptyMutation, EmptySubscription, ID, Object, Schema, SimpleObject};
use axum::body::Body;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use lilong::Gateway;
use lilong_tests::city::City;
use serde_json::{Value, json};

use super::{Service, ask, serve, status};

#[derive(SimpleObject)]
struct Tree {
    id: ID,
    age: Option<i32>,
    planted: Option<String>,
}

struct Honest;

#[Object]
impl Honest {
    async fn trees(&self, id: Option<ID>, first: Option<i32>, skip: Option<i32>) -> Vec<Tree> {
        let _ = (id, first, skip);
        Vec::new()
    }

    async fn tree(&self, id: ID) -> Option<Tree> {
        Some(Tree { id, age: None, planted: None })
    }
}

/// A service that tells an honest schema and then answers as it likes; and a department beside it.
async fn town<F>(city: &City, more: &str, answer: F) -> (Gateway, Service)
where
    F: Fn(&Value) -> Response + Clone + Send + Sync + 'static,
{
    let honest = Schema::new(Honest, EmptyMutation, EmptySubscription);
    let service = Service::start(move |body: Value| {
        let (honest, answer) = (honest.clone(), answer.clone());
        async move {
            if body["query"].as_str().unwrap().contains("__schema") {
                let request: async_graphql::Request = serde_json::from_value(body).unwrap();
                return Json(honest.execute(request).await).into_response();
            }
            answer(&body)
        }
    })
    .await;
    city.database("civil.sqlite", "CREATE TABLE street (id INTEGER PRIMARY KEY); INSERT INTO street VALUES (1);");
    let catalog = service.block("parks", more)
        + "[[source]]\nname = \"civil\"\nconnector = \"sqlite\"\npath = \"civil.sqlite\"\n";
    (serve(city, &catalog).await, service)
}

fn typed(kind: &'static str, body: impl Into<Body>) -> Response {
    ([(header::CONTENT_TYPE, kind)], body.into()).into_response()
}

/// What a service answers, and the code that its field has.
type Case = (&'static str, fn() -> Response, &'static str);

#[rustfmt::skip]
const CASES: &[Case] = &[
    ("a page", || typed("text/html", "<html>sign in at http://10.0.0.1/</html>"), "SOURCE_MISMATCH"),
    ("half a JSON", || typed("application/json", r#"{"data": {"trees": [{"id": "1""#), "SOURCE_MISMATCH"),
    ("nothing", || typed("application/json", ""), "SOURCE_MISMATCH"),
    ("a list", || typed("application/json", "[1, 2]"), "SOURCE_MISMATCH"),
    ("no data", || Json(json!({})).into_response(), "SOURCE_MISMATCH"),
    ("null for a list", || Json(json!({"data": {"trees": null}})).into_response(), "SOURCE_MISMATCH"),
    ("an object for a list", || Json(json!({"data": {"trees": {"id": "1"}}})).into_response(), "SOURCE_MISMATCH"),
    ("numbers for rows", || Json(json!({"data": {"trees": [1, 2]}})).into_response(), "SOURCE_MISMATCH"),
    ("rows without keys", || Json(json!({"data": {"trees": [{"age": 1}]}})).into_response(), "SOURCE_MISMATCH"),
    ("a null key", || Json(json!({"data": {"trees": [{"id": null, "age": 1}]}})).into_response(), "SOURCE_MISMATCH"),
    ("errors only", || Json(json!({"data": null, "errors": [{"message": "secret"}]})).into_response(), "SOURCE_REJECTED"),
    ("errors beside data", || Json(json!({"data": {"trees": []}, "errors": [{"message": "secret"}]})).into_response(), "SOURCE_REJECTED"),
    ("an error without a row", || Json(json!({"data": {"trees": [null]}, "errors": [{"message": "x", "path": ["trees", 0]}]})).into_response(), "SOURCE_REJECTED"),
    ("denied", || Json(json!({"data": null, "errors": [{"message": "x", "extensions": {"code": "FORBIDDEN"}}]})).into_response(), "SOURCE_DENIED"),
    ("a redirect", || ([(header::LOCATION, "http://169.254.169.254/")], status(302)).into_response(), "SOURCE_MISMATCH"),
    ("status 401", || status(401), "SOURCE_DENIED"),
    ("status 404", || status(404), "SOURCE_REJECTED"),
    ("status 429", || status(429), "SOURCE_OVERLOADED"),
    ("status 500", || status(500), "SOURCE_UNAVAILABLE"),
    ("too much", || typed("application/json", Body::from(vec![b' '; 3_000_000])), "TOO_COSTLY"),
];

#[tokio::test(flavor = "multi_thread")]
async fn whatever_a_service_answers_is_an_error_on_its_own_field() {
    for (name, answer, code) in CASES {
        let city = City::empty();
        let more = "answer_bytes = 2000000\nbreaker_faults = \"off\"\nretry_percent = \"off\"";
        let (gateway, _service) = town(&city, more, |_| answer()).await;
        let answer = ask(&gateway, "{ parks { trees { id age } } civil { street { id } } }").await;
        assert_eq!(answer["data"]["civil"], json!({"street": [{"id": 1}]}), "{name}: {answer}");
        assert_eq!(answer["data"]["parks"], json!({"trees": null}), "{name}: {answer}");
        let errors = answer["errors"].as_array().unwrap();
        assert_eq!(errors.len(), 1, "{name}: {answer}");
        assert_eq!(errors[0]["path"], json!(["parks", "trees"]), "{name}");
        assert_eq!(errors[0]["extensions"]["code"], *code, "{name}: {answer}");
        assert_eq!(errors[0]["extensions"]["source"], "parks", "{name}");
        for word in ["secret", "10.0.0.1", "169.254", "127.0.0.1", "<html"] {
            assert!(!answer.to_string().contains(word), "{name}: {answer}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn values_of_other_types_are_null_with_an_error_at_their_place() {
    let city = City::empty();
    let rows = json!([
        {"id": "1", "age": "old", "planted": 3}, {"id": 2, "age": 2.5, "planted": "x"},
        {"id": "3", "age": 30}, {"id": "4", "age": 4_000_000_000_i64, "planted": null},
    ]);
    // The first page has them all; the next is empty.
    let (gateway, _service) = town(&city, "", move |body| {
        let first = body["query"].as_str().unwrap().contains("skip: 0");
        Json(json!({"data": {"trees": if first { rows.clone() } else { json!([]) }}})).into_response()
    })
    .await;
    let answer = ask(&gateway, "{ parks { trees { id age planted } } }").await;
    assert_eq!(
        answer["data"]["parks"]["trees"],
        json!([
            {"id": "1", "age": null, "planted": null}, {"id": "2", "age": null, "planted": "x"},
            {"id": "3", "age": 30, "planted": null}, {"id": "4", "age": null, "planted": null},
        ])
    );
    let mut places: Vec<String> =
        answer["errors"].as_array().unwrap().iter().map(|error| error["path"].to_string()).collect();
    places.sort();
    let expected = [(0, "age"), (0, "planted"), (1, "age"), (2, "planted"), (3, "age")];
    assert_eq!(places, expected.map(|(row, field)| format!(r#"["parks","trees",{row},"{field}"]"#)), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_were_not_asked_for_are_never_shown() {
    let city = City::empty();
    let every = json!([{"id": "1", "age": 1}, {"id": "2", "age": 2}]);
    // It ignores every argument, and gives the same row for every key.
    let (gateway, service) = town(&city, "", move |body| {
        let query = body["query"].as_str().unwrap();
        let keys = query.matches(": tree(").count();
        if keys > 0 {
            let row = |at: usize| (format!("k{at}"), json!({"id": "1", "age": 1}));
            return Json(json!({"data": Value::Object((0..keys).map(row).collect())})).into_response();
        }
        let page = if query.contains("skip: 0") { every.clone() } else { json!([]) };
        Json(json!({"data": {"trees": page}})).into_response()
    })
    .await;
    service.documents();
    for (query, expected) in [
        (r#"{ parks { trees(where: { id: { _eq: "2" } }) { age } } }"#, json!({"trees": [{"age": 2}]})),
        (r#"{ parks { treesByPk(id: "7") { age } } }"#, json!({"treesByPk": null})),
        (r#"{ parks { treesByPk(id: "1") { age } } }"#, json!({"treesByPk": {"age": 1}})),
    ] {
        assert_eq!(ask(&gateway, query).await, json!({"data": {"parks": expected}}), "{query}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_without_an_end_is_an_error() {
    let city = City::empty();
    let (gateway, service) =
        town(&city, "", |_| Json(json!({"data": {"trees": [{"id": "1", "age": 1}]}})).into_response()).await;
    service.documents();
    let answer = ask(&gateway, "{ parks { trees { id } } }").await;
    assert_eq!(answer["data"], json!({"parks": {"trees": null}}));
    assert_eq!(answer["errors"][0]["extensions"]["code"], "SOURCE_MISMATCH", "{answer}");
    assert_eq!(service.documents().len(), 2);
    let city = City::empty();
    let pages = Arc::new(AtomicUsize::new(0));
    let (gateway, _service) = town(&city, "rows = 50", move |_| {
        let page = pages.fetch_add(1, Ordering::Relaxed);
        Json(json!({"data": {"trees": [{"id": page.to_string(), "age": 1}]}})).into_response()
    })
    .await;
    let answer = ask(&gateway, "{ parks { trees { id } } }").await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "TOO_COSTLY", "{answer}");
    assert!(answer["errors"][0]["message"].as_str().unwrap().contains("`rows`"), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_data_connector_that_answers_something_else_is_an_error_too() {
    use axum::routing::{get, post};
    let text = json!({"type": "named", "name": "String"});
    let schema = json!({
        "scalar_types": {"String": {"representation": {"type": "string"}, "comparison_operators": {"eq": {"type": "equal"}}}},
        "object_types": {"Act": {"fields": {"id": {"type": text}, "title": {"type": text}}}},
        "collections": [
            {"name": "act", "arguments": {}, "type": "Act", "uniqueness_constraints": {"id": {"unique_columns": ["id"]}}},
            {"name": "told", "arguments": {"by": {"type": text}}, "type": "Act", "uniqueness_constraints": {}},
        ],
    });
    let capable = json!({"version": "0.2.0", "capabilities": {"query": {"variables": {}}, "mutation": {}}});
    for (answer, code) in [
        (json!([]), "SOURCE_MISMATCH"),
        (json!({"rows": []}), "SOURCE_MISMATCH"),
        (json!([{"rows": null}]), "SOURCE_MISMATCH"),
        (json!([{"rows": []}, {"rows": []}]), "SOURCE_MISMATCH"),
        (json!([{"rows": [[1]]}]), "SOURCE_MISMATCH"),
        (json!([{"rows": [{"title": "x"}]}]), "SOURCE_MISMATCH"),
        (json!("x"), "SOURCE_MISMATCH"),
    ] {
        let (capable, schema, shown) = (capable.clone(), schema.clone(), answer.clone());
        let routes = Router::new()
            .route("/capabilities", get(move || async move { Json(capable) }))
            .route("/schema", get(move || async move { Json(schema) }))
            .route("/query", post(move || async move { Json(answer) }));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, routes).await });
        let city = City::empty();
        let catalog = format!("[[source]]\nname = \"acts\"\nconnector = \"ndc\"\nurl = \"http://{address}\"\n");
        let gateway = serve(&city, &catalog).await;
        let answer = ask(&gateway, "{ acts { act { id title } } }").await;
        assert_eq!(answer["data"], json!({"acts": {"act": null}}), "{shown}: {answer}");
        assert_eq!(answer["errors"][0]["extensions"]["code"], code, "{shown}: {answer}");
    }
}
