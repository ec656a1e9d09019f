//! The same walks over PostgreSQL and MySQL: every type that can be ordered, collations to which case is nothing among them.
//!
//! The servers are those that `LILONG_TEST_POSTGRES` and `LILONG_TEST_MYSQL` name; without one its test is skipped.

use std::str::FromStr;

use lilong_tests::city::City;
use lilong_tests::serve;
use sqlx::mysql::MySqlConnectOptions;
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions};

use super::{DIRECTIONS, assert_walks};

/// A server that is named, or `None`, which is told.
fn server(variable: &str) -> Option<String> {
    let url = std::env::var(variable).ok();
    if url.is_none() {
        assert!(std::env::var("LILONG_REQUIRE_SERVERS").is_err(), "{variable} names no server");
        eprintln!("skipped: {variable} names no server");
    }
    url
}

/// Each of some columns in every direction, then some orders of several terms.
fn orders(columns: &[&str], more: &[&str]) -> Vec<String> {
    let one = columns
        .iter()
        .flat_map(|column| ["ASC", "DESC"].into_iter().map(move |direction| format!("{{ {column}: {direction} }}")));
    let first = DIRECTIONS.iter().map(|direction| format!("[{{ {}: {direction} }}]", columns[0]));
    one.chain(first).chain(more.iter().map(|order| (*order).to_owned())).collect()
}

async fn walk(connector: &str, options: &str, orders: &[String]) {
    let city = City::empty();
    let catalog = format!(
        "[defaults]\ntimeout = \"30s\"\nconnect_timeout = \"10s\"\nwait_timeout = \"10s\"\n[server.limits]\ndeadline = \"60s\"\n\
         [[source]]\nname = \"s\"\nconnector = \"{connector}\"\n{options}\n"
    );
    city.write("lilong.toml", &catalog);
    let gateway = serve(city.folder()).await;
    let orders = orders.iter().map(String::as_str).collect::<Vec<_>>();
    assert_walks(&gateway, ("s", "t"), "id", &orders).await;
}

const C: &str = "INSERT INTO c VALUES (1, 'b'), (2, 'A'), (3, 'a'), (4, NULL);";

#[tokio::test]
async fn pages_of_a_postgresql_server_come_to_the_list() {
    let Some(url) = server("LILONG_TEST_POSTGRES") else { return };
    let schema = format!("walk_{}", std::process::id());
    let options = PgConnectOptions::from_str(&url).unwrap().disable_statement_logging();
    let mut connection = options.connect().await.unwrap();
    let text = format!(
        "CREATE SCHEMA {schema}; SET search_path = {schema};
         CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
         CREATE COLLATION blind (provider = icu, locale = 'und-u-ks-level1', deterministic = false);
         CREATE TABLE c (id int PRIMARY KEY, name text COLLATE blind); {C}
         CREATE TABLE t (id int PRIMARY KEY, ci text COLLATE blind, en text COLLATE \"en-x-icu\", price numeric(9, 2), x real,
             d double precision, day date, at timestamptz, lo timestamp, ti time, u uuid, mood mood, pad char(5), span interval,
             yes boolean, c_id int REFERENCES c, big bigint);
         INSERT INTO t SELECT i, (ARRAY['a', 'A', 'b', 'B', 'é', 'E', NULL])[1 + i % 7], (ARRAY['a', 'A', 'b', 'B', '', '-', NULL])[1 + i * 3 % 7],
             CASE WHEN i % 5 <> 0 THEN (i % 4) * 1.25 - 2 END, CASE WHEN i % 5 <> 1 THEN (i % 3) * 0.1 END,
             CASE WHEN i % 5 <> 2 THEN (i % 4) / 3.0 END, CASE WHEN i % 4 <> 0 THEN date '2026-01-01' + i % 3 END,
             CASE WHEN i % 4 <> 1 THEN timestamptz '2026-01-01 00:00:00.000001Z' + (i % 3) * interval '1 microsecond' END,
             CASE WHEN i % 4 <> 2 THEN timestamp '2026-01-01' - (i % 3) * interval '7 hours' END,
             CASE WHEN i % 4 <> 3 THEN time '10:00' + (i % 3) * interval '1 minute' END,
             CASE WHEN i % 6 <> 0 THEN ('00000000-0000-0000-0000-00000000000' || i % 3)::uuid END,
             (ARRAY['sad', 'ok', 'happy', NULL])[1 + i % 4]::mood, (ARRAY['a', 'a ', 'b', NULL])[1 + i % 4],
             CASE WHEN i % 5 <> 0 THEN (i % 3) * interval '1 month' - (i % 2) * interval '40 days' END,
             CASE WHEN i % 3 <> 0 THEN i % 2 = 0 END, CASE WHEN i % 5 <> 4 THEN 1 + i % 4 END, 9223372036854775800 + i % 3
         FROM generate_series(1, 18) AS i"
    );
    sqlx::raw_sql(AssertSqlSafe(text)).execute(&mut connection).await.unwrap();
    let columns =
        ["ci", "en", "price", "x", "d", "day", "at", "lo", "ti", "u", "mood", "pad", "span", "yes", "cId", "big"];
    let more = [
        "[{ ci: ASC }, { x: DESC }]",
        "[{ mood: DESC }, { ci: DESC }]",
        "{ c: { name: ASC } }",
        "[{ c: { name: DESC } }, { en: ASC }]",
    ];
    walk("postgres", &format!("url = \"{url}\"\nschemas = [\"{schema}\"]"), &orders(&columns, &more)).await;
    sqlx::raw_sql(AssertSqlSafe(format!("DROP SCHEMA {schema} CASCADE"))).execute(&mut connection).await.unwrap();
}

