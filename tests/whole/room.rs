//! A process that may open few files, before many files and many clients.
#![allow(clippy::unwrap_used)]

use lilong_tests::city::City;
use lilong_tests::program::Running;
use serde_json::{Value, json};

/// Sources; each may have eight connections, so that all of them would take more than twice what the process may open.
const SOURCES: usize = 60;
const CLIENTS: usize = 40;
const FILES: usize = 200;

const CATALOG: &str = r#"
[server.limits]
deadline = "120s"
[defaults]
timeout = "120s"
wait_timeout = "120s"
[[discover]]
connector = "sqlite"
path = "silos/*.sqlite"
[[union]]
name = "item"
members = ["s*.item"]
"#;

#[test]
fn fetches_wait_for_room_where_few_files_may_be_open() {
    let city = City::empty();
    for number in 0..SOURCES {
        city.database(
            &format!("silos/s{number}.sqlite"),
            &format!(
                "CREATE TABLE item (id INTEGER PRIMARY KEY, name TEXT); INSERT INTO item VALUES ({number}, 'n{number}')"
            ),
        );
    }
    city.write("lilong.toml", CATALOG);
    let running = Running::within_files(city.folder(), FILES);
    let ask = |number: usize| -> Value {
        // Each asks something else, so that nothing is asked in common.
        running.ask(&format!("{{ item(where: {{ id: {{ _lt: {} }} }}) {{ id }} }}", SOURCES + number))
    };
    let every: Vec<Value> = (0..SOURCES).map(|id| json!({"id": id})).collect();
    let whole = json!({"data": {"item": every}});
    std::thread::scope(|scope| {
        let asking: Vec<_> = (0..CLIENTS).map(|number| scope.spawn(move || ask(number))).collect();
        for answer in asking {
            assert_eq!(sorted(answer.join().unwrap()), whole);
        }
    });
    assert_eq!(sorted(ask(CLIENTS)), whole);
}

fn sorted(mut answer: Value) -> Value {
    if let Some(rows) = answer["data"]["item"].as_array_mut() {
        rows.sort_by_key(|row| row["id"].as_u64());
    }
    answer
}
