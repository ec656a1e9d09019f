//! What needs a server and is no matter of every kind: the one that `LILONG_TEST_POSTGRES` names; skipped without.

mod collations;
mod families;

use std::str::FromStr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow_array::Array;
use futures::{FutureExt, TryStreamExt};
use lilong_schema::catalog::{OptionKind, OptionValue, SourceSettings};
use lilong_schema::{Collection, Scalar, Secret, Value};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Row};

use super::{KIND, open};
use crate::{
    BoundFetch, Comparison, Connector, ErrorKind, Fetch, FetchContext, Operand, Predicate, Prepared, Result, Rows,
};

fn url() -> Option<String> {
    let url = std::env::var("LILONG_TEST_POSTGRES").ok();
    assert!(
        url.is_some() || std::env::var("LILONG_REQUIRE_SERVERS").as_deref() != Ok("1"),
        "no server of PostgreSQL runs"
    );
    url
}

/// A schema of its own, filled by `text`, and the block that reads it.
async fn schema(name: &str, text: &str) -> Option<(SourceSettings, PgConnection)> {
    let url = url()?;
    let name = format!("{name} {}", std::process::id());
    let mut connection = PgConnectOptions::from_str(&url).unwrap().connect().await.unwrap();
    let text = format!("CREATE SCHEMA \"{name}\"; SET search_path = \"{name}\", public; {text}");
    sqlx::raw_sql(AssertSqlSafe(text)).execute(&mut connection).await.unwrap();
    let mut settings = SourceSettings { name: "live".to_owned(), ..SourceSettings::default() };
    settings.tuning.connections = 1;
    settings.tuning.wait_timeout = Duration::from_secs(5);
    let url = OptionValue::new(OptionKind::Text(Secret::new(url)));
    settings.options.insert("url".to_owned(), url);
    let schemas = OptionValue::new(OptionKind::Texts(vec![Secret::new(name)]));
    settings.options.insert("schemas".to_owned(), schemas);
    Some((settings, connection))
}

fn everything(collection: &Arc<Collection>) -> Fetch {
    Fetch::of(collection.clone(), (0..collection.fields.len()).collect())
}

async fn ask(connector: &Arc<dyn Connector>, fetch: Fetch, operands: Vec<Operand>) -> Result<Vec<Rows>> {
    let bound = BoundFetch { prepared: Arc::new(Prepared::new(fetch)), operands, keys: None };
    let context = FetchContext::new(Instant::now() + Duration::from_mins(1), "live");
    connector.fetch(&bound, &context).await?.try_collect().await
}

fn rows(answer: &[Rows]) -> usize {
    answer.iter().map(|rows| rows.batch.num_rows()).sum()
}

async fn described(connector: &Arc<dyn Connector>, name: &str) -> Arc<Collection> {
    let description = connector.describe().await.unwrap();
    let found = description.collections.into_iter().find(|found| found.name == name);
    Arc::new(found.unwrap())
}

#[tokio::test]
async fn what_is_given_up_ends_at_the_server() {
    let text = "CREATE VIEW slow AS SELECT 1 AS id, pg_sleep(60)::text AS nap";
    let Some((mut settings, mut connection)) = schema("cancel", text).await else {
        return;
    };
    settings.tuning.timeout = Duration::from_secs(50);
    let connector = open(&settings).unwrap();
    let slow = described(&connector, "slow").await;
    let mut asking = ask(&connector, everything(&slow), vec![]).boxed();
    let running = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%\"slow\" AS t0%' \
                   AND query NOT LIKE '%activity%' AND state = 'active'";
    let mut count = async || -> i64 {
        let row = sqlx::query(running).fetch_one(&mut connection).await.unwrap();
        row.get(0)
    };
    while count().await == 0 {
        assert!(asking.as_mut().now_or_never().is_none());
    }
    drop(asking);
    let begun = Instant::now();
    while count().await > 0 {
        tokio::task::yield_now().await;
        assert!(begun.elapsed() < Duration::from_secs(20), "it still runs");
    }
    connector.ping().await.unwrap();
}

