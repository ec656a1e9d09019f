//! Floats of four bytes: what one of them is shown as, and what it is compared with.
//!
//! In: numbers. Out: numbers of eight bytes. *Invariant*: a column of such floats, widened, stands to what [`bound`] gives
//! precisely as the numbers that it is shown as stand to the operand, in equality and in order.

/// The shortest decimal that is read as the same float.
pub(crate) fn shown(number: f32) -> f64 {
    number.to_string().parse().unwrap_or_else(|_| f64::from(number))
}

/// What a widened float is compared with instead of `number`: the float that is shown as it, or, where none is, a number
/// between the floats shown as smaller ones and those shown as larger ones.
#[allow(clippy::float_cmp)] // the same number, not one near it
pub(crate) fn bound(number: f64) -> f64 {
    let near = number as f32;
    let (shown, near) = (shown(near), f64::from(near));
    if shown == number {
        near
    } else if shown > number {
        near.next_down()
    } else {
        near.next_up()
    }
}

#[cfg(test)]
#[allow(clippy::float_cmp)] // exactly these
mod tests {
    use super::*;

    #[test]
    fn a_float_of_four_bytes_is_met_by_the_number_it_is_shown_as_and_by_no_other() {
        for (number, met) in [
            (0.1, Some(0.1_f32)),
            (16_777_216.0, Some(16_777_216.0)),
            (16_777_217.0, None),
            (0.100_000_001_490_116_12, None),
            (0.100_000_000_1, None),
            (1e-45, Some(1e-45)),
            (-1e-60, None),
            (1e300, None),
            (-1e300, None),
            (0.0, Some(0.0)),
        ] {
            let bound = bound(number);
            assert_eq!(f64::from(bound as f32) == bound, met.is_some(), "{number}");
            if let Some(met) = met {
                assert_eq!((f64::from(met), shown(met)), (bound, number));
            }
        }
    }

    #[test]
    fn floats_of_four_bytes_keep_their_order_to_every_number() {
        let floats = [f32::MIN, -16_777_216.0, -0.3, -0.1, -1e-45, 0.0, 1e-45, 0.1, 0.3, 16_777_216.0, f32::MAX];
        let near = |float: f32| [float.next_down(), float, float.next_up()];
        let floats: Vec<f32> = floats.into_iter().flat_map(near).filter(|float| float.is_finite()).collect();
        let beside = |float: &f32| {
            let (exact, shown) = (f64::from(*float), shown(*float));
            [exact, exact.next_down(), exact.next_up(), shown, shown.next_down(), shown.next_up()]
        };
        for number in floats.iter().flat_map(beside).chain([1e-60, -1e-60, 1e300, -1e300]) {
            for float in &floats {
                let (found, wanted) =
                    (f64::from(*float).partial_cmp(&bound(number)), shown(*float).partial_cmp(&number));
                assert_eq!(found, wanted, "{float} beside {number}");
            }
        }
    }
}
