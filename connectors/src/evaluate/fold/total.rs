//! An exact sum of decimals of any size.
//!
//! In: texts and integers. Out: the canonical text of their sum. *Invariant*: no digit is lost; up to 2³² addends, whatever
//! their signs.

use std::fmt::Write;

/// Decimal digits of one limb.
const WIDTH: usize = 9;
const BASE: i64 = 1_000_000_000;

/// A sum of decimals. Limbs carry only when the sum is read: 2³² addends of nine digits fit 63 bits.
#[derive(Clone, Debug, Default)]
pub(crate) struct Total {
    /// Of the whole part, the last nine digits first.
    whole: Vec<i64>,
    /// Of the fraction, the first nine digits first.
    fraction: Vec<i64>,
}

impl Total {
    /// Adds a decimal; `None`, and nothing is added, if the text is none.
    pub(crate) fn add(&mut self, text: &str) -> Option<()> {
        let (sign, rest) = match text.strip_prefix('-') {
            Some(rest) => (-1, rest),
            None => (1, text),
        };
        let (whole, fraction) = rest.split_once('.').unwrap_or((rest, ""));
        let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.len() + fraction.len() == 0 || !digits(whole) || !digits(fraction) {
            return None;
        }
        let number = |chunk: &[u8]| chunk.iter().fold(0, |sum, digit| sum * 10 + i64::from(digit - b'0'));
        for (at, chunk) in whole.as_bytes().rchunks(WIDTH).enumerate() {
            *limb(&mut self.whole, at) += sign * number(chunk);
        }
        for (at, chunk) in fraction.as_bytes().chunks(WIDTH).enumerate() {
            let missing = (WIDTH - chunk.len()) as u32;
            *limb(&mut self.fraction, at) += sign * number(chunk) * 10_i64.pow(missing);
        }
        Some(())
    }

    /// The canonical text: no needless zeros, no negative zero.
    pub(crate) fn text(&self) -> String {
        // All limbs, the smallest first.
        let mut limbs: Vec<i64> = self.fraction.iter().rev().chain(&self.whole).copied().collect();
        let mut negative = false;
        if carry(&mut limbs) {
            negative = true;
            for limb in &mut limbs {
                *limb = -*limb;
            }
            carry(&mut limbs);
        }
        let mut text = String::with_capacity(limbs.len() * WIDTH + 2);
        for limb in limbs[self.fraction.len()..].iter().rev() {
            // Writing to a String never fails.
            let _ = write!(text, "{limb:09}");
        }
        let whole = text.trim_start_matches('0');
        let mut out = String::with_capacity(text.len() + 2);
        out.push_str(if negative { "-" } else { "" });
        out.push_str(if whole.is_empty() { "0" } else { whole });
        text.clear();
        for limb in limbs[..self.fraction.len()].iter().rev() {
            let _ = write!(text, "{limb:09}");
        }
        let fraction = text.trim_end_matches('0');
        if !fraction.is_empty() {
            out.push('.');
            out.push_str(fraction);
        }
        out
    }
}

fn limb(limbs: &mut Vec<i64>, at: usize) -> &mut i64 {
    if limbs.len() <= at {
        limbs.resize(at + 1, 0);
    }
    &mut limbs[at]
}

/// Brings all limbs into `0..BASE`; whether the whole is negative, and the limbs are not the number's then.
fn carry(limbs: &mut Vec<i64>) -> bool {
    // A limb holds at most 2³² · 10⁹, so that two more take what is carried out of the last.
    let (length, mut over) = (limbs.len(), 0);
    let before = limbs.clone();
    limbs.resize(length + 2, 0);
    for limb in limbs.iter_mut() {
        let sum = *limb + over;
        over = sum.div_euclid(BASE);
        *limb = sum.rem_euclid(BASE);
    }
    if over < 0 {
        *limbs = before;
        return true;
    }
    false
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_exact_whatever_the_scales_signs_and_sizes() {
        for (addends, sum) in [
            (&["0.1", "0.2"][..], "0.3"),
            (&["1.50", "-1.5"], "0"),
            (&["-0.5", "0.25"], "-0.25"),
            (&["999999999", "1"], "1000000000"),
            (&["-999999999", "-1"], "-1000000000"),
            (&["1000000000", "-1"], "999999999"),
            (&["-1000000000000000000", "1"], "-999999999999999999"),
            (&["0.999999999", "0.0000000001"], "0.9999999991"),
            (&["0.999999999", "0.000000001"], "1"),
            (&["-1", "0.0000000000000000000000001"], "-0.9999999999999999999999999"),
            (&["123456789012345678901234567890.123", "-0.123", "10"], "123456789012345678901234567900"),
            (&[".5", "5.", "007"], "12.5"),
            (&[], "0"),
        ] {
            let mut total = Total::default();
            for text in addends {
                total.add(text).unwrap();
            }
            assert_eq!(total.text(), sum, "{addends:?}");
        }
    }

    #[test]
    fn what_is_no_decimal_is_not_added() {
        let mut total = Total::default();
        for text in ["", "-", ".", "1e3", "+1", "1.2.3", " 1", "NaN", "1.x"] {
            assert_eq!(total.add(text), None, "{text}");
        }
        assert_eq!(total.text(), "0");
    }
}
