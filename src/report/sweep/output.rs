//! The complete set of files of a sweep.

use super::document::document;
use super::json::json;
use super::parquet;
use super::rows::{Rows, designs, effects, fan, trials};
use crate::error::{Error, Result};
use crate::report::figures::sweep_pictures;
use crate::report::formats::{html, markdown};
use crate::report::output::{place, write_pictures};
use crate::study::sweep::{Answer, Plan};
use std::path::Path;

/// Writes tables, report and figures of an answer; `summary.json` is removed first and written
/// last, so that its presence marks a complete set.
///
/// # Errors
/// A file that cannot be written; results of units are not touched.
pub fn write(folder: &Path, plan: &Plan, answer: &Answer) -> Result<()> {
    let last = folder.join("summary.json");
    match std::fs::remove_file(&last) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(Error::io("replace", &last, error));
        }
        _ => {}
    }
    let tables: [(&str, Rows); 4] = [
        ("trials", trials(plan, answer)),
        ("designs", designs(plan, answer)),
        ("effects", effects(plan, answer)),
        ("fan", fan(plan, answer)),
    ];
    for (name, table) in &tables {
        place(&folder.join(format!("{name}.csv")), table.csv().as_bytes())?;
        place(&folder.join(format!("{name}.parquet")), &parquet::bytes(table)?)?;
    }
    let pictures = sweep_pictures(plan, answer)?;
    write_pictures(&folder.join("figures"), &pictures)?;
    let page = document(plan, answer);
    place(&folder.join("report.md"), markdown::page(&page, &pictures).as_bytes())?;
    place(&folder.join("report.html"), html::page(&page, &pictures)?.as_bytes())?;
    place(&last, json(plan, answer).as_bytes())
}

/// Writes the numbered units with what chance draws in each.
///
/// # Errors
/// A file that cannot be written.
pub fn write_plan(folder: &Path, plan: &Plan) -> Result<()> {
    let mut header = vec!["unit".to_owned(), "trial".to_owned(), "design".to_owned()];
    header.push("design_name".to_owned());
    header.extend(plan.sweep.uncertain.iter().map(|one| format!("drawn {}", one.name)));
    let mut writer = csv::Writer::from_writer(Vec::new());
    // Writing to memory cannot fail.
    let _header = writer.write_record(&header);
    for trial in 0..plan.sweep.at_most {
        let inputs: Vec<String> = plan.draw(trial).inputs.iter().map(f64::to_string).collect();
        for (design, setting) in plan.designs.iter().enumerate() {
            let unit = trial * plan.designs.len() as u64 + design as u64;
            let mut row = vec![unit.to_string(), trial.to_string(), design.to_string()];
            row.push(setting.name.clone());
            row.extend(inputs.clone());
            let _row = writer.write_record(&row);
        }
    }
    place(&folder.join("plan.csv"), &writer.into_inner().unwrap_or_default())?;
    let head = serde_json::json!({
        "schema": "kafsim/sweep-plan/1",
        "sweep": plan.sweep.name,
        "plan": plan.hash,
        "seed": plan.seed.get(),
        "designs": plan.designs.len(),
        "trials_at_most": plan.sweep.at_most,
        "units": plan.units(),
    });
    place(&folder.join("plan.json"), format!("{head:#}\n").as_bytes())
}
