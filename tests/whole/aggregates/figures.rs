//! Every figure of every kind of value against SQL on the same SQLite database, whole, in groups, and over rows.

use lilong::Gateway;
use lilong_tests::city::City;
use lilong_tests::serve;
use rusqlite::Connection;
use serde_json::{Value, json};

use super::same;
use crate::residual::ask;

const CATALOG: &str = "[[source]]\nname = \"s\"\nconnector = \"sqlite\"\npath = \"s.sqlite\"\n";

/// A column, whether numbers are in it, and how SQL writes its values as the answer does.
const COLUMNS: [(&str, bool, &str); 6] = [
    ("whole", true, "{}"),
    ("real", true, "{}"),
    ("exact", true, "printf('%.2f', {})"),
    ("text", false, "{}"),
    ("day", false, "{}"),
    ("flag", false, "{}"),
];

/// Numbers that look random (xorshift64*).
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % end
    }
}

/// A table of some rows, every cell but those of `tag` and `team` null now and then.
async fn silo(seed: u64, rows: u64) -> (City, Gateway) {
    let mut random = Random(seed);
    let mut statements = String::from(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, tag TEXT NOT NULL, team INTEGER, whole INTEGER, real REAL,
         exact DECIMAL(12,2), text TEXT, day DATE, flag BOOLEAN);",
    );
    for id in 0..rows {
        let mut cell = |text: String| if random.below(5) == 0 { "NULL".to_owned() } else { text };
        let whole = cell(format!("{}", id as i64 * 37 % 11 - 5));
        let real = cell(format!("{}.{}", id * 7 % 13, id % 10));
        let exact = cell(format!("{}.{:02}", id * 31 % 900, id * 17 % 100));
        let text = cell(format!("'{}'", ["a", "B", "Ö", "", "zz", "a "][(id % 6) as usize]));
        let day = cell(format!("'20{:02}-0{}-1{}'", id % 30, id % 9 + 1, id % 10));
        let flag = cell(format!("{}", id % 2));
        let team = cell(format!("{}", id % 4));
        statements.push_str(&format!(
            "INSERT INTO t VALUES ({id}, 'x', {team}, {whole}, {real}, {exact}, {text}, {day}, {flag});"
        ));
    }
    let city = City::empty();
    city.database("s.sqlite", &statements);
    city.write("lilong.toml", CATALOG);
    let gateway = serve(city.folder()).await;
    (city, gateway)
}

/// What SQL says of a column: the figures as the answer writes them.
fn expected(connection: &Connection, column: &str, number: bool, shown: &str, filter: &str) -> Value {
    let value = |sql: &str| -> Value {
        connection
            .query_row(&format!("SELECT {sql} FROM t WHERE {filter}"), [], |row| {
                Ok(match row.get_ref(0)? {
                    rusqlite::types::ValueRef::Null => Value::Null,
                    rusqlite::types::ValueRef::Integer(number) => json!(number),
                    rusqlite::types::ValueRef::Real(number) => json!(number),
                    rusqlite::types::ValueRef::Text(text) => json!(std::str::from_utf8(text).unwrap()),
                    rusqlite::types::ValueRef::Blob(_) => unreachable!(),
                })
            })
            .unwrap()
    };
    let show = |sql: &str| {
        let found = value(&format!("CASE WHEN {sql} IS NULL THEN NULL ELSE {} END", shown.replace("{}", sql)));
        match (column, found) {
            ("flag", Value::Number(number)) => json!(number.as_i64() == Some(1)),
            (_, found) => found,
        }
    };
    let mut figures = json!({
        "count": value(&format!("count({column})")),
        "distinct": value(&format!("count(DISTINCT {column})")),
        "min": { column: show(&format!("min({column})")) },
        "max": { column: show(&format!("max({column})")) },
    });
    if number {
        let (count, mean) = (value(&format!("count({column})")), value(&format!("avg({column})")));
        let (count, average) = (count.as_f64().unwrap(), mean.as_f64().unwrap_or_default());
        let squares = value(&format!("sum(({column} - {average}) * ({column} - {average}))"));
        let over = |by: f64| squares.as_f64().filter(|_| by > 0.0).map(|squares| squares / by);
        let sum = match column {
            "whole" => value(&format!("CAST(sum({column}) AS TEXT)")),
            "exact" => show(&format!("sum({column})")),
            _ => value(&format!("sum({column})")),
        };
        figures["sum"] = json!({ column: sum });
        figures["avg"] = json!({ column: mean });
        figures["variance"] = json!({ column: over(count - 1.0) });
        figures["varPop"] = json!({ column: over(count) });
        figures["stddev"] = json!({ column: over(count - 1.0).map(f64::sqrt) });
        figures["stddevPop"] = json!({ column: over(count).map(f64::sqrt) });
    }
    figures
}

