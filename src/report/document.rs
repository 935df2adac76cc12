//! A run as a document: written once, printed as Markdown, HTML or text.

use super::clock::Clock;
use super::formats::table::Table;
use super::sentences::{gain, quantity, sentences};
use crate::metrics::{DecisionEntry, EngineKind, Run};
use crate::units::{Bytes, SimTime, count, sig};

/// One piece of a document.
#[derive(Debug, Clone)]
pub enum Block {
    /// A heading of the second level.
    Heading(String),
    /// A heading of the third level.
    Part(String),
    /// A paragraph.
    Text(String),
    /// Points.
    Points(Vec<String>),
    /// Points with a box to tick.
    Tasks(Vec<String>),
    /// Commands for a shell.
    Code(String),
    /// A table.
    Table(Table),
    /// All figures, here.
    Figures,
}

/// A document.
#[derive(Debug, Clone)]
pub struct Document {
    /// Its title.
    pub title: String,
    /// What it was made from, in one line.
    pub caption: String,
    /// Its content.
    pub blocks: Vec<Block>,
}

/// The version of the program in captions.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// What a run was made from, in one line.
pub fn caption(run: &Run) -> String {
    format!(
        "{} · {} engine · seed {} · scenario {} · kafsim {VERSION}",
        run.scenario,
        run.engine.word(),
        run.seed,
        run.scenario_hash
    )
}

/// The report of a run.
pub fn document(run: &Run) -> Document {
    let clock = Clock::new(&run.start, SimTime::ZERO.saturating_add(run.duration));
    let mut blocks = Vec::new();
    blocks.push(Block::Points(sentences(run).into_iter().take(3).collect()));
    blocks.push(Block::Figures);
    section(&mut blocks, "What limits", bottleneck(run));
    if !run.slo.is_empty() {
        section(&mut blocks, "Objectives", objectives(run));
    }
    section(&mut blocks, "Producers and groups", producers(run));
    if !run.groups.is_empty() {
        blocks.push(Block::Table(groups(run)));
    }
    if let Some(latencies) = latencies(run) {
        section(&mut blocks, "Latency", latencies);
    }
    section(&mut blocks, "Brokers", brokers(run));
    if !run.decisions.is_empty() {
        section(&mut blocks, "Scaling decisions", decisions(run, &clock));
    }
    if !run.alerts.is_empty() {
        section(&mut blocks, "Alerts", alerts(run, &clock));
    }
    if !run.operations.is_empty() {
        section(&mut blocks, "Operations", operations(run, &clock));
    }
    if !run.outages.is_empty() {
        section(&mut blocks, "Unavailable partitions", super::outages::table(run));
        blocks.extend(super::outages::rest(run).map(Block::Text));
    }
    for remark in &run.remarks {
        blocks.push(Block::Text(remark.clone()));
    }
    if let Some(cost) = &run.cost {
        blocks.push(Block::Heading("Cost".into()));
        blocks.push(Block::Text(format!(
            "{} {} over the run, {} {} per hour.",
            sig(cost.total),
            cost.currency,
            sig(cost.per_hour),
            cost.currency
        )));
    }
    if !run.warnings.is_empty() {
        blocks.push(Block::Heading("Warnings".into()));
        blocks.push(Block::Points(run.warnings.clone()));
    }
    blocks.push(Block::Heading("What this is".into()));
    blocks.push(Block::Text(what_this_is(run).into()));
    let cards = run.cards.iter().map(|(name, hash)| format!("{name} ({hash})"));
    blocks.push(Block::Text(format!("Cards: {}.", cards.collect::<Vec<_>>().join(", "))));
    Document { title: format!("kafsim: {}", run.scenario), caption: caption(run), blocks }
}

