//! Text for a terminal, or for no terminal at all: 100 columns, readable without colour.

use super::table::{COLUMNS, Table};
use crate::metrics::Run;
use crate::report::chart;
use crate::report::clock::Clock;
use crate::report::document::{
    alerts, bottleneck, caption, decisions, groups, latencies, objectives,
};
use crate::report::sentences;
use crate::units::SimTime;
use std::path::Path;

/// Decisions shown before the rest is left to the report.
const MOST_DECISIONS: usize = 14;

/// The result of a run; `folder` is where the files are.
pub fn render(run: &Run, folder: Option<&Path>, colour: bool) -> String {
    let clock = Clock::new(&run.start, SimTime::ZERO.saturating_add(run.duration));
    let mut text = format!("{}\n\n", clip(&caption(run)));
    for sentence in sentences(run).into_iter().take(3) {
        text.push_str(&wrap(&sentence, "  • ", colour));
    }
    text.push('\n');
    text.push_str(&chart::chart(run));
    part(&mut text, "What limits", &bottleneck(run), 5);
    if !run.slo.is_empty() {
        part(&mut text, "Objectives", &objectives(run), usize::MAX);
    }
    if !run.groups.is_empty() {
        part(&mut text, "Groups", &groups(run), usize::MAX);
    }
    if let Some(latencies) = latencies(run) {
        part(&mut text, "Latency", &latencies, usize::MAX);
    }
    if !run.decisions.is_empty() {
        part(&mut text, "Scaling decisions", &decisions(run, &clock), MOST_DECISIONS);
    }
    if !run.alerts.is_empty() {
        part(&mut text, "Alerts of the policy", &alerts(run, &clock), 10);
    }
    text.push('\n');
    for remark in &run.remarks {
        text.push_str(&wrap(remark, "", false));
    }
    for warning in &run.warnings {
        text.push_str(&wrap(&format!("Warning: {warning}"), "", false));
    }
    if let Some(folder) = folder {
        let folder = folder.display();
        text.push_str(&format!("\nReport   {folder}/report.html, report.md\n"));
        text.push_str(&format!("Figures  {folder}/figures/\n"));
        text.push_str(&format!("Data     {folder}/summary.json, *.csv, metrics.om\n"));
    }
    text
}

fn part(text: &mut String, heading: &str, table: &Table, most: usize) {
    let mut table = table.clone();
    let left = table.rows.len().saturating_sub(most);
    table.rows.truncate(most);
    text.push_str(&format!("\n{heading}\n{}", table.plain()));
    if left > 0 {
        text.push_str(&format!(" … {left} more in the report\n"));
    }
}

fn clip(text: &str) -> String {
    text.chars().take(usize::from(COLUMNS)).collect()
}

/// Wraps at the last space before the limit; the first line has the bullet, bold in colour.
fn wrap(sentence: &str, bullet: &str, bold: bool) -> String {
    let indent = " ".repeat(bullet.chars().count());
    let room = usize::from(COLUMNS) - indent.len();
    let mut lines = vec![String::new()];
    for word in sentence.split_whitespace() {
        // A word longer than a line is cut: names may be that long.
        let word: String = word.chars().take(room).collect();
        let Some(line) = lines.last_mut() else { continue };
        let length = line.chars().count();
        if length > 0 && length + 1 + word.chars().count() > room {
            lines.push(word);
        } else {
            if length > 0 {
                line.push(' ');
            }
            line.push_str(&word);
        }
    }
    let mut text = String::new();
    for (index, line) in lines.iter().enumerate() {
        let lead = if index == 0 { bullet } else { &indent };
        if bold {
            text.push_str(&format!("{lead}\u{1b}[1m{line}\u{1b}[0m\n"));
        } else {
            text.push_str(&format!("{lead}{line}\n"));
        }
    }
    text
}
