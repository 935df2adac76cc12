//! `initial`: what exists before t = 0.

use crate::cluster::GroupId;
use crate::form::{Fields, Key, Shape, Table};
use crate::scenario::scenario::Initial;
use crate::units::{Quantity, Ratio, Records};
use std::collections::BTreeMap;

/// `initial`.
pub(super) const INITIAL: Table = &[
    Key::default(
        "stored",
        Shape::Text,
        "full",
        "`full`, `empty`, or a share of what retention keeps",
    ),
    Key::optional("lag", Shape::Named(&LAG), "records each group is behind"),
    Key::default("page_cache", Shape::Word(&["warm", "cold"]), "warm", "what the cache holds"),
];
const LAG: Shape = Shape::quantity::<Records>();

pub(super) fn read(fields: &mut Fields<'_, '_>, groups: &[String]) -> Option<Initial> {
    let place = fields.node().place.clone();
    let empty = crate::form::Node { place, value: crate::form::Value::Map(Vec::new()) };
    let node = fields.raw("initial").unwrap_or(&empty);
    let mut initial = fields.check().open(node, "initial", INITIAL)?;
    let stored = initial.text("stored").and_then(|text| match text.as_str() {
        "full" => Some(1.0),
        "empty" => Some(0.0),
        share => {
            let share = Ratio::parse(share).ok().map(Ratio::get);
            if share.is_none() {
                initial.refuse(
                    "stored",
                    format!("`{text}`"),
                    "full, empty or a share such as 40 %",
                );
            }
            share
        }
    });
    let page_cache_warm = initial.word("page_cache")? == 0;
    let mut lag = BTreeMap::new();
    let mut sound = true;
    if let Some(node) = initial.raw("lag") {
        for entry in node.entries() {
            let path = format!("initial/lag/{}", entry.key);
            let Some(group) = groups.iter().position(|name| *name == entry.key) else {
                let names = groups.iter().map(String::as_str);
                initial.check().wrong_word(&entry.place, &path, &entry.key, names);
                sound = false;
                continue;
            };
            match Records::parse(entry.node.text().unwrap_or_default()) {
                Ok(records) => {
                    let origin = entry.node.place.to_string();
                    initial.check().note(path, records.to_string(), origin);
                    lag.insert(GroupId::from_index(group), records);
                }
                Err(error) => {
                    initial.check().problem(&entry.node.place, &path, error.found, error.allowed);
                    sound = false;
                }
            }
        }
    }
    let initial = Initial { stored: stored?, lag, page_cache_warm };
    sound.then_some(initial)
}
