//! What a source says of itself.

use crate::contract::Fixture;
use crate::contract::ask::Question;

pub async fn it_says_what_there_is(fixture: &Fixture) {
    let names: Vec<&str> = fixture.description.collections.iter().map(|one| one.name.as_str()).collect();
    let mut sorted = names.clone();
    sorted.sort_unstable();
    assert_eq!(names, sorted, "collections stand by name");
    let mut expected: Vec<&str> = fixture.tables.iter().map(|table| table.collection.name.as_str()).collect();
    expected.sort_unstable();
    assert_eq!(names, expected);
    for table in &fixture.tables {
        let wanted = &table.collection;
        let found = fixture.described(&wanted.name);
        let shape = |one: &lilong_schema::Collection| {
            one.fields.iter().map(|field| (field.name.clone(), field.scalar)).collect::<Vec<_>>()
        };
        assert_eq!(shape(&found), shape(wanted), "{}", wanted.name);
        for (field, at) in found.fields.iter().zip(0..) {
            let has_null = table.rows.iter().any(|row| row[at].is_null());
            assert!(field.nullable || !has_null, "{}.{} has nulls", wanted.name, field.name);
            if let Some(name) = &field.enumeration {
                let values = fixture.description.enumerations.iter().find(|one| one.name == *name);
                // Where an enum has no name of its own, it is named after its column.
                assert_eq!(values.map(|one| &one.values), Some(&crate::contract::data::enumeration().values));
            }
        }
        assert_eq!(found.keys, wanted.keys, "keys of {}", wanted.name);
        let mut references = found.foreign_keys.clone();
        references.sort_by(|one, other| one.columns.cmp(&other.columns));
        assert_eq!(references, wanted.foreign_keys, "foreign keys of {}", wanted.name);
        assert!(!found.view);
    }
    for (name, rows) in [("many", 5_000), ("resident", 10), ("empty", 0)] {
        assert_eq!(fixture.described(name).rows, fixture.counts_rows.then_some(rows), "{name}");
    }
}

pub async fn it_says_the_same_twice(fixture: &Fixture) {
    assert_eq!(fixture.connector.describe().await.unwrap(), fixture.description);
}

pub async fn a_ping_is_answered(fixture: &Fixture) {
    fixture.connector.ping().await.unwrap();
}

pub async fn a_fetch_is_explained_the_same_each_time(fixture: &Fixture) {
    let one = Question::of(fixture, "resident").explain().unwrap();
    assert!(one.contains("resident"), "{one}");
    assert_eq!(Question::of(fixture, "resident").explain().unwrap(), one);
    assert_ne!(Question::of(fixture, "street").explain().unwrap(), one);
}
