//! The exercise's policy file: thresholds with cooldowns.

use crate::form::{Check, Fields, Key, Node, Shape, Table};
use crate::model::policies::{Most, ThresholdLoop, ThresholdPolicy, Watched};
use crate::model::policy::{AlertCounter, PolicyAlert, Target};
use crate::units::{Quantity, SimSpan};

const NUMBER: Shape = Shape::Number { min: 0.0, max: f64::INFINITY };
const COUNT: Shape = Shape::Count { min: 1, max: 10_000 };

const POLICY: Table = &[
    Key::optional("broker_scaling", Shape::Map(BROKERS), "the loop for brokers"),
    Key::optional("consumer_scaling", Shape::Map(CONSUMERS), "the loop for group members"),
    Key::optional("alerts", Shape::List(&Shape::Map(ALERT)), "conditions over the run"),
    Key::default("evaluate_every", Shape::Text, "60 s", "time between looks, seconds or a span"),
];
const BROKERS: Table = &[
    Key::required("metrics", Shape::List(&Shape::Map(METRIC)), "what it looks at"),
    Key::required("scale_up", Shape::Map(BROKERS_UP), "the step up"),
    Key::required("scale_down", Shape::Map(BROKERS_DOWN), "the step down"),
];
const CONSUMERS: Table = &[
    Key::required("metrics", Shape::List(&Shape::Map(METRIC)), "what it looks at"),
    Key::required("scale_up", Shape::Map(CONSUMERS_UP), "the step up"),
    Key::required("scale_down", Shape::Map(CONSUMERS_DOWN), "the step down"),
];
const METRIC: Table = &[
    Key::required("name", Shape::Text, "the metric"),
    Key::optional("target", NUMBER, "shown, without effect"),
    Key::required("scale_up_threshold", NUMBER, "up is called for above this"),
    Key::required("scale_down_threshold", NUMBER, "down is called for below this"),
];
const COOLDOWN: Key = Key::required("cooldown", Shape::Text, "seconds, or a span with its unit");
const BROKERS_UP: Table = &[
    Key::required("increment", COUNT, "brokers added in a step"),
    COOLDOWN,
    Key::optional("max_brokers", COUNT, "most brokers"),
];
const BROKERS_DOWN: Table = &[
    Key::required("decrement", COUNT, "brokers removed in a step"),
    COOLDOWN,
    Key::optional("min_brokers", COUNT, "fewest brokers"),
];
const CONSUMERS_UP: Table = &[
    Key::required("increment", COUNT, "members added in a step"),
    COOLDOWN,
    Key::optional("max_consumers_per_partition", COUNT, "most members for each partition"),
];
const CONSUMERS_DOWN: Table = &[
    Key::required("decrement", COUNT, "members removed in a step"),
    COOLDOWN,
    Key::optional("min_consumers", COUNT, "fewest members"),
];
const ALERT: Table = &[
    Key::required("name", Shape::Text, "its name"),
    Key::required("condition", Shape::Text, "COUNTER > NUMBER"),
    Key::default("action", Shape::Text, "", "what the file wants done; shown"),
];

const BROKER_METRICS: [&str; 2] = ["cpu_usage", "network_in_bytes"];
const CONSUMER_METRICS: [&str; 2] = ["consumer_lag", "processing_time_ms"];
const COUNTERS: [(&str, AlertCounter); 2] = [
    ("failed_scaling_actions", AlertCounter::FailedScalingActions),
    ("scaling_actions_per_hour", AlertCounter::ScalingActionsPerHour),
];

