//! What a service can do wrong: an error on its own field, and nothing else disturbed.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::response::Response;
use futures::stream;
use serde_json::json;

use super::{Asked, City, Service, json_of, status, trees};

fn typed(content_type: &str, body: impl Into<Body>) -> Response {
    Response::builder().header("content-type", content_type).body(body.into()).unwrap()
}

fn redirect(to: &str) -> Response {
    Response::builder().status(302).header("location", to).body(Body::empty()).unwrap()
}

#[tokio::test]
async fn what_is_no_answer_is_an_error_on_its_own_field() {
    type Answer = fn(&Asked) -> Response;
    let cases: [(&str, &str, Answer); 31] = [
        ("a page for people", "SOURCE_MISMATCH", |_| typed("text/html", "<html>Sorry</html>")),
        ("a page for people under a wrong name", "SOURCE_MISMATCH", |_| {
            typed("application/json", "<html>Sorry</html>")
        }),
        ("half an answer", "SOURCE_MISMATCH", |_| typed("application/json", "{\"items\": [{\"id\": 1")),
        ("two answers", "SOURCE_MISMATCH", |_| typed("application/json", "{\"items\": []}{\"items\": []}")),
        ("nothing", "SOURCE_MISMATCH", |_| typed("application/json", "")),
        ("no content", "SOURCE_MISMATCH", |_| status(204)),
        ("a list elsewhere", "SOURCE_MISMATCH", |_| json_of(&json!({"trees": []}))),
        ("a bare list", "SOURCE_MISMATCH", |_| json_of(&json!(trees(1..=2)))),
        ("a number", "SOURCE_MISMATCH", |_| json_of(&json!({"items": 5}))),
        ("numbers", "SOURCE_MISMATCH", |_| json_of(&json!({"items": [1, 2]}))),
        ("a row and a hole", "SOURCE_MISMATCH", |_| json_of(&json!({"items": [{"id": 1}, null]}))),
        ("the same key twice", "SOURCE_MISMATCH", |_| json_of(&json!({"items": trees([1, 2, 1])}))),
        ("no key", "SOURCE_MISMATCH", |_| json_of(&json!({"items": [{"name": "a"}, {"name": "b"}]}))),
        ("a key that is null", "SOURCE_MISMATCH", |_| json_of(&json!({"items": [{"id": 1}, {"id": null}]}))),
        ("a key that cannot be read", "SOURCE_MISMATCH", |_| json_of(&json!({"items": [{"id": 1}, {"id": "two"}]}))),
        ("bottomless", "SOURCE_MISMATCH", |_| typed("application/json", "[".repeat(100_000))),
        ("text in another encoding", "SOURCE_MISMATCH", |_| typed("application/json", vec![b'"', 0xff, b'"'])),
        ("false compression", "SOURCE_MISMATCH", |_| {
            let mut answer = typed("application/json", "{\"items\": []}");
            answer.headers_mut().insert("content-encoding", "gzip".parse().unwrap());
            answer
        }),
        ("another host", "SOURCE_MISMATCH", |_| redirect("https://example.org/trees")),
        ("the machine's own neighbourhood", "SOURCE_MISMATCH", |_| redirect("http://169.254.169.254/latest/meta-data")),
        ("another port", "SOURCE_MISMATCH", |_| redirect("http://127.0.0.1:1/")),
        ("a circle", "SOURCE_MISMATCH", |asked| redirect(&asked.path)),
        ("null for a list", "SOURCE_MISMATCH", |_| json_of(&json!({"items": null}))),
        ("null", "SOURCE_MISMATCH", |_| json_of(&json!(null))),
        ("a connection that breaks off", "SOURCE_UNAVAILABLE", |_| {
            let parts = [Ok(Bytes::from_static(b"{\"items\": [")), Err(std::io::Error::other("gone"))];
            typed("application/json", Body::from_stream(stream::iter(parts)))
        }),
        ("not known", "SOURCE_REJECTED", |_| status(404)),
        ("not logged in", "SOURCE_DENIED", |_| status(401)),
        ("not allowed", "SOURCE_DENIED", |_| status(403)),
        ("too many", "SOURCE_OVERLOADED", |_| status(429)),
        ("broken", "SOURCE_UNAVAILABLE", |_| status(500)),
        ("under repair", "SOURCE_UNAVAILABLE", |_| status(503)),
    ];
    for (case, code, answer) in cases {
        let service = Service::start(move |asked: Asked| async move { answer(&asked) }).await;
        let city = City::new(&service, "", "").await;
        let (found, message) = city.failure("parks { tree { id } }").await;
        assert_eq!(found, code, "{case}: {message}");
    }
}

