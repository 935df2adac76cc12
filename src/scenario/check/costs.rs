//! Cards of costs.

use crate::chance::Distribution;
use crate::form::{Check, Key, Node, Shape, Table};
use crate::model::cost::Costs;
use crate::model::failover::FailoverCosts;
use crate::model::heap::Heaps;
use crate::units::{Bytes, SimSpan};
use std::collections::BTreeMap;

const SPAN: Shape = Shape::quantity::<SimSpan>();
const BYTES: Shape = Shape::quantity::<Bytes>();
const SHARE: Shape = Shape::Number { min: 1e-9, max: 1.0 };
const PAUSE: Shape = Shape::distribution::<SimSpan>();
const NS_PER_BYTE: Shape = Shape::Number { min: 0.0, max: 1e6 };
/// Keys whose values are sizes.
const BYTE_KEYS: [&str; 8] = [
    "broker_eden",
    "client_eden",
    "request_garbage",
    "record_garbage",
    "header_bytes",
    "fetch_partition_bytes",
    "offset_bytes",
    "broker_memory",
];
/// Values of a card of models/costs.
const COSTS: Table = &[
    Key::required("hand_off", SPAN, "latency of waking a thread"),
    Key::required("produce_request", SPAN, "CPU per produce request"),
    Key::required("fetch_request", SPAN, "CPU per fetch request"),
    Key::required("leader_batch", SPAN, "CPU per batch at the leader"),
    Key::required("follower_batch", SPAN, "CPU per batch at a follower"),
    Key::required("leader_record", SPAN, "CPU per record at the leader"),
    Key::required("produce_ns_per_byte", NS_PER_BYTE, "CPU per byte received, ns"),
    Key::required("follower_ns_per_byte", NS_PER_BYTE, "CPU per byte at a follower, ns"),
    Key::required("send_ns_per_byte", NS_PER_BYTE, "CPU per byte sent, ns"),
    Key::required("session_partition", SPAN, "CPU per partition of a fetch session"),
    Key::required("consumer_record", SPAN, "consumer CPU per record"),
    Key::required("consumer_poll", SPAN, "consumer time per poll"),
    Key::default("network_request", SPAN, "15 us", "part of a request's CPU on network threads"),
    Key::default("socket_in_ns_per_byte", NS_PER_BYTE, "0.4", "part of it on network threads, ns"),
    Key::default("watch_partition", SPAN, "200 ns", "CPU per watched partition and look"),
    Key::default("follower_partition", SPAN, "400 ns", "follower CPU per partition and fetch"),
    Key::default("producer_record", SPAN, "1 us", "producer application CPU per record"),
    Key::default("producer_ns_per_byte", NS_PER_BYTE, "0.3", "producer application CPU per byte"),
    Key::default("producer_request", SPAN, "40 us", "sender CPU per request"),
    Key::default("producer_batch", SPAN, "10 us", "sender CPU per batch"),
    Key::default("sender_partition", SPAN, "50 ns", "sender CPU per known partition and loop"),
    Key::default("consumer_fetch", SPAN, "40 us", "consumer CPU per fetch"),
    Key::default("consumer_ns_per_byte", NS_PER_BYTE, "0.3", "consumer CPU per byte, ns"),
    Key::default("commit_request", SPAN, "60 us", "CPU per offset commit"),
    Key::default("cpu_noise", Shape::Number { min: 0.0, max: 0.5 }, "0.2", "variation of CPU work"),
    Key::required("idle_cores", Shape::Number { min: 0.0, max: 1e3 }, "cores of an idle broker"),
    Key::default("segment_roll", SPAN, "2 ms", "making the files of a new segment"),
    Key::default("tls_ns_per_byte", NS_PER_BYTE, "0.6", "encrypting or decrypting a byte, ns"),
    Key::default(
        "collection",
        PAUSE,
        "lognormal(p50 10 ms, p95 25 ms)",
        "pause of a young collection",
    ),
    Key::default("broker_eden", BYTES, "2.5 GB", "bytes that a broker allocates between two"),
    Key::default("client_eden", BYTES, "600 MB", "bytes that a Java client allocates between two"),
    Key::default("request_garbage", BYTES, "4 KB", "bytes allocated per request, beside its own"),
    Key::default("record_garbage", BYTES, "150 B", "bytes that a client allocates per record"),
    Key::default("wake_least", SHARE, "0.5", "share of hand_off that each wake-up takes at least"),
    Key::default("wake_rarest", SHARE, "0.0001", "share of wake-ups that are as slow as any"),
    Key::default("header_bytes", BYTES, "100 B", "of a request, or of a response"),
    Key::default("fetch_partition_bytes", BYTES, "30 B", "of a partition in a fetch request"),
    Key::default("offset_bytes", BYTES, "100 B", "of a committed offset"),
    Key::default("controller_change", SPAN, "20 ms", "from a controller's decision to its force"),
    Key::default("controller_partition", SPAN, "30 us", "further, per partition that changes"),
    Key::default(
        "broker_start",
        PAUSE,
        "lognormal(p50 8 s, p95 15 s)",
        "from starting a broker's process until it looks at its logs",
    ),
    Key::default("recovery_ns_per_byte", NS_PER_BYTE, "1", "checking a log after a crash, ns"),
    Key::required("broker_memory", BYTES, "memory that is not page cache"),
];

