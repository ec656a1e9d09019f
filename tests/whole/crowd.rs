//! Hundreds of databases on one server, asked at once, by a login that may have few connections.
//!
//! The servers are those that `LILONG_TEST_POSTGRES` and `LILONG_TEST_MYSQL` name; skipped without. `LILONG_TEST_CROWD` sets
//! how many databases there are: 40 if nobody says, as each of PostgreSQL's takes some megabytes.

use std::str::FromStr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::future::join_all;
use futures::{StreamExt, TryStreamExt};
use lilong_connectors::{BoundFetch, Fetch, FetchContext, Prepared, Source, kinds};
use lilong_schema::Secret;
use lilong_schema::catalog::{OptionKind, OptionValue, SourceSettings};
use sqlx::mysql::MySqlConnectOptions;
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions};
use tokio::sync::Semaphore;

/// Connections that the gateway may have, and that the server gives the login: one that has been told to end ends a
/// moment later.
const GATEWAY: usize = 6;
const LOGIN: usize = 10;

fn databases() -> usize {
    std::env::var("LILONG_TEST_CROWD").ok().and_then(|text| text.parse().ok()).unwrap_or(40)
}

fn server(kind: &str) -> Option<String> {
    let url = std::env::var(format!("LILONG_TEST_{}", kind.to_uppercase())).ok();
    assert!(url.is_some() || std::env::var("LILONG_REQUIRE_SERVERS").as_deref() != Ok("1"), "no server of {kind} runs");
    url
}

/// The URL with another login and a pattern in the place of the database.
fn discovering(url: &str, login: &str, pattern: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap();
    let (_, host) = rest.rsplit_once('@').unwrap();
    let (host, _) = host.split_once('/').unwrap();
    format!("{scheme}://{login}@{host}/{pattern}")
}

