//! The contract suite over every kind: one data set and one list of cases that each must pass for what it claims.
//!
//! `cargo test -p lilong-tests --test contract sqlite` runs it for one kind. A kind that this build does not have is
//! reported as skipped, as is one whose server is not running, and fails where `LILONG_REQUIRE_SERVERS=1`.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod edges;
mod fixtures;
mod pushed;

use lilong_tests::contract::{cells, contract_suite, data};

macro_rules! every_kind {
    ($($kind:ident)+) => {
        $(contract_suite! { $kind, crate::fixtures::start(stringify!($kind)) })+
    };
}

every_kind! { files graphql graphql_conditions memory ndc ndc_bare ndc_without_variables sqlite mysql postgres postgres_blind postgres_family postgres_pooled rest }
