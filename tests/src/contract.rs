//! The contract suite: one data set and one list of cases that every connector must pass for what it claims.
//!
//! In: a source filled with [`data::tables`], as a [`Fixture`]. Out: a test for each case, by [`contract_suite!`]. A case asks
//! nothing that the source does not claim.

#![allow(clippy::unwrap_used, clippy::expect_used)]
#![allow(clippy::missing_panics_doc)] // a case that fails panics
#![allow(clippy::unused_async)] // cases have one shape

mod ask;
#[doc(hidden)]
pub mod cases;
pub mod cells;
mod condition;
pub mod data;
mod fixture;
pub mod folded;

pub use condition::order;
pub use fixture::Fixture;

pub use crate::contract_suite;

/// Runs a case over a source; without one it is skipped, or fails where `LILONG_REQUIRE_SERVERS=1`.
///
/// # Panics
/// If the source does not keep what it claims.
pub async fn run(kind: &str, fixture: Option<Fixture>, case: impl AsyncFnOnce(&Fixture)) {
    match fixture {
        Some(fixture) => case(&fixture).await,
        None if std::env::var("LILONG_REQUIRE_SERVERS").is_ok_and(|value| value == "1") => {
            panic!("{kind}: this build does not have the kind, or no server of it runs")
        }
        None => eprintln!("{kind}: skipped: this build does not have the kind, or no server of it runs"),
    }
}

/// A module of tests, one for each case: `contract_suite! { name, start() }`, where `start()` is a future of an
/// `Option<Fixture>`, waited for anew by each test.
#[macro_export]
macro_rules! contract_suite {
    ($kind:ident, $start:expr) => {
        $crate::contract_suite! { @cases $kind, $start;
    describe {
        it_says_what_there_is
        it_says_the_same_twice
        a_ping_is_answered
        a_fetch_is_explained_the_same_each_time
    }
    select {
        every_value_comes_back_as_it_is_stored
        columns_come_in_the_asked_order
        rows_are_counted_without_columns
        an_empty_collection_has_no_rows
        many_rows_come_whole
        an_older_description_still_serves_the_columns_that_are_there
    }
    filter {
        every_operator_works_for_every_scalar
        parts_of_text_are_found_exactly
        case_is_folded_where_asked
        and_or_and_not_keep_the_unknown
        empty_lists_and_empty_groups_are_plain
        integers_beyond_the_column_are_above_or_below
        long_lists_are_taken
        keys_are_held_in_a_filter_and_never_unknown
    }
    links {
        a_linked_row_is_found
        links_nest_and_are_never_unknown
        linked_keys_of_other_types_meet_by_text
    }
    order {
        every_scalar_is_ordered_with_nulls_where_asked
        ties_are_told_apart_by_later_terms
        rows_are_ordered_through_links
        row_numbers_end_an_order
        limits_and_offsets_cut_after_the_order
        distinct_rows_are_the_first_of_each
    }
    keys {
        rows_are_found_by_key
        every_scalar_that_can_be_a_key_is_one
        composite_keys_are_held_together
        text_keys_are_equal_exactly
        each_key_has_its_own_limit_and_offset
        keys_and_filters_hold_together
        distinct_rows_are_those_of_each_key
        a_thousand_keys_are_taken
        no_keys_find_no_rows
        normalised_keys_find_every_row
    }
    fold {
        every_function_is_computed_of_every_scalar
        extremes_of_enums_go_by_the_order_of_the_source
        rows_are_grouped_by_every_scalar_exactly
        rows_are_grouped_through_links
        no_rows_come_to_one_group_without_keys
        each_key_has_its_own_groups
        rows_of_a_key_are_cut_before_they_are_folded
        rows_are_cut_and_made_distinct_before_they_are_folded
        groups_are_filtered_ordered_and_cut
        over_a_cell_that_cannot_be_represented_there_is_no_sum
    }
    reach {
        aggregates_over_links_filter_and_order
        values_are_reached_through_links
        the_values_ordered_by_follow_the_columns
    }
    faults {
        a_cell_that_cannot_be_represented_is_null_with_a_fault
        an_unknown_collection_is_refused
        an_unknown_column_is_refused
        a_dropped_stream_frees_its_connection
        a_dropped_fetch_frees_its_connection
        fetches_at_the_same_time_have_their_own_answers
    }
        }
    };
    (@cases $kind:ident, $start:expr; $($page:ident { $($case:ident)+ })+) => {
        mod $kind {
            $($(
                #[tokio::test]
                async fn $case() {
                    let fixture = $start.await;
                    $crate::contract::run(stringify!($kind), fixture, $crate::contract::cases::$page::$case).await;
                }
            )+)+
        }
    };
}
