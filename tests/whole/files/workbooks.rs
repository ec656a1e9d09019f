//! Workbooks: dates, merged cells, formulas, sheets that are hidden or empty, headers that begin late.

use lilong_tests::city::City;
use lilong_tests::in_process;
use rust_xlsxwriter::{ExcelDateTime, Format, Formula, Workbook};
use serde_json::json;

use super::{ask, catalog, data, serve};

fn day(text: &str) -> ExcelDateTime {
    ExcelDateTime::parse_from_str(text).unwrap()
}

#[tokio::test]
async fn dates_numbers_and_texts_are_what_people_see() {
    let city = City::empty();
    let mut book = Workbook::new();
    let sheet = book.add_worksheet().set_name("complaints").unwrap();
    let date = Format::new().set_num_format("yyyy-mm-dd");
    let moment = Format::new().set_num_format("yyyy-mm-dd hh:mm:ss");
    let time = Format::new().set_num_format("hh:mm");
    for (column, name) in (0..).zip(["Case No", "received", "at", "hour", "cost", "text", "done", "code"]) {
        sheet.write(0, column, name).unwrap();
    }
    for (row, (received, at, hour)) in (1..).zip([
        ("2026-03-01", "2026-03-01T09:30:15.250", "09:30"),
        ("1900-01-01", "1900-02-28T23:59:59", "00:00"),
        ("1900-03-01", "9999-12-31T12:00:00", "23:59"),
    ]) {
        sheet.write(row, 0, f64::from(row)).unwrap();
        sheet.write_with_format(row, 1, day(received), &date).unwrap();
        sheet.write_with_format(row, 2, day(at), &moment).unwrap();
        sheet.write_with_format(row, 3, day(hour), &time).unwrap();
        sheet.write(row, 4, f64::from(row) * 0.1 + 1.0).unwrap();
        sheet.write(row, 5, if row == 1 { "n/a" } else { "7" }).unwrap();
        sheet.write(row, 6, row == 1).unwrap();
        sheet.write(row, 7, format!("00{row}")).unwrap();
    }
    book.save(city.path("2026-03 complaints.xlsx")).unwrap();
    catalog(&city, "2026-03 complaints.xlsx", "[source.keys]\n\"complaints\" = [\"Case No\"]\n");
    let gateway = serve(&city).await;
    let rows =
        data(&gateway, "complaints(orderBy: [{caseNo: ASC}]) { caseNo received at hour cost text done code }").await;
    assert_eq!(
        rows["complaints"],
        json!([
            {"caseNo": 1, "received": "2026-03-01", "at": "2026-03-01T09:30:15.25", "hour": "09:30:00", "cost": 1.1,
                "text": "n/a", "done": true, "code": "001"},
            {"caseNo": 2, "received": "1900-01-01", "at": "1900-02-28T23:59:59", "hour": "00:00:00", "cost": 1.2,
                "text": "7", "done": false, "code": "002"},
            {"caseNo": 3, "received": "1900-03-01", "at": "9999-12-31T12:00:00", "hour": "23:59:00", "cost": 1.3,
                "text": "7", "done": false, "code": "003"},
        ])
    );
    let one = data(
        &gateway,
        "complaintsByPk(caseNo: 2) { code } complaintsAggregate { aggregate { count max { received } } }",
    );
    let one = one.await;
    assert_eq!(one["complaintsByPk"], json!({"code": "002"}));
    assert_eq!(one["complaintsAggregate"]["aggregate"], json!({"count": 3, "max": {"received": "2026-03-01"}}));
}

