//! Merged cells of an open document's sheets (ODS), which calamine does not tell.
//!
//! In: a workbook's bytes. Out: the regions of each sheet. *Invariant*: nothing is read but the places and sizes of cells.

use std::collections::BTreeMap;
use std::io::{BufReader, Cursor};

use calamine::Dimensions;
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::obstacle::Obstacle;

/// Rows and columns that a sheet has at most.
const MOST: u32 = 1 << 20;

/// The merged regions of each sheet, by its name.
pub(super) fn regions(bytes: &[u8]) -> Result<BTreeMap<String, Vec<Dimensions>>, Obstacle> {
    let broken = |error| Obstacle::Broken(Box::new(error));
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).map_err(broken)?;
    let content = archive.by_name("content.xml").map_err(broken)?;
    let mut reader = Reader::from_reader(BufReader::new(content));
    reader.config_mut().expand_empty_elements = true;
    let (mut all, mut buffer) = (BTreeMap::new(), Vec::new());
    let (mut name, mut found) = (String::new(), Vec::new());
    let (mut row, mut column, mut repeated) = (0u32, 0u32, 1u32);
    loop {
        buffer.clear();
        match reader.read_event_into(&mut buffer).map_err(|error| Obstacle::Broken(Box::new(error)))? {
            Event::Start(start) => match start.local_name().as_ref() {
                "table" => (name, row) = (text(&start, "name").unwrap_or_default(), 0),
                "table-row" => (repeated, column) = (number(&start, "number-rows-repeated"), 0),
                "table-cell" | "covered-table-cell" => {
                    let rows = number(&start, "number-rows-spanned");
                    let columns = number(&start, "number-columns-spanned");
                    if rows > 1 || columns > 1 {
                        let end = (row.saturating_add(rows - 1), column.saturating_add(columns - 1));
                        found.push(Dimensions { start: (row, column), end });
                    }
                    column = column.saturating_add(number(&start, "number-columns-repeated"));
                }
                _ => {}
            },
            Event::End(end) => match end.local_name().as_ref() {
                "table-row" => row = row.saturating_add(repeated),
                "table" => {
                    all.insert(std::mem::take(&mut name), std::mem::take(&mut found));
                }
                _ => {}
            },
            Event::Eof => return Ok(all),
            _ => {}
        }
    }
}

fn text(start: &BytesStart<'_>, name: &str) -> Option<String> {
    let found = start.attributes().flatten().find(|attribute| attribute.key.local_name().as_ref() == name)?;
    Some(quick_xml::escape::unescape(&found.value).ok()?.into_owned())
}

/// A count; 1 if there is none.
fn number(start: &BytesStart<'_>, name: &str) -> u32 {
    text(start, name).and_then(|text| text.parse().ok()).unwrap_or(1).clamp(1, MOST)
}
