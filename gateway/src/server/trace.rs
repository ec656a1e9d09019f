//! The id under which the log tells more about a request than its answer does.

use std::sync::Arc;

use http::HeaderMap;

use crate::request::new_trace;

/// A request's trace id: 32 hexadecimal digits, as W3C Trace Context writes them.
#[derive(Clone, Debug)]
pub(super) struct Trace(pub(super) Arc<str>);

impl Trace {
    /// The id that a valid `traceparent` carries, else a new one.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let given = headers.get("traceparent").and_then(|value| value.to_str().ok()).and_then(trace_id);
        Self(given.map_or_else(new_trace, Into::into))
    }
}

/// `00-<32 digits>-<16 digits>-<2 digits>`; all zeros stand for none.
fn trace_id(parent: &str) -> Option<&str> {
    let mut parts = parent.trim().split('-');
    let (version, id, span, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let digits = |text: &str, length: usize| {
        text.len() == length && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    };
    let whole = digits(version, 2) && version != "ff" && digits(id, 32) && digits(span, 16) && digits(flags, 2);
    let real = id.bytes().any(|byte| byte != b'0') && span.bytes().any(|byte| byte != b'0');
    (whole && real && (version != "00" || parts.next().is_none())).then_some(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_callers_trace_goes_on() {
        let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        assert_eq!(trace_id(parent), Some("4bf92f3577b34da6a3ce929d0e0e4736"));
    }

    #[test]
    fn a_traceparent_out_of_form_is_as_none() {
        for parent in [
            "",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-x",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
        ] {
            assert_eq!(trace_id(parent), None, "{parent}");
        }
    }
}
