//! Conducts an experiment: every step through the bench, its row into the state.

use super::bench_live::source;
use super::experiment_state::{Note, State};
use super::guest::{Experiment, Guest};
use kafsim::chance::Seed;
use kafsim::error::{Error, Result};
use kafsim::interop::measured_row;
use kafsim::live::{Caps, Ending, Measured, Options, Security, Survey, Target};
use kafsim::live::{bench, cleanup_all, survey};
use kafsim::report::output;
use kafsim::scenario::cards::{Cards, embedded_kinds};
use kafsim::study::experiment::{MEASURED, Machine, Plan, Purpose, RIG, Scatter, merged};
use kafsim::study::validate::Row;
use kafsim::units::{Bytes, Quantity, SimSpan, count, sig};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// An experiment that is being conducted.
pub(super) struct Conductor<'e> {
    pub plan: Plan,
    pub guest: &'e Guest,
    pub experiment: &'e Experiment,
    pub folder: &'e Path,
    pub quiet: bool,
    target: Target,
    security: Security,
    survey: Survey,
}

/// How measuring ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum End {
    /// Everything is measured.
    Whole,
    /// Somebody asked to stop: partial results.
    Interrupted,
}

/// A step may take as long as the longest plan, and move what a laptop's disk takes.
const CAPS: Caps =
    Caps { duration: SimSpan::from_secs(300), records: 100_000_000, bytes: Bytes::new(4 << 30) };

/// The budget of an experiment.
pub(super) fn budget(experiment: &Experiment) -> Result<SimSpan> {
    SimSpan::parse(&experiment.budget).map_err(|error| {
        Error::usage(format!("--budget: found {}; allowed is {}", error.found, error.allowed))
    })
}

/// The plan in words; nobody is contacted, so the number of brokers is that of the addresses.
pub(super) fn dry_run(purpose: Purpose, guest: &Guest, experiment: &Experiment) -> Result<String> {
    let addresses = guest.bootstrap.as_deref().unwrap_or("mock");
    let brokers = match addresses {
        "mock" => 3,
        list => list.split(',').filter(|one| !one.trim().is_empty()).count().max(1) as u32,
    };
    let plan = Plan::new(purpose, brokers, budget(experiment)?)?;
    let mut text = format!(
        "target     {addresses}, taken for {brokers} brokers\nwarm-up    {} loads of {}, \
         discarded\n",
        plan.warm_ups.len(),
        plan.warming.to_prose()
    );
    for step in &plan.steps {
        text.push_str(&format!(
            "step       {:<16} {:>6} × {}  {}\n",
            step.id,
            plan.lasts_once(step).to_prose(),
            plan.repeats,
            step.text("case")
        ));
    }
    text.push_str(&format!(
        "in all     {} steps, {} with what is around them; topics kafsim-… come and go\n",
        plan.steps.len(),
        plan.lasts().to_prose()
    ));
    Ok(text)
}

impl<'e> Conductor<'e> {
    /// Looks at the cluster and makes the plan for it.
    pub(super) fn new(
        purpose: Purpose,
        guest: &'e Guest,
        experiment: &'e Experiment,
        folder: &'e Path,
        quiet: bool,
    ) -> Result<Self> {
        let security = Security::new(&guest.config)?;
        let budget = budget(experiment)?;
        let target = guest.target();
        let options = Options {
            caps: CAPS,
            security: security.clone(),
            journal: PathBuf::new(),
            cluster_id: guest.cluster_id.clone(),
            yes: guest.yes,
            acts: Vec::new(),
        };
        // A plan that cannot be is refused before anybody is contacted.
        Plan::new(purpose, 1, budget)?;
        let survey = survey(&target, &options)?;
        let plan = Plan::new(purpose, survey.brokers, budget)?;
        Ok(Self { plan, guest, experiment, folder, quiet, target, security, survey })
    }

