//! Somebody's own alert rules, judged on a simulated run: which fire, when, for how long.
//!
//! Rules are evaluated at multiples of their group's `interval` (one minute without it) on samples
//! of each minute, under the names of `metrics.om`. An alert is pending from the evaluation at
//! which its expression begins to hold for a series, fires when that is `for` ago, and ends with
//! the first evaluation at which it holds no more.

use super::promql::{Alert, Labels, Refusal, Sampled, Unknown, duration, parse};
use crate::error::{Error, Result, nearest_word};
use crate::form::{Check, Fields, Key, Shape, Table};
use crate::metrics::Run;
use crate::report::clock::Clock;
use crate::report::designs::finite;
use crate::report::formats::openmetrics;
use crate::report::formats::table::Table as Rows;
use crate::scenario::read::read_documents;
use crate::units::{SimSpan, SimTime};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The time between two evaluations when a group does not say.
const INTERVAL: &str = "1m";
/// Most evaluations of one rule.
const MOST_EVALUATIONS: u64 = 1_000_000;

const FILE: Table = &[
    Key::required("groups", Shape::List(&Shape::Map(GROUP)), "groups of rules"),
    Key::optional("namespace", Shape::Text, "without effect"),
];
/// The custom resource of the Prometheus operator.
const RESOURCE: Table = &[
    Key::optional("apiVersion", Shape::Text, "without effect"),
    Key::required("kind", Shape::Word(&["PrometheusRule"]), "the resource"),
    Key::optional("metadata", Shape::Foreign("map"), "without effect"),
    Key::required("spec", Shape::Map(FILE), "the rules"),
];
const GROUP: Table = &[
    Key::required("name", Shape::Text, "its name"),
    Key::default("interval", Shape::Text, INTERVAL, "time between evaluations"),
    Key::required("rules", Shape::List(&Shape::Map(RULE)), "its rules"),
    Key::optional("labels", Shape::Foreign("map of labels"), "without effect"),
];
const RULE: Table = &[
    Key::required("alert", Shape::Text, "its name"),
    Key::required("expr", Shape::Text, "an expression and a comparison with a number"),
    Key::default("for", Shape::Text, "0s", "how long it has to hold"),
    Key::optional("labels", Shape::Foreign("map of labels"), "shown"),
    Key::optional("annotations", Shape::Foreign("map of annotations"), "without effect"),
];

/// A rule of a file.
#[derive(Debug, Clone, PartialEq)]
pub struct AlertRule {
    /// Its name.
    pub name: String,
    /// Its expression as written.
    pub expr: String,
    /// How long it has to hold.
    pub hold: SimSpan,
    /// Time between evaluations.
    pub interval: SimSpan,
    /// Its `severity`, when it has one.
    pub severity: Option<String>,
    alert: Alert,
}

/// A time in which an alert fired.
#[derive(Debug, Clone, PartialEq)]
pub struct Firing {
    /// For which series.
    pub labels: Labels,
    /// Since when.
    pub at: SimTime,
    /// For how long, within the run.
    pub lasted: SimSpan,
    /// Whether the run ended first.
    pub open: bool,
}

/// A rule with what became of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Judged {
    /// The rule.
    pub rule: AlertRule,
    /// When it fired; or what the simulation does not know of its expression.
    pub firings: std::result::Result<Vec<Firing>, Unknown>,
}

/// Reads a file of rules: Prometheus' own form, or `PrometheusRule` resources.
///
/// # Errors
/// All problems with file and line: unknown keys, recording rules, expressions that are not taken.
pub fn read(file: &str, text: &str) -> Result<Vec<AlertRule>> {
    let mut check = Check::default();
    let mut rules = Vec::new();
    for tree in read_documents(file, text)? {
        if tree.get("kind").is_some() {
            if let Some(mut fields) = check.open(&tree, "", RESOURCE) {
                fields.word("kind");
                if let Some(mut spec) = fields.map("spec", FILE) {
                    read_groups(&mut spec, &mut rules);
                }
            }
        } else if let Some(mut fields) = check.open(&tree, "", FILE) {
            read_groups(&mut fields, &mut rules);
        }
    }
    if check.problems.is_empty() { Ok(rules) } else { Err(Error::input(check.problems)) }
}

fn read_groups(fields: &mut Fields<'_, '_>, rules: &mut Vec<AlertRule>) {
    let base = fields.path_of("groups");
    for (index, item) in fields.list("groups").iter().enumerate() {
        let path = format!("{base}/{index}");
        let Some(mut group) = fields.check().open(item, &path, GROUP) else { continue };
        group.text("name");
        let interval = time(&mut group, "interval");
        let base = group.path_of("rules");
        for (index, item) in group.list("rules").iter().enumerate() {
            let path = format!("{base}/{index}");
            if let Some(record) = item.get("record") {
                let allowed = "alert rules; a recorded series can be written out in `expr`";
                group.check().problem(&record.place, &path, "`record`".into(), allowed.into());
                continue;
            }
            let rule = group.check().open(item, &path, RULE);
            rules.extend(rule.and_then(|mut rule| read_rule(&mut rule, interval?)));
        }
    }
}

