//! The procedure of a change as a page with boxes to tick, and the files of its move.
//!
//! The sections are those of the exercise's runbook. What is expected comes from simulations; what
//! the tools print and how they are called comes from Apache Kafka 4.1.

mod checks;
mod issues;
mod metrics;
mod output;
mod steps;
mod steps_others;
mod tools;

pub use issues::{Finding, findings};
pub use metrics::{Watched, watched};
pub use output::{csv, json, move_files, write};
pub use steps::{Files, Step, steps};
pub use tools::{Tools, quoted};

use super::clock::Clock;
use super::document::{Block, Document, VERSION};
use super::formats::table::Table;
use crate::error::Result;
use crate::metrics::Run;
use crate::report::brokers::goals_table;
use crate::report::figures::{Picture, brokers_picture, throttles_picture};
use crate::scenario::Scenario;
use crate::study::runbook::{Body, Change, Procedure, advice};
use crate::units::{SimTime, count, sig};
use steps::{ends, list, new_ids};

/// What is shown.
#[derive(Debug, Clone, Copy)]
pub struct Runbook<'a> {
    /// A run of the scenario with everything that it says: what its issues are found in.
    pub run: &'a Run,
    /// The scenario as it was read, autoscalers and all.
    pub scenario: &'a Scenario,
    /// Procedures, with the names of their files.
    pub procedures: &'a [(Procedure, Files)],
    /// How tools are called.
    pub tools: &'a Tools,
}

/// A number of things in words.
fn members(count: u32) -> String {
    if count == 1 { "1 member".to_owned() } else { format!("{count} members") }
}

/// A number of rebalances in words.
pub(super) fn rebalances_words(count: u32) -> String {
    if count == 1 { "1 rebalance".to_owned() } else { format!("{count} rebalances") }
}

/// What a procedure is called.
pub fn title(procedure: &Procedure) -> String {
    let cluster = &procedure.scenario.cluster;
    match (&procedure.change, &procedure.body) {
        (Change::Brokers(question), _) => {
            let new = list(&new_ids(procedure));
            let old = list(&question.leaving);
            match (question.joining.is_empty(), question.leaving.is_empty()) {
                (false, true) => format!("Adding broker {new}"),
                (true, false) => format!("Removing broker {old}"),
                (false, false) => format!("Replacing broker {old} by {new}"),
                (true, true) => "Reassigning partitions".to_owned(),
            }
        }
        (Change::Partitions { topic, count }, _) => {
            format!("Adding partitions: {} to {count}", cluster.topic(*topic).name)
        }
        (Change::Members { group, count }, _) => {
            let group = &procedure.scenario.groups[group.index()];
            let way = if *count > group.members { "up" } else { "down" };
            format!("Consumer scaling {way}: {} to {}", group.name, members(*count))
        }
    }
}

/// A key of a procedure for file names and programs.
pub fn key(procedure: &Procedure) -> &'static str {
    match &procedure.change {
        Change::Brokers(question) => {
            match (question.joining.is_empty(), question.leaving.is_empty()) {
                (false, true) => "add-brokers",
                (true, false) => "remove-brokers",
                (false, false) => "replace-brokers",
                (true, true) => "reassign",
            }
        }
        Change::Partitions { .. } => "add-partitions",
        Change::Members { group, count } => {
            if *count > procedure.scenario.groups[group.index()].members {
                "consumers-up"
            } else {
                "consumers-down"
            }
        }
    }
}

