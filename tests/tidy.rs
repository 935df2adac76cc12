//! Keeps the house: floors, sizes, headings, bans, cards. Each rule is a function over (path,
//! text), so that the test of the test can break it.

#![expect(clippy::expect_used, reason = "a test that cannot go on fails")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use syn::spanned::Spanned;
use syn::visit::Visit;

/// Floors, ground first; a module uses only what stands before it.
const FLOORS: [&str; 14] = [
    "error", "units", "chance", "form", "cluster", "model", "scenario", "metrics", "engine",
    "live", "analysis", "study", "interop", "report",
];
const FILE_LINES: usize = 400;
const FUNCTION_LINES: usize = 70;
const COLUMNS: usize = 100;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Files below folders with an ending, as (path from the root, text).
fn files(folders: &[&str], ending: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut open: Vec<PathBuf> = folders.iter().map(|folder| root().join(folder)).collect();
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder").flatten() {
            let path = entry.path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|found| found == ending) {
                let name = path.strip_prefix(root()).expect("below the root");
                let text = std::fs::read_to_string(&path).expect("text");
                found.push((name.display().to_string(), text));
            }
        }
    }
    found.sort();
    found
}

/// The part of a source file before its tests.
fn before_tests(text: &str) -> &str {
    text.split("\n#[cfg(test)]").next().unwrap_or(text)
}

/// The floor of a library file.
fn floor_of(path: &str) -> Option<usize> {
    let below = path.strip_prefix("src/")?;
    let module = below.split('/').next()?.trim_end_matches(".rs");
    FLOORS.iter().position(|floor| *floor == module)
}

/// `crate::X` of a floor that does not stand before the file's own.
fn floors(path: &str, text: &str) -> Vec<String> {
    let Some(own) = floor_of(path) else { return Vec::new() };
    let mut faults = Vec::new();
    for (at, _) in text.match_indices("crate::") {
        let inside = text[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '$');
        let names = heads(&text[at + "crate::".len()..]);
        for name in names.into_iter().filter(|_| !inside) {
            let used = FLOORS.iter().position(|floor| *floor == name);
            if used.is_none_or(|used| used > own) {
                let line = 1 + text[..at].matches('\n').count();
                faults.push(format!("{path}:{line}: {} uses {name}", FLOORS[own]));
            }
        }
    }
    faults
}

/// The first names of a path: `a::b` gives a, `{a::b, c}` gives a and c.
fn heads(path: &str) -> Vec<String> {
    let word = |text: &str| {
        text.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>()
    };
    match path.strip_prefix('{') {
        Some(group) => {
            let group = group.split('}').next().unwrap_or_default();
            group.split(',').map(word).filter(|name| !name.is_empty()).collect()
        }
        None => vec![word(path)],
    }
}

fn sizes(path: &str, text: &str) -> Vec<String> {
    let mut faults = Vec::new();
    let lines = before_tests(text).lines().count();
    if path.starts_with("src/") && lines > FILE_LINES {
        faults.push(format!("{path}: {lines} lines before its tests, at most {FILE_LINES}"));
    }
    for (index, line) in text.lines().enumerate() {
        if line.chars().count() > COLUMNS {
            faults.push(format!("{path}:{}: more than {COLUMNS} columns", index + 1));
        }
    }
    faults
}

struct Functions<'p> {
    path: &'p str,
    faults: Vec<String>,
}

impl Functions<'_> {
    fn check(&mut self, name: &syn::Ident, block: &syn::Block) {
        let span = block.span();
        let lines = span.end().line - span.start().line + 1;
        if lines > FUNCTION_LINES {
            let path = self.path;
            self.faults
                .push(format!("{path}: fn {name} has {lines} lines, at most {FUNCTION_LINES}"));
        }
    }
}

impl<'ast> Visit<'ast> for Functions<'_> {
    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.check(&item.sig.ident, &item.block);
        syn::visit::visit_item_fn(self, item);
    }
    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.check(&item.sig.ident, &item.block);
        syn::visit::visit_impl_item_fn(self, item);
    }
}

fn functions(path: &str, text: &str) -> Vec<String> {
    let file = match syn::parse_file(before_tests(text)) {
        Ok(file) => file,
        Err(error) => return vec![format!("{path}: {error}")],
    };
    let mut functions = Functions { path, faults: Vec::new() };
    functions.visit_file(&file);
    functions.faults
}

/// The four headings of every model file.
fn headings(path: &str, text: &str) -> Vec<String> {
    if !path.starts_with("src/model/") {
        return Vec::new();
    }
    let doc: Vec<&str> = text.lines().map_while(|line| line.strip_prefix("//!")).collect();
    let has = |heading: &str| doc.iter().any(|line| line.trim() == heading);
    let mut missing = Vec::new();
    if !has("# Equation") && !has("# Rule") {
        missing.push("# Equation or # Rule");
    }
    missing.extend(["# Assumes", "# Breaks", "# Source"].into_iter().filter(|one| !has(one)));
    missing.into_iter().map(|one| format!("{path}: no heading {one}")).collect()
}

