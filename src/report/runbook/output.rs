//! The files of a runbook.

use super::steps::new_ids;
use super::{Files, Runbook, findings, key, steps, title, watched};
use crate::error::{Error, Result};
use crate::interop::{
    Assignment, KafkaRebalance, RebalanceMode, kafka_rebalance_yaml, reassignment_json,
};
use crate::report::designs::{finite, pretty};
use crate::report::document::VERSION;
use crate::report::formats::table::Table;
use crate::report::formats::{html, markdown};
use crate::report::output::{place, write_pictures};
use crate::study::runbook::{Body, Change, MoveBook, Procedure, Window, advice};
use crate::units::{ByteRate, SimSpan};
use serde_json::{Value, json};
use std::path::Path;

/// The file whose presence marks a complete set.
const LAST: &str = "summary.json";

/// Writes the page and the tools' files; `summary.json` is removed first and written last. Files of
/// earlier moves, which would contradict the page, are removed.
///
/// # Errors
/// A file that cannot be written.
pub fn write(folder: &Path, book: &Runbook<'_>) -> Result<()> {
    let last = folder.join(LAST);
    match std::fs::remove_file(&last) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(Error::io("replace", &last, error));
        }
        _ => {}
    }
    remove_old(folder);
    let put = |name: &str, text: &str| place(&folder.join(name), text.as_bytes());
    for (procedure, files) in book.procedures {
        for (name, text) in move_files(procedure, files) {
            put(&name, &text)?;
        }
    }
    let page = book.document();
    let pictures = book.pictures()?;
    if !pictures.is_empty() {
        write_pictures(&folder.join("figures"), &pictures)?;
    }
    put("runbook.md", &markdown::page(&page, &pictures))?;
    put("runbook.html", &html::page(&page, &pictures)?)?;
    put(LAST, &json(book))
}

/// Removes what an earlier runbook has left: the files that the tools read, and figures.
fn remove_old(folder: &Path) {
    for name in ["brokers", "throttles"] {
        for ending in ["svg", "png"] {
            let file = folder.join("figures").join(format!("{name}.{ending}"));
            let _absent = std::fs::remove_file(file);
        }
    }
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let kinds = ["reassignment.json", "rollback.json", "election.json", "kafkarebalance.yaml"];
        let stem = name.strip_suffix(".json").unwrap_or(&name);
        let wave = stem.rsplit_once("wave-").is_some_and(|(_, n)| n.parse::<u32>().is_ok());
        if wave || kinds.iter().any(|kind| name.ends_with(kind)) {
            let _absent = std::fs::remove_file(entry.path());
        }
    }
}

/// Names and texts of the files of a move: everything at once, back again, leaders, wave by wave.
pub fn move_files(procedure: &Procedure, files: &Files) -> Vec<(String, String)> {
    let Body::Move(book) = &procedure.body else { return Vec::new() };
    let [old, new] = book.study.assignments();
    if new.is_empty() {
        return Vec::new();
    }
    let leaders: Vec<Value> =
        new.iter().map(|one| json!({"topic": one.topic, "partition": one.partition})).collect();
    let mut all = vec![
        (files.all.clone(), reassignment_json(&new)),
        (files.back.clone(), reassignment_json(&old)),
        (files.election.clone(), format!("{:#}\n", json!({"partitions": leaders}))),
    ];
    all.extend(rebalance(procedure, book).map(|text| (files.rebalance.clone(), text)));
    for (wave, name) in book.waves.iter().zip(&files.waves) {
        let some: Vec<Assignment> = wave.changes.iter().map(|at| new[*at].clone()).collect();
        all.push((name.clone(), reassignment_json(&some)));
    }
    all
}

/// The same change for Strimzi; none where brokers are replaced or somebody else has planned it.
fn rebalance(procedure: &Procedure, book: &MoveBook) -> Option<String> {
    let Change::Brokers(question) = &procedure.change else { return None };
    let (mode, brokers) = match (question.joining.is_empty(), question.leaving.is_empty()) {
        (true, true) if question.wanted.is_none() => (RebalanceMode::Full, Vec::new()),
        (false, true) => (RebalanceMode::AddBrokers, new_ids(procedure)),
        (true, false) => (RebalanceMode::RemoveBrokers, question.leaving.clone()),
        _ => return None,
    };
    let name = format!("{}-{}", procedure.scenario.name, key(procedure));
    Some(kafka_rebalance_yaml(&KafkaRebalance {
        name: name.to_lowercase().replace('_', "-"),
        cluster: None,
        mode,
        brokers,
        concurrency: book.concurrency,
        throttle: book.throttle,
    }))
}

