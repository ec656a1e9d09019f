//! Pages by cursors come to the list that they are pages of: in both directions, in every order, from sources that can do
//! everything and from sources that can do less; and orders through links into other sources are those of one database.

mod mixtures;
mod servers;

use lilong::Gateway;
use lilong::request::Request;
use lilong_schema::Capabilities;
use lilong_schema::catalog::Limits;
use lilong_tests::city::City;
use lilong_tests::mirror::Copied;
use lilong_tests::serve;
use serde_json::{Value, json};

pub(crate) const DIRECTIONS: [&str; 6] =
    ["ASC", "DESC", "ASC_NULLS_FIRST", "ASC_NULLS_LAST", "DESC_NULLS_FIRST", "DESC_NULLS_LAST"];

async fn ask(gateway: &Gateway, query: &str, variables: &Value) -> Value {
    let variables = variables.as_object().cloned().unwrap_or_default();
    let request = Request { query: query.to_owned(), variables, trace: "test".into(), ..Request::default() };
    serde_json::from_slice(&gateway.execute(request).await.body).unwrap()
}

/// A list, and the pages of its connection.
struct Walk<'a> {
    gateway: &'a Gateway,
    source: &'a str,
    collection: &'a str,
    arguments: String,
    fields: &'a str,
}

impl Walk<'_> {
    async fn page(&self, variables: &Value) -> Value {
        let Walk { source, collection, fields, arguments, .. } = self;
        let query = format!(
            "query($first: Int, $last: Int, $after: String, $before: String) {{ {source} {{ page: {collection}Connection(
               {arguments} first: $first, after: $after, last: $last, before: $before) {{
               edges {{ cursor node {{ {fields} }} }} nodes {{ {fields} }} totalCount
               pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }} }} }} }}"
        );
        let answer = ask(self.gateway, &query, variables).await;
        assert!(answer.get("errors").is_none(), "{query}\n{variables}\n{answer}");
        answer["data"][*source]["page"].clone()
    }

    async fn list(&self) -> Vec<Value> {
        let Walk { source, collection, arguments, fields, .. } = self;
        let arguments = if arguments.is_empty() { String::new() } else { format!("({arguments})") };
        let query = format!("{{ {source} {{ {collection}{arguments} {{ {fields} }} }} }}");
        let answer = ask(self.gateway, &query, &Value::Null).await;
        assert!(answer.get("errors").is_none(), "{query}\n{answer}");
        answer["data"][*source][*collection].as_array().unwrap().clone()
    }

    /// Every page of that size, one after the other, from the beginning or from the end.
    async fn assert_pages(&self, size: usize, backwards: bool) {
        let all = self.list().await;
        let mut seen: Vec<Value> = Vec::new();
        let mut cursor = Value::Null;
        let mut pages = 0;
        loop {
            let variables = if backwards {
                json!({"last": size, "before": cursor})
            } else {
                json!({"first": size, "after": cursor, "last": null})
            };
            let page = self.page(&variables).await;
            let nodes = page["nodes"].as_array().unwrap().clone();
            let edges = page["edges"].as_array().unwrap();
            assert_eq!(page["totalCount"], all.len(), "{}", self.arguments);
            assert_eq!(edges.iter().map(|edge| edge["node"].clone()).collect::<Vec<_>>(), nodes);
            let info = &page["pageInfo"];
            assert_eq!(info["startCursor"], edges.first().map_or(Value::Null, |edge| edge["cursor"].clone()));
            assert_eq!(info["endCursor"], edges.last().map_or(Value::Null, |edge| edge["cursor"].clone()));
            let (before, after) = if backwards {
                seen.splice(0..0, nodes.iter().cloned());
                (all.len() > seen.len(), pages > 0)
            } else {
                seen.extend(nodes.iter().cloned());
                (pages > 0, all.len() > seen.len())
            };
            let found = (&info["hasPreviousPage"], &info["hasNextPage"]);
            assert_eq!(found, (&json!(before), &json!(after)), "{} {seen:?}", self.arguments);
            pages += 1;
            assert!(pages <= all.len() + 1, "{} never ends", self.arguments);
            if info[if backwards { "hasPreviousPage" } else { "hasNextPage" }] == false {
                break;
            }
            cursor = info[if backwards { "startCursor" } else { "endCursor" }].clone();
        }
        assert_eq!(seen, all, "{} by {size}, backwards: {backwards}", self.arguments);
    }
}

