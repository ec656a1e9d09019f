//! Takes an address to listen on.
//!
//! In: an address as people write it. Out: a listener, or why not.

use std::io;
use std::net::SocketAddr;

use tokio::net::{TcpListener, TcpSocket};

/// Why a server does not start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Not an address, or a name that nobody knows.
    #[error(
        "`{address}` is not an address to listen on: {cause} (write host:port, as in 127.0.0.1:4000; port 0 takes a free one)"
    )]
    Address {
        /// As given.
        address: String,
        /// What the system says.
        cause: io::Error,
    },
    /// Somebody else listens there.
    #[error(
        "{address} is in use already (stop the program that listens there, or give another address; port 0 takes a free one)"
    )]
    Taken {
        /// As given.
        address: String,
    },
    /// Not loopback, and not open.
    #[error(
        "{address} can be reached from other machines, and lilong asks nobody who they are (listen on 127.0.0.1, or set `open = true` under [server] in lilong.toml if something in front of it guards it)"
    )]
    NotLoopback {
        /// As given.
        address: String,
    },
    /// The system refuses.
    #[error("cannot listen on {address}: {cause}")]
    Refused {
        /// As given.
        address: String,
        /// What the system says.
        cause: io::Error,
    },
}

/// Takes the first address that a text stands for and that is free.
pub(super) async fn bind(address: &str, open: bool) -> Result<TcpListener, Error> {
    let places: Vec<SocketAddr> = tokio::net::lookup_host(address)
        .await
        .map_err(|cause| Error::Address { address: address.to_owned(), cause })?
        .collect();
    if !open && places.iter().any(|place| !place.ip().is_loopback()) {
        return Err(Error::NotLoopback { address: address.to_owned() });
    }
    let mut last = io::Error::from(io::ErrorKind::AddrNotAvailable);
    for place in places {
        match take(place) {
            Ok(listener) => return Ok(listener),
            Err(cause) => last = cause,
        }
    }
    if last.kind() == io::ErrorKind::AddrInUse {
        return Err(Error::Taken { address: address.to_owned() });
    }
    Err(Error::Refused { address: address.to_owned(), cause: last })
}

fn take(place: SocketAddr) -> io::Result<TcpListener> {
    let socket = if place.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // Without it a restart has to wait until the last connections of the one before are forgotten.
    socket.set_reuseaddr(true)?;
    socket.bind(place)?;
    socket.listen(1_024)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn every_address_of_the_machine_needs_open() {
        assert!(matches!(bind("0.0.0.0:0", false).await, Err(Error::NotLoopback { .. })));
        assert!(bind("127.0.0.1:0", false).await.is_ok());
    }

    #[tokio::test]
    async fn a_taken_port_is_told_apart_from_other_refusals() {
        let first = bind("127.0.0.1:0", false).await.unwrap();
        let address = first.local_addr().unwrap().to_string();
        assert!(matches!(bind(&address, false).await, Err(Error::Taken { .. })));
    }

    #[tokio::test]
    async fn a_text_that_is_no_address_says_what_one_looks_like() {
        for text in ["4000", "127.0.0.1", "127.0.0.1:99999", ""] {
            let error = bind(text, false).await.unwrap_err();
            assert!(error.to_string().contains("host:port"), "{text}: {error}");
        }
    }
}