#[tokio::test]
async fn a_redirect_inside_the_service_is_followed() {
    let service = Service::start(|asked: Asked| async move {
        match asked.path.as_str() {
            "/api/trees" => redirect("/api/v2/trees?x=1"),
            _ => json_of(&json!({"items": trees(1..=2)})),
        }
    })
    .await;
    let city = City::new(&service, "", "").await;
    assert_eq!(city.data("{ parks { tree { id } } }").await["parks"]["tree"], json!([{"id": 1}, {"id": 2}]));
    assert_eq!(service.asked(), ["/api/trees", "/api/v2/trees?x=1"]);
}

#[tokio::test]
async fn an_answer_without_end_is_cut_off_at_its_limit() {
    let service = Service::start(|_| async {
        let chunks = stream::repeat_with(|| Ok::<_, Infallible>(Bytes::from_static(&[b' '; 8_192])));
        typed("application/json", Body::from_stream(chunks))
    })
    .await;
    let city = City::new(&service, "answer_bytes = 1000000", "").await;
    let (code, message) = city.failure("parks { tree { id } }").await;
    assert_eq!(code, "TOO_COSTLY");
    assert!(message.contains("1000000 bytes (`answer_bytes`)"), "{message}");
}

#[tokio::test]
async fn a_slow_drip_ends_with_the_time_of_a_fetch() {
    let service = Service::start(|_| async {
        let drops = stream::unfold(tokio::time::interval(Duration::from_millis(50)), |mut interval| async {
            interval.tick().await;
            Some((Ok::<_, Infallible>(Bytes::from_static(b" ")), interval))
        });
        typed("application/json", Body::from_stream(drops))
    })
    .await;
    let city = City::new(&service, "timeout = \"400ms\"", "").await;
    assert_eq!(city.failure("parks { tree { id } }").await.0, "SOURCE_TIMEOUT");
}

#[tokio::test]
async fn nobody_there_is_unavailable() {
    let service = Service::start(|_| async { status(200) }).await;
    let city = City::new(&service, "", "").await;
    service.running.abort();
    let _ = tokio::net::TcpStream::connect(service.address).await;
    let (code, _) = city.failure("parks { tree { id } }").await;
    assert_eq!(code, "SOURCE_UNAVAILABLE");
}

#[tokio::test]
async fn values_of_another_type_are_null_with_an_error_at_their_place() {
    let service = Service::start(|_| async {
        json_of(&json!({"items": [
            {"id": 1, "name": "Oak", "height": 2},
            {"id": 2, "name": 5, "height": "tall"},
            {"id": 3, "height": {"m": 2}},
            {"id": 4, "name": null, "height": "1.25"},
        ]}))
    })
    .await;
    let city = City::new(&service, "", "").await;
    let answer = city.ask("{ parks { tree { id name height } } }").await;
    assert_eq!(
        answer["data"]["parks"]["tree"],
        json!([
            {"id": 1, "name": "Oak", "height": 2.0},
            {"id": 2, "name": null, "height": null},
            {"id": 3, "name": null, "height": null},
            {"id": 4, "name": null, "height": 1.25},
        ])
    );
    let errors = answer["errors"].as_array().unwrap().iter();
    let mut places: Vec<String> =
        errors.map(|error| format!("{} {}", error["path"], error["extensions"]["code"])).collect();
    places.sort();
    assert_eq!(
        places,
        [
            "[\"parks\",\"tree\",1,\"height\"] \"SOURCE_MISMATCH\"",
            "[\"parks\",\"tree\",1,\"name\"] \"SOURCE_MISMATCH\"",
            "[\"parks\",\"tree\",2,\"height\"] \"SOURCE_MISMATCH\"",
        ]
    );
}
