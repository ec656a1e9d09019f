//! Filters through links inside the source.

use lilong_connectors::Comparison;

use super::check_filter;
use crate::contract::Fixture;
use crate::contract::condition::{Condition, anything, exists, is, is_null, not};
use crate::contract::data::{integer, text};

pub async fn a_linked_row_is_found(fixture: &Fixture) {
    if !fixture.claims().exists {
        return;
    }
    for (collection, condition) in [
        ("resident", exists("street", "street_id", "id", anything())),
        ("resident", exists("street", "street_id", "id", is("district", Comparison::Equal, text("Yangpu")))),
        ("resident", exists("street", "street_id", "id", is("district", Comparison::NotEqual, text("Yangpu")))),
        ("resident", exists("street", "street_id", "id", is_null("district"))),
        ("street", exists("resident", "id", "street_id", anything())),
        ("street", exists("resident", "id", "street_id", is("age", Comparison::Greater, integer(50)))),
        ("resident", exists("resident", "mentor_id", "id", is("age", Comparison::Equal, integer(34)))),
        ("resident", exists("empty", "id", "id", anything())),
        ("resident", exists("street", "street_id", "id", Condition::Or(Vec::new()))),
    ] {
        check_filter(fixture, collection, &condition).await;
        check_filter(fixture, collection, &not(condition)).await;
    }
}

pub async fn links_nest_and_are_never_unknown(fixture: &Fixture) {
    if !fixture.claims().exists {
        return;
    }
    let of_same_street = exists("resident", "id", "street_id", is("name", Comparison::Equal, text("Wang")));
    let on_street = exists("street", "street_id", "id", of_same_street.clone());
    let pupil = |condition| exists("resident", "id", "mentor_id", condition);
    for condition in [
        on_street.clone(),
        exists("street", "street_id", "id", not(of_same_street)),
        pupil(pupil(anything())),
        pupil(not(pupil(anything()))),
        pupil(Condition::And(vec![on_street.clone(), is("age", Comparison::Less, integer(50))])),
        Condition::Or(vec![on_street, is("age", Comparison::Less, integer(10))]),
        pupil(not(is("age", Comparison::Equal, integer(34)))),
    ] {
        check_filter(fixture, "resident", &condition).await;
        check_filter(fixture, "resident", &not(condition)).await;
    }
    // Nulls on both sides of a pair do not meet, beside a pair that does.
    let two_keys = |condition| {
        let pair = |name: &str| (name.to_owned(), name.to_owned());
        Condition::Exists("resident".to_owned(), vec![pair("age"), pair("street_id")], Box::new(condition))
    };
    for condition in [two_keys(anything()), two_keys(is("name", Comparison::Equal, text("Li")))] {
        check_filter(fixture, "resident", &condition).await;
        check_filter(fixture, "resident", &not(condition)).await;
    }
}

/// `5` meets `"5"`, neither `"05"` nor `" 5"`.
pub async fn linked_keys_of_other_types_meet_by_text(fixture: &Fixture) {
    if !fixture.claims().exists {
        return;
    }
    let note = exists("note", "id", "code", anything());
    check_filter(fixture, "resident", &note).await;
    check_filter(fixture, "resident", &not(note)).await;
    let resident = exists("resident", "code", "id", is("age", Comparison::GreaterOrEqual, integer(0)));
    check_filter(fixture, "note", &resident).await;
    check_filter(fixture, "note", &not(resident)).await;
}
