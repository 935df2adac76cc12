//! A tuned policy: which numbers changed and why, before and after, the refusal.

use super::designs::{finite, pretty};
use super::formats::table::Table;
use crate::study::{Change, DAYS, Recommendation, Tally};
use crate::units::{SimSpan, count, sig};
use serde_json::{Value, json};

/// The numbers that changed, one row each.
pub fn changes(found: &Recommendation) -> Table {
    let mut table = Table::new(&["number", "was", "is", "why: left as it was"]);
    for one in &found.changes {
        let was = one.knob.text(one.knob.value);
        table.row(&[
            one.knob.path.clone(),
            if one.knob.written { was } else { format!("{was} (default)") },
            one.knob.text(one.to),
            why(one, &found.with_all),
        ]);
    }
    table
}

/// What happens without a change.
fn why(one: &Change, with: &Tally) -> String {
    if !one.without.holds() {
        return format!("misses {}", one.without.misses());
    }
    format!(
        "takes {} member-hours instead of {}, and {} rebalances instead of {}",
        sig(one.without.member_hours),
        sig(with.member_hours),
        count(one.without.rebalances),
        count(with.rebalances)
    )
}

/// Before and after, one row for each quantity.
pub fn table(found: &Recommendation) -> Table {
    let mut table = Table::new(&["mean of the days", "as it is", "tuned"]);
    let mut row = |words: &str, of: &dyn Fn(&Tally) -> String| {
        table.row(&[words.to_owned(), of(&found.before), of(&found.after)]);
    };
    let prose = |seconds: f64| SimSpan::from_secs_f64(seconds).to_prose();
    row("days that meet all objectives", &|one| format!("{} of {}", one.met, one.days));
    row("oldest record, mean of the days' worst", &|one| prose(one.lag_seconds));
    row("oldest record, worst day", &|one| prose(one.lag_seconds_worst));
    row("member-hours", &|one| sig(one.member_hours));
    if found.before.cost.is_some() {
        row("cost", &|one| one.cost.map_or_else(|| "-".to_owned(), |cost| format!("{cost:.2}")));
    }
    row("changes of members", &|one| sig(one.changes));
    row("rebalances", &|one| sig(one.rebalances));
    table
}

/// The answer in sentences; `file` is the policy's.
pub fn words(found: &Recommendation, file: &str) -> String {
    let tried = format!("{} settings were simulated", found.tried);
    if !found.after.holds() {
        return format!(
            "No numbers of {file} hold: {tried}, and the best of them misses {}. The tightest \
             resource then is {}; another policy, more partitions, faster members or another \
             objective may help. Nothing was written.",
            found.after.misses(),
            found.bottleneck
        );
    }
    let proof = format!(
        "it holds on all of {DAYS} days that the search had not seen: on at least 90 % of days, \
         with 95 % confidence"
    );
    if found.changes.is_empty() {
        return format!("Keep {file}: {proof}. {tried}, none was cheaper.");
    }
    let keys: Vec<String> = found
        .changes
        .iter()
        .map(|one| format!("{} {}", one.knob.key(), one.knob.text(one.to)))
        .collect();
    format!("Change {file} to {}: {proof}. {tried}.", keys.join(", "))
}

/// The same for programs.
pub fn json(found: &Recommendation, file: &str) -> String {
    let change = |one: &Change| {
        json!({
            "path": one.knob.path,
            "was": one.knob.value,
            "written": one.knob.written,
            "is": one.to,
            "without": tally(&one.without),
            "why": why(one, &found.with_all),
        })
    };
    let manifest = found.after.holds().then(|| found.manifest.clone());
    pretty(&json!({
        "schema": "kafsim/recommend/1",
        "kafsim": super::document::VERSION,
        "policy": file,
        "holds": found.after.holds(),
        "tried": found.tried,
        "changes": found.changes.iter().map(change).collect::<Vec<Value>>(),
        "before": tally(&found.before),
        "after": tally(&found.after),
        "words": words(found, file),
        "manifest": manifest,
    }))
}

fn tally(one: &Tally) -> Value {
    let missed: Vec<Value> = one
        .missed
        .iter()
        .map(|(words, (times, worst, unit))| {
            json!({
                "objective": words,
                "days": times,
                "worst": worst.and_then(finite),
                "unit": unit,
            })
        })
        .collect();
    json!({
        "days": one.days,
        "met": one.met,
        "cost": one.cost.and_then(finite),
        "member_hours": finite(one.member_hours),
        "lag_seconds": finite(one.lag_seconds),
        "lag_seconds_worst": finite(one.lag_seconds_worst),
        "changes": finite(one.changes),
        "rebalances": finite(one.rebalances),
        "missed": missed,
    })
}
