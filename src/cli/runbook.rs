//! `kafsim runbook`.

use super::{Format, Source, print};
use clap::Args;
use kafsim::chance::Seed;
use kafsim::cluster::{BrokerId, GroupId, Host, TopicId};
use kafsim::error::{Error, Result, nearest_word};
use kafsim::interop::{RebalanceMode, assignments_of, check_reassignment, read_kafka_rebalance};
use kafsim::report::formats::{markdown, plain};
use kafsim::report::runbook::{Files, Runbook as Page, Tools, csv, json, key, write};
use kafsim::scenario::{LoadOptions, Scenario, load_text, read_placement, source::open};
use kafsim::study::brokers::{BrokerQuestion, Joining};
use kafsim::study::plan::PROBE;
use kafsim::study::runbook::{Body, Change, Procedure, RunbookOptions, check, runbook};
use kafsim::study::{card_draws, simulate};
use kafsim::units::ByteRate;
use std::collections::BTreeMap;
use std::process::ExitCode;

/// `kafsim runbook SCENARIO`.
#[derive(Debug, Clone, Args)]
pub(crate) struct Runbook {
    #[command(flatten)]
    source: Source,
    /// Brokers that join
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000))]
    add: Option<u32>,
    /// Card of the machines that join [default: that of the brokers]
    #[arg(long, value_name = "CARD", requires = "add")]
    machine: Option<String>,
    /// Brokers that leave, by node.id; with --add they are replaced
    #[arg(long, value_name = "ID,ID,…", value_delimiter = ',')]
    remove: Vec<u32>,
    /// Partitions that a topic shall have; may be repeated
    #[arg(long, value_name = "TOPIC=N")]
    partitions: Vec<String>,
    /// Where replicas shall be: JSON of kafka-reassign-partitions, or `balance` for the fewest
    /// moves that make brokers even
    #[arg(long, value_name = "FILE|balance")]
    reassign: Option<String>,
    /// `KafkaRebalance` of Strimzi: its change, throttle and concurrency
    #[arg(long, value_name = "FILE",
        conflicts_with_all = ["add", "remove", "reassign", "throttle", "concurrency"])]
    rebalance: Option<String>,
    /// Members that a group shall have; may be repeated
    #[arg(long, value_name = "GROUP=N")]
    consumers: Vec<String>,
    /// Replication throttle of each broker, e.g. `50 MiB/s` [default: chosen by simulation]
    #[arg(long, value_name = "RATE", value_parser = super::throttle)]
    throttle: Option<ByteRate>,
    /// Replicas that a broker gets or sends at a time [default: 5, or more for at most 12 waves]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    concurrency: Option<u32>,
    /// What the tools get as --bootstrap-server
    #[arg(long, value_name = "ADDRESSES", default_value = "$BOOTSTRAP")]
    bootstrap: String,
    /// What stands before every tool, e.g. `docker exec broker-1`
    #[arg(long, value_name = "WORDS", default_value = "")]
    tool_prefix: String,
    /// What tools are called behind their name: `.sh` in Kafka's own archive
    #[arg(long, value_name = "TEXT", default_value = "")]
    tool_ending: String,
    /// Simulations with card values drawn from their uncertainty, for the ranges
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u32).range(0..=1_000))]
    draws: u32,
    /// Format of standard output
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Folder for runbook, reassignment, rollback, waves, or `none` [default: reports/NAME-runbook]
    #[arg(long, value_name = "DIR")]
    out: Option<String>,
}

