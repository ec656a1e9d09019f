//! All databases of `shared/data` in one catalog, none of them made for this project.

use std::path::PathBuf;

use lilong_tests::engine::{Engine, Silo};
use lilong_tests::program::{Running, run};
use serde_json::{Value, json};

use super::{are_there, data, load};

/// Collections with values that cannot be represented.
const UNREADABLE: &[(&str, &str)] = &[("datasette_fixtures", "infinity")];

fn files(folder: PathBuf, extension: &str) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|given| given == extension));
    files.sort();
    files
}

/// How many rows a table has, asked without lilong.
async fn rows(silo: &Silo, name: &str, table: &str) -> usize {
    let schema = if name == "postgres_defog_ewallet" { "consumer_div." } else { "" };
    let sql = format!("SELECT COUNT(*) FROM {schema}{}", silo.engine.quote(table));
    if silo.engine == Engine::Sqlite {
        let connection = rusqlite::Connection::open(&silo.location).unwrap();
        let count: u32 = connection.query_row(&sql, [], |row| row.get(0)).unwrap();
        return count as usize;
    }
    silo.rows(&sql).await[0][0].as_ref().unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_database_that_others_made_is_served_from_one_catalog() {
    let test = "every database in one catalog";
    let Some(data) = data(test) else {
        return;
    };
    if !are_there(test) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut catalog = format!(
        "[[discover]]\nconnector = \"sqlite\"\npath = \"{}/*.sqlite\"\ntimeout = \"60s\"\n\n",
        data.join("sqlite").display()
    );
    let mut silos = Vec::new();
    for path in files(data.join("sqlite"), "sqlite") {
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        silos.push((name.clone(), Engine::Sqlite.silo(&data.join("sqlite"), &name).await));
    }
    for (engine, kind) in [(Engine::Postgres, "postgres"), (Engine::MariaDb, "mariadb")] {
        for dump in files(data.join(kind), "sql") {
            let name = format!("{kind}_{}", dump.file_stem().unwrap().to_str().unwrap());
            let silo = load(engine, &dump).await;
            if name == "postgres_pagila" {
                // Its dump leaves it without rows, and then it cannot be read.
                silo.run(&["REFRESH MATERIALIZED VIEW rental_by_category".to_owned()]).await;
            }
            catalog.push_str(&silo.source(&name));
            if name == "postgres_defog_ewallet" {
                catalog.push_str("schemas = [\"consumer_div\"]\n\n");
            }
            silos.push((name, silo));
        }
    }
    assert_eq!(silos.len(), 35);
    std::fs::write(folder.path().join("lilong.toml"), catalog).unwrap();
    let path = folder.path().to_str().unwrap();

    let described = run(&["describe", path]);
    assert_eq!(described.code, Some(0), "{}", described.stderr);
    let checked = run(&["check", path]);
    assert_eq!(checked.code, Some(0), "{}{}", checked.stdout, checked.stderr);
    let schema = run(&["schema", path]);
    assert_eq!(schema.code, Some(0), "{}", schema.stderr);
    if let Err(errors) = apollo_compiler::Schema::parse_and_validate(schema.stdout, "schema.graphql") {
        panic!("{}", errors.errors);
    }

    let names: Value = serde_json::from_str(&run(&["schema", path, "--names"]).stdout).unwrap();
    let running = Running::serve(folder.path());
    let mut faults = Vec::new();
    for (name, silo) in &silos {
        let source = &names["sources"][name];
        for (table, collection) in source["collections"].as_object().unwrap_or_else(|| panic!("{name} serves nothing"))
        {
            let fields = collection["fields"].as_object().unwrap().values();
            let fields = fields.map(|field| field.as_str().unwrap()).collect::<Vec<_>>().join(" ");
            let (source, field) = (source["field"].as_str().unwrap(), collection["field"].as_str().unwrap());
            let answer = running.ask(&format!("{{ s: {source} {{ x: {field}(limit: 3) {{ {fields} }} }} }}"));
            let got = answer["data"]["s"]["x"].as_array().map(Vec::len);
            let is_known = UNREADABLE.contains(&(name.as_str(), table.as_str()));
            if got != Some(rows(silo, name, table).await.min(3)) || answer.get("errors").is_some() != is_known {
                faults.push(json!({"source": name, "collection": table, "rows": got, "errors": answer["errors"]}));
            }
        }
    }
    assert!(faults.is_empty(), "{:#}", Value::Array(faults));
    let states = running.ask("{ _sources { name state } }");
    let states = states["data"]["_sources"].as_array().unwrap();
    assert_eq!(states.len(), silos.len());
    assert!(states.iter().all(|source| source["state"] == "READY"), "{states:?}");
}
