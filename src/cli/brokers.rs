//! `kafsim brokers`.

use super::{Format, Source, print};
use clap::Args;
use kafsim::chance::Seed;
use kafsim::error::{Error, Result};
use kafsim::interop::{Assignment, reassignment_json};
use kafsim::report::figures::brokers_picture;
use kafsim::report::{brokers as tables, output};
use kafsim::scenario::{LoadOptions, load, load_text};
use kafsim::study::brokers::{BrokerQuestion, BrokerStudy, Joining, Wave, brokers, waves};
use kafsim::study::card_draws;
use kafsim::study::plan::PROBE;
use kafsim::units::ByteRate;
use std::path::Path;
use std::process::ExitCode;

/// `kafsim brokers SCENARIO`.
#[derive(Debug, Args)]
pub(crate) struct Brokers {
    #[command(flatten)]
    source: Source,
    /// Brokers that join [default: 1, and none when brokers leave]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(0..=1_000))]
    add: Option<u32>,
    /// Card of the machines that join [default: that of the brokers]
    #[arg(long, value_name = "CARD")]
    machine: Option<String>,
    /// Brokers that leave, by node.id
    #[arg(long, value_name = "ID,ID,…", value_delimiter = ',')]
    remove: Vec<u32>,
    /// Replication throttle of each broker, e.g. `50 MiB/s` [default: none]
    #[arg(long, value_name = "RATE", value_parser = super::throttle)]
    throttle: Option<ByteRate>,
    /// Replicas that a broker gets or sends at a time: the size of a wave
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    concurrency: u32,
    /// Simulations with card values drawn from their uncertainty, for the gain's interval
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u32).range(0..=1_000))]
    draws: u32,
    /// Format of standard output
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Folder for report, reassignment, rollback, waves, or `none` [default: reports/NAME-brokers]
    #[arg(long, value_name = "DIR")]
    out: Option<String>,
}

impl Brokers {
    pub(crate) fn run(self) -> Result<ExitCode> {
        let options = self.source.options();
        let scenario = load(&self.source.scenario, &options)?.scenario;
        let name = format!("{}-brokers", scenario.name);
        let seed = Seed::new(self.source.seed);
        let count = self.add.unwrap_or(u32::from(self.remove.is_empty()));
        if count == 0 && self.remove.is_empty() {
            return Err(Error::usage("nothing changes: --add at least 1, or --remove a broker"));
        }
        let machine = match &self.machine {
            None => scenario.pool.host.clone(),
            Some(card) => self.machine_of(card)?,
        };
        let question = BrokerQuestion {
            joining: vec![Joining { machine }; count as usize],
            leaving: self.remove.clone(),
            wanted: None,
        };
        let draws = if self.source.scenario == "-" {
            Vec::new()
        } else {
            let again = |options: &LoadOptions| Ok(load(&self.source.scenario, options)?.scenario);
            card_draws(&scenario, &options, self.draws, seed, again)?
        };
        let study = brokers(&scenario, &draws, &question, seed)?;
        self.refuse_endless(&study)?;
        let waves = waves(&study.plan, &study.partitions, &study.work, self.concurrency);
        let folder = super::output::folder(self.out.as_deref(), &name)?;
        let view = tables::View { study: &study, waves: &waves, throttle: self.throttle };
        if let Some(folder) = &folder {
            write(folder, &study, &waves, &view)?;
        }
        print(&match self.format {
            Format::Text => view.text(),
            Format::Json => view.json(),
            Format::Csv => view.brokers_table().csv(),
            Format::Markdown => view.markdown(),
        })?;
        Ok(ExitCode::SUCCESS)
    }

    fn machine_of(&self, card: &str) -> Result<kafsim::cluster::Host> {
        let sets = vec![format!("hosts/brokers/card={card}")];
        let options = LoadOptions { sets, ..self.source.options() };
        Ok(load_text("--machine", PROBE, &options)?.scenario.pool.host)
    }

    /// A throttle below what the moving partitions take in never lets the move end.
    fn refuse_endless(&self, study: &BrokerStudy) -> Result<()> {
        if study.work.lasts(self.throttle).is_some() {
            return Ok(());
        }
        let least = study.work.least_throttle();
        Err(Error::usage(match self.throttle {
            Some(throttle) => format!(
                "--throttle {throttle}: the move never ends, because producers append as much to \
                 the partitions that move; the least throttle that ends is above {least}"
            ),
            None => format!(
                "the move never ends: producers append {least} to the partitions that move at one \
                 broker, and the network or a disk has no room for more"
            ),
        }))
    }
}

/// The tool's files: everything at once, back again, and wave by wave.
fn write(
    folder: &Path,
    study: &BrokerStudy,
    waves: &[Wave],
    view: &tables::View<'_>,
) -> Result<()> {
    let [old, new] = study.assignments();
    let place = |name: &str, text: String| output::place(&folder.join(name), text.as_bytes());
    if !new.is_empty() {
        place("reassignment.json", reassignment_json(&new))?;
        place("rollback.json", reassignment_json(&old))?;
    }
    let width = waves.len().to_string().len();
    for (index, wave) in waves.iter().enumerate() {
        let some: Vec<Assignment> = wave.changes.iter().map(|at| new[*at].clone()).collect();
        place(&format!("wave-{:0width$}.json", index + 1), reassignment_json(&some))?;
    }
    let pictures = [brokers_picture(study)?];
    output::write_page(folder, &view.document(), &view.markdown(), &pictures)?;
    place("summary.json", view.json())
}