impl Runbook {
    pub(crate) fn run(self) -> Result<ExitCode> {
        let options = self.source.options();
        let text = open(&self.source.scenario)?;
        let again = |options: &LoadOptions| -> Result<Scenario> {
            Ok(load_text(&self.source.scenario, &text, options)?.scenario)
        };
        let checked = load_text(&self.source.scenario, &text, &options)?;
        let scenario = checked.scenario;
        let seed = Seed::new(self.source.seed);
        let asked = self.rebalanced(&scenario)?;
        let changes = asked.changes(&scenario)?;
        for change in &changes {
            check(&scenario, change)?;
        }
        let folder =
            super::output::folder(self.out.as_deref(), &format!("{}-runbook", scenario.name))?;
        let others = card_draws(&scenario, &options, self.draws, seed, again)?;
        let draws: Vec<Scenario> = std::iter::once(scenario.clone()).chain(others).collect();
        let asked =
            RunbookOptions { throttle: asked.throttle, concurrency: asked.concurrency, seed };
        let wider = |topic: TopicId, count: u32| -> Result<Vec<Scenario>> {
            let name = &scenario.cluster.topic(topic).name;
            let path = format!("topics/{name}/partitions");
            if !checked.effective.iter().any(|one| one.path == path) {
                return Err(Error::usage(format!(
                    "{name} is one of several topics that one key of the scenario makes: give it a \
                     key of its own"
                )));
            }
            let mut sets = options.sets.clone();
            // New partitions are not in a file that says where the old ones are.
            sets.extend([format!("{path}={count}"), "placement=auto".to_owned()]);
            let wide = LoadOptions { sets, ..options.clone() };
            let first = again(&wide)?;
            let others = card_draws(&first, &wide, self.draws, seed, again)?;
            Ok(std::iter::once(first).chain(others).collect())
        };
        let procedures: Result<Vec<Procedure>> =
            changes.iter().map(|change| runbook(&draws, change, asked, &wider)).collect();
        let procedures = named(procedures?);
        let run = simulate(&scenario, seed);
        let tools = Tools {
            bootstrap: self.bootstrap.clone(),
            prefix: self.tool_prefix.clone(),
            ending: self.tool_ending.clone(),
        };
        let page = Page { run: &run, scenario: &scenario, procedures: &procedures, tools: &tools };
        if let Some(folder) = &folder {
            write(folder, &page)?;
        }
        print(&match self.format {
            Format::Text => plain::page(&page.document()),
            Format::Json => json(&page),
            Format::Csv => csv(&page),
            Format::Markdown => markdown::page(&page.document(), &page.pictures()?),
        })?;
        Ok(ExitCode::SUCCESS)
    }

    /// With what a `KafkaRebalance` asks for, where one is named. Brokers that join are there
    /// already when Strimzi moves replicas to them; here their ids must be the next ones.
    fn rebalanced(&self, scenario: &Scenario) -> Result<Self> {
        let mut asked = self.clone();
        let Some(file) = &self.rebalance else { return Ok(asked) };
        let wanted = read_kafka_rebalance(file, &open(file)?)?;
        asked.throttle = wanted.throttle;
        asked.concurrency = Some(wanted.concurrency.min(100_000));
        match wanted.mode {
            RebalanceMode::Full => asked.reassign = Some("balance".to_owned()),
            RebalanceMode::RemoveBrokers => asked.remove = wanted.brokers,
            RebalanceMode::AddBrokers => {
                let last = scenario.cluster.brokers.iter().map(|one| one.node_id).max();
                let last = last.unwrap_or(0);
                let next: Vec<u32> = (last + 1..).take(wanted.brokers.len()).collect();
                let mut sorted = wanted.brokers.clone();
                sorted.sort_unstable();
                if sorted != next {
                    return Err(Error::usage(format!(
                        "{file}: spec/brokers: found {:?}; brokers that join this scenario are \
                         {next:?}",
                        wanted.brokers
                    )));
                }
                asked.add = Some(sorted.len() as u32);
            }
        }
        Ok(asked)
    }

