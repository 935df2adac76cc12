//! Laws after many random scenarios.

use super::{Factors, network, run};
use kafsim::chance::{Chance, Seed, Stream};

const CASES: u64 = 2_000;
/// Each kind of thing must have happened in so many of them.
const LEAST: u32 = 50;

/// What a random scenario brought.
#[derive(Default, Debug)]
pub(super) struct Seen {
    saturated: u32,
    blocked: u32,
    lagging: u32,
    all: u32,
    forgotten: u32,
    keyed: u32,
    flushed: u32,
    shrunk: u32,
    refused: u32,
    timed_out: u32,
    throttled: u32,
    compressed: u32,
    encrypted: u32,
    cold: u32,
    recoded: u32,
    rack_aware: u32,
}

#[test]
fn laws_hold_after_random_scenarios() {
    let mut seen = Seen::default();
    for case in 0..CASES {
        let mut chance = Chance::new(Seed::new(case), 0).stream("laws", "case");
        let text = random(&mut chance, &mut seen);
        // Brokers of different zones are sometimes so far apart that followers leave the ISR.
        let mut factors = Factors::new();
        if text.contains("replica.lag.time.max.ms") {
            network(&mut factors, 0.2, 300.0);
        }
        // `run` itself asserts that no law is broken.
        let run = run(&text, &factors, case);
        let shop = &run.producers["shop"];
        seen.saturated += u32::from(shop.records_s < 0.97 * shop.offered_records_s);
        seen.blocked += u32::from(shop.blocked_share.unwrap_or(0.0) > 0.1);
        seen.lagging += u32::from(run.groups.values().any(|g| g.processing_lag_records.end > 1e4));
        seen.shrunk += u32::from(run.brokers.values().any(|b| b.isr_shrinks.unwrap_or(0) > 0));
        let warned = |words: &str| run.warnings.iter().any(|warning| warning.contains(words));
        seen.refused += u32::from(warned("were refused"));
        seen.timed_out += u32::from(warned("waited for followers"));
        seen.cold += u32::from(
            run.brokers.values().any(|broker| broker.page_cache_hit.unwrap_or(1.0) < 0.5),
        );
        seen.throttled += u32::from(warned("client quota"));
        let ended = shop.appended_records + shop.failed_records + shop.in_flight_records;
        assert!((ended - shop.offered_records).abs() < 0.5, "{text}");
    }
    println!("{CASES} scenarios: {seen:?}");
    let counts = [
        seen.saturated,
        seen.blocked,
        seen.lagging,
        seen.all,
        seen.forgotten,
        seen.keyed,
        seen.flushed,
        seen.shrunk,
        seen.refused,
        seen.timed_out,
        seen.throttled,
        seen.compressed,
        seen.encrypted,
        seen.cold,
        seen.recoded,
        seen.rack_aware,
    ];
    assert!(counts.iter().all(|count| *count >= LEAST), "{seen:?}");
}

const SELECTOR: &str =
    ", replica.selector.class: org.apache.kafka.common.replica.RackAwareReplicaSelector";

fn pick<'a>(chance: &mut Stream, words: &[&'a str]) -> &'a str {
    words[chance.index(words.len())]
}

