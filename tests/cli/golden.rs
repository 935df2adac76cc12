//! Golden summaries: they guard against change and are never the only witness.
//!
//! After an intended change: `KAFSIM_BLESS=1 cargo test --release golden`.

use crate::support::{examples, root, run};
use kafsim::report::formats::json;

#[test]
fn every_example_gives_its_golden_summary() {
    let mut changed = Vec::new();
    for name in examples() {
        let path = root().join("tests/golden").join(format!("{name}.json"));
        let found = json::text(&run(&name, &[]));
        if std::env::var_os("KAFSIM_BLESS").is_some() {
            std::fs::write(&path, &found).expect("it can be written");
        }
        let kept = std::fs::read_to_string(&path).unwrap_or_default();
        if kept != found {
            let lines = kept.lines().zip(found.lines()).enumerate();
            let first = lines.map(|(n, (a, b))| (n + 1, a, b)).find(|(_, a, b)| a != b);
            changed.push(match first {
                Some((line, a, b)) => format!("{name}, line {line}:\n  was {a}\n  is  {b}"),
                None => {
                    format!("{name}: {} lines, was {}", found.lines().count(), kept.lines().count())
                }
            });
        }
    }
    assert!(changed.is_empty(), "{}", changed.join("\n"));
}
