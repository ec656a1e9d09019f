//! What a collection's columns really hold: one pass over its first rows for all columns that have something to tell.
//!
//! In: declared types, overrides of the catalog, rows. Out: each column's scalar and how it is stored. *Invariant*: no
//! stored value is kept.

use std::collections::BTreeMap;

use lilong_schema::Scalar;
use rusqlite::Connection;
use rusqlite::types::ValueRef;

use super::dialect::quote;
use super::form::Form;
use super::storage;

/// Rows looked at, at most.
pub(super) const ROWS: u64 = 100_000;

/// One column before and while it is looked at.
pub(super) struct Candidate {
    name: String,
    declared: Declared,
    overridden: bool,
    seen: Classes,
    guesses: Vec<Guess>,
}

/// What the declared type promises.
enum Declared {
    /// A scalar by affinity, whatever is stored.
    Fixed(Scalar),
    /// These scalars, the first that all values are of.
    Perhaps(Vec<Scalar>),
    /// Nothing: it goes by what is stored.
    Open,
}

/// Storage classes that were seen: a set of four.
#[derive(Clone, Copy, Default)]
struct Classes {
    integer: bool,
    real: bool,
    text: bool,
    blob: bool,
}

/// A scalar whose own form all values may have.
struct Guess {
    scalar: Scalar,
    holds: bool,
    form: Option<Form>,
}

/// What a column turned out to be.
pub(super) struct Finding {
    /// What its values are.
    pub(super) scalar: Scalar,
    /// Digits after the point that were declared.
    pub(super) scale: Option<u32>,
    /// How they are stored.
    pub(super) details: BTreeMap<String, String>,
}

impl Candidate {
    /// A column by its declared type, or by what the catalog says of it.
    pub(super) fn new(name: &str, declared: &str, affinity: &str, overridden: Option<Scalar>) -> Self {
        let promise = match overridden {
            Some(scalar) => Declared::Fixed(scalar),
            None => promise(declared, affinity),
        };
        let scalars = match &promise {
            Declared::Fixed(scalar) => vec![*scalar],
            Declared::Perhaps(scalars) => scalars.clone(),
            Declared::Open => vec![],
        };
        Self {
            name: name.to_owned(),
            declared: promise,
            overridden: overridden.is_some(),
            seen: Classes::default(),
            guesses: scalars.into_iter().map(|scalar| Guess { scalar, holds: true, form: None }).collect(),
        }
    }

    /// What has to be read of each row; `None`: nothing.
    fn reads(&self) -> Option<String> {
        let name = quote(&self.name);
        let class = format!("typeof({name})");
        match &self.declared {
            Declared::Fixed(Scalar::String) if !self.overridden => None,
            Declared::Fixed(Scalar::Bytes | Scalar::Json) => None,
            Declared::Fixed(scalar) if !needs_values(*scalar) => Some(class),
            Declared::Fixed(_) => Some(name),
            Declared::Perhaps(scalars) if scalars.iter().any(|scalar| needs_values(*scalar)) => Some(name),
            Declared::Perhaps(_) | Declared::Open => Some(class),
        }
    }

    fn by_class(&self) -> bool {
        self.reads().is_some_and(|text| text.starts_with("typeof("))
    }

    fn see_class(&mut self, class: &[u8]) {
        match class {
            b"integer" => self.seen.integer = true,
            b"real" => self.seen.real = true,
            b"text" => self.seen.text = true,
            b"blob" => self.seen.blob = true,
            _ => {}
        }
    }

    fn see(&mut self, value: ValueRef<'_>) {
        match value {
            ValueRef::Null => return,
            ValueRef::Integer(_) => self.seen.integer = true,
            ValueRef::Real(_) => self.seen.real = true,
            ValueRef::Text(_) => self.seen.text = true,
            ValueRef::Blob(_) => self.seen.blob = true,
        }
        for guess in self.guesses.iter_mut().filter(|guess| guess.holds) {
            guess.see(value);
        }
    }

    /// What it turned out to be.
    pub(super) fn finding(&self, declared: &str) -> Finding {
        let seen = self.seen;
        let (scalar, stored, form) = match &self.declared {
            Declared::Fixed(scalar) => self.fixed(*scalar),
            Declared::Perhaps(scalars) => {
                let numbers = !seen.text && !seen.blob;
                let kept = scalars.iter().zip(&self.guesses).find(|(scalar, guess)| match scalar {
                    Scalar::Decimal => numbers,
                    _ => guess.holds,
                });
                match kept {
                    Some((scalar, guess)) => (*scalar, "", guess.form.clone()),
                    None => stored_as(seen),
                }
            }
            Declared::Open => stored_as(seen),
        };
        let mut details = BTreeMap::new();
        if !stored.is_empty() {
            details.insert(storage::STORED.to_owned(), stored.to_owned());
        }
        if stored == "mixed" && seen.blob {
            details.insert(storage::BLOBS.to_owned(), "seen".to_owned());
        }
        if let Some(form) = form {
            details.insert(storage::FORM.to_owned(), form.to_string());
        }
        Finding { scalar, scale: if scalar == Scalar::Decimal { scale(declared) } else { None }, details }
    }

