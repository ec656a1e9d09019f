//! Scalars: how SQLite's values come out, how they are compared in the form they are stored in, and what cannot be.

use lilong_schema::Slice;
use lilong_schema::sdl::sdl;
use rusqlite::Connection;
use serde_json::json;

use super::{ask_source, one};

const VALUES: &str = "
    CREATE TABLE v (id INTEGER PRIMARY KEY, big INTEGER, price DECIMAL(10,2), num NUMERIC, at DATETIME, spaced DATETIME,
        stamp TIMESTAMP, day DATE, hour TIME, flag BOOLEAN, r REAL, bl BLOB, tx VARCHAR(9), untyped, shape SHAPE, uu UUID);
    INSERT INTO v VALUES
        (1, 9007199254740991, 1.5, 1e20, '2024-02-29T03:04:05', '2024-02-29 03:04:05.250', '2024-01-02T03:04:05+08:00',
            '2024-02-29', '03:04', 1, 1.5, x'00ff', 'a', 1, 'x', '6F9619FF-8B86-D011-B42D-00CF4FC964FF'),
        (2, 9007199254740992, 3, 0.0000001, '2023-01-01T00:00:00', '2023-01-01 00:00:00.000', '2024-01-02T03:04:06+08:00',
            '0001-01-01', '23:59', 0, 0, x'', '', 2.5, 7, '00000000-0000-0000-0000-000000000000'),
        (3, -9007199254740992, -0.10, 12, NULL, NULL, NULL, NULL, NULL, NULL, 1e21, NULL, NULL, NULL, NULL, NULL),
        (4, 9223372036854775807, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);";

#[test]
fn a_column_has_the_scalar_that_its_type_and_values_allow() {
    let (_city, gateway) = one(&format!(
        "{VALUES}
         CREATE TABLE w (a DATE, b DATETIME, c BOOLEAN, d NUMERIC, e, f, g TIME, h DATE, i DATETIME, j BLOB, k CLOB,
            l POINT, m DOUBLE, n DECIMAL, o, p JSON, q BIGINT, r TIMESTAMP, s);
         INSERT INTO w (a, b, c, d, e, f, g, i, o, p, r, s) VALUES
            ('2024-01-02', '2024-01-02 03:04', 1, 1, 1, 'x', '03:04:05', '2024-01-02T03:04:05Z', x'00', '{{}}', '2024-01-02 03:04:05Z', 1),
            ('02.01.2024', '2024-01-02T03:04', 2, 'n', 1.5, 'y', '03:04', '2024-01-02T03:04:05+01:00', x'01', '[]', '2024-01-02 03:04:05', 'a');"
    ));
    let text = sdl(&gateway.model().federated, &Slice::all());
    let fields = |start: &str| -> Vec<String> {
        let part = text.split(start).nth(1).and_then(|rest| rest.split("\n}\n").next()).unwrap();
        part.lines()
            .filter(|line| line.starts_with("  ") && line.contains(": ") && !line.contains(['(', '`']))
            .map(|line| line.trim().to_owned())
            .collect()
    };
    assert_eq!(
        fields("\ntype SV {"),
        [
            "id: BigInt",
            "big: BigInt",
            "price: Decimal",
            "num: Decimal",
            "at: LocalDateTime",
            "spaced: LocalDateTime",
            "stamp: DateTime",
            "day: Date",
            "hour: Time",
            "flag: Boolean",
            "r: Float",
            "bl: Bytes",
            "tx: String",
            "untyped: Float",
            "shape: String",
            "uu: String",
        ]
    );
    assert_eq!(
        fields("\ntype SW {"),
        [
            "a: String",
            "b: String",
            "c: BigInt",
            "d: String",
            "e: Float",
            "f: String",
            "g: String",
            "h: Date",
            "i: String",
            "j: Bytes",
            "k: String",
            "l: BigInt",
            "m: Float",
            "n: Decimal",
            "o: Bytes",
            "p: String",
            "q: BigInt",
            "r: String",
            "s: String",
        ]
    );
}

#[test]
fn values_are_printed_in_their_canonical_form() {
    let (_city, gateway) = one(VALUES);
    ask_source(
        &gateway,
        &[
            (
                "v { big price num r }",
                json!({"v": [
                    {"big": 9_007_199_254_740_991_i64, "price": "1.50", "num": "100000000000000000000", "r": 1.5},
                    {"big": "9007199254740992", "price": "3.00", "num": "0.0000001", "r": 0.0},
                    {"big": "-9007199254740992", "price": "-0.10", "num": "12", "r": 1e21},
                    {"big": "9223372036854775807", "price": null, "num": null, "r": null},
                ]}),
            ),
            (
                "v(limit: 2) { at spaced stamp day hour flag bl tx untyped shape uu }",
                json!({"v": [
                    {
                        "at": "2024-02-29T03:04:05", "spaced": "2024-02-29T03:04:05.25", "stamp": "2024-01-01T19:04:05Z",
                        "day": "2024-02-29", "hour": "03:04:00", "flag": true, "bl": "AP8=", "tx": "a", "untyped": 1.0,
                        "shape": "x", "uu": "6F9619FF-8B86-D011-B42D-00CF4FC964FF",
                    },
                    {
                        "at": "2023-01-01T00:00:00", "spaced": "2023-01-01T00:00:00", "stamp": "2024-01-01T19:04:06Z",
                        "day": "0001-01-01", "hour": "23:59:00", "flag": false, "bl": "", "tx": "", "untyped": 2.5,
                        "shape": "7", "uu": "00000000-0000-0000-0000-000000000000",
                    },
                ]}),
            ),
        ],
    );
}

