//! GraphQL over HTTP, and what stands beside it: `GraphiQL`, the SDL, health, metrics.
//!
//! In: a [`Gateway`] and addresses. Out: a running server that ends in good order when told to.
//! *Invariant*: an address that is not loopback is never listened on unless the catalog says `open = true`, and no
//! fault in a handler ever reaches a client as anything but an answer with a code.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::{get, post};
use lilong_connectors::farewell;
use lilong_schema::catalog::Limits;
use tokio::net::TcpListener;
use tokio::sync::watch;

use self::stage::Stage;
use crate::gateway::Gateway;

mod admin;
mod caching;
mod compress;
mod connection;
mod envelope;
pub mod graphiql;
mod graphql;
mod health;
mod heartbeat;
mod host;
mod listen;
mod metrics;
mod names;
mod negotiate;
mod outflow;
mod page;
mod parameters;
mod refusal;
mod repoll;
mod room;
mod schema;
mod shutdown;
mod stage;
mod trace;

pub use listen::Error;
pub use shutdown::{asked_to_stop, raise_file_limit};

/// How long what is cut off may take to be stopped where it runs.
const FAREWELL: Duration = Duration::from_secs(2);

/// What a server is told.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where GraphQL is served: `127.0.0.1:4000`, `[::1]:0`, `localhost:4000`.
    pub listen: String,
    /// Where metrics and operations are served.
    pub admin: Admin,
    /// Whether addresses that are not loopback may be listened on.
    pub open: bool,
    /// What one request may cost, and how long running ones may take to end.
    pub limits: Limits,
    /// The tabs that `GraphiQL` opens on a first visit.
    pub tabs: Vec<graphiql::Tab>,
    /// Connections of clients that are open at the same time, at most; others wait to be accepted.
    pub clients: usize,
}

/// Whether there is an admin address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Admin {
    /// There is none.
    Off,
    /// There is, or the server does not start.
    At(String),
    /// There is if it is free; if it is taken, a warning and none.
    IfFree(String),
}

/// What every handler sees.
struct Shared {
    gateway: Gateway,
    options: Options,
    requests: metrics::Requests,
    sdl: schema::Kept,
    room: room::Room,
    stage: watch::Receiver<Stage>,
}

/// A server whose addresses are taken, not running yet.
pub struct Server {
    listener: TcpListener,
    admin: Option<TcpListener>,
    shared: Arc<Shared>,
    progress: watch::Sender<Stage>,
}

impl Server {
    /// Takes the addresses; refuses what is taken already, cannot be read, or is not loopback without `open`.
    pub async fn bind(gateway: Gateway, options: Options) -> Result<Self, Error> {
        let listener = listen::bind(&options.listen, options.open).await?;
        let admin = match &options.admin {
            Admin::Off => None,
            Admin::At(address) => Some(listen::bind(address, options.open).await?),
            Admin::IfFree(address) => match listen::bind(address, options.open).await {
                Ok(listener) => Some(listener),
                Err(Error::Taken { address }) => {
                    tracing::warn!(
                        "the admin address {address} is in use, so metrics and operations stay off; give --admin another address"
                    );
                    None
                }
                Err(error) => return Err(error),
            },
        };
        let (progress, stage) = watch::channel(Stage::Serving);
        let room = room::Room::new(options.limits.requests);
        let shared = Arc::new(Shared {
            gateway,
            options,
            requests: metrics::Requests::default(),
            sdl: schema::Kept::default(),
            room,
            stage,
        });
        Ok(Self { listener, admin, shared, progress })
    }

    /// The address of GraphQL really taken.
    pub fn address(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// The admin address really taken; `None`: there is none.
    pub fn admin_address(&self) -> std::io::Result<Option<SocketAddr>> {
        self.admin.as_ref().map(TcpListener::local_addr).transpose()
    }

    /// Serves until `stop` is done, then lets running requests end for as long as the options say; `false`: some were cut. Until
    /// then health is told and other requests are refused. What was cut, and what its fetches leave running at their sources, is
    /// ended before this returns, if that takes no longer than two seconds.
    pub async fn run(self, stop: impl Future<Output = ()> + Send) -> std::io::Result<bool> {
        // Whoever holds a receiver is still working, so the drain is over when none is left but the one in `shared`.
        let (working, alive) = watch::channel(());
        let public = connection::Listening::public(self.listener, public_routes(&self.shared), &self.shared)?;
        tokio::spawn(public.run(alive.clone()));
        if let Some(admin) = self.admin {
            let admin = connection::Listening::admin(admin, admin_routes(&self.shared), &self.shared)?;
            tokio::spawn(admin.run(alive));
        } else {
            drop(alive);
        }
        let beating = tokio::spawn(heartbeat::beat());
        stop.await;
        tracing::info!("stopping: no new requests, running ones have {:?} to end", self.shared.options.limits.drain);
        self.progress.send_replace(Stage::Draining);
        let drained = tokio::time::timeout(self.shared.options.limits.drain, working.closed()).await.is_ok();
        self.progress.send_replace(Stage::Over);
        let farewell = async {
            working.closed().await;
            farewell::said().await;
        };
        if tokio::time::timeout(FAREWELL, farewell).await.is_err() {
            tracing::warn!(
                "some statements could not be stopped at their sources in time; their own time limits end them"
            );
        }
        beating.abort();
        Ok(drained)
    }
}

fn public_routes(shared: &Arc<Shared>) -> Router {
    Router::new()
        .route("/schema.graphql", get(schema::handle))
        .route("/health/live", get(health::live))
        .route("/health/ready", get(health::ready))
        .route("/", get(page::index))
        .route(&format!("/{}", graphiql::TABS_PATH), get(page::tabs))
        .route(&format!("/{}", names::PATH), get(names::handle))
        .route("/graphiql/{*path}", get(page::asset))
        .fallback(page::nowhere)
        .with_state(shared.clone())
}

fn admin_routes(shared: &Arc<Shared>) -> Router {
    Router::new()
        .route("/metrics", get(metrics::handle))
        .route("/health/sources", get(health::sources))
        .route("/admin/invalidate", post(admin::invalidate))
        .route("/health/live", get(health::live))
        .route("/health/ready", get(health::ready))
        .fallback(page::nowhere_for_admins)
        .with_state(shared.clone())
}

#[cfg(test)]
mod tests;
