//! Long answers: they leave in pieces, whole, with their length told before.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::Read;

use flate2::bufread::GzDecoder;
use lilong_tests::program::{Reply, Running};
use rusqlite::Connection;
use serde_json::{Value, json};
use tempfile::TempDir;

const ROWS: usize = 3_000;

/// What tools ask of a schema.
const INTROSPECTION: &str = "{ __schema { queryType { name } types { ...Full } directives { name locations args { ...Input } } } }
    fragment Full on __Type { kind name description fields(includeDeprecated: true) { name description args { ...Input } type { ...Ref } }
      inputFields { ...Input } interfaces { ...Ref } enumValues(includeDeprecated: true) { name description } possibleTypes { ...Ref } }
    fragment Input on __InputValue { name description type { ...Ref } defaultValue }
    fragment Ref on __Type { kind name ofType { kind name ofType { kind name ofType { kind name } } } }";

/// A source of many tables, `t0` with many rows, and one of a single table.
fn catalog() -> TempDir {
    let folder = TempDir::new().unwrap();
    for (name, text) in [("first", tables(220)), ("second", "CREATE TABLE only (id INTEGER PRIMARY KEY)".into())] {
        Connection::open(folder.path().join(format!("{name}.sqlite"))).unwrap().execute_batch(&text).unwrap();
    }
    let text = "[[discover]]\nconnector = \"sqlite\"\npath = \"*.sqlite\"\n";
    std::fs::write(folder.path().join("lilong.toml"), text).unwrap();
    folder
}

fn tables(count: usize) -> String {
    let mut text = String::new();
    for table in 0..count {
        writeln!(
            text,
            "CREATE TABLE t{table} (id INTEGER PRIMARY KEY, name TEXT, day DATE, t0_id INTEGER REFERENCES t0 (id));"
        )
        .unwrap();
    }
    writeln!(text, "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {ROWS})").unwrap();
    writeln!(text, "  INSERT INTO t0 SELECT i, 'the name of number ' || i, '2026-01-01', NULL FROM n;").unwrap();
    text
}

fn post(running: &Running, path: &str, query: &str, headers: &[&str]) -> Reply {
    let reply = running.post(path, &json!({"query": query}).to_string(), headers);
    assert_eq!(reply.status, 200);
    reply
}

fn names(types: &Value) -> BTreeSet<&str> {
    types.as_array().unwrap().iter().map(|ty| ty["name"].as_str().unwrap()).collect()
}

#[test]
fn a_long_schema_leaves_in_pieces_and_is_whole() {
    let folder = catalog();
    let running = Running::serve(folder.path());
    let first = post(&running, "/graphql", INTROSPECTION, &[]);
    assert!(first.body.len() > 4_000_000, "{}", first.body.len());
    assert_eq!(first.header("content-length"), first.body.len().to_string());
    let answer = first.json();
    let types = names(&answer["data"]["__schema"]["types"]);
    assert!(types.contains("FirstT149Groups") || types.contains("FirstT149"), "{}", types.len());
    for ty in answer["data"]["__schema"]["types"].as_array().unwrap() {
        for field in ty["fields"].as_array().into_iter().flatten() {
            let mut inner = &field["type"];
            while !inner["ofType"].is_null() {
                inner = &inner["ofType"];
            }
            assert!(types.contains(inner["name"].as_str().unwrap()), "{field}");
        }
    }
    assert_eq!(post(&running, "/graphql", INTROSPECTION, &[]).body, first.body, "a plan that is found writes the same");
    let short = post(&running, "/graphql?sources=second", INTROSPECTION, &[]);
    assert!(short.body.len() < 200_000 && short.json()["data"]["__schema"]["types"].is_array());
}

