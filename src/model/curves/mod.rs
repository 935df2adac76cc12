//! Kinds of load curves; the contract is `model::curve`.
//!
//! # Rule
//! One file per kind; this file lists them once: the list makes the enum, the reader and the table
//! of words. A curve that changes another one holds it under `of`.
//! # Assumes
//! Every kind answers volumes exactly.
//! # Breaks
//! A kind that cannot bound its next change does not belong here.
//! # Source
//! `model::curve`.

mod business_hours;
mod factor;
mod flash_crowd;
mod growth;
mod noise;
mod piecewise;
mod product;
mod ramp;
mod scaled;
mod sine;
mod sum;
mod trace;
mod weekly;

pub use business_hours::BusinessHours;
pub use flash_crowd::FlashCrowd;
pub use growth::Growth;
pub use noise::Noise;
pub use piecewise::Steps;
pub use product::Product;
pub use ramp::Ramp;
pub use scaled::Scaled;
pub use sine::Sine;
pub use sum::Sum;
pub use weekly::Weekly;

use super::curve::{CurveContext, LoadCurve};
use super::registry::kinds;
use crate::form::{Check, Fields, Key, Node, Shape, Table};
use crate::units::{RecordRate, SimSpan, SimTime};

kinds! {
    /// A curve of any kind.
    #[derive(Debug, Clone, PartialEq)]
    enum Curve: LoadCurve {
        /// Constant between jumps: `constant`, `step`, `trace`.
        Steps(Steps),
        /// A straight rise or fall.
        Ramp(Ramp),
        /// A sine around a mean.
        Sine(Sine),
        /// The working day.
        BusinessHours(BusinessHours),
        /// Another curve, by weekday.
        Weekly(Weekly),
        /// Another curve that grows by the month.
        Growth(Growth),
        /// Another curve with a crowd that comes and goes.
        FlashCrowd(FlashCrowd),
        /// Several curves together.
        Sum(Sum),
        /// One curve times the shape of another.
        Product(Product),
        /// Another curve times a number.
        Scaled(Scaled),
        /// Another curve with noise.
        Noise(Noise),
    }
    read {
        fn rate(&self, at: SimTime) -> RecordRate;
        fn volume(&self, from: SimTime, to: SimTime) -> f64;
        fn next_change(&self, after: SimTime) -> SimTime;
    }
    write {}
}

/// What reading a kind gets.
struct Reader<'n, 'a, 'c> {
    fields: Fields<'n, 'c>,
    context: &'a CurveContext<'a>,
}

/// The words after `curve:`, with their keys.
pub(super) const KINDS: &[(&str, Table)] = &[
    ("constant", piecewise::CONSTANT),
    ("step", piecewise::STEP),
    ("trace", trace::KEYS),
    ("ramp", ramp::KEYS),
    ("sine", sine::KEYS),
    ("business-hours", business_hours::KEYS),
    ("weekly", weekly::KEYS),
    ("growth", growth::KEYS),
    ("flash-crowd", flash_crowd::KEYS),
    ("sum", sum::KEYS),
    ("product", product::KEYS),
    ("scaled", scaled::KEYS),
    ("noise", noise::KEYS),
];

/// `curve:` itself.
const WORD: Key =
    Key::optional("curve", Shape::Text, "the kind of curve, or a file that holds one");
/// The curve below this one.
const OF: Key = Key::required("of", Shape::Recursive("curve"), "the curve that is changed");

/// Curve files inside curve files.
const MOST_FILES: usize = 8;

