//! What a service answers, and the rows in it.
//!
//! In: the body of an answer. Out: rows in a [`Filling`]. *Invariant*: every error of an answer ends in a cell that cannot
//! be told or fails the whole fetch; none is passed over.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value as Json;

use super::route::Access;
use crate::ErrorKind;
use crate::json_cells::{Filling, Untold};

/// An answer, as the GraphQL specification has it.
#[derive(Debug, Deserialize)]
pub(super) struct Answer {
    #[serde(default)]
    pub(super) data: Json,
    #[serde(default)]
    errors: Option<Vec<Said>>,
}

#[derive(Debug, Deserialize)]
struct Said {
    #[serde(default)]
    path: Option<Vec<Step>>,
    #[serde(default)]
    extensions: Option<Extensions>,
}

#[derive(Debug, Deserialize)]
struct Extensions {
    #[serde(default)]
    code: Option<Json>,
}

/// A step of an error's path.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
enum Step {
    At(usize),
    Field(String),
}

/// Why rows cannot be told.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    #[error("the service answered with an error{0}")]
    Said(String, ErrorKind),
    #[error("the answer has no {0}")]
    Missing(String),
}

impl Fault {
    /// What kind of fault of the source it is.
    pub(super) fn kind(&self) -> ErrorKind {
        match self {
            Fault::Said(_, kind) => *kind,
            Fault::Missing(_) => ErrorKind::Mismatch,
        }
    }
}

impl Said {
    fn code(&self) -> Option<&str> {
        self.extensions.as_ref()?.code.as_ref()?.as_str()
    }

    /// The whole fetch's fault.
    fn fault(&self) -> Fault {
        let kind = match self.code().map(str::to_ascii_uppercase).as_deref() {
            Some("UNAUTHENTICATED" | "FORBIDDEN" | "UNAUTHORIZED" | "ACCESS_DENIED") => ErrorKind::Denied,
            Some("RATE_LIMITED" | "TOO_MANY_REQUESTS" | "THROTTLED" | "OVERLOADED") => ErrorKind::Overloaded,
            Some("SOURCE_UNAVAILABLE" | "SERVICE_UNAVAILABLE") => ErrorKind::Unavailable,
            _ => ErrorKind::Rejected,
        };
        let code = self.code().filter(|code| code.len() < 64).map(|code| format!(" ({code})"));
        Fault::Said(code.unwrap_or_default(), kind)
    }
}

impl Answer {
    /// The first error, for answers in which none may stand.
    pub(super) fn whole(&self) -> Result<(), Fault> {
        match self.errors.as_ref().and_then(|errors| errors.first()) {
            Some(said) => Err(said.fault()),
            None if self.data.is_null() => Err(Fault::Missing("data".to_owned())),
            None => Ok(()),
        }
    }

    /// The rows that some fields give, each under its own name (`None`: that of the access) and read by one access; how many
    /// each gave.
    pub(super) fn rows(
        &self,
        access: &Access,
        aliases: &[Option<String>],
        paths: &[Vec<String>],
        filling: &mut Filling,
    ) -> Result<Vec<usize>, Fault> {
        let mut counts = Vec::with_capacity(aliases.len());
        let errors = self.errors.as_deref().unwrap_or_default();
        let mut attributed = vec![false; errors.len()];
        for alias in aliases {
            let before = filling.rows();
            let mut place: Vec<&str> = access.path.iter().map(String::as_str).collect();
            if let Some(alias) = alias {
                place[access.at] = alias;
            }
            // Of each row, what was said below it.
            let mut below: BTreeMap<usize, Vec<&[Step]>> = BTreeMap::new();
            let mut absent = false;
            for (said, attributed) in errors.iter().zip(&mut attributed) {
                let Some(path) = &said.path else { continue };
                let Some(mut rest) = behind(path, &place) else { continue };
                let mut row = 0;
                if access.one {
                    // The field's own error: there is no such row, or it cannot be told.
                    if rest.is_empty() && said.code().is_some_and(|code| code.eq_ignore_ascii_case("NOT_FOUND")) {
                        (absent, *attributed) = (true, true);
                        continue;
                    }
                } else if let Some((Step::At(at), behind_row)) = rest.split_first() {
                    row = *at;
                    let item: Vec<&str> = access.item.iter().map(String::as_str).collect();
                    let Some(inside) = behind(behind_row, &item) else { continue };
                    rest = inside;
                } else {
                    continue;
                }
                if paths.iter().any(|path| meets(rest, path)) {
                    below.entry(row).or_default().push(rest);
                    *attributed = true;
                }
            }
            let found = walk(&self.data, &place);
            match found {
                Some(Json::Array(items)) if !access.one => {
                    for (at, item) in items.iter().enumerate() {
                        let item = walk(item, &access.item).ok_or_else(|| Fault::Missing(access.item.join(".")))?;
                        add(item, paths, below.get(&at).map_or(&[], Vec::as_slice), filling)?;
                    }
                }
                Some(row @ Json::Object(_)) if access.one => {
                    add(row, paths, below.get(&0).map_or(&[], Vec::as_slice), filling)?;
                }
                Some(Json::Null) if access.one && (absent || self.is_told(&place)) => {}
                _ => {
                    // What was said of it tells more than that it is not there.
                    let said = errors.iter().zip(&attributed).find(|(_, attributed)| !**attributed);
                    return Err(said.map_or_else(|| Fault::Missing(place.join(".")), |(said, _)| said.fault()));
                }
            }
            counts.push(filling.rows() - before);
        }
        match errors.iter().zip(&attributed).find(|(_, attributed)| !**attributed) {
            Some((said, _)) => Err(said.fault()),
            None => Ok(counts),
        }
    }

    /// Whether no error empties a place or what it stands in.
    fn is_told(&self, place: &[&str]) -> bool {
        let empties = |said: &Said| {
            let Some(path) = &said.path else { return true };
            path.len() <= place.len()
                && path.iter().zip(place).all(|(step, name)| matches!(step, Step::Field(field) if field == name))
        };
        !self.errors.iter().flatten().any(empties)
    }
}

/// Adds a row, unless it is null.
fn add(row: &Json, paths: &[Vec<String>], below: &[&[Step]], filling: &mut Filling) -> Result<(), Fault> {
    match row {
        Json::Object(_) => {
            filling.push(|column| {
                let path = &paths[column];
                let is_told = !below.iter().any(|said| meets(said, path));
                // What was asked for and is not there was not told either.
                walk(row, path).filter(|_| is_told).map(Some).ok_or(Untold)
            });
            Ok(())
        }
        Json::Null => Ok(()),
        _ => Err(Fault::Missing("object where a row belongs".to_owned())),
    }
}

/// What of a path follows some fields.
fn behind<'a>(path: &'a [Step], place: &[&str]) -> Option<&'a [Step]> {
    let (head, rest) = path.split_at_checked(place.len())?;
    head.iter().zip(place).all(|(step, name)| matches!(step, Step::Field(field) if field == name)).then_some(rest)
}

/// Whether what was said at a place inside a row concerns a value of it.
fn meets(said: &[Step], path: &[String]) -> bool {
    !said.is_empty() && said.iter().zip(path).all(|(step, name)| matches!(step, Step::Field(field) if field == name))
}

/// The value that some fields lead to; null within is null.
pub(super) fn walk<'a, T: AsRef<str>>(value: &'a Json, path: &[T]) -> Option<&'a Json> {
    path.iter().try_fold(value, |value, name| match value {
        Json::Null => Some(value),
        value => value.get(name.as_ref()),
    })
}
