//! A sweep file becomes a [`Sweep`]: designs, what is uncertain, how it is drawn and judged.

use super::law::Law;
use crate::chance::Distribution;
use crate::error::{Error, Result};
use crate::form::{Check, Fields, Key, Node, Shape, Table};
use crate::scenario::{LoadOptions, Template, read, source};
use crate::units::{Frequency, Quantity, Ratio, SimSpan};

/// Most trials of a design.
pub const MOST_TRIALS: u64 = 100_000;
/// Most designs.
pub const MOST_DESIGNS: usize = 1_000;
/// The schema that this program reads.
const SCHEMA: &str = "kafsim/sweep/1";

/// The keys of a sweep.
pub const SWEEP: Table = &[
    Key::default("schema", Shape::Word(&[SCHEMA]), SCHEMA, "version of this format"),
    Key::required("name", Shape::Text, "its name, which names the output folder"),
    Key::required("scenario", Shape::Text, "the scenario that varies, relative to this file"),
    Key::optional(
        "vary",
        Shape::List(&Shape::Map(super::designs::AXIS)),
        "designs: every combination",
    ),
    Key::optional(
        "designs",
        Shape::List(&Shape::Map(super::designs::NAMED)),
        "designs by name, times `vary`",
    ),
    Key::optional("uncertain", Shape::List(&Shape::Map(UNCERTAIN)), "what chance decides"),
    Key::optional("draw", Shape::Map(DRAW), "how often and how it is drawn"),
    Key::optional("ask", Shape::Map(ASK), "what is told of each design"),
    Key::optional("rank", Shape::Map(RANK), "which design is the best"),
];
const UNCERTAIN: Table = &[
    Key::optional("path", Shape::Text, "path of a scenario's value"),
    Key::optional("factor", Shape::Text, "KIND/NAME/KEY of a card's value that is multiplied"),
    Key::optional("fault", Shape::Text, "a word of the timeline that happens at random times"),
    Key::optional("like", Shape::Text, "the distribution of the value or of the factor"),
    Key::optional("rate", Shape::quantity::<Frequency>(), "how often the fault happens"),
    Key::optional("lasts", Shape::distribution::<SimSpan>(), "how long it lasts"),
    Key::optional("group", Shape::Text, "the fault's group"),
    Key::optional("broker", Shape::Text, "the fault's broker, or `any`"),
    Key::optional("count", Shape::Count { min: 1, max: 100_000 }, "how many it hits"),
];
const METHODS: &[&str] = &["random", "latin_hypercube", "sobol"];
const STOPS: &[&str] = &["p_slo", "cost", "rank"];
const DRAW: Table = &[
    Key::default("method", Shape::Word(METHODS), "random", "how values are spread"),
    Key::default("at_least", Shape::Count { min: 2, max: MOST_TRIALS }, "10", "fewest trials"),
    Key::default("at_most", Shape::Count { min: 2, max: MOST_TRIALS }, "100", "most trials"),
    Key::optional("stop", Shape::Map(STOP), "when a design has enough trials"),
];
const STOP: Table = &[
    Key::required("ask", Shape::Word(STOPS), "whose interval is looked at"),
    Key::optional("half_width", Shape::quantity::<Ratio>(), "of its 95 % interval; of its mean"),
];
const ASK: Table = &[
    Key::default("p_slo", Shape::Word(&["all"]), "all", "chance that all objectives are met"),
    Key::default("cost", Shape::Word(&["total", "none"]), "total", "what a run costs"),
    Key::optional("quantiles", Shape::List(&Shape::quantity::<Ratio>()), "of each measure"),
];
const RANK: Table = &[
    Key::default("minimise", Shape::Word(&["cost"]), "cost", "what the best has least of"),
    Key::required("subject_to", Shape::Text, "`p_slo ≥ SHARE`"),
    Key::default("confidence", Shape::quantity::<Ratio>(), "95 %", "of all verdicts together"),
];

/// One axis of the grid.
#[derive(Debug, Clone, PartialEq)]
pub struct Axis {
    /// Path of the value.
    pub path: String,
    /// Its values; empty when it follows another axis.
    pub values: Vec<Node>,
    /// The axis that it follows.
    pub same_as: Option<usize>,
    /// The axis that it must not exceed.
    pub at_most: Option<usize>,
}

/// What is uncertain.
#[derive(Debug, Clone, PartialEq)]
pub struct Uncertain {
    /// Where it stands in the sweep.
    pub node: Node,
    /// Its name in tables: the path, the card's value, or the fault.
    pub name: String,
    /// What it is.
    pub kind: Chance,
}

