//! What becomes of every declared type, and of values that are odd.

use lilong_schema::catalog::{Place, TypeOverride};
use lilong_schema::{Key, Scalar};

use super::*;
use crate::Exists;

#[tokio::test]
async fn odd_values_are_null_with_a_fault_and_never_another_value() {
    let Some(silo) = Silo::new(
        "CREATE TABLE odd (id INT PRIMARY KEY, flag TINYINT(1), day DATE, at DATETIME, stamp TIMESTAMP NULL, \
         clock TIME, large BIGINT UNSIGNED, sort ENUM('a', 'b'), doc JSON); \
         INSERT INTO odd VALUES (1, 1, '2024-02-29', '2024-02-29 01:02:03', '2024-02-29 01:02:03', '23:59:59', \
         9223372036854775807, 'b', '[1]'), \
         (2, 2, '0000-00-00', '0000-00-00', '0000-00-00', '24:00:00', 9223372036854775808, 'c', '{}'), \
         (3, 0, '2024-00-10', '2024-01-00 00:00:00', NULL, '-00:00:01', 18446744073709551615, NULL, NULL)",
    )
    .await
    else {
        return;
    };
    let check = |name: &'static str, expected: [&'static str; 3], faults: &'static [usize]| {
        let silo = &silo;
        async move {
            let (cells, found) = column(silo, "odd", name).await;
            assert_eq!((cells.as_slice(), found.as_slice()), (&expected.map(str::to_owned)[..], faults), "{name}");
        }
    };
    check("flag", ["true", "-", "false"], &[1]).await;
    check("day", ["2024-02-29", "-", "-"], &[1, 2]).await;
    check("at", ["2024-02-29T01:02:03", "-", "-"], &[1, 2]).await;
    check("stamp", ["2024-02-29T01:02:03Z", "-", "-"], &[1]).await;
    check("clock", ["23:59:59", "-", "-"], &[1, 2]).await;
    check("large", ["9223372036854775807", "9223372036854775808", "18446744073709551615"], &[]).await;
    check("doc", ["[1]", "{}", "-"], &[]).await;
    silo.end().await;
}

#[tokio::test]
async fn every_type_is_read_and_compared_as_its_scalar() {
    let Some(silo) = Silo::new(
        "CREATE TABLE t (id INT PRIMARY KEY, year YEAR, bits BIT(10), bit BIT(1), single FLOAT, dec_u DECIMAL(10,2) UNSIGNED, \
         tags SET('a', 'b', 'c'), fixed CHAR(5), sort ENUM('z', 'a b', 'm'), small TINYINT UNSIGNED, raw BINARY(3), \
         medium MEDIUMINT UNSIGNED, place POINT, whole INT UNSIGNED); \
         INSERT INTO t VALUES (1, 2005, b'0000000101', 1, 0.1, 12.50, 'a,c', 'ab  ', 'm', 255, 'x', 16777215, NULL, 4294967295), \
         (2, 1999, b'1111111111', 0, 1e10, 0.00, '', 'AB', 'z', 0, '', 0, NULL, 0), \
         (3, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)",
    )
    .await
    else {
        return;
    };
    let table = silo.collection("t");
    for (name, scalar, cells) in [
        ("year", Scalar::Int, ["2005", "1999", "-"]),
        ("bits", Scalar::String, ["0000000101", "1111111111", "-"]),
        ("bit", Scalar::Boolean, ["true", "false", "-"]),
        ("single", Scalar::Float, ["0.1", "10000000000.0", "-"]),
        ("dec_u", Scalar::Decimal, ["12.5", "0", "-"]),
        ("tags", Scalar::Json, ["[\"a\",\"c\"]", "[]", "-"]),
        ("fixed", Scalar::String, ["ab", "AB", "-"]),
        ("sort", Scalar::String, ["m", "z", "-"]),
        ("small", Scalar::Int, ["255", "0", "-"]),
        ("raw", Scalar::Bytes, ["780000", "000000", "-"]),
        ("medium", Scalar::Int, ["16777215", "0", "-"]),
        ("whole", Scalar::BigInt, ["4294967295", "0", "-"]),
    ] {
        assert_eq!(field(&table, name).scalar, scalar, "{name}");
        assert_eq!(column(&silo, "t", name).await, (cells.map(str::to_owned).to_vec(), vec![]), "{name}");
    }
    assert!(table.field_id("place").is_none());
    assert!(silo.description.warnings.iter().any(|warning| warning.contains("t.place is left out")));
    for (name, comparison, value, ids) in [
        ("year", Comparison::Equal, Value::Integer(5), vec![]),
        ("year", Comparison::Greater, Value::Integer(5), vec!["1", "2"]),
        ("year", Comparison::Equal, Value::Integer(2005), vec!["1"]),
        ("bits", Comparison::Equal, text("0000000101"), vec!["1"]),
        ("bits", Comparison::Equal, text("0000000101 "), vec![]),
        ("bits", Comparison::StartsWith, text("11"), vec!["2"]),
        ("bit", Comparison::Equal, Value::Boolean(true), vec!["1"]),
        ("single", Comparison::Equal, Value::Float(0.1), vec!["1"]),
        ("single", Comparison::NotEqual, Value::Float(0.1), vec!["2"]),
        ("dec_u", Comparison::Less, Value::Decimal("12.505".to_owned()), vec!["1", "2"]),
        ("dec_u", Comparison::NotEqual, Value::Decimal("12.505".to_owned()), vec!["1", "2"]),
        ("dec_u", Comparison::Greater, Value::Decimal("-5".to_owned()), vec!["1", "2"]),
        ("fixed", Comparison::Equal, text("ab"), vec!["1"]),
        ("fixed", Comparison::Equal, text("ab  "), vec![]),
        ("sort", Comparison::Greater, text("z"), vec!["1"]),
        ("sort", Comparison::Equal, text("M"), vec![]),
    ] {
        assert_eq!(silo.found("t", name, comparison, value.clone()).await, ids, "{name} {comparison:?} {value:?}");
    }
    silo.end().await;
}