/// Asks every database at once, several times, and none of them may fail.
async fn ask_all(kind: &str, url: &str) {
    let kind = kinds::find(kind).unwrap();
    let mut settings = SourceSettings { name: "{name}".to_owned(), ..SourceSettings::default() };
    settings.tuning.server_connections = GATEWAY;
    settings.tuning.retry_percent = 0;
    let url = OptionValue::new(OptionKind::Text(Secret::new(url)));
    settings.options.insert("url".to_owned(), url);
    let discovery = kind.discovery.as_ref().unwrap();
    let parts = (discovery.parts)(&settings).await.unwrap();
    assert_eq!(parts.len(), databases());
    let ceiling = Arc::new(Semaphore::new(2_000));
    let sources: Vec<Arc<Source>> = parts
        .iter()
        .map(|part| {
            let settings = (discovery.narrow)(&settings, part);
            let connector = (kind.open)(&settings).unwrap();
            Source::new(settings.name.as_str().into(), connector, &settings.tuning, ceiling.clone())
        })
        .collect();
    let described = futures::stream::iter(&sources).map(|source| source.describe()).buffered(GATEWAY);
    let described: Vec<_> = described.try_collect().await.unwrap();
    let asked: Vec<BoundFetch> = described
        .iter()
        .map(|description| {
            let fetch = Fetch::of(Arc::new(description.collections[0].clone()), vec![0]);
            BoundFetch { prepared: Arc::new(Prepared::new(fetch)), operands: vec![], keys: None }
        })
        .collect();
    let context = FetchContext::new(Instant::now() + Duration::from_mins(2), "t");
    for _ in 0..3 {
        let answers = join_all(std::iter::zip(&sources, &asked).map(async |(source, bound)| {
            let rows: Vec<_> = source.fetch(bound, &context).await?.try_collect().await?;
            Ok::<_, lilong_connectors::Error>(rows.iter().map(|rows| rows.batch.num_rows()).sum::<usize>())
        }));
        for answer in answers.await {
            assert_eq!(answer.unwrap(), 2);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_of_many_postgres_databases_is_not_exhausted() {
    let Some(url) = server("postgres") else { return };
    let number = std::process::id();
    let options = PgConnectOptions::from_str(&url).unwrap().disable_statement_logging();
    let mut admin = options.connect().await.unwrap();
    let login = format!("crowd_{number}");
    let mut run = async |text: String| sqlx::raw_sql(AssertSqlSafe(text)).execute(&mut admin).await.unwrap();
    run(format!("CREATE ROLE {login} LOGIN PASSWORD '{login}' CONNECTION LIMIT {LOGIN}")).await;
    run(format!("CREATE DATABASE model_{number}")).await;
    {
        let mut model = options.clone().database(&format!("model_{number}")).connect().await.unwrap();
        let text = "CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1), (2); GRANT SELECT ON t TO public";
        sqlx::raw_sql(text).execute(&mut model).await.unwrap();
        sqlx::Connection::close(model).await.unwrap();
    }
    for at in 0..databases() {
        run(format!("CREATE DATABASE crowd_{number}_{at} TEMPLATE model_{number}")).await;
    }
    ask_all("postgres", &discovering(&url, &format!("{login}:{login}"), &format!("crowd_{number}_*"))).await;
    for at in 0..databases() {
        run(format!("DROP DATABASE crowd_{number}_{at} WITH (FORCE)")).await;
    }
    run(format!("DROP DATABASE model_{number}; ")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_of_many_mysql_databases_is_not_exhausted() {
    let Some(url) = server("mysql") else { return };
    let number = std::process::id();
    let mut admin = MySqlConnectOptions::from_str(&url).unwrap().disable_statement_logging().connect().await.unwrap();
    let login = format!("crowd_{number}");
    let mut run = async |text: String| sqlx::raw_sql(AssertSqlSafe(text)).execute(&mut admin).await.unwrap();
    run(format!("CREATE USER {login}@'%' IDENTIFIED BY '{login}' WITH MAX_USER_CONNECTIONS {LOGIN}")).await;
    for at in 0..databases() {
        run(format!("CREATE DATABASE crowd_{number}_{at}")).await;
        run(format!("CREATE TABLE crowd_{number}_{at}.t (id int PRIMARY KEY)")).await;
        run(format!("INSERT INTO crowd_{number}_{at}.t VALUES (1), (2)")).await;
        run(format!("GRANT SELECT ON crowd_{number}_{at}.* TO {login}@'%'")).await;
    }
    ask_all("mysql", &discovering(&url, &format!("{login}:{login}"), &format!("crowd_{number}_*"))).await;
    for at in 0..databases() {
        run(format!("DROP DATABASE crowd_{number}_{at}")).await;
    }
    run(format!("DROP USER {login}@'%'")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn six_hundred_files_hold_no_more_handles_than_the_process_may() {
    let folder = tempfile::tempdir().unwrap();
    let kind = kinds::find("sqlite").unwrap();
    let ceiling = Arc::new(Semaphore::new(2_000));
    let mut sources = Vec::new();
    for at in 0..600 {
        let path = folder.path().join(format!("{at}.sqlite"));
        if at == 0 {
            let connection = rusqlite::Connection::open(&path).unwrap();
            connection.execute_batch("CREATE TABLE t (id INTEGER PRIMARY KEY); INSERT INTO t VALUES (1), (2)").unwrap();
        } else {
            std::fs::copy(folder.path().join("0.sqlite"), &path).unwrap();
        }
        let mut settings = SourceSettings { name: format!("s{at}"), ..SourceSettings::default() };
        let path = OptionValue::new(OptionKind::Text(Secret::new(path.to_str().unwrap())));
        settings.options.insert("path".to_owned(), path);
        let connector = (kind.open)(&settings).unwrap();
        sources.push(Source::new(settings.name.as_str().into(), connector, &settings.tuning, ceiling.clone()));
    }
    // The bound is the process's: other tests beside this one are content with as much.
    lilong_connectors::pool::bound_process(100);
    let described = futures::stream::iter(&sources).map(|source| source.describe()).buffered(8);
    let described: Vec<_> = described.try_collect().await.unwrap();
    let opened = std::fs::read_dir("/proc/self/fd").map_or(0, |files| {
        let targets = files.filter_map(|file| std::fs::read_link(file.ok()?.path()).ok());
        targets.filter(|target| target.starts_with(folder.path())).count()
    });
    assert_eq!(described.len(), 600);
    // A connection's file, and the one that tells whether it was changed.
    assert!((1..=200).contains(&opened), "{opened} files are open");
    lilong_connectors::pool::bound_process(2_000);
}
