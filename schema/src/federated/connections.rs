//! Pages by cursors: the fields and types of Relay's cursor connections specification.
//!
//! In: a collection or a list link. Out: `…Connection`, `…Edge`, `PageInfo`, and the fields that give them. *Invariant*:
//! whatever causes a fetch is nullable.

use std::sync::{Arc, LazyLock};

use super::inputs::words;
use super::{CollectionId, Federated, LinkId};
use crate::Scalar;
use crate::definition::{FieldDefinition, InputValue, TypeRef};

/// The type that all connections share.
pub(super) const PAGE_INFO_TYPE: &str = "PageInfo";

impl Federated {
    /// `residentConnection`
    pub(super) fn connection_field(&self, id: CollectionId) -> FieldDefinition {
        let collection = &self.collections[id];
        FieldDefinition {
            name: collection.generated.connection.clone(),
            description: Some(self.document_connection(collection)),
            arguments: self.connection_arguments(id),
            ty: TypeRef::named(collection.generated.connection_type.clone()),
        }
    }

    /// `vaccinationsConnection` beside a list link; `None` beside an object link.
    pub(super) fn link_connection_field(&self, id: LinkId) -> Option<FieldDefinition> {
        let link = &self.links[id];
        let (_, name) = link.generated.as_ref()?;
        Some(FieldDefinition {
            name: name.clone(),
            description: Some(self.document_link(link)),
            arguments: self.connection_arguments(link.to),
            ty: TypeRef::named(self.collections[link.to].generated.connection_type.clone()),
        })
    }

    /// The fields of a `…Connection`.
    pub(super) fn connection_fields(&self, id: CollectionId) -> Vec<FieldDefinition> {
        let collection = &self.collections[id];
        let list = |name: &Arc<str>| TypeRef::named(name.clone()).non_null().list();
        vec![
            field("edges", "The rows of the page, each with its cursor.", list(&collection.generated.edge_type)),
            field("nodes", "The rows of the page.", list(&collection.type_name)),
            field("pageInfo", "Where the page stands.", TypeRef::named(PAGE_INFO_TYPE).non_null()),
            field(
                "totalCount",
                "How many rows there are on all pages; counted only if it is asked for.",
                TypeRef::named(Scalar::BigInt.name()),
            ),
        ]
    }

    /// The fields of an `…Edge`.
    pub(super) fn edge_fields(&self, id: CollectionId) -> Vec<FieldDefinition> {
        let node = TypeRef::named(self.collections[id].type_name.clone());
        vec![
            field("cursor", "The place of the row, for `after` and `before`.", string().non_null()),
            field("node", "The row.", node),
        ]
    }

    /// `where`, `orderBy`, `first`, `after`, `last`, `before`
    fn connection_arguments(&self, id: CollectionId) -> Vec<InputValue> {
        let generated = &self.collections[id].generated;
        let words = words();
        let argument = |name: &Arc<str>, ty| InputValue { name: name.clone(), description: None, ty };
        let order = generated.order_by.as_ref();
        let order = order.map(|name| argument(&words.order_by, TypeRef::named(name.clone()).non_null().list()));
        let filter = argument(&words.filter, TypeRef::named(generated.bool_exp.clone()));
        std::iter::once(filter).chain(order).chain(PAGE_ARGUMENTS.iter().cloned()).collect()
    }
}

/// The fields of `PageInfo`.
pub(super) fn page_info() -> &'static [FieldDefinition] {
    &*PAGE_INFO
}

static PAGE_INFO: LazyLock<[FieldDefinition; 4]> = LazyLock::new(|| {
    let boolean = || TypeRef::named(Scalar::Boolean.name()).non_null();
    [
        field("hasNextPage", "Whether rows follow the page.", boolean()),
        field("hasPreviousPage", "Whether rows go before the page.", boolean()),
        field("startCursor", "The place of the first row; null on an empty page.", string()),
        field("endCursor", "The place of the last row; null on an empty page.", string()),
    ]
});

