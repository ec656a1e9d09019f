//! Decimals as bytes whose order is the numbers' order.
//!
//! In: the text of a decimal. Out: sign, exponent, digits, terminator; of a negative number all but the sign inverted.
//! *Invariant*: two texts of the same number have the same bytes, and no digit is lost, however many there are.

use arrow_array::builder::BinaryBuilder;
use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, BinaryArray};
use arrow_schema::DataType;

use super::{Error, Result, expect_type};

const NEGATIVE: u8 = 0;
const ZERO: u8 = 1;
const POSITIVE: u8 = 2;

/// A column of decimal texts as order-preserving bytes.
pub(super) fn encode_column(array: &ArrayRef) -> Result<BinaryArray> {
    expect_type(array, &DataType::Utf8)?;
    let texts = array.as_string::<i32>();
    let mut builder = BinaryBuilder::with_capacity(texts.len(), texts.len() * 12);
    let mut bytes = Vec::with_capacity(32);
    for text in texts {
        match text {
            None => builder.append_null(),
            Some(text) => {
                bytes.clear();
                encode(text, &mut bytes).ok_or(Error::BadDecimal)?;
                builder.append_value(&bytes);
            }
        }
    }
    Ok(builder.finish())
}

/// Appends the bytes of one decimal; `None` if the text is none.
pub(super) fn encode(text: &str, out: &mut Vec<u8>) -> Option<()> {
    let (negative, rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (whole, fraction) = rest.split_once('.').unwrap_or((rest, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    if !whole.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let whole = whole.trim_start_matches('0');
    let fraction = fraction.trim_end_matches('0');
    if whole.is_empty() && fraction.is_empty() {
        out.push(ZERO);
        return Some(());
    }
    // Digits are read as 0.d₁d₂… × 10^exponent with d₁ ≠ 0.
    let (exponent, first, second) = if whole.is_empty() {
        let digits = fraction.trim_start_matches('0');
        (-i32::try_from(fraction.len() - digits.len()).ok()?, "", digits)
    } else if fraction.is_empty() {
        (i32::try_from(whole.len()).ok()?, whole.trim_end_matches('0'), "")
    } else {
        (i32::try_from(whole.len()).ok()?, whole, fraction)
    };
    out.push(if negative { NEGATIVE } else { POSITIVE });
    let from = out.len();
    out.extend_from_slice(&(exponent.cast_unsigned() ^ 0x8000_0000).to_be_bytes());
    out.extend_from_slice(first.as_bytes());
    out.extend_from_slice(second.as_bytes());
    out.push(0);
    if negative {
        for byte in &mut out[from..] {
            *byte = !*byte;
        }
    }
    Some(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    fn bytes(text: &str) -> Vec<u8> {
        let mut out = Vec::new();
        encode(text, &mut out).unwrap_or_else(|| panic!("{text}"));
        out
    }

    #[test]
    fn the_order_of_bytes_is_the_order_of_numbers() {
        let ascending = [
            "-123456789012345678901234567890.5",
            "-123456789012345678901234567890",
            "-100",
            "-99.99",
            "-10",
            "-9.5",
            "-9",
            "-1.05",
            "-1.005",
            "-1",
            "-0.5",
            "-0.05",
            "0",
            "0.00000000000000000000000000000001",
            "0.049",
            "0.05",
            "0.5",
            "0.51",
            "1",
            "1.005",
            "1.05",
            "9",
            "10",
            "10.1",
            "99.99",
            "100",
            "123456789012345678901234567890",
            "123456789012345678901234567890.5",
        ];
        for (at, one) in ascending.iter().enumerate() {
            for (beside, other) in ascending.iter().enumerate() {
                assert_eq!(bytes(one).cmp(&bytes(other)), at.cmp(&beside), "{one} {other}");
            }
        }
    }

    #[test]
    fn texts_of_one_number_have_the_same_bytes() {
        for (one, other) in [("1.50", "1.5"), ("007", "7"), ("-0.0", "0"), (".5", "0.5"), ("100", "100.0"), ("5.", "5")]
        {
            assert_eq!(bytes(one), bytes(other), "{one} {other}");
        }
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for text in ["", "-", ".", "1e3", "+1", "1.2.3", " 1", "٣", "NaN"] {
            assert_eq!(encode(text, &mut Vec::new()), None, "{text}");
        }
    }
}
