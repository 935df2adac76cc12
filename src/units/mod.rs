//! Quantities that cannot be confused.
//!
//! A number that means seconds, bytes or records never travels as a bare `f64`: it is one of the
//! newtypes below, and the algebra between them is the only way across
//! (`Bytes / ByteRate → SimSpan`). Conserved things are counted in integers, rates are finite and
//! never negative, time is integer nanoseconds so that equal instants are equal.
//!
//! Every quantity reads and prints the text a person writes (`64 KiB`, `250 MiB/s`, `1 h 30 min`);
//! a number without its unit is refused with an example of what is meant.

mod bytes;
mod kubernetes;
mod money;
mod ratio;
mod records;
mod text;
mod time;

pub use bytes::{ByteRate, Bytes};
pub use kubernetes::milli_quantity;
pub use money::{Money, MoneyRate};
pub use ratio::Ratio;
pub use records::{Frequency, RecordRate, Records};
pub use text::{Quantity, QuantityError, count, exact, sig};
pub use time::{SimSpan, SimTime};
