//! A test file for `promtool test rules`: the simulated series, and when each alert fires.

use super::rules::Rule;
use super::{RULES, quoted};
use crate::metrics::Run;
use crate::report::formats::openmetrics;
use crate::units::SimTime;

/// Firings of a rule that the test looks at.
const MOST: usize = 20;

/// The file: each alert is absent before, present at the beginning, and absent after its end.
pub fn promtool_test(run: &Run, rules: &[Rule], runbook: &str) -> String {
    let mut text = format!(
        "rule_files: [{RULES}]\nevaluation_interval: 1m\n\
         tests:\n  - interval: 1m\n    input_series:\n"
    );
    let asked = |metric: &str| rules.iter().any(|rule| rule.expr.contains(metric));
    for (metric, labels, values) in openmetrics::samples(run) {
        if asked(&metric) {
            let values: Vec<String> = values.iter().map(ToString::to_string).collect();
            let series = quoted(&format!("{metric}{labels}"));
            text.push_str(&format!("      - series: {series}\n"));
            text.push_str(&format!("        values: \"{}\"\n", values.join(" ")));
        }
    }
    text.push_str("    alert_rule_test:\n");
    for rule in rules {
        let firings = rule.firings();
        let end = rule.values.last().map_or(SimTime::ZERO, |(at, _)| *at);
        for (start, lasted) in firings.iter().take(MOST) {
            let before = rule.values.iter().map(|(at, _)| *at).rfind(|at| at < start);
            text.extend(before.map(|at| check(rule, at, None)));
            text.push_str(&check(rule, *start, Some(runbook)));
            let stop = start.saturating_add(*lasted);
            if stop < end {
                text.push_str(&check(rule, stop, None));
            }
        }
        if firings.is_empty() {
            text.push_str(&check(rule, end, None));
        }
    }
    text
}

/// One look at a rule; with a runbook it has to fire.
fn check(rule: &Rule, at: SimTime, fires: Option<&str>) -> String {
    let seconds = (at - SimTime::ZERO).as_nanos() / 1_000_000_000;
    let mut text = format!("      - eval_time: {seconds}s\n        alertname: {}\n", rule.name);
    let Some(runbook) = fires else {
        text.push_str("        exp_alerts: []\n");
        return text;
    };
    text.push_str("        exp_alerts:\n          - exp_labels:\n");
    for (label, value) in &rule.labels {
        text.push_str(&format!("              {label}: {}\n", quoted(value)));
    }
    text.push_str("            exp_annotations:\n");
    for (name, value) in rule.annotations(runbook) {
        text.push_str(&format!("              {name}: {}\n", quoted(&value)));
    }
    text
}
