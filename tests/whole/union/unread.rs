//! Values that cannot be read in what a union is ordered by: their rows stand where their source has put them, in the whole list
//! and in each part of it; where nobody knows whether one belongs to a part, that is a fault.

use lilong::Gateway;
use lilong_tests::engine::Engine;
use lilong_tests::serve;
use serde_json::{Value, json};

use super::ask;

const CATALOG: &str = "[[union]]\nname = \"item\"\nmembers = [\"part_*.item\"]\n";

/// By engine: how the column is declared, and its values in two members. What cannot be read stands at the ends, and on SQLite
/// also between others.
const FILLED: [(Engine, &str, [&[&str]; 2]); 3] = [
    (
        Engine::Sqlite,
        "bigint",
        [&["3", "5", "x'626164'", "'bad'", "6.5", "NULL", "7", "9", "11", "99"], &["4", "6", "8", "10", "12"]],
    ),
    (
        Engine::Postgres,
        "date",
        [
            &["'2020-01-03'", "'infinity'", "'2020-01-05'", "'-infinity'", "NULL", "'2020-01-07'", "'infinity'"],
            &["'2020-01-04'", "'2020-01-06'", "'2020-01-08'", "'2020-01-09'"],
        ],
    ),
    (
        Engine::Postgres,
        "double precision",
        [&["3", "'NaN'", "5", "'-Infinity'", "NULL", "7", "'Infinity'"], &["4", "6", "8", "9"]],
    ),
];

const ORDERS: [&str; 6] = ["ASC", "DESC", "ASC_NULLS_FIRST", "ASC_NULLS_LAST", "DESC_NULLS_FIRST", "DESC_NULLS_LAST"];

async fn filled(
    engine: Engine,
    declared: &str,
    members: [&[&str]; 2],
) -> (Gateway, (tempfile::TempDir, Vec<lilong_tests::engine::Silo>)) {
    let folder = tempfile::tempdir().unwrap();
    let mut catalog = String::new();
    let mut silos = Vec::new();
    for (at, values) in members.into_iter().enumerate() {
        let name = format!("part_{}", at + 1);
        let silo = engine.silo(folder.path(), &name).await;
        let folds = if engine == Engine::Sqlite { " COLLATE NOCASE" } else { "" };
        let mut statements = vec![format!(
            "CREATE TABLE item (id integer PRIMARY KEY, i {declared}, box integer NOT NULL, name text{folds});"
        )];
        statements.extend(
            values
                .iter()
                .enumerate()
                .map(|(id, value)| format!("INSERT INTO item VALUES ({id}, {value}, {}, 'n{}');", id % 2, id % 3)),
        );
        silo.run(&statements).await;
        catalog.push_str(&silo.source(&name));
        silos.push(silo);
    }
    std::fs::write(folder.path().join("lilong.toml"), catalog + CATALOG).unwrap();
    (serve(folder.path()).await, (folder, silos))
}

/// The rows of a field, or the code of its fault.
async fn rows(gateway: &Gateway, field: &str, query: &str) -> Result<Vec<Value>, Value> {
    let answer = ask(gateway, query).await;
    let found = &answer["data"][field];
    match found.get("nodes").unwrap_or(found).as_array() {
        Some(rows) => Ok(rows.clone()),
        None => {
            assert!(answer["errors"][0]["extensions"]["source"].is_string(), "{query}: {answer}");
            Err(answer["errors"][0]["extensions"]["code"].clone())
        }
    }
}

/// Pages until there are no more.
async fn walk(gateway: &Gateway, order: &str, size: usize, backwards: bool) -> Result<Vec<Value>, Value> {
    let (count, end, more, cursor) = if backwards {
        ("last", "before", "hasPreviousPage", "startCursor")
    } else {
        ("first", "after", "hasNextPage", "endCursor")
    };
    let (mut walked, mut place) = (Vec::new(), String::new());
    loop {
        let query = format!(
            "{{ itemConnection({count}: {size}, orderBy: [{{ i: {order} }}] {place}) {{ nodes {{ id _source }} pageInfo {{ {more} }} }} }}"
        );
        let page = rows(gateway, "itemConnection", &query).await?;
        let answer = ask(gateway, &query.replace(more, &format!("{more} {cursor}"))).await;
        walked = if backwards { [page, walked].concat() } else { [walked, page].concat() };
        let info = &answer["data"]["itemConnection"]["pageInfo"];
        if info[more] == false {
            return Ok(walked);
        }
        // A cursor cannot be made of a value that cannot be read.
        let Some(cursor) = info[cursor].as_str() else { return Err(answer["errors"][0]["extensions"]["code"].clone()) };
        place = format!(", {end}: \"{cursor}\"");
    }
}

