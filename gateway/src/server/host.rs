//! Whether a request's `Host` may be answered.
//!
//! A page elsewhere can give its own name the address 127.0.0.1 and so make a browser send requests to this machine
//! as if they were its own (DNS rebinding). On loopback only names that can mean nothing but loopback are answered.

use std::net::{IpAddr, Ipv6Addr};

use http::{HeaderMap, Uri, header};

/// What is wrong with a `Host`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// None, several, or not a host.
    Malformed,
    /// It is not loopback.
    Foreign,
}

/// Checks a request that came in on loopback. The authority of an absolute address counts before the header.
pub(super) fn check(uri: &Uri, headers: &HeaderMap) -> Result<(), Fault> {
    let host = if let Some(host) = uri.host() {
        host
    } else {
        let mut given = headers.get_all(header::HOST).iter();
        let (Some(only), None) = (given.next(), given.next()) else {
            return Err(Fault::Malformed);
        };
        let text = only.to_str().map_err(|_| Fault::Malformed)?;
        host_part(text).ok_or(Fault::Malformed)?
    };
    if is_loopback(host) { Ok(()) } else { Err(Fault::Foreign) }
}

/// The host of `host`, `host:port`, `[ipv6]` or `[ipv6]:port`.
fn host_part(text: &str) -> Option<&str> {
    let (host, rest) = match text.strip_prefix('[') {
        Some(_) => text.split_at(text.find(']')? + 1),
        None => text.split_at(text.find(':').unwrap_or(text.len())),
    };
    let port = rest.strip_prefix(':').unwrap_or(rest);
    let whole = !host.is_empty()
        && (rest.is_empty() || rest.starts_with(':'))
        && port.bytes().all(|byte| byte.is_ascii_digit());
    whole.then_some(host)
}

fn is_loopback(host: &str) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host);
    if let Some(inner) = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return inner.parse::<Ipv6Addr>().is_ok_and(|address| {
            address.is_loopback() || address.to_ipv4_mapped().is_some_and(|mapped| mapped.is_loopback())
        });
    }
    host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn host(text: &str) -> Result<(), Fault> {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, text.parse().unwrap());
        check(&Uri::from_static("/graphql"), &headers)
    }

    #[test]
    fn names_of_loopback_are_answered() {
        for text in [
            "localhost",
            "LocalHost:4000",
            "127.0.0.1",
            "127.0.0.1:1",
            "127.8.9.1:80",
            "[::1]",
            "[::1]:4000",
            "localhost.",
            "[::ffff:127.0.0.1]:80",
        ] {
            assert_eq!(host(text), Ok(()), "{text}");
        }
    }

    #[test]
    fn other_names_are_not() {
        for text in [
            "evil.example",
            "evil.example:4000",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "10.0.0.1",
            "[::2]",
            "[fe80::1]:4000",
            "0.0.0.0",
            "2130706433",
        ] {
            assert_eq!(host(text), Err(Fault::Foreign), "{text}");
        }
    }

    #[test]
    fn what_is_no_host_is_refused() {
        for text in ["", ":4000", "[::1", "[::1]x", "localhost:port", "localhost:80:80"] {
            assert_eq!(host(text), Err(Fault::Malformed), "{text}");
        }
        assert_eq!(check(&Uri::from_static("/"), &HeaderMap::new()), Err(Fault::Malformed));
    }

    #[test]
    fn two_hosts_are_refused() {
        let mut headers = HeaderMap::new();
        headers.append(header::HOST, "localhost".parse().unwrap());
        headers.append(header::HOST, "evil.example".parse().unwrap());
        assert_eq!(check(&Uri::from_static("/"), &headers), Err(Fault::Malformed));
    }

    #[test]
    fn an_absolute_address_counts_before_the_header() {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, "localhost".parse().unwrap());
        assert_eq!(check(&Uri::from_static("http://evil.example/graphql"), &headers), Err(Fault::Foreign));
    }
}