pub(super) fn read(
    node: &Node,
    path: &str,
    context: &CurveContext<'_>,
    check: &mut Check,
) -> Option<Curve> {
    let word = match kind_of(node) {
        Ok(word) => word,
        Err(allowed) => {
            check.problem(&node.place, path, node.describe(), allowed);
            return None;
        }
    };
    let Some((_, table)) = KINDS.iter().find(|(name, _)| *name == word) else {
        if word.contains('/') || std::path::Path::new(word).extension().is_some() {
            return read_file(node, path, word, context, check);
        }
        let place = node.get("curve").map_or(&node.place, |node| &node.place);
        check.wrong_word(place, path, word, KINDS.iter().map(|(name, _)| *name));
        return None;
    };
    let mut reader = Reader { fields: check.open(node, path, table)?, context };
    match word {
        "constant" => Steps::read_constant(&mut reader).map(Curve::from),
        "step" => Steps::read_step(&mut reader).map(Curve::from),
        "trace" => trace::read(&mut reader).map(Curve::from),
        "ramp" => Ramp::read(&mut reader).map(Curve::from),
        "sine" => Sine::read(&mut reader).map(Curve::from),
        "business-hours" => BusinessHours::read(&mut reader).map(Curve::from),
        "weekly" => Weekly::read(&mut reader).map(Curve::from),
        "growth" => Growth::read(&mut reader).map(Curve::from),
        "flash-crowd" => FlashCrowd::read(&mut reader).map(Curve::from),
        "sum" => Sum::read(&mut reader).map(Curve::from),
        "product" => Product::read(&mut reader).map(Curve::from),
        "scaled" => Scaled::read(&mut reader).map(Curve::from),
        _ => Noise::read(&mut reader).map(Curve::from),
    }
}

/// The word after `curve:`, or the kind that a short form means.
fn kind_of(node: &Node) -> Result<&str, String> {
    if let Some(word) = node.get("curve") {
        return word.text().ok_or_else(|| "the word of a curve, e.g. `business-hours`".to_owned());
    }
    if node.get("trace").is_some() {
        return Ok("trace");
    }
    if node.get("closed_loop").is_some() {
        return Err("an open loop: closed-loop load is not simulated yet; write `rate` or `curve`"
            .to_owned());
    }
    if node.get("rate").is_some() {
        return Ok("constant");
    }
    Err("a load: `{rate: 50 k/s}`, `{curve: business-hours, base: 20 k/s}` or `{trace: FILE}`"
        .to_owned())
}

fn read_file(
    node: &Node,
    path: &str,
    name: &str,
    context: &CurveContext<'_>,
    check: &mut Check,
) -> Option<Curve> {
    let tree = match context.files.tree(name, node) {
        Ok(tree) => tree,
        Err(error) if error.problems().is_empty() => {
            check.problem(&node.place, path, format!("`{name}`"), error.to_string());
            return None;
        }
        Err(error) => {
            check.problems.extend(error.problems().iter().cloned());
            return None;
        }
    };
    let file = tree.place.file.to_string();
    let mut chain = context.chain.to_vec();
    let circle = chain.contains(&file) || chain.len() >= MOST_FILES;
    chain.push(file);
    if circle {
        let found = format!("curves in a circle: {}", chain.join(" → "));
        check.problem(&node.place, path, found, "a curve that does not contain itself".into());
        return None;
    }
    read(&tree, path, &CurveContext { chain: &chain, ..*context }, check)
}

impl Reader<'_, '_, '_> {
    /// The curve under `of`.
    fn inner(&mut self) -> Option<Box<Curve>> {
        let node = self.fields.raw("of")?;
        let path = self.fields.path_of("of");
        read(node, &path, self.context, self.fields.check()).map(Box::new)
    }
    /// A rate that is above zero.
    fn positive(&mut self, key: &str) -> Option<RecordRate> {
        let rate: RecordRate = self.fields.quantity(key)?;
        if rate.get() > 0.0 {
            return Some(rate);
        }
        self.fields.refuse(key, format!("`{rate}`"), "a rate above zero, e.g. `20 k/s`");
        None
    }
}