/// Walks a collection of a source in some orders, by pages of several sizes, in both directions.
pub(crate) async fn assert_walks(gateway: &Gateway, (source, collection): (&str, &str), fields: &str, orders: &[&str]) {
    for order in orders {
        let arguments = if order.is_empty() { String::new() } else { format!("orderBy: {order}, ") };
        let walk = Walk { gateway, source, collection, arguments, fields };
        for size in [1, 3, 100] {
            walk.assert_pages(size, false).await;
            walk.assert_pages(size, true).await;
        }
    }
}

const PERSON: &str = "CREATE TABLE person (id INTEGER PRIMARY KEY, name TEXT, n INTEGER, house_id INTEGER {house});";
const HOUSE: &str = "CREATE TABLE house (id INTEGER PRIMARY KEY, street TEXT, built INTEGER, area_id INTEGER {area});";
const AREA: &str = "CREATE TABLE area (id INTEGER PRIMARY KEY, name TEXT, size INTEGER);";

const SPLIT: &str = r#"
[[link]]
from = "a.person(house_id)"
to = "b.house(id)"
name = "house"
back = "person"

[[link]]
from = "b.house(area_id)"
to = "c.area(id)"
name = "area"
back = "house"
"#;

fn rows() -> [String; 3] {
    let or_null = |value: String, null: bool| if null { "NULL".to_owned() } else { value };
    let list = |rows: Vec<String>| rows.join(", ");
    let person = (0..60).map(|id| {
        let name = or_null(format!("'{}'", ["Li", "li", "Wang", "é", ""][id * 7 % 5]), id % 11 == 3);
        let house = or_null((id * 5 % 14).to_string(), id % 13 == 7);
        format!("({id}, {name}, {}, {house})", or_null((id * 3 % 4).to_string(), id % 9 == 2))
    });
    let house = (0..12).map(|id| {
        let street = or_null(format!("'{}'", ["b", "B", "a", "ä"][id * 3 % 4]), id == 5);
        let area = or_null((id * 2 % 7).to_string(), id == 8);
        format!("({id}, {street}, {}, {area})", or_null((1990 + id % 3).to_string(), id == 4))
    });
    let area = (0..5).map(|id| {
        let name = or_null(format!("'{}'", ["x", "y"][id % 2]), id == 3);
        format!("({id}, {name}, {})", or_null((id % 2).to_string(), id == 4))
    });
    [
        format!("INSERT INTO person VALUES {};", list(person.collect())),
        format!("INSERT INTO house VALUES {};", list(house.collect())),
        format!("INSERT INTO area VALUES {};", list(area.collect())),
    ]
}

fn sources(names: &[&str]) -> String {
    let one =
        |name: &&str| format!("[[source]]\nname = \"{name}\"\nconnector = \"sqlite\"\npath = \"{name}.sqlite\"\n");
    names.iter().map(one).collect()
}

