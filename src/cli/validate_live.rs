//! `kafsim validate --live`: predictions first, then measurements.

use super::calibrate::today;
use super::experiment::{Conductor, End, dry_run};
use super::validate::{Validate, rows, write};
use super::{Format, print};
use kafsim::error::{Error, Result};
use kafsim::report::{output, pairs as pairs_report, validation};
use kafsim::scenario::LoadOptions;
use kafsim::study::experiment::{DESIGN, Pair, Purpose, Scatter, pairs};
use kafsim::study::validate::{Foreseen, Row, Validation, foresee, validate};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Where predictions are written before anything is measured.
const PREDICTIONS: &str = "predictions.csv";

impl Validate {
    pub(super) fn measured(&self) -> Result<ExitCode> {
        if self.experiment.dry_run {
            print(&dry_run(Purpose::Validate, &self.guest, &self.experiment)?)?;
            return Ok(ExitCode::SUCCESS);
        }
        let folder = self.out.clone().unwrap_or_else(|| PathBuf::from("reports/validation-live"));
        output::prepare(&folder)?;
        let conductor =
            Conductor::new(Purpose::Validate, &self.guest, &self.experiment, &folder, false)?;
        let (rigs, cards) = self.rig(&conductor, &folder)?;
        let options = LoadOptions { cards, seed: self.seed, ..LoadOptions::default() };
        // Predicted before anything is measured, and kept: what is judged later is this text.
        let foreseen = foresee(&conductor.plan.steps, Some(&rigs), &options)?;
        let predicted = table(&conductor.plan.steps, &foreseen);
        let mut state = conductor.state(&predicted)?;
        output::place(&folder.join(PREDICTIONS), predicted.as_bytes())?;
        eprintln!("predictions are in {}", folder.join(PREDICTIONS).display());
        let end = conductor.measure(&mut state, &rigs, &options.cards);
        let (measured, scatter) = conductor.rows(&state);
        let file = conductor.write_rows(&measured)?;
        if end? == End::Interrupted {
            eprintln!(
                "interrupted: {} of {} steps are in {}; the same command goes on from here",
                measured.len(),
                conductor.plan.steps.len(),
                file.display()
            );
            return Ok(ExitCode::from(5));
        }
        let result = validate(rows(&[file], Some(&rigs))?, Some(&rigs), &options, false)?;
        kept(&result, &conductor.plan.steps, &foreseen)?;
        let pairs = pairs(&result.rows, &result.predictions);
        self.show(&folder, &result, &pairs, &scatter)?;
        Ok(ExitCode::SUCCESS)
    }

    /// Folders of the rig and of the cards: those that a calibration has left in the folder of
    /// --cards, or this machine's as it is before any.
    fn rig(&self, conductor: &Conductor<'_>, folder: &Path) -> Result<(PathBuf, Vec<PathBuf>)> {
        let of_cards = self.cards.iter().map(|cards| cards.join("rigs"));
        let known = self.rigs.clone().or_else(|| of_cards.into_iter().find(|path| path.is_dir()));
        if let Some(rigs) = known {
            return Ok((rigs, self.cards.clone()));
        }
        let (rigs, start) = (folder.join("rigs"), folder.join("start"));
        conductor.machine(&today(), &rigs, &start)?;
        eprintln!("warning: no calibration in a folder of --cards; predicted from priors");
        let mut cards = self.cards.clone();
        cards.push(start);
        Ok((rigs, cards))
    }

    fn show(
        &self,
        folder: &Path,
        result: &Validation,
        pairs: &[Pair],
        scatter: &Scatter,
    ) -> Result<()> {
        let rows = &result.rows;
        let json = with_pairs(&validation::json(result), rows, pairs, scatter);
        let markdown = validation::markdown(result) + &pairs_report::markdown(rows, pairs, scatter);
        write(folder, result)?;
        output::place(&folder.join("report.md"), markdown.as_bytes())?;
        output::place(&folder.join("summary.json"), json.as_bytes())?;
        print(&match self.format {
            Format::Text => validation::text(result) + &pairs_report::text(rows, pairs, scatter),
            Format::Json => json,
            Format::Csv => validation::csv(result),
            Format::Markdown => markdown,
        })
    }
}

/// The JSON of a validation with two members more.
fn with_pairs(text: &str, rows: &[Row], pairs: &[Pair], scatter: &Scatter) -> String {
    let mut whole: Value = serde_json::from_str(text).unwrap_or_else(|_| json!({}));
    for (key, value) in pairs_report::json(rows, pairs, scatter) {
        whole[key] = value;
    }
    format!("{whole:#}\n")
}

/// Predictions as CSV: the design of each step, and what is expected.
fn table(steps: &[Row], foreseen: &[Foreseen]) -> String {
    let mut lines = vec![format!("id,{},quantity,predicted,low80,high80", DESIGN.join(","))];
    for one in foreseen {
        let step = &steps[one.row];
        let design: Vec<&str> = DESIGN.iter().map(|column| step.text(column)).collect();
        lines.push(format!(
            "{},{},{},{:.4},{:.4},{:.4}",
            step.id,
            design.join(","),
            one.quantity,
            one.predicted,
            one.low80,
            one.high80
        ));
    }
    lines.join("\n") + "\n"
}

/// What is judged is what was written before: the same rows give the same predictions.
fn kept(result: &Validation, steps: &[Row], foreseen: &[Foreseen]) -> Result<()> {
    for one in &result.predictions {
        let id = &result.rows[one.row].id;
        let before = foreseen
            .iter()
            .find(|before| steps[before.row].id == *id && before.quantity == one.quantity);
        let same = before.is_some_and(|before| {
            (before.predicted - one.predicted).abs() <= 1e-9 * one.predicted.abs()
        });
        // A backlog grows with the measured length of a run.
        if !same && one.quantity != "lag_end_records" {
            return Err(Error::runtime(format!(
                "{id}: the prediction of {} is no longer the one that was written first",
                one.quantity
            )));
        }
    }
    Ok(())
}
