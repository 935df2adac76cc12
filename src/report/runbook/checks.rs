//! What is ticked off before and after all changes.

use super::{Runbook, members, title, watched};
use crate::study::runbook::Body;
use crate::units::sig;

impl Runbook<'_> {
    /// The exercise's checklist with what the simulation says to each point.
    pub(super) fn checklist(&self) -> Vec<String> {
        let limit = &self.run.bottleneck;
        let factor = limit.saturates_at_load_factor;
        let reason = factor.map_or_else(
            || format!("{} is used most, and nothing is ever full", limit.resource),
            |factor| format!("{} is full first, at {} times the load", limit.resource, sig(factor)),
        );
        let clock = self.clock();
        let mut windows: Vec<String> = Vec::new();
        let mut gains: Vec<String> = Vec::new();
        let mut backs: Vec<String> = Vec::new();
        for (procedure, files) in self.procedures {
            let [quiet, _] = procedure.windows;
            windows.push(format!(
                "{} from {} to {}",
                title(procedure),
                clock.text(quiet.from),
                clock.text(quiet.to)
            ));
            if let Some(gain) = procedure.study().and_then(|study| study.gain) {
                let ends = [gain.low(), gain.high()].map(|end| format!("{:+.0} %", end * 100.0));
                gains.push(format!(
                    "{}: brokers take {} to {}",
                    title(procedure),
                    ends[0],
                    ends[1]
                ));
            }
            backs.push(match &procedure.body {
                Body::Move(_) => format!("{}: `{}`", title(procedure), files.back),
                Body::Partitions { .. } => format!("{}: none", title(procedure)),
                Body::Members { counts, .. } => {
                    format!("{}: {} again", title(procedure), members(counts[0]))
                }
            });
        }
        let gains = if gains.is_empty() { "what follows".to_owned() } else { gains.join("; ") };
        vec![
            "Current metrics documented: their ranges stand below, before each change.".to_owned(),
            format!("Scaling reason identified: {reason}."),
            format!("Capacity plan reviewed: {gains}."),
            format!("Rollback plan prepared: {}.", backs.join("; ")),
            format!("Maintenance window scheduled: {}.", windows.join("; ")),
            "Stakeholders notified: effects on clients stand below, during each change.".to_owned(),
            self.autoscalers(),
            "No reassignment is on its way, no partition is under-replicated, no throttle is set:"
                .to_owned(),
        ]
    }

    /// Commands whose output must be empty, or as the placement that was planned from.
    pub(super) fn preconditions(&self) -> Vec<String> {
        let tools = self.tools;
        let topics = |what: &str| tools.topics(&[format!("--describe {what}")]);
        let mut all = vec![
            tools.call("kafka-reassign-partitions", "", &["--list".to_owned()]),
            topics("--under-replicated-partitions"),
            topics("--unavailable-partitions"),
            tools.call(
                "kafka-configs",
                "",
                &["--entity-type brokers".to_owned(), "--describe".to_owned()],
            ),
        ];
        for (procedure, files) in self.procedures {
            if procedure.study().is_some_and(|study| !study.plan.changes.is_empty()) {
                // What is to be moved is still where the plan begins.
                all.push(tools.reassign(&files.back, "--verify --preserve-throttles"));
            }
        }
        all
    }

    /// The exercise's points with what the metrics are then.
    pub(super) fn validation(&self) -> Vec<String> {
        let mut tasks = vec![
            "All partitions have their full ISR, none is under-replicated: nothing is printed."
                .to_owned(),
        ];
        for (procedure, _) in self.procedures {
            let title = title(procedure);
            for one in watched(procedure).iter().filter(|one| one.key.starts_with("lag_records")) {
                tasks.push(format!("{title}: {} is {}.", one.words, one.shown(one.after)));
            }
            let names = ["broker_cpu", "nic_in", "nic_out", "disk"];
            let better: Vec<String> = watched(procedure)
                .iter()
                .filter(|one| names.contains(&one.key.as_str()))
                .map(|one| format!("{} {}", one.words, one.shown(one.after)))
                .collect();
            tasks.push(format!("{title}: {}.", better.join(", ")));
        }
        tasks.extend([
            "No errors in the logs of brokers and clients.".to_owned(),
            "Alerts cleared, autoscalers on again.".to_owned(),
        ]);
        tasks
    }

    pub(super) fn validation_commands(&self) -> Vec<String> {
        let tools = self.tools;
        let topics = |what: &str| tools.topics(&[format!("--describe {what}")]);
        let mut all = vec![
            topics("--under-replicated-partitions"),
            topics("--under-min-isr-partitions"),
            tools.call("kafka-reassign-partitions", "", &["--list".to_owned()]),
        ];
        let groups = self.procedures.first().map(|(one, _)| &one.scenario.groups);
        all.extend(groups.into_iter().flatten().map(|one| tools.groups(&one.name, "")));
        all
    }

    /// Who would change things back.
    fn autoscalers(&self) -> String {
        let files: Vec<String> =
            self.scenario.autoscaling.iter().map(|one| format!("`{}`", one.file)).collect();
        if files.is_empty() {
            return "No autoscaler acts on what is changed: this scenario has none.".to_owned();
        }
        format!(
            "Autoscalers are paused, or they change it back: {} (for KEDA the annotation \
             `autoscaling.keda.sh/paused`, for an HPA `minReplicas` = `maxReplicas`).",
            files.join(", ")
        )
    }
}
