//! JSON lines: an object on each line, its members the columns in the order they first appear.
//!
//! *Invariant*: numbers keep their digits, and what is nested its text; a line that is no object is an error with its
//! number, for nothing tells what it should have been.

use std::collections::HashMap;

use serde_json::Value;

use super::obstacle::Obstacle;
use super::sheet::{Cell, Sheet};

/// Reads a text; `most` bytes of memory at most.
pub(super) fn read(text: &str, most: usize) -> Result<Sheet, Obstacle> {
    let mut sheet = Sheet::new(most);
    let mut names: Vec<String> = Vec::new();
    let mut positions: HashMap<String, usize> = HashMap::new();
    let mut row: Vec<Option<Value>> = Vec::new();
    for (line, text) in (1..).zip(text.split('\n')) {
        let text = text.trim();
        if text.is_empty() {
            continue;
        }
        let damaged = |what| Obstacle::Damaged { place: format!("line {line}: "), what };
        let value = serde_json::from_str(text).map_err(|_| damaged("it is no JSON, or not whole yet"))?;
        let Value::Object(members) = value else {
            return Err(damaged("it is no JSON object"));
        };
        row.fill(None);
        for (name, value) in members {
            let position = match positions.get(&name) {
                Some(position) => *position,
                None => {
                    positions.insert(name.clone(), names.len());
                    names.push(name);
                    row.push(None);
                    names.len() - 1
                }
            };
            row[position] = Some(value);
        }
        for value in &row {
            match value {
                None | Some(Value::Null) => sheet.push(Cell::Empty)?,
                Some(Value::Bool(value)) => sheet.push(Cell::Boolean(*value))?,
                Some(Value::Number(number)) => sheet.push(Cell::Digits(number.as_str()))?,
                Some(Value::String(text)) => sheet.push(Cell::Text(text))?,
                Some(nested) => sheet.push(Cell::Json(&nested.to_string()))?,
            }
        }
        sheet.end_record(line)?;
    }
    sheet.name(names, "");
    Ok(sheet)
}
