//! What SQLite makes of the statements: indexes are used where there are any.

use super::*;

pub(super) const TOWN: &str = "
    CREATE TABLE person (id INTEGER PRIMARY KEY, code TEXT COLLATE NOCASE, tag TEXT, street INTEGER, born DATE NOT NULL);
    CREATE INDEX person_code ON person (code);
    CREATE INDEX person_tag ON person (tag);
    CREATE INDEX person_street ON person (street, born);
    CREATE INDEX person_born ON person (born);
    CREATE TABLE street (id INTEGER PRIMARY KEY, number TEXT);
    CREATE INDEX street_number ON street (number);
    INSERT INTO person VALUES (1, 'a', 'x', 1, '2000-01-01');
    CREATE VIEW people AS SELECT * FROM person;
";

/// The plan's lines, joined by `; `.
pub(super) fn plan(silo: &Silo, fetch: &Fetch) -> String {
    let text = silo.connector.explain(fetch).unwrap().text;
    let connection = Connection::open(silo.path()).unwrap();
    rusqlite::vtab::array::load_module(&connection).unwrap();
    super::super::functions::register(&connection).unwrap();
    let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {text}")).unwrap();
    let mut rows = statement.raw_query();
    let mut lines = vec![];
    while let Some(row) = rows.next().unwrap() {
        lines.push(row.get::<_, String>(3).unwrap());
    }
    lines.join("; ")
}

fn keyed<'a>(silo: &'a Silo, collection: &str, names: &[&str]) -> Ask<'a> {
    let mut ask = silo.ask(collection);
    ask.fetch.columns = vec![ask.fetch.collection.field_id("tag").unwrap_or_default()];
    let columns = names.iter().map(|name| ask.id(name)).collect();
    ask.fetch.keys = Some(KeySet { columns, normalize: Vec::new(), limit: None, offset: None });
    ask
}

pub(super) fn has(plan: &str, part: &str) {
    assert!(plan.contains(part), "{plan}");
}

#[tokio::test]
async fn an_equality_on_a_column_that_knows_no_case_uses_its_index() {
    let silo = Silo::new(TOWN).await;
    let ask = || silo.ask("person").columns(&["tag"]);
    has(&plan(&silo, &ask().filter("code", Comparison::Equal, text("a")).fetch), "USING INDEX person_code (code=?)");
    has(&plan(&silo, &ask().filter("code", Comparison::In, text("a")).fetch), "USING INDEX person_code (code=?)");
    let prefix = ask().filter("tag", Comparison::StartsWith, text("a")).fetch;
    has(&plan(&silo, &prefix), "USING COVERING INDEX person_tag (tag>? AND tag<?)");
}

#[tokio::test]
async fn a_text_among_numbers_is_compared_by_the_index() {
    let silo = Silo::new("CREATE TABLE t (id INTEGER PRIMARY KEY, v); CREATE INDEX by_v ON t (v); INSERT INTO t VALUES (1, 5), (2, '05')").await;
    let ask = silo.ask("t").columns(&["id"]).filter("v", Comparison::GreaterOrEqual, text("05"));
    has(&plan(&silo, &ask.fetch), "USING COVERING INDEX by_v (v>?)");
}

#[tokio::test]
async fn a_key_set_uses_an_index() {
    let silo = Silo::new(TOWN).await;
    has(&plan(&silo, &keyed(&silo, "person", &["code"]).fetch), "USING INDEX person_code (code=?)");
    has(&plan(&silo, &keyed(&silo, "person", &["id"]).fetch), "USING INTEGER PRIMARY KEY (rowid=?)");
    has(
        &plan(&silo, &keyed(&silo, "person", &["street", "born"]).fetch),
        "USING INDEX person_street (street=? AND born=?)",
    );
    has(&plan(&silo, &keyed(&silo, "people", &["tag"]).fetch), "USING COVERING INDEX person_tag (tag=?)");
}

#[tokio::test]
async fn a_limit_on_each_key_looks_up_and_sorts_nothing() {
    let silo = Silo::new(TOWN).await;
    let mut ask = keyed(&silo, "person", &["street"]).order("born", false);
    let limit = ask.operand(integer(2));
    ask.fetch.keys.as_mut().unwrap().limit = Some(limit);
    assert_eq!(
        silo.connector.explain(&ask.fetch).unwrap().text,
        "SELECT t0.\"tag\" FROM rarray(?1) AS t2 CROSS JOIN \"person\" AS t0 ON t0.rowid IN (SELECT t1.rowid FROM \
         \"person\" AS t1 WHERE t1.\"street\" = t2.value ORDER BY t1.\"born\" LIMIT ?2) ORDER BY t0.\"born\""
    );
    let plan = plan(&silo, &ask.fetch);
    has(&plan, "SEARCH t1 USING COVERING INDEX person_street (street=?)");
    has(&plan, "SEARCH t0 USING INTEGER PRIMARY KEY (rowid=?)");
    assert_eq!(plan.matches("TEMP B-TREE").count(), 1, "only the few rows of the answer are sorted: {plan}");
}

