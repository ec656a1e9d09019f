//! The one data set that every kind of source is filled with: edge values of every scalar, linked collections, keys.

use lilong_schema::collection::{Field, ForeignKey, Key};
use lilong_schema::{Collection, Enumeration, ExpressionIndex, KeyFunction, Scalar, Value, temporal};

/// A collection and its rows, a value for each field.
#[derive(Clone, Debug)]
pub struct Table {
    /// What a source has to say of it.
    pub collection: Collection,
    /// What is in it.
    pub rows: Vec<Vec<Value>>,
}

impl Table {
    /// The position of a field.
    ///
    /// # Panics
    /// If there is none of that name.
    pub fn field(&self, name: &str) -> usize {
        self.collection.field_id(name).unwrap_or_else(|| panic!("{} has no {name}", self.collection.name))
    }
}

/// The enum that [`Scalar::Enum`] fields refer to.
pub fn enumeration() -> Enumeration {
    Enumeration { name: "color".to_owned(), values: ["red", "Green", "blue"].map(str::to_owned).to_vec() }
}

/// The name of the field of `scalars` that holds a scalar.
pub fn field_of(scalar: Scalar) -> String {
    match scalar {
        Scalar::Unsigned => "an_unsigned".to_owned(),
        scalar => format!("a_{}", scalar.name().to_lowercase()),
    }
}

/// All collections, for a kind that lacks some scalars; a value that the kind does not hold is null instead.
pub fn tables(without: &[Scalar], holds: fn(Scalar, &Value) -> bool) -> Vec<Table> {
    vec![scalars(without, holds), street(), resident(), note(), pair(), card(), empty(), spoiled(), many()]
}

/// A row for each edge value and some more, so that every column has nulls and values that stand twice.
fn scalars(without: &[Scalar], holds: fn(Scalar, &Value) -> bool) -> Table {
    let every = Scalar::NAMED.into_iter().chain([Scalar::Enum, Scalar::Unsigned]);
    let kept: Vec<Scalar> = every.filter(|scalar| !without.contains(scalar)).collect();
    let columns: Vec<Vec<Value>> = kept
        .iter()
        .map(|scalar| {
            let mut values = edge_values(*scalar);
            for value in &mut values {
                if !holds(*scalar, value) {
                    *value = Value::Null;
                }
            }
            values.push(Value::Null);
            values
        })
        .collect();
    let count = columns.iter().map(Vec::len).max().unwrap_or(0) + 3;
    let rows = (0..count).map(|row| {
        let cells = columns.iter().enumerate().map(|(at, values)| values[(row + at) % values.len()].clone());
        [Value::Integer(row as i128 + 1)].into_iter().chain(cells).collect()
    });
    let mut fields = vec![required("id", Scalar::BigInt)];
    fields.extend(kept.iter().map(|scalar| {
        let mut field = Field::new(field_of(*scalar), *scalar);
        field.enumeration = (*scalar == Scalar::Enum).then(|| enumeration().name);
        field
    }));
    table("scalars", fields, &["id"], rows.collect())
}

