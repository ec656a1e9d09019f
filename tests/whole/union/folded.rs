//! Figures and groups of a union are those of the undivided table, and every member makes its own part of them.

use lilong_schema::Capabilities;
use lilong_schema::catalog::Limits;
use lilong_tests::mirror::Copied;
use lilong_tests::serve;
use serde_json::{Value, json};

use super::divided::{Random, condition, divided};
use super::{ask, catalog, silo};

const FIGURES: &str = "count names: count(columns: [name]) kinds: count(columns: [name, day], distinct: true)
    sum { size weight price } avg { size weight price } stddev { size price } stddevPop { weight } variance { weight id }
    varPop { size } min { name size weight price day } max { name size weight price day boxId }";

/// The same answer, but for the last digits of floats, which depend on the order in which they are added up.
pub(super) fn assert_close(one: &Value, other: &Value, about: &str) {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => {
            let (one, other) = (one.as_f64().unwrap(), other.as_f64().unwrap());
            assert!((one - other).abs() <= 1e-9 * one.abs().max(1.0), "{about}: {one} {other}");
        }
        (Value::Array(one), Value::Array(other)) if one.len() == other.len() => {
            one.iter().zip(other).for_each(|(one, other)| assert_close(one, other, about));
        }
        (Value::Object(one), Value::Object(other)) if one.keys().eq(other.keys()) => {
            one.iter().for_each(|(key, value)| assert_close(value, &other[key], about));
        }
        _ => assert_eq!(one, other, "{about}"),
    }
}

/// The same question of the union and of the undivided table.
pub(super) fn question(random: &mut Random) -> (String, String) {
    let filter = condition(random, 1);
    let both = |text: String| (format!("{{ {text} }}"), format!("{{ whole {{ {text} }} }}"));
    let of_boxes = |text: &str| {
        let ask = |name: &str| format!("{{ whole {{ {} }} }}", text.replace("LIST", name));
        (ask("items"), ask("item"))
    };
    match random.below(6) {
        0 => both(format!("itemAggregate(where: {{ {filter} }}) {{ aggregate {{ {FIGURES} }} }}")),
        1 => {
            let by = random.of(&["name", "size", "day boxId", "weight", "price", "boxId box_kind"]);
            let having = random.of(&[
                "",
                "having: { count: { _gt: 1 } },",
                "having: { _or: [{ max: { size: { _gt: 6 } } }, { sum: { price: { _lt: \"9\" } } }] },",
            ]);
            let order = random.of(&[
                "",
                "orderBy: [{ avg: { size: DESC } }],",
                "orderBy: [{ count: ASC }, { min: { price: DESC } }],",
            ]);
            let cut = random.of(&["", "limit: 4,", "limit: 3, offset: 2,"]);
            both(format!(
                "itemGroups(by: [{}], where: {{ {filter} }}, {having} {order} {cut}) {{ key {{ {by} }} aggregate {{ {FIGURES} }} }}",
                by.replace(' ', ", ")
            ))
        }
        2 => both(format!(
            "itemAggregate(where: {{ {filter} }}, orderBy: [{{ {}: DESC }}], limit: {}) {{ aggregate {{ {FIGURES} }} nodes {{ id }} }}",
            random.of(&["size", "name", "price"]),
            random.below(20)
        )),
        3 => of_boxes(&format!(
            "box {{ id figures: LISTAggregate(where: {{ {filter} }}) {{ aggregate {{ {FIGURES} }} }} }}"
        )),
        4 => of_boxes(&format!(
            "box(where: {{ LISTAggregate: {{ where: {{ {filter} }}, {} }} }}) {{ id }}",
            random.of(&[
                "count: { _gt: 3 }",
                "count: { _lt: 5 }",
                "avg: { size: { _gt: 4 } }",
                "max: { price: { _isNull: true } }"
            ])
        )),
        _ => of_boxes(&format!(
            "box(orderBy: [{{ LISTAggregate: {} }}, {{ id: ASC }}]) {{ id connection: LISTConnection(first: 1, where: {{ {filter} }}) {{ totalCount }} }}",
            random.of(&["{ count: DESC }", "{ sum: { size: ASC } }", "{ max: { day: DESC } }"])
        )),
    }
}

/// The rows of the union, or of the undivided table.
pub(super) fn answer(answer: &Value) -> &Value {
    let data = &answer["data"];
    if data["whole"].is_null() { data } else { &data["whole"] }
}

