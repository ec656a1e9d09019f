//! Pages by a column of SQLite that holds numbers and texts: where a cursor cannot tell which rows stand behind it, it is
//! refused; everywhere else pages go on.

use lilong_tests::city::City;
use lilong_tests::serve;
use serde_json::Value;

use super::ask;

#[tokio::test]
async fn a_cursor_at_a_text_that_a_number_prints_as_is_refused_and_others_go_on() {
    let city = City::new();
    city.database(
        "civil.sqlite",
        "CREATE TABLE mark (id INTEGER PRIMARY KEY, text);
         INSERT INTO mark VALUES (1, 5), (2, '5'), (3, 'x'), (4, 'a'), (5, NULL), (6, 1.5)",
    );
    let gateway = serve(city.folder()).await;
    let page = async |arguments: String| {
        let query = format!(
            "{{ civil {{ markConnection(first: 6, orderBy: [{{ text: ASC }}]{arguments}) {{ edges {{ cursor node {{ id }} }} }} }} }}"
        );
        ask(&gateway, &query, &Value::Null).await
    };
    let edges =
        |answer: &Value| answer["data"]["civil"]["markConnection"]["edges"].as_array().cloned().unwrap_or_default();
    let ids = |edges: &[Value]| edges.iter().map(|edge| edge["node"]["id"].as_i64().unwrap()).collect::<Vec<_>>();
    let all = edges(&page(String::new()).await);
    assert_eq!(ids(&all).len(), 6);
    let mut refused = Vec::new();
    for (at, edge) in all.iter().enumerate() {
        let rest = page(format!(", after: {}", edge["cursor"])).await;
        if rest.get("errors").is_some() {
            assert_eq!(rest["errors"][0]["extensions"]["code"], "TOO_COSTLY", "{rest}");
            refused.extend(ids(std::slice::from_ref(edge)));
        } else {
            assert_eq!(ids(&edges(&rest)), ids(&all[at + 1..]), "{edge}");
        }
    }
    refused.sort_unstable();
    assert_eq!(refused, [1, 2, 6]);
}

#[tokio::test]
async fn pages_by_the_greatest_of_linked_rows_of_such_a_column_are_refused_alike() {
    let city = City::empty();
    city.database(
        "civil.sqlite",
        "CREATE TABLE place (id INTEGER PRIMARY KEY);
         CREATE TABLE mark (id INTEGER PRIMARY KEY, place_id INTEGER REFERENCES place, text);
         INSERT INTO place VALUES (1), (2), (3), (4);
         INSERT INTO mark VALUES (1, 1, 5), (2, 2, '5'), (3, 3, 'x'), (4, 4, 7)",
    );
    city.write("lilong.toml", "[[source]]\nname = \"civil\"\nconnector = \"sqlite\"\npath = \"civil.sqlite\"\n");
    let gateway = serve(city.folder()).await;
    for figure in ["max", "min"] {
        let page = async |after: String| {
            let query = format!(
                "{{ civil {{ placeConnection(first: 1, orderBy: [{{ markAggregate: {{ {figure}: {{ text: ASC }} }} }}]{after}) \
                 {{ edges {{ cursor node {{ id }} }} }} }} }}"
            );
            ask(&gateway, &query, &Value::Null).await
        };
        let (mut seen, mut after) = (Vec::new(), String::new());
        let refused = loop {
            let answer = page(after.clone()).await;
            if answer.get("errors").is_some() {
                break answer;
            }
            let edge = &answer["data"]["civil"]["placeConnection"]["edges"][0];
            let id = edge["node"]["id"].as_i64().unwrap();
            assert!(!seen.contains(&id), "{figure}: {id} after {seen:?}");
            seen.push(id);
            after = format!(", after: {}", edge["cursor"]);
        };
        assert_eq!(refused["errors"][0]["extensions"]["code"], "TOO_COSTLY", "{refused}");
    }
}

#[tokio::test]
async fn a_cursor_in_a_column_of_texts_and_blobs_is_refused_and_pages_without_one_are_given() {
    let city = City::new();
    city.database(
        "civil.sqlite",
        "CREATE TABLE mark (id INTEGER PRIMARY KEY, v);
         INSERT INTO mark VALUES (1, 'xa'), (2, 'xc'), (3, CAST('xa' AS BLOB)), (4, CAST('xb' AS BLOB)), (5, NULL)",
    );
    let gateway = serve(city.folder()).await;
    let page = async |arguments: String| {
        let query = format!(
            "{{ civil {{ markConnection({arguments}, orderBy: [{{ v: ASC_NULLS_FIRST }}]) {{ edges {{ cursor node {{ id }} }} }} }} }}"
        );
        ask(&gateway, &query, &Value::Null).await
    };
    let ids = |answer: &Value| {
        let edges = answer["data"]["civil"]["markConnection"]["edges"].as_array().cloned().unwrap_or_default();
        edges.iter().map(|edge| edge["node"]["id"].as_i64().unwrap()).collect::<Vec<_>>()
    };
    let all = page("first: 9".to_owned()).await;
    assert_eq!(ids(&all), [5, 1, 2, 3, 4], "{all}");
    for (at, edge) in all["data"]["civil"]["markConnection"]["edges"].as_array().unwrap().iter().enumerate() {
        let rest = page(format!("first: 9, after: {}", edge["cursor"])).await;
        if at == 0 {
            assert_eq!(ids(&rest), [1, 2, 3, 4], "{rest}");
        } else {
            assert_eq!(rest["errors"][0]["extensions"]["code"], "TOO_COSTLY", "{rest}");
        }
    }
}
