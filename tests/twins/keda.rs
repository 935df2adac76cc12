//! KEDA against its second implementation, row by row, through the replay.

use super::hpa::{chance, limits, pick, same};
use super::keda_reference::{Object, Row, Trigger, run};
use crate::policies::policy;
use kafsim::chance::{Chance, Seed, Stream};
use kafsim::study::replay;
use std::collections::BTreeMap;

const POLICIES: u32 = 5_000;
const HISTORIES: u32 = 20;

fn trigger(stream: &mut Stream) -> (Trigger, String) {
    let limit = chance(stream, 0.2);
    let even = !limit && chance(stream, 0.2);
    let idle = !limit && chance(stream, 0.3);
    let only = chance(stream, 0.15).then(|| vec![0, 2]);
    let trigger = Trigger {
        threshold: pick(stream, &[1, 3, 10]),
        activation: pick(stream, &[0, 0, 5]),
        earliest: chance(stream, 0.3),
        zero: chance(stream, 0.2),
        idle,
        persistent: chance(stream, 0.4),
        limit,
        even,
        only,
        value: chance(stream, 0.25),
        cached: chance(stream, 0.2),
    };
    let mut text = format!(
        "lagThreshold: {}, activationLagThreshold: \"{}\", offsetResetPolicy: {}, \
         scaleToZeroOnInvalidOffset: {}, allowIdleConsumers: {idle}, excludePersistentLag: {}, \
         limitToPartitionsWithLag: {limit}, ensureEvenDistributionOfPartitions: {even}",
        trigger.threshold,
        trigger.activation,
        if trigger.earliest { "earliest" } else { "latest" },
        trigger.zero,
        trigger.persistent,
    );
    if trigger.only.is_some() {
        text += ", partitionLimitation: \"0,2-2\"";
    }
    let kind = if trigger.value { "Value" } else { "AverageValue" };
    let text = format!(
        "    - {{type: kafka, metricType: {kind}, useCachedMetrics: {}, metadata: {{consumerGroup: \
         g, topic: t, {text}}}}}\n",
        trigger.cached
    );
    (trigger, text)
}

fn object(stream: &mut Stream) -> (Object, String) {
    let (triggers, texts): (Vec<Trigger>, Vec<String>) =
        (0..=stream.index(2)).map(|_| trigger(stream)).unzip();
    let min = pick(stream, &[0, 0, 1, 2]);
    let max = min.max(1) + stream.index(9) as i64;
    let (hpa, behavior) = limits(stream, min.max(1), max);
    let idle = (min > 0 && chance(stream, 0.4)).then(|| stream.index(min as usize) as i64);
    let behaviors =
        ["static", "currentReplicas", "currentReplicasIfHigher", "currentReplicasIfLower"];
    let fallback = chance(stream, 0.6)
        .then(|| (stream.index(4) as i64, stream.index(5) as i64, pick(stream, &behaviors)));
    let mut object = Object {
        triggers,
        polling: pick(stream, &[30, 30, 15, 20, 45]),
        cooldown: pick(stream, &[0, 30, 60]),
        initial: pick(stream, &[0, 0, 45]),
        idle,
        min,
        hpa,
        fallback,
        no_in: chance(stream, 0.1),
        no_out: chance(stream, 0.1),
        force: chance(stream, 0.05),
    };
    let mut text = "apiVersion: keda.sh/v1alpha1\nkind: ScaledObject\nmetadata:\n  name: x\n  \
        annotations:\n"
        .to_owned();
    for (key, flag) in [
        ("paused-scale-in", object.no_in),
        ("paused-scale-out", object.no_out),
        ("force-activation", object.force),
    ] {
        text += &format!("    autoscaling.keda.sh/{key}: \"{flag}\"\n");
    }
    text += &format!(
        "spec:\n  scaleTargetRef: {{name: x}}\n  pollingInterval: {}\n  cooldownPeriod: {}\n  \
         initialCooldownPeriod: {}\n  minReplicaCount: {min}\n  maxReplicaCount: {max}\n",
        object.polling, object.cooldown, object.initial
    );
    if let Some(idle) = idle {
        text += &format!("  idleReplicaCount: {idle}\n");
    }
    if let Some((threshold, replicas, behavior)) = fallback {
        text += &format!(
            "  fallback: {{failureThreshold: {threshold}, replicas: {replicas}, behavior: \
             {behavior}}}\n"
        );
    }
    if let Some(behavior) = &behavior {
        text +=
            &format!("  advanced: {{horizontalPodAutoscalerConfig: {{behavior: {behavior}}}}}\n");
    }
    text += &format!("  triggers:\n{}", texts.concat());
    forbid(&mut object);
    (object, text)
}

