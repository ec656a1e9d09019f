//! The object types of a model, whole or field by field: `Query`, `Source`, namespaces and rows.

use std::sync::{Arc, LazyLock};

use super::connections::page_info;
use super::inputs::words;
use super::{CollectionId, Federated, Link, LinkId, Member, Root, Slice, Source, SourceId, SourceMember, TypeId};
use crate::Scalar;
use crate::collection::FieldId;
use crate::definition::{FieldDefinition, InputValue, TypeRef};

impl Federated {
    /// The fields of an object type in the order of the schema; `None` if it is no object type.
    pub(super) fn object_fields(&self, id: TypeId, slice: &Slice) -> Option<Vec<FieldDefinition>> {
        Some(match id {
            TypeId::Query => std::iter::once(sources_field())
                .chain((0..self.sources.len()).flat_map(|source| self.root_fields(source, slice)))
                .collect(),
            TypeId::SourceInfo => SOURCE_INFO.clone(),
            TypeId::Source(source) => {
                let collections = self.sources[source].collections.clone();
                let lists = collections.clone().map(|collection| self.list_field(collection));
                let connections = collections.clone().map(|collection| self.connection_field(collection));
                let keys = collections.flat_map(|collection| {
                    (0..self.collections[collection].keys.len()).map(move |key| self.key_field(collection, key))
                });
                let folds = self.sources[source].collections.clone().flat_map(|collection| {
                    std::iter::once(self.aggregate_field(collection)).chain(self.groups_field(collection))
                });
                lists.chain(keys).chain(folds).chain(connections).collect()
            }
            TypeId::Collection(collection) => {
                let fields = 0..self.collections[collection].fields.len();
                let links = || self.seen_links(collection, slice);
                fields
                    .filter_map(|field| self.column_field(collection, field))
                    .chain(links().map(|link| self.link_field(link)))
                    .chain(links().filter_map(|link| self.link_aggregate_field(link)))
                    .chain(links().filter_map(|link| self.link_connection_field(link)))
                    .collect()
            }
            TypeId::Fold(collection, kind) => return self.fold_fields(collection, kind, slice),
            TypeId::PageInfo => page_info().to_vec(),
            TypeId::Connection(collection) => self.connection_fields(collection),
            TypeId::Edge(collection) => self.edge_fields(collection),
            _ => return None,
        })
    }

    /// One field of an object type, without building the others.
    pub(super) fn object_field(&self, id: TypeId, name: &str, slice: &Slice) -> Option<FieldDefinition> {
        match id {
            TypeId::Query if name == "_sources" => Some(sources_field()),
            TypeId::Query => match *self.roots.get(name)? {
                Root::Source(source) => self.root_field(source, slice),
                Root::Union(source) if slice.has(source) => self.object_field(TypeId::Source(source), name, slice),
                Root::Union(_) => None,
            },
            TypeId::SourceInfo => SOURCE_INFO.iter().find(|field| *field.name == *name).cloned(),
            TypeId::Source(source) => match *self.sources[source].members.get(name)? {
                SourceMember::List(collection) => Some(self.list_field(collection)),
                SourceMember::ByKey(collection, key) => Some(self.key_field(collection, key)),
                SourceMember::Aggregate(collection) => Some(self.aggregate_field(collection)),
                SourceMember::Groups(collection) => self.groups_field(collection),
                SourceMember::Connection(collection) => Some(self.connection_field(collection)),
            },
            TypeId::Collection(collection) => match self.member(slice, collection, name) {
                Some(Member::Field(field)) => self.column_field(collection, field),
                Some(Member::Link(link)) => Some(self.link_field(link)),
                Some(Member::Aggregate(link)) => self.link_aggregate_field(link),
                None => self.link_connection_field(self.connection(slice, collection, name)?),
            },
            TypeId::Fold(collection, kind) => self.fold_field(collection, kind, name, slice),
            TypeId::PageInfo => page_info().iter().find(|field| *field.name == *name).cloned(),
            TypeId::Connection(collection) => {
                self.connection_fields(collection).into_iter().find(|field| *field.name == *name)
            }
            TypeId::Edge(collection) => self.edge_fields(collection).into_iter().find(|field| *field.name == *name),
            _ => None,
        }
    }

    /// A source's namespace, or the fields of a union.
    fn root_fields(&self, id: SourceId, slice: &Slice) -> Vec<FieldDefinition> {
        match &self.sources[id].union {
            None => self.root_field(id, slice).into_iter().collect(),
            Some(_) if slice.has(id) => self.object_fields(TypeId::Source(id), slice).unwrap_or_default(),
            Some(_) => Vec::new(),
        }
    }