/// Words that have no place in the library, and what breaks determinism.
fn bans(path: &str, text: &str) -> Vec<String> {
    let stub_words = ["todo!(", "unimplemented!(", "FIXME", "XXX", "for now", "placeholder"];
    let clocks =
        ["Instant::now", "SystemTime::now", "thread::sleep", "thread_rng", "HashMap", "HashSet"];
    let floats = [".ln()", ".exp()", ".powf(", ".powi(", ".sin()", ".cos()", ".tan()", ".log10()"];
    let mut banned: Vec<&str> = vec![concat!("[", "allow("), concat!("#[", "ignore")];
    if path.starts_with("src/") {
        banned.extend(stub_words);
        // Measuring needs a clock, and a card says when it was made.
        if !["src/live/clock.rs", "src/cli/calibrate.rs"].contains(&path) {
            banned.extend(clocks);
        }
    }
    if path.starts_with("src/model/") || path.starts_with("src/engine/") {
        banned.extend(floats);
    }
    let mut faults = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let comment = line.trim_start().starts_with("//");
        for word in banned.iter().filter(|word| line.contains(*word)) {
            // Prose may name what code may not call.
            if !comment || stub_words.contains(word) {
                faults.push(format!("{path}:{}: `{word}`", index + 1));
            }
        }
    }
    faults
}

/// A reference of a twin test shares no code with what it judges: it names nothing of the library,
/// and of its neighbours only other references.
fn isolation(path: &str, text: &str) -> Vec<String> {
    if !path.ends_with("_reference.rs") {
        return Vec::new();
    }
    let outside = ["super::", "crate::"].into_iter().flat_map(|stem| text.split(stem).skip(1));
    let foreign = outside
        .map(heads)
        .any(|names| names.iter().any(|name| !name.ends_with("_reference") && *name != "super"));
    let isolated = foreign || text.contains("kafsim");
    isolated.then(|| format!("{path}: a reference imports what it judges")).into_iter().collect()
}

/// Every value of a card has a value and an uncertainty; source and date stand there or above.
fn cards(path: &str, text: &str) -> Vec<String> {
    if !text.starts_with("card:") {
        return Vec::new();
    }
    let mut faults = Vec::new();
    let head: BTreeMap<&str, &str> = text
        .lines()
        .filter(|line| !line.starts_with(' '))
        .filter_map(|line| line.split_once(':'))
        .map(|(key, value)| (key, value.trim().trim_matches('"')))
        .collect();
    for key in ["card", "name", "about", "source", "date", "values"] {
        if head.get(key).is_none_or(|value| value.is_empty() && key != "values") {
            faults.push(format!("{path}: no {key}"));
        }
    }
    let stem = Path::new(path).with_extension("");
    let named = stem.file_name().and_then(|name| name.to_str());
    if head.get("name").copied() != named {
        faults.push(format!("{path}: its name is not the file's"));
    }
    for (index, line) in text.lines().enumerate().filter(|(_, line)| line.starts_with("  ")) {
        for key in ["value: \"", "uncertainty: \""] {
            let filled = line.split(key).nth(1).is_some_and(|rest| !rest.starts_with('"'));
            if !filled {
                faults.push(format!("{path}:{}: no {}", index + 1, key.trim_end_matches(": \"")));
            }
        }
    }
    faults
}

type Rule = fn(&str, &str) -> Vec<String>;

