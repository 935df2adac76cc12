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
