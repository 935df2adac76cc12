//! Small scenarios whose times follow from Kafka's rules by hand.

use super::{Factors, free, near, network, run};
use kafsim::metrics::Run;

/// One topic on brokers in zones of their own, one producer without keys.
pub(super) struct Small {
    pub(super) brokers: u32,
    pub(super) log_dirs: u32,
    pub(super) partitions: u32,
    pub(super) replicas: u32,
    pub(super) topic: &'static str,
    pub(super) client: &'static str,
    pub(super) records: u32,
    pub(super) load: &'static str,
    pub(super) producer: String,
    pub(super) groups: String,
    pub(super) duration: &'static str,
}

impl Small {
    pub(super) fn new() -> Self {
        Self {
            brokers: 1,
            log_dirs: 1,
            partitions: 1,
            replicas: 1,
            topic: "",
            client: "java-2.6",
            records: 1_000,
            load: "{closed_loop: true}",
            producer: "acks: 1, batch.size: 16384, linger.ms: 0".to_owned(),
            groups: "{}".to_owned(),
            duration: "8 s",
        }
    }
    pub(super) fn text(&self) -> String {
        format!(
            "name: micro\nduration: {}\nwarm_up: 2 s\nengine: des\n\
             hosts:\n  brokers: {{card: nvme-8c-64g, count: {}, zones: [a, b, c]}}\n\
             network: {{card: one-region-three-zones}}\n\
             cluster: {{costs: test-costs, brokers: {{run_on: brokers, log_dirs: {}}}}}\n\
             topics:\n  orders: {{partitions: {}, replication_factor: {}, config: {{{}}}}}\n\
             producers:\n  shop: {{to: {{orders: 1}}, client: {}, records: {{size: {} B}}, \
             load: {}, config: {{{}}}}}\ngroups: {}\n",
            self.duration,
            self.brokers,
            self.log_dirs,
            self.partitions,
            self.replicas,
            self.topic,
            self.client,
            self.records,
            self.load,
            self.producer,
            self.groups,
        )
    }
    pub(super) fn run(&self, factors: &Factors) -> Run {
        run(&self.text(), factors, 1)
    }
}

pub(super) fn requests_s(run: &Run) -> f64 {
    run.producers["shop"].requests_s.expect("requests are counted")
}

/// Client 20 ms away, brokers 10 ms from each other, everything else for nothing.
fn far() -> Factors {
    let mut factors = free();
    network(&mut factors, 20.0, 10.0);
    factors
}

#[test]
fn a_channel_is_muted_until_its_response_is_written() {
    // acks=1 answers at once: one request each round trip, times the requests in flight.
    let with = |acks: &str, in_flight: u32, brokers: u32, replicas: u32| {
        let producer = format!(
            "acks: {acks}, batch.size: 16384, linger.ms: 0, \
             max.in.flight.requests.per.connection: {in_flight}"
        );
        let small = Small { brokers, replicas, producer, ..Small::new() };
        requests_s(&small.run(&far()))
    };
    let one = with("1", 1, 1, 1);
    assert!(near(one, 50.0, 0.03), "{one}");
    let five = with("1", 5, 1, 1);
    assert!(near(five, 250.0, 0.03), "{five}");
    // acks=all waits for the follower's next fetch, 10 ms later, with the channel muted: 20 + 10 ms
    // one at a time, and one every 10 ms whatever is in flight.
    let one = with("all", 1, 2, 2);
    assert!(near(one, 33.3, 0.05), "{one}");
    let five = with("all", 5, 2, 2);
    assert!(near(five, 100.0, 0.05), "{five}");
}

#[test]
fn a_half_written_request_holds_back_the_next() {
    // 1 MiB requests over a window of 100 KiB take eleven round trips, and a channel that answers
    // takes one after another: with RTT 20 ms at most 1 MiB each 220 ms however many may fly.
    let producer =
        "acks: 1, batch.size: 1048000, linger.ms: 0, max.request.size: 1048576".to_owned();
    let small = Small { producer, duration: "20 s", ..Small::new() };
    let rate = requests_s(&small.run(&far()));
    assert!((1.0 / 0.24..1.0 / 0.18).contains(&rate), "{rate}");
    // Five of 16 KiB fit the socket's buffers: all of them are on their way at once.
    let rate = requests_s(&Small::new().run(&far()));
    assert!(near(rate, 250.0, 0.03), "{rate}");
}

