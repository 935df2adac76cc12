//! How a sweep is drawn, what is asked of it, and what the best design is.

use super::file::{MOST_TRIALS, Method, Rank, Stop};
use crate::form::{Fields, Key, Shape, Table};
use crate::units::{Quantity, Ratio};

const METHODS: &[&str] = &["random", "latin_hypercube", "sobol"];
const STOPS: &[&str] = &["p_slo", "cost", "rank"];
pub(super) const DRAW: Table = &[
    Key::default("method", Shape::Word(METHODS), "random", "how values are spread"),
    Key::default("at_least", Shape::Count { min: 2, max: MOST_TRIALS }, "10", "fewest trials"),
    Key::default("at_most", Shape::Count { min: 2, max: MOST_TRIALS }, "100", "most trials"),
    Key::optional("stop", Shape::Map(STOP), "when a design has enough trials"),
];
const STOP: Table = &[
    Key::required("ask", Shape::Word(STOPS), "whose interval is looked at"),
    Key::optional("half_width", Shape::quantity::<Ratio>(), "of its 95 % interval; of its mean"),
];
pub(super) const ASK: Table = &[
    Key::default("p_slo", Shape::Word(&["all"]), "all", "chance that all objectives are met"),
    Key::default("cost", Shape::Word(&["total", "none"]), "total", "what a run costs"),
    Key::optional("quantiles", Shape::List(&Shape::quantity::<Ratio>()), "of each measure"),
];
pub(super) const RANK: Table = &[
    Key::default("minimise", Shape::Word(&["cost"]), "cost", "what the best has least of"),
    Key::required("subject_to", Shape::Text, "`p_slo ≥ SHARE`"),
    Key::default("confidence", Shape::quantity::<Ratio>(), "95 %", "of all verdicts together"),
];

pub(super) fn draw(fields: &mut Fields<'_, '_>) -> Option<(Method, u64, u64, Stop)> {
    if !fields.has("draw") {
        return Some((Method::Random, 10, 100, Stop::Never));
    }
    let mut draw = fields.map("draw", DRAW)?;
    let method = match draw.word("method")? {
        0 => Method::Random,
        1 => Method::LatinHypercube,
        _ => Method::Sobol,
    };
    let (at_least, at_most) = (draw.count("at_least")?, draw.count("at_most")?);
    if at_least > at_most {
        draw.refuse("at_most", format!("`{at_most}`"), format!("at least {at_least}"));
    }
    if method == Method::Sobol && at_most > 1 << 16 {
        draw.refuse("at_most", format!("`{at_most}`"), "at most 65536 with `method: sobol`");
    }
    let stop = if draw.has("stop") { stop(&mut draw.map("stop", STOP)?)? } else { Stop::Never };
    Some((method, at_least, at_most, stop))
}

fn stop(fields: &mut Fields<'_, '_>) -> Option<Stop> {
    let ask = fields.word("ask")?;
    let width = fields.quantity::<Ratio>("half_width").map(Ratio::get);
    match (ask, width) {
        (0, Some(width)) if width > 0.0 => Some(Stop::Chance(width)),
        (1, Some(width)) if width > 0.0 => Some(Stop::Cost(width)),
        (2, None) => Some(Stop::Rank),
        (2, Some(_)) => {
            fields.refuse("half_width", "a width", "none with `ask: rank`");
            None
        }
        _ => {
            fields.refuse("half_width", "no width above 0", "a share, e.g. `2 %`");
            None
        }
    }
}

pub(super) fn ask(fields: &mut Fields<'_, '_>) -> (bool, Vec<f64>) {
    const USUAL: [f64; 5] = [0.05, 0.25, 0.5, 0.75, 0.95];
    if !fields.has("ask") {
        return (true, USUAL.to_vec());
    }
    let Some(mut ask) = fields.map("ask", ASK) else { return (true, USUAL.to_vec()) };
    ask.word("p_slo");
    let cost = ask.word("cost") == Some(0);
    if !ask.has("quantiles") {
        return (cost, USUAL.to_vec());
    }
    let mut quantiles = Vec::new();
    for node in ask.list("quantiles") {
        let share = node.text().and_then(|text| Ratio::parse(text).ok()).map(Ratio::get);
        match share.filter(|share| *share > 0.0 && *share < 1.0) {
            Some(share) => quantiles.push(share),
            None => ask.check().problem(
                &node.place,
                "ask/quantiles",
                node.describe(),
                "a share between 0 and 1, e.g. `0.95`".to_owned(),
            ),
        }
    }
    quantiles.sort_by(f64::total_cmp);
    quantiles.dedup();
    (cost, quantiles)
}

pub(super) fn rank(fields: &mut Fields<'_, '_>) -> Option<Rank> {
    if !fields.has("rank") {
        return None;
    }
    let mut rank = fields.map("rank", RANK)?;
    rank.word("minimise");
    let text = rank.text("subject_to")?;
    let share = text.trim().strip_prefix("p_slo").map(str::trim_start);
    let share = share.and_then(|rest| rest.strip_prefix('≥').or_else(|| rest.strip_prefix(">=")));
    let share = share.and_then(|share| Ratio::parse(share.trim()).ok()).map(Ratio::get);
    let Some(share) = share.filter(|share| *share > 0.0 && *share < 1.0) else {
        rank.refuse("subject_to", format!("`{text}`"), "`p_slo ≥ SHARE`, e.g. `p_slo ≥ 95 %`");
        return None;
    };
    let confidence = rank.quantity::<Ratio>("confidence")?.get();
    if !(0.5..1.0).contains(&confidence) {
        rank.refuse("confidence", format!("`{confidence}`"), "a share from 0.5 to below 1");
        return None;
    }
    Some(Rank { share, confidence })
}
