//! What is computed of each group, a column at a time.

use std::cmp::Ordering;
use std::collections::HashSet;
use std::sync::Arc;

use arrow_array::builder::StringBuilder;
use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int32Type, Int64Type, UInt64Type};
use arrow_array::{Array, ArrayRef, Float64Array, Int64Array, UInt32Array, UInt64Array};
use arrow_ord::ord::make_comparator;
use arrow_schema::SortOptions;
use arrow_select::take::take;
use foldhash::fast::RandomState;
use lilong_schema::Scalar;

use super::{FoldColumn, Grouping, Total, encode};
use crate::Function;
use crate::evaluate::{Error, Result, comparable};

/// The values of an aggregate, and the groups where it has none that can be represented: null in the values.
pub(super) fn compute(
    function: Function,
    columns: &[FoldColumn],
    grouping: &Grouping,
) -> Result<(ArrayRef, Vec<usize>)> {
    match (function, columns) {
        (Function::Count, columns) => Ok((count(columns, grouping), Vec::new())),
        (Function::CountDistinct, [_, ..]) => Ok((count_distinct(columns, grouping)?, Vec::new())),
        (Function::Sum, [column]) => sum(column, grouping),
        (Function::Minimum, [column]) => extreme(column, Ordering::Less, grouping),
        (Function::Maximum, [column]) => extreme(column, Ordering::Greater, grouping),
        (Function::Average, [column]) => average(column, grouping),
        (
            Function::Deviation | Function::DeviationPopulation | Function::Variance | Function::VariancePopulation,
            [column],
        ) => {
            let mut moments = vec![Moments::default(); grouping.groups];
            for (group, value) in grouping.groups_of(floats(column)?.iter()) {
                moments[group].add(value);
            }
            Ok(finite(moments.iter().map(|moments| moments.value(function))))
        }
        (_, columns) => Err(Error::KeyWidth { expected: 1, found: columns.len() }),
    }
}

impl Grouping {
    /// The cells that are not null, each with its group.
    fn groups_of<T>(&self, cells: impl Iterator<Item = Option<T>>) -> impl Iterator<Item = (usize, T)> {
        self.group_of.iter().zip(cells).filter_map(|(group, cell)| Some((*group as usize, cell?)))
    }
}

fn count(columns: &[FoldColumn], grouping: &Grouping) -> ArrayRef {
    let mut counts = vec![0i64; grouping.groups];
    for (row, group) in grouping.group_of.iter().enumerate() {
        if columns.iter().all(|column| column.values.is_valid(row)) {
            counts[*group as usize] += 1;
        }
    }
    Arc::new(Int64Array::from(counts))
}

fn count_distinct(columns: &[FoldColumn], grouping: &Grouping) -> Result<ArrayRef> {
    let groups: UInt64Array = grouping.group_of.iter().map(|group| Some(u64::from(*group))).collect();
    let groups: ArrayRef = Arc::new(groups);
    let encoded = encode(columns, Some(&groups))?;
    let mut seen = HashSet::with_hasher(RandomState::default());
    let mut counts = vec![0i64; grouping.groups];
    for (row, group) in grouping.group_of.iter().enumerate() {
        if columns.iter().all(|column| column.values.is_valid(row)) && seen.insert(encoded.row(row).data()) {
            counts[*group as usize] += 1;
        }
    }
    Ok(Arc::new(Int64Array::from(counts)))
}

/// The exact sums of whole numbers; none where there is no number.
fn whole_sums(column: &FoldColumn, grouping: &Grouping) -> Option<Vec<Option<(i128, u64)>>> {
    let mut sums = vec![None; grouping.groups];
    let mut add = |group: usize, value: i128| {
        let (sum, count) = sums[group].get_or_insert((0, 0));
        *sum += value;
        *count += 1;
    };
    match column.scalar {
        Scalar::Int => {
            let cells = column.values.as_primitive_opt::<Int32Type>()?;
            grouping.groups_of(cells.iter()).for_each(|(group, value)| add(group, value.into()));
        }
        Scalar::BigInt => {
            let cells = column.values.as_primitive_opt::<Int64Type>()?;
            grouping.groups_of(cells.iter()).for_each(|(group, value)| add(group, value.into()));
        }
        Scalar::Unsigned => {
            let cells = column.values.as_primitive_opt::<UInt64Type>()?;
            grouping.groups_of(cells.iter()).for_each(|(group, value)| add(group, value.into()));
        }
        _ => return None,
    }
    Some(sums)
}

