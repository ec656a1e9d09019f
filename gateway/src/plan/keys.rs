//! The two sides of a link's keys: which columns of a batch, compared as what.

use lilong_schema::collection::FieldId;
use lilong_schema::federated::Link;
use lilong_schema::{Federated, Scalar};

use super::KeyColumns;
use super::read::position;

/// What the keys of a link are compared as: the target's scalars, or texts if its side is normalised.
pub(super) fn key_scalars(federated: &Federated, link: &Link) -> Vec<Scalar> {
    let to = &federated.collection(link.to).described;
    link.to_columns
        .iter()
        .map(|field| if link.to_normalize.is_empty() { to.fields[*field].scalar } else { Scalar::String })
        .collect()
}

pub(super) fn parent_key(federated: &Federated, link: &Link, columns: &[FieldId]) -> KeyColumns {
    let from = &federated.collection(link.from).described;
    KeyColumns {
        columns: link.columns.iter().filter_map(|field| position(columns, *field)).collect(),
        from: link.columns.iter().map(|field| from.fields[*field].scalar).collect(),
        to: key_scalars(federated, link),
        normalize: link.normalize.clone(),
    }
}

pub(super) fn row_key(federated: &Federated, link: &Link, columns: &[FieldId]) -> KeyColumns {
    let to = &federated.collection(link.to).described;
    KeyColumns {
        columns: link.to_columns.iter().filter_map(|field| position(columns, *field)).collect(),
        from: link.to_columns.iter().map(|field| to.fields[*field].scalar).collect(),
        to: key_scalars(federated, link),
        normalize: link.to_normalize.clone(),
    }
}