impl Runbook<'_> {
    fn clock(&self) -> Clock {
        Clock::new(&self.run.start, SimTime::ZERO.saturating_add(self.run.duration))
    }

    /// The whole page.
    pub fn document(&self) -> Document {
        let name = &self.run.scenario;
        let mut blocks = vec![Block::Points(
            self.procedures.iter().map(|(procedure, _)| self.in_short(procedure)).collect(),
        )];
        blocks.push(Block::Heading("Pre-scaling checklist".into()));
        blocks.push(Block::Tasks(self.checklist()));
        blocks.push(Block::Code(self.preconditions().join("\n\n")));
        for (procedure, files) in self.procedures {
            self.procedure(&mut blocks, procedure, files);
        }
        blocks.push(Block::Heading("Post-scaling validation".into()));
        blocks.push(Block::Tasks(self.validation()));
        blocks.push(Block::Code(self.validation_commands().join("\n\n")));
        blocks.push(Block::Heading("Common issues and solutions".into()));
        let mut table = Table::new(&["issue", "symptom", "in this simulation", "what to do"]);
        for one in findings(self) {
            let evidence =
                if one.found { one.evidence } else { format!("not found: {}", one.evidence) };
            // Cells show no code in another face.
            let plain = |text: &str| text.replace('`', "");
            let cells = [one.issue, one.symptom, &evidence, &one.remedy].map(plain);
            table.row(&cells);
        }
        blocks.push(Block::Table(table));
        blocks.push(Block::Heading("What this is".into()));
        blocks.push(Block::Text(self.what_this_is()));
        Document {
            title: format!("Kafka scaling runbook: {name}"),
            caption: format!(
                "{name} · seed {} · scenario {} · Kafka {} · kafsim {VERSION}",
                self.run.seed,
                self.run.scenario_hash,
                self.procedures.first().map_or("", |(one, _)| one.scenario.version.as_str()),
            ),
            blocks,
        }
    }

    /// The figures of its move; none where several moves would share their names.
    pub fn pictures(&self) -> Result<Vec<Picture>> {
        let mut moves = self.procedures.iter().filter_map(|(one, _)| one.moves());
        let (Some(book), None) = (moves.next(), moves.next()) else { return Ok(Vec::new()) };
        let mut pictures = Vec::new();
        if !book.study.plan.changes.is_empty() {
            pictures.push(brokers_picture(&book.study)?);
        }
        if !book.throttles.is_empty() {
            pictures.push(throttles_picture(book)?);
        }
        Ok(pictures)
    }

    /// One sentence for each procedure.
    fn in_short(&self, procedure: &Procedure) -> String {
        let clock = self.clock();
        let window = procedure.windows[0];
        let lasts = match &procedure.body {
            Body::Move(book) if book.throttle.is_some() => {
                format!("copies {} in {}", book.study.plan.moved, ends(book.lasts))
            }
            Body::Move(_) => "copies nothing".to_owned(),
            Body::Partitions { keys_stay, .. } => format!(
                "takes no copy; {} % of keys stay in their partition",
                sig(keys_stay * 100.0)
            ),
            Body::Members { rebalances, paused, .. } => format!(
                "takes {}, in which partitions wait for {} partition-seconds",
                rebalances_words(*rebalances),
                sig(*paused)
            ),
        };
        format!(
            "{}: {lasts}; best begun at {}, when the load is at most {} records/s.",
            title(procedure),
            clock.text(window.from),
            count(window.load[1])
        )
    }

    fn procedure(&self, blocks: &mut Vec<Block>, procedure: &Procedure, files: &Files) {
        blocks.push(Block::Heading(title(procedure)));
        let told = advice(procedure);
        if !told.is_empty() {
            let words = told.iter().map(|one| format!("{}. {}", one.rule.words(), one.evidence));
            blocks.push(Block::Points(words.collect()));
        }
        if let Some(book) = procedure.moves() {
            blocks.push(Block::Part("Partition reassignment strategy".into()));
            blocks.push(Block::Text(strategy(procedure)));
            blocks.push(Block::Table(goals_table(&book.study.plan)));
            if !book.throttles.is_empty() {
                blocks.push(Block::Text(throttle_words(procedure)));
                blocks.push(Block::Table(metrics::throttles(book)));
            }
            blocks.push(Block::Figures);
        }
        blocks.push(Block::Part("Steps".into()));
        for (index, step) in steps(procedure, self.tools, files).iter().enumerate() {
            step_blocks(blocks, index + 1, step);
        }
        blocks.push(Block::Part("Monitoring during scaling".into()));
        blocks.push(Block::Text(metrics::words(procedure, &self.clock())));
        blocks.push(Block::Table(metrics::table(procedure)));
        blocks.push(Block::Text("Where they are read:".into()));
        blocks.push(Block::Table(metrics::places(procedure)));
        blocks.push(Block::Part("Rollback".into()));
        self.rollback(blocks, procedure, files);
    }

    fn rollback(&self, blocks: &mut Vec<Block>, procedure: &Procedure, files: &Files) {
        let tools = self.tools;
        match &procedure.body {
            Body::Move(book) => {
                let throttle = book
                    .throttle
                    .map_or(String::new(), |rate| format!(" --throttle {}", rate.get() as u64));
                if !files.waves.is_empty() {
                    let task = "Stop the wave that is on its way, if any: its partitions get back \
                                the replicas that they had, and its throttle is lifted. Name the \
                                wave's own file";
                    blocks.push(Block::Tasks(vec![task.to_owned()]));
                    blocks.push(Block::Code(tools.reassign(&files.waves[0], "--cancel")));
                    let task = format!(
                        "Put every replica back where it was: `{}`. Copies take as long as they \
                         took forth, {} for all; partitions that never moved are done at once.",
                        files.back,
                        ends(book.lasts)
                    );
                    blocks.push(Block::Tasks(vec![task]));
                    blocks.push(Block::Code(format!(
                        "{}\n\n{}",
                        tools.reassign(&files.back, &format!("--execute{throttle}")),
                        tools.reassign(&files.back, "--verify")
                    )));
                }
                let new = new_ids(procedure);
                let mut rest = vec![
                    "Give leadership back, and see that no throttle is left, as above.".to_owned(),
                ];
                if !new.is_empty() {
                    rest.push(format!(
                        "Stop broker {} when it holds nothing, and unregister it.",
                        list(&new)
                    ));
                }
                if let Change::Brokers(question) = &procedure.change
                    && !question.leaving.is_empty()
                {
                    rest.push(format!(
                        "Before broker {} is stopped; afterwards start it again with its own \
                         `node.id` first.",
                        list(&question.leaving)
                    ));
                }
                blocks.push(Block::Tasks(rest));
            }
            Body::Partitions { topic, counts, .. } => {
                let name = &procedure.scenario.cluster.topic(*topic).name;
                blocks.push(Block::Text(format!(
                    "Partitions cannot be taken away. Back means a new topic with {} partitions, \
                     and producers and consumers that change to it; so try the change on a copy \
                     of {name} first where the order of keys matters.",
                    counts[0]
                )));
            }
            Body::Members { group, counts, .. } => {
                let name = &procedure.scenario.groups[group.index()].name;
                blocks.push(Block::Tasks(vec![
                    format!("Go back to {} of {name}, in the same way.", members(counts[0])),
                    "Wait until the group is `Stable`, then see that the lag is in its range \
                     before."
                        .to_owned(),
                ]));
                blocks.push(Block::Code(tools.groups(name, "--state")));
            }
        }
    }

    fn what_this_is(&self) -> String {
        let times = self.procedures.iter().map(|(one, _)| one.simulations).max().unwrap_or(1);
        format!(
            "Ranges are the smallest and largest value in {times} simulations of that stretch, one \
             with \
             the cards' values and the others with values drawn from their uncertainty; latencies \
             are of three simulations request by request at its busiest instant. A copy takes its \
             throttle of each machine. Changes of leadership, and commands' own time, are not in \
             the numbers. Commands are those of Apache Kafka 4.1."
        )
    }
}

