//! The text of statements, and that an index serves them.

use arrow_array::{Int32Array, RecordBatch};
use sqlx::Row;

use super::*;
use crate::rows::columns_schema;

const TABLE: &str = "CREATE TABLE t (id INT PRIMARY KEY, a INT, name VARCHAR(50), l VARCHAR(50) CHARACTER SET latin1, \
    price DECIMAL(10,2), at DATETIME(6), KEY (a, name), KEY (name), KEY (l), KEY (price), KEY (at)); \
    INSERT INTO t SELECT n, n % 500, CONCAT('name ', n), CONCAT('l', n), n / 100, '2020-01-01' + INTERVAL n MINUTE FROM \
    (SELECT x.d * 1000 + y.d * 100 + z.d * 10 + w.d AS n FROM D x, D y, D z, D w) s; ANALYZE TABLE t";

fn table() -> String {
    let digits: Vec<String> = (0..10).map(|digit| format!("SELECT {digit} AS d")).collect();
    TABLE.replace(" D x, D y, D z, D w", " d x, d y, d z, d w").replacen(
        "CREATE TABLE t",
        &format!("CREATE TABLE d AS {}; CREATE TABLE t", digits.join(" UNION ALL ")),
        1,
    )
}

/// How the server would read a fetch: the access type of each table.
pub(super) async fn access(silo: &mut Silo, sql: &str) -> Vec<String> {
    let text = format!("EXPLAIN {}", sql.replace("?, …", "?, ?").replace(" OR …", ""));
    // What MySQL tells otherwise; MariaDB has no such setting, and tells the same always.
    let _ = sqlx::raw_sql("SET explain_format = 'TRADITIONAL'").execute(&mut silo.admin).await;
    let count = text.matches('?').count();
    let mut query = sqlx::query(AssertSqlSafe(text));
    for _ in 0..count {
        query = query.bind("5");
    }
    let rows = query.fetch_all(&mut silo.admin).await.unwrap();
    rows.iter().map(|row| row.try_get_unchecked::<String, _>("type").unwrap()).collect()
}

#[tokio::test]
async fn equality_is_exact_and_served_by_an_index() {
    let Some(mut silo) = Silo::new(&table()).await else {
        return;
    };
    for (column, comparison, condition) in [
        ("name", Comparison::Equal, "(t0.`name` = ? AND CAST(t0.`name` AS BINARY) = ?)"),
        ("name", Comparison::In, "(t0.`name` IN (?, …) AND CAST(t0.`name` AS BINARY) IN (?, …))"),
        ("l", Comparison::Equal, "(t0.`l` = ? AND CAST(CONVERT(t0.`l` USING utf8mb4) AS BINARY) = ?)"),
        ("price", Comparison::Equal, "(t0.`price` = ?)"),
        ("at", Comparison::Equal, "(t0.`at` = ?)"),
    ] {
        let bound = silo.question("t", &["id"], Some((column, comparison, Value::Null)));
        let sql = silo.connector.explain(bound.fetch()).unwrap().text;
        assert_eq!(sql, format!("SELECT t0.`id` FROM `t` AS t0 WHERE {condition} ORDER BY t0.`id`"));
        let access = access(&mut silo, &sql).await;
        assert!(["ref", "range"].contains(&access[0].as_str()), "{column} {access:?}");
    }
    silo.end().await;
}

