//! A share that a department drops its workbooks into, through the program and over HTTP.

use std::path::Path;

use lilong_tests::city::City;
use lilong_tests::program::{self, Running};
use rust_xlsxwriter::Workbook;
use serde_json::{Value, json};

fn workbook(path: &Path, rows: &[(u32, &str)]) {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet().set_name("cases").unwrap();
    sheet.write(0, 0, "id").unwrap();
    sheet.write(0, 1, "street").unwrap();
    for (row, (id, street)) in (1..).zip(rows) {
        sheet.write(row, 0, *id).unwrap();
        sheet.write(row, 1, *street).unwrap();
    }
    // As a copying program does: beside it first, then in its place.
    let beside = path.with_extension("part");
    book.save(&beside).unwrap();
    std::fs::rename(beside, path).unwrap();
}

fn health(running: &Running, source: &str) -> Value {
    let all = program::get(running.admin.unwrap(), "/health/sources", &[]).json();
    let found = all["sources"].as_array().unwrap().iter().find(|found| found["name"] == source).cloned();
    found.unwrap_or_else(|| panic!("{all}"))
}

#[test]
fn a_dropped_workbook_is_served_as_it_is_now_and_half_of_one_is_not() {
    let city = City::empty();
    std::fs::create_dir_all(city.path("sheets")).unwrap();
    let path = city.path("sheets/2026-03 complaints.xlsx");
    workbook(&path, &[(1, "Siping Road"), (2, "Anshan Road")]);
    workbook(&city.path("sheets/other.xlsx"), &[(9, "Jiangpu Road")]);
    city.write("sheets/~$other.xlsx", "somebody has it open");
    city.write(
        "lilong.toml",
        "[[discover]]\nconnector = \"files\"\npath = \"sheets/*.xlsx\"\nname = \"sheet_{name}\"\n\n[discover.keys]\n\"cases\" = [\"id\"]\n",
    );
    let running = Running::serve(city.folder());
    let one = "{ sheet202603Complaints { casesByPk(id: 2) { street } casesAggregate { aggregate { count } } } }";
    let expect = |street: &str, count: u32| {
        json!({"data": {"sheet202603Complaints": {
            "casesByPk": {"street": street}, "casesAggregate": {"aggregate": {"count": count}},
        }}})
    };
    assert_eq!(running.ask_until(one, |answer| answer.get("errors").is_none()), expect("Anshan Road", 2));
    let as_of = health(&running, "sheet_2026-03 complaints")["asOf"].clone();
    assert!(as_of.as_str().is_some_and(|text| text.ends_with('Z')), "{as_of}");
    assert_eq!(health(&running, "sheet_other")["asOf"], Value::Null, "it has not been read");

    workbook(&path, &[(1, "Siping Road"), (2, "Kongjiang Road"), (3, "Siping Road")]);
    assert_eq!(running.ask(one), expect("Kongjiang Road", 3));

    let whole = std::fs::read(&path).unwrap();
    std::fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    let answer = running.ask("{ sheet202603Complaints { cases { id } } sheetOther { cases { id } } }");
    assert_eq!(answer["data"], json!({"sheet202603Complaints": {"cases": null}, "sheetOther": {"cases": [{"id": 9}]}}));
    assert_eq!(answer["errors"][0]["extensions"]["code"], "SOURCE_UNAVAILABLE");
    let told = answer["errors"][0]["message"].as_str().unwrap();
    assert!(!told.contains("xlsx") && !told.contains('/'), "{told}");

    std::fs::write(&path, whole).unwrap();
    assert_eq!(running.ask_until(one, |answer| answer.get("errors").is_none()), expect("Kongjiang Road", 3));
    std::fs::remove_file(&path).unwrap();
    assert_eq!(running.ask(one)["errors"][0]["extensions"]["code"], "SOURCE_UNAVAILABLE");
    workbook(&path, &[(2, "Anshan Road")]);
    assert_eq!(running.ask_until(one, |answer| answer.get("errors").is_none()), expect("Anshan Road", 1));
}

#[test]
fn hundreds_of_files_are_one_block() {
    let city = City::empty();
    for number in 0..300 {
        city.write(&format!("in/office_{number:03}.csv"), &format!("id,name\n{number},office {number}\n"));
    }
    city.write(
        "lilong.toml",
        "[[discover]]\nconnector = \"files\"\npath = \"in/*.csv\"\ncollection = \"office\"\n\n[[union]]\nname = \"office\"\nmembers = [\"*.office\"]\n",
    );
    let said = program::run(&["check", city.folder().to_str().unwrap()]);
    assert_eq!((said.code, said.stdout.as_str()), (Some(0), "300 sources, 300 collections: no problems\n"), "{said:?}");
    let running = Running::serve(city.folder());
    assert_eq!(
        running.ask("{ office(where: {id: {_gte: 298}}) { name _source } officeAggregate { aggregate { count } } }"),
        json!({"data": {"office": [
            {"name": "office 298", "_source": "office_298"}, {"name": "office 299", "_source": "office_299"},
        ], "officeAggregate": {"aggregate": {"count": 300}}}})
    );
}