    /// A scalar that is settled; how it is stored is not.
    fn fixed(&self, scalar: Scalar) -> (Scalar, &'static str, Option<Form>) {
        let Classes { integer, real, text, blob } = self.seen;
        let guess = self.guesses.first();
        let holds = guess.is_some_and(|guess| guess.holds);
        let form = guess.and_then(|guess| guess.form.clone());
        let stored = match scalar {
            Scalar::Int | Scalar::BigInt if real || text || blob => "parsed",
            Scalar::Float | Scalar::Decimal if text || blob => "parsed",
            Scalar::String if integer || real || blob => "mixed",
            Scalar::Date | Scalar::Time | Scalar::LocalDateTime | Scalar::DateTime => {
                return (scalar, "", form.filter(|_| holds));
            }
            Scalar::Uuid if holds => "plain",
            Scalar::Uuid => "parsed",
            Scalar::Boolean if !holds => "parsed",
            _ => "",
        };
        (scalar, stored, None)
    }
}

impl Guess {
    fn see(&mut self, value: ValueRef<'_>) {
        let text = match value {
            ValueRef::Text(bytes) => std::str::from_utf8(bytes).ok(),
            _ => None,
        };
        self.holds = match self.scalar {
            Scalar::Boolean => matches!(value, ValueRef::Integer(0 | 1)),
            Scalar::Uuid => {
                let read = super::value::read(value, Scalar::Uuid);
                matches!((read, text), (Ok(lilong_schema::Value::Text(canonical)), Some(text)) if canonical == text)
            }
            Scalar::Date | Scalar::Time | Scalar::LocalDateTime | Scalar::DateTime => {
                let form = text.and_then(|text| match &self.form {
                    Some(form) => form.read(text).map(|_| form.clone()),
                    None => Form::of(text, self.scalar),
                });
                let holds = form.is_some();
                self.form = form;
                holds
            }
            _ => true,
        };
    }
}

/// Whether the storage class alone does not tell whether a value is of the scalar.
fn needs_values(scalar: Scalar) -> bool {
    matches!(
        scalar,
        Scalar::Boolean | Scalar::Uuid | Scalar::Date | Scalar::Time | Scalar::LocalDateTime | Scalar::DateTime
    )
}

fn promise(declared: &str, affinity: &str) -> Declared {
    let upper = declared.to_ascii_uppercase();
    match upper.split('(').next().unwrap_or_default().trim() {
        "" => return Declared::Open,
        "DATE" => return Declared::Perhaps(vec![Scalar::Date]),
        "TIME" => return Declared::Perhaps(vec![Scalar::Time]),
        "DATETIME" | "TIMESTAMP" => return Declared::Perhaps(vec![Scalar::LocalDateTime, Scalar::DateTime]),
        "BOOLEAN" => return Declared::Perhaps(vec![Scalar::Boolean]),
        "DECIMAL" | "NUMERIC" => return Declared::Perhaps(vec![Scalar::Decimal]),
        _ => {}
    }
    match affinity {
        "INTEGER" => Declared::Fixed(Scalar::BigInt),
        "REAL" => Declared::Fixed(Scalar::Float),
        "TEXT" => Declared::Fixed(Scalar::String),
        "BLOB" if upper.contains("BLOB") => Declared::Fixed(Scalar::Bytes),
        _ => Declared::Open,
    }
}

/// The scalar of a column that goes by what is stored.
fn stored_as(seen: Classes) -> (Scalar, &'static str, Option<Form>) {
    let Classes { integer, real, text, blob } = seen;
    let (scalar, stored) = match (integer, real, text, blob) {
        (true, false, false, false) => (Scalar::BigInt, ""),
        (_, true, false, false) => (Scalar::Float, ""),
        (false, false, true, false) => (Scalar::String, ""),
        (false, false, false, true) => (Scalar::Bytes, ""),
        _ => (Scalar::String, "mixed"),
    };
    (scalar, stored, None)
}

/// The scale of `DECIMAL(p)` and `DECIMAL(p,s)`.
fn scale(declared: &str) -> Option<u32> {
    let inside = declared.split_once('(')?.1.split(')').next()?;
    match inside.split_once(',') {
        Some((_, scale)) => scale.trim().parse().ok(),
        None => inside.trim().parse::<u32>().ok().map(|_| 0),
    }
}

/// Reads the first rows; how many there were, at most [`ROWS`].
pub(super) fn scan(connection: &Connection, collection: &str, candidates: &mut [Candidate]) -> rusqlite::Result<u64> {
    let mut read: Vec<&mut Candidate> = candidates.iter_mut().filter(|candidate| candidate.reads().is_some()).collect();
    let mut outputs: Vec<String> = read.iter().filter_map(|candidate| candidate.reads()).collect();
    if outputs.is_empty() {
        outputs.push("1".to_owned());
    }
    let by_class: Vec<bool> = read.iter().map(|candidate| candidate.by_class()).collect();
    let text = format!("SELECT {} FROM {} LIMIT {ROWS}", outputs.join(", "), quote(collection));
    let mut statement = connection.prepare(&text)?;
    let mut rows = statement.raw_query();
    let mut count = 0;
    while let Some(row) = rows.next()? {
        count += 1;
        for (at, candidate) in read.iter_mut().enumerate() {
            match row.get_ref(at)? {
                ValueRef::Text(class) if by_class[at] => candidate.see_class(class),
                value => candidate.see(value),
            }
        }
    }
    Ok(count)
}
