//! What describing finds.

use lilong_schema::Scalar;

use super::*;

fn scalars(silo: &Silo, collection: &str) -> String {
    let collection = silo.collection(collection);
    let scalars: Vec<String> = collection
        .fields
        .iter()
        .map(|field| {
            let form = field.details.get("form").or(field.details.get("stored"));
            format!(
                "{}:{}{}",
                field.name,
                field.scalar.name(),
                form.map(|form| format!("({form})")).unwrap_or_default()
            )
        })
        .collect();
    scalars.join(" ")
}

#[tokio::test]
async fn scalars_go_by_declared_type_and_by_what_is_stored() {
    let silo = Silo::new(
        "CREATE TABLE t (i INT, r REAL, t VARCHAR(9), b BLOB, d DATE, u TIME, l DATETIME, z TIMESTAMP, o BOOLEAN, n DECIMAL(10,2), m NUMERIC, x, y NUMBER, e ENUM);
         INSERT INTO t VALUES (1, 1, 'a', x'00', '2024-01-01', '10:00', '2024-01-01 10:00:00.5', '2024-01-01T10:00:00Z', 0, 1, 1.5, 1, 1, 'a');
         INSERT INTO t VALUES (2, 2.5, 'b', x'01', '2024-01-02', '11:00', '2024-01-02 10:00:00.0', '2024-01-02T10:00:00Z', 1, 2.5, 2, x'00', 1.5, 'b');
         INSERT INTO t DEFAULT VALUES;",
    )
    .await;
    assert_eq!(
        scalars(&silo, "t"),
        "i:BigInt r:Float t:String b:Bytes d:Date(YYYY-MM-DD) u:Time(HH:MM) l:LocalDateTime(YYYY-MM-DD HH:MM:SS.f) \
         z:DateTime(YYYY-MM-DDTHH:MM:SSZ) o:Boolean n:Decimal m:Decimal x:String(mixed) y:Float e:String"
    );
    let table = silo.collection("t");
    assert_eq!(table.fields[9].scale, Some(2));
    assert!(table.fields.iter().all(|field| field.nullable));
    assert_eq!((table.rows, table.row_id, table.keys.len()), (Some(3), true, 0));
}

#[tokio::test]
async fn a_column_without_values_keeps_what_it_declares() {
    let silo = Silo::new("CREATE TABLE t (d DATE, z TIMESTAMP, o BOOLEAN, n NUMERIC(4), x, y NUMBER)").await;
    assert_eq!(scalars(&silo, "t"), "d:Date z:LocalDateTime o:Boolean n:Decimal x:String(mixed) y:String(mixed)");
    silo.write("INSERT INTO t VALUES ('2024-01-01', '2024-01-01 10:00', 1, 5, 1, 'a')");
    assert_eq!(silo.ask("t").rows().await, ["2024-01-01|2024-01-01T10:00:00|true|5|1|a"]);
    let date = Value::Date(lilong_schema::temporal::parse_date("2024-01-01").unwrap());
    assert_eq!(silo.ask("t").filter("d", Comparison::Equal, date).rows().await.len(), 1);
}

#[tokio::test]
async fn values_that_are_not_in_form_or_in_several_go_by_what_is_stored() {
    let silo = Silo::new(
        "CREATE TABLE t (d DATE, l DATETIME, z DATETIME, o BOOLEAN, n NUMERIC, p DATE, i INTEGER, u TIME);
         INSERT INTO t VALUES ('2024-01-01', '2024-01-01 10:00', '2024-01-01 10:00Z', 2, 'x', 20240101, 1, '1:00');
         INSERT INTO t VALUES ('2024-02-30', '2024-01-01T10:00', '2024-01-01 10:00+01:00', 1, 5, 20240102, 'x', '10:00');",
    )
    .await;
    assert_eq!(
        scalars(&silo, "t"),
        "d:String l:String z:String o:BigInt n:String(mixed) p:BigInt i:BigInt(parsed) u:String"
    );
    // What is no integer is no 5 either.
    assert_eq!(silo.ask("t").columns(&["i"]).not("i", Comparison::Equal, integer(5)).rows().await, ["1", "!"]);
}

#[tokio::test]
async fn keys_indexes_and_foreign_keys_are_found() {
    let silo = Silo::new(
        "CREATE TABLE a (id INTEGER PRIMARY KEY, u TEXT UNIQUE, v TEXT, w TEXT, self INTEGER REFERENCES A(ID), UNIQUE (v, w));
         CREATE UNIQUE INDEX part ON a (w) WHERE v IS NULL;
         CREATE UNIQUE INDEX expression ON a (lower(u), v);
         CREATE INDEX other ON a (v COLLATE NOCASE);
         CREATE TABLE b (x INT, y INT, z TEXT, q TEXT, PRIMARY KEY (y, x), FOREIGN KEY (z) REFERENCES a (u), FOREIGN KEY (z, q) REFERENCES a (v, w), FOREIGN KEY (q) REFERENCES gone (id)) WITHOUT ROWID;
         CREATE TABLE c (bx INT, byy INT, FOREIGN KEY (byy, bx) REFERENCES b);",
    )
    .await;
    let keys = |name: &str| -> Vec<String> {
        let keys = &silo.collection(name).keys;
        keys.iter().map(|key| format!("{}{}", if key.primary { "!" } else { "" }, key.columns.join(","))).collect()
    };
    assert_eq!(keys("a"), ["!id", "u", "v,w"]);
    assert_eq!(keys("b"), ["!y,x"]);
    let indexes = silo.collection("a").indexes.clone();
    assert_eq!(indexes, [vec!["id"], vec!["u"], vec!["v"], vec!["v", "w"]]);
    let foreign = |name: &str| -> Vec<String> {
        let keys = &silo.collection(name).foreign_keys;
        keys.iter()
            .map(|key| format!("{}->{}({})", key.columns.join(","), key.collection, key.references.join(",")))
            .collect()
    };
    assert_eq!(foreign("a"), ["self->a(id)"]);
    assert_eq!(foreign("b"), ["z->a(u)", "z,q->a(v,w)", "q->gone(id)"]);
    assert_eq!(foreign("c"), ["byy,bx->b()"]);
    assert!(!silo.collection("b").row_id);
}

