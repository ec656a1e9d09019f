//! The types of `PostgreSQL`.

use super::{FAULT, Type, check, of, store::Store};

const BEFORE: &str = "CREATE EXTENSION IF NOT EXISTS hstore WITH SCHEMA public; \
    CREATE EXTENSION IF NOT EXISTS citext WITH SCHEMA public; \
    CREATE TYPE mood AS ENUM ('sad', 'ok', 'Happy'); CREATE TYPE odd AS ENUM ('z', 'a b', 'ü', ''); \
    CREATE TYPE place AS (x integer, label text); \
    CREATE COLLATION blind (provider = icu, locale = 'und-u-ks-level1', deterministic = false); \
    CREATE DOMAIN positive AS integer CHECK (VALUE > 0); CREATE DOMAIN small AS positive; \
    CREATE DOMAIN price AS numeric(6, 2); CREATE DOMAIN code AS char(4); CREATE DOMAIN feeling AS mood; CREATE DOMAIN oddity AS odd; \
    CREATE DOMAIN numbers AS integer[]; CREATE DOMAIN span AS int4range; CREATE DOMAIN spot AS place; \
    CREATE DOMAIN loose AS text COLLATE blind; CREATE DOMAIN instant AS timestamptz(3)";

#[tokio::test]
async fn every_type_is_served_as_designed() {
    if let Some(store) = Store::postgres(BEFORE, TYPES).await {
        check(store, TYPES).await;
    }
}

