//! `slo`: METRIC(ENTITY)[.STAT] (<|≤|>|≥) QUANTITY [in P % of (time | SPAN windows)].

use crate::cluster::{GroupId, ProducerId};
use crate::error::nearest_word;
use crate::form::{Fields, one_of};
use crate::scenario::objective::{Comparison, Metric, Objective, Stat, Window};
use crate::units::{Quantity, Ratio, Records, SimSpan};

const GRAMMAR: &str = "METRIC(ENTITY)[.STAT] < QUANTITY [in P % of (time | SPAN windows)], e.g. \
    `lag(billing) < 100 k in 99 % of time`";
const METRICS: [&str; 5] = ["lag", "lag_seconds", "publish", "e2e", "broker_cpu"];
/// Metrics of the grammar that no engine answers.
const NOT_YET: [&str; 2] = ["availability", "under_replicated"];

/// Names that objectives may use.
#[derive(Debug, Clone, Copy)]
pub(super) struct Names<'n> {
    pub producers: &'n [String],
    pub groups: &'n [String],
}

/// What is wrong with an objective.
struct Wrong {
    found: String,
    allowed: String,
    nearest: Option<String>,
}

impl Wrong {
    fn new(found: &str, allowed: impl Into<String>) -> Self {
        Self { found: format!("`{found}`"), allowed: allowed.into(), nearest: None }
    }
}

pub(super) fn read(fields: &mut Fields<'_, '_>, names: Names<'_>) -> Option<Vec<Objective>> {
    let mut objectives = Vec::new();
    let mut sound = true;
    for (index, item) in fields.list("slo").iter().enumerate() {
        let path = format!("slo/{index}");
        let text = item.text().unwrap_or_default();
        match objective(text, names) {
            Ok(objective) => {
                fields.check().note(path, text.to_owned(), item.place.to_string());
                objectives.push(objective);
            }
            Err(wrong) => {
                sound = false;
                fields.check().problems.push(crate::error::Problem {
                    place: item.place.clone(),
                    path,
                    found: wrong.found,
                    allowed: wrong.allowed,
                    nearest: wrong.nearest,
                });
            }
        }
    }
    sound.then_some(objectives)
}

fn objective(text: &str, names: Names<'_>) -> Result<Objective, Wrong> {
    let grammar = || Wrong::new(text, GRAMMAR);
    let (subject, rest) = split_comparison(text).ok_or_else(grammar)?;
    let (comparison, rest) = rest;
    let (quantity, window) = match rest.split_once(" in ") {
        Some((quantity, window)) => (quantity.trim(), Some(window.trim())),
        None => (rest.trim(), None),
    };
    let (name, rest) = subject.split_once('(').ok_or_else(grammar)?;
    let (entity, stat) = rest.split_once(')').ok_or_else(grammar)?;
    let metric = metric(name.trim(), entity.trim(), names)?;
    let stat = match stat.trim() {
        "" => None,
        dotted => Some(self::stat(dotted)?),
    };
    let limit = limit(metric, quantity)?;
    let window = window.map_or(Ok(Window::Run), self::window)?;
    Ok(Objective { text: text.to_owned(), metric, stat, comparison, limit, window })
}

fn split_comparison(text: &str) -> Option<(&str, (Comparison, &str))> {
    let at = text.find(['<', '>', '≤', '≥'])?;
    let (subject, rest) = text.split_at(at);
    let signs = [
        ("<=", Comparison::AtMost),
        (">=", Comparison::AtLeast),
        ("≤", Comparison::AtMost),
        ("≥", Comparison::AtLeast),
        ("<", Comparison::Below),
        (">", Comparison::Above),
    ];
    let (sign, comparison) = signs.into_iter().find(|(sign, _)| rest.starts_with(sign))?;
    Some((subject.trim(), (comparison, &rest[sign.len()..])))
}

fn metric(name: &str, entity: &str, names: Names<'_>) -> Result<Metric, Wrong> {
    if NOT_YET.contains(&name) {
        let allowed = format!("{}: `{name}` is not simulated yet", METRICS.join(", "));
        return Err(Wrong::new(name, allowed));
    }
    let of = |entities: &[String]| {
        entities.iter().position(|one| one == entity).ok_or_else(|| {
            let words: Vec<&str> = entities.iter().map(String::as_str).collect();
            let mut wrong = Wrong::new(entity, one_of(&words));
            wrong.nearest = nearest_word(entity, words).map(str::to_owned);
            wrong
        })
    };
    let group = || of(names.groups).map(GroupId::from_index);
    match name {
        "lag" => group().map(Metric::Lag),
        "lag_seconds" => group().map(Metric::LagSeconds),
        "e2e" => group().map(Metric::EndToEnd),
        "publish" => of(names.producers).map(ProducerId::from_index).map(Metric::Publish),
        "broker_cpu" => match entity {
            "" | "cluster" => Ok(Metric::BrokerCpu),
            _ => Err(Wrong::new(entity, "broker_cpu(cluster)")),
        },
        _ => {
            let mut wrong = Wrong::new(name, one_of(&METRICS));
            wrong.nearest = nearest_word(name, METRICS).map(str::to_owned);
            Err(wrong)
        }
    }
}

