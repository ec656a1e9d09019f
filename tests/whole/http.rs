//! GraphQL over HTTP and what stands beside it.
#![allow(clippy::unwrap_used)]

use std::io::Write;

use lilong_tests::city::City;
use lilong_tests::program::{self, Running};
use serde_json::{Value, json};

const NAMES: &str = "{ civil { resident(orderBy: {id: ASC}) { name } } }";

fn code(answer: &Value) -> &str {
    answer["errors"][0]["extensions"]["code"].as_str().unwrap_or_default()
}

#[test]
fn a_question_by_post_or_get_has_one_answer() {
    let city = City::new();
    let running = Running::serve(city.folder());
    let wanted = json!({"data": {"civil": {"resident": [{"name": "Li"}, {"name": "Wang"}, {"name": "Zhao"}]}}});
    let reply = running.post("/graphql", &json!({"query": NAMES}).to_string(), &[]);
    assert_eq!((reply.status, reply.json()), (200, wanted.clone()));
    assert!(reply.header("content-type").starts_with("application/json"), "{reply:?}");
    assert_eq!(reply.header("cache-control"), "no-store");
    let encoded = NAMES.replace(' ', "%20").replace('{', "%7B").replace('}', "%7D");
    let reply = running.get(&format!("/graphql?query={encoded}"), &["accept: application/graphql-response+json"]);
    assert_eq!((reply.status, reply.json()), (200, wanted));
    assert!(reply.header("content-type").starts_with("application/graphql-response+json"));
}

#[test]
fn the_status_of_a_refusal_follows_the_media_type() {
    let city = City::new();
    let running = Running::serve(city.folder());
    for (query, wanted) in [("{", "PARSE_FAILED"), ("{ nowhere }", "VALIDATION_FAILED")] {
        let body = json!({"query": query}).to_string();
        for (accept, status) in [("application/graphql-response+json", 400), ("application/json", 200), ("*/*", 200)] {
            let reply = running.post("/graphql", &body, &[&format!("accept: {accept}")]);
            let answer = reply.json();
            assert_eq!((reply.status, code(&answer)), (status, wanted), "{query} {accept} {answer}");
            assert!(answer.get("data").is_none());
            assert_eq!(answer["errors"][0]["extensions"]["traceId"], reply.header("x-trace-id"));
        }
    }
    let body = json!({"query": "query A($id: BigInt!) { civil { residentByPk(id: $id) { name } } }"}).to_string();
    let reply = running.post("/graphql", &body, &["accept: application/graphql-response+json"]);
    assert_eq!((reply.status, code(&reply.json())), (400, "BAD_VARIABLES"));
    assert_eq!(running.post("/graphql", &body, &["accept: text/html"]).status, 406);
}

#[test]
fn an_answer_tells_its_plan_where_that_is_allowed_and_asked_for() {
    let city = City::new();
    let query = r#"{ civil { resident(where: { name: { _neq: "hidden" }, vaccinations: { vaccine: { _eq: "influenza" } } }) { id street { name } } } }"#;
    let body = json!({"query": query}).to_string();
    let running = Running::serve(city.folder());
    let plain = running.post("/graphql", &body, &["lilong-plan: 1"]).json();
    assert_eq!(plain, json!({"data": {"civil": {"resident": [{"id": 1, "street": {"name": "Siping Road"}}]}}}));
    city.write("limits.toml", "[server]\nplan = true\n[server.limits]\nside_rows = 1\n");
    let running = Running::serve(city.folder());
    assert_eq!(running.post("/graphql", &body, &[]).json(), plain);
    let told = running.post("/graphql", &body, &["lilong-plan: 1"]);
    assert_eq!(told.header("vary"), "accept, accept-encoding, lilong-plan");
    let answer = told.json();
    assert_eq!(answer["data"], plain["data"]);
    let steps = answer["extensions"]["lilong"]["plan"]["steps"].as_array().unwrap();
    let kinds = steps.iter().map(|step| step["kind"].as_str().unwrap()).collect::<Vec<_>>();
    assert_eq!(kinds, ["choose", "fetch", "join", "keys", "fetch", "join"]);
    assert_eq!(
        (&steps[1]["source"], &steps[1]["rows"], &steps[1]["statements"]),
        (&json!("civil"), &json!(1), &json!(1))
    );
    assert!(steps[1]["milliseconds"].as_f64().unwrap() >= 0.0);
    let tried = steps[0]["tried"].as_array().unwrap();
    assert!(tried.iter().any(|tried| tried["rows"] == "more"), "{tried:?}");
    assert!(steps[0]["statements"].as_u64().unwrap() >= 2, "{steps:?}");
    let text = told.text();
    for secret in ["SELECT", "hidden", "influenza", "sqlite"] {
        assert!(!text.contains(secret), "{secret}: {text}");
    }
}

