//! What is kept of sources, as clients see it: how long, what is told of it over HTTP, how it is forgotten; and compressed
//! answers.
#![allow(clippy::unwrap_used)]

mod listening;

use std::fs;
use std::io::Write;
use std::time::Duration;

use lilong_tests::city::{CATALOG, City};
use lilong_tests::program::{self, Reply, Running};
use serde_json::{Value, json};

const STREET: &str = "{ civil { street(orderBy: {id: ASC}) { name } } }";
const BOTH: &str =
    "{ civil { resident(where: {id: {_eq: 1}}) { name vaccinations(orderBy: {id: ASC}) { vaccine } } } }";

/// A city whose sources say how long their answers may be kept.
fn city(civil: &str, health: &str) -> City {
    let city = City::new();
    let catalog = CATALOG
        .replace("title = ", &format!("{civil}\ntitle = "))
        .replace("path = \"health.sqlite\"\n", &format!("path = \"health.sqlite\"\n{health}\n"));
    city.write("lilong.toml", &catalog);
    city
}

fn post(running: &Running, query: &str, headers: &[&str]) -> Reply {
    running.post("/graphql", &json!({"query": query}).to_string(), headers)
}

fn address(query: &str) -> String {
    let encoded: String = query
        .bytes()
        .map(|byte| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect();
    format!("/graphql?query={encoded}")
}

fn invalidate(running: &Running, body: &Value) -> Reply {
    invalidate_by(running, &body.to_string())
}

fn invalidate_by(running: &Running, body: &str) -> Reply {
    let address = running.admin.unwrap();
    let mut stream = program::connect(address);
    let head = format!(
        "POST /admin/invalidate HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(format!("{head}{body}").as_bytes()).unwrap();
    program::read(&mut stream)
}

/// What was really sent to a source.
fn sent(running: &Running, source: usize) -> u64 {
    let states = program::get(running.admin.unwrap(), "/health/sources", &[]).json();
    states["sources"][source]["sent"].as_u64().unwrap()
}

#[test]
fn an_answer_is_kept_until_it_is_forgotten() {
    let city = city("cache = \"1h\"", "");
    let running = Running::serve(city.folder());
    let first = running.ask(STREET);
    city.database("civil.sqlite", "UPDATE street SET name = 'Guokang Road' WHERE id = 1");
    assert_eq!(running.ask(STREET), first);
    assert_eq!(sent(&running, 0), 1);
    let told = invalidate(&running, &json!({"source": "civil", "collection": "street"}));
    let wanted = json!({"source": "civil", "collection": "street", "cached": true, "dropped": 1});
    assert_eq!((told.status, told.json()), (200, wanted));
    let anew = running.ask(STREET);
    assert_eq!(anew["data"]["civil"]["street"][0]["name"], "Guokang Road");
    assert_eq!(sent(&running, 0), 2);
}

#[test]
fn only_keys_that_are_not_kept_are_fetched() {
    let city = city("cache = \"1h\"", "cache = \"1h\"");
    let running = Running::serve(city.folder());
    let ask = |ids: &str| {
        running.ask(&format!(
            "{{ civil {{ resident(where: {{id: {{_in: {ids}}}}}, orderBy: {{id: ASC}}) {{ id vaccinations {{ id }} }} }} }}"
        ))
    };
    ask("[1, 2]");
    assert_eq!((sent(&running, 0), sent(&running, 1)), (1, 1));
    // A list of its own, but the keys of the link are there: also the one without vaccinations.
    let one = ask("[2]");
    assert_eq!(one["data"]["civil"]["resident"], json!([{"id": 2, "vaccinations": []}]));
    assert_eq!((sent(&running, 0), sent(&running, 1)), (2, 1));
    let dropped =
        invalidate(&running, &json!({"source": "health", "collection": "vaccination", "key": {"id_card": "A1"}}));
    assert_eq!(dropped.json()["dropped"], 1);
    ask("[2]");
    assert_eq!(sent(&running, 1), 1);
    ask("[1]");
    assert_eq!(sent(&running, 1), 2);
}

#[test]
fn what_is_named_to_be_forgotten_has_to_be_there() {
    let city = city("cache = \"1h\"", "");
    let running = Running::serve(city.folder());
    for body in [
        json!({}),
        json!([]),
        json!({"source": 7}),
        json!({"source": "nowhere"}),
        json!({"source": "civil", "collection": "nothing"}),
        json!({"source": "civil", "collection": "street", "key": {"nothing": 1}}),
        json!({"source": "civil", "collection": "street", "key": {}}),
        json!({"source": "civil", "collection": "street", "key": {"id": null}}),
        json!({"source": "civil", "key": {"id": 1}}),
        json!({"source": "civil", "table": "street"}),
    ] {
        let reply = invalidate(&running, &body);
        assert_eq!(
            (reply.status, &reply.json()["errors"][0]["extensions"]["code"]),
            (400, &json!("BAD_INPUT")),
            "{body}"
        );
    }
    for body in [
        r#"{"source": "health", "source": "civil"}"#,
        r#"{"source": "civil", "collection": "resident", "collection": "street"}"#,
        r#"{"source": "civil", "collection": "street", "key": {"id": 1, "id": 2}}"#,
    ] {
        assert_eq!(invalidate_by(&running, body).status, 400, "{body}");
    }
    assert_eq!(invalidate(&running, &json!({"source": "civil"})).json()["dropped"], 0);
    assert_eq!(invalidate(&running, &json!({"source": "health"})).json()["cached"], false);
    assert_eq!(program::get(running.admin.unwrap(), "/admin/invalidate", &[]).status, 405);
}

/// Which answers a client may keep, and for how long.
#[test]
fn an_answer_tells_how_long_it_may_be_kept() {
    let times = "cache = \"1h\"\n[source.cache_for]\nstreet = \"10m\"\nresident = \"off\"\n[[source]]\nname = \"other\"\n\
                 connector = \"sqlite\"\npath = \"health.sqlite\"\ncache = \"30s\"";
    let city = City::new();
    let catalog = CATALOG.replace("title = \"Civil Affairs Bureau\"\n", &format!("{times}\n"));
    city.write("lilong.toml", &catalog);
    let running = Running::serve(city.folder());
    for (query, kept) in [
        (STREET, Some(600)),
        ("{ other { vaccination { id } } }", Some(30)),
        ("{ other { vaccination { id } } civil { street { name } } }", Some(30)),
        ("{ civil { streetByPk(id: 1) { name } streetAggregate { aggregate { count } } } }", Some(600)),
        ("{ civil { street { name resident { id } } } }", None),
        ("{ civil { street(where: {resident: {}}) { name } } }", None),
        ("{ civil { resident { id } } }", None),
        ("{ health { vaccination { id } } civil { street { name } } }", None),
        ("{ _sources { name } civil { street { name } } }", None),
        ("{ __typename }", None),
        ("{ nothing }", None),
    ] {
        for reply in [post(&running, query, &[]), running.get(&address(query), &[])] {
            let wanted = kept.map_or("no-store".to_owned(), |seconds| format!("private, max-age={seconds}"));
            assert_eq!(reply.header("cache-control"), wanted, "{query}");
            assert_eq!(reply.header("age").is_empty(), kept.is_none(), "{query}");
            assert_eq!(reply.header("etag").is_empty(), kept.is_none(), "{query}");
            assert_eq!(reply.header("vary"), "accept, accept-encoding", "{query}");
        }
    }
}

#[test]
fn who_has_an_answer_is_told_so() {
    let city = city("cache = \"1h\"", "");
    let running = Running::serve(city.folder());
    let first = running.get(&address(STREET), &[]);
    let tag = first.header("etag").to_owned();
    let known = format!("if-none-match: \"x\", {tag}");
    let again = running.get(&address(STREET), &[&known]);
    assert_eq!((again.status, again.body.len(), again.header("etag")), (304, 0, &*tag));
    assert_eq!(again.header("cache-control"), "private, max-age=3600");
    assert_eq!(post(&running, STREET, &[&known]).status, 200, "a POST is always answered");
    assert_eq!(running.get(&address("{ civil { street { id } } }"), &[&known]).status, 200);
    let other = running.get(&address(STREET), &[&known, "accept: application/graphql-response+json"]);
    assert_eq!(other.status, 200, "another form is another body");
    city.database("civil.sqlite", "UPDATE street SET name = 'Guokang Road' WHERE id = 1");
    invalidate(&running, &json!({"source": "civil"}));
    assert_eq!(running.get(&address(STREET), &[&known]).status, 200);
}

#[test]
fn a_long_answer_has_one_tag_whether_it_was_just_read_or_kept() {
    let city = city("cache = \"60s\"", "");
    let rows = "CREATE TABLE long AS WITH RECURSIVE n (id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n WHERE id < 9000)
                SELECT id, 'the name of ' || id AS name FROM n";
    city.database("civil.sqlite", rows);
    let running = Running::serve(city.folder());
    let path = address("{ civil { long { id name } } }");
    let first = running.get(&path, &[]);
    let tag = first.header("etag").to_owned();
    assert!(!tag.is_empty() && first.body.len() > 300_000, "{}", first.body.len());
    assert_eq!(running.get(&path, &[]).header("etag"), tag);
    assert_eq!(running.get(&path, &[&format!("if-none-match: {tag}")]).status, 304);
}

#[test]
fn a_fault_is_not_kept_and_an_answer_with_one_neither() {
    let city = city("cache = \"1h\"", "cache = \"1h\"");
    let running = Running::serve(city.folder());
    fs::rename(city.path("health.sqlite"), city.path("away")).unwrap();
    let broken = post(&running, BOTH, &[]);
    assert_eq!(broken.json()["errors"][0]["extensions"]["code"], "SOURCE_UNAVAILABLE");
    assert_eq!((broken.header("cache-control"), broken.header("etag")), ("no-store", ""));
    fs::rename(city.path("away"), city.path("health.sqlite")).unwrap();
    let whole = running.ask_until(BOTH, |answer| answer.get("errors").is_none());
    assert_eq!(whole["data"]["civil"]["resident"][0]["vaccinations"].as_array().unwrap().len(), 2);
    // Now it is kept, and the source may go.
    fs::rename(city.path("health.sqlite"), city.path("away")).unwrap();
    assert_eq!(running.ask(BOTH), whole);
}

#[test]
fn what_a_source_said_before_it_went_down_is_marked_as_old() {
    let city = city("", "cache = \"1ms\"\nstale_if_down = \"1h\"");
    let running = Running::serve(city.folder());
    let whole = running.ask(BOTH);
    assert!(whole.get("extensions").is_none());
    fs::rename(city.path("health.sqlite"), city.path("away")).unwrap();
    std::thread::sleep(Duration::from_millis(20)); // what is kept is of use for a millisecond
    let old = post(&running, BOTH, &[]);
    assert_eq!(old.header("cache-control"), "no-store");
    let old = old.json();
    assert_eq!(old["data"], whole["data"]);
    assert!(old.get("errors").is_none());
    assert_eq!(old["extensions"]["lilong"]["stale"][0]["source"], "health");
    assert!(old["extensions"]["lilong"]["stale"][0]["age"].is_u64());
    let states = running.ask("{ _sources { name state } }");
    assert_eq!(
        states["data"]["_sources"][1],
        json!({"name": "health", "state": "UNAVAILABLE"}),
        "it is down all the same"
    );
    // What was never asked before is not there.
    let other = running.ask("{ health { vaccinationByPk(id: 3) { vaccine } } }");
    assert_eq!(other["errors"][0]["extensions"]["code"], "SOURCE_UNAVAILABLE");
}

#[test]
fn many_who_ask_the_same_at_once_are_one_fetch() {
    let city = city("cache = \"1h\"", "");
    let running = Running::serve(city.folder());
    std::thread::scope(|scope| {
        let asking: Vec<_> = (0..60).map(|_| scope.spawn(|| running.ask(STREET))).collect();
        let answers: Vec<_> = asking.into_iter().map(|asking| asking.join().unwrap()).collect();
        assert!(answers.windows(2).all(|pair| pair[0] == pair[1]) && answers[0].get("errors").is_none());
    });
    assert_eq!(sent(&running, 0), 1);
}

#[test]
fn operators_see_what_is_kept() {
    let city = city("cache = \"1h\"", "");
    let running = Running::serve(city.folder());
    for _ in 0..3 {
        running.ask(STREET);
    }
    let metrics = program::get(running.admin.unwrap(), "/metrics", &[]).text();
    for line in [
        "lilong_cache_hits_total{source=\"civil\"} 2",
        "lilong_cache_misses_total{source=\"civil\"} 1",
        "lilong_cache_stale_total{source=\"civil\"} 0",
        "lilong_cache_entries{source=\"civil\"} 1",
    ] {
        assert!(metrics.contains(line), "{line}\n{metrics}");
    }
    assert!(
        metrics.contains("lilong_cache_bytes{source=\"civil\"} ") && !metrics.contains("hits_total{source=\"health\"}")
    );
    let states = program::get(running.admin.unwrap(), "/health/sources", &[]).json();
    assert_eq!(states["sources"][0]["cache"]["hits"], 2);
    assert_eq!(states["sources"][1]["cache"], Value::Null);
}

/// The body of an answer in chunks.
fn unchunked(reply: &Reply) -> Vec<u8> {
    assert_eq!(reply.header("transfer-encoding"), "chunked");
    let (mut body, mut rest) = (Vec::new(), &reply.body[..]);
    loop {
        let end = rest.windows(2).position(|pair| pair == b"\r\n").unwrap();
        let length = usize::from_str_radix(std::str::from_utf8(&rest[..end]).unwrap(), 16).unwrap();
        if length == 0 {
            return body;
        }
        body.extend_from_slice(&rest[end + 2..end + 2 + length]);
        rest = &rest[end + 4 + length..];
    }
}

#[test]
fn large_answers_are_compressed_for_those_who_take_it() {
    let city = city("cache = \"1h\"", "");
    let running = Running::serve(city.folder());
    let types = "{ __schema { types { name description fields { name description } } } }";
    for (path, plain) in [
        ("/schema.graphql".to_owned(), running.get("/schema.graphql", &[])),
        (address(types), running.get(&address(types), &[])),
    ] {
        assert_eq!((plain.status, plain.header("content-encoding")), (200, ""));
        for (takes, coding, magic) in [
            ("gzip", "gzip", &[0x1f, 0x8b][..]),
            ("br", "br", &[]),
            ("zstd", "zstd", &[0x28, 0xb5, 0x2f, 0xfd]),
            ("gzip;q=0.5, zstd;q=0.9", "zstd", &[0x28, 0xb5]),
            ("deflate", "", &[]),
            ("gzip;q=0", "", &[]),
        ] {
            let reply = running.get(&path, &[&format!("accept-encoding: {takes}")]);
            assert_eq!((reply.status, reply.header("content-encoding")), (200, coding), "{path} {takes}");
            assert!(reply.header("vary").contains("accept-encoding"), "{path} {takes}");
            assert_eq!(reply.header("etag"), plain.header("etag"), "{path} {takes}");
            if coding.is_empty() {
                assert_eq!(reply.body, plain.body);
            } else {
                let body = unchunked(&reply);
                assert!(body.starts_with(magic) && body.len() * 2 < plain.body.len(), "{path} {takes} {}", body.len());
            }
        }
    }
    let small = running.get(&address(STREET), &["accept-encoding: gzip, br, zstd"]);
    assert_eq!((small.status, small.header("content-encoding")), (200, ""));
    let tag = running.get("/schema.graphql", &["accept-encoding: gzip"]).header("etag").to_owned();
    let known = running.get("/schema.graphql", &["accept-encoding: gzip", &format!("if-none-match: {tag}")]);
    assert_eq!((known.status, known.body.len(), known.header("content-encoding")), (304, 0, ""));
    let head = format!(
        "HEAD /schema.graphql HTTP/1.1\r\nhost: {}\r\naccept-encoding: gzip\r\nconnection: close\r\n\r\n",
        running.address
    );
    let mut stream = program::connect(running.address);
    stream.write_all(head.as_bytes()).unwrap();
    let mut raw = Vec::new();
    std::io::Read::read_to_end(&mut stream, &mut raw).unwrap();
    assert!(raw.starts_with(b"HTTP/1.1 200") && raw.ends_with(b"\r\n\r\n"), "a head and nothing else");
}
