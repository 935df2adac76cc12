//! Same seed, same bytes.

use super::kafsim;
use crate::support::{example, run};
use kafsim::report::formats::json;
use std::path::Path;

fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        if entry.path().is_dir() {
            found.extend(files(&entry.path()));
        } else {
            let name = entry.file_name().to_string_lossy().into_owned();
            found.push((name, std::fs::read(entry.path()).expect("a file")));
        }
    }
    found.sort();
    found
}

fn set(environment: &[(&str, &str)]) -> Vec<(String, Vec<u8>)> {
    // A folder of its own each time, and the process stands in it.
    let folder = tempfile::tempdir().expect("a folder");
    let mut command = kafsim();
    command.current_dir(folder.path()).args(["simulate", &example("quickstart"), "--out", "out"]);
    for (name, value) in environment {
        command.env(name, value);
    }
    assert!(command.output().expect("it runs").status.success());
    files(&folder.path().join("out"))
}

#[test]
fn threads_locale_time_zone_and_folder_do_not_matter() {
    let reference = set(&[("RAYON_NUM_THREADS", "1"), ("TZ", "UTC"), ("LC_ALL", "C")]);
    assert!(reference.len() >= 19, "{}", reference.len());
    for environment in [
        [("RAYON_NUM_THREADS", "8"), ("TZ", "Asia/Kolkata"), ("LC_ALL", "de_DE.UTF-8")],
        [("RAYON_NUM_THREADS", "8"), ("TZ", "America/New_York"), ("LC_ALL", "tr_TR.UTF-8")],
    ] {
        let other = set(&environment);
        for ((name, a), (_, b)) in reference.iter().zip(&other) {
            assert!(a == b, "{name} differs under {environment:?}");
        }
        assert_eq!(reference.len(), other.len());
    }
}

#[test]
fn twenty_repeats_are_equal_and_another_seed_is_not() {
    let first = json::text(&run("quickstart", &["duration=12 h"]));
    for _ in 0..20 {
        assert!(json::text(&run("quickstart", &["duration=12 h"])) == first);
    }
    let checked = crate::support::checked("quickstart", &["duration=12 h"]);
    let other = kafsim::study::simulate(&checked.scenario, kafsim::chance::Seed::new(2));
    assert!(json::text(&other) != first, "start-up times are random");
}

#[test]
fn the_hash_follows_the_meaning_not_the_writing() {
    let hash = |sets: &[&str]| crate::support::checked("quickstart", sets).scenario.hash;
    let reference = hash(&[]);
    assert_eq!(hash(&["duration=24 h"]), reference, "written out again");
    assert_ne!(hash(&["duration=23 h"]), reference);
    assert_ne!(hash(&["groups/billing/members=7"]), reference);
}