fn decimal_sums(column: &FoldColumn, grouping: &Grouping) -> Result<Vec<Option<(Total, u64)>>> {
    let mut sums: Vec<Option<(Total, u64)>> = vec![None; grouping.groups];
    let texts = column.values.as_string_opt::<i32>().ok_or_else(|| unsuited(column))?;
    for (group, text) in grouping.groups_of(texts.iter()) {
        let (total, count) = sums[group].get_or_insert_default();
        total.add(text).ok_or(Error::BadDecimal)?;
        *count += 1;
    }
    Ok(sums)
}

fn sum(column: &FoldColumn, grouping: &Grouping) -> Result<(ArrayRef, Vec<usize>)> {
    match column.scalar {
        Scalar::Int => {
            let sums = whole_sums(column, grouping).ok_or_else(|| unsuited(column))?;
            let mut faulty = Vec::new();
            let cells = sums.iter().enumerate().map(|(group, sum)| {
                let (sum, _) = (*sum)?;
                let fits = i64::try_from(sum).ok();
                if fits.is_none() {
                    faulty.push(group);
                }
                fits
            });
            let cells: Int64Array = cells.collect();
            Ok((Arc::new(cells), faulty))
        }
        Scalar::BigInt | Scalar::Unsigned => {
            let sums = whole_sums(column, grouping).ok_or_else(|| unsuited(column))?;
            let mut texts = StringBuilder::with_capacity(sums.len(), sums.len() * 12);
            for sum in &sums {
                texts.append_option(sum.map(|(sum, _)| sum.to_string()));
            }
            Ok((Arc::new(texts.finish()), Vec::new()))
        }
        Scalar::Decimal => {
            let sums = decimal_sums(column, grouping)?;
            let mut texts = StringBuilder::with_capacity(sums.len(), sums.len() * 12);
            for sum in &sums {
                texts.append_option(sum.as_ref().map(|(sum, _)| sum.text()));
            }
            Ok((Arc::new(texts.finish()), Vec::new()))
        }
        Scalar::Float => {
            let cells = floats(column)?;
            let mut sums: Vec<Option<Careful>> = vec![None; grouping.groups];
            grouping.groups_of(cells.iter()).for_each(|(group, value)| sums[group].get_or_insert_default().add(value));
            Ok(finite(sums.iter().map(|sum| sum.as_ref().map(Careful::value))))
        }
        _ => Err(unsuited(column)),
    }
}

fn average(column: &FoldColumn, grouping: &Grouping) -> Result<(ArrayRef, Vec<usize>)> {
    match column.scalar {
        Scalar::Int | Scalar::BigInt | Scalar::Unsigned => {
            let sums = whole_sums(column, grouping).ok_or_else(|| unsuited(column))?;
            Ok(finite(sums.iter().map(|sum| sum.map(|(sum, count)| sum as f64 / count as f64))))
        }
        Scalar::Decimal => {
            let sums = decimal_sums(column, grouping)?;
            Ok(finite(sums.iter().map(|sum| {
                let (total, count) = sum.as_ref()?;
                Some(total.text().parse().unwrap_or(f64::NAN) / *count as f64)
            })))
        }
        _ => {
            let cells = floats(column)?;
            let mut sums: Vec<(Careful, u64)> = vec![(Careful::default(), 0); grouping.groups];
            for (group, value) in grouping.groups_of(cells.iter()) {
                sums[group].0.add(value);
                sums[group].1 += 1;
            }
            let mean = |(sum, count): &(Careful, u64)| (*count > 0).then(|| sum.value() / *count as f64);
            Ok(finite(sums.iter().map(mean)))
        }
    }
}

/// The first row of the smallest or largest cell of each group.
fn extreme(column: &FoldColumn, wanted: Ordering, grouping: &Grouping) -> Result<(ArrayRef, Vec<usize>)> {
    if !column.scalar.is_ordered() {
        return Err(Error::Unsuited { scalar: column.scalar, used_as: "compared" });
    }
    let cells = comparable(&column.values, column.scalar)?;
    let compare = make_comparator(&cells, &cells, SortOptions::default())?;
    let mut rows: Vec<Option<u32>> = vec![None; grouping.groups];
    for (row, group) in grouping.group_of.iter().enumerate().filter(|(row, _)| cells.is_valid(*row)) {
        let best = &mut rows[*group as usize];
        if best.is_none_or(|best| compare(row, best as usize) == wanted) {
            *best = Some(row as u32);
        }
    }
    let values = take(&column.values, &UInt32Array::from(rows), None)?;
    if column.scalar == Scalar::Float {
        return Ok(finite(values.as_primitive::<Float64Type>().iter()));
    }
    Ok((values, Vec::new()))
}

