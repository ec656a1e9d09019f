//! Sources that can do less give the same answers: what they do not claim is done by the gateway, with no more fetches
//! than the plan of a source that can do everything, but for links in filters, which then need their keys.
//!
//! The same rows are served from SQLite, from memory sources that claim everything, and from such that claim less. A memory
//! source refuses what it does not claim, so that a planner that asks too much is found out.

use lilong::Gateway;
use lilong::request::Request;
use lilong_schema::Capabilities;
use lilong_schema::catalog::Limits;
use lilong_tests::city::City;
use lilong_tests::mirror::Copied;
use lilong_tests::serve;
use serde_json::{Value, json};

const CATALOG: &str = r#"[[source]]
name = "civil"
connector = "sqlite"
path = "civil.sqlite"

[[source]]
name = "health"
connector = "sqlite"
path = "health.sqlite"

[[link]]
from = "civil.resident(id_card)"
to = "health.shot(id_card)"
name = "shots"
back = "resident"

[[link]]
from = "civil.resident(name)"
to = "health.doctor(name)"
name = "doctors"
back = "patients"
normalize = ["lowercase", "trim"]
many = true
"#;

const CIVIL: &str = "
    CREATE TABLE street (id INTEGER PRIMARY KEY, name TEXT, code TEXT UNIQUE);
    CREATE TABLE resident (id INTEGER PRIMARY KEY, name TEXT, id_card TEXT UNIQUE, age INTEGER, weight REAL, born DATE,
        street_id INTEGER REFERENCES street, street_code TEXT REFERENCES street (code));
    CREATE TABLE note (text TEXT, street_id TEXT REFERENCES street (id));
    CREATE VIEW elder AS SELECT name, age FROM resident WHERE age > 60;
    INSERT INTO street VALUES (1, 'Siping Road', 'S'), (2, 'Anshan Road', 'A'), (3, 'Guoding Road', 'G'), (4, NULL, NULL);
    INSERT INTO resident VALUES
        (1, 'Li', 'A1', 81, 60.5, '1945-01-02', 1, 'S'), (2, 'Wang', 'B2', 34, 70.0, '1992-03-04', 2, 's'),
        (3, 'Zhao', NULL, NULL, NULL, NULL, NULL, NULL), (4, 'Sun', 'C3', 81, 60.5, '1945-01-02', 9, 'X'),
        (5, NULL, 'D4', 12, -0.0, '2014-12-31', 1, 'G'), (6, 'wang', 'E5', 34, 0.0, '1992-03-04', 3, 'A'),
        (7, '', 'F6', 61, 1e300, '1965-06-07', 1, NULL), (8, 'Ö%_', 'a1', 35, 70.0, NULL, 2, 'S');
    INSERT INTO note VALUES ('b', '1'), ('a', '01'), ('b', '2'), (NULL, '1'), ('b', '1'), ('c', 'x');";

const HEALTH: &str = "
    CREATE TABLE shot (id INTEGER PRIMARY KEY, id_card TEXT, vaccine TEXT, price DECIMAL(6,2));
    CREATE INDEX by_card ON shot (id_card);
    CREATE TABLE doctor (name TEXT, ward TEXT, PRIMARY KEY (ward, name)) WITHOUT ROWID;
    INSERT INTO shot VALUES (1, 'A1', 'flu', 1.5), (2, 'A1', 'measles', 10), (3, 'Z9', 'flu', 2), (4, 'B2', 'flu', NULL),
        (5, 'A1', 'flu', 9.25), (6, NULL, 'flu', 0), (7, 'a1', 'polio', 1.5), (8, 'E5', 'measles', 100);
    INSERT INTO doctor VALUES ('WANG ', '1'), ('li', '1'), ('Wang', '2'), ('Qian', '2');";