#[test]
fn filters_meet_values_in_the_form_they_are_stored_in() {
    let (_city, gateway) = one(VALUES);
    let table: Vec<(String, serde_json::Value)> = [
        (r"big: {_eq: 9007199254740992}", vec![2]),
        (r#"big: {_eq: "9007199254740992"}"#, vec![2]),
        (r"big: {_eq: 9.007199254740992e15}", vec![2]),
        (r"big: {_gt: 9007199254740991}", vec![2, 4]),
        (r#"big: {_in: ["9223372036854775807", 18446744073709551615]}"#, vec![4]),
        (r#"price: {_eq: "1.5"}"#, vec![1]),
        (r"price: {_eq: 1.500}", vec![1]),
        (r#"price: {_in: ["3", "-0.1"]}"#, vec![2, 3]),
        (r"price: {_lt: 1.5}", vec![3]),
        (r#"num: {_eq: "100000000000000000000"}"#, vec![1]),
        (r#"num: {_eq: "0.0000001"}"#, vec![2]),
        (r#"at: {_eq: "2024-02-29T03:04:05"}"#, vec![1]),
        (r#"at: {_eq: "2024-02-29 03:04:05"}"#, vec![1]),
        (r#"spaced: {_eq: "2024-02-29T03:04:05.25"}"#, vec![1]),
        (r#"spaced: {_lte: "2023-01-01T00:00:00"}"#, vec![2]),
        (r#"spaced: {_neq: "2024-02-29T03:04:05.251"}"#, vec![1, 2]),
        (r#"spaced: {_gt: "2024-02-29T03:04:05.2499"}"#, vec![1]),
        (r#"stamp: {_eq: "2024-01-01T19:04:05Z"}"#, vec![1]),
        (r#"stamp: {_eq: "2024-01-01T20:04:05+01:00"}"#, vec![1]),
        (r#"stamp: {_gt: "2024-01-01T19:04:05Z"}"#, vec![2]),
        (r#"day: {_gte: "2024-02-29"}"#, vec![1]),
        (r#"hour: {_eq: "03:04:00"}"#, vec![1]),
        (r#"hour: {_gt: "03:04:00.5"}"#, vec![2]),
        (r#"hour: {_lt: "03:04:01"}"#, vec![1]),
        (r"flag: {_eq: true}", vec![1]),
        (r"flag: {_neq: true}", vec![2]),
        (r"flag: {_in: [true, false]}", vec![1, 2]),
        (r"r: {_eq: 0}", vec![2]),
        (r"untyped: {_eq: 1}", vec![1]),
        (r#"shape: {_eq: "7"}"#, vec![2]),
        (r"bl: {_isNull: true}", vec![3, 4]),
    ]
    .into_iter()
    .map(|(filter, ids)| {
        let rows: Vec<_> = ids.into_iter().map(|id| json!({"id": id})).collect();
        (format!("v(where: {{{filter}}}) {{ id }}"), json!({"v": rows}))
    })
    .collect();
    let table: Vec<(&str, serde_json::Value)> =
        table.iter().map(|(text, wanted)| (text.as_str(), wanted.clone())).collect();
    ask_source(&gateway, &table);
}

#[test]
fn literals_that_a_scalar_cannot_read_are_bad_input() {
    let (_city, gateway) = one(VALUES);
    let refused: Vec<String> = [
        r#"day: {_eq: "2023-02-29"}"#,
        r#"day: {_eq: "2024-1-2"}"#,
        r"day: {_eq: 20240102}",
        r#"hour: {_eq: "24:00:00"}"#,
        r#"stamp: {_eq: "2024-01-02T03:04:05"}"#,
        r#"at: {_eq: "2024-01-02T03:04:05Z"}"#,
        r#"price: {_eq: "x"}"#,
        r#"price: {_eq: "NaN"}"#,
        r#"big: {_eq: "1.0"}"#,
        r#"big: {_eq: ""}"#,
        r"big: {_eq: 1.5}",
        r#"price: {_in: ["1", true]}"#,
    ]
    .map(|filter| format!("v(where: {{{filter}}}) {{ id }}"))
    .into();
    let table: Vec<_> = refused.iter().map(|text| (text.as_str(), json!("BAD_INPUT"))).collect();
    ask_source(&gateway, &table);
}

#[test]
fn what_cannot_be_represented_is_null_with_an_error_in_its_place() {
    let (city, gateway) = one(VALUES);
    let connection = Connection::open(city.path("s.sqlite")).unwrap();
    connection
        .execute_batch(
            "DELETE FROM v WHERE id > 1;
             INSERT INTO v (id, big, price, at, stamp, day, hour, flag, r, bl, tx, untyped) VALUES
                (2, 'abc', 'x', '2024-02-29 03:04:05x', 'soon', '2024-02-30', '25:00', 2, 9e999, 'text', CAST(x'ff' AS TEXT), 'words');",
        )
        .unwrap();
    let columns = ["big", "price", "at", "stamp", "day", "hour", "flag", "r", "bl", "tx", "untyped"];
    let table: Vec<(String, serde_json::Value)> = columns
        .map(|column| {
            let wanted = json!({
                "data": {"s": {"v": [{column: null}]}},
                "faults": [format!("SOURCE_MISMATCH s s.v.0.{column}")],
            });
            (format!("v(where: {{id: {{_eq: 2}}}}) {{ {column} }}"), wanted)
        })
        .into();
    let table: Vec<_> = table.iter().map(|(text, wanted)| (text.as_str(), wanted.clone())).collect();
    ask_source(&gateway, &table);
}