    /// The rig and the cards of this machine as they are before a fit, in the folder. Clusters on
    /// other machines are described by the reader.
    pub(super) fn machine(&self, date: &str, rigs: &Path, cards: &Path) -> Result<()> {
        if !self.survey.here {
            let file = rigs.join(format!("{RIG}.yaml"));
            return if file.is_file() {
                Ok(())
            } else {
                Err(Error::usage(format!(
                    "brokers run on other machines, which nobody has described: found no {}; \
                     allowed is a rig's fragment there, as in models/rigs, with its host cards in \
                     {}/hosts",
                    file.display(),
                    cards.display()
                )))
            };
        }
        let machine = Machine {
            cores: self.survey.cores,
            memory: Bytes::new(self.survey.memory),
            processor: self.survey.processor.clone(),
            heap: self.survey.heap.map(Bytes::new),
        };
        write(&rigs.join(format!("{RIG}.yaml")), &machine.rig())?;
        let own = Cards::new(Vec::new(), BTreeMap::new());
        for (title, text) in machine.cards(date, &own)? {
            write(&cards.join(format!("{title}.yaml")), &text)?;
        }
        Ok(())
    }

    /// Opens the state; `also` is part of what makes two experiments the same.
    pub(super) fn state(&self, also: &str) -> Result<State> {
        let path = self.experiment.state.clone();
        let path = path.unwrap_or_else(|| self.folder.join("steps.ndjson"));
        let cluster = self.survey.cluster_id.as_deref().unwrap_or("mock");
        State::open(&path, &format!("{}{also}", self.plan.text()), cluster)
    }

    /// Measures what is not measured yet.
    pub(super) fn measure(&self, state: &mut State, rigs: &Path, cards: &[PathBuf]) -> Result<End> {
        let address = self.guest.bootstrap.as_deref().filter(|one| *one != "mock");
        let left = cleanup_all(self.folder, address, &self.security)?;
        if left > 0 {
            self.say(&format!("deleted {left} topics that an earlier call left behind"));
        }
        let once = |repeat: u32| self.plan.steps.iter().map(move |step| (step, repeat));
        // Repeats are spread over time, and whoever stops early has each step once.
        let mut todo: Vec<(&Row, u32)> = (1..=self.plan.repeats).flat_map(once).collect();
        let whole = todo.len();
        todo.retain(|(step, repeat)| state.find(&step.id, *repeat).is_none());
        if todo.is_empty() {
            return Ok(End::Whole);
        }
        if todo.len() < whole {
            self.say(&format!("{} of {whole} measurements are there", whole - todo.len()));
        }
        for load in &self.plan.warm_ups {
            self.say(&format!("warming up: {}", self.plan.warming.to_prose()));
            if self.play(load, 0, rigs, cards)?.ending == Ending::Interrupted {
                return Ok(End::Interrupted);
            }
        }
        let mut stopped = false;
        for (index, (step, repeat)) in todo.iter().enumerate() {
            let left = todo[index..].iter().map(|(step, _)| self.plan.lasts_once(step));
            let left = left.fold(SimSpan::ZERO, |sum, one| sum + one);
            let number = whole - todo.len() + index + 1;
            self.say(&format!(
                "{number} of {whole}: {}, repeat {repeat}; {} left",
                step.id,
                left.to_prose()
            ));
            let measured = self.play(step, *repeat, rigs, cards)?;
            match &measured.ending {
                Ending::Interrupted => return Ok(End::Interrupted),
                // Once may be this step's doing: replicas that do not follow a closed loop.
                Ending::Stopped(why) if stopped => {
                    return Err(Error::refused(format!(
                        "stopped at {}, the cluster is not well: {why}; what was measured is kept",
                        step.id
                    )));
                }
                Ending::Stopped(why) => {
                    stopped = true;
                    self.say(&format!("   the cluster was not well, not used: {why}"));
                }
                Ending::Whole | Ending::Capped => stopped = false,
            }
            let note = self.note(step, *repeat, &measured, rigs, cards)?;
            self.tell(&note);
            state.add(note)?;
        }
        Ok(End::Whole)
    }

    fn say(&self, words: &str) {
        if !self.quiet {
            eprintln!("{words}");
        }
    }

    fn tell(&self, note: &Note) {
        let of = |column: &str| {
            let value = note.values.iter().find(|(name, _)| name == column);
            value.and_then(|(_, text)| text.parse::<f64>().ok())
        };
        let mut words = match of("records_s") {
            Some(rate) => format!("   {} records/s", count(rate)),
            None => "   nothing".to_owned(),
        };
        if let Some(p50) = of("publish_p50_ms") {
            words.push_str(&format!(", publish p50 {} ms", sig(p50)));
        }
        if let Some(cpu) = of("cpu_utilisation") {
            words.push_str(&format!(", CPU {} %", sig(cpu * 100.0)));
        }
        if !note.valid {
            words.push_str("; not used, it measures the generator");
        }
        self.say(&words);
    }

