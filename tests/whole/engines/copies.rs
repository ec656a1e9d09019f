//! The differential suite over copies of real databases: whole in PostgreSQL, whole in MariaDB, split over three engines.

use std::path::{Path, PathBuf};

use lilong_tests::serve;
use lilong_tests::silo::Engine;

use super::copy::{self, Copy};
use super::{are_there, count, data};
use crate::differential::compare;
use crate::differential::databases::Database;
use crate::differential::real;

/// A database of `shared/data/sqlite`, copied: the copy is the oracle, with indexes that let it look up links.
async fn original(folder: &Path, name: &str) -> Option<(PathBuf, Database)> {
    let test = format!("copies of {name}");
    let file = data(&test)?.join(format!("sqlite/{name}.sqlite"));
    if !are_there(&test) {
        return None;
    }
    let path = folder.join("original.sqlite");
    std::fs::write(&path, std::fs::read(file).unwrap()).unwrap();
    let catalog = "[[source]]\nname = \"original\"\nconnector = \"sqlite\"\npath = \"original.sqlite\"\n";
    std::fs::write(folder.join("lilong.toml"), catalog).unwrap();
    let database = real::read(&path, &serve(folder).await);
    Some((path, database))
}

async fn check(name: &str, seed: u64) {
    let folder = tempfile::tempdir().unwrap();
    let Some((path, database)) = original(folder.path(), name).await else {
        return;
    };
    let ask = async |copy: Copy, seed: u64| compare(&database, copy.folder.path(), &path, seed, count()).await;
    ask(copy::whole(Engine::Postgres, &database, &path).await, seed).await;
    ask(copy::whole(Engine::MariaDb, &database, &path).await, seed + 1).await;
    // Each engine has its turn at each end of a link.
    let [sqlite, postgres, mariadb] = Engine::ALL;
    let turns = [[sqlite, postgres, mariadb], [mariadb, sqlite, postgres], [postgres, mariadb, sqlite]];
    match copy::split(turns[seed as usize % 3], &database, &path).await {
        Some(copy) => ask(copy, seed + 2).await,
        None => eprintln!("{name} is not split: more than three of its tables are all linked with each other"),
    }
}

macro_rules! copies {
    ($($test:ident: $name:literal, $seed:literal;)*) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $test() {
            check($name, $seed).await;
        }
    )*};
}

copies! {
    chinook_answers_the_same_from_every_engine: "chinook", 100;
    employees_answer_the_same_from_every_engine: "employee", 101;
    northwind_answers_the_same_from_every_engine: "northwind", 102;
    shanghai_s_divisions_answer_the_same_from_every_engine: "shanghai_divisions", 103;
    the_worst_names_answer_the_same_from_every_engine: "datasette_fixtures", 104;
    a_german_hospital_answers_the_same_from_every_engine: "de_hospital_1", 105;
    drama_workshops_answer_the_same_from_every_engine: "cre_Drama_Workshop_Groups", 106;
    human_resources_answer_the_same_from_every_engine: "hr_1", 107;
    a_college_answers_the_same_from_every_engine: "college_1", 108;
    research_grants_answer_the_same_from_every_engine: "tracking_grants_for_research", 109;
    transcripts_answer_the_same_from_every_engine: "student_transcripts_tracking", 110;
}
