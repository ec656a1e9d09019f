//! What of all that is kept changes may have made wrong.
//!
//! *Invariant*: where it cannot be said whether something is still right, it is forgotten.

use std::collections::{BTreeMap, HashSet};

use arrow_array::{Array, StringArray};
use arrow_row::{RowConverter, SortField};
use lilong_schema::{Field, Scalar};

use super::owner::Row;
use super::reach::reaches;
use crate::change::Touched;
use crate::evaluate::{canonical_texts, parse_canonical};
use crate::rows::arrow_type;
use crate::{Changes, Fetch};

/// Rows that are looked at together.
const AT_ONCE: usize = 4_096;

/// Which entries of a fetch may be wrong after changes.
pub(super) enum Concern {
    Nothing,
    All,
    /// What is kept as a whole, and the rows of these keys.
    Keys(Told),
}

/// Keys that somebody told of, all of the same columns.
pub(super) struct Told {
    scalars: Vec<Scalar>,
    texts: HashSet<Vec<String>>,
    converter: RowConverter,
}

/// Which entries of a fetch may be wrong after changes.
pub(super) fn concern(changes: &Changes, fetch: &Fetch) -> Concern {
    if changes.is_all() || reaches(fetch, &mut |collection| changes.of(&collection.name).is_some()) {
        return Concern::All;
    }
    match changes.of(&fetch.collection.name) {
        None => Concern::Nothing,
        Some(Touched::Any) => Concern::All,
        Some(Touched::Keys(keys)) => Told::new(keys, fetch).map_or(Concern::All, Concern::Keys),
    }
}

impl Told {
    /// `None` if they could be any key of the fetch: it has other columns, or what was told is not in the form in which keys
    /// meet.
    fn new(keys: &[BTreeMap<String, String>], fetch: &Fetch) -> Option<Self> {
        let columns = &fetch.keys.as_ref()?.columns;
        let fields: Vec<&Field> = columns.iter().map(|column| &fetch.collection.fields[*column]).collect();
        if keys.iter().any(|key| key.len() != fields.len()) {
            return None;
        }
        let mut texts = vec![Vec::with_capacity(fields.len()); keys.len()];
        for field in &fields {
            let told = keys.iter().map(|key| key.get(&field.name).map(String::as_str)).collect::<Option<Vec<_>>>()?;
            if parse_canonical(&StringArray::from(told.clone()), field.scalar).ok()?.null_count() > 0 {
                return None;
            }
            for (texts, told) in texts.iter_mut().zip(told) {
                texts.push(bare(told, field.scalar).to_owned());
            }
        }
        let sorted = fields.iter().map(|field| SortField::new(arrow_type(field.scalar))).collect();
        let converter = RowConverter::new(sorted).ok()?;
        let scalars = fields.iter().map(|field| field.scalar).collect();
        Some(Self { scalars, texts: texts.into_iter().collect(), converter })
    }

    /// Those rows that are of one of the keys.
    pub(super) fn pick(&self, rows: &[Row]) -> Vec<Row> {
        let mut picked = Vec::new();
        for some in rows.chunks(AT_ONCE) {
            match self.are_told(some) {
                Some(are) => picked.extend(some.iter().zip(are).filter(|(_, is)| *is).map(|(row, _)| row.clone())),
                None => picked.extend(some.iter().cloned()),
            }
        }
        picked
    }

    fn are_told(&self, rows: &[Row]) -> Option<Vec<bool>> {
        let parser = self.converter.parser();
        let columns = self.converter.convert_rows(rows.iter().map(|row| parser.parse(row))).ok()?;
        let texts = columns.iter().zip(&self.scalars).map(|(column, scalar)| canonical_texts(column, *scalar));
        let texts = texts.collect::<Result<Vec<StringArray>, _>>().ok()?;
        let mut key = vec![String::new(); texts.len()];
        let are = (0..rows.len()).map(|row| {
            for ((text, column), scalar) in key.iter_mut().zip(&texts).zip(&self.scalars) {
                text.clear();
                text.push_str(bare(column.value(row), *scalar));
            }
            self.texts.contains(&key)
        });
        Some(are.collect())
    }
}

/// The text of a key as it is compared: a source that pads texts tells of them with their padding.
fn bare(text: &str, scalar: Scalar) -> &str {
    if scalar == Scalar::String { text.trim_end_matches(' ') } else { text }
}