    /// What is asked for, in the exercise's order.
    fn changes(&self, scenario: &Scenario) -> Result<Vec<Change>> {
        let mut changes = Vec::new();
        if self.add.is_some() || !self.remove.is_empty() {
            let machine = self.machine_of(scenario)?;
            let count = self.add.unwrap_or(0) as usize;
            changes.push(Change::Brokers(BrokerQuestion {
                joining: vec![Joining { machine }; count],
                leaving: self.remove.clone(),
                wanted: None,
            }));
        }
        for text in &self.partitions {
            let names = scenario.cluster.topics.iter().map(|one| one.name.as_str());
            let (index, count) = pair("--partitions", "topic", text, &names)?;
            changes.push(Change::Partitions { topic: TopicId::from_index(index), count });
        }
        match self.reassign.as_deref() {
            None => {}
            Some("balance") => changes.push(Change::Brokers(BrokerQuestion::default())),
            Some(file) => {
                let wanted = Some(wanted(file, scenario)?);
                changes.push(Change::Brokers(BrokerQuestion { wanted, ..Default::default() }));
            }
        }
        for text in &self.consumers {
            let names = scenario.groups.iter().map(|one| one.name.as_str());
            let (index, count) = pair("--consumers", "group", text, &names)?;
            changes.push(Change::Members { group: GroupId::from_index(index), count });
        }
        if changes.is_empty() {
            return Err(Error::usage(format!(
                "nothing changes: allowed are --add N, --remove ID, --partitions TOPIC=N, \
                 --reassign FILE|balance, --consumers GROUP=N; the nearest is --add 1{}",
                scenario.groups.first().map_or(String::new(), |one| {
                    format!(", or --consumers {}={}", one.name, one.members + 1)
                })
            )));
        }
        Ok(changes)
    }

    fn machine_of(&self, scenario: &Scenario) -> Result<Host> {
        let Some(card) = &self.machine else { return Ok(scenario.pool.host.clone()) };
        let sets = vec![format!("hosts/brokers/card={card}")];
        let options = LoadOptions { sets, ..self.source.options() };
        Ok(load_text("--machine", PROBE, &options)?.scenario.pool.host)
    }
}

/// The procedures with the names of their files: with a word before them where several move.
fn named(procedures: Vec<Procedure>) -> Vec<(Procedure, Files)> {
    let moves = procedures.iter().filter(|one| one.moves().is_some()).count();
    let name = |procedure: Procedure| {
        let before = if moves > 1 { format!("{}-", key(&procedure)) } else { String::new() };
        let waves = match &procedure.body {
            Body::Move(book) => book.waves.len(),
            Body::Partitions { .. } | Body::Members { .. } => 0,
        };
        let files = Files::of(&before, waves);
        (procedure, files)
    };
    procedures.into_iter().map(name).collect()
}

/// `NAME=N` of a thing that there is.
fn pair<'a>(
    option: &str,
    kind: &str,
    text: &str,
    names: &(impl Iterator<Item = &'a str> + Clone),
) -> Result<(usize, u32)> {
    let example = names.clone().next().unwrap_or("name").to_owned();
    let Some((name, count)) = text.rsplit_once('=') else {
        let words = format!("{option} {text}: found no `=`; allowed is e.g. {example}=12");
        return Err(Error::usage(words));
    };
    let index = names.clone().position(|one| one == name).ok_or_else(|| {
        let nearest = nearest_word(name, names.clone());
        let nearest = nearest.map_or(String::new(), |one| format!(" (did you mean `{one}`?)"));
        let known: Vec<&str> = names.clone().take(20).collect();
        let known = known.join(", ");
        Error::usage(format!("{option} {text}: no {kind} `{name}`; there are {known}{nearest}"))
    })?;
    let count = count.trim().parse().map_err(|_| {
        Error::usage(format!(
            "{option} {text}: found `{count}`; allowed is a whole number, e.g. {name}=12"
        ))
    })?;
    Ok((index, count))
}

/// The lists of a reassignment by partition, checked against the cluster.
fn wanted(file: &str, scenario: &Scenario) -> Result<BTreeMap<usize, Vec<BrokerId>>> {
    let list = read_placement(file, &open(file)?)?;
    check_reassignment(file, &list, &scenario.cluster)?;
    let known: BTreeMap<(String, u32), usize> = assignments_of(&scenario.cluster)
        .into_iter()
        .enumerate()
        .map(|(index, one)| ((one.topic, one.partition), index))
        .collect();
    let id = |node: &u32| scenario.cluster.brokers.iter().position(|one| one.node_id == *node);
    let one = |wanted: &kafsim::interop::Assignment| {
        let index = *known.get(&(wanted.topic.clone(), wanted.partition))?;
        let replicas = wanted.replicas.iter().filter_map(id).map(BrokerId::from_index);
        Some((index, replicas.collect()))
    };
    Ok(list.iter().filter_map(one).collect())
}
