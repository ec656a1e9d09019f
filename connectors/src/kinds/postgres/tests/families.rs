//! Families, as far as a server can show them: `TimescaleDB` where the server has it, and what is said without `LATERAL`.

use arrow_array::{ArrayRef, Int64Array, RecordBatch};

use super::*;
use crate::kinds::postgres::family::{EMPTY, Family, POSTGRES};
use crate::kinds::postgres::pool::Pool;
use crate::kinds::postgres::{Database, settings};
use crate::rows::columns_schema;
use crate::{Aggregate, Function, Group, GroupKey, KeySet, Order, OrderTarget};

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
        fetch.keys = Some(KeySet { limit: Some(0), offset: Some(1), ..KeySet::of(vec![1]) });
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

fn of_row(settings: &SourceSettings, family: &'static Family) -> Arc<dyn Connector> {
    let read = settings::read(settings).unwrap();
    let pool = Pool::new("live".into(), read.options, family, false, settings.tuning.clone());
    let settings = Arc::new(settings.clone());
    Arc::new(Database { pool, schemas: read.schemas, family, settings, changes: None })
}

const TOWN: &str = "CREATE TYPE mood AS ENUM ('sad', 'glad'); \
    CREATE TABLE street (id int PRIMARY KEY, code char(4) UNIQUE, old int); \
    CREATE TABLE t (a int, b text, name text COLLATE \"und-x-icu\", mood mood, wait interval, price numeric(8, 2), \
      at timestamptz, street int REFERENCES street, list int[], doc jsonb, PRIMARY KEY (a, b)); \
    CREATE UNIQUE INDEX ON t (name) INCLUDE (price); CREATE UNIQUE INDEX ON t (price) WHERE a > 1; \
    CREATE UNIQUE INDEX ON t (lower(name)); \
    ALTER TABLE street ADD FOREIGN KEY (old) REFERENCES street NOT VALID; \
    CREATE TABLE kind (id int PRIMARY KEY, street int REFERENCES street); CREATE TABLE sort () INHERITS (kind); \
    INSERT INTO street VALUES (1, 'ab', 1), (2, 'b', 1); \
    INSERT INTO t SELECT n, 'b' || n % 2, chr(64 + n), CASE WHEN n % 2 = 0 THEN 'sad'::mood ELSE 'glad' END, \
      n * interval '1 hour', n / 4.0, '2026-01-01'::timestamptz + n * interval '1 day', n % 2 + 1, ARRAY[n], '{}' \
      FROM generate_series(1, 12) AS n";

#[tokio::test]
async fn a_plain_family_describes_by_old_tables_what_new_ones_tell() {
    let Some((settings, _connection)) = schema("plain described", TOWN).await else {
        return;
    };
    let (own, plain) = (open(&settings).unwrap(), of_family(&settings, "kingbase"));
    // A key that old rows were not checked for is not kept, nor is one that rows of heirs are not held to.
    for (table, is_kept) in [("t", true), ("street", false), ("kind", false)] {
        let (own, plain) = (described(&own, table).await, described(&plain, table).await);
        assert_eq!((&own.keys, &own.foreign_keys), (&plain.keys, &plain.foreign_keys));
        assert_eq!(own.foreign_keys.iter().map(|key| key.enforced).collect::<Vec<_>>(), [is_kept], "{table}");
        let fields = |collection: &Collection| -> Vec<(String, Scalar, bool)> {
            let served = collection.fields.iter().filter(|field| field.name != "list");
            served.map(|field| (field.name.clone(), field.scalar, field.nullable)).collect()
        };
        assert_eq!(fields(&own), fields(&plain));
        assert_eq!(own.fields.len() - plain.fields.len(), usize::from(table == "t"), "a list is left out");
    }
    let described = plain.describe().await.unwrap();
    assert_eq!(described.enumerations[0].values, ["sad", "glad"]);
    assert!(described.warnings.iter().any(|warning| warning.contains("t.list is left out")));
    assert!(described.warnings.iter().any(|warning| warning.contains("never run against a server")));
}

