//! The types of MySQL and `MariaDB`.

use super::{FAULT, Type, check, of, store::Store};

#[tokio::test]
async fn every_type_is_served_as_designed() {
    if let Some((store, types)) = Store::mysql(types).await {
        check(store, &types).await;
    }
}

/// MySQL has not all types and collations of `MariaDB`, and others in their place.
fn types(maria: bool) -> Vec<Type> {
    if maria {
        return TYPES.to_vec();
    }
    let also = TYPES.iter().filter(|page| !["UUID", "INET6", "JSON"].contains(&page.declared)).map(|page| {
        let exact = page.declared.contains("nopad_bin");
        Type { declared: if exact { "VARCHAR(20) COLLATE utf8mb4_0900_bin" } else { page.declared }, ..*page }
    });
    also.chain([OWN_JSON]).collect()
}

/// MySQL keeps JSON as values, not as text.
const OWN_JSON: Type = of(
    "JSON",
    "JSON",
    &[
        (r#"'{"b": [1, 2.50, null], "a": 0}'"#, Some(r#"{"a": 0, "b": [1, 2.5, null]}"#)),
        ("'null'", Some("null")),
        (r#"'"𠮷"'"#, Some(r#""𠮷""#)),
    ],
);

const TEXTS: &[(&str, Option<&str>)] = &[
    ("''", Some(r#""""#)),
    ("'a'", Some(r#""a""#)),
    ("'A'", Some(r#""A""#)),
    ("'a '", Some(r#""a ""#)),
    ("'á'", Some(r#""á""#)),
    ("'ß'", Some(r#""ß""#)),
    ("'ss'", Some(r#""ss""#)),
    ("'ÄB'", Some(r#""ÄB""#)),
    ("'äb'", Some(r#""äb""#)),
    (r"'%_\\'", Some(r#""%_\\""#)),
    (r"'a\nb'", Some(r#""a\nb""#)),
    (r"'a\0'", Some(r#""a\u0000""#)),
    ("'|'", Some(r#""|""#)),
    ("'a'", Some(r#""a""#)),
];

const WIDE: &[(&str, Option<&str>)] = &[
    ("''", Some(r#""""#)),
    ("'a'", Some(r#""a""#)),
    ("'a '", Some(r#""a ""#)),
    ("_utf8mb4 'a\u{301}'", Some(r#""a\u0301""#)),
    ("_utf8mb4 '𠮷野'", Some(r#""𠮷野""#)),
    ("_utf8mb4 '😀'", Some(r#""😀""#)),
    ("_utf8mb4 '😁'", Some(r#""😁""#)),
    (r"'\0'", Some(r#""\u0000""#)),
];

const NEAR: &[&str] = &[r#""a  ""#, r#""SS""#, r#""\u0000""#, r#""à""#, r#""𠮷""#, r#""aa""#];

const TYPES: &[Type] = &[
    of("TINYINT", "Int", &[("-128", Some("-128")), ("0", Some("0")), ("127", Some("127"))])
        .others(&["128", "-129", "300"]),
    of("TINYINT UNSIGNED", "Int", &[("0", Some("0")), ("255", Some("255"))]).others(&["-1", "256"]),
    of(
        "TINYINT(1)",
        "Boolean",
        &[("0", Some("false")), ("1", Some("true")), ("2", FAULT), ("-1", FAULT), ("1", Some("true"))],
    ),
    of("SMALLINT UNSIGNED", "Int", &[("0", Some("0")), ("65535", Some("65535"))]).others(&["-1", "65536"]),
    of("MEDIUMINT", "Int", &[("-8388608", Some("-8388608")), ("8388607", Some("8388607"))]),
    of("INT", "Int", &[("-2147483648", Some("-2147483648")), ("0", Some("0")), ("2147483647", Some("2147483647"))]),
    of("INT UNSIGNED", "BigInt", &[("0", Some("0")), ("4294967295", Some("4294967295"))]).others(&["-1", "4294967296"]),
    of("INT(6) ZEROFILL", "BigInt", &[("42", Some("42")), ("0", Some("0"))]),
    of(
        "BIGINT",
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
        "BIGINT UNSIGNED",
        "BigInt",
        &[
            ("0", Some("0")),
            ("9223372036854775807", Some(r#""9223372036854775807""#)),
            ("9223372036854775808", Some(r#""9223372036854775808""#)),
            ("18446744073709551615", Some(r#""18446744073709551615""#)),
        ],
    )
    .others(&["-1", r#""-9223372036854775808""#, "7"]),
    of(
        "DECIMAL(65, 30)",
        "Decimal",
        &[
            (
                "99999999999999999999999999999999999.999999999999999999999999999999",
                Some(r#""99999999999999999999999999999999999.999999999999999999999999999999""#),
            ),
            ("-0.000000000000000000000000000001", Some(r#""-0.000000000000000000000000000001""#)),
            ("0", Some(r#""0.000000000000000000000000000000""#)),
        ],
    )
    .others(&[r#""1e60""#, r#""0.0000000000000000000000000000001""#]),
    of(
        "DECIMAL(10, 2) UNSIGNED",
        "Decimal",
        &[("12.5", Some(r#""12.50""#)), ("0", Some(r#""0.00""#)), ("99999999.99", Some(r#""99999999.99""#))],
    )
    .others(&[r#""12.505""#, r#""-1""#, r#""99999999999999""#]),
    of("DECIMAL(5, 0)", "Decimal", &[("-99999", Some(r#""-99999""#)), ("7", Some(r#""7""#))])
        .others(&[r#""7.5""#, r#""-0.5""#]),
    of(
        "FLOAT",
        "Float",
        &[
            ("0.1", Some("0.1")),
            ("-3.40282e38", Some("-3.40282e38")),
            ("16777217", Some("16777216.0")),
            ("1e-38", Some("1e-38")),
            ("0", Some("0.0")),
        ],
    )
    .others(&["0.2", "0.10000000149", "0.10000000149011612", "16777217", "1e300"]),
    of(
        "DOUBLE",
        "Float",
        &[
            ("0.1", Some("0.1")),
            ("1.7976931348623157e308", Some("1.7976931348623157e308")),
            ("-2.2250738585072014e-308", Some("-2.2250738585072014e-308")),
            ("0", Some("0.0")),
        ],
    )
    .others(&["0.30000000000000004", "-1e300"]),
    of("BIT(1)", "Boolean", &[("b'0'", Some("false")), ("b'1'", Some("true"))]),
    of(
        "BIT(8)",
        "String",
        &[("b'101'", Some(r#""00000101""#)), ("b'11111111'", Some(r#""11111111""#)), ("b'0'", Some(r#""00000000""#))],
    )
    .others(&[r#""101""#]),
    of(
        "BIT(9)",
        "String",
        &[
            ("b'1'", Some(r#""000000001""#)),
            ("b'100000000'", Some(r#""100000000""#)),
            ("b'100000'", Some(r#""000100000""#)),
        ],
    ),
    of(
        "BIT(64)",
        "String",
        &[
            ("18446744073709551615", Some(r#""1111111111111111111111111111111111111111111111111111111111111111""#)),
            ("1", Some(r#""0000000000000000000000000000000000000000000000000000000000000001""#)),
        ],
    ),
    of("YEAR", "Int", &[("1901", Some("1901")), ("2155", Some("2155")), ("0", Some("0")), ("70", Some("1970"))])
        .others(&["70", "5", "1900", "3000", "-1"]),
    of(
        "DATE",
        "Date",
        &[
            ("'1000-01-01'", Some(r#""1000-01-01""#)),
            ("'2024-02-29'", Some(r#""2024-02-29""#)),
            ("'9999-12-31'", Some(r#""9999-12-31""#)),
            ("'0000-00-00'", FAULT),
            ("'2024-00-10'", FAULT),
            ("'2024-02-30'", FAULT),
        ],
    )
    .others(&[r#""2000-01-01""#, r#""0001-01-01""#]),
    of(
        "DATETIME(6)",
        "LocalDateTime",
        &[
            ("'1000-01-01 00:00:00'", Some(r#""1000-01-01T00:00:00""#)),
            ("'2024-02-29 12:00:00.5'", Some(r#""2024-02-29T12:00:00.5""#)),
            ("'9999-12-31 23:59:59.999999'", Some(r#""9999-12-31T23:59:59.999999""#)),
            ("'0000-00-00 00:00:00'", FAULT),
            ("'2024-01-00 00:00:00'", FAULT),
        ],
    )
    .others(&[r#""2000-01-01T00:00:00""#]),
    of("DATETIME", "LocalDateTime", &[("'2024-02-29 00:00:00'", Some(r#""2024-02-29T00:00:00""#))])
        .others(&[r#""2024-02-29T00:00:00.000001""#, r#""2024-02-28T23:59:59.7""#]),
    of(
        "TIMESTAMP(6)",
        "DateTime",
        &[
            ("'2024-03-01 01:30:00'", Some(r#""2024-02-29T19:45:00Z""#)),
            ("'1970-01-01 05:45:01'", Some(r#""1970-01-01T00:00:01Z""#)),
            ("'2038-01-19 08:59:07.999999'", Some(r#""2038-01-19T03:14:07.999999Z""#)),
            ("0", FAULT),
        ],
    )
    .others(&[r#""2024-02-29T19:45:00.000001Z""#, r#""0001-01-01T00:00:00Z""#, r#""9999-12-31T23:59:59Z""#]),
    of(
        "TIME(6)",
        "Time",
        &[
            ("'00:00:00'", Some(r#""00:00:00""#)),
            ("'23:59:59.999999'", Some(r#""23:59:59.999999""#)),
            ("'24:00:00'", FAULT),
            ("'-00:00:01'", FAULT),
            ("'838:59:59'", FAULT),
        ],
    )
    .others(&[r#""12:00:00.5""#]),
    of("TIME", "Time", &[("'12:00:00'", Some(r#""12:00:00""#)), ("'00:00:00'", Some(r#""00:00:00""#))])
        .others(&[r#""12:00:00.000001""#, r#""11:59:59.9""#]),
    of("VARCHAR(20)", "String", TEXTS).others(NEAR),
    of("VARCHAR(20) COLLATE utf8mb4_bin", "String", TEXTS).others(NEAR),
    of("VARCHAR(20) COLLATE utf8mb4_unicode_ci", "String", TEXTS).others(NEAR),
    of("VARCHAR(20) COLLATE utf8mb4_nopad_bin", "String", TEXTS).others(NEAR),
    of("VARCHAR(20) CHARACTER SET latin1", "String", TEXTS).others(NEAR),
    of("VARCHAR(20) CHARACTER SET utf16", "String", TEXTS).others(NEAR),
    of("VARCHAR(20) CHARACTER SET utf8mb3", "String", TEXTS).others(NEAR),
    of("TEXT", "String", TEXTS).others(NEAR),
    of("TINYTEXT", "String", WIDE).others(NEAR),
    of("LONGTEXT COLLATE utf8mb4_unicode_520_ci", "String", WIDE).others(NEAR),
    of("MEDIUMTEXT COLLATE utf8mb4_general_ci", "String", WIDE).others(NEAR),
    of(
        "CHAR(5)",
        "String",
        &[
            ("''", Some(r#""""#)),
            ("'ab'", Some(r#""ab""#)),
            ("'ab  '", Some(r#""ab""#)),
            ("'AB'", Some(r#""AB""#)),
            ("' ab'", Some(r#"" ab""#)),
            ("'𠮷'", Some(r#""𠮷""#)),
        ],
    )
    .others(&[r#""ab ""#, r#"" ""#, r#""aB""#]),
    of(
        "CHAR(5) CHARACTER SET gbk",
        "String",
        &[("'里弄'", Some(r#""里弄""#)), ("'a'", Some(r#""a""#)), ("'A'", Some(r#""A""#))],
    )
    .others(&[r#""𠮷""#, r#""é""#]),
    of("BINARY(3)", "Bytes", &[("'a'", Some(r#""YQAA""#)), ("x'00ff80'", Some(r#""AP+A""#))]),
    of("VARBINARY(5)", "Bytes", &[("''", Some(r#""""#)), ("x'00ff80'", Some(r#""AP+A""#))]),
    of("BLOB", "Bytes", &[("x'00'", Some(r#""AA==""#))]),
    of(
        "JSON",
        "JSON",
        &[
            (r#"'{"a": [1, 2.50, null]}'"#, Some(r#"{"a": [1, 2.50, null]}"#)),
            ("'null'", Some("null")),
            (r#"'"𠮷"'"#, Some(r#""𠮷""#)),
        ],
    ),
    of(
        "SET('a', 'b c', 'ü')",
        "JSON",
        &[("''", Some("[]")), ("'a,ü'", Some(r#"["a","ü"]"#)), ("'b c'", Some(r#"["b c"]"#))],
    ),
    of(
        "ENUM('sad', 'ok', 'Happy')",
        "ST{}V",
        &[("'sad'", Some(r#""sad""#)), ("'Happy'", Some(r#""Happy""#)), ("'ok'", Some(r#""ok""#)), ("'wrong'", FAULT)],
    )
    .order("{} + 0"),
    of("ENUM('sad', 'ok', 'Happy')", "ST{}V", &[("'ok'", Some(r#""ok""#)), ("'sad'", Some(r#""sad""#))])
        .order("{} + 0"),
    of(
        "ENUM('z', 'a b', 'ü', 'A B')",
        "String",
        &[("'z'", Some(r#""z""#)), ("'a b'", Some(r#""a b""#)), ("'wrong'", Some(r#""""#)), ("'ü'", Some(r#""ü""#))],
    )
    .strangers(&[r#""zz""#, r#""Z""#, r#"" ""#])
    .order("{} + 0"),
    of(
        "ENUM('z', 'a', '', 'm')",
        "String",
        &[("'z'", Some(r#""z""#)), ("'a'", Some(r#""a""#)), ("''", Some(r#""""#)), ("'m'", Some(r#""m""#))],
    )
    .order("{} + 0"),
    of("ENUM('z', 'a b') CHARACTER SET latin1", "String", &[("'z'", Some(r#""z""#)), ("'a b'", Some(r#""a b""#))])
        .order("{} + 0"),
    of(
        "UUID",
        "UUID",
        &[
            ("'00000000-0000-0000-0000-000000000000'", Some(r#""00000000-0000-0000-0000-000000000000""#)),
            ("'0191D3A0-7D3C-7000-8000-00000000000F'", Some(r#""0191d3a0-7d3c-7000-8000-00000000000f""#)),
            ("'ffffffff-ffff-ffff-ffff-ffffffffffff'", Some(r#""ffffffff-ffff-ffff-ffff-ffffffffffff""#)),
        ],
    )
    .others(&[r#""0191d3a0-7d3c-7000-8000-00000000000e""#]),
    of(
        "INET6",
        "String",
        &[
            ("'::1'", Some(r#""::1""#)),
            ("'::ffff:10.0.0.1'", Some(r#""::ffff:10.0.0.1""#)),
            ("'ff00::'", Some(r#""ff00::""#)),
        ],
    )
    .order("CAST(CAST({} AS CHAR) AS BINARY)"),
];
