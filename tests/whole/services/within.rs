//! Values within objects as columns and keys, and arguments that the catalog names for ranges.

use async_graphql::{EmptyMutation, EmptySubscription, Object, Schema, SimpleObject};
use lilong_tests::city::City;
use lilong_tests::in_process;
use serde_json::json;

use super::{Service, ask, serve};

#[derive(Clone, SimpleObject)]
struct Spot {
    number: i32,
    side: Option<i32>,
}

#[derive(Clone, SimpleObject)]
struct Stand {
    spot: Spot,
    width: Option<i32>,
}

struct Query;

#[Object]
impl Query {
    async fn stands(&self, min_width: Option<i32>, number: Option<i32>) -> Vec<Stand> {
        let stands = (1..=6).map(|number| Stand {
            spot: Spot { number, side: (number > 3).then_some(1) },
            width: (number % 3 > 0).then_some(number * 2),
        });
        let wide = |stand: &Stand| min_width.is_none_or(|least| stand.width.is_some_and(|width| width >= least));
        stands.filter(wide).filter(|stand| number.is_none_or(|number| stand.spot.number == number)).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_are_found_by_what_stands_within_objects_and_beyond_values() {
    let city = City::empty();
    let market = Service::of(Schema::new(Query, EmptyMutation, EmptySubscription)).await;
    let more = "keys = [\"stands(spot.number)\", \"stands(spot.side)\", \"stands(spot.nothing)\"]\n\
                arguments = [\"stands(width) >= minWidth\", \"stands(spot.number) = number\"]\n";
    let gateway = serve(&city, &market.block("market", more)).await;
    let described = in_process::describe(city.folder()).await.remove("market").unwrap();
    assert_eq!(
        described.warnings,
        [
            "stands(spot.side) is no key: the service may give null there",
            "`keys` names stands(spot.nothing), which is not there",
        ]
    );
    market.documents();
    for (query, expected, document) in [
        (
            "{ market { standsByPk(spotNumber: 4) { width spotSide } } }",
            json!({"market": {"standsByPk": {"width": 8, "spotSide": 1}}}),
            "query($number0: Int) { k0: stands(number: $number0) { ...Row } } \
             fragment Row on Stand { width spot { number side } }",
        ),
        (
            "{ market { stands(where: { width: { _gt: 4 } }) { spotNumber } } }",
            json!({"market": {"stands": [{"spotNumber": 4}, {"spotNumber": 5}]}}),
            "query($minWidth: Int) { stands(minWidth: $minWidth) { width spot { number } } }",
        ),
        (
            "{ market { stands(where: { width: { _lt: 4 } }) { spotNumber } } }",
            json!({"market": {"stands": [{"spotNumber": 1}]}}),
            "query { stands { width spot { number } } }",
        ),
    ] {
        assert_eq!(ask(&gateway, query).await, json!({"data": expected}), "{query}");
        assert_eq!(market.documents(), [document], "{query}");
    }
}
