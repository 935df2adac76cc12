//! More or fewer brokers, in words, tables and rows.

use super::designs::{finite, pretty, show};
use super::document::{Block, Document};
use super::formats::table::Table;
use crate::analysis::Interval;
use crate::model::placement::{BALANCE, Goal, PlacementPlan, Resource};
use crate::study::brokers::{BrokerStudy, Wave, read_triggers};
use crate::units::{ByteRate, Bytes, SimSpan, sig};
use serde_json::{Value, json};

/// What is shown.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    /// The answer.
    pub study: &'a BrokerStudy,
    /// Its waves.
    pub waves: &'a [Wave],
    /// The throttle asked for.
    pub throttle: Option<ByteRate>,
}

fn goal_words(goal: Goal) -> String {
    match goal {
        Goal::Drained => "brokers that leave hold nothing".to_owned(),
        Goal::Racks => "replicas on different racks".to_owned(),
        Goal::Capacity(resource) => format!("{} within its capacity share", resource.words()),
        Goal::Distribution(resource) => {
            format!("{} at most {BALANCE} × the mean", resource.words())
        }
    }
}

fn rate(bytes: f64) -> String {
    ByteRate::per_sec(bytes.max(0.0)).to_string()
}

fn percent(share: f64) -> String {
    format!("{:.0} %", share * 100.0)
}

fn lasts(span: Option<SimSpan>) -> String {
    span.map_or_else(|| "never ends".to_owned(), SimSpan::to_prose)
}

/// Goals in their order, before and after.
pub(super) fn goals_table(plan: &PlacementPlan) -> Table {
    let mut table = Table::new(&["goal", "missed before", "missed after", "worst / limit"]);
    for one in &plan.goals {
        table.row(&[
            goal_words(one.goal),
            one.missed_before.to_string(),
            one.missed_after.to_string(),
            format!("{} → {}", sig(one.worst_before), sig(one.worst_after)),
        ]);
    }
    table
}

