//! Filters, orders, distinct, limits, and what cells become.

use lilong_schema::catalog::TypeOverride;
use lilong_schema::temporal;

use super::*;
use crate::{ErrorKind, Hop};

const TOWN: &str = "
    CREATE TABLE street (id INTEGER PRIMARY KEY, name TEXT COLLATE NOCASE);
    CREATE INDEX street_name ON street (name);
    CREATE TABLE resident (id INTEGER PRIMARY KEY, name TEXT, street_id INTEGER REFERENCES street, born DATE, seen DATETIME, height NUMERIC(5,2), alone BOOLEAN);
    INSERT INTO street VALUES (1, 'Siping'), (2, 'siping'), (3, NULL), (4, 'Wujiao ');
    INSERT INTO resident VALUES
        (1, 'An', 1, '1950-01-02', '2024-01-01 10:00', 1.5, 1),
        (2, 'bo', 2, '1960-01-02', '2024-01-01 10:30', 2, 0),
        (3, 'Cy', 9, NULL, NULL, NULL, NULL),
        (4, 'a%_\\', NULL, '1940-01-02', '2024-01-02 00:00', 0.1, 1);
";

#[allow(clippy::needless_pass_by_value)] // reads better where it is called
fn ids(rows: Vec<String>) -> String {
    rows.join(" ")
}

#[tokio::test]
async fn cells_become_their_scalars() {
    let silo = Silo::new(TOWN).await;
    assert_eq!(
        silo.ask("resident").order("id", false).rows().await,
        [
            "1|An|1|1950-01-02|2024-01-01T10:00:00|1.5|true",
            "2|bo|2|1960-01-02|2024-01-01T10:30:00|2|false",
            "3|Cy|9||||",
            "4|a%_\\|||2024-01-02T00:00:00|0.1|true".replace("|||", "||1940-01-02|").as_str(),
        ]
    );
}

#[tokio::test]
async fn equality_is_exact_whatever_the_collation() {
    let silo = Silo::new(TOWN).await;
    let street = |comparison, value| {
        let ask = silo.ask("street").columns(&["id"]).filter("name", comparison, value).order("id", false);
        async { ids(ask.rows().await) }
    };
    assert_eq!(street(Comparison::Equal, text("siping")).await, "2");
    assert_eq!(street(Comparison::NotEqual, text("siping")).await, "1 4");
    assert_eq!(street(Comparison::In, Value::List(vec![text("Siping"), text("Wujiao")])).await, "1");
    assert_eq!(street(Comparison::NotIn, Value::List(vec![text("Siping"), text("Wujiao")])).await, "2 4");
    assert_eq!(street(Comparison::In, Value::List(vec![])).await, "");
    assert_eq!(street(Comparison::NotIn, Value::List(vec![])).await, "1 2 3 4");
    assert_eq!(street(Comparison::Greater, text("SIPING")).await, "4");
    let silo = Silo::new("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT COLLATE RTRIM); INSERT INTO t VALUES (1, 'x'), (2, 'x '), (3, 'x')").await;
    assert_eq!(ids(silo.ask("t").columns(&["id"]).filter("a", Comparison::Equal, text("x")).rows().await), "1 3");
    assert_eq!(
        ids(silo.ask("t").columns(&["id"]).distinct(&["a"]).order("a", false).order("id", false).rows().await),
        "1 2"
    );
}

#[tokio::test]
async fn logic_has_three_values() {
    let silo = Silo::new(TOWN).await;
    let ask = || silo.ask("resident").columns(&["id"]).order("id", false);
    assert_eq!(ids(ask().filter("street_id", Comparison::NotEqual, integer(1)).rows().await), "2 3");
    assert_eq!(ids(ask().not("street_id", Comparison::Equal, integer(1)).rows().await), "2 3");
    assert_eq!(ids(ask().and(Predicate::Or(vec![])).rows().await), "");
    assert_eq!(ids(ask().and(Predicate::Not(Box::new(Predicate::Or(vec![])))).rows().await), "1 2 3 4");
    let field = silo.collection("resident").field_id("born").unwrap();
    assert_eq!(ids(ask().and(Predicate::IsNull(field)).rows().await), "3");
    assert_eq!(ids(ask().and(Predicate::Not(Box::new(Predicate::IsNull(field)))).rows().await), "1 2 4");
    assert_eq!(ids(ask().filter("id", Comparison::Equal, Value::Null).rows().await), "");
}