fn what_this_is(run: &Run) -> &'static str {
    match run.engine {
        EngineKind::Live => {
            "A measurement through librdkafka: producers and consumers as the scenario says, \
             latencies from the intended send to the acknowledgement or the delivery. What was \
             not measured is a dash."
        }
        EngineKind::Des => {
            "A simulation of every batch and request through clients, sockets, brokers, replicas \
             and disks by Kafka's rules: throughput, latency and lag follow from what a request, \
             a batch, a record and a byte cost. These costs are what their card says, with the \
             uncertainty that stands there; they have not been calibrated on your machines."
        }
        EngineKind::Fluid => {
            "A simulation at the level of flows: rates between events, shared by max-min \
             fairness. It knows backlogs, lag, utilisation, scaling and moves; it does not know \
             failures, and latencies only where an objective names them: then some of its moments \
             are simulated by requests. Costs of requests, batches, records and bytes are what \
             their card says, with the uncertainty that stands there; they have not been \
             calibrated on your machines."
        }
    }
}

fn section(blocks: &mut Vec<Block>, heading: &str, table: Table) {
    blocks.push(Block::Heading(heading.to_owned()));
    blocks.push(Block::Table(table));
}

fn percent(share: f64) -> String {
    // A measured run does not know everything.
    if !share.is_finite() {
        return "-".to_owned();
    }
    format!("{} %", sig(share * 100.0))
}

/// What limits: every resource, tightest first.
pub(crate) fn bottleneck(run: &Run) -> Table {
    let mut table =
        Table::new(&["resource", "mean", "busiest minute", "headroom", "full at load ×"]);
    for one in run.bottleneck.by_resource.iter().take(8) {
        table.row(&[
            one.resource.clone(),
            percent(one.mean),
            percent(one.peak),
            percent(one.headroom),
            one.saturates_at_load_factor.map_or_else(|| "never".into(), sig),
        ]);
    }
    table
}

pub(crate) fn objectives(run: &Run) -> Table {
    let mut table = Table::new(&["objective", "met", "worst value", "limit", "held"]);
    for one in &run.slo {
        table.row(&[
            one.expression.clone(),
            one.met.map_or("unknown", |met| if met { "yes" } else { "NO" }).into(),
            one.value.map_or_else(|| "unknown".into(), |value| quantity(value, one.unit)),
            quantity(one.limit, one.unit),
            one.share.map_or_else(|| "-".into(), percent),
        ]);
    }
    table
}

fn producers(run: &Run) -> Table {
    let mut table =
        Table::new(&["producer", "offered /s", "acknowledged /s", "MiB/s", "blocked", "failed"]);
    for (name, one) in &run.producers {
        table.row(&[
            name.clone(),
            count(one.offered_records_s),
            count(one.records_s),
            sig(one.mib_s),
            one.blocked_share.map_or_else(|| "-".into(), percent),
            count(one.failed_records),
        ]);
    }
    table
}

pub(crate) fn groups(run: &Run) -> Table {
    let mut table = Table::new(&[
        "group",
        "processed /s",
        "lag mean",
        "lag max",
        "oldest record",
        "members",
        "rebalances",
        "lost",
    ]);
    for (name, one) in &run.groups {
        table.row(&[
            name.clone(),
            count(one.records_s),
            count(one.lag_records.mean),
            count(one.lag_records.max),
            quantity(one.lag_seconds.max, "s"),
            format!("{} to {}", sig(one.members.min), sig(one.members.max)),
            one.rebalances.to_string(),
            count(one.lost_records),
        ]);
    }
    table
}

/// Latencies in milliseconds; `None` when the engine knows none.
pub(crate) fn latencies(run: &Run) -> Option<Table> {
    let publish = run.producers.iter().map(|(name, one)| ("publish", name, one.latency_ms));
    let delivery = run.groups.iter().map(|(name, one)| ("end to end", name, one.e2e_latency_ms));
    let mut table = Table::new(&["latency, ms", "of", "mean", "p50", "p95", "p99", "p99.9", "max"]);
    for (what, name, latency) in publish.chain(delivery) {
        let Some(one) = latency else { continue };
        let mut cells = vec![what.to_owned(), name.clone()];
        cells.extend([one.mean, one.p50, one.p95, one.p99, one.p999, one.max].map(count));
        table.row(&cells);
    }
    (!table.rows.is_empty()).then_some(table)
}

