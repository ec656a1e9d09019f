//! Lists that come in pages, honest and not.

use serde_json::{Value, json};

use super::{Asked, City, Service, json_of, trees};
use axum::response::Response;

const COUNT: &str = "{ parks { treeAggregate { aggregate { count } } } }";

fn numbered(asked: &Asked, name: &str) -> usize {
    asked.number(name).unwrap_or(0)
}

/// Pages of 100 out of 250, whatever size is asked for.
fn page(from: usize) -> Vec<Value> {
    trees((from + 1..=250).take(100))
}

#[tokio::test]
async fn every_way_of_paging_gives_all_rows() {
    for (way, requests) in [
        ("kind = \"offset\"\nparameter = \"offset\"\nsize_parameter = \"limit\"\nsize = 500", 4),
        ("kind = \"page\"\nparameter = \"page\"", 4),
        ("kind = \"page\"\nparameter = \"page\"\nfirst = 0", 4),
        ("kind = \"cursor\"\nparameter = \"after\"\nnext = \"/next\"", 3),
        ("kind = \"link\"", 3),
        ("kind = \"link\"\nnext = \"/link\"", 3),
    ] {
        let first = usize::from(!way.contains("first = 0"));
        let by_header = way == "kind = \"link\"";
        let service = Service::start(move |asked: Asked| async move {
            let from = match asked.number("page") {
                Some(page) => (page - first) * 100,
                None => numbered(&asked, "offset") + numbered(&asked, "after"),
            };
            let next = from + 100;
            let link = (next < 250).then(|| format!("/api/trees?offset={next}"));
            let items = page(from);
            let mut answer = json_of(&json!({
                "items": items,
                "next": (next < 250).then_some(next),
                "link": link,
            }));
            if by_header && let Some(link) = link {
                let value = format!("</other>; rel=\"last\", <{link}>; rel=\"next\"");
                answer.headers_mut().insert("link", value.parse().unwrap());
            }
            answer
        })
        .await;
        let city = City::new(&service, "", &format!("[source.collection.page]\n{way}")).await;
        assert_eq!(city.data(COUNT).await["parks"]["treeAggregate"]["aggregate"]["count"], 250, "{way}");
        let asked = service.asked();
        assert_eq!(asked.len(), requests, "{way}: {asked:?}");
    }
}

#[tokio::test]
async fn a_total_ends_a_list_and_has_to_be_true() {
    for (total, outcome) in [(250, None), (200, None), (251, Some("SOURCE_MISMATCH")), (150, Some("SOURCE_MISMATCH"))] {
        let service = Service::start(move |asked: Asked| async move {
            let from = numbered(&asked, "offset");
            let items = if total == 200 { trees((from + 1..=200).take(100)) } else { page(from) };
            json_of(&json!({"items": items, "total": total}))
        })
        .await;
        let page = "total = \"/total\"\n[source.collection.page]\nkind = \"offset\"\nparameter = \"offset\"";
        let city = City::new(&service, "", page).await;
        match outcome {
            None => assert_eq!(city.data(COUNT).await["parks"]["treeAggregate"]["aggregate"]["count"], total),
            Some(code) => {
                let (found, _) = city.failure("parks { treeAggregate { aggregate { count } } }").await;
                assert_eq!(found, code, "{total}");
            }
        }
    }
}

#[tokio::test]
async fn pages_that_never_end_or_repeat_are_told() {
    type Answer = fn(&Asked) -> Response;
    let cases: [(&str, &str, Answer); 7] = [
        ("the same page again and again", "kind = \"offset\"\nparameter = \"offset\"", |_| {
            json_of(&json!({"items": trees(1..=3)}))
        }),
        ("the same rows on another page", "kind = \"offset\"\nparameter = \"offset\"", |asked| {
            json_of(&json!({"items": trees(1..=3), "time": numbered(asked, "offset")}))
        }),
        ("a cursor that leads back", "kind = \"cursor\"\nparameter = \"after\"\nnext = \"/next\"", |asked| {
            let after = numbered(asked, "after");
            json_of(&json!({"items": trees(after * 3 + 1..=after * 3 + 3), "next": (after + 1) % 4}))
        }),
        ("a cursor that is no cursor", "kind = \"cursor\"\nparameter = \"after\"\nnext = \"/next\"", |_| {
            json_of(&json!({"items": trees(1..=3), "next": {"a": 1}}))
        }),
        ("a link to somewhere else", "kind = \"link\"\nnext = \"/next\"", |_| {
            json_of(&json!({"items": trees(1..=3), "next": "http://169.254.169.254/latest"}))
        }),
        ("a link to another port", "kind = \"link\"\nnext = \"/next\"", |_| {
            json_of(&json!({"items": trees(1..=3), "next": "http://127.0.0.1:1/api/trees"}))
        }),
        ("more pages than the catalog knows of", "kind = \"whole\"", |_| {
            let mut answer = json_of(&json!({"items": trees(1..=3)}));
            answer.headers_mut().insert("link", "</api/trees?page=2>; rel=next".parse().unwrap());
            answer
        }),
    ];
    for (case, way, answer) in cases {
        let service = Service::start(move |asked: Asked| async move { answer(&asked) }).await;
        let city = City::new(&service, "", &format!("[source.collection.page]\n{way}")).await;
        let (code, _) = city.failure("parks { tree { id } }").await;
        assert_eq!(code, "SOURCE_MISMATCH", "{case}");
    }
}

#[tokio::test]
async fn a_list_without_end_is_too_costly() {
    let service = Service::start(|asked: Asked| async move {
        let from = numbered(&asked, "offset");
        json_of(&json!({"items": trees(from + 1..=from + 100)}))
    })
    .await;
    let page = "[source.collection.page]\nkind = \"offset\"\nparameter = \"offset\"";
    let city = City::new(&service, "fetch_rows = 1000", page).await;
    let (code, message) = city.failure("parks { tree { id } }").await;
    assert_eq!(code, "TOO_COSTLY");
    assert!(message.contains("more than 1000 rows"), "{message}");
    assert_eq!(service.asked().len(), 11);
}

#[tokio::test]
async fn the_first_rows_of_an_ordered_list_need_its_first_pages_only() {
    let service =
        Service::start(|asked: Asked| async move { json_of(&json!({"items": page(numbered(&asked, "offset"))})) })
            .await;
    let page = "ordered = [\"id\"]\n[source.collection.page]\nkind = \"offset\"\nparameter = \"offset\"";
    let city = City::new(&service, "", page).await;
    let found = city.data("{ parks { tree(limit: 2, offset: 99) { id } } }").await;
    assert_eq!(found["parks"]["tree"], json!([{"id": 100}, {"id": 101}]));
    assert_eq!(service.asked().len(), 2);
    let found = city.data("{ parks { tree(limit: 1, where: {name: {_eq: \"tree 6\"}}) { id } } }").await;
    assert_eq!(found["parks"]["tree"], json!([{"id": 6}]));
    assert_eq!(service.asked().len(), 1);
    let found = city.data("{ parks { tree(limit: 1, orderBy: {id: DESC}) { id } } }").await;
    assert_eq!(found["parks"]["tree"], json!([{"id": 250}]));
    assert_eq!(service.asked().len(), 4);
    let disordered = Service::start(|_| async { json_of(&json!({"items": trees([2, 1, 3])})) }).await;
    let city = City::new(&disordered, "", "ordered = [\"id\"]").await;
    assert_eq!(city.failure("parks { tree(limit: 1) { id } }").await.0, "SOURCE_MISMATCH");
}
