//! A town of 100,000 residents in each engine, and the catalog that links the three.

use std::fmt::Write;
use std::path::Path;

use lilong_tests::engine::{Engine, Silo};

/// Makes the three silos and writes the catalog.
pub(super) async fn build(folder: &Path) -> Vec<Silo> {
    let mut catalog = String::new();
    let mut silos = Vec::new();
    for engine in Engine::ALL {
        let silo = engine.silo(folder, "town").await;
        silo.run(&statements(engine)).await;
        catalog.push_str(&silo.source(engine.connector()));
        silos.push(silo);
    }
    for (at, engine) in Engine::ALL.iter().enumerate() {
        let (from, to) = (engine.connector(), Engine::ALL[(at + 1) % 3].connector());
        for (outer, inner, name, back) in [
            ("big_street(id)", "big_resident(street_id)", "far", "farStreet"),
            ("big_street(name)", "big_resident(name)", "namesakes", "farNamesakes"),
            ("big_visit(resident_id, seq)", "big_remark(resident_id, seq)", "farRemarks", "farVisit"),
        ] {
            writeln!(
                catalog,
                "[[link]]\nfrom = \"{from}.{outer}\"\nto = \"{to}.{inner}\"\nname = \"{name}\"\nback = \"{back}\"\n"
            )
            .unwrap();
        }
    }
    std::fs::write(folder.join("lilong.toml"), catalog).unwrap();
    silos
}

/// The statements that make and fill the tables: 1,000 streets and 100,000 of everything else.
fn statements(engine: Engine) -> Vec<String> {
    let text = match engine {
        Engine::Sqlite => "TEXT",
        Engine::Postgres => "TEXT COLLATE \"C\"",
        // In the exact collation of the database.
        Engine::MariaDb => "VARCHAR(50)",
    };
    let blind = match engine {
        Engine::Sqlite => "TEXT COLLATE NOCASE",
        Engine::Postgres => "TEXT COLLATE blind",
        Engine::MariaDb => "VARCHAR(50) COLLATE utf8mb4_general_ci",
    };
    let day = match engine {
        Engine::Sqlite => "date('1940-01-01', '+' || (n % 20000) || ' days')",
        Engine::Postgres => "DATE '1940-01-01' + n % 20000",
        Engine::MariaDb => "DATE '1940-01-01' + INTERVAL n % 20000 DAY",
    };
    let joined = |letter: &str, number: &str| match engine {
        Engine::MariaDb => format!("CONCAT('{letter}', {number})"),
        _ => format!("'{letter}' || ({number})"),
    };
    let numbers = |count: usize| match engine {
        Engine::Sqlite => format!(
            "(WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < {count}) SELECT n FROM c) AS s"
        ),
        Engine::Postgres => format!("generate_series(1, {count}) AS s(n)"),
        Engine::MariaDb => {
            let places = ["a.n", "10 * b.n", "100 * c.n", "1000 * d.n", "10000 * e.n"].join(" + ");
            let tables = ["a", "b", "c", "d", "e"].map(|alias| format!("digits AS {alias}")).join(", ");
            format!("(SELECT n FROM (SELECT {places} + 1 AS n FROM {tables}) AS m WHERE n <= {count}) AS s")
        }
    };
    let mut all = Vec::new();
    if engine == Engine::Postgres {
        let blind = "provider = icu, locale = 'und-u-ks-level1', deterministic = false";
        all.push(format!("CREATE COLLATION blind ({blind})"));
    }
    if engine == Engine::MariaDb {
        let digits: Vec<String> = (0..10).map(|digit| format!("SELECT {digit} AS n")).collect();
        all.push(format!("CREATE TABLE digits AS {}", digits.join(" UNION ALL ")));
    }
    all.push(format!("CREATE TABLE big_street (id INT PRIMARY KEY, name {blind}, code {text} UNIQUE)"));
    all.push(format!(
        "CREATE TABLE big_resident (id INT PRIMARY KEY, card {text} NOT NULL UNIQUE, name {blind}, street_id INT, \
         born DATE NOT NULL, income DECIMAL(10, 2), FOREIGN KEY (street_id) REFERENCES big_street (id))"
    ));
    all.push(
        "CREATE TABLE big_visit (resident_id INT NOT NULL, seq INT NOT NULL, at DATE NOT NULL, \
         PRIMARY KEY (resident_id, seq), FOREIGN KEY (resident_id) REFERENCES big_resident (id))"
            .to_owned(),
    );
    all.push(
        "CREATE TABLE big_remark (id INT PRIMARY KEY, resident_id INT, seq INT, \
         FOREIGN KEY (resident_id, seq) REFERENCES big_visit (resident_id, seq))"
            .to_owned(),
    );
    let (name, code, card) = (joined("Name ", "n % 5000"), joined("S", "n"), joined("C", "n"));
    all.push(format!("INSERT INTO big_street SELECT n, {name}, {code} FROM {}", numbers(1_000)));
    all.push(format!(
        "INSERT INTO big_resident SELECT n, {card}, {name}, n % 1000 + 1, {day}, \
         CASE WHEN n % 1000 = 3 THEN NULL ELSE n % 50000 + 0.25 END FROM {}",
        numbers(100_000)
    ));
    all.push(format!("INSERT INTO big_visit SELECT n, n % 9, {day} FROM {}", numbers(100_000)));
    all.push(format!("INSERT INTO big_remark SELECT n, n, n % 9 FROM {}", numbers(100_000)));
    for (name, columns) in [
        ("resident_name", "big_resident (name)"),
        ("resident_street", "big_resident (street_id, born)"),
        ("resident_born", "big_resident (born)"),
        ("resident_income", "big_resident (income)"),
        ("remark_visit", "big_remark (resident_id, seq)"),
    ] {
        all.push(format!("CREATE INDEX {name} ON {columns}"));
    }
    let tables = ["big_street", "big_resident", "big_visit", "big_remark"];
    match engine {
        Engine::Sqlite => all.push("ANALYZE".to_owned()),
        Engine::Postgres => all.extend(tables.map(|table| format!("VACUUM ANALYZE {table}"))),
        Engine::MariaDb => all.extend(tables.map(|table| format!("ANALYZE TABLE {table}"))),
    }
    all
}
