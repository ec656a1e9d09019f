//! Every function over every scalar it takes, and the parts of a whole.

use std::sync::Arc;

use arrow_array::{
    BooleanArray, Date32Array, Float64Array, Int32Array, Int64Array, StringArray, Time64MicrosecondArray,
    TimestampMicrosecondArray,
};
use arrow_cast::display::{ArrayFormatter, FormatOptions};
use arrow_schema::DataType;
use lilong_schema::Scalar;

use super::*;

const FUNCTIONS: [Function; 10] = [
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

fn column(values: ArrayRef, scalar: Scalar) -> FoldColumn {
    FoldColumn { values, scalar }
}

fn int(values: &[Option<i32>]) -> FoldColumn {
    column(Arc::new(Int32Array::from(values.to_vec())), Scalar::Int)
}

fn big(values: &[Option<i64>]) -> FoldColumn {
    column(Arc::new(Int64Array::from(values.to_vec())), Scalar::BigInt)
}

fn float(values: &[Option<f64>]) -> FoldColumn {
    column(Arc::new(Float64Array::from(values.to_vec())), Scalar::Float)
}

fn text(values: &[Option<&str>], scalar: Scalar) -> FoldColumn {
    column(Arc::new(StringArray::from(values.to_vec())), scalar)
}

fn shown(column: &ArrayRef) -> Vec<String> {
    // The formatter knows no names of zones.
    let column = match column.data_type() {
        DataType::Timestamp(unit, Some(_)) => &arrow_cast::cast(column, &DataType::Timestamp(*unit, None)).unwrap(),
        _ => column,
    };
    let options = FormatOptions::default().with_null("null");
    let formatter = ArrayFormatter::try_new(column, &options).unwrap();
    (0..column.len()).map(|row| formatter.value(row).to_string()).collect()
}

fn one(function: Function, column: FoldColumn) -> String {
    let folded = fold(column.values.len(), &[], &[(function, vec![column])]).unwrap();
    assert_eq!((folded.groups, folded.faults.len()), (1, 0));
    shown(&folded.aggregates[0]).remove(0)
}

#[test]
fn every_function_of_every_number() {
    let expected =
        ["4", "3", "9", "2.25", "0.9574271077563381", "0.82915619758885", "0.9166666666666666", "0.6875", "1", "3"];
    let columns = [
        int(&[Some(3), Some(1), None, Some(2), Some(3)]),
        big(&[Some(3), Some(1), None, Some(2), Some(3)]),
        float(&[Some(3.0), Some(1.0), None, Some(2.0), Some(3.0)]),
        text(&[Some("3"), Some("1.0"), None, Some("2"), Some("3.00")], Scalar::Decimal),
    ];
    for column in columns {
        for (function, expected) in FUNCTIONS.into_iter().zip(expected) {
            let found = one(function, column.clone());
            let (found, expected): (f64, f64) = (found.parse().unwrap(), expected.parse().unwrap());
            assert!((found - expected).abs() < 1e-12, "{function:?} of {:?}: {found} {expected}", column.scalar);
        }
    }
}

#[test]
fn counts_and_extremes_of_everything_that_is_ordered() {
    let uuid = ["0191d3a0-7d3c-7000-8000-00000000000f", "00000000-7d3c-7000-8000-00000000000f"];
    let moments = || TimestampMicrosecondArray::from(vec![Some(5), Some(-1), None, Some(5)]);
    for (column, least, most) in [
        (column(Arc::new(BooleanArray::from(vec![Some(true), Some(false), None, Some(true)])), Scalar::Boolean), 1, 0),
        (column(Arc::new(Date32Array::from(vec![Some(5), Some(-1), None, Some(5)])), Scalar::Date), 1, 0),
        (column(Arc::new(Time64MicrosecondArray::from(vec![Some(5), Some(1), None, Some(5)])), Scalar::Time), 1, 0),
        (column(Arc::new(moments()), Scalar::LocalDateTime), 1, 0),
        (column(Arc::new(moments().with_timezone("UTC")), Scalar::DateTime), 1, 0),
        (text(&[Some(uuid[0]), Some(uuid[1]), None, Some(uuid[0])], Scalar::Uuid), 1, 0),
        (text(&[Some("b"), Some("a"), None, Some("b")], Scalar::Enum), 1, 0),
        // By code point: 'Z' before 'a', past the first plane after all of it.
        (text(&[Some("𠮷"), Some("Z"), None, Some("𠮷"), Some("a"), Some("\u{ffff}")], Scalar::String), 1, 0),
    ] {
        let cells = shown(&column.values);
        assert_eq!(one(Function::Minimum, column.clone()), cells[least], "{:?}", column.scalar);
        assert_eq!(one(Function::Maximum, column.clone()), cells[most], "{:?}", column.scalar);
        assert_eq!(one(Function::Count, column.clone()), (cells.len() - 1).to_string());
        assert_eq!(one(Function::CountDistinct, column), (cells.len() - 2).to_string());
    }
}

#[test]
fn of_no_rows_and_of_nulls_a_count_is_0_and_everything_else_null() {
    for cells in [vec![], vec![None, None]] {
        for function in FUNCTIONS {
            let expected = if matches!(function, Function::Count | Function::CountDistinct) { "0" } else { "null" };
            assert_eq!(one(function, int(&cells)), expected, "{function:?}");
            let decimals = text(&vec![None; cells.len()], Scalar::Decimal);
            assert_eq!(one(function, decimals), expected, "{function:?}");
        }
    }
    let none = fold(0, &[int(&[])], &[(Function::Count, vec![])]).unwrap();
    assert_eq!((none.groups, none.keys[0].len(), none.aggregates[0].len()), (0, 0, 0));
    for function in [Function::Deviation, Function::Variance] {
        assert_eq!(one(function, int(&[Some(5)])), "null");
    }
    assert_eq!(one(Function::VariancePopulation, int(&[Some(5)])), "0.0");
}

#[test]
fn sums_past_64_bits_are_exact() {
    assert_eq!(one(Function::Sum, big(&[Some(i64::MAX), Some(i64::MAX), None])), "18446744073709551614");
    assert_eq!(one(Function::Sum, big(&[Some(i64::MIN), Some(i64::MIN)])), "-18446744073709551616");
    assert_eq!(one(Function::Sum, int(&[Some(i32::MAX), Some(i32::MAX)])), "4294967294");
    assert_eq!(
        one(Function::Average, big(&[Some(i64::MAX), Some(i64::MAX)])),
        "9.223372036854775807e18".parse::<f64>().map(|value| shown(&float(&[Some(value)]).values)[0].clone()).unwrap()
    );
    let decimals = text(&[Some("0.1"), Some("0.2"), Some("12345678901234567890123.4")], Scalar::Decimal);
    assert_eq!(one(Function::Sum, decimals), "12345678901234567890123.7");
}

#[test]
fn what_is_no_number_is_null_and_a_fault() {
    for cells in [vec![f64::MAX, f64::MAX], vec![f64::NAN], vec![f64::INFINITY, f64::NEG_INFINITY]] {
        let cells: Vec<Option<f64>> = cells.into_iter().map(Some).collect();
        let folded = fold(cells.len(), &[], &[(Function::Sum, vec![float(&cells)])]).unwrap();
        assert_eq!(shown(&folded.aggregates[0]), ["null"]);
        assert_eq!(folded.faults, [CellFault { column: 0, row: 0 }]);
    }
}

#[test]
fn groups_are_exact_and_nulls_are_one() {
    let keys = [
        text(&[Some("a"), Some("A"), None, Some("a"), Some("a "), None], Scalar::String),
        text(&[Some("1.0"), Some("1"), None, Some("1"), Some("1"), None], Scalar::Decimal),
    ];
    let folded = fold(6, &keys, &[(Function::Count, vec![]), (Function::Sum, vec![int(&[Some(1); 6])])]).unwrap();
    assert_eq!(shown(&folded.keys[0]), ["a", "A", "null", "a "]);
    assert_eq!(shown(&folded.keys[1]), ["1.0", "1", "null", "1"]);
    assert_eq!(shown(&folded.aggregates[0]), ["2", "1", "2", "1"]);
    assert_eq!(folded.group_of, [0, 1, 2, 0, 3, 2]);
    let zeros = fold(2, &[float(&[Some(0.0), Some(-0.0)])], &[]).unwrap();
    assert_eq!(zeros.groups, 1);
}

#[test]
fn a_count_of_columns_takes_rows_without_a_null_in_any() {
    let columns = vec![int(&[Some(1), Some(1), None, Some(1)]), int(&[Some(2), None, Some(2), Some(2)])];
    let folded = fold(
        4,
        &[],
        &[(Function::Count, columns.clone()), (Function::CountDistinct, columns), (Function::Count, vec![])],
    )
    .unwrap();
    let cells: Vec<String> = folded.aggregates.iter().map(|column| shown(column).remove(0)).collect();
    assert_eq!(cells, ["2", "1", "4"]);
}

#[test]
fn what_cannot_be_computed_is_refused() {
    let texts = || text(&[Some("a")], Scalar::String);
    assert!(matches!(fold(1, &[], &[(Function::Sum, vec![texts()])]), Err(Error::Unsuited { .. })));
    assert!(matches!(fold(1, &[], &[(Function::Sum, vec![])]), Err(Error::KeyWidth { .. })));
    assert!(matches!(fold(1, &[], &[(Function::CountDistinct, vec![])]), Err(Error::KeyWidth { .. })));
    let json = || text(&[Some("{}")], Scalar::Json);
    assert!(matches!(fold(1, &[json()], &[]), Err(Error::Unsuited { .. })));
    assert!(matches!(fold(1, &[], &[(Function::Minimum, vec![json()])]), Err(Error::Unsuited { .. })));
    let bad = text(&[Some("one")], Scalar::Decimal);
    assert!(matches!(fold(1, &[], &[(Function::Sum, vec![bad])]), Err(Error::BadDecimal)));
}

#[test]
fn a_spoilt_cell_is_null_and_a_fault_once() {
    let keys = [int(&[Some(1), Some(2), Some(1)])];
    let mut folded = fold(3, &keys, &[(Function::Sum, vec![int(&[Some(5), Some(6), None])])]).unwrap();
    folded.spoil(1, 2).unwrap();
    folded.spoil(1, 0).unwrap();
    assert_eq!(shown(&folded.aggregates[0]), ["null", "6"]);
    assert_eq!(folded.faults, [CellFault { column: 1, row: 0 }]);
}

/// Each function of all rows is what its parts come to, however the rows are dealt.
#[test]
fn parts_come_to_the_whole() {
    let values: Vec<Option<i64>> = (0..60).map(|at: i64| (at % 7 != 0).then_some(at * at - 40 * at)).collect();
    let keys: Vec<Option<i64>> = (0..60).map(|at: i64| (at % 4 != 0).then_some(at % 3)).collect();
    let decimals: Vec<Option<String>> = values.iter().map(|value| value.map(|value| format!("{value}.25"))).collect();
    let of = |rows: std::ops::Range<usize>, scalar: Scalar| match scalar {
        Scalar::Int => int(&values[rows].iter().map(|value| value.map(|value| value as i32)).collect::<Vec<_>>()),
        Scalar::BigInt => big(&values[rows]),
        Scalar::Float => float(&values[rows].iter().map(|value| value.map(|value| value as f64)).collect::<Vec<_>>()),
        scalar => text(&decimals[rows].iter().map(Option::as_deref).collect::<Vec<_>>(), scalar),
    };
    for scalar in [Scalar::Int, Scalar::BigInt, Scalar::Float, Scalar::Decimal] {
        for function in FUNCTIONS {
            let Some(partials) = partials(function) else {
                assert_eq!(function, Function::CountDistinct);
                continue;
            };
            let whole = fold(60, &[big(&keys)], &[(function, vec![of(0..60, scalar)])]).unwrap();
            // An empty part has no groups.
            let parts: Vec<Folded> = [0..7, 7..7, 7..30, 30..60]
                .into_iter()
                .map(|rows| {
                    let asked: Vec<_> = partials.iter().map(|part| (*part, vec![of(rows.clone(), scalar)])).collect();
                    fold(rows.len(), &[big(&keys[rows])], &asked).unwrap()
                })
                .collect();
            let join = |column: &dyn Fn(&Folded) -> ArrayRef| {
                let columns: Vec<ArrayRef> = parts.iter().map(column).collect();
                let columns: Vec<&dyn Array> = columns.iter().map(AsRef::as_ref).collect();
                arrow_select::concat::concat(&columns).unwrap()
            };
            let part_keys = column(join(&|part| part.keys[0].clone()), Scalar::BigInt);
            let columns = partials
                .iter()
                .enumerate()
                .map(|(at, part)| column(join(&|folded| folded.aggregates[at].clone()), part.scalar(scalar).unwrap()));
            let columns: Vec<FoldColumn> = columns.collect();
            let rows = part_keys.values.len();
            let combined = combine(rows, &[part_keys], &[(function, columns)]).unwrap();
            assert_eq!(combined.aggregates[0].data_type(), whole.aggregates[0].data_type(), "{function:?} {scalar:?}");
            let (combined, whole) = (shown(&combined.aggregates[0]), shown(&whole.aggregates[0]));
            assert_eq!(combined.len(), whole.len());
            for (one, other) in combined.iter().zip(&whole) {
                let close = match (one.parse::<f64>(), other.parse::<f64>()) {
                    (Ok(one), Ok(other)) => (one - other).abs() <= 1e-9 * other.abs(),
                    _ => one == other,
                };
                assert!(close, "{function:?} {scalar:?}: {one} {other}");
            }
        }
    }
}

#[test]
fn an_average_comes_of_counts_averages_and_variances_too() {
    let parts = || {
        vec![
            big(&[Some(1), Some(3), Some(0)]),
            float(&[Some(8.0), Some(2.0), None]),
            float(&[Some(0.0), Some(6.0), None]),
        ]
    };
    let combined = combine(3, &[], &[(Function::Average, parts()), (Function::VariancePopulation, parts())]).unwrap();
    // 8, and three numbers around 2: their squared deviations are 18, and 27 between the two parts.
    let cells: Vec<String> = combined.aggregates.iter().map(|column| shown(column).remove(0)).collect();
    assert_eq!(cells, ["3.5", "11.25"]);
}

#[test]
fn of_no_parts_a_count_is_0_and_everything_else_null() {
    let combined = combine(
        0,
        &[],
        &[
            (Function::Count, vec![big(&[])]),
            (Function::Sum, vec![big(&[])]),
            (Function::Average, vec![big(&[]), big(&[])]),
            (Function::Variance, vec![big(&[]), float(&[]), float(&[])]),
        ],
    )
    .unwrap();
    let cells: Vec<String> = combined.aggregates.iter().map(|column| shown(column).remove(0)).collect();
    assert_eq!(cells, ["0", "null", "null", "null"]);
    assert!(combine(0, &[], &[(Function::CountDistinct, vec![big(&[])])]).is_err());
}