/// The length of a segment over which a slope moves the rate by 1 % of its range.
fn smooth(range: f64, slope: f64) -> SimSpan {
    let seconds = if slope > 0.0 { 0.01 * range / slope } else { 60.0 };
    SimSpan::from_secs_f64(seconds.clamp(1.0, 60.0))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::chance::{Chance, Seed};
    use crate::error::Place;
    use crate::form::{Entry, Value};

    /// A map node from pairs; values with `{` inside are not parsed.
    pub(in crate::model) fn map(pairs: &[(&str, Value)]) -> Node {
        let place = Place::whole("test.yaml");
        let entry = |(key, value): &(&str, Value)| Entry {
            key: (*key).to_owned(),
            place: place.clone(),
            node: Node { place: place.clone(), value: value.clone() },
        };
        Node { place: place.clone(), value: Value::Map(pairs.iter().map(entry).collect()) }
    }

    pub(in crate::model) fn text(text: &str) -> Value {
        Value::Scalar(text.to_owned())
    }

    #[derive(Debug)]
    struct Files;

    impl super::super::curve::CurveFiles for Files {
        fn text(&self, name: &str, _from: &Node) -> Result<(String, String), String> {
            match name {
                "good.csv" => Ok(("time,rate\n0,10\n1 h,20 /s\n90 min,0\n".into(), name.into())),
                "back.csv" => Ok(("time,rate\n0,10\n60,20\n30,5\n".into(), name.into())),
                "empty.csv" => Ok((String::new(), name.into())),
                "nan.csv" => Ok(("time,rate\n0,NaN\n".into(), name.into())),
                _ => Err("no such file".into()),
            }
        }
        fn tree(&self, name: &str, _from: &Node) -> Result<Node, crate::error::Error> {
            let mut node = map(&[
                ("curve", text("scaled")),
                ("by", text("2")),
                ("of", map(&[("curve", text(name))]).value),
            ]);
            node.place = Place::whole(name);
            Ok(node)
        }
    }

    pub(in crate::model) fn parse(node: &Node) -> Result<Curve, String> {
        let context = CurveContext {
            week_offset: SimSpan::from_secs(4 * 86_400),
            duration: SimSpan::from_secs(86_400),
            chance: Chance::new(Seed::new(1), 0),
            files: &Files,
            chain: &[],
        };
        let mut check = Check::default();
        let curve = read(node, "load", &context, &mut check);
        let problems: Vec<String> = check.problems.iter().map(ToString::to_string).collect();
        curve.filter(|_| problems.is_empty()).ok_or_else(|| problems.join("\n"))
    }

    fn at(secs: f64) -> SimTime {
        SimTime::ZERO + SimSpan::from_secs_f64(secs)
    }

    fn samples() -> Vec<(&'static str, Node)> {
        let base = || map(&[("curve", text("business-hours")), ("base", text("20 k/s"))]).value;
        let level = |at: &str, rate: &str| map(&[("at", text(at)), ("rate", text(rate))]);
        vec![
            ("constant", map(&[("rate", text("50 k/s"))])),
            (
                "step",
                map(&[
                    ("curve", text("step")),
                    ("levels", Value::List(vec![level("0 s", "5 /s"), level("2 h", "9 /s")])),
                ]),
            ),
            ("trace", map(&[("trace", text("good.csv")), ("repeats", text("true"))])),
            (
                "ramp",
                map(&[
                    ("curve", text("ramp")),
                    ("from", text("10 /s")),
                    ("to", text("90 /s")),
                    ("starts", text("1 h")),
                    ("lasts", text("2 h")),
                ]),
            ),
            (
                "sine",
                map(&[
                    ("curve", text("sine")),
                    ("mean", text("100 /s")),
                    ("amplitude", text("60 /s")),
                ]),
            ),
            ("business-hours", map(&[("curve", text("business-hours")), ("base", text("20 k/s"))])),
            ("weekly", map(&[("curve", text("weekly")), ("of", base()), ("weekend", text("0.3"))])),
            (
                "growth",
                map(&[("curve", text("growth")), ("of", base()), ("monthly", text("10 %"))]),
            ),
            (
                "flash-crowd",
                map(&[
                    ("curve", text("flash-crowd")),
                    ("of", base()),
                    ("at", text("10 h")),
                    ("factor", text("4")),
                ]),
            ),
            (
                "sum",
                map(&[
                    ("curve", text("sum")),
                    (
                        "of",
                        Value::List(vec![
                            map(&[("rate", text("1 k/s"))]),
                            map(&[("curve", text("business-hours")), ("base", text("2 k/s"))]),
                        ]),
                    ),
                ]),
            ),
            (
                "product",
                map(&[
                    ("curve", text("product")),
                    ("of", base()),
                    (
                        "shape",
                        map(&[
                            ("curve", text("sine")),
                            ("mean", text("1 /s")),
                            ("amplitude", text("0.5 /s")),
                            ("period", text("5 h")),
                        ])
                        .value,
                    ),
                ]),
            ),
            ("scaled", map(&[("curve", text("scaled")), ("of", base()), ("by", text("1.5"))])),
            ("noise", map(&[("curve", text("noise")), ("of", base()), ("sigma", text("0.2"))])),
        ]
    }

    #[test]
    fn every_kind_has_a_sample() {
        let words: Vec<&str> = KINDS.iter().map(|(word, _)| *word).collect();
        let sampled: Vec<&str> = samples().iter().map(|(word, _)| *word).collect();
        assert_eq!(words, sampled);
    }

    #[test]
    fn volumes_add_up_and_match_the_rate() {
        for (word, node) in samples() {
            let curve = parse(&node).unwrap_or_else(|error| panic!("{word}: {error}"));
            let (a, b, c) = (at(0.0), at(20_000.0), at(86_400.0));
            let whole = curve.volume(a, c);
            let parts = curve.volume(a, b) + curve.volume(b, c);
            assert!((whole - parts).abs() <= 1e-9 * whole, "{word}: {whole} and {parts}");
            let step = 4.0;
            let sum: f64 =
                (0..21_600).map(|i| curve.rate(at((f64::from(i) + 0.5) * step)).get() * step).sum();
            assert!((whole - sum).abs() <= 2e-3 * whole, "{word}: {whole} and {sum}");
        }
    }

    #[test]
    fn segments_advance_and_are_nearly_flat() {
        for (word, node) in samples() {
            let curve = parse(&node).unwrap();
            let mut now = SimTime::ZERO;
            let mut segments = 0;
            while now < at(86_400.0) {
                let next = curve.next_change(now);
                assert!(next > now, "{word} at {now:?}");
                let end = next.min(at(86_400.0));
                let mean = curve.volume(now, end) / (end - now).as_secs_f64();
                let start = curve.rate(now).get();
                assert!((mean - start).abs() <= 0.03 * mean.max(start) + 2.0, "{word} at {now:?}");
                now = next;
                segments += 1;
            }
            assert!(segments <= 20_000, "{word}: {segments}");
        }
    }

    #[test]
    fn problems_say_what_is_allowed() {
        for (pairs, word) in [
            (vec![("rate", text("0 /s"))], "a rate above zero"),
            (vec![("rate", text("-5 /s"))], "not negative"),
            (vec![("rate", text("NaN"))], "a number"),
            (vec![("curve", text("bussiness-hours"))], "did you mean `business-hours`"),
            (vec![("curve", text("circle.yaml"))], "curves in a circle: circle.yaml"),
            (vec![("closed_loop", text("true"))], "closed-loop load is not simulated yet"),
            (vec![("rate", text("5 /s")), ("arrivals", text("bursty"))], "poisson"),
            (vec![("trace", text("back.csv"))], "back.csv:4"),
            (vec![("trace", text("nan.csv"))], "nan.csv:2"),
            (vec![("trace", text("empty.csv"))], "empty.csv"),
            (vec![("trace", text("gone.csv"))], "no such file"),
            (vec![("trace", text("good.csv"))], "repeats: true"),
        ] {
            let error = parse(&map(&pairs)).unwrap_err();
            assert!(error.contains(word), "{error}");
        }
    }

    #[test]
    fn the_day_of_the_exercise_has_its_volume() {
        let curve = parse(&samples()[5].1).unwrap();
        let hours = 6.0 * 0.5 + 3.0 * 1.5 + 9.0 * 2.5 + 3.0 * 1.5 + 3.0 * 0.5;
        let volume = curve.volume(SimTime::ZERO, at(86_400.0));
        assert!((volume - 20_000.0 * 3_600.0 * hours).abs() < 1e-3);
        for (hour, multiplier) in [(0, 0.5), (6, 1.5), (9, 2.5), (17, 2.5), (18, 1.5), (21, 0.5)] {
            let rate = curve.rate(at(f64::from(hour) * 3_600.0)).get();
            assert!((rate - 20_000.0 * multiplier).abs() < 1e-9, "hour {hour}");
        }
    }
}
