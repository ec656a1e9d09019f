//! `lilong serve`: runs the gateway until it is told to stop.

use std::pin::pin;
use std::time::Duration;

use clap::Args;
use futures::future::{Either, select};
use lilong::assembly::{Ask, Descriptions, Joining, Opened};
use lilong::gateway::Gateway;
use lilong::server::graphiql::Tab;
use lilong::server::{self, Admin, Server};
use lilong_schema::catalog::Server as Settings;
use serde_json::json;

use super::failure::Failure;
use super::progress::Progress;
use super::room::Room;
use super::{Addresses, CatalogFolder, catalog, output};

#[derive(Debug, Args)]
#[command(after_help = "\
The addresses really taken are printed on stdout. SIGTERM or SIGINT ends in good order: no new requests, running ones \
have 30 s (or what lilong.toml says). Sources without a description are described in the background and join by \
themselves.

Examples:
  lilong serve city
  lilong serve city --listen 127.0.0.1:0 --admin off
  lilong serve city --listen '[::1]:8080'")]
pub(crate) struct Options {
    #[command(flatten)]
    catalog: CatalogFolder,
    #[command(flatten)]
    addresses: Addresses,
    /// Print the addresses as one line of JSON: {"graphql", "graphiql", "admin"}
    #[arg(long)]
    json: bool,
}

/// How long a start waits for sources where none has a description yet; those that take longer join later.
const FIRST_PATIENCE: Duration = Duration::from_secs(10);

pub(crate) async fn run(options: Options) -> Result<(), Failure> {
    serve(&options.catalog, &options.addresses, options.json, Vec::new(), || Ok(())).await
}

/// Assembles, listens, does what is to be done `first`, prints the addresses, serves.
pub(crate) async fn serve(
    folder: &CatalogFolder,
    addresses: &Addresses,
    as_json: bool,
    tabs: Vec<Tab>,
    first: impl FnOnce() -> Result<(), Failure>,
) -> Result<(), Failure> {
    let stop =
        server::asked_to_stop().map_err(|error| Failure::Wrong(format!("cannot listen for signals: {error}")))?;
    let mut stop = Box::pin(stop);
    let room = Room::make();
    let Either::Right((opened, _)) = select(&mut stop, pin!(Opened::open(&folder.folder, Ask::Missing))).await else {
        return Ok(());
    };
    room.leave_to(&opened.catalog.server.limits);
    let Descriptions { mut stored, missing, findings, .. } = opened.stored();
    catalog::refuse(&[opened.findings.clone(), findings].concat())?;
    for problem in &opened.silent {
        tracing::warn!("{problem}");
    }
    // With nothing described there would be nothing to serve, so that the first questions would all be refused.
    let mut missing = missing;
    if stored.is_empty() && !missing.is_empty() {
        let progress = Progress::new("describing sources");
        let tell = |done, total, name: &str| progress.at(done as u64, total as u64, name);
        let describing = opened.describe_within(FIRST_PATIENCE, &missing, &tell);
        let Either::Right((described, _)) = select(&mut stop, pin!(describing)).await else { return Ok(()) };
        drop(progress);
        if let Some(problem) = opened.keep(&described.found) {
            tracing::warn!("{problem}");
        }
        for (name, error) in &described.failed {
            tracing::warn!("{}", opened.silent(name, error));
        }
        missing = described.failed.into_keys().collect();
        stored.extend(described.found);
    }
    let (model, findings) = opened.model(&stored);
    catalog::refuse(&findings)?;
    let limits = opened.catalog.server.limits.clone();
    let server_settings = &opened.catalog.server;
    let listen = addresses.listen.clone().unwrap_or_else(|| server_settings.listen.clone());
    let admin = admin(addresses, server_settings);
    let (open, clients) = (server_settings.open, room.clients);
    let settings = server::Options { listen, admin, open, limits: limits.clone(), tabs, clients };
    let own = model.federated.own_sources();
    let (sources, collections) = (own.len(), own.iter().map(|source| source.collections.len()).sum::<usize>());
    let gateway = Gateway::of(model, server_settings);
    let server = Server::bind(gateway.clone(), settings).await.map_err(|error| Failure::Wrong(error.to_string()))?;
    for following in opened.sources.values().filter_map(|source| source.follow()) {
        tokio::spawn(following);
    }
    first()?;
    announce(&server, as_json, sources, collections)?;
    if missing.is_empty() && opened.silent.is_empty() {
        // The model holds what of them is needed; all else would be held until the end.
        drop((opened, stored));
    } else {
        tokio::spawn(Joining::new(opened, stored, missing, gateway).run());
    }
    let whole = server.run(stop).await.map_err(|error| Failure::Wrong(format!("the server stopped: {error}")))?;
    if !whole {
        tracing::warn!("some requests did not end in time and were cut off");
    }
    Ok(())
}

/// Where the admin address is to be.
fn admin(addresses: &Addresses, settings: &Settings) -> Admin {
    match (&addresses.admin, &settings.admin) {
        (Some(off), _) if off == "off" => Admin::Off,
        (None, None) => Admin::Off,
        // Two gateways beside each other differ in `--listen`; the second does without the default admin address. One that
        // somebody chose is taken, or there is no start.
        (None, Some(address)) if addresses.listen.is_some() && Settings::default().admin.as_ref() == Some(address) => {
            Admin::IfFree(address.clone())
        }
        (Some(address), _) | (None, Some(address)) => Admin::At(address.clone()),
    }
}

fn announce(server: &Server, as_json: bool, sources: usize, collections: usize) -> Result<(), Failure> {
    let lost = |error| Failure::Wrong(format!("the address taken cannot be read: {error}"));
    let graphql = server.address().map_err(lost)?;
    let admin = server.admin_address().map_err(lost)?;
    if as_json {
        let admin = admin.map(|address| format!("http://{address}/"));
        let addresses = json!({
            "graphql": format!("http://{graphql}/graphql"), "graphiql": format!("http://{graphql}/"), "admin": admin,
        });
        return output::print(&format!("{addresses}\n"));
    }
    let admin = admin.map_or("off".to_owned(), |address| format!("http://{address}/metrics and /health/sources"));
    output::print(&format!(
        "Serving {} with {}.\n\
         GraphQL:  http://{graphql}/graphql\n\
         GraphiQL: http://{graphql}/\n\
         Schema:   http://{graphql}/schema.graphql\n\
         Admin:    {admin}\n",
        output::count(sources, "source"),
        output::count(collections, "collection"),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_default_admin_address_may_be_taken_and_only_beside_listen() {
        let default = "127.0.0.1:4001";
        let at = |address: &str| Admin::At(address.to_owned());
        for (listen, flag, set, wanted) in [
            (true, None, Some(default), Admin::IfFree(default.to_owned())),
            (true, None, Some("127.0.0.1:7401"), at("127.0.0.1:7401")),
            (true, Some(default), Some(default), at(default)),
            (true, Some("off"), Some("127.0.0.1:7401"), Admin::Off),
            (true, None, None, Admin::Off),
            (false, None, Some(default), at(default)),
            (false, Some("[::1]:0"), None, at("[::1]:0")),
        ] {
            let addresses =
                Addresses { listen: listen.then(|| "127.0.0.1:0".to_owned()), admin: flag.map(str::to_owned) };
            let settings = Settings { admin: set.map(str::to_owned), ..Settings::default() };
            assert_eq!(admin(&addresses, &settings), wanted, "{listen} {flag:?} {set:?}");
        }
    }
}
