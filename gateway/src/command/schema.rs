//! `lilong schema`: the SDL, or names.json.

use clap::Args;
use lilong_schema::{Slice, names, sdl};

use super::failure::Failure;
use super::{CatalogFolder, catalog, output};

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  lilong schema city > city.graphql
  lilong schema city --sources civil,health
  lilong schema city --names | jq '.sources.civil.collections'")]
pub(crate) struct Options {
    #[command(flatten)]
    catalog: CatalogFolder,
    /// Print JSON that says which GraphQL name stands for which database name
    #[arg(long)]
    names: bool,
    /// Only these sources; links out of them are left out
    #[arg(long, value_name = "NAME,…", value_delimiter = ',')]
    sources: Option<Vec<String>>,
}

pub(crate) async fn run(options: Options) -> Result<(), Failure> {
    let ready = catalog::ready(&options.catalog.folder).await.or_refuse()?;
    let federated = &ready.model.federated;
    let slice = match &options.sources {
        None => Slice::all(),
        Some(wanted) => federated.slice(wanted.iter().map(|name| name.trim())).map_err(|name| {
            Failure::Usage(format!("--sources: there is no source and no union `{name}` in the catalog"))
        })?,
    };
    if options.names {
        output::print_json(&names::names(federated, &slice))?;
    } else {
        output::print(&sdl::sdl(federated, &slice))?;
    }
    // The schema lacks what a silent source has; whoever keeps it must know.
    if ready.silent.is_empty() { Ok(()) } else { Err(Failure::Said(3)) }
}