#[tokio::test]
async fn figures_of_parts_come_to_those_of_the_whole() {
    let mut random = Random(11);
    let (gateway, _folder) = divided(&mut random).await;
    let copied = Copied::of(&gateway).await;
    let all = Capabilities::ALL;
    let mut gateways = vec![("SQLite", gateway)];
    for (name, capabilities) in [
        ("everything", all),
        ("nothing", Capabilities::NONE),
        ("no groups", Capabilities { group: false, ..all }),
        ("groups, but few keys", Capabilities { keys: 3, ..all }),
        ("groups, but no keys", Capabilities { keys: 0, ..all }),
        ("groups, but no filter", Capabilities { filter: false, like: false, ilike: false, exists: false, ..all }),
    ] {
        gateways.push((name, copied.serve(capabilities, Limits::default()).gateway));
    }
    for (name, gateway) in &gateways {
        for _ in 0..120 {
            let (union, whole) = question(&mut random);
            let (divided, undivided) = (ask(gateway, &union).await, ask(gateway, &whole).await);
            assert!(undivided.get("errors").is_none(), "{name}: {whole}: {undivided}");
            assert!(divided.get("errors").is_none(), "{name}: {union}: {divided}");
            assert_close(answer(&divided), answer(&undivided), &format!("{name}: {union}"));
        }
    }
}

#[tokio::test]
async fn each_member_folds_by_one_statement_whatever_it_holds() {
    let copied = Copied::of(&divided(&mut Random(3)).await.0).await;
    // No room for the rows of a single part.
    let limits = || Limits { budget_rows: 20, ..Limits::default() };
    let mirror = copied.serve(Capabilities::ALL, limits());
    for (query, fetches) in [
        ("{ itemAggregate { aggregate { count sum { price } avg { weight } stddev { size } min { name } } } }", 4),
        ("{ itemGroups(by: [size]) { key { size } aggregate { count max { day } } } }", 4),
        ("{ itemGroups(by: [box_kind]) { key { box_kind } aggregate { count } } }", 5),
        ("{ itemAggregate { aggregate { count(columns: [size], distinct: true) } } }", 4),
        ("{ itemConnection(first: 2) { totalCount } }", 4),
        ("{ whole { box { itemsAggregate { aggregate { count sum { size } } } } } }", 5),
        ("{ whole { box(where: { itemsAggregate: { count: { _gt: 10 } } }) { id } } }", 5),
        ("{ itemAggregate(where: { box: { kind: { _eq: \"a\" } } }) { aggregate { count } } }", 5),
        // Members that are ruled out are not asked, whatever is asked of them.
        ("{ itemAggregate(where: { _source: { _eq: \"part_2\" } }) { aggregate { count sum { size } } } }", 1),
        (
            "{ itemGroups(by: [_source], where: { _source: { _in: [\"part_1\", \"part_3\"] } }) { aggregate { count } } }",
            2,
        ),
        ("{ itemConnection(first: 2, where: { _source: { _neq: \"part_4\" } }) { totalCount nodes { id } } }", 6),
        ("{ whole { box { itemsAggregate(where: { _source: { _eq: \"part_1\" } }) { aggregate { count } } } } }", 2),
        ("{ whole { box { itemsConnection(first: 1, where: { _source: { _eq: \"part_1\" } }) { totalCount } } } }", 2),
        ("{ itemAggregate(where: { _source: { _eq: \"none\" } }) { aggregate { count sum { size } } } }", 0),
    ] {
        let answer = ask(&mirror.gateway, query).await;
        assert!(answer.get("errors").is_none(), "{query}: {answer}");
        assert_eq!(mirror.fetches(), fetches, "{query}");
    }
    let mirror = copied.serve(Capabilities { group: false, ..Capabilities::ALL }, limits());
    let answer = ask(&mirror.gateway, "{ itemAggregate { aggregate { count } } }").await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "TOO_COSTLY", "{answer}");
}

const STREETS: &str = r#"
[[union]]
name = "resident"
members = ["street_*.resident"]

[union.constant]
"street_1.resident".street = 1
"street_2.resident".street = 2
"street_3.resident".street = 3
"street_4.resident".street = 4
"#;

/// Four streets that differ in what they hold; the last has no resident. The third orders names without regard to case.
fn streets(folder: &std::path::Path) {
    for (street, columns, rows) in [
        (1, "name TEXT, age INT2, paid REAL", "(1, 'b', 7, 1.5), (2, 'a', NULL, 2.5), (3, NULL, 9, NULL)"),
        (2, "name TEXT, age INT2, paid REAL, moved DATE", "(1, 'C', 1, 0.5, '2026-01-02')"),
        (3, "name TEXT COLLATE NOCASE, age INT2, paid REAL", "(1, 'B', 3, 4), (2, 'aa', 5, 4)"),
        (4, "name TEXT, age INT2, paid REAL", ""),
    ] {
        let insert = if rows.is_empty() { String::new() } else { format!("INSERT INTO resident VALUES {rows};") };
        let table = format!("CREATE TABLE resident (id INTEGER PRIMARY KEY, {columns}); {insert}");
        silo(folder, &format!("street_{street}"), &table);
    }
    catalog(folder, STREETS);
}

