//! Logging in, and waiting when asked to.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::body::Body;
use axum::response::Response;
use serde_json::json;

use super::{Asked, City, Service, json_of, status, trees};

const TREE: &str = "{ parks { tree { id } } }";

#[tokio::test]
async fn every_way_to_log_in_is_sent() {
    for (auth, authorization, target) in [
        ("kind = \"bearer\"\ntoken = \"t\"", "Bearer t", "/api/trees"),
        (
            "kind = \"basic\"\nuser = \"Aladdin\"\npassword = \"open sesame\"",
            "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==",
            "/api/trees",
        ),
        ("kind = \"header\"\nname = \"Authorization\"\nvalue = \"k\"", "k", "/api/trees"),
        ("kind = \"query\"\nname = \"key\"\nvalue = \"k 1\"", "", "/api/trees?key=k+1"),
    ] {
        let service = Service::start(move |asked: Asked| async move {
            if asked.authorization == authorization { json_of(&json!({"items": trees(1..=1)})) } else { status(401) }
        })
        .await;
        let city = City::new(&service, &format!("[source.auth]\n{auth}"), "").await;
        assert_eq!(city.data(TREE).await["parks"]["tree"], json!([{"id": 1}]), "{auth}");
        assert_eq!(service.asked(), [target]);
    }
}

#[tokio::test]
async fn a_token_is_asked_for_once_and_again_when_it_is_refused() {
    let given = Arc::new(AtomicUsize::new(0));
    let tokens = given.clone();
    let service = Service::start(move |asked: Asked| {
        let tokens = tokens.clone();
        async move {
            if asked.path == "/token" {
                assert_eq!(asked.authorization, "Basic aWQ6c2VjcmV0");
                let number = tokens.fetch_add(1, Ordering::Relaxed) + 1;
                return json_of(
                    &json!({"access_token": format!("t{number}"), "token_type": "Bearer", "expires_in": 3600}),
                );
            }
            // The first token is taken back at its second use.
            let newest = format!("Bearer t{}", tokens.load(Ordering::Relaxed));
            let is_back = asked.authorization == "Bearer t1" && asked.target.contains("name");
            if asked.authorization == newest && !is_back {
                json_of(&json!({"items": trees(1..=1)}))
            } else {
                status(401)
            }
        }
    })
    .await;
    let auth = format!(
        "[source.auth]\nkind = \"oauth2\"\ntoken_url = \"http://{}/token\"\nclient_id = \"id\"\nclient_secret = \"secret\"",
        service.address
    );
    let city = City::new(&service, &auth, "[source.collection.filter]\nname = \"name\"").await;
    city.data(TREE).await;
    city.data(TREE).await;
    assert_eq!(service.asked(), ["/token", "/api/trees", "/api/trees"]);
    city.data("{ parks { tree(where: {name: {_eq: \"tree 1\"}}) { id } } }").await;
    assert_eq!(service.asked(), ["/api/trees?name=tree%201", "/token", "/api/trees?name=tree%201"]);
    assert_eq!(given.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn a_refused_login_is_told_as_such() {
    for (answer, code) in [(400, "SOURCE_DENIED"), (500, "SOURCE_UNAVAILABLE"), (200, "SOURCE_MISMATCH")] {
        let service = Service::start(move |_| async move { status(answer) }).await;
        let auth = format!(
            "[source.auth]\nkind = \"oauth2\"\ntoken_url = \"http://{}/token\"\nclient_id = \"id\"\nclient_secret = \"secret\"",
            service.address
        );
        let city = City::new(&service, &auth, "").await;
        assert_eq!(city.failure("parks { tree { id } }").await.0, code);
    }
}

fn wait(seconds: u32) -> Response {
    Response::builder().status(429).header("retry-after", seconds.to_string()).body(Body::empty()).unwrap()
}

#[tokio::test]
async fn a_short_wait_is_waited_and_a_long_one_is_refused_meanwhile() {
    let calls = Arc::new(AtomicUsize::new(0));
    let service = Service::start(move |_| {
        let number = calls.fetch_add(1, Ordering::Relaxed);
        async move {
            match number {
                0 => wait(1),
                1 => json_of(&json!({"items": trees(1..=1)})),
                _ => wait(30),
            }
        }
    })
    .await;
    let city = City::new(&service, "", "").await;
    assert_eq!(city.data(TREE).await["parks"]["tree"], json!([{"id": 1}]));
    assert_eq!(service.asked().len(), 2);
    for _ in 0..3 {
        assert_eq!(city.failure("parks { tree { id } }").await.0, "SOURCE_OVERLOADED");
    }
    assert_eq!(service.asked().len(), 1, "it is left alone");
}
