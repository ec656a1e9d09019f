//! Fetches by keys, and conditions on keys and links.

use arrow_array::{Int64Array, StringArray};

use super::*;

const CITY: &str = "
    CREATE TABLE visit (id INTEGER PRIMARY KEY, who INTEGER, code TEXT COLLATE NOCASE, day DATE, n INTEGER);
    CREATE INDEX visit_who ON visit (who);
    CREATE INDEX visit_code ON visit (code);
    CREATE INDEX visit_both ON visit (day, who);
    INSERT INTO visit VALUES (1,1,'a','2024-01-01',3),(2,1,'A','2024-01-02',1),(3,1,'a','2024-01-01',2),(4,2,'b','2024-01-01',5),(5,NULL,NULL,NULL,9);
    CREATE TABLE stay (who INTEGER, day DATE, n INTEGER, PRIMARY KEY (who, day)) WITHOUT ROWID;
    INSERT INTO stay SELECT who, day, max(n) FROM visit WHERE who IS NOT NULL GROUP BY 1, 2;
    CREATE VIEW visits AS SELECT * FROM visit;
    CREATE TABLE person (id INTEGER PRIMARY KEY, code TEXT, tag TEXT);
    CREATE INDEX person_tag ON person (tag);
    INSERT INTO person VALUES (1, 'a', '1'), (2, 'B', '02'), (3, NULL, '3');
";

fn numbers(numbers: &[i64]) -> ArrayRef {
    Arc::new(Int64Array::from(numbers.to_vec()))
}

fn texts(texts: &[&str]) -> ArrayRef {
    Arc::new(StringArray::from(texts.to_vec()))
}

fn days(days: &[&str]) -> ArrayRef {
    let days: Vec<i32> = days.iter().map(|day| lilong_schema::temporal::parse_date(day).unwrap()).collect();
    Arc::new(arrow_array::Date32Array::from(days))
}

fn sorted(mut rows: Vec<String>) -> String {
    rows.sort();
    rows.join(" ")
}

#[tokio::test]
async fn keys_are_compared_exactly() {
    let silo = Silo::new(CITY).await;
    let ask = |name: &'static str, keys| {
        silo.ask("visit").columns(&["id"]).keys(&[name], vec![keys]).order("id", false).rows()
    };
    assert_eq!(ask("who", numbers(&[1, 7])).await, ["1", "2", "3"]);
    assert_eq!(ask("code", texts(&["a"])).await, ["1", "3"]);
    assert_eq!(ask("day", days(&["2024-01-02"])).await, ["2"]);
    assert!(ask("who", numbers(&[])).await.is_empty());
    let both = silo.ask("visit").columns(&["id"]).keys(&["who", "code"], vec![numbers(&[1, 2]), texts(&["A", "b"])]);
    assert_eq!(sorted(both.rows().await), "2 4");
}

#[tokio::test]
async fn each_key_has_its_own_limit_and_order() {
    let silo = Silo::new(CITY).await;
    for collection in ["visit", "visits"] {
        let ask =
            || silo.ask(collection).columns(&["who", "n"]).keys(&["who"], vec![numbers(&[1, 2])]).order("n", false);
        let rows = |rows: Vec<String>| {
            let of = |who: &str| rows.iter().filter(|row| row.starts_with(who)).cloned().collect::<Vec<_>>().join(" ");
            (of("1"), of("2"))
        };
        assert_eq!(rows(ask().each(Some(2), None).rows().await), ("1|1 1|2".into(), "2|5".into()), "{collection}");
        assert_eq!(rows(ask().each(Some(1), Some(1)).rows().await), ("1|2".into(), String::new()));
        assert_eq!(rows(ask().each(None, Some(1)).rows().await), ("1|2 1|3".into(), String::new()));
        assert_eq!(rows(ask().each(Some(0), None).rows().await), (String::new(), String::new()));
        let filtered = ask().filter("n", Comparison::Greater, integer(1)).each(Some(1), None);
        assert_eq!(rows(filtered.rows().await), ("1|2".into(), "2|5".into()));
        let distinct = ask().distinct(&["code"]).order("code", false);
        assert_eq!(rows(distinct.rows().await), ("1|1 1|2".into(), "2|5".into()));
        let distinct = ask().distinct(&["code"]).each(Some(1), Some(1));
        assert_eq!(rows(distinct.rows().await), ("1|2".into(), String::new()));
    }
    let stay = silo
        .ask("stay")
        .columns(&["who", "n"])
        .keys(&["who"], vec![numbers(&[1, 2])])
        .order("n", true)
        .each(Some(1), None);
    assert!(!silo.connector.explain(&stay.fetch).unwrap().text.contains("OVER"));
    assert_eq!(sorted(stay.rows().await), "1|3 2|5");
    let both = silo
        .ask("visit")
        .columns(&["id"])
        .keys(&["day", "who"], vec![days(&["2024-01-01", "2024-01-02"]), numbers(&[1, 1])])
        .order("n", false)
        .each(Some(1), None);
    assert_eq!(sorted(both.rows().await), "2 3");
    let text = silo
        .ask("visit")
        .columns(&["id"])
        .keys(&["code"], vec![texts(&["A", "a"])])
        .order("n", false)
        .each(Some(1), None);
    assert_eq!(sorted(text.rows().await), "2 3");
}