#[tokio::test]
async fn patterns_are_case_sensitive_and_escaped() {
    let silo = Silo::new(TOWN).await;
    for (comparison, pattern, expected) in [
        (Comparison::Like, "a%", "4"),
        (Comparison::Like, "a\\%\\_\\\\", "4"),
        (Comparison::NotLike, "a%", "1 2 3"),
        (Comparison::ILike, "A%", "1 4"),
        (Comparison::NotILike, "A%", "2 3"),
        (Comparison::StartsWith, "a%", "4"),
        (Comparison::StartsWith, "A", "1"),
        (Comparison::StartsWith, "", "1 2 3 4"),
        (Comparison::EndsWith, "\\", "4"),
        (Comparison::Contains, "%_", "4"),
    ] {
        let rows = silo
            .ask("resident")
            .columns(&["id"])
            .filter("name", comparison, text(pattern))
            .order("id", false)
            .rows()
            .await;
        assert_eq!(ids(rows), expected, "{comparison:?} {pattern}");
    }
    let error = silo.ask("resident").filter("name", Comparison::Regex, text("a")).batches().await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Internal);
}

#[tokio::test]
async fn a_prefix_is_found_by_range_and_exactly() {
    let silo = Silo::new("CREATE TABLE t (a TEXT PRIMARY KEY); INSERT INTO t VALUES ('ab'), ('abc'), ('ac'), ('a'), ('AB'), ('日本'), ('日')").await;
    let ask = |prefix| silo.ask("t").filter("a", Comparison::StartsWith, text(prefix)).order("a", false).rows();
    assert_eq!(ids(ask("ab").await), "ab abc");
    assert_eq!(ids(ask("日").await), "日 日本");
    assert_eq!(ids(ask("").await).split(' ').count(), 7);
}

#[tokio::test]
async fn dates_and_decimals_compare_in_their_stored_form() {
    let silo = Silo::new(TOWN).await;
    let ask = |column: &'static str, comparison, value| {
        let ask = silo.ask("resident").columns(&["id"]).filter(column, comparison, value).order("id", false);
        async { ids(ask.rows().await) }
    };
    let date = |text| Value::Date(temporal::parse_date(text).unwrap());
    let local = |text| Value::LocalDateTime(temporal::parse_local(text).unwrap());
    let decimal = |text: &str| Value::Decimal(text.to_owned());
    assert_eq!(ask("born", Comparison::Equal, date("1950-01-02")).await, "1");
    assert_eq!(ask("born", Comparison::Less, date("1950-01-02")).await, "4");
    assert_eq!(ask("seen", Comparison::Equal, local("2024-01-01T10:30:00")).await, "2");
    assert_eq!(ask("seen", Comparison::Equal, local("2024-01-01T10:30:01")).await, "");
    assert_eq!(ask("seen", Comparison::NotEqual, local("2024-01-01T10:30:01")).await, "1 2 4");
    assert_eq!(ask("seen", Comparison::Less, local("2024-01-01T10:30:01")).await, "1 2");
    assert_eq!(ask("seen", Comparison::GreaterOrEqual, local("2024-01-01T10:30:01")).await, "4");
    assert_eq!(ask("height", Comparison::Equal, decimal("1.5")).await, "1");
    assert_eq!(ask("height", Comparison::Equal, decimal("2")).await, "2");
    assert_eq!(ask("height", Comparison::Less, decimal("0.1000000000000000000001")).await, "4");
    assert_eq!(
        ask("height", Comparison::In, Value::List(vec![decimal("0.1"), decimal("0.1000000000000000000001")])).await,
        "4"
    );
    assert_eq!(ask("alone", Comparison::Equal, Value::Boolean(true)).await, "1 4");
    assert_eq!(ask("id", Comparison::LessOrEqual, integer(i128::from(u64::MAX))).await, "1 2 3 4");
    assert_eq!(ask("id", Comparison::NotEqual, integer(i128::from(u64::MAX))).await, "1 2 3 4");
}

#[tokio::test]
async fn nulls_stand_where_they_are_asked_to() {
    let silo = Silo::new(TOWN).await;
    let ask = || silo.ask("resident").columns(&["id"]);
    assert_eq!(ids(ask().order("born", false).rows().await), "4 1 2 3");
    assert_eq!(ids(ask().order("born", true).rows().await), "3 2 1 4");
    assert_eq!(ids(ask().order("id", true).limit(2).offset(1).rows().await), "3 2");
    assert_eq!(ids(ask().order("id", false).offset(3).rows().await), "4");
}

