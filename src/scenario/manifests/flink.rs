//! The Flink operator's autoscaler for a consumer group, in kafsim's own words.

use crate::form::{Check, Key, Node, Shape, Table};
use crate::model::policies::{Alignment, FlinkPolicy, FlinkSettings};
use crate::units::{Quantity, SimSpan};

const SPAN: Shape = Shape::quantity::<SimSpan>();
const COUNT: Shape = Shape::Count { min: 1, max: 100_000 };

const FLINK: Table = &[
    Key::required("policy", Shape::Word(&["flink"]), "the kind of policy"),
    Key::default(
        "utilisation_target",
        Shape::Number { min: 0.01, max: 1.0 },
        "0.7",
        "share of the members' true rate to use",
    ),
    Key::default(
        "utilisation_boundary",
        Shape::Number { min: 0.0, max: 1.0 },
        "0.3",
        "it acts beyond this distance from the target",
    ),
    Key::default("catch_up", SPAN, "30 min", "in which a backlog shall be gone"),
    Key::default("restart", SPAN, "5 min", "without processing in every change"),
    Key::default("window", SPAN, "15 min", "window of the means"),
    Key::default("stabilization", SPAN, "5 min", "wait after a change"),
    Key::default("scale_down_interval", SPAN, "1 h", "wait before a step down"),
    Key::default("min", COUNT, "1", "fewest members"),
    Key::default("max", COUNT, "200", "most members"),
    Key::default(
        "alignment",
        Shape::Word(&["balanced", "evenly_spread"]),
        "balanced",
        "how sizes follow partitions",
    ),
    Key::default("evaluate_every", SPAN, "1 min", "time between looks"),
];

pub(super) fn read(tree: &Node, check: &mut Check) -> Option<FlinkPolicy> {
    let before = check.problems.len();
    let mut fields = check.open(tree, "", FLINK)?;
    fields.word("policy");
    let mut span = |key: &str| {
        let span = fields.quantity::<SimSpan>(key).filter(|span| !span.is_zero());
        if span.is_none() {
            let allowed = format!("a {} above zero", SimSpan::NAME);
            fields.refuse(key, "no time", allowed);
        }
        span
    };
    let (catch_up, restart) = (span("catch_up"), span("restart"));
    let (window, stabilization) = (span("window"), span("stabilization"));
    let (down_interval, period) = (span("scale_down_interval"), span("evaluate_every"));
    let (min, max) = (fields.count("min")? as u32, fields.count("max")? as u32);
    if min > max {
        fields.refuse("min", format!("{min} above max {max}"), format!("at most {max}"));
    }
    let alignment = match fields.word("alignment")? {
        0 => Alignment::Balanced,
        _ => Alignment::EvenlySpread,
    };
    let settings = FlinkSettings {
        utilisation: fields.number("utilisation_target")?,
        boundary: fields.number("utilisation_boundary")?,
        catch_up: catch_up?,
        restart: restart?,
        window: window?,
        stabilization: stabilization?,
        down_interval: down_interval?,
        min,
        max,
        alignment,
        period: period?,
        ..FlinkSettings::default()
    };
    (check.problems.len() == before).then(|| FlinkPolicy::new(settings))
}
