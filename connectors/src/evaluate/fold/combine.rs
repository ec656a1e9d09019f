//! Aggregates of a whole from those of its parts.
//!
//! *Invariant*: what cannot be put together from parts is said so, never guessed.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type};
use arrow_array::{Array, ArrayRef, Int64Array};
use lilong_schema::Scalar;

use super::compute::{compute, finite};
use super::{FoldColumn, Folded, Grouping, Moments, Total};
use crate::Function;
use crate::evaluate::{Error, Result};

/// What to ask of each part, in this order, so that [`combine`] can put the parts together; each of the same fields, so that
/// the `Count` counts what is not null. `None`: different values that parts share cannot be told.
pub fn partials(function: Function) -> Option<Vec<Function>> {
    match function {
        Function::Count | Function::Sum | Function::Minimum | Function::Maximum => Some(vec![function]),
        Function::Average => Some(vec![Function::Sum, Function::Count]),
        Function::Deviation | Function::DeviationPopulation | Function::Variance | Function::VariancePopulation => {
            Some(vec![Function::Count, Function::Average, Function::VariancePopulation])
        }
        Function::CountDistinct => None,
    }
}

/// Puts parts together: each of the `rows` rows is a group of one part; `parts` holds for each aggregate the columns that
/// [`partials`] names; an average can also be put together from the three of a variance. Gives what [`super::fold`] gives of all rows of all parts; without keys one group, also of no part.
pub fn combine(rows: usize, keys: &[FoldColumn], parts: &[(Function, Vec<FoldColumn>)]) -> Result<Folded> {
    let grouping = Grouping::new(rows, keys)?;
    let mut folded = grouping.folded(keys)?;
    for (function, columns) in parts {
        let (values, faulty) = put_together(*function, columns, &grouping)?;
        folded.add(values, faulty);
    }
    Ok(folded)
}

fn put_together(function: Function, columns: &[FoldColumn], grouping: &Grouping) -> Result<(ArrayRef, Vec<usize>)> {
    match (function, columns) {
        (Function::Count, [counts]) => Ok(whole(counts, grouping, true)?),
        // A sum of `Int` is a `BigInt` and stays one.
        (Function::Sum, [sums]) if sums.scalar == Scalar::BigInt => Ok(whole(sums, grouping, false)?),
        (Function::Sum | Function::Minimum | Function::Maximum, columns @ [_]) => compute(function, columns, grouping),
        (Function::Average, [sums, counts]) => average(sums, counts, grouping),
        (
            Function::Average
            | Function::Deviation
            | Function::DeviationPopulation
            | Function::Variance
            | Function::VariancePopulation,
            [counts, means, variances],
        ) => {
            let mut moments = vec![Moments::default(); grouping.groups];
            let (counts, means, variances) = (integers(counts)?, floats(means)?, floats(variances)?);
            for (row, group) in grouping.group_of.iter().enumerate() {
                if counts.is_valid(row) && means.is_valid(row) && variances.is_valid(row) {
                    let count = counts.value(row) as f64;
                    let squares = variances.value(row) * count;
                    moments[*group as usize].merge(Moments { count, mean: means.value(row), squares });
                }
            }
            Ok(finite(moments.iter().map(|moments| moments.value(function))))
        }
        (_, columns) => Err(Error::KeyWidth {
            expected: partials(function).map_or(0, |partials| partials.len()),
            found: columns.len(),
        }),
    }
}

/// Sums of whole numbers; those past 64 bits have no value. `counts`: of nothing it is 0.
fn whole(column: &FoldColumn, grouping: &Grouping, counts: bool) -> Result<(ArrayRef, Vec<usize>)> {
    let mut sums: Vec<Option<i128>> = vec![counts.then_some(0); grouping.groups];
    for (group, cell) in grouping.group_of.iter().zip(integers(column)?) {
        if let Some(value) = cell {
            *sums[*group as usize].get_or_insert(0) += i128::from(value);
        }
    }
    let mut faulty = Vec::new();
    let cells = sums.into_iter().enumerate().map(|(group, sum)| {
        let fits = i64::try_from(sum?).ok();
        if fits.is_none() {
            faulty.push(group);
        }
        fits
    });
    let cells: Int64Array = cells.collect();
    Ok((Arc::new(cells), faulty))
}

fn average(sums: &FoldColumn, counts: &FoldColumn, grouping: &Grouping) -> Result<(ArrayRef, Vec<usize>)> {
    let (count_column, _) = whole(counts, grouping, true)?;
    let counts = count_column.as_primitive::<Int64Type>();
    let (sum_column, _) = match sums.scalar {
        Scalar::BigInt => exact(sums, grouping)?,
        _ => compute(Function::Sum, std::slice::from_ref(sums), grouping)?,
    };
    let mean = |group: usize| {
        if sum_column.is_null(group) || counts.value(group) == 0 {
            return None;
        }
        let sum = match sum_column.as_string_opt::<i32>() {
            Some(texts) => texts.value(group).parse().unwrap_or(f64::NAN),
            None => sum_column.as_primitive::<Float64Type>().value(group),
        };
        Some(sum / counts.value(group) as f64)
    };
    Ok(finite((0..grouping.groups).map(mean)))
}

/// Sums of whole numbers of any size, as texts.
fn exact(column: &FoldColumn, grouping: &Grouping) -> Result<(ArrayRef, Vec<usize>)> {
    let mut totals: Vec<Option<Total>> = vec![None; grouping.groups];
    for (group, cell) in grouping.group_of.iter().zip(integers(column)?) {
        if let Some(value) = cell {
            totals[*group as usize].get_or_insert_default().add(&value.to_string()).ok_or(Error::BadDecimal)?;
        }
    }
    let texts: arrow_array::StringArray = totals.iter().map(|total| total.as_ref().map(Total::text)).collect();
    Ok((Arc::new(texts), Vec::new()))
}

fn integers(column: &FoldColumn) -> Result<&Int64Array> {
    let unsuited = || Error::Unsuited { scalar: column.scalar, used_as: "a count" };
    column.values.as_primitive_opt::<Int64Type>().ok_or_else(unsuited)
}

fn floats(column: &FoldColumn) -> Result<&arrow_array::Float64Array> {
    let unsuited = || Error::Unsuited { scalar: column.scalar, used_as: "an average" };
    column.values.as_primitive_opt::<Float64Type>().ok_or_else(unsuited)
}
