//! What the contract suite does not ask of files: what people do to them.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod biff;
mod changes;
mod damage;
mod parquet;
mod spreadsheets;
mod workbooks;

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use arrow_array::Array;
use arrow_cast::display::{ArrayFormatter, FormatOptions};
use futures::TryStreamExt;
use lilong_schema::catalog::{OptionKind, OptionTable, OptionValue, SourceSettings};
use lilong_schema::{Collection, Secret};
use tempfile::TempDir;

use super::*;
use crate::Prepared;

/// A folder with files, and how they are read.
struct Share {
    folder: TempDir,
    block: SourceSettings,
}

impl Share {
    fn new(path: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut block =
            SourceSettings { name: "share".to_owned(), connector: "files".to_owned(), ..SourceSettings::default() };
        block.location = path.to_owned();
        let whole = folder.path().join(path);
        block.options.insert("path".to_owned(), text(whole.to_str().unwrap()));
        Self { folder, block }
    }

    fn with(mut self, key: &str, value: OptionKind) -> Self {
        self.block.options.insert(key.to_owned(), OptionValue::new(value));
        self
    }

    fn keyed(self, collection: &str, columns: &[&str]) -> Self {
        let columns = OptionKind::Texts(columns.iter().map(|column| Secret::new(*column)).collect());
        let entries = vec![(collection.to_owned(), OptionValue::new(columns))];
        self.with("keys", OptionKind::Table(OptionTable { entries, ..OptionTable::default() }))
    }

    fn file(self, name: &str, content: impl AsRef<[u8]>) -> Self {
        self.put(name, content);
        self
    }

    fn put(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    fn open(&self) -> Arc<dyn Connector> {
        open(&self.block).unwrap()
    }
}

fn text(value: &str) -> OptionValue {
    OptionValue::new(OptionKind::Text(Secret::new(value)))
}

/// What describing gives: each collection as `name(column Scalar, …)`, and the warnings.
async fn described(connector: &dyn Connector) -> (Vec<String>, Vec<String>) {
    let description = connector.describe().await.unwrap();
    let shape = |collection: &Collection| {
        let fields = collection.fields.iter().map(|field| format!("{} {}", field.name, field.scalar.name()));
        format!("{}({})", collection.name, fields.collect::<Vec<_>>().join(", "))
    };
    (description.collections.iter().map(shape).collect(), description.warnings)
}

async fn collection(connector: &dyn Connector, name: &str) -> Collection {
    let description = connector.describe().await.unwrap();
    description.collections.into_iter().find(|collection| collection.name == name).expect(name)
}

/// Every row of a collection, its cells by their text; `!` stands for one that cannot be represented.
async fn rows(connector: &dyn Connector, collection: &Collection) -> Result<Vec<String>> {
    let fetch = Fetch::of(Arc::new(collection.clone()), (0..collection.fields.len()).collect());
    let bound = BoundFetch { prepared: Arc::new(Prepared::new(fetch)), operands: Vec::new(), keys: None };
    let context = FetchContext::new(Instant::now(), "test");
    let pieces: Vec<crate::Rows> = connector.fetch(&bound, &context).await?.try_collect().await?;
    let mut all = Vec::new();
    for piece in pieces {
        let options = FormatOptions::default().with_null("-");
        let columns: Vec<_> =
            piece.batch.columns().iter().map(|column| ArrayFormatter::try_new(column, &options).unwrap()).collect();
        for row in 0..piece.batch.num_rows() {
            let cells = columns.iter().enumerate().map(|(column, cells)| {
                let is_bad = piece.faults.iter().any(|fault| (fault.column, fault.row) == (column, row));
                assert!(!is_bad || piece.batch.column(column).is_null(row), "a bad cell is null");
                if is_bad { "!".to_owned() } else { cells.value(row).to_string() }
            });
            all.push(cells.collect::<Vec<_>>().join("|"));
        }
    }
    Ok(all)
}

/// The message of a fault, with the folder taken out.
fn message(error: &Error, folder: &Path) -> String {
    format!("{:?}: {error}", error.kind).replace(&format!("{}/", folder.display()), "")
}
