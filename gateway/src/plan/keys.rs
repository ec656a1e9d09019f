//! The two sides of a link's keys: which columns of a batch, compared as what.

use std::collections::HashMap;
use std::sync::Arc;

use lilong_schema::collection::FieldId;
use lilong_schema::federated::Link;
use lilong_schema::{Federated, Normalizer, Scalar};

use super::read::position;
use super::{KeyColumns, KeysStep, Preimages, StepId};

impl KeyColumns {
    /// The first columns of a batch, one of each scalar, compared as they stand.
    pub(crate) fn first(scalars: Vec<Scalar>) -> Self {
        Self { columns: (0..scalars.len()).collect(), from: scalars.clone(), to: scalars, normalize: Vec::new() }
    }
}

/// What the keys of a link are compared as: the target's scalars, or texts if its side is normalised.
pub(super) fn key_scalars(federated: &Federated, link: &Link) -> Vec<Scalar> {
    let to = &federated.collection(link.to).described;
    link.to_columns
        .iter()
        .map(|field| if link.to_normalize.is_empty() { to.fields[*field].scalar } else { Scalar::String })
        .collect()
}

/// How the target of a link is looked up by a column that is normalised. Rows too many may be found: the join compares.
pub(super) struct ByNormalized {
    /// The column.
    pub(super) column: FieldId,
    /// The steps that the source's index knows.
    pub(super) normalize: Vec<Normalizer>,
    /// Collects what is looked up.
    pub(super) keys: KeysStep,
}

/// See [`ByNormalized`]; `None`: the target is read as a whole, or its side is not normalised at all.
pub(super) fn by_normalized(
    federated: &Federated,
    link: &Link,
    parent: StepId,
    columns: &[FieldId],
) -> Option<ByNormalized> {
    if link.to_normalize.is_empty() {
        return None;
    }
    let to = &federated.collection(link.to).described;
    let look_up = to.look_up(&link.to_columns, &link.to_normalize)?;
    let column = link.to_columns[look_up.at];
    let whole = parent_key(federated, link, columns);
    let key = KeyColumns {
        columns: vec![whole.columns[look_up.at]],
        from: vec![whole.from[look_up.at]],
        to: vec![Scalar::String],
        normalize: whole.normalize,
    };
    let before = look_up.map.map(|map| {
        let mut table: HashMap<String, Vec<String>> = HashMap::new();
        for (from, to) in map {
            table.entry(to.clone()).or_default().push(from.clone());
        }
        // What is asked of a source is the same each time.
        for from in table.values_mut() {
            from.sort_unstable();
        }
        let to = if look_up.steps.is_empty() { to.fields[column].scalar } else { Scalar::String };
        Preimages { table, to }
    });
    let keys = KeysStep { input: parent, key, before, budget: false };
    Some(ByNormalized { column, normalize: look_up.steps.to_vec(), keys })
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

/// The source of a link's parents; `None` if each row tells.
pub(super) fn parent_source(federated: &Federated, link: &Link) -> Option<Arc<str>> {
    let source = federated.source_of(link.from);
    source.union.is_none().then(|| source.name.clone())
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