#[test]
fn a_window_limits_what_one_connection_carries() {
    // A consumer reads through 64 KiB: 65,536 B per 10 ms, 6.6 MB/s.
    let producer = "acks: 1, batch.size: 262144, linger.ms: 0".to_owned();
    let small = Small {
        brokers: 1,
        producer,
        groups: "{billing: {reads: [orders], client: java-2.6, protocol: classic}}".to_owned(),
        load: "{rate: 20 k/s}",
        ..Small::new()
    };
    let mut factors = free();
    network(&mut factors, 10.0, 10.0);
    let run = small.run(&factors);
    let read = run.groups["billing"].records_s * 1_009.0;
    assert!(read < 65_536.0 / 0.010 * 1.02 && read > 65_536.0 / 0.010 * 0.7, "{read}");
}

#[test]
fn linger_waits_and_full_batches_do_not() {
    // 1,000 records/s, batches of at most 16: linger 50 ms closes them at 16 ms on average.
    let with = |linger: u32, rate: &'static str| {
        let producer = format!("acks: 1, batch.size: 16384, linger.ms: {linger}");
        Small { producer, load: rate, client: "java-4.1", ..Small::new() }.run(&free())
    };
    let full = with(50, "{rate: 1 k/s}");
    assert!(near(requests_s(&full), 1_000.0 / 16.0, 0.03), "{}", requests_s(&full));
    // 100 records/s: 50 ms hold five or six records.
    let lingered = with(50, "{rate: 100 /s}");
    assert!(near(requests_s(&lingered), 1_000.0 / 60.0, 0.1), "{}", requests_s(&lingered));
    // Without linger every record travels alone when the broker answers at once.
    let alone = with(0, "{rate: 100 /s}");
    assert!(near(requests_s(&alone), 100.0, 0.02), "{}", requests_s(&alone));
}

#[test]
fn nearly_empty_batches_use_up_buffer_memory() {
    // 100 partitions in turn, batches of 1 MiB, 32 MiB of memory: 32 batches exist, however empty,
    // and each lives for the linger of 100 ms: the producer blocks at 320 batches/s.
    let producer = "acks: 1, batch.size: 1048576, linger.ms: 100, buffer.memory: 33554432";
    let small = Small {
        partitions: 100,
        client: "java-2.0",
        producer: producer.to_owned(),
        load: "{rate: 1 k/s}",
        ..Small::new()
    };
    let run = small.run(&free());
    let blocked = run.producers["shop"].blocked_share.expect("known");
    assert!(blocked > 0.0, "{blocked}");
    // With room for all 100 batches it never does.
    let producer = "acks: 1, batch.size: 1048576, linger.ms: 100, buffer.memory: 134217728";
    let run = Small { producer: producer.to_owned(), ..small }.run(&free());
    let blocked = run.producers["shop"].blocked_share.expect("known");
    assert!(blocked < 1e-9, "{blocked}");
}

#[test]
fn partitioners_fill_batches_by_their_generation() {
    // 10 k records/s over 10 partitions, linger 10 ms: round robin opens ten batches of about 10
    // records each. Sticky fills one batch of 16 after the other; but a request takes one batch of
    // every partition of its broker, also the next one that has just been opened: two batches a
    // request, one of them nearly empty. With the next partition on another broker it is spared.
    let fill = |client: &'static str, brokers: u32| {
        let small = Small {
            partitions: 10,
            brokers,
            client,
            producer: "acks: 1, batch.size: 16384, linger.ms: 10".to_owned(),
            load: "{rate: 10 k/s}",
            ..Small::new()
        };
        small.run(&free()).producers["shop"].batch_fill.expect("known")
    };
    let (robin, sticky) = (fill("java-2.0", 1), fill("java-2.6", 1));
    assert!(near(robin, 10.0 / 16.2, 0.1), "{robin}");
    assert!(near(sticky, 0.52, 0.05), "{sticky}");
    let (spared, adaptive) = (fill("java-2.6", 10), fill("java-4.1", 10));
    assert!(spared > 0.8 && adaptive > 0.8, "{spared} and {adaptive}");
}