#[test]
fn an_envelope_that_is_wrong_is_refused_with_400() {
    let city = City::new();
    let running = Running::serve(city.folder());
    for body in [
        "",
        "{",
        "[]",
        r#"[{"query":"{ __typename }"}]"#,
        r#"{"notquery":"{ __typename }"}"#,
        r#"{"query":1}"#,
        r#"{"query":"{ __typename }","variables":"x"}"#,
        r#"{"query":"{ __typename }","operationName":[]}"#,
        r#"{"query":"{ __typename }","extensions":0}"#,
        r#"{"query":"{ __typename }","query":"{ __typename }"}"#,
    ] {
        let reply = running.post("/graphql", body, &["accept: application/json"]);
        assert_eq!((reply.status, code(&reply.json())), (400, "BAD_INPUT"), "{body}");
    }
    for query in ["", "?query=%ff", "?query={a}&query={b}", "?query={__typename}&variables=[]", "?variables={}"] {
        let reply = running.get(&format!("/graphql{query}"), &[]);
        assert_eq!((reply.status, code(&reply.json())), (400, "BAD_INPUT"), "{query}");
    }
}

#[test]
fn only_json_that_is_not_compressed_is_read() {
    let city = City::new();
    let running = Running::serve(city.folder());
    let body = r#"{"query":"{ __typename }"}"#;
    for header in [
        "content-type: text/plain",
        "content-type: application/x-www-form-urlencoded",
        "content-type: application/json; charset=utf-16",
        "content-type: multipart/form-data; boundary=x",
        "content-encoding: gzip",
    ] {
        assert_eq!(running.post("/graphql", body, &[header]).status, 415, "{header}");
    }
    assert_eq!(running.post("/graphql", body, &["content-type: application/json; charset=utf-8"]).status, 200);
}

#[test]
fn other_methods_are_not_allowed_and_get_reads_only() {
    let city = City::new();
    let running = Running::serve(city.folder());
    for method in ["PUT", "DELETE", "PATCH"] {
        let reply = running
            .send(format!("{method} /graphql HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").as_bytes());
        assert_eq!((reply.status, reply.header("allow")), (405, "GET, HEAD, POST, OPTIONS"));
    }
    let reply = running.get("/graphql?query=mutation%7B__typename%7D", &[]);
    assert_eq!((reply.status, reply.header("allow")), (405, "POST"));
    let reply =
        running.get("/graphql?query=query%20A%7B__typename%7Dmutation%20B%7B__typename%7D&operationName=A", &[]);
    assert_eq!(reply.status, 200, "{}", reply.text());
}

#[test]
fn a_body_that_is_too_large_is_refused_declared_or_not() {
    let city = City::new();
    let running = Running::serve(city.folder());
    let head = "POST /graphql HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\nconnection: close\r\n";
    let reply = running.send(format!("{head}content-length: 20000000\r\n\r\n{{").as_bytes());
    assert_eq!((reply.status, code(&reply.json())), (413, "TOO_LARGE"));
    let mut stream = program::connect(running.address);
    stream.write_all(format!("{head}transfer-encoding: chunked\r\n\r\n").as_bytes()).unwrap();
    let chunk = format!("{:x}\r\n{}\r\n", 100_000, " ".repeat(100_000));
    for _ in 0..11 {
        // The server may stop listening before all is sent; what counts is its answer.
        let _ = stream.write_all(chunk.as_bytes());
    }
    assert_eq!(program::read(&mut stream).status, 413);
}

#[test]
fn a_slice_shows_only_its_sources() {
    let city = City::new();
    let running = Running::serve(city.folder());
    let whole = running.get("/schema.graphql", &[]).text();
    let civil = running.get("/schema.graphql?sources=civil", &[]).text();
    assert!(whole.contains("HealthVaccination") && whole.contains("vaccinations"));
    assert!(civil.contains("CivilResident") && !civil.contains("ealth") && !civil.contains("vaccinations"), "{civil}");
    let ask = |slice: &str, query: &str| {
        let reply = running.post(&format!("/graphql?sources={slice}"), &json!({"query": query}).to_string(), &[]);
        (reply.status, code(&reply.json()).to_owned())
    };
    assert_eq!(ask("civil", NAMES), (200, String::new()));
    assert_eq!(ask("health", NAMES), (200, "VALIDATION_FAILED".into()));
    assert_eq!(ask("civil,health", "{ civil { resident { vaccinations { id } } } }"), (200, String::new()));
    for path in ["/graphql", "/schema.graphql", "/"] {
        let reply = running.get(&format!("{path}?query=%7B__typename%7D&sources=civil,nowhere"), &[]);
        assert_eq!((reply.status, code(&reply.json())), (400, "BAD_INPUT"), "{path}");
    }
}

#[test]
fn only_names_of_loopback_are_answered() {
    let city = City::new();
    let running = Running::serve(city.folder());
    for (host, status) in [
        ("localhost", 200),
        ("127.0.0.1:9", 200),
        ("[::1]:4000", 200),
        ("evil.example", 403),
        ("localhost.evil.example", 403),
        ("192.168.0.1", 403),
        ("", 400),
    ] {
        for path in ["/graphql?query=%7B__typename%7D", "/", "/schema.graphql", "/health/live"] {
            assert_eq!(running.get(path, &[&format!("host: {host}")]).status, status, "{host} {path}");
        }
        let admin = program::get(running.admin.unwrap(), "/metrics", &[&format!("host: {host}")]);
        assert_eq!(admin.status, status, "{host}");
    }
    assert_eq!(running.send(b"GET /health/live HTTP/1.1\r\nconnection: close\r\n\r\n").status, 400);
}

