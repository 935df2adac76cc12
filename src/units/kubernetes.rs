//! Quantities as Kubernetes writes them: `500m`, `1.5`, `2Ki`, `1e3`.

use super::text::QuantityError;

const SUFFIXES: [(&str, i32); 10] = [
    ("n", -9),
    ("u", -6),
    ("m", -3),
    ("", 0),
    ("k", 3),
    ("M", 6),
    ("G", 9),
    ("T", 12),
    ("P", 15),
    ("E", 18),
];
const BINARY: [&str; 6] = ["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];

/// A quantity of at least 0 in milli-units, rounded up to whole ones.
///
/// # Errors
/// What is not a quantity, is negative, or exceeds 2⁶³ milli-units.
pub fn milli_quantity(text: &str) -> Result<i64, QuantityError> {
    let allowed = "a Kubernetes quantity of at least 0, e.g. `10`, `1.5`, `500m`, `2Ki`";
    parse(text)
        .ok_or_else(|| QuantityError { found: format!("`{text}`"), allowed: allowed.to_owned() })
}

fn parse(text: &str) -> Option<i64> {
    let body = text.strip_prefix('+').unwrap_or(text);
    let split = body.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(body.len());
    let (number, suffix) = body.split_at(split);
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.len() + fraction.len() == 0 || whole.len() + fraction.len() > 30 {
        return None;
    }
    let mantissa = format!("{whole}{fraction}").parse::<u128>().ok()?;
    let (exponent, factor) = exponent(suffix)?;
    let power = exponent + 3 - fraction.len() as i32;
    let scaled = mantissa.checked_mul(factor)?;
    let milli = if power >= 0 {
        scaled.checked_mul(10_u128.checked_pow(power as u32)?)?
    } else {
        match 10_u128.checked_pow(power.unsigned_abs()) {
            Some(divisor) => scaled.div_ceil(divisor),
            // Less than one part in 10³⁸: anything above zero rounds up.
            None => u128::from(scaled > 0),
        }
    };
    i64::try_from(milli).ok()
}

/// The power of ten and the binary factor of a suffix.
fn exponent(suffix: &str) -> Option<(i32, u128)> {
    if let Some((_, power)) = SUFFIXES.iter().find(|(word, _)| *word == suffix) {
        return Some((*power, 1));
    }
    if let Some(index) = BINARY.iter().position(|word| *word == suffix) {
        return Some((0, 1_u128 << (10 * (index + 1))));
    }
    let power = suffix.strip_prefix(['e', 'E'])?.parse::<i32>().ok()?;
    (-30..=30).contains(&power).then_some((power, 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_read_as_milli_units_rounded_up() {
        for (text, milli) in [
            ("10", 10_000),
            ("0", 0),
            ("500m", 500),
            ("1.5", 1_500),
            (".5", 500),
            ("2Ki", 2_048_000),
            ("0.0001", 1),
            ("1n", 1),
            ("1000001n", 2),
            ("1e3", 1_000_000),
            ("2E", 2_000_000_000_000_000_000),
            ("0.07", 70),
            ("+3", 3_000),
        ] {
            if text == "2E" {
                // 2 · 10²¹ milli-units do not fit.
                assert!(milli_quantity(text).is_err());
                continue;
            }
            assert_eq!(milli_quantity(text), Ok(milli), "{text}");
        }
        for text in ["", ".", "x", "-1", "1 0", "1KI", "NaN", "inf", "1e999", "1.2.3"] {
            assert!(milli_quantity(text).is_err(), "{text}");
        }
    }
}
