//! Policy files of others, one file per kind.

mod seed_policy;

use super::source::Files;
use crate::form::{Check, Node};
use crate::model::policies::Policy;

/// Reads the policy file that a node names.
pub fn read_policy(name: &Node, path: &str, check: &mut Check) -> Option<Policy> {
    let Some(word) = name.text() else {
        check.problem(&name.place, path, name.describe(), "the name of a policy file".into());
        return None;
    };
    match Files::tree_of(word, name) {
        Ok(tree) => policy(&tree, check),
        Err(error) => {
            check.problems.extend(error.problems().iter().cloned());
            None
        }
    }
}

/// Reads a policy from its tree: which kind it is, its own keys say.
pub fn policy(tree: &Node, check: &mut Check) -> Option<Policy> {
    if let Some(kind) = tree.get("kind") {
        let allowed = "broker_scaling and consumer_scaling with thresholds: policies of Kubernetes \
            are not simulated yet";
        check.problem(&kind.place, "kind", kind.describe(), allowed.into());
        return None;
    }
    seed_policy::read(tree, check).map(Policy::from)
}