impl View<'_> {
    /// Per broker, before → after.
    pub fn brokers_table(&self) -> Table {
        let mut table = Table::new(&[
            "broker",
            "rack",
            "disk",
            "network in",
            "network out",
            "leaders",
            "replicas",
            "CPU p99",
        ]);
        let plan = &self.study.plan;
        for (index, broker) in self.study.scenario.cluster.brokers.iter().enumerate() {
            let (old, new) = (&plan.before[index], &plan.after[index]);
            let both = |show: &dyn Fn(f64) -> String, resource: Resource| {
                format!("{} → {}", show(old.of(resource)), show(new.of(resource)))
            };
            let bytes = |value: f64| Bytes::new(value.max(0.0) as u64).to_string();
            let whole = |value: f64| format!("{value:.0}");
            let cpu = |run: &crate::metrics::Run| {
                run.brokers.get(&broker.node_id).map_or("-".into(), |one| percent(one.cpu.p99))
            };
            let [before, after] = &self.study.runs;
            table.row(&[
                broker.node_id.to_string(),
                broker.rack.clone(),
                both(&bytes, Resource::Disk),
                both(&rate, Resource::NetworkIn),
                both(&rate, Resource::NetworkOut),
                both(&whole, Resource::Leaders),
                format!("{} → {}", old.replicas, new.replicas),
                format!("{} → {}", cpu(before), cpu(after)),
            ]);
        }
        table
    }

    fn triggers_table(&self) -> Table {
        let mut table = Table::new(&["add a broker when", "before", "fires", "after", "fires"]);
        let [before, after] = &self.study.runs;
        let yes = |fires: bool| if fires { "yes" } else { "no" }.to_owned();
        for (old, new) in read_triggers(before).into_iter().zip(read_triggers(after)) {
            table.row(&[
                old.words.to_owned(),
                format!("{} (broker {})", percent(old.value), old.broker),
                yes(old.fires),
                format!("{} (broker {})", percent(new.value), new.broker),
                yes(new.fires),
            ]);
        }
        table
    }

    fn claims_table(&self) -> Table {
        let mut table = Table::new(&["expected", "the exercise's script", "simulated"]);
        let study = self.study;
        let gain =
            study.gain.map_or("-".into(), |gain| format!("{} %", show(Some(scaled(gain, 100.0)))));
        let staying = |loads: &[crate::model::placement::BrokerLoad]| {
            loads.iter().filter(|one| one.replicas > 0).count().max(1) as f64
        };
        let [old, new] = [staying(&study.plan.before), staying(&study.plan.after)];
        let load = old / new - 1.0;
        let [before, after] = study.runs.each_ref().map(|run| run.bottleneck.resource.as_str());
        let gain = format!(
            "{gain} of what the brokers take; the first to be full of everything is {before} \
             before, {after} after"
        );
        table.row(&["throughput".into(), "~25-30%".into(), gain]);
        table.row(&["load per broker".into(), "-25%".into(), format!("{:+.0} %", load * 100.0)]);
        table.row(&[
            "brokers that bear load".into(),
            "fault tolerance +33%".into(),
            format!(
                "{old:.0} → {new:.0}; copies of a partition, and so the failures that it survives, \
                 stay the same"
            ),
        ]);
        table
    }

    fn copies(&self) -> usize {
        self.study.plan.changes.iter().map(|one| one.arriving().count()).sum()
    }

    fn move_words(&self) -> Vec<String> {
        let (plan, work) = (&self.study.plan, &self.study.work);
        let copies = self.copies();
        let mut words = vec![format!(
            "{copies} replicas, {} are copied ({} must leave or are above a limit); {} partitions \
             change their list of replicas.",
            plan.moved,
            plan.unavoidable,
            plan.changes.len()
        )];
        if plan.goals.iter().any(|one| one.missed_after > 0) {
            words.push(
                "Goals that stay missed are prevented by the rule on racks, where one has too few \
                 brokers, or by replicas that fit beneath no limit."
                    .to_owned(),
            );
        }
        let end = lasts(work.lasts(self.throttle));
        words.push(match self.throttle {
            Some(throttle) => format!("Under a throttle of {throttle} the move takes {end}."),
            None => format!(
                "Without a throttle the move takes {end} and fills the network or a disk of a \
                 broker meanwhile."
            ),
        });
        let most = work.room.map_or(String::new(), |room| {
            format!(", and more than {room} finds no room at the mean load")
        });
        words.push(format!(
            "A throttle must be above {}, what producers append to the moving partitions of one \
             broker{most}.",
            work.least_throttle()
        ));
        if self.waves.len() > 1 {
            let spans: Option<Vec<SimSpan>> =
                self.waves.iter().map(|wave| wave.work.lasts(self.throttle)).collect();
            let total = spans.map(|spans| spans.into_iter().fold(SimSpan::ZERO, |a, b| a + b));
            words.push(format!(
                "In {} waves, one after the other, it takes {}.",
                self.waves.len(),
                lasts(total)
            ));
        }
        words
    }

    /// The parts with their titles.
    fn parts(&self) -> Vec<(&'static str, Table)> {
        vec![
            ("Brokers before → after", self.brokers_table()),
            ("Goals", goals_table(&self.study.plan)),
            ("What is expected", self.claims_table()),
            ("Triggers", self.triggers_table()),
        ]
    }

    /// For people.
    pub fn text(&self) -> String {
        let parts = self.parts();
        let tables = parts.iter().map(|(title, table)| format!("{title}\n{}\n", table.plain()));
        format!("{}{}\n", tables.collect::<String>(), self.move_words().join("\n"))
    }

    /// The same as a page with its figure.
    pub fn document(&self) -> Document {
        let run = &self.study.runs[0];
        let mut blocks = vec![Block::Points(self.move_words()), Block::Figures];
        for (title, table) in self.parts() {
            blocks.extend([Block::Heading(title.to_owned()), Block::Table(table)]);
        }
        blocks.push(Block::Heading("The move".into()));
        blocks.push(Block::Code(self.commands()));
        blocks.push(Block::Part("Back again".into()));
        blocks.push(Block::Code(Self::command("rollback.json", "--execute")));
        Document {
            title: format!("Brokers of {}", self.study.scenario.name),
            caption: super::document::caption(run),
            blocks,
        }
    }

    fn command(file: &str, what: &str) -> String {
        format!(
            "kafka-reassign-partitions --bootstrap-server $BOOTSTRAP \\\n  \
             --reassignment-json-file {file} {what}\n"
        )
    }

    fn commands(&self) -> String {
        let throttle = self
            .throttle
            .map_or(String::new(), |rate| format!(" \\\n  --throttle {}", rate.get() as u64));
        format!(
            "{}{}",
            Self::command("reassignment.json", &format!("--execute{throttle}")),
            Self::command("reassignment.json", "--verify"),
        )
    }

    /// For a ticket, with the commands.
    pub fn markdown(&self) -> String {
        let parts = self.parts();
        let tables: String = parts
            .iter()
            .map(|(title, table)| format!("## {title}\n\n{}\n", table.markdown()))
            .collect();
        let points: String = self.move_words().iter().map(|words| format!("- {words}\n")).collect();
        format!(
            "# Brokers of {}\n\n{tables}## The move\n\n{points}\n```bash\n{}```\n\n\
             Back again:\n\n\
             ```bash\n{}```\n",
            self.study.scenario.name,
            self.commands(),
            Self::command("rollback.json", "--execute"),
        )
    }

    /// For programs.
    pub fn json(&self) -> String {
        let study = self.study;
        let side = |at: usize| {
            let one = study.capacity[at];
            let pick = |pick: fn(&Interval) -> f64| one.as_ref().map(pick).and_then(finite);
            (pick(|one| one.mean), pick(Interval::low), pick(Interval::high))
        };
        let row = |at: usize, design: &str| {
            let (mean, low, high) = side(at);
            json!({
                "design": design,
                "brokers": study.runs[at].brokers.len(),
                "saturates_at_load_factor": mean,
                "saturates_at_load_factor_low": low,
                "saturates_at_load_factor_high": high,
                "bottleneck": study.runs[at].bottleneck.resource,
            })
        };
        let seconds = |span: Option<SimSpan>| span.map(SimSpan::as_secs_f64);
        let goals: Vec<Value> = study
            .plan
            .goals
            .iter()
            .map(|one| {
                json!({
                    "goal": goal_words(one.goal),
                    "missed_before": one.missed_before,
                    "missed_after": one.missed_after,
                })
            })
            .collect();
        let waves = self.waves.iter().map(|wave| {
            json!({
                "partitions": wave.changes.len(),
                "lasts_s": seconds(wave.work.lasts(self.throttle)),
            })
        });
        let gain = study.gain;
        pretty(&json!({
            "schema": "kafsim/brokers/1",
            "kafsim": super::document::VERSION,
            "rows": [row(0, "as it stands"), row(1, "after the move")],
            "gain": gain.map(|one| one.mean),
            "gain_low": gain.and_then(|one| finite(one.low())),
            "gain_high": gain.and_then(|one| finite(one.high())),
            "goals": goals,
            "move": {
                "bytes": study.plan.moved.get(),
                "unavoidable_bytes": study.plan.unavoidable.get(),
                "replicas": self.copies(),
                "partitions": study.plan.changes.len(),
                "throttle_bytes_s": self.throttle.map(ByteRate::get),
                "least_throttle_bytes_s": study.work.least_throttle().get(),
                "room_bytes_s": study.work.room.map(ByteRate::get),
                "lasts_s": seconds(study.work.lasts(self.throttle)),
                "waves": waves.collect::<Vec<Value>>(),
            },
            "triggers": self.triggers_json(),
        }))
    }

    fn triggers_json(&self) -> Vec<Value> {
        let [before, after] = &self.study.runs;
        let pairs = read_triggers(before).into_iter().zip(read_triggers(after));
        pairs
            .map(|(old, new)| {
                json!({
                    "trigger": old.words,
                    "before": old.value,
                    "fires_before": old.fires,
                    "after": new.value,
                    "fires_after": new.fires,
                })
            })
            .collect()
    }
}

fn scaled(one: Interval, factor: f64) -> Interval {
    Interval { mean: one.mean * factor, half_width: one.half_width * factor, ..one }
}
