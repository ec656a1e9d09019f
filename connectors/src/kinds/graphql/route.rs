//! How the rows of a collection are asked for: what describing found out, kept with the description.
//!
//! In: the schema of a service and what the catalog says of it. Out: [`Route`]s, as text among a collection's details.

use std::collections::BTreeMap;

use lilong_schema::{Collection, Field};
use serde::{Deserialize, Serialize};

/// The detail of a collection that holds its route.
const ROUTE: &str = "route";
/// The detail of a field that is not asked for by its name: the fields that lead to it, with points between them.
const PATH: &str = "path";
/// The detail of a field that holds objects: what is selected of these.
const SELECT: &str = "select";

/// The ways to a collection's rows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Route {
    /// The collection.
    pub(super) name: String,
    /// The type of its rows.
    pub(super) of: String,
    /// How all rows are asked for; `None`: they are only found by key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) list: Option<Access>,
    /// How rows are found by key, best first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) lookups: Vec<Access>,
    /// Sets of columns by which an entity of Apollo Federation is found.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) entities: Vec<Vec<String>>,
}

/// One field of the service that gives rows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Access {
    /// The fields that lead from the query to the rows: to a list, or to one object.
    pub(super) path: Vec<String>,
    /// Which of them takes the arguments.
    pub(super) at: usize,
    /// The fields inside each item of the list that lead to the row.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) item: Vec<String>,
    /// Whether it gives one row or none.
    #[serde(default)]
    pub(super) one: bool,
    /// Which arguments stand for a comparison with a column.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) arguments: Vec<Argument>,
    /// How its pages are asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) page: Option<Paging>,
    /// The columns that its rows are sorted by, smallest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) sorted: Vec<String>,
    /// The argument that it is sorted by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) sorting: Option<Sorting>,
}

/// An argument that rows are found by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Argument {
    /// The argument and the input fields in it.
    pub(super) path: Vec<String>,
    /// The argument's type.
    pub(super) of: String,
    /// The column that is compared with it.
    pub(super) column: String,
    /// How.
    #[serde(default)]
    pub(super) meaning: Meaning,
    /// Whether it takes many values, of which one must be equal.
    #[serde(default)]
    pub(super) many: bool,
    /// Whether numbers are sent as text.
    #[serde(default)]
    pub(super) text: bool,
    /// Whether nothing can be asked for without it.
    #[serde(default)]
    pub(super) required: bool,
}

/// What holds of a column in the rows that an argument finds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Meaning {
    /// It equals the argument, or one of its values.
    #[default]
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// An argument that sorts a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Sorting {
    /// Its name.
    pub(super) argument: String,
    /// Whether it takes several columns.
    pub(super) many: bool,
    /// What is written for each column, by the way it is sorted: `asc`, `desc`, `asc_nulls_first` ….
    pub(super) columns: BTreeMap<String, BTreeMap<String, String>>,
}

/// How a list is read to its end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Paging {
    /// The place to go on from stands in the answer.
    Cursor {
        /// The argument for the number of rows.
        size: Option<String>,
        /// The argument for the place, and its type.
        after: (String, String),
        /// The fields that lead to the place, from the field that takes the arguments.
        next: Vec<String>,
        /// The fields that lead to whether there is more; `None`: there is while there is a place.
        more: Option<Vec<String>>,
    },
    /// So many rows are left out.
    Offset {
        /// The argument for the number of rows.
        size: String,
        /// The argument for those left out.
        skip: String,
    },
    /// Pages are counted from one.
    Number {
        /// The argument for the page.
        page: String,
        /// The argument for the number of rows.
        size: Option<String>,
    },
    /// There is one page, of as many rows as are asked for.
    Size {
        /// The argument for the number of rows.
        size: String,
    },
}

impl Argument {
    /// Whether it stands for equality with a column.
    pub(super) fn equals(&self, column: &str) -> bool {
        self.meaning == Meaning::Equal && self.column == column
    }
}

impl Route {
    /// The route of a described collection; `None`: it was not described by this kind.
    pub(super) fn of(collection: &Collection) -> Option<Self> {
        let route: Self = serde_json::from_str(collection.details.get(ROUTE)?).ok()?;
        (route.name == collection.name).then_some(route)
    }

    /// Keeps it with a collection.
    pub(super) fn keep(&self, collection: &mut Collection) {
        if let Ok(text) = serde_json::to_string(self) {
            collection.details.insert(ROUTE.to_owned(), text);
        }
    }
}

/// The fields that lead from a row to a field's value.
pub(super) fn path(field: &Field) -> Vec<&str> {
    field.details.get(PATH).map_or_else(|| vec![field.name.as_str()], |path| path.split('.').collect())
}

/// What is selected of a field's objects.
pub(super) fn selection(field: &Field) -> Option<&str> {
    field.details.get(SELECT).map(String::as_str)
}

/// Keeps with a field where its value is.
pub(super) fn keep(field: &mut Field, path: &[&str], selection: Option<String>) {
    if path != [field.name.as_str()] {
        field.details.insert(PATH.to_owned(), path.join("."));
    }
    if let Some(selection) = selection {
        field.details.insert(SELECT.to_owned(), selection);
    }
}
