//! A folder of TOML files → [`Catalog`], with everything that is wrong with it.
//!
//! In: all `*.toml` of the folder and of its `sources/`, and the files they name. Out: the catalog as far as it could be
//! read, and every problem with file and line; a catalog with problems is not to be served.
//! *Invariant*: no source is touched, and nothing is written.

use std::collections::{HashMap, HashSet};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::document::{Entry, File, Reading, Table};
use super::placeholder::{self, Environment, file_fault};
use super::source::{self, Block, DEFAULT_KEYS, Names};
use super::{Catalog, Place, Tuning, link, server, union};
use crate::{Problem, Severity};

const BLOCKS: &[&str] = &["server", "defaults", "source", "discover", "link", "union"];

/// Reads the catalog in `folder`, `${NAME}` looked up in the process's environment.
pub fn load(folder: &Path) -> (Catalog, Vec<Problem>) {
    load_with(folder, &|name: &str| -> Option<OsString> { std::env::var_os(name) })
}

/// Reads the catalog in `folder`, `${NAME}` looked up by `environment`.
pub fn load_with(folder: &Path, environment: Environment<'_>) -> (Catalog, Vec<Problem>) {
    let mut reading = Reading { environment, problems: Vec::new() };
    let files = read_files(folder, &mut reading);
    let documents: Vec<_> = files.iter().filter_map(|file| Some((file, file.parse(&mut reading)?))).collect();
    let mut blocks = Blocks::default();
    for (file, document) in &documents {
        blocks.sort(Table::new(file, "", 0, document), &mut reading);
    }
    let mut catalog = blocks.read(&mut reading);
    folder.clone_into(&mut catalog.folder);
    (catalog, reading.problems)
}

/// Whether a catalog with these findings may be served.
pub fn is_servable(problems: &[Problem]) -> bool {
    problems.iter().all(|problem| problem.severity == Severity::Warning)
}

/// Blocks of all files by what they are: defaults have to be known before the first source is read.
#[derive(Default)]
struct Blocks<'a> {
    server: Vec<Table<'a>>,
    defaults: Vec<Table<'a>>,
    sources: Vec<Table<'a>>,
    discover: Vec<Table<'a>>,
    links: Vec<Table<'a>>,
    unions: Vec<Table<'a>>,
}

impl<'a> Blocks<'a> {
    fn sort(&mut self, mut file: Table<'a>, reading: &mut Reading<'_>) {
        for entry in file.rest() {
            match entry.key {
                "server" => self.server.extend(entry.table(reading, "server", "begin it with `[server]`")),
                "defaults" => self.defaults.extend(entry.table(reading, "defaults", "begin it with `[defaults]`")),
                "source" => self.sources.extend(entry.blocks(reading)),
                "discover" => self.discover.extend(entry.blocks(reading)),
                "link" => self.links.extend(entry.blocks(reading)),
                "union" => self.unions.extend(entry.blocks(reading)),
                "auth" => unsupported(&entry, "`[auth]`", reading),
                "role" => unsupported(&entry, "`[[role]]`", reading),
                _ => reading.problems.push(entry.unknown(BLOCKS)),
            }
        }
    }

    fn read(self, reading: &mut Reading<'_>) -> Catalog {
        let mut catalog = Catalog::default();
        report_set_twice(&self.server, reading);
        for table in self.server {
            server::read(&mut catalog.server, table, reading);
        }
        let mut defaults = Tuning::default();
        report_set_twice(&self.defaults, reading);
        for mut table in self.defaults {
            let misfit = source::read_tuning(&mut defaults, &mut table, reading);
            reading.problems.extend(misfit);
            table.finish(reading, DEFAULT_KEYS);
        }
        let mut names = Names::new(!self.discover.is_empty());
        let mut taken = HashSet::new();
        let mut additions = Vec::new();
        for table in self.sources {
            match source::read(Block::Source, table, &defaults, &mut names, reading) {
                Ok(settings) if settings.connector.is_empty() => additions.push(settings),
                Ok(settings) if taken.insert(settings.name.clone()) => catalog.sources.push(settings),
                // What is reported here is not to be reported again by the stages that follow.
                Ok(settings) => catalog.unusable.push(settings),
                Err(settings) => catalog.unusable.push(*settings),
            }
        }
        for settings in additions {
            let is_first = taken.insert(settings.name.clone());
            if is_first { &mut catalog.additions } else { &mut catalog.unusable }.push(settings);
        }
        for table in self.discover {
            match source::read(Block::Discover, table, &defaults, &mut names, reading) {
                Ok(settings) => catalog.discover.push(settings),
                Err(settings) => catalog.unusable.push(*settings),
            }
        }
        names.report(reading);
        let mut maps = HashMap::new();
        for table in self.links {
            catalog.links.extend(link::read(table, &mut maps, reading));
        }
        catalog.unions = union::read_all(self.unions, reading);
        catalog
    }
}

