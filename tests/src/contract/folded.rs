//! Groups and aggregates worked out here once more, value by value, long hand.
//!
//! *Invariant*: nothing here uses the evaluation that the connectors use.

use std::cmp::Ordering;

use lilong_connectors::Function;
use lilong_schema::{Scalar, Value};

use crate::contract::condition::order;

pub(crate) const FUNCTIONS: [Function; 10] = [
    Function::Count,
    Function::CountDistinct,
    Function::Sum,
    Function::Average,
    Function::Deviation,
    Function::DeviationPopulation,
    Function::Variance,
    Function::VariancePopulation,
    Function::Minimum,
    Function::Maximum,
];

/// Rows put in groups by their keys; each group is its key and its rows.
pub(crate) fn groups(rows: &[Vec<Value>], key: impl Fn(&[Value]) -> Vec<Value>) -> Vec<(Vec<Value>, Vec<Vec<Value>>)> {
    let mut groups: Vec<(Vec<Value>, Vec<Vec<Value>>)> = Vec::new();
    for row in rows {
        let key = key(row);
        match groups.iter_mut().find(|(own, _)| *own == key) {
            Some((_, rows)) => rows.push(row.clone()),
            None => groups.push((key, vec![row.clone()])),
        }
    }
    groups
}

/// An aggregate of some rows over fields by their position.
///
/// # Panics
/// If a value is none of the scalar's, or has no such aggregate.
#[must_use]
pub fn aggregate(function: Function, scalar: Scalar, rows: &[Vec<Value>], fields: &[usize]) -> Value {
    let known: Vec<Vec<&Value>> = rows
        .iter()
        .map(|row| fields.iter().map(|field| &row[*field]).collect::<Vec<_>>())
        .filter(|cells| cells.iter().all(|cell| !cell.is_null()))
        .collect();
    match function {
        Function::Count => return Value::Integer(known.len() as i128),
        Function::CountDistinct => {
            let mut different: Vec<&Vec<&Value>> = Vec::new();
            for cells in &known {
                if !different.contains(&cells) {
                    different.push(cells);
                }
            }
            return Value::Integer(different.len() as i128);
        }
        _ => {}
    }
    let cells: Vec<&Value> = known.iter().map(|cells| cells[0]).collect();
    if cells.is_empty() {
        return Value::Null;
    }
    let numbers = || cells.iter().map(|cell| number(cell)).collect::<Vec<f64>>();
    let count = cells.len() as f64;
    match function {
        Function::Minimum => (*cells.iter().min_by(|one, other| order(one, other)).unwrap()).clone(),
        Function::Maximum => (*cells.iter().max_by(|one, other| order(one, other)).unwrap()).clone(),
        Function::Sum => match scalar {
            Scalar::Float => Value::Float(numbers().iter().sum()),
            Scalar::Int => Value::Integer(sum(&cells).parse().unwrap()),
            _ => Value::Decimal(sum(&cells)),
        },
        Function::Average if scalar == Scalar::Float => Value::Float(numbers().iter().sum::<f64>() / count),
        Function::Average => Value::Float(sum(&cells).parse::<f64>().unwrap() / count),
        _ => {
            let mean = numbers().iter().sum::<f64>() / count;
            let squares: f64 = numbers().iter().map(|number| (number - mean).powi(2)).sum();
            let sample = matches!(function, Function::Deviation | Function::Variance);
            let divisor = if sample { count - 1.0 } else { count };
            if divisor == 0.0 {
                return Value::Null;
            }
            let variance = squares / divisor;
            let root = matches!(function, Function::Deviation | Function::DeviationPopulation);
            Value::Float(if root { variance.sqrt() } else { variance })
        }
    }
}

fn number(value: &Value) -> f64 {
    match value {
        Value::Integer(number) => *number as f64,
        Value::Float(number) => *number,
        Value::Decimal(text) => text.parse().unwrap(),
        other => panic!("{other:?} is no number"),
    }
}

/// Digit by digit, as at school: 80 before the point and 80 after it.
fn sum(cells: &[&Value]) -> String {
    let mut digits = [0i64; 160];
    for cell in cells {
        let text = cell.to_string();
        let sign = if text.starts_with('-') { -1 } else { 1 };
        let (whole, fraction) = text.trim_start_matches('-').split_once('.').map_or_else(
            || (text.trim_start_matches('-').to_owned(), String::new()),
            |(whole, fraction)| (whole.to_owned(), fraction.to_owned()),
        );
        for (place, digit) in format!("{whole:0>80}{fraction:0<80}").bytes().enumerate() {
            digits[place] += sign * i64::from(digit - b'0');
        }
    }
    let negative = digits.iter().find_map(|_| carried(&mut digits.clone()));
    if negative.is_some() {
        digits = digits.map(|digit| -digit);
    }
    carried(&mut digits);
    let text: String = digits.iter().map(ToString::to_string).collect();
    let (whole, fraction) = text.split_at(80);
    let (whole, fraction) = (whole.trim_start_matches('0'), fraction.trim_end_matches('0'));
    let whole = if whole.is_empty() { "0" } else { whole };
    let sign = if negative.is_some() { "-" } else { "" };
    if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
}

/// Carries; `Some` if what is carried out of the first digit is negative.
fn carried(digits: &mut [i64; 160]) -> Option<()> {
    let mut over = 0;
    for digit in digits.iter_mut().rev() {
        let sum = *digit + over;
        *digit = sum.rem_euclid(10);
        over = sum.div_euclid(10);
    }
    (over < 0).then_some(())
}

/// Values that differ by what floats are rounded by are shown as one.
pub(crate) fn rounded(rows: Vec<Vec<Value>>) -> Vec<Vec<Value>> {
    let round = |value: Value| match value {
        Value::Float(number) => Value::Text(format!("{:.8e}", number + 0.0)),
        other => other,
    };
    rows.into_iter().map(|row| row.into_iter().map(round).collect()).collect()
}

/// The order of two cells, nulls last.
pub(crate) fn nulls_last(one: &Value, other: &Value) -> Ordering {
    match (one.is_null(), other.is_null()) {
        (false, false) => order(one, other),
        (one, other) => one.cmp(&other),
    }
}
