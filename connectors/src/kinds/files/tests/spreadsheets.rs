//! Workbooks of other programs: XLS and ODS, with dates, merged cells, formulas that failed, hidden sheets, passwords.

use super::biff::{Is, Sheet, workbook};
use super::workbooks::archive;
use super::*;

const NAMES: &[Is] =
    &[Is::Text("id"), Is::Text("name"), Is::Text("born"), Is::Text("at"), Is::Text("sum"), Is::Text("done")];

fn people<'a>(rows: &'a [&'a [Is]]) -> Sheet<'a> {
    Sheet { name: "people", hidden: false, rows, merged: &[[1, 2, 1, 1]] }
}

#[tokio::test]
async fn an_old_workbook_is_read_with_its_dates_and_faults() {
    let rows: &[&[Is]] = &[
        NAMES,
        &[
            Is::Number(1.0),
            Is::Text("李"),
            Is::Date(36_925.0),
            Is::Moment(46_082.395_833_333_336),
            Is::Formula(3.5),
            Is::Boolean(true),
        ],
        &[Is::Number(2.0), Is::Nothing, Is::Error(0x07), Is::Nothing, Is::Failed(0x0F), Is::Boolean(false)],
        &[Is::Number(3.0), Is::Text("Wang"), Is::Date(36_926.0), Is::Nothing, Is::Formula(-1.0), Is::Nothing],
    ];
    let hidden = Sheet { name: "hidden", hidden: true, rows: &[NAMES], merged: &[] };
    let share = Share::new("a.xls").file("a.xls", workbook(&[people(rows), hidden], false));
    let connector = share.open();
    let (collections, warnings) = described(&*connector).await;
    assert_eq!(
        collections,
        ["people(id BigInt, name String, born Date, at LocalDateTime, sum Float, done Boolean)"],
        "{warnings:?}"
    );
    assert_eq!(
        warnings,
        [
            "a.xls, sheet people, row 3: `born` is not served: its formula came to #DIV/0!",
            "a.xls, sheet people, row 3: `sum` is not served: its formula came to #VALUE!",
        ]
    );
    let whole = collection(&*connector, "people").await;
    assert_eq!(
        rows_of(&*connector, &whole).await,
        ["1|李|2001-02-03|2026-03-01T09:30:00|3.5|true", "2|李|!|-|!|false", "3|Wang|2001-02-04|-|-1.0|-"]
    );
}

async fn rows_of(connector: &dyn Connector, whole: &Collection) -> Vec<String> {
    rows(connector, whole).await.unwrap()
}

#[tokio::test]
async fn old_workbooks_with_a_password_or_cut_off_say_so() {
    let rows: &[&[Is]] = &[NAMES, &[Is::Number(1.0)]];
    let whole = workbook(&[people(rows)], false);
    for (bytes, says) in [
        (workbook(&[people(rows)], true), "a.xls: it is protected by a password"),
        (whole[..1_800].to_vec(), "a.xls: it is damaged, or not whole yet"),
    ] {
        let share = Share::new("a.xls").file("a.xls", bytes);
        let error = share.open().describe().await.unwrap_err();
        assert!(message(&error, share.folder.path()).contains(says), "{error}");
    }
}

#[tokio::test]
async fn a_second_header_row_of_a_sheet_is_told_with_its_place() {
    let rows: &[&[Is]] = &[
        &[Is::Text("id"), Is::Text("born")],
        &[Is::Text("number"), Is::Text("day")],
        &[Is::Number(1.0), Is::Date(36_925.0)],
        &[Is::Number(2.0), Is::Date(36_926.0)],
    ];
    let sheet = Sheet { name: "people", hidden: false, rows, merged: &[] };
    let share = Share::new("a.xls").file("a.xls", workbook(&[sheet], false));
    let (_, warnings) = described(&*share.open()).await;
    assert!(
        warnings
            .iter()
            .any(|warning| warning.starts_with("a.xls, sheet people, row 2") && warning.contains("second header")),
        "{warnings:?}"
    );
    let share = share.with("skip", OptionKind::Integer(1));
    assert_eq!(described(&*share.open()).await, (vec!["people(id BigInt, born Date)".to_owned()], Vec::new()));
}

/// An open document with a sheet of these rows, and a hidden one.
fn open_document(rows: &str) -> Vec<u8> {
    let content = format!(
        "<office:document-content><office:automatic-styles><style:style style:name=\"h\">\
         <style:table-properties table:display=\"false\"/></style:style></office:automatic-styles><office:body>\
         <office:spreadsheet><table:table table:name=\"list\">{rows}</table:table><table:table table:name=\"hidden\" \
         table:style-name=\"h\">{rows}</table:table></office:spreadsheet></office:body></office:document-content>"
    );
    archive(&[
        ("mimetype", "application/vnd.oasis.opendocument.spreadsheet"),
        ("META-INF/manifest.xml", "<manifest:manifest/>"),
        ("content.xml", &content),
    ])
}

fn text_cell(more: &str, text: &str) -> String {
    format!("<table:table-cell office:value-type=\"string\" {more}><text:p>{text}</text:p></table:table-cell>")
}

fn number_cell(more: &str, value: i64) -> String {
    format!(
        "<table:table-cell office:value-type=\"float\" office:value=\"{value}\" {more}><text:p>{value}</text:p></table:table-cell>"
    )
}

#[tokio::test]
async fn merged_cells_of_an_open_document_share_their_value_and_bad_formulas_are_faults() {
    let failed =
        |text: &str| text_cell("table:formula=\"of:=1/0\" office:string-value=\"\" calcext:value-type=\"error\"", text);
    let row = |cells: &[String]| format!("<table:table-row>{}</table:table-row>", cells.concat());
    let rows = [
        "<table:table-row table:number-rows-repeated=\"2\"><table:table-cell/></table:table-row>".to_owned(),
        row(&["street", "id", "days", "note"].map(|name| text_cell("", name))),
        row(&[
            text_cell("table:number-rows-spanned=\"2\" table:number-columns-spanned=\"1\"", "Siping Road"),
            number_cell("", 1),
            number_cell("table:formula=\"of:=1+1\"", 2),
            "<table:table-cell table:number-columns-repeated=\"1020\"/>".to_owned(),
        ]),
        row(&[
            "<table:covered-table-cell/>".to_owned(),
            number_cell("", 2),
            failed("#DIV/0!"),
            "<table:table-cell table:formula=\"of:=[.A9]\"/>".to_owned(),
        ]),
        // A text that only looks like an error is a text.
        row(&[text_cell("", "Anshan Road"), number_cell("", 3), failed("Err:502"), text_cell("", "#N/A")]),
        "<table:table-row table:number-rows-repeated=\"1048000\"><table:table-cell/></table:table-row>".to_owned(),
    ];
    let share = Share::new("a.ods").file("a.ods", open_document(&rows.concat()));
    let connector = share.open();
    let (collections, warnings) = described(&*connector).await;
    assert_eq!(collections, ["list(street String, id BigInt, days BigInt, note String)"], "{warnings:?}");
    assert_eq!(
        warnings,
        [
            "a.ods, sheet list, row 5: `days` is not served: its formula came to #DIV/0!",
            "a.ods, sheet list, row 6: `days` is not served: its formula came to an error",
            "a.ods, sheet list, row 5: `note` is not served: its formula was never calculated",
        ]
    );
    let whole = collection(&*connector, "list").await;
    assert_eq!(rows_of(&*connector, &whole).await, ["Siping Road|1|2|-", "Siping Road|2|!|!", "Anshan Road|3|!|#N/A"]);
}