/// The costs of a card.
pub(super) fn read(title: &str, values: &Node, check: &mut Check) -> Option<Costs> {
    let mut card = check.open(values, &format!("card/{title}"), COSTS)?;
    let (mut spans, mut numbers, mut sizes) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    let mut laws = BTreeMap::new();
    // Everything is read before anything may be missing, so that all problems are told.
    for key in COSTS {
        let name = key.name;
        match key.shape {
            Shape::Number { .. } => numbers.extend(card.number(name).map(|number| (name, number))),
            Shape::Distribution { .. } => {
                laws.extend(card.distribution::<SimSpan>(name).map(|law| (name, law)));
            }
            _ if BYTE_KEYS.contains(&name) => {
                sizes.extend(card.quantity::<Bytes>(name).map(|bytes| (name, bytes)));
            }
            _ => spans.extend(card.quantity::<SimSpan>(name).map(|span| (name, span))),
        }
    }
    let span = |key: &str| spans.get(key).copied();
    let number = |key: &str| numbers.get(key).copied();
    let bytes = |key: &str| sizes.get(key).copied();
    let heap = Heaps {
        collection: laws.remove("collection")?,
        broker_eden: bytes("broker_eden")?,
        client_eden: bytes("client_eden")?,
        request_garbage: bytes("request_garbage")?,
        record_garbage: bytes("record_garbage")?,
    };
    Some(Costs {
        failover: failover(span, number, laws.remove("broker_start"))?,
        hand_off: span("hand_off")?,
        produce_request: span("produce_request")?,
        fetch_request: span("fetch_request")?,
        leader_batch: span("leader_batch")?,
        follower_batch: span("follower_batch")?,
        leader_record: span("leader_record")?,
        session_partition: span("session_partition")?,
        consumer_record: span("consumer_record")?,
        consumer_poll: span("consumer_poll")?,
        produce_ns_per_byte: number("produce_ns_per_byte")?,
        follower_ns_per_byte: number("follower_ns_per_byte")?,
        send_ns_per_byte: number("send_ns_per_byte")?,
        network_request: span("network_request")?,
        socket_in_ns_per_byte: number("socket_in_ns_per_byte")?,
        watch_partition: span("watch_partition")?,
        follower_partition: span("follower_partition")?,
        producer_record: span("producer_record")?,
        producer_ns_per_byte: number("producer_ns_per_byte")?,
        producer_request: span("producer_request")?,
        producer_batch: span("producer_batch")?,
        sender_partition: span("sender_partition")?,
        consumer_fetch: span("consumer_fetch")?,
        consumer_ns_per_byte: number("consumer_ns_per_byte")?,
        commit_request: span("commit_request")?,
        cpu_noise: number("cpu_noise")?,
        idle_cores: number("idle_cores")?,
        segment_roll: span("segment_roll")?,
        tls_ns_per_byte: number("tls_ns_per_byte")?,
        heap,
        wake_least: number("wake_least")?,
        wake_rarest: number("wake_rarest")?,
        header_bytes: bytes("header_bytes")?.get(),
        fetch_partition_bytes: bytes("fetch_partition_bytes")?.get(),
        offset_bytes: bytes("offset_bytes")?.get(),
        broker_memory: bytes("broker_memory")?,
    })
}

/// What changes of leaders and starts of brokers take.
fn failover(
    span: impl Fn(&str) -> Option<SimSpan>,
    number: impl Fn(&str) -> Option<f64>,
    broker_start: Option<Distribution<SimSpan>>,
) -> Option<FailoverCosts> {
    Some(FailoverCosts {
        controller_change: span("controller_change")?,
        controller_partition: span("controller_partition")?,
        broker_start: broker_start?,
        recovery_ns_per_byte: number("recovery_ns_per_byte")?,
    })
}
