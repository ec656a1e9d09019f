//! The model while it is being made: what the passes hand to each other.

use std::collections::HashMap;
use std::sync::Arc;

use super::naming::{Names, whole};
use super::unions::UnionDraft;
use crate::catalog::{Place, SourceSettings};
use crate::collection::FieldId;
use crate::federated::{CollectionId, Federated, Link, LinkId, SourceId};
use crate::{Catalog, Problem};

/// What helps where the name of what stands in a database is taken.
const RENAME: &str = "give it a name of your own under [source.rename]";

/// The model so far, and what only the passes need.
pub(super) struct Draft<'a> {
    /// What is being made.
    pub(super) model: Federated,
    /// What is wrong.
    pub(super) problems: Vec<Problem>,
    /// The catalog it is made of.
    pub(super) catalog: &'a Catalog,
    /// By [`SourceId`].
    pub(super) sources: Vec<SourceDraft<'a>>,
    /// Unions, whose sources in the model come after those.
    pub(super) unions: Vec<UnionDraft<'a>>,
    /// By [`CollectionId`].
    pub(super) collections: Vec<CollectionDraft<'a>>,
    /// By the position of the link: the names it may have; `None` for a link whose name the catalog gives.
    pub(super) wanted: Vec<Option<LinkNames>>,
    /// Names of types.
    pub(super) types: Names,
    /// Names of fields of `Query`.
    pub(super) roots: Names,
}

/// What the passes know of a source beside the model.
pub(super) struct SourceDraft<'a> {
    /// Its block in the catalog.
    pub(super) settings: &'a SourceSettings,
    /// Whether it has a description.
    pub(super) described: bool,
    /// Names of fields of its type.
    pub(super) names: Names,
    /// Original name of each served collection.
    pub(super) by_name: HashMap<String, CollectionId>,
    /// The same in lower case: some databases match names of tables that way.
    pub(super) by_lower_name: HashMap<String, CollectionId>,
    /// Collections that it has and the catalog leaves out, by name in lower case.
    pub(super) left_out: HashMap<String, String>,
}

/// What the passes know of a collection beside the model.
#[derive(Default)]
pub(super) struct CollectionDraft<'a> {
    /// Names of fields of its type.
    pub(super) names: Names,
    /// The name that the catalog gives it.
    pub(super) renamed: Option<&'a str>,
    /// Names that the catalog gives its columns, by [`FieldId`].
    pub(super) renamed_columns: HashMap<FieldId, &'a str>,
    /// The primary key, if there is one.
    pub(super) primary: Option<Vec<FieldId>>,
    /// Keys, the primary one included, each sorted.
    pub(super) unique: Vec<Vec<FieldId>>,
}

/// The names of a link made from a foreign key.
pub(super) struct LinkNames {
    /// If no other field has it.
    pub(super) plain: String,
    /// Else.
    pub(super) qualified: String,
}

