//! What filters mean: nulls, empty lists, exact equality under any collation, patterns.

use lilong::Gateway;
use serde_json::{Value, json};

use super::{agree, answer, ask_source, one, short};

const ROWS: &str = r"
    CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT, ci TEXT COLLATE NOCASE, rt TEXT COLLATE RTRIM, n INTEGER);
    CREATE INDEX by_ci ON t (ci);
    CREATE INDEX by_rt ON t (rt);
    INSERT INTO t VALUES
        (1, 'Li', 'Abc', 'x', 1), (2, 'li', 'abc', 'x ', 2), (3, 'Li ', 'ABC', 'x  ', NULL), (4, NULL, NULL, NULL, 4),
        (5, '', '', '', 5), (6, 'a%b_c\d', 'É', 'ß', 6), (7, 'É', 'é', NULL, 7), (8, '😀x', 'k', NULL, 8);
    CREATE TABLE child (id INTEGER PRIMARY KEY, t_id INTEGER REFERENCES t, word TEXT);
    INSERT INTO child VALUES (1, 1, 'a'), (2, 1, NULL), (3, 2, 'b'), (4, NULL, 'a');";

/// Which rows of `t` each filter lets through, by id; or the code it is refused with.
fn filters(gateway: &Gateway, table: &[(&str, &[i64])]) {
    agree(table.iter().map(|(filter, ids)| {
        let query = format!("{{ s {{ t(where: {filter}, orderBy: {{id: ASC}}) {{ id }} }} }}");
        let got = short(&answer(gateway, &query, &Value::Null));
        let rows: Vec<Value> = ids.iter().map(|id| json!({"id": id})).collect();
        ((*filter).to_owned(), json!({"s": {"t": rows}}), got)
    }));
}

const ALL: &[i64] = &[1, 2, 3, 4, 5, 6, 7, 8];
const NAMED: &[i64] = &[1, 2, 3, 5, 6, 7, 8];

#[test]
fn what_is_empty_is_true_or_false_as_in_logic() {
    let (_city, gateway) = one(ROWS);
    filters(
        &gateway,
        &[
            ("{}", ALL),
            ("null", ALL),
            ("{_and: []}", ALL),
            ("{_and: [{}]}", ALL),
            ("{_or: []}", &[]),
            ("{_or: [{}]}", ALL),
            ("{_not: {}}", &[]),
            ("{_not: {_or: []}}", ALL),
            ("{name: {}}", ALL),
            ("{name: {_in: []}}", &[]),
            ("{name: {_nin: []}}", ALL),
            ("{_not: {name: {_in: []}}}", ALL),
            ("{_not: {name: {_nin: []}}}", &[]),
            ("{_not: {name: {}}}", &[]),
            ("{_or: [{name: {_in: []}}, {id: {_eq: 4}}]}", &[4]),
            ("{id: {_in: 3}}", &[3]),
            ("{_and: {id: {_eq: 3}}}", &[3]),
            ("{id: {_gt: 2, _lt: 5}, name: {_isNull: false}}", &[3]),
        ],
    );
}

#[test]
fn a_filter_of_linked_rows_that_is_null_is_as_absent() {
    let (_city, gateway) = one(ROWS);
    filters(
        &gateway,
        &[
            ("{childAggregate: {where: null, count: {_gt: 1}}}", &[1]),
            ("{childAggregate: {where: null, count: {_eq: 1}}}", &[2]),
            ("{childAggregate: {where: {}, count: {_gt: 1}}}", &[1]),
        ],
    );
    let query = "query($w: SChildBoolExp) { s { t(where: {childAggregate: {where: $w, count: {_gt: 1}}}) { id } } }";
    assert_eq!(short(&answer(&gateway, query, &json!({"w": null}))), json!({"s": {"t": [{"id": 1}]}}));
}

