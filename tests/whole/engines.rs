//! Every engine tells the same truth: real databases as they come, the same data in three engines, copies of SQLite
//! databases in other engines and split over all three, and indexes that serve every statement.
//!
//! The databases stand in `../shared/data` beside the project; servers are those of [`Engine`](lilong_tests::engine::Engine).
//! What is missing is skipped by name.

mod all;
mod chinook;
mod copies;
pub(crate) mod copy;
mod indexes;

use std::path::{Path, PathBuf};

use lilong_tests::engine::{Engine, Silo};

/// The folder of databases that were made elsewhere; `None`, with a word of it, where it is not there.
fn data(test: &str) -> Option<PathBuf> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
    if folder.exists() {
        return Some(folder);
    }
    eprintln!("skipped: {test}: ../shared/data is not there");
    None
}

/// Both servers, or a word of what is skipped.
fn are_there(test: &str) -> bool {
    Engine::ALL.iter().all(|engine| engine.is_there(test))
}

/// Loads a dump of `shared/data` into a database of its own.
async fn load(engine: Engine, dump: &Path) -> Silo {
    let name = dump.file_stem().unwrap().to_str().unwrap();
    let silo = engine.silo(Path::new(""), name).await;
    silo.load(dump);
    silo
}