#[tokio::test]
async fn each_key_is_looked_up_and_cut_by_itself() {
    let Some(mut silo) = Silo::new(&table()).await else {
        return;
    };
    let mut bound = silo.question("t", &["id", "a"], None);
    let mut fetch = bound.fetch().clone();
    let at = fetch.collection.field_id("a").unwrap();
    fetch.keys = Some(KeySet { columns: vec![at], normalize: Vec::new(), limit: Some(0), offset: None });
    let sql = silo.connector.explain(&fetch).unwrap().text;
    assert_eq!(sql, "(SELECT t0.`id`, t0.`a` FROM `t` AS t0 WHERE (t0.`a` = ?) ORDER BY t0.`id` LIMIT ?) UNION ALL …");
    let one = sql.replace("LIMIT ?", "LIMIT 5").replace(" UNION ALL …", "");
    assert_eq!(access(&mut silo, &one).await[0], "ref");
    let keys: Vec<i32> = (0..120).chain([10_000]).collect();
    let cells: ArrayRef = Arc::new(Int32Array::from(keys));
    bound.keys = Some(RecordBatch::try_new(columns_schema(&fetch.collection, &[at]), vec![cells]).unwrap());
    bound.operands = vec![Operand::Value(Value::Integer(3))];
    bound.prepared = Arc::new(Prepared::new(fetch));
    let rows = shown(&silo.fetch(&bound).await.unwrap());
    assert_eq!(rows.len(), 360);
    assert!(rows.contains(&vec!["1119".to_owned(), "119".to_owned()]));
    assert!(!rows.contains(&vec!["1619".to_owned(), "119".to_owned()]));
    silo.end().await;
}

#[tokio::test]
async fn any_number_of_keys_of_any_type_is_cut_one_by_one() {
    let make = "CREATE TABLE t (id INT PRIMARY KEY, k KIND, KEY (k)); \
        INSERT INTO t VALUES (1, 'A'), (2, 'B'), (3, 'C'), (4, 'A'), (5, 'B'), (6, NULL)";
    let uuids = ["1", "2", "3"].map(|digit| format!("{0}-{1}-{1}-{1}-{0}{1}", digit.repeat(8), digit.repeat(4)));
    let words = ["ann", "bob", "cid"].map(str::to_owned);
    for (kind, cells) in [("UUID", &uuids), ("CHAR(36)", &uuids), ("VARCHAR(50)", &words)] {
        let make = make.replace("KIND", kind).replace("'A'", &format!("'{}'", cells[0]));
        let make = make.replace("'B'", &format!("'{}'", cells[1])).replace("'C'", &format!("'{}'", cells[2]));
        let Some(server) = server() else {
            return;
        };
        let version = sqlx::raw_sql("SELECT VERSION()").fetch_one(&mut connect(&server).await).await.unwrap();
        // MySQL has no such type.
        if kind == "UUID" && !version.try_get_unchecked::<String, _>(0).unwrap().contains("MariaDB") {
            continue;
        }
        let silo = Silo::new(&make).await.unwrap();
        let mut bound = silo.question("t", &["id", "k"], None);
        let mut fetch = bound.fetch().clone();
        let at = fetch.collection.field_id("k").unwrap();
        fetch.keys = Some(KeySet { columns: vec![at], normalize: vec![], limit: Some(0), offset: None });
        let keys: ArrayRef = Arc::new(arrow_array::StringArray::from(cells.to_vec()));
        bound.keys = Some(RecordBatch::try_new(columns_schema(&fetch.collection, &[at]), vec![keys]).unwrap());
        bound.operands = vec![Operand::Value(Value::Integer(1))];
        bound.prepared = Arc::new(Prepared::new(fetch));
        let rows = shown(&silo.fetch(&bound).await.unwrap());
        let mut ids: Vec<&str> = rows.iter().map(|row| row[0].as_str()).collect();
        ids.sort_unstable();
        assert_eq!(ids, ["1", "2", "3"], "{kind}");
        silo.end().await;
    }
}

