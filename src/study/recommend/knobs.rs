//! The numbers of a policy's file that may be tuned, and which values are worth trying.
//!
//! A kind of policy is a table of paths; `*` stands for every item of a list. A number that the
//! file does not have is tried too: its default is where the search begins, and a change is put
//! into the file. Values to try are round numbers, and divisors of the partitions where a size
//! decides how many partitions each member has.

use crate::error::{Error, Result};
use crate::form::Node;
use crate::scenario::splice::find;
use crate::units::{Quantity, SimSpan};

/// A number of a policy's file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Knob {
    /// Its path in the file, `/` between the parts.
    pub path: String,
    /// Its value in the file, or the default.
    pub value: u64,
    /// Whether the file has it.
    pub written: bool,
    /// Values to try, ascending, its own among them.
    pub steps: Vec<u64>,
    /// Whether the file writes it as a time with a unit.
    pub prose: bool,
}

impl Knob {
    /// The key: the last part of the path.
    pub fn key(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or_default()
    }

    /// A value as the file writes it.
    pub fn text(&self, value: u64) -> String {
        if self.prose { format!("{value} s") } else { value.to_string() }
    }
}

/// Most partitions for each member that are tried.
const MOST_EACH: u32 = 16;

/// Which values are tried.
#[derive(Debug, Clone, Copy)]
enum Ladder {
    /// 1, 2, 5, 10, 20, … from a fiftieth to ten times the value.
    Round,
    /// Divisors of the number of partitions.
    Divisors,
    /// These, where the file lets the group go to 0.
    ToZero(&'static [u64]),
    /// These.
    These(&'static [u64]),
}

/// A path with `*` for items, the default without which an absent number is left alone, values.
type Row = (&'static str, Option<u64>, Ladder);

const WINDOWS: Ladder = Ladder::These(&[0, 60, 300, 900]);
const COOLDOWNS: Ladder = Ladder::These(&[30, 60, 120, 300, 600, 1_200]);

const SCALED_OBJECT: &[Row] = &[
    ("spec/triggers/*/metadata/lagThreshold", Some(10), Ladder::Round),
    ("spec/maxReplicaCount", Some(100), Ladder::Divisors),
    ("spec/minReplicaCount", Some(0), Ladder::Divisors),
    ("spec/cooldownPeriod", Some(300), Ladder::ToZero(&[60, 300, 600, 1_800])),
    (
        "spec/advanced/horizontalPodAutoscalerConfig/behavior/scaleDown/\
         stabilizationWindowSeconds",
        Some(300),
        WINDOWS,
    ),
    (
        "spec/advanced/horizontalPodAutoscalerConfig/behavior/scaleUp/stabilizationWindowSeconds",
        None,
        WINDOWS,
    ),
];
const HPA: &[Row] = &[
    ("spec/metrics/*/external/target/averageValue", None, Ladder::Round),
    ("spec/metrics/*/object/target/averageValue", None, Ladder::Round),
    ("spec/maxReplicas", None, Ladder::Divisors),
    ("spec/minReplicas", Some(1), Ladder::Divisors),
    ("spec/behavior/scaleDown/stabilizationWindowSeconds", Some(300), WINDOWS),
    ("spec/behavior/scaleUp/stabilizationWindowSeconds", None, WINDOWS),
    ("spec/behavior/scaleUp/policies/*/value", None, Ladder::These(&[2, 4, 8, 16, 100])),
];
const THRESHOLDS: &[Row] = &[
    ("consumer_scaling/metrics/*/scale_up_threshold", None, Ladder::Round),
    ("consumer_scaling/metrics/*/scale_down_threshold", None, Ladder::Round),
    ("consumer_scaling/scale_up/increment", None, Ladder::These(&[1, 2, 4, 8, 16])),
    ("consumer_scaling/scale_up/cooldown", None, COOLDOWNS),
    ("consumer_scaling/scale_down/cooldown", None, COOLDOWNS),
    ("consumer_scaling/scale_down/min_consumers", None, Ladder::Divisors),
];
const TRACKING: &[Row] = &[
    ("target", None, Ladder::Round),
    ("max", None, Ladder::Divisors),
    ("min", Some(1), Ladder::Divisors),
    ("cooldown_in", None, COOLDOWNS),
];

/// Kinds whose numbers are known: how their files are told, and their table.
const KINDS: [(&str, &[Row]); 4] = [
    ("ScaledObject", SCALED_OBJECT),
    ("HorizontalPodAutoscaler", HPA),
    ("target_tracking", TRACKING),
    ("thresholds", THRESHOLDS),
];

/// The kind of a policy's document: an object's kind, `policy`, or thresholds.
fn kind(tree: &Node) -> Option<&str> {
    if let Some(word) = tree.get("policy").or_else(|| tree.get("kind")) {
        return word.text();
    }
    tree.get("consumer_scaling").map(|_| "thresholds")
}

/// The document of a file that is a policy, and its numbers, for a group that reads so many
/// partitions.
///
/// # Errors
/// No document of a kind whose numbers are known.
pub(super) fn knobs(file: &str, trees: &[Node], partitions: u32) -> Result<(usize, Vec<Knob>)> {
    let tables = |tree: &Node| KINDS.iter().find(|(word, _)| Some(*word) == kind(tree));
    let mut known = trees.iter().enumerate().filter_map(|(n, tree)| Some((n, tree, tables(tree)?)));
    let Some((document, tree, (_, rows))) = known.next() else {
        let found = trees.first().and_then(kind).unwrap_or("no policy");
        let words: Vec<&str> = KINDS.iter().map(|(word, _)| *word).collect();
        return Err(Error::usage(format!(
            "{file}: found `{found}`, whose numbers cannot be tuned; allowed is one of {}",
            words.join(", ")
        )));
    };
    let mut found = Vec::new();
    for (pattern, default, ladder) in *rows {
        for path in paths(tree, pattern) {
            found.extend(knob(tree, path, *default, *ladder, partitions));
        }
    }
    Ok((document, found))
}

/// The paths that a pattern stands for.
fn paths(tree: &Node, pattern: &str) -> Vec<String> {
    let Some((list, rest)) = pattern.split_once("/*/") else { return vec![pattern.to_owned()] };
    let items = find(tree, list).map_or(0, |node| node.items().len());
    (0..items).map(|index| format!("{list}/{index}/{rest}")).collect()
}

fn knob(
    tree: &Node,
    path: String,
    default: Option<u64>,
    ladder: Ladder,
    partitions: u32,
) -> Option<Knob> {
    let text = find(tree, &path).and_then(Node::text);
    let written = text.is_some();
    let (value, prose) = match text {
        Some(text) => whole(text)?,
        None => (default?, false),
    };
    let mut steps = match ladder {
        Ladder::Round => round(value),
        Ladder::Divisors => (partitions.div_ceil(MOST_EACH).max(1)..=partitions)
            .filter(|size| partitions.is_multiple_of(*size))
            .map(u64::from)
            .collect(),
        Ladder::ToZero(_) if !to_zero(tree) => return None,
        Ladder::ToZero(values) | Ladder::These(values) => values.to_vec(),
    };
    steps.push(value);
    steps.sort_unstable();
    steps.dedup();
    Some(Knob { path, value, written, steps, prose })
}

/// Whether a `ScaledObject` goes to 0 or to idle replicas.
fn to_zero(tree: &Node) -> bool {
    let least = find(tree, "spec/minReplicaCount").and_then(Node::text);
    least.is_none_or(|least| least == "0") || find(tree, "spec/idleReplicaCount").is_some()
}

/// A whole number, or a time in whole seconds; the flag tells which.
fn whole(text: &str) -> Option<(u64, bool)> {
    if let Ok(number) = text.replace('_', "").parse::<u64>() {
        return Some((number, false));
    }
    let span = SimSpan::parse(text).ok()?;
    let nanos = span.as_nanos();
    nanos.is_multiple_of(1_000_000_000).then_some((nanos / 1_000_000_000, true))
}

/// 1, 2, 5, 10, … around a value.
fn round(value: u64) -> Vec<u64> {
    let (low, high) = ((value / 50).max(1), value.saturating_mul(10).max(10));
    let decades = (0..18).map(|power| 10_u64.pow(power));
    let all = decades.flat_map(|decade| [1, 2, 5].map(|step| decade.saturating_mul(step)));
    all.filter(|step| (low..=high).contains(step)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::read::read_documents;

    fn of(text: &str) -> Result<(usize, Vec<Knob>)> {
        knobs("p.yaml", &read_documents("p.yaml", text).unwrap(), 12)
    }

    #[test]
    fn numbers_are_found_where_they_stand_or_begin_at_their_default() {
        let text = "kind: Deployment\n---\nkind: ScaledObject\nspec:\n  maxReplicaCount: 9\n  \
            triggers:\n    - metadata: {lagThreshold: \"100\"}\n    - metadata: {topic: b}\n";
        let (document, found) = of(text).unwrap();
        assert_eq!(document, 1);
        let short: Vec<(&str, u64, bool)> =
            found.iter().map(|one| (one.key(), one.value, one.written)).collect();
        assert_eq!(
            short,
            [
                ("lagThreshold", 100, true),
                ("lagThreshold", 10, false),
                ("maxReplicaCount", 9, true),
                ("minReplicaCount", 0, false),
                ("cooldownPeriod", 300, false),
                ("stabilizationWindowSeconds", 300, false),
            ]
        );
        assert_eq!(found[0].steps, [2, 5, 10, 20, 50, 100, 200, 500, 1_000]);
        assert_eq!(found[2].steps, [1, 2, 3, 4, 6, 9, 12]);
        assert_eq!(found[3].steps, [0, 1, 2, 3, 4, 6, 12]);
    }

    #[test]
    fn times_keep_their_unit_and_what_is_no_whole_number_is_left_alone() {
        let text = "policy: target_tracking\ntarget: 100.5\nmax: 6\ncooldown_in: 2 min\n";
        let (_, found) = of(text).unwrap();
        let keys: Vec<&str> = found.iter().map(Knob::key).collect();
        assert_eq!(keys, ["max", "min", "cooldown_in"]);
        assert_eq!((found[2].value, found[2].text(300)), (120, "300 s".to_owned()));
    }

    #[test]
    fn a_file_without_known_numbers_is_refused() {
        for (text, word) in [
            ("policy: schedule\nentries: [{members: 3}]\n", "`schedule`"),
            ("a: 1\n", "`no policy`"),
        ] {
            let error = of(text).unwrap_err();
            assert_eq!(error.exit_code(), 2);
            let text = error.to_string();
            assert!(text.contains(word) && text.contains("ScaledObject"), "{text}");
        }
    }
}