#[tokio::test]
async fn merged_cells_share_their_value_and_a_bad_formula_is_a_fault_of_its_cell() {
    let city = City::empty();
    let mut book = Workbook::new();
    let sheet = book.add_worksheet().set_name("list").unwrap();
    let plain = Format::new();
    sheet.merge_range(1, 1, 1, 4, "Complaints by street", &plain).unwrap();
    for (column, name) in (1..).zip(["street", "id", "days", "note"]) {
        sheet.write(3, column, name).unwrap();
    }
    sheet.merge_range(4, 1, 6, 1, "Siping Road", &plain).unwrap();
    for row in 4..=6 {
        sheet.write(row, 2, row - 3).unwrap();
    }
    sheet.write(4, 3, Formula::new("=1+1").set_result("2")).unwrap();
    sheet.write(5, 3, Formula::new("=1/0").set_result("#DIV/0!")).unwrap();
    sheet.write(7, 1, "Anshan Road").unwrap();
    sheet.write(7, 2, 4).unwrap();
    sheet.write(7, 3, 5).unwrap();
    let hidden = book.add_worksheet().set_name("hidden").unwrap();
    hidden.write(0, 0, "id").unwrap();
    hidden.write(1, 0, 1).unwrap();
    hidden.set_hidden(true);
    book.add_worksheet().set_name("empty").unwrap();
    book.save(city.path("a.xlsx")).unwrap();
    catalog(&city, "a.xlsx", "header = 4\n");
    let described = in_process::describe(city.folder()).await;
    let described = &described["s"];
    assert_eq!(described.collections.len(), 1);
    assert_eq!(
        described.warnings,
        [
            "a.xlsx, sheet list, row 6: `days` is not served: its formula came to #DIV/0!",
            "a.xlsx, empty is left out: it is empty",
        ]
    );
    let gateway = serve(&city).await;
    let answer = ask(&gateway, "{ s { list { street id days } } }").await;
    assert_eq!(
        answer["data"]["s"]["list"],
        json!([
            {"street": "Siping Road", "id": 1, "days": 2},
            {"street": "Siping Road", "id": 2, "days": null},
            {"street": "Siping Road", "id": 3, "days": null},
            {"street": "Anshan Road", "id": 4, "days": 5},
        ])
    );
    let errors = answer["errors"].as_array().unwrap();
    assert_eq!(errors.len(), 1, "an empty cell is no fault: {answer}");
    assert_eq!(errors[0]["path"], json!(["s", "list", 1, "days"]));
    assert_eq!(errors[0]["extensions"]["code"], "SOURCE_MISMATCH");
}

#[tokio::test]
async fn sheets_of_many_workbooks_are_collections_of_their_own() {
    let city = City::empty();
    for (file, sheets) in [("north", &["people", "streets"][..]), ("south", &["people"])] {
        let mut book = Workbook::new();
        for name in sheets {
            let sheet = book.add_worksheet().set_name(*name).unwrap();
            sheet.write(0, 0, "id").unwrap();
            sheet.write(1, 0, 7).unwrap();
        }
        std::fs::create_dir_all(city.path("in")).unwrap();
        book.save(city.path(&format!("in/{file}.xlsx"))).unwrap();
    }
    let names = |described: &lilong_schema::SourceDescription| {
        described.collections.iter().map(|collection| collection.name.clone()).collect::<Vec<_>>()
    };
    catalog(&city, "in/*.xlsx", "");
    let all = in_process::describe(city.folder()).await;
    assert_eq!(names(&all["s"]), ["north.people", "north.streets", "south.people"]);
    let gateway = serve(&city).await;
    assert_eq!(data(&gateway, "northStreets { id }").await, json!({"northStreets": [{"id": 7}]}));
    catalog(&city, "in/*.xlsx", "sheet = \"people\"\n");
    assert_eq!(names(&in_process::describe(city.folder()).await["s"]), ["north", "south"]);
    catalog(&city, "in/*.xlsx", "sheet = \"people\"\ncollection = \"people\"\n");
    let gateway = serve(&city).await;
    let rows = data(&gateway, "people(orderBy: [{file: DESC}]) { id file }").await;
    assert_eq!(rows["people"], json!([{"id": 7, "file": "south.xlsx"}, {"id": 7, "file": "north.xlsx"}]));
}

#[tokio::test]
async fn a_workbook_that_would_grow_too_large_is_refused_by_the_name_of_the_setting() {
    let city = City::empty();
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    for row in 0..5_000 {
        sheet.write(row, 0, "the same text in every row".repeat(10)).unwrap();
    }
    book.save(city.path("a.xlsx")).unwrap();
    for (bytes, says) in [(20_000, "inflated, it takes"), (800_000, "what it holds takes")] {
        catalog(&city, "a.xlsx", &format!("table_bytes = {bytes}\n"));
        let said = lilong_tests::program::run(&["check", city.folder().to_str().unwrap()]);
        let expected = format!("{says} more than {bytes} bytes; `table_bytes` allows more");
        assert!(said.code == Some(3) && said.stdout.contains(&expected), "{said:?}");
    }
}