#[test]
fn no_other_origin_is_let_in() {
    let city = City::new();
    let running = Running::serve(city.folder());
    let reply = running.post("/graphql", r#"{"query":"{ __typename }"}"#, &["origin: https://evil.example"]);
    assert_eq!(reply.header("access-control-allow-origin"), "");
    let preflight = "OPTIONS /graphql HTTP/1.1\r\nhost: localhost\r\norigin: https://evil.example\r\nconnection: close\r\n\
         access-control-request-method: POST\r\n\r\n";
    let reply = running.send(preflight.as_bytes());
    assert!(!reply.headers.iter().any(|(name, _)| name.starts_with("access-control")), "{reply:?}");
}

#[test]
fn the_schema_is_kept_by_those_who_have_it() {
    let city = City::new();
    let running = Running::serve(city.folder());
    let reply = running.get("/schema.graphql", &[]);
    assert_eq!(reply.status, 200);
    assert!(reply.text().contains("type Query"));
    let again = running.get("/schema.graphql", &[&format!("if-none-match: {}", reply.header("etag"))]);
    assert_eq!((again.status, again.body.len()), (304, 0));
}

#[test]
fn the_page_comes_from_here_and_nowhere_else() {
    let city = City::new();
    let running = Running::serve(city.folder());
    let page = running.get("/", &[]);
    assert_eq!(page.status, 200);
    assert!(page.text().contains("<title>lilong</title>") && !page.text().contains("://"));
    assert!(page.header("content-security-policy").contains("frame-ancestors 'none'"));
    assert_eq!((page.header("x-content-type-options"), page.header("referrer-policy")), ("nosniff", "no-referrer"));
    assert_eq!(running.get("/", &["accept-encoding: gzip"]).header("content-encoding"), "gzip");
    assert_eq!(running.get("/graphiql/tabs.json", &[]).json(), json!([]));
    assert_eq!(running.get("/graphiql/../../etc/passwd", &[]).status, 404);
    assert_eq!(running.get("/nowhere", &[]).status, 404);
}

#[test]
fn health_and_metrics_tell_of_each_source() {
    let city = City::new();
    let running = Running::serve(city.folder());
    running.ask(NAMES);
    running.ask("{ nowhere }");
    assert_eq!(running.get("/health/live", &[]).json(), json!({"status": "live"}));
    assert_eq!(running.get("/health/ready", &[]).json(), json!({"status": "ready"}));
    let admin = running.admin.unwrap();
    let sources = program::get(admin, "/health/sources", &[]).json();
    let civil = &sources["sources"][0];
    assert_eq!((&civil["name"], &civil["state"]), (&json!("civil"), &json!("READY")), "{sources}");
    assert_eq!(civil["fetches"], 1);
    let metrics = program::get(admin, "/metrics", &[]).text();
    for line in [
        "lilong_source_state{source=\"civil\",state=\"READY\"} 1",
        "lilong_source_fetches_total{source=\"civil\"} 1",
        "lilong_requests_total{code=\"OK\"} 1",
        "lilong_requests_total{code=\"VALIDATION_FAILED\"} 1",
    ] {
        assert!(metrics.lines().any(|given| given == line), "{line} in\n{metrics}");
    }
    let post = b"POST /admin/nothing HTTP/1.1\r\nhost: localhost\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    let mut stream = program::connect(admin);
    stream.write_all(post).unwrap();
    assert_eq!(program::read(&mut stream).status, 404);
    assert_eq!(running.get("/metrics", &[]).status, 404);
}

#[test]
fn the_callers_trace_id_stands_in_errors() {
    let city = City::new();
    let running = Running::serve(city.folder());
    let parent = "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let reply = running.post("/graphql", r#"{"query":"{ nowhere }"}"#, &[parent]);
    assert_eq!(reply.json()["errors"][0]["extensions"]["traceId"], "4bf92f3577b34da6a3ce929d0e0e4736");
}

#[test]
fn a_request_under_way_ends_before_the_server_does() {
    let city = City::new();
    let running = Running::serve(city.folder());
    let body = json!({"query": NAMES}).to_string();
    let mut stream = program::connect(running.address);
    let head = format!(
        "POST /graphql HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\
         expect: 100-continue\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    // The server says 100 once it reads the body: the request is under way.
    let mut go_on = [0; 25];
    std::io::Read::read_exact(&mut stream, &mut go_on).unwrap();
    assert!(go_on.starts_with(b"HTTP/1.1 100"));
    running.terminate();
    stream.write_all(body.as_bytes()).unwrap();
    let reply = program::read(&mut stream);
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert!(running.wait().0.success());
}