/// The bytes that a client reads.
fn unpacked(reply: &Reply) -> Vec<u8> {
    let mut read = Vec::new();
    match reply.header("content-encoding") {
        "" => reply.body.clone(),
        "gzip" => {
            GzDecoder::new(&reply.body[..]).read_to_end(&mut read).unwrap();
            read
        }
        "zstd" => {
            let mut reader = zstd::stream::read::Decoder::with_buffer(&reply.body[..]).unwrap().single_frame();
            reader.read_to_end(&mut read).unwrap();
            assert!(reader.finish().is_empty(), "one frame and no more");
            read
        }
        other => panic!("{other}"),
    }
}

/// What browsers, tools and libraries say that they take, and what they are given.
const TAKEN: [(&str, &str); 7] = [
    ("gzip, deflate, br, zstd", "zstd"),
    ("gzip, deflate, br", "gzip"),
    ("gzip, deflate", "gzip"),
    ("gzip;q=0.8, zstd;q=0.2", "gzip"),
    ("identity", ""),
    ("deflate", ""),
    ("zstd;q=0, gzip;q=0", ""),
];

#[test]
fn a_long_schema_is_the_same_in_every_coding_each_time() {
    let folder = catalog();
    let running = Running::serve(folder.path());
    // The first to ask takes it packed: nothing was made for another.
    let first = post(&running, "/graphql", INTROSPECTION, &["accept-encoding: gzip"]);
    assert_eq!(first.header("content-encoding"), "gzip");
    let plain = post(&running, "/graphql", INTROSPECTION, &[]).body;
    assert_eq!(unpacked(&first), plain);
    for _ in 0..2 {
        for (takes, coding) in TAKEN {
            let reply = post(&running, "/graphql", INTROSPECTION, &[&format!("accept-encoding: {takes}")]);
            assert_eq!(reply.header("content-encoding"), coding, "{takes}");
            assert_eq!(reply.header("content-length"), reply.body.len().to_string(), "{takes}");
            assert!(reply.header("vary").contains("accept-encoding"), "{takes}");
            assert_eq!(reply.header("cache-control"), "no-store", "{takes}");
            assert!(coding.is_empty() || reply.body.len() * 10 < plain.len(), "{takes}: {}", reply.body.len());
            assert_eq!(unpacked(&reply), plain, "{takes}");
        }
    }
    let packed_anew = post(&running, "/graphql", INTROSPECTION, &["accept-encoding: br"]);
    assert_eq!((packed_anew.header("content-encoding"), packed_anew.header("content-length")), ("br", ""));
}

#[test]
fn what_stands_around_a_long_schema_comes_with_it_in_every_coding() {
    let folder = catalog();
    let running = Running::serve(folder.path());
    let alike = "second { only { id } } s: __schema { types { name kind fields { name description args { name description type { kind name } } } } } after: __typename";
    for (query, gzip) in [
        (format!("{{ {alike} }}"), "gzip"),
        // With so many rows around it all is packed anew, and so with a second schema.
        (format!("{{ first {{ t0 {{ id name }} }} {alike} }}"), ""),
        (format!("{{ {alike} t: __schema {{ types {{ kind name fields {{ name description }} }} }} }}"), ""),
    ] {
        let plain = post(&running, "/graphql", &query, &[]);
        assert!(plain.json().get("errors").is_none(), "{query}");
        let zipped = post(&running, "/graphql", &query, &["accept-encoding: gzip"]);
        assert_eq!(zipped.header("content-encoding"), "gzip");
        if gzip.is_empty() {
            assert_eq!(zipped.header("transfer-encoding"), "chunked");
        } else {
            assert_eq!(zipped.header("content-length"), zipped.body.len().to_string());
            assert_eq!(unpacked(&zipped), plain.body);
            let packed = post(&running, "/graphql", &query, &["accept-encoding: zstd"]);
            assert_eq!(packed.header("content-encoding"), "zstd");
            assert_eq!(unpacked(&packed), plain.body);
        }
    }
}