/// Kinds of uncertain things.
#[derive(Debug, Clone, PartialEq)]
pub enum Chance {
    /// A value of the scenario.
    Value(Law),
    /// A factor on a card's value.
    Factor(Law),
    /// Something of the timeline, as a Poisson process.
    Fault {
        /// Events per second.
        rate: Frequency,
        /// How long each lasts.
        lasts: Option<Distribution<SimSpan>>,
    },
}

/// How values are spread over trials.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Independent.
    Random,
    /// One in each of as many strata as `at_most` says, in random order.
    LatinHypercube,
    /// Owen-scrambled Sobol sequence.
    Sobol,
}

/// When a design has enough trials.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Stop {
    /// Only at the end.
    Never,
    /// When the interval of the chance is so wide to each side.
    Chance(f64),
    /// When the interval of the cost is this share of its mean to each side.
    Cost(f64),
    /// When it is known whether the design keeps the constraint of the ranking.
    Rank,
}

/// What the best design is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rank {
    /// Least chance of meeting all objectives.
    pub share: f64,
    /// Confidence of all verdicts together.
    pub confidence: f64,
}

/// A sweep as its file says it.
#[derive(Debug, Clone)]
pub struct Sweep {
    /// Name.
    pub name: String,
    /// The file that it was read from.
    pub file: String,
    /// The scenario that varies.
    pub template: Template,
    /// Grid.
    pub axes: Vec<Axis>,
    /// Named designs, by values at paths.
    pub named: Vec<(String, Vec<(String, Node)>)>,
    /// Chance.
    pub uncertain: Vec<Uncertain>,
    /// Spread.
    pub method: Method,
    /// Fewest trials of a design.
    pub at_least: u64,
    /// Most trials of a design.
    pub at_most: u64,
    /// Stopping rule.
    pub stop: Stop,
    /// Whether cost is asked for.
    pub cost: bool,
    /// Quantiles that are told, in (0, 1).
    pub quantiles: Vec<f64>,
    /// Ranking.
    pub rank: Option<Rank>,
    /// Every value that holds: part of the plan's hash.
    pub effective: String,
}

/// Reads a sweep file and the scenario that it names; `-` is standard input.
///
/// # Errors
/// All problems of the sweep file in one error; whether the designs are right is found by the plan.
pub fn load(file: &str, options: &LoadOptions) -> Result<Sweep> {
    load_text(file, &source::open(file)?, options)
}

/// Reads a sweep from its text.
pub fn load_text(file: &str, text: &str, options: &LoadOptions) -> Result<Sweep> {
    let root = read::read_text(file, text)?;
    let mut check = Check::default();
    let sweep = sweep(&root, file, options, &mut check);
    if !check.problems.is_empty() {
        check.problems.sort_by_key(|one| (one.place.line, one.place.column));
        return Err(Error::input(check.problems));
    }
    let noted = check.effective.iter().map(|one| format!("{}={}\n", one.path, one.value));
    let effective = noted.collect::<String>() + &outline(&root);
    match sweep {
        Some(Ok(sweep)) => Ok(Sweep { effective, ..sweep }),
        Some(Err(error)) => Err(error),
        None => Err(Error::usage(format!("{file}: not a sweep"))),
    }
}

/// A tree without its places.
fn outline(node: &Node) -> String {
    let entries = node.entries().iter().map(|one| format!("{}:{}", one.key, outline(&one.node)));
    let items = node.items().iter().map(outline);
    let inside: Vec<String> = entries.chain(items).collect();
    node.text().map_or_else(|| format!("{{{}}}", inside.join(",")), str::to_owned)
}

