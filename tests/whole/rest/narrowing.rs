//! What is sent to a service of a filter and of keys, and what is done here.

use serde_json::json;

use super::{Asked, City, Service, json_of, status, trees};

#[tokio::test]
async fn a_filter_becomes_parameters_and_is_checked_again() {
    // It pays no heed to any parameter.
    let service = Service::start(|_| async { json_of(&json!({"items": trees(1..=20)})) }).await;
    let more = "[source.collection.filter]\nid = { in = \"ids\", from = \"min\", to = \"max\" }\nname = \"name\"";
    let city = City::new(&service, "", more).await;
    for (filter, target, ids) in [
        ("{}", "/api/trees", 20),
        ("{name: {_eq: \"tree 1\"}}", "/api/trees?name=tree%201", 3),
        ("{name: {_eq: \"a&b=c/?#%+é\"}}", "/api/trees?name=a%26b%3Dc%2F%3F%23%25%2B%C3%A9", 0),
        ("{id: {_gt: 3, _lte: 5}}", "/api/trees?min=3&max=5", 2),
        ("{id: {_in: [4, 2]}}", "/api/trees?ids=2&ids=4", 2),
        ("{_or: [{id: {_eq: 1}}, {name: {_eq: \"tree 2\"}}]}", "/api/trees", 4),
        ("{name: {_like: \"%1\"}}", "/api/trees", 3),
        ("{_not: {name: {_eq: \"tree 1\"}}}", "/api/trees", 17),
        ("{height: {_eq: 1.5}}", "/api/trees", 20),
    ] {
        let found = city.data(&format!("{{ parks {{ tree(where: {filter}) {{ id }} }} }}")).await;
        assert_eq!(found["parks"]["tree"].as_array().unwrap().len(), ids, "{filter}");
        assert_eq!(service.asked(), [target], "{filter}");
    }
}

#[tokio::test]
async fn bounds_of_a_column_without_a_parameter_are_checked_here() {
    let service = Service::start(|_| async { json_of(&json!({"items": trees(1..=20)})) }).await;
    for (more, named) in
        [("", "/api/trees"), ("[source.collection.filter]\nname = \"name\"", "/api/trees?name=tree%204")]
    {
        let city = City::new(&service, "", more).await;
        for (filter, target, ids) in [
            ("{id: {_gt: 3}}", "/api/trees", 17),
            ("{id: {_gte: 3}}", "/api/trees", 18),
            ("{id: {_lt: 3}}", "/api/trees", 2),
            ("{id: {_gt: 3, _lte: 5}}", "/api/trees", 2),
            ("{name: {_eq: \"tree 4\"}, id: {_gt: 4}}", named, 2),
        ] {
            let found = city.data(&format!("{{ parks {{ tree(where: {filter}) {{ id }} }} }}")).await;
            assert_eq!(found["parks"]["tree"].as_array().unwrap().len(), ids, "{more} {filter}");
            assert_eq!(service.asked(), [target], "{more} {filter}");
        }
    }
}

#[tokio::test]
async fn a_row_by_key_is_looked_up_where_it_lies() {
    let service = Service::start(|asked: Asked| async move {
        match asked.path.strip_prefix("/api/trees/") {
            Some("7") => json_of(&json!({"tree": trees([7])[0]})),
            Some("8") => json_of(&json!({"tree": {"id": 8, "name": 5}})),
            Some(_) => status(404),
            None => json_of(&json!({"items": trees(1..=3)})),
        }
    })
    .await;
    let city = City::new(&service, "", "one = \"/trees/{id}\"\none_row = \"/tree\"").await;
    let found = city.data("{ parks { treeByPk(id: 7) { id name } } }").await;
    assert_eq!(found["parks"]["treeByPk"], json!({"id": 7, "name": "tree 0"}));
    assert_eq!(service.asked(), ["/api/trees/7"]);
    let found = city.data("{ parks { treeByPk(id: 9) { id } } }").await;
    assert_eq!(found["parks"]["treeByPk"], json!(null));
    let answer = city.ask("{ parks { treeByPk(id: 8) { id name } } }").await;
    assert_eq!(answer["data"]["parks"]["treeByPk"], json!({"id": 8, "name": null}));
    assert_eq!(answer["errors"][0]["extensions"]["code"], "SOURCE_MISMATCH");
    assert_eq!(service.asked(), ["/api/trees/9", "/api/trees/8"]);
}

#[tokio::test]
async fn more_keys_than_requests_are_worth_are_found_in_the_list() {
    let service = Service::start(|asked: Asked| async move {
        match asked.path.strip_prefix("/api/trees/") {
            Some(id) => json_of(&trees([id.parse().unwrap()])[0]),
            None => json_of(&json!({"items": trees(1..=500)})),
        }
    })
    .await;
    let city = City::new(&service, "", "one = \"/trees/{id}\"").await;
    for (count, requests) in [(3, 3), (300, 1)] {
        let ids = (1..=count).map(|id: usize| id.to_string()).collect::<Vec<_>>().join(", ");
        let found = city.data(&format!("{{ parks {{ tree(where: {{id: {{_in: [{ids}]}}}}) {{ id }} }} }}")).await;
        assert_eq!(found["parks"]["tree"].as_array().unwrap().len(), count);
        assert_eq!(service.asked().len(), requests, "{count}");
    }
}