#[tokio::test]
async fn the_server_itself_ends_what_takes_too_long() {
    let text = "CREATE VIEW slow AS SELECT 1 AS id, pg_sleep(60)::text AS nap";
    for pooler in [false, true] {
        let name = if pooler { "pooled timeout" } else { "timeout" };
        let Some((mut settings, _connection)) = schema(name, text).await else {
            return;
        };
        settings.tuning.timeout = Duration::from_millis(300);
        let pooler = OptionValue::new(OptionKind::Boolean(pooler));
        settings.options.insert("pooler".to_owned(), pooler);
        let connector = open(&settings).unwrap();
        let slow = described(&connector, "slow").await;
        let error = ask(&connector, everything(&slow), vec![]).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Timeout, "{error}");
    }
}

#[tokio::test]
async fn a_pooler_sees_transactions_that_only_read() {
    let text = "CREATE TABLE t (id bigint PRIMARY KEY); INSERT INTO t SELECT generate_series(1, 3); \
                CREATE FUNCTION try() RETURNS bigint LANGUAGE sql AS 'INSERT INTO t VALUES (9) RETURNING id'; \
                CREATE VIEW writing AS SELECT try() AS id";
    for pooler in [false, true] {
        let name = if pooler { "pooled reads" } else { "reads" };
        let text = text.replace("try()", &format!("\"{name} {}\".try()", std::process::id()));
        let text = text.replace("INTO t VALUES", &format!("INTO \"{name} {}\".t VALUES", std::process::id()));
        let Some((mut settings, _connection)) = schema(name, &text).await else {
            return;
        };
        let pooler = OptionValue::new(OptionKind::Boolean(pooler));
        settings.options.insert("pooler".to_owned(), pooler);
        let connector = open(&settings).unwrap();
        let table = described(&connector, "t").await;
        for _ in 0..3 {
            assert_eq!(rows(&ask(&connector, everything(&table), vec![]).await.unwrap()), 3);
        }
        let writing = described(&connector, "writing").await;
        let error = ask(&connector, everything(&writing), vec![]).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Rejected, "{error}");
    }
}

#[tokio::test]
async fn a_table_that_was_changed_is_read_anew_at_once() {
    let text = "CREATE TABLE t (id bigint PRIMARY KEY, value integer); INSERT INTO t VALUES (1, 10), (2, 20)";
    let Some((settings, mut connection)) = schema("changed", text).await else {
        return;
    };
    let connector = open(&settings).unwrap();
    let table = described(&connector, "t").await;
    assert_eq!(rows(&ask(&connector, everything(&table), vec![]).await.unwrap()), 2);
    let change = "ALTER TABLE t ALTER value TYPE numeric; UPDATE t SET value = 20.5 WHERE id = 2";
    sqlx::raw_sql(change).execute(&mut connection).await.unwrap();
    let answer = ask(&connector, everything(&table), vec![]).await.unwrap();
    assert_eq!(rows(&answer), 2);
    assert_eq!(answer.iter().map(|rows| rows.faults.len()).sum::<usize>(), 1);
    sqlx::raw_sql("ALTER TABLE t DROP value").execute(&mut connection).await.unwrap();
    let error = ask(&connector, everything(&table), vec![]).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Mismatch, "{error}");
}

#[tokio::test]
async fn a_connection_that_the_server_ended_is_replaced_unnoticed() {
    let text = "CREATE TABLE t (id bigint PRIMARY KEY); INSERT INTO t VALUES (1)";
    let Some((settings, mut connection)) = schema("ended", text).await else {
        return;
    };
    let connector = open(&settings).unwrap();
    let table = described(&connector, "t").await;
    for _ in 0..2 {
        assert_eq!(rows(&ask(&connector, everything(&table), vec![]).await.unwrap()), 1);
        let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                   WHERE application_name = 'lilong' AND query LIKE '%\"ended %'";
        sqlx::raw_sql(end).execute(&mut connection).await.unwrap();
    }
}