#[tokio::test]
async fn a_null_key_is_in_no_set_and_not_unknown() {
    let silo = Silo::new(CITY).await;
    let ask = |fields: &[&str], cells: Vec<ArrayRef>, negated: bool| {
        let mut ask = silo.ask("visit").columns(&["id"]).order("id", false);
        let fields: Vec<usize> = fields.iter().map(|name| ask.id(name)).collect();
        let schema = crate::rows::columns_schema(&ask.fetch.collection, &fields);
        ask.operands.push(Operand::Keys(RecordBatch::try_new(schema, cells).unwrap()));
        let set = Predicate::KeyIn { fields, normalize: Vec::new(), operand: 0 };
        let set = if negated { Predicate::Not(Box::new(set)) } else { set };
        let ask = ask.and(set);
        async { ask.rows().await.join(" ") }
    };
    assert_eq!(ask(&["who"], vec![numbers(&[2])], false).await, "4");
    assert_eq!(ask(&["who"], vec![numbers(&[2])], true).await, "1 2 3 5");
    assert_eq!(ask(&["who"], vec![numbers(&[])], true).await, "1 2 3 4 5");
    assert_eq!(ask(&["code", "n"], vec![texts(&["A"]), numbers(&[1])], false).await, "2");
    assert_eq!(ask(&["code", "n"], vec![texts(&["a"]), numbers(&[1])], true).await, "1 2 3 4 5");
}

#[tokio::test]
async fn linked_rows_are_found_by_exact_keys() {
    let silo = Silo::new(CITY).await;
    let ids = |on: &'static [(&'static str, &'static str)], negated: bool| {
        let mut ask = silo.ask("visit").columns(&["id"]).order("id", false);
        let exists = ask.exists("person", on, Predicate::TRUE);
        let ask = ask.and(if negated { Predicate::Not(Box::new(exists)) } else { exists });
        async { ask.rows().await.join(" ") }
    };
    assert_eq!(ids(&[("who", "id")], false).await, "1 2 3 4");
    assert_eq!(ids(&[("who", "id")], true).await, "5");
    // The inner column is exact, the outer one knows no case.
    assert_eq!(ids(&[("code", "code")], false).await, "1 3");
    // Integers and texts meet by canonical text: 2 is not 02.
    assert_eq!(ids(&[("who", "tag")], false).await, "1 2 3");
    assert_eq!(ids(&[("who", "id"), ("code", "code")], false).await, "1 3");
    let ids = |on: &'static [(&'static str, &'static str)], least: i128| {
        let mut ask = silo.ask("person").columns(&["id"]).order("id", false);
        let visit = silo.collection("visit");
        let operand = ask.operand(integer(least));
        let field = visit.field_id("n").unwrap();
        let comparison = Comparison::GreaterOrEqual;
        let exists = ask.exists("visit", on, Predicate::Compare { field, comparison, operand });
        let ask = ask.and(exists);
        async { ask.rows().await.join(" ") }
    };
    assert_eq!(ids(&[("id", "who")], 4).await, "2");
    assert_eq!(ids(&[("tag", "who")], 1).await, "1");
    assert_eq!(ids(&[("code", "code")], 1).await, "1");
}

#[tokio::test]
async fn keys_of_mixed_storage_meet_by_text() {
    let silo = Silo::new("CREATE TABLE a (k); INSERT INTO a VALUES (1), ('1'), (1.5), ('x'), (NULL); CREATE TABLE b (k TEXT); INSERT INTO b VALUES ('1'), ('1.5')").await;
    let mut ask = silo.ask("a");
    let exists = ask.exists("b", &[("k", "k")], Predicate::TRUE);
    assert_eq!(sorted(ask.and(exists).rows().await), "1 1 1.5");
    let mut ask = silo.ask("b");
    let exists = ask.exists("a", &[("k", "k")], Predicate::TRUE);
    assert_eq!(sorted(ask.and(exists).rows().await), "1 1.5");
    assert_eq!(sorted(silo.ask("a").keys(&["k"], vec![texts(&["1", "x"])]).rows().await), "1 1 x");
    let limited = silo.ask("a").keys(&["k"], vec![texts(&["1", "x"])]).each(Some(1), None);
    assert_eq!(sorted(limited.rows().await), "1 x");
}

#[tokio::test]
async fn many_keys_go_in_one_statement() {
    let silo = Silo::new("CREATE TABLE t (a INTEGER, b TEXT, PRIMARY KEY (a, b)); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) INSERT INTO t SELECT i, 'k' || i FROM n").await;
    let keys: Vec<i64> = (0..30_000).collect();
    let names: Vec<String> = keys.iter().map(|key| format!("k{key}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    assert_eq!(silo.ask("t").keys(&["a"], vec![numbers(&keys)]).rows().await.len(), 20_000);
    let both = silo.ask("t").keys(&["a", "b"], vec![numbers(&keys), texts(&names)]);
    assert_eq!(both.rows().await.len(), 20_000);
}
