//! Filters through links of a union: whichever side is small is read, and members that the filter rules out are not asked.

use lilong_tests::city::City;
use lilong_tests::serve;
use serde_json::json;

use super::{Case, check};

const STREETS: i64 = 20;

/// Five hundred residents in each of twenty streets with a card each, and two shots for each of them.
fn town() -> City {
    let city = City::empty();
    for street in 0..STREETS {
        let residents = format!(
            "CREATE TABLE resident (id INTEGER PRIMARY KEY, card INTEGER NOT NULL UNIQUE, age INTEGER, name TEXT);
             INSERT INTO resident WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500)
                 SELECT i, {street} * 1000 + i, i % 100, 'r' || i FROM n;"
        );
        city.database(&format!("street_{street:02}.sqlite"), &residents);
    }
    city.database(
        "health.sqlite",
        "CREATE TABLE shot (id INTEGER PRIMARY KEY, card INTEGER NOT NULL, vaccine TEXT, clinic INTEGER);
         INSERT INTO shot WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 19999)
             SELECT i, i % 20 * 1000 + i / 40 + 1, CASE WHEN i % 5000 = 0 THEN 'rare' ELSE 'flu' END, i % 7 FROM n;
         CREATE INDEX shots_by_card ON shot (card);",
    );
    city.write(
        "lilong.toml",
        r#"
[[source]]
name = "health"
connector = "sqlite"
path = "health.sqlite"
[[discover]]
connector = "sqlite"
path = "street_*.sqlite"
[[union]]
name = "resident"
members = ["street_*.resident"]
[[link]]
from = "health.shot(card)"
to = "resident(card)"
name = "resident"
back = "shots"
"#,
    );
    city
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_smaller_side_of_a_link_of_a_union_is_read() {
    let city = town();
    let gateway = serve(city.folder()).await;
    let of = |street: i64, id: i64| json!({ "_source": format!("street_{street:02}"), "id": id });
    let first = json!([of(0, 42), of(1, 42)]);
    #[rustfmt::skip]
    let cases: Vec<Case> = vec![
        // The union's side is small: a try at the far side, the members, what their rows have, the members by these keys.
        ("/resident", r#"{ resident(where: { name: { _eq: "r42" }, shots: { vaccine: { _eq: "flu" } } }, limit: 2) { _source id } }"#,
            first.clone(), 42, 2_100),
        ("/resident", r#"{ resident(where: { name: { _eq: "r42" }, _not: { shots: { vaccine: { _eq: "gone" } } } }, limit: 2) { _source id } }"#,
            first.clone(), 42, 2_100),
        ("/resident", r#"{ resident(where: { name: { _eq: "r42" }, _or: [{ shots: { vaccine: { _eq: "flu" } } }, { id: { _eq: 41 } }] }, limit: 2) { _source id } }"#,
            first.clone(), 42, 2_100),
        ("/resident", r#"{ resident(where: { name: { _eq: "r42" }, shotsAggregate: { where: { clinic: { _gte: 0 } }, count: { _eq: 2 } } }, limit: 2) { _source id } }"#,
            first, 42, 2_100),
        ("/residentAggregate/aggregate", r#"{ residentAggregate(where: { name: { _eq: "r42" }, shots: { vaccine: { _eq: "flu" } } }) { aggregate { count } } }"#,
            json!({ "count": 20 }), 42, 2_100),
        // Of one member, the others are not asked on any way.
        ("/resident", r#"{ resident(where: { _source: { _eq: "street_03" }, age: { _eq: 1 }, shots: { vaccine: { _eq: "flu" } } }, limit: 1) { _source id } }"#,
            json!([of(3, 1)]), 4, 2_100),
        // The far side is small.
        ("/resident", r#"{ resident(where: { age: { _gte: 0 }, shots: { vaccine: { _eq: "rare" } } }) { _source id } }"#,
            json!([of(0, 1), of(0, 126), of(0, 251), of(0, 376)]), 21, 10),
    ];
    check(&gateway, cases).await;
}
