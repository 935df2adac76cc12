//! What goes wrong when a cluster is scaled, found in runs.

use crate::support::run;
use kafsim::analysis::issues::{storms, stuck, uneven};
use kafsim::units::{SimSpan, SimTime};

#[test]
fn a_throttle_below_the_ingress_is_stuck_and_a_good_one_is_not() {
    let throttle = "timeline=[{after: 10 min, do: add_brokers, count: 1}, \
        {after: 20 min, do: reassign, plan: minimal, throttle: 10 MiB/s}]";
    let found = stuck(&run("add-a-broker", &[throttle, "duration=2 h"]));
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].since, SimTime::ZERO + SimSpan::from_secs(1_200));
    assert!(found[0].cause.as_ref().expect("a cause").contains("below the"), "{found:?}");
    assert!(stuck(&run("add-a-broker", &[])).is_empty());
}

#[test]
fn four_rebalances_in_ten_minutes_are_a_storm_and_three_are_not() {
    let minutes = |list: &[u32]| {
        let one = |(index, minute): (usize, &u32)| {
            let word = if index % 2 == 0 { "add_members" } else { "remove_members" };
            format!("{{after: {minute} min, do: {word}, group: billing, count: 1}}")
        };
        let entries: Vec<String> = list.iter().enumerate().map(one).collect();
        format!("timeline=[{}]", entries.join(", "))
    };
    let calm = run("add-a-broker", &[&minutes(&[10, 13, 16, 40, 60]), "duration=2 h"]);
    assert!(storms(&calm).is_empty(), "{:?}", storms(&calm));
    let storm = run("add-a-broker", &[&minutes(&[10, 13, 16, 18, 22, 60]), "duration=2 h"]);
    let found = storms(&storm);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!((found[0].group.as_str(), found[0].rebalances), ("billing", 5));
}

#[test]
fn an_empty_broker_is_uneven() {
    let grown = "timeline=[{after: 1 min, do: add_brokers, count: 1}]";
    let found = uneven(&run("add-a-broker", &[grown, "duration=1 h"]));
    assert!(found.iter().any(|one| one.what == "leaders" && one.ratio > 1.3), "{found:?}");
    assert!(uneven(&run("add-a-broker", &["timeline=[]", "duration=1 h"])).is_empty());
}