pub(super) fn read(tree: &Node, check: &mut Check) -> Option<ThresholdPolicy> {
    let before = check.problems.len();
    let mut fields = check.open(tree, "", POLICY)?;
    if !fields.has("broker_scaling") && !fields.has("consumer_scaling") {
        let allowed = "broker_scaling or consumer_scaling, or both";
        fields.check().problem(&tree.place, "", "no loop".into(), allowed.into());
    }
    let period = span(&mut fields, "evaluate_every").filter(|span| !span.is_zero());
    if period.is_none() {
        fields.refuse("evaluate_every", "no time", "a span above zero, e.g. `60 s`");
    }
    let brokers = fields
        .map("broker_scaling", BROKERS)
        .and_then(|mut fields| read_loop(&mut fields, Target::Brokers, [BROKERS_UP, BROKERS_DOWN]));
    let consumers = fields.map("consumer_scaling", CONSUMERS).and_then(|mut fields| {
        read_loop(&mut fields, Target::Consumers, [CONSUMERS_UP, CONSUMERS_DOWN])
    });
    let alerts = read_alerts(&mut fields);
    let loops = brokers.into_iter().chain(consumers).collect();
    let policy = ThresholdPolicy::new(loops, period?, alerts);
    (check.problems.len() == before).then_some(policy)
}

fn read_loop(
    fields: &mut Fields<'_, '_>,
    target: Target,
    tables: [Table; 2],
) -> Option<ThresholdLoop> {
    let mut one = ThresholdLoop::new(target);
    one.metrics = read_metrics(fields, target);
    let mut most = None;
    if let Some(mut up) = fields.map("scale_up", tables[0]) {
        one.increment = up.count("increment").map_or(1, |n| n as u32);
        one.cooldown_up = span(&mut up, "cooldown")?;
        let key = match target {
            Target::Brokers => "max_brokers",
            Target::Consumers => "max_consumers_per_partition",
        };
        most = up.count(key).map(|n| n as u32);
    }
    one.most = match (target, most) {
        (_, None) => Most::Unbounded,
        (Target::Brokers, Some(most)) => Most::Fixed(most),
        (Target::Consumers, Some(each)) => Most::PerPartition(each),
    };
    if let Some(mut down) = fields.map("scale_down", tables[1]) {
        one.decrement = down.count("decrement").map_or(1, |n| n as u32);
        one.cooldown_down = span(&mut down, "cooldown")?;
        let key = match target {
            Target::Brokers => "min_brokers",
            Target::Consumers => "min_consumers",
        };
        one.least = down.count(key).map_or(1, |n| n as u32);
        if let Most::Fixed(most) = one.most
            && one.least > most
        {
            let found = format!("{} above max_brokers {most}", one.least);
            down.refuse(key, found, format!("at most {most}"));
        }
    }
    Some(one)
}

fn read_metrics(fields: &mut Fields<'_, '_>, target: Target) -> Vec<Watched> {
    let known = match target {
        Target::Brokers => BROKER_METRICS,
        Target::Consumers => CONSUMER_METRICS,
    };
    let items = fields.list("metrics");
    if items.is_empty() && fields.has("metrics") {
        fields.refuse("metrics", "no metric", format!("at least one of {}", known.join(", ")));
    }
    let base = fields.path_of("metrics");
    let mut metrics = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let path = format!("{base}/{index}");
        let Some(mut metric) = fields.check().open(item, &path, METRIC) else { continue };
        let name = metric.text("name");
        let aim = metric.number("target");
        let up = metric.number("scale_up_threshold");
        let down = metric.number("scale_down_threshold");
        if let (Some(up), Some(down)) = (up, down)
            && down >= up
        {
            let found = format!("`{down}`, not below scale_up_threshold `{up}`");
            metric.refuse("scale_down_threshold", found, format!("less than {up}"));
        }
        let Some(name) = name else { continue };
        if !known.contains(&name.as_str()) {
            let (place, path) = (metric.place_of("name"), metric.path_of("name"));
            metric.check().wrong_word(&place, &path, &name, known);
        }
        if let (Some(up), Some(down)) = (up, down) {
            metrics.push(Watched { metric: name, up, down, aim });
        }
    }
    metrics
}

