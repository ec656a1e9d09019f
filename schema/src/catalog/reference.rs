//! How catalogs name things in databases: `source.collection(columns)`, and dotted names in `rename` and `types`.
//!
//! A part that holds any of `. , ( ) *` or a quote is written in double quotes, quotes doubled; spaces need none; any
//! part may be quoted. Between the source and the columns everything is the collection: `civil.audit.log(id)` is the
//! collection `audit.log` of the source `civil`.

use std::borrow::Cow;
use std::fmt;
use std::iter::Peekable;
use std::str::Chars;

/// Columns of a collection of a source, or of a union.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// The source, by its name in the catalog; empty for a union.
    pub source: String,
    /// The collection, by its original name, or the union.
    pub collection: String,
    /// Columns, by their original names; never empty.
    pub columns: Vec<String>,
}

/// Why a text is no name of this form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReferenceError {
    /// There is no `(columns)`.
    #[error("the columns are missing")]
    NoColumns,
    /// There is no dot before the columns.
    #[error("the source or the collection is missing")]
    NoCollection,
    /// A part is empty.
    #[error("a part of the name is empty")]
    EmptyPart,
    /// A `"` without its partner.
    #[error("a `\"` is not closed")]
    UnclosedQuote,
    /// A `"` inside an unquoted part, or text after a quoted one.
    #[error("only part of a name is in quotes")]
    StrayQuote,
    /// One of `. , ( ) *` where it means nothing.
    #[error("`{0}` does not belong here")]
    Stray(char),
    /// `(` without `)`.
    #[error("`)` is missing")]
    UnclosedColumns,
}

impl Reference {
    /// Reads `source.collection(column, …)`, or `union(column, …)`.
    ///
    /// ```
    /// use lilong_schema::catalog::reference::Reference;
    /// let end = Reference::parse(r#"civil.Order Details("Unit (net)", id)"#).unwrap();
    /// assert_eq!(end.collection, "Order Details");
    /// assert_eq!(end.columns, ["Unit (net)", "id"]);
    /// assert_eq!(end.to_string(), r#"civil.Order Details("Unit (net)", id)"#);
    /// ```
    pub fn parse(text: &str) -> Result<Self, ReferenceError> {
        let mut rest = text.chars().peekable();
        let mut parts = vec![part(&mut rest)?];
        loop {
            match rest.next() {
                Some('.') => parts.push(part(&mut rest)?),
                Some('(') => break,
                Some(other) => return Err(ReferenceError::Stray(other)),
                None => return Err(ReferenceError::NoColumns),
            }
        }
        let mut columns = vec![part(&mut rest)?];
        loop {
            match rest.next() {
                Some(',') => columns.push(part(&mut rest)?),
                Some(')') => break,
                Some(other) => return Err(ReferenceError::Stray(other)),
                None => return Err(ReferenceError::UnclosedColumns),
            }
        }
        if let Some(stray) = rest.find(|c| !c.is_whitespace()) {
            return Err(ReferenceError::Stray(stray));
        }
        let (source, collection) = match parts.as_slice() {
            [union] => (String::new(), union.clone()),
            [source, collection @ ..] => (source.clone(), collection.join(".")),
            [] => return Err(ReferenceError::NoCollection),
        };
        Ok(Self { source, collection, columns })
    }
}

/// As a catalog writes it, quoted where needed.
impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.source.is_empty() {
            write!(f, "{}.", quoted(&self.source))?;
        }
        write!(f, "{}(", quoted(&self.collection))?;
        for (index, column) in self.columns.iter().enumerate() {
            write!(f, "{}{}", if index == 0 { "" } else { ", " }, quoted(column))?;
        }
        f.write_str(")")
    }
}

/// The parts of a dotted name, unquoted: `audit.log."a.b"` is `audit`, `log`, `a.b`. Never empty.
pub fn parts(text: &str) -> Result<Vec<String>, ReferenceError> {
    let mut rest = text.chars().peekable();
    let mut parts = vec![part(&mut rest)?];
    loop {
        match rest.next() {
            Some('.') => parts.push(part(&mut rest)?),
            Some(other) => return Err(ReferenceError::Stray(other)),
            None => return Ok(parts),
        }
    }
}

/// A name part as a catalog writes it: in double quotes where it has to be.
pub fn quoted(part: &str) -> Cow<'_, str> {
    let odd = |c: char| matches!(c, '.' | ',' | '(' | ')' | '*' | '"' | '\'');
    if part.is_empty() || part.contains(odd) || part.trim() != part {
        Cow::Owned(format!("\"{}\"", part.replace('"', "\"\"")))
    } else {
        Cow::Borrowed(part)
    }
}

