//! Compression, encryption, quotas, full queues and processes that stand still, by hand.

use super::micro::{Small, requests_s};
use super::{Factors, free, near, network, run};

/// Everything near and for nothing.
fn near_by() -> Factors {
    let mut factors = free();
    network(&mut factors, 0.02, 0.02);
    factors
}

#[test]
fn a_codec_costs_its_threads_and_fills_batches_with_more_records() {
    // LZ4 on JSON: a record of 1,000 + 9 B counts as 0.28 × 1.05 of that towards batch.size, so
    // (16,384 − 61) / 296.6 = 55 fit; 2.6 ns/B on the application thread: 385 k records/s.
    let producer = "acks: 1, batch.size: 16384, linger.ms: 10, compression.type: lz4".to_owned();
    let run = Small { producer, ..Small::new() }.run(&near_by());
    let shop = &run.producers["shop"];
    assert!(near(shop.records_s, 1.0 / 2.6e-6, 0.03), "{}", shop.records_s);
    assert!(near(shop.records_s / requests_s(&run), 55.0, 0.02), "{}", requests_s(&run));
    // The leader unpacks what it validates: 0.5 ns for each byte of a record.
    let busy = run.brokers[&1].request_handlers.expect("known").mean * 8.0;
    assert!(near(busy, shop.records_s * 1_000.0 * 0.5e-9, 0.1), "{busy}");
}

#[test]
fn encryption_takes_the_network_threads() {
    // 10 × 0.6 ns/B through the one network thread that reads: 1 / 6 ns = 167 MB/s.
    let producer = "acks: 1, batch.size: 100000, linger.ms: 0, buffer.memory: 268435456".to_owned();
    let small = Small { producer, partitions: 8, ..Small::new() };
    let text = small
        .text()
        .replacen("orders: 1}", "orders: 1}, clients: 8", 1)
        .replace("cluster: {", "cluster: {tls: clients, config: {num.network.threads: 1}, ");
    let mut factors = near_by();
    factors.insert("costs/test/tls_ns_per_byte".to_owned(), 10.0);
    let bytes = run(&text, &factors, 1).producers["shop"].records_s * 1_009.0;
    assert!(near(bytes, 1.0 / 6e-9, 0.05), "{bytes}");
}

#[test]
fn a_quota_holds_a_producer_to_its_rate_on_each_broker() {
    // Ten seconds' worth pass at once, then hardly anything until they leave the window: over many
    // such periods the mean is the quota, on each broker.
    let with = |quota: &str, brokers: u32| {
        let small = Small { brokers, partitions: 8, duration: "613 s", ..Small::new() };
        let text = small
            .text()
            .replacen("orders: 1}", &format!("orders: 1}}, quota: {{{quota}}}"), 1)
            .replace("warm_up: 2 s", "warm_up: 13 s");
        let mut factors = near_by();
        factors.insert("costs/test/produce_request".to_owned(), 125.0);
        run(&text, &factors, 1)
    };
    for brokers in [1, 2] {
        let run = with("producer_byte_rate: 1 MB/s", brokers);
        let bytes = run.producers["shop"].records_s * 1_009.0 / f64::from(brokers);
        assert!(near(bytes, 1e6, 0.06), "{bytes} on each of {brokers}");
        assert!(run.warnings.iter().any(|words| words.contains("quota")), "{:?}", run.warnings);
    }
    // A request takes 10 ms of a handler: 5 percent of one thread are five requests a second.
    let rate = requests_s(&with("request_percentage: 5", 1));
    assert!(near(rate, 5.0, 0.1), "{rate}");
}

#[test]
fn a_quota_holds_a_group_to_its_rate() {
    let groups = "{billing: {reads: [orders], quota: {consumer_byte_rate: 1 MB/s}, \
                  config: {max.partition.fetch.bytes: 65536}}}"
        .to_owned();
    let small = Small {
        records: 10_000,
        load: "{rate: 300 /s}",
        groups,
        duration: "613 s",
        ..Small::new()
    };
    let text = small.text().replace("warm_up: 2 s", "warm_up: 13 s");
    let bytes = run(&text, &near_by(), 1).groups["billing"].records_s * 10_009.0;
    // A burst leaves the window up to a second after its bytes would have: 11 of 12 seconds.
    assert!((0.88e6..1.02e6).contains(&bytes), "{bytes}");
}