fn sweep(
    root: &Node,
    file: &str,
    options: &LoadOptions,
    check: &mut Check,
) -> Option<Result<Sweep>> {
    let mut fields = check.open(root, "", SWEEP)?;
    fields.word("schema");
    let name = fields.text("name");
    if let Some(name) = name.as_ref().filter(|name| !is_name(name)) {
        let allowed = "letters, digits, dots, dashes and underscores, at most 100";
        fields.refuse("name", format!("`{}`", name.chars().take(60).collect::<String>()), allowed);
    }
    let scenario = fields.text("scenario");
    let axes = super::designs::axes(&mut fields);
    let named = super::designs::named(&mut fields);
    let uncertain = uncertain(&mut fields);
    let (method, at_least, at_most, stop) = draw(&mut fields)?;
    let (cost, quantiles) = ask(&mut fields);
    let rank = rank(&mut fields);
    if stop == Stop::Rank && rank.is_none() {
        fields.refuse("draw", "`stop: {ask: rank}` without `rank`", "a ranking to be decided");
    }
    if rank.is_some() && !cost {
        fields.refuse("rank", "a ranking by cost without `cost`", "`ask: {cost: total}`");
    }
    let (name, scenario) = (name?, scenario?);
    let template = match Template::named(&scenario, root.get("scenario")?, options) {
        Ok(template) => template,
        Err(error) => return Some(Err(error)),
    };
    let paths = axes.iter().map(|axis| axis.path.as_str());
    let set = named.iter().flat_map(|(_, set)| set.iter().map(|(path, _)| path.as_str()));
    let drawn = uncertain.iter().filter(|one| matches!(one.kind, Chance::Value(_)));
    let paths: Vec<&str> = paths.chain(set).chain(drawn.map(|one| one.name.as_str())).collect();
    check_paths(&paths, &template, &mut fields);
    Some(Ok(Sweep {
        name,
        file: file.to_owned(),
        template,
        axes,
        named,
        uncertain,
        method,
        at_least,
        at_most,
        stop,
        cost,
        quantiles,
        rank,
        effective: String::new(),
    }))
}

fn is_name(name: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    !name.is_empty() && name.len() <= 100 && name.chars().all(fits) && !name.starts_with('.')
}

/// A value of a topic, group, producer or host that is not there would make a new one.
fn check_paths(paths: &[&str], template: &Template, fields: &mut Fields<'_, '_>) {
    for path in paths {
        let mut parts = path.split('/');
        let (Some(first), Some(second)) = (parts.next(), parts.next()) else { continue };
        let named = ["hosts", "topics", "producers", "groups"].contains(&first);
        if named && template.get(&format!("{first}/{second}")).is_none() {
            let known = template.get(first).map(Node::entries).unwrap_or_default();
            let known: Vec<String> =
                known.iter().map(|one| format!("{first}/{}", one.key)).collect();
            let place = fields.node().place.clone();
            let place = find(fields.node(), path).unwrap_or(place);
            let found = format!("{first}/{second}");
            fields.check().wrong_word(&place, path, &found, known.iter().map(String::as_str));
        }
    }
}

/// Where a text or key stands in a tree.
fn find(node: &Node, text: &str) -> Option<crate::error::Place> {
    if node.text() == Some(text) {
        return Some(node.place.clone());
    }
    let below = node.entries().iter().find_map(|one| {
        if one.key == text { Some(one.place.clone()) } else { find(&one.node, text) }
    });
    below.or_else(|| node.items().iter().find_map(|one| find(one, text)))
}

fn uncertain(fields: &mut Fields<'_, '_>) -> Vec<Uncertain> {
    let items = fields.list("uncertain");
    let read = |(index, node): (usize, &Node)| {
        let mut one = fields.check().open(node, &format!("uncertain/{index}"), UNCERTAIN)?;
        let kinds = ["path", "factor", "fault"].map(|key| one.text(key));
        let law = one.text("like").map(|text| (Law::parse(&text), text));
        let law = match law {
            Some((Err(error), _)) => {
                one.refuse("like", error.found, error.allowed);
                return None;
            }
            Some((Ok(law), _)) => Some(law),
            None => None,
        };
        let rate = one.quantity::<Frequency>("rate");
        let lasts = one.distribution::<SimSpan>("lasts");
        let (name, kind) = match (kinds, law, rate) {
            ([Some(path), None, None], Some(law), None) => (path, Chance::Value(law)),
            ([None, Some(card), None], Some(law), None) => (card, Chance::Factor(law)),
            ([None, None, Some(fault)], None, Some(rate)) => (fault, Chance::Fault { rate, lasts }),
            _ => {
                let check = one.check();
                let allowed = "`path` and `like`, `factor` and `like`, or `fault` and `rate`";
                check.problem(&node.place, "uncertain", node.describe(), allowed.to_owned());
                return None;
            }
        };
        Some(Uncertain { node: node.clone(), name, kind })
    };
    items.iter().enumerate().filter_map(read).collect()
}

fn draw(fields: &mut Fields<'_, '_>) -> Option<(Method, u64, u64, Stop)> {
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

fn ask(fields: &mut Fields<'_, '_>) -> (bool, Vec<f64>) {
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

fn rank(fields: &mut Fields<'_, '_>) -> Option<Rank> {
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
