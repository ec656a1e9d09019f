//! The generated databases: tables with their DDL, rows and foreign keys.

use std::fmt::Write;
use std::path::Path;

use lilong_schema::Scalar;
use rusqlite::Connection;
use rusqlite::types::Value;

use super::random::Random;

/// Tables that belong together.
pub(crate) struct Database {
    pub(crate) tables: Vec<Table>,
}

/// A table.
#[derive(Default)]
pub(crate) struct Table {
    pub(crate) name: &'static str,
    pub(crate) columns: Vec<Column>,
    /// Positions of the primary key's columns; empty: rowid alone.
    pub(crate) key: Vec<usize>,
    /// Constraints after the columns, other than foreign keys.
    pub(crate) constraints: &'static str,
    pub(crate) suffix: &'static str,
    pub(crate) foreign: Vec<Foreign>,
    pub(crate) rows: Vec<Vec<Value>>,
    /// Rows cannot be told apart but by all columns: every list is ordered by all of them.
    pub(crate) is_keyless: bool,
    /// Whether queries may ask for it.
    pub(crate) is_asked: bool,
}

/// A column.
pub(crate) struct Column {
    pub(crate) name: &'static str,
    pub(crate) declared: &'static str,
    pub(crate) scalar: Scalar,
    pub(crate) role: Role,
}

/// What queries may do with a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Read, filtered and ordered by.
    Plain,
    /// Only read: its values are of several storage classes, or in an order of their own.
    Shown,
    /// Nothing.
    Hidden,
}

/// A foreign key; `unique`: its own columns are unique, so that it is an object both ways; `many`: those it refers to
/// are not, so that it is a list both ways.
pub(crate) struct Foreign {
    pub(crate) columns: Vec<usize>,
    pub(crate) table: usize,
    pub(crate) references: Vec<usize>,
    pub(crate) unique: bool,
    pub(crate) many: bool,
}

fn column(name: &'static str, declared: &'static str) -> Column {
    let scalar = match declared.split(' ').next() {
        Some("INTEGER") => Scalar::BigInt,
        Some("REAL") => Scalar::Float,
        _ => Scalar::String,
    };
    Column { name, declared, scalar, role: Role::Plain }
}

fn foreign(columns: &[usize], table: usize, references: &[usize]) -> Foreign {
    Foreign { columns: columns.to_vec(), table, references: references.to_vec(), unique: false, many: false }
}

pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

impl Database {
    /// All tables in one file.
    pub(crate) fn write_whole(&self, path: &Path) {
        let connection = Connection::open(path).unwrap();
        for table in &self.tables {
            table.write(&connection, Some(self));
        }
    }

    /// Each table in a file of its own, foreign keys as links of the catalog.
    pub(crate) fn write_apart(&self, folder: &Path) {
        let mut catalog = String::new();
        for (number, table) in self.tables.iter().enumerate() {
            let file = format!("part_{number}.sqlite");
            table.write(&Connection::open(folder.join(&file)).unwrap(), None);
            writeln!(catalog, "[[source]]\nname = \"part_{number}\"\nconnector = \"sqlite\"\npath = \"{file}\"\n")
                .unwrap();
        }
        for (number, table) in self.tables.iter().enumerate() {
            for (index, key) in table.foreign.iter().enumerate() {
                let end = |number: usize, columns: &[usize]| {
                    let table = &self.tables[number];
                    let columns = columns.iter().map(|column| quoted(table.columns[*column].name)).collect::<Vec<_>>();
                    let text = format!("part_{number}.{}({})", quoted(table.name), columns.join(", "));
                    text.replace('\\', "\\\\").replace('"', "\\\"")
                };
                writeln!(
                    catalog,
                    "[[link]]\nfrom = \"{}\"\nto = \"{}\"\nname = \"to{number}x{index}\"\nback = \"from{number}x{index}\"\n",
                    end(number, &key.columns),
                    end(key.table, &key.references),
                )
                .unwrap();
            }
        }
        std::fs::write(folder.join("lilong.toml"), catalog).unwrap();
    }
}

impl Table {
    fn write(&self, connection: &Connection, within: Option<&Database>) {
        let names = |columns: &[usize], table: &Table| {
            columns.iter().map(|column| quoted(table.columns[*column].name)).collect::<Vec<_>>().join(", ")
        };
        let mut parts = self
            .columns
            .iter()
            .map(|column| format!("{} {}", quoted(column.name), column.declared))
            .collect::<Vec<_>>();
        if !self.key.is_empty() {
            parts.push(format!("PRIMARY KEY ({})", names(&self.key, self)));
        }
        if !self.constraints.is_empty() {
            parts.push(self.constraints.to_owned());
        }
        for key in within.map_or(&[][..], |_| &self.foreign) {
            let to = &within.unwrap().tables[key.table];
            parts.push(format!(
                "FOREIGN KEY ({}) REFERENCES {} ({})",
                names(&key.columns, self),
                quoted(to.name),
                names(&key.references, to)
            ));
        }
        let create = format!("CREATE TABLE {} ({}) {}", quoted(self.name), parts.join(", "), self.suffix);
        connection.execute_batch(&format!("PRAGMA foreign_keys = OFF; BEGIN; {create}")).unwrap();
        let places = vec!["?"; self.columns.len()].join(", ");
        let mut insert =
            connection.prepare(&format!("INSERT OR IGNORE INTO {} VALUES ({places})", quoted(self.name))).unwrap();
        for row in &self.rows {
            insert.execute(rusqlite::params_from_iter(row)).unwrap();
        }
        drop(insert);
        connection.execute_batch("COMMIT").unwrap();
    }
}

fn text(value: impl Into<String>) -> Value {
    Value::Text(value.into())
}

fn sometimes(random: &mut Random, percent: usize, value: Value) -> Value {
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
