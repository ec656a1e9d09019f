//! Families, as far as a server can show them: `TimescaleDB` where the server has it, and what is said without `LATERAL`.

use arrow_array::{ArrayRef, Int64Array, RecordBatch};

use super::*;
use crate::rows::columns_schema;
use crate::{KeySet, Order, OrderTarget};

fn of_family(settings: &SourceSettings, family: &str) -> Arc<dyn Connector> {
    let mut settings = settings.clone();
    settings.options.insert("family".to_owned(), OptionValue::new(OptionKind::Text(Secret::new(family))));
    open(&settings).unwrap()
}

#[tokio::test]
async fn a_table_that_others_inherit_from_counts_their_rows_and_has_no_key() {
    let text = "CREATE TABLE whole (id int PRIMARY KEY); CREATE TABLE part () INHERITS (whole); \
                INSERT INTO part SELECT generate_series(1, 300); INSERT INTO whole VALUES (1); \
                ANALYZE whole; ANALYZE part";
    let Some((settings, _connection)) = schema("inherited", text).await else {
        return;
    };
    for connector in [open(&settings).unwrap(), of_family(&settings, "citus")] {
        let whole = described(&connector, "whole").await;
        assert_eq!((whole.rows, whole.keys.len()), (Some(300), 0));
    }
}

#[tokio::test]
async fn a_hypertable_has_its_keys_and_counts_the_rows_of_its_chunks() {
    let Some((settings, mut connection)) = schema("hypertables", "SELECT 1").await else {
        return;
    };
    let there = "SELECT current_setting('shared_preload_libraries') LIKE '%timescaledb%'";
    if !sqlx::query(there).fetch_one(&mut connection).await.unwrap().get::<bool, _>(0) {
        eprintln!("skipped: hypertables: the server has no TimescaleDB");
        return;
    }
    let text = "CREATE EXTENSION IF NOT EXISTS timescaledb SCHEMA public; \
                CREATE TABLE reading (sensor int NOT NULL, at timestamptz NOT NULL, PRIMARY KEY (sensor, at)); \
                SELECT create_hypertable('reading', 'at', chunk_time_interval => interval '1 day'); \
                INSERT INTO reading SELECT 1, '2026-01-01'::timestamptz + n * interval '1 hour' FROM generate_series(1, 100) AS n; \
                CREATE TABLE whole (id int PRIMARY KEY); CREATE TABLE part () INHERITS (whole); \
                ANALYZE reading";
    sqlx::raw_sql(text).execute(&mut connection).await.unwrap();
    for (family, keys) in [("timescale", 1), ("citus", 0)] {
        let connector = of_family(&settings, family);
        let reading = described(&connector, "reading").await;
        assert_eq!((reading.rows, reading.keys.len()), (Some(100), keys), "{family}");
        assert!(described(&connector, "whole").await.keys.is_empty(), "another table's chunks have keys of their own");
        assert_eq!(rows(&ask(&connector, everything(&reading), vec![]).await.unwrap()), 100);
    }
}

#[tokio::test]
async fn each_key_is_cut_the_same_by_ranks_as_by_look_ups() {
    let text = "CREATE TABLE t (id bigint PRIMARY KEY, a bigint); CREATE INDEX ON t (a); CREATE TABLE none (id bigint); \
                INSERT INTO t SELECT n, n % 20 FROM generate_series(1, 1000) AS n; ANALYZE t; ANALYZE none";
    let Some((settings, _connection)) = schema("ranks", text).await else {
        return;
    };
    let mut found = vec![];
    for (connector, lateral) in [(open(&settings).unwrap(), true), (of_family(&settings, "citus"), false)] {
        let table = described(&connector, "t").await;
        let order = |at| Order { path: vec![], target: OrderTarget::Field(at), descending: true, nulls_first: true };
        let mut fetch = everything(&table);
        fetch.order = vec![order(0)];
        fetch.keys = Some(KeySet { columns: vec![1], normalize: vec![], limit: Some(0), offset: Some(1) });
        let text = connector.explain(&fetch).unwrap().text;
        assert_eq!((text.contains("LATERAL"), text.contains("ROW_NUMBER()")), (lateral, !lateral), "{text}");
        let keys: ArrayRef = Arc::new(Int64Array::from(vec![3, 7, 99]));
        let keys = RecordBatch::try_new(columns_schema(&table, &[1]), vec![keys]).unwrap();
        let operands = [2, 1].map(|number| Operand::Value(Value::Integer(number))).to_vec();
        let bound = BoundFetch { prepared: Arc::new(Prepared::new(fetch)), operands, keys: Some(keys) };
        let context = FetchContext::new(Instant::now() + Duration::from_mins(1), "live");
        let answer: Vec<Rows> = connector.fetch(&bound, &context).await.unwrap().try_collect().await.unwrap();
        let mut ids: Vec<i64> = vec![];
        for rows in &answer {
            let column = rows.batch.column(0).as_any().downcast_ref::<Int64Array>().unwrap();
            ids.extend(column.values());
        }
        ids.sort_unstable();
        found.push(ids);
        // What the coordinator does not count is not known to be empty.
        assert_eq!(described(&connector, "none").await.rows, lateral.then_some(0));
    }
    assert_eq!(found, [vec![943, 947, 963, 967], vec![943, 947, 963, 967]]);
}