#[tokio::test]
async fn a_part_of_a_list_is_as_the_whole_has_it_or_a_fault() {
    for (engine, declared, members) in FILLED {
        if !engine.is_there("values of a union that cannot be read") {
            continue;
        }
        let (gateway, _kept) = filled(engine, declared, members).await;
        let mut walks = [0, 0];
        for order in ORDERS {
            let about = format!("{engine:?} {declared} {order}");
            let list = |more: &str| format!("{{ item(orderBy: [{{ i: {order} }}] {more}) {{ id _source }} }}");
            let whole = rows(&gateway, "item", &list("")).await.unwrap();
            assert_eq!(whole.len(), members[0].len() + members[1].len(), "{about}");
            assert_eq!(rows(&gateway, "item", &list(", limit: 100")).await.unwrap(), whole, "{about}");
            for size in 1..whole.len() {
                let mut walked = Vec::new();
                for offset in (0..whole.len()).step_by(size) {
                    let query = list(&format!(", limit: {size}, offset: {offset}"));
                    walked.extend(rows(&gateway, "item", &query).await.unwrap());
                }
                assert_eq!(walked, whole, "{about} {size}");
                // Whether such a value stands behind a cursor only its source knows.
                for backwards in [false, true] {
                    let walked = walk(&gateway, order, size, backwards).await;
                    let faults = Err(json!("SOURCE_MISMATCH"));
                    assert!(
                        walked == faults || walked.as_ref() == Ok(&whole),
                        "{about} {size} {backwards}: {walked:?}"
                    );
                    walks[usize::from(walked == faults)] += 1;
                }
            }
        }
        // What is put in order here has them with its nulls.
        let list = |more: &str| format!("{{ item(orderBy: [{{ name: ASC }}, {{ i: ASC }}] {more}) {{ id _source }} }}");
        let whole = rows(&gateway, "item", &list("")).await.unwrap();
        for size in 1..whole.len() {
            let query = list(&format!(", limit: {size}, offset: 1"));
            let last = (size + 1).min(whole.len());
            assert_eq!(rows(&gateway, "item", &query).await.unwrap(), whole[1..last], "{engine:?} {declared} {size}");
        }
        assert!(walks[1] > 0 && (walks[0] > 0 || engine != Engine::Sqlite), "{engine:?} {declared}: {walks:?}");
        // What is not ordered by them is cut as ever; what does not come to them too.
        let id = "{ itemConnection(first: 9, orderBy: [{ id: ASC }]) { nodes { id _source } } }";
        assert_eq!(rows(&gateway, "itemConnection", id).await.unwrap().len(), 9);
        for query in [
            "{ item(orderBy: [{ i: ASC_NULLS_LAST }], limit: 1) { id _source } }",
            "{ item(where: { _source: { _eq: \"part_2\" } }, orderBy: [{ i: DESC }], limit: 2, offset: 1) { id _source } }",
        ] {
            let found = rows(&gateway, "item", query).await;
            assert!(found.is_ok() || engine == Engine::Postgres && query.contains("NULLS_LAST"), "{query}: {found:?}");
        }
    }
}

#[tokio::test]
async fn lists_under_parents_are_cut_so_too_each_for_itself() {
    let (engine, declared, members) = FILLED[0];
    let (gateway, (folder, silos)) = filled(engine, declared, members).await;
    drop(gateway);
    let boxes = engine.silo(folder.path(), "boxes").await;
    boxes.run(&["CREATE TABLE box (id integer PRIMARY KEY); INSERT INTO box VALUES (0), (1), (2);".to_owned()]).await;
    let mut catalog = boxes.source("boxes");
    for (at, silo) in silos.iter().enumerate() {
        catalog.push_str(&silo.source(&format!("part_{}", at + 1)));
    }
    catalog.push_str(CATALOG);
    catalog.push_str("[[link]]\nfrom = \"item(box)\"\nto = \"boxes.box(id)\"\nname = \"home\"\nback = \"items\"\n");
    std::fs::write(folder.path().join("lilong.toml"), catalog).unwrap();
    let gateway = serve(folder.path()).await;
    let list = |more: &str| {
        format!("{{ boxes {{ box {{ id items(orderBy: [{{ i: DESC_NULLS_LAST }}] {more}) {{ id _source }} }} }} }}")
    };
    let answer = ask(&gateway, &list("")).await;
    assert_eq!(answer["data"]["boxes"]["box"][0]["items"].as_array().unwrap().len(), 8, "{answer}");
    for (more, is_fault) in [(", limit: 100", false), (", limit: 2", true), (", limit: 2, offset: 1", true)] {
        let answer = ask(&gateway, &list(more)).await;
        let code = &answer["errors"][0]["extensions"]["code"];
        assert_eq!(*code == "SOURCE_MISMATCH", is_fault, "{more}: {answer}");
        assert_eq!(answer["data"]["boxes"]["box"][0]["items"].is_null(), is_fault, "{more}: {answer}");
    }
}