fn check(found: &[(String, String)], rules: &[Rule]) {
    assert!(!found.is_empty(), "nothing was looked at");
    let faults: Vec<String> = found
        .iter()
        .flat_map(|(path, text)| rules.iter().flat_map(move |rule| rule(path, text)))
        .collect();
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

#[test]
fn the_source_keeps_the_rules() {
    let source = files(&["src"], "rs");
    check(&source, &[floors, sizes, functions, headings, bans]);
    let mut lines: Vec<usize> =
        source.iter().map(|(_, text)| before_tests(text).lines().count()).collect();
    lines.sort_unstable();
    println!("{} files, median {} lines", lines.len(), lines[lines.len() / 2]);
}

#[test]
fn tests_and_benches_keep_the_rules() {
    let mut found = files(&["tests", "benches"], "rs");
    found.retain(|(path, _)| path != "tests/tidy.rs");
    for twin in ["hpa", "keda", "max_min", "threshold"] {
        let reference = format!("tests/twins/{twin}_reference.rs");
        assert!(found.iter().any(|(path, _)| *path == reference), "no {reference}");
    }
    check(&found, &[sizes, bans, isolation]);
}

#[test]
fn cards_state_value_uncertainty_source_and_date() {
    let found = files(&["models"], "yaml");
    assert!(found.iter().filter(|(_, text)| text.starts_with("card:")).count() >= 10);
    check(&found, &[cards]);
}

#[test]
fn the_pages_are_there() {
    for page in [
        "README.md",
        "ARCHITECTURE.md",
        "CONTRIBUTING.md",
        "CHANGELOG.md",
        ".ci/run",
        "LICENSE-MIT",
        "LICENSE-APACHE",
    ] {
        assert!(root().join(page).is_file(), "{page}");
    }
    let map = std::fs::read_to_string(root().join("ARCHITECTURE.md")).expect("the map");
    assert!(map.lines().count() <= 200);
    for floor in FLOORS {
        assert!(map.contains(&format!(" {floor} ")), "{floor} is not in the drawing");
    }
    let readme = std::fs::read_to_string(root().join("README.md")).expect("the first page");
    assert!(readme.contains("simulate models/scenarios/quickstart.yaml"));
    assert!(readme.contains("cargo test --release"));
}

/// The simulator is pure Rust without the live mode: no async runtime, no C library, no binding.
#[test]
fn the_default_build_has_no_dependency_of_the_live_mode() {
    let tree = |features: &[&str]| {
        let mut cargo = std::process::Command::new(env!("CARGO"));
        // Packages of the feature may have to be downloaded first, as for any build with it.
        cargo.current_dir(root()).args(["tree", "--locked", "--edges", "normal,build"]);
        let out = cargo.args(["--prefix", "none", "--format", "{p}"]).args(features).output();
        let out = out.expect("cargo tree");
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
        let text = String::from_utf8(out.stdout).expect("text");
        let name = |line: &str| line.split(' ').next().unwrap_or_default().to_owned();
        text.lines().map(name).collect::<Vec<String>>()
    };
    let foreign = |name: &&String| {
        let sys =
            name.ends_with("-sys") && !name.starts_with("windows") && *name != "linux-raw-sys";
        sys || ["rdkafka", "tokio", "cc", "cmake", "openssl"].contains(&name.as_str())
    };
    let default = tree(&[]);
    assert!(default.contains(&"clap".to_owned()));
    assert_eq!(default.iter().filter(foreign).collect::<Vec<_>>(), Vec::<&String>::new());
    // The same look at a build with the feature finds them.
    let live = tree(&["--features", "live"]);
    assert!(["rdkafka", "tokio", "rdkafka-sys"].iter().all(|one| live.contains(&one.to_string())));
}

/// Each rule finds what breaks it, and leaves alone what does not.
#[test]
fn the_rules_bite() {
    let long = format!("fn f() {{\n{}}}\n", "    g();\n".repeat(FUNCTION_LINES));
    let cases: [(Rule, &str, &str, usize); 19] = [
        (floors, "src/units/time.rs", "use crate::cluster::Cluster;", 1),
        (floors, "src/units/time.rs", "use crate::error::Error;", 0),
        (floors, "src/model/cost.rs", "fn f() { crate::engine::fluid::simulate(); }", 1),
        (floors, "src/model/cost.rs", "use crate::{units::Bytes, report::chart};", 1),
        (floors, "src/cluster/host.rs", "let path: crate::scenario::Scenario;", 1),
        (sizes, "src/a.rs", &"x\n".repeat(FILE_LINES + 1), 1),
        (sizes, "src/a.rs", &format!("x\n#[cfg(test)]\n{}", "y\n".repeat(FILE_LINES)), 0),
        (sizes, "src/a.rs", &"x".repeat(COLUMNS + 1), 1),
        (functions, "src/a.rs", &long, 1),
        (headings, "src/model/a.rs", "//! # Rule\n//! # Assumes\n//! # Breaks\n", 1),
        (bans, "src/model/a.rs", "let x = y.powf(2.0);", 1),
        (bans, "src/engine/a.rs", "let t = std::time::Instant::now();", 1),
        (bans, "src/report/a.rs", "// good enough for now", 1),
        (bans, "tests/a.rs", concat!("#[", "allow(dead_code)]"), 1),
        (isolation, "tests/twins/x_reference.rs", "use kafsim::engine;", 1),
        (isolation, "tests/twins/x_reference.rs", "use super::hpa::same;", 1),
        (isolation, "tests/twins/x_reference.rs", "use super::hpa_reference::Spec;", 0),
        (
            cards,
            "models/hosts/a.yaml",
            "card: hosts\nname: a\nabout: x\nsource: x\ndate: x\n\
            values:\n  cores: {value: \"4\", uncertainty: \"\"}\n",
            1,
        ),
        (
            cards,
            "models/hosts/a.yaml",
            "card: hosts\nname: a\nabout: x\ndate: x\nvalues:\n\
            \u{20} cores: {value: \"4\", uncertainty: \"exact\"}\n",
            1,
        ),
    ];
    for (index, (rule, path, text, faults)) in cases.into_iter().enumerate() {
        assert_eq!(rule(path, text).len(), faults, "case {index}: {:?}", rule(path, text));
    }
}
