//! Which addresses are asked: everything but those that only a machine's own neighbourhood answers.
//!
//! In: a host name. Out: its addresses. *Invariant*: what is checked is the address that is then connected to, so that a
//! name cannot be let through and changed afterwards.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// A name that leads only to addresses that are never asked.
#[derive(Debug, thiserror::Error)]
#[error("the host's address is one that is never asked: link-local, metadata of a cloud, or no host's")]
pub(super) struct Forbidden;

/// Whether an address may be asked. Loopback and private ones may: the catalog itself names every host.
pub(super) fn is_allowed(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => {
            // The second is where one cloud keeps its metadata outside the link-local range.
            !(address.is_link_local()
                || address.octets() == [100, 100, 100, 200]
                || address.is_unspecified()
                || address.is_broadcast()
                || address.is_multicast())
        }
        IpAddr::V6(address) => {
            const METADATA: Ipv6Addr = Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254);
            let embedded = |at: usize| {
                let octets = address.octets();
                IpAddr::from([octets[at], octets[at + 1], octets[at + 2], octets[at + 3]])
            };
            let segments = address.segments();
            let translated = segments[..6] == [0x64, 0xff9b, 0, 0, 0, 0] && !is_allowed(embedded(12));
            let tunnelled = segments[0] == 0x2002 && !is_allowed(embedded(2));
            !(address.is_unicast_link_local()
                || address == METADATA
                || address.is_unspecified()
                || address.is_multicast()
                || translated
                || tunnelled)
        }
    }
}

/// Finds addresses by the system's own means and leaves out those that are never asked.
pub(super) struct Resolver;

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let allowed: Vec<SocketAddr> = found.iter().copied().filter(|address| is_allowed(address.ip())).collect();
            if allowed.is_empty() && !found.is_empty() {
                return Err(Forbidden.into());
            }
            let addresses: Addrs = Box::new(allowed.into_iter());
            Ok(addresses)
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn neighbourhoods_of_a_machine_are_never_asked() {
        for (address, allowed) in [
            ("169.254.169.254", false),
            ("169.254.0.1", false),
            ("::ffff:169.254.169.254", false),
            ("64:ff9b::a9fe:a9fe", false),
            ("2002:a9fe:a9fe::1", false),
            ("fe80::1", false),
            ("fd00:ec2::254", false),
            ("100.100.100.200", false),
            ("0.0.0.0", false),
            ("::", false),
            ("255.255.255.255", false),
            ("224.0.0.1", false),
            ("ff02::1", false),
            ("127.0.0.1", true),
            ("::1", true),
            ("10.1.2.3", true),
            ("192.168.1.1", true),
            ("fd12::1", true),
            ("100.64.0.1", true),
            ("93.184.216.34", true),
            ("2002:5db8:d822::1", true),
        ] {
            assert_eq!(is_allowed(address.parse().unwrap()), allowed, "{address}");
        }
    }
}
