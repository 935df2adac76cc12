//! `quota`: limits of a client id, under Kafka's own names.

use super::positive;
use crate::form::{Fields, Key, Shape, Table};
use crate::model::quota::Quota;
use crate::units::ByteRate;

const RATE: Shape = Shape::quantity::<ByteRate>();
const PERCENT: Shape = Shape::Number { min: 0.01, max: 100_000.0 };
const REQUESTS: Key = Key::optional("request_percentage", PERCENT, "100 is one thread's time");
/// `quota` of a producer.
pub(super) const PRODUCER: Table =
    &[Key::optional("producer_byte_rate", RATE, "bytes written per second and broker"), REQUESTS];
/// `quota` of a group.
pub(super) const CONSUMER: Table =
    &[Key::optional("consumer_byte_rate", RATE, "bytes fetched per second and broker"), REQUESTS];

/// The quota of a producer or a group; none without the key.
pub(super) fn read(fields: &mut Fields<'_, '_>, table: Table) -> Option<Quota> {
    if !fields.has("quota") {
        return Some(Quota::default());
    }
    let mut quota = fields.map("quota", table)?;
    let rate = table.first().map_or("", |key| key.name);
    let bytes = if quota.has(rate) { Some(positive::<ByteRate>(&mut quota, rate)?) } else { None };
    let requests = if quota.has(REQUESTS.name) { Some(quota.number(REQUESTS.name)?) } else { None };
    Some(Quota { bytes, requests })
}
