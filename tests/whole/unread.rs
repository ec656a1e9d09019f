//! Values that cannot be read are no nulls: in filters, groups, `distinctOn` and distinct counts, where a source answers and where
//! lilong does.

use std::fs;

use lilong::Gateway;
use lilong::request::Request;
use lilong_tests::serve;
use serde_json::{Value, json};

const CATALOG: &str = r#"
[[source]]
name = "silo"
connector = "sqlite"
path = "silo.sqlite"
[source.types]
"item.t" = "Int"

[[source]]
name = "share"
connector = "files"
path = "item.csv"
[source.keys]
"item" = ["id"]
[source.types]
"item.t" = "Int"

[[union]]
name = "all"
members = ["silo.item", "share.item"]
"#;

async fn gateway() -> (Gateway, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("lilong.toml"), CATALOG).unwrap();
    fs::write(folder.path().join("item.csv"), "id,t,name\n1,1,a\n2,1,b\n3,2,c\n4,abc,d\n5,def,e\n6,,f\n").unwrap();
    let silo = rusqlite::Connection::open(folder.path().join("silo.sqlite")).unwrap();
    silo.execute_batch(
        "CREATE TABLE item (id INTEGER PRIMARY KEY, t TEXT, name TEXT);
         INSERT INTO item VALUES (1, '1', 'a'), (2, '1', 'b'), (3, '2', 'c'), (4, 'abc', 'd'), (5, 'def', 'e'), (6, NULL, 'f');",
    )
    .unwrap();
    (serve(folder.path()).await, folder)
}

/// What stands under a source and a field, and the code of the first error.
async fn ask(gateway: &Gateway, source: &str, field: &str, rest: &str) -> (Value, Value) {
    let (name, query) = if source == "all" {
        (format!("all{field}"), format!("{{ all{field}{rest} }}"))
    } else {
        (format!("item{field}"), format!("{{ {source} {{ item{field}{rest} }} }}"))
    };
    let request = Request { query: query.clone(), trace: "0".into(), ..Request::default() };
    let answer: Value = serde_json::from_slice(&gateway.execute(request).await.body).unwrap();
    let data = if source == "all" { &answer["data"] } else { &answer["data"][source] };
    assert!(answer.get("data").is_some(), "{query}: {answer}");
    (data[&name].clone(), answer["errors"][0]["extensions"]["code"].clone())
}

fn ids(rows: &Value) -> Vec<i64> {
    let mut ids: Vec<i64> = rows.as_array().unwrap().iter().map(|row| row["id"].as_i64().unwrap()).collect();
    ids.sort_unstable();
    ids
}

#[tokio::test]
async fn a_filter_finds_the_same_rows_wherever_it_is_evaluated() {
    let (gateway, _folder) = gateway().await;
    for (filter, expected) in [
        ("{ t: { _isNull: true } }", &[6][..]),
        ("{ t: { _isNull: false } }", &[1, 2, 3, 4, 5]),
        ("{ _not: { t: { _isNull: true } } }", &[1, 2, 3, 4, 5]),
        ("{ t: { _eq: 1 } }", &[1, 2]),
        ("{ t: { _neq: 1 } }", &[3, 4, 5]),
        ("{ _not: { t: { _eq: 1 } } }", &[3, 4, 5]),
        ("{ t: { _in: [2, 3] } }", &[3]),
        ("{ t: { _nin: [2, 3] } }", &[1, 2, 4, 5]),
        ("{ t: { _nin: [] } }", &[1, 2, 3, 4, 5, 6]),
        // Whether it is greater does not matter here.
        ("{ t: { _gt: 1, _isNull: true } }", &[]),
        ("{ _or: [{ t: { _gt: 1 } }, { t: { _isNull: false } }] }", &[1, 2, 3, 4, 5]),
    ] {
        for source in ["silo", "share", "all"] {
            for filter in [filter.to_owned(), format!("{{ _or: [{filter}, {{ name: {{ _regex: \"^zzz\" }} }}] }}")] {
                let expected: Vec<i64> = match source {
                    "all" => expected.iter().flat_map(|id| [*id; 2]).collect(),
                    _ => expected.to_vec(),
                };
                let (found, code) = ask(&gateway, source, "", &format!("(where: {filter}) {{ id }}")).await;
                assert_eq!((ids(&found), code), (expected.clone(), Value::Null), "{source} {filter}");
                let count = format!("(where: {filter}) {{ aggregate {{ count }} }}");
                let (found, _) = ask(&gateway, source, "Aggregate", &count).await;
                assert_eq!(found["aggregate"]["count"], expected.len(), "{source} {filter}");
            }
        }
    }
}