#[tokio::test]
async fn an_order_through_links_never_doubles_rows() {
    let silo = Silo::new(&format!(
        "{TOWN} CREATE TABLE twice (street INTEGER, n INTEGER); INSERT INTO twice VALUES (1, 5), (1, 6), (2, 1)"
    ))
    .await;
    let (resident, street, twice) = (silo.collection("resident"), silo.collection("street"), silo.collection("twice"));
    let to_street = Hop {
        on: vec![(resident.field_id("street_id").unwrap(), street.field_id("id").unwrap())],
        collection: street.clone(),
    };
    let to_twice = Hop {
        on: vec![(street.field_id("id").unwrap(), twice.field_id("street").unwrap())],
        collection: twice.clone(),
    };
    let mut ask = silo.ask("resident").columns(&["id"]);
    ask.fetch.order.push(Order {
        path: vec![to_street.clone(), to_twice],
        target: OrderTarget::Field(twice.field_id("n").unwrap()),
        descending: false,
        nulls_first: true,
    });
    assert_eq!(ids(ask.order("id", false).rows().await), "3 4 2 1");
    // The street's own order knows no case: 1 and 2 are alike.
    let mut ask = silo.ask("resident").columns(&["id"]);
    ask.fetch.order.push(Order {
        path: vec![to_street],
        target: OrderTarget::Field(street.field_id("name").unwrap()),
        descending: false,
        nulls_first: false,
    });
    assert_eq!(ids(ask.order("id", true).rows().await), "2 1 4 3");
}

#[tokio::test]
async fn the_row_number_ends_an_order() {
    let silo =
        Silo::new("CREATE TABLE t (rowid TEXT, a INTEGER); INSERT INTO t VALUES ('z', 1), ('y', 1), ('x', 0)").await;
    assert!(silo.collection("t").row_id);
    let mut ask = silo.ask("t").columns(&["rowid"]).order("a", false);
    ask.fetch.order.push(Order { path: vec![], target: OrderTarget::RowId, descending: true, nulls_first: false });
    assert_eq!(ids(ask.rows().await), "x y z");
}

#[tokio::test]
async fn distinct_keeps_the_first_row_of_each_combination() {
    let silo = Silo::new("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT COLLATE NOCASE, b); INSERT INTO t VALUES (1,'x',1),(2,'X',1),(3,'x','1'),(4,NULL,2),(5,NULL,3)").await;
    let ask = |columns: &'static [&'static str]| silo.ask("t").columns(&["id"]).distinct(columns);
    assert_eq!(ids(ask(&["a"]).order("a", false).order("id", true).rows().await), "3 2 5");
    assert_eq!(ids(ask(&["b"]).order("b", false).order("id", false).limit(2).rows().await), "1 4");
}

#[tokio::test]
async fn a_bad_cell_is_null_with_a_fault() {
    let silo = Silo::new(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER, r REAL, d DATE, s TEXT, j, f FLOAT);
         INSERT INTO t VALUES (1, 5, 1.5, '2024-01-01', 'x', 1, 2);",
    )
    .await;
    silo.write(
        "INSERT INTO t VALUES (2, 'five', 'x', '2024-1-1', CAST(x'ff' AS TEXT), 2, 9e999);
         INSERT INTO t VALUES (3, 1e300, -9e999, 20240101, x'00', 'two', NULL);",
    );
    assert_eq!(
        silo.ask("t").order("id", false).rows().await,
        ["1|5|1.5|2024-01-01|x|1|2.0", "2|!|!|!|!|2|!", "3|!|!|!|!|!|"]
    );
}

#[tokio::test]
async fn values_of_mixed_storage_go_by_their_text() {
    let silo = Silo::new("CREATE TABLE t (id INTEGER PRIMARY KEY, v); INSERT INTO t VALUES (1, 5), (2, '5'), (3, 1.5), (4, 'five'), (5, 1e20), (6, NULL)").await;
    assert_eq!(silo.ask("t").order("id", false).rows().await, ["1|5", "2|5", "3|1.5", "4|five", "5|1.0e+20", "6|"]);
    let ask =
        |comparison, value| silo.ask("t").columns(&["id"]).filter("v", comparison, value).order("id", false).rows();
    assert_eq!(ids(ask(Comparison::Equal, text("5")).await), "1 2");
    assert_eq!(ids(ask(Comparison::NotEqual, text("5")).await), "3 4 5");
    assert_eq!(ids(ask(Comparison::StartsWith, text("1.")).await), "3 5");
    // What is equal is neither smaller nor larger, though all texts are sorted behind all numbers.
    assert_eq!(ids(ask(Comparison::Greater, text("5")).await), "4 5");
    assert_eq!(ids(ask(Comparison::GreaterOrEqual, text("5")).await), "1 2 4 5");
    assert_eq!(ids(ask(Comparison::Less, text("5")).await), "3");
    assert_eq!(ids(ask(Comparison::LessOrEqual, text("5")).await), "1 2 3");
    assert_eq!(ids(silo.ask("t").columns(&["id"]).order("v", false).rows().await), "3 1 5 2 4 6");
}

