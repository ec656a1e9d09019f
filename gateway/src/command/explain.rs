//! `lilong explain`: the plan of a query and the native requests it becomes.

use clap::Args;
use lilong::error::RequestError;
use lilong::plan::display;
use serde_json::json;

use super::failure::Failure;
use super::query::Question;
use super::{catalog, output};

#[derive(Debug, Args)]
#[command(
    override_usage = "lilong explain [OPTIONS] [CATALOG] <QUERY.graphql>",
    after_help = "\
Nothing is fetched. A source without a description is described first.

Examples:
  lilong explain city question.graphql
  lilong explain city question.graphql --json"
)]
pub(crate) struct Options {
    #[command(flatten)]
    question: Question,
    /// Print the plan as JSON
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(options: Options) -> Result<(), Failure> {
    let request = options.question.request()?;
    let ready = catalog::ready(options.question.folder()).await.or_refuse()?;
    let (gateway, _) = ready.gateway();
    match gateway.explain(&request) {
        Ok(plan) if options.json => output::print_json(&plan),
        Ok(plan) => output::print(&display::text(&plan)),
        Err(errors) if options.json => {
            let errors: Vec<_> = errors
                .iter()
                .map(|error| {
                    let locations: Vec<_> = error
                        .locations
                        .iter()
                        .map(|place| json!({"line": place.line, "column": place.column}))
                        .collect();
                    json!({"message": error.message, "locations": locations, "extensions": {"code": error.code.name()}})
                })
                .collect();
            output::print_json(&json!({"errors": errors}))?;
            Err(Failure::Said(1))
        }
        Err(errors) => Err(Failure::Wrong(told(&errors))),
    }
}

/// One line an error: `2:8: VALIDATION_FAILED: message`.
fn told(errors: &[RequestError]) -> String {
    let lines = errors.iter().map(|error| match error.locations.first() {
        Some(place) => format!("\n{}:{}: {error}", place.line, place.column),
        None => format!("\n{error}"),
    });
    format!("the query is refused:{}", lines.collect::<String>())
}