#[test]
fn two_log_dirs_write_twice_as_much_as_one() {
    let with = |log_dirs: u32, partitions: u32| {
        let small = Small {
            log_dirs,
            partitions,
            records: 10_000,
            producer: "acks: 1, batch.size: 1000000, linger.ms: 5, buffer.memory: 134217728"
                .to_owned(),
            ..Small::new()
        };
        let text = small.text().replace("nvme-8c-64g", "storage-8c-64g-2nvme").replacen(
            "orders: 1}",
            "orders: 1}, clients: 4",
            1,
        );
        let mut factors = free();
        network(&mut factors, 0.02, 0.02);
        run(&text, &factors, 1).producers["shop"].mib_s * 1_048_576.0
    };
    let (one, two) = (with(1, 24), with(2, 24));
    assert!(near(one, 327.7e6, 0.05), "{one}");
    assert!(near(two, 655.4e6, 0.06), "{two}");
    // One partition lives in one log dir, whatever there is beside it.
    let single = with(2, 1);
    assert!(near(single, 327.7e6, 0.05), "{single}");
}

#[test]
fn forced_appends_share_a_commit() {
    // Each append waits for a commit; appends that meet share one, so more partitions carry more.
    let with = |partitions: u32, clients: u32| {
        let small = Small { partitions, topic: "flush.messages: 1", ..Small::new() };
        let text =
            small.text().replacen("orders: 1}", &format!("orders: 1}}, clients: {clients}"), 1);
        let mut factors = free();
        network(&mut factors, 0.02, 0.02);
        run(&text, &factors, 1).producers["shop"].records_s
    };
    let (one, eight) = (with(1, 1), with(64, 8));
    // Eight handlers wait side by side; a commit serves all that are there when it begins.
    assert!(eight > 3.0 * one && eight < 16.0 * one, "{one} and {eight}");
}

#[test]
fn committed_records_are_read_after_the_followers_next_fetch() {
    // RF 2, brokers 10 ms apart, reader near: a record is delivered after the append, the way to
    // the follower (5 ms) and back with its next fetch (5 ms); without followers at once.
    let with = |brokers: u32, replicas: u32| {
        let small = Small {
            brokers,
            replicas,
            load: "{rate: 20 /s}",
            groups: "{billing: {reads: [orders]}}".to_owned(),
            ..Small::new()
        };
        let mut factors = free();
        network(&mut factors, 0.02, 10.0);
        small.run(&factors).groups["billing"].e2e_latency_ms.expect("delivered").p50
    };
    let (alone, followed) = (with(1, 1), with(2, 2));
    assert!(alone < 1.0, "{alone}");
    assert!(near(followed, 10.0, 0.1), "{followed}");
}

#[test]
fn too_few_in_sync_replicas_refuse_acks_all() {
    // The follower is minutes away: it falls behind and leaves the ISR; min.insync is 2. What is
    // in purgatory fails after request.timeout.ms (30 s), and what is sent again is refused.
    let small = Small {
        brokers: 2,
        replicas: 2,
        topic: "min.insync.replicas: 2, flush.messages: 1",
        load: "{rate: 200 /s}",
        producer: "acks: all, batch.size: 16384, linger.ms: 0".to_owned(),
        duration: "70 s",
        ..Small::new()
    };
    let text =
        small.text().replace("cluster: {", "cluster: {config: {replica.lag.time.max.ms: 2000}, ");
    let mut factors = free();
    network(&mut factors, 0.02, 400_000.0);
    let run = run(&text, &factors, 1);
    let shrinks: u32 = run.brokers.values().filter_map(|broker| broker.isr_shrinks).sum();
    assert!(shrinks > 0, "nobody left the ISR");
    // From then on appends are refused and sent again, and nothing more is acknowledged.
    assert!(run.warnings.iter().any(|words| words.contains("were refused")), "{:?}", run.warnings);
    let shop = &run.producers["shop"];
    assert!(shop.appended_records < 0.5 * shop.offered_records, "{shop:?}");
}

