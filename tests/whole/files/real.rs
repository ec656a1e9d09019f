//! Files from elsewhere, read by this program and by Python's own `csv` and `zipfile`: the answers are the same.

use std::path::PathBuf;
use std::process::Command;

use lilong_tests::city::City;
use serde_json::{Value, json};

use super::{catalog, data, serve};

/// What a Python script prints as JSON, with the file as its argument; `None`: the files or Python are not there.
fn expected(file: &str, script: &str) -> Option<(PathBuf, Value)> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/files").join(file);
    if !path.is_file() {
        eprintln!("skipped: ../shared/data is not there");
        return None;
    }
    let Ok(output) = Command::new("python3").arg("-c").arg(script).arg(&path).output() else {
        eprintln!("skipped: Python is not there");
        return None;
    };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some((path.canonicalize().unwrap(), serde_json::from_slice(&output.stdout).unwrap()))
}

#[tokio::test]
async fn a_file_without_header_with_nulls_of_its_own() {
    let script = r"
import csv, json, re, sys
# csv does not tell what was quoted: only there is an empty value a text.
rows = list(csv.reader(open(sys.argv[1], encoding='utf-8', newline='')))
named = [row for row in rows if row[6] not in ('', '\\N')]
print(json.dumps({'rows': len(rows), 'sum': str(sum(int(row[0]) for row in rows)),
    'active': sum(row[7] == 'Y' for row in rows), 'countries': len(set(row[6] for row in named)),
    'some': [[int(row[0]), row[1]] for row in rows if row[6] == 'Iceland']}))
";
    let Some((path, expected)) = expected("airlines.dat", script) else { return };
    let city = City::empty();
    let columns = r#"["id", "name", "alias", "iata", "icao", "callsign", "country", "active"]"#;
    let more =
        format!("header = false\nnull = [\"\\\\N\"]\ncolumns = {columns}\n[source.keys]\n\"airlines\" = [\"id\"]\n");
    catalog(&city, path.to_str().unwrap(), &more);
    let gateway = serve(&city).await;
    let found = data(
        &gateway,
        r#"all: airlinesAggregate { aggregate { count sum { id } } }
           active: airlinesAggregate(where: {active: {_eq: "Y"}}) { aggregate { count } }
           named: airlinesAggregate(where: {country: {_neq: ""}}) { aggregate { count(columns: [country], distinct: true) } }
           some: airlines(where: {country: {_eq: "Iceland"}}, orderBy: [{id: ASC}]) { id name }"#,
    )
    .await;
    let figures = &found["all"]["aggregate"];
    assert_eq!((&figures["count"], &figures["sum"]["id"]), (&expected["rows"], &expected["sum"]));
    assert_eq!(found["active"]["aggregate"]["count"], expected["active"]);
    let named = found["named"]["aggregate"]["count"].as_u64().unwrap();
    assert_eq!(json!(named), expected["countries"]);
    let mut some: Vec<Value> =
        found["some"].as_array().unwrap().iter().map(|row| json!([row["id"], row["name"]])).collect();
    let mut wanted = expected["some"].as_array().unwrap().clone();
    some.sort_by_key(ToString::to_string);
    wanted.sort_by_key(ToString::to_string);
    assert_eq!(some, wanted);
}

#[tokio::test]
async fn chinese_text_with_lines_inside_its_values() {
    let script = r"
import csv, json, sys
rows = list(csv.DictReader(open(sys.argv[1], encoding='utf-8-sig', newline='')))
print(json.dumps({'rows': len(rows), 'agree': sum(int(row['agree']) for row in rows),
    'lines': sum('\n' in row['problem'] for row in rows), 'texts': [row['idea'] for row in rows[:50]]}))
";
    let Some((path, expected)) = expected("hsinchu_proposals.csv", script) else { return };
    let city = City::empty();
    catalog(&city, path.to_str().unwrap(), "collection = \"proposal\"\n");
    let gateway = serve(&city).await;
    let query = "proposalAggregate { aggregate { count sum { agree } } } \
                 lines: proposalAggregate(where: {problem: {_contains: \"\\n\"}}) { aggregate { count } } \
                 proposal(limit: 50) { idea }";
    let found = data(&gateway, query).await;
    let figures = &found["proposalAggregate"]["aggregate"];
    assert_eq!(
        (&figures["count"], figures["sum"]["agree"].to_string().replace('"', "")),
        (&expected["rows"], expected["agree"].to_string())
    );
    assert_eq!(found["lines"]["aggregate"]["count"], expected["lines"]);
    let texts: Vec<Value> = found["proposal"].as_array().unwrap().iter().map(|row| row["idea"].clone()).collect();
    assert_eq!(json!(texts), expected["texts"]);
}

#[tokio::test]
async fn a_workbook_whose_header_stands_in_its_third_row() {
    let script = r"
import json, sys, zipfile
import xml.etree.ElementTree as tree
book, ns = zipfile.ZipFile(sys.argv[1]), '{http://schemas.openxmlformats.org/spreadsheetml/2006/main}'
shared = [''.join(text.text or '' for text in item.iter(ns + 't')) for item in tree.fromstring(book.read('xl/sharedStrings.xml'))]
def value(cell):
    found = cell.find(ns + 'v')
    if found is None:
        return None
    if cell.get('t') == 's':
        return shared[int(found.text)]
    return found.text if cell.get('t') else repr(float(found.text)).removesuffix('.0')
rows = []
for row in tree.fromstring(book.read('xl/worksheets/sheet1.xml')).iter(ns + 'row'):
    if int(row.get('r')) > 3:
        rows.append({cell.get('r').rstrip('0123456789'): value(cell) for cell in row})
rows = [row for row in rows if any(cell is not None for cell in row.values())]
print(json.dumps({'rows': len(rows), 'headers': sum(row.get('A') == 'Player' for row in rows),
    'some': [[row.get('A'), row.get('B')] for row in rows[:20]]}))
";
    let Some((path, expected)) = expected("lebron.xlsx", script) else { return };
    let city = City::empty();
    catalog(&city, path.to_str().unwrap(), "header = 3\n");
    let gateway = serve(&city).await;
    let query = "all: sheet1Aggregate { aggregate { count } } \
                 headers: sheet1Aggregate(where: {player: {_eq: \"Player\"}}) { aggregate { count } } \
                 sheet1(limit: 20) { player recMp }";
    let found = data(&gateway, query).await;
    // Each team has its own header in this sheet: its numbers are texts among others.
    assert_eq!(found["all"]["aggregate"]["count"], expected["rows"]);
    assert_eq!(found["headers"]["aggregate"]["count"], expected["headers"]);
    let some: Vec<Value> =
        found["sheet1"].as_array().unwrap().iter().map(|row| json!([row["player"], row["recMp"]])).collect();
    assert_eq!(json!(some), expected["some"]);
}
