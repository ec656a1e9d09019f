//! The generated databases: what people do to tables, names and keys.

use lilong_schema::Scalar;
use rusqlite::types::Value;

use super::databases::{Column, Database, Foreign, Role, Table};
use super::random::Random;

pub(super) fn column(name: &'static str, declared: &'static str) -> Column {
    let scalar = match declared.split(' ').next() {
        Some("INTEGER") => Scalar::BigInt,
        Some("REAL") => Scalar::Float,
        Some("DECIMAL(8,2)") => Scalar::Decimal,
        Some("DATE") => Scalar::Date,
        Some("DATETIME") => Scalar::LocalDateTime,
        Some("BOOLEAN") => Scalar::Boolean,
        _ => Scalar::String,
    };
    Column::new(name, declared, scalar, Role::Plain)
}

pub(super) fn foreign(columns: &[usize], table: usize, references: &[usize]) -> Foreign {
    Foreign { columns: columns.to_vec(), table, references: references.to_vec(), unique: false, many: false }
}

pub(super) fn text(value: impl Into<String>) -> Value {
    Value::Text(value.into())
}

pub(super) fn sometimes(random: &mut Random, percent: usize, value: Value) -> Value {
    if random.chance(percent) { value } else { Value::Null }
}

/// Pupils, classes, subjects and marks: self references, a composite key, dangling and null keys, ties.
pub(crate) fn school() -> Database {
    let mut random = Random::new(20);
    let classes = (1..=8)
        .map(|id| {
            vec![
                Value::Integer(id),
                text(format!("{}{}", id % 4 + 1, *random.pick(&["a", "B", "b"]))),
                sometimes(&mut random, 70, text("R")),
            ]
        })
        .collect();
    let subjects = ["math", "MATH", "art", "ürban", "体育"]
        .iter()
        .map(|code| vec![text(*code), text(format!("Title of {code}"))])
        .collect();
    let pupils = (1..=60)
        .map(|id| {
            let (class, mentor) = (random.below(10) as i64, random.below(70) as i64);
            vec![
                Value::Integer(id),
                text(*random.pick(&[
                    "Li Na",
                    "li na",
                    "Wang",
                    "Ö",
                    "王芳",
                    "",
                    "O'Hara",
                    "100%",
                    "a_b",
                    "back\\slash",
                ])),
                sometimes(&mut random, 85, Value::Integer(class)),
                sometimes(&mut random, 60, Value::Integer(mentor)),
                sometimes(&mut random, 80, Value::Real(random_real(id))),
            ]
        })
        .collect();
    let marks = (0..260)
        .map(|_| {
            let subject = *random.pick(&["math", "MATH", "art", "ürban", "体育", "gone"]);
            vec![Value::Integer(random.below(64) as i64), text(subject), Value::Integer(random.below(3) as i64), {
                let mark = random.below(6) as i64;
                sometimes(&mut random, 90, Value::Integer(mark))
            }]
        })
        .collect();
    Database {
        tables: vec![
            Table {
                name: "class",
                columns: vec![column("id", "INTEGER"), column("name", "TEXT"), column("room", "TEXT")],
                key: vec![0],
                constraints: "",
                suffix: "",
                foreign: vec![],
                rows: classes,
                is_asked: true,
                ..Table::default()
            },
            Table {
                name: "subject",
                columns: vec![column("code", "TEXT"), column("title", "TEXT")],
                key: vec![0],
                constraints: "",
                suffix: "WITHOUT ROWID",
                foreign: vec![],
                rows: subjects,
                is_asked: true,
                ..Table::default()
            },
            Table {
                name: "pupil",
                columns: vec![
                    column("id", "INTEGER"),
                    column("name", "TEXT"),
                    column("class_id", "INTEGER"),
                    column("mentor_id", "INTEGER"),
                    column("score", "REAL"),
                ],
                key: vec![0],
                constraints: "",
                suffix: "",
                foreign: vec![foreign(&[2], 0, &[0]), foreign(&[3], 2, &[0])],
                rows: pupils,
                is_asked: true,
                ..Table::default()
            },
            Table {
                name: "mark",
                columns: vec![
                    column("pupil_id", "INTEGER"),
                    column("subject_code", "TEXT"),
                    column("term", "INTEGER"),
                    column("mark", "INTEGER"),
                ],
                key: vec![0, 1, 2],
                constraints: "",
                suffix: "",
                foreign: vec![foreign(&[0], 2, &[0]), foreign(&[1], 1, &[0])],
                rows: marks,
                is_asked: true,
                ..Table::default()
            },
        ],
    }
}

fn random_real(id: i64) -> f64 {
    (id * 7919 % 101) as f64 / 4.0
}

