//! Comparisons of text in the source's own order, and of text that looks like a number.

use serde_json::json;

use super::{ask_source, one};

#[test]
fn text_that_looks_like_a_number_is_compared_as_text_in_a_column_that_prefers_numbers() {
    // `time` is a type that SQLite takes for numeric; two values out of form make it a String.
    let (_city, gateway) = one("CREATE TABLE t (id INTEGER PRIMARY KEY, moment time);
         INSERT INTO t VALUES (1, '2010-11-26 19:22:50'), (2, '1986-10-14'), (3, 'never'), (4, NULL);
         CREATE INDEX by_moment ON t (moment);");
    let ids = |ids: &[i64]| json!({"t": ids.iter().map(|id| json!({"id": id})).collect::<Vec<_>>()});
    ask_source(
        &gateway,
        &[
            (r#"t(where: {moment: {_startsWith: "20"}}) { id }"#, ids(&[1])),
            (r#"t(where: {moment: {_startsWith: "1986"}}) { id }"#, ids(&[2])),
            (r#"t(where: {moment: {_gt: "20"}}) { id }"#, ids(&[1, 3])),
            (r#"t(where: {moment: {_lt: "20"}}) { id }"#, ids(&[2])),
            (r#"t(where: {moment: {_gte: "1986-10-14"}}) { id }"#, ids(&[1, 2, 3])),
            (r#"t(where: {moment: {_eq: "20"}}) { id }"#, ids(&[])),
            (r#"t(where: {moment: {_neq: "20"}}) { id }"#, ids(&[1, 2, 3])),
        ],
    );
}

#[test]
fn text_in_an_order_of_its_own_is_compared_by_its_source_or_not_at_all() {
    let (_city, gateway) = one("CREATE TABLE t (id INTEGER PRIMARY KEY, ci TEXT COLLATE NOCASE, plain TEXT);
         INSERT INTO t VALUES (1, 'Z', 'Z'), (2, 'a', 'a'), (3, 'c', 'c');");
    let ids = |ids: &[i64]| json!({"t": ids.iter().map(|id| json!({"id": id})).collect::<Vec<_>>()});
    ask_source(
        &gateway,
        &[
            (r#"t(where: {ci: {_gt: "b"}}) { id }"#, ids(&[1, 3])),
            (r#"t(where: {ci: {_gt: "b"}, plain: {_regex: "."}}) { id }"#, ids(&[1, 3])),
            (r#"t(where: {_or: [{ci: {_gt: "b"}}, {id: {_eq: "2"}}]}) { id }"#, ids(&[1, 2, 3])),
            (r#"t(where: {_or: [{plain: {_gt: "b"}}, {plain: {_regex: "a"}}]}) { id }"#, ids(&[2, 3])),
            (r#"t(where: {_or: [{ci: {_eq: "c"}}, {plain: {_regex: "a"}}]}) { id }"#, ids(&[2, 3])),
            (r#"t(where: {_or: [{ci: {_gt: "b"}}, {plain: {_regex: "a"}}]}) { id }"#, json!("TOO_COSTLY")),
            (r#"t(where: {_not: {ci: {_lte: "b"}, plain: {_regex: "a"}}}) { id }"#, json!("TOO_COSTLY")),
        ],
    );
}
