//! `kafsim bench` and `kafsim cleanup` in a build with the feature `live`.

use super::bench::{Bench, Cleanup};
use super::guest::Guest;
use super::print;
use kafsim::analysis::judge;
use kafsim::chance::Seed;
use kafsim::error::{Error, Result};
use kafsim::interop::{RunRow, measured_row};
use kafsim::live::{Act, Caps, Ending, Left, Measured, MockPlan, Options, Plan, Security, Target};
use kafsim::live::{bench, cleanup};
use kafsim::metrics::Run;
use kafsim::report::{figures, output};
use kafsim::scenario::{Scenario, load};
use kafsim::study::simulate;
use kafsim::units::{Bytes, Quantity, Records, SimSpan, sig};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

impl Bench {
    pub(crate) fn run(self) -> Result<ExitCode> {
        let security = Security::new(&self.guest.config)?;
        let caps = self.caps()?;
        let checked = load(&self.source.scenario, &self.source.options())?;
        let scenario = &checked.scenario;
        let acts: Result<Vec<Act>> = self.act.iter().map(|text| Act::parse(text)).collect();
        let target = self.guest.target();
        for warning in &checked.warnings {
            self.output.say(&format!("warning: {}; {}", warning.found, warning.allowed));
        }
        if self.dry_run {
            let plan = Plan::of(scenario)?;
            print(&plan.words(&target, &caps, &security))?;
            plan.within(&caps)?;
            return Ok(ExitCode::SUCCESS);
        }
        let folder = self.output.prepare(&format!("{}-live", scenario.name))?;
        let journal = self.journal.clone().unwrap_or_else(default_journal);
        let options = Options {
            caps,
            security,
            journal: journal.clone(),
            cluster_id: self.guest.cluster_id.clone(),
            yes: self.guest.yes,
            acts: acts?,
        };
        self.output.say(&format!(
            "measuring {} on {}; journal {}",
            scenario.duration.to_prose(),
            self.guest
                .bootstrap
                .as_deref()
                .unwrap_or("librdkafka's mock cluster, inside this process"),
            journal.display()
        ));
        let seed = Seed::new(self.source.seed);
        let measured = bench(scenario, seed, &target, &options);
        let empty = |left: Left| left.topics.is_empty() && left.groups.is_empty();
        if self.journal.is_none() && Left::read(&journal).is_ok_and(empty) {
            // Everything is gone: the note has done its work.
            let _gone = std::fs::remove_file(&journal);
        }
        let mut measured = measured?;
        judge(scenario, &mut measured.run);
        let simulated = simulate(scenario, seed);
        compare(&simulated, &mut measured.run);
        let code = self.output.show(&measured.run, folder.as_deref())?;
        if let Some(folder) = &folder {
            self.write(folder, scenario, &simulated, &measured)?;
        }
        Ok(self.exit(&measured, code))
    }

    fn caps(&self) -> Result<Caps> {
        let wrong = |option: &str, error: &kafsim::units::QuantityError| {
            Error::usage(format!("{option}: found {}; allowed is {}", error.found, error.allowed))
        };
        Ok(Caps {
            duration: SimSpan::parse(&self.max_duration)
                .map_err(|error| wrong("--max-duration", &error))?,
            records: Records::parse(&self.max_records)
                .map_err(|error| wrong("--max-records", &error))?
                .get(),
            bytes: Bytes::parse(&self.max_bytes).map_err(|error| wrong("--max-bytes", &error))?,
        })
    }