/// Names and keys as people make them: spaces, keywords, other scripts, case-blind columns, composite references, no
/// key at all, keys of 64 bits.
pub(crate) fn awkward() -> Database {
    let mut random = Random::new(21);
    let codes = ["A", "a", "Å", "b ", "b", "", "Z9", "ß", "🚲"];
    let streets = codes.iter().map(|code| vec![text(*code), text(format!("路 {code}"))]).collect();
    let orders = (0..50)
        .map(|number| {
            let street = *random.pick(&["A", "a", "Å", "b ", "b", "", "Z9", "c", "A "]);
            let group = *random.pick(&["x", "X", "y"]);
            vec![
                Value::Integer(i64::MAX - number),
                Value::Integer(number % 7),
                sometimes(&mut random, 80, text(street)),
                sometimes(&mut random, 50, text(group)),
            ]
        })
        .collect();
    let details = (0..140)
        .map(|_| {
            let number = random.below(55) as i64;
            let (id, day) = (Value::Integer(i64::MAX - number), Value::Integer(number % 7));
            vec![
                sometimes(&mut random, 90, id),
                sometimes(&mut random, 90, day),
                Value::Integer(random.below(5) as i64 - 2),
                text(*random.pick(&["n", "N", "", "ñ"])),
            ]
        })
        .collect();
    let keys = codes
        .iter()
        .take(6)
        .enumerate()
        .map(|(number, code)| vec![Value::Integer(number as i64), text(*code)])
        .collect();
    Database {
        tables: vec![
            Table {
                name: "街道",
                columns: vec![column("Code", "TEXT COLLATE NOCASE"), column("名称", "TEXT")],
                key: vec![],
                constraints: "UNIQUE (\"Code\" COLLATE BINARY)",
                suffix: "",
                foreign: vec![],
                rows: streets,
                is_asked: true,
                ..Table::default()
            },
            Table {
                name: "select",
                columns: vec![
                    column("ID", "INTEGER"),
                    column("the day", "INTEGER"),
                    column("street", "TEXT"),
                    column("group", "TEXT COLLATE NOCASE"),
                ],
                key: vec![0, 1],
                constraints: "",
                suffix: "WITHOUT ROWID",
                foreign: vec![foreign(&[2], 3, &[1])],
                rows: orders,
                is_asked: true,
                ..Table::default()
            },
            Table {
                name: "Order Details",
                columns: vec![
                    column("select_id", "INTEGER"),
                    column("select_day", "INTEGER"),
                    column("count", "INTEGER"),
                    column("no\"te", "TEXT"),
                ],
                key: vec![],
                constraints: "",
                suffix: "",
                foreign: vec![foreign(&[0, 1], 1, &[0, 1])],
                rows: details,
                is_asked: true,
                ..Table::default()
            },
            Table {
                name: "1 key",
                columns: vec![column("n", "INTEGER"), column("code", "TEXT")],
                key: vec![0],
                constraints: "UNIQUE (code)",
                suffix: "",
                foreign: vec![],
                rows: keys,
                is_asked: true,
                ..Table::default()
            },
        ],
    }
}

/// Branches, accounts and entries: decimals, days, moments, flags; accounts without entries, entries without an account.
pub(crate) fn ledger() -> Database {
    let mut random = Random::new(22);
    let branches = ["N", "n", "S", "Ä", "none"]
        .iter()
        .enumerate()
        .map(|(at, code)| vec![text(*code), text(format!("Branch {}", at % 3)), Value::Integer(at as i64 % 2)])
        .collect();
    let accounts = (1..=40)
        .map(|id| {
            let branch = text(*random.pick(&["N", "n", "S", "Ä", "gone"]));
            let opened = text(format!("20{:02}-{:02}-1{}", id % 4 + 10, id % 3 + 1, id % 2));
            let changed = text(format!("2026-01-0{} 0{}:30:00", id % 5 + 1, id % 7));
            let holder = text(*random.pick(&["Ödön", "ödön", "Zhao 50%", "", "Li\\", "Li", "li"]));
            vec![
                Value::Integer(id),
                sometimes(&mut random, 90, holder),
                sometimes(&mut random, 85, branch),
                sometimes(&mut random, 80, opened),
                sometimes(&mut random, 80, Value::Real((id * 137 % 900) as f64 / 100.0)),
                sometimes(&mut random, 80, Value::Integer(id % 2)),
                sometimes(&mut random, 80, changed),
            ]
        })
        .collect();
    let entries = (1..=220)
        .map(|id| {
            let account = Value::Integer(random.below(48) as i64);
            let amount = Value::Real(random.below(2_000) as f64 / 100.0 - 5.0);
            let rate = Value::Real([0.1, 0.25, -0.0, 0.0, 1e10, 3.5][random.below(6)]);
            let day = text(format!("2026-0{}-1{}", random.below(3) + 1, random.below(3)));
            let kind = text(*random.pick(&["in", "out", "In", "fee"]));
            vec![
                Value::Integer(id),
                sometimes(&mut random, 90, account),
                sometimes(&mut random, 85, amount),
                sometimes(&mut random, 85, rate),
                sometimes(&mut random, 90, day),
                sometimes(&mut random, 90, kind),
            ]
        })
        .collect();
    let table = |name, columns: &[(&'static str, &'static str)], foreign, rows| Table {
        name,
        columns: columns.iter().map(|(name, declared)| column(name, declared)).collect(),
        key: vec![0],
        foreign,
        rows,
        is_asked: true,
        ..Table::default()
    };
    Database {
        tables: vec![
            table("branch", &[("code", "TEXT"), ("title", "TEXT"), ("open", "BOOLEAN")], vec![], branches),
            table(
                "account",
                &[
                    ("id", "INTEGER"),
                    ("holder", "TEXT"),
                    ("branch_code", "TEXT"),
                    ("opened", "DATE"),
                    ("credit", "DECIMAL(8,2)"),
                    ("active", "BOOLEAN"),
                    ("changed", "DATETIME"),
                ],
                vec![foreign(&[2], 0, &[0])],
                accounts,
            ),
            table(
                "entry",
                &[
                    ("id", "INTEGER"),
                    ("account_id", "INTEGER"),
                    ("amount", "DECIMAL(8,2)"),
                    ("rate", "REAL"),
                    ("day", "DATE"),
                    ("kind", "TEXT"),
                ],
                vec![foreign(&[1], 1, &[0])],
                entries,
            ),
        ],
    }
}