    fn root_field(&self, id: SourceId, slice: &Slice) -> Option<FieldDefinition> {
        let source: &Source = &self.sources[id];
        if source.collections.is_empty() || !slice.has(id) {
            return None;
        }
        Some(FieldDefinition {
            name: source.field.clone(),
            description: Some(source.documentation()),
            arguments: Vec::new(),
            ty: TypeRef::named(source.type_name.clone()).non_null(),
        })
    }

    fn list_field(&self, id: CollectionId) -> FieldDefinition {
        let collection = &self.collections[id];
        FieldDefinition {
            name: collection.field.clone(),
            description: Some(self.document_collection(collection)),
            arguments: self.list_arguments(id),
            ty: TypeRef::named(collection.type_name.clone()).non_null().list(),
        }
    }

    fn key_field(&self, id: CollectionId, key: usize) -> FieldDefinition {
        let collection = &self.collections[id];
        let key = &collection.keys[key];
        let taken = collection.fields.iter().flatten().any(|field| *field.name == *words().partial);
        let arguments = key.columns.iter().filter_map(|column| {
            let field = collection.fields[*column].as_ref()?;
            let ty = TypeRef::named(field.type_name.clone()).non_null();
            Some(InputValue { name: field.name.clone(), description: None, ty })
        });
        FieldDefinition {
            name: key.field.clone(),
            description: Some(self.document_key(collection, &key.columns)),
            arguments: arguments.chain(self.partial_argument(id).filter(|_| !taken)).collect(),
            ty: TypeRef::named(collection.type_name.clone()),
        }
    }

    /// `partial`, of what a union refuses to answer without all of its members.
    pub(super) fn partial_argument(&self, id: CollectionId) -> Option<InputValue> {
        self.union_of(id).map(|_| InputValue {
            name: words().partial.clone(),
            description: Some("Answer from the members that answer, and tell which are missing.".to_owned()),
            ty: TypeRef::named(Scalar::Boolean.name()),
        })
    }

    fn column_field(&self, id: CollectionId, field: FieldId) -> Option<FieldDefinition> {
        let collection = &self.collections[id];
        let name = collection.fields[field].as_ref()?;
        let ty = TypeRef::named(name.type_name.clone());
        Some(FieldDefinition {
            name: name.name.clone(),
            description: Some(self.document_field(collection, field)),
            arguments: Vec::new(),
            ty: if name.non_null { ty.non_null() } else { ty },
        })
    }

    fn link_field(&self, id: LinkId) -> FieldDefinition {
        let link: &Link = &self.links[id];
        let ty = TypeRef::named(self.collections[link.to].type_name.clone());
        FieldDefinition {
            name: link.name.clone(),
            description: Some(self.document_link(link)),
            arguments: if link.many { self.list_arguments(link.to) } else { Vec::new() },
            ty: if link.many { ty.non_null().list() } else { ty },
        }
    }

    /// `where`, `orderBy`, `limit`, `offset`, `distinctOn`: of collections and of list links to them.
    pub(super) fn list_arguments(&self, id: CollectionId) -> Vec<InputValue> {
        let generated = &self.collections[id].generated;
        let words = words();
        let argument = |name: &Arc<str>, ty| InputValue { name: name.clone(), description: None, ty };
        let list = |name: &Arc<str>| TypeRef::named(name.clone()).non_null().list();
        let mut arguments = vec![argument(&words.filter, TypeRef::named(generated.bool_exp.clone()))];
        arguments.extend(generated.order_by.as_ref().map(|name| argument(&words.order_by, list(name))));
        arguments.push(argument(&words.limit, TypeRef::named(words.int.clone())));
        arguments.push(argument(&words.offset, TypeRef::named(words.int.clone())));
        arguments.extend(generated.select_column.as_ref().map(|name| argument(&words.distinct_on, list(name))));
        arguments
    }
}

fn sources_field() -> FieldDefinition {
    FieldDefinition {
        name: "_sources".into(),
        description: Some("Every source that is served here, and how it is.".to_owned()),
        arguments: Vec::new(),
        ty: TypeRef::named("Source").non_null().list().non_null(),
    }
}

static SOURCE_INFO: LazyLock<Vec<FieldDefinition>> = LazyLock::new(|| {
    let string = || TypeRef::named(Scalar::String.name());
    let field = |name: &str, description: &str, ty| FieldDefinition {
        name: name.into(),
        description: Some(description.to_owned()),
        arguments: Vec::new(),
        ty,
    };
    vec![
        field("name", "The name in the catalog.", string().non_null()),
        field("title", "The department's title.", string()),
        field("connector", "The kind of connector that talks to it.", string().non_null()),
        field("state", "How it is now.", TypeRef::named("SourceState").non_null()),
        field("collections", "The fields that list its collections.", string().non_null().list().non_null()),
    ]
});