fn read_rule(fields: &mut Fields<'_, '_>, interval: SimSpan) -> Option<AlertRule> {
    let (name, expr) = (fields.text("alert"), fields.text("expr"));
    let hold = time(fields, "for");
    let severity = fields.raw("labels").and_then(|labels| labels.get("severity")?.text());
    let severity = severity.map(str::to_owned);
    let expr = expr?;
    let alert = match parse(&expr) {
        Ok(alert) => Some(alert),
        Err(Refusal { column, found, allowed }) => {
            let found = format!("{found} at character {column} of `{}`", expr.trim());
            fields.refuse("expr", found, allowed);
            None
        }
    };
    Some(AlertRule { name: name?, expr, hold: hold?, interval, severity, alert: alert? })
}

/// A time of Prometheus; only `for` may be none.
fn time(fields: &mut Fields<'_, '_>, key: &str) -> Option<SimSpan> {
    let text = fields.text(key)?;
    if key == "for" && ["0", "0s", "0m"].contains(&text.as_str()) {
        return Some(SimSpan::ZERO);
    }
    let span = duration(&text);
    if span.is_none() {
        fields.refuse(key, format!("`{text}`"), "a time such as 30s, 5m, 1h30m or 1d");
    }
    span
}

/// Judges rules on a run.
///
/// # Errors
/// An interval that is too short for the length of the run.
pub fn judge(rules: &[AlertRule], run: &Run) -> Result<Vec<Judged>> {
    let sampled = openmetrics::sampled(run);
    rules.iter().map(|rule| judge_one(rule, &sampled, run.duration)).collect()
}

fn judge_one(rule: &AlertRule, sampled: &[Sampled], duration: SimSpan) -> Result<Judged> {
    let evaluations = duration.as_nanos() / rule.interval.as_nanos().max(1);
    if evaluations > MOST_EVALUATIONS {
        return Err(Error::usage(format!(
            "found {evaluations} evaluations of {}; allowed are {MOST_EVALUATIONS}: a longer \
             interval",
            rule.name
        )));
    }
    if let Some(unknown) = rule.alert.unknown(sampled) {
        return Ok(Judged { rule: rule.clone(), firings: Err(unknown) });
    }
    let mut since: BTreeMap<Labels, SimTime> = BTreeMap::new();
    let mut firings: Vec<Firing> = Vec::new();
    for k in 0..=evaluations {
        let at = SimTime::ZERO.saturating_add(rule.interval * k);
        let holding = rule.alert.holds(sampled, at);
        let holding: Vec<Labels> = holding.into_iter().map(|(labels, _)| labels).collect();
        for one in firings.iter_mut().filter(|one| one.open) {
            one.lasted = at - one.at;
            one.open = holding.contains(&one.labels);
        }
        since.retain(|labels, _| holding.contains(labels));
        for labels in holding {
            let begin = *since.entry(labels.clone()).or_insert(at);
            let fires = at.saturating_since(begin) >= rule.hold;
            if fires && !firings.iter().any(|one| one.open && one.labels == labels) {
                firings.push(Firing { labels, at, lasted: SimSpan::ZERO, open: true });
            }
        }
    }
    let end = SimTime::ZERO.saturating_add(duration);
    for one in firings.iter_mut().filter(|one| one.open) {
        one.lasted = end - one.at;
    }
    Ok(Judged { rule: rule.clone(), firings: Ok(firings) })
}

/// The rules for people, one row each.
pub fn table(judged: &[Judged], run: &Run) -> Rows {
    let clock = Clock::new(&run.start, SimTime::ZERO.saturating_add(run.duration));
    let mut table = Rows::new(&["alert", "fires", "first at", "lasts", "in all", "for"]);
    for one in judged {
        let firings = match &one.firings {
            Ok(firings) => firings,
            Err(unknown) => {
                let dash = || "-".to_owned();
                table.row(&[
                    one.rule.name.clone(),
                    words(unknown, run),
                    dash(),
                    dash(),
                    dash(),
                    dash(),
                ]);
                continue;
            }
        };
        let first = firings.first();
        let total = firings.iter().map(|one| one.lasted.as_secs_f64()).sum();
        let labels: Vec<String> = first
            .into_iter()
            .flat_map(|first| first.labels.iter().map(|(key, value)| format!("{key}={value}")))
            .collect();
        table.row(&[
            one.rule.name.clone(),
            match firings.len() {
                0 => "never".to_owned(),
                1 => "once".to_owned(),
                more => format!("{more} times"),
            },
            first.map_or_else(|| "-".to_owned(), |first| clock.text(first.at)),
            first.map_or_else(
                || "-".to_owned(),
                |first| {
                    let end = if first.open { ", until the end" } else { "" };
                    format!("{}{end}", first.lasted.to_prose())
                },
            ),
            if firings.is_empty() {
                "-".to_owned()
            } else {
                SimSpan::from_secs_f64(total).to_prose()
            },
            if labels.is_empty() { "-".to_owned() } else { labels.join(", ") },
        ]);
    }
    table
}

