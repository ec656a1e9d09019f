//! Rows by key, for joins, lists of values and distinct keys.
//!
//! In: key columns. Out: for each different key its rows, in their order. *Invariant*: a key with a null is no key, keys
//! are equal exactly, and nothing is allocated per row.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::BuildHasher;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Int32Type, Int64Type};
use arrow_array::{Array, ArrayRef, Int64Array, RecordBatch, RecordBatchOptions, StringArray, UInt32Array};
use arrow_row::{RowConverter, Rows, SortField};
use arrow_schema::{DataType, Field, Schema};
use foldhash::fast::RandomState;

use super::{Error, Result, expect_type, row_count};

/// The group of a row whose key has a null.
const NONE: u32 = u32::MAX;

/// Row numbers by key. Floats have no place in keys; decimals are equal if their texts are.
pub struct KeyIndex {
    types: Vec<DataType>,
    table: Table,
    /// Where the rows of each key begin in `rows`; one more than there are keys.
    offsets: Vec<u32>,
    rows: Vec<u32>,
}

/// Which number a key has.
enum Table {
    Integers(HashMap<i64, u32, RandomState>),
    Bytes(Box<ByteTable>),
}

/// Keys as bytes, each by the first row that has it.
struct ByteTable {
    keys: Keys,
    /// `None` for a single text column, whose bytes need no encoding.
    converter: Option<RowConverter>,
    first_rows: Vec<u32>,
    hasher: RandomState,
    /// The last key of each hash.
    heads: HashMap<u64, u32, RandomState>,
    /// The key before it of the same hash.
    previous: Vec<u32>,
}

/// Key columns as one run of bytes per row.
enum Keys {
    Text(StringArray),
    Rows { rows: Rows, nulls: Vec<ArrayRef> },
}

impl KeyIndex {
    /// Indexes the rows of some key columns, all of one length; at least one column.
    pub fn new(columns: &[ArrayRef]) -> Result<Self> {
        let (table, groups, keys) = Table::build(columns)?;
        let mut offsets = vec![0u32; keys + 1];
        for group in groups.iter().filter(|group| **group != NONE) {
            offsets[*group as usize + 1] += 1;
        }
        for key in 0..keys {
            offsets[key + 1] += offsets[key];
        }
        let mut next = offsets.clone();
        let mut rows = vec![0u32; offsets[keys] as usize];
        for (row, group) in groups.iter().enumerate().filter(|(_, group)| **group != NONE) {
            let place = &mut next[*group as usize];
            rows[*place as usize] = row as u32;
            *place += 1;
        }
        let types = columns.iter().map(|column| column.data_type().clone()).collect();
        Ok(Self { types, table, offsets, rows })
    }

    /// How many different keys there are; they are numbered from 0 in the order they first appear.
    pub fn len(&self) -> usize {
        self.offsets.len() - 1
    }

    /// Whether there is no key at all.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The rows of a key, in the order they were indexed.
    ///
    /// # Panics
    ///
    /// If there is no key of that number.
    pub fn rows(&self, key: u32) -> &[u32] {
        let key = key as usize;
        &self.rows[self.offsets[key] as usize..self.offsets[key + 1] as usize]
    }

    /// For each row of some columns the number of the key that it has; `None` if it is not indexed or has a null. The
    /// columns have the types of those that were indexed.
    pub fn lookup(&self, columns: &[ArrayRef]) -> Result<Vec<Option<u32>>> {
        if columns.len() != self.types.len() {
            return Err(Error::KeyWidth { expected: self.types.len(), found: columns.len() });
        }
        for (column, expected) in columns.iter().zip(&self.types) {
            expect_type(column, expected)?;
        }
        match &self.table {
            Table::Integers(table) => {
                let values = integers(&columns[0]).ok_or(Error::KeyWidth { expected: 1, found: columns.len() })?;
                Ok(values.iter().map(|value| table.get(&value?).copied()).collect())
            }
            Table::Bytes(table) => {
                let keys = Keys::encode(columns, table.converter.as_ref())?;
                Ok((0..columns[0].len())
                    .map(|row| {
                        let bytes = keys.get(row)?;
                        table.find(bytes, table.hasher.hash_one(bytes))
                    })
                    .collect())
            }
        }
    }
}

