//! Conformance of the controllers: each published vector by its id, through the replay.

mod control;
mod files;
mod findings;
mod hpa;
mod hpa_pods;
mod keda;
mod keda_failures;
mod own;

use kafsim::form::Check;
use kafsim::model::policies::Policy;
use kafsim::scenario::manifests;
use kafsim::scenario::read::read_documents;
use kafsim::study::{ReplayRow, replay};

/// The one policy of a file.
pub fn policy(text: &str) -> Policy {
    let mut check = Check::default();
    let trees = read_documents("p.yaml", text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let found = manifests::policies(&trees, &mut check);
    let mut found = found.unwrap_or_else(|| panic!("{:?}\n{text}", check.problems));
    assert_eq!(found.len(), 1, "one policy");
    found.swap_remove(0)
}

/// The problems of a file.
pub fn problems(text: &str) -> String {
    let mut check = Check::default();
    let trees = match read_documents("p.yaml", text) {
        Ok(trees) => trees,
        Err(error) => return error.to_string(),
    };
    let found = manifests::policies(&trees, &mut check);
    assert_eq!(found.is_none(), !check.problems.is_empty());
    check.problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// The warnings of a file that is right.
pub fn warnings(text: &str) -> String {
    let mut check = Check::default();
    let trees = read_documents("p.yaml", text).expect("YAML");
    assert!(manifests::policies(&trees, &mut check).is_some(), "{:?}", check.problems);
    check.warnings.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

pub fn rows(policy: &Policy, history: &str, closed: bool) -> Vec<ReplayRow> {
    replay("h.csv", history, policy, closed).unwrap_or_else(|error| panic!("{error}\n{history}"))
}

pub fn desired(rows: &[ReplayRow]) -> Vec<u32> {
    rows.iter().map(|row| row.desired).collect()
}

/// A horizontal pod autoscaler of one metric in flow style, with further lines of its spec.
pub fn hpa(metric: &str, min: u32, max: u32, more: &str) -> Policy {
    policy(&format!(
        "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {{name: shop}}\n\
         spec:\n  scaleTargetRef: {{kind: Deployment, name: shop}}\n  minReplicas: {min}\n  \
         maxReplicas: {max}\n  metrics: [{metric}]\n{more}"
    ))
}

/// An external metric `demand` with an average value.
pub fn demand(target: u32) -> String {
    format!(
        "{{type: External, external: {{metric: {{name: demand}}, target: \
         {{type: AverageValue, averageValue: {target}}}}}}}"
    )
}

/// A history of `demand`, one value every 15 s, from a number of replicas.
pub fn demands(replicas: u32, values: &[u32]) -> String {
    let mut text = "t_s,replicas,demand\n".to_owned();
    for (k, value) in values.iter().enumerate() {
        text += &format!("{},{replicas},{value}\n", 15 * k);
    }
    text
}

/// A `ScaledObject` of one trigger on the topic `t`: lines of its spec and settings of the trigger.
pub fn scaled_object(spec: &str, settings: &str) -> Policy {
    policy(&scaled_object_text("", spec, &[settings]))
}

/// Its text, with annotations in flow style and the settings of each trigger.
pub fn scaled_object_text(annotations: &str, spec: &str, triggers: &[&str]) -> String {
    let mut text = format!(
        "apiVersion: keda.sh/v1alpha1\nkind: ScaledObject\nmetadata: {{name: shop, annotations: \
         {{{annotations}}}}}\nspec:\n  scaleTargetRef: {{name: shop}}\n{spec}  triggers:\n"
    );
    for settings in triggers {
        let comma = if settings.is_empty() { "" } else { ", " };
        text += &format!(
            "    - {{type: kafka, metadata: {{consumerGroup: g, topic: t{comma}{settings}}}}}\n"
        );
    }
    text
}

/// A row: time, replicas, and (committed, end) of each partition.
pub type Lags<'a> = (u32, u32, &'a [(&'a str, &'a str)]);

/// A history for `s0-kafka-t`: at each time the replicas and the (committed, end) of partitions.
pub fn lags(rows: &[Lags<'_>]) -> String {
    let count = rows.iter().map(|(_, _, partitions)| partitions.len()).max().unwrap_or(0);
    let mut text = "t_s,replicas".to_owned();
    for p in 0..count {
        text += &format!(",s0-kafka-t.committed[{p}],s0-kafka-t.end[{p}]");
    }
    for (t_s, replicas, partitions) in rows {
        text += &format!("\n{t_s},{replicas}");
        for p in 0..count {
            let (committed, end) = partitions.get(p).copied().unwrap_or(("0", "0"));
            text += &format!(",{committed},{end}");
        }
    }
    text + "\n"
}

/// A history in which partition 0 of `partitions` has all the lag, at each time with replicas.
pub fn one_lags(partitions: usize, rows: &[(u32, u32, i64)]) -> String {
    let mut text = "t_s,replicas".to_owned();
    for p in 0..partitions {
        text += &format!(",s0-kafka-t.committed[{p}],s0-kafka-t.end[{p}]");
    }
    for (t_s, replicas, lag) in rows {
        text += &format!("\n{t_s},{replicas},0,{lag}{}", ",0,0".repeat(partitions - 1));
    }
    text + "\n"
}

/// The rows of the syncs, or of the polls.
pub fn only(rows: &[ReplayRow], poll: bool) -> Vec<ReplayRow> {
    rows.iter().filter(|row| row.policy.ends_with("/poll") == poll).cloned().collect()
}
