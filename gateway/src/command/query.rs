//! `lilong query`: asks once, prints the answer.

use std::path::{Path, PathBuf};

use clap::Args;
use lilong::request::{Request, new_trace};
use serde_json::{Map, Value};

use super::failure::Failure;
use super::{catalog, output};

#[derive(Debug, Args)]
#[command(
    override_usage = "lilong query [OPTIONS] [CATALOG] <QUERY.graphql>",
    after_help = "\
Exit codes: 0 answered, 1 the query was wrong, 3 a source failed (the rest of the answer is printed).

Examples:
  lilong query city question.graphql
  lilong query city question.graphql --variables '{\"id\": 7}'
  echo '{ _sources { name state } }' | lilong query city - --compact"
)]
pub(crate) struct Options {
    #[command(flatten)]
    question: Question,
    /// Print the answer on one line
    #[arg(long, visible_alias = "json")]
    compact: bool,
}

/// A catalog and a question to it. One path is the question, to the catalog in the current folder.
#[derive(Debug, Args)]
pub(crate) struct Question {
    /// The catalog [default: the current folder] and a file with the query; `-` reads it from stdin
    #[arg(value_names = ["CATALOG", "QUERY.graphql"], num_args = 1..=2, required = true)]
    paths: Vec<PathBuf>,
    /// A JSON file with the variables, or the JSON object itself
    #[arg(long, value_name = "FILE")]
    variables: Option<String>,
    /// Which operation of the file, if it has several
    #[arg(long, value_name = "NAME")]
    operation: Option<String>,
}

impl Question {
    pub(crate) fn folder(&self) -> &Path {
        if let [folder, _] = self.paths.as_slice() { folder } else { Path::new(".") }
    }

    /// Reads the files.
    pub(crate) fn request(&self) -> Result<Request, Failure> {
        let Some(path) = self.paths.last() else {
            return Err(Failure::Usage("a query file is missing".into()));
        };
        Ok(Request {
            query: catalog::read(path, "the query")?,
            operation_name: self.operation.clone(),
            trace: new_trace(),
            variables: self.variables.as_deref().map(variables).transpose()?.unwrap_or_default(),
            ..Request::default()
        })
    }
}

fn variables(given: &str) -> Result<Map<String, Value>, Failure> {
    let (text, place) = if given.trim_start().starts_with('{') {
        (given.to_owned(), "--variables".to_owned())
    } else {
        (catalog::read(Path::new(given), "the variables")?, given.to_owned())
    };
    // Some editors begin a file with a byte order mark.
    match serde_json::from_str(text.strip_prefix('\u{feff}').unwrap_or(&text)) {
        Ok(Value::Object(map)) => Ok(map),
        Ok(_) => Err(Failure::Wrong(format!("{place}: the variables must be a JSON object, as in {{\"id\": 7}}"))),
        Err(error) => Err(Failure::Wrong(format!("{place}: the variables are not JSON: {error}"))),
    }
}

pub(crate) async fn run(options: Options) -> Result<(), Failure> {
    let request = options.question.request()?;
    let ready = catalog::ready(options.question.folder()).await.or_refuse()?;
    let (gateway, _) = ready.gateway();
    let answer = gateway.execute(request).await;
    let value: Value = serde_json::from_slice(&answer.body)
        .map_err(|error| Failure::Wrong(format!("the answer is not JSON, which is a defect of lilong's: {error}")))?;
    output::print(&if options.compact { format!("{value}\n") } else { format!("{value:#}\n") })?;
    match exit_code(answer.refused.is_some(), &value) {
        0 => Ok(()),
        code => Err(Failure::Said(code)),
    }
}

/// 1 if the query was wrong or asked too much, 3 if a source failed.
fn exit_code(refused: bool, answer: &Value) -> u8 {
    if refused {
        return 1;
    }
    let codes = answer["errors"].as_array().into_iter().flatten().map(|error| error["extensions"]["code"].as_str());
    codes
        .map(|code| match code {
            Some("TOO_LARGE" | "TOO_COSTLY" | "BAD_INPUT") => 1,
            _ => 3,
        })
        .max()
        .unwrap_or(0)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_exit_code_tells_whose_fault_it_is() {
        let error = |code: &str| json!({"extensions": {"code": code}});
        assert_eq!(exit_code(false, &json!({"data": {}})), 0);
        assert_eq!(exit_code(true, &json!({"errors": [error("PARSE_FAILED")]})), 1);
        assert_eq!(exit_code(false, &json!({"errors": [error("TOO_LARGE")]})), 1);
        assert_eq!(exit_code(false, &json!({"errors": [error("TOO_LARGE"), error("SOURCE_TIMEOUT")]})), 3);
    }

    #[test]
    fn variables_in_a_file_may_follow_a_byte_order_mark() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("variables.json");
        std::fs::write(&path, "\u{feff}{\"id\": 7}\n").unwrap();
        let read = variables(path.to_str().unwrap()).ok();
        assert_eq!(read.map(Value::Object), Some(json!({"id": 7})));
    }
}
