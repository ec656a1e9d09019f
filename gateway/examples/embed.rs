//! Mounts a gateway in another program's server: `cargo run --example embed -- path/to/catalog`.
//!
//! The gateway is an async-graphql executor, so that async-graphql's own axum service serves it at `/graphql`, beside
//! whatever else the program does.

use std::error::Error;
use std::path::Path;

use async_graphql_axum::GraphQL;
use axum::Router;
use axum::routing::{get, post_service};
use lilong::Gateway;
use lilong::assembly::{Ask, Opened};
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args().nth(1).unwrap_or_else(|| ".".to_owned());
    let opened = Opened::open(Path::new(&folder), Ask::Missing).await;
    let mut descriptions = opened.stored();
    // Where nothing is stored yet the sources are asked; `lilong describe` stores what they say.
    let described = opened.describe(&descriptions.missing, &|_, _, _| {}).await;
    descriptions.stored.extend(described.found);
    let (model, federation) = opened.model(&descriptions.stored);
    let findings = [opened.findings.clone(), descriptions.findings, federation].concat();
    print!("{}", lilong_schema::problem::report(&findings));

    let gateway = Gateway::of(model, &opened.catalog.server);
    let routes = Router::new()
        .route("/hello", get(|| async { "hello from the other program" }))
        .route("/graphql", post_service(GraphQL::new(gateway)));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("http://{}/graphql", listener.local_addr()?);
    axum::serve(listener, routes).await?;
    Ok(())
}
