//! The library's service: lists of objects in JSON over HTTP, as a foreign system would give them.
//!
//! In: its database. Out: routes that answer what [`DOCUMENT`] says. *Invariant*: a parameter that it does not know is
//! refused, never passed over.

use std::ops::RangeInclusive;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::extract::{Path as Segment, Query};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{StatusCode, header};
use rusqlite::types::ToSql;
use rusqlite::{Connection, OpenFlags, OptionalExtension, params};

/// What it answers, in `OpenAPI`.
pub(super) const DOCUMENT: &str = include_str!("library.yaml");

/// Rows of a page, at most and if nothing is said.
const PAGE: u32 = 100;

/// One list of objects, and the object by its key.
struct List {
    /// Its path.
    path: &'static str,
    table: &'static str,
    /// Members of an object with the columns they come from; the first is the key.
    members: &'static [(&'static str, &'static str)],
    /// Members that a parameter of their name narrows by, to some values with commas between them.
    parameters: &'static [&'static str],
}

static LISTS: [List; 2] = [
    List {
        path: "/readers",
        table: "reader",
        members: &[("readerNo", "reader_no"), ("idCard", "id_card"), ("branch", "branch"), ("since", "since")],
        parameters: &["readerNo", "idCard"],
    },
    List {
        path: "/loans",
        table: "loan",
        members: &[
            ("loanNo", "loan_no"),
            ("readerNo", "reader_no"),
            ("title", "title"),
            ("due", "due"),
            ("returned", "returned"),
        ],
        parameters: &["readerNo"],
    },
];

/// Why there is no answer.
enum Refusal {
    Parameter(String),
    NotThere,
    Fault(rusqlite::Error),
}

impl From<rusqlite::Error> for Refusal {
    fn from(error: rusqlite::Error) -> Self {
        Refusal::Fault(error)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        match self {
            Refusal::Parameter(name) => {
                (StatusCode::BAD_REQUEST, format!("the parameter {name} is unknown or has no value it may have"))
                    .into_response()
            }
            Refusal::NotThere => StatusCode::NOT_FOUND.into_response(),
            Refusal::Fault(error) => {
                tracing::warn!("the library's database: {error}");
                StatusCode::INTERNAL_SERVER_ERROR.into_response()
            }
        }
    }
}

/// The routes over a database.
pub(super) fn routes(database: &Path) -> rusqlite::Result<Router> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let database = Arc::new(Mutex::new(Connection::open_with_flags(database, flags)?));
    let mut router = Router::new().route("/openapi.yaml", get(|| async { DOCUMENT }));
    for list in &LISTS {
        let silo = database.clone();
        let page = move |Query(given): Query<Vec<(String, String)>>| answer(silo, move |silo| list.page(silo, &given));
        let silo = database.clone();
        let one = move |Segment(key): Segment<u32>| answer(silo, move |silo| list.one(silo, key));
        router = router.route(list.path, get(page)).route(&format!("{}/{{key}}", list.path), get(one));
    }
    Ok(router)
}

