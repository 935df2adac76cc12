//! `behavior` of a horizontal pod autoscaler, which a `ScaledObject` can carry too.

use crate::form::{Fields, Key, Shape, Table};
use crate::model::policies::{Behavior, DOWN_WINDOW, Direction, RatePolicy, Select, Tolerance};
use crate::units::{SimSpan, milli_quantity};

pub(super) const BEHAVIOR: Table = &[
    Key::optional("scaleUp", Shape::Map(RULES), "rules for scaling up"),
    Key::optional("scaleDown", Shape::Map(RULES), "rules for scaling down"),
];
const RULES: Table = &[
    Key::optional(
        "stabilizationWindowSeconds",
        Shape::Count { min: 0, max: 3_600 },
        "proposals of so many seconds count",
    ),
    Key::default("selectPolicy", Shape::Word(&["Max", "Min", "Disabled"]), "Max", "which decides"),
    Key::optional("policies", Shape::List(&Shape::Map(POLICY)), "rate policies"),
    Key::optional("tolerance", Shape::Text, "ratios so near to 1 do nothing"),
];
const POLICY: Table = &[
    Key::required("type", Shape::Word(&["Pods", "Percent"]), "what the value counts"),
    Key::required("value", Shape::Count { min: 1, max: 2_147_483_647 }, "change in a period"),
    Key::required("periodSeconds", Shape::Count { min: 1, max: 1_800 }, "the period"),
];

/// Rules with their defaults filled in, and the tolerances.
pub(super) fn read(fields: &mut Fields<'_, '_>) -> Option<(Behavior, Tolerance)> {
    let mut behavior = Behavior::default();
    let mut tolerance = Tolerance::default();
    let mut sound = true;
    if let Some(mut rules) = fields.map("scaleUp", RULES) {
        sound &= direction(&mut rules, &mut behavior.up, &mut tolerance.up).is_some();
    }
    if let Some(mut rules) = fields.map("scaleDown", RULES) {
        // What nobody sets is the controller's own window.
        behavior.down.window = DOWN_WINDOW;
        sound &= direction(&mut rules, &mut behavior.down, &mut tolerance.down).is_some();
    }
    sound.then_some((behavior, tolerance))
}

fn direction(
    fields: &mut Fields<'_, '_>,
    rules: &mut Direction,
    tolerance: &mut f64,
) -> Option<()> {
    if fields.has("stabilizationWindowSeconds") {
        rules.window = SimSpan::from_secs(fields.count("stabilizationWindowSeconds")?);
    }
    rules.select = match fields.word("selectPolicy")? {
        0 => Select::Max,
        1 => Select::Min,
        _ => Select::Disabled,
    };
    if fields.has("tolerance") {
        *tolerance = read_tolerance(fields)?;
    }
    if fields.has("policies") {
        rules.policies = policies(fields)?;
    }
    Some(())
}

fn read_tolerance(fields: &mut Fields<'_, '_>) -> Option<f64> {
    let text = fields.text("tolerance")?;
    match (text.parse::<f64>(), milli_quantity(&text)) {
        (Ok(value), Ok(_)) => Some(value),
        (Err(_), Ok(milli)) => Some(milli as f64 / 1_000.0),
        (_, Err(error)) => {
            fields.refuse("tolerance", error.found, error.allowed);
            None
        }
    }
}

fn policies(fields: &mut Fields<'_, '_>) -> Option<Vec<RatePolicy>> {
    let base = fields.path_of("policies");
    let items = fields.list("policies");
    if items.is_empty() {
        fields.refuse("policies", "no policy", "at least one of type Pods or Percent");
        return None;
    }
    let mut found = Vec::with_capacity(items.len());
    for (index, item) in items.iter().enumerate() {
        let path = format!("{base}/{index}");
        let policy = fields.check().open_foreign(item, &path, POLICY).and_then(|mut fields| {
            let (kind, value) = (fields.word("type"), fields.count("value"));
            let period = SimSpan::from_secs(fields.count("periodSeconds")?);
            Some(RatePolicy { value: value? as i64, percent: kind? == 1, period })
        });
        found.extend(policy);
    }
    (found.len() == items.len()).then_some(found)
}
