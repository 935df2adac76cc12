//! `kafsim dashboard`.

use super::{Source, print};
use clap::Args;
use kafsim::chance::Seed;
use kafsim::error::Result;
use kafsim::report::clock::Clock;
use kafsim::report::formats::openmetrics;
use kafsim::report::formats::table::Table;
use kafsim::report::{monitoring, output};
use kafsim::scenario::load;
use kafsim::study::simulate;
use kafsim::units::SimTime;
use std::process::ExitCode;

/// `kafsim dashboard SCENARIO`.
#[derive(Debug, Args)]
pub(crate) struct Dashboard {
    #[command(flatten)]
    source: Source,
    /// Folder for the files, or `none` [default: reports/NAME-dashboard]
    #[arg(long, value_name = "DIR")]
    out: Option<String>,
    /// Where whoever is woken by an alert looks
    #[arg(long, value_name = "URL", default_value = "report.md")]
    runbook: String,
}

impl Dashboard {
    pub(crate) fn run(self) -> Result<ExitCode> {
        let checked = load(&self.source.scenario, &self.source.options())?;
        let scenario = &checked.scenario;
        let folder =
            super::output::folder(self.out.as_deref(), &format!("{}-dashboard", scenario.name))?;
        let run = simulate(scenario, Seed::new(self.source.seed));
        let rules = monitoring::rules(scenario, &run);
        if let Some(folder) = &folder {
            for (name, text) in [
                ("dashboard.json", monitoring::dashboard(&run, &rules)),
                (monitoring::RULES, monitoring::yaml(scenario, &rules, &self.runbook)),
                ("rules_test.yaml", monitoring::promtool_test(&run, &rules, &self.runbook)),
                ("metrics.om", openmetrics::render(&run)),
            ] {
                output::place(&folder.join(name), text.as_bytes())?;
            }
        }
        let clock = Clock::new(&run.start, SimTime::ZERO.saturating_add(run.duration));
        let mut table = Table::new(&["alert", "fires", "first at", "lasts", "why this limit"]);
        for rule in &rules {
            let firings = rule.firings();
            let first = firings.first();
            table.row(&[
                rule.name.clone(),
                match firings.len() {
                    0 => "never".to_owned(),
                    1 => "once".to_owned(),
                    more => format!("{more} times"),
                },
                first.map_or_else(|| "-".to_owned(), |(at, _)| clock.text(*at)),
                first.map_or_else(|| "-".to_owned(), |(_, lasted)| lasted.to_prose()),
                rule.description.clone(),
            ]);
        }
        let mut text = format!("Alerts in the simulation of {}\n{}", run.scenario, table.plain());
        if let Some(folder) = &folder {
            let folder = folder.display();
            text.push_str(&format!(
                "\nGrafana     {folder}/dashboard.json\n\
                 Prometheus  {folder}/rules.yaml, rules_test.yaml (promtool test rules)\n\
                 Backfill    {folder}/metrics.om (promtool tsdb create-blocks-from openmetrics)\n"
            ));
        }
        print(&text)?;
        Ok(ExitCode::SUCCESS)
    }
}
