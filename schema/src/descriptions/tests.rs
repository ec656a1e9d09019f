//! Descriptions on disk.

use std::path::Path;

use super::*;
use crate::{Field, ForeignKey, Key};

fn settings(name: &str) -> SourceSettings {
    SourceSettings { name: name.into(), connector: "sqlite".into(), ..SourceSettings::default() }
}

fn field(name: &str, scalar: Scalar) -> Field {
    Field {
        native: "TEXT".into(),
        details: BTreeMap::from([("collation".into(), "NOCASE".into())]),
        ..Field::new(name, scalar)
    }
}

fn description() -> SourceDescription {
    let collection = |name: &str| Collection {
        name: name.into(),
        fields: vec![field("id", Scalar::BigInt), field("born", Scalar::Date)],
        keys: vec![Key { columns: vec!["id".into()], primary: true }],
        foreign_keys: vec![ForeignKey {
            columns: vec!["gone".into()],
            collection: "none".into(),
            references: vec![],
            enforced: false,
        }],
        indexes: vec![vec!["id".into()]],
        rows: Some(20_000),
        ..Collection::default()
    };
    SourceDescription {
        collections: vec![collection("street"), collection("resident")],
        enumerations: vec![Enumeration { name: "state".into(), values: vec!["on".into(), "off".into()] }],
        warnings: vec!["b".into(), "a".into()],
    }
}

fn text(folder: &Path, name: &str) -> String {
    std::fs::read_to_string(folder.join(FOLDER).join(name)).unwrap()
}

#[test]
fn a_description_comes_back_as_it_was_stored() {
    let folder = tempfile::tempdir().unwrap();
    let settings = settings("civil");
    assert_eq!(read(folder.path(), &settings), Ok(Stored::Missing));
    assert!(write(folder.path(), &settings, &description()).unwrap());
    let Ok(Stored::Found(found)) = read(folder.path(), &settings) else { panic!("not found") };
    let names: Vec<&str> = found.collections.iter().map(|collection| collection.name.as_str()).collect();
    assert_eq!(names, ["resident", "street"]);
    assert_eq!(found.collections[1], description().collections[0]);
    assert_eq!(found.warnings, ["a", "b"]);
}

#[test]
fn the_text_is_stable_and_only_written_when_it_changes() {
    let folder = tempfile::tempdir().unwrap();
    let settings = settings("civil");
    write(folder.path(), &settings, &description()).unwrap();
    let first = text(folder.path(), "civil.json");
    assert!(first.starts_with("{\n  \"source\": \"civil\",\n  \"collections\": [\n") && first.ends_with("}\n"));
    let mut turned = description();
    turned.collections.reverse();
    turned.warnings.reverse();
    assert!(!write(folder.path(), &settings, &turned).unwrap());
    turned.collections[0].rows = None;
    assert!(write(folder.path(), &settings, &turned).unwrap());
    assert_ne!(text(folder.path(), "civil.json"), first);
    assert_eq!(std::fs::read_dir(folder.path().join(FOLDER)).unwrap().count(), 1, "no half-written file stays");
}

#[test]
fn a_description_is_stale_when_the_types_changed() {
    let folder = tempfile::tempdir().unwrap();
    let mut settings = settings("civil");
    write(folder.path(), &settings, &description()).unwrap();
    let entry = |column: &str, scalar| TypeOverride {
        place: crate::catalog::Place::default(),
        collection: "resident".into(),
        column: column.into(),
        scalar,
    };
    settings.types = vec![entry("born", Scalar::LocalDateTime), entry("at", Scalar::Time)];
    assert!(matches!(read(folder.path(), &settings), Ok(Stored::Stale(_))));
    write(folder.path(), &settings, &description()).unwrap();
    settings.types.reverse();
    assert!(matches!(read(folder.path(), &settings), Ok(Stored::Found(_))));
}

