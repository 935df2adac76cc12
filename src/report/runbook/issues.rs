//! The exercise's common issues, looked for in the simulation.

use super::{Runbook, title};
use crate::analysis::issues::{self, STORM, STORM_WINDOW};
use crate::study::runbook::{Body, Procedure};
use crate::units::{ByteRate, Bytes, sig};

/// One issue, found or not.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// The exercise's name.
    pub issue: &'static str,
    /// How it shows on a real cluster.
    pub symptom: &'static str,
    /// Whether the simulation has it.
    pub found: bool,
    /// What the simulation says.
    pub evidence: String,
    /// What to do about it.
    pub remedy: String,
}

/// All issues in the exercise's order.
pub fn findings(book: &Runbook<'_>) -> Vec<Finding> {
    vec![stuck(book), storm(book), uneven(book), degraded(book)]
}

fn stuck(book: &Runbook<'_>) -> Finding {
    let clock = book.clock();
    let mut evidence: Vec<String> = issues::stuck(book.run)
        .into_iter()
        .map(|one| {
            let cause = one.cause.unwrap_or_else(|| "nothing is copied any more".to_owned());
            let moved = Bytes::new(one.moved_bytes.max(0.0) as u64);
            format!("{} since {}, after {moved}: {cause}", one.words, clock.text(one.since))
        })
        .collect();
    let moves = book.procedures.iter().filter_map(|(one, _)| Some((one, one.moves()?)));
    let mut rooms: Vec<String> = Vec::new();
    for (procedure, moves) in moves {
        if moves.at_peak.is_none() {
            let words = "never ends at the busiest time under this throttle";
            evidence.push(format!("{} {words}", title(procedure)));
        }
        if let Some(throttle) = moves.throttle {
            let least = ByteRate::per_sec(moves.least.get());
            rooms.push(format!("{}: {throttle} against {least}", title(procedure)));
        }
    }
    let found = !evidence.is_empty();
    if !found {
        evidence = vec![if rooms.is_empty() {
            "no copy in any procedure".to_owned()
        } else {
            format!("throttle against what is appended: {}", rooms.join("; "))
        }];
    }
    Finding {
        issue: "Stuck reassignment",
        symptom: "`still in progress` without end, `ReassignmentBytesInPerSec` 0 or equal to what \
                  is appended",
        found,
        evidence: evidence.join("; "),
        remedy: "Raise the throttle: `--execute --additional --throttle` with the same file. Then \
                 look for a full disk or a dead broker among the new replicas; `--cancel` else."
            .to_owned(),
    }
}

fn storm(book: &Runbook<'_>) -> Finding {
    let clock = book.clock();
    let found = issues::storms(book.run);
    let most = book.run.groups.values().map(|one| one.rebalances).max().unwrap_or(0);
    let decisions = |group: &str| {
        book.run.decisions.iter().filter(|one| one.target == group && !one.failed).count()
    };
    let evidence: Vec<String> = found
        .iter()
        .map(|one| {
            format!(
                "{}: {} rebalances from {} to {}, with {} scaling decisions in the whole run",
                one.group,
                one.rebalances,
                clock.text(one.from),
                clock.text(one.to),
                decisions(&one.group)
            )
        })
        .collect();
    let scaled = found.iter().any(|one| decisions(&one.group) > 0);
    Finding {
        issue: "Rebalance storm",
        symptom: "the group is in `PreparingRebalance` again and again, its lag grows",
        found: !found.is_empty(),
        evidence: if evidence.is_empty() {
            let minutes = STORM_WINDOW.to_prose();
            format!("{most} rebalances at most in the whole run, never {STORM} within {minutes}")
        } else {
            evidence.join("; ")
        },
        remedy: if scaled {
            "The autoscaler changes the group faster than it settles: a longer cool-down or \
             stabilisation window, larger steps. A longer session timeout does not help here."
                .to_owned()
        } else {
            "Increase `session.timeout.ms`, or `max.poll.interval.ms` where work takes longer; \
             static membership for restarts."
                .to_owned()
        },
    }
}

fn uneven(book: &Runbook<'_>) -> Finding {
    let found = issues::uneven(book.run);
    let worst: Vec<String> = found
        .iter()
        .take(3)
        .map(|one| {
            format!("broker {} has {} times the mean of {}", one.broker, sig(one.ratio), one.what)
        })
        .collect();
    let cluster = book.procedures.first().map(|(one, _)| &one.scenario.cluster);
    let away = cluster.map_or(0, |cluster| {
        let preferred = |one: &&crate::cluster::Partition| {
            one.leader != one.replicas.first().map(|replica| replica.broker)
        };
        cluster.partitions.iter().filter(preferred).count()
    });
    let remedy = if away > 0 {
        format!("Run the leader election: {away} partitions are not led by their preferred leader.")
    } else {
        "A leader election changes nothing when all leaders are the preferred ones: move replicas \
         (`kafsim runbook --reassign balance`), or spread the keys where one partition is hot."
            .to_owned()
    };
    Finding {
        issue: "Uneven distribution",
        symptom: "some brokers are busier or fuller than others",
        found: !worst.is_empty(),
        evidence: if worst.is_empty() {
            format!("no broker bears more than {} times the mean of anything", issues::EVEN)
        } else {
            worst.join("; ")
        },
        remedy,
    }
}

fn degraded(book: &Runbook<'_>) -> Finding {
    let mut evidence = Vec::new();
    let mut calm: Vec<String> = Vec::new();
    for (procedure, _) in book.procedures {
        let changes = changes(procedure);
        for (words, before, during) in &changes {
            let told =
                format!("{}: {words} {} → {} ms", title(procedure), sig(*before), sig(*during));
            if issues::worse(*before, *during) { evidence.push(told) } else { calm.push(told) }
        }
        if let Body::Move(book) = &procedure.body
            && book.throttles.iter().any(|row| !row.keeps && Some(row.throttle) == book.throttle)
        {
            evidence.push(format!(
                "{}: clients write less or miss an objective during the move",
                title(procedure)
            ));
        }
    }
    let found = !evidence.is_empty();
    Finding {
        issue: "Performance degradation",
        symptom: "higher latency while replicas move",
        found,
        evidence: match (found, calm.is_empty()) {
            (true, _) => evidence.join("; "),
            (false, true) => "no latency was simulated during a move".to_owned(),
            (false, false) => calm.join("; "),
        },
        remedy: "Lower the throttle of the move that is on its way: `--execute --additional \
                 --throttle` with the same file; the table of throttles says what that costs."
            .to_owned(),
    }
}

/// Publish p99 of each producer before and during a procedure, in the middle of its range.
fn changes(procedure: &Procedure) -> Vec<(String, f64, f64)> {
    let (Some(before), Some(during)) = (procedure.phase("before"), procedure.phase("during"))
    else {
        return Vec::new();
    };
    let middle = |ends: [f64; 2]| f64::midpoint(ends[0], ends[1]);
    let pairs = before.latencies.iter().zip(&during.latencies).zip(&procedure.scenario.producers);
    pairs
        .filter_map(|((before, during), producer)| {
            let (before, during) = ((*before)?, (*during)?);
            let words = format!("publish p99 of {}", producer.name);
            Some((words, middle(before.p99), middle(during.p99)))
        })
        .collect()
}