#[tokio::test]
async fn a_text_among_numbers_is_compared_as_a_number_only_if_that_prints_so() {
    // Smallest first; `DATE` makes numbers of texts that look so, and `TEXT` texts of numbers.
    let untyped = "(1, -9e999), (2, 0.3), (3, 0.1 + 0.2), (4, 4.5), (5, 5), (6, 1e20), (7, 9e999), \
                   (8, '04'), (9, '05'), (10, '1e3'), (11, '4.50'), (12, 'abc'), (13, x'7a')";
    let dates = "(1, 4.5), (2, '5'), (3, 1e20), (4, '05-06'), (5, '2026-01-02'), (6, 'abc'), (7, x'3035')";
    let texts = "(1, '04'), (2, '05'), (3, 5.0), (4, '5.00'), (5, 'abc'), (6, x'3035'), (7, x'7a')";
    // What is compared, how many rows stand before it, and which rows equal it.
    let cases: [(&str, &str, &[(&str, usize, &[usize])]); 3] = [
        (
            "",
            untyped,
            &[
                ("-Inf", 0, &[1]),
                ("0.3", 1, &[2]),
                ("0.30000000000000004", 2, &[3]),
                ("4.5", 3, &[4]),
                ("5", 4, &[5]),
                ("1.0e+20", 5, &[6]),
                ("Inf", 6, &[7]),
                ("-0.0", 7, &[]),
                ("01", 7, &[]),
                ("04", 7, &[8]),
                ("05", 8, &[9]),
                (" 5", 7, &[]),
                ("1e3", 9, &[10]),
                ("100000000000000000000", 9, &[]),
                ("4.50", 10, &[11]),
                ("5.00", 11, &[]),
                ("z", 12, &[13]),
            ],
        ),
        ("DATE", dates, &[("5", 1, &[2]), ("05", 3, &[7]), ("1e3", 4, &[]), ("4.50", 5, &[]), ("2026-01-02", 4, &[5])]),
        ("TEXT", texts, &[("05", 1, &[2, 6]), ("5.0", 2, &[3]), ("5", 2, &[]), ("5.00", 3, &[4]), ("z", 5, &[7])]),
    ];
    for (declared, rows, cases) in cases {
        let sql = format!(
            "CREATE TABLE t (id INTEGER PRIMARY KEY, v {declared}); CREATE INDEX by_v ON t (v); INSERT INTO t VALUES {rows};"
        );
        let silo = Silo::with(&sql, |settings| {
            let (place, scalar) = (Place::default(), lilong_schema::Scalar::String);
            settings.types = vec![TypeOverride { place, collection: "t".to_owned(), column: "v".to_owned(), scalar }];
        })
        .await;
        let all = ids(silo.ask("t").columns(&["id"]).order("v", false).rows().await);
        let all: Vec<usize> = all.split(' ').map(|id| id.parse().unwrap()).collect();
        assert!(all.is_sorted(), "{declared}: {all:?}");
        for (value, before, equal) in cases {
            let is_equal = |id: &usize| equal.contains(id);
            let of = |from: usize, to: usize, and_equal: bool| {
                let stands = |id: &usize| if is_equal(id) { and_equal } else { (from..to).contains(&(id - 1)) };
                all.iter().copied().filter(stands).map(|id| id.to_string()).collect::<Vec<_>>().join(" ")
            };
            let end = all.len();
            for (comparison, expected) in [
                (Comparison::Less, of(0, *before, false)),
                (Comparison::LessOrEqual, of(0, *before, true)),
                (Comparison::GreaterOrEqual, of(*before, end, true)),
                (Comparison::Greater, of(*before, end, false)),
            ] {
                let ask = silo.ask("t").columns(&["id"]).filter("v", comparison, text(value)).order("id", false);
                assert_eq!(ids(ask.rows().await), expected, "{declared}: {comparison:?} {value}");
            }
        }
    }
}

