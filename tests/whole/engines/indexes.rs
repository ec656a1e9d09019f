//! No statement reads a whole table where an index serves it: every shape of statement, on tables of 100,000 rows in each
//! engine, as the engine itself explains what was really sent.

mod access;
mod town;

use std::fmt::Write;

use lilong_tests::engine::Engine;
use lilong_tests::serve;

use self::access::Watch;
use super::are_there;
use crate::differential::court::ask;

/// A question, asked of each engine that has an index for it.
struct Question {
    what: &'static str,
    text: &'static str,
    engines: &'static [Engine],
    /// An index is read in its order, from one end until there are enough rows.
    by_order: bool,
    /// Tables of which every row is asked for.
    whole: &'static [&'static str],
}

const fn question(what: &'static str, text: &'static str) -> Question {
    Question { what, text, engines: &Engine::ALL, by_order: false, whole: &[] }
}

const fn ordered(what: &'static str, engines: &'static [Engine], text: &'static str) -> Question {
    Question { engines, by_order: true, ..question(what, text) }
}

use Engine::{MariaDb, Sqlite};

const QUESTIONS: &[Question] = &[
    question("a row by its key", "bigResidentByPk(id: 5) { name }"),
    question("a row by another key", r#"bigResidentByCard(card: "C5") { id }"#),
    question("a row by a key of several columns", "bigVisitByPk(residentId: 5, seq: 5) { at }"),
    question("some rows by their keys", "bigResident(where: {id: {_in: [7, 8, 9]}}) { name }"),
    question("a text to whose column case is nothing", r#"bigResident(where: {name: {_eq: "Name 7"}}) { id }"#),
    question("some such texts", r#"bigResident(where: {name: {_in: ["Name 7", "Name 8"]}}) { id }"#),
    question("the beginning of a text", r#"bigResident(where: {card: {_startsWith: "C9999"}}) { id }"#),
    question("a range of days", r#"bigResident(where: {born: {_gte: "1990-01-01", _lt: "1990-01-05"}}) { id }"#),
    question("a range of decimals", r#"bigResident(where: {income: {_gte: "100", _lt: "103"}}) { id }"#),
    question(
        "an equality and a range",
        r#"bigResident(where: {streetId: {_eq: 7}, born: {_gt: "1990-01-01"}}) { id }"#,
    ),
    question("alternatives", r#"bigResident(where: {_or: [{card: {_eq: "C1"}}, {streetId: {_eq: 2}}]}) { id }"#),
    question(
        "alternatives of texts to whose columns case is nothing",
        r#"bigResident(where: {_or: [{card: {_eq: "C1"}}, {name: {_eq: "Name 2"}}]}) { id }"#,
    ),
    question(
        "alternatives of several such texts",
        r#"bigResident(where: {_or: [{card: {_eq: "C1"}}, {name: {_in: ["Name 2", "Name 3"]}}]}) { id }"#,
    ),
    ordered("the first by an order", &Engine::ALL, "bigResident(orderBy: [{born: ASC}], limit: 5) { id }"),
    ordered("the last by an order", &Engine::ALL, "bigResident(orderBy: [{born: DESC}], limit: 5) { id }"),
    ordered(
        "the last by an order, some rows on",
        &Engine::ALL,
        "bigResident(orderBy: [{born: DESC}], limit: 5, offset: 7) { name }",
    ),
    ordered(
        "the last by an order, of few rows",
        &Engine::ALL,
        "bigResident(where: {streetId: {_eq: 7}}, orderBy: [{born: DESC}], limit: 5) { name }",
    ),
    ordered(
        "the last page but one by an order",
        &Engine::ALL,
        "bigResidentConnection(orderBy: [{born: DESC}], last: 5) { nodes { name } }",
    ),
    ordered(
        "the first by an order of which an index has the beginning",
        &Engine::ALL,
        "bigResident(orderBy: [{born: ASC}, {income: DESC}], limit: 5) { name }",
    ),
    ordered(
        "the first by an order, nulls first",
        &[Sqlite, MariaDb],
        "bigResident(orderBy: [{income: ASC_NULLS_FIRST}], limit: 5) { id }",
    ),
    ordered(
        "the first by an order, nulls last",
        &Engine::ALL,
        "bigResident(orderBy: [{income: ASC}], limit: 5) { id }",
    ),
    ordered(
        "the last by an order, nulls first",
        &Engine::ALL,
        "bigResident(orderBy: [{income: DESC}], limit: 150) { id }",
    ),
    ordered(
        "the last by an order, nulls last",
        &[Sqlite, MariaDb],
        "bigResident(orderBy: [{income: DESC_NULLS_LAST}], limit: 5) { id }",
    ),
    ordered(
        "the last by a text to whose column case is nothing",
        &Engine::ALL,
        "bigResident(orderBy: [{name: DESC}], limit: 5) { id }",
    ),
    ordered("the first by the key", &Engine::ALL, "bigResident(limit: 5) { name }"),
    question("linked rows", "bigStreet(where: {id: {_in: [1, 2, 3]}}) { bigResident { id } }"),
    question(
        "the first linked rows of each",
        "bigStreet(where: {id: {_in: [1, 2, 3]}}) { bigResident(orderBy: [{born: ASC}], limit: 2) { id } }",
    ),
    question("linked objects", "bigVisit(where: {residentId: {_in: [1, 2, 3]}}) { resident { name } }"),
    question("objects linked by several columns", "bigRemark(where: {id: {_in: [1, 2, 3]}}) { bigVisit { at } }"),
    question("rows linked by several columns", "bigVisit(where: {residentId: {_in: [1, 2]}}) { bigRemark { id } }"),
    question(
        "the first rows linked by several columns",
        "bigVisit(where: {residentId: {_in: [1, 2]}}) { bigRemark(limit: 1) { id } }",
    ),
    question("rows with a certain linked row", r#"bigStreet(where: {bigResident: {card: {_eq: "C77"}}}) { id }"#),
    question(
        "rows with a certain linked object",
        r#"bigResident(where: {street: {code: {_eq: "S5"}}}, limit: 5) { id }"#,
    ),
    Question {
        whole: &["big_street"],
        ..question(
            "rows without a certain linked row",
            r#"bigStreet(where: {_not: {bigResident: {born: {_lt: "1940-01-02"}}}}, limit: 3) { id }"#,
        )
    },
    question("rows of another source", "bigStreet(where: {id: {_in: [1, 2, 3]}}) { far { id } }"),
    question("the first rows of another source", "bigStreet(where: {id: {_in: [1, 2, 3]}}) { far(limit: 2) { id } }"),
    question(
        "rows of another source by texts",
        "bigStreet(where: {id: {_in: [1, 2, 3]}}) { all: namesakes { id } first: namesakes(limit: 1) { id } }",
    ),
    question(
        "rows of another source by several columns",
        "bigVisit(where: {residentId: {_in: [1, 2]}}) { all: farRemarks { id } first: farRemarks(limit: 1) { id } }",
    ),
    question(
        "rows by an object of another source",
        r#"bigResident(where: {farStreet: {code: {_eq: "S5"}}}, limit: 3) { id }"#,
    ),
    question("rows by a row of another source", r#"bigStreet(where: {far: {card: {_eq: "C77"}}}) { id }"#),
    question(
        "the first linked rows of each by a text of another source",
        r#"bigStreet(where: {id: {_in: [5, 6]}}) {
            bigResident(where: {farStreet: {code: {_eq: "S5"}}}, limit: 1) { id } }"#,
    ),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_statement_reads_a_whole_table_where_an_index_serves() {
    if !are_there("indexes of large tables") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let town = town::build(folder.path()).await;
    let gateway = serve(folder.path()).await;
    let mut watch = Watch::new(&town).await;
    let mut faults = String::new();
    for question in QUESTIONS {
        for engine in question.engines {
            let text = format!("{{ {} {{ {} }} }}", engine.connector(), question.text);
            watch.begin().await;
            let plan = gateway.explain(&access::request(&text)).unwrap_or_else(|errors| panic!("{text}: {errors:?}"));
            let answer = ask(&gateway, &text).await;
            assert!(answer.get("errors").is_none(), "{text}: {answer}");
            let found = answer["data"][engine.connector()].as_object().unwrap().values().next().unwrap();
            assert!(!found.is_null() && found != &serde_json::json!([]), "{text} finds nothing");
            let statements = watch.end(&plan).await;
            assert!(!statements.is_empty(), "{text} was not seen by any engine");
            for statement in statements {
                for scan in statement.scans.iter().filter(|scan| !question.whole.contains(&scan.table.as_str())) {
                    if !(question.by_order && scan.by_index) {
                        let (engine, of) = (engine.connector(), statement.engine.connector());
                        writeln!(
                            faults,
                            "{} from {engine}: {of} reads all of {}\n  {}\n  {}",
                            question.what, scan.table, statement.text, statement.plan
                        )
                        .unwrap();
                    }
                }
            }
        }
    }
    assert!(faults.is_empty(), "\n{faults}");
}