/// Annotations switch a direction off in `behavior`, which exists from then on.
fn forbid(object: &mut Object) {
    use super::hpa_reference::Rule;
    if !object.no_in && !object.no_out {
        return;
    }
    let four = (false, 4, 15);
    let all = (true, 100, 15);
    let rules = object.hpa.behavior.get_or_insert_with(|| {
        [
            Rule { window: 0, select: "Max", policies: vec![four, all] },
            Rule { window: 300, select: "Max", policies: vec![all] },
        ]
    });
    if object.no_out {
        rules[0].select = "Disabled";
    }
    if object.no_in {
        rules[1].select = "Disabled";
    }
}

fn rows(stream: &mut Stream, object: &Object) -> Vec<Row> {
    let mut t = stream.index(40) as i64;
    let partitions: Vec<usize> = object.triggers.iter().map(|_| 1 + stream.index(4)).collect();
    // Trouble comes to some histories only, and then often.
    let trouble = if chance(stream, 0.4) { 0.3 } else { 0.02 };
    let quiet = chance(stream, 0.3);
    let count = 4 + stream.index(6);
    let mut rows = Vec::with_capacity(count);
    for _ in 0..count {
        t += pick(stream, &[5, 15, 30, 30, 45, 100]);
        let cells = partitions
            .iter()
            .map(|partitions| {
                let word = if chance(stream, trouble) {
                    pick(stream, &["error", "unreachable"])
                } else {
                    ""
                };
                let cells = (0..*partitions).map(|_| cell(stream, trouble / 6.0, quiet)).collect();
                (word.to_owned(), cells)
            })
            .collect();
        let (replicas, ready) = (stream.index(8) as i64, stream.index(5) as i64);
        rows.push(Row { t, replicas, ready, cells });
    }
    rows
}

/// Committed offset and end.
fn cell(stream: &mut Stream, trouble: f64, quiet: bool) -> (String, String) {
    let at = pick(stream, &[0, 0, 5, 9]);
    let most = if quiet { 2 } else { 40 };
    let end = (at + stream.index(most) as i64 - i64::from(chance(stream, 0.1))).max(0);
    let committed = match stream.uniform() {
        x if x < trouble => "error".to_owned(),
        x if x > 0.93 => String::new(),
        _ => at.to_string(),
    };
    let end = match stream.uniform() {
        x if x < trouble => "error".to_owned(),
        x if x > 0.95 => String::new(),
        _ => end.to_string(),
    };
    (committed, end)
}

fn csv(object: &Object, rows: &[Row]) -> String {
    let mut text = "t_s,replicas,ready".to_owned();
    for index in 0..object.triggers.len() {
        let name = format!("s{index}-kafka-t");
        text += &format!(",{name}");
        for p in 0..rows[0].cells[index].1.len() {
            text += &format!(",{name}.committed[{p}],{name}.end[{p}]");
        }
    }
    for row in rows {
        text += &format!("\n{},{},{}", row.t, row.replicas, row.ready);
        for (word, cells) in &row.cells {
            text += &format!(",{word}");
            for (committed, end) in cells {
                text += &format!(",{committed},{end}");
            }
        }
    }
    text + "\n"
}

#[test]
fn keda_agrees_with_its_second_implementation_on_100_000_histories() {
    let mut stream = Chance::new(Seed::new(62), 0).stream("keda", "random");
    let mut seen: BTreeMap<(bool, &str), u64> = BTreeMap::new();
    for number in 0..POLICIES {
        let (object, text) = object(&mut stream);
        let policy = policy(&text);
        let names: Vec<String> =
            (0..object.triggers.len()).map(|index| format!("s{index}-kafka-t")).collect();
        for history in 0..HISTORIES {
            let rows = rows(&mut stream, &object);
            let closed = chance(&mut stream, 0.5);
            let csv = csv(&object, &rows);
            let found = replay("h.csv", &csv, &policy, closed).expect("a replay");
            let expected = run(&object, &rows, closed);
            assert_eq!(found.len(), expected.len());
            for (row, (t, poll, line)) in found.iter().zip(&expected) {
                let name = if *poll { "x/poll" } else { "x" };
                let agrees = row.t_s == *t as f64 && row.policy == name && same(row, &names, line);
                assert!(
                    agrees,
                    "policy {number}, history {history}, closed {closed}\n{text}\n{csv}\n\
                     {row:?}\n{t} {line:?}"
                );
                *seen.entry((*poll, line.reason)).or_default() += 1;
            }
        }
    }
    assert_eq!(seen.len(), 10 + 11, "every reason occurs: {seen:?}");
    assert!(seen.values().all(|count| *count > 100), "and often: {seen:?}");
}
