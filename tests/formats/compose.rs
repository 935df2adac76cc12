//! The cluster for users with Docker has the settings of the script's.

use crate::support::root;
use std::collections::BTreeMap;

/// Settings that a container cannot share: addresses, and where data lie.
const PLACES: [&str; 5] =
    ["node.id", "controller.quorum.voters", "listeners", "advertised.listeners", "log.dirs"];
/// What names for addresses need in containers alone.
const OF_CONTAINERS: [&str; 2] = ["listener.security.protocol.map", "inter.broker.listener.name"];

fn file(name: &str) -> String {
    std::fs::read_to_string(root().join("tests/cluster").join(name)).expect("a file")
}

/// Broker properties that `up` writes for three brokers.
fn of_script() -> BTreeMap<String, String> {
    let text = file("up");
    let (_, rest) = text.split_once("server.properties\" <<END\n").expect("a here document");
    let (properties, _) = rest.split_once("\nEND\n").expect("its end");
    let pairs = properties.lines().map(|line| line.split_once('=').expect("key=value"));
    let value = |value: &str| value.replace("$count", "3");
    pairs.map(|(key, text)| (key.to_owned(), value(text))).collect()
}

/// Broker properties of the environment that all services share: `KAFKA_A_B` is `a.b`.
fn of_compose() -> BTreeMap<String, String> {
    let text = file("compose.yaml");
    let (_, rest) = text.split_once("x-environment:").expect("an environment");
    let (shared, _) = rest.split_once("\nservices:").expect("services");
    let pairs = shared.lines().filter_map(|line| line.trim().split_once(": "));
    let pairs = pairs.filter_map(|(key, value)| Some((key.strip_prefix("KAFKA_")?, value)));
    let property = |key: &str| key.to_lowercase().replace('_', ".");
    pairs.map(|(key, value)| (property(key), value.trim_matches('"').to_owned())).collect()
}

#[test]
fn compose_has_the_settings_of_the_script() {
    let (mut script, mut compose) = (of_script(), of_compose());
    assert!(script.len() >= 10 && compose.len() >= 10, "{script:?} {compose:?}");
    compose.retain(|key, _| !key.starts_with("heap.") && !key.starts_with("jvm."));
    for key in PLACES {
        assert!(script.remove(key).is_some(), "{key}");
        compose.remove(key);
    }
    for key in OF_CONTAINERS {
        assert!(compose.remove(key).is_some(), "{key}");
    }
    assert_eq!(script, compose);
}

#[test]
fn compose_has_the_version_and_the_machine_of_the_script() {
    let (pom, compose, common) = (file("pom.xml"), file("compose.yaml"), file("common"));
    let version = compose.split("apache/kafka:").nth(1).and_then(|rest| rest.lines().next());
    let version = version.expect("an image").trim();
    assert!(pom.contains(&format!("<version>{version}</version>")), "{version}");
    let options = ["-Xms512m -Xmx512m", "-XX:+UseG1GC", "-XX:MaxGCPauseMillis=20"];
    for option in options.into_iter().chain(["-XX:InitiatingHeapOccupancyPercent=35", "-server"]) {
        assert!(compose.contains(option) && common.contains(option), "{option}");
    }
    for node in 1..=3 {
        let port = format!("\"127.0.0.1:1900{node}:19000\"");
        assert!(compose.contains(&port), "published on loopback only: {port}");
    }
}
