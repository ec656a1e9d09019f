//! The types of `SQLite`: what is declared, where the values keep to it, and what is stored.

use super::{FAULT, Type, check, of, store::Store};

#[tokio::test]
async fn every_type_is_served_as_designed() {
    check(Store::sqlite(TYPES), TYPES).await;
}

const TEXTS: &[(&str, Option<&str>)] = &[
    ("''", Some(r#""""#)),
    ("'a'", Some(r#""a""#)),
    ("'A'", Some(r#""A""#)),
    ("'a '", Some(r#""a ""#)),
    ("'á'", Some(r#""á""#)),
    ("'a\u{301}'", Some(r#""a\u0301""#)),
    ("'ß'", Some(r#""ß""#)),
    ("'ÄB'", Some(r#""ÄB""#)),
    ("'äb'", Some(r#""äb""#)),
    ("'𠮷野'", Some(r#""𠮷野""#)),
    (r"'%_\'", Some(r#""%_\\""#)),
    ("'a' || char(10) || 'b'", Some(r#""a\nb""#)),
    ("'a' || char(0) || 'b'", Some(r#""a\u0000b""#)),
    ("CAST(x'ff' AS TEXT)", FAULT),
];

const NEAR: &[&str] = &[r#""a  ""#, r#""aa""#, r#""\u0000""#, r#""à""#, r#""5""#];

const TYPES: &[Type] = &[
    of(
        "INTEGER",
        "BigInt",
        &[
            ("-9223372036854775808", Some(r#""-9223372036854775808""#)),
            ("0", Some("0")),
            ("9007199254740993", Some(r#""9007199254740993""#)),
            ("9223372036854775807", Some(r#""9223372036854775807""#)),
        ],
    )
    .others(&[r#""9223372036854775808""#, r#""18446744073709551615""#, "-5"]),
    of(
        "REAL",
        "Float",
        &[
            ("0.1", Some("0.1")),
            ("1.7976931348623157e308", Some("1.7976931348623157e308")),
            ("5e-324", Some("5e-324")),
            ("-1", Some("-1.0")),
            ("9e999", FAULT),
        ],
    )
    .others(&["0.30000000000000004", "-1e300"]),
    of("TEXT", "String", TEXTS).others(NEAR),
    of("TEXT COLLATE NOCASE", "String", TEXTS).others(NEAR),
    of("TEXT COLLATE RTRIM", "String", TEXTS).others(NEAR),
    of("BLOB", "Bytes", &[("x''", Some(r#""""#)), ("x'00ff80'", Some(r#""AP+A""#))]),
    of(
        "DATE",
        "Date",
        &[
            ("'0001-01-01'", Some(r#""0001-01-01""#)),
            ("'2024-02-29'", Some(r#""2024-02-29""#)),
            ("'9999-12-31'", Some(r#""9999-12-31""#)),
        ],
    )
    .others(&[r#""2000-01-01""#]),
    of("TIME", "Time", &[("'00:00'", Some(r#""00:00:00""#)), ("'23:59'", Some(r#""23:59:00""#))])
        .others(&[r#""12:00:00.5""#]),
    of(
        "DATETIME",
        "LocalDateTime",
        &[
            ("'0001-01-01 00:00:00'", Some(r#""0001-01-01T00:00:00""#)),
            ("'9999-12-31 23:59:59'", Some(r#""9999-12-31T23:59:59""#)),
        ],
    )
    .others(&[r#""2000-01-01T00:00:00.5""#]),
    of(
        "TIMESTAMP",
        "DateTime",
        &[
            ("'2024-03-01T01:30:00Z'", Some(r#""2024-03-01T01:30:00Z""#)),
            ("'2024-02-29T00:00:00Z'", Some(r#""2024-02-29T00:00:00Z""#)),
        ],
    )
    .others(&[r#""2024-03-01T01:30:00.000001Z""#]),
    of("BOOLEAN", "Boolean", &[("0", Some("false")), ("1", Some("true")), ("1", Some("true"))]),
    of(
        "DECIMAL(10, 2)",
        "Decimal",
        &[("12.5", Some(r#""12.50""#)), ("0", Some(r#""0.00""#)), ("-99999999.99", Some(r#""-99999999.99""#))],
    )
    .others(&[r#""12.505""#, r#""1e30""#]),
    of("NUMERIC", "Decimal", &[("1", Some(r#""1""#)), ("0.1", Some(r#""0.1""#)), ("-7", Some(r#""-7""#))])
        .others(&[r#""0.10000000000000000001""#]),
    of("JSONISH", "String", &[("'a'", Some(r#""a""#)), ("'b'", Some(r#""b""#))]),
    of(
        "",
        "String",
        &[("1", Some(r#""1""#)), ("'a'", Some(r#""a""#)), ("1.5", Some(r#""1.5""#)), ("'1'", Some(r#""1""#))],
    )
    .others(&[r#""1.0""#, r#""01""#]),
    of("", "BigInt", &[("1", Some("1")), ("9007199254740993", Some(r#""9007199254740993""#))]),
    of("", "Float", &[("1", Some("1.0")), ("1.5", Some("1.5"))]),
    of(
        "",
        "Float",
        &[
            ("1.5", Some("1.5")),
            ("9007199254740993", FAULT),
            ("9007199254740992", Some("9007199254740992.0")),
            ("9007199254740994", Some("9007199254740994.0")),
            ("9223372036854775807", FAULT),
            ("-9223372036854775807 - 1", Some("-9.223372036854776e18")),
        ],
    ),
];
