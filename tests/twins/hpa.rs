//! The horizontal pod autoscaler against its second implementation, row by row, through the replay.

use super::hpa_reference::{Controller, Kind, Line, Pod, Rule, Sizes, Spec, of_pods, of_quantity};
use crate::policies::policy;
use kafsim::chance::{Chance, Seed, Stream};
use kafsim::study::{ReplayRow, replay};
use std::collections::BTreeMap;

const POLICIES: u32 = 5_000;
const HISTORIES: u32 = 20;
const PODS: usize = 4;

/// Whether a replayed row says what the second implementation says.
pub fn same(row: &ReplayRow, names: &[String], line: &Line) -> bool {
    let metric = line.metric.map(|index| names[index].as_str());
    let number = |index: usize| line.numbers.map(|numbers| numbers[index] as u32);
    row.metric.as_deref() == metric
        && (row.proposal, row.stabilised, row.limited) == (number(0), number(1), number(2))
        && i64::from(row.desired) == line.desired
        && row.reason == line.reason
}

/// One of several.
pub fn pick<T: Copy>(stream: &mut Stream, from: &[T]) -> T {
    from[stream.index(from.len())]
}

/// With a probability.
pub fn chance(stream: &mut Stream, p: f64) -> bool {
    stream.uniform() < p
}

fn rule(stream: &mut Stream) -> (Rule, String) {
    let window = pick(stream, &[0, 15, 20, 60]);
    let select = pick(stream, &["Max", "Max", "Min", "Disabled"]);
    let policies: Vec<(bool, i64, i64)> = (0..=stream.index(2))
        .map(|_| {
            let percent = chance(stream, 0.5);
            let value = if percent {
                pick(stream, &[10, 40, 50, 90, 100])
            } else {
                pick(stream, &[1, 2, 5])
            };
            (percent, value, pick(stream, &[15, 30, 60]))
        })
        .collect();
    let text: Vec<String> = policies
        .iter()
        .map(|(percent, value, period)| {
            let kind = if *percent { "Percent" } else { "Pods" };
            format!("{{type: {kind}, value: {value}, periodSeconds: {period}}}")
        })
        .collect();
    let text = format!(
        "stabilizationWindowSeconds: {window}, selectPolicy: {select}, policies: [{}]",
        text.join(", ")
    );
    (Rule { window, select, policies }, text)
}

/// Bounds and behaviour, and `behavior` as text when there is one.
pub fn limits(stream: &mut Stream, min: i64, max: i64) -> (Spec, Option<String>) {
    let mut spec = Spec { min, max, behavior: None, tolerance: [0.1, 0.1] };
    if chance(stream, 0.35) {
        return (spec, None);
    }
    let ((up, up_text), (down, down_text)) = (rule(stream), rule(stream));
    let (above, below) = (pick(stream, &[0.1, 0.0, 0.25]), pick(stream, &[0.1, 0.05, 0.3]));
    spec.behavior = Some([up, down]);
    spec.tolerance = [above, below];
    let text = format!(
        "{{scaleUp: {{{up_text}, tolerance: {above}}}, scaleDown: {{{down_text}, tolerance: \
         {below}}}}}"
    );
    (spec, Some(text))
}

struct Metric {
    kind: Kind,
    name: String,
    target: i64,
}

fn metric(stream: &mut Stream, index: usize) -> (Metric, String) {
    let kinds = [
        Kind::PerReplica,
        Kind::PerReplica,
        Kind::Whole,
        Kind::PodMean,
        Kind::CpuMean,
        Kind::CpuPercent,
        Kind::MemoryPercent,
    ];
    let kind = pick(stream, &kinds);
    let target = match kind {
        Kind::CpuPercent | Kind::MemoryPercent => pick(stream, &[50, 80, 120]),
        _ => pick(stream, &[1_000, 700, 3_000]),
    };
    let (name, text) = match kind {
        Kind::PerReplica | Kind::Whole => {
            let name = format!("queue{index}");
            let (word, key) = match kind {
                Kind::Whole => ("Value", "value"),
                _ => ("AverageValue", "averageValue"),
            };
            let text = format!(
                "{{type: External, external: {{metric: {{name: {name}}}, target: {{type: {word}, \
                 {key}: {target}m}}}}}}"
            );
            (name, text)
        }
        Kind::PodMean => {
            let text = format!(
                "{{type: Pods, pods: {{metric: {{name: rate}}, target: {{type: AverageValue, \
                 averageValue: {target}m}}}}}}"
            );
            ("rate".to_owned(), text)
        }
        Kind::CpuMean | Kind::CpuPercent | Kind::MemoryPercent => {
            let name = if kind == Kind::MemoryPercent { "memory" } else { "cpu" };
            let target = match kind {
                Kind::CpuMean => format!("type: AverageValue, averageValue: {target}m"),
                _ => format!("type: Utilization, averageUtilization: {target}"),
            };
            let text =
                format!("{{type: Resource, resource: {{name: {name}, target: {{{target}}}}}}}");
            (name.to_owned(), text)
        }
    };
    (Metric { kind, name, target }, text)
}

/// A row: time, replicas, ready, and for each metric a quantity or samples of pods.
struct Row {
    t: i64,
    replicas: i64,
    ready: i64,
    quantities: Vec<Option<i64>>,
    pods: Vec<Vec<Pod>>,
}

