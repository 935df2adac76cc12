//! What watches the real cluster: alert rules with the limits that a scenario needs, a dashboard
//! for its metrics, and a test that the rules fire as they did in the simulation; and other way
//! round, what somebody's own rules would have done.

pub mod alert_file;
mod grafana;
pub mod promql;
mod rules;
mod test;

pub use grafana::dashboard;
pub use rules::{Rule, rules, yaml};
pub use test::promtool_test;

/// The name of the file with the rules, which the test file names too.
pub const RULES: &str = "rules.yaml";

/// A string in double quotes, for labels and YAML alike.
fn quoted(text: &str) -> String {
    let escaped = text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    format!("\"{escaped}\"")
}
