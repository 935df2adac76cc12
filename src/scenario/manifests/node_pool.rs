//! `KafkaNodePool` of Strimzi: how many brokers a cluster has.

use super::METADATA;
use crate::form::{Check, Fields, Key, Node, Shape, Table};
use crate::model::policies::NodePoolPolicy;

const POOL: Table = &[
    Key::required(
        "apiVersion",
        Shape::Word(&["kafka.strimzi.io/v1", "kafka.strimzi.io/v1beta2"]),
        "the version of the format",
    ),
    Key::required("kind", Shape::Text, "KafkaNodePool"),
    Key::required("metadata", Shape::Map(METADATA), "its name"),
    Key::required("spec", Shape::Map(SPEC), "what it is made of"),
    Key::optional("status", Shape::Foreign("map"), "without effect"),
];
const SPEC: Table = &[
    Key::required("replicas", Shape::Count { min: 1, max: 10_000 }, "brokers"),
    Key::required("roles", Shape::List(&Shape::Text), "broker, controller or both"),
    Key::optional("storage", Shape::Foreign("map"), "without effect: machines are the scenario's"),
    Key::optional("resources", Shape::Foreign("map"), "without effect"),
    Key::optional("jvmOptions", Shape::Foreign("map"), "without effect"),
    Key::optional("template", Shape::Foreign("map"), "without effect"),
];
const ROLES: [&str; 2] = ["broker", "controller"];

pub(super) fn read(tree: &Node, check: &mut Check) -> Option<NodePoolPolicy> {
    let before = check.problems.len();
    let mut fields = check.open_foreign(tree, "", POOL)?;
    fields.word("apiVersion");
    let name = fields.map("metadata", METADATA).and_then(|mut fields| fields.text("name"));
    let replicas = fields.map("spec", SPEC).and_then(|mut fields| read_spec(&mut fields));
    let (name, replicas) = (name?, replicas?);
    (check.problems.len() == before).then(|| NodePoolPolicy::new(name, replicas))
}

fn read_spec(fields: &mut Fields<'_, '_>) -> Option<u32> {
    let replicas = fields.count("replicas");
    let path = fields.path_of("roles");
    let mut brokers = false;
    for item in fields.list("roles") {
        let word = item.text().unwrap_or_default();
        brokers |= word == ROLES[0];
        if !ROLES.contains(&word) {
            fields.check().wrong_word(&item.place, &path, word, ROLES);
        }
    }
    if !brokers && fields.has("roles") {
        fields.refuse("roles", "a pool without brokers", "a pool with the role broker");
    }
    replicas.map(|replicas| replicas as u32)
}