fn read_alerts(fields: &mut Fields<'_, '_>) -> Vec<PolicyAlert> {
    let base = fields.path_of("alerts");
    let mut alerts = Vec::new();
    for (index, item) in fields.list("alerts").iter().enumerate() {
        let path = format!("{base}/{index}");
        let Some(mut alert) = fields.check().open(item, &path, ALERT) else { continue };
        let (name, action) = (alert.text("name"), alert.text("action"));
        let Some(condition) = alert.text("condition") else { continue };
        let parts = condition.split_once('>').map(|(word, n)| (word.trim(), n.trim()));
        let number = parts.and_then(|(_, n)| n.parse::<f64>().ok()).filter(|n| n.is_finite());
        let (Some((word, _)), Some(above)) = (parts, number) else {
            let allowed = "COUNTER > NUMBER, e.g. `failed_scaling_actions > 3`";
            alert.refuse("condition", format!("`{condition}`"), allowed);
            continue;
        };
        match COUNTERS.iter().find(|(name, _)| *name == word) {
            Some((_, counter)) => alerts.push(PolicyAlert {
                name: name.unwrap_or_default(),
                counter: *counter,
                above,
                action: action.unwrap_or_default(),
            }),
            None => {
                let place = alert.place_of("condition");
                let path = alert.path_of("condition");
                let words = COUNTERS.iter().map(|(name, _)| *name);
                alert.check().wrong_word(&place, &path, word, words);
            }
        }
    }
    alerts
}

/// Seconds as a bare number, as the exercise writes them, or a span with its unit.
fn span(fields: &mut Fields<'_, '_>, key: &str) -> Option<SimSpan> {
    let text = fields.text(key)?;
    let span = match text.parse::<f64>() {
        Ok(seconds) => SimSpan::from_base(seconds * 1e9),
        Err(_) => SimSpan::parse(&text),
    };
    if span.is_err() {
        fields.refuse(key, format!("`{text}`"), "seconds, or a span such as `5 min`");
    }
    span.ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::policy::ScalingPolicy;
    use crate::scenario::read::read_text;

    const SEED: &str =
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/models/policies/seed.yaml"));

    fn problems(text: &str) -> String {
        let mut check = Check::default();
        let policy = read(&read_text("p.yaml", text).unwrap(), &mut check);
        assert_eq!(policy.is_none(), !check.problems.is_empty());
        check.problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn the_file_of_the_exercise_reads_unchanged() {
        let mut check = Check::default();
        let policy = read(&read_text("p.yaml", SEED).unwrap(), &mut check).unwrap();
        assert_eq!(policy.period(), SimSpan::from_secs(60));
        assert_eq!(
            policy.metrics(),
            ["cpu_usage", "network_in_bytes", "consumer_lag", "processing_time_ms"]
        );
        let [brokers, consumers] = policy.loops() else { panic!("two loops") };
        assert_eq!((brokers.increment, brokers.least, brokers.most), (1, 3, Most::Fixed(10)));
        assert_eq!(brokers.cooldown_down, SimSpan::from_secs(3_600));
        assert_eq!(
            (consumers.increment, consumers.decrement, consumers.least, consumers.most),
            (2, 1, 3, Most::PerPartition(1))
        );
        assert_eq!(policy.alerts().len(), 2);
    }

    #[test]
    fn each_mistake_is_named_at_its_line() {
        for (from, to, expected) in [
            ("cpu_usage", "cpu_usge", "p.yaml:5:13: broker_scaling/metrics/0/name: found"),
            ("cpu_usage", "cpu_usge", "did you mean `cpu_usage`"),
            ("increment: 1", "increment: 0", "a whole number from 1 to 10000"),
            ("min_brokers: 3", "min_brokers: 11", "found 11 above max_brokers 10"),
            ("scale_down_threshold: 30", "scale_down_threshold: 70", "less than 70"),
            ("cooldown: 1800", "cooldown: -5", "seconds, or a span"),
            ("max_brokers", "max_broker", "did you mean `max_brokers`"),
            ("failed_scaling_actions > 3", "failed_scaling_action > 3", "did you mean"),
            ("failed_scaling_actions > 3", "too many", "COUNTER > NUMBER"),
        ] {
            assert!(SEED.contains(from));
            let found = problems(&SEED.replacen(from, to, 1));
            assert!(found.contains(expected), "{found}");
        }
        assert!(problems("alerts: []").contains("no loop"));
    }
}