#[tokio::test]
async fn texts_that_a_character_set_lacks_are_compared_all_the_same() {
    let Some(silo) = Silo::new(
        "CREATE TABLE t (id INT PRIMARY KEY, l VARCHAR(20) CHARACTER SET latin1, u VARCHAR(20) CHARACTER SET utf8mb3, \
         g VARCHAR(20) CHARACTER SET gbk); \
         INSERT INTO t VALUES (1, 'é', '里', '里弄'), (2, '?', '?', '?'), (3, NULL, NULL, NULL)",
    )
    .await
    else {
        return;
    };
    for (name, comparison, value, ids) in [
        ("l", Comparison::Equal, "é", vec!["1"]),
        ("l", Comparison::Equal, "里", vec![]),
        ("l", Comparison::NotEqual, "里", vec!["1", "2"]),
        ("l", Comparison::Contains, "里", vec![]),
        ("u", Comparison::Equal, "𠮷", vec![]),
        ("u", Comparison::NotEqual, "𠮷", vec!["1", "2"]),
        ("u", Comparison::Equal, "里", vec!["1"]),
        ("g", Comparison::Equal, "里弄", vec!["1"]),
        ("g", Comparison::StartsWith, "里", vec!["1"]),
        ("g", Comparison::Greater, "𠮷é", vec!["1"]),
    ] {
        assert_eq!(silo.found("t", name, comparison, text(value)).await, ids, "{name} {comparison:?} {value}");
    }
    let list = Value::List(vec![text("里"), text("é")]);
    assert_eq!(silo.found("t", "l", Comparison::In, list).await, ["1"]);
    let (cells, faults) = column(&silo, "t", "g").await;
    assert_eq!((cells, faults), (["里弄", "?", "-"].map(str::to_owned).to_vec(), vec![]));
    silo.end().await;
}

#[tokio::test]
async fn a_type_that_the_catalog_gives_is_read_from_text() {
    let types = [
        ("day", Scalar::Date),
        ("moment", Scalar::LocalDateTime),
        ("clock", Scalar::Time),
        ("at", Scalar::DateTime),
        ("code", Scalar::Uuid),
        ("n", Scalar::Date),
    ];
    let types = types.map(|(column, scalar)| TypeOverride {
        place: Place::default(),
        collection: "t".to_owned(),
        column: column.to_owned(),
        scalar,
    });
    let Some(silo) = Silo::with(
        "CREATE TABLE t (id INT PRIMARY KEY, day VARCHAR(20), at DATETIME, code BINARY(16), n INT, moment TEXT, clock TEXT); \
         INSERT INTO t VALUES (1, '2024-02-29', '2024-02-29 10:00:00', x'0191d3a07d3c7000800000000000000f', 1, '2024-02-29 10:00:00.5', '00:00:00'), \
         (2, 'soon', NULL, NULL, 2, '2024-02-30 10:00', 'noon')",
        |settings| settings.types = types.to_vec(),
    )
    .await
    else {
        return;
    };
    assert_eq!(column(&silo, "t", "day").await, (vec!["2024-02-29".to_owned(), "-".to_owned()], vec![1]));
    assert_eq!(column(&silo, "t", "at").await.0[0], "2024-02-29T10:00:00Z");
    let code = "0191d3a0-7d3c-7000-8000-00000000000f";
    assert_eq!(column(&silo, "t", "code").await.0[0], code);
    assert_eq!(silo.found("t", "code", Comparison::Equal, text(code)).await, ["1"]);
    let noon = 43_200_000_000;
    for (name, value, lower, higher) in [
        ("day", Value::Date(19_782), vec!["1"], vec!["1"]),
        ("moment", Value::LocalDateTime(19_782 * 86_400_000_000 + noon), vec!["1"], vec![]),
        ("clock", Value::Time(0), vec!["1"], vec!["1"]),
    ] {
        let found = silo.found("t", name, Comparison::LessOrEqual, value.clone()).await;
        assert_eq!(found, lower, "{name}");
        let found = silo.found("t", name, Comparison::GreaterOrEqual, value).await;
        assert_eq!(found, higher, "{name}");
    }
    assert!(silo.description.warnings.iter().any(|warning| warning.contains("int cannot be read as Date")));
    silo.end().await;
}

