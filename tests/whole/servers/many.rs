//! A database of a thousand tables, and of everything that is nearly a table.

use std::fmt::Write;

use lilong_schema::{Collection, SourceDescription};
use lilong_tests::in_process;

use super::*;

/// Describes a silo; also, how often its server was asked something.
async fn described(silo: &Silo) -> (SourceDescription, usize) {
    let proxy = Proxy::new(silo.address);
    let city = City::empty();
    city.database("civil.sqlite", CIVIL);
    city.write("lilong.toml", &catalog(&silo.block(proxy.address), ""));
    let mut described = in_process::describe(city.folder()).await;
    (described.remove("health").unwrap(), proxy.asked())
}

#[tokio::test]
async fn a_thousand_tables_are_described_by_as_many_statements_as_one() {
    for server in SERVERS {
        let Some(few) = Silo::new(server, HEALTH).await else {
            continue;
        };
        let mut filling = String::new();
        for number in 0..1_000 {
            let up = usize::saturating_sub(number, 1);
            write!(
                filling,
                "CREATE TABLE t{number} (id INT PRIMARY KEY, code VARCHAR(20) UNIQUE, up INT, \
                 FOREIGN KEY (up) REFERENCES t{up} (id));"
            )
            .unwrap();
        }
        let many = Silo::new(server, &filling).await.unwrap();
        let (_, statements) = described(&few).await;
        let begun = Instant::now();
        let (description, same) = described(&many).await;
        assert!(begun.elapsed() < Duration::from_secs(20), "{server:?}: {:?}", begun.elapsed());
        // Where the network cuts them is nobody's to say.
        assert!(statements < 60 && same <= statements + 4, "{server:?}: {statements} became {same}");
        assert_eq!(description.collections.len(), 1_000);
        assert!(description.collections.iter().all(|found| found.keys.len() == 2 && found.foreign_keys.len() == 1));
    }
}

fn find<'a>(description: &'a SourceDescription, name: &str) -> &'a Collection {
    description.collections.iter().find(|found| found.name == name).unwrap_or_else(|| panic!("no {name}"))
}

fn keys(collection: &Collection) -> Vec<String> {
    collection.keys.iter().map(|key| key.columns.join(" ")).collect()
}

#[tokio::test]
async fn what_is_nearly_a_table_is_served_and_what_is_nearly_a_key_is_none() {
    let filling = "CREATE TABLE t (id INT PRIMARY KEY, a INT NOT NULL, b TEXT, \
          made INT GENERATED ALWAYS AS (a * 2) STORED); \
        COMMENT ON TABLE t IS 'all of it'; COMMENT ON COLUMN t.a IS 'the first'; \
        INSERT INTO t VALUES (1, 5, 'x'), (2, 6, 'y'); \
        CREATE UNIQUE INDEX partial ON t (a) WHERE a > 5; CREATE UNIQUE INDEX expression ON t (lower(b)); \
        CREATE UNIQUE INDEX whole ON t (b, a); \
        CREATE MATERIALIZED VIEW kept AS SELECT id, a FROM t; CREATE UNIQUE INDEX ON kept (id); \
        CREATE TABLE year (id INT, y INT, PRIMARY KEY (id, y)) PARTITION BY RANGE (y); \
        CREATE TABLE year_1 PARTITION OF year FOR VALUES FROM (0) TO (9); INSERT INTO year VALUES (1, 3); \
        CREATE SCHEMA other; CREATE TABLE other.t (id INT PRIMARY KEY); \
        CREATE EXTENSION file_fdw; CREATE SERVER files FOREIGN DATA WRAPPER file_fdw; \
        CREATE FOREIGN TABLE far (line TEXT) SERVER files OPTIONS (filename '/dev/null')";
    if let Some(silo) = Silo::new(Server::Postgres, filling).await {
        let (description, _) = described(&silo).await;
        let names: Vec<&str> = description.collections.iter().map(|found| found.name.as_str()).collect();
        assert_eq!(names, ["far", "kept", "t", "year"]);
        assert_eq!(keys(find(&description, "t")), ["id", "b a"]);
        assert_eq!(keys(find(&description, "kept")), ["id"]);
        assert_eq!(keys(find(&description, "year")), ["id y"]);
        let table = find(&description, "t");
        assert_eq!(
            (table.comment.as_deref(), table.fields[1].comment.as_deref()),
            (Some("all of it"), Some("the first"))
        );
        let city = City::empty();
        city.database("civil.sqlite", CIVIL);
        let block = format!("{}schemas = [\"public\", \"other\", \"none\"]\n", silo.block(silo.address));
        city.write("lilong.toml", &catalog(&block, ""));
        let mut all = in_process::describe(city.folder()).await;
        let all = all.remove("health").unwrap();
        assert!(all.warnings.iter().any(|warning| warning.contains("no schema none")), "{:?}", all.warnings);
        let gateway = lilong_tests::serve(city.folder()).await;
        let answer =
            ask(&gateway, "{ health { t(orderBy: [{ id: ASC }]) { made } kept { id } year { y } far { line } } }")
                .await;
        let expected = json!({ "t": [{ "made": 10 }, { "made": 12 }], "kept": [{ "id": 1 }, { "id": 2 }], "year": [{ "y": 3 }], "far": [] });
        assert_eq!(answer["data"]["health"], expected, "{answer}");
    }
    let filling = "CREATE TABLE t (id INT PRIMARY KEY, a INT NOT NULL, b VARCHAR(200), \
          made INT GENERATED ALWAYS AS (a * 2) STORED, seen INT AS (a + 1) VIRTUAL, \
          UNIQUE prefix (b(10)), UNIQUE whole (b, a)) COMMENT 'all of it'; \
        INSERT INTO t (id, a, b) VALUES (1, 5, 'x'), (2, 6, 'y'); \
        CREATE TABLE year (id INT, y INT, PRIMARY KEY (id, y)) PARTITION BY HASH (y) PARTITIONS 3; \
        INSERT INTO year VALUES (1, 3); CREATE VIEW seen AS SELECT id, made FROM t; CREATE SEQUENCE numbers";
    if let Some(silo) = Silo::new(Server::MySql, filling).await {
        let (description, _) = described(&silo).await;
        let names: Vec<&str> = description.collections.iter().map(|found| found.name.as_str()).collect();
        assert_eq!(names, ["seen", "t", "year"]);
        assert_eq!(keys(find(&description, "t")), ["id", "b a"]);
        assert_eq!(keys(find(&description, "year")), ["id y"]);
        let city = City::empty();
        city.database("civil.sqlite", CIVIL);
        city.write("lilong.toml", &catalog(&silo.block(silo.address), ""));
        let gateway = lilong_tests::serve(city.folder()).await;
        let answer = ask(&gateway, "{ health { t(orderBy: [{ id: ASC }]) { made seen } seen(where: { id: { _eq: 2 } }) { made } year { y } } }").await;
        let expected = json!({ "t": [{ "made": 10, "seen": 6 }, { "made": 12, "seen": 7 }], "seen": [{ "made": 12 }], "year": [{ "y": 3 }] });
        assert_eq!(answer["data"]["health"], expected, "{answer}");
    }
}