/// Brokers that a table shows.
const MOST: usize = 20;

fn brokers(run: &Run) -> Table {
    let mut table = Table::new(&[
        "broker",
        "CPU mean",
        "CPU p99",
        "NIC in p99",
        "NIC out p99",
        "disk p99",
        "leaders",
        "replicas",
        "stored",
    ]);
    for (id, one) in run.brokers.iter().take(MOST) {
        table.row(&[
            id.to_string(),
            percent(one.cpu.mean),
            percent(one.cpu.p99),
            percent(one.nic_in.p99),
            percent(one.nic_out.p99),
            percent(one.disk.p99),
            one.leaders.to_string(),
            one.replicas.to_string(),
            if one.stored_bytes_end.is_finite() {
                Bytes::new(one.stored_bytes_end as u64).to_string()
            } else {
                "-".to_owned()
            },
        ]);
    }
    if run.brokers.len() > MOST {
        let rest = format!("… {} more", run.brokers.len() - MOST);
        table.row(&[rest]);
    }
    table
}

/// Decisions; a run of failures of the same kind becomes one line.
pub(crate) fn decisions(run: &Run, clock: &Clock) -> Table {
    let mut table = Table::new(&["at", "target", "change", "why", "effective after", "gained"]);
    let mut rest: &[DecisionEntry] = &run.decisions;
    while let Some(first) = rest.first() {
        let same = |one: &&DecisionEntry| {
            one.failed && first.failed && one.target == first.target && one.reason == first.reason
        };
        // Others may fall in between; only an unbroken run is folded.
        let length = rest.iter().take_while(same).count().max(1);
        let last = &rest[length - 1];
        let at = if length > 1 {
            format!("{}–{}", clock.text(first.at), clock.text(last.at))
        } else {
            clock.text(first.at)
        };
        let times = if length > 1 { format!("{length} times: ") } else { String::new() };
        table.row(&[
            at,
            first.target.clone(),
            if first.failed {
                format!("{} stays", first.from)
            } else {
                format!("{} → {}", first.from, first.to)
            },
            format!("{times}{}", why(first)),
            match (first.failed, first.effective_after) {
                (true, _) => "failed".into(),
                (false, Some(after)) if after.is_zero() => "at once".into(),
                (false, Some(after)) => after.to_prose(),
                (false, None) => "never".into(),
            },
            gain(first).map_or_else(
                || "-".into(),
                |gain| gain.replace("capacity ", "").replace(" records/s", " /s"),
            ),
        ]);
        rest = &rest[length..];
    }
    table
}

/// The reason without the sizes, which have their own column.
fn why(decision: &DecisionEntry) -> &str {
    decision.words.rsplit_once(": ").map_or(decision.words.as_str(), |(why, sizes)| {
        if sizes.contains('→') { why } else { decision.words.as_str() }
    })
}

pub(crate) fn alerts(run: &Run, clock: &Clock) -> Table {
    let mut table = Table::new(&["alert", "fired at", "lasted", "its file wants"]);
    for one in &run.alerts {
        table.row(&[
            one.name.clone(),
            clock.text(one.fired_at),
            one.lasted.to_prose(),
            one.action.clone(),
        ]);
    }
    table
}

fn operations(run: &Run, clock: &Clock) -> Table {
    let mut table = Table::new(&["operation", "what", "began", "took", "moved"]);
    for one in &run.operations {
        table.row(&[
            one.kind.clone(),
            one.words.clone(),
            clock.text(one.start),
            one.end.map_or_else(|| "not done".into(), |end| (end - one.start).to_prose()),
            if one.moved_bytes > 0.0 {
                Bytes::new(one.moved_bytes as u64).to_string()
            } else {
                "-".into()
            },
        ]);
    }
    table
}