/// All figures of a column, asked for.
fn asked(column: &str, number: bool) -> String {
    let names: &[&str] = if number {
        &["min", "max", "sum", "avg", "variance", "varPop", "stddev", "stddevPop"]
    } else {
        &["min", "max"]
    };
    let figures = names.iter().map(|name| format!("{name} {{ {column} }}")).collect::<Vec<_>>().join(" ");
    format!("count(columns: [{column}]) distinct: count(columns: [{column}], distinct: true) {figures}")
}

#[tokio::test]
async fn every_figure_of_every_kind_of_value_is_what_sql_says() {
    for (seed, rows) in [(1, 0), (2, 1), (3, 2), (4, 60)] {
        let (city, gateway) = silo(seed, rows).await;
        let connection = Connection::open(city.path("s.sqlite")).unwrap();
        for (column, number, shown) in COLUMNS {
            let figures = asked(column, number);
            let whole = expected(&connection, column, number, shown, "1 = 1");
            for filter in ["{}", r#"{ tag: { _regex: "x" } }"#] {
                let query = format!("{{ s {{ tAggregate(where: {filter}) {{ aggregate {{ {figures} }} }} }} }}");
                let answer = ask(&gateway, &query).await;
                assert!(answer.get("errors").is_none(), "{query}: {answer}");
                let got = &answer["data"]["s"]["tAggregate"]["aggregate"];
                assert!(same(&sorted(got), &sorted(&whole)), "{query}\nexpected {whole}\ngot      {got}");
                let query = format!(
                    "{{ s {{ tGroups(by: [team], where: {filter}) {{ key {{ team }} aggregate {{ {figures} }} }} }} }}"
                );
                let answer = ask(&gateway, &query).await;
                for group in answer["data"]["s"]["tGroups"].as_array().unwrap() {
                    let team = &group["key"]["team"];
                    let filter = if team.is_null() { "team IS NULL".to_owned() } else { format!("team = {team}") };
                    let part = expected(&connection, column, number, shown, &filter);
                    let got = &group["aggregate"];
                    assert!(same(&sorted(got), &sorted(&part)), "{query} {filter}\nexpected {part}\ngot      {got}");
                }
            }
        }
    }
}

#[tokio::test]
async fn sums_are_exact_beyond_what_a_float_holds() {
    let city = City::empty();
    city.database(
        "s.sqlite",
        "CREATE TABLE t (id INTEGER PRIMARY KEY, tag TEXT, exact DECIMAL(20,2), big INTEGER, real REAL);
         INSERT INTO t VALUES (1, 'x', 0.1, 9223372036854775807, 1e308), (2, 'x', 0.2, 9223372036854775807, 1e308),
           (3, 'x', 0.7, -1, NULL);",
    );
    city.write("lilong.toml", CATALOG);
    let gateway = serve(city.folder()).await;
    for filter in ["{}", r#"{ tag: { _regex: "x" } }"#] {
        let query = format!(
            "{{ s {{ tAggregate(where: {filter}) {{ aggregate {{ sum {{ exact big real }} max {{ big }} }} }} }} }}"
        );
        let answer = ask(&gateway, &query).await;
        let sums = &answer["data"]["s"]["tAggregate"]["aggregate"]["sum"];
        assert_eq!(*sums, json!({ "exact": "1.00", "big": "18446744073709551613", "real": null }), "{answer}");
        let error = &answer["errors"][0];
        assert_eq!(error["extensions"]["code"], "SOURCE_MISMATCH", "{answer}");
        assert_eq!(error["path"], json!(["s", "tAggregate", "aggregate", "sum", "real"]));
    }
}

/// An object's keys in order: the answer's stand as they were asked for.
fn sorted(value: &Value) -> Value {
    let Value::Object(entries) = value else { return value.clone() };
    let mut entries: Vec<_> = entries.iter().map(|(key, value)| (key.clone(), value.clone())).collect();
    entries.sort_by(|one, other| one.0.cmp(&other.0));
    Value::Object(entries.into_iter().collect())
}
