//! Filters through links of a union of which nothing is left for a member: its rows are those that meet the rest.

use lilong_tests::city::City;
use lilong_tests::serve;
use serde_json::json;

use super::ask;

/// A member whose key column is a whole number and another's that is a small one; each has a constant of its own.
const CATALOG: &str = r#"
[[source]]
name = "a"
connector = "sqlite"
path = "a.sqlite"

[[source]]
name = "c"
connector = "files"
path = "t.csv"

[source.keys]
t = ["id"]

[source.types]
"t.s" = "Int"

[[source]]
name = "far"
connector = "sqlite"
path = "far.sqlite"

[[union]]
name = "t"
members = ["a.t", "c.t"]

[union.constant]
"a.t".d = 1
"c.t".d = 2

[[link]]
from = "t(s)"
to = "far.street(id)"
name = "street"

[[link]]
from = "t(d, s)"
to = "far.street(d, id)"
name = "both"
"#;

fn town() -> City {
    let city = City::empty();
    city.database(
        "a.sqlite",
        "CREATE TABLE t (id INTEGER PRIMARY KEY, s INTEGER); INSERT INTO t VALUES (1, 1), (2, NULL)",
    );
    city.database(
        "far.sqlite",
        "CREATE TABLE street (id INTEGER PRIMARY KEY, d INTEGER, name TEXT); INSERT INTO street VALUES (1, 1, 'x'), (2, 2, 'y')",
    );
    city.write("t.csv", "id,s\n11,1\n12,2\n");
    city.write("lilong.toml", CATALOG);
    city
}

#[tokio::test]
async fn rows_are_there_where_no_key_is_left_for_their_member() {
    let city = town();
    let gateway = serve(city.folder()).await;
    for (filter, expected) in [
        (r#"{ _not: { street: { name: { _eq: "nope" } } } }"#, vec![1, 2, 11, 12]),
        (r#"{ _or: [{ id: { _eq: 1 } }, { street: { name: { _eq: "nope" } } }] }"#, vec![1]),
        (r#"{ _not: { both: { name: { _eq: "y" } } } }"#, vec![1, 2, 11]),
        (r#"{ _or: [{ id: { _eq: 1 } }, { both: { name: { _eq: "nope" } } }] }"#, vec![1]),
        (r#"{ _or: [{ id: { _eq: 11 } }, { both: { name: { _eq: "x" } } }] }"#, vec![1, 11]),
        (r#"{ both: { name: { _eq: "y" } } }"#, vec![12]),
    ] {
        let query =
            format!("{{ t(where: {filter}) {{ id }} tAggregate(where: {filter}) {{ aggregate {{ count }} }} }}");
        let answer = ask(&gateway, &query).await;
        let rows = expected.iter().map(|id| json!({ "id": id })).collect::<Vec<_>>();
        let count = json!({ "aggregate": { "count": expected.len() } });
        assert_eq!(answer, json!({ "data": { "t": rows, "tAggregate": count } }), "{filter}");
    }
}

#[tokio::test]
async fn text_of_a_union_may_stand_before_what_another_source_orders_by() {
    let city = town();
    let gateway = serve(city.folder()).await;
    let query = "{ t(orderBy: [{ _source: DESC }, { street: { name: DESC_NULLS_LAST } }]) { id } }";
    let answer = ask(&gateway, query).await;
    let rows = [12, 11, 1, 2].map(|id| json!({ "id": id }));
    assert_eq!(answer, json!({ "data": { "t": rows } }));
}
