//! Subgraphs of Apollo Federation: entities are found by their keys, in one request for many.

use async_graphql::{EmptyMutation, EmptySubscription, ID, Object, Schema, SimpleObject};
use lilong_tests::city::City;
use serde_json::json;

use super::{Service, ask, serve};

#[derive(SimpleObject)]
struct Parcel {
    district: String,
    number: i32,
    area: f64,
}

#[derive(SimpleObject)]
struct Owner {
    id: ID,
    name: String,
}

struct Query;

#[Object]
impl Query {
    async fn owners(&self) -> Vec<Owner> {
        vec![owner("1"), owner("2")]
    }

    #[graphql(entity)]
    async fn find_owner(&self, id: ID) -> Option<Owner> {
        (id != "9").then(|| owner(&id))
    }

    #[graphql(entity)]
    async fn find_parcel(&self, district: String, number: i32) -> async_graphql::Result<Parcel> {
        if number < 0 {
            return Err("no such land".into());
        }
        Ok(Parcel { district, number, area: f64::from(number) * 1.5 })
    }
}

fn owner(id: &str) -> Owner {
    Owner { id: ID::from(id), name: format!("Owner {id}") }
}

async fn land() -> Service {
    Service::of(Schema::build(Query, EmptyMutation, EmptySubscription).enable_federation().finish()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn entities_are_found_by_key_in_one_request() {
    let (city, land) = (City::empty(), land().await);
    city.database(
        "tax.sqlite",
        "CREATE TABLE bill (id INTEGER PRIMARY KEY, owner TEXT, district TEXT, parcel INTEGER);
         INSERT INTO bill VALUES (1, '1', 'north', 4), (2, '7', 'north', 6), (3, '9', 'south', 4), (4, NULL, NULL, NULL);",
    );
    let catalog = land.block("land", "")
        + "[[source]]\nname = \"tax\"\nconnector = \"sqlite\"\npath = \"tax.sqlite\"\n\
           [[link]]\nfrom = \"tax.bill(owner)\"\nto = \"land.owners(id)\"\nname = \"payer\"\n\
           [[link]]\nfrom = \"tax.bill(district, parcel)\"\nto = \"land.parcel(district, number)\"\nname = \"land\"\n";
    let gateway = serve(&city, &catalog).await;
    land.documents();
    let answer = ask(&gateway, "{ tax { bill { id payer { name } land { area } } } }").await;
    assert_eq!(
        answer,
        json!({"data": {"tax": {"bill": [
            {"id": 1, "payer": {"name": "Owner 1"}, "land": {"area": 6.0}},
            {"id": 2, "payer": {"name": "Owner 7"}, "land": {"area": 9.0}},
            {"id": 3, "payer": null, "land": {"area": 6.0}},
            {"id": 4, "payer": null, "land": null},
        ]}}})
    );
    let documents = land.documents();
    assert_eq!(documents.len(), 2, "{documents:?}");
    assert!(documents.iter().all(|document| document.contains("_entities")), "{documents:?}");
    let answer = ask(&gateway, r#"{ land { parcelByPk(district: "east", number: 2) { area } owners { id } } }"#).await;
    assert_eq!(answer, json!({"data": {"land": {"parcelByPk": {"area": 3.0}, "owners": [{"id": "1"}, {"id": "2"}]}}}));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_told_of_an_entity_is_never_taken_for_its_absence() {
    let (city, land) = (City::empty(), land().await);
    let gateway = serve(&city, &land.block("land", "")).await;
    let answer =
        ask(&gateway, r#"{ land { parcelByPk(district: "east", number: -2) { area } parcel { area } } }"#).await;
    assert_eq!(answer["data"], json!({"land": {"parcelByPk": null, "parcel": null}}), "{answer}");
    let errors = answer["errors"].as_array().unwrap();
    assert_eq!(errors.len(), 2, "{answer}");
    assert!(errors.iter().all(|error| error["extensions"]["code"] == "SOURCE_REJECTED"), "{answer}");
    let told = answer.to_string();
    assert!(told.contains("found by key only") && !told.contains("no such land"), "{answer}");
}
