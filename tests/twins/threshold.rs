//! The threshold policy against its second implementation, row by row.

use super::threshold_reference::{Memory, Rules, step};
use kafsim::chance::{Chance, Seed, Stream};
use kafsim::model::policies::{Most, ThresholdLoop, ThresholdPolicy, Watched};
use kafsim::model::policy::{Observation, Sample, ScalingPolicy, Target};
use kafsim::units::{SimSpan, SimTime};
use std::collections::BTreeSet;

const METRICS: [&str; 2] = ["consumer_lag", "processing_time_ms"];

fn rules(stream: &mut Stream) -> Rules {
    let least = 1 + stream.index(3) as i64;
    Rules {
        up: [50.0 + stream.index(50) as f64, 50.0 + stream.index(50) as f64],
        down: [10.0 + stream.index(40) as f64, 10.0 + stream.index(40) as f64],
        increment: 1 + stream.index(3) as i64,
        decrement: 1 + stream.index(3) as i64,
        cooldown_up: 60.0 * stream.index(6) as f64,
        cooldown_down: 60.0 * stream.index(6) as f64,
        least,
        most: least + stream.index(12) as i64,
    }
}

fn policy(rules: &Rules) -> ThresholdPolicy {
    let mut one = ThresholdLoop::new(Target::Consumers);
    one.metrics = (0..2)
        .map(|i| Watched {
            metric: METRICS[i].into(),
            up: rules.up[i],
            down: rules.down[i],
            aim: None,
        })
        .collect();
    (one.increment, one.decrement) = (rules.increment as u32, rules.decrement as u32);
    one.cooldown_up = SimSpan::from_secs(rules.cooldown_up as u64);
    one.cooldown_down = SimSpan::from_secs(rules.cooldown_down as u64);
    (one.least, one.most) = (rules.least as u32, Most::Fixed(rules.most as u32));
    ThresholdPolicy::new(vec![one], SimSpan::from_secs(60), Vec::new())
}

#[test]
fn the_policy_agrees_with_its_second_implementation_on_2_000_histories() {
    let mut stream = Chance::new(Seed::new(31), 0).stream("history", "random");
    let mut seen = BTreeSet::new();
    for history in 0..2_000 {
        let rules = rules(&mut stream);
        let mut policy = policy(&rules);
        let mut memory = Memory::default();
        let mut size = rules.least + stream.index((rules.most - rules.least + 1) as usize) as i64;
        for minute in 0..40_u32 {
            let values: [Option<f64>; 2] = std::array::from_fn(|_| {
                (stream.uniform() > 0.05).then(|| stream.index(120) as f64)
            });
            let samples: [Sample<'_>; 2] =
                std::array::from_fn(|i| Sample { metric: METRICS[i], value: values[i] });
            let seconds = 60 * u64::from(minute);
            let found = policy.decide(
                SimTime::ZERO + SimSpan::from_secs(seconds),
                &Observation {
                    samples: &samples,
                    brokers: 3,
                    consumers: Some(size as u32),
                    partitions: None,
                    workload: None,
                },
            );
            let expected = step(&rules, &mut memory, f64::from(minute) * 60.0, values, size);
            let got = (i64::from(found[0].desired), found[0].reason.word());
            assert_eq!(got, expected, "history {history}, minute {minute}");
            seen.insert(expected.1);
            size = expected.0;
        }
    }
    assert_eq!(seen.len(), 6, "every reason occurs: {seen:?}");
}