#[tokio::test]
async fn what_is_one_value_in_a_member_is_folded_without_reading_it() {
    let folder = tempfile::tempdir().unwrap();
    streets(folder.path());
    let served = serve(folder.path()).await;
    let copied = Copied::of(&served).await;
    let few = Limits { budget_rows: 12, ..Limits::default() };
    let mirrors = [
        copied.serve(Capabilities::ALL, few).gateway,
        copied.serve(Capabilities { group: false, ..Capabilities::ALL }, Limits::default()).gateway,
    ];
    for gateway in mirrors.iter().chain([&served]) {
        let query = "{ residentAggregate { aggregate { count all: count(columns: [street, _source, name]) moved: count(columns: [moved])
                streets: count(columns: [street], distinct: true) min { street _source moved } max { street _source }
                avg { street } varPop { street } } }
             residentGroups(by: [street]) { key { street } aggregate { count max { moved _source } } }
             sources: residentGroups(by: [_source, moved]) { key { _source moved } aggregate { count } }
             pair: residentAggregate(where: { street: { _gt: 2 } }) { aggregate { count min { street name } } } }";
        let answer = ask(gateway, query).await;
        assert!(answer.get("errors").is_none(), "{answer}");
        let group = |street: i32, count: i32, moved: Value| {
            json!({ "key": { "street": street },
                    "aggregate": { "count": count, "max": { "moved": moved, "_source": format!("street_{street}") } } })
        };
        let source = |street: i32, moved: Value, count: i32| json!({ "key": { "_source": format!("street_{street}"), "moved": moved }, "aggregate": { "count": count } });
        let data = &answer["data"];
        let whole = json!({
            "count": 6, "all": 5, "moved": 1, "streets": 3,
            "min": { "street": 1, "_source": "street_1", "moved": "2026-01-02" },
            "max": { "street": 3, "_source": "street_3" }, "avg": { "street": 11.0 / 6.0 },
            "varPop": { "street": data["residentAggregate"]["aggregate"]["varPop"]["street"] },
        });
        assert_eq!(data["residentAggregate"]["aggregate"], whole);
        let variance = whole["varPop"]["street"].as_f64().unwrap();
        assert!((variance - 29.0 / 36.0).abs() < 1e-12, "{variance}");
        let moved = json!("2026-01-02");
        assert_eq!(
            data["residentGroups"],
            json!([group(1, 3, Value::Null), group(2, 1, moved.clone()), group(3, 2, Value::Null)])
        );
        assert_eq!(data["sources"], json!([source(1, Value::Null, 3), source(2, moved, 1), source(3, Value::Null, 2)]));
        // By code point, though the third street orders its names otherwise.
        assert_eq!(data["pair"]["aggregate"], json!({ "count": 2, "min": { "street": 3, "name": "B" } }));
    }
    let answer = ask(&served, "{ residentAggregate { aggregate { sum { street } } } }").await;
    assert_eq!(answer["data"]["residentAggregate"]["aggregate"]["sum"]["street"], 11, "{answer}");
}

#[tokio::test]
async fn an_empty_list_leaves_out_no_row_of_a_member_that_lacks_the_column() {
    let folder = tempfile::tempdir().unwrap();
    streets(folder.path());
    let gateway = serve(folder.path()).await;
    for (filter, rows) in [
        ("moved: { _nin: [] }", 6),
        ("_not: { moved: { _in: [] } }", 6),
        ("_or: [{ moved: { _nin: [] } }, { street: { _eq: 9 } }]", 6),
        ("moved: { _in: [] }", 0),
        ("moved: { _nin: [\"2026-03-03\"] }", 1),
        ("_not: { moved: { _eq: \"2026-03-03\" } }", 1),
    ] {
        let query = format!(
            "{{ residentAggregate(where: {{ {filter} }}) {{ aggregate {{ count }} }} resident(where: {{ {filter} }}) {{ id }} }}"
        );
        let answer = ask(&gateway, &query).await;
        assert_eq!(answer["data"]["residentAggregate"]["aggregate"]["count"], rows, "{filter}: {answer}");
        assert_eq!(answer["data"]["resident"].as_array().unwrap().len(), rows, "{filter}: {answer}");
    }
}
