//! `hosts`.

use super::{Context, check_name, positive};
use crate::cluster::{Allowance, Disk, Host};
use crate::form::{Check, Fields, Key, Node, Shape, Table};
use crate::units::{ByteRate, Bytes, MoneyRate, SimSpan};

/// One group of equal machines.
pub(super) const HOSTS: Table = &[
    Key::required("card", Shape::Text, "a card of models/hosts, or a file"),
    Key::default("count", Shape::Count { min: 1, max: 10_000 }, "1", "how many"),
    Key::optional("zones", Shape::List(&Shape::Text), "zones in turn; all in one without it"),
];
const SHARE: Shape = Shape::Number { min: 0.001, max: 1.0 };
const RATE: Shape = Shape::quantity::<ByteRate>();
const BYTES: Shape = Shape::quantity::<Bytes>();
const NUMBER: Shape = Shape::Number { min: 0.001, max: 10_000.0 };
/// Values of a card of models/hosts.
const HOST_CARD: Table = &[
    Key::required("cores", NUMBER, "virtual cores"),
    Key::optional("cpu_quota", NUMBER, "cores that a container may use on average"),
    Key::default("speed", NUMBER, "1", "speed of a core relative to the cost card's machine"),
    Key::required("memory", Shape::quantity::<Bytes>(), "memory"),
    Key::required("nic_in", Shape::quantity::<ByteRate>(), "NIC capacity in"),
    Key::required("nic_out", Shape::quantity::<ByteRate>(), "NIC capacity out"),
    Key::optional("nic_baseline", RATE, "NIC capacity each way when its credit is used up"),
    Key::optional("nic_credit", BYTES, "bytes of a full credit; with nic_baseline"),
    Key::optional("nic_flow", RATE, "the most that one connection carries"),
    Key::default("disks", Shape::Count { min: 1, max: 100 }, "1", "number of equal disks"),
    Key::required("disk_write", Shape::quantity::<ByteRate>(), "sequential write bandwidth"),
    Key::required("disk_read", Shape::quantity::<ByteRate>(), "sequential read bandwidth"),
    Key::required("disk_capacity", Shape::quantity::<Bytes>(), "capacity of one disk"),
    Key::default(
        "disk_commit",
        Shape::distribution::<SimSpan>(),
        "lognormal(p50 400 us, p95 2 ms)",
        "latency of committing an fsync",
    ),
    Key::default("disk_seek", Shape::quantity::<SimSpan>(), "0 ms", "moving to another file"),
    Key::optional("disk_baseline", RATE, "write bandwidth when the disk's credit is used up"),
    Key::optional("disk_credit", BYTES, "bytes of a full credit; with disk_baseline"),
    Key::default("steal", Shape::Number { min: 0.0, max: 0.5 }, "0", "share of a core taken away"),
    Key::default(
        "steal_slice",
        Shape::distribution::<SimSpan>(),
        "uniform(1 ms, 5 ms)",
        "for how long at a time",
    ),
    Key::default("dirty_limit", SHARE, "0.2", "share of memory for dirty pages"),
    Key::default("dirty_background", SHARE, "0.1", "share at which write-back starts at once"),
    Key::optional("price", Shape::quantity::<MoneyRate>(), "price per hour, disks included"),
];
/// Machines of one key.
#[derive(Debug, Clone)]
pub(super) struct HostGroup {
    /// The key.
    pub name: String,
    /// The machines.
    pub hosts: Vec<Host>,
    /// Zones in the order of the scenario.
    pub zones: Vec<String>,
    /// The id of the first machine among [`Scenario::machines`](crate::scenario::Scenario); set
    /// when the brokers' machines are known.
    pub first: usize,
}

pub(super) fn read(
    fields: &mut Fields<'_, '_>,
    context: &mut Context<'_>,
) -> Option<Vec<HostGroup>> {
    let node = fields.raw("hosts")?;
    let mut groups = Vec::new();
    let mut sound = true;
    for entry in node.entries() {
        let path = format!("hosts/{}", entry.key);
        check_name(&entry.key, &entry.place, "hosts", fields.check());
        let group = fields
            .check()
            .open(&entry.node, &path, HOSTS)
            .and_then(|mut fields| read_group(&entry.key, &mut fields, context));
        sound &= group.is_some();
        groups.extend(group);
    }
    if node.entries().is_empty() {
        fields.refuse("hosts", node.describe(), "a map of machines, e.g. `brokers: {card: …}`");
        return None;
    }
    sound.then_some(groups)
}

fn read_group(
    name: &str,
    fields: &mut Fields<'_, '_>,
    context: &mut Context<'_>,
) -> Option<HostGroup> {
    let card = context.card("hosts", "card", fields);
    let count = fields.count("count");
    let zones = read_zones(fields);
    let (card, count, zones) = (card?, count?, zones?);
    let model = read_card(&card.title, &card.values, fields.check())?;
    let hosts = (0..count as usize)
        .map(|index| Host {
            name: format!("{name}-{}", index + 1),
            zone: zones[index % zones.len()].clone(),
            ..model.clone()
        })
        .collect();
    Some(HostGroup { name: name.to_owned(), hosts, zones, first: 0 })
}

