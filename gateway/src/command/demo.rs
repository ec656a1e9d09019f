//! `lilong demo`: makes a district of silos, starts its services and serves it.

use std::path::PathBuf;

use clap::Args;
use lilong::demo;
use lilong::server::graphiql::Tab;

use super::failure::Failure;
use super::progress::Progress;
use super::{Addresses, CatalogFolder, output, serve};

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  lilong demo
  lilong demo --rows 2000 --dir district
  lilong demo --sources 600")]
pub(crate) struct Options {
    /// How many sources: from the departments' 28 up to several for every street
    #[arg(long, value_name = "N")]
    sources: Option<usize>,
    /// How many residents [default: 20000]
    #[arg(long, value_name = "N")]
    rows: Option<usize>,
    /// The folder to make it in [default: one in the system's folder for temporary files]
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    #[command(flatten)]
    addresses: Addresses,
}

pub(crate) async fn run(options: Options) -> Result<(), Failure> {
    let wanted = demo::Options { sources: options.sources, rows: options.rows, dir: options.dir };
    let made = tokio::task::spawn_blocking(move || {
        let progress = Progress::new("making the district");
        demo::make(&wanted, &|done, total, name: &str| {
            progress.at(done as u64, total as u64, name);
        })
    });
    let district = made
        .await
        .map_err(|error| Failure::Wrong(format!("making the district ended early: {error}")))?
        .map_err(|error| match error {
            demo::Error::Sources { .. } | demo::Error::Rows { .. } => Failure::Usage(error.to_string()),
            error => Failure::Wrong(error.to_string()),
        })?;
    let questions: Vec<_> = district.questions;
    let tabs = questions
        .iter()
        .map(|question| Tab {
            // The comment in the query says what it asks.
            title: None,
            query: question.query.clone(),
            variables: (!question.variables.is_empty()).then(|| question.variables.clone()),
        })
        .collect();
    output::say(&format!("The district is in {}.", district.folder.display()));
    let announce = move || {
        let mut text = String::from("\nQuestions to try; GraphiQL has them in its tabs:\n");
        for question in &questions {
            // Each begins with a comment that says what it asks.
            text.push('\n');
            text.push_str(&question.query);
        }
        output::print(&text)
    };
    let services = demo::Services::start(&district.folder).await.map_err(|error| Failure::Wrong(error.to_string()))?;
    for (name, address) in services.addresses() {
        output::say(&format!("Its service {name} is at {address}."));
    }
    serve::serve(&CatalogFolder { folder: district.folder }, &options.addresses, false, tabs, announce).await
}
