//! Queues made of the engine's real parts against queueing theory.

use super::{free, near, network, run};
use kafsim::metrics::Run;

/// Many producers of single-record requests to a broker whose request handlers alone take time.
fn handlers(threads: u32, clients: u32, load: &str, factor: f64, trip: f64) -> Run {
    let text = format!(
        "name: station\nduration: 400 s\nwarm_up: 20 s\nengine: des\n\
         hosts:\n  brokers: {{card: nvme-8c-64g, count: 1}}\n\
         network: {{card: one-region-three-zones}}\n\
         cluster: {{costs: test-costs, config: {{num.io.threads: {threads}}}, \
         brokers: {{run_on: brokers}}}}\n\
         topics:\n  orders: {{partitions: 8, replication_factor: 1}}\n\
         producers:\n  shop: {{to: {{orders: 1}}, clients: {clients}, client: java-2.6, \
         records: {{size: 100 B}}, {load}, config: {{acks: 1, batch.size: 1, linger.ms: 0, \
         max.in.flight.requests.per.connection: 1}}}}\ngroups: {{}}\n"
    );
    let mut factors = free();
    network(&mut factors, trip, trip);
    factors.insert("costs/test/produce_request".to_owned(), factor);
    run(&text, &factors, 1)
}

/// Requests/s, mean wait for a handler and mean work of a handler in seconds.
fn measured(run: &Run) -> [f64; 3] {
    let phases = &run.brokers[&1].requests["produce"];
    [phases.requests_s, phases.request_queue_ms * 1e-3, phases.local_ms * 1e-3]
}

#[test]
fn one_handler_is_the_queue_m_d_1() {
    // Pollaczek and Khinchine with constant work s: the wait is ρ s / 2 (1 − ρ). Four hundred
    // producers, so that a muted connection hardly ever holds a request back.
    for (rate, utilisation, share) in [(150, 0.5, 0.04), (240, 0.8, 0.08)] {
        let load = format!("arrivals: poisson, load: {{rate: {rate} /s}}");
        let [requests, wait, work] = measured(&handlers(1, 400, &load, 41.6, 0.02));
        let busy = requests * work;
        assert!(near(busy, utilisation, 0.05), "{busy}");
        let expected = busy * work / (2.0 * (1.0 - busy));
        assert!(near(wait, expected, share), "at {busy}: {wait} for {expected}");
    }
}

#[test]
fn a_closed_network_keeps_its_asymptotic_bounds() {
    // N producers with one request in flight, a round trip Z and a handler's work s: by the
    // asymptotic bounds of closed networks N / (Z + s) requests/s while there is no queue, and
    // 1 / s when there always is one (Denning and Buzen 1978).
    let closed = "load: {closed_loop: true}";
    let [one, _, work] = measured(&handlers(1, 1, closed, 41.6, 20.0));
    assert!(near(one, 1.0 / (0.020 + work), 0.03), "{one} with {work}");
    let [many, wait, work] = measured(&handlers(1, 20, closed, 41.6, 20.0));
    assert!(near(many, 1.0 / work, 0.01), "{many} with {work}");
    // The response time law: N = X (Z + W + s).
    assert!(near(many * (0.020 + wait + work), 20.0, 0.03), "{wait}");
}

#[test]
fn handlers_side_by_side_are_the_queue_m_d_c() {
    // Cosmetatos' (1975) approximation for constant work, within 1 % here: half of the wait of
    // M/M/c, which is Erlang's C over the spare capacity, corrected for several servers.
    let load = "arrivals: poisson, load: {rate: 720 /s}";
    let [requests, wait, work] = measured(&handlers(3, 600, load, 41.6, 0.02));
    let (c, busy) = (3.0, requests * work / 3.0);
    assert!(near(busy, 0.8, 0.05), "{busy}");
    let offered = c * busy;
    let last = offered * offered * offered / 6.0 / (1.0 - busy);
    let waits = last / (1.0 + offered + offered * offered / 2.0 + last);
    let m_m_c = waits * work / (c * (1.0 - busy));
    let more = (1.0 - busy) * (c - 1.0) * ((4.0 + 5.0 * c).sqrt() - 2.0) / (16.0 * busy * c);
    let expected = m_m_c / 2.0 * (1.0 + more);
    assert!(near(wait, expected, 0.1), "at {busy}: {wait} for {expected}");
}

#[test]
fn acks_all_is_a_fork_and_join_over_the_followers() {
    // Each way over the network takes an exponential time of mean θ = 10 ms and nothing else
    // counts. A parked follower gets the batch (θ) and says so with its next fetch (θ): Erlang's
    // law of two stages, mean 2 θ. Of two followers the later one counts: 2.75 θ, below the bound
    // of Nelson and Tantawi (1988), (1 + 1/2) · 2 θ = 3 θ.
    let mean = |replicas: u32| {
        let text = format!(
            "name: fork\nduration: 400 s\nwarm_up: 5 s\nengine: des\n\
             hosts:\n  brokers: {{card: nvme-8c-64g, count: 3}}\n\
             network: {{card: cloud-zone-2020}}\n\
             cluster: {{costs: test-costs, brokers: {{run_on: brokers}}}}\n\
             topics:\n  orders: {{partitions: 1, replication_factor: {replicas}}}\n\
             producers:\n  shop: {{to: {{orders: 1}}, records: {{size: 100 B}}, \
             load: {{rate: 5 /s}}, config: {{acks: all, linger.ms: 0}}}}\ngroups: {{}}\n"
        );
        let mut factors = free();
        let card = "networks/cloud-zone-2020";
        factors.insert(format!("{card}/jitter"), 10_000.0 / 34.0);
        for key in ["rtt_same_zone", "rtt_other_zone", "rtt_loopback"] {
            factors.insert(format!("{card}/{key}"), 1e-3);
        }
        run(&text, &factors, 1).producers["shop"].latency_ms.expect("acknowledged").mean
    };
    let [alone, one, two] = [1, 2, 3].map(mean);
    assert!(near(alone, 20.0, 0.05), "{alone}");
    assert!(near(one - alone, 20.0, 0.1), "{one} − {alone}");
    assert!(near(two - alone, 27.5, 0.1) && two - alone < 30.0, "{two} − {alone}");
}
