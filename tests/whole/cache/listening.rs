//! What a PostgreSQL database tells of its changes is heard, and a lost connection is taken for any change.

use lilong_tests::city::City;
use lilong_tests::engine::{Engine, Silo};
use lilong_tests::program::Running;
use serde_json::{Value, json};

const NAMES: &str = "{ civil { streetByPk(id: 1) { name } } }";
const OTHER: &str = "{ civil { streetByPk(id: 2) { name } } }";

async fn say(silo: &Silo, statement: &str) {
    silo.run(&[statement.to_owned()]).await;
}

/// Waits until the gateway listens.
async fn until_heard(silo: &Silo) {
    let listening = "SELECT count(*)::text FROM pg_stat_activity
                     WHERE datname = current_database() AND query LIKE 'LISTEN %' AND state = 'idle'";
    while silo.rows(listening).await != [[Some("1".to_owned())]] {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_database_tells_of_its_changes_is_forgotten() {
    if !Engine::Postgres.is_there("what_a_database_tells_of_its_changes_is_forgotten") {
        return;
    }
    let city = City::empty();
    let silo = Engine::Postgres.silo(city.folder(), "listening").await;
    say(&silo, "CREATE TABLE street (id integer PRIMARY KEY, name text)").await;
    say(&silo, "INSERT INTO street VALUES (1, 'a'), (2, 'a')").await;
    let block = format!(
        "{}cache = \"1h\"\nlisten_channel = \"of_lilong\"\n",
        silo.source("civil").trim_end().to_owned() + "\n"
    );
    city.write("lilong.toml", &block);
    let running = Running::serve(city.folder());
    until_heard(&silo).await;
    let named = |name: &str| json!({"data": {"civil": {"streetByPk": {"name": name}}}});
    // What was kept before it was listened to has been forgotten by now, or is not there yet.
    let heard = |query: &str, name: &str| {
        let wanted: Value = named(name);
        assert_eq!(running.ask_until(query, |answer| *answer == wanted), wanted);
    };
    let (mut last, mut number) = ("a".to_owned(), 0);
    running.ask(NAMES);
    running.ask(OTHER);
    for message in ["", "street", r#"{"collection": "street"}"#, r#"{"collection": "street", "key": {"id": 1}}"#, "{?"]
    {
        heard(NAMES, &last);
        number += 1;
        let name = format!("n{number}");
        say(&silo, &format!("UPDATE street SET name = '{name}'")).await;
        // That the connection stands makes all forgotten once, perhaps only now.
        if number > 1 {
            assert_eq!(running.ask(NAMES), named(&last), "kept until it is told");
        }
        say(&silo, &format!("NOTIFY of_lilong, '{message}'")).await;
        heard(NAMES, &name);
        let other = if message.contains("key") { &last } else { &name };
        heard(OTHER, other);
        last = name;
    }
    say(&silo, "UPDATE street SET name = 'lost'").await;
    assert_eq!(running.ask(NAMES), named(&last));
    let lose = "SELECT pg_terminate_backend(pid)::text FROM pg_stat_activity
                WHERE datname = current_database() AND query LIKE 'LISTEN %'";
    assert_eq!(silo.rows(lose).await, [[Some("true".to_owned())]]);
    heard(NAMES, "lost");
    until_heard(&silo).await;
    heard(NAMES, "lost");
    say(&silo, "UPDATE street SET name = 'back'").await;
    say(&silo, "NOTIFY of_lilong, 'street'").await;
    heard(NAMES, "back");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_triggers_tell_by_the_names_and_values_of_the_database_is_forgotten() {
    if !Engine::Postgres.is_there("what_triggers_tell_by_the_names_and_values_of_the_database_is_forgotten") {
        return;
    }
    let city = City::empty();
    let silo = Engine::Postgres.silo(city.folder(), "telling").await;
    // Each row tells of itself by the name of its table, which of a partitioned one is the partition's.
    let told = "json_build_object('collection', tg_table_name, 'key', json_build_object('code', new.code))::text";
    let tell = format!(
        "CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS
         $$ BEGIN PERFORM pg_notify('of_lilong', {told}); RETURN NULL; END $$"
    );
    for statement in [
        "CREATE TABLE district (code char(10) PRIMARY KEY, name text) PARTITION BY LIST (code)",
        "CREATE TABLE district_1 PARTITION OF district FOR VALUES IN ('A1')",
        "CREATE TABLE street (code char(10) PRIMARY KEY, name text)",
        "INSERT INTO district VALUES ('A1', 'a')",
        "INSERT INTO street VALUES ('A1', 'a'), ('B2', 'a')",
        &tell,
        "CREATE TRIGGER tell AFTER UPDATE ON district FOR EACH ROW EXECUTE FUNCTION tell()",
        "CREATE TRIGGER tell AFTER UPDATE ON street FOR EACH ROW EXECUTE FUNCTION tell()",
    ] {
        say(&silo, statement).await;
    }
    let source = silo.source("civil");
    city.write("lilong.toml", &format!("{}\ncache = \"1h\"\nlisten_channel = \"of_lilong\"\n", source.trim_end()));
    let running = Running::serve(city.folder());
    until_heard(&silo).await;
    for collection in ["district", "street"] {
        let query = format!("{{ civil {{ {collection}ByPk(code: \"A1\") {{ name }} }} }}");
        for name in ["b", "c"] {
            running.ask(&query);
            say(&silo, &format!("UPDATE {collection} SET name = '{name}' WHERE code = 'A1'")).await;
            let wanted = json!({"data": {"civil": {(format!("{collection}ByPk")): {"name": name}}}});
            assert_eq!(running.ask_until(&query, |answer| *answer == wanted), wanted);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_member_told_of_its_values_is_forgotten_where_no_answer_is_kept() {
    if !Engine::Postgres.is_there("what_a_member_told_of_its_values_is_forgotten_where_no_answer_is_kept") {
        return;
    }
    let city = City::empty();
    let silo = Engine::Postgres.silo(city.folder(), "pruned").await;
    say(&silo, "CREATE TABLE item (id integer PRIMARY KEY)").await;
    say(&silo, "INSERT INTO item VALUES (1)").await;
    let source = silo.source("civil");
    let union = "[[union]]\nname = \"item\"\nmembers = [\"civil.item\"]\nprune = \"1h\"\n";
    city.write("lilong.toml", &format!("{}\nlisten_channel = \"of_lilong\"\n{union}", source.trim_end()));
    let running = Running::serve(city.folder());
    until_heard(&silo).await;
    let query = "{ item(where: { id: { _gt: 1 } }) { id } }";
    assert_eq!(running.ask(query), json!({"data": {"item": []}}));
    say(&silo, "INSERT INTO item VALUES (2)").await;
    say(&silo, "NOTIFY of_lilong, 'item'").await;
    let wanted = json!({"data": {"item": [{"id": 2}]}});
    assert_eq!(running.ask_until(query, |answer| *answer == wanted), wanted);
}
