//! Labels of an enum as their places in its declaration, so that the smallest is the first that was declared.
//!
//! In: a column of labels, and those that were declared. Out: places, and the labels at places. *Invariant*: a label that
//! was not declared keeps its text: it stands behind the others, the empty one before them, as the sources have it.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::Int32Type;
use arrow_array::{ArrayRef, Int32Array, RecordBatch, StringArray};
use lilong_connectors::evaluate::FoldColumn;
use lilong_schema::Scalar;

/// The labels in their order: those that were declared, and then others that the column holds.
fn order<'a>(column: &'a StringArray, declared: &'a [String]) -> Vec<&'a str> {
    let mut order: Vec<&str> = declared.iter().map(String::as_str).collect();
    for label in column.iter().flatten() {
        if !order.contains(&label) {
            let place = if label.is_empty() { 0 } else { order.len() };
            order.insert(place, label);
        }
    }
    order
}

/// A column of a batch as places.
pub(super) fn places(batch: &RecordBatch, column: usize, declared: &[String]) -> FoldColumn {
    let texts = batch.column(column).as_string::<i32>();
    let order = order(texts, declared);
    let place = |label: &str| order.iter().position(|own| *own == label).and_then(|place| i32::try_from(place).ok());
    let places: Int32Array = texts.iter().map(|label| label.and_then(place)).collect();
    FoldColumn { values: Arc::new(places), scalar: Scalar::Int }
}

/// The labels at places of the same column.
pub(super) fn labels(batch: &RecordBatch, column: usize, declared: &[String], places: &ArrayRef) -> ArrayRef {
    let order = order(batch.column(column).as_string::<i32>(), declared);
    let places = places.as_primitive::<Int32Type>();
    let label = |place: i32| usize::try_from(place).ok().and_then(|place| order.get(place).copied());
    let labels: StringArray = places.iter().map(|place| place.and_then(label)).collect();
    Arc::new(labels)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_label_is_the_first_declared_and_others_keep_their_text() {
        let cells = [Some("ok"), Some("new"), None, Some("sad"), Some("")];
        let column: ArrayRef = Arc::new(StringArray::from(cells.to_vec()));
        let batch = RecordBatch::try_from_iter([("m", column)]).unwrap();
        let declared = ["sad".to_owned(), "ok".to_owned()];
        let places = places(&batch, 0, &declared).values;
        assert_eq!(
            places.as_primitive::<Int32Type>(),
            &Int32Array::from(vec![Some(2), Some(3), None, Some(1), Some(0)])
        );
        let labels = labels(&batch, 0, &declared, &places);
        assert_eq!(labels.as_string::<i32>(), &StringArray::from(cells.to_vec()));
    }
}
