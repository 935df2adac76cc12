//! `network`: round trips, and links of their own between zones.

use super::hosts::HostGroup;
use super::{Context, positive};
use crate::form::{Fields, Key, Node, Shape, Table};
use crate::model::link::{Link, Links};
use crate::units::{ByteRate, SimSpan};
use std::collections::BTreeSet;

/// `network`.
pub(super) const NETWORK: Table = &[
    Key::default("card", Shape::Text, "one-zone", "a card of models/networks, or a file"),
    Key::optional("links", Shape::List(&Shape::Map(LINK)), "links of their own between zones"),
];

/// One of `links`.
const LINK: Table = &[
    Key::required("between", Shape::List(&Shape::Text), "two zones, e.g. `[a, c]`"),
    Key::required("rtt", Shape::quantity::<SimSpan>(), "round trip between machines of the two"),
    Key::optional(
        "bandwidth",
        Shape::quantity::<ByteRate>(),
        "what the link carries each way; no limit without it",
    ),
];

/// Values of a card of models/networks.
const CARD: Table = &[
    Key::required("rtt_same_zone", Shape::quantity::<SimSpan>(), "round trip within a zone"),
    Key::required("rtt_other_zone", Shape::quantity::<SimSpan>(), "round trip between zones"),
    Key::default("jitter", Shape::quantity::<SimSpan>(), "0 us", "mean delay on top, each way"),
    Key::default(
        "loss",
        Shape::Number { min: 0.0, max: 0.5 },
        "0",
        "share of messages lost at the end",
    ),
    Key::default(
        "retransmission",
        Shape::quantity::<SimSpan>(),
        "200 ms",
        "TCP's time-out for them",
    ),
    Key::required("rtt_loopback", Shape::quantity::<SimSpan>(), "round trip within a machine"),
];

pub(super) fn read(
    fields: &mut Fields<'_, '_>,
    context: &mut Context<'_>,
    hosts: Option<&[HostGroup]>,
) -> Option<Links> {
    let empty = Node { place: fields.node().place.clone(), value: crate::form::Value::Map(vec![]) };
    let node = fields.raw("network").unwrap_or(&empty);
    let mut network = fields.check().open(node, "network", NETWORK)?;
    let own = read_own(&mut network, hosts);
    let card = context.card("networks", "card", &mut network)?;
    let path = format!("card/{}", card.title);
    let mut card = network.check().open(&card.values, &path, CARD)?;
    let same_zone = card.quantity::<SimSpan>("rtt_same_zone");
    let other_zone = card.quantity::<SimSpan>("rtt_other_zone");
    let jitter = card.quantity::<SimSpan>("jitter");
    let loss = card.number("loss");
    let retransmission = card.quantity::<SimSpan>("retransmission");
    let loopback = card.quantity::<SimSpan>("rtt_loopback");
    Some(Links {
        same_zone: same_zone?,
        other_zone: other_zone?,
        loopback: loopback?,
        jitter: jitter?,
        loss: loss?,
        retransmission: retransmission?,
        own: own?,
    })
}

fn read_own(network: &mut Fields<'_, '_>, hosts: Option<&[HostGroup]>) -> Option<Vec<Link>> {
    let groups = hosts.into_iter().flatten();
    let known: BTreeSet<&str> =
        groups.flat_map(|group| group.zones.iter().map(String::as_str)).collect();
    let mut links: Vec<Link> = Vec::new();
    let mut sound = true;
    for (index, node) in network.list("links").iter().enumerate() {
        let path = format!("network/links/{index}");
        let fields = network.check().open(node, &path, LINK);
        let link = fields.and_then(|mut fields| read_link(&mut fields, &known, &links));
        sound &= link.is_some();
        links.extend(link);
    }
    sound.then_some(links)
}

fn read_link(fields: &mut Fields<'_, '_>, known: &BTreeSet<&str>, before: &[Link]) -> Option<Link> {
    let round_trip = fields.quantity::<SimSpan>("rtt");
    let bandwidth = if fields.has("bandwidth") {
        Some(positive::<ByteRate>(fields, "bandwidth")?)
    } else {
        None
    };
    let nodes = fields.list("between");
    let words: Vec<&str> = nodes.iter().filter_map(Node::text).collect();
    let [a, b] = words[..] else {
        fields.refuse("between", format!("{} zones", nodes.len()), "two zones, e.g. `[a, c]`");
        return None;
    };
    let mut sound = true;
    for (zone, node) in [a, b].into_iter().zip(nodes).filter(|(zone, _)| !known.contains(zone)) {
        let path = fields.path_of("between");
        fields.check().wrong_word(&node.place, &path, zone, known.iter().copied());
        sound = false;
    }
    let mut pair = [a.to_owned(), b.to_owned()];
    pair.sort();
    let same = |link: &&Link| {
        let mut zones = link.zones.clone();
        zones.sort();
        zones == pair
    };
    if a == b {
        let allowed = "two different zones: rtt_same_zone of the card is that of one zone";
        fields.refuse("between", format!("`{a}` twice"), allowed);
        sound = false;
    } else if before.iter().any(|link| same(&link)) {
        fields.refuse("between", format!("`{a}` and `{b}` again"), "one link for each pair");
        sound = false;
    }
    let zones = [a.to_owned(), b.to_owned()];
    sound.then_some(Link { zones, round_trip: round_trip?, bandwidth })
}
