//! Servers, logins and sessions that are not as they should be.

use sqlx::Row;
use tokio::net::TcpListener;

use super::*;
use crate::ErrorKind;
use crate::kinds::mysql::{discover, settings};

/// A view that takes for ever.
const SLOW: &str = "CREATE TABLE t (id INT PRIMARY KEY); INSERT INTO t VALUES (1), (2); \
    CREATE VIEW slow AS SELECT id, SLEEP(20) AS z FROM t";

async fn slow_statements(silo: &mut Silo) -> i64 {
    let text = format!(
        "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE DB = '{}' AND INFO LIKE '%slow%' AND INFO NOT LIKE '%PROCESSLIST%'",
        silo.name
    );
    let row = sqlx::query(AssertSqlSafe(text)).fetch_one(&mut silo.admin).await.unwrap();
    row.try_get_unchecked(0).unwrap()
}

#[tokio::test]
async fn what_is_given_up_is_stopped_at_the_server() {
    let Some(mut silo) = Silo::with(SLOW, |settings| {
        settings.tuning.connections = 1;
        settings.tuning.wait_timeout = Duration::from_secs(10);
    })
    .await
    else {
        return;
    };
    let bound = silo.question("slow", &["id", "z"], None);
    let context = context();
    {
        let connector = silo.connector.clone();
        let mut fetching = connector.fetch(&bound, &context);
        loop {
            tokio::select! {
                _ = &mut fetching => panic!("it ended by itself"),
                running = slow_statements(&mut silo) => if running == 1 { break },
            }
        }
    }
    // The one turn is free only after the statement is stopped.
    let quick = silo.question("t", &["id"], None);
    assert_eq!(shown(&silo.fetch(&quick).await.unwrap()).len(), 2);
    assert_eq!(slow_statements(&mut silo).await, 0);
    silo.end().await;
}

#[tokio::test]
async fn the_server_itself_ends_what_takes_too_long() {
    let tune = |settings: &mut SourceSettings| settings.tuning.timeout = Duration::from_millis(300);
    let Some(silo) = Silo::with(SLOW, tune).await else {
        return;
    };
    let started = Instant::now();
    let error = silo.fetch(&silo.question("slow", &["id", "z"], None)).await.unwrap_err();
    assert_eq!((error.kind, error.temporary), (ErrorKind::Timeout, false), "{error}");
    assert!(started.elapsed() < Duration::from_secs(10));
    assert_eq!(silo.fetch(&silo.question("t", &["id"], None)).await.unwrap().len(), 1);
    silo.end().await;
}

#[tokio::test]
async fn a_session_that_was_closed_meanwhile_is_replaced() {
    let Some(mut silo) = Silo::new("CREATE TABLE t (id INT PRIMARY KEY); INSERT INTO t VALUES (1)").await else {
        return;
    };
    let bound = silo.question("t", &["id"], None);
    silo.fetch(&bound).await.unwrap();
    let text = format!(
        "SELECT CAST(ID AS CHAR) FROM information_schema.PROCESSLIST WHERE DB = '{}' AND ID <> CONNECTION_ID()",
        silo.name
    );
    let ids = sqlx::query(AssertSqlSafe(text)).fetch_all(&mut silo.admin).await.unwrap();
    assert!(!ids.is_empty());
    for id in ids {
        let id: String = id.try_get_unchecked(0).unwrap();
        execute(&mut silo.admin, &format!("KILL {id}")).await;
    }
    assert_eq!(silo.fetch(&bound).await.unwrap().len(), 1);
    silo.end().await;
}

#[tokio::test]
async fn a_session_only_reads_whatever_the_login_may() {
    let Some(silo) = Silo::new("CREATE TABLE t (id INT PRIMARY KEY)").await else {
        return;
    };
    assert!(silo.description.warnings.iter().any(|warning| warning.contains("may write")));
    let read = settings::read(&block(silo.url.clone())).unwrap();
    let tuning = block(silo.url.clone()).tuning;
    let mut session =
        super::super::session::open(&"silo".into(), &read, &tuning, Duration::from_secs(5)).await.unwrap();
    let refused = sqlx::raw_sql("INSERT INTO t VALUES (1)").execute(&mut session.connection).await;
    assert_eq!(super::super::fault::number(&refused.unwrap_err()), Some(1792));
    silo.end().await;
}