fn unsupported(entry: &Entry<'_>, name: &str, reading: &mut Reading<'_>) {
    reading.problems.push(entry.problem(format!("{name} is not supported yet"), "take it out of the catalog"));
}

/// Reports keys that several files give the same table.
fn report_set_twice(tables: &[Table<'_>], reading: &mut Reading<'_>) {
    let mut seen: HashMap<(String, &str), Place> = HashMap::new();
    for table in tables {
        for (path, key, place) in table.keys() {
            let about = if path.is_empty() { table.about.to_string() } else { format!("{}.{path}", table.about) };
            if let Some(first) = seen.get(&(path.clone(), key)) {
                let what = format!("`{key}` is set at {}:{} already", first.file.display(), first.line);
                reading.problems.push(Problem::new(about, what, "set it in one place").at(place.file, place.line));
            } else {
                seen.insert((path, key), place);
            }
        }
    }
}

/// Every `*.toml` of the folder, then of `sources/`, by name.
fn read_files(folder: &Path, reading: &mut Reading<'_>) -> Vec<File> {
    const MAKE: &str = "name the folder that holds lilong.toml, or make one with `lilong init DIR`";
    let names = match list(folder) {
        Ok(names) => names,
        Err(error) => {
            let what = format!("the catalog folder {} {}", folder.display(), file_fault(&error));
            reading.problems.push(Problem::new("", what, MAKE));
            return Vec::new();
        }
    };
    if names.iter().any(|name| name == "interfaces") && folder.join("interfaces").is_dir() {
        let problem =
            Problem::new("", "published interfaces are not supported yet", "take the folder out of the catalog");
        reading.problems.push(Problem { file: Some("interfaces".into()), ..problem });
    }
    let mut paths: Vec<PathBuf> = names.into_iter().map(PathBuf::from).filter(|path| is_toml(path)).collect();
    let sources = folder.join("sources");
    match list(&sources) {
        Ok(names) => {
            paths.extend(names.into_iter().map(|name| Path::new("sources").join(name)).filter(|path| is_toml(path)));
        }
        // A link that leads nowhere stands for sources that are missing now.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && !sources.is_symlink() => {}
        Err(error) => {
            let problem =
                Problem::new("", format!("this folder {}", file_fault(&error)), "make it a folder of TOML files");
            reading.problems.push(Problem { file: Some("sources".into()), ..problem });
        }
    }
    if paths.is_empty() {
        let what = format!("the folder {} holds no *.toml file", folder.display());
        reading.problems.push(Problem::new("", what, MAKE));
    }
    paths.into_iter().filter_map(|path| read_file(folder, path, reading)).collect()
}

/// The names in a folder, sorted.
fn list(folder: &Path) -> std::io::Result<Vec<OsString>> {
    let mut names =
        std::fs::read_dir(folder)?.map(|entry| Ok(entry?.file_name())).collect::<std::io::Result<Vec<OsString>>>()?;
    names.sort();
    Ok(names)
}

/// Hidden files are what editors leave beside those they edit.
fn is_toml(path: &Path) -> bool {
    let hidden = path.file_name().is_none_or(|name| name.as_encoded_bytes().starts_with(b"."));
    !hidden && path.extension().is_some_and(|extension| extension == "toml")
}

fn read_file(folder: &Path, path: PathBuf, reading: &mut Reading<'_>) -> Option<File> {
    if path == Path::new("access.toml") {
        let problem =
            Problem::new("", "roles and their rules are not supported yet", "take the file out of the catalog");
        reading.problems.push(Problem { file: Some(path), ..problem });
        return None;
    }
    let on_disk = folder.join(&path);
    let text = match std::fs::read(&on_disk) {
        Ok(bytes) => String::from_utf8(bytes),
        Err(error) => {
            let problem =
                Problem::new("", format!("this file {}", file_fault(&error)), "every *.toml of a catalog is read");
            reading.problems.push(Problem { file: Some(path), ..problem });
            return None;
        }
    };
    match text {
        Ok(text) => {
            let folder = on_disk.parent().unwrap_or(folder).to_owned();
            Some(File::new(path, folder, text))
        }
        Err(error) => {
            let line = placeholder::line_of(error.as_bytes(), error.utf8_error().valid_up_to());
            let problem = Problem::new("", "this is not UTF-8 text", "save the file as UTF-8");
            reading.problems.push(problem.at(path, line));
            None
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
