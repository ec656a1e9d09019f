//! A union of very many members.

use lilong_tests::serve;
use serde_json::json;

use super::{ask, catalog, silo};

#[tokio::test]
async fn the_first_rows_of_six_hundred_members_cost_each_one_request() {
    let folder = tempfile::tempdir().unwrap();
    for member in 0..600 {
        let rows = format!(
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100)
             INSERT INTO item SELECT i, i * 1000 + {member} FROM n"
        );
        silo(
            folder.path(),
            &format!("part_{member:03}"),
            &format!("PRAGMA synchronous = OFF; CREATE TABLE item (id INTEGER PRIMARY KEY, size INTEGER); {rows};"),
        );
    }
    catalog(folder.path(), "[[union]]\nname = \"item\"\nmembers = [\"part_*.item\"]\n");
    let gateway = serve(folder.path()).await;
    let query = "{ item(orderBy: [{ size: DESC }], limit: 2, offset: 598) { _source id size } }";
    let expected = [("part_001", 100, 100_001), ("part_000", 100, 100_000)]
        .map(|(source, id, size)| json!({ "_source": source, "id": id, "size": size }));
    assert_eq!(ask(&gateway, query).await, json!({ "data": { "item": expected } }));
    assert!(gateway.model().sources.iter().all(|source| source.status().fetches == 1));
    // 60,000 groups of members become 100, a few thousand at a time.
    let groups = "{ itemGroups(by: [id], orderBy: [{ key: { id: DESC } }], limit: 1) {
                      key { id } aggregate { count sum { size } avg { size } varPop { size } max { size } } } }";
    let answer = ask(&gateway, groups).await;
    let group = &answer["data"]["itemGroups"][0];
    let figures = &group["aggregate"];
    assert_eq!(
        (&group["key"]["id"], &figures["count"], &figures["max"]["size"]),
        (&json!(100), &json!(600), &json!(100_599))
    );
    assert_eq!((&figures["sum"]["size"], &figures["avg"]["size"]), (&json!("60179700"), &json!(100_299.5)), "{answer}");
    let variance = figures["varPop"]["size"].as_f64().unwrap();
    assert!((variance - f64::from(600 * 600 - 1) / 12.0).abs() < 1e-6, "{variance}");
    assert!(gateway.model().sources.iter().all(|source| source.status().fetches == 2));
    // Members that look the same share one request, made once.
    let request = lilong::request::Request { query: query.to_owned(), ..Default::default() };
    let plan = gateway.explain(&request).unwrap();
    assert_eq!(plan["steps"][0]["asks"].as_array().unwrap().len(), 1, "{plan}");
}