#[test]
fn a_damaged_file_is_a_problem_with_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let settings = settings("civil");
    write(folder.path(), &settings, &description()).unwrap();
    let path = folder.path().join(FOLDER).join("civil.json");
    let whole = text(folder.path(), "civil.json");
    let told = |content: &[u8]| {
        std::fs::write(&path, content).unwrap();
        read(folder.path(), &settings).unwrap_err().to_string()
    };
    assert_eq!(
        told(b"{\n  \"source\": \"civil\",\n  oops\n}"),
        "descriptions/civil.json:3: source civil: this file is damaged: key must be a string (run `lilong describe`)"
    );
    assert!(told(b"").starts_with("descriptions/civil.json:1: source civil: this file is damaged: EOF"));
    assert!(told(&[b'"', 0xff]).starts_with("descriptions/civil.json:1: "));
    assert!(told(whole.replace("\"BigInt\"", "\"Huge\"").as_bytes()).contains("unknown variant `Huge`"));
    assert_eq!(
        told(whole.replace("\"name\": \"born\"", "\"name\": \"id\"").as_bytes()),
        "descriptions/civil.json: source civil: this file is damaged: resident.id stands twice (run `lilong describe`)"
    );
    std::fs::remove_file(&path).unwrap();
    std::fs::create_dir(&path).unwrap();
    let problem = read(folder.path(), &settings).unwrap_err().to_string();
    assert!(problem.contains("is a folder"), "{problem}");
}

#[test]
fn a_description_that_refers_to_nothing_is_damaged() {
    let mut no_key = description();
    no_key.collections[0].keys[0].columns.push("none".into());
    let mut no_index = description();
    no_index.collections[1].indexes.push(vec!["none".into()]);
    let mut no_enumeration = description();
    no_enumeration.collections[0].fields[0].scalar = Scalar::Enum;
    let mut twice = description();
    twice.collections[1].name = "street".into();
    for (broken, fault) in [
        (no_key, "street has no column none, which a key names"),
        (no_index, "resident has no column none, which an index names"),
        (no_enumeration, "street.id has no enumeration"),
        (twice, "street stands twice"),
    ] {
        assert_eq!(check::check(&broken).unwrap_err().to_string(), fault);
    }
    assert_eq!(check::check(&description()), Ok(()));
}

#[test]
fn a_folder_that_cannot_be_written_is_told_by_its_path() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(FOLDER), "a file in its place").unwrap();
    let error = write(folder.path(), &settings("civil"), &description()).unwrap_err();
    assert_eq!(error.path, folder.path().join(FOLDER));
    assert!(error.to_string().contains("descriptions cannot be written"), "{error}");
}

#[test]
fn descriptions_of_sources_that_are_gone_are_found_and_removed() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(orphans(folder.path(), ["civil"]).unwrap(), [""; 0]);
    for name in ["civil", "Order Details", "民政", "discovered"] {
        write(folder.path(), &settings(name), &description()).unwrap();
    }
    Discovered::default().write(folder.path()).unwrap();
    std::fs::write(folder.path().join(FOLDER).join("notes.json"), "{}").unwrap();
    assert_eq!(orphans(folder.path(), ["civil", "discovered"]).unwrap(), ["Order Details", "民政"]);
    remove(folder.path(), "Order Details").unwrap();
    remove(folder.path(), "Order Details").unwrap();
    assert_eq!(orphans(folder.path(), ["civil", "discovered"]).unwrap(), ["民政"]);
}

#[test]
fn what_was_discovered_is_kept_by_block() {
    let folder = tempfile::tempdir().unwrap();
    let block = |location: &str| SourceSettings { location: location.into(), ..settings("{name}") };
    let mut discovered = Discovered::read(folder.path()).unwrap();
    assert_eq!(discovered.parts(&block("a/*.sqlite")), None);
    discovered.set(&block("b/*.sqlite"), vec!["b/y.sqlite".into(), "b/x.sqlite".into()]);
    discovered.set(&block("a/*.sqlite"), vec![]);
    assert!(discovered.write(folder.path()).unwrap());
    assert!(!discovered.write(folder.path()).unwrap());
    let mut read = Discovered::read(folder.path()).unwrap();
    assert_eq!(read, discovered);
    assert_eq!(read.parts(&block("b/*.sqlite")).unwrap(), ["b/x.sqlite", "b/y.sqlite"]);
    assert_eq!(read.parts(&block("a/*.sqlite")).unwrap(), [""; 0]);
    assert_eq!(read.parts(&block("c/*.sqlite")), None);
    read.retain(&[block("a/*.sqlite")]);
    assert_eq!(read.parts(&block("b/*.sqlite")), None);
    std::fs::write(folder.path().join(FOLDER).join("discovered.json"), "[\n1]").unwrap();
    let problem = Discovered::read(folder.path()).unwrap_err().to_string();
    assert!(problem.starts_with("descriptions/discovered.json:2: this file is damaged: "), "{problem}");
}
