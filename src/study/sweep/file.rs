//! A sweep file becomes a [`Sweep`]: designs, what is uncertain, how it is drawn and judged.

use super::asks;
use super::law::Law;
use crate::chance::Distribution;
use crate::error::{Error, Result};
use crate::form::{Check, Fields, Key, Node, Shape, Table};
use crate::scenario::{LoadOptions, Template, read, source};
use crate::units::{Frequency, SimSpan, sig};

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
    Key::optional("draw", Shape::Map(asks::DRAW), "how often and how it is drawn"),
    Key::optional("ask", Shape::Map(asks::ASK), "what is told of each design"),
    Key::optional("rank", Shape::Map(asks::RANK), "which design is the best"),
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

impl Uncertain {
    /// A drawn number for people.
    pub fn show(&self, number: f64) -> String {
        match &self.kind {
            Chance::Value(law) | Chance::Factor(law) => law.show(number),
            Chance::Fault { .. } => sig(number),
        }
    }
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
    let (method, at_least, at_most, stop) = asks::draw(&mut fields)?;
    let (cost, quantiles) = asks::ask(&mut fields);
    let rank = asks::rank(&mut fields);
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
