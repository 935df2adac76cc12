//! Policies in kafsim's own words, through the replay.

use super::{desired, policy, problems, rows};

const STEP: &str = "\
policy: step_scaling
metric: consumer_lag
min: 2
max: 20
out:
  threshold: 100
  points: 2
  of: 3
  cooldown: 5 min
  steps: [{to: 50, by: 1}, {from: 50, to: 100, by: 3}, {from: 100, by: 6}]
in:
  threshold: 10
  cooldown: 5 min
  steps: [{by: -1}]
";

fn lags(replicas: u32, values: &[u32]) -> String {
    let mut text = "t_s,replicas,consumer_lag\n".to_owned();
    for (k, value) in values.iter().enumerate() {
        text += &format!("{},{replicas},{value}\n", 60 * k);
    }
    text
}

#[test]
fn steps_are_bounded_below_inclusively_and_cooldowns_add_only_the_excess() {
    let step = policy(STEP);
    let found = rows(&step, &lags(4, &[120, 150, 150, 199, 200, 200]), true);
    // Two of three points fire it: at 60 s the breach of exactly 50 is +3; 100 is +6, of which 3
    // are under way.
    assert_eq!(desired(&found), [4, 7, 7, 7, 10, 10]);
    assert_eq!((found[0].reason, found[1].reason), ("WithinRange", "ScaleUp"));
    assert_eq!(found[2].reason, "CoolingDown");
    let found = rows(&step, &lags(4, &[150, 150, 5, 5, 5, 5, 5, 5]), true);
    assert_eq!(desired(&found), [4, 7, 7, 7, 7, 7, 6, 6], "no step in while one out cools down");
    let found = rows(&step, &lags(2, &[5, 5]), true);
    assert_eq!(found[0].reason, "AtMinimum");
}

#[test]
fn target_tracking_goes_out_in_proportion_and_in_with_care() {
    let text = "policy: target_tracking\nmetric: consumer_lag\ntarget: 100\nmax: 20\n\
        points_in: 5\ncooldown_in: 8 min\n";
    let tracking = policy(text);
    let mut values = vec![150; 3];
    values.extend([50; 10]);
    let found = rows(&tracking, &lags(4, &values), true);
    // ⌈4 × 1.5⌉ with the third point; in ⌈6 × 0.5⌉ when the cooldown of 8 min has passed.
    assert_eq!(desired(&found), [4, 4, 6, 6, 6, 6, 6, 6, 6, 6, 3, 3, 3]);
    assert_eq!(found[7].reason, "CoolingDown");
    let found = rows(&tracking, &lags(4, &[91; 20]), true);
    assert!(found.iter().all(|row| row.desired == 4), "within the slack");
}

#[test]
fn a_timetable_repeats_and_one_entry_is_a_fixed_size() {
    let text = "policy: schedule\nrepeat: 4 min\nentries: [{after: 1 min, members: 5}, \
        {after: 3 min, members: 2}]\n";
    let history = "t_s,replicas\n0,1\n420,1\n";
    let found = rows(&policy(text), history, false);
    assert_eq!(desired(&found), [2, 5, 5, 2, 2, 5, 5, 2]);
    let fixed = policy("policy: schedule\nentries: [{members: 6}]\n");
    assert!(rows(&fixed, history, false).iter().all(|row| row.desired == 6));
}

#[test]
fn flink_replays_rates_and_lag() {
    let flink = policy("policy: flink\nwindow: 2 min\nalignment: evenly_spread\n");
    let mut history = "t_s,consumers,partitions,input_rate,consumer_lag,true_rate\n".to_owned();
    for minute in 0..4 {
        history += &format!("{},4,12,1000,{},1300\n", 60 * minute, 336_000 + 12_000 * minute);
    }
    let found = rows(&flink, &history, true);
    assert_eq!(desired(&found), [4, 4, 12, 12]);
    assert_eq!((found[2].proposal, found[2].limited), (Some(7), Some(12)), "F1, then F2");
}

#[test]
fn own_policies_say_what_is_wrong() {
    for (from, to, word) in [
        ("step_scaling", "step_scalin", "did you mean `step_scaling`?"),
        ("consumer_lag", "consumer_lg", "did you mean `consumer_lag`?"),
        ("min: 2", "min: 21", "21 above max 20"),
        ("points: 2", "points: 4", "4 of 3"),
        ("{from: 50, to: 100", "{from: 60, to: 100", "tile the axis"),
        ("threshold: 10\n", "threshold: 100\n", "not below"),
        ("cooldown: 5 min", "cooldown: -5 min", "out/cooldown"),
    ] {
        assert!(STEP.contains(from), "{from}");
        let found = problems(&STEP.replacen(from, to, 1));
        assert!(found.contains(word), "{word}: {found}");
    }
    let schedule =
        "policy: schedule\nentries: [{after: 2 h, members: 1}, {after: 1 h, members: 2}]";
    assert!(problems(schedule).contains("later than the entry before"));
    assert!(problems("policy: schedule\nentries: []").contains("no entry"));
    assert!(problems("policy: flink\nmin: 9\nmax: 3").contains("9 above max 3"));
    assert!(problems("policy: flink\ncatch_up: 0 s").contains("above zero"));
    let tracking = "policy: target_tracking\nmetric: consumer_lag\ntarget: 0\nmax: 3";
    assert!(problems(tracking).contains("above 0"));
}
