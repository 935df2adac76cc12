//! Policies that follow a model, and node pools: through the replay, with properties.

use super::{desired, policy, problems, rows, warnings};
use kafsim::chance::{Chance, Seed};
use kafsim::model::policies::Policy;
use kafsim::model::policy::{Observation, Sample, ScalingPolicy};
use kafsim::units::{SimSpan, SimTime};

const PID: &str = "policy: pid\ntarget: 20 s\nproportional: 0.05\nintegral: 0.0005\n\
    derivative: 1\nmin: 2\nmax: 20\n";
const HOLT_WINTERS: &str = "policy: holt_winters\nseason: 10 min\nhorizon: 2 min\nhold: 0 s\n\
    utilisation: 1\nmin: 2\nmax: 20\n";
const ORACLE: &str = "policy: oracle\nutilisation: 1\nlead: 2 min\nmin: 2\nmax: 20\n";

/// A history of one row a minute: replicas, and for each minute lag, input rate and true rate.
fn history(replicas: u32, values: &[(f64, f64, f64)]) -> String {
    let mut text = "t_s,replicas,consumer_lag,input_rate,true_rate\n".to_owned();
    for (minute, (lag, rate, true_rate)) in values.iter().enumerate() {
        text += &format!("{},{replicas},{lag},{rate},{true_rate}\n", 60 * minute);
    }
    text
}

#[test]
fn pid_holds_the_age_of_the_backlog() {
    // 20 s of backlog are the target; with 60 s, e = 40: P = 2 and I = 0.0005 · 40 · 60 = 1.2 more
    // in each minute, and a jump of the age counts once with 1 · 40 / 60.
    let mut values = vec![(20_000.0, 1_000.0, 0.0); 2];
    values.extend([(60_000.0, 1_000.0, 0.0); 4]);
    values.extend([(21_500.0, 1_000.0, 0.0); 2]);
    let found = rows(&policy(PID), &history(4, &values), true);
    // 4; 4; 2 + 5.2 + 0.67; 2 + 6.4; 2 + 7.6; 2 + 8.8; then 8.8 − 0.64 and 8.8 within the band.
    assert_eq!(desired(&found), [4, 4, 8, 8, 10, 11, 8, 9]);
    assert_eq!((found[2].reason, found[6].reason), ("ScaleUp", "ScaleDown"));
    // A backlog without arrivals has no age; without a backlog it is none.
    let found = rows(&policy(PID), &history(4, &[(5.0, 0.0, 0.0), (0.0, 0.0, 0.0)]), true);
    assert_eq!((found[0].desired, found[0].proposal), (4, None));
    assert!(found[1].proposal.is_some());
}

#[test]
fn holt_winters_scales_before_the_season_rises() {
    // Ten minutes: 2,000/s but for two minutes of 8,000/s. A member does 1,000/s.
    let rate = |minute: u32| if (4..6).contains(&(minute % 10)) { 8_000.0 } else { 2_000.0 };
    let values: Vec<(f64, f64, f64)> = (0..30).map(|one| (0.0, rate(one), 2_000.0)).collect();
    // Open loop: two replicas do 2,000/s throughout.
    let found = rows(&policy(HOLT_WINTERS), &history(2, &values), false);
    let first: Vec<u32> = found[..10].iter().map(|row| row.desired).collect();
    assert_eq!(first, [2, 2, 2, 2, 8, 8, 2, 2, 2, 2], "in the first season it is late");
    let third: Vec<u32> = found[20..].iter().map(|row| row.desired).collect();
    assert_eq!(third, [2, 2, 8, 8, 8, 8, 2, 2, 2, 2], "then two minutes early");
}

#[test]
fn the_oracle_reads_ahead_in_a_history() {
    let rate = |minute: u32| if (4..6).contains(&minute) { 8_000.0 } else { 2_000.0 };
    let values: Vec<(f64, f64, f64)> = (0..10).map(|one| (0.0, rate(one), 2_000.0)).collect();
    let found = rows(&policy(ORACLE), &history(2, &values), false);
    assert_eq!(desired(&found), [2, 2, 8, 8, 8, 8, 2, 2, 2, 2]);
}

/// One evaluation a minute with these samples.
fn ask(policy: &mut Policy, minute: u64, size: u32, values: [f64; 3]) -> u32 {
    let names = ["consumer_lag", "input_rate", "true_rate"];
    let samples: Vec<Sample<'_>> = names
        .iter()
        .zip(values)
        .map(|(metric, value)| Sample { metric, value: Some(value) })
        .collect();
    let observation = Observation {
        samples: &samples,
        brokers: 0,
        consumers: Some(size),
        partitions: Some(24),
        workload: None,
    };
    let now = SimTime::ZERO + SimSpan::from_secs(60 * minute);
    policy.decide(now, &observation)[0].desired
}

#[test]
fn sizes_stay_between_the_bounds_whatever_is_measured() {
    let mut stream = Chance::new(Seed::new(3), 0).stream("control", "random");
    for text in [PID, HOLT_WINTERS, ORACLE] {
        for _ in 0..50 {
            let mut policy = policy(text);
            let mut size = 2 + stream.index(19) as u32;
            for minute in 0..60 {
                let mut value = |most: f64| {
                    let draw = stream.uniform();
                    if draw < 0.1 { 0.0 } else { most * draw * draw }
                };
                let values = [value(1e6), value(1e5), value(1e5)];
                let before = size;
                size = ask(&mut policy, minute, size, values);
                assert!((2..=20).contains(&size) || size == before, "{text}: {size}");
            }
        }
    }
}