#[test]
fn a_full_accumulator_fails_records_after_max_block() {
    // The broker is 20 s away: memory of two batches is held for that long, max.block.ms is 1 s.
    let producer = "acks: 1, batch.size: 16384, linger.ms: 0, buffer.memory: 32768, \
                    max.block.ms: 1000";
    let small = Small { producer: producer.to_owned(), load: "{rate: 100 /s}", ..Small::new() };
    let mut factors = free();
    network(&mut factors, 20_000.0, 10.0);
    let failed = small.run(&factors).producers["shop"].failed_records;
    assert!((4.0..=8.0).contains(&failed), "{failed} records failed in 8 s, one each second");
}

#[test]
fn poll_walks_over_every_assigned_partition() {
    // 5,000 partitions at 2 µs each are 10 ms a poll; at most 500 records a poll: 50 k/s.
    let small = Small {
        partitions: 5_000,
        records: 30,
        producer: "acks: 1, batch.size: 16384, linger.ms: 5, buffer.memory: 1000000000".to_owned(),
        load: "{rate: 80 k/s}",
        groups: "{billing: {reads: [orders], client: java-2.6, protocol: classic}}".to_owned(),
        ..Small::new()
    };
    let read = small.run(&free()).groups["billing"].records_s;
    assert!(near(read, 50_000.0, 0.05), "{read}");
}

#[test]
fn a_batch_above_the_partition_limit_travels_alone() {
    // Batches of 16 KiB and max.partition.fetch.bytes 512: a fetch carries one batch, so with a
    // round trip of 10 ms one connection carries 100 batches/s, however many partitions wait.
    let small = Small {
        partitions: 8,
        load: "{rate: 20 k/s}",
        groups: "{billing: {reads: [orders], client: java-2.6, protocol: classic, \
                 config: {max.partition.fetch.bytes: 512}}}"
            .to_owned(),
        ..Small::new()
    };
    let mut factors = free();
    network(&mut factors, 10.0, 10.0);
    let read = small.run(&factors).groups["billing"].records_s;
    assert!(near(read, 16.0 * 100.0, 0.1), "{read}");
}

#[test]
fn a_request_takes_one_batch_of_each_partition_in_turn() {
    // Every record is a batch of its own and waits for a round trip of 20 ms, one request in
    // flight: with four partitions always filled, a request carries four batches, and where
    // max.request.size lets two pass, the next one goes on with the other two.
    let with = |partitions: u32, limit: u32| {
        let producer = format!(
            "acks: 1, batch.size: 1, linger.ms: 0, buffer.memory: 32000, \
             max.request.size: {limit}, max.in.flight.requests.per.connection: 1"
        );
        let small = Small { partitions, producer, client: "java-1.1", ..Small::new() };
        let run = small.run(&far());
        let shop = run.producers["shop"].clone();
        (shop.records_s, shop.latency_ms.expect("acknowledged"))
    };
    let (one, _) = with(1, 1_048_576);
    assert!(near(one, 50.0, 0.03), "{one}");
    let (four, _) = with(4, 1_048_576);
    assert!(near(four, 200.0, 0.03), "{four}");
    let (two, latency) = with(4, 2_500);
    assert!(near(two, 100.0, 0.03), "{two}");
    // In turn: a partition is served every second request, so nobody waits longer than the queue.
    assert!(latency.max < 1.3 * latency.p50, "{latency:?}");
}

#[test]
fn a_follower_that_lags_leaves_between_one_and_one_and_a_half_lag_times() {
    // The follower's fetches take minutes. It is looked at every half of replica.lag.time.max.ms
    // (30 s), and has to be late by all of it: it leaves between 30 and 45 s, not earlier.
    let left = |duration: &'static str| {
        let small =
            Small { brokers: 2, replicas: 2, load: "{rate: 200 /s}", duration, ..Small::new() };
        let mut factors = free();
        network(&mut factors, 0.02, 400_000.0);
        let run = small.run(&factors);
        run.brokers.values().filter_map(|broker| broker.isr_shrinks).sum::<u32>()
    };
    assert_eq!(left("29 s"), 0);
    assert_eq!(left("46 s"), 1);
}