#[tokio::test]
async fn linked_rows_are_looked_up_by_an_index() {
    let silo = Silo::new(TOWN).await;
    let exists = |collection: &str, other: &str, on: &[(&str, &str)]| {
        let mut ask = silo.ask(collection);
        let exists = ask.exists(other, on, Predicate::TRUE);
        // Under a negation the engine cannot turn it round.
        let negated = ask.and(Predicate::Not(Box::new(exists)));
        plan(&silo, &negated.fetch)
    };
    has(&exists("street", "person", &[("id", "street")]), "INDEX person_street (street=?)");
    has(&exists("street", "person", &[("number", "code")]), "INDEX person_code (code=?)");
    has(&exists("person", "street", &[("street", "number")]), "INDEX street_number (number=?)");
    has(&exists("street", "person", &[("number", "street")]), "INDEX person_street (street=?)");
}

#[tokio::test]
async fn a_negated_link_is_looked_up_by_its_own_index_and_not_by_the_filter_s() {
    let silo = Silo::new(
        "CREATE TABLE street (id INTEGER PRIMARY KEY);
         CREATE TABLE person (id INTEGER PRIMARY KEY, street INTEGER, tag TEXT, born DATE);
         CREATE INDEX by_street ON person (street);
         CREATE INDEX by_tag ON person (tag, born);
         INSERT INTO person VALUES (1, 1, 'x', '2000-01-01');",
    )
    .await;
    let mut ask = silo.ask("street");
    let mut inner = silo.ask("person");
    let tag = inner.compare("tag", Comparison::Equal, text("x"));
    let born = inner.compare("born", Comparison::GreaterOrEqual, Value::Date(10_957));
    ask.operands = inner.operands;
    let exists = ask.exists("person", &[("id", "street")], tag.and(born));
    let negated = ask.and(Predicate::Not(Box::new(exists)));
    has(&plan(&silo, &negated.fetch), "INDEX by_street (street=?)");
}

#[tokio::test]
async fn an_order_on_a_column_that_is_never_null_uses_its_index() {
    let silo = Silo::new(TOWN).await;
    let plan = plan(&silo, &silo.ask("person").order("born", false).order("id", false).limit(5).fetch);
    has(&plan, "USING INDEX person_born");
    assert!(!plan.contains("TEMP B-TREE"), "{plan}");
}

#[tokio::test]
async fn a_search_begins_with_the_linked_rows_where_an_index_finds_them() {
    let silo = Silo::new(TOWN).await;
    let linked = |outer: &str, inner: &str, on: &[(&str, &str)], column: &str, value: Value| {
        let mut ask = silo.ask(outer);
        let mut below = silo.ask(inner);
        let predicate = below.compare(column, Comparison::Equal, value);
        ask.operands = below.operands;
        let exists = ask.exists(inner, on, predicate);
        plan(&silo, &ask.and(exists).fetch)
    };
    let by_street = linked("person", "street", &[("street", "id")], "number", text("7"));
    has(&by_street, "SEARCH t0 USING INDEX person_street (street=?)");
    has(&by_street, "SEARCH t1 USING COVERING INDEX street_number (number=?)");
    let by_person = linked("street", "person", &[("id", "street")], "tag", text("x"));
    has(&by_person, "SEARCH t0 USING INTEGER PRIMARY KEY (rowid=?)");
    has(&by_person, "SEARCH t1 USING INDEX person_tag (tag=?)");
    // To a column that knows no case, a list would be less exact than the link.
    let by_code = linked("street", "person", &[("number", "code")], "tag", text("x"));
    has(&by_code, "EXISTS");
}

#[tokio::test]
async fn normalised_keys_use_an_index_over_the_same_expression() {
    use lilong_schema::Normalizer::{Compact, StripZeros, Trim, Uppercase};
    let silo = Silo::new(
        "CREATE TABLE card (id INTEGER PRIMARY KEY, \"Card No\" TEXT COLLATE NOCASE, n INTEGER);
         CREATE INDEX compact ON card (upper(replace(replace([card no], '-', ''), ' ', '')) DESC, n);
         CREATE INDEX zeros ON card (ltrim(trim(\"Card No\", ' '), '0'));
         CREATE INDEX partial ON card (trim(\"Card No\")) WHERE n > 0;
         CREATE INDEX collated ON card (trim(\"Card No\") COLLATE NOCASE);
         CREATE INDEX numbers ON card (trim(n));
         INSERT INTO card VALUES (1, '99-01 a', 1);",
    )
    .await;
    let found = &silo.collection("card").expressions;
    assert_eq!(found.len(), 2, "{found:?}");
    let plan = |steps: &[lilong_schema::Normalizer]| {
        let mut ask = keyed(&silo, "card", &["Card No"]);
        ask.fetch.keys.as_mut().unwrap().normalize = steps.to_vec();
        plan(&silo, &ask.fetch)
    };
    has(&plan(&[Compact, Uppercase]), "INDEX compact (<expr>=?)");
    has(&plan(&[Trim, StripZeros]), "INDEX zeros (<expr>=?)");
}
