//! Media types: in which form an answer is wanted, and whether a body is JSON.

use http::{HeaderMap, header};

/// The forms of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Media {
    /// `application/graphql-response+json`: the status tells what became of the request.
    GraphqlResponse,
    /// `application/json`: 200 for every request that is well-formed as HTTP.
    Json,
}

impl Media {
    /// The value of `content-type`.
    pub(super) fn content_type(self) -> &'static str {
        match self {
            Media::GraphqlResponse => "application/graphql-response+json; charset=utf-8",
            Media::Json => "application/json; charset=utf-8",
        }
    }
}

/// The form that `Accept` asks for: the highest quality, the first of equals; `None`: it takes neither. A wildcard or
/// nothing at all means `application/json`, as the specification has it until clients have caught up.
pub(super) fn wanted(headers: &HeaderMap) -> Option<Media> {
    let mut best: Option<(u16, Media)> = None;
    let mut refused = Vec::new();
    let mut wildcard: Option<u16> = None;
    let mut any = false;
    for range in headers.get_all(header::ACCEPT).iter().flat_map(|value| value.to_str().unwrap_or_default().split(','))
    {
        let mut parts = range.split(';').map(str::trim);
        let name = parts.next().unwrap_or_default().to_ascii_lowercase();
        if name.is_empty() {
            continue;
        }
        any = true;
        let quality =
            parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q="))).map_or(1_000, quality);
        let media = match name.as_str() {
            "application/graphql-response+json" => Media::GraphqlResponse,
            "application/json" => Media::Json,
            "*/*" | "application/*" => {
                wildcard = wildcard.max(Some(quality));
                continue;
            }
            _ => continue,
        };
        if quality == 0 {
            refused.push(media);
        } else if best.is_none_or(|(so_far, _)| quality > so_far) {
            best = Some((quality, media));
        }
    }
    if !any {
        return Some(Media::Json);
    }
    if best.is_some() {
        return best.map(|(_, media)| media);
    }
    wildcard.filter(|quality| *quality > 0)?;
    [Media::Json, Media::GraphqlResponse].into_iter().find(|media| !refused.contains(media))
}

/// What is wanted by a form of answer that is not had yet.
pub(super) fn later(headers: &HeaderMap) -> Option<&'static str> {
    let ranges = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    ranges.flat_map(|text| text.split(',')).find_map(|range| {
        match range.split(';').next().unwrap_or_default().trim().to_ascii_lowercase().as_str() {
            "text/event-stream" => Some("Subscriptions and event streams"),
            "multipart/mixed" => Some("Subscriptions, `@defer` and answers in parts"),
            _ => None,
        }
    })
}

/// Whether a connection is to become a WebSocket.
pub(super) fn is_web_socket(headers: &HeaderMap) -> bool {
    let protocols = headers.get_all(header::UPGRADE).iter().filter_map(|value| value.to_str().ok());
    protocols.flat_map(|text| text.split(',')).any(|protocol| protocol.trim().eq_ignore_ascii_case("websocket"))
}

/// How much a content coding is wanted, in thousandths; 0: not named, or refused.
pub(super) fn takes(headers: &HeaderMap, coding: &str) -> u16 {
    let accepted = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    let mut named = accepted.flat_map(|text| text.split(',')).filter_map(|range| {
        let mut parts = range.split(';').map(str::trim);
        let is_named = parts.next()?.eq_ignore_ascii_case(coding);
        let weight = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
        is_named.then(|| weight.map_or(1_000, quality))
    });
    named.next().unwrap_or_default()
}

/// Thousandths; what is not a quality counts as 1.
fn quality(text: &str) -> u16 {
    text.trim().parse::<f32>().map_or(1_000, |value| (value.clamp(0.0, 1.0) * 1_000.0) as u16)
}

/// Whether the body is declared as JSON in UTF-8. Nothing else is read: a page elsewhere can send other types without
/// asking first.
pub(super) fn is_json(headers: &HeaderMap) -> bool {
    let mut given = headers.get_all(header::CONTENT_TYPE).iter();
    let (Some(Ok(text)), None) = (given.next().map(http::HeaderValue::to_str), given.next()) else {
        return false;
    };
    let mut parts = text.split(';').map(str::trim);
    let json = parts.next().is_some_and(|name| name.eq_ignore_ascii_case("application/json"));
    json && parts.all(|part| match part.split_once('=') {
        Some((name, value)) if name.trim().eq_ignore_ascii_case("charset") => {
            value.trim().trim_matches('"').eq_ignore_ascii_case("utf-8")
        }
        _ => true,
    })
}

/// Whether the body comes as it is. A compressed one is refused: its size is known only when it is unpacked.
pub(super) fn is_plain(headers: &HeaderMap) -> bool {
    headers.get_all(header::CONTENT_ENCODING).iter().all(|value| value.as_bytes().eq_ignore_ascii_case(b"identity"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn accept(text: &str) -> Option<Media> {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, text.parse().unwrap());
        wanted(&headers)
    }

    #[test]
    fn the_form_follows_accept() {
        for (text, media) in [
            ("application/graphql-response+json", Some(Media::GraphqlResponse)),
            ("application/json", Some(Media::Json)),
            ("*/*", Some(Media::Json)),
            ("application/*;q=0.1", Some(Media::Json)),
            ("application/graphql-response+json, application/json;q=0.9", Some(Media::GraphqlResponse)),
            ("application/json;q=0.5, application/graphql-response+json;q=0.9", Some(Media::GraphqlResponse)),
            ("application/json, multipart/mixed", Some(Media::Json)),
            ("APPLICATION/JSON; charset=utf-8", Some(Media::Json)),
            ("text/html,application/xhtml+xml,*/*;q=0.8", Some(Media::Json)),
            ("application/json;q=0, */*", Some(Media::GraphqlResponse)),
            ("text/html", None),
            ("*/*;q=0", None),
            ("application/json;q=0", None),
        ] {
            assert_eq!(accept(text), media, "{text}");
        }
        assert_eq!(wanted(&HeaderMap::new()), Some(Media::Json));
    }

    #[test]
    fn codings_are_taken_as_far_as_they_are_named() {
        for (text, zstd, gzip) in [
            ("gzip, deflate, br, zstd", 1_000, 1_000),
            ("gzip;q=0.5, ZSTD; q=0.9", 900, 500),
            ("gzip;q=0", 0, 0),
            ("*", 0, 0),
            ("", 0, 0),
            ("zstd;level=3;Q=1.0", 1_000, 0),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_ENCODING, text.parse().unwrap());
            assert_eq!((takes(&headers, "zstd"), takes(&headers, "gzip")), (zstd, gzip), "{text}");
        }
        let mut several = HeaderMap::new();
        several.append(header::ACCEPT_ENCODING, "br".parse().unwrap());
        several.append(header::ACCEPT_ENCODING, "gzip".parse().unwrap());
        assert_eq!((takes(&several, "gzip"), takes(&HeaderMap::new(), "gzip")), (1_000, 0));
    }

    #[test]
    fn only_json_in_utf_8_is_read() {
        for (text, yes) in [
            ("application/json", true),
            ("application/json; charset=utf-8", true),
            ("Application/JSON;charset=\"UTF-8\"", true),
            ("application/json; charset=latin1", false),
            ("text/plain", false),
            ("application/x-www-form-urlencoded", false),
            ("text/plain; application/json", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::CONTENT_TYPE, text.parse().unwrap());
            assert_eq!(is_json(&headers), yes, "{text}");
        }
        assert!(!is_json(&HeaderMap::new()));
    }
}