/// Puts the brokers' machines first and numbers all of them. Returns the machines in that order.
pub(super) fn number(groups: &mut [HostGroup], brokers: &str) -> Vec<Host> {
    let mut machines = Vec::new();
    let (ours, others): (Vec<&mut HostGroup>, Vec<&mut HostGroup>) =
        groups.iter_mut().partition(|group| group.name == brokers);
    for group in ours.into_iter().chain(others) {
        group.first = machines.len();
        machines.extend(group.hosts.iter().cloned());
    }
    machines
}

/// One machine as its card describes it.
pub(super) fn machine(
    name: &str,
    fields: &mut Fields<'_, '_>,
    context: &mut Context<'_>,
) -> Option<Host> {
    let card = context.card_named("hosts", name, "run_on", fields)?;
    read_card(&card.title, &card.values, fields.check())
}

fn read_zones(fields: &mut Fields<'_, '_>) -> Option<Vec<String>> {
    if !fields.has("zones") {
        return Some(vec!["zone".to_owned()]);
    }
    let zones: Option<Vec<String>> =
        fields.list("zones").iter().map(|node| node.text().map(str::to_owned)).collect();
    match zones {
        Some(zones) if !zones.is_empty() => {
            let (path, origin) = (fields.path_of("zones"), fields.place_of("zones").to_string());
            fields.check().note(path, zones.join(","), origin);
            Some(zones)
        }
        _ => {
            fields.refuse("zones", "no list of names", "a list of names, e.g. `[a, b, c]`");
            None
        }
    }
}

/// A machine from its card, without name and zone.
fn read_card(title: &str, values: &Node, check: &mut Check) -> Option<Host> {
    let mut card = check.open(values, &format!("card/{title}"), HOST_CARD)?;
    let cores = card.number("cores");
    let quota = if card.has("cpu_quota") { Some(card.number("cpu_quota")?) } else { None };
    let speed = card.number("speed");
    let memory = positive::<Bytes>(&mut card, "memory");
    let nic_in = positive::<ByteRate>(&mut card, "nic_in");
    let nic_out = positive::<ByteRate>(&mut card, "nic_out");
    let disks = card.count("disks");
    let write = positive::<ByteRate>(&mut card, "disk_write");
    let read = positive::<ByteRate>(&mut card, "disk_read");
    let capacity = positive::<Bytes>(&mut card, "disk_capacity");
    let commit = card.distribution::<SimSpan>("disk_commit");
    let seek = card.quantity::<SimSpan>("disk_seek");
    let disk_burst = allowance(&mut card, "disk", write);
    let nic_burst =
        allowance(&mut card, "nic", nic_in.zip(nic_out).map(|(a, b)| if a < b { a } else { b }));
    let nic_flow = if card.has("nic_flow") {
        Some(positive::<ByteRate>(&mut card, "nic_flow")?)
    } else {
        None
    };
    let steal = card.number("steal");
    let steal_slice = card.distribution::<SimSpan>("steal_slice");
    let dirty_limit = card.number("dirty_limit");
    let dirty_background = card.number("dirty_background");
    let price = if card.has("price") { Some(card.quantity::<MoneyRate>("price")?) } else { None };
    let disk = Disk {
        write: write?,
        read: read?,
        seek: seek?,
        burst: disk_burst?,
        capacity: capacity?,
        commit: commit?,
    };
    Some(Host {
        name: String::new(),
        card: title.rsplit('/').next().unwrap_or(title).to_owned(),
        zone: String::new(),
        cores: cores?,
        cpu_quota: quota,
        speed: speed?,
        memory: memory?,
        nic_in: nic_in?,
        nic_out: nic_out?,
        nic_burst: nic_burst?,
        nic_flow,
        dirty_limit: dirty_limit?,
        dirty_background: dirty_background?,
        steal: steal?,
        steal_slice: steal_slice?,
        disks: vec![disk; disks? as usize],
        price,
    })
}

/// `disk_baseline` and `disk_credit`, or the same of the NIC: both or neither.
fn allowance(
    card: &mut Fields<'_, '_>,
    what: &str,
    burst: Option<ByteRate>,
) -> Option<Option<Allowance>> {
    let [baseline, credit] = [format!("{what}_baseline"), format!("{what}_credit")];
    match (card.has(&baseline), card.has(&credit)) {
        (false, false) => Some(None),
        (true, true) => {
            let rate = positive::<ByteRate>(card, &baseline)?;
            let credit = positive::<Bytes>(card, &credit)?;
            if burst.is_some_and(|burst| rate >= burst) {
                card.refuse(&baseline, format!("`{rate}`"), "less than what it is with credit");
                return None;
            }
            Some(Some(Allowance { baseline: rate, credit }))
        }
        (has, _) => {
            let (there, missing) = if has { (baseline, credit) } else { (credit, baseline) };
            card.refuse(&there, format!("`{there}` alone"), format!("`{missing}` beside it"));
            None
        }
    }
}
