//! `/graphiql/names.json`: which sources there are, and where words stand among the names and comments of all of them.
//!
//! In: the model and some words. Out: every source, and the places found, at most [`PLACES`]. *Invariant*: nothing is
//! kept for it, and no source is asked; what it costs goes with the number of names, not with the schema as a text.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{StatusCode, Uri, header};
use lilong_schema::Federated;
use lilong_schema::federated::{Collection, Source};
use regex::{Regex, RegexBuilder};
use serde::Serialize;

use crate::server::Shared;
use crate::server::negotiate::Media;
use crate::server::parameters::Parameters;
use crate::server::refusal::Refusal;
use crate::server::trace::Trace;

/// Where the page asks.
pub(super) const PATH: &str = "graphiql/names.json";
/// Places told at most; more are only said to be there.
const PLACES: usize = 100;
/// Bytes of a search at most.
const LONGEST: usize = 200;

/// What the page is told.
#[derive(Debug, PartialEq, Serialize)]
struct Names<'a> {
    sources: Vec<Entry<'a>>,
    collections: usize,
    places: Vec<Place<'a>>,
    /// Whether there are more places than told.
    more: bool,
}

/// A source or a union.
#[derive(Debug, PartialEq, Serialize)]
struct Entry<'a> {
    /// As `?sources=` names it.
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<&'a str>,
    connector: &'a str,
    collections: usize,
}

/// A source, a collection or a field that was found.
#[derive(Debug, PartialEq, Serialize)]
struct Place<'a> {
    source: &'a str,
    /// Field names from the root on.
    path: Vec<&'a str>,
    /// Of a field: its type.
    #[serde(skip_serializing_if = "Option::is_none", rename = "type")]
    type_name: Option<&'a str>,
    /// The database's own name.
    original: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    comment: Option<&'a str>,
}

/// Words to be found, in any case; all of them.
struct Words(Vec<Regex>);

impl Words {
    fn of(search: &str) -> Option<Self> {
        let parts = search.split(|letter: char| letter.is_whitespace() || letter == '.');
        let made = parts.filter(|part| !part.is_empty()).map(|part| {
            let built = RegexBuilder::new(&regex::escape(part)).case_insensitive(true).build();
            built.ok()
        });
        made.collect::<Option<Vec<_>>>().map(Self)
    }

    /// Which words stand in one of the texts, a bit for each.
    fn found(&self, texts: &[Option<&str>]) -> u64 {
        let stands = |word: &Regex| texts.iter().flatten().any(|text| word.is_match(text));
        self.0.iter().enumerate().filter(|(_, word)| stands(word)).fold(0, |bits, (at, _)| bits | 1 << at)
    }

    fn all(&self) -> u64 {
        (1 << self.0.len()) - 1
    }
}

/// A place is found if its own names hold a word, and those above it the rest.
fn search<'a>(federated: &'a Federated, words: &Words, mut give: impl FnMut(Place<'a>) -> bool) {
    let all = words.all();
    if all == 0 {
        return;
    }
    let fits = |own: u64, above: u64| own != 0 && own | above == all;
    for source in &federated.sources {
        let in_source = words.found(&[Some(&source.name), Some(&source.field), source.title.as_deref()]);
        let place = Place {
            source: &source.name,
            path: vec![&source.field],
            type_name: None,
            original: &source.name,
            comment: source.title.as_deref(),
        };
        if source.union.is_none() && fits(in_source, 0) && !give(place) {
            return;
        }
        for collection in &federated.collections[source.collections.clone()] {
            let described = &collection.described;
            let own = [Some(&*described.name), Some(&*collection.field), described.comment.as_deref()];
            let in_collection = words.found(&own);
            let place = Place {
                source: &source.name,
                path: path(source, collection),
                type_name: None,
                original: &described.name,
                comment: described.comment.as_deref(),
            };
            if fits(in_collection, in_source) && !give(place) {
                return;
            }
            for (field, name) in described.fields.iter().zip(&collection.fields) {
                let Some(name) = name else { continue };
                let own = words.found(&[Some(&*field.name), Some(&*name.name), field.comment.as_deref()]);
                if !fits(own, in_collection | in_source) {
                    continue;
                }
                let mut path = path(source, collection);
                path.push(&name.name);
                let place = Place {
                    source: &source.name,
                    path,
                    type_name: Some(&name.type_name),
                    original: &field.name,
                    comment: field.comment.as_deref(),
                };
                if !give(place) {
                    return;
                }
            }
        }
    }
}

