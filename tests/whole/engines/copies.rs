//! The differential suite over copies of real databases: whole in PostgreSQL and in MariaDB, with texts that compare by code
//! point and with texts to which case and accents are nothing, and split over three engines.

use std::path::{Path, PathBuf};

use lilong_tests::engine::Engine;
use lilong_tests::serve;

use super::copy::{self, Copy, Texts};
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
    let Some((path, mut database)) = original(folder.path(), name).await else {
        return;
    };
    let ask = async |copy: Copy, seed: u64, database: &Database, orders_texts: bool| {
        compare(database, copy.folder.path(), &path, seed, count(), orders_texts).await;
    };
    for (engine, seed) in [(Engine::Postgres, seed), (Engine::MariaDb, seed + 1)] {
        ask(copy::whole(engine, Texts::Exact, &database, &path).await, seed, &database, true).await;
    }
    // Each engine has its turn at each end of a link.
    let [sqlite, postgres, mariadb] = Engine::ALL;
    let turns = [[sqlite, postgres, mariadb], [mariadb, sqlite, postgres], [postgres, mariadb, sqlite]];
    match copy::split(turns[seed as usize % 3], &database, &path).await {
        Some(copy) => ask(copy, seed + 2, &database, true).await,
        None => eprintln!("{name} is not split: more than three of its tables are all linked with each other"),
    }
    // Where texts have an order of their own, rows that only texts tell apart have none that could be compared.
    for table in &mut database.tables {
        table.is_asked &= !table.is_keyless;
    }
    for (engine, seed) in [(Engine::Postgres, seed + 3), (Engine::MariaDb, seed + 4)] {
        ask(copy::whole(engine, Texts::Blind, &database, &path).await, seed, &database, false).await;
    }
}

macro_rules! copies {
    ($($test:ident: $name:literal, $seed:literal;)*) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $test() {
            check($name, 100 * $seed).await;
        }
    )*};
}

copies! {
    chinook_answers_the_same_from_every_engine: "chinook", 1;
    employees_answer_the_same_from_every_engine: "employee", 2;
    northwind_answers_the_same_from_every_engine: "northwind", 3;
    shanghai_s_divisions_answer_the_same_from_every_engine: "shanghai_divisions", 4;
    the_worst_names_answer_the_same_from_every_engine: "datasette_fixtures", 5;
    a_german_hospital_answers_the_same_from_every_engine: "de_hospital_1", 6;
    drama_workshops_answer_the_same_from_every_engine: "cre_Drama_Workshop_Groups", 7;
    human_resources_answer_the_same_from_every_engine: "hr_1", 8;
    a_college_answers_the_same_from_every_engine: "college_1", 9;
    research_grants_answer_the_same_from_every_engine: "tracking_grants_for_research", 10;
    transcripts_answer_the_same_from_every_engine: "student_transcripts_tracking", 11;
    cars_answer_the_same_from_every_engine: "car_1", 12;
}
