//! Two tables in one database, and the same two in two databases with a link between them: conditions on what linked rows
//! come to, groups through the link, and figures of linked rows are the same.

use lilong::Gateway;
use lilong_tests::city::City;
use lilong_tests::serve;

use super::same;
use crate::residual::{ask, fetches};

const CARDS: &str = "CREATE TABLE person (id INTEGER PRIMARY KEY, card TEXT UNIQUE, area TEXT);
    INSERT INTO person VALUES (1, 'A', 'north'), (2, 'B', 'south'), (3, NULL, 'north'), (4, 'C', NULL), (5, 'D', 'south'),
      (6, 'E', 'north'), (7, 'F', 'east');";

const VISITS: &str = "INSERT INTO visit VALUES (1, 'A', 10, 'x'), (2, 'A', NULL, 'y'), (3, 'B', 5, 'x'), (4, 'B', 7, 'x'),
      (5, 'B', 0, NULL), (6, NULL, 9, 'x'), (7, 'Z', 1, 'y'), (8, 'C', NULL, 'x'), (9, 'F', -3, 'y'), (10, 'F', 3, 'x');";

/// Both catalogs: the tables under the same names, in source `p` and in `p` or `v`.
async fn cities() -> [(City, Gateway, &'static str); 2] {
    let columns = "id INTEGER PRIMARY KEY, card TEXT";
    let one = City::empty();
    one.database(
        "p.sqlite",
        &format!("PRAGMA foreign_keys = OFF; {CARDS} CREATE TABLE visit ({columns} REFERENCES person (card), cost INTEGER, kind TEXT); {VISITS}"),
    );
    one.write("lilong.toml", "[[source]]\nname = \"p\"\nconnector = \"sqlite\"\npath = \"p.sqlite\"\n");
    let two = City::empty();
    two.database("p.sqlite", CARDS);
    two.database("v.sqlite", &format!("CREATE TABLE visit ({columns}, cost INTEGER, kind TEXT); {VISITS}"));
    two.write(
        "lilong.toml",
        "[[source]]\nname = \"p\"\nconnector = \"sqlite\"\npath = \"p.sqlite\"\n
         [[source]]\nname = \"v\"\nconnector = \"sqlite\"\npath = \"v.sqlite\"\n
         [[link]]\nfrom = \"v.visit(card)\"\nto = \"p.person(card)\"\nname = \"personByCard\"\nback = \"visit\"\n",
    );
    let gateways = [serve(one.folder()).await, serve(two.folder()).await];
    let [whole, split] = gateways;
    [(one, whole, "p"), (two, split, "v")]
}

/// Conditions on what visits come to.
fn conditions() -> Vec<String> {
    let mut all = Vec::new();
    for filter in ["", r#"where: { kind: { _eq: "x" } }, "#, r#"where: { kind: { _regex: "y" } }, "#] {
        for number in 0..4 {
            for sign in ["_eq", "_neq", "_gt", "_gte", "_lt", "_lte"] {
                all.push(format!("{{ {filter}count: {{ {sign}: {number} }} }}"));
            }
        }
        for (figure, value) in [("sum", "7"), ("avg", "4.5"), ("min", "0"), ("max", "5"), ("varPop", "1")] {
            for sign in ["_eq", "_neq", "_gte", "_lt"] {
                all.push(format!("{{ {filter}{figure}: {{ cost: {{ {sign}: {value} }} }} }}"));
            }
            for null in ["true", "false"] {
                all.push(format!("{{ {filter}{figure}: {{ cost: {{ _isNull: {null} }} }}, count: {{ _lt: 3 }} }}"));
            }
        }
        all.push(format!("{{ {filter}count: {{ _in: [0, 2], _nin: [3] }}, max: {{ kind: {{ _neq: \"q\" }} }} }}"));
    }
    all
}

#[tokio::test]
async fn conditions_on_linked_rows_hold_within_a_source_and_across() {
    let cities = cities().await;
    for condition in conditions() {
        for filter in [
            format!("visitAggregate: {condition}"),
            format!("_not: {{ visitAggregate: {condition} }}"),
            format!("_or: [{{ id: {{ _eq: 4 }} }}, {{ visitAggregate: {condition} }}]"),
        ] {
            let query = format!("{{ p {{ person(where: {{ {filter} }}) {{ id }} }} }}");
            let before = fetches(&cities[1].1);
            let [whole, split] = [ask(&cities[0].1, &query).await, ask(&cities[1].1, &query).await];
            assert!(whole.get("errors").is_none(), "{query}: {whole}");
            assert_eq!(whole, split, "{query}");
            // Where no key is left nobody is asked for its rows.
            assert!(fetches(&cities[1].1) - before <= 2, "{query}");
        }
    }
}

#[tokio::test]
async fn groups_and_figures_of_linked_rows_are_the_same_within_a_source_and_across() {
    let cities = cities().await;
    let figures = "count sum { cost } avg { cost } stddev { cost } min { kind cost } max { kind } \
        d: count(columns: [kind], distinct: true) dd: count(columns: [kind, cost], distinct: true)";
    let queries = [
        format!("{{ d: p {{ person {{ id visitAggregate {{ aggregate {{ {figures} }} nodes {{ id }} }} }} }} }}"),
        format!("{{ d: p {{ person {{ id visitAggregate(limit: 1, offset: 1) {{ aggregate {{ {figures} }} }} }} }} }}"),
        format!(
            "{{ d: SOURCE {{ visitGroups(by: [personByCard_area]) {{ key {{ personByCard_area }} aggregate {{ {figures} }} }} }} }}"
        ),
        format!(
            "{{ d: SOURCE {{ visitGroups(by: [kind, personByCard_area], having: {{ count: {{ _gt: 1 }} }}, \
             orderBy: [{{ sum: {{ cost: DESC }} }}], limit: 2) {{ key {{ kind personByCard_area }} aggregate {{ {figures} }} }} }} }}"
        ),
        format!(
            "{{ d: SOURCE {{ visitGroups(by: [personByCard_area], where: {{ personByCard: {{ id: {{ _lt: 5 }} }} }}) \
             {{ key {{ personByCard_area }} aggregate {{ {figures} }} }} }} }}"
        ),
    ];
    for query in queries {
        let mut answers = Vec::new();
        for (_, gateway, source) in &cities {
            let before = fetches(gateway);
            let answer = ask(gateway, &query.replace("SOURCE", source)).await;
            assert!(answer.get("errors").is_none(), "{query}: {answer}");
            assert!(fetches(gateway) - before <= 3, "{query}");
            answers.push(answer);
        }
        assert!(same(&answers[0], &answers[1]), "{query}\n{}\n{}", answers[0], answers[1]);
    }
}
