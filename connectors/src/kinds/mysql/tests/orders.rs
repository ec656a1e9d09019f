//! The first rows by orders that no index stands in: they are bounded by the first values, and are those of plain SQL.

use super::plans::access;
use sqlx::Row;

use super::*;

const TABLE: &str = "CREATE TABLE t (id INT PRIMARY KEY, a INT, b DATE NOT NULL, name VARCHAR(50), price DECIMAL(10,2), \
    KEY (a), KEY (b), KEY (name), KEY (price, b)); \
    INSERT INTO t SELECT n, IF(n % 7 = 0, NULL, n % 40), '2020-01-01' + INTERVAL n % 300 DAY, \
    ELT(n % 5 + 1, 'ann', 'ANN', 'bob', NULL, CONCAT('c', n % 9)), IF(n % 500 = 0, NULL, n % 900 / 4) FROM \
    (SELECT x.d * 100 + y.d * 10 + z.d AS n FROM d x, d y, d z) s; ANALYZE TABLE t";

async fn silo() -> Option<Silo> {
    let digits: Vec<String> = (0..10).map(|digit| format!("SELECT {digit} AS d")).collect();
    Silo::new(&format!("CREATE TABLE d AS {}; {TABLE}", digits.join(" UNION ALL "))).await
}

/// Rows of a table as large as those that are bounded, by an order that ends with the key.
fn ordered(silo: &Silo, order: (&str, bool, bool), limits: (i128, i128), condition: bool) -> BoundFetch {
    let condition = condition.then_some(("a", Comparison::Less, Value::Integer(30)));
    let mut bound = silo.question("t", &["id"], condition);
    let mut fetch = bound.fetch().clone();
    let (name, descending, nulls_first) = order;
    let mut collection = (*fetch.collection).clone();
    collection.rows = Some(100_000);
    let target = OrderTarget::Field(collection.field_id(name).unwrap());
    fetch.collection = Arc::new(collection);
    fetch.order.insert(0, Order { path: vec![], target, descending, nulls_first });
    fetch.limit = Some(bound.operands.len());
    fetch.offset = Some(bound.operands.len() + 1);
    let (limit, offset) = limits;
    bound.operands.extend([limit, offset].map(|number| Operand::Value(Value::Integer(number))));
    bound.prepared = Arc::new(Prepared::new(fetch));
    bound
}

#[tokio::test]
async fn the_first_rows_by_any_order_are_those_of_plain_sql() {
    let Some(mut silo) = silo().await else {
        return;
    };
    let mut bounded = 0;
    for column in ["a", "b", "name", "price"] {
        for (descending, nulls_first) in [(false, false), (false, true), (true, false), (true, true)] {
            for (limit, offset) in [(1, 0), (5, 0), (7, 140), (150, 13), (0, 3), (2_000, 5)] {
                for condition in [false, true] {
                    let bound = ordered(&silo, (column, descending, nulls_first), (limit, offset), condition);
                    let sql = silo.connector.explain(bound.fetch()).unwrap().text;
                    bounded += usize::from(sql.contains(" STRAIGHT_JOIN "));
                    let plain = format!(
                        "SELECT CAST(id AS CHAR) FROM t{} ORDER BY ({column} IS NULL) {}, {column} {}, id LIMIT {limit} OFFSET {offset}",
                        if condition { " WHERE a < 30" } else { "" },
                        if nulls_first { "DESC" } else { "ASC" },
                        if descending { "DESC" } else { "ASC" },
                    );
                    let expected = sqlx::query(AssertSqlSafe(plain)).fetch_all(&mut silo.admin).await.unwrap();
                    let expected: Vec<String> = expected.iter().map(|row| row.try_get_unchecked(0).unwrap()).collect();
                    assert_eq!(shown(&silo.fetch(&bound).await.unwrap()).concat(), expected, "{sql}");
                }
            }
        }
    }
    // The indexes of `a`, `b` and `name` serve what rises with nulls first, as the key behind them does; that of `price` goes on with `b`.
    assert_eq!(bounded, (3 + 2 + 3 + 4) * 12);
    silo.end().await;
}

#[tokio::test]
async fn the_first_values_are_read_off_an_index_and_looked_up_by_it() {
    let Some(mut silo) = silo().await else {
        return;
    };
    for (order, values) in [
        (("b", true, true), "SELECT t0.`b` AS b FROM `t` AS t0 ORDER BY t0.`b` DESC LIMIT ?"),
        (
            ("a", false, false),
            "SELECT b FROM ((SELECT t0.`a` AS b FROM `t` AS t0 WHERE t0.`a` IS NOT NULL ORDER BY t0.`a` LIMIT ?) UNION ALL \
             (SELECT t0.`a` AS b FROM `t` AS t0 WHERE t0.`a` IS NULL LIMIT ?)) AS u ORDER BY b IS NULL, b LIMIT ?",
        ),
    ] {
        let bound = ordered(&silo, order, (3, 0), false);
        let sql = silo.connector.explain(bound.fetch()).unwrap().text;
        let from =
            format!("SELECT t0.`id` FROM (SELECT DISTINCT b FROM ({values}) AS s) AS f STRAIGHT_JOIN `t` AS t0 ON ");
        assert!(sql.starts_with(&from), "{sql}");
        let explained = access(&mut silo, &sql.replace("LIMIT ?", "LIMIT 3").replace("OFFSET ?", "OFFSET 0")).await;
        assert!(explained.contains(&"ref".to_owned()), "{sql} {explained:?}");
    }
    silo.end().await;
}

#[tokio::test]
async fn a_list_too_long_to_be_said_twice_is_said_once() {
    let Some(silo) = silo().await else {
        return;
    };
    let mut bound = ordered(&silo, ("b", true, true), (2, 0), false);
    let mut fetch = bound.fetch().clone();
    let field = fetch.collection.field_id("name").unwrap();
    fetch.predicate = Predicate::Compare { field, comparison: Comparison::In, operand: bound.operands.len() };
    let names = (0..20_000).map(|number| text(&format!("c{number}"))).collect();
    bound.operands.push(Operand::Value(Value::List(names)));
    bound.prepared = Arc::new(Prepared::new(fetch));
    assert!(silo.connector.explain(bound.fetch()).unwrap().text.contains(" STRAIGHT_JOIN "));
    assert_eq!(shown(&silo.fetch(&bound).await.unwrap()).concat(), ["299", "599"]);
    silo.end().await;
}
