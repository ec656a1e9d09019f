//! Workbooks made byte by byte: what no program that writes them well would make.

use std::io::{Cursor, Write};

use zip::write::SimpleFileOptions;

use super::*;

/// An archive of parts.
pub(super) fn archive(parts: &[(&str, &str)]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in parts {
        writer.start_file(*name, SimpleFileOptions::default()).unwrap();
        writer.write_all(content.as_bytes()).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// An XLSX workbook of one sheet with that content.
fn xlsx(sheet: &str) -> Vec<u8> {
    const MAIN: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    const LINKS: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    const PACKAGE: &str = "http://schemas.openxmlformats.org/package/2006/relationships";
    let book = format!(
        "<workbook xmlns=\"{MAIN}\" xmlns:r=\"{LINKS}\"><sheets><sheet name=\"one\" sheetId=\"1\" r:id=\"r1\"/></sheets></workbook>"
    );
    let links = format!(
        "<Relationships xmlns=\"{PACKAGE}\"><Relationship Id=\"r1\" Type=\"{LINKS}/worksheet\" Target=\"worksheets/sheet1.xml\"/></Relationships>"
    );
    let root = format!(
        "<Relationships xmlns=\"{PACKAGE}\"><Relationship Id=\"r1\" Type=\"{LINKS}/officeDocument\" Target=\"xl/workbook.xml\"/></Relationships>"
    );
    let sheet = format!("<worksheet xmlns=\"{MAIN}\">{sheet}</worksheet>");
    archive(&[
        ("_rels/.rels", &root),
        ("xl/workbook.xml", &book),
        ("xl/_rels/workbook.xml.rels", &links),
        ("xl/worksheets/sheet1.xml", &sheet),
    ])
}

const HEADER: &str = "<row r=\"1\"><c r=\"A1\" t=\"str\"><v>id</v></c><c r=\"B1\" t=\"str\"><v>sum</v></c></row>";

#[tokio::test]
async fn a_formula_that_was_never_calculated_is_a_fault() {
    let sheet = format!(
        "<sheetData>{HEADER}<row r=\"2\"><c r=\"A2\"><v>1</v></c><c r=\"B2\"><f>A2+1</f></c></row>\
         <row r=\"3\"><c r=\"A3\"><v>2</v></c><c r=\"B3\"><f>A3+1</f><v>3</v></c></row>\
         <row r=\"4\"><c r=\"A4\"><v>3</v></c></row></sheetData>"
    );
    let share = Share::new("a.xlsx").file("a.xlsx", xlsx(&sheet));
    let connector = share.open();
    let whole = collection(&*connector, "one").await;
    assert_eq!(rows(&*connector, &whole).await.unwrap(), ["1|!", "2|3", "3|-"]);
    assert_eq!(
        described(&*connector).await.1,
        ["a.xlsx, sheet one, row 2: `sum` is not served: its formula was never calculated"]
    );
}

#[tokio::test]
async fn cells_far_apart_take_no_more_than_their_own_place() {
    let sheet = format!("<sheetData>{HEADER}<row r=\"1048576\"><c r=\"XFD1048576\"><v>1</v></c></row></sheetData>");
    let share = Share::new("a.xlsx").file("a.xlsx", xlsx(&sheet));
    let whole = collection(&*share.open(), "one").await;
    assert_eq!((whole.fields.len(), whole.rows), (3, Some(1)));
}

#[tokio::test]
async fn an_archive_is_inflated_no_further_than_its_bound() {
    let zeros = "0".repeat(5_000_000);
    let bomb = archive(&[("xl/workbook.xml", "<workbook/>"), ("xl/media/1.png", &zeros)]);
    assert!(bomb.len() < 50_000, "{}", bomb.len());
    let share = Share::new("a.xlsx").file("a.xlsx", bomb).with("table_bytes", OptionKind::Integer(1_000_000));
    let error = share.open().describe().await.unwrap_err().to_string();
    assert!(error.ends_with("inflated, it takes more than 1000000 bytes; `table_bytes` allows more"), "{error}");
}

#[tokio::test]
async fn what_is_no_open_workbook_says_what_it_is() {
    let ole = b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1".to_vec();
    let encrypted: Vec<u8> = "EncryptedPackage".encode_utf16().flat_map(u16::to_le_bytes).collect();
    for (bytes, says) in [
        ([ole.clone(), vec![0; 600], encrypted].concat(), "it is protected by a password"),
        ([ole, vec![0; 600]].concat(), "it is damaged, or not whole yet"),
        (archive(&[("word/document.xml", "<document/>")]), "it is another archive (ZIP), not a workbook"),
        (archive(&[("xl/workbook.bin", "")]), "it is a binary workbook (XLSB), not a workbook"),
        (xlsx("<sheetData><row r=\"1\"><c r=\"A1\"><v>1</v>"), "it is damaged, or not whole yet"),
    ] {
        let share = Share::new("a.xls").file("a.xls", &bytes);
        match share.open().describe().await {
            Err(error) => assert!(error.to_string().contains(says), "{error}"),
            Ok(description) => {
                assert!(description.warnings.iter().any(|warning| warning.contains(says)), "{says}: {description:?}");
                assert_eq!(description.collections, []);
            }
        }
    }
}

#[tokio::test]
async fn an_open_document_sheet_is_read_with_its_dates() {
    let cell = |kind: &str, value: &str, text: &str| {
        format!("<table:table-cell office:value-type=\"{kind}\" {value}><text:p>{text}</text:p></table:table-cell>")
    };
    let row = |cells: &[String]| format!("<table:table-row>{}</table:table-row>", cells.concat());
    let names = ["id", "name", "born", "at", "hour", "done"].map(|name| cell("string", "", name));
    let values = [
        cell("float", "office:value=\"1\"", "1"),
        cell("string", "", "Li"),
        cell("date", "office:date-value=\"2001-02-03\"", "3.2.01"),
        cell("date", "office:date-value=\"2026-03-01T09:30:00\"", "1.3.26"),
        cell("time", "office:time-value=\"PT09H30M00S\"", "9:30"),
        cell("boolean", "office:boolean-value=\"true\"", "TRUE"),
    ];
    let content = format!(
        "<office:document-content><office:body><office:spreadsheet><table:table table:name=\"people\">{}{}</table:table>\
         </office:spreadsheet></office:body></office:document-content>",
        row(&names),
        row(&values)
    );
    let book = archive(&[
        ("mimetype", "application/vnd.oasis.opendocument.spreadsheet"),
        ("META-INF/manifest.xml", "<manifest:manifest/>"),
        ("content.xml", &content),
    ]);
    let share = Share::new("a.ods").file("a.ods", book);
    let connector = share.open();
    let (collections, warnings) = described(&*connector).await;
    assert_eq!(
        collections,
        ["people(id BigInt, name String, born Date, at LocalDateTime, hour Time, done Boolean)"],
        "{warnings:?}"
    );
    let whole = collection(&*connector, "people").await;
    assert_eq!(rows(&*connector, &whole).await.unwrap(), ["1|Li|2001-02-03|2026-03-01T09:30:00|09:30:00|true"]);
}