#[tokio::test]
async fn integers_past_64_bits_equal_nothing() {
    let text = format!("CREATE TABLE t (id bigint PRIMARY KEY); INSERT INTO t VALUES (1), ({})", i64::MAX);
    let Some((settings, _connection)) = schema("wide", &text).await else {
        return;
    };
    let connector = open(&settings).unwrap();
    let table = described(&connector, "t").await;
    let past = Value::Integer(i128::from(i64::MAX) + 1);
    for (comparison, value, expected) in [
        (Comparison::Equal, past.clone(), 0),
        (Comparison::NotEqual, past.clone(), 2),
        (Comparison::Less, past.clone(), 2),
        (Comparison::GreaterOrEqual, past.clone(), 0),
        (Comparison::In, Value::List(vec![past.clone(), Value::Integer(1)]), 1),
        (Comparison::NotIn, Value::List(vec![past]), 2),
    ] {
        let mut fetch = everything(&table);
        fetch.predicate = Predicate::Compare { field: 0, comparison, operand: 0 };
        let answer = ask(&connector, fetch, vec![Operand::Value(value)]).await.unwrap();
        assert_eq!(rows(&answer), expected, "{comparison:?}");
    }
}

#[tokio::test]
async fn what_cannot_be_represented_is_a_fault_of_its_cell() {
    let text = "CREATE TABLE t (id integer PRIMARY KEY, r real, d double precision, n numeric, da date, ts timestamp, \
                tz timestamptz, ti time); \
                INSERT INTO t VALUES (1, 'NaN', '-Infinity', 'NaN', '0044-03-15 BC', 'infinity', '10000-01-01', '24:00')";
    let Some((settings, _connection)) = schema("faults", text).await else {
        return;
    };
    let connector = open(&settings).unwrap();
    let table = described(&connector, "t").await;
    let answer = ask(&connector, everything(&table), vec![]).await.unwrap();
    assert_eq!(answer[0].faults.len(), 7);
    assert!((1..8).all(|column| answer[0].batch.column(column).is_null(0)));
}

#[tokio::test]
async fn only_whole_indexes_are_keys() {
    let text = "CREATE DOMAIN code AS varchar(5); CREATE EXTENSION IF NOT EXISTS citext WITH SCHEMA public; \
                CREATE TABLE t (id integer PRIMARY KEY, a code, b char(3) UNIQUE, c public.citext, v tsvector, x integer[]); \
                CREATE UNIQUE INDEX ON t (a) WHERE id > 1; CREATE UNIQUE INDEX ON t (lower(a)); \
                CREATE UNIQUE INDEX ON t (a, c) INCLUDE (x); \
                CREATE TABLE whole (id integer, k integer, PRIMARY KEY (id, k)) PARTITION BY RANGE (k); \
                CREATE TABLE part PARTITION OF whole FOR VALUES FROM (0) TO (9); \
                CREATE TABLE parent (id integer PRIMARY KEY); CREATE TABLE child () INHERITS (parent)";
    let Some((settings, _connection)) = schema("keys", text).await else {
        return;
    };
    let connector = open(&settings).unwrap();
    let found = connector.describe().await.unwrap();
    let names: Vec<&str> = found.collections.iter().map(|found| found.name.as_str()).collect();
    assert_eq!(names, ["child", "parent", "t", "whole"]);
    let keys = |at: usize| -> Vec<String> {
        let keys = found.collections[at].keys.iter();
        keys.map(|key| key.columns.join(" ")).collect()
    };
    assert_eq!(keys(1), [""; 0], "children may repeat a parent's key");
    assert_eq!(keys(2), ["id", "b", "a c"]);
    assert_eq!(keys(3), ["id k"]);
    let scalars: Vec<Scalar> = found.collections[2].fields.iter().map(|field| field.scalar).collect();
    let text = Scalar::String;
    assert_eq!(scalars, [Scalar::Int, text, text, text, Scalar::Json], "no tsvector");
}