/// Values at the edges of a scalar, none null, none twice.
pub fn edge_values(scalar: Scalar) -> Vec<Value> {
    let integers = |values: &[i64]| values.iter().map(|value| Value::Integer((*value).into())).collect();
    let texts = |values: &[&str]| values.iter().map(|value| text(value)).collect();
    match scalar {
        Scalar::Int => integers(&[i32::MIN.into(), -1, 0, 1, 5, i32::MAX.into()]),
        Scalar::BigInt => integers(&[i64::MIN, -1, 0, 5, 9_007_199_254_740_993, i64::MAX]),
        Scalar::Unsigned => {
            [0, 5, i64::MAX as u64, 1 << 63, u64::MAX].map(|value| Value::Integer(value.into())).to_vec()
        }
        Scalar::Float => [f64::MIN, -0.5, 0.0, 5e-324, 0.1, 1.0, f64::MAX].map(Value::Float).to_vec(),
        Scalar::Decimal => {
            let long = "12345678901234567890123456789012345678901234567890.0000000001";
            ["-10.5", "-9", "0", "0.1", "0.05", "9", "10", "100", "1.05", long]
                .map(|text| Value::Decimal(text.to_owned()))
                .to_vec()
        }
        Scalar::Boolean => vec![Value::Boolean(false), Value::Boolean(true)],
        Scalar::String => {
            let long = "long ".repeat(200);
            let mut all: Vec<Value> = texts(&[
                "",
                " ",
                "a",
                "A",
                "a ",
                " a",
                "á",
                "a\u{301}",
                "Ä",
                "ä",
                "ß",
                "ss",
                "𠮷野家",
                "\u{ffff}",
                "四平路街道",
                "%",
                "_",
                "\\",
                "a%b",
                "a_b",
                "axb",
                "a\nb",
                "nul\0byte",
                "'quoted' \"twice\"",
                "5",
                "05",
                "5.0",
                "null",
                "Siping Road 1",
                "siping road 12",
            ]);
            all.push(Value::Text(long));
            all
        }
        Scalar::Date => ["0001-01-01", "1969-12-31", "1970-01-01", "2024-02-29", "9999-12-31"]
            .map(|text| Value::Date(temporal::parse_date(text).unwrap()))
            .to_vec(),
        Scalar::Time => vec![Value::Time(0), Value::Time(1), Value::Time(43_200_500_000), Value::Time(86_399_999_999)],
        Scalar::LocalDateTime => moments().map(Value::LocalDateTime).to_vec(),
        Scalar::DateTime => moments().map(Value::DateTime).to_vec(),
        Scalar::Uuid => texts(&[
            "00000000-0000-0000-0000-000000000000",
            "0191d3a0-7d3c-7000-8000-00000000000f",
            "ffffffff-ffff-ffff-ffff-ffffffffffff",
        ]),
        Scalar::Json => texts(&["null", "{\"a\":[1,2]}", "\"里弄\"", "[]"]),
        Scalar::Bytes => vec![Value::Bytes(vec![]), Value::Bytes(vec![0]), Value::Bytes(vec![255, 0, 128])],
        Scalar::Enum => texts(&["red", "Green", "blue"]),
    }
}

fn moments() -> [i64; 5] {
    [
        "0001-01-01T00:00:00",
        "1969-12-31T23:59:59.999999",
        "1970-01-01T00:00:00",
        "2024-02-29T12:00:00.5",
        "9999-12-31T23:59:59.999999",
    ]
    .map(|text| temporal::parse_local(text).unwrap())
}

fn street() -> Table {
    let rows = [
        (1, "Siping Road", Some("Yangpu")),
        (2, "Wujiaochang", Some("Yangpu")),
        (3, "Anting", None),
        (4, "siping road", Some("Jiading")),
        (5, "Empty Lane", Some("Jiading")),
    ];
    let rows = rows.map(|(id, name, district)| vec![integer(id), text(name), maybe_text(district)]);
    let fields = vec![
        required("id", Scalar::BigInt),
        Field::new("name", Scalar::String),
        Field::new("district", Scalar::String),
    ];
    let mut table = table("street", fields, &["id"], rows.to_vec());
    table.collection.keys.push(Key { columns: vec!["name".to_owned()], primary: false });
    table
}

/// Streets that are null, dangling and shared; mentors inside the collection.
fn resident() -> Table {
    let rows = [
        (1, Some(1), "Wang", Some(81), None),
        (2, Some(1), "Li", Some(34), Some(1)),
        (3, Some(1), "Zhang", None, Some(1)),
        (4, Some(2), "Wang", Some(81), Some(2)),
        (5, Some(2), "Liu", Some(7), Some(99)),
        (6, None, "Chen", Some(34), Some(4)),
        (7, Some(99), "Yang", Some(0), None),
        (8, Some(3), "Zhao", Some(34), Some(8)),
        (9, Some(4), "Huang", Some(52), Some(6)),
        (10, None, "Zhou", None, None),
        (11, Some(1), "li", Some(34), Some(3)),
        (12, Some(3), "", Some(-1), Some(7)),
    ];
    let rows = rows.map(|(id, street, name, age, mentor)| {
        vec![integer(id), maybe_integer(street), text(name), maybe_integer(age), maybe_integer(mentor)]
    });
    let fields = vec![
        required("id", Scalar::BigInt),
        Field::new("street_id", Scalar::BigInt),
        Field::new("name", Scalar::String),
        Field::new("age", Scalar::BigInt),
        Field::new("mentor_id", Scalar::BigInt),
    ];
    let mut table = table("resident", fields, &["id"], rows.to_vec());
    table.collection.foreign_keys =
        vec![reference("mentor_id", "resident", "id"), reference("street_id", "street", "id")];
    table
}

/// Refers to residents by text, as another department would.
fn note() -> Table {
    let codes =
        [Some("1"), Some("05"), Some("5"), None, Some(""), Some("x"), Some("12"), Some("1"), Some("6.0"), Some(" 7")];
    let rows =
        codes.iter().zip(1..).map(|(code, id)| vec![integer(id), maybe_text(*code), text(&format!("note {id}"))]);
    let fields =
        vec![required("id", Scalar::BigInt), Field::new("code", Scalar::String), Field::new("body", Scalar::String)];
    table("note", fields, &["id"], rows.collect())
}

