//! A union of very many members.

use std::fs;
use std::sync::Arc;

use lilong::Gateway;
use lilong_connectors::ErrorKind;
use lilong_connectors::kinds::memory::Script;
use lilong_schema::Capabilities;
use lilong_schema::catalog::Limits;
use lilong_tests::mirror::Copied;
use lilong_tests::serve;
use serde_json::{Value, json};
use tokio::sync::Semaphore;

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
    // Of the first twenty rows one is read of each member, and twenty of those that have one of them.
    let before = read(&gateway);
    let answer = ask(&gateway, "{ item(orderBy: [{ size: DESC }], limit: 20) { size } }").await;
    let sizes: Vec<Value> = (580..600).rev().map(|member| json!({ "size": 100_000 + member })).collect();
    assert_eq!(answer, json!({ "data": { "item": sizes } }));
    let after = read(&gateway);
    assert_eq!((after.0 - before.0, after.1 - before.1), (620, 600 + 20 * 20));
    // Members that look the same share one request, made once.
    let request = lilong::request::Request { query: query.to_owned(), ..Default::default() };
    let plan = gateway.explain(&request).unwrap();
    let asks = plan["steps"][0]["asks"].as_array().unwrap();
    assert_eq!(asks.len(), 1, "{plan}");
    assert_eq!(asks[0]["first"], json!(null), "{plan}");
    // What comes first needs the columns of the order alone.
    let query = "{ item(orderBy: [{ id: ASC }], limit: 2) { size } }".to_owned();
    let plan = gateway.explain(&lilong::request::Request { query, ..Default::default() }).unwrap();
    let first = r#"SELECT t0."id" FROM "item" AS t0 ORDER BY t0."id" LIMIT ?1"#;
    assert_eq!(plan["steps"][0]["asks"][0]["first"], json!(first), "{plan}");
}

/// Statements and rows so far.
fn read(gateway: &Gateway) -> (u64, u64) {
    let model = gateway.model();
    let statuses = model.sources.iter().map(|source| source.status());
    statuses.fold((0, 0), |(sent, rows), status| (sent + status.sent, rows + status.rows))
}

/// Eighty members with five rows each: few sizes, so that most rows are told apart by what ends the order; some are null, and
/// in three members some are no numbers.
fn eighty() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for member in 0..80 {
        let odd = if member % 30 == 7 { "UPDATE item SET size = 'many' WHERE id < 4;" } else { "" };
        silo(
            folder.path(),
            &format!("part_{member:02}"),
            &format!(
                "PRAGMA synchronous = OFF; CREATE TABLE item (id INTEGER PRIMARY KEY, size INTEGER, name TEXT);
                 INSERT INTO item WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5)
                    SELECT i, NULLIF((i * 7 + {member}) % 11, 4), 'n' || ((i + {member}) % 6) FROM n; {odd}"
            ),
        );
    }
    // No member is described by what is no number in three of them.
    let types = (0..80)
        .filter(|member| member % 30 == 7)
        .map(|member| format!("[[source]]\nname = \"part_{member:02}\"\n[source.types]\n\"item.size\" = \"BigInt\"\n"));
    catalog(
        folder.path(),
        &format!("{}[[union]]\nname = \"item\"\nmembers = [\"part_*.item\"]\n", types.collect::<String>()),
    );
    folder
}

