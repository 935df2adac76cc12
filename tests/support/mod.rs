//! What several test modules share.

pub mod faults;

use kafsim::chance::Seed;
use kafsim::metrics::Run;
use kafsim::scenario::{Checked, LoadOptions, load, load_text};
use std::path::PathBuf;

/// The folder of the package.
pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The path of an example scenario.
pub fn example(name: &str) -> String {
    root().join("models/scenarios").join(format!("{name}.yaml")).display().to_string()
}

/// Names of all example scenarios.
pub fn examples() -> Vec<String> {
    let files = std::fs::read_dir(root().join("models/scenarios")).expect("examples exist");
    let mut names: Vec<String> = files
        .map(|file| file.expect("a file").path())
        .map(|path| path.file_stem().expect("a name").to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

/// An example with changes, checked.
pub fn checked(name: &str, sets: &[&str]) -> Checked {
    let sets = sets.iter().map(|set| (*set).to_owned()).collect();
    let options = LoadOptions { sets, seed: 1, ..LoadOptions::default() };
    load(&example(name), &options).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// An example with changes, simulated.
pub fn run(name: &str, sets: &[&str]) -> Run {
    kafsim::study::simulate(&checked(name, sets).scenario, Seed::new(1))
}

/// The problems of a scenario text, or why there are none.
pub fn problems(text: &str) -> Result<String, String> {
    match load_text("s.yaml", text, &LoadOptions::default()) {
        Ok(_) => Err("the text is accepted".to_owned()),
        Err(error) => {
            assert_eq!(error.exit_code(), 2, "{error}");
            Ok(error.to_string())
        }
    }
}
