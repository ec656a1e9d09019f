//! The very documents that questions become: what goes along as an argument, a limit or an alias, and what stays here.

use async_graphql::{EmptyMutation, EmptySubscription, Object, Schema, SimpleObject, Union};
use lilong_tests::city::City;
use lilong_tests::in_process;
use serde_json::json;

use super::{Service, ask, serve};

#[derive(Clone, SimpleObject)]
struct Stall {
    number: i32,
    goods: String,
}

#[derive(Union)]
enum Thing {
    Stall(Stall),
}

fn stalls() -> Vec<Stall> {
    let goods = ["tea", "fish", "silk", "tea", "ink"];
    (1..).zip(goods).map(|(number, goods)| Stall { number, goods: goods.to_owned() }).collect()
}

struct Query;

#[Object]
impl Query {
    async fn stalls(&self, limit: usize, #[graphql(default)] skip: usize, goods: Option<String>) -> Vec<Stall> {
        let found = stalls().into_iter().filter(|stall| goods.as_ref().is_none_or(|goods| *goods == stall.goods));
        found.skip(skip).take(limit).collect()
    }

    async fn stall(&self, number: i32) -> Option<Stall> {
        stalls().into_iter().find(|stall| stall.number == number)
    }

    async fn things(&self) -> Vec<Thing> {
        stalls().into_iter().map(Thing::Stall).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_the_service_can_do_goes_along() {
    let city = City::empty();
    let market = Service::of(Schema::new(Query, EmptyMutation, EmptySubscription)).await;
    city.database(
        "guild.sqlite",
        "CREATE TABLE trader (id INTEGER PRIMARY KEY, stall INTEGER); INSERT INTO trader VALUES (1, 3), (2, 5), (3, 3), (4, 9);",
    );
    let catalog = market.block("market", "sorted = [\"stalls(number)\"]")
        + "[[source]]\nname = \"guild\"\nconnector = \"sqlite\"\npath = \"guild.sqlite\"\n\
           [[link]]\nfrom = \"guild.trader(stall)\"\nto = \"market.stalls(number)\"\nname = \"stand\"\n";
    let gateway = serve(&city, &catalog).await;
    let described = in_process::describe(city.folder()).await.remove("market").unwrap();
    assert_eq!(described.warnings, ["things is left out: its rows are of several types"]);
    market.documents();
    for (query, expected, documents) in [
        (
            "{ market { stalls(limit: 2, offset: 1) { goods } } }",
            json!({"market": {"stalls": [{"goods": "fish"}, {"goods": "silk"}]}}),
            vec!["query { stalls(limit: 3, skip: 0) { number goods } }"],
        ),
        (
            r#"{ market { stalls(where: { goods: { _eq: "tea" } }, limit: 1) { number } } }"#,
            json!({"market": {"stalls": [{"number": 1}]}}),
            vec!["query($goods: String) { stalls(goods: $goods, limit: 1, skip: 0) { number goods } }"],
        ),
        (
            r#"{ market { stalls(where: { goods: { _startsWith: "t" } }, orderBy: [{ number: DESC }], limit: 1) { number } } }"#,
            json!({"market": {"stalls": [{"number": 4}]}}),
            vec![
                "query { stalls(limit: 100, skip: 0) { number goods } }",
                "query { stalls(limit: 100, skip: 5) { number goods } }",
            ],
        ),
        (
            "{ guild { trader { stand { goods } } } }",
            json!({"guild": {"trader": [
                {"stand": {"goods": "silk"}}, {"stand": {"goods": "ink"}}, {"stand": {"goods": "silk"}}, {"stand": null},
            ]}}),
            vec![
                "query($number0: Int!, $number1: Int!, $number2: Int!) { k0: stall(number: $number0) { ...Row } \
                 k1: stall(number: $number1) { ...Row } k2: stall(number: $number2) { ...Row } } \
                 fragment Row on Stall { number goods }",
            ],
        ),
    ] {
        assert_eq!(ask(&gateway, query).await, json!({"data": expected}), "{query}");
        assert_eq!(market.documents(), documents, "{query}");
    }
}