#[test]
fn a_null_column_is_matched_by_is_null_alone() {
    let (_city, gateway) = one(ROWS);
    filters(
        &gateway,
        &[
            ("{name: {_neq: \"Li\"}}", &[2, 3, 5, 6, 7, 8]),
            ("{name: {_nin: [\"Li\", \"li\"]}}", &[3, 5, 6, 7, 8]),
            ("{_not: {name: {_eq: \"Li\"}}}", &[2, 3, 5, 6, 7, 8]),
            ("{_not: {name: {_neq: \"Li\"}}}", &[1]),
            ("{_not: {name: {_in: [\"Li\"]}}}", &[2, 3, 5, 6, 7, 8]),
            ("{_not: {_not: {name: {_eq: \"Li\"}}}}", &[1]),
            ("{_not: {n: {_gt: 4}}}", &[1, 2, 4]),
            ("{name: {_isNull: true}}", &[4]),
            ("{name: {_isNull: false}}", NAMED),
            ("{_not: {name: {_isNull: true}}}", NAMED),
            ("{_not: {name: {_nlike: \"L%\"}}}", &[1, 3]),
            ("{_not: {name: {_regex: \"^L\"}}}", &[2, 5, 6, 7, 8]),
            ("{_not: {_or: [{name: {_eq: \"Li\"}}, {n: {_eq: 2}}]}}", &[5, 6, 7, 8]),
            ("{_not: {_and: [{name: {_eq: \"Li\"}}, {n: {_eq: 4}}]}}", &[1, 2, 3, 5, 6, 7, 8]),
        ],
    );
}

#[test]
fn equality_is_exact_whatever_the_collation() {
    let (_city, gateway) = one(ROWS);
    filters(
        &gateway,
        &[
            ("{name: {_eq: \"Li\"}}", &[1]),
            ("{name: {_eq: \"Li \"}}", &[3]),
            ("{name: {_eq: \"\"}}", &[5]),
            ("{ci: {_eq: \"abc\"}}", &[2]),
            ("{ci: {_neq: \"abc\"}}", &[1, 3, 5, 6, 7, 8]),
            ("{ci: {_in: [\"abc\", \"ABC\"]}}", &[2, 3]),
            ("{ci: {_nin: [\"abc\", \"ABC\"]}}", &[1, 5, 6, 7, 8]),
            ("{rt: {_eq: \"x\"}}", &[1]),
            ("{rt: {_eq: \"x \"}}", &[2]),
            ("{rt: {_in: [\"x  \"]}}", &[3]),
            ("{rt: {_neq: \"x\"}}", &[2, 3, 5, 6]),
            ("{ci: {_gt: \"ABC\"}}", &[6, 7, 8]),
            ("{ci: {_gte: \"ABC\", _lt: \"L\"}}", &[1, 2, 3, 8]),
        ],
    );
}