fn seconds(span: SimSpan) -> f64 {
    span.as_secs_f64()
}

/// The runbook as one object.
pub fn json(book: &Runbook<'_>) -> String {
    let one = |(procedure, files): &(Procedure, Files)| procedure_json(book, procedure, files);
    let procedures: Vec<Value> = book.procedures.iter().map(one).collect();
    let issues: Vec<Value> = findings(book)
        .into_iter()
        .map(|one| {
            json!({
                "issue": one.issue,
                "found": one.found,
                "evidence": one.evidence,
                "remedy": one.remedy,
            })
        })
        .collect();
    pretty(&json!({
        "schema": "kafsim/runbook/1",
        "kafsim": VERSION,
        "scenario": book.run.scenario,
        "scenario_hash": book.run.scenario_hash,
        "seed": book.run.seed.get(),
        "procedures": procedures,
        "issues": issues,
    }))
}

/// One row for each metric of each procedure.
pub fn csv(book: &Runbook<'_>) -> String {
    let mut table = Table::new(&[
        "procedure",
        "metric",
        "unit",
        "before_low",
        "before_high",
        "during_low",
        "during_high",
        "after_low",
        "after_high",
        "stop_below",
        "stop_above",
    ]);
    for (procedure, _) in book.procedures {
        for one in watched(procedure) {
            let mut cells = vec![key(procedure).to_owned(), one.key.clone(), one.unit.to_owned()];
            for range in [one.before, one.during, one.after] {
                let ends = range.map_or([None, None], |ends| ends.map(Some));
                cells.extend(ends.map(|end| end.map_or(String::new(), |end| end.to_string())));
            }
            cells.extend(one.stop.map(|end| end.map_or(String::new(), |end| end.to_string())));
            table.row(&cells);
        }
    }
    table.csv()
}

fn window(window: &Window) -> Value {
    json!({
        "from_s": window.from.as_secs_f64(),
        "to_s": window.to.as_secs_f64(),
        "records_s": window.load,
    })
}

/// Seconds of each wave, at least and at most.
fn waves(book: &MoveBook) -> Vec<[f64; 2]> {
    book.wave_lasts.iter().map(|ends| ends.map(seconds)).collect()
}

fn procedure_json(book: &Runbook<'_>, procedure: &Procedure, files: &Files) -> Value {
    let range = |range: Option<[f64; 2]>| {
        let ends = range.map(|ends| ends.map(finite));
        json!(ends)
    };
    let metrics: Vec<Value> = watched(procedure)
        .into_iter()
        .map(|one| {
            json!({
                "metric": one.key,
                "unit": one.unit,
                "before": range(one.before),
                "during": range(one.during),
                "after": range(one.after),
                "stop_below": one.stop[0].and_then(finite),
                "stop_above": one.stop[1].and_then(finite),
            })
        })
        .collect();
    let steps: Vec<Value> = steps(procedure, book.tools, files)
        .into_iter()
        .map(|one| {
            json!({
                "title": one.title,
                "commands": one.commands,
                "wait": one.wait,
                "expect": one.expect,
                "abort": one.abort,
                "lasts_s": one.lasts.map(|ends| ends.map(seconds)),
            })
        })
        .collect();
    let advice: Vec<Value> = advice(procedure)
        .into_iter()
        .map(|one| json!({"rule": one.rule.words(), "evidence": one.evidence}))
        .collect();
    json!({
        "procedure": key(procedure),
        "title": title(procedure),
        "window": window(&procedure.windows[0]),
        "busiest": window(&procedure.windows[1]),
        "simulations": procedure.simulations,
        "move": procedure.moves().map(|book| json!({
            "bytes": book.study.plan.moved.get(),
            "throttle_bytes_s": book.throttle.map(ByteRate::get),
            "least_throttle_bytes_s": book.least.get(),
            "lasts_s": book.lasts.map(seconds),
            "waves_lasts_s": waves(book),
            "at_peak_lasts_s": book.at_peak.map(seconds),
            "throttles": book.throttles.iter().map(|row| json!({
                "throttle_bytes_s": row.throttle.get(),
                "lasts_s": row.lasts.map(|ends| ends.map(seconds)),
                "busiest": row.busiest,
                "publish_p99_ms": row.p99_ms.and_then(finite),
                "clients_keep_all": row.keeps,
            })).collect::<Vec<_>>(),
        })),
        "metrics": metrics,
        "steps": steps,
        "advice": advice,
        "files": move_files(procedure, files).into_iter().map(|(name, _)| name).collect::<Vec<_>>(),
    })
}