fn floats(column: &FoldColumn) -> Result<Float64Array> {
    Ok(match column.scalar {
        Scalar::Float => column.values.as_primitive_opt::<Float64Type>().ok_or_else(|| unsuited(column))?.clone(),
        Scalar::Int => {
            let cells = column.values.as_primitive_opt::<Int32Type>().ok_or_else(|| unsuited(column))?;
            cells.unary(f64::from)
        }
        Scalar::BigInt => {
            let cells = column.values.as_primitive_opt::<Int64Type>().ok_or_else(|| unsuited(column))?;
            cells.unary(|value| value as f64)
        }
        Scalar::Unsigned => {
            let cells = column.values.as_primitive_opt::<UInt64Type>().ok_or_else(|| unsuited(column))?;
            cells.unary(|value| value as f64)
        }
        Scalar::Decimal => {
            let cells = column.values.as_string_opt::<i32>().ok_or_else(|| unsuited(column))?;
            let numbers = cells.iter().map(|text| text.map(|text| text.parse().map_err(|_| Error::BadDecimal)));
            numbers.map(Option::transpose).collect::<Result<Float64Array>>()?
        }
        _ => return Err(unsuited(column)),
    })
}

fn unsuited(column: &FoldColumn) -> Error {
    Error::Unsuited { scalar: column.scalar, used_as: "added up" }
}

/// A column of floats, and the cells that are no numbers: null.
pub(super) fn finite(values: impl Iterator<Item = Option<f64>>) -> (ArrayRef, Vec<usize>) {
    let mut faulty = Vec::new();
    let cells = values.enumerate().map(|(group, value)| {
        if value.is_some_and(|value| !value.is_finite()) {
            faulty.push(group);
            return None;
        }
        value
    });
    let cells: Float64Array = cells.collect();
    (Arc::new(cells), faulty)
}

/// A sum of floats that keeps what each addition rounds off (Neumaier).
#[derive(Clone, Debug, Default)]
pub(crate) struct Careful {
    sum: f64,
    rest: f64,
}

impl Careful {
    /// Adds a number.
    pub(crate) fn add(&mut self, value: f64) {
        let sum = self.sum + value;
        self.rest += if self.sum.abs() >= value.abs() { (self.sum - sum) + value } else { (value - sum) + self.sum };
        self.sum = sum;
    }

    /// The sum.
    pub(crate) fn value(&self) -> f64 {
        // Past infinity there is no rest.
        if self.sum.is_finite() { self.sum + self.rest } else { self.sum }
    }
}

/// Count, mean and squared deviations of numbers, in one pass (Welford) and from parts (Chan, Golub, `LeVeque`).
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Moments {
    pub(crate) count: f64,
    pub(crate) mean: f64,
    /// The sum of the squared deviations from the mean.
    pub(crate) squares: f64,
}

impl Moments {
    /// Counts a number in.
    pub(crate) fn add(&mut self, value: f64) {
        self.count += 1.0;
        let before = value - self.mean;
        self.mean += before / self.count;
        self.squares += before * (value - self.mean);
    }

    /// Counts other numbers in.
    pub(crate) fn merge(&mut self, other: Moments) {
        let count = self.count + other.count;
        if other.count == 0.0 {
            return;
        }
        let between = other.mean - self.mean;
        self.squares += other.squares + between * between * (self.count / count) * other.count;
        self.mean += between * (other.count / count);
        self.count = count;
    }

    /// The average, deviation or variance; none of too few numbers.
    pub(crate) fn value(&self, function: Function) -> Option<f64> {
        let divisor = match function {
            Function::Average => return (self.count > 0.0).then_some(self.mean),
            Function::Deviation | Function::Variance => self.count - 1.0,
            _ => self.count,
        };
        if divisor <= 0.0 {
            return None;
        }
        let variance = self.squares / divisor;
        Some(match function {
            Function::Deviation | Function::DeviationPopulation => variance.sqrt(),
            _ => variance,
        })
    }
}