/// One database with the tables, and one for each table.
async fn whole_and_split() -> (City, Gateway, City, Gateway) {
    let [person, house, area] = rows();
    let whole = City::empty();
    let tables = format!(
        "PRAGMA foreign_keys = OFF; {AREA} {} {}",
        HOUSE.replace("{area}", "REFERENCES area"),
        PERSON.replace("{house}", "REFERENCES house")
    );
    whole.database("s.sqlite", &format!("{tables} {person} {house} {area}"));
    whole.write("lilong.toml", &sources(&["s"]));
    let split = City::empty();
    split.database("a.sqlite", &format!("{} {person}", PERSON.replace("{house}", "")));
    split.database("b.sqlite", &format!("{} {house}", HOUSE.replace("{area}", "")));
    split.database("c.sqlite", &format!("{AREA} {area}"));
    split.write("lilong.toml", &format!("{}{SPLIT}", sources(&["a", "b", "c"])));
    let gateways = (serve(whole.folder()).await, serve(split.folder()).await);
    (whole, gateways.0, split, gateways.1)
}

fn fetches(gateway: &Gateway) -> u64 {
    gateway.model().sources.iter().map(|source| source.status().fetches).sum()
}

/// Orders by what linked rows come to, and how many fetches a list in them costs where each table is a source.
fn orders_by_figures() -> Vec<(String, u64)> {
    let mut orders = Vec::new();
    for direction in DIRECTIONS {
        orders.push((format!("{{ personAggregate: {{ count: {direction} }} }}"), 2));
        orders.push((format!("[{{ personAggregate: {{ max: {{ n: {direction} }} }} }}, {{ built: DESC }}]"), 2));
        orders.push((format!("[{{ area: {{ houseAggregate: {{ count: {direction} }} }} }}, {{ id: DESC }}]"), 3));
    }
    orders
}

#[tokio::test]
async fn an_order_by_figures_of_another_source_is_that_of_one_database() {
    let (_whole, whole, _split, split) = whole_and_split().await;
    for (order, cost) in orders_by_figures() {
        for arguments in ["", ", limit: 5, offset: 2", ", where: { built: { _gt: 1990 } }"] {
            let query = |source: &str| format!("{{ {source} {{ house(orderBy: {order}{arguments}) {{ id }} }} }}");
            let expected = ask(&whole, &query("s"), &Value::Null).await["data"]["s"].clone();
            let before = fetches(&split);
            let found = ask(&split, &query("b"), &Value::Null).await;
            assert_eq!(found["data"]["b"], expected, "{}\n{found}", query("b"));
            assert_eq!(fetches(&split) - before, cost, "{}", query("b"));
        }
    }
    let orders = orders_by_figures().into_iter().map(|(order, _)| order).collect::<Vec<_>>();
    let orders = orders.iter().map(String::as_str).collect::<Vec<_>>();
    assert_walks(&split, ("b", "house"), "id", &orders).await;
    assert_walks(&whole, ("s", "house"), "id", &orders).await;
}

/// Orders that go through links, and how many fetches a list in them costs where each table is a source.
#[rustfmt::skip]
fn orders() -> Vec<(String, u64)> {
    let mut orders = Vec::new();
    for direction in DIRECTIONS {
        orders.push((format!("{{ house: {{ street: {direction} }} }}"), 2));
        orders.push((format!("{{ house: {{ area: {{ name: {direction} }} }} }}"), 3));
        orders.push((format!("[{{ n: {direction} }}, {{ house: {{ area: {{ size: DESC }} }} }}, {{ name: ASC }}]"), 3));
        orders.push((format!("[{{ house: {{ built: ASC }} }}, {{ name: {direction} }}]"), 2));
        orders.push((format!("[{{ house: {{ area: {{ size: {direction} }} }} }}, {{ house: {{ street: ASC }} }}, {{ id: DESC }}]"), 4));
    }
    orders
}

