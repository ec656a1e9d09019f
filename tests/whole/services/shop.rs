//! A service with lists, connections, single rows and objects: what becomes of them, and how many requests questions cost.

use std::collections::BTreeMap;

use async_graphql::connection::{Connection, Edge, EmptyFields, query};
use async_graphql::{ComplexObject, EmptyMutation, EmptySubscription, Enum, Error, ErrorExtensions, ID, InputObject};
use async_graphql::{Object, Schema, SimpleObject};
use lilong_tests::city::City;
use lilong_tests::in_process;
use serde_json::{Value, json};

use super::{Service, ask, serve};

#[derive(Clone, Copy, PartialEq, Eq, Enum)]
enum Genre {
    Novel,
    Poetry,
}

#[derive(Clone, SimpleObject)]
struct Size {
    width: i32,
    height: i32,
}

/// A person who writes.
#[derive(Clone, SimpleObject)]
struct Author {
    id: ID,
    name: String,
    born: Option<i32>,
}

#[derive(Clone, SimpleObject)]
#[graphql(complex)]
struct Book {
    id: ID,
    title: String,
    genre: Genre,
    pages: Option<i32>,
    size: Option<Size>,
    tags: Vec<String>,
    #[graphql(skip)]
    author: Option<u32>,
}

#[ComplexObject]
impl Book {
    async fn author(&self) -> Option<Author> {
        authors().into_iter().find(|author| Some(author.id.parse().unwrap()) == self.author)
    }

    /// Book 3 has a rating that nobody can read.
    async fn rating(&self) -> async_graphql::Result<Option<f64>> {
        if self.id == "3" {
            Err(Error::new("the rating is at db.internal:5432"))
        } else {
            Ok(Some(self.title.len() as f64 / 2.0))
        }
    }
}

#[derive(InputObject)]
struct GenreEquals {
    eq: Option<Genre>,
}

#[derive(InputObject)]
struct BookFilter {
    genre: Option<GenreEquals>,
}

fn authors() -> Vec<Author> {
    let of = |(id, name, born): (u32, &str, Option<i32>)| Author { id: ID::from(id), name: name.to_owned(), born };
    [(1, "Lu Xun", Some(1881)), (2, "Zhang Ailing", Some(1920)), (3, "Anonymous", None)].map(of).to_vec()
}

fn books() -> Vec<Book> {
    let of = |number: u32| Book {
        id: ID::from(number),
        title: format!("Book {number}"),
        genre: if number.is_multiple_of(2) { Genre::Novel } else { Genre::Poetry },
        pages: (!number.is_multiple_of(5)).then_some(100 + number as i32),
        size: number.is_multiple_of(3).then_some(Size { width: 10, height: number as i32 }),
        tags: vec![format!("t{}", number % 2)],
        author: (!number.is_multiple_of(4)).then_some(number % 4),
    };
    (1..=25).map(of).collect()
}

struct Query;

struct Archive;

#[Object]
impl Archive {
    async fn shelves(&self) -> Vec<Shelf> {
        vec![Shelf { code: "A".to_owned(), books: 2 }, Shelf { code: "B".to_owned(), books: 3 }]
    }
}

#[derive(SimpleObject)]
struct Shelf {
    code: String,
    books: i32,
}

#[derive(SimpleObject)]
struct Page {
    results: Vec<Shelf>,
}

#[Object]
impl Query {
    /// Every book there is.
    async fn books(
        &self,
        after: Option<String>,
        first: Option<i32>,
        filter: Option<BookFilter>,
    ) -> async_graphql::Result<Connection<usize, Book>> {
        let wanted = filter.and_then(|filter| filter.genre).and_then(|genre| genre.eq);
        query(after, None, first, None, |after: Option<usize>, _, first, _| async move {
            let found: Vec<Book> =
                books().into_iter().filter(|book| wanted.is_none_or(|genre| book.genre == genre)).collect();
            let start = after.map_or(0, |after| after + 1);
            let end = found.len().min(start + first.unwrap_or(10).min(10));
            let mut connection = Connection::<usize, Book, EmptyFields, EmptyFields>::new(start > 0, end < found.len());
            connection.edges.extend((start..end).map(|at| Edge::new(at, found[at].clone())));
            Ok::<_, Error>(connection)
        })
        .await
    }

    async fn authors(&self, limit: Option<usize>, offset: Option<usize>) -> Vec<Author> {
        authors().into_iter().skip(offset.unwrap_or(0)).take(limit.unwrap_or(2).min(2)).collect()
    }

    async fn author(&self, id: ID) -> async_graphql::Result<Option<Author>> {
        match authors().into_iter().find(|author| author.id == id) {
            None if id == "9" => Err(Error::new("gone").extend_with(|_, error| error.set("code", "NOT_FOUND"))),
            found => Ok(found),
        }
    }

    async fn archive(&self) -> Archive {
        Archive
    }

