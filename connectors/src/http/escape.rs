//! Values as paths and queries hold them (RFC 3986).

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What stands as it is.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A value with everything escaped that is not unreserved.
pub fn escaped(value: &str) -> String {
    utf8_percent_encode(value, PLAIN).to_string()
}