#[tokio::test]
async fn normalised_keys_are_looked_up_by_indexed_columns_made_of_an_expression() {
    use lilong_schema::Normalizer::{Compact, StripZeros, Trim, Uppercase};
    let make = "CREATE TABLE t (id INT PRIMARY KEY, card VARCHAR(30), \
        made VARCHAR(30) AS (UPPER(REPLACE(REPLACE(card, ' ', ''), '-', ''))) VIRTUAL, \
        zeros VARCHAR(40) AS (TRIM(LEADING '0' FROM card)) VIRTUAL, short VARCHAR(29) AS (TRIM(card)) VIRTUAL, \
        apart VARCHAR(30) AS (UPPER(card)) VIRTUAL, KEY (made), KEY (zeros), KEY (short)); \
        INSERT INTO t (id, card) SELECT n, CONCAT('a-', n) FROM (SELECT x.d * 100 + y.d * 10 + z.d AS n FROM D x, D y, D z) s; \
        UPDATE t SET card = '00A 7' WHERE id = 8; UPDATE t SET card = ' a-7' WHERE id = 9; ANALYZE TABLE t";
    let digits: Vec<String> = (0..10).map(|digit| format!("SELECT {digit} AS d")).collect();
    let make = make.replace("D x, D y, D z", "d x, d y, d z");
    let Some(mut silo) = Silo::new(&format!("CREATE TABLE d AS {}; {make}", digits.join(" UNION ALL "))).await else {
        return;
    };
    for (steps, keys, expected) in
        [(vec![Compact, Uppercase], ["A7", "A8"], vec!["7", "9"]), (vec![StripZeros], ["A 7", "a-1"], vec!["1", "8"])]
    {
        let mut bound = silo.question("t", &["id"], None);
        let mut fetch = bound.fetch().clone();
        let at = fetch.collection.field_id("card").unwrap();
        assert!(fetch.collection.index_of_normalized(at, &[Trim]).is_none(), "a column that holds less serves nothing");
        fetch.keys = Some(KeySet { columns: vec![at], normalize: steps, limit: None, offset: None });
        let sql = silo.connector.explain(&fetch).unwrap().text;
        let access = access(&mut silo, &sql.replace(", …", "")).await;
        assert!(["ref", "range", "const"].contains(&access[0].as_str()), "{sql} {access:?}");
        let cells: ArrayRef = Arc::new(arrow_array::StringArray::from(keys.to_vec()));
        bound.keys = Some(RecordBatch::try_new(columns_schema(&fetch.collection, &[at]), vec![cells]).unwrap());
        bound.prepared = Arc::new(Prepared::new(fetch));
        let rows: Vec<String> = shown(&silo.fetch(&bound).await.unwrap()).concat();
        assert_eq!(rows, expected);
    }
    silo.end().await;
}

#[tokio::test]
async fn long_lists_beside_keys_that_are_cut_one_by_one_still_fit_the_statements() {
    let Some(silo) = Silo::new(&table()).await else {
        return;
    };
    let mut bound = silo.question("t", &["id", "a"], None);
    let mut fetch = bound.fetch().clone();
    let at = |name| fetch.collection.field_id(name).unwrap();
    let (id, a) = (at("id"), at("a"));
    let keys = |field: usize, keys: Vec<i32>| {
        let cells: ArrayRef = Arc::new(Int32Array::from(keys));
        RecordBatch::try_new(columns_schema(&fetch.collection, &[field]), vec![cells]).unwrap()
    };
    bound.keys = Some(keys(a, (0..60).collect()));
    // Sixty selects with each of these lists would have half a million values.
    bound.operands = vec![
        Operand::Value(Value::Integer(1)),
        Operand::Keys(keys(id, (0..5_000).collect())),
        Operand::Value(Value::List((0..3_000).map(Value::Integer).collect())),
    ];
    fetch.keys = Some(KeySet { columns: vec![a], normalize: vec![], limit: Some(0), offset: None });
    fetch.predicate = Predicate::And(vec![
        Predicate::KeyIn { fields: vec![id], normalize: vec![], operand: 1 },
        Predicate::Compare { field: id, comparison: Comparison::NotIn, operand: 2 },
    ]);
    bound.prepared = Arc::new(Prepared::new(fetch));
    let mut rows = shown(&silo.fetch(&bound).await.unwrap());
    rows.sort();
    let mut expected: Vec<Vec<String>> = (0..60).map(|a| vec![(3_000 + a).to_string(), a.to_string()]).collect();
    expected.sort();
    assert_eq!(rows, expected);
    silo.end().await;
}
