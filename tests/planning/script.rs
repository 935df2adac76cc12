//! The calculator against the exercise's script under bash and bc.

use crate::support::root;
use kafsim::chance::{Chance, Seed};
use kafsim::error::Place;
use kafsim::study::plan::{PlanInput, script_figures};
use std::process::Command;

fn input(answers: &[String; 6]) -> PlanInput {
    let place = Place::whole("test");
    let answers = answers.clone().map(|text| Some((text, place.clone())));
    PlanInput::read(&answers, "test").unwrap_or_else(|problems| panic!("{problems:?}"))
}

fn printed(input: &PlanInput) -> String {
    let figures = script_figures(input);
    figures.iter().map(|one| format!("{}={}\n", one.key, one.script)).collect()
}

fn draw(seed: u64) -> [String; 6] {
    let mut chance = Chance::new(Seed::new(seed), 0).stream("plan", "answers");
    let mut upto = |most: usize| chance.index(most);
    let decimal = |whole: usize, digits: usize, width: usize| {
        if width == 0 { whole.to_string() } else { format!("{whole}.{digits:0width$}") }
    };
    let rate = [1, 10, 1_000, 100_000, 10_000_000][upto(5)] * (1 + upto(99));
    let size = [1, 100, 1_024, 100_000][upto(4)] * (1 + upto(9));
    let hours = decimal(1 + upto(2_000), upto(100), [0, 2][upto(2)]);
    let peak = decimal(1 + upto(9), upto(1_000), [0, 3][upto(2)]);
    let growth = decimal(upto(40), upto(1_000), [0, 3][upto(2)]);
    [rate.to_string(), size.to_string(), (1 + upto(5)).to_string(), hours, peak, growth]
}

#[test]
fn fifty_random_plans_are_the_scripts_to_the_digit() {
    let there = |name: &str| Command::new(name).arg("--version").output().is_ok();
    if !there("bash") || !there("bc") {
        println!("bash or bc is not installed: the script's arithmetic was not run");
        return;
    }
    let mut cases: Vec<[String; 6]> = (0..50).map(draw).collect();
    // Nothing per second, no growth at all, growth below a percent.
    let edge = |texts: [&str; 6]| texts.map(str::to_owned);
    cases.push(edge(["1", "1", "1", "0.01", "1", "0"]));
    cases.push(edge(["10000", "1024", "3", "168", "2.5", "0.9"]));
    cases.push(edge(["1000000000", "100000000", "32", "100000", "100", "100"]));
    for answers in cases {
        let script = root().join("tests/seed/capacity_planner.sh");
        let output = Command::new("bash").arg(script).args(&answers).output().expect("bash runs");
        let expected = String::from_utf8(output.stdout).expect("text");
        assert_eq!(printed(&input(&answers)), expected, "{answers:?}");
    }
}

#[test]
fn the_untruncated_value_shows_what_cutting_hides() {
    let texts = ["10000", "1024", "3", "168", "2.5", "2.5"].map(str::to_owned);
    let figures = script_figures(&input(&texts));
    let of = |key: &str| figures.iter().find(|one| one.key == key).expect("a figure");
    // 2.5 % a month: the script grows by 2 %.
    let growth = of("future_multiplier");
    assert_eq!(growth.script.to_string(), "1.26");
    assert!((growth.untruncated - 1.344_888_8).abs() < 1e-6);
    let daily = of("gb_per_day");
    assert_eq!(daily.script.to_string(), "823.50");
    assert!((daily.untruncated - 823.974_6).abs() < 1e-4);
}
