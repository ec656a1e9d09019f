//! Writes a workbook: what Office Open XML asks for at least, and nothing else.
//!
//! In: sheets of rows of cells. Out: the bytes of an XLSX file. *Invariant*: the same sheets give the same bytes.

use std::fmt::Write as _;
use std::io::{self, Cursor, Write as _};

use chrono::NaiveDate;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

/// One cell.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Cell {
    Empty,
    Text(String),
    Number(u32),
    Date(NaiveDate),
}

/// A sheet: its name and its rows.
pub(super) struct Sheet {
    pub(super) name: &'static str,
    pub(super) rows: Vec<Vec<Cell>>,
}

const HEAD: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n";
const SPREADSHEET: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
const RELATIONS: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
const PACKAGE: &str = "http://schemas.openxmlformats.org/package/2006";
const KIND: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml";

/// Two styles: as it comes, and as a date.
const STYLES: &str = "<fonts count=\"1\"><font/></fonts>\
    <fills count=\"2\"><fill><patternFill patternType=\"none\"/></fill><fill><patternFill patternType=\"gray125\"/></fill></fills>\
    <borders count=\"1\"><border/></borders>\
    <cellStyleXfs count=\"1\"><xf/></cellStyleXfs>\
    <cellXfs count=\"2\"><xf/><xf numFmtId=\"14\" applyNumberFormat=\"1\"/></cellXfs>";

/// The file.
pub(super) fn write(sheets: &[Sheet]) -> io::Result<Vec<u8>> {
    let mut file = ZipWriter::new(Cursor::new(Vec::new()));
    // A moment of its own would make other bytes each time.
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .last_modified_time(DateTime::default());
    let mut part = |name: &str, text: &str| {
        file.start_file(name, options)?;
        file.write_all(HEAD.as_bytes())?;
        file.write_all(text.as_bytes())
    };
    let each = |line: &dyn Fn(usize, &Sheet) -> String| -> String {
        (1..).zip(sheets).map(|(number, sheet)| line(number, sheet)).collect()
    };
    let types = each(&|number, _| {
        format!("<Override PartName=\"/xl/worksheets/sheet{number}.xml\" ContentType=\"{KIND}.worksheet+xml\"/>")
    });
    part(
        "[Content_Types].xml",
        &format!(
            "<Types xmlns=\"{PACKAGE}/content-types\">\
             <Default Extension=\"rels\" ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/>\
             <Override PartName=\"/xl/workbook.xml\" ContentType=\"{KIND}.sheet.main+xml\"/>\
             <Override PartName=\"/xl/styles.xml\" ContentType=\"{KIND}.styles+xml\"/>{types}</Types>"
        ),
    )?;
    let relation = |number: usize, kind: &str, target: &str| {
        format!("<Relationship Id=\"rId{number}\" Type=\"{RELATIONS}/{kind}\" Target=\"{target}\"/>")
    };
    let relations = |inside: &str| format!("<Relationships xmlns=\"{PACKAGE}/relationships\">{inside}</Relationships>");
    part("_rels/.rels", &relations(&relation(1, "officeDocument", "xl/workbook.xml")))?;
    let all = each(&|number, _| relation(number, "worksheet", &format!("worksheets/sheet{number}.xml")));
    let styles = relation(sheets.len() + 1, "styles", "styles.xml");
    part("xl/_rels/workbook.xml.rels", &relations(&(all + &styles)))?;
    let names = each(&|number, sheet| {
        format!("<sheet name=\"{}\" sheetId=\"{number}\" r:id=\"rId{number}\"/>", escaped(sheet.name))
    });
    part(
        "xl/workbook.xml",
        &format!("<workbook xmlns=\"{SPREADSHEET}\" xmlns:r=\"{RELATIONS}\"><sheets>{names}</sheets></workbook>"),
    )?;
    part("xl/styles.xml", &format!("<styleSheet xmlns=\"{SPREADSHEET}\">{STYLES}</styleSheet>"))?;
    for (number, sheet) in (1..).zip(sheets) {
        let text =
            format!("<worksheet xmlns=\"{SPREADSHEET}\"><sheetData>{}</sheetData></worksheet>", rows(&sheet.rows));
        part(&format!("xl/worksheets/sheet{number}.xml"), &text)?;
    }
    Ok(file.finish()?.into_inner())
}

fn rows(rows: &[Vec<Cell>]) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    for (row, cells) in (1..).zip(rows) {
        let _ = write!(text, "<row r=\"{row}\">");
        for (column, cell) in ('A'..='Z').zip(cells) {
            let _ = match cell {
                Cell::Empty => Ok(()),
                Cell::Text(value) => {
                    write!(text, "<c r=\"{column}{row}\" t=\"inlineStr\"><is><t>{}</t></is></c>", escaped(value))
                }
                Cell::Number(value) => write!(text, "<c r=\"{column}{row}\"><v>{value}</v></c>"),
                Cell::Date(day) => write!(text, "<c r=\"{column}{row}\" s=\"1\"><v>{}</v></c>", serial(*day)),
            };
        }
        text.push_str("</row>");
    }
    text
}

/// A day as workbooks count them.
fn serial(day: NaiveDate) -> i64 {
    const EPOCH: NaiveDate = match NaiveDate::from_ymd_opt(1899, 12, 30) {
        Some(date) => date,
        None => NaiveDate::MIN,
    };
    (day - EPOCH).num_days()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn cells_stand_where_they_belong_and_text_cannot_break_out() {
        let day = NaiveDate::from_ymd_opt(2026, 10, 15).unwrap();
        let cells = [Cell::Text("<a> & \"b\"".to_owned()), Cell::Empty, Cell::Number(7), Cell::Date(day)];
        assert_eq!(
            rows(&[vec![Cell::Empty], cells.to_vec()]),
            "<row r=\"1\"></row><row r=\"2\">\
             <c r=\"A2\" t=\"inlineStr\"><is><t>&lt;a&gt; &amp; &quot;b&quot;</t></is></c>\
             <c r=\"C2\"><v>7</v></c><c r=\"D2\" s=\"1\"><v>46310</v></c></row>"
        );
    }

    #[test]
    fn the_same_sheets_give_the_same_bytes() {
        let bytes = || write(&[Sheet { name: "one", rows: vec![vec![Cell::Number(1)]] }]).unwrap();
        assert_eq!(bytes(), bytes());
    }
}
