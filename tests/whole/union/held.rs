//! What a union holds does not grow with its members.

use lilong_tests::serve;
use serde_json::{Value, json};

use super::{ask, catalog, silo};

/// What some questions find over twelve members of so many rows, and how many rows were read for each.
async fn read(rows: usize) -> Vec<(Value, u64)> {
    let folder = tempfile::tempdir().unwrap();
    for member in 0..12 {
        silo(
            folder.path(),
            &format!("part_{member:02}"),
            &format!(
                "PRAGMA synchronous = OFF; CREATE TABLE item (id INTEGER PRIMARY KEY, size INTEGER, kind TEXT);
                 INSERT INTO item WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows})
                    SELECT i, i * 100 + {member}, 'k' || (i % 3) FROM n;"
            ),
        );
    }
    catalog(folder.path(), "[[union]]\nname = \"item\"\nmembers = [\"part_*.item\"]\n");
    let gateway = serve(folder.path()).await;
    let mut found = Vec::new();
    for query in [
        "{ item(limit: 5) { id size } }",
        "{ item(orderBy: [{ size: ASC }], limit: 5, offset: 10) { id size } }",
        r#"{ item(where: { kind: { _eq: "k1" } }, limit: 5) { id size } }"#,
        "{ itemConnection(first: 5, orderBy: [{ size: ASC }]) { nodes { id } pageInfo { hasNextPage } } }",
        "{ itemAggregate { aggregate { min { size } } } }",
        "{ itemGroups(by: [kind]) { key { kind } aggregate { min { size } } } }",
        "{ item(distinctOn: [kind], orderBy: [{ kind: ASC }, { size: ASC }]) { kind size } }",
    ] {
        let count = || gateway.model().sources.iter().map(|source| source.status().rows).sum::<u64>();
        let before = count();
        let answer = ask(&gateway, query).await;
        assert_eq!(answer["errors"], Value::Null, "{query}: {answer}");
        found.push((answer["data"].clone(), count() - before));
    }
    found
}

#[tokio::test]
async fn no_more_rows_are_held_than_are_wanted_of_each_member_whatever_its_size() {
    let (small, large) = (read(30).await, read(3_000).await);
    assert_eq!(small, large);
    let most = [5, 15, 5, 6, 1, 3, 3].map(|rows| rows * 12);
    for ((data, rows), most) in large.iter().zip(most) {
        assert!(*rows <= most, "{rows} rows, not {most}: {data}");
    }
    assert_eq!(large[1].0["item"][0], json!({ "id": 1, "size": 110 }));
}