#[tokio::test]
async fn a_strange_sql_mode_and_time_zone_change_nothing() {
    let Some(mut silo) = Silo::new(
        "CREATE TABLE t (id INT PRIMARY KEY, c CHAR(5), at TIMESTAMP NULL); \
         SET time_zone = '+00:00'; INSERT INTO t VALUES (1, 'a', '2024-01-01 10:00:00')",
    )
    .await
    else {
        return;
    };
    let mode = "ANSI,TRADITIONAL,PAD_CHAR_TO_FULL_LENGTH,NO_BACKSLASH_ESCAPES,HIGH_NOT_PRECEDENCE";
    let old = "SELECT CONCAT_WS('|', @@global.sql_mode, @@global.time_zone)";
    let row = sqlx::query(old).fetch_one(&mut silo.admin).await.unwrap();
    let old: String = row.try_get_unchecked(0).unwrap();
    let (old_mode, old_zone) = old.split_once('|').unwrap();
    let (old_mode, old_zone) = (old_mode.to_owned(), old_zone.to_owned());
    execute(&mut silo.admin, &format!("SET GLOBAL sql_mode = '{mode}', GLOBAL time_zone = '+05:45'")).await;
    let connector = super::super::open(&block(silo.url.clone())).unwrap();
    let bound = silo.question("t", &["c", "at"], Some(("c", Comparison::Equal, text("a"))));
    let rows = async { connector.fetch(&bound, &context()).await?.try_collect::<Vec<_>>().await }.await;
    let back = format!("SET GLOBAL sql_mode = '{old_mode}', GLOBAL time_zone = '{old_zone}'");
    execute(&mut silo.admin, &back).await;
    assert_eq!(shown(&rows.unwrap()), [["a", "2024-01-01T10:00:00Z"]]);
    silo.end().await;
}

#[tokio::test]
async fn each_refusal_has_its_kind_and_none_tells_a_password() {
    let Some(server) = server() else {
        return;
    };
    let (_, address) = server.reveal().rsplit_once('@').unwrap();
    let (address, _) = address.split_once('/').unwrap();
    for (url, tls, kind) in [
        // What MySQL asks a password by wants TLS.
        (format!("mysql://nobody:hidden@{address}/mysql"), Some("require"), ErrorKind::Denied),
        (format!("mysql://root@{address}/there_is_no_such"), None, ErrorKind::Unavailable),
        ("mysql://root:hidden@127.0.0.1:1/mysql".to_owned(), None, ErrorKind::Unavailable),
        (format!("mysql://root@{address}/mysql"), Some("verify"), ErrorKind::Unavailable),
    ] {
        let mut settings = block(Secret::new(url.clone()));
        if let Some(tls) = tls {
            let option = OptionValue::new(OptionKind::Text(Secret::new(tls)));
            settings.options.insert("tls".to_owned(), option);
        }
        let error = super::super::open(&settings).unwrap().describe().await.unwrap_err();
        assert_eq!(error.kind, kind, "{url} {error}");
        assert!(!format!("{error} {error:?}").contains("hidden"));
    }
}

#[tokio::test]
async fn a_server_that_accepts_and_says_nothing_is_unavailable() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let mut settings = block(Secret::new(format!("mysql://u:p@{address}/civil")));
    settings.tuning.connect_timeout = Duration::from_millis(50);
    let error = super::super::open(&settings).unwrap().ping().await.unwrap_err();
    assert_eq!((error.kind, error.temporary), (ErrorKind::Unavailable, false), "{error}");
    drop(listener);
}

#[tokio::test]
async fn the_databases_of_a_server_are_found_by_pattern() {
    let Some(silo) = Silo::new("CREATE TABLE t (id INT PRIMARY KEY); INSERT INTO t VALUES (1)").await else {
        return;
    };
    let mut settings = block(with_database(&silo.url, "x"));
    let url = silo.url.reveal().replace(&silo.name.replace('_', "%5F"), "lilong_unit_*");
    settings.name = "{name}_db".to_owned();
    settings.options.insert("url".to_owned(), OptionValue::new(OptionKind::Text(Secret::new(url))));
    let parts = (discover::DISCOVERY.parts)(&settings).await.unwrap();
    assert!(parts.contains(&silo.name) && !parts.contains(&"mysql".to_owned()), "{parts:?}");
    let narrowed = (discover::DISCOVERY.narrow)(&settings, &silo.name);
    assert_eq!(narrowed.name, format!("{}_db", silo.name));
    let description = super::super::open(&narrowed).unwrap().describe().await.unwrap();
    assert_eq!(description, silo.description);
    silo.end().await;
}
