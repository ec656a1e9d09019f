//! What a source that is silent, or values that cannot be read, do to figures: null at their own place, with an error there.

use lilong_connectors::ErrorKind;
use lilong_connectors::kinds::memory::Script;
use lilong_schema::Capabilities;
use lilong_schema::catalog::Limits;
use lilong_tests::city::City;
use lilong_tests::mirror::Copied;
use lilong_tests::serve;
use serde_json::{Value, json};

use crate::residual::{ask, city};

fn paths(answer: &Value) -> Vec<String> {
    let errors = answer["errors"].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut paths: Vec<String> = errors.iter().map(|error| error["path"].to_string()).collect();
    paths.sort();
    paths
}

#[tokio::test]
async fn a_silent_source_empties_the_figures_it_was_asked_for_and_no_others() {
    let (_city, sqlite) = city().await;
    let mirror = Copied::of(&sqlite).await.serve(Capabilities::ALL, Limits::default());
    let query = "{ civil { residentAggregate { aggregate { count } nodes { id } }
        resident(limit: 2) { id shotsAggregate { aggregate { count } nodes { id } } }
        residentGroups(by: [age]) { key { age } } filtered: residentAggregate(where: { shotsAggregate: { count: { _gt: 1 } } }) { aggregate { count } } } }";
    mirror.source("health").play(Script::failing(ErrorKind::Unavailable));
    let answer = ask(&mirror.gateway, query).await;
    let civil = &answer["data"]["civil"];
    assert_eq!(civil["residentAggregate"]["aggregate"], json!({ "count": 8 }), "{answer}");
    assert_eq!(civil["resident"][1], json!({ "id": 2, "shotsAggregate": { "aggregate": null, "nodes": null } }));
    assert_eq!(civil["filtered"], json!({ "aggregate": null }));
    assert_eq!(
        paths(&answer),
        [
            r#"["civil","filtered","aggregate"]"#,
            r#"["civil","resident",0,"shotsAggregate","aggregate"]"#,
            r#"["civil","resident",0,"shotsAggregate","nodes"]"#,
            r#"["civil","resident",1,"shotsAggregate","aggregate"]"#,
            r#"["civil","resident",1,"shotsAggregate","nodes"]"#,
        ]
    );
    mirror.source("health").play(Script::default());
    mirror.source("civil").play(Script::failing(ErrorKind::Timeout));
    let query = "{ civil { residentAggregate { aggregate { count } nodes { id } } residentGroups(by: [age]) { key { age } } } }";
    let answer = ask(&mirror.gateway, query).await;
    let expected = json!({ "residentAggregate": { "aggregate": null, "nodes": null }, "residentGroups": null });
    assert_eq!(answer["data"]["civil"], expected, "{answer}");
    assert_eq!(answer["errors"].as_array().map(Vec::len), Some(3));
    assert_eq!(answer["errors"][0]["extensions"]["code"], "SOURCE_TIMEOUT");
}

#[tokio::test]
async fn values_that_cannot_be_read_never_count_as_if_they_were_not_there() {
    let city = City::empty();
    city.database(
        "s.sqlite",
        "CREATE TABLE t (id INTEGER PRIMARY KEY, tag TEXT, day TEXT);
         INSERT INTO t VALUES (1, 'x', '2026-01-02'), (2, 'x', 'soon'), (3, 'x', NULL);",
    );
    let catalog = "[[source]]\nname = \"s\"\nconnector = \"sqlite\"\npath = \"s.sqlite\"\n\n[source.types]\n\"t.day\" = \"Date\"\n";
    city.write("lilong.toml", catalog);
    let gateway = serve(city.folder()).await;
    for filter in ["{}", r#"{ tag: { _regex: "x" } }"#] {
        let query = format!("{{ s {{ tAggregate(where: {filter}) {{ aggregate {{ count max {{ day }} }} }} }} }}");
        let answer = ask(&gateway, &query).await;
        let figures = &answer["data"]["s"]["tAggregate"]["aggregate"];
        assert_eq!(*figures, json!({ "count": 3, "max": { "day": null } }), "{answer}");
        assert_eq!(paths(&answer), [r#"["s","tAggregate","aggregate","max","day"]"#]);
        let query =
            format!("{{ s {{ tGroups(by: [day], where: {filter}) {{ key {{ day }} aggregate {{ count }} }} }} }}");
        let answer = ask(&gateway, &query).await;
        assert_eq!(answer["errors"][0]["extensions"]["code"], "SOURCE_MISMATCH", "{answer}");
        let readable = json!({ "key": { "day": "2026-01-02" }, "aggregate": { "count": 1 } });
        // The null, and apart from it what cannot be read.
        let other = json!({ "key": { "day": null }, "aggregate": { "count": 1 } });
        assert_eq!(answer["data"]["s"]["tGroups"], json!([readable, other, other]), "{answer}");
        let unread = [1, 2].map(|at| format!(r#"["s","tGroups",{at},"key","day"]"#));
        assert!(matches!(&paths(&answer)[..], [path] if unread.contains(path)), "{answer}");
    }
}