fn stat(text: &str) -> Result<Stat, Wrong> {
    let word = text.trim_start_matches('.');
    match word {
        "mean" => return Ok(Stat::Mean),
        "max" => return Ok(Stat::Max),
        _ => {}
    }
    let digits = word.strip_prefix('p').filter(|digits| {
        (1..=5).contains(&digits.len()) && digits.chars().all(|c| c.is_ascii_digit())
    });
    // p99 is 0.99, p999 is 0.999.
    let share = digits.and_then(|digits| format!("0.{digits}").parse::<f64>().ok());
    share
        .filter(|share| *share > 0.0)
        .map(Stat::Quantile)
        .ok_or_else(|| Wrong::new(word, "mean, max or a quantile such as p99"))
}

fn limit(metric: Metric, text: &str) -> Result<f64, Wrong> {
    let wrong = |error: crate::units::QuantityError| Wrong {
        found: error.found,
        allowed: error.allowed,
        nearest: None,
    };
    match metric {
        Metric::Lag(_) => Records::parse(text).map(Records::as_f64).map_err(wrong),
        Metric::Publish(_) | Metric::EndToEnd(_) => {
            SimSpan::parse(text).map(SimSpan::as_millis_f64).map_err(wrong)
        }
        Metric::LagSeconds(_) => SimSpan::parse(text).map(SimSpan::as_secs_f64).map_err(wrong),
        Metric::BrokerCpu => Ratio::parse(text).map(Ratio::get).map_err(wrong),
    }
}

fn window(text: &str) -> Result<Window, Wrong> {
    let wrong = || Wrong::new(text, "`99 % of time` or `99 % of 1 min windows`");
    let (share, rest) = text.split_once(" of ").ok_or_else(wrong)?;
    let share = Ratio::parse(share).map_err(|_| wrong())?.get();
    match rest.trim() {
        "time" | "the time" => Ok(Window::Time { share }),
        rest => {
            let span = rest.strip_suffix("windows").ok_or_else(wrong)?;
            let span = SimSpan::parse(span.trim()).map_err(|_| wrong())?;
            if span < SimSpan::from_secs(1) {
                return Err(Wrong::new(text, "windows of at least 1 s"));
            }
            Ok(Window::Windows { share, span })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Objective, String> {
        let (producers, groups) = (["shop".to_owned()], ["billing".to_owned()]);
        objective(text, Names { producers: &producers, groups: &groups }).map_err(|wrong| {
            format!("{} / {} / {}", wrong.found, wrong.allowed, wrong.nearest.unwrap_or_default())
        })
    }

    #[test]
    fn the_grammar_reads() {
        let one = read("lag(billing) < 100 k in 99 % of time").unwrap();
        assert_eq!(one.metric, Metric::Lag(GroupId(0)));
        assert_eq!(one.window, Window::Time { share: 0.99 });
        assert!((one.limit - 1e5).abs() < 1e-9);
        let one = read("lag_seconds(billing).p99 ≤ 2 min in 95 % of 5 min windows").unwrap();
        assert_eq!(one.stat, Some(Stat::Quantile(0.99)));
        assert_eq!(one.window, Window::Windows { share: 0.95, span: SimSpan::from_secs(300) });
        let one = read("publish(shop).p99 < 50 ms in 99 % of 1 min windows").unwrap();
        assert_eq!((one.metric, one.limit), (Metric::Publish(ProducerId(0)), 50.0));
        assert_eq!(read("e2e(billing).p999 < 1 s").unwrap().limit, 1_000.0);
        assert_eq!(read("broker_cpu(cluster).mean <= 70 %").unwrap().window, Window::Run);
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, word) in [
            ("lag(biling) < 5 k", "billing"),
            ("lagg(billing) < 5 k", "lag"),
            ("availability(shop) > 99 %", "not simulated yet"),
            ("publish(shpo).p99 < 50 ms", "shop"),
            ("publish(shop).p99 < 50 k", "50 k"),
            ("lag(billing) 5 k", "METRIC(ENTITY)"),
            ("lag(billing) < 5 ms", "records"),
            ("lag(billing).p0 < 5 k", "a quantile such as p99"),
            ("lag(billing) < 5 k in 200 % of time", "99 % of time"),
            ("lag(billing) < 5 k in 99 % of 0 s windows", "at least 1 s"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(word), "{text}: {error}");
        }
    }
}
