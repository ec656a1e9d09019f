//! A connector of one's own, from nothing to a passing contract suite: `cargo run -p lilong --example own_connector` asks
//! it, `cargo test -p lilong --example own_connector` holds it to the contract.

mod ledger;

use std::collections::BTreeMap;
use std::error::Error;
use std::sync::Arc;

use lilong::request::Request;
use lilong::{Gateway, Model};
use lilong_connectors::{Connector, Source};
use lilong_schema::catalog::{Limits, SourceSettings, Tuning};
use lilong_schema::{Catalog, Collection, Field, Key, Scalar, Value, federate};
use tokio::sync::Semaphore;

use self::ledger::{Book, Ledger};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let connector: Arc<dyn Connector> = Arc::new(Ledger::new("market", vec![stalls()]));
    let settings = SourceSettings { name: "market".into(), connector: "ledger".into(), ..SourceSettings::default() };
    let catalog = Catalog { sources: vec![settings], ..Catalog::default() };
    let descriptions = BTreeMap::from([("market".to_owned(), connector.describe().await?)]);
    let (federated, findings) = federate(&catalog, &descriptions);
    print!("{}", lilong_schema::problem::report(&findings));

    let limits = Limits::default();
    let ceiling = Arc::new(Semaphore::new(limits.connections));
    let source = Source::new("market".into(), connector, &Tuning::default(), ceiling);
    let gateway = Gateway::new(Model { federated: Arc::new(federated), sources: vec![source] }, limits);
    let query = "{ market { stall(where: { rent: { _gt: 100 } }, orderBy: [{ rent: DESC }]) { number goods rent } } }";
    let answer = gateway.execute(Request { query: query.into(), ..Request::default() }).await;
    println!("{}", String::from_utf8_lossy(&answer.body));
    Ok(())
}

/// What there is to serve.
fn stalls() -> Book {
    let field = |name: &str, scalar: Scalar| Field { nullable: name != "number", ..Field::new(name, scalar) };
    let collection = Collection {
        name: "stall".to_owned(),
        fields: vec![field("number", Scalar::Int), field("goods", Scalar::String), field("rent", Scalar::Int)],
        keys: vec![Key { columns: vec!["number".to_owned()], primary: true }],
        ..Collection::default()
    };
    let row = |number: i128, goods: &str, rent: i128| {
        vec![Value::Integer(number), Value::Text(goods.to_owned()), Value::Integer(rent)]
    };
    Book { collection, rows: vec![row(1, "tea", 90), row(2, "fish", 140), row(3, "silk", 210)] }
}

#[cfg(test)]
mod tests {
    //! The contract suite over a ledger that is filled with the suite's own data.

    use std::sync::Arc;

    use lilong_schema::{Collection, Scalar, Value};
    use lilong_tests::contract::{Fixture, contract_suite, data};

    use crate::ledger::{Book, Ledger};

    async fn start() -> Option<Fixture> {
        // It describes no enums.
        let tables = data::tables(&[Scalar::Enum], |_, _| true);
        let book = |table: &data::Table| {
            // It has no indexes either.
            let collection = Collection { expressions: Vec::new(), ..table.collection.clone() };
            Book { collection, rows: table.rows.clone() }
        };
        let ledger = Arc::new(Ledger::new("ledger", tables.iter().map(book).collect()));
        let spoiled = ledger.clone();
        let spoil = move || spoiled.write("spoiled", 1, 1, Value::Text("no number".to_owned()));
        Some(Fixture::new(ledger, tables, spoil).await)
    }

    contract_suite! { ledger, super::start() }
}