#[tokio::test]
async fn a_plain_family_is_answered_as_postgres_answers() {
    let Some((settings, _connection)) = schema("plain answered", TOWN).await else {
        return;
    };
    let mut found = vec![];
    for connector in [open(&settings).unwrap(), of_family(&settings, "kingbase")] {
        let table = described(&connector, "t").await;
        let id = |name: &str| table.field_id(name).unwrap();
        let order = |name: &str| Order {
            path: vec![],
            target: OrderTarget::Field(id(name)),
            descending: true,
            nulls_first: true,
        };
        let mut answers = vec![];
        let mut note = |answer: Vec<Rows>| {
            answers.push(answer.iter().map(|rows| format!("{:?}", rows.batch.columns())).collect::<Vec<_>>());
        };
        for (column, comparison, value) in [
            ("name", Comparison::Equal, Value::Text("C".into())),
            ("name", Comparison::NotEqual, Value::Text("C".into())),
            ("name", Comparison::StartsWith, Value::Text("D".into())),
            ("name", Comparison::In, Value::List(vec![Value::Text("A".into()), Value::Text("b".into())])),
            ("mood", Comparison::Equal, Value::Text("sad".into())),
            ("wait", Comparison::Equal, Value::Text("03:00:00".into())),
            ("price", Comparison::GreaterOrEqual, Value::Decimal("2.5".into())),
            ("at", Comparison::Less, Value::DateTime(1_767_571_200_000_000)),
            ("a", Comparison::In, Value::List(vec![Value::Integer(3), Value::Integer(i128::from(i64::MAX) + 1)])),
        ] {
            let columns = ["a", "b", "name", "mood", "wait", "price", "at", "doc"].map(id).to_vec();
            let predicate = Predicate::Compare { field: id(column), comparison, operand: 0 };
            let fetch = Fetch { columns, predicate, order: vec![order("a")], ..everything(&table) };
            note(ask(&connector, fetch, vec![Operand::Value(value)]).await.unwrap());
        }
        // Keys of two columns, the first row of each.
        let keys = Some(KeySet { limit: Some(0), ..KeySet::of(vec![id("a"), id("b")]) });
        let rising = Order { descending: false, nulls_first: false, ..order("a") };
        let fetch = Fetch { columns: vec![id("name")], order: vec![rising], keys, ..everything(&table) };
        let given: Vec<ArrayRef> = vec![
            Arc::new(arrow_array::Int32Array::from(vec![1, 2, 3])),
            Arc::new(arrow_array::StringArray::from(vec!["b1", "b1", "b1"])),
        ];
        let keys = RecordBatch::try_new(columns_schema(&table, &[id("a"), id("b")]), given).unwrap();
        let operands = vec![Operand::Value(Value::Integer(1))];
        let bound = BoundFetch { prepared: Arc::new(Prepared::new(fetch)), operands, keys: Some(keys) };
        let context = FetchContext::new(Instant::now() + Duration::from_mins(1), "live");
        note(connector.fetch(&bound, &context).await.unwrap().try_collect().await.unwrap());
        // Figures of each street.
        let figures: Vec<Aggregate> = [
            (Function::Count, vec![]),
            (Function::Count, vec!["name", "price"]),
            (Function::CountDistinct, vec!["b", "mood"]),
            (Function::Sum, vec!["a"]),
            (Function::Sum, vec!["price"]),
            (Function::Average, vec!["a"]),
            (Function::Deviation, vec!["price"]),
            (Function::Minimum, vec!["name"]),
            (Function::Maximum, vec!["at"]),
        ]
        .into_iter()
        .map(|(function, columns)| Aggregate { function, fields: columns.into_iter().map(id).collect() })
        .collect();
        let by = vec![GroupKey { path: vec![], field: id("street") }];
        let group = Group {
            answer: Group::describe(&table, &[], &by, &figures),
            by,
            aggregates: figures,
            having: Predicate::TRUE,
            order: vec![Order { path: vec![], target: OrderTarget::Field(0), descending: false, nulls_first: false }],
            limit: None,
            offset: None,
        };
        let fetch = Fetch { columns: vec![], group: Some(group), ..everything(&table) };
        note(ask(&connector, fetch, vec![]).await.unwrap());
        found.push(answers);
    }
    let (own, plain) = (&found[0], &found[1]);
    for (at, (own, plain)) in own.iter().zip(plain).enumerate() {
        assert!(!own.is_empty(), "question {at} finds nothing");
        assert_eq!(own, plain, "question {at}");
    }
}

#[tokio::test]
async fn a_database_that_is_otherwise_than_its_family_is_rejected_in_plain_words() {
    static OTHER: Family =
        Family { probes: &[EMPTY, ("1 = 2", "one is not two")], ..Family { plain: true, settings: &[], ..POSTGRES } };
    let Some((settings, _connection)) = schema("unlike", "SELECT 1").await else {
        return;
    };
    let error = of_row(&settings, &OTHER).ping().await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Rejected);
    assert_eq!(error.context, "the database cannot be served: one is not two");
    let error = of_family(&settings, "opengauss").ping().await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Rejected);
    assert_eq!(error.context, "the database cannot be served: it is not of the family that is named");
}