#[tokio::test]
async fn steps_of_a_path_are_never_values() {
    let service = Service::start(|_| async { json_of(&json!({"items": [], "tree": null})) }).await;
    let block = format!(
        "url = \"http://{}/api\"\n[[source.collection]]\nname = \"tree\"\npath = \"/trees\"\nrows = \"/items\"\nkey = [\"code\"]\n\
         one = \"/trees/{{code}}\"\none_row = \"/tree\"\n[source.collection.fields]\ncode = \"String\"",
        service.address
    );
    let city = City::of(&block).await;
    for (code, target) in
        [("a/../b", "/api/trees/a%2F..%2Fb"), ("...", "/api/trees/..."), ("%2e%2e", "/api/trees/%252e%252e")]
    {
        let found = city.data(&format!("{{ parks {{ treeByPk(code: {code:?}) {{ code }} }} }}")).await;
        assert_eq!(found["parks"]["treeByPk"], json!(null));
        assert_eq!(service.asked(), [target]);
    }
    for code in ["", ".", ".."] {
        let (found, _) = city.failure(&format!("parks {{ treeByPk(code: {code:?}) {{ code }} }}")).await;
        assert_eq!(found, "SOURCE_REJECTED", "{code:?}");
    }
    assert!(service.asked().is_empty());
}

#[tokio::test]
async fn a_filter_that_a_service_needs_is_named() {
    let service = Service::start(|asked: Asked| async move {
        let district = asked.path.split('/').nth(3).unwrap_or_default().to_owned();
        json_of(&json!({"items": trees(if district == "north" { 1..=2 } else { 3..=5 })}))
    })
    .await;
    let block = format!(
        "url = \"http://{}/api\"\n[[source.collection]]\nname = \"tree\"\npath = \"/districts/{{district}}/trees\"\nrows = \"/items\"\n\
         [source.collection.fields]\nid = \"Int\"\ndistrict = {{ type = \"String\", asked = true }}",
        service.address
    );
    let city = City::of(&block).await;
    let (code, message) = city.failure("parks { tree { id } }").await;
    assert_eq!(code, "SOURCE_REJECTED");
    assert!(message.contains("`tree` cannot be read without `_eq` or a key on `district`"), "{message}");
    assert!(service.asked().is_empty());
    let found = city.data(
        "{ parks { tree(where: {district: {_in: [\"north\", \"south\"]}}, orderBy: {id: DESC}) { id district } } }",
    );
    let found = found.await;
    let rows = found["parks"]["tree"].as_array().unwrap();
    assert_eq!(rows.len(), 5);
    assert_eq!((&rows[0], &rows[4]), (&json!({"id": 5, "district": "south"}), &json!({"id": 1, "district": "north"})));
    let mut asked = service.asked();
    asked.sort();
    assert_eq!(asked, ["/api/districts/north/trees", "/api/districts/south/trees"]);
}

#[tokio::test]
async fn linked_rows_are_asked_for_together_where_the_service_takes_many_keys() {
    for (filter, targets) in [
        ("id = { in = \"ids\", separator = \",\" }", vec!["/api/trees", "/api/trees?ids=1,2,3"]),
        ("id = \"id\"", vec!["/api/trees", "/api/trees?id=1", "/api/trees?id=2", "/api/trees?id=3"]),
    ] {
        let service = Service::start(|_| async {
            let rows = (1..=3).map(|id| json!({"id": id, "name": "tree", "next": id % 3 + 1}));
            json_of(&json!({"items": rows.collect::<Vec<_>>()}))
        })
        .await;
        let block = format!(
            "url = \"http://{}/api\"\n{}[source.collection.filter]\n{filter}\n[source.collection.fields]\nid = \"Int\"\nnext = \"Int\"\n\
             [[link]]\nfrom = \"parks.tree(next)\"\nto = \"parks.tree(id)\"\nname = \"neighbour\"",
            service.address,
            super::TREES
        );
        let city = City::of(&block).await;
        let found = city.data("{ parks { tree(orderBy: {id: ASC}) { id neighbour { id } } } }").await;
        assert_eq!(found["parks"]["tree"][2], json!({"id": 3, "neighbour": {"id": 1}}));
        let mut asked = service.asked();
        asked.sort();
        assert_eq!(asked, targets, "{filter}");
    }
}

#[tokio::test]
async fn lists_in_rows_are_collections_that_link_to_them() {
    let service = Service::start(|asked: Asked| async move {
        let offset = asked.number("offset").unwrap();
        let orders = (offset + 1..=3).take(2).map(|id| {
            let lines = (1..id).map(|line| json!({"line": line, "tree": "oak"}));
            json!({"id": id, "lines": lines.collect::<Vec<_>>()})
        });
        json_of(&json!({"orders": orders.collect::<Vec<_>>(), "count": 3}))
    })
    .await;
    let common = "path = \"/orders\"\ntotal = \"/count\"\npage = { kind = \"offset\", parameter = \"offset\" }\n";
    let block = format!(
        "url = \"http://{}\"\n[[source.collection]]\nname = \"order\"\nrows = \"/orders\"\nkey = [\"id\"]\n{common}\
         [source.collection.fields]\nid = \"Int\"\n\
         [[source.collection]]\nname = \"line\"\nrows = \"/orders/*/lines\"\nkey = [\"order\", \"line\"]\n{common}\
         [source.collection.fields]\norder = {{ type = \"Int\", at = \"/^/id\" }}\nline = \"Int\"\ntree = \"String\"\n\
         [[link]]\nfrom = \"parks.line(order)\"\nto = \"parks.order(id)\"\nname = \"of\"\nback = \"lines\"",
        service.address
    );
    let city = City::of(&block).await;
    let found = city.data("{ parks { order { id lines { line } } lineAggregate { aggregate { count } } } }").await;
    assert_eq!(
        found["parks"]["order"],
        json!([{"id": 1, "lines": []}, {"id": 2, "lines": [{"line": 1}]}, {"id": 3, "lines": [{"line": 1}, {"line": 2}]}])
    );
    assert_eq!(found["parks"]["lineAggregate"]["aggregate"]["count"], 3);
}