/// A group of members of 1,000/s under a constant load, in steps of a minute: sizes over time.
fn closed(text: &str, rate: f64) -> Vec<u32> {
    let mut policy = policy(text);
    if let Policy::Oracle(oracle) = &policy {
        let rates = vec![rate; 600];
        policy = Policy::from(oracle.clone().foreseeing(rates, SimSpan::from_secs(60)));
    }
    let (mut size, mut lag) = (4_u32, 0.0_f64);
    let mut sizes = Vec::new();
    for minute in 0..600 {
        let capacity = f64::from(size) * 1_000.0;
        lag = (lag + (rate - capacity) * 60.0).max(rate * 2.5);
        size = ask(&mut policy, minute, size, [lag, rate, capacity]);
        sizes.push(size);
    }
    sizes
}

#[test]
fn under_a_constant_load_sizes_reach_a_fixed_point_or_a_cycle() {
    // Partitions are 24, so eight members do 8,000/s and nothing below does 7,500/s.
    for text in [HOLT_WINTERS, ORACLE] {
        let sizes = closed(text, 7_500.0);
        assert!(sizes[300..].iter().all(|size| *size == 8), "{text}: {sizes:?}");
    }
    // What follows lag swings around the size that carries the load: 7 is too few, 8 too many.
    let sizes = closed(PID, 7_500.0);
    let late = &sizes[300..];
    let (low, high) = (late.iter().min().expect("some"), late.iter().max().expect("some"));
    assert!(*low <= 8 && *high >= 7, "{late:?}");
    let demand = vec![7.5; late.len()];
    let supply: Vec<f64> = late.iter().map(|size| f64::from(*size)).collect();
    let swings = kafsim::analysis::swings(&demand, &supply);
    assert!(low == high || swings.is_some(), "neither a fixed point nor a cycle: {late:?}");
}

#[test]
fn they_say_what_is_wrong() {
    assert!([PID, HOLT_WINTERS, ORACLE].iter().all(|text| problems(text).is_empty()));
    for (text, from, to, word) in [
        (PID, "policy: pid", "policy: pdi", "did you mean `pid`"),
        (PID, "target: 20 s", "target: 0 s", "above zero"),
        (PID, "target: 20 s\n", "", "the key `target`"),
        (PID, "proportional: 0.05", "proportional: -1", "a number from 0"),
        (PID, "min: 2", "min: 21", "21 above max 20"),
        (PID, "derivative: 1", "derivatve: 1", "did you mean `derivative`"),
        (HOLT_WINTERS, "season: 10 min", "season: 90 s", "a multiple of evaluate_every (1 min)"),
        (HOLT_WINTERS, "season: 10 min", "season: 1 min", "2 to 100000"),
        (HOLT_WINTERS, "utilisation: 1", "utilisation: 1.1", "a number from 0.01 to 1"),
        (HOLT_WINTERS, "horizon: 2 min", "horizon: 2", "horizon"),
        (ORACLE, "lead: 2 min", "lead: 0 s", "above zero"),
        (ORACLE, "max: 20", "mux: 20", "`max`"),
    ] {
        assert!(text.contains(from), "{from}");
        let found = problems(&text.replacen(from, to, 1));
        assert!(found.contains(word) && found.contains("p.yaml:"), "{word}: {found}");
    }
    let none =
        kafsim::study::replay("h.csv", "t_s,replicas,true_rate\n0,2,1\n", &policy(ORACLE), false);
    assert!(none.expect_err("no future").to_string().contains("`input_rate`"));
}

const POOL: &str = "apiVersion: kafka.strimzi.io/v1beta2\nkind: KafkaNodePool\nmetadata:\n  name: \
    brokers\n  labels: {strimzi.io/cluster: shop}\nspec:\n  replicas: 5\n  roles: [broker]\n  \
    storage: {type: jbod, volumes: []}\n";

#[test]
fn a_node_pool_wants_its_brokers() {
    let found = rows(&policy(POOL), "t_s,replicas\n0,3\n120,3\n240,5\n", false);
    assert_eq!(desired(&found), [5, 5, 5]);
    assert_eq!((found[0].reason, found[2].reason), ("ScaleUp", "WithinRange"));
    assert_eq!(found[0].policy, "brokers");
    assert!(warnings(&POOL.replace("  roles", "  colour: red\n  roles")).contains("`colour`"));
    for (from, to, word) in [
        ("replicas: 5", "replicas: 0", "p.yaml:7:13"),
        ("roles: [broker]", "roles: [controller]", "a pool without brokers"),
        ("roles: [broker]", "roles: [brokr]", "did you mean `broker`"),
        ("v1beta2", "v2", "kafka.strimzi.io/v1"),
        ("KafkaNodePool", "KafkaNodePol", "did you mean `KafkaNodePool`"),
        ("  replicas: 5\n", "", "`replicas`"),
    ] {
        assert!(POOL.contains(from), "{from}");
        let found = problems(&POOL.replacen(from, to, 1));
        assert!(found.contains(word), "{word}: {found}");
    }
}