/// Asks the database on a thread that may block.
async fn answer(
    database: Arc<Mutex<Connection>>,
    ask: impl FnOnce(&Connection) -> Result<String, Refusal> + Send + 'static,
) -> Response {
    let asked = tokio::task::spawn_blocking(move || {
        // A connection that is only read from is whole whatever happened to the one who held it.
        ask(&database.lock().unwrap_or_else(PoisonError::into_inner))
    });
    match asked.await {
        Ok(Ok(body)) => ([(header::CONTENT_TYPE, "application/json")], body).into_response(),
        Ok(Err(refusal)) => refusal.into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

impl List {
    fn page(&self, silo: &Connection, given: &[(String, String)]) -> Result<String, Refusal> {
        let (mut limit, mut offset) = (PAGE, 0);
        let (mut conditions, mut values) = (Vec::new(), Vec::new());
        for (name, value) in given {
            match name.as_str() {
                "limit" => limit = number(name, value, 1..=PAGE)?,
                "offset" => offset = number(name, value, 0..=u32::MAX)?,
                _ => {
                    let column = self.column(name).ok_or_else(|| Refusal::Parameter(name.clone()))?;
                    conditions.push(format!("{column} in (select value from json_each(?))"));
                    values.push(serde_json::Value::from(value.split(',').collect::<Vec<_>>()).to_string());
                }
            }
        }
        let narrowed =
            if conditions.is_empty() { String::new() } else { format!(" where {}", conditions.join(" and ")) };
        let from = format!("from {}{narrowed}", self.table);
        let mut given: Vec<&dyn ToSql> = values.iter().map(|value| value as &dyn ToSql).collect();
        let total: u32 = silo.query_row(&format!("select count(*) {from}"), given.as_slice(), |row| row.get(0))?;
        given.extend([&limit as &dyn ToSql, &offset]);
        let text = format!("select {} {from} order by {} limit ? offset ?", self.object(), self.members[0].1);
        let items: Vec<String> =
            silo.prepare(&text)?.query_map(given.as_slice(), |row| row.get(0))?.collect::<Result<_, _>>()?;
        Ok(format!("{{\"total\":{total},\"items\":[{}]}}", items.join(",")))
    }

    fn one(&self, silo: &Connection, key: u32) -> Result<String, Refusal> {
        let text = format!("select {} from {} where {} = ?", self.object(), self.table, self.members[0].1);
        silo.query_row(&text, params![key], |row| row.get(0)).optional()?.ok_or(Refusal::NotThere)
    }

    /// The column that a parameter narrows by.
    fn column(&self, parameter: &str) -> Option<&'static str> {
        let (_, column) = self.members.iter().find(|(member, _)| *member == parameter)?;
        self.parameters.contains(&parameter).then_some(column)
    }

    /// A row as SQL makes an object of it.
    fn object(&self) -> String {
        let members: Vec<String> = self.members.iter().map(|(name, column)| format!("'{name}', {column}")).collect();
        format!("json_object({})", members.join(", "))
    }
}

fn number(name: &str, value: &str, allowed: RangeInclusive<u32>) -> Result<u32, Refusal> {
    value.parse().ok().filter(|number| allowed.contains(number)).ok_or_else(|| Refusal::Parameter(name.to_owned()))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use axum::body::Body;
    use http::Request;
    use http_body_util::BodyExt;
    use serde_json::{Value, json};
    use tower::ServiceExt;

    use super::*;
    use crate::demo::departments::leisure::LIBRARY;
    use crate::demo::town::Town;

    async fn ask(routes: &Router, path: &str) -> (StatusCode, Value) {
        let answer = routes.clone().oneshot(Request::get(path).body(Body::empty()).unwrap()).await.unwrap();
        let status = answer.status();
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        (status, serde_json::from_slice(&body).unwrap_or_default())
    }

    #[tokio::test]
    async fn it_answers_what_its_document_says() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("library.sqlite");
        LIBRARY.write(&file, &Town::new(1_000)).unwrap();
        let routes = routes(&file).unwrap();
        let (status, all) = ask(&routes, "/readers").await;
        assert_eq!((status, all["items"].as_array().unwrap().len()), (StatusCode::OK, 100));
        assert!(all["total"].as_u64().unwrap() > 150, "{all}");
        let (_, next) = ask(&routes, "/readers?limit=2&offset=99").await;
        assert_eq!(next["items"][0], all["items"][99]);
        let reader = |at: usize, name: &str| all["items"][at][name].to_string().trim_matches('"').to_owned();
        let cards = format!("/readers?idCard={},{},nobody", reader(3, "idCard"), reader(1, "idCard"));
        assert_eq!(ask(&routes, &cards).await.1, json!({ "total": 2, "items": [all["items"][1], all["items"][3]] }));
        let (_, loans) = ask(&routes, &format!("/loans?readerNo={}", reader(0, "readerNo"))).await;
        assert_eq!(loans["items"][0]["readerNo"], all["items"][0]["readerNo"]);
        assert_eq!(ask(&routes, &format!("/readers/{}", reader(7, "readerNo"))).await.1, all["items"][7]);
        for (path, status) in [
            ("/readers/1", StatusCode::NOT_FOUND),
            ("/readers?limit=101", StatusCode::BAD_REQUEST),
            ("/readers?branch=Yanji", StatusCode::BAD_REQUEST),
            ("/loans?idCard=1", StatusCode::BAD_REQUEST),
            ("/openapi.yaml", StatusCode::OK),
            ("/", StatusCode::NOT_FOUND),
        ] {
            assert_eq!(ask(&routes, path).await.0, status, "{path}");
        }
    }
}
