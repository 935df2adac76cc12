//! Reading and printing a number with its unit: the grammar shared by every quantity.

use std::fmt;

/// A value with a unit that is written as text in scenarios, cards and reports.
///
/// `base` is the plain number in the quantity's base unit (nanoseconds, bytes, records, records
/// per second …); distributions sample in it.
pub trait Quantity: Copy + fmt::Display + fmt::Debug {
    /// What a person calls it: `byte rate`.
    const NAME: &'static str;
    /// A correct example for error messages: `250 MiB/s`.
    const EXAMPLE: &'static str;

    /// Reads the text form, or says what is wrong with it.
    fn parse(text: &str) -> Result<Self, QuantityError>;
    /// The value in the base unit.
    fn to_base(self) -> f64;
    /// The quantity nearest to a base value; refuses NaN, infinite, negative and overflowing ones.
    fn from_base(base: f64) -> Result<Self, QuantityError>;
}

/// Makes a newtype a [`Quantity`]: `real` ones over `f64`, `whole` ones over `u64`, with the name,
/// the example and the units that they are read in.
macro_rules! quantity {
    (real $type:ident: $name:literal, $example:literal, $units:expr) => {
        quantity!($type: $name, $example, $units, to_rate, std::convert::identity);
    };
    (whole $type:ident: $name:literal, $example:literal, $units:expr) => {
        quantity!($type: $name, $example, $units, to_u64, |whole: u64| whole as f64);
    };
    ($type:ident: $name:literal, $example:literal, $units:expr, $checked:ident, $real:expr) => {
        impl Quantity for $type {
            const NAME: &'static str = $name;
            const EXAMPLE: &'static str = $example;

            fn parse(text: &str) -> Result<Self, QuantityError> {
                let base = $crate::units::text::parse_one::<Self>(text, $units)?;
                $crate::units::text::$checked::<Self>(text, base).map(Self)
            }
            fn to_base(self) -> f64 {
                $real(self.0)
            }
            fn from_base(base: f64) -> Result<Self, QuantityError> {
                $crate::units::text::$checked::<Self>(&base.to_string(), base).map(Self)
            }
        }
    };
}
pub(crate) use quantity;

/// Why a text is not the quantity that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuantityError {
    /// What was found, as written.
    pub found: String,
    /// What is allowed instead, with an example.
    pub allowed: String,
}

impl QuantityError {
    pub(crate) fn new<Q: Quantity>(found: &str, why: &str) -> Self {
        let found = clip(found);
        let name = Q::NAME;
        let article = if name.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
        Self {
            allowed: format!("{article} {name}, {why}, e.g. `{}`", Q::EXAMPLE),
            found: format!("`{found}`"),
        }
    }
}

impl fmt::Display for QuantityError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "found {}, allowed is {}", self.found, self.allowed)
    }
}

impl std::error::Error for QuantityError {}