#[tokio::test]
async fn types_of_the_catalog_are_read_from_any_form() {
    let given = [("total", "Decimal"), ("at", "DateTime"), ("key", "UUID"), ("n", "BigInt")];
    let silo = Silo::with(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, total TEXT, at TEXT, key TEXT, n TEXT);
         INSERT INTO t VALUES
            (1, '12.50', '2024-01-01T00:00:00Z', '0188F3A2-7B1C-7DEF-8123-456789ABCDEF', '10'),
            (2, '9.9', '2024-01-01 01:30+02:00', NULL, '9'),
            (3, 'nine', 'soon', 'x', '1.5');",
        |settings| {
            settings.types = given
                .iter()
                .map(|(column, scalar)| TypeOverride {
                    place: Place::default(),
                    collection: "t".to_owned(),
                    column: (*column).to_owned(),
                    scalar: lilong_schema::Scalar::from_name(scalar).unwrap(),
                })
                .collect();
        },
    )
    .await;
    assert_eq!(
        silo.ask("t").order("total", false).rows().await,
        [
            "2|9.9|2023-12-31T23:30:00Z||9",
            "1|12.5|2024-01-01T00:00:00Z|0188f3a2-7b1c-7def-8123-456789abcdef|10",
            "3|!|!|!|!",
        ]
    );
    let ask = |column, comparison, value| silo.ask("t").columns(&["id"]).filter(column, comparison, value).rows();
    assert_eq!(ids(ask("total", Comparison::Equal, Value::Decimal("12.5".to_owned())).await), "1");
    assert_eq!(ids(ask("total", Comparison::Less, Value::Decimal("12.5".to_owned())).await), "2");
    assert_eq!(
        ids(ask("at", Comparison::Less, Value::DateTime(temporal::parse_instant("2024-01-01T00:00:00Z").unwrap()))
            .await),
        "2"
    );
    assert_eq!(ids(ask("key", Comparison::Equal, text("0188f3a2-7b1c-7def-8123-456789abcdef")).await), "1");
    // What cannot be read is no null: it equals nothing, and stands behind all that can.
    assert_eq!(ids(ask("n", Comparison::NotEqual, integer(9)).await), "1 3");
    assert_eq!(ids(ask("n", Comparison::Greater, integer(9)).await), "1 3");
    assert_eq!(ids(ask("n", Comparison::Less, integer(11)).await), "1 2");
    assert_eq!(ids(ask("n", Comparison::Equal, integer(1)).await), "");
    assert_eq!(ids(silo.ask("t").columns(&["id"]).order("n", true).rows().await), "3 1 2");
}

#[tokio::test]
async fn many_rows_come_in_several_batches_and_few_take_little_room() {
    let silo = Silo::new("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000) INSERT INTO t SELECT i, 'text ' || i FROM n").await;
    let batches = silo.ask("t").batches().await.unwrap();
    assert_eq!(batches.iter().map(|rows| rows.batch.num_rows()).sum::<usize>(), 10_000);
    assert!(batches.len() > 1);
    let one = silo.ask("t").filter("id", Comparison::Equal, integer(7)).limit(1).batches().await.unwrap();
    assert_eq!(lines(&one), ["7|text 7"]);
    assert!(one[0].batch.get_array_memory_size() < 1_024, "{}", one[0].batch.get_array_memory_size());
    assert_eq!(silo.ask("t").columns(&[]).limit(3).batches().await.unwrap()[0].batch.num_rows(), 3);
}

#[tokio::test]
async fn values_never_stand_in_the_text_and_names_are_quoted() {
    let silo =
        Silo::new("CREATE TABLE \"a\"\"b; DROP\" (\"sel\"\"ect\" TEXT); INSERT INTO \"a\"\"b; DROP\" VALUES ('x')")
            .await;
    let ask = silo.ask("a\"b; DROP").filter("sel\"ect", Comparison::Equal, text("x' OR 1"));
    assert_eq!(
        silo.connector.explain(&ask.fetch).unwrap().text,
        "SELECT t0.\"sel\"\"ect\" FROM \"a\"\"b; DROP\" AS t0 WHERE t0.\"sel\"\"ect\" = ?1"
    );
    assert!(ask.rows().await.is_empty());
}

#[tokio::test]
async fn a_column_that_is_gone_is_a_mismatch() {
    let silo = Silo::new("CREATE TABLE t (a, b); INSERT INTO t VALUES (1, 2)").await;
    silo.write("ALTER TABLE t DROP COLUMN b");
    let error = silo.ask("t").batches().await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Mismatch, "{error}");
    assert_eq!(silo.ask("t").columns(&["a"]).rows().await, ["1"]);
}
