//! A table whose rows are dealt to several sources answers through their union as the undivided table does.

use std::fmt::Write;

use lilong::Gateway;
use lilong_schema::Capabilities;
use lilong_schema::catalog::Limits;
use lilong_tests::mirror::Copied;
use lilong_tests::serve;
use serde_json::Value;

use super::{ask, catalog, silo};

pub(super) const CATALOG: &str = r#"
[[union]]
name = "item"
members = ["part_*.item"]
key = ["id"]

[union.rename]
"part_3.item.label" = "name"

[[link]]
from = "item(box_id)"
to = "whole.box(id)"
name = "box"
back = "items"
"#;

pub(super) const COLUMNS: &str =
    "id INTEGER PRIMARY KEY, name TEXT, size INTEGER, weight REAL, price DECIMAL(8,2), day DATE, box_id INTEGER";

/// Numbers that look random (xorshift64*).
pub(super) struct Random(pub(super) u64);

impl Random {
    pub(super) fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) as usize % end
    }

    pub(super) fn of<'a>(&mut self, list: &[&'a str]) -> &'a str {
        list[self.below(list.len())]
    }
}

pub(super) const BOXES: &str = "CREATE TABLE box (id INTEGER PRIMARY KEY, kind TEXT);
    INSERT INTO box VALUES (1, 'a'), (2, 'b'), (3, 'a'), (4, NULL), (5, 'b');";

/// Statements that fill the table, one a row.
pub(super) fn filling(random: &mut Random) -> Vec<String> {
    let row = |id: usize| {
        let mut or_null = |text: String| if random.below(6) == 0 { "NULL".to_owned() } else { text };
        let values = [
            id.to_string(),
            or_null(format!("'{}'", ["Li", "li", "Wang", "é", "z", "", "Zhao %", "𠮷"][id * 7 % 8])),
            or_null((id * 13 % 9).to_string()),
            or_null(format!("{}.5", id * 5 % 7)),
            or_null(format!("{}.{}", id * 3 % 11, id % 3 * 25)),
            or_null(format!("'2026-0{}-1{}'", id % 5 + 1, id % 4)),
            or_null((id % 7).to_string()),
        ];
        format!("INSERT INTO item VALUES ({});\n", values.join(", "))
    };
    (1..=120).map(row).collect()
}

/// The table `item`, undivided in `whole` and dealt to four parts, of which the third has another name for a column.
pub(super) async fn divided(random: &mut Random) -> (Gateway, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let (mut whole, mut parts) = (String::new(), vec![String::new(); 4]);
    for row in filling(random) {
        whole.push_str(&row);
        // The last part is left empty: a department that has no case yet.
        parts[random.below(3)].push_str(&row);
    }
    let columns = COLUMNS.replace("box_id INTEGER", "box_id INTEGER REFERENCES box");
    silo(folder.path(), "whole", &format!("{BOXES} CREATE TABLE item ({columns}); {whole}"));
    for (at, rows) in parts.iter().enumerate() {
        let columns = if at == 2 { COLUMNS.replace("name TEXT", "label TEXT") } else { COLUMNS.to_owned() };
        silo(folder.path(), &format!("part_{}", at + 1), &format!("CREATE TABLE item ({columns}); {rows}"));
    }
    catalog(folder.path(), CATALOG);
    (serve(folder.path()).await, folder)
}