#[tokio::test]
async fn an_order_across_sources_is_that_of_one_database() {
    let (_whole, whole, _split, split) = whole_and_split().await;
    for (order, cost) in orders() {
        for (arguments, inside, more) in [
            ("", "id", 0),
            (", limit: 7, offset: 3", "id", 0),
            (", where: { n: { _gt: 0 } }, limit: 5", "id", 0),
            (", limit: 5", "id house { id area { name } }", 2),
        ] {
            let query =
                |source: &str| format!("{{ {source} {{ person(orderBy: {order}{arguments}) {{ {inside} }} }} }}");
            let expected = ask(&whole, &query("s"), &Value::Null).await["data"]["s"].clone();
            let before = fetches(&split);
            let found = ask(&split, &query("a"), &Value::Null).await;
            assert_eq!(found["data"]["a"], expected, "{}\n{found}", query("a"));
            assert_eq!(fetches(&split) - before, cost + more, "{}", query("a"));
        }
        let query = |source: &str| {
            format!("{{ {source} {{ house {{ id person(orderBy: {order}, limit: 2, offset: 1) {{ id }} }} }} }}")
        };
        let expected = ask(&whole, &query("s"), &Value::Null).await["data"]["s"].clone();
        let found = ask(&split, &query("b"), &Value::Null).await;
        assert_eq!(found["data"]["b"], expected, "{}\n{found}", query("b"));
    }
    let query = |source: &str| {
        let order = "[{ n: DESC }, { house: { built: ASC } }]";
        format!("{{ {source} {{ person(distinctOn: [n], orderBy: {order}) {{ id n }} }} }}")
    };
    let expected = ask(&whole, &query("s"), &Value::Null).await["data"]["s"].clone();
    assert_eq!(ask(&split, &query("a"), &Value::Null).await["data"]["a"], expected);
}

#[tokio::test]
async fn pages_of_an_order_across_sources_come_to_the_list() {
    let (_whole, _, _split, split) = whole_and_split().await;
    let orders =
        orders().into_iter().map(|(order, _)| order).filter(|order| !order.contains(" name: ")).collect::<Vec<_>>();
    let orders = orders.iter().map(String::as_str).chain(["{ house: { area: { name: DESC } } }"]).collect::<Vec<_>>();
    assert_walks(&split, ("a", "person"), "id", &orders).await;
}

#[tokio::test]
async fn text_of_the_source_before_a_value_of_another_is_refused_with_the_reason() {
    let (_whole, _, _split, split) = whole_and_split().await;
    for (query, part) in [
        (
            "{ a { person(orderBy: [{ name: ASC }, { house: { street: ASC } }]) { id } } }",
            "term 1 of `orderBy` cannot be used",
        ),
        (
            "{ a { personConnection(first: 1, orderBy: [{ house: { street: ASC } }, { name: ASC }]) { nodes { id } } } }",
            "term 2 of `orderBy`",
        ),
    ] {
        let answer = ask(&split, query, &Value::Null).await;
        assert!(answer.get("data").is_none(), "{answer}");
        assert_eq!(answer["errors"][0]["extensions"]["code"], "TOO_COSTLY", "{answer}");
        assert!(answer["errors"][0]["message"].as_str().unwrap().contains(part), "{answer}");
    }
    assert_eq!(fetches(&split), 0);
}

#[tokio::test]
async fn an_order_across_sources_stays_within_the_budget() {
    let (_whole, _, _split, split) = whole_and_split().await;
    let limits = Limits { budget_rows: 59, ..Limits::default() };
    let mirror = Copied::of(&split).await.serve(Capabilities::ALL, limits);
    let query = "{ a { person(orderBy: { house: { street: ASC } }, limit: 3) { id } } }";
    let answer = ask(&mirror.gateway, query, &Value::Null).await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "TOO_COSTLY", "{answer}");
    assert_eq!(answer["errors"][0]["path"], json!(["a", "person"]), "{answer}");
    assert!(answer["errors"][0]["message"].as_str().unwrap().contains("`person`: more than 59 rows"), "{answer}");
}

