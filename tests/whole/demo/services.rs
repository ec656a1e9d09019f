//! What the demo's services are asked: a request for each level of a question, however many residents it is about.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use lilong_tests::program::{self, Running};
use lilong_tests::proxy::Proxy;
use serde_json::Value;

use super::{district, start};

/// The file that says where a service is.
fn address_file(folder: &Path, service: &str) -> PathBuf {
    folder.join(format!("services/{service}/url.txt"))
}

fn address(url: &str) -> SocketAddr {
    url.trim().strip_prefix("http://").unwrap().split('/').next().unwrap().parse().unwrap()
}

/// Puts a proxy that counts in front of a service.
fn counted(folder: &Path, service: &str) -> Proxy {
    let file = address_file(folder, service);
    let url = std::fs::read_to_string(&file).unwrap();
    let proxy = Proxy::new(address(&url));
    std::fs::write(&file, url.replace(&address(&url).to_string(), &proxy.address.to_string())).unwrap();
    proxy
}

fn of_residents(count: usize) -> String {
    format!(
        "{{ civil {{ resident(limit: {count}, orderBy: [{{ id: ASC }}]) {{
            libraryCards {{ loans {{ title }} }}
            sportsMember {{ visits {{ venue {{ name }} }} }}
            mealCustomer {{ canteen {{ name }} meals {{ dish }} }}
        }} }} }}"
    )
}

#[test]
fn services_are_asked_once_a_level_not_once_a_resident() {
    let (folder, _) = district(None, Some(400));
    let _running = start(folder.path());
    let (library, sports) = (counted(folder.path(), "library"), counted(folder.path(), "sports"));
    let gateway = Running::serve(folder.path());
    for count in [1, 100] {
        let before = (library.requests(), sports.requests());
        let answer = gateway.ask(&of_residents(count));
        assert!(answer.get("errors").is_none(), "{answer:#}");
        let residents = answer["data"]["civil"]["resident"].as_array().unwrap();
        assert_eq!(residents.len(), count);
        // Readers and their loans; members, their visits and the venues of these.
        let asked = (library.requests() - before.0, sports.requests() - before.1);
        assert_eq!(asked, (2, 3), "for {count} residents");
        let with = |path: &str| residents.iter().filter(|one| one.pointer(path).is_some_and(is_there)).count();
        for path in ["/libraryCards/0/loans/0", "/sportsMember/visits/0/venue/name", "/mealCustomer/meals/0/dish"] {
            let least = if count == 1 { 1 } else { 4 };
            assert!(with(path) >= least, "{} of {count} have {path}", with(path));
        }
    }
}

fn is_there(value: &Value) -> bool {
    !value.is_null()
}

#[test]
fn without_the_demo_its_services_are_silent_and_the_rest_answers() {
    let (folder, _) = district(None, Some(100));
    let running = start(folder.path());
    let said = program::run(&["describe", folder.path().to_str().unwrap()]);
    assert_eq!(said.code, Some(0), "{}{}", said.stdout, said.stderr);
    drop(running);
    for service in ["library", "sports"] {
        let text = std::fs::read_to_string(address_file(folder.path(), service)).unwrap();
        assert_eq!(text, "http://127.0.0.1:1/\n");
    }
    let question = folder.path().join("questions/1.graphql");
    let said = program::run(&["query", folder.path().to_str().unwrap(), question.to_str().unwrap()]);
    assert_eq!(said.code, Some(3), "{}{}", said.stdout, said.stderr);
    let answer: Value = serde_json::from_str(&said.stdout).unwrap();
    let mut silent: Vec<_> = answer["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| (error["extensions"]["source"].as_str().unwrap(), error["extensions"]["code"].as_str().unwrap()))
        .collect();
    silent.sort_unstable();
    assert_eq!(silent, [("library", "SOURCE_UNAVAILABLE"), ("sports", "SOURCE_UNAVAILABLE")]);
    let resident = &answer["data"]["civil"]["resident"][0];
    assert!(resident["libraryCards"].is_null() && resident["sportsMember"].is_null());
    assert!(is_there(&resident["mealCustomer"]["diet"]) && is_there(&resident["healthRecord"]));
}