#[test]
fn a_full_request_queue_stops_the_network_threads() {
    // Ten producers, one handler of 10 ms: nine wait for it. With room for one, the others wait in
    // front of the network thread and are not in the queue's time.
    let waited = |most: u32| {
        let small = Small { partitions: 8, duration: "12 s", ..Small::new() };
        let config = format!("config: {{num.io.threads: 1, queued.max.requests: {most}}}");
        let text = small
            .text()
            .replacen("orders: 1}", "orders: 1}, clients: 10", 1)
            .replace("cluster: {", &format!("cluster: {{{config}, "));
        let mut factors = near_by();
        factors.insert("costs/test/produce_request".to_owned(), 125.0);
        run(&text, &factors, 1).brokers[&1].requests["produce"].request_queue_ms
    };
    let (ample, one) = (waited(500), waited(1));
    assert!(near(ample, 90.0, 0.05), "{ample}");
    assert!(one < 21.0, "{one}");
}

/// One record of 10 kB each millisecond, and what its mean latency is.
fn each_millisecond(topic: &'static str, more: &[(&str, f64)]) -> f64 {
    let small = Small {
        topic,
        records: 10_000,
        load: "{rate: 1 k/s}",
        duration: "300 s",
        producer: "acks: 1, batch.size: 1, linger.ms: 0".to_owned(),
        ..Small::new()
    };
    let mut factors = near_by();
    for (key, factor) in more {
        factors.insert(format!("costs/test/{key}"), *factor);
    }
    small.run(&factors).producers["shop"].latency_ms.expect("acknowledged").mean
}

#[test]
fn a_broker_that_collects_garbage_stands_still() {
    // 10 kB and 4 kB of its own each millisecond fill an eden of 14 MB once a second. Who comes
    // during a pause L waits for the rest of it: E[L²] / 2 on average, for a lognormal law with
    // median 10 ms and 95 % below 25 ms: σ = ln 2.5 / 1.645, E[L²] = 10² exp(2 σ²) = 186 ms².
    let with = each_millisecond("", &[("collection", 1.0), ("broker_eden", 0.014)]);
    let without = each_millisecond("", &[("broker_eden", 0.014)]);
    let expected = 186.0 / 2.0 / 1_000.0;
    assert!(near(with - without, expected, 0.25), "{with} − {without} for {expected}");
}

#[test]
fn a_new_segment_locks_the_log() {
    // 10 MB/s into segments of 10 MB: once a second the log is locked for 100 × 2 ms, and who
    // comes meanwhile waits for the rest: 0.2² / 2 = 20 ms on average.
    let with = each_millisecond("segment.bytes: 10000000", &[("segment_roll", 100.0)]);
    let without = each_millisecond("segment.bytes: 10000000", &[]);
    assert!(near(with - without, 20.0, 0.1), "{with} − {without}");
}

#[test]
fn a_reader_behind_the_page_cache_waits_for_the_disk() {
    // 300,000 records of 1,000 B behind a cold cache, and a disk that reads 16 MB/s.
    let with = |cache: &str| {
        let small = Small {
            partitions: 8,
            load: "{rate: 10 /s}",
            groups: "{billing: {reads: [orders]}}".to_owned(),
            ..Small::new()
        };
        let initial = format!("initial: {{lag: {{billing: 300 k}}, page_cache: {cache}}}\ntopics:");
        let mut factors = near_by();
        factors.insert("hosts/nvme-8c-64g/disk_read".to_owned(), 0.01);
        run(&small.text().replace("topics:", &initial), &factors, 1)
    };
    let cold = with("cold");
    let read = cold.groups["billing"].records_s * 1_000.0;
    // A response holds half a second of the disk: one more or less counts in six seconds.
    assert!(near(read, 16e6, 0.1), "{read}");
    let hit = cold.brokers[&1].page_cache_hit.expect("something was sent");
    assert!(hit < 0.05, "{hit}");
    // What memory holds is read in no time: nothing is left of it after the warm-up.
    let warm = with("warm");
    assert!(warm.groups["billing"].processing_lag_records.max < 10.0, "{warm:?}");
    assert!(warm.brokers[&1].page_cache_hit.expect("something was sent") > 0.999);
}