/// Why a rule was not judged.
fn words(unknown: &Unknown, run: &Run) -> String {
    match unknown {
        Unknown::Metric(name) => {
            let names = openmetrics::names(run);
            let near = nearest_word(name, names.iter().map(String::as_str));
            let near = near.map_or_else(String::new, |word| format!(" (did you mean {word}?)"));
            format!("not judged: no {name} is simulated{near}")
        }
        Unknown::Label { label, metric } => {
            format!("not judged: {metric} has no label {label} in the simulation")
        }
    }
}

/// The same for programs.
pub fn json(judged: &[Judged], run: &Run) -> Value {
    let firing = |one: &Firing| {
        json!({
            "labels": one.labels,
            "t_s": finite(one.at.as_secs_f64()),
            "lasted_s": finite(one.lasted.as_secs_f64()),
            "open": one.open,
        })
    };
    let rule = |one: &Judged| {
        let firings = one.firings.as_ref().ok();
        json!({
            "alert": one.rule.name,
            "expr": one.rule.expr,
            "for_s": one.rule.hold.as_secs_f64(),
            "severity": one.rule.severity,
            "judged": one.firings.is_ok(),
            "reason": one.firings.as_ref().err().map(|unknown| words(unknown, run)),
            "firings": firings.map(|all| all.iter().map(firing).collect::<Vec<Value>>()),
        })
    };
    Value::Array(judged.iter().map(rule).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sampled(values: &[f64]) -> Vec<Sampled> {
        let at = |n: usize| SimTime::ZERO + SimSpan::from_secs(60 * n as u64);
        vec![Sampled {
            name: "lag".into(),
            labels: [("group".to_owned(), "a".to_owned())].into(),
            samples: values.iter().enumerate().map(|(n, value)| (at(n), *value)).collect(),
        }]
    }

    fn fired(hold: &str, interval: &str, values: &[f64]) -> Vec<(f64, f64, bool)> {
        let text = format!(
            "groups:\n  - name: g\n    interval: {interval}\n    rules:\n      - alert: A\n        \
             expr: lag > 1\n        for: {hold}\n"
        );
        let rule = read("a.yaml", &text).unwrap().swap_remove(0);
        let length = SimSpan::from_secs(60 * (values.len() as u64 - 1));
        let judged = judge_one(&rule, &sampled(values), length).unwrap();
        let firing = |one: Firing| (one.at.as_secs_f64(), one.lasted.as_secs_f64(), one.open);
        judged.firings.unwrap().into_iter().map(firing).collect()
    }

    #[test]
    fn an_alert_fires_after_it_held_and_ends_with_the_first_look_that_fails() {
        let values = [0.0, 2.0, 2.0, 2.0, 2.0, 0.0, 2.0, 0.0, 2.0, 2.0, 2.0, 2.0];
        assert_eq!(fired("2m", "1m", &values), [(180.0, 120.0, false), (600.0, 60.0, true)]);
        // Looking twice a minute sees the same samples; every three minutes sees less.
        assert_eq!(fired("2m", "30s", &values), [(180.0, 120.0, false), (600.0, 60.0, true)]);
        assert_eq!(fired("0s", "3m", &values), [(180.0, 480.0, true)]);
        assert!(fired("1h", "1m", &values).is_empty());
    }

    #[test]
    fn files_are_refused_at_their_line() {
        let good = "groups:\n  - name: g\n    rules:\n      - alert: A\n        expr: lag > 1\n\
            \x20       for: 5m\n        labels: {severity: page}\n";
        assert_eq!(read("a.yaml", good).unwrap()[0].severity.as_deref(), Some("page"));
        let resource =
            format!("kind: PrometheusRule\nspec:\n  {}", good.trim_end().replace('\n', "\n  "));
        assert_eq!(read("a.yaml", &resource).unwrap().len(), 1);
        for (from, to, words) in [
            ("lag > 1", "lag >", ["a.yaml:5:15", "a number to compare with"]),
            ("lag > 1", "topk(1, lag) > 1", ["`topk` at character 1", "sum avg max min"]),
            ("for: 5m", "for: 5 min", ["a.yaml:6:14", "30s, 5m"]),
            ("for: 5m", "four: 5m", ["a.yaml:6:9", "did you mean `for`"]),
            ("alert: A", "record: A", ["a.yaml:4:17", "alert rules"]),
            ("name: g", "nam: g", ["a.yaml:2:5", "`name`"]),
            ("groups:", "group:", ["a.yaml:1:1", "groups"]),
            ("name: g\n", "name: g\n    interval: 0s\n", ["interval", "30s, 5m"]),
        ] {
            let error = read("a.yaml", &good.replacen(from, to, 1)).unwrap_err();
            assert_eq!(error.exit_code(), 2);
            let text = error.to_string();
            assert!(words.iter().all(|word| text.contains(word)), "{text}");
        }
    }
}