#[tokio::test]
async fn views_virtual_tables_and_generated_columns_are_served() {
    let silo = Silo::new(
        "CREATE TABLE t (a INTEGER, b DATE, g TEXT AS (a || '!') STORED);
         INSERT INTO t (a, b) VALUES (1, '2024-01-01');
         CREATE VIEW v AS SELECT a, b, a + 0.5 AS c, 'x' AS d FROM t;
         CREATE VIRTUAL TABLE f USING fts5(body);
         INSERT INTO f VALUES ('some text');",
    )
    .await;
    let names: Vec<&str> = silo.description.collections.iter().map(|collection| collection.name.as_str()).collect();
    assert_eq!(names, ["f", "f_config", "f_content", "f_data", "f_docsize", "f_idx", "t", "v"]);
    assert_eq!(scalars(&silo, "t"), "a:BigInt b:Date(YYYY-MM-DD) g:String");
    assert_eq!(scalars(&silo, "v"), "a:BigInt b:Date(YYYY-MM-DD) c:Float d:String");
    assert!(silo.collection("v").view && !silo.collection("v").row_id);
    assert_eq!(silo.ask("v").filter("d", Comparison::Equal, text("x")).rows().await, ["1|2024-01-01|1.5|x"]);
    assert_eq!(silo.ask("f").rows().await, ["some text"]);
    assert_eq!(silo.ask("t").filter("g", Comparison::Equal, text("1!")).rows().await, ["1|2024-01-01|1!"]);
}

#[tokio::test]
async fn what_cannot_be_read_is_left_out_with_a_warning() {
    let silo = Silo::with(
        "CREATE TABLE gone (a); CREATE VIEW broken AS SELECT * FROM gone; DROP TABLE gone;
         CREATE VIEW strange AS SELECT no_such_function(1) AS a;
         CREATE VIEW failing AS SELECT abs(-9223372036854775807 - 1) AS a;
         CREATE TABLE t (a, b TEXT COLLATE NOCASE);
         PRAGMA writable_schema = ON;
         UPDATE sqlite_schema SET sql = replace(sql, 'NOCASE', 'chinese') WHERE name = 't';
         INSERT INTO sqlite_schema SELECT 'table', CAST(x'ff' AS TEXT), CAST(x'ff' AS TEXT), rootpage, 'CREATE TABLE ''' || CAST(x'ff' AS TEXT) || ''' (a)' FROM sqlite_schema WHERE name = 't';",
        |settings| {
            settings.types.push(lilong_schema::catalog::TypeOverride {
                place: Place::default(),
                collection: "t".to_owned(),
                column: "none".to_owned(),
                scalar: Scalar::Date,
            });
        },
    )
    .await;
    let names: Vec<&str> = silo.description.collections.iter().map(|collection| collection.name.as_str()).collect();
    assert_eq!(names, ["t"]);
    assert_eq!(
        silo.description.warnings,
        [
            "a table is left out: its name is not UTF-8",
            "view broken is left out: no such table: main.gone; mend it or `exclude` it",
            "view failing is left out: integer overflow; mend it or `exclude` it",
            "view strange is left out: no such function: no_such_function; mend it or `exclude` it",
            "t.b has the collation chinese, which only its own program knows: it is ordered by code point",
            "the type given for t.none has no effect: there is no such column",
        ]
    );
    assert!(silo.ask("t").filter("b", Comparison::GreaterOrEqual, text("x")).order("b", false).rows().await.is_empty());
}

#[tokio::test]
async fn everything_is_described_but_what_is_excluded_gives_no_warning() {
    let make = "CREATE TABLE gone (a); CREATE VIEW broken AS SELECT * FROM gone; DROP TABLE gone; CREATE TABLE t (a)";
    let exclude = |settings: &mut SourceSettings| settings.exclude = vec!["b*".to_owned(), "?".to_owned()];
    let silo = Silo::with(make, exclude).await;
    assert_eq!(silo.description.collections[0].name, "t");
    assert!(silo.description.warnings.is_empty());
}

#[tokio::test]
async fn large_tables_are_estimated() {
    let silo = Silo::new(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, d DATE);
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 160000) INSERT INTO t SELECT i, iif(i <= 100000, '2024-01-01', 'late') FROM n;
         CREATE TABLE small (a); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1234) INSERT INTO small SELECT i FROM n;
         CREATE VIEW v AS SELECT * FROM t;",
    )
    .await;
    assert_eq!(silo.collection("t").rows, Some(200_000));
    assert_eq!(silo.collection("small").rows, Some(1_000));
    assert_eq!(silo.collection("v").rows, Some(100_000));
    assert_eq!(scalars(&silo, "t"), "id:BigInt d:Date(YYYY-MM-DD)");
    silo.write("ANALYZE; UPDATE sqlite_stat1 SET stat = '950000' WHERE tbl = 't'");
    let description = silo.connector.describe().await.unwrap();
    assert_eq!(description.collections.iter().find(|collection| collection.name == "t").unwrap().rows, Some(1_000_000));
}
