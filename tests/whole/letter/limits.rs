//! Every limit at its edge: what is just allowed, and what is one too much.

use lilong::Gateway;
use lilong_tests::city::City;
use serde_json::{Value, json};

use super::{agree, answer, one, open};

const ROWS: &str = "
    CREATE TABLE t (id INTEGER PRIMARY KEY, t_id INTEGER REFERENCES t, name TEXT);
    INSERT INTO t VALUES (1, 1, 'a'), (2, 1, 'b'), (3, 1, 'c');";

/// Whether each question is answered without an error, or the code it is refused or faulted with.
fn outcomes(gateway: &Gateway, table: Vec<(&str, String, &str)>) {
    agree(table.into_iter().map(|(what, query, wanted)| {
        let got = answer(gateway, &query, &Value::Null);
        let code = got["errors"][0]["extensions"]["code"].as_str().unwrap_or("answered");
        (what.to_owned(), json!(wanted), json!(code))
    }));
}

fn nested(depth: usize) -> String {
    // `s`, `t`, links, and a field at the bottom.
    let links = depth - 3;
    format!("{{ s {{ t(limit: 1) {}id{} }} }}", "{ t ".repeat(links) + "{ ", " }".repeat(links + 1))
}

#[test]
fn a_document_may_be_as_large_as_the_limits_and_no_larger() {
    let (_city, gateway) = one(ROWS);
    let aliases = |count: usize| {
        let fields: Vec<String> = (0..count).map(|number| format!("a{number}: __typename")).collect();
        format!("{{ {} }}", fields.join(" "))
    };
    let reads = |count: usize| {
        let fields: Vec<String> = (0..count).map(|number| format!("a{number}: t(limit: 1) {{ id }}")).collect();
        format!("{{ s {{ {} }} }}", fields.join(" "))
    };
    // `{`, `}` and one token a field.
    let tokens = |count: usize| format!("{{ {} }}", "__typename ".repeat(count - 2));
    let schemas = |count: usize| {
        let fields: Vec<String> =
            (0..count).map(|number| format!("a{number}: __schema {{ queryType {{ name }} }}")).collect();
        format!("{{ {} }}", fields.join(" "))
    };
    let introspection = |depth: usize| {
        // `__schema`, `queryType`, `ofType` …, `name`
        let inner = depth - 3;
        format!("{{ __schema {{ queryType {{ {} name {} }} }} }}", "ofType { ".repeat(inner), "} ".repeat(inner))
    };
    outcomes(
        &gateway,
        vec![
            ("depth 15", nested(15), "answered"),
            ("depth 16", nested(16), "TOO_DEEP"),
            ("500 aliases", aliases(500), "answered"),
            ("501 aliases", aliases(501), "TOO_COSTLY"),
            ("50 reads", reads(50), "answered"),
            ("51 reads", reads(51), "TOO_COSTLY"),
            ("15,000 tokens", tokens(15_000), "answered"),
            ("15,001 tokens", tokens(15_001), "TOO_COSTLY"),
            ("two __schema", schemas(2), "answered"),
            ("three __schema", schemas(3), "TOO_COSTLY"),
            ("introspection 20 deep", introspection(20), "answered"),
            ("introspection 21 deep", introspection(21), "TOO_DEEP"),
            (
                "50 reads by fragment",
                "{ s { ...F ...F } } fragment F on S { ".to_owned()
                    + &(0..25).map(|n| format!("a{n}: t(limit: 1) {{ id }} ")).collect::<String>()
                    + "}",
                "answered",
            ),
            (
                "52 reads by fragment",
                "{ s { ...F ...F } } fragment F on S { ".to_owned()
                    + &(0..26).map(|n| format!("a{n}: t(limit: 1) {{ id }} ")).collect::<String>()
                    + "}",
                "TOO_COSTLY",
            ),
        ],
    );
}

#[test]
fn a_list_holds_ten_thousand_rows_and_says_add_limit_beyond() {
    let numbers = |count: usize| {
        format!(
            "CREATE TABLE t (id INTEGER PRIMARY KEY, g INTEGER);
             WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < {count}) INSERT INTO t SELECT x, 1 FROM n;
             CREATE TABLE p (id INTEGER PRIMARY KEY);
             INSERT INTO p VALUES (1);
             CREATE TABLE c (id INTEGER PRIMARY KEY, p_id INTEGER REFERENCES p);
             INSERT INTO c SELECT id, 1 FROM t;"
        )
    };
    let (_city, gateway) = one(&numbers(10_000));
    let full = answer(&gateway, "{ s { t { id } p { c { id } } } }", &Value::Null);
    assert!(full.get("errors").is_none(), "{}", full["errors"]);
    assert_eq!(full["data"]["s"]["t"].as_array().unwrap().len(), 10_000);
    assert_eq!(full["data"]["s"]["p"][0]["c"].as_array().unwrap().len(), 10_000);

    let (_city, gateway) = one(&numbers(10_001));
    let over = answer(&gateway, "{ s { t { id } p { c { id } } } }", &Value::Null);
    assert_eq!(over["data"], json!({"s": {"t": null, "p": [{"c": null}]}}));
    let errors = over["errors"].as_array().unwrap();
    assert_eq!(errors.len(), 2, "{over}");
    for (error, path) in errors.iter().zip([json!(["s", "t"]), json!(["s", "p", 0, "c"])]) {
        assert_eq!(error["extensions"]["code"], "TOO_LARGE");
        assert_eq!(error["path"], path);
        assert!(error["message"].as_str().unwrap().contains("limit:"), "{error}");
    }
    let first = answer(&gateway, "{ s { t(limit: 10000) { id } } }", &Value::Null);
    assert!(first.get("errors").is_none(), "{}", first["errors"]);
}

#[test]
fn an_answer_holds_as_many_rows_as_the_limit_says() {
    let city = City::empty();
    city.database("s.sqlite", ROWS);
    let catalog = |limits: &str| {
        format!("[server.limits]\n{limits}\n[[source]]\nname = \"s\"\nconnector = \"sqlite\"\npath = \"s.sqlite\"\n")
    };
    let table = [
        ("answer_rows = 6", "{ s { a: t { id } b: t { id } } }", "answered"),
        ("answer_rows = 5", "{ s { a: t { id } b: t { id } } }", "TOO_LARGE"),
        ("list_rows = 3", "{ s { t { id } } }", "answered"),
        ("list_rows = 2", "{ s { t { id } } }", "TOO_LARGE"),
        ("list_rows = 2", "{ s { t(limit: 2) { id } } }", "answered"),
        ("list_rows = 2", "{ s { t(limit: 3) { id } } }", "BAD_INPUT"),
        ("budget_rows = 3", "{ s { t(where: {name: {_regex: \"a\"}}) { id } } }", "answered"),
        ("budget_rows = 2", "{ s { t(where: {name: {_regex: \"a\"}}) { id } } }", "TOO_COSTLY"),
        ("budget_rows = 2", "{ s { t(where: {name: {_regex: \"a\"}, id: {_lt: 3}}) { id } } }", "answered"),
        ("depth = 3", "{ s { t { id } } }", "answered"),
        ("depth = 2", "{ s { t { id } } }", "TOO_DEEP"),
    ];
    agree(table.map(|(limits, query, wanted)| {
        city.write("lilong.toml", &catalog(limits));
        let got = answer(&open(&city), query, &Value::Null);
        let code = got["errors"][0]["extensions"]["code"].as_str().unwrap_or("answered");
        (format!("{limits}: {query}"), json!(wanted), json!(code))
    }));
}
