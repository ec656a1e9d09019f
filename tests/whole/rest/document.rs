//! Collections from an `OpenAPI` document, and answers in XML.

use axum::response::Response;
use serde_json::{Value, json};

use super::{Asked, City, Service, json_of, status};

const DOCUMENT: &str = r##"
openapi: 3.1.0
info: { title: Parks, version: "1" }
paths:
  /parks:
    get:
      summary: Every park of the city
      parameters:
        - { name: limit, in: query, schema: { type: integer, maximum: 2 } }
        - { name: offset, in: query, schema: { type: integer } }
        - { name: kind, in: query, schema: { type: string } }
        - { name: ids, in: query, explode: false, schema: { type: array, items: { type: integer }, maxItems: 3 } }
      responses:
        "200":
          content:
            application/json:
              schema:
                type: object
                properties:
                  total: { type: integer }
                  data: { type: array, items: { $ref: "#/components/schemas/Park" } }
  /parks/{parkId}:
    get:
      parameters: [{ name: parkId, in: path, required: true, schema: { type: integer } }]
      responses: { "200": { content: { application/json: { schema: { $ref: "#/components/schemas/Park" } } } } }
  /parks/{park}/benches:
    get:
      parameters: [{ name: park, in: path, required: true, schema: { type: integer, format: int64 } }]
      responses:
        default:
          content:
            application/json:
              schema: { type: array, items: { type: object, properties: { number: { type: integer, format: int32 } } } }
  /health:
    get:
      responses: { "200": { description: well } }
components:
  schemas:
    Park:
      allOf:
        - type: object
          required: [id]
          properties:
            id: { type: integer, format: int64, description: The number on its gate }
            opened: { type: string, format: date }
        - type: object
          properties:
            kind: { type: string, enum: [garden, wood] }
            area: { type: [number, "null"], format: decimal }
            tags: { type: array, items: { type: string } }
            secret: { type: string, writeOnly: true }
"##;

fn park(id: usize) -> Value {
    let kind = if id.is_multiple_of(2) { "garden" } else { "wood" };
    json!({"id": id, "opened": "1999-05-01", "kind": kind, "area": 12.50, "tags": ["a"]})
}

#[tokio::test]
async fn a_document_makes_collections() {
    let service = Service::start(|asked: Asked| async move {
        match asked.path.as_str() {
            "/api/parks" => {
                let offset = asked.number("offset").unwrap();
                let ids: Vec<usize> = match asked.parameters.iter().find(|(name, _)| name == "ids") {
                    Some((_, ids)) => ids.split(',').map(|id| id.parse().unwrap()).collect(),
                    None => (1..=5).collect(),
                };
                let total = ids.len();
                let data: Vec<Value> = ids.into_iter().skip(offset).take(2).map(park).collect();
                json_of(&json!({"total": total, "data": data}))
            }
            "/api/parks/4" => json_of(&park(4)),
            "/api/parks/4/benches" => json_of(&json!([{"number": 1}, {"number": 2}])),
            _ => status(404),
        }
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("parks.yaml"), DOCUMENT).unwrap();
    let block = format!("url = \"http://{}/api\"\nopenapi = \"parks.yaml\"", service.address);
    let folder = City::written(folder, &block);
    let city = City { gateway: lilong_tests::serve(folder.path()).await, folder };
    let found = city.data("{ parks { parks { id opened kind area tags } } }").await;
    let rows = found["parks"]["parks"].as_array().unwrap();
    assert_eq!(rows.len(), 5);
    assert_eq!(rows[1], json!({"id": 2, "opened": "1999-05-01", "kind": "garden", "area": "12.5", "tags": ["a"]}));
    let asked = service.asked();
    assert_eq!(asked.len(), 3);
    assert_eq!(asked[2], "/api/parks?offset=4&limit=2");
    let found = city.data("{ parks { parksByPk(id: 4) { id } } }").await;
    assert_eq!(found["parks"]["parksByPk"], json!({"id": 4}));
    assert_eq!(service.asked(), ["/api/parks/4"]);
    let found = city.data("{ parks { parksBenches(where: {park: {_eq: 4}}) { number park } } }").await;
    assert_eq!(found["parks"]["parksBenches"], json!([{"number": 1, "park": 4}, {"number": 2, "park": 4}]));
    let found = city.data("{ parks { parks(where: {kind: {_eq: wood}, id: {_lt: 4}}) { id } } }").await;
    assert_eq!(found["parks"]["parks"], json!([{"id": 1}, {"id": 3}]));
    assert!(service.asked().iter().skip(1).all(|target| target.contains("kind=wood")));
}

#[tokio::test]
async fn an_answer_in_xml_is_read_by_the_same_pointers() {
    for (body, rows) in [
        (
            "<r><trees><tree id='1'><name>Oak</name></tree><tree id='2'/></trees></r>",
            json!([{"id": 1, "name": "Oak"}, {"id": 2, "name": null}]),
        ),
        ("<r><trees><tree id='1'><name>A &amp; B</name></tree></trees></r>", json!([{"id": 1, "name": "A & B"}])),
        ("<r><trees/></r>", json!([])),
    ] {
        let service = Service::start(move |_| async move { xml(body) }).await;
        let city = City::of(&block(&service)).await;
        assert_eq!(city.data("{ parks { tree { id name } } }").await["parks"]["tree"], rows, "{body}");
    }
    for body in [
        "<r><trees>",
        "<error/>",
        "<!DOCTYPE r [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><r><trees>&x;</trees></r>",
        "no",
    ] {
        let service = Service::start(move |_| async move { xml(body) }).await;
        let city = City::of(&block(&service)).await;
        assert_eq!(city.failure("parks { tree { id } }").await.0, "SOURCE_MISMATCH", "{body}");
    }
}

fn xml(body: &'static str) -> Response {
    Response::builder().header("content-type", "application/xml; charset=utf-8").body(body.into()).unwrap()
}

fn block(service: &Service) -> String {
    format!(
        "url = \"http://{}\"\n[[source.collection]]\nname = \"tree\"\npath = \"/trees\"\nrows = \"/r/trees/tree\"\n\
         [source.collection.fields]\nid = {{ type = \"Int\", at = \"/@id\" }}\nname = \"String\"",
        service.address
    )
}
