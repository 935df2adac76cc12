//! Policies in kafsim's own words that follow a model: `policy: pid`, `holt_winters`, `oracle`.

use super::own::{MAX, MIN, POLICY, bounds, span};
use crate::form::{Fields, Key, Shape, Table};
use crate::model::policies::{
    OraclePolicy, OracleSettings, PidPolicy, PidSettings, Policy, PredictivePolicy,
    PredictiveSettings, Smoothing,
};
use crate::units::SimSpan;

const SPAN: Shape = Shape::quantity::<SimSpan>();
const SHARE: Shape = Shape::Number { min: 0.0, max: 1.0 };
const GAIN: Shape = Shape::Number { min: 0.0, max: 1e6 };
const UTILISATION: Key = Key::default(
    "utilisation",
    Shape::Number { min: 0.01, max: 1.0 },
    "0.8",
    "share of what the members can do to use",
);
const PERIOD: Key = Key::default("evaluate_every", SPAN, "1 min", "time between looks");

pub(super) const PID: Table = &[
    POLICY,
    Key::required("target", SPAN, "age of the backlog to hold: lag over input rate"),
    Key::required("proportional", GAIN, "members for each second of error"),
    Key::default("integral", GAIN, "0", "members per second for each second of error"),
    Key::default("derivative", GAIN, "0", "members for each second per second of growth"),
    Key::default("band", SHARE, "0.1", "errors up to this part of the target are none"),
    MIN,
    MAX,
    PERIOD,
];
pub(super) const HOLT_WINTERS: Table = &[
    POLICY,
    Key::default("level", SHARE, "0.5", "weight of the newest value in the level"),
    Key::default("trend", SHARE, "0.1", "weight of the newest change in the trend"),
    Key::default("seasonal", SHARE, "0.3", "weight of the newest value in the seasonal part"),
    Key::optional("season", SPAN, "time after which the load repeats; without it none does"),
    Key::default("horizon", SPAN, "2 min", "how far it looks ahead: at least a start-up"),
    Key::default("hold", SPAN, "5 min", "a smaller size waits for so long"),
    UTILISATION,
    MIN,
    MAX,
    PERIOD,
];
pub(super) const ORACLE: Table = &[
    POLICY,
    UTILISATION,
    Key::optional("lead", SPAN, "how far ahead it acts; a start-up (p95) without it"),
    MIN,
    MAX,
    PERIOD,
];

pub(super) fn pid(fields: &mut Fields<'_, '_>) -> Option<Policy> {
    fields.word("policy");
    let (min, max) = bounds(fields)?;
    Some(Policy::from(PidPolicy::new(PidSettings {
        target: span(fields, "target")?,
        proportional: fields.number("proportional")?,
        integral: fields.number("integral")?,
        derivative: fields.number("derivative")?,
        band: fields.number("band")?,
        min,
        max,
        period: span(fields, "evaluate_every")?,
    })))
}

pub(super) fn holt_winters(fields: &mut Fields<'_, '_>) -> Option<Policy> {
    fields.word("policy");
    let (min, max) = bounds(fields)?;
    let period = span(fields, "evaluate_every")?;
    let steps = if fields.has("season") { Some(season(fields, period)?) } else { None };
    let smoothing = Smoothing {
        level: fields.number("level")?,
        trend: fields.number("trend")?,
        season: fields.number("seasonal")?,
        steps,
    };
    Some(Policy::from(PredictivePolicy::new(PredictiveSettings {
        smoothing,
        horizon: span(fields, "horizon")?,
        hold: fields.quantity("hold")?,
        utilisation: fields.number("utilisation")?,
        min,
        max,
        period,
    })))
}

/// Steps of a season: whole and at least two.
fn season(fields: &mut Fields<'_, '_>, period: SimSpan) -> Option<usize> {
    let season = span(fields, "season")?;
    let steps = season.as_nanos() / period.as_nanos();
    if !season.as_nanos().is_multiple_of(period.as_nanos()) || !(2..=100_000).contains(&steps) {
        let allowed =
            format!("a multiple of evaluate_every ({}), 2 to 100000 times", period.to_prose());
        fields.refuse("season", season.to_prose(), allowed);
        return None;
    }
    Some(steps as usize)
}

pub(super) fn oracle(fields: &mut Fields<'_, '_>) -> Option<Policy> {
    fields.word("policy");
    let (min, max) = bounds(fields)?;
    let lead = if fields.has("lead") { Some(span(fields, "lead")?) } else { None };
    Some(Policy::from(OraclePolicy::new(OracleSettings {
        utilisation: fields.number("utilisation")?,
        lead,
        min,
        max,
        period: span(fields, "evaluate_every")?,
    })))
}
