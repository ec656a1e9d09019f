//! Reads a catalog for a command: assembles it, describes what has no description, tells what is wrong.

use std::io::ErrorKind;
use std::path::Path;

use lilong::assembly::{Ask, Descriptions, Opened};
use lilong::{Gateway, Model};
use lilong_schema::catalog::Limits;
use lilong_schema::problem;
use lilong_schema::{Problem, Severity};

use super::failure::Failure;
use super::output;
use super::progress::Progress;

/// A catalog ready to be asked.
pub(crate) struct Ready {
    pub(crate) opened: Opened,
    /// Everything that was found, of all stages.
    pub(crate) findings: Vec<Problem>,
    /// Sources that have no description and gave none, and `[[discover]]` blocks that nobody answered.
    pub(crate) silent: Vec<Problem>,
    pub(crate) model: Model,
}

/// Assembles a catalog; sources without a description are asked for one.
pub(crate) async fn ready(folder: &Path) -> Ready {
    let opened = Opened::open(folder, Ask::Missing).await;
    let Descriptions { mut stored, missing, findings, .. } = opened.stored();
    let mut silent = opened.silent.clone();
    if !missing.is_empty() {
        let progress = Progress::new("describing sources");
        let described = opened
            .describe(&missing, &|done, total, name: &str| {
                progress.at(done as u64, total as u64, name);
            })
            .await;
        silent.extend(described.failed.iter().map(|(name, error)| opened.silent(name, error)));
        drop(progress);
        // Links and renames are only checked against descriptions, so that a wrong catalog is described as well; but what
        // stands under a name may be another source once it is mended.
        if !opened.has_problems()
            && let Some(problem) = opened.keep(&described.found)
        {
            output::say(&format!("lilong: {problem}"));
        }
        stored.extend(described.found);
    }
    let (model, more) = opened.model(&stored);
    let findings = [opened.findings.clone(), findings, more].concat();
    Ready { opened, findings, silent, model }
}

impl Ready {
    /// Stops at problems, all of them told; counts warnings; tells which sources are silent.
    pub(crate) fn or_refuse(self) -> Result<Self, Failure> {
        refuse(&self.findings)?;
        for silent in &self.silent {
            output::say(&format!("lilong: {silent}"));
        }
        Ok(self)
    }

    /// The engine over it.
    pub(crate) fn gateway(self) -> (Gateway, Limits) {
        let settings = &self.opened.catalog.server;
        (Gateway::of(self.model, settings), settings.limits.clone())
    }
}

/// Tells all findings and fails if one of them is a problem; warnings alone are only counted.
pub(crate) fn refuse(findings: &[Problem]) -> Result<(), Failure> {
    if findings.iter().any(|finding| finding.severity == Severity::Problem) {
        return Err(Failure::Wrong(format!("the catalog cannot be served:\n{}", problem::report(findings))));
    }
    if !findings.is_empty() {
        let what = match findings.len() {
            1 => "1 warning; `lilong check` shows it".to_owned(),
            several => format!("{several} warnings; `lilong check` shows them"),
        };
        output::say(&format!("lilong: {what}"));
    }
    Ok(())
}

/// Reads a file that the command line names; `-` is stdin.
pub(crate) fn read(path: &Path, what: &str) -> Result<String, Failure> {
    let bytes = if path.as_os_str() == "-" {
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut std::io::stdin().lock(), &mut bytes).map(|_| bytes)
    } else {
        std::fs::read(path)
    };
    let bytes = bytes.map_err(|error| {
        let why = match error.kind() {
            ErrorKind::NotFound => "there is no such file".to_owned(),
            ErrorKind::IsADirectory => "it is a folder (the catalog stands first, the file after it)".to_owned(),
            _ => error.to_string(),
        };
        Failure::Wrong(format!("{}: cannot read {what}: {why}", path.display()))
    })?;
    String::from_utf8(bytes).map_err(|_| Failure::Wrong(format!("{}: {what} is not UTF-8", path.display())))
}
