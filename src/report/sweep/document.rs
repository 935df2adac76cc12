//! The answer of a sweep in words and tables.

use crate::analysis::Interval;
use crate::report::document::{Block, Document, VERSION};
use crate::report::formats::table::Table;
use crate::study::sweep::{Answer, COST, LAG, MEASURED, Method, Plan, Proportion};
use crate::units::sig;

fn percent(share: f64) -> String {
    if share.is_finite() { format!("{} %", sig(share * 100.0)) } else { "-".to_owned() }
}

fn chance(one: &Proportion) -> String {
    format!("{} ({} – {})", percent(one.share), percent(one.low), percent(one.high))
}

fn mean(one: Option<Interval>) -> String {
    match one {
        None => "-".to_owned(),
        Some(one) if one.half_width.is_finite() => {
            format!("{} ± {}", sig(one.mean), sig(one.half_width))
        }
        Some(one) => sig(one.mean),
    }
}

/// One row per design.
fn designs(plan: &Plan, answer: &Answer) -> Table {
    let header =
        ["design", "trials", "misses an objective", "cost, USD", "oldest record, s", "verdict"];
    let mut table = Table::new(&header);
    for row in &answer.rows {
        let verdict = answer.choice.as_ref().map(|choice| choice.verdicts[row.design].word());
        let front = if row.on_front { "front" } else { "dominated" };
        let words = verdict.map_or(front.to_owned(), |word| format!("{word}, {front}"));
        table.row(&[
            plan.designs[row.design].name.clone(),
            row.trials.len().to_string(),
            chance(&row.violation),
            mean(row.means[COST]),
            mean(row.means[LAG]),
            words,
        ]);
    }
    table
}

fn effects(plan: &Plan, answer: &Answer) -> Table {
    let header = [
        "uncertain",
        "lowest fifth",
        "highest fifth",
        "misses there",
        "share of variance: misses",
        "of the lag",
    ];
    let mut table = Table::new(&header);
    for one in &answer.effects {
        table.row(&[
            plan.sweep.uncertain[one.input].name.clone(),
            plan.sweep.uncertain[one.input].show(one.ends[0]),
            plan.sweep.uncertain[one.input].show(one.ends[1]),
            format!("{} → {}", percent(one.violation[0]), percent(one.violation[1])),
            percent(one.index),
            percent(one.lag_index),
        ]);
    }
    table
}

/// Each objective of the shown design.
fn objectives(plan: &Plan, answer: &Answer) -> Table {
    let shown = format!("missed in `{}`", plan.designs[answer.shown].name);
    let mut table = Table::new(&["objective", &shown]);
    for (text, one) in plan.objectives.iter().zip(&answer.rows[answer.shown].each) {
        table.row(&[text.clone(), chance(one)]);
    }
    table
}

/// The sentences that come first.
fn sentences(plan: &Plan, answer: &Answer) -> Vec<String> {
    let mut points = Vec::new();
    if !answer.missing.is_empty() {
        let some: Vec<String> = answer.missing.iter().take(10).map(u64::to_string).collect();
        let more = if answer.missing.len() > 10 { ", …" } else { "" };
        points.push(format!(
            "Partial: {} units are missing ({}{more}).",
            answer.missing.len(),
            some.join(", ")
        ));
    }
    points.extend(answer.choice.as_ref().map(|choice| choice.reason.clone()));
    if answer.choice.is_none() {
        let row = &answer.rows[answer.shown];
        points.push(format!(
            "`{}` misses an objective least often: {}.",
            plan.designs[answer.shown].name,
            chance(&row.violation)
        ));
    }
    if let Some(one) = answer.effects.first() {
        points.push(format!(
            "What decides most is {}: the chance of a miss goes from {} in its lowest fifth to {} \
             in its highest.",
            plan.sweep.uncertain[one.input].name,
            percent(one.violation[0]),
            percent(one.violation[1])
        ));
    }
    let wide = answer.rows.iter().filter(|row| !row.precise).count();
    if wide > 0 {
        points.push(format!(
            "{wide} of {} designs reached `at_most` before the stopping rule held: their intervals \
             are as wide as they stand here.",
            answer.rows.len()
        ));
    }
    let unknown = |one: &crate::study::sweep::UnitResult| one.met.contains(&None);
    let unknown = answer.rows.iter().flat_map(|row| &row.trials).filter(|one| unknown(one)).count();
    if unknown > 0 {
        points.push(format!(
            "In {unknown} units an objective is unknown to the engine; it counts as missed."
        ));
    }
    points
}

fn caption(plan: &Plan, answer: &Answer) -> String {
    format!(
        "{} · {} designs · {} units · seed {} · plan {} · kafsim {VERSION}",
        plan.sweep.name,
        plan.designs.len(),
        answer.used,
        plan.seed,
        plan.hash
    )
}

/// The report of a sweep.
pub fn document(plan: &Plan, answer: &Answer) -> Document {
    let mut blocks = vec![Block::Points(sentences(plan, answer)), Block::Figures];
    let mut section = |heading: &str, table: Table| {
        blocks.push(Block::Heading(heading.to_owned()));
        blocks.push(Block::Table(table));
    };
    section("Designs", designs(plan, answer));
    section("Objectives", objectives(plan, answer));
    if !answer.effects.is_empty() {
        section("What decides", effects(plan, answer));
    }
    blocks.push(Block::Heading("What this is".into()));
    let spread = match plan.sweep.method {
        Method::Random => "Draws are independent.",
        Method::LatinHypercube | Method::Sobol => {
            "Draws are spread out and not independent, which intervals and verdicts take them for: \
             both are approximate."
        }
    };
    blocks.push(Block::Text(format!(
        "Every design meets the same luck in trial k, so designs are compared trial by trial. \
         Chances have Wilson's 95 % interval, means Student's. Verdicts of the ranking hold for \
         all designs and any number of trials together. What decides is read from the trials that \
         are there: first-order Sobol indices from given data. {spread}"
    )));
    let of = MEASURED.iter().map(|one| format!("`{}` ({})", one.key, one.unit));
    let of: Vec<String> = of.collect();
    blocks.push(Block::Text(format!("Measures of each trial: {}.", of.join(", "))));
    Document {
        title: format!("kafsim sweep: {}", plan.sweep.name),
        caption: caption(plan, answer),
        blocks,
    }
}

/// For a terminal.
pub fn terminal(plan: &Plan, answer: &Answer) -> String {
    let mut text = format!("{}\n\n", caption(plan, answer));
    for point in sentences(plan, answer) {
        text.push_str(&format!("  • {point}\n"));
    }
    text.push_str(&format!("\n{}", designs(plan, answer).plain()));
    if !answer.effects.is_empty() {
        text.push_str(&format!("\n{}", effects(plan, answer).plain()));
    }
    text
}
