//! Filters of which a part leads nowhere, by what is declared of a union's members: nobody is asked for the other parts.

use lilong_tests::city::City;
use lilong_tests::serve;
use lilong_tests::watch::Watched;
use serde_json::json;

use super::ask;

/// Two streets; more shots and pupils than a side may have rows, these of the north alone, as is declared.
const CATALOG: &str = r#"
[server.limits]
side_rows = 1

[[discover]]
connector = "sqlite"
path = "*.sqlite"

[[union]]
name = "resident"
members = ["street_*.resident"]
key = ["card"]

[[union]]
name = "pupil"
members = ["school_*.pupil"]
key = ["card"]

[union.constant]
"school_1.pupil".zone = "north"
"school_2.pupil".zone = "north"

[[link]]
from = "health.shot(card)"
to = "resident(card)"
name = "resident"
back = "shots"

[[link]]
from = "pupil(card)"
to = "resident(card)"
name = "resident"
back = "pupils"
"#;

fn town() -> City {
    let city = City::empty();
    for at in 1..=2 {
        let resident = format!(
            "CREATE TABLE resident (card TEXT PRIMARY KEY, age INTEGER);
             INSERT INTO resident VALUES ('a{at}', 10), ('b{at}', 20)"
        );
        city.database(&format!("street_{at}.sqlite"), &resident);
        let pupil = format!(
            "CREATE TABLE pupil (card TEXT PRIMARY KEY, class INTEGER);
             INSERT INTO pupil VALUES ('a{at}', 1), ('b{at}', 2)"
        );
        city.database(&format!("school_{at}.sqlite"), &pupil);
    }
    city.database(
        "health.sqlite",
        "CREATE TABLE shot (id INTEGER PRIMARY KEY, card TEXT);
         INSERT INTO shot VALUES (1, 'a1'), (2, 'a2'), (3, 'b1')",
    );
    city.write("lilong.toml", CATALOG);
    city
}

const SHOTS: &str = "{ shots: { id: { _gt: 0 } } }";

#[tokio::test]
async fn nobody_is_asked_where_a_part_that_must_hold_leads_nowhere() {
    let city = town();
    let watched = Watched::over(&serve(city.folder()).await);
    let south = r#"pupils: { zone: { _eq: "south" } }"#;
    for filter in [
        format!("{{ _and: [{SHOTS}, {{ {south} }}] }}"),
        format!("{{ _and: [{{ {south} }}, {SHOTS}] }}"),
        format!("{{ shots: {{ id: {{ _gt: 0 }} }}, {south} }}"),
        format!(r#"{{ _and: [{SHOTS}, {{ pupils: {{ _not: {{ zone: {{ _endsWith: "th" }} }} }} }}] }}"#),
        format!("{{ _and: [{SHOTS}, {{ _or: [{{ {south} }}, {{ pupils: {{ class: {{ _in: [] }} }} }}] }}] }}"),
        format!("{{ _and: [{SHOTS}, {{ pupils: {{ resident: {{ {south} }} }} }}] }}"),
        format!("{{ _and: [{{ _or: [{SHOTS}, {{ pupils: {{ class: {{ _gt: 0 }} }} }}] }}, {{ {south} }}] }}"),
        r#"{ shots: { resident: { pupils: { zone: { _eq: "south" } } } }, pupils: { class: { _gt: 0 } } }"#.to_owned(),
    ] {
        // With a condition of their own residents may be few.
        let filter = format!("{{ _and: [{{ age: {{ _gt: 0 }} }}, {filter}] }}");
        let query = format!(
            "{{ resident(where: {filter}) {{ card }} residentAggregate(where: {filter}) {{ aggregate {{ count }} }} }}"
        );
        let answer = ask(&watched.gateway, &query).await;
        let nobody = json!({ "data": { "resident": [], "residentAggregate": { "aggregate": { "count": 0 } } } });
        assert_eq!(answer, nobody, "{filter}");
        let seen = watched.take();
        assert!(!seen.iter().any(|seen| seen.collection == "resident"), "{filter}: {seen:?}");
    }
}

#[tokio::test]
async fn what_may_lead_somewhere_is_asked_for() {
    let city = town();
    let gateway = serve(city.folder()).await;
    let north = r#"{ pupils: { zone: { _eq: "north" }, class: { _eq: 1 } } }"#;
    let south = r#"{ pupils: { zone: { _eq: "south" } } }"#;
    for (filter, expected) in [
        (format!("{{ _and: [{SHOTS}, {north}] }}"), vec!["a1", "a2"]),
        (format!("{{ _and: [{SHOTS}, {{ _not: {south} }}] }}"), vec!["a1", "a2", "b1"]),
        (format!("{{ _and: [{SHOTS}, {{ _or: [{south}, {north}] }}] }}"), vec!["a1", "a2"]),
        (format!("{{ _or: [{SHOTS}, {south}] }}"), vec!["a1", "a2", "b1"]),
        (format!("{{ _and: [{SHOTS}, {{ _not: {north} }}] }}"), vec!["b1"]),
    ] {
        let answer =
            ask(&gateway, &format!("{{ resident(where: {filter}, orderBy: {{ card: ASC }}) {{ card }} }}")).await;
        let expected = expected.iter().map(|card| json!({ "card": card })).collect::<Vec<_>>();
        assert_eq!(answer, json!({ "data": { "resident": expected } }), "{filter}");
    }
}