/// A query, the fetches of sources that can do everything, and of sources that cannot follow links in filters.
type Case = (&'static str, usize, usize);

#[rustfmt::skip]
const CASES: &[Case] = &[
    ("{ civil { resident { id name age } } }", 1, 1),
    (r#"{ civil { resident(where: { name: { _gte: "W" }, age: { _lt: 80 } }) { id } } }"#, 1, 1),
    (r#"{ civil { resident(where: { _not: { name: { _eq: "Li" } } }) { id } } }"#, 1, 1),
    (r#"{ civil { resident(where: { _or: [{ name: { _like: "W%" } }, { name: { _ilike: "%ö\\%\\_" } }, { age: { _isNull: true } }] }) { id } } }"#, 1, 1),
    (r#"{ civil { resident(where: { name: { _nin: ["Li", "Sun"], _nlike: "%a%", _nilike: "ö%" } }) { id } } }"#, 1, 1),
    (r#"{ civil { resident(where: { name: { _startsWith: "W", _endsWith: "g", _contains: "an" } }) { id } } }"#, 1, 1),
    (r#"{ civil { resident(where: { name: { _regex: "^[A-Z]" }, age: { _in: [34, 81] } }, limit: 2, offset: 1) { id } } }"#, 1, 1),
    (r"{ civil { resident(where: { weight: { _eq: 0 } }) { id weight } } }", 1, 1),
    (r#"{ civil { resident(where: { born: { _gt: "1960-01-01", _neq: "2014-12-31" } }) { id born } } }"#, 1, 1),
    ("{ civil { resident(orderBy: [{ age: DESC }, { name: ASC_NULLS_FIRST }]) { id age name } } }", 1, 1),
    ("{ civil { resident(orderBy: [{ weight: ASC }], limit: 3, offset: 2) { id } } }", 1, 1),
    ("{ civil { resident(distinctOn: [age]) { id age } } }", 1, 1),
    ("{ civil { resident(distinctOn: [weight], orderBy: [{ weight: DESC_NULLS_LAST }, { id: DESC }], limit: 4, offset: 1) { id weight } } }", 1, 1),
    ("{ civil { resident(limit: 0) { id } } }", 1, 1),
    ("{ civil { note { text } } }", 1, 1),
    ("{ civil { note(orderBy: { text: DESC }, limit: 3) { text streetId } } }", 1, 1),
    ("{ civil { note(distinctOn: [text]) { text streetId } } }", 1, 1),
    ("{ civil { elder(limit: 2, orderBy: { age: DESC }) { name age } } }", 1, 1),
    (r#"{ civil { residentByPk(id: 3) { id name } a: residentByIdCard(idCard: "A1") { id } b: residentByPk(id: 99) { id } } }"#, 3, 3),
    (r#"{ health { doctorByPk(ward: "2", name: "Wang") { ward } doctor { name ward } } }"#, 2, 2),
    ("{ civil { resident { id street { name } streetByStreetCode { id } } } }", 3, 3),
    ("{ civil { street { name residentByStreetId(orderBy: { age: DESC }, limit: 1) { id } note { text } } } }", 3, 3),
    ("{ civil { street { id residentByStreetId(offset: 1, limit: 1) { id shots(limit: 1, offset: 1) { id resident { name } } } } } }", 3, 4),
    ("{ civil { street { id residentByStreetId(distinctOn: [age], orderBy: [{ age: ASC }, { id: DESC }]) { id age } } } }", 2, 2),
    (r#"{ civil { street { id residentByStreetId(where: { name: { _regex: "n" } }, limit: 1) { name } } } }"#, 2, 2),
    (r"{ civil { street { id residentByStreetId(where: { age: { _gt: 40 } }) { id } } note { text street { name } } } }", 4, 4),
    ("{ civil { resident { id doctors(orderBy: { ward: DESC }, limit: 1) { name ward } } } health { doctor { name patients { id } } } }", 4, 4),
    (r#"{ civil { resident(where: { street: { name: { _like: "%ing%" } } }) { id } } }"#, 1, 2),
    ("{ civil { resident(where: { street: {} }) { id } none: resident(where: { _not: { street: {} } }) { id } } }", 2, 4),
    ("{ civil { street(where: { residentByStreetId: { age: { _gt: 80 } } }) { id } } }", 1, 2),
    ("{ civil { street(where: { note: {} }) { id } note(where: { street: {} }) { text } } }", 2, 4),
    ("{ civil { street(where: { residentByStreetId: { street: { residentByStreetId: { age: { _lt: 20 } } } } }) { id } } }", 1, 4),
    (r"{ civil { resident(where: { _or: [{ street: { id: { _eq: 2 } } }, { streetByStreetCode: { id: { _eq: 3 } } }, { age: { _isNull: true } }] }) { id } } }", 1, 3),
    (r#"{ civil { street(where: { residentByStreetId: { name: { _regex: "^L" } } }) { id } } }"#, 2, 2),
    (r#"{ civil { resident(where: { _or: [{ street: { id: { _eq: 1 } } }, { name: { _iregex: "^w" } }] }) { id } } }"#, 2, 2),
    (r#"{ civil { resident(where: { shots: { vaccine: { _eq: "flu" } } }) { id } } }"#, 2, 2),
    (r#"{ civil { resident(where: { _not: { shots: { price: { _gte: "9.25" } } } }, limit: 3) { id } } }"#, 2, 2),
    (r#"{ civil { street(where: { residentByStreetId: { shots: { vaccine: { _eq: "measles" } } } }) { id } } }"#, 2, 3),
    (r#"{ health { shot(where: { resident: { street: { name: { _startsWith: "S" } } } }) { id } } }"#, 2, 3),
    (r#"{ civil { resident(where: { doctors: { ward: { _eq: "2" } } }) { id } } health { doctor(where: { patients: { age: { _eq: 34 } } }) { name } } }"#, 4, 4),
    (r#"{ civil { street { id residentByStreetId(where: { shots: { vaccine: { _eq: "flu" } }, street: { id: { _lt: 3 } } }, limit: 1) { id } } } }"#, 3, 4),
    (r#"{ health { shot(where: { price: { _in: ["1.50", 100] } }, orderBy: { price: DESC }) { id price } } }"#, 1, 1),
    ("{ health { shot(distinctOn: [price]) { id price } } }", 1, 1),
    ("{ civil { residentConnection(first: 3, orderBy: { age: DESC }) { nodes { id } edges { node { name } } pageInfo { hasNextPage hasPreviousPage } totalCount } } }", 2, 2),
    (r#"{ civil { street { id residentByStreetIdConnection(last: 1, where: { name: { _regex: "n" } }) { nodes { id } totalCount pageInfo { hasPreviousPage } } } } }"#, 3, 3),
    ("{ civil { resident { id doctorsConnection(first: 1, orderBy: { ward: DESC }) { nodes { name } totalCount } } } }", 3, 3),
    ("{ health { shot(orderBy: { resident: { age: DESC } }, limit: 4) { id } } }", 2, 2),
    ("{ health { shot(orderBy: { resident: { street: { name: DESC } } }) { id } } }", 3, 3),
];

pub(crate) async fn city() -> (City, Gateway) {
    let city = City::empty();
    city.database("civil.sqlite", &format!("PRAGMA foreign_keys = OFF; {CIVIL}"));
    city.database("health.sqlite", HEALTH);
    city.write("lilong.toml", CATALOG);
    let gateway = serve(city.folder()).await;
    (city, gateway)
}

pub(crate) async fn ask(gateway: &Gateway, query: &str) -> Value {
    let request = Request { query: query.into(), trace: "test".into(), ..Request::default() };
    serde_json::from_slice(&gateway.execute(request).await.body).unwrap()
}

pub(crate) fn fetches(gateway: &Gateway) -> u64 {
    gateway.model().sources.iter().map(|source| source.status().fetches).sum()
}

#[tokio::test]
async fn sources_that_can_do_less_give_the_same_answers() {
    let all = Capabilities::ALL;
    let reduced = [
        ("everything", all),
        ("nothing", Capabilities::NONE),
        ("only filters", Capabilities { filter: true, ..Capabilities::NONE }),
        ("only keys", Capabilities { keys: usize::MAX, ..Capabilities::NONE }),
        ("only limits", Capabilities { limit: true, ..Capabilities::NONE }),
        ("no filters", Capabilities { filter: false, ..all }),
        ("no parts of text", Capabilities { like: false, ilike: false, ..all }),
        ("no links in filters", Capabilities { exists: false, ..all }),
        ("no limits per key", Capabilities { limit_per_key: false, ..all }),
        ("no limits", Capabilities { limit: false, limit_per_key: false, ..all }),
        ("no orders", Capabilities { order: false, order_links: false, ..all }),
        ("no keys", Capabilities { keys: 0, ..all }),
    ];
    let (_city, sqlite) = city().await;
    let copied = Copied::of(&sqlite).await;
    let mut differences = String::new();
    for (query, most, most_by_keys) in CASES {
        let before = fetches(&sqlite);
        let expected = ask(&sqlite, query).await;
        if expected.get("errors").is_some() {
            differences.push_str(&format!("{query}: {expected}\n"));
        }
        let asked = fetches(&sqlite) - before;
        if asked != *most as u64 {
            differences.push_str(&format!("{query}\n  sqlite is asked {asked} times instead of {most}\n"));
        }
        for (name, capabilities) in reduced {
            let mirror = copied.serve(capabilities, Limits::default());
            let got = ask(&mirror.gateway, query).await;
            if got != expected {
                differences.push_str(&format!("{name}: {query}\n  expected {expected}\n  got      {got}\n"));
            }
            let can_follow = capabilities.exists && capabilities.filter && capabilities.like && capabilities.keys > 0;
            let (asked, most) = (mirror.fetches(), if can_follow { most } else { most_by_keys });
            if asked > *most {
                differences.push_str(&format!("{name}: {query}\n  {asked} fetches instead of {most}\n"));
            }
        }
    }
    assert!(differences.is_empty(), "\n{differences}");
}

#[tokio::test]
async fn a_source_that_takes_two_keys_is_asked_once_for_every_two() {
    let (_city, sqlite) = city().await;
    let mirror = Copied::of(&sqlite).await.serve(Capabilities { keys: 2, ..Capabilities::ALL }, Limits::default());
    for (query, fetches) in [
        // Seven different id cards, three streets and four times two shots.
        ("{ civil { resident { id shots(limit: 1, orderBy: { id: DESC }) { id } } } }", 1 + 4),
        ("{ civil { resident { street { name } } } }", 1 + 2),
        ("{ civil { street { residentByStreetId(distinctOn: [age], limit: 1) { id age } } } }", 1 + 2),
        ("{ civil { resident(limit: 0) { street { name } } } }", 1),
        ("{ civil { residentByPk(id: 1) { street { name } } } }", 2),
    ] {
        let expected = ask(&sqlite, query).await;
        assert_eq!(ask(&mirror.gateway, query).await, expected, "{query}");
        for logged in mirror.sources.iter().flat_map(|source| source.log()) {
            assert!(logged.keys.is_none_or(|keys| keys <= 2), "{logged:?}");
        }
        assert_eq!(mirror.fetches(), fetches, "{query}");
    }
}

#[tokio::test]
async fn links_nested_deep_in_a_filter_are_planned_once_each_and_not_without_end() {
    let (_city, sqlite) = city().await;
    let nested = |depth: usize| {
        let (open, close) = ("street: { residentByStreetId: { ".repeat(depth), " } }".repeat(depth));
        format!(r#"{{ civil {{ resident(where: {{ {open} name: {{ _regex: "^L" }} {close} }}) {{ id }} }} }}"#)
    };
    let answer = ask(&sqlite, &nested(7)).await;
    assert_eq!(answer["data"]["civil"]["resident"].as_array().map(Vec::len), Some(3), "{answer}");
    let answer = ask(&sqlite, &nested(30)).await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "TOO_DEEP", "{answer}");
}

#[tokio::test]
async fn a_filter_asks_for_no_more_collections_than_a_selection_may() {
    let (_city, sqlite) = city().await;
    let query = |count: usize| {
        let part = r#"{ shots: { vaccine: { _eq: "flu" } } }, "#.repeat(count);
        format!("{{ civil {{ resident(where: {{ _or: [{part}] }}) {{ id }} }} }}")
    };
    let answer = ask(&sqlite, &query(50)).await;
    assert_eq!(answer["data"]["civil"]["resident"].as_array().map(Vec::len), Some(2), "{answer}");
    let answer = ask(&sqlite, &query(51)).await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "TOO_COSTLY", "{answer}");
}

#[tokio::test]
async fn conditions_and_orders_may_be_long() {
    let (_city, sqlite) = city().await;
    for (name, sign, rows) in [("_or", "_eq", 2), ("_and", "_neq", 5)] {
        let names =
            ["wang", "Wang"].into_iter().map(str::to_owned).chain((0..3_000).map(|number| format!("n{number}")));
        let parts: Vec<_> = names.map(|text| json!({ "name": { sign: text } })).collect();
        let Value::Object(variables) = json!({ "where": { name: parts } }) else { unreachable!() };
        let query = "query ($where: CivilResidentBoolExp) { civil { resident(where: $where) { id } } }".to_owned();
        let answer = sqlite.execute(Request { query, variables, ..Request::default() }).await;
        let answer: Value = serde_json::from_slice(&answer.body).unwrap();
        assert_eq!(answer["data"]["civil"]["resident"].as_array().map(Vec::len), Some(rows), "{answer}");
    }
    let often = "{ age: ASC }, { street: { name: ASC } }, ".repeat(1_000);
    let long = ask(&sqlite, &format!("{{ civil {{ resident(orderBy: [{often} {{ id: DESC }}]) {{ id }} }} }}")).await;
    let short = "{ civil { resident(orderBy: [{ age: ASC }, { street: { name: ASC } }, { id: DESC }]) { id } } }";
    assert_eq!(long, ask(&sqlite, short).await);
}

#[tokio::test]
async fn one_plan_gives_each_request_its_own_answer() {
    let (_city, sqlite) = city().await;
    let query = r"query ($names: [String!], $age: BigInt, $limit: Int, $vaccine: String) { civil {
        resident(where: { _or: [{ name: { _in: $names } }, { age: { _gt: $age } }] }, limit: $limit) { id
            shots(where: { vaccine: { _eq: $vaccine } }, limit: $limit) { id } }
        found: resident(where: { shots: { vaccine: { _eq: $vaccine } } }) { id } } }";
    for (names, age, limit, vaccine) in [
        (json!(["Li", "Sun"]), 70, 10, "flu"),
        (json!(["Wang"]), 80, 1, "measles"),
        (json!("none"), 1_000, 10, "flu"),
        (json!(["Li", "Sun"]), 70, 10, "polio"),
    ] {
        let Value::Object(variables) = json!({ "names": names, "age": age, "limit": limit, "vaccine": vaccine }) else {
            unreachable!()
        };
        let answer = sqlite
            .execute(Request { query: query.into(), variables, trace: "test".into(), ..Request::default() })
            .await;
        let answer: Value = serde_json::from_slice(&answer.body).unwrap();
        let literal = query[query.find("{ civil").unwrap()..]
            .replace("$names", &names.to_string())
            .replace("$age", &age.to_string())
            .replace("$limit", &limit.to_string())
            .replace("$vaccine", &format!("\"{vaccine}\""));
        assert_eq!(answer, ask(&sqlite, &literal).await, "{literal}");
        assert!(answer.get("errors").is_none(), "{answer}");
    }
}
