//! What a `rest` source has, however it was told: by an `OpenAPI` document or by hand.
//!
//! *Invariant*: no value of a secret option is in here.

use std::collections::{BTreeMap, BTreeSet};

use lilong_schema::collection::{Key, REQUIRED};
use lilong_schema::{Collection, Enumeration, Field, Scalar};

/// One collection: an operation that lists it, and what it can be asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Definition {
    pub(super) name: String,
    pub(super) comment: Option<String>,
    /// The path that lists rows, below the source's `url`.
    pub(super) path: Template,
    /// A JSON pointer to the rows in an answer (RFC 6901); empty: the answer itself.
    pub(super) rows: String,
    /// The path that gives one row by key, and the pointer to it.
    pub(super) one: Option<(Template, String)>,
    pub(super) columns: Vec<Column>,
    /// Columns that together name a row.
    pub(super) key: Vec<String>,
    /// Columns that rows are ordered by as they come, ascending.
    pub(super) ordered: Vec<String>,
    /// Columns that need a filter.
    pub(super) required: BTreeSet<String>,
    /// By column, the parameters that narrow by it.
    pub(super) filters: BTreeMap<String, Filter>,
    /// Parameters that are always sent.
    pub(super) parameters: Vec<(String, String)>,
    pub(super) paging: Paging,
    /// A pointer to how many rows there are in all.
    pub(super) total: Option<String>,
    /// About how many rows.
    pub(super) estimate: Option<u64>,
}

/// A path with columns in braces: `/districts/{district}/trees`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Template(pub(super) Vec<Piece>);

/// A part of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// As it stands.
    Text(String),
    /// The value of a column.
    Column(String),
}

/// A column of rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) scalar: Scalar,
    /// The type as the document tells it.
    pub(super) native: String,
    pub(super) place: Place,
    pub(super) comment: Option<String>,
    /// The values of an enum, in their order, and its name.
    pub(super) enumeration: Option<Enumeration>,
    /// Whether the service promises a value in every row.
    pub(super) required: bool,
}

/// Where a column's value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// From a pointer into the row.
    At(Vec<String>),
    /// From the request: the service does not repeat what it was asked for.
    Asked,
}

/// The parameters that narrow by a column.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Filter {
    /// Rows whose column equals the value, and perhaps others.
    pub(super) equal: Option<String>,
    /// Rows whose column is one of several values.
    pub(super) many: Option<Many>,
    /// Rows from this value on, it included.
    pub(super) from: Option<String>,
    /// Rows up to this value, it included.
    pub(super) to: Option<String>,
}

/// A parameter that takes several values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Many {
    pub(super) parameter: String,
    /// What stands between values; `None`: the parameter is repeated.
    pub(super) separator: Option<String>,
    /// The most values of one request.
    pub(super) most: usize,
}

/// How a list is read page by page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Paging {
    /// It comes whole.
    #[default]
    Whole,
    /// By how many rows are left out.
    Offset { parameter: String, size: Option<(String, usize)> },
    /// By the number of the page.
    Page { parameter: String, first: usize, size: Option<(String, usize)> },
    /// By what an answer says of the next page.
    Cursor { parameter: String, next: String, size: Option<(String, usize)> },
    /// By a link to the next page, at a pointer or in the header `Link` (RFC 8288).
    Link { next: Option<String>, size: Option<(String, usize)> },
}

impl Filter {
    /// The parameter for one value.
    pub(super) fn single(&self) -> Option<&str> {
        let many = || self.many.as_ref().map(|many| &many.parameter);
        self.equal.as_ref().or_else(many).map(String::as_str)
    }
}

impl Template {
    /// Reads a path; `None` if braces do not match.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut pieces = Vec::new();
        let mut rest = text.trim_start_matches('/');
        while let Some(open) = rest.find('{') {
            let close = open + rest[open..].find('}')?;
            let column = &rest[open + 1..close];
            if column.is_empty() || column.contains('{') || rest[..open].contains('}') {
                return None;
            }
            if open > 0 {
                pieces.push(Piece::Text(rest[..open].to_owned()));
            }
            pieces.push(Piece::Column(column.to_owned()));
            rest = &rest[close + 1..];
        }
        if rest.contains('}') {
            return None;
        }
        if !rest.is_empty() {
            pieces.push(Piece::Text(rest.to_owned()));
        }
        Some(Self(pieces))
    }

    /// The columns in it.
    pub(super) fn columns(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|piece| match piece {
            Piece::Column(column) => Some(column.as_str()),
            Piece::Text(_) => None,
        })
    }
}

impl std::fmt::Display for Template {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => f.write_str(text)?,
                Piece::Column(column) => write!(f, "{{{column}}}")?,
            }
        }
        Ok(())
    }
}

impl Definition {
    /// The column of that name.
    pub(super) fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// What the source says of it.
    pub(super) fn describe(&self) -> Collection {
        let fields = self.columns.iter().map(|column| Field {
            name: column.name.clone(),
            scalar: column.scalar,
            native: column.native.clone(),
            nullable: true,
            comment: column.comment.clone(),
            scale: None,
            enumeration: column.enumeration.as_ref().map(|enumeration| enumeration.name.clone()),
            details: if self.key.contains(&column.name) {
                BTreeMap::from([(REQUIRED.to_owned(), "true".to_owned())])
            } else {
                BTreeMap::new()
            },
        });
        let keys =
            if self.key.is_empty() { Vec::new() } else { vec![Key { columns: self.key.clone(), primary: true }] };
        let narrowed = self.filters.iter().filter(|(_, filter)| filter.single().is_some());
        let mut indexes: Vec<Vec<String>> = narrowed.map(|(column, _)| vec![column.clone()]).collect();
        if self.one.is_some() && !indexes.contains(&self.key) {
            indexes.push(self.key.clone());
        }
        Collection {
            name: self.name.clone(),
            comment: self.comment.clone(),
            fields: fields.collect(),
            keys,
            indexes,
            rows: self.estimate,
            ..Collection::default()
        }
    }
}