const TEXTS: &[(&str, Option<&str>)] = &[
    ("''", Some(r#""""#)),
    ("' '", Some(r#"" ""#)),
    ("'a'", Some(r#""a""#)),
    ("'A'", Some(r#""A""#)),
    ("'a '", Some(r#""a ""#)),
    ("'á'", Some(r#""á""#)),
    (r"E'a\u0301'", Some(r#""a\u0301""#)),
    ("'ß'", Some(r#""ß""#)),
    ("'ss'", Some(r#""ss""#)),
    ("'ÄB'", Some(r#""ÄB""#)),
    ("'äb'", Some(r#""äb""#)),
    ("'𠮷野'", Some(r#""𠮷野""#)),
    (r"'%_\'", Some(r#""%_\\""#)),
    (r"E'a\nb'", Some(r#""a\nb""#)),
    ("'a'", Some(r#""a""#)),
];

/// What stands nowhere, but is equal to some in a collation, or when cut or padded.
const NEAR: &[&str] = &[r#""a  ""#, r#""SS""#, r#""\u0000""#, r#""a\u0000""#, r#""à""#];

const TYPES: &[Type] = &[
    of(
        "smallint",
        "Int",
        &[("-32768", Some("-32768")), ("-1", Some("-1")), ("0", Some("0")), ("32767", Some("32767"))],
    )
    .others(&["-32769", "32768", "2147483647"]),
    of("integer", "Int", &[("-2147483648", Some("-2147483648")), ("0", Some("0")), ("2147483647", Some("2147483647"))])
        .others(&["1"]),
    of(
        "bigint",
        "BigInt",
        &[
            ("-9223372036854775808", Some(r#""-9223372036854775808""#)),
            ("-9007199254740992", Some(r#""-9007199254740992""#)),
            ("-9007199254740991", Some("-9007199254740991")),
            ("0", Some("0")),
            ("9007199254740991", Some("9007199254740991")),
            ("9007199254740993", Some(r#""9007199254740993""#)),
            ("9223372036854775807", Some(r#""9223372036854775807""#)),
        ],
    )
    .others(&[r#""9223372036854775808""#, r#""18446744073709551615""#, "-5"]),
    of(
        "numeric",
        "Decimal",
        &[
            ("0", Some(r#""0""#)),
            ("-0.00", Some(r#""0""#)),
            ("123.4500", Some(r#""123.45""#)),
            ("1e30", Some(r#""1000000000000000000000000000000""#)),
            ("1e-30", Some(r#""0.000000000000000000000000000001""#)),
            (
                "-9999999999999999999999999999.9999999999999999999999999",
                Some(r#""-9999999999999999999999999999.9999999999999999999999999""#),
            ),
            ("10000", Some(r#""10000""#)),
            ("'NaN'", FAULT),
        ],
    )
    .others(&[r#""0.1""#, r#""1e40""#, "5"]),
    of(
        "numeric(10, 2)",
        "Decimal",
        &[
            ("12.5", Some(r#""12.50""#)),
            ("0", Some(r#""0.00""#)),
            ("-99999999.99", Some(r#""-99999999.99""#)),
            ("100", Some(r#""100.00""#)),
            ("'NaN'", FAULT),
        ],
    )
    .others(&[r#""12.505""#, r#""99999999999999""#]),
    of(
        "real",
        "Float",
        &[
            ("0.1", Some("0.1")),
            ("-3.4028235e38", Some("-3.4028235e38")),
            ("1e-45", Some("1e-45")),
            ("16777217", Some("16777216.0")),
            ("0", Some("0.0")),
            ("'NaN'", FAULT),
            ("'Infinity'", FAULT),
            ("'-Infinity'", FAULT),
        ],
    )
    .others(&["0.2", "0.5", "16777217", "0.10000000149011612", "1e300"]),
    of("real", "Float", &[("0.1", Some("0.1")), ("16777216", Some("16777216.0")), ("-0.1", Some("-0.1"))]).others(&[
        "16777217",
        "0.10000000149011612",
        "-1e-60",
    ]),
    of(
        "double precision",
        "Float",
        &[
            ("0.1", Some("0.1")),
            ("1.7976931348623157e308", Some("1.7976931348623157e308")),
            ("5e-324", Some("5e-324")),
            ("'-0'", Some("-0.0")),
            ("0", Some("0.0")),
            ("'NaN'", FAULT),
            ("'Infinity'", FAULT),
            ("'-Infinity'", FAULT),
        ],
    )
    .others(&["0.30000000000000004", "-1e300"]),
    of("boolean", "Boolean", &[("true", Some("true")), ("false", Some("false")), ("true", Some("true"))]),
    of("text", "String", TEXTS).others(NEAR),
    of("text COLLATE blind", "String", TEXTS).others(NEAR),
    of("text COLLATE \"de-x-icu\"", "String", TEXTS).others(NEAR),
    of("text COLLATE \"C\"", "String", TEXTS).others(NEAR),
    of("loose", "String", TEXTS).others(NEAR),
    of("varchar(5)", "String", TEXTS).others(NEAR),
    of("public.citext", "String", TEXTS).others(NEAR),
    of(
        "char(4)",
        "String",
        &[
            ("''", Some(r#""""#)),
            ("'ab'", Some(r#""ab""#)),
            ("'ab  '", Some(r#""ab""#)),
            ("' ab'", Some(r#"" ab""#)),
            ("'𠮷野家街'", Some(r#""𠮷野家街""#)),
        ],
    )
    .others(&[r#""ab ""#, r#""AB""#, r#"" ""#]),
    of(
        "char(4) COLLATE blind",
        "String",
        &[("'ab'", Some(r#""ab""#)), ("'AB'", Some(r#""AB""#)), ("'áb '", Some(r#""áb""#))],
    )
    .others(&[r#""ab ""#, r#""aB""#]),
    of("\"char\"", "String", &[("'a'", Some(r#""a""#)), ("'A'", Some(r#""A""#)), ("''", Some(r#""""#))]),
    of("name", "String", &[("'a'", Some(r#""a""#)), ("'B'", Some(r#""B""#))]),
    of("oid", "String", &[("0", Some(r#""0""#)), ("4294967295", Some(r#""4294967295""#)), ("7", Some(r#""7""#))]),
    of(
        "date",
        "Date",
        &[
            ("'0001-01-01'", Some(r#""0001-01-01""#)),
            ("'1969-12-31'", Some(r#""1969-12-31""#)),
            ("'2024-02-29'", Some(r#""2024-02-29""#)),
            ("'9999-12-31'", Some(r#""9999-12-31""#)),
            ("'0044-03-15 BC'", FAULT),
            ("'infinity'", FAULT),
            ("'-infinity'", FAULT),
            ("'10000-01-01'", FAULT),
        ],
    )
    .others(&[r#""2000-01-01""#]),
    of(
        "time",
        "Time",
        &[
            ("'00:00'", Some(r#""00:00:00""#)),
            ("'23:59:59.999999'", Some(r#""23:59:59.999999""#)),
            ("'12:00:00.5'", Some(r#""12:00:00.5""#)),
            ("'24:00'", FAULT),
        ],
    )
    .others(&[r#""12:00""#]),
    of(
        "timestamp",
        "LocalDateTime",
        &[
            ("'0001-01-01 00:00'", Some(r#""0001-01-01T00:00:00""#)),
            ("'1969-12-31 23:59:59.999999'", Some(r#""1969-12-31T23:59:59.999999""#)),
            ("'9999-12-31 23:59:59.999999'", Some(r#""9999-12-31T23:59:59.999999""#)),
            ("'0044-03-15 12:00 BC'", FAULT),
            ("'infinity'", FAULT),
            ("'-infinity'", FAULT),
            ("'10000-01-01'", FAULT),
        ],
    )
    .others(&[r#""2000-01-01T00:00:00""#]),
    of("timestamp(0)", "LocalDateTime", &[("'2024-02-29 23:59:59.7'", Some(r#""2024-03-01T00:00:00""#))]),
    of(
        "timestamptz",
        "DateTime",
        &[
            ("'2024-03-01 01:30:00+05:45'", Some(r#""2024-02-29T19:45:00Z""#)),
            ("'1900-01-01 00:00:00+08:05:43'", Some(r#""1899-12-31T15:54:17Z""#)),
            ("'0001-01-01 00:00:00+00'", Some(r#""0001-01-01T00:00:00Z""#)),
            ("'9999-12-31 23:59:59.999999+00'", Some(r#""9999-12-31T23:59:59.999999Z""#)),
            ("'9999-12-31 23:59:59-01'", FAULT),
            ("'infinity'", FAULT),
            ("'-infinity'", FAULT),
        ],
    )
    .others(&[r#""2024-02-29T19:45:00.000001Z""#]),
    of(
        "interval",
        "String",
        &[
            ("'1 year 2 mons -3 days 04:05:06.7'", Some(r#""1 year 2 mons -3 days +04:05:06.7""#)),
            ("'1 mon'", Some(r#""1 mon""#)),
            ("'30 days'", Some(r#""30 days""#)),
            ("'-00:00:00.000001'", Some(r#""-00:00:00.000001""#)),
            ("'0'", Some(r#""00:00:00""#)),
        ],
    )
    .strangers(&[r#""zz""#, r#""9999999999 years""#]),
    of(
        "timetz",
        "String",
        &[
            ("'10:00+02'", Some(r#""10:00:00+02""#)),
            ("'24:00-15:59'", Some(r#""24:00:00-15:59""#)),
            ("'08:00+00'", Some(r#""08:00:00+00""#)),
        ],
    )
    .strangers(&[r#""zz""#, r#""25:00+00""#]),
    of(
        "money",
        "String",
        &[
            ("'12.5'", Some(r#""$12.50""#)),
            ("'-92233720368547758.08'", Some(r#""-$92,233,720,368,547,758.08""#)),
            ("'3'", Some(r#""$3.00""#)),
        ],
    )
    .strangers(&[r#""zz""#]),
    of(
        "inet",
        "String",
        &[
            ("'192.168.0.1'", Some(r#""192.168.0.1""#)),
            ("'10.0.0.0/8'", Some(r#""10.0.0.0/8""#)),
            ("'::1'", Some(r#""::1""#)),
            ("'10.0.0.1/32'", Some(r#""10.0.0.1""#)),
        ],
    )
    .strangers(&[r#""zz""#, r#""10.0.0.1/64""#]),
    of("cidr", "String", &[("'10.0.0.0/8'", Some(r#""10.0.0.0/8""#)), ("'::/0'", Some(r#""::/0""#))]),
    of("macaddr", "String", &[("'08:00:2b:01:02:03'", Some(r#""08:00:2b:01:02:03""#))]),
    of("bit(3)", "String", &[("B'101'", Some(r#""101""#)), ("B'000'", Some(r#""000""#))]).strangers(&[r#""zz""#]),
    of("bit varying(5)", "String", &[("B'101'", Some(r#""101""#)), ("B''", Some(r#""""#)), ("B'10'", Some(r#""10""#))]),
    of(
        "int4range",
        "String",
        &[
            ("'[1,5]'", Some(r#""[1,6)""#)),
            ("'empty'", Some(r#""empty""#)),
            ("'(,)'", Some(r#""(,)""#)),
            ("'[1,5)'", Some(r#""[1,5)""#)),
        ],
    )
    .strangers(&[r#""zz""#, r#""[5,1)""#]),
    of("numrange", "String", &[("'[1.10,2]'", Some(r#""[1.10,2]""#)), ("'[1.1,2]'", Some(r#""[1.1,2]""#))]),
    of("tstzrange", "String", &[("'[2024-01-01 08:00+08,)'", Some(r#""[\"2024-01-01 00:00:00+00\",)""#))]),
    of("xml", "String", &[("'<a b=\"1\"/>'", Some(r#""<a b=\"1\"/>""#)), ("'x'", Some(r#""x""#))])
        .order("{}::text COLLATE \"C\""),
    of("point", "String", &[("'(1,2.5)'", Some(r#""(1,2.5)""#)), ("'(-1,0)'", Some(r#""(-1,0)""#))])
        .order("{}::text COLLATE \"C\""),
    of("regclass", "String", &[("'pg_catalog.pg_class'", Some(r#""pg_class""#))]).order("{}::text COLLATE \"C\""),
    of("pg_lsn", "String", &[("'16/B374D848'", Some(r#""16/B374D848""#)), ("'0/0'", Some(r#""0/0""#))]),
    of("tsquery", "String", &[("'a & b'", Some(r#""'a' & 'b'""#))]).order("{}::text COLLATE \"C\""),
    of(
        "uuid",
        "UUID",
        &[
            ("'00000000-0000-0000-0000-000000000000'", Some(r#""00000000-0000-0000-0000-000000000000""#)),
            ("'0191D3A0-7D3C-7000-8000-00000000000F'", Some(r#""0191d3a0-7d3c-7000-8000-00000000000f""#)),
            ("'ffffffff-ffff-ffff-ffff-ffffffffffff'", Some(r#""ffffffff-ffff-ffff-ffff-ffffffffffff""#)),
        ],
    )
    .others(&[r#""0191d3a0-7d3c-7000-8000-00000000000e""#]),
    of("bytea", "Bytes", &[("''", Some(r#""""#)), (r"'\x00ff80'", Some(r#""AP+A""#))]),
    of(
        "json",
        "JSON",
        &[
            (r#"'{"a": [1, 2.50, null]}'"#, Some(r#"{"a": [1, 2.50, null]}"#)),
            ("'null'", Some("null")),
            ("'12345678901234567890.123'", Some("12345678901234567890.123")),
            (r#"'"\u0000"'"#, Some(r#""\u0000""#)),
            (r#"'"里弄"'"#, Some(r#""里弄""#)),
        ],
    ),
    of(
        "jsonb",
        "JSON",
        &[
            (r#"'{"b": 1, "a": "𠮷"}'"#, Some(r#"{"a": "𠮷", "b": 1}"#)),
            ("'[]'", Some("[]")),
            ("'false'", Some("false")),
        ],
    ),
    of(
        "integer[]",
        "JSON",
        &[
            ("'{1,2,NULL}'", Some("[1,2,null]")),
            ("'{}'", Some("[]")),
            ("'{{1,2},{3,4}}'", Some("[[1,2],[3,4]]")),
            ("'[0:1]={1,2}'", Some("[1,2]")),
        ],
    ),
    of("text[][]", "JSON", &[(r#"'{"a,b","\"q\"",NULL,"NULL"}'"#, Some(r#"["a,b","\"q\"",null,"NULL"]"#))]),
    of("timestamptz[]", "JSON", &[("'{2024-01-01 08:00+08}'", Some(r#"["2024-01-01T00:00:00+00:00"]"#))]),
    of("int4range[]", "JSON", &[("'{\"[1,5)\"}'", Some(r#"["[1,5)"]"#))]),
    of("mood[]", "JSON", &[("'{sad,Happy}'", Some(r#"["sad","Happy"]"#))]),
    of("public.hstore", "JSON", &[("'a=>1, b=>NULL'", Some(r#"{"a":"1","b":null}"#)), ("''", Some("{}"))]),
    of(
        "place",
        "JSON",
        &[("'(1,\"a b\")'", Some(r#"{"x":1,"label":"a b"}"#)), ("'(,)'", Some(r#"{"x":null,"label":null}"#))],
    ),
    of("place[]", "JSON", &[("ARRAY['(1,a)']::place[]", Some(r#"[{"x":1,"label":"a"}]"#))]),
    of("mood", "SMood", &[("'sad'", Some(r#""sad""#)), ("'Happy'", Some(r#""Happy""#)), ("'ok'", Some(r#""ok""#))]),
    of(
        "odd",
        "String",
        &[("'z'", Some(r#""z""#)), ("'a b'", Some(r#""a b""#)), ("'ü'", Some(r#""ü""#)), ("''", Some(r#""""#))],
    )
    .strangers(&[r#""zz""#, r#""Z""#, r#""z ""#]),
    of("oddity", "String", &[("'a b'", Some(r#""a b""#)), ("'z'", Some(r#""z""#))])
        .strangers(&[r#""zz""#])
        .order("{}::odd"),
    of("feeling", "SMood", &[("'sad'", Some(r#""sad""#)), ("'ok'", Some(r#""ok""#))]).order("{}::mood"),
    of("positive", "Int", &[("1", Some("1")), ("2147483647", Some("2147483647"))]).others(&["-1"]),
    of("small", "Int", &[("1", Some("1")), ("5", Some("5"))]),
    of("price", "Decimal", &[("1.5", Some(r#""1.50""#)), ("-9999.99", Some(r#""-9999.99""#))]).others(&[r#""1.505""#]),
    of("code", "String", &[("'ab'", Some(r#""ab""#)), ("''", Some(r#""""#))]).others(&[r#""ab ""#]),
    of("numbers", "JSON", &[("'{1,2}'", Some("[1,2]"))]),
    of("span", "String", &[("'[1,5)'", Some(r#""[1,5)""#)), ("'empty'", Some(r#""empty""#))]),
    of("spot", "JSON", &[("'(1,a)'", Some(r#"{"x":1,"label":"a"}"#))]),
    of("instant", "DateTime", &[("'2024-01-01 00:00:00.1239+00'", Some(r#""2024-01-01T00:00:00.124Z""#))]),
];