/// A union's collection is itself a field of the root.
fn path<'a>(source: &'a Source, collection: &'a Collection) -> Vec<&'a str> {
    if source.union.is_some() { vec![&collection.field] } else { vec![&source.field, &collection.field] }
}

fn names<'a>(federated: &'a Federated, words: &Words) -> Names<'a> {
    let served = federated.sources.iter().filter(|source| !source.collections.is_empty());
    let sources = served.map(|source| Entry {
        name: &source.name,
        title: source.title.as_deref(),
        connector: if source.union.is_some() { "union" } else { &source.connector },
        collections: source.collections.len(),
    });
    let (mut places, mut more) = (Vec::new(), false);
    search(federated, words, |place| {
        more = places.len() == PLACES;
        if !more {
            places.push(place);
        }
        !more
    });
    Names { sources: sources.collect(), collections: federated.collections.len(), places, more }
}

/// Answers `?search=some words`; without it, the sources alone.
pub(super) async fn handle(
    State(shared): State<Arc<Shared>>,
    axum::Extension(trace): axum::Extension<Trace>,
    uri: Uri,
) -> Response {
    let refuse = |what: String| Refusal::bad_input(what).response(Media::Json, &trace);
    let parameters = Parameters::parse(uri.query());
    let text = match parameters.as_ref().map(|parameters| parameters.once("search")) {
        Ok(Ok(text)) => text.unwrap_or_default(),
        Ok(Err(fault)) => return refuse(fault.to_string()),
        Err(fault) => return refuse(fault.to_string()),
    };
    if text.len() > LONGEST {
        return refuse(format!("`search` is longer than {LONGEST} bytes."));
    }
    let Some(words) = Words::of(text).filter(|words| words.0.len() <= 16) else {
        return refuse("`search` has too many words.".to_owned());
    };
    let model = shared.gateway.model();
    match serde_json::to_vec(&names(&model.federated, &words)) {
        Ok(body) => {
            ([(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-cache")], body).into_response()
        }
        Err(error) => {
            tracing::error!("the names cannot be written: {error}");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::sample;

    fn found(search: &str) -> Vec<String> {
        let model = sample::model();
        names(&model, &Words::of(search).unwrap()).places.iter().map(|place| place.path.join(".")).collect()
    }

    #[test]
    fn words_are_found_in_names_titles_and_comments_in_any_case() {
        for (search, wanted) in [
            ("STREET", vec!["civil.resident.streetId", "civil.street"]),
            ("street_id", vec!["civil.resident.streetId"]),
            ("resident born", vec!["civil.resident.born"]),
            ("civil.resident.born", vec!["civil.resident.born"]),
            ("born resident", vec!["civil.resident.born"]),
            ("health", vec!["health"]),
            ("civil health", vec![]),
            ("id card", vec!["civil.resident.idCard", "health.vaccination.idCard"]),
            ("(", vec![]),
            ("nowhere", vec![]),
        ] {
            assert_eq!(found(search), wanted, "{search}");
        }
    }

    #[test]
    fn without_words_there_are_the_sources_alone() {
        let model = sample::model();
        let all = names(&model, &Words::of(" . ").unwrap());
        assert!(all.places.is_empty() && !all.more);
        assert_eq!(all.collections, model.collections.len());
        assert_eq!(all.sources.len(), model.sources.len());
    }
}
