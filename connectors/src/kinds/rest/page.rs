//! Where a list goes on.
//!
//! In: an answer and what was read so far. Out: the path of the next page. *Invariant*: no page is asked for twice, and none
//! outside the source.

use std::collections::BTreeSet;

use serde_json::Value;

use super::definition::Paging;
use super::request::Query;
use crate::http::{Answer, Client, header};

/// The pages of one list.
pub(super) struct Pages<'a> {
    paging: &'a Paging,
    /// What names the next page: an offset, a number, a cursor or a link.
    at: Option<String>,
    number: usize,
    seen: BTreeSet<String>,
}

impl<'a> Pages<'a> {
    /// The first page.
    pub(super) fn new(paging: &'a Paging) -> Self {
        let number = match paging {
            Paging::Page { first, .. } => *first,
            _ => 0,
        };
        Self { paging, at: None, number, seen: BTreeSet::new() }
    }

    /// The page to ask for, of a list at a path.
    pub(super) fn path(&self, path: &str) -> String {
        let mut query = Query(path.to_owned());
        let size = match self.paging {
            Paging::Whole => None,
            Paging::Offset { parameter, size } | Paging::Page { parameter, size, .. } => {
                query.add(parameter, &self.number.to_string());
                size.as_ref()
            }
            Paging::Cursor { parameter, size, .. } => {
                if let Some(cursor) = &self.at {
                    query.add(parameter, cursor);
                }
                size.as_ref()
            }
            Paging::Link { size, .. } => match &self.at {
                // The link holds everything already.
                Some(link) => return link.clone(),
                None => size.as_ref(),
            },
        };
        if let Some((parameter, size)) = size {
            query.add(parameter, &size.to_string());
        }
        query.0
    }

    /// What an answer says of the next page: its cursor or its link.
    pub(super) fn next_in(
        &self,
        client: &Client,
        answer: &Answer,
        tree: &Value,
    ) -> Result<Option<String>, &'static str> {
        const UNREADABLE: &str = "a next page that is neither a text nor a number";
        let pointed = |pointer: &str| match tree.pointer(pointer) {
            None | Some(Value::Null | Value::Bool(false)) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone()).filter(|text| !text.is_empty())),
            Some(Value::Number(number)) => Ok(Some(number.to_string())),
            Some(_) => Err(UNREADABLE),
        };
        match self.paging {
            Paging::Cursor { next, .. } => pointed(next),
            Paging::Link { next, .. } => {
                let link = match next {
                    Some(pointer) => pointed(pointer)?,
                    None => link_of(answer).map(str::to_owned),
                };
                let Some(link) = link else { return Ok(None) };
                match client.inside(&answer.url, &link) {
                    Some(url) => Ok(Some(url.into())),
                    None => Err("a next page outside the source"),
                }
            }
            Paging::Whole if link_of(answer).is_some() => {
                Err("a list that has more pages, without `page` in the catalog")
            }
            _ => Ok(None),
        }
    }

    /// Goes to the next page; `false`: there is none. `rows` were read so far, of `total` if that is known.
    pub(super) fn advance(
        &mut self,
        next: Option<String>,
        rows: usize,
        is_empty: bool,
        total: Option<usize>,
    ) -> Result<bool, &'static str> {
        match self.paging {
            Paging::Whole => Ok(false),
            // A short page is no sign of the end: a service may give fewer rows than it is asked for.
            Paging::Offset { .. } | Paging::Page { .. } => {
                self.number = if matches!(self.paging, Paging::Offset { .. }) { rows } else { self.number + 1 };
                Ok(!is_empty && total.is_none_or(|total| rows < total))
            }
            Paging::Cursor { .. } | Paging::Link { .. } => {
                let Some(next) = next else { return Ok(false) };
                if !self.seen.insert(next.clone()) {
                    return Err("pages that lead back to one before");
                }
                self.at = Some(next);
                Ok(true)
            }
        }
    }
}

/// The link to the next page in the header `Link`.
fn link_of(answer: &Answer) -> Option<&str> {
    let headers = answer.headers.get_all(header::LINK).iter().filter_map(|value| value.to_str().ok());
    headers.flat_map(links).find_map(|(target, parameters)| {
        let is_next = parameters.split(';').any(|parameter| {
            let Some((name, value)) = parameter.split_once('=') else { return false };
            let relations = value.trim().trim_matches('"');
            name.trim().eq_ignore_ascii_case("rel")
                && relations.split_ascii_whitespace().any(|relation| relation.eq_ignore_ascii_case("next"))
        });
        is_next.then_some(target)
    })
}

/// The links of a header, each with its parameters: `<a?x=1,2>; rel="next", <b>; rel="last"`.
fn links(header: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut rest = header;
    std::iter::from_fn(move || {
        let (_, begun) = rest.split_once('<')?;
        let (target, behind) = begun.split_once('>')?;
        let end = behind.find('<').unwrap_or(behind.len());
        rest = &behind[end..];
        Some((target, behind[..end].trim_end_matches([',', ' '])))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_told_apart() {
        let header =
            "<https://parks.city/trees?ids=1,2;3&page=2>; rel=\"next\"; title=\"x\", </trees?page=9>; rel=last";
        let found: Vec<_> = links(header).collect();
        assert_eq!(
            found,
            [
                ("https://parks.city/trees?ids=1,2;3&page=2", "; rel=\"next\"; title=\"x\""),
                ("/trees?page=9", "; rel=last")
            ]
        );
        assert_eq!(links("nothing").count(), 0);
    }
}
