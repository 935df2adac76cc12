//! Golden traces: thirty small scenarios, event by event.
//!
//! After an intended change: `KAFSIM_BLESS=1 cargo test --release traces`.

use super::laws::{Seen, random};
use crate::support::root;
use kafsim::chance::{Chance, Seed};
use kafsim::engine::des;
use kafsim::scenario::{LoadOptions, load_text};

const TRACES: u64 = 30;

#[test]
fn traces_are_the_golden_ones() {
    let mut changed = Vec::new();
    for number in 0..TRACES {
        let mut chance = Chance::new(Seed::new(number), 0).stream("laws", "trace");
        let text = random(&mut chance, &mut Seen::default());
        let options = LoadOptions {
            cards: vec![root().join("tests/des/cards")],
            seed: number,
            ..LoadOptions::default()
        };
        let checked = load_text("trace.yaml", &text, &options).expect("a sound scenario");
        let found = des::trace(&checked.scenario, Seed::new(number));
        let path = root().join(format!("tests/golden/traces/{number:02}.txt"));
        if std::env::var_os("KAFSIM_BLESS").is_some() {
            std::fs::write(&path, found.join("\n") + "\n").expect("it can be written");
        }
        let kept = std::fs::read_to_string(&path).unwrap_or_default();
        if let Some(words) = divergence(&kept, &found) {
            changed.push(format!("trace {number}: {words}\n{text}"));
        }
    }
    assert!(changed.is_empty(), "{}", changed.join("\n"));
}

/// The first line that differs, in words.
fn divergence(kept: &str, found: &[String]) -> Option<String> {
    let kept: Vec<&str> = kept.lines().collect();
    if let Some(at) = kept.iter().zip(found).position(|(a, b)| a != b) {
        let before = at.checked_sub(1).map_or("the beginning", |last| kept[last]);
        return Some(format!("after {before}\n  was {}\n  is  {}", kept[at], found[at]));
    }
    (kept.len() != found.len()).then(|| format!("{} lines, were {}", found.len(), kept.len()))
}

#[test]
fn a_divergence_is_readable() {
    let found = ["1 5 ns Sample aa", "2 9 ns Sample bb"].map(str::to_owned);
    assert_eq!(divergence("1 5 ns Sample aa\n2 9 ns Sample bb\n", &found), None);
    let words = divergence("1 5 ns Sample aa\n2 8 ns Sample cc\n", &found).expect("different");
    assert_eq!(words, "after 1 5 ns Sample aa\n  was 2 8 ns Sample cc\n  is  2 9 ns Sample bb");
    let words = divergence("1 5 ns Sample aa\n", &found).expect("longer");
    assert_eq!(words, "2 lines, were 1");
}