#[tokio::test]
async fn a_server_gives_its_databases() {
    let Some(url) = url() else {
        return;
    };
    let (front, _) = url.rsplit_once('/').unwrap();
    let mut settings = SourceSettings { name: "all_{name}".to_owned(), ..SourceSettings::default() };
    let pattern = OptionValue::new(OptionKind::Text(Secret::new(format!("{front}/post*"))));
    settings.options.insert("url".to_owned(), pattern);
    let discovery = KIND.discovery.unwrap();
    let parts = (discovery.parts)(&settings).await.unwrap();
    assert_eq!(parts, ["postgres"]);
    let narrowed = (discovery.narrow)(&settings, &parts[0]);
    assert_eq!(narrowed.name, "all_postgres");
    open(&narrowed).unwrap().ping().await.unwrap();
    let gone = (discovery.narrow)(&settings, "no such database");
    let error = open(&gone).unwrap().ping().await.unwrap_err();
    assert_eq!((error.kind, error.temporary), (ErrorKind::Unavailable, false), "{error}");
}

#[tokio::test]
async fn normalised_keys_are_looked_up_by_indexes_over_expressions() {
    use lilong_schema::Normalizer::{Compact, Lowercase, StripZeros, Trim, Uppercase};
    let text = "CREATE TABLE card (id int PRIMARY KEY, v varchar(40), c char(30), t text COLLATE \"C\", u text COLLATE \"und-x-icu\");
        INSERT INTO card SELECT n, 'a-' || n, '00' || n, ' x ' || n, 'u' || n FROM generate_series(1, 3000) AS n;
        CREATE INDEX ON card (upper(replace(replace(v, ' ', ''), '-', '')), id); CREATE INDEX ON card (trim(leading '0' from c));
        CREATE INDEX ON card (lower(trim(t))); CREATE INDEX ON card (translate(t, '- ', '')); CREATE INDEX ON card (trim(u));
        CREATE INDEX ON card (upper(u)); CREATE INDEX ON card (upper(v)) WHERE id > 5; CREATE INDEX ON card (upper(v || t));
        CREATE INDEX ON card (upper(t COLLATE \"C\")); ANALYZE card";
    let Some((settings, mut connection)) = schema("expressions", text).await else {
        return;
    };
    let connector = open(&settings).unwrap();
    let card = described(&connector, "card").await;
    for (name, steps) in [
        ("v", vec![Compact, Uppercase]),
        ("c", vec![StripZeros]),
        ("t", vec![Trim, Lowercase]),
        ("t", vec![Compact]),
        ("u", vec![Trim]),
    ] {
        let field = card.field_id(name).unwrap();
        let mut fetch = everything(&card);
        let keys = crate::KeySet { normalize: steps.clone(), ..crate::KeySet::of(vec![field]) };
        fetch.keys = Some(keys);
        let text = connector.explain(&fetch).unwrap().text;
        let text = format!("EXPLAIN {}", text.replace("$1", "ARRAY['a', 'b']::text[]"));
        let lines = sqlx::raw_sql(AssertSqlSafe(text.clone())).fetch_all(&mut connection).await.unwrap();
        let plan: Vec<String> = lines.iter().map(|line| line.get(0)).collect();
        assert!(plan.iter().any(|line| line.contains("Index Cond")), "{text} {plan:#?}");
    }
    let found: Vec<_> = card.expressions.iter().map(|index| (index.column.as_str(), index.functions.len())).collect();
    assert_eq!(found, [("v", 3), ("c", 1), ("t", 2), ("t", 2), ("u", 1)], "letters are ICU's own affair in `u`");
}