fn pair() -> Table {
    let rows = [(1, "", 10), (1, "a", 20), (1, "A", 30), (1, "a ", 40), (2, "a", 50), (2, "b", 60), (-1, "a", 70)];
    let rows = rows.map(|(a, b, value)| vec![integer(a), text(b), integer(value)]);
    let fields =
        vec![required("a", Scalar::BigInt), required("b", Scalar::String), Field::new("value", Scalar::BigInt)];
    table("pair", fields, &["a", "b"], rows.to_vec())
}

/// Codes that people write in many ways, under indexes over what makes them one.
fn card() -> Table {
    use KeyFunction::{DropHyphens, DropSpaces, Lower, StripZeros, Trim, Upper};
    let codes = [
        "99-01 a",
        " 9901A",
        "9901a ",
        "9901A",
        "0099",
        "99",
        " 0099",
        "0",
        "000",
        "",
        " ",
        "-",
        "- 9901a -",
        "ä-1",
        "Ä1",
        "ı1",
        "I1",
        "i1",
        "\t9901a",
        "0 7",
        " 7",
        "00 7 ",
        "ﬁ-1",
        "ß1",
    ];
    let rows = (1..).zip(codes).map(|(id, code)| vec![integer(id), text(code)]);
    let fields = vec![required("id", Scalar::BigInt), Field::new("code", Scalar::String)];
    let mut card = table("card", fields, &["id"], rows.chain([vec![integer(99), Value::Null]]).collect());
    let expressions = [
        vec![DropSpaces, DropHyphens, Upper],
        vec![Trim, StripZeros],
        vec![Trim, Lower],
        vec![StripZeros],
        vec![Upper],
    ];
    card.collection.expressions = expressions
        .map(|functions| ExpressionIndex { column: "code".to_owned(), functions, native: String::new() })
        .to_vec();
    card
}

/// The same indexes in SQL.
pub const CARD_INDEXES: [&str; 5] = [
    "upper(replace(replace(code, ' ', ''), '-', ''))",
    "ltrim(trim(code), '0')",
    "lower(trim(code))",
    "ltrim(code, '0')",
    "upper(code)",
];

fn empty() -> Table {
    let fields = vec![required("id", Scalar::BigInt), Field::new("name", Scalar::String)];
    table("empty", fields, &["id"], Vec::new())
}

/// Its second `value` becomes one that cannot be represented, once it has been described.
fn spoiled() -> Table {
    let fields = vec![required("id", Scalar::BigInt), Field::new("value", Scalar::BigInt)];
    let rows = (1..=3).map(|id| vec![integer(id), integer(id * 10)]);
    table("spoiled", fields, &["id"], rows.collect())
}

/// More rows than one batch.
fn many() -> Table {
    let fields = vec![
        required("id", Scalar::BigInt),
        Field::new("seventh", Scalar::BigInt),
        Field::new("label", Scalar::String),
    ];
    let rows = (1..=5_000).map(|id| vec![integer(id), integer(id % 7), text(&format!("label {}", id % 100))]);
    table("many", fields, &["id"], rows.collect())
}

/// A collection of one row with one field, `value`.
pub fn one_cell(value: &Value) -> Table {
    table("one", vec![Field::new("value", Scalar::String)], &["value"], vec![vec![value.clone()]])
}

/// A text value.
pub fn text(value: &str) -> Value {
    Value::Text(value.to_owned())
}

/// An integer value.
pub fn integer(value: i64) -> Value {
    Value::Integer(value.into())
}

fn maybe_text(value: Option<&str>) -> Value {
    value.map_or(Value::Null, text)
}

fn maybe_integer(value: Option<i64>) -> Value {
    value.map_or(Value::Null, integer)
}

fn table(name: &str, fields: Vec<Field>, key: &[&str], rows: Vec<Vec<Value>>) -> Table {
    let key = Key { columns: key.iter().map(|column| (*column).to_owned()).collect(), primary: true };
    let collection = Collection { name: name.to_owned(), fields, keys: vec![key], ..Collection::default() };
    Table { collection, rows }
}

fn reference(column: &str, collection: &str, target: &str) -> ForeignKey {
    ForeignKey {
        columns: vec![column.to_owned()],
        collection: collection.to_owned(),
        references: vec![target.to_owned()],
        enforced: false,
    }
}

fn required(name: &str, scalar: Scalar) -> Field {
    Field { nullable: false, ..Field::new(name, scalar) }
}