fn row(stream: &mut Stream, t: i64, metrics: &[Metric]) -> Row {
    let replicas = stream.index(9) as i64;
    let states: Vec<&'static str> = (0..PODS)
        .map(|_| {
            pick(
                stream,
                &[
                    "ready", "ready", "ready", "ready", "unready", "pending", "deleted", "failed",
                    "",
                ],
            )
        })
        .collect();
    let sample = |stream: &mut Stream, missing: f64| {
        (!chance(stream, missing)).then(|| pick(stream, &[0, 100, 400, 500, 700, 1_000, 1_900]))
    };
    let quantities = metrics
        .iter()
        .map(|_| (!chance(stream, 0.1)).then(|| 100 * stream.index(200) as i64))
        .collect();
    let requests: Vec<Option<i64>> = (0..PODS)
        .map(|_| (!chance(stream, 0.02)).then(|| pick(stream, &[1_000, 1_000, 500, 0])))
        .collect();
    let pods = metrics
        .iter()
        .map(|_| (0..PODS).map(|i| (states[i], sample(stream, 0.2), requests[i])).collect())
        .collect();
    Row { t, replicas, ready: stream.index(9) as i64, quantities, pods }
}

fn csv(metrics: &[Metric], rows: &[Row]) -> String {
    let cell = |value: Option<i64>| value.map_or_else(String::new, |milli| format!("{milli}m"));
    let by_pod = |metric: &Metric| !matches!(metric.kind, Kind::PerReplica | Kind::Whole);
    let mut text = "t_s,replicas,ready".to_owned();
    for i in 0..PODS {
        text += &format!(",pod.state[{i}]");
    }
    for metric in metrics {
        let name = &metric.name;
        if by_pod(metric) {
            for i in 0..PODS {
                text += &format!(",{name}[{i}],{name}.request[{i}]");
            }
        } else {
            text += &format!(",{name}");
        }
    }
    for row in rows {
        text += &format!("\n{},{},{}", row.t, row.replicas, row.ready);
        for pod in &row.pods[0] {
            text += &format!(",{}", pod.0);
        }
        for (index, metric) in metrics.iter().enumerate() {
            if by_pod(metric) {
                for pod in &row.pods[index] {
                    text += &format!(",{},{}", cell(pod.1), cell(pod.2));
                }
            } else {
                text += &format!(",{}", cell(row.quantities[index]));
            }
        }
    }
    text + "\n"
}

fn reference(spec: &Spec, metrics: &[Metric], rows: &[Row], closed: bool) -> Vec<(i64, Line)> {
    let mut controller = Controller::default();
    let mut size = rows[0].replicas;
    let mut lines = Vec::new();
    for t in (rows[0].t..=rows[rows.len() - 1].t).step_by(15) {
        let row = rows.iter().rfind(|row| row.t <= t).expect("a row");
        if !closed {
            size = row.replicas;
        }
        let ready = if closed { size } else { row.ready };
        let sizes = Sizes { spec: size, status: size, ready };
        let ask = |(index, metric): (usize, &Metric)| match metric.kind {
            Kind::PerReplica | Kind::Whole => row.quantities[index]
                .map(|usage| of_quantity(spec, metric.kind, sizes, usage, metric.target)),
            kind => of_pods(spec, kind, size, &row.pods[index], metric.target),
        };
        let line = controller.sync(spec, t, size, || metrics.iter().enumerate().map(ask).collect());
        if closed {
            size = line.desired;
        }
        lines.push((t, line));
    }
    lines
}

/// Random metrics without two that would share columns.
fn metrics(stream: &mut Stream) -> Vec<(Metric, String)> {
    let mut found: Vec<(Metric, String)> = Vec::new();
    for index in 0..=stream.index(2) {
        let one = metric(stream, index);
        if found.iter().all(|(other, _)| other.name != one.0.name) {
            found.push(one);
        }
    }
    found
}

#[test]
fn the_autoscaler_agrees_with_its_second_implementation_on_100_000_histories() {
    let mut stream = Chance::new(Seed::new(61), 0).stream("hpa", "random");
    let mut seen: BTreeMap<&str, u64> = BTreeMap::new();
    for number in 0..POLICIES {
        let min = stream.index(3) as i64;
        let max = min.max(1) + stream.index(9) as i64;
        let (spec, behavior) = limits(&mut stream, min, max);
        let (metrics, texts): (Vec<Metric>, Vec<String>) = metrics(&mut stream).into_iter().unzip();
        let names: Vec<String> = metrics.iter().map(|metric| metric.name.clone()).collect();
        let behavior = behavior.map_or_else(String::new, |text| format!("  behavior: {text}\n"));
        let text = format!(
            "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {{name: x}}\n\
             spec:\n  scaleTargetRef: {{name: x}}\n  minReplicas: {min}\n  maxReplicas: {max}\n  \
             metrics: [{}]\n{behavior}",
            texts.join(", ")
        );
        let policy = policy(&text);
        for history in 0..HISTORIES {
            let mut t = 10 * stream.index(5) as i64;
            let rows: Vec<Row> = (0..4 + stream.index(6))
                .map(|_| {
                    t += pick(&mut stream, &[5, 15, 15, 20, 40, 130]);
                    row(&mut stream, t, &metrics)
                })
                .collect();
            let closed = chance(&mut stream, 0.5);
            let csv = csv(&metrics, &rows);
            let found = replay("h.csv", &csv, &policy, closed).expect("a replay");
            let expected = reference(&spec, &metrics, &rows, closed);
            assert_eq!(found.len(), expected.len());
            for (row, (t, line)) in found.iter().zip(&expected) {
                let agrees = row.t_s == *t as f64 && same(row, &names, line);
                assert!(
                    agrees,
                    "policy {number}, history {history}, closed {closed}\n{text}\n{csv}\n\
                     {row:?}\n{t} {line:?}"
                );
                *seen.entry(line.reason).or_default() += 1;
            }
        }
    }
    assert_eq!(seen.len(), 11, "every reason occurs: {seen:?}");
    assert!(seen.values().all(|count| *count > 100), "and often: {seen:?}");
}