/// Reads one part up to the delimiter that follows it, and the white space around it.
fn part(rest: &mut Peekable<Chars<'_>>) -> Result<String, ReferenceError> {
    while rest.next_if(|c| c.is_whitespace()).is_some() {}
    let mut name = String::new();
    if rest.next_if_eq(&'"').is_some() {
        loop {
            match rest.next() {
                Some('"') if rest.next_if_eq(&'"').is_some() => name.push('"'),
                Some('"') => break,
                Some(c) => name.push(c),
                None => return Err(ReferenceError::UnclosedQuote),
            }
        }
        while rest.next_if(|c| c.is_whitespace()).is_some() {}
        if rest.peek().is_some_and(|c| !matches!(c, '.' | ',' | '(' | ')' | '*')) {
            return Err(ReferenceError::StrayQuote);
        }
    } else {
        while let Some(c) = rest.next_if(|c| !matches!(c, '.' | ',' | '(' | ')' | '*' | '"')) {
            name.push(c);
        }
        if rest.peek() == Some(&'"') {
            return Err(ReferenceError::StrayQuote);
        }
        name.truncate(name.trim_end().len());
    }
    if name.is_empty() {
        return match rest.peek() {
            Some('*') => Err(ReferenceError::Stray('*')),
            _ => Err(ReferenceError::EmptyPart),
        };
    }
    Ok(name)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> (String, String, Vec<String>) {
        let reference = Reference::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        (reference.source, reference.collection, reference.columns)
    }

    fn expect(text: &str, source: &str, collection: &str, columns: &[&str]) {
        let columns = columns.iter().map(|&column| column.to_owned()).collect();
        assert_eq!(parsed(text), (source.to_owned(), collection.to_owned(), columns), "{text}");
    }

    #[test]
    fn a_reference_names_source_collection_and_columns() {
        expect("civil.resident(id_card)", "civil", "resident", &["id_card"]);
        expect(" civil . resident ( a , b ) ", "civil", "resident", &["a", "b"]);
        expect("civil.Order Details(Unit Price)", "civil", "Order Details", &["Unit Price"]);
        expect("civil.audit.log(id)", "civil", "audit.log", &["id"]);
        expect(r#"civil."audit.log"(id)"#, "civil", "audit.log", &["id"]);
        expect(r#""a.b"."c ""d"""("e,f", " g")"#, "a.b", r#"c "d""#, &["e,f", " g"]);
        expect("民政.居民(身份证)", "民政", "居民", &["身份证"]);
        expect("s.it's(id)", "s", "it's", &["id"]);
        expect("resident(id_card)", "", "resident", &["id_card"]);
    }

    #[test]
    fn what_is_no_reference_is_refused() {
        for (text, error) in [
            ("civil.resident", ReferenceError::NoColumns),
            ("civil.(id)", ReferenceError::EmptyPart),
            ("civil.resident()", ReferenceError::EmptyPart),
            ("civil.resident(a,)", ReferenceError::EmptyPart),
            (r#"civil."" (a)"#, ReferenceError::EmptyPart),
            ("civil.resident(a", ReferenceError::UnclosedColumns),
            ("civil.resident(a) b", ReferenceError::Stray('b')),
            ("civil.resident(a.b)", ReferenceError::Stray('.')),
            ("street_*.resident(a)", ReferenceError::Stray('*')),
            ("civil.*(a)", ReferenceError::Stray('*')),
            (r#"civil."resident(a)"#, ReferenceError::UnclosedQuote),
            (r#"civil.re"si"dent(a)"#, ReferenceError::StrayQuote),
            (r#"civil."re"sident(a)"#, ReferenceError::StrayQuote),
            ("", ReferenceError::EmptyPart),
        ] {
            assert_eq!(Reference::parse(text), Err(error), "{text}");
        }
    }

    #[test]
    fn what_is_written_reads_the_same_again() {
        for name in ["a", "Order Details", "a.b", "x,y", "(z)", "w*", "q\"q", "it's", " pad ", "民政"] {
            let reference =
                Reference { source: name.into(), collection: name.into(), columns: vec![name.into(), "id".into()] };
            assert_eq!(Reference::parse(&reference.to_string()), Ok(reference));
        }
    }

    #[test]
    fn a_dotted_name_is_cut_at_its_dots() {
        assert_eq!(parts("Order Details").unwrap(), ["Order Details"]);
        assert_eq!(parts("resident.id_card").unwrap(), ["resident", "id_card"]);
        assert_eq!(parts(r#"audit.log."a.b""#).unwrap(), ["audit", "log", "a.b"]);
        assert_eq!(parts("a..b"), Err(ReferenceError::EmptyPart));
        assert_eq!(parts("a(b)"), Err(ReferenceError::Stray('(')));
    }
}
