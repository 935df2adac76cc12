//! The cheapest design that keeps its promise, with a guarantee; and the front of the undominated.

use super::file::Rank;
use super::merge::DesignRow;
use super::plan::Plan;
use super::proportion::{Proportion, always_valid};
use super::unit::COST;
use crate::analysis::{Interval, replications};
use crate::units::sig;

/// What is known about a design and the constraint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It keeps it.
    Keeps,
    /// It does not.
    Breaks,
    /// Its trials do not tell.
    Open,
}

impl Verdict {
    /// The word in outputs.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Keeps => "keeps",
            Self::Breaks => "breaks",
            Self::Open => "open",
        }
    }
}

/// The outcome of a ranking.
#[derive(Debug, Clone, PartialEq)]
pub struct Choice {
    /// By design.
    pub verdicts: Vec<Verdict>,
    /// By design: chance of meeting all objectives, with bounds that hold for all designs and all
    /// numbers of trials together.
    pub bounds: Vec<Proportion>,
    /// The cheapest design that is known to keep the constraint.
    pub design: Option<usize>,
    /// Designs that could still be cheaper and right.
    pub rivals: Vec<usize>,
    /// In words.
    pub reason: String,
}

/// The error that each of so many designs may spend on its verdict, and on its cost.
pub(super) fn error_each(rank: Rank, designs: usize) -> f64 {
    (1.0 - rank.confidence) / 2.0 / designs as f64
}

/// Ranks designs. Half of the allowed error is spent on verdicts about the constraint, by
/// confidence sequences, and half on differences of cost to the best, paired by trial; both
/// are divided evenly among the designs (Bonferroni), so that all statements hold together.
///
/// Assumes independent trials (`method: random`; spread-out draws make bounds wider than need
/// be) and costs whose mean over trials is roughly normal.
pub(super) fn choose(rank: Rank, plan: &Plan, rows: &[DesignRow]) -> Choice {
    let error = error_each(rank, rows.len());
    let bounds: Vec<Proportion> = rows
        .iter()
        .map(|row| {
            let met = row.trials.iter().filter(|one| one.all_met()).count() as u64;
            always_valid(met, row.trials.len() as u64, error)
        })
        .collect();
    let verdict = |bound: &Proportion| {
        if bound.low >= rank.share {
            Verdict::Keeps
        } else if bound.high < rank.share {
            Verdict::Breaks
        } else {
            Verdict::Open
        }
    };
    let verdicts: Vec<Verdict> = bounds.iter().map(verdict).collect();
    let cost = |design: usize| rows[design].means[COST].map_or(f64::INFINITY, |cost| cost.mean);
    let keeps = |design: &usize| verdicts[*design] == Verdict::Keeps;
    let by_cost = |a: &usize, b: &usize| cost(*a).total_cmp(&cost(*b));
    let best = (0..rows.len()).filter(keeps).filter(|one| cost(*one).is_finite()).min_by(by_cost);
    let rivals = (0..rows.len()).filter(|one| {
        let cheaper = |best: usize| difference(&rows[*one], &rows[best], error);
        Some(*one) != best
            && verdicts[*one] != Verdict::Breaks
            // One that is open and costs the same would not be worth more trials.
            && best.is_none_or(|best| cheaper(best).is_none_or(|by| by.low() < 0.0))
    });
    let rivals: Vec<usize> = rivals.collect();
    let reason = reason(rank, plan, rows, best, &rivals);
    Choice { verdicts, bounds, design: best, rivals, reason }
}

/// Cost of one design minus another's, over the trials that both have.
fn difference(one: &DesignRow, other: &DesignRow, error: f64) -> Option<Interval> {
    let count = one.trials.len().min(other.trials.len());
    let pairs = one.trials.iter().zip(&other.trials).take(count);
    let by: Option<Vec<f64>> = pairs.map(|(a, b)| Some(a.cost()? - b.cost()?)).collect();
    by.filter(|by| by.len() > 1).map(|by| replications(&by, 1.0 - error))
}

fn reason(
    rank: Rank,
    plan: &Plan,
    rows: &[DesignRow],
    best: Option<usize>,
    rivals: &[usize],
) -> String {
    let percent = |share: f64| format!("{} %", sig(share * 100.0));
    let (share, sure) = (percent(rank.share), percent(rank.confidence));
    let name = |design: usize| format!("`{}`", plan.designs[design].name);
    let named: Vec<String> = rivals.iter().take(3).map(|one| name(*one)).collect();
    let more = rivals.len().saturating_sub(3);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    match best {
        Some(best) => {
            let cost = rows[best].means[COST].map_or(f64::NAN, |cost| cost.mean);
            let head = format!(
                "{} is the cheapest design that is known to meet all objectives in at least \
                 {share} of the trials: {} USD a run",
                name(best),
                sig(cost)
            );
            if rivals.is_empty() {
                format!("{head}; all others are dearer or break it. Confidence {sure}.")
            } else {
                let named = named.join(", ");
                format!("{head}, confidence {sure}. Not excluded: {named}{more}.")
            }
        }
        None if rivals.is_empty() => {
            format!("No design meets all objectives in {share} of the trials, confidence {sure}.")
        }
        None => format!(
            "No design is known yet to meet all objectives in {share} of the trials; open: \
             {}{more}. More trials (`at_most`) would tell.",
            named.join(", ")
        ),
    }
}

/// Which points no other is as good as in both and better in one; a point without cost is none.
pub(super) fn pareto(costs: &[Option<f64>], risks: &[f64]) -> Vec<bool> {
    let better = |a: (f64, f64), b: (f64, f64)| a.0 <= b.0 && a.1 <= b.1 && a != b;
    let points: Vec<Option<(f64, f64)>> = costs
        .iter()
        .zip(risks)
        .map(|(cost, risk)| cost.filter(|_| risk.is_finite()).map(|cost| (cost, *risk)))
        .collect();
    let front = |point: &Option<(f64, f64)>| {
        point.is_some_and(|one| !points.iter().flatten().any(|other| better(*other, one)))
    };
    points.iter().map(front).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_front_is_what_nothing_dominates() {
        let costs = [Some(1.0), Some(2.0), Some(2.0), None, Some(3.0), Some(1.0)];
        let risks = [0.5, 0.1, 0.2, 0.0, 0.1, 0.5];
        assert_eq!(pareto(&costs, &risks), [true, true, false, false, false, true]);
    }
}