impl Draft<'_> {
    /// What names derived from a column are made of: the name that the catalog gives it, else the original one.
    pub(super) fn column_label(&self, collection: CollectionId, field: FieldId) -> &str {
        let given = self.collections[collection].renamed_columns.get(&field);
        given.copied().unwrap_or(&self.model.collections[collection].described.fields[field].name)
    }

    /// What names derived from a collection are made of: the name that the catalog gives it, else the original one.
    pub(super) fn collection_label(&self, collection: CollectionId) -> &str {
        let given = self.collections[collection].renamed;
        given.unwrap_or(&self.model.collections[collection].described.name)
    }

    /// Whether those columns name at most one row.
    pub(super) fn is_unique(&self, collection: CollectionId, columns: &[FieldId]) -> bool {
        let unique = &self.collections[collection].unique;
        unique.iter().any(|key| key.iter().all(|column| columns.contains(column)))
    }

    /// A warning about a source or a union, at its block.
    pub(super) fn warn(&mut self, source: SourceId, what: impl Into<String>, hint: impl Into<String>) {
        let (about, place) = match self.sources.get(source) {
            Some(source) => (format!("source {}", source.settings.name), &source.settings.place),
            None => {
                let settings = self.unions[source - self.sources.len()].settings;
                (settings.about(), &settings.place)
            }
        };
        self.model.warnings.push(placed(Problem::warning(about, what, hint), place));
    }

    /// The name space of the fields that list a source's collections: its own type's, or for a union `Query`'s.
    pub(super) fn members_of(&mut self, source: SourceId) -> &mut Names {
        match self.sources.get_mut(source) {
            Some(source) => &mut source.names,
            None => &mut self.roots,
        }
    }

    /// A collection as the catalog names it: `source.collection`, or the union.
    pub(super) fn label(&self, collection: CollectionId) -> String {
        let collection = &self.model.collections[collection];
        let source = &self.model.sources[collection.source];
        let name = &collection.described.name;
        if source.union.is_some() { name.clone() } else { format!("{}.{name}", source.name) }
    }

    /// Adds a link to its collection; `wanted` is `None` if its name is given already.
    pub(super) fn add_link(&mut self, link: Link, wanted: Option<LinkNames>) {
        self.model.collections[link.from].links.push(self.model.links.len());
        self.model.links.push(link);
        self.wanted.push(wanted);
    }

    /// Gives the name of a type.
    pub(super) fn give_type(&mut self, source: SourceId, what: &str, wanted: String) -> Arc<str> {
        let wanted = whole(wanted);
        let name = self.types.give(&wanted);
        self.warn_if_changed(source, || format!("the type of {what}"), &wanted, &name, self.remedy(source));
        name
    }

    /// Gives the name of a field of a source's type.
    pub(super) fn give_member(&mut self, source: SourceId, what: impl FnOnce() -> String, wanted: &str) -> Arc<str> {
        let name = self.members_of(source).give(wanted);
        self.warn_if_changed(source, what, wanted, &name, self.remedy(source));
        name
    }

    /// Gives the name of a field of a collection's type.
    pub(super) fn give_field(&mut self, id: CollectionId, what: impl FnOnce() -> String, wanted: &str) -> Arc<str> {
        let name = self.collections[id].names.give(wanted);
        let source = self.model.collections[id].source;
        let hint = if self.sources.len() > source { RENAME } else { "give a column another name under [union.rename]" };
        self.warn_if_changed(source, what, wanted, &name, hint);
        name
    }

    /// Gives the name of a field that stands beside a link.
    pub(super) fn give_beside(&mut self, link: LinkId, what: impl FnOnce() -> String, wanted: &str) -> Arc<str> {
        let id = self.model.links[link].from;
        if self.wanted[link].is_some() {
            return self.give_field(id, what, wanted);
        }
        let name = self.collections[id].names.give(wanted);
        self.warn_if_changed(self.model.collections[id].source, what, wanted, &name, "give the link another name");
        name
    }

    /// What helps where the name of a source's or a union's type or field is taken.
    fn remedy(&self, source: SourceId) -> &'static str {
        if self.sources.len() > source { RENAME } else { "give the union another name" }
    }

    fn warn_if_changed(
        &mut self,
        source: SourceId,
        what: impl FnOnce() -> String,
        wanted: &str,
        name: &str,
        hint: &str,
    ) {
        if wanted != name {
            let what = format!("{} is named `{name}`, because `{wanted}` is taken", what());
            self.warn(source, what, hint);
        }
    }
}

/// The finding with its place in the catalog, if it has one; names from databases cannot break its line.
pub(super) fn placed(problem: Problem, place: &Place) -> Problem {
    let printable = |text: String| -> String {
        if !text.contains(char::is_control) {
            return text;
        }
        let escape = |c: char| {
            if c.is_control() { c.escape_default().to_string() } else { c.to_string() }
        };
        text.chars().map(escape).collect()
    };
    let Problem { severity, file, line, path, what, hint } = problem;
    let (path, what, hint) = (printable(path), printable(what), printable(hint));
    let problem = Problem { severity, file, line, path, what, hint };
    let has_place = place.line > 0 || !place.file.as_os_str().is_empty();
    if has_place { problem.at(&place.file, place.line) } else { problem }
}

/// A hint that names the nearest known name, if one is near.
pub(super) fn did_you_mean(near: Option<&str>) -> String {
    near.map(|near| format!("did you mean `{near}`?")).unwrap_or_default()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use crate::federate::fixture::{described, field, warnings};

    #[test]
    fn a_name_cannot_break_the_line_of_a_warning() {
        let (mut catalog, mut descriptions) = described("s.t: x Int");
        catalog.sources[0].name = "s\n".into();
        let mut description = descriptions.remove("s").unwrap();
        description.collections[0].fields.push(field("X\u{1b}", crate::Scalar::Int, true));
        descriptions.insert("s\n".into(), description);
        let (model, _) = crate::federate(&catalog, &descriptions);
        assert_eq!(
            warnings(&model),
            [
                "lilong.toml:1: warning: source s\\n: `t.x` is named `x_2`, because `x` is taken (give it a name of your own under [source.rename])"
            ]
        );
    }
}