#[tokio::test]
async fn sources_that_can_do_less_have_the_same_pages_and_orders() {
    let (_whole, whole, _split, split) = whole_and_split().await;
    let all = Capabilities::ALL;
    let reduced = [
        ("everything", all),
        ("nothing", Capabilities::NONE),
        ("only orders", Capabilities { order: true, ..Capabilities::NONE }),
        ("no filters", Capabilities { filter: false, ..all }),
        ("no orders", Capabilities { order: false, order_links: false, ..all }),
        ("no orders through links", Capabilities { order_links: false, ..all }),
        ("no limits", Capabilities { limit: false, limit_per_key: false, ..all }),
        ("no keys", Capabilities { keys: 0, ..all }),
    ];
    let own = ["", "{ n: ASC }", "[{ name: DESC }, { n: ASC_NULLS_FIRST }]"];
    let copied = (Copied::of(&whole).await, Copied::of(&split).await);
    for (name, capabilities) in reduced {
        let one = copied.0.serve(capabilities, Limits::default()).gateway;
        let other = copied.1.serve(capabilities, Limits::default()).gateway;
        assert_walks(&one, ("s", "person"), "id", &own).await;
        assert_walks(&other, ("a", "person"), "id", &["[{ house: { street: DESC } }, { n: ASC }]"]).await;
        for (order, _) in orders() {
            let query = |source: &str| format!("{{ {source} {{ person(orderBy: {order}, limit: 9) {{ id }} }} }}");
            let expected = ask(&whole, &query("s"), &Value::Null).await["data"]["s"].clone();
            let found = ask(&one, &query("s"), &Value::Null).await;
            assert_eq!(found["data"]["s"], expected, "{name}: {}\n{found}", query("s"));
            let found = ask(&other, &query("a"), &Value::Null).await;
            assert_eq!(found["data"]["a"], expected, "{name}: {}\n{found}", query("a"));
        }
    }
}

#[tokio::test]
async fn pages_of_a_union_come_to_its_list() {
    let city = City::empty();
    let rows = |from: usize, to: usize| {
        let row = |id: usize| {
            format!(
                "({id}, {}, '{}')",
                if id.is_multiple_of(5) { "NULL".into() } else { (id % 3).to_string() },
                ["a", "A", "b"][id % 3]
            )
        };
        (from..to).map(row).collect::<Vec<_>>().join(", ")
    };
    for (name, collation, rows) in
        [("x", "", rows(1, 9)), ("y", "COLLATE NOCASE", rows(5, 14)), ("z", "", rows(20, 22))]
    {
        let table = format!(
            "CREATE TABLE person (id INTEGER PRIMARY KEY, n INTEGER, name TEXT {collation}); INSERT INTO person VALUES {rows};"
        );
        city.database(&format!("{name}.sqlite"), &table);
    }
    let union = "[[union]]\nname = \"people\"\nmembers = [\"*.person\"]\n";
    city.write("lilong.toml", &format!("{}{union}", sources(&["x", "y", "z"])));
    let gateway = serve(city.folder()).await;
    let list = ask(&gateway, "{ people(orderBy: [{ n: ASC }, { name: DESC }]) { _source id } }", &Value::Null).await;
    let all = list["data"]["people"].as_array().unwrap().clone();
    assert_eq!(all.len(), 19, "{list}");
    let query =
        "query($after: String) { peopleConnection(first: 4, after: $after, orderBy: [{ n: ASC }, { name: DESC }]) {
        nodes { _source id } totalCount pageInfo { hasNextPage endCursor } } }";
    let (mut seen, mut cursor) = (Vec::new(), Value::Null);
    loop {
        let answer = ask(&gateway, query, &json!({ "after": cursor })).await;
        assert!(answer.get("errors").is_none(), "{answer}");
        let page = &answer["data"]["peopleConnection"];
        assert_eq!(page["totalCount"], 19);
        seen.extend(page["nodes"].as_array().unwrap().iter().cloned());
        assert!(seen.len() <= all.len(), "{seen:?}");
        if page["pageInfo"]["hasNextPage"] == false {
            break;
        }
        cursor = page["pageInfo"]["endCursor"].clone();
    }
    assert_eq!(seen, all);
}