#[tokio::test]
async fn what_is_greater_than_a_value_that_cannot_be_read_only_its_source_knows() {
    let (gateway, _folder) = gateway().await;
    let filter = "{ t: { _gt: 1 } }";
    let beside = format!("{{ _or: [{filter}, {{ name: {{ _regex: \"^zzz\" }} }}] }}");
    let mismatch = json!("SOURCE_MISMATCH");
    for (source, filter, expected) in [
        ("silo", filter, Some(vec![3, 4, 5])),
        ("silo", &beside, None),
        // In a file it stands behind what can be read; a pattern is not for files to check.
        ("share", filter, Some(vec![3, 4, 5])),
        ("share", &beside, None),
    ] {
        let (found, code) = ask(&gateway, source, "", &format!("(where: {filter}) {{ id }}")).await;
        match expected {
            Some(expected) => assert_eq!((ids(&found), code), (expected, Value::Null), "{source} {filter}"),
            None => assert_eq!((found, code), (Value::Null, mismatch.clone()), "{source} {filter}"),
        }
    }
    // No member of the union can say.
    let (found, code) = ask(&gateway, "all", "", &format!("(where: {beside}) {{ id }}")).await;
    assert_eq!((found, code), (Value::Null, mismatch));
}

#[tokio::test]
async fn groups_keep_what_cannot_be_read_apart_from_nulls() {
    let (gateway, _folder) = gateway().await;
    let here = "(by: [t], where: { name: { _regex: \".\" } })";
    for (source, arguments, unread, times) in [
        ("silo", "(by: [t])", &[1, 1][..], 1),
        ("silo", here, &[2], 1),
        ("share", "(by: [t])", &[2], 1),
        ("share", here, &[2], 1),
        ("all", "(by: [t])", &[4], 2),
        ("all", here, &[4], 2),
    ] {
        let rest = format!("{arguments} {{ key {{ t }} aggregate {{ count }} }}");
        let (found, code) = ask(&gateway, source, "Groups", &rest).await;
        assert_eq!(code, "SOURCE_MISMATCH", "{source} {arguments}");
        let group = |group: &Value| (group["key"]["t"].as_i64(), group["aggregate"]["count"].as_i64().unwrap());
        let mut found: Vec<_> = found.as_array().unwrap().iter().map(group).collect();
        let mut expected = vec![(Some(1), 2 * times), (Some(2), times), (None, times)];
        expected.extend(unread.iter().map(|count| (None, *count)));
        found.sort_unstable();
        expected.sort_unstable();
        assert_eq!(found, expected, "{source} {arguments}");
    }
}

#[tokio::test]
async fn different_values_are_told_apart_by_their_source_or_not_at_all() {
    let (gateway, _folder) = gateway().await;
    for (source, filter, is_told) in [
        ("silo", "", true),
        ("silo", ", where: { name: { _regex: \".\" } }", false),
        ("share", "", false),
        ("all", "", false),
        // Where all can be read there is nothing to tell.
        ("silo", ", where: { name: { _regex: \"[abcf]\" } }", true),
        ("share", ", where: { name: { _lte: \"c\" } }", true),
    ] {
        let readable = filter.contains("abcf") || filter.contains("_lte");
        let rest = format!("(distinctOn: [t], orderBy: [{{ t: ASC }}]{filter}) {{ id }}");
        let (found, code) = ask(&gateway, source, "", &rest).await;
        let rest = filter.strip_prefix(", ").map(|filter| format!("({filter})")).unwrap_or_default();
        let rest = format!("{rest} {{ aggregate {{ count(columns: [t], distinct: true) }} }}");
        let (count, count_code) = ask(&gateway, source, "Aggregate", &rest).await;
        if !is_told {
            assert_eq!((found, code), (Value::Null, json!("SOURCE_MISMATCH")), "{source} {filter}");
            assert_eq!(count_code, "SOURCE_MISMATCH", "{source} {filter}: {count}");
            continue;
        }
        let expected = if filter.contains("abcf") {
            vec![1, 3, 6]
        } else if readable {
            vec![1, 3]
        } else {
            vec![1, 3, 4, 5, 6]
        };
        assert_eq!((ids(&found), code), (expected, Value::Null), "{source} {filter}");
        assert_eq!(count["aggregate"]["count"], if readable { 2 } else { 4 }, "{source} {filter}");
    }
}

#[tokio::test]
async fn pages_of_one_source_leave_out_no_row_that_cannot_be_placed() {
    let (gateway, _folder) = gateway().await;
    for source in ["silo", "share"] {
        for order in ["ASC", "DESC", "ASC_NULLS_FIRST", "DESC_NULLS_LAST"] {
            let list = format!("(orderBy: [{{ t: {order} }}]) {{ id }}");
            let (whole, _) = ask(&gateway, source, "", &list).await;
            assert_eq!(whole.as_array().unwrap().len(), 6, "{source} {order}");
            let (mut walked, mut place) = (Vec::new(), String::new());
            let told = loop {
                let rest = format!(
                    "(orderBy: [{{ t: {order} }}], first: 2{place}) {{ nodes {{ id }} pageInfo {{ endCursor hasNextPage }} }}"
                );
                let (page, code) = ask(&gateway, source, "Connection", &rest).await;
                walked.extend(page["nodes"].as_array().unwrap().clone());
                match page["pageInfo"]["endCursor"].as_str() {
                    // No cursor can be made of what cannot be read.
                    None => break code == "SOURCE_MISMATCH",
                    Some(cursor) => place = format!(", after: \"{cursor}\""),
                }
                if page["pageInfo"]["hasNextPage"] == false {
                    break walked.len() == 6;
                }
            };
            assert!(told, "{source} {order}: {walked:?}");
            assert_eq!(walked[..], whole.as_array().unwrap()[..walked.len()], "{source} {order}");
        }
    }
}