fn step_blocks(blocks: &mut Vec<Block>, number: usize, step: &Step) {
    let lasts = step.lasts.map_or(String::new(), |lasts| format!(" ({})", ends(lasts)));
    blocks.push(Block::Tasks(vec![format!("{number}. {}{lasts}", step.title)]));
    if !step.commands.is_empty() {
        blocks.push(Block::Code(step.commands.join("\n\n")));
    }
    let mut points = Vec::new();
    for (word, text) in
        [("Wait for", &step.wait), ("Expect", &step.expect), ("Stop when", &step.abort)]
    {
        if !text.is_empty() {
            points.push(format!("{word}: {text}"));
        }
    }
    if !points.is_empty() {
        blocks.push(Block::Points(points));
    }
}

fn strategy(procedure: &Procedure) -> String {
    let Some(book) = procedure.moves() else { return String::new() };
    let plan = &book.study.plan;
    let copies: usize = plan.changes.iter().map(|one| one.arriving().count()).sum();
    let waves = match book.waves.len() {
        0 => "nothing moves".to_owned(),
        1 => "in one wave".to_owned(),
        more => format!("in {more} waves"),
    };
    format!(
        "Even distribution, racks and leaders, in this order, with the fewest bytes: {copies} \
         replicas of {} partitions are copied, {} ({} could not stay anyway), {waves}. Goals \
         missed \
         before and after:",
        plan.changes.len(),
        plan.moved,
        plan.unavoidable,
    )
}

fn throttle_words(procedure: &Procedure) -> String {
    let Some(book) = procedure.moves() else { return String::new() };
    let Some(throttle) = book.throttle else { return String::new() };
    let peak =
        book.at_peak.map_or("never ends".to_owned(), |span| format!("takes {}", span.to_prose()));
    let chosen = if book.chosen {
        "the fastest of these that leaves networks and disks below 70 % and takes nothing from \
         clients, or else the slowest that ends"
    } else {
        "as asked for"
    };
    format!(
        "The throttle is {throttle} of each broker: {chosen}. It must be above {}, what producers \
         append to the moving partitions of one broker. At the busiest time of the scenario the \
         same move {peak}.",
        book.least
    )
}
