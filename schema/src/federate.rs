//! From a catalog and what its sources say of themselves to one model: a list of passes.
//!
//! In: the [`Catalog`], complete with discovered sources, and the descriptions that are there. Out: a [`Federated`]
//! model, and what is wrong. *Invariant*: names depend on names alone, never on the order in which things were found;
//! whatever is left out or renamed is told.

mod declared;
mod draft;
mod gather;
mod generated;
mod keys;
mod link_names;
mod links;
mod naming;
mod own_names;
mod roots;

use std::collections::BTreeMap;

use crate::{Catalog, Federated, Problem, SourceDescription};

/// Makes the model of a catalog.
///
/// A source without a description stands in the model without collections. The problems are those that keep a catalog
/// from being served; the model without the parts at fault is given all the same. Warnings are in
/// [`Federated::warnings`].
pub fn federate(catalog: &Catalog, descriptions: &BTreeMap<String, SourceDescription>) -> (Federated, Vec<Problem>) {
    let mut draft = gather::gather(catalog, descriptions);
    own_names::name_what_is_described(&mut draft);
    keys::resolve_keys(&mut draft);
    declared::add_declared_links(&mut draft);
    links::add_foreign_key_links(&mut draft);
    link_names::name_links(&mut draft);
    generated::name_what_is_generated(&mut draft);
    roots::index_names(&mut draft);
    (draft.model, draft.problems)
}
