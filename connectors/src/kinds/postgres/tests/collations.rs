//! Columns of different collations are linked exactly, whatever each of them calls equal.

use super::*;
use crate::{Exists, Hop, Order, OrderTarget};

const COLUMNS: [(&str, &str); 6] = [
    ("plain", "text"),
    ("exact", "text COLLATE \"C\""),
    ("other", "text COLLATE \"und-x-icu\""),
    ("blind", "text COLLATE blind"),
    ("short", "varchar(10) COLLATE blind"),
    ("padded", "char(3) COLLATE \"C\""),
];

#[tokio::test]
async fn texts_of_any_two_collations_are_linked_exactly() {
    let columns: Vec<String> = COLUMNS.iter().map(|(name, declared)| format!("{name} {declared}")).collect();
    let values = |value: &str| vec![format!("'{value}'"); COLUMNS.len()].join(", ");
    let text = format!(
        "CREATE COLLATION blind (provider = icu, locale = 'und-u-ks-level1', deterministic = false); \
         CREATE TABLE one (id bigint PRIMARY KEY, {0}); CREATE TABLE other (id bigint PRIMARY KEY, {0}); \
         INSERT INTO one VALUES (1, {1}), (2, {2}), (3, {3}); INSERT INTO other VALUES (1, {2}), (2, {4});",
        columns.join(", "),
        values("ab"),
        values("Ab"),
        values("c"),
        values("ç"),
    );
    let Some((settings, _connection)) = schema("collations", &text).await else {
        return;
    };
    let connector = open(&settings).unwrap();
    let (one, other) = (described(&connector, "one").await, described(&connector, "other").await);
    for (outer, _) in COLUMNS {
        for (inner, _) in COLUMNS {
            let on = vec![(one.field_id(outer).unwrap(), other.field_id(inner).unwrap())];
            let mut fetch = everything(&one);
            fetch.columns = vec![0];
            let order = OrderTarget::Field(0);
            fetch.order = vec![Order {
                path: vec![Hop { collection: other.clone(), on: on.clone() }],
                target: order,
                descending: false,
                nulls_first: false,
            }];
            let exists = Exists { collection: other.clone(), on, predicate: Predicate::TRUE };
            fetch.predicate = Predicate::Exists(Box::new(exists));
            let answer = ask(&connector, fetch, vec![]).await;
            let answer = answer.unwrap_or_else(|error| panic!("{outer} {inner}: {error:?}"));
            assert_eq!(rows(&answer), 1, "{outer} {inner}: only Ab is Ab");
        }
    }
}
