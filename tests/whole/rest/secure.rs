//! Certificates: the server's, and one's own.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::serve::Listener;
use axum::{Json, Router};
use rcgen::{BasicConstraints, Certificate, CertificateParams, IsCa, Issuer, KeyPair};
use serde_json::json;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};
use tokio_rustls::server::TlsStream;

use super::{City, trees};

/// Takes connections that are encrypted; those that fail are dropped.
struct Secure {
    listener: TcpListener,
    acceptor: TlsAcceptor,
}

impl Listener for Secure {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, SocketAddr) {
        loop {
            let Ok((stream, address)) = self.listener.accept().await else { continue };
            if let Ok(stream) = self.acceptor.accept(stream).await {
                return (stream, address);
            }
        }
    }

    fn local_addr(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

struct Authority {
    certificate: Certificate,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut parameters = CertificateParams::new(Vec::new()).unwrap();
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let certificate = parameters.self_signed(&key).unwrap();
        Self { certificate, issuer: Issuer::new(parameters, key) }
    }

    fn sign(&self, name: &str) -> (Certificate, KeyPair) {
        let key = KeyPair::generate().unwrap();
        let parameters = CertificateParams::new(vec![name.to_owned()]).unwrap();
        (parameters.signed_by(&key, &self.issuer).unwrap(), key)
    }

    /// A service named `localhost`; where it knows its callers, only those that this authority signed.
    async fn serve(&self, knows_callers: bool) -> SocketAddr {
        let (certificate, key) = self.sign("localhost");
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let provider = Arc::new(default_provider());
        let builder =
            ServerConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions().unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(self.certificate.der().clone()).unwrap();
        let builder = if knows_callers {
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build().unwrap();
            builder.with_client_cert_verifier(verifier)
        } else {
            builder.with_no_client_auth()
        };
        let config = builder.with_single_cert(vec![certificate.der().clone()], key).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let secure = Secure { listener, acceptor: TlsAcceptor::from(Arc::new(config)) };
        let router = Router::new().fallback(|| async { Json(json!({"items": trees(1..=2)})) });
        tokio::spawn(async move { axum::serve(secure, router).await.unwrap() });
        address
    }
}

/// The code of the error, or nothing.
async fn outcome(authority: &Authority, url: &str, keys: &str) -> Option<String> {
    let folder = tempfile::tempdir().unwrap();
    let (certificate, key) = authority.sign("gateway");
    for (name, text) in [
        ("ca.pem", authority.certificate.pem()),
        ("own.pem", certificate.pem()),
        ("own.key", key.serialize_pem()),
        ("other.pem", Authority::new().certificate.pem()),
    ] {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    let block = format!("url = \"{url}\"\n{keys}\n{}{}", super::TREES, super::FIELDS);
    let folder = City::written(folder, &block);
    let city = City { gateway: lilong_tests::serve(folder.path()).await, folder };
    let answer = city.ask("{ parks { tree { id } } }").await;
    answer["errors"][0]["extensions"]["code"].as_str().map(str::to_owned)
}

#[tokio::test]
async fn a_service_is_known_by_its_authority() {
    let authority = Authority::new();
    let port = authority.serve(false).await.port();
    let refused = || Some("SOURCE_UNAVAILABLE".to_owned());
    for (host, keys, expected) in [
        ("localhost", "", None),
        ("localhost", "tls = \"require\"", None),
        ("localhost", "tls = \"verify\"", refused()),
        ("localhost", "tls = \"verify\"\ntls_ca = \"ca.pem\"", None),
        ("localhost", "tls = \"verify\"\ntls_ca = \"other.pem\"", refused()),
        // A name that the certificate does not have.
        ("127.0.0.1", "tls = \"verify\"\ntls_ca = \"ca.pem\"", refused()),
    ] {
        assert_eq!(outcome(&authority, &format!("https://{host}:{port}/"), keys).await, expected, "{host} {keys}");
    }
}

#[tokio::test]
async fn a_service_that_knows_its_callers_is_shown_a_certificate() {
    let authority = Authority::new();
    let url = format!("https://localhost:{}/", authority.serve(true).await.port());
    let verified = "tls = \"verify\"\ntls_ca = \"ca.pem\"";
    assert_eq!(outcome(&authority, &url, verified).await, Some("SOURCE_UNAVAILABLE".to_owned()));
    let own = format!("{verified}\ntls_cert = \"own.pem\"\ntls_key = \"own.key\"");
    assert_eq!(outcome(&authority, &url, &own).await, None);
}
