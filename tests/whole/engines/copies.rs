//! The differential suite over copies of real databases: whole in PostgreSQL and in MariaDB, with texts that compare by code
//! point and with texts to which case and accents are nothing, and split and dealt over three engines.

use lilong_tests::engine::Engine;
use lilong_tests::serve;

use super::copy::{self, Copy, Texts};
use super::{are_there, data};
use crate::differential::bounds::Form;
use crate::differential::court::{Court, share};
use crate::differential::real::Original;

async fn hear(name: &str, how: &str, copy: Copy, original: &mut Original, form: Form) {
    let gateway = serve(copy.folder.path()).await;
    let mut court = Court { name: format!("{how} of {name}"), original, form };
    court.hear(&gateway, share(15)).await;
}

async fn check(name: &str, seed: usize) {
    let test = format!("copies of {name}");
    if data(&test).is_none() || !are_there(&test) {
        return;
    }
    let mut original = Original::real(name).await;
    for engine in [Engine::Postgres, Engine::MariaDb] {
        let copy = copy::whole(engine, Texts::Exact, &original.database, &original.path).await;
        hear(name, &format!("{engine:?}"), copy, &mut original, Form::WHOLE).await;
    }
    // Each engine has its turn at each end of a link.
    let [sqlite, postgres, mariadb] = Engine::ALL;
    let turns = [[sqlite, postgres, mariadb], [mariadb, sqlite, postgres], [postgres, mariadb, sqlite]];
    match copy::split(turns[seed % 3], &original.database, &original.path).await {
        Some(copy) => hear(name, "three engines", copy, &mut original, Form::APART).await,
        None => eprintln!("{name} is not split: more than three of its tables are all linked with each other"),
    }
    // Where texts have an order of their own, rows that only texts tell apart have none that could be compared.
    let mut original = Original::real(name).await;
    for table in &mut original.database.tables {
        table.is_asked &= !table.is_keyless;
    }
    for engine in [Engine::Postgres, Engine::MariaDb] {
        let copy = copy::whole(engine, Texts::Blind, &original.database, &original.path).await;
        let form = Form { orders_texts: false, ..Form::WHOLE };
        hear(name, &format!("blind {engine:?}"), copy, &mut original, form).await;
    }
    let mut original = Original::real(name).await;
    original.is_dealt();
    let copy = copy::dealt(&Engine::ALL, &original.database, &original.path).await;
    hear(name, "unions over three engines", copy, &mut original, Form::dealt(3)).await;
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