pub(super) fn random(chance: &mut Stream, seen: &mut Seen) -> String {
    let brokers = 1 + chance.index(9);
    let replicas = (1 + chance.index(5)).min(brokers);
    let insync = 1 + chance.index(replicas);
    let acks = pick(chance, &["0", "1", "all", "all"]);
    let key = pick(chance, &["", ", key: {keys: 1 M}", ", key: {zipf: 1.2, keys: 10 k}"]);
    let client = pick(chance, &["java-0.10", "java-2.6", "java-4.1", "librdkafka"]);
    let flush = pick(chance, &["", "", ", flush.messages: 1"]);
    let load = pick(
        chance,
        &["{closed_loop: true}", "{rate: 2 k/s}", "{rate: 20 k/s}", "{rate: 150 k/s}"],
    );
    let arrivals = pick(chance, &["paced", "poisson", "tokens", "bursts"]);
    let size = pick(chance, &["100", "1000", "20000"]);
    let batch = pick(chance, &["1", "1000", "16384", "262144"]);
    let memory = pick(chance, &["1000000", "33554432"]);
    let linger = pick(chance, &["0", "1", "20"]);
    let fetch = pick(chance, &["512", "1048576"]);
    let commits = pick(chance, &["interval", "each_poll"]);
    let far = pick(chance, &["", "", "", ", replica.lag.time.max.ms: 100"]);
    let patience = if far.is_empty() { "" } else { ", request.timeout.ms: 100" };
    let work = pick(chance, &["0 us", "5 us", "200 us"]);
    let codec = pick(chance, &["none", "none", "lz4", "zstd"]);
    let tls = pick(chance, &["none", "clients", "all"]);
    let [quota, reading] = [
        pick(chance, &["", "", "producer_byte_rate: 10 kB/s", "request_percentage: 0.1"]),
        pick(chance, &["", "", "consumer_byte_rate: 10 kB/s", "request_percentage: 0.1"]),
    ];
    let initial = pick(chance, &["", "", "lag: {billing: 50 k}, page_cache: cold"]);
    let [partitions, clients, members] = [40, 4, 6].map(|most| 1 + chance.index(most));
    let stored = pick(chance, &["producer", "producer", "zstd", "uncompressed"]);
    let [selector, rack] = [
        pick(chance, &["", SELECTOR]),
        pick(chance, &["client.rack: a", "client.rack: b", "client.rack: zone"]),
    ];
    let rack = if brokers == 1 { "client.rack: a" } else { rack };
    let places = pick(chance, &["", "run_on: brokers, "]);
    seen.recoded += u32::from(stored != "producer" && codec != "none");
    // A member that runs on a broker's machine names its zone; others name one or none.
    let elsewhere = !rack.ends_with("zone") || !places.is_empty();
    seen.rack_aware += u32::from(!selector.is_empty() && elsewhere && replicas > 1);
    seen.compressed += u32::from(codec != "none");
    seen.encrypted += u32::from(tls != "none");
    seen.all += u32::from(acks == "all");
    seen.forgotten += u32::from(acks == "0");
    seen.keyed += u32::from(!key.is_empty());
    seen.flushed += u32::from(!flush.is_empty());
    let arrivals =
        if load.contains("closed") { String::new() } else { format!("arrivals: {arrivals}, ") };
    format!(
        "name: random\nduration: 500 ms\nwarm_up: 100 ms\nengine: des\n\
         hosts:\n  brokers: {{card: lab-4c-16g, count: {brokers}, zones: [a, b]}}\n\
         network: {{card: one-region-three-zones}}\n\
         cluster: {{costs: test-costs, tls: {tls}, config: {{num.io.threads: 8{far}{selector}}}, \
         brokers: {{run_on: brokers}}}}\n\
         initial: {{{initial}}}\n\
         topics:\n  orders: {{partitions: {partitions}, replication_factor: {replicas}, \
         config: {{min.insync.replicas: {insync}, compression.type: {stored}{flush}}}}}\n\
         producers:\n  shop: {{to: {{orders: 1}}, clients: {clients}, client: {client}, {arrivals}\
         quota: {{{quota}}}, \
         records: {{size: {size} B{key}}}, load: {load}, config: {{acks: {acks}, \
         compression.type: {codec}, \
         batch.size: {batch}, linger.ms: {linger}, buffer.memory: {memory}{patience}}}}}\n\
         groups:\n  billing: {{reads: [orders], {places}members: {members}, commits: {commits}, \
         quota: {{{reading}}}, \
         work: {{cpu_per_record: {work}}}, \
         config: {{max.partition.fetch.bytes: {fetch}, {rack}}}}}\n",
    )
}