#[tokio::test]
async fn keys_leave_out_prefixes_and_expressions_and_views_have_none() {
    let Some(silo) = Silo::new(
        "CREATE TABLE parent (a INT, b INT, label VARCHAR(200) COMMENT 'the name', PRIMARY KEY (a, b), UNIQUE (label(10)), \
         UNIQUE (b, a)) COMMENT 'of all'; \
         CREATE TABLE child (id INT PRIMARY KEY, pa INT, pb INT, up INT, FOREIGN KEY (pa, pb) REFERENCES parent (a, b), \
         FOREIGN KEY (up) REFERENCES child (id)); \
         CREATE VIEW seen AS SELECT id FROM child; \
         CREATE TABLE gone (id INT); CREATE VIEW broken AS SELECT id FROM gone; DROP TABLE gone",
    )
    .await
    else {
        return;
    };
    let parent = silo.collection("parent");
    let key = |columns: &[&str], primary| Key {
        columns: columns.iter().map(|column| (*column).to_owned()).collect(),
        primary,
    };
    assert_eq!(parent.keys, [key(&["a", "b"], true), key(&["b", "a"], false)]);
    assert_eq!(parent.comment.as_deref(), Some("of all"));
    assert_eq!(field(&parent, "label").comment.as_deref(), Some("the name"));
    assert!(!field(&parent, "a").nullable && field(&parent, "label").nullable);
    let child = silo.collection("child");
    let mut references: Vec<_> = child.foreign_keys.iter().map(|key| (&key.columns[..], &key.collection[..])).collect();
    references.sort_unstable();
    assert_eq!(references, [(&["pa".to_owned(), "pb".to_owned()][..], "parent"), (&["up".to_owned()][..], "child")]);
    assert!(silo.collection("seen").view && silo.collection("seen").keys.is_empty());
    assert!(silo.description.warnings.iter().any(|warning| warning.contains("view broken is left out")));
    silo.end().await;
}

#[tokio::test]
async fn unsigned_integers_meet_texts_and_other_integers_over_their_whole_range() {
    let Some(silo) = Silo::new(
        "CREATE TABLE one (id BIGINT UNSIGNED PRIMARY KEY); \
         INSERT INTO one VALUES (0), (5), (9223372036854775807), (9223372036854775808), (18446744073709551615); \
         CREATE TABLE other (id INT PRIMARY KEY, t VARCHAR(30), s BIGINT); \
         INSERT INTO other VALUES (1, '5', 5), (2, '05', 0), (3, '18446744073709551615', -1), (4, '9223372036854775808', \
         -9223372036854775808), (5, '-1', 9223372036854775807), (6, NULL, NULL)",
    )
    .await
    else {
        return;
    };
    for (outer, column, inner, expected) in [
        ("one", "t", "other", vec!["5", "9223372036854775808", "18446744073709551615"]),
        ("one", "s", "other", vec!["0", "5", "9223372036854775807"]),
        ("other", "t", "one", vec!["1", "3", "4"]),
        ("other", "s", "one", vec!["1", "2", "5"]),
    ] {
        let (from, to) = (silo.collection(outer), silo.collection(inner));
        let field = |collection: &Collection| {
            let name = if collection.name == "other" { column } else { "id" };
            collection.field_id(name).unwrap()
        };
        let on = vec![(field(&from), field(&to))];
        let mut bound = silo.question(outer, &["id"], None);
        let mut fetch = bound.fetch().clone();
        fetch.predicate = Predicate::Exists(Box::new(Exists { collection: to, on, predicate: Predicate::TRUE }));
        bound.prepared = Arc::new(Prepared::new(fetch));
        let found: Vec<String> = shown(&silo.fetch(&bound).await.unwrap()).into_iter().flatten().collect();
        assert_eq!(found, expected, "{outer} through {column}");
    }
    silo.end().await;
}