    async fn shelf_pages(&self, page: i32) -> Page {
        let all = [("A", 1), ("B", 2), ("C", 3)];
        let one = all.get(page as usize - 1).map(|(code, books)| Shelf { code: (*code).to_owned(), books: *books });
        Page { results: one.into_iter().collect() }
    }

    async fn found(&self, text: String) -> Vec<Shelf> {
        vec![Shelf { code: text, books: 0 }]
    }

    async fn feed(&self, cursor: Option<String>) -> Vec<Shelf> {
        vec![Shelf { code: cursor.unwrap_or_default(), books: 0 }]
    }
}

async fn shop() -> Service {
    Service::of(Schema::new(Query, EmptyMutation, EmptySubscription)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_are_collections_and_what_would_be_cut_is_left_out() {
    let (city, shop) = (City::empty(), shop().await);
    city.write("lilong.toml", &shop.block("shop", ""));
    let described = in_process::describe(city.folder()).await.remove("shop").unwrap();
    let collections: BTreeMap<String, Vec<String>> = described
        .collections
        .iter()
        .map(|collection| {
            let fields = collection.fields.iter().map(|field| format!("{} {}", field.name, field.scalar.name()));
            let keys = collection.keys.iter().map(|key| format!("key({})", key.columns.join(", ")));
            let links =
                collection.foreign_keys.iter().map(|key| format!("{} → {}", key.columns.join(", "), key.collection));
            (collection.name.clone(), fields.chain(keys).chain(links).collect())
        })
        .collect();
    let expected = BTreeMap::from([
        ("authors", vec!["id String", "name String", "born Int", "key(id)"]),
        (
            "books",
            vec![
                "id String",
                "title String",
                "genre Enum",
                "pages Int",
                "tags JSON",
                "rating Float",
                "size JSON",
                "author.id String",
                "key(id)",
                "author.id → authors",
            ],
        ),
        ("shelfPages", vec!["code String", "books Int"]),
        ("shelves", vec!["code String", "books Int"]),
    ]);
    let shown: BTreeMap<&str, Vec<&str>> =
        collections.iter().map(|(name, what)| (name.as_str(), what.iter().map(String::as_str).collect())).collect();
    assert_eq!(shown, expected);
    assert_eq!(
        described.warnings,
        [
            "feed is left out: how its argument `cursor` cuts it into pages is not known",
            "found is left out: its argument `text` must be given, and stands for no column",
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn questions_are_answered_with_few_requests() {
    let (city, shop) = (City::empty(), shop().await);
    let gateway = serve(&city, &shop.block("shop", "page_rows = 10")).await;
    shop.documents();
    for (query, expected, requests) in [
        // Three pages of ten, whoever asks.
        (
            "{ shop { books(orderBy: [{ pages: DESC_NULLS_LAST }], limit: 2) { id pages } } }",
            json!({"books": [{"id": "24", "pages": 124}, {"id": "23", "pages": 123}]}),
            3,
        ),
        // The filter goes along: twelve novels in two pages, and is checked again here.
        (
            "{ shop { books(where: { genre: { _eq: NOVEL }, pages: { _lt: 105 } }) { id genre } } }",
            json!({"books": [{"id": "2", "genre": "NOVEL"}, {"id": "4", "genre": "NOVEL"}]}),
            2,
        ),
        // The authors of all rows with one request.
        (
            "{ shop { books(where: { pages: { _in: [101, 102, 104] } }) { id author { name } } } }",
            json!({"books": [
                {"id": "1", "author": {"name": "Lu Xun"}},
                {"id": "2", "author": {"name": "Zhang Ailing"}},
                {"id": "4", "author": null},
            ]}),
            4,
        ),
        (
            r#"{ shop { authorsByPk(id: "2") { name born } none: authorsByPk(id: "7") { name } gone: authorsByPk(id: "9") { name } } }"#,
            json!({"authorsByPk": {"name": "Zhang Ailing", "born": 1920}, "none": null, "gone": null}),
            3,
        ),
        // Pages that are counted by rows left out, two at a time whatever is asked for, to the empty one.
        (
            "{ shop { authorsAggregate { aggregate { count max { born } } } } }",
            json!({"authorsAggregate": {"aggregate": {"count": 3, "max": {"born": 1920}}}}),
            3,
        ),
        (
            r#"{ shop { books(where: { id: { _in: ["3", "4"] } }) { size tags } } }"#,
            json!({"books": [{"size": {"width": 10, "height": 3}, "tags": ["t1"]}, {"size": null, "tags": ["t0"]}]}),
            3,
        ),
        (
            "{ shop { shelves { code books } shelfPages(orderBy: [{ code: DESC }]) { code } } }",
            json!({
                "shelves": [{"code": "A", "books": 2}, {"code": "B", "books": 3}],
                "shelfPages": [{"code": "C"}, {"code": "B"}, {"code": "A"}],
            }),
            5,
        ),
        (
            "{ shop { authors { name booksAggregate { aggregate { count } } } } }",
            json!({"authors": [
                {"name": "Lu Xun", "booksAggregate": {"aggregate": {"count": 7}}},
                {"name": "Zhang Ailing", "booksAggregate": {"aggregate": {"count": 6}}},
                {"name": "Anonymous", "booksAggregate": {"aggregate": {"count": 6}}},
            ]}),
            6,
        ),
    ] {
        let answer = ask(&gateway, query).await;
        assert_eq!(answer, json!({"data": {"shop": expected}}), "{query}");
        let documents = shop.documents();
        assert_eq!(documents.len(), requests, "{query}\n{}", documents.join("\n"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_of_the_service_empties_its_own_place_and_tells_nothing() {
    let (city, shop) = (City::empty(), shop().await);
    let gateway = serve(&city, &shop.block("shop", "")).await;
    let answer = ask(&gateway, "{ shop { books(where: { pages: { _lt: 105 } }) { id rating } } }").await;
    let row = |id: &str, rating: Value| json!({"id": id, "rating": rating});
    let rows = [row("1", json!(3)), row("2", json!(3)), row("3", Value::Null), row("4", json!(3))];
    let shown: Vec<Value> = answer["data"]["shop"]["books"].as_array().unwrap().clone();
    assert_eq!(shown.len(), 4, "{answer}");
    for (shown, expected) in shown.iter().zip(rows) {
        assert_eq!((&shown["id"], shown["rating"].as_f64()), (&expected["id"], expected["rating"].as_f64()));
    }
    assert_eq!(answer["errors"].as_array().unwrap().len(), 1, "{answer}");
    let error = &answer["errors"][0];
    assert_eq!(error["path"], json!(["shop", "books", 2, "rating"]));
    assert_eq!(error["extensions"]["code"], "SOURCE_MISMATCH");
    assert!(!answer.to_string().contains("internal"), "{answer}");
    // What decides which rows there are cannot be unknown.
    let answer = ask(&gateway, "{ shop { books(where: { rating: { _gt: 1 } }) { id } } }").await;
    assert_eq!(answer["data"], json!({"shop": {"books": null}}));
    assert_eq!(answer["errors"][0]["extensions"]["code"], "SOURCE_MISMATCH", "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn departments_and_services_are_linked_both_ways() {
    let (city, shop) = (City::empty(), shop().await);
    city.database(
        "loans.sqlite",
        "CREATE TABLE loan (id INTEGER PRIMARY KEY, book TEXT); INSERT INTO loan VALUES (1, '2'), (2, '2'), (3, '99');",
    );
    let catalog = shop.block("shop", "")
        + "[[source]]\nname = \"loans\"\nconnector = \"sqlite\"\npath = \"loans.sqlite\"\n\
           [[link]]\nfrom = \"loans.loan(book)\"\nto = \"shop.books(id)\"\nname = \"borrowed\"\nback = \"loans\"\n";
    let gateway = serve(&city, &catalog).await;
    let answer = ask(
        &gateway,
        "{ loans { loan { id borrowed { title author { name } } } }
           shop { books(where: { loans: {} }) { id loans { id } } } }",
    )
    .await;
    let borrowed = json!({"title": "Book 2", "author": {"name": "Zhang Ailing"}});
    assert_eq!(
        answer,
        json!({"data": {
            "loans": {"loan": [
                {"id": 1, "borrowed": borrowed}, {"id": 2, "borrowed": borrowed}, {"id": 3, "borrowed": null},
            ]},
            "shop": {"books": [{"id": "2", "loans": [{"id": 1}, {"id": 2}]}]},
        }})
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_catalog_says_what_cannot_be_guessed() {
    let (city, shop) = (City::empty(), shop().await);
    let more = "collections = [\"books\", \"authors\", \"found\", \"nothing.here\"]\nkeys = [\"books(title)\", \"authors(born)\"]\n\
                arguments = [\"found(code) = text\"]\nlookups = [\"authors(id) = author(id)\"]\nguess = false\n";
    let gateway = serve(&city, &shop.block("shop", more)).await;
    shop.documents();
    let answer = ask(
        &gateway,
        r#"{ shop { found(where: { code: { _eq: "x" } }) { code } booksByPk(title: "Book 7") { id } } }"#,
    )
    .await;
    assert_eq!(answer, json!({"data": {"shop": {"found": [{"code": "x"}], "booksByPk": {"id": "7"}}}}));
    let answer = ask(&gateway, "{ shop { found { code } } }").await;
    assert_eq!(answer["data"], json!({"shop": {"found": null}}));
    assert_eq!(answer["errors"][0]["extensions"]["code"], "SOURCE_REJECTED");
    assert!(answer["errors"][0]["message"].as_str().unwrap().contains("a filter on code"), "{answer}");
    let described = in_process::describe(city.folder()).await.remove("shop").unwrap();
    assert_eq!(
        described.warnings,
        [
            "`collections` names nothing.here, which is no list of objects",
            "authors(born) is no key: the service may give null there",
        ]
    );
}