/// Long input is quoted by its beginning only: an error must stay readable.
fn clip(text: &str) -> String {
    const LIMIT: usize = 60;
    match text.char_indices().nth(LIMIT) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// A unit's spelling and its size in base units.
pub(crate) type Unit = (&'static str, f64);

/// Splits `"1.5 MiB/s"` into `(1.5, "MiB/s")`; the space is optional.
fn split_number(text: &str) -> Option<(f64, &str)> {
    let text = text.trim();
    let mut end = 0;
    let bytes = text.as_bytes();
    while end < bytes.len() {
        let c = bytes[end];
        let exponent = matches!(c, b'e' | b'E')
            && bytes.get(end + 1).is_some_and(|next| {
                next.is_ascii_digit()
                    || (matches!(next, b'+' | b'-')
                        && bytes.get(end + 2).is_some_and(u8::is_ascii_digit))
            });
        let sign = matches!(c, b'+' | b'-') && (end == 0 || matches!(bytes[end - 1], b'e' | b'E'));
        if c.is_ascii_digit() || c == b'.' || c == b'_' || sign || exponent {
            end += 1;
        } else {
            break;
        }
    }
    let digits: String = text[..end].chars().filter(|c| *c != '_').collect();
    // `parse` also takes "inf" and "nan"; the scan above admits digits only.
    let number = digits.parse::<f64>().ok()?;
    Some((number, text[end..].trim_start()))
}

/// Reads one number with one unit out of `units`; an empty unit is allowed when it is listed.
pub(crate) fn parse_one<Q: Quantity>(text: &str, units: &[Unit]) -> Result<f64, QuantityError> {
    let (number, unit) =
        split_number(text).ok_or_else(|| QuantityError::new::<Q>(text, "a number and a unit"))?;
    let scale = scale_of::<Q>(text, unit.trim_end(), units)?;
    finite::<Q>(text, number * scale)
}

/// Reads a sum of numbers with units, as in `1 h 30 min`.
pub(crate) fn parse_sum<Q: Quantity>(text: &str, units: &[Unit]) -> Result<f64, QuantityError> {
    let mut rest = text.trim();
    let mut total = 0.0;
    let mut last_scale = f64::INFINITY;
    loop {
        let (number, after) = split_number(rest)
            .ok_or_else(|| QuantityError::new::<Q>(text, "a number and a unit"))?;
        let end = after
            .find(|c: char| c.is_ascii_digit() || c.is_whitespace() || c == '-' || c == '.')
            .unwrap_or(after.len());
        let scale = scale_of::<Q>(text, &after[..end], units)?;
        if scale >= last_scale {
            return Err(QuantityError::new::<Q>(text, "larger units first"));
        }
        last_scale = scale;
        total += number * scale;
        rest = after[end..].trim_start();
        if rest.is_empty() {
            return finite::<Q>(text, total);
        }
    }
}

fn scale_of<Q: Quantity>(text: &str, unit: &str, units: &[Unit]) -> Result<f64, QuantityError> {
    if let Some((_, scale)) = units.iter().find(|(name, _)| *name == unit) {
        return Ok(*scale);
    }
    let listed: Vec<&str> =
        units.iter().map(|(name, _)| *name).filter(|name| !name.is_empty()).collect();
    let why = format!("a number and one of {}", listed.join(", "));
    Err(QuantityError::new::<Q>(text, &why))
}

fn finite<Q: Quantity>(text: &str, value: f64) -> Result<f64, QuantityError> {
    if !value.is_finite() {
        return Err(QuantityError::new::<Q>(text, "a finite number"));
    }
    if value < 0.0 {
        return Err(QuantityError::new::<Q>(text, "not negative"));
    }
    Ok(value)
}

/// Refuses base values that an integer quantity cannot hold; rounds to the nearest integer.
pub(crate) fn to_u64<Q: Quantity>(text: &str, value: f64) -> Result<u64, QuantityError> {
    let value = finite::<Q>(text, value)?;
    // 2^64 as f64: everything at or above it would saturate silently.
    if value >= 18_446_744_073_709_551_616.0 {
        return Err(QuantityError::new::<Q>(text, "small enough for 64 bits"));
    }
    Ok(libm::round(value) as u64)
}

pub(crate) fn to_rate<Q: Quantity>(text: &str, value: f64) -> Result<f64, QuantityError> {
    finite::<Q>(text, value)
}

/// Prints with three significant digits and no trailing zeros: `1.5`, `12.3`, `250`.
pub fn sig(value: f64) -> String {
    if value == 0.0 || !value.is_finite() {
        return format!("{}", if value == 0.0 { 0.0 } else { value });
    }
    let mut decimals: usize = 2;
    let mut scale = value.abs();
    while scale >= 10.0 && decimals > 0 {
        scale /= 10.0;
        decimals -= 1;
    }
    while scale < 1.0 && decimals < 9 {
        scale *= 10.0;
        decimals += 1;
    }
    let text = format!("{value:.decimals$}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

/// Prints `value` (in base units) with the largest unit that keeps the number at least 1.
pub(crate) fn print_scaled(f: &mut fmt::Formatter<'_>, value: f64, units: &[Unit]) -> fmt::Result {
    let (name, scale) = units
        .iter()
        .rev()
        .find(|(_, scale)| value >= *scale * 0.9995)
        .or_else(|| units.first())
        .copied()
        .unwrap_or(("", 1.0));
    f.pad(&join(&sig(value / scale), name))
}

/// Prints a count as people write it: `950`, `12.4 k`, `5 M`.
pub fn count(value: f64) -> String {
    struct Count(f64);
    impl fmt::Display for Count {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            print_scaled(f, self.0, COUNT_PRINT)
        }
    }
    if value < 0.0 { format!("-{}", Count(-value)) } else { Count(value).to_string() }
}

/// Prints an integer base value in the largest unit that divides it, so that reading it back
/// gives the same value: `64 KiB`, `65537 B`.
pub fn exact(value: u64, units: &[(&str, u64)]) -> String {
    let (name, scale) = units
        .iter()
        .rev()
        .find(|(_, scale)| value != 0 && value.is_multiple_of(*scale))
        .or_else(|| units.first())
        .copied()
        .unwrap_or(("", 1));
    join(&(value / scale).to_string(), name)
}

fn join(number: &str, unit: &str) -> String {
    if unit.is_empty() { number.to_owned() } else { format!("{number} {unit}") }
}

/// SI prefixes for counts, smallest first; with an empty unit, so that plain counts read too.
pub(crate) const COUNT_READ: &[Unit] =
    &[("", 1.0), ("k", 1e3), ("K", 1e3), ("M", 1e6), ("G", 1e9), ("T", 1e12)];
pub(crate) const COUNT_PRINT: &[Unit] = &[("", 1.0), ("k", 1e3), ("M", 1e6), ("G", 1e9)];
