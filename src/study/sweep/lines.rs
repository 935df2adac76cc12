//! Results as lines: one unit each, with a checksum, so that half a line is never taken for one.

use super::plan::Plan;
use super::unit::{MEASURED, UnitResult};
use crate::scenario::cards::hash_of;

/// First word of the first line.
const MAGIC: &str = "kafsim/sweep-units/1";

/// What a file of results says.
#[derive(Debug, Clone, PartialEq)]
pub struct Lines {
    /// Hash of the plan that its results belong to; `None` when not even that was written.
    pub plan: Option<String>,
    /// Its results, in the order of the file.
    pub results: Vec<UnitResult>,
    /// Bytes up to the end of the last whole line.
    pub whole_bytes: usize,
}

/// The first line of a file of results.
pub fn heading(plan: &str) -> String {
    sealed(&format!("{MAGIC}\t{plan}"))
}

/// A result as a line.
pub fn line(result: &UnitResult) -> String {
    let flag = |met: &Option<bool>| match met {
        Some(true) => "1",
        Some(false) => "0",
        None => "-",
    };
    let maybe = |value: &Option<f64>| value.map_or_else(|| "-".to_owned(), |one| one.to_string());
    let join = |values: Vec<String>| values.join(" ");
    sealed(
        &[
            result.unit.to_string(),
            result.scenario.clone(),
            join(result.met.iter().map(|met| flag(met).to_owned()).collect()),
            join(result.values.iter().map(maybe).collect()),
            join(result.measured.iter().map(maybe).collect()),
            join(result.inputs.iter().map(ToString::to_string).collect()),
            join(result.fan.iter().map(ToString::to_string).collect()),
        ]
        .join("\t"),
    )
}

fn sealed(text: &str) -> String {
    format!("{text}\t{}\n", hash_of(text.as_bytes()))
}

/// Reads a file of results. What follows the last line break was being written when its writer
/// was killed: it is left out.
///
/// # Errors
/// The number of the first whole line that is not what was written, and what is wrong with it.
pub fn read(text: &[u8]) -> Result<Lines, (usize, String)> {
    let whole_bytes = text.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let mut lines = Lines { plan: None, results: Vec::new(), whole_bytes };
    let pieces = text[..whole_bytes].split(|byte| *byte == b'\n');
    for (index, piece) in pieces.enumerate().filter(|(_, piece)| !piece.is_empty()) {
        let wrong = |what: &str| (index + 1, what.to_owned());
        let line = std::str::from_utf8(piece).map_err(|_| wrong("bytes that are not text"))?;
        let (text, seal) = line.rsplit_once('\t').ok_or_else(|| wrong("a line of no result"))?;
        if hash_of(text.as_bytes()) != seal {
            return Err(wrong("a line whose checksum is another"));
        }
        if index == 0 {
            let plan = text.strip_prefix(MAGIC).and_then(|rest| rest.strip_prefix('\t'));
            lines.plan = Some(plan.ok_or_else(|| wrong("another format"))?.to_owned());
        } else {
            let result = result(text).ok_or_else(|| wrong("a line of no result"))?;
            lines.results.push(result);
        }
    }
    Ok(lines)
}

fn result(text: &str) -> Option<UnitResult> {
    let parts: Vec<&str> = text.split('\t').collect();
    let [unit, scenario, met, values, measured, inputs, fan] = parts.as_slice() else {
        return None;
    };
    let words = |text: &str| -> Vec<String> {
        text.split(' ').filter(|word| !word.is_empty()).map(str::to_owned).collect()
    };
    let flag = |word: &String| match word.as_str() {
        "1" => Some(Some(true)),
        "0" => Some(Some(false)),
        "-" => Some(None),
        _ => None,
    };
    let maybe = |word: &String| match word.as_str() {
        "-" => Some(None),
        number => number.parse().ok().map(Some),
    };
    let numbers = |text: &str| -> Option<Vec<f64>> {
        words(text).iter().map(|word| word.parse().ok()).collect()
    };
    Some(UnitResult {
        unit: unit.parse().ok()?,
        scenario: (*scenario).to_owned(),
        met: words(met).iter().map(flag).collect::<Option<_>>()?,
        values: words(values).iter().map(maybe).collect::<Option<_>>()?,
        measured: words(measured).iter().map(maybe).collect::<Option<_>>()?,
        inputs: numbers(inputs)?,
        fan: numbers(fan)?,
    })
}

/// Whether a result has the plan's shape.
pub fn fits(plan: &Plan, result: &UnitResult) -> bool {
    result.unit < plan.units()
        && result.met.len() == plan.objectives.len()
        && result.values.len() == plan.objectives.len()
        && result.measured.len() == MEASURED.len()
        && result.inputs.len() == plan.sweep.uncertain.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(unit: u64) -> UnitResult {
        UnitResult {
            unit,
            scenario: "0123456789abcdef".into(),
            met: vec![Some(true), Some(false), None],
            values: vec![Some(0.1 + 0.2), None, Some(1e-300)],
            measured: vec![None, Some(5e22)],
            inputs: vec![1.0 / 3.0],
            fan: Vec::new(),
        }
    }

    #[test]
    fn a_file_that_is_cut_anywhere_keeps_its_whole_lines() {
        let text = heading("abc") + &line(&sample(3)) + &line(&sample(4));
        let whole = read(text.as_bytes()).unwrap();
        assert_eq!(whole.plan.as_deref(), Some("abc"));
        assert_eq!(whole.results, vec![sample(3), sample(4)], "to the last bit");
        for cut in 0..text.len() {
            let lines = read(&text.as_bytes()[..cut]).unwrap();
            let breaks = text[..cut].matches('\n').count();
            assert_eq!(lines.results.len(), breaks.saturating_sub(1), "cut at {cut}");
            assert_eq!(lines.plan.is_some(), breaks > 0);
            assert!(lines.whole_bytes <= cut);
        }
    }

    #[test]
    fn a_line_that_was_changed_is_found() {
        let text = heading("abc") + &line(&sample(3)) + &line(&sample(4));
        for at in 0..text.len() {
            let mut bytes = text.clone().into_bytes();
            bytes[at] ^= 1;
            let lines = read(&bytes);
            let same = lines.is_ok_and(|lines| lines.results == vec![sample(3), sample(4)]);
            assert!(!same, "a changed byte {at} goes unnoticed");
        }
    }
}
