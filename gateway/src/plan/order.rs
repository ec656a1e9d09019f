//! `orderBy`: one key an object, through object links to a column.

use lilong_connectors::{Hop, Order, OrderTarget};
use lilong_schema::federated::{CollectionId, LinkId, Member};

use super::build::{Builder, bad_input};
use super::filter::too_deep;
use crate::error::RequestError;
use crate::operation::{Argument, Field, Form};

impl Builder<'_> {
    /// One item of `orderBy`, and the links it goes through.
    pub(super) fn order_term(
        &self,
        id: CollectionId,
        argument: &Argument,
        field: &Field,
    ) -> Result<(Order, Vec<LinkId>), RequestError> {
        let federated = self.world.federated;
        let (mut id, mut argument, mut path, mut links) = (id, argument, Vec::new(), Vec::new());
        loop {
            let Form::Object(entries) = &argument.form else {
                return Err(bad_input(field, "`orderBy` cannot be null inside".to_owned()));
            };
            let [(name, value)] = entries.as_slice() else {
                return Err(bad_input(field, "each object of `orderBy` takes exactly one key".to_owned()));
            };
            match federated.member(self.world.slice, id, name) {
                Some(Member::Field(column)) => {
                    let (descending, nulls_first) = direction(field, name, value)?;
                    return Ok((Order { path, target: OrderTarget::Field(column), descending, nulls_first }, links));
                }
                Some(Member::Link(_)) if path.len() == self.world.limits.depth => {
                    return Err(too_deep("orderBy", self.world.limits.depth, field.location));
                }
                Some(Member::Link(link)) => {
                    links.push(link);
                    let link = federated.link(link);
                    path.push(Hop {
                        collection: federated.collection(link.to).described.clone(),
                        on: link.pairs().collect(),
                    });
                    (id, argument) = (link.to, value);
                }
                Some(Member::Aggregate(link)) => {
                    links.push(link);
                    let (target, name, value) = self.linked_order(link, value, field)?;
                    let (descending, nulls_first) = direction(field, name, value)?;
                    return Ok((Order { path, target, descending, nulls_first }, links));
                }
                None => return Err(bad_input(field, format!("`orderBy` has no key `{name}`"))),
            }
        }
    }
}

/// What a value of `OrderBy` says: whether from large to small, and whether nulls come first.
pub(super) fn direction(field: &Field, name: &str, value: &Argument) -> Result<(bool, bool), RequestError> {
    let Form::Enum(direction) = &value.form else {
        return Err(bad_input(field, format!("`orderBy: {{ {name} }}` cannot be null")));
    };
    Ok(match &**direction {
        "ASC_NULLS_FIRST" => (false, true),
        "DESC" | "DESC_NULLS_FIRST" => (true, true),
        "DESC_NULLS_LAST" => (true, false),
        _ => (false, false),
    })
}