#[test]
fn patterns_match_by_code_point_with_escapes() {
    let (_city, gateway) = one(ROWS);
    filters(
        &gateway,
        &[
            (r#"{name: {_like: "L%"}}"#, &[1, 3]),
            (r#"{name: {_like: "Li"}}"#, &[1]),
            (r#"{name: {_like: ""}}"#, &[5]),
            (r#"{name: {_like: "%"}}"#, NAMED),
            (r#"{name: {_like: "_x"}}"#, &[8]),
            (r#"{name: {_like: "_"}}"#, &[7]),
            (r#"{name: {_like: "a\\%b\\_c\\\\d"}}"#, &[6]),
            (r#"{name: {_like: "a\\%%"}}"#, &[6]),
            (r#"{name: {_like: "\\%%"}}"#, &[]),
            (r#"{name: {_like: "%\\_%"}}"#, &[6]),
            (r#"{name: {_nlike: "L%"}}"#, &[2, 5, 6, 7, 8]),
            (r#"{ci: {_like: "a%"}}"#, &[2]),
            (r#"{ci: {_ilike: "a%"}}"#, &[1, 2, 3]),
            (r#"{ci: {_ilike: "É"}}"#, &[6, 7]),
            (r#"{ci: {_ilike: "K"}}"#, &[8]),
            (r#"{rt: {_ilike: "ẞ"}}"#, &[6]),
            (r#"{rt: {_ilike: "ss"}}"#, &[]),
            (r#"{name: {_ilike: "lI"}}"#, &[1, 2]),
            (r#"{name: {_nilike: "l%"}}"#, &[5, 6, 7, 8]),
            (r#"{name: {_startsWith: "a%"}}"#, &[6]),
            (r#"{name: {_startsWith: "A"}}"#, &[]),
            (r#"{name: {_startsWith: ""}}"#, NAMED),
            (r#"{name: {_endsWith: "\\d"}}"#, &[6]),
            (r#"{name: {_contains: "_"}}"#, &[6]),
            (r#"{name: {_contains: "%b"}}"#, &[6]),
            (r#"{name: {_contains: ""}}"#, NAMED),
            (r#"{ci: {_startsWith: "ab"}}"#, &[2]),
            (r#"{name: {_regex: "^l"}}"#, &[2]),
            (r#"{name: {_iregex: "^l"}}"#, &[1, 2, 3]),
            (r#"{name: {_regex: "^.$"}}"#, &[7]),
            (r#"{name: {_regex: ""}}"#, NAMED),
            (r#"{_or: [{name: {_regex: "^l"}}, {id: {_eq: 4}}]}"#, &[2, 4]),
        ],
    );
}

#[test]
fn a_filter_through_a_link_asks_whether_there_is_one() {
    let (_city, gateway) = one(ROWS);
    filters(
        &gateway,
        &[
            ("{child: {}}", &[1, 2]),
            ("{_not: {child: {}}}", &[3, 4, 5, 6, 7, 8]),
            ("{child: {word: {_eq: \"a\"}}}", &[1]),
            ("{_not: {child: {word: {_eq: \"a\"}}}}", &[2, 3, 4, 5, 6, 7, 8]),
            ("{child: {word: {_neq: \"b\"}}}", &[1]),
            ("{child: {_not: {word: {_eq: \"a\"}}}}", &[2]),
            ("{child: {word: {_isNull: true}}}", &[1]),
            ("{child: {_or: []}}", &[]),
            ("{child: {t: {name: {_eq: \"li\"}}}}", &[2]),
        ],
    );
    ask_source(
        &gateway,
        &[
            ("child(where: {t: {}}) { id }", json!({"child": [{"id": 1}, {"id": 2}, {"id": 3}]})),
            ("child(where: {_not: {t: {}}}) { id }", json!({"child": [{"id": 4}]})),
            ("child(where: {_not: {t: {name: {_eq: \"Li\"}}}}) { id }", json!({"child": [{"id": 3}, {"id": 4}]})),
        ],
    );
}

#[test]
fn what_cannot_be_compared_is_refused_before_anything_is_read() {
    let (_city, gateway) = one(ROWS);
    ask_source(
        &gateway,
        &[
            ("t(where: {name: {_eq: null}}) { id }", json!("BAD_INPUT")),
            ("t(where: {child: null}) { id }", json!("BAD_INPUT")),
            ("t(where: {_and: null}) { id }", json!("BAD_INPUT")),
            ("t(where: {_not: null}) { id }", json!("BAD_INPUT")),
            ("t(where: {name: null}) { id }", json!("BAD_INPUT")),
            ("t(where: {name: {_isNull: null}}) { id }", json!("BAD_INPUT")),
            ("t(where: {name: {_in: null}}) { id }", json!("BAD_INPUT")),
            ("t(where: {name: {_in: [null]}}) { id }", json!("VALIDATION_FAILED")),
            ("t(where: {name: {_regex: \"(\"}}) { id }", json!("BAD_INPUT")),
            ("t(where: {name: {_eq: 1}}) { id }", json!("VALIDATION_FAILED")),
            ("t(where: {id: {_eq: \"x\"}}) { id }", json!("BAD_INPUT")),
            ("t(where: {id: {_eq: 1.5}}) { id }", json!("BAD_INPUT")),
            ("t(where: {id: {_eq: true}}) { id }", json!("BAD_INPUT")),
            ("t(where: {id: {_eq: 18446744073709551616}}) { id }", json!("BAD_INPUT")),
            ("t(where: {id: {_eq: 18446744073709551615}}) { id }", json!({"t": []})),
            ("t(where: {id: {_eq: \"3\"}}) { id }", json!({"t": [{"id": 3}]})),
            ("t(where: {nothing: {_eq: 1}}) { id }", json!("VALIDATION_FAILED")),
            ("t(where: {name: {_isNull: \"yes\"}}) { id }", json!("VALIDATION_FAILED")),
            ("t(limit: \"1\") { id }", json!("VALIDATION_FAILED")),
            ("t(limit: 1.5) { id }", json!("VALIDATION_FAILED")),
            ("tByPk(id: \"x\") { id }", json!("BAD_INPUT")),
            ("tByPk(id: null) { id }", json!("VALIDATION_FAILED")),
        ],
    );
    let query =
        "query($name: String, $where: STBoolExp!) { s { t(where: {_and: [{name: {_eq: $name}}, $where]}) { id } } }";
    agree(
        [
            (json!({"name": "Li", "where": {}}), json!({"s": {"t": [{"id": 1}]}})),
            (json!({"name": null, "where": {}}), json!("BAD_INPUT")),
            (json!({"name": 1, "where": {}}), json!("BAD_VARIABLES")),
            (json!({"name": "Li", "where": {"id": {"_eq": "x"}}}), json!("BAD_VARIABLES")),
        ]
        .map(|(variables, wanted)| (variables.to_string(), wanted, short(&answer(&gateway, query, &variables)))),
    );
}
