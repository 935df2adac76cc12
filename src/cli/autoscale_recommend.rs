//! `kafsim autoscale --recommend`.

use super::output::Output;
use super::{Format, print};
use kafsim::chance::Seed;
use kafsim::error::Result;
use kafsim::report::{output, recommend as report};
use kafsim::scenario::{Scenario, source};
use kafsim::study::{Tuning, recommend};
use std::path::Path;
use std::process::ExitCode;

/// Tunes the first policy of a scenario, which came from a file; the code is 3 when no numbers
/// hold.
pub(super) fn run(scenario: &Scenario, file: &str, seed: u64, output: &Output) -> Result<ExitCode> {
    let text = source::open(file)?;
    let folder = output.prepare(&format!("{}-recommend", scenario.name))?;
    let tuning = Tuning { file, text: &text, scenario, scaler: 0, seed: Seed::new(seed) };
    let found = recommend(tuning)?;
    let words = report::words(&found, file);
    let json = report::json(&found, file);
    let (numbers, table) = (report::changes(&found), report::table(&found));
    let holds = found.after.holds();
    // What does not hold is not shown as an advice.
    let changed = holds && !found.changes.is_empty();
    let top = if changed { format!("{}\n", numbers.markdown()) } else { String::new() };
    let markdown = format!("{top}{}\n{words}\n", table.markdown());
    let mut written = None;
    if let Some(folder) = &folder {
        let name = Path::new(file).file_name().unwrap_or_default().to_string_lossy();
        let tuned = folder.join(format!("tuned-{name}"));
        // One of an earlier run would contradict this one.
        let _absent = std::fs::remove_file(&tuned);
        if changed {
            output::place(&tuned, found.manifest.as_bytes())?;
            written = Some(tuned);
        }
        output::place(&folder.join("report.md"), markdown.as_bytes())?;
        output::place(&folder.join("summary.json"), json.as_bytes())?;
    }
    print(&match output.format() {
        Format::Text => {
            let top = if changed { format!("{}\n", numbers.plain()) } else { String::new() };
            let file = written
                .map_or_else(String::new, |path| format!("\nManifest  {}\n", path.display()));
            format!("{top}{}\n{words}\n{file}", table.plain())
        }
        Format::Json => json,
        Format::Csv => table.csv(),
        Format::Markdown => markdown,
    })?;
    Ok(if holds { ExitCode::SUCCESS } else { ExitCode::from(3) })
}
