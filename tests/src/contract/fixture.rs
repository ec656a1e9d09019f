//! A source that runs, and what is known of it.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use lilong_connectors::Connector;
use lilong_schema::{Capabilities, Collection, Scalar, SourceDescription};

use super::data::Table;

/// A source that runs, and what is in it.
pub struct Fixture {
    /// Talks to it.
    pub connector: Arc<dyn Connector>,
    /// What it was filled with.
    pub tables: Vec<Table>,
    /// What it says of itself.
    pub description: SourceDescription,
    /// Whether text is ordered by code point, as the expected answers are.
    pub orders_by_code_point: bool,
    /// Whether `card` has its indexes over expressions.
    pub indexes_expressions: bool,
    /// Whether it says how many rows there are.
    pub counts_rows: bool,
    /// Makes the second `value` of `spoiled` one that cannot be represented.
    pub spoil: Box<dyn Fn() + Send + Sync>,
    /// What the source stands in; taken away with the fixture.
    pub place: Option<Box<dyn Any + Send + Sync>>,
}

impl Fixture {
    /// A source that is described now: it orders text by code point, and neither indexes expressions nor counts rows.
    ///
    /// # Panics
    /// If it cannot be described.
    pub async fn new(
        connector: Arc<dyn Connector>,
        tables: Vec<Table>,
        spoil: impl Fn() + Send + Sync + 'static,
    ) -> Self {
        let description = connector.describe().await.unwrap();
        Self {
            connector,
            tables,
            description,
            orders_by_code_point: true,
            indexes_expressions: false,
            counts_rows: false,
            spoil: Box::new(spoil),
            place: None,
        }
    }

    /// The data of a collection.
    pub(crate) fn table(&self, name: &str) -> &Table {
        self.tables.iter().find(|table| table.collection.name == name).unwrap_or_else(|| panic!("no data of {name}"))
    }

    /// A collection as the source describes it.
    pub(crate) fn described(&self, name: &str) -> Arc<Collection> {
        let found = self.description.collections.iter().find(|collection| collection.name == name);
        Arc::new(found.unwrap_or_else(|| panic!("{name} was not described")).clone())
    }

    pub(crate) fn claims(&self) -> Capabilities {
        self.connector.capabilities()
    }

    /// The scalars that the source holds.
    pub(crate) fn scalars(&self) -> Vec<Scalar> {
        self.table("scalars").collection.fields[1..].iter().map(|field| field.scalar).collect()
    }

    /// See the field.
    pub(crate) fn spoil(&self) {
        (self.spoil)();
    }
}

impl fmt::Debug for Fixture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fixture").field("description", &self.description).finish_non_exhaustive()
    }
}