    /// The row and the overlay, beside the usual set.
    fn write(
        &self,
        folder: &Path,
        scenario: &Scenario,
        simulated: &Run,
        measured: &Measured,
    ) -> Result<()> {
        if let Some(picture) = figures::overlay_picture(simulated, &measured.run)? {
            output::write_pictures(&folder.join("figures"), &[picture])?;
        }
        let brokers = measured.brokers.to_string();
        let rig = self.rig.as_deref().unwrap_or(&scenario.name);
        let source = source(&self.guest.target());
        let row =
            measured_row(scenario, &measured.run, &measured.from_send, [&brokers, rig, source]);
        match row.filter(|_| measured.run.valid) {
            Some(row) => {
                output::place(&folder.join("runs_live.csv"), RunRow::csv(&[row]).as_bytes())
            }
            None => {
                let _stale = std::fs::remove_file(folder.join("runs_live.csv"));
                self.output.say(
                    "no row for `kafsim validate`: that takes a valid run with one producer and \
                     one topic",
                );
                Ok(())
            }
        }
    }

    /// 130 interrupted, 4 stopped by a guard, 5 cut short, 1 invalid or not cleaned up.
    fn exit(&self, measured: &Measured, code: ExitCode) -> ExitCode {
        match &measured.ending {
            Ending::Interrupted => {
                self.output.say("interrupted; what is here was measured until then");
                return ExitCode::from(130);
            }
            Ending::Stopped(why) => {
                self.output.say(&format!("stopped, the cluster is not well: {why}"));
                return ExitCode::from(4);
            }
            Ending::Capped => {
                self.output.say("cut short by --max-bytes or --max-records");
                return ExitCode::from(5);
            }
            Ending::Whole => {}
        }
        if !measured.run.valid {
            self.output.say("the run is invalid: it measures the generator, see its warnings");
        }
        if !measured.run.valid || !measured.left.is_empty() {
            return ExitCode::FAILURE;
        }
        code
    }
}

impl Guest {
    /// What is talked to: without an address, or at the address `mock`, librdkafka's mock.
    pub(super) fn target(&self) -> Target {
        match self.bootstrap.as_deref() {
            None | Some("mock") => Target::Mock(MockPlan::default()),
            Some(addresses) => Target::Bootstrap(addresses.to_owned()),
        }
    }
}

/// What a row says of where it comes from.
pub(super) fn source(target: &Target) -> &'static str {
    match target {
        Target::Bootstrap(_) => "kafsim bench, librdkafka 2.12",
        Target::Mock(_) => "kafsim bench on librdkafka's mock cluster",
    }
}

/// Says how far the simulation of the same scenario is from the measurement.
fn compare(simulated: &Run, measured: &mut Run) {
    let mut words = Vec::new();
    for (name, one) in &measured.producers {
        let Some(other) = simulated.producers.get(name) else { continue };
        words.push(format!(
            "producer {name} {} against {} records/s",
            sig(other.records_s),
            sig(one.records_s)
        ));
        if let (Some(theirs), Some(ours)) = (other.latency_ms, one.latency_ms) {
            words.push(format!(
                "publish p50 {} against {} ms, p99 {} against {} ms",
                sig(theirs.p50),
                sig(ours.p50),
                sig(theirs.p99),
                sig(ours.p99)
            ));
        }
    }
    for (name, one) in &measured.groups {
        let other = simulated.groups.get(name).and_then(|other| other.e2e_latency_ms);
        if let (Some(theirs), Some(ours)) = (other, one.e2e_latency_ms) {
            words.push(format!(
                "end to end of {name} p50 {} against {} ms",
                sig(theirs.p50),
                sig(ours.p50)
            ));
        }
    }
    if !words.is_empty() {
        measured.remarks.push(format!("Simulated against measured: {}.", words.join("; ")));
    }
}

/// A file of its own for each run.
fn default_journal() -> PathBuf {
    std::env::temp_dir().join(format!("kafsim-journal-{}.ndjson", std::process::id()))
}

impl Cleanup {
    pub(crate) fn run(self) -> Result<ExitCode> {
        let security = Security::new(&self.config)?;
        let gone = cleanup(&self.journal, self.bootstrap.as_deref(), &security)?;
        let words = match gone.len() {
            0 => "nothing was left".to_owned(),
            count => format!("deleted {count} topics:\n  {}", gone.join("\n  ")),
        };
        print(&format!("{words}\n"))?;
        Ok(ExitCode::SUCCESS)
    }
}