pub(super) fn condition(random: &mut Random, depth: usize) -> String {
    match random.below(if depth == 0 { 8 } else { 12 }) {
        0 => format!("id: {{ {}: {} }}", random.of(&["_eq", "_neq", "_gt", "_lte"]), random.below(130)),
        1 => format!(
            "name: {{ {}: \"{}\" }}",
            random.of(&["_eq", "_neq", "_gt", "_lte"]),
            random.of(&["Li", "li", "é", ""])
        ),
        2 => format!(
            "name: {{ {}: \"{}\" }}",
            random.of(&["_like", "_ilike", "_nlike"]),
            random.of(&["%i", "L_", "%", "Zhao \\\\%"])
        ),
        3 => format!("size: {{ {}: [1, {}, 7] }}", random.of(&["_in", "_nin"]), random.below(9)),
        4 => format!("weight: {{ {}: {}.5 }}", random.of(&["_eq", "_gte", "_lt"]), random.below(7)),
        5 => format!("price: {{ {}: \"{}.25\" }}", random.of(&["_eq", "_gt", "_lt"]), random.below(11)),
        6 => format!("day: {{ {}: \"2026-03-1{}\" }}", random.of(&["_gt", "_lte", "_neq"]), random.below(4)),
        7 => format!("{}: {{ _isNull: {} }}", random.of(&["name", "price", "boxId"]), random.of(&["true", "false"])),
        8 => format!("box: {{ kind: {{ _eq: \"{}\" }} }}", random.of(&["a", "b"])),
        9 => format!("_not: {{ {} }}", condition(random, depth - 1)),
        10 => format!("_or: [{{ {} }}, {{ {} }}]", condition(random, depth - 1), condition(random, depth - 1)),
        _ => format!("_and: [{{ {} }}, {{ {} }}]", condition(random, depth - 1), condition(random, depth - 1)),
    }
}

/// Arguments of a list.
fn arguments(random: &mut Random) -> String {
    let mut out = String::new();
    let mut add = |text: String| {
        write!(out, "{}{text}", if out.is_empty() { "(" } else { ", " }).unwrap();
    };
    if random.below(4) > 0 {
        add(format!("where: {{ {} }}", condition(random, 2)));
    }
    let fields = ["name", "size", "weight", "price", "day", "boxId"];
    let distinct = random.below(4) == 0;
    if distinct || random.below(3) > 0 {
        let directions = ["ASC", "DESC", "ASC_NULLS_FIRST", "ASC_NULLS_LAST", "DESC_NULLS_FIRST", "DESC_NULLS_LAST"];
        let first = random.of(&fields);
        let order = format!(
            "[{{ {first}: {} }}, {{ {}: {} }}]",
            random.of(&directions),
            random.of(&fields),
            random.of(&directions)
        );
        if distinct {
            add(format!("distinctOn: [{first}]"));
        }
        add(format!("orderBy: {order}"));
    }
    if random.below(2) == 0 {
        add(format!("limit: {}", random.below(30)));
    }
    if random.below(3) == 0 {
        add(format!("offset: {}", random.below(20)));
    }
    if out.is_empty() { out } else { out + ")" }
}

/// The same question of the union and of the undivided table.
pub(super) fn question(random: &mut Random) -> (String, String) {
    let fields = "{ id name size weight price day boxId box { kind } }";
    match random.below(6) {
        4 => {
            let filter = condition(random, 1);
            let wanted = "{ aggregate { count names: count(columns: [name], distinct: true) sum { size price } avg { weight } min { day name } max { price } } }";
            let ask = |name: &str| format!("item: {name}Aggregate(where: {{ {filter} }}) {wanted}");
            (format!("{{ {} }}", ask("item")), format!("{{ whole {{ {} }} }}", ask("item")))
        }
        5 => {
            let (filter, by) = (condition(random, 1), random.of(&["name", "size", "day, boxId"]));
            let groups = format!(
                "itemGroups(by: [{by}], where: {{ {filter} }}, orderBy: [{{ count: DESC }}], limit: 9) {{ key {{ {} }} aggregate {{ count sum {{ price }} }} }}",
                by.replace(',', "")
            );
            (format!("{{ {groups} }}"), format!("{{ whole {{ {groups} }} }}"))
        }
        0 => {
            let (outer, inner) = (random.of(&["", "(where: { kind: { _eq: \"a\" } })"]), arguments(random));
            let ask = |name: &str| format!("{{ whole {{ box{outer} {{ id item: {name}{inner} {fields} }} }} }}");
            (ask("items"), ask("item"))
        }
        1 => {
            let id = random.below(130);
            (
                format!("{{ item: itemById(id: {id}) {fields} }}"),
                format!("{{ whole {{ item: itemByPk(id: {id}) {fields} }} }}"),
            )
        }
        2 => {
            let filter = condition(random, 1);
            let ask = |name: &str| format!("{{ whole {{ box(where: {{ {name}: {{ {filter} }} }}) {{ id }} }} }}");
            (ask("items"), ask("item"))
        }
        _ => {
            let arguments = arguments(random);
            (format!("{{ item{arguments} {fields} }}"), format!("{{ whole {{ item{arguments} {fields} }} }}"))
        }
    }
}

