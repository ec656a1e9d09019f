//! Descriptions of sources, collections, fields and links: the database's own comment, then the department's title,
//! then the original name.
//!
//! *Invariant*: a description holds no control character but the line feed, neither begins nor ends with white space,
//! and no line of it ends with white space; so it survives a block string unchanged.

use super::{Collection, EnumerationType, Federated, Link, Source};
use crate::collection::FieldId;

impl Source {
    /// What a source is.
    pub(super) fn documentation(&self) -> String {
        document(None, self.title.as_deref(), &self.name)
    }
}

impl Federated {
    /// What a database enum is.
    pub(super) fn document_enumeration(&self, enumeration: &EnumerationType) -> String {
        document(None, self.sources[enumeration.source].title.as_deref(), &enumeration.described.name)
    }

    /// What a collection is.
    pub(super) fn document_collection(&self, collection: &Collection) -> String {
        let described = &collection.described;
        document(described.comment.as_deref(), self.title(collection), &described.name)
    }

    /// What a field made from a collection gives.
    pub(super) fn document_generated(&self, collection: &Collection, what: &str) -> String {
        document(Some(what), self.title(collection), &collection.described.name)
    }

    /// What a column is.
    pub(super) fn document_field(&self, collection: &Collection, field: FieldId) -> String {
        let described = &collection.described.fields[field];
        document(described.comment.as_deref(), self.title(collection), &described.name)
    }

    /// What a by-key field gives: the row whose columns are as given.
    pub(super) fn document_key(&self, collection: &Collection, columns: &[FieldId]) -> String {
        let what = "The row of that key, or null.";
        document(Some(what), self.title(collection), &end(collection, columns))
    }

    /// What the connection of a collection gives.
    pub(super) fn document_connection(&self, collection: &Collection) -> String {
        document(Some("The rows page by page."), self.title(collection), &collection.described.name)
    }

    /// What a link joins.
    pub(super) fn document_link(&self, link: &Link) -> String {
        let (from, to) = (&self.collections[link.from], &self.collections[link.to]);
        let (from_source, to_source) = (&self.sources[from.source], &self.sources[to.source]);
        let (from_end, to_end) = (end(from, &link.columns), end(to, &link.to_columns));
        let original = if from.source == to.source {
            format!("{from_end} → {to_end}")
        } else {
            let place = |source: &Source, end: &str| match source.union {
                Some(_) => end.to_owned(),
                None => format!("{}.{end}", source.name),
            };
            format!("{} → {}", place(from_source, &from_end), place(to_source, &to_end))
        };
        document(None, to_source.title.as_deref(), &original)
    }

    fn title(&self, collection: &Collection) -> Option<&str> {
        self.sources[collection.source].title.as_deref()
    }
}

/// `resident(id_card)`
fn end(collection: &Collection, columns: &[FieldId]) -> String {
    let fields = &collection.described.fields;
    let names: Vec<&str> = columns.iter().map(|id| fields[*id].name.as_str()).collect();
    format!("{}({})", collection.described.name, names.join(", "))
}

fn document(comment: Option<&str>, title: Option<&str>, original: &str) -> String {
    let mut text = String::new();
    if let Some(comment) = comment {
        text.push_str(&plain(comment));
    }
    if !text.is_empty() {
        text.push_str("\n\n");
    }
    if let Some(title) = title.map(plain).filter(|title| !title.is_empty()) {
        text.push_str(&title);
        text.push_str(": ");
    }
    text.push('`');
    text.extend(original.chars().map(|c| if c.is_control() { ' ' } else { c }));
    text.push('`');
    text
}

/// The text without control characters, and without white space where a block string would lose it.
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.replace("\r\n", "\n").replace('\r', "\n").split('\n') {
        let clean: String = line.chars().map(|c| if c.is_control() && c != '\t' { ' ' } else { c }).collect();
        out.push_str(clean.trim_end());
        out.push('\n');
    }
    out.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::document;

    #[test]
    fn a_description_is_the_comment_then_the_title_then_the_original_name() {
        assert_eq!(document(Some("People."), Some("Civil Affairs"), "id_card"), "People.\n\nCivil Affairs: `id_card`");
        assert_eq!(document(None, None, "Order Details"), "`Order Details`");
        assert_eq!(document(Some("  "), Some(""), "x"), "`x`");
    }

    #[test]
    fn what_a_block_string_would_lose_is_not_there() {
        assert_eq!(document(Some("  a \r\n\tb\u{0}c  \r\rd\n"), None, "x\ny"), "a\n\tb c\n\nd\n\n`x y`");
    }
}
