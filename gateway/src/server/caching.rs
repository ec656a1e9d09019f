//! What stands in the head of an answer for those who keep it: `Cache-Control`, `Age`, `ETag`, `Vary`; and 304 for those who
//! have it.
//!
//! *Invariant*: an answer that may not be kept says `no-store`; what is kept is the client's own (`private`), and never
//! longer than the shortest time of its parts.

use std::hash::{BuildHasher, Hash, Hasher};
use std::time::Duration;

use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};

/// Bytes that are summed at once.
const BLOCK: usize = 4 << 10;

/// The tag of a body, given in pieces, in a form. It is weak: the same body may be sent compressed.
pub(super) fn tag<'a>(form: &str, body: impl IntoIterator<Item = &'a [u8]>) -> String {
    let mut hasher = foldhash::quality::FixedState::default().build_hasher();
    form.hash(&mut hasher);
    // The sum depends on how the bytes are handed over; how they lie in pieces must not show.
    let mut block = Vec::with_capacity(BLOCK);
    for mut piece in body {
        while !piece.is_empty() {
            let (part, rest) = piece.split_at(piece.len().min(BLOCK - block.len()));
            block.extend_from_slice(part);
            piece = rest;
            if block.len() == BLOCK {
                hasher.write(&block);
                block.clear();
            }
        }
    }
    hasher.write(&block);
    format!("W/\"{:016x}\"", hasher.finish())
}

/// Whether the client has the body of a tag.
pub(super) fn is_known(headers: &HeaderMap, tag: &str) -> bool {
    let known = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    known
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .any(|given| given == "*" || given.trim_start_matches("W/") == tag.trim_start_matches("W/"))
}

/// The times of an answer, as whole seconds: its age, and its age when it may no longer be given. `None`: it may not be kept.
/// A part of a second counts for its age and not for its end, so that what is left of them is never more than there is.
pub(super) fn seconds(kept: Option<(Duration, Duration)>) -> Option<(u64, u64)> {
    let (age, left) = kept?;
    let (now, end) = (age.as_secs() + u64::from(age.subsec_nanos() > 0), (age + left).as_secs());
    (end > now).then_some((now, end))
}

/// Writes what a client may keep of an answer; `times` as [`seconds`] gives them.
pub(super) fn write(response: &mut Response, times: Option<(u64, u64)>, tag: &str) {
    let headers = response.headers_mut();
    let mut set = |name, text: String| {
        if let Ok(value) = HeaderValue::from_str(&text) {
            headers.insert(name, value);
        }
    };
    match times {
        Some((age, end)) => {
            set(header::CACHE_CONTROL, format!("private, max-age={end}"));
            set(header::AGE, age.to_string());
            set(header::ETAG, tag.to_owned());
        }
        // An answer may tell of people; nothing on its way should keep it.
        None => drop(headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))),
    }
}

/// 304 for a client that has the body.
pub(super) fn not_modified() -> Response {
    StatusCode::NOT_MODIFIED.into_response()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_known_by_any_of_several_weak_or_not() {
        let own = tag("json", [&b"x"[..]]);
        let strong = own.trim_start_matches("W/").to_owned();
        for (given, known) in [
            (own.clone(), true),
            (strong.clone(), true),
            (format!("\"a\", {own}"), true),
            ("*".to_owned(), true),
            ("\"a\"".to_owned(), false),
            (String::new(), false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::IF_NONE_MATCH, given.parse().unwrap());
            assert_eq!(is_known(&headers, &own), known, "{given}");
        }
        assert_ne!(own, tag("json", [&b"y"[..]]));
        assert_ne!(own, tag("other", [&b"x"[..]]));
        let body = (0..3 * BLOCK).map(|at| (at % 251) as u8).collect::<Vec<_>>();
        for at in [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK, 3 * BLOCK] {
            let (before, behind) = body.split_at(at);
            assert_eq!(tag("json", [before, behind]), tag("json", [&body[..]]), "{at}");
        }
    }

    #[test]
    fn times_are_whole_seconds_and_none_is_left_of_less() {
        let times = |age, left| seconds(Some((Duration::from_millis(age), Duration::from_millis(left))));
        assert_eq!(times(0, 30_000), Some((0, 30)));
        assert_eq!(times(400, 29_600), Some((1, 30)));
        assert_eq!(times(15_000, 5_900), Some((15, 20)));
        assert_eq!(times(15_100, 5_900), Some((16, 21)));
        assert_eq!(times(0, 900), None);
        assert_eq!(times(700, 300), None);
        assert_eq!(times(31_000, 0), None);
        assert_eq!(seconds(None), None);
    }
}