/// The different keys of some columns, without those that have a null, in the order they first appear; columns are named
/// by their position.
pub fn distinct_keys(columns: &[ArrayRef]) -> Result<RecordBatch> {
    let (_, groups, keys) = Table::build(columns)?;
    let mut first_rows = Vec::with_capacity(keys);
    for (row, group) in groups.iter().enumerate() {
        if *group as usize == first_rows.len() {
            first_rows.push(row as u32);
        }
    }
    let rows = first_rows.len();
    let kept = arrow_select::take::take_arrays(columns, &UInt32Array::from(first_rows), None)?;
    let fields =
        kept.iter().enumerate().map(|(at, column)| Field::new(at.to_string(), column.data_type().clone(), true));
    let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
    Ok(RecordBatch::try_new_with_options(schema, kept, &RecordBatchOptions::new().with_row_count(Some(rows)))?)
}

impl Table {
    /// The table, the key of each row ([`NONE`]: none), and how many keys there are.
    fn build(columns: &[ArrayRef]) -> Result<(Self, Vec<u32>, usize)> {
        let Some(first) = columns.first() else {
            return Err(Error::KeyWidth { expected: 1, found: 0 });
        };
        row_count(first.len())?;
        if let [column] = columns
            && let Some(values) = integers(column)
        {
            let mut table =
                HashMap::with_capacity_and_hasher(values.len() - values.null_count(), RandomState::default());
            let groups = values.iter().map(|value| {
                let Some(value) = value else { return NONE };
                let next = table.len() as u32;
                *table.entry(value).or_insert(next)
            });
            let groups = groups.collect();
            let keys = table.len();
            return Ok((Table::Integers(table), groups, keys));
        }
        let converter = match columns {
            [column] if column.data_type() == &DataType::Utf8 => None,
            _ => {
                let fields = columns.iter().map(|column| SortField::new(column.data_type().clone()));
                Some(RowConverter::new(fields.collect())?)
            }
        };
        let mut table = ByteTable {
            keys: Keys::encode(columns, converter.as_ref())?,
            converter,
            first_rows: Vec::new(),
            hasher: RandomState::default(),
            heads: HashMap::with_capacity_and_hasher(first.len(), RandomState::default()),
            previous: Vec::new(),
        };
        let groups = (0..first.len()).map(|row| table.insert(row)).collect();
        let keys = table.first_rows.len();
        Ok((Table::Bytes(Box::new(table)), groups, keys))
    }
}

impl ByteTable {
    fn insert(&mut self, row: usize) -> u32 {
        let Some(bytes) = self.keys.get(row) else { return NONE };
        let hash = self.hasher.hash_one(bytes);
        if let Some(key) = self.find(bytes, hash) {
            return key;
        }
        let key = self.first_rows.len() as u32;
        self.first_rows.push(row as u32);
        self.previous.push(match self.heads.entry(hash) {
            Entry::Occupied(mut head) => head.insert(key),
            Entry::Vacant(head) => {
                head.insert(key);
                NONE
            }
        });
        key
    }

    fn find(&self, bytes: &[u8], hash: u64) -> Option<u32> {
        let mut key = *self.heads.get(&hash)?;
        while key != NONE {
            if self.keys.get(self.first_rows[key as usize] as usize) == Some(bytes) {
                return Some(key);
            }
            key = self.previous[key as usize];
        }
        None
    }
}

impl Keys {
    /// Encodes columns; the converter of the first ones encodes others alike.
    fn encode(columns: &[ArrayRef], converter: Option<&RowConverter>) -> Result<Self> {
        Ok(match converter {
            None => Keys::Text(columns[0].as_string().clone()),
            Some(converter) => Keys::Rows { rows: converter.convert_columns(columns)?, nulls: with_nulls(columns) },
        })
    }

    /// The bytes of a row's key; `None` if it has a null.
    fn get(&self, row: usize) -> Option<&[u8]> {
        match self {
            Keys::Text(texts) => texts.is_valid(row).then(|| texts.value(row).as_bytes()),
            Keys::Rows { nulls, .. } if nulls.iter().any(|column| column.is_null(row)) => None,
            Keys::Rows { rows, .. } => Some(rows.row(row).data()),
        }
    }
}

/// The columns in which a null can stand.
fn with_nulls(columns: &[ArrayRef]) -> Vec<ArrayRef> {
    columns.iter().filter(|column| column.null_count() > 0).cloned().collect()
}

