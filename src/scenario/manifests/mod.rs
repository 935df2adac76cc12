//! Policy files of others, one file per kind.

mod behavior;
mod control;
mod flink;
mod hpa;
mod kafka_trigger;
mod node_pool;
mod own;
mod scaled_object;
mod seed_policy;

use super::source::Files;
use crate::error::nearest_word;
use crate::form::{Check, Key, Node, Shape, Table};
use crate::model::policies::Policy;

/// Kinds of Kubernetes objects that are policies.
const KINDS: [&str; 3] = ["HorizontalPodAutoscaler", "KafkaNodePool", "ScaledObject"];

/// `metadata` of any object of Kubernetes.
const METADATA: Table = &[
    Key::required("name", Shape::Text, "the object's name"),
    Key::optional("namespace", Shape::Text, "without effect"),
    Key::optional("labels", Shape::Foreign("map of labels"), "without effect"),
    Key::optional("annotations", Shape::Foreign("map of annotations"), "those of KEDA count"),
    Key::optional("creationTimestamp", Shape::Text, "without effect"),
    Key::optional("finalizers", Shape::Foreign("list"), "without effect"),
    Key::optional("generation", Shape::Text, "without effect"),
    Key::optional("managedFields", Shape::Foreign("list"), "without effect"),
    Key::optional("ownerReferences", Shape::Foreign("list"), "without effect"),
    Key::optional("resourceVersion", Shape::Text, "without effect"),
    Key::optional("uid", Shape::Text, "without effect"),
];
/// `scaleTargetRef`.
const TARGET: Table = &[
    Key::optional("apiVersion", Shape::Text, "without effect"),
    Key::optional("kind", Shape::Text, "without effect"),
    Key::required("name", Shape::Text, "what is scaled"),
    Key::optional("envSourceContainerName", Shape::Text, "without effect"),
];

/// Reads the policy file that a node names.
pub fn read_policy(name: &Node, path: &str, check: &mut Check) -> Option<Policy> {
    let Some(word) = name.text() else {
        check.problem(&name.place, path, name.describe(), "the name of a policy file".into());
        return None;
    };
    let found = match Files::documents_of(word, name) {
        Ok(trees) => policies(&trees, check),
        Err(error) => {
            check.problems.extend(error.problems().iter().cloned());
            return None;
        }
    };
    match <[Policy; 1]>::try_from(found?) {
        Ok([policy]) => Some(policy),
        Err(several) => {
            let found = format!("`{word}` with {} policies", several.len());
            check.problem(&name.place, path, found, "a file with one policy".into());
            None
        }
    }
}

/// Reads the policy of one document.
pub fn policy(tree: &Node, check: &mut Check) -> Option<Policy> {
    policies(std::slice::from_ref(tree), check)?.pop()
}

/// Reads the policies of a file, at least one: which kind each is, its own keys say. Other objects
/// of Kubernetes in the same file are left alone, with a warning.
pub fn policies(trees: &[Node], check: &mut Check) -> Option<Vec<Policy>> {
    let before = check.problems.len();
    let mut found = Vec::new();
    for tree in trees {
        if let Some(kind) = tree.get("policy") {
            found.extend(own::read(tree, kind, check));
            continue;
        }
        let Some(kind) = tree.get("kind") else {
            found.extend(seed_policy::read(tree, check).map(Policy::from));
            continue;
        };
        match kind.text() {
            Some("HorizontalPodAutoscaler") => {
                found.extend(hpa::read(tree, check).map(Policy::from));
            }
            Some("KafkaNodePool") => {
                found.extend(node_pool::read(tree, check).map(Policy::from));
            }
            Some("ScaledObject") => {
                found.extend(scaled_object::read(tree, check).map(Policy::from));
            }
            // A policy whose kind is misspelt is not passed over.
            Some(word) if trees.len() > 1 && nearest_word(word, KINDS).is_none() => {
                let mut warnings = Check::default();
                warnings.wrong_word(&kind.place, "kind", word, KINDS);
                check.warnings.append(&mut warnings.problems);
            }
            Some(word) => check.wrong_word(&kind.place, "kind", word, KINDS),
            None => check.problem(&kind.place, "kind", kind.describe(), KINDS.join(" or ")),
        }
    }
    if check.problems.len() > before {
        return None;
    }
    if found.is_empty() {
        let place = trees
            .first()
            .map_or_else(|| crate::error::Place::whole("-"), |tree| tree.place.clone());
        check.problem(&place, "kind", "no policy".into(), KINDS.join(" or "));
        return None;
    }
    Some(found)
}
