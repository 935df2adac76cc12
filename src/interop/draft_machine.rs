//! The machines of a first scenario: a card, or a card of its own by Cruise Control.

use super::draft::{Draft, plain};
use crate::error::Result;
use crate::scenario::cards::Cards;
use crate::units::Bytes;

/// The card of what is assumed where a file does not say it.
const ASSUMED: &str = "planning/first-machine";
/// Name of the file beside the scenario.
const MACHINE: &str = "machine.yaml";

/// A card, or a file that becomes one, and where it comes from.
pub(super) fn machine(
    known: &Draft,
    files: &mut Vec<(String, String)>,
) -> Result<(String, String)> {
    let by_file = known.capacity.as_ref().map(|(file, list)| {
        let own = list.iter().find(|one| one.broker.is_some()).or(list.first());
        (
            file,
            own.map(|one| {
                let disk: u64 = one.disks.iter().map(|disk| disk.1.get()).sum();
                (one.cores, one.disks.len() as u64, disk, one.nic_in.get(), one.nic_out.get())
            }),
        )
    });
    let by_load = known.load.as_ref().map(|(file, list)| {
        let own = list.iter().find_map(|one| one.capacity);
        (
            file,
            own.map(|(disk, into, out, cores)| (Some(cores), 1, disk.get(), into.get(), out.get())),
        )
    });
    let found = by_file.into_iter().chain(by_load).find_map(|(file, one)| Some((file, one?)));
    let Some((file, (cores, disks, disk, into, out))) = found else {
        return Ok((known.machine.clone(), "machine assumed: a card of models/hosts".to_owned()));
    };
    let different = known.capacity.as_ref().is_some_and(|(_, list)| {
        let own: Vec<_> = list.iter().filter(|one| one.broker.is_some()).collect();
        own.windows(2)
            .any(|pair| (pair[0].nic_in, pair[0].cores) != (pair[1].nic_in, pair[1].cores))
    });
    let cores_from = if cores.is_some() { "as the file says" } else { "assumed, percents only" };
    let assumed = |key: &str| Cards::default().number(ASSUMED, key);
    let cores = cores.map_or_else(|| assumed("cores"), Ok)?.max(0.1);
    let (per_core, disk_rate) = (assumed("memory_bytes_per_core")?, assumed("disk_bytes_s")?);
    let disks = disks.max(1);
    let memory = Bytes::new((cores * per_core) as u64);
    let mut text = format!(
        "card: hosts\nname: machine\nabout: \"A broker's machine by Cruise Control's capacity.\"\n\
         source: \"{}\"\ndate: {}\nvalues:\n",
        plain(file).replace(['"', '\\'], " "),
        known.date
    );
    let mut put = |key: &str, value: String, note: &str| {
        text.push_str(&format!("  {key}: {{value: \"{value}\", uncertainty: \"{note}\"}}\n"));
    };
    let rate = |bytes: f64| format!("{} B/s", bytes.round().max(1.0));
    put("cores", format!("{cores}"), cores_from);
    put("memory", memory.to_exact(), &format!("assumed, {} per core", Bytes::new(per_core as u64)));
    put("nic_in", rate(into), "as the file says");
    put("nic_out", rate(out), "as the file says");
    put("disks", disks.to_string(), "as the file says");
    put("disk_write", rate(disk_rate), "assumed, x/÷ 2");
    put("disk_read", rate(disk_rate), "assumed, x/÷ 2");
    put("disk_capacity", Bytes::new((disk / disks).max(1)).to_exact(), "as the file says");
    files.push((MACHINE.to_owned(), text));
    let note = if different { "; brokers differ there, the first is taken" } else { "" };
    Ok((MACHINE.to_owned(), format!("{}{note}", plain(file))))
}
