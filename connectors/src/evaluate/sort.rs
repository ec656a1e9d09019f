//! Orders rows.
//!
//! *Invariant*: stable: rows that no term tells apart stay as they stood.

use arrow_array::{ArrayRef, UInt32Array};
use arrow_row::{RowConverter, SortField};
use arrow_schema::SortOptions;
use lilong_schema::Scalar;

use super::{Result, comparable, row_count};

/// One term of an order over columns that are there.
#[derive(Clone, Debug)]
pub struct Term {
    /// The column; it has the type of its scalar.
    pub values: ArrayRef,
    /// What its cells are: text is ordered by code point, decimals as numbers.
    pub scalar: Scalar,
    /// From large to small.
    pub descending: bool,
    /// Where nulls stand, whatever the direction.
    pub nulls_first: bool,
}

/// The order of `rows` rows, as row numbers for `arrow_select::take`; every term's column has that many rows.
pub fn sort(terms: &[Term], rows: usize) -> Result<UInt32Array> {
    sort_first(terms, rows, usize::MAX)
}

/// The same of the first `most` rows in that order, without the others; a few of many take time by the rows alone.
pub fn sort_first(terms: &[Term], rows: usize, most: usize) -> Result<UInt32Array> {
    let mut indices: Vec<u32> = (0..row_count(rows)?).collect();
    if !terms.is_empty() {
        let columns = terms.iter().map(|term| comparable(&term.values, term.scalar)).collect::<Result<Vec<_>>>()?;
        let fields = terms.iter().zip(&columns).map(|(term, column)| {
            let options = SortOptions { descending: term.descending, nulls_first: term.nulls_first };
            SortField::new_with_options(column.data_type().clone(), options)
        });
        let encoded = RowConverter::new(fields.collect())?.convert_columns(&columns)?;
        let compare = |one: &u32, other: &u32| encoded.row(*one as usize).cmp(&encoded.row(*other as usize));
        if most < rows {
            let (first, ..) =
                indices.select_nth_unstable_by(most, |one, other| compare(one, other).then(one.cmp(other)));
            first.sort_unstable();
        }
        indices.truncate(most);
        indices.sort_by(compare);
    }
    indices.truncate(most);
    Ok(UInt32Array::from(indices))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use std::sync::Arc;

    use arrow_array::{Float64Array, Int32Array, StringArray};

    use super::*;

    fn term(values: ArrayRef, scalar: Scalar, descending: bool, nulls_first: bool) -> Term {
        Term { values, scalar, descending, nulls_first }
    }

    #[test]
    fn nulls_stand_where_asked_in_both_directions() {
        let values: ArrayRef = Arc::new(Int32Array::from(vec![Some(2), None, Some(1)]));
        for (descending, nulls_first, expected) in
            [(false, false, [2, 0, 1]), (false, true, [1, 2, 0]), (true, false, [0, 2, 1]), (true, true, [1, 0, 2])]
        {
            let order = sort(&[term(values.clone(), Scalar::Int, descending, nulls_first)], 3).unwrap();
            assert_eq!(order.values().as_ref(), expected, "descending {descending}, nulls first {nulls_first}");
        }
    }

    #[test]
    fn ties_stay_as_they_stood_until_a_later_term_tells_them_apart() {
        let first: ArrayRef = Arc::new(Int32Array::from(vec![1, 0, 1, 0]));
        let second: ArrayRef = Arc::new(StringArray::from(vec!["b", "x", "a", "x"]));
        let first = term(first, Scalar::Int, true, false);
        assert_eq!(sort(std::slice::from_ref(&first), 4).unwrap().values().as_ref(), [0, 2, 1, 3]);
        let second = term(second, Scalar::String, false, false);
        assert_eq!(sort(&[first, second], 4).unwrap().values().as_ref(), [2, 0, 1, 3]);
    }

    #[test]
    fn text_is_ordered_by_code_point_and_decimals_as_numbers() {
        let texts: ArrayRef = Arc::new(StringArray::from(vec!["𠮷", "é", "z", "Z", "\u{ffff}", "", "a ", "a"]));
        let order = sort(&[term(texts, Scalar::String, false, false)], 8).unwrap();
        assert_eq!(order.values().as_ref(), [5, 3, 7, 6, 2, 1, 4, 0]);
        let decimals: ArrayRef = Arc::new(StringArray::from(vec!["10", "9.5", "-1", "-10.25", "0"]));
        let order = sort(&[term(decimals, Scalar::Decimal, false, false)], 5).unwrap();
        assert_eq!(order.values().as_ref(), [3, 2, 4, 1, 0]);
    }

    #[test]
    fn the_first_rows_are_those_that_sorting_all_would_put_first() {
        let cells: Vec<i32> = (0..200).map(|row| row * 37 % 11).collect();
        for descending in [false, true] {
            let terms = [term(Arc::new(Int32Array::from(cells.clone())), Scalar::Int, descending, false)];
            let all = sort(&terms, 200).unwrap();
            for most in [0, 1, 18, 19, 20, 199, 200, 201] {
                let first = sort_first(&terms, 200, most).unwrap();
                assert_eq!(first.values().as_ref(), &all.values()[..most.min(200)], "{most}");
            }
        }
        assert_eq!(sort_first(&[], 3, 2).unwrap().values().as_ref(), [0, 1]);
    }

    #[test]
    fn negative_zero_is_zero() {
        let values: ArrayRef = Arc::new(Float64Array::from(vec![0.0, -0.0, -1.0]));
        assert_eq!(sort(&[term(values, Scalar::Float, false, false)], 3).unwrap().values().as_ref(), [2, 0, 1]);
    }

    #[test]
    fn no_term_leaves_the_rows_as_they_are() {
        assert_eq!(sort(&[], 3).unwrap().values().as_ref(), [0, 1, 2]);
    }
}