fn rows(answer: &Value) -> &Value {
    let data = &answer["data"];
    if data["whole"].is_null() { data } else { &data["whole"] }
}

async fn compare(gateway: &Gateway, random: &mut Random, questions: usize, about: &str) {
    let mut found = 0;
    for _ in 0..questions {
        let (union, whole) = question(random);
        let (divided, undivided) = (ask(gateway, &union).await, ask(gateway, &whole).await);
        assert!(undivided.get("errors").is_none(), "{about}: {whole}: {undivided}");
        assert!(divided.get("errors").is_none(), "{about}: {union}: {divided}");
        assert_eq!(rows(&divided), rows(&undivided), "{about}: {union}");
        found += rows(&divided).to_string().len();
    }
    assert!(found > questions * 100, "{about}: the questions find next to nothing");
}

#[tokio::test]
async fn a_divided_table_answers_as_the_undivided_one() {
    let mut random = Random(2026);
    let (gateway, _folder) = divided(&mut random).await;
    compare(&gateway, &mut random, 400, "SQLite").await;
}

#[tokio::test]
async fn what_members_cannot_do_is_done_here_with_the_same_answers() {
    let mut random = Random(7);
    let copied = Copied::of(&divided(&mut random).await.0).await;
    let all = Capabilities::ALL;
    for (name, capabilities) in [
        ("everything", all),
        ("nothing", Capabilities::NONE),
        ("no keys", Capabilities { keys: 0, ..all }),
        ("few keys", Capabilities { keys: 3, ..all }),
        ("no order", Capabilities { order: false, order_links: false, ..all }),
        ("no limit", Capabilities { limit: false, ..all }),
        ("no limit of keys", Capabilities { limit_per_key: false, ..all }),
        ("no text operators", Capabilities { like: false, ilike: false, ..all }),
        ("no filter", Capabilities { filter: false, like: false, ilike: false, exists: false, ..all }),
    ] {
        let mirror = copied.serve(capabilities, Limits::default());
        compare(&mirror.gateway, &mut random, 150, name).await;
    }
}

#[tokio::test]
async fn each_member_is_asked_once_and_for_no_more_rows_than_are_wanted() {
    let copied = Copied::of(&divided(&mut Random(3)).await.0).await;
    let mirror = copied.serve(Capabilities::ALL, Limits { union_fetches: 2, ..Limits::default() });
    for (query, fetches) in [
        ("{ item(limit: 5, orderBy: [{ name: ASC }]) { id box { kind } } }", 5),
        ("{ item(where: { _source: { _eq: \"part_1\" } }) { id } }", 1),
        ("{ itemById(id: 5) { name } }", 4),
        ("{ whole { box { items(limit: 2) { id } } } }", 5),
        ("{ item(where: { box: { kind: { _eq: \"a\" } } }) { id } }", 5),
    ] {
        let answer = ask(&mirror.gateway, query).await;
        assert!(answer.get("errors").is_none(), "{query}: {answer}");
        assert_eq!(mirror.fetches(), fetches, "{query}");
    }
    // What is ordered by an order that only the gateway has is read as a whole, and no further than the budget goes.
    let mirror = copied.serve(Capabilities::NONE, Limits { budget_rows: 100, ..Limits::default() });
    let answer = ask(&mirror.gateway, "{ item(limit: 5) { id } }").await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "TOO_COSTLY", "{answer}");
}