#[tokio::test]
async fn pages_of_a_mysql_server_come_to_the_list() {
    let Some(url) = server("LILONG_TEST_MYSQL") else { return };
    let name = format!("lilong_walk_{}", std::process::id());
    let options = MySqlConnectOptions::from_str(&url).unwrap().disable_statement_logging();
    let mut connection = options.connect().await.unwrap();
    let row = |i: u32| {
        let or_null = |value: String, null: bool| if null { "NULL".to_owned() } else { value };
        let text = |list: &[&str], at: u32| format!("'{}'", list[at as usize % list.len()]);
        let cells = [
            i.to_string(),
            or_null(text(&["a", "A", "b", "B", "é", "E"], i), i.is_multiple_of(7)),
            or_null(format!("{}", f64::from(i % 4) * 1.25 - 2.0), i.is_multiple_of(5)),
            or_null(format!("{}", f64::from(i % 3) * 0.1), i % 5 == 1),
            or_null(format!("{} / 3", i % 4), i % 5 == 2),
            or_null(format!("'2026-01-0{}'", 1 + i % 3), i.is_multiple_of(4)),
            or_null(format!("'2026-01-01 00:00:00.00000{}'", i % 3), i % 4 == 1),
            or_null(format!("'2026-01-01 0{}:00:00'", i % 3), i % 4 == 2),
            or_null(format!("'10:0{}:00'", i % 3), i % 4 == 3),
            or_null(text(&["sad", "ok", "happy"], i), i.is_multiple_of(4)),
            or_null(text(&["a", "b", "B"], i), i % 4 == 1),
            or_null((i % 2).to_string(), i.is_multiple_of(3)),
            or_null((1 + i % 4).to_string(), i % 5 == 4),
            (18_446_744_073_709_551_600_u64 + u64::from(i % 3)).to_string(),
        ];
        format!("({})", cells.join(", "))
    };
    let rows = (1..=18).map(row).collect::<Vec<_>>().join(", ");
    let text = format!(
        "CREATE DATABASE {name} CHARACTER SET utf8mb4; USE {name};
         CREATE TABLE c (id int PRIMARY KEY, name varchar(20)); {C}
         CREATE TABLE t (id int PRIMARY KEY, ci varchar(20), price decimal(9, 2), x float, d double, day date, lo datetime(6),
             at timestamp NULL, ti time, mood enum('sad', 'ok', 'happy'), pad char(5), yes tinyint(1), c_id int,
             big bigint unsigned, FOREIGN KEY (c_id) REFERENCES c (id));
         INSERT INTO t VALUES {rows}"
    );
    sqlx::raw_sql(AssertSqlSafe(text)).execute(&mut connection).await.unwrap();
    let columns = ["ci", "price", "x", "d", "day", "lo", "at", "ti", "mood", "pad", "yes", "cId", "big"];
    let more = [
        "[{ ci: ASC }, { x: DESC }]",
        "[{ mood: DESC }, { ci: DESC }]",
        "{ c: { name: ASC } }",
        "[{ c: { name: DESC } }, { ci: ASC }]",
    ];
    let (server, _) = url.rsplit_once('/').unwrap();
    walk("mysql", &format!("url = \"{server}/{name}\""), &orders(&columns, &more)).await;
    sqlx::raw_sql(AssertSqlSafe(format!("DROP DATABASE {name}"))).execute(&mut connection).await.unwrap();
}
