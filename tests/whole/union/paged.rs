//! Pages of a union are those of the undivided table, and a page costs each member no more than a page.

use lilong::Gateway;
use lilong_schema::Capabilities;
use lilong_schema::catalog::Limits;
use lilong_tests::mirror::Copied;
use lilong_tests::serve;
use serde_json::Value;

use super::divided::{Random, divided};
use super::{ask, catalog, silo};

const ORDERS: [&str; 9] = [
    "",
    "orderBy: [{ size: ASC }],",
    "orderBy: [{ size: DESC_NULLS_LAST }, { day: ASC_NULLS_FIRST }],",
    "orderBy: [{ name: DESC }, { id: DESC }],",
    "orderBy: [{ price: ASC }],",
    "orderBy: [{ weight: DESC }, { boxId: ASC }],",
    "orderBy: [{ day: DESC_NULLS_FIRST }],",
    "orderBy: [{ name: ASC_NULLS_FIRST }],",
    "orderBy: [{ boxId: ASC }, { name: DESC_NULLS_LAST }],",
];

/// The rows of a field, and whether there are more.
async fn page(gateway: &Gateway, arguments: &str, backwards: bool) -> (Vec<Value>, Option<String>) {
    let query = format!(
        "{{ itemConnection({arguments}) {{ nodes {{ id name size }} totalCount pageInfo {{ startCursor endCursor hasNextPage hasPreviousPage }} }} }}"
    );
    let answer = ask(gateway, &query).await;
    assert!(answer.get("errors").is_none(), "{query}: {answer}");
    let page = &answer["data"]["itemConnection"];
    let info = &page["pageInfo"];
    let (more, cursor) = if backwards { ("hasPreviousPage", "startCursor") } else { ("hasNextPage", "endCursor") };
    assert_eq!(page["totalCount"], 120);
    let next = (info[more] == true).then(|| info[cursor].as_str().unwrap().to_owned());
    (page["nodes"].as_array().unwrap().clone(), next)
}

pub(super) async fn assert_walks(gateway: &Gateway, size: usize, about: &str) {
    for order in ORDERS {
        let list = if order.is_empty() { String::new() } else { format!("({})", order.trim_end_matches(',')) };
        let whole = ask(gateway, &format!("{{ whole {{ item{list} {{ id name size }} }} }}")).await;
        let whole = whole["data"]["whole"]["item"].as_array().unwrap().clone();
        for backwards in [false, true] {
            let (count, end) = if backwards { ("last", "before") } else { ("first", "after") };
            let mut walked: Vec<Value> = Vec::new();
            let mut cursor = None;
            loop {
                let place = cursor.map_or(String::new(), |cursor: String| format!("{end}: \"{cursor}\","));
                let (rows, next) = page(gateway, &format!("{order} {place} {count}: {size}"), backwards).await;
                assert!(!rows.is_empty() && walked.len() < whole.len(), "{about}: {order} goes on for ever");
                if backwards {
                    walked.splice(0..0, rows)
                } else {
                    walked.splice(walked.len().., rows)
                };
                match next {
                    Some(next) => cursor = Some(next),
                    None => break,
                }
            }
            assert_eq!(walked, whole, "{about}: {order} backwards: {backwards}");
        }
    }
}

#[tokio::test]
async fn pages_of_parts_come_to_the_whole_both_ways() {
    let (gateway, _folder) = divided(&mut Random(5)).await;
    assert_walks(&gateway, 17, "SQLite").await;
    let copied = Copied::of(&gateway).await;
    let all = Capabilities::ALL;
    for (name, capabilities) in [
        ("everything", all),
        ("nothing", Capabilities::NONE),
        ("no order", Capabilities { order: false, order_links: false, ..all }),
        ("no filter", Capabilities { filter: false, like: false, ilike: false, exists: false, ..all }),
    ] {
        assert_walks(&copied.serve(capabilities, Limits::default()).gateway, 31, name).await;
    }
}

#[tokio::test]
async fn a_page_after_a_cursor_reads_a_page_of_each_member() {
    let copied = Copied::of(&divided(&mut Random(3)).await.0).await;
    let mirror = copied.serve(Capabilities::ALL, Limits { budget_rows: 20, ..Limits::default() });
    let ask_page = async |arguments: &str| {
        let query = format!(
            "{{ itemConnection(orderBy: [{{ name: ASC }}], first: 4, {arguments}) {{ edges {{ cursor node {{ id }} }} }} }}"
        );
        let answer = ask(&mirror.gateway, &query).await;
        assert!(answer.get("errors").is_none(), "{answer}");
        assert_eq!(mirror.fetches(), 4, "{query}");
        answer["data"]["itemConnection"]["edges"][3]["cursor"].as_str().unwrap().to_owned()
    };
    let mut cursor = ask_page("").await;
    for _ in 0..20 {
        cursor = ask_page(&format!("after: \"{cursor}\"")).await;
    }
    // Under a link each parent's list is cut at the place.
    let list = |place: &str| {
        format!(
            "{{ whole {{ box {{ itemsConnection(first: 2, {place}) {{ edges {{ cursor node {{ id boxId }} }} }} }} }} }}"
        )
    };
    let first = ask(&mirror.gateway, &list("")).await;
    assert!(first.get("errors").is_none(), "{first}");
    let edges = &first["data"]["whole"]["box"][2]["itemsConnection"]["edges"];
    let (id, cursor) = (edges[1]["node"]["id"].as_i64().unwrap(), edges[1]["cursor"].as_str().unwrap());
    mirror.fetches();
    let after = ask(&mirror.gateway, &list(&format!("after: \"{cursor}\""))).await;
    assert!(after.get("errors").is_none(), "{after}");
    assert_eq!(mirror.fetches(), 5);
    let edges = after["data"]["whole"]["box"][2]["itemsConnection"]["edges"].as_array().unwrap();
    assert!(
        edges.iter().all(|edge| edge["node"]["id"].as_i64().unwrap() > id && edge["node"]["boxId"] == 3),
        "{after}"
    );
    assert_eq!(edges.len(), 2, "{after}");
}

#[tokio::test]
async fn rows_that_only_their_numbers_tell_apart_have_no_pages() {
    let folder = tempfile::tempdir().unwrap();
    silo(folder.path(), "part_1", "CREATE TABLE item (name TEXT); INSERT INTO item VALUES ('a'), ('a');");
    silo(folder.path(), "part_2", "CREATE TABLE item (name TEXT); INSERT INTO item VALUES ('a'), ('b');");
    catalog(folder.path(), "[[union]]\nname = \"item\"\nmembers = [\"part_*.item\"]\n");
    let gateway = serve(folder.path()).await;
    let answer = ask(&gateway, "{ itemConnection(first: 3) { nodes { name _source } totalCount } }").await;
    assert_eq!(answer["data"]["itemConnection"]["totalCount"], 4, "{answer}");
    assert_eq!(answer["data"]["itemConnection"]["nodes"].as_array().unwrap().len(), 3, "{answer}");
    let answer = ask(&gateway, "{ itemConnection(first: 3) { edges { cursor } } }").await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "TOO_COSTLY", "{answer}");
}