#[test]
fn a_source_that_joins_stands_in_the_next_schema_in_every_coding() {
    let folder = catalog();
    let text = std::fs::read_to_string(folder.path().join("lilong.toml")).unwrap();
    let source = "[[source]]\nname = \"late\"\nconnector = \"sqlite\"\npath = \"late.db\"\n";
    std::fs::write(folder.path().join("lilong.toml"), format!("{text}{source}")).unwrap();
    let running = Running::serve(folder.path());
    let ask = |takes: &str| {
        let reply = post(&running, "/graphql", INTROSPECTION, &[&format!("accept-encoding: {takes}")]);
        let answer: Value = serde_json::from_slice(&unpacked(&reply)).unwrap();
        names(&answer["data"]["__schema"]["types"]).contains("LateDesk")
    };
    assert_eq!(["identity", "gzip", "zstd"].map(ask), [false; 3]);
    let (made, late) = (folder.path().join("made"), folder.path().join("late.db"));
    Connection::open(&made).unwrap().execute_batch("CREATE TABLE desk (id INTEGER PRIMARY KEY)").unwrap();
    std::fs::rename(made, late).unwrap();
    running.ask_until("{ __type(name: \"LateDesk\") { name } }", |answer| !answer["data"]["__type"].is_null());
    assert_eq!(["identity", "gzip", "zstd"].map(ask), [true; 3]);
}

#[test]
fn a_long_schema_stands_among_other_fields() {
    let folder = catalog();
    let running = Running::serve(folder.path());
    let query = "{ before: __typename first { t0(limit: 1) { id } } a: __schema { types { name description fields { name args { name description } } } }
        second { only { id } } b: __schema { types { kind fields { description args { name description type { name } } } } } after: __typename }";
    let reply = post(&running, "/graphql", query, &[]);
    assert!(reply.body.len() > 2_000_000, "{}", reply.body.len());
    assert_eq!(reply.header("content-length"), reply.body.len().to_string());
    let answer = reply.json();
    let keys = answer["data"].as_object().unwrap().keys().map(String::as_str).collect::<Vec<_>>();
    assert_eq!(keys, ["before", "first", "a", "second", "b", "after"]);
    assert_eq!(answer["data"]["first"], json!({"t0": [{"id": 1}]}));
    assert_eq!(answer["data"]["second"], json!({"only": []}));
    let (a, b) = (&answer["data"]["a"]["types"], &answer["data"]["b"]["types"]);
    assert_eq!(a.as_array().unwrap().len(), b.as_array().unwrap().len());
    assert_eq!(answer["data"]["after"], "Query");
    assert!(answer.get("errors").is_none());
}

#[test]
fn many_rows_leave_in_pieces_and_are_whole() {
    let folder = catalog();
    let running = Running::serve(folder.path());
    let list = "{ first { t0(orderBy: {id: ASC}) { id name day t0 { id } } } }";
    let reply = post(&running, "/graphql", list, &[]);
    assert!(reply.body.len() > 200_000);
    assert_eq!(reply.header("content-length"), reply.body.len().to_string());
    let answer = reply.json();
    let rows = answer["data"]["first"]["t0"].as_array().unwrap();
    assert_eq!(rows.len(), ROWS);
    for (index, row) in rows.iter().enumerate() {
        let id = index + 1;
        assert_eq!(
            *row,
            json!({"id": id, "name": format!("the name of number {id}"), "day": "2026-01-01", "t0": null})
        );
    }
    let pages = "{ first { t0Connection(first: 3000) { edges { cursor node { id name } } nodes { name day } pageInfo { hasNextPage } } } }";
    let answer = post(&running, "/graphql", pages, &[]).json();
    let page = &answer["data"]["first"]["t0Connection"];
    assert_eq!(page["edges"].as_array().unwrap().len(), ROWS);
    assert_eq!(page["edges"][ROWS - 1]["node"], json!({"id": ROWS, "name": format!("the name of number {ROWS}")}));
    assert_eq!(page["nodes"].as_array().unwrap().len(), ROWS);
    assert_eq!(page["pageInfo"], json!({"hasNextPage": false}));
}