static PAGE_ARGUMENTS: LazyLock<[InputValue; 4]> = LazyLock::new(|| {
    let int = || TypeRef::named(Scalar::Int.name());
    [("first", int()), ("after", string()), ("last", int()), ("before", string())].map(|(name, ty)| InputValue {
        name: name.into(),
        description: None,
        ty,
    })
});

fn string() -> TypeRef {
    TypeRef::named(Scalar::String.name())
}

fn field(name: &str, description: &str, ty: TypeRef) -> FieldDefinition {
    FieldDefinition { name: name.into(), description: Some(description.to_owned()), arguments: Vec::new(), ty }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use crate::Slice;
    use crate::federate::fixture::{described, federated, link, model};
    use crate::sdl::sdl;

    /// The fields of a type as they stand in the schema, without descriptions.
    fn fields(text: &str, name: &str) -> Vec<String> {
        let start = text.find(&format!("\ntype {name} {{\n")).unwrap();
        let lines = text[start + 1..].lines().skip(1).take_while(|line| *line != "}");
        let mut inside = false;
        let own = lines.filter(|line| {
            let quotes = line.trim() == "\"\"\"";
            inside ^= quotes;
            !quotes && !inside && !line.is_empty()
        });
        own.map(|line| line.trim().to_owned()).collect()
    }

    #[test]
    fn a_collection_and_a_list_link_have_connections() {
        let text = "civil.resident: id Int!, photo Bytes, street_id Int; pk(id); fk(street_id) street
                    civil.street: id Int; pk(id)";
        let text = sdl(&model(text), &Slice::all());
        let arguments = "where: CivilResidentBoolExp, orderBy: [CivilResidentOrderBy!], first: Int, after: String, \
                         last: Int, before: String";
        let connection = format!("residentConnection({arguments}): CivilResidentConnection");
        assert!(fields(&text, "Civil").contains(&connection), "{text}");
        assert!(fields(&text, "CivilStreet").contains(&connection), "{text}");
        assert_eq!(
            fields(&text, "CivilResidentConnection"),
            ["edges: [CivilResidentEdge!]", "nodes: [CivilResident!]", "pageInfo: PageInfo!", "totalCount: BigInt"]
        );
        assert_eq!(fields(&text, "CivilResidentEdge"), ["cursor: String!", "node: CivilResident"]);
        assert_eq!(
            fields(&text, "PageInfo"),
            ["hasNextPage: Boolean!", "hasPreviousPage: Boolean!", "startCursor: String", "endCursor: String"]
        );
    }

    #[test]
    fn a_collection_with_nothing_to_order_by_has_a_connection_without_an_order() {
        let text = sdl(&model("s.t: a JSON"), &Slice::all());
        assert!(text.contains("tConnection(where: STBoolExp, first: Int, after: String, last: Int, before: String)"));
    }

    #[test]
    fn a_connection_out_of_the_slice_is_absent() {
        let (mut catalog, descriptions) = described("a.t: id Int; pk(id)\nb.u: id Int, t_id Int; pk(id)");
        link(&mut catalog, "a.t(id)", "b.u(t_id)", "others", None);
        let (model, _) = federated(&catalog, &descriptions);
        let slice = model.slice(["a"]).unwrap();
        let row = model.types["AT"];
        assert!(model.field_definition(row, "othersConnection", &Slice::all()).is_some());
        assert!(model.field_definition(row, "othersConnection", &slice).is_none());
        assert!(!model.sees_type(model.types["BUConnection"], &slice));
        assert!(!model.sees_type(model.types["BUEdge"], &slice));
    }

    #[test]
    fn types_of_connections_give_way_to_collections() {
        let model = model("s.t: id Int; pk(id)\ns.t_edge: id Int; pk(id)\ns.t_connection: id Int; pk(id)");
        let generated = &crate::federate::fixture::find(&model, "s.t").generated;
        assert_eq!((&*generated.connection_type, &*generated.edge_type), ("STConnection_2", "STEdge_2"));
        assert_eq!(&*generated.connection, "tConnection_2");
    }
}