    /// One run of a step.
    fn play(&self, step: &Row, repeat: u32, rigs: &Path, cards: &[PathBuf]) -> Result<Measured> {
        let checked = self.plan.scenario(step, Some(rigs), cards)?;
        let journal = self.folder.join(format!("journal-{}-{repeat}.ndjson", step.id));
        let options = Options {
            caps: CAPS,
            security: self.security.clone(),
            journal: journal.clone(),
            cluster_id: self.guest.cluster_id.clone(),
            yes: self.guest.yes,
            acts: Vec::new(),
        };
        let seed = Seed::new(u64::from(repeat));
        let measured = bench(&checked.scenario, seed, &self.target, &options);
        let nothing_left = measured.as_ref().is_ok_and(|one| one.left.is_empty());
        if nothing_left {
            // The note has done its work; otherwise the next call cleans up by it.
            let _gone = std::fs::remove_file(&journal);
        }
        measured
    }

    /// What is kept of a run.
    fn note(
        &self,
        step: &Row,
        repeat: u32,
        measured: &Measured,
        rigs: &Path,
        cards: &[PathBuf],
    ) -> Result<Note> {
        let checked = self.plan.scenario(step, Some(rigs), cards)?;
        let brokers = measured.brokers.to_string();
        let from = [brokers.as_str(), RIG, source(&self.target)];
        let row = measured_row(&checked.scenario, &measured.run, &measured.from_send, from);
        let row = row.ok_or_else(|| Error::runtime("a step has one producer and one topic"))?;
        let columns = MEASURED.iter().map(|(column, _)| *column).chain(["source"]);
        let known = columns.filter(|column| *column != "cpu_utilisation");
        let mut values: Vec<(String, String)> = known
            .map(|column| (column.to_owned(), row.get(column).to_owned()))
            .filter(|(_, value)| !value.is_empty())
            .collect();
        if let Some(cpu) = measured.cpu {
            values.push(("cpu_utilisation".to_owned(), format!("{cpu:.4}")));
        }
        Ok(Note {
            step: step.id.clone(),
            repeat,
            valid: measured.run.valid && !matches!(measured.ending, Ending::Stopped(_)),
            values,
            warnings: measured.run.warnings.clone(),
        })
    }

    /// Rows of all steps that were measured, and their repeats.
    pub(super) fn rows(&self, state: &State) -> (Vec<Row>, Scatter) {
        let repeats: Vec<Vec<Row>> = self.plan.steps.iter().map(|step| state.rows(step)).collect();
        let each = self.plan.steps.iter().zip(&repeats);
        let rows = each.filter_map(|(step, repeats)| merged(step, repeats)).collect();
        (rows, Scatter::of(&repeats))
    }

    /// Writes the rows where `validate` and `calibrate --from` read them.
    pub(super) fn write_rows(&self, rows: &[Row]) -> Result<PathBuf> {
        let path = self.folder.join(self.plan.purpose.file());
        output::place(&path, Row::table(rows).as_bytes())?;
        Ok(path)
    }
}

/// The cards as they are before a fit become those of the folder; cards of an earlier fit go.
pub(super) fn begin_cards(start: &Path, folder: &Path) -> Result<()> {
    for kind in embedded_kinds() {
        let Ok(old) = std::fs::read_dir(folder.join(kind)) else { continue };
        let yaml = |path: &PathBuf| path.extension().is_some_and(|ending| ending == "yaml");
        // The rig is no card, and stays.
        for path in old.flatten().map(|entry| entry.path()).filter(yaml).filter(|_| kind != "rigs")
        {
            std::fs::remove_file(&path).map_err(|error| Error::io("remove", &path, error))?;
        }
    }
    for kind in embedded_kinds() {
        let Ok(cards) = std::fs::read_dir(start.join(kind)) else { continue };
        for path in cards.flatten().map(|entry| entry.path()) {
            let text = std::fs::read_to_string(&path);
            let text = text.map_err(|error| Error::io("read", &path, error))?;
            let name = path.file_name().unwrap_or_default();
            write(&folder.join(kind).join(name), &text)?;
        }
    }
    Ok(())
}

/// Writes a file and makes its folder.
pub(super) fn write(path: &Path, text: &str) -> Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)
            .map_err(|error| Error::io("make the folder", folder, error))?;
    }
    output::place(path, text.as_bytes())
}
