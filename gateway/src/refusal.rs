//! The answer to a request that was refused before execution.
//!
//! In: errors and the trace id. Out: a JSON body without `data`. *Invariant*: every error carries its code and trace id.

use crate::error::RequestError;
use crate::json::write_string;

/// Writes `{"errors": […]}`; `trace` stands in every error's `extensions.traceId`.
pub fn write_refusal(errors: &[RequestError], trace: &str) -> Vec<u8> {
    let mut out = b"{\"errors\":[".to_vec();
    for (index, error) in errors.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        out.extend_from_slice(b"{\"message\":");
        write_string(&error.message, &mut out);
        if !error.locations.is_empty() {
            out.extend_from_slice(b",\"locations\":[");
            for (index, place) in error.locations.iter().enumerate() {
                let comma = if index > 0 { "," } else { "" };
                let written = format!("{comma}{{\"line\":{},\"column\":{}}}", place.line, place.column);
                out.extend_from_slice(written.as_bytes());
            }
            out.push(b']');
        }
        out.extend_from_slice(b",\"extensions\":{\"code\":\"");
        out.extend_from_slice(error.code.name().as_bytes());
        out.extend_from_slice(b"\",\"traceId\":");
        write_string(trace, &mut out);
        out.extend_from_slice(b"}}");
    }
    out.extend_from_slice(b"]}");
    out
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::error::{Code, Location};

    #[test]
    fn a_refusal_tells_code_place_and_trace() {
        let placed = RequestError {
            locations: vec![Location { line: 2, column: 7 }, Location { line: 3, column: 1 }],
            ..RequestError::new(Code::ValidationFailed, "no \"x\"")
        };
        let body = write_refusal(&[placed, RequestError::new(Code::TooDeep, "deep")], "t\"1");
        let read: serde_json::Value = serde_json::from_slice(&body).unwrap();
        let expected = serde_json::json!({"errors": [
            {"message": "no \"x\"", "locations": [{"line": 2, "column": 7}, {"line": 3, "column": 1}],
             "extensions": {"code": "VALIDATION_FAILED", "traceId": "t\"1"}},
            {"message": "deep", "extensions": {"code": "TOO_DEEP", "traceId": "t\"1"}},
        ]});
        assert_eq!(read, expected);
    }
}
