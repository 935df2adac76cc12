//! Figures: what is drawn, and that it fits.

use crate::support::{examples, root, run};
use kafsim::report::figures::{all, layout_faults};

#[test]
fn nothing_leaves_a_figure_and_no_text_covers_text() {
    for name in examples() {
        let run = run(&name, &[]);
        let faults = layout_faults(&run);
        assert!(faults.is_empty(), "{name}: {faults:#?}");
    }
}

#[test]
fn odd_runs_are_drawn_too() {
    for sets in [
        vec!["duration=1 s"],
        vec!["duration=1 min", "autoscaling=[]"],
        vec!["groups={}", "autoscaling=[]", "slo=[]", "duration=10 min"],
        vec!["duration=90 d", "autoscaling=[]", "producers/shop/load={rate: 1 /s}"],
        vec!["producers/shop/load={rate: 500 k/s}", "duration=30 min"],
    ] {
        let run = run("quickstart", &sets);
        assert!(layout_faults(&run).is_empty(), "{sets:?}: {:#?}", layout_faults(&run));
        for picture in all(&run).expect("figures are drawn") {
            assert!(picture.png.starts_with(b"\x89PNG"), "{}", picture.name);
        }
    }
}

#[test]
fn an_svg_needs_no_font() {
    let run = run("quickstart", &[]);
    let pictures = all(&run).expect("figures are drawn");
    let names: Vec<&str> = pictures.iter().map(|picture| picture.name).collect();
    assert_eq!(names, ["load", "lag", "replicas", "utilisation", "decisions"]);
    for picture in &pictures {
        assert!(!picture.svg.contains("<text"), "{}", picture.name);
        assert!(picture.svg.len() < 300_000, "{} has {} bytes", picture.name, picture.svg.len());
        // No font is loaded: what is drawn is all there is.
        let tree = resvg::usvg::Tree::from_str(&picture.svg, &resvg::usvg::Options::default())
            .unwrap_or_else(|error| panic!("{}: {error}", picture.name));
        let size = tree.size().to_int_size();
        let mut pixels =
            resvg::tiny_skia::Pixmap::new(size.width(), size.height()).expect("a size");
        resvg::render(&tree, resvg::tiny_skia::Transform::default(), &mut pixels.as_mut());
        // The title is dark on white paper: its outlines were drawn.
        let dark = (86..400)
            .flat_map(|x| (12..34).map(move |y| (x, y)))
            .filter(|(x, y)| pixels.pixel(*x, *y).is_some_and(|p| p.red() < 120))
            .count();
        assert!(dark > 200, "{}: {dark} dark pixels where the title is", picture.name);
    }
}

#[test]
fn curves_of_a_figure_differ_in_grey() {
    // Luminance by Rec. 709 of every stroke of at least two units, with its dashes.
    let run = run("quickstart", &[]);
    for picture in all(&run).expect("figures are drawn") {
        let mut styles: Vec<(String, String)> = Vec::new();
        for line in picture.svg.lines().filter(|line| line.contains("stroke=")) {
            let value = |name: &str| {
                let from = line.find(&format!("{name}=\""))? + name.len() + 2;
                Some(line[from..].split('"').next()?.to_owned())
            };
            let width: f64 = value("stroke-width").and_then(|w| w.parse().ok()).unwrap_or(0.0);
            if width >= 2.0 {
                let style = (
                    value("stroke").unwrap_or_default(),
                    value("stroke-dasharray").unwrap_or_default(),
                );
                if !styles.contains(&style) {
                    styles.push(style);
                }
            }
        }
        for (index, a) in styles.iter().enumerate() {
            for b in &styles[index + 1..] {
                let differ = a.1 != b.1 || (luminance(&a.0) - luminance(&b.0)).abs() > 0.08;
                assert!(differ, "{}: {a:?} and {b:?}", picture.name);
            }
        }
    }
}

fn luminance(hex: &str) -> f64 {
    let part = |from: usize| {
        f64::from(u8::from_str_radix(&hex[from..from + 2], 16).expect("a colour")) / 255.0
    };
    0.2126 * part(1) + 0.7152 * part(3) + 0.0722 * part(5)
}

#[test]
fn the_gallery_is_what_the_quickstart_draws() {
    let run = run("quickstart", &[]);
    for picture in all(&run).expect("figures are drawn") {
        let path = root().join("plots").join(format!("{}.svg", picture.name));
        let kept = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            kept == picture.svg,
            "plots/{}.svg is old: rebuild it with `kafsim simulate \
             models/scenarios/quickstart.yaml --plots plots --out none`",
            picture.name
        );
    }
}