/// A column of integers as 64-bit ones; `None` if it is none.
fn integers(column: &ArrayRef) -> Option<Int64Array> {
    match column.data_type() {
        DataType::Int64 => Some(column.as_primitive::<Int64Type>().clone()),
        DataType::Int32 => Some(column.as_primitive::<Int32Type>().unary::<_, Int64Type>(i64::from)),
        _ => None,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use arrow_array::{Date32Array, Int32Array};

    use super::*;

    fn texts(values: &[Option<&str>]) -> ArrayRef {
        Arc::new(StringArray::from(values.to_vec()))
    }

    fn numbers(values: &[Option<i64>]) -> ArrayRef {
        Arc::new(Int64Array::from(values.to_vec()))
    }

    fn rows_by_key(index: &KeyIndex) -> Vec<Vec<u32>> {
        (0..index.len() as u32).map(|key| index.rows(key).to_vec()).collect()
    }

    #[test]
    fn rows_are_grouped_by_key_in_their_order() {
        let index = KeyIndex::new(&[numbers(&[Some(7), None, Some(-1), Some(7), Some(i64::MIN), Some(-1)])]).unwrap();
        assert_eq!(rows_by_key(&index), [vec![0, 3], vec![2, 5], vec![4]]);
        let found = index.lookup(&[numbers(&[None, Some(-1), Some(8), Some(i64::MIN)])]).unwrap();
        assert_eq!(found, [None, Some(1), None, Some(2)]);
    }

    #[test]
    fn text_keys_are_equal_exactly() {
        let index = KeyIndex::new(&[texts(&[Some("a"), Some("A"), Some("a "), Some(""), None, Some("a")])]).unwrap();
        assert_eq!(rows_by_key(&index), [vec![0, 5], vec![1], vec![2], vec![3]]);
        assert_eq!(index.lookup(&[texts(&[Some(""), Some("á"), None])]).unwrap(), [Some(3), None, None]);
    }

    #[test]
    fn a_composite_key_with_a_null_is_no_key() {
        let columns = [
            texts(&[Some("a"), Some("a"), None, Some("ab"), Some("a")]),
            numbers(&[Some(1), None, Some(1), Some(1), Some(1)]),
        ];
        let index = KeyIndex::new(&columns).unwrap();
        assert_eq!(rows_by_key(&index), [vec![0, 4], vec![3]]);
        let probe = [texts(&[Some("a"), Some("a"), None]), numbers(&[Some(1), None, None])];
        assert_eq!(index.lookup(&probe).unwrap(), [Some(0), None, None]);
        let keys = distinct_keys(&columns).unwrap();
        assert_eq!(keys.num_rows(), 2);
        assert_eq!(keys.column(0), &texts(&[Some("a"), Some("ab")]));
    }

    #[test]
    fn other_types_are_indexed_too() {
        let index = KeyIndex::new(&[Arc::new(Date32Array::from(vec![Some(3), None, Some(3)]))]).unwrap();
        assert_eq!(rows_by_key(&index), [vec![0, 2]]);
        let small: ArrayRef = Arc::new(Int32Array::from(vec![5, 5]));
        assert_eq!(KeyIndex::new(std::slice::from_ref(&small)).unwrap().lookup(&[small]).unwrap(), [Some(0), Some(0)]);
    }

    #[test]
    fn an_empty_column_has_no_keys() {
        let index = KeyIndex::new(&[texts(&[])]).unwrap();
        assert!(index.is_empty());
        assert_eq!(index.lookup(&[texts(&[Some("a")])]).unwrap(), [None]);
        assert_eq!(distinct_keys(&[texts(&[None])]).unwrap().num_rows(), 0);
    }

    #[test]
    fn keys_of_another_type_or_width_are_refused() {
        let index = KeyIndex::new(&[numbers(&[Some(1)])]).unwrap();
        assert!(matches!(index.lookup(&[texts(&[Some("1")])]), Err(Error::ColumnType { .. })));
        assert!(matches!(index.lookup(&[]), Err(Error::KeyWidth { .. })));
        assert!(matches!(KeyIndex::new(&[]), Err(Error::KeyWidth { .. })));
    }

    #[test]
    fn ten_thousand_keys_are_told_apart() {
        let values: Vec<String> = (0..10_000).map(|number| format!("{}", number / 2)).collect();
        let column: ArrayRef = Arc::new(StringArray::from(values));
        let index = KeyIndex::new(std::slice::from_ref(&column)).unwrap();
        assert_eq!(index.len(), 5_000);
        assert_eq!(index.rows(4_999), [9_998, 9_999]);
        assert!(index.lookup(&[column]).unwrap().iter().enumerate().all(|(row, key)| *key == Some(row as u32 / 2)));
    }
}