#[tokio::test]
async fn the_first_rows_of_many_members_are_those_that_all_rows_begin_with() {
    let folder = eighty();
    let gateway = serve(folder.path()).await;
    for order in [
        "[{ size: DESC }]",
        "[{ size: ASC }]",
        "[{ size: DESC_NULLS_LAST }, { id: DESC }]",
        "[{ size: ASC_NULLS_FIRST }, { _source: DESC }]",
        "[{ name: DESC }, { size: ASC }]",
        "[{ _source: DESC }]",
        "[{ id: ASC }]",
    ] {
        for rest in ["", r#", where: { name: { _in: ["n1", "n4"] } }"#, ", where: { id: { _gt: 9 } }"] {
            let query = |limit: &str| format!("{{ item(orderBy: {order}{rest}{limit}) {{ _source id size name }} }}");
            let all = ask(&gateway, &query("")).await["data"]["item"].as_array().unwrap().clone();
            for (limit, offset) in [(1, 0), (2, 0), (20, 0), (5, 15), (21, 0)] {
                let before = read(&gateway);
                let answer = ask(&gateway, &query(&format!(", limit: {limit}, offset: {offset}"))).await;
                let expected: Vec<Value> = all.iter().skip(offset).take(limit).cloned().collect();
                assert_eq!(answer["data"]["item"], json!(expected), "{order}{rest} {limit} {offset}");
                let (wanted, rows) = ((limit + offset) as u64, read(&gateway).1 - before.1);
                assert!(wanted > 20 || rows <= 80 + (wanted + 3) * wanted, "{order}{rest} {limit}: {rows} rows");
            }
        }
    }
    let numbers = r#"where: { _source: { _nin: ["part_07", "part_37", "part_67"] } }, orderBy: [{ size: DESC }]"#;
    let page =
        &format!("{{ itemConnection({numbers}, first: 6) {{ nodes {{ _source id }} pageInfo {{ endCursor }} }} }}");
    let page = &ask(&gateway, page).await["data"]["itemConnection"];
    let after = page["pageInfo"]["endCursor"].as_str().unwrap();
    let next = format!("{{ itemConnection({numbers}, first: 6, after: \"{after}\") {{ nodes {{ _source id }} }} }}");
    let next = &ask(&gateway, &next).await["data"]["itemConnection"];
    let all = ask(&gateway, &format!("{{ item({numbers}) {{ _source id }} }}")).await["data"]["item"].clone();
    let nodes = [&page["nodes"], &next["nodes"]].map(|nodes| nodes.as_array().unwrap().clone()).concat();
    assert_eq!(nodes[..], all.as_array().unwrap()[..12]);
}

#[tokio::test]
async fn of_many_members_a_silent_one_is_told_and_the_rest_is_given() {
    let folder = eighty();
    let gateway = serve(folder.path()).await;
    fs::remove_file(folder.path().join("part_79.sqlite")).unwrap();
    let answer = ask(&gateway, "{ item(orderBy: [{ _source: DESC }], limit: 2) { _source id } }").await;
    let expected = json!([{ "_source": "part_78", "id": 1 }, { "_source": "part_78", "id": 2 }]);
    assert_eq!(answer["data"]["item"], expected, "{answer}");
    assert_eq!(answer["extensions"]["lilong"]["missing"], json!(["part_79"]), "{answer}");
    assert_eq!(answer["errors"].as_array().unwrap().len(), 1, "{answer}");
}

#[tokio::test]
async fn a_member_that_falls_silent_between_two_questions_leaves_its_place_to_the_next() {
    let folder = tempfile::tempdir().unwrap();
    for member in 0..80 {
        let rows = format!("INSERT INTO item VALUES (1, {member}), (2, 1000 + {member})");
        let statements = format!("CREATE TABLE item (id INTEGER PRIMARY KEY, size INTEGER); {rows};");
        silo(folder.path(), &format!("part_{member:02}"), &statements);
    }
    catalog(folder.path(), "[[union]]\nname = \"item\"\nmembers = [\"part_*.item\"]\n");
    let copied = Copied::of(&serve(folder.path()).await).await;
    let mirror = copied.serve(Capabilities::ALL, Limits { union_fetches: 1, ..Limits::default() });
    // The nearest member is asked where its first row stands, and then waits with its rows.
    let gate = Arc::new(Semaphore::new(1));
    mirror.source("part_00").play(Script { gate: Some(gate.clone()), ..Script::default() });
    let change = async {
        let mut asked = 0;
        while asked < 81 {
            asked += mirror.fetches();
            tokio::task::yield_now().await;
        }
        mirror.source("part_01").play(Script::failing(ErrorKind::Unavailable));
        gate.add_permits(1);
    };
    let question = ask(&mirror.gateway, "{ item(orderBy: [{ size: ASC }], limit: 3) { _source size } }");
    let (answer, ()) = tokio::join!(question, change);
    let row = |member: u32| json!({ "_source": format!("part_{member:02}"), "size": member });
    assert_eq!(answer["data"]["item"], json!([row(0), row(2), row(3)]), "{answer}");
    assert_eq!(answer["extensions"]["lilong"]["missing"], json!(["part_01"]), "{answer}");
}
