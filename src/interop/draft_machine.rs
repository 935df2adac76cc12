//! The machines of a first scenario: a card, or a card of its own by Cruise Control.

use super::draft::{Draft, plain};
use crate::units::Bytes;

/// Memory of a machine whose cores alone are known, per core.
const MEMORY_PER_CORE: u64 = 4 << 30;
/// Bandwidth of a disk of which nobody says anything, bytes/s.
const DISK: f64 = 400.0 * 1_048_576.0;
/// Cores where a file knows percents only.
const CORES: f64 = 8.0;
/// Name of the file beside the scenario.
const MACHINE: &str = "machine.yaml";

/// A card, or a file that becomes one, and where it comes from.
pub(super) fn machine(known: &Draft, files: &mut Vec<(String, String)>) -> (String, String) {
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
        return (known.machine.clone(), "machine assumed: a card of models/hosts".to_owned());
    };
    let different = known.capacity.as_ref().is_some_and(|(_, list)| {
        let own: Vec<_> = list.iter().filter(|one| one.broker.is_some()).collect();
        own.windows(2)
            .any(|pair| (pair[0].nic_in, pair[0].cores) != (pair[1].nic_in, pair[1].cores))
    });
    let cores_from = if cores.is_some() { "as the file says" } else { "assumed, percents only" };
    let cores = cores.unwrap_or(CORES).max(0.1);
    let disks = disks.max(1);
    let memory = Bytes::new((cores * MEMORY_PER_CORE as f64) as u64);
    let mut text = format!(
        "card: hosts\nname: machine\nabout: \"A broker's machine by Cruise Control's capacity.\"\n\
         source: \"{}\"\ndate: 2026-01-01\nvalues:\n",
        plain(file).replace(['"', '\\'], " ")
    );
    let mut put = |key: &str, value: String, note: &str| {
        text.push_str(&format!("  {key}: {{value: \"{value}\", uncertainty: \"{note}\"}}\n"));
    };
    let rate = |bytes: f64| format!("{} B/s", bytes.round().max(1.0));
    put("cores", format!("{cores}"), cores_from);
    put("memory", memory.to_exact(), "assumed, 4 GiB per core");
    put("nic_in", rate(into), "as the file says");
    put("nic_out", rate(out), "as the file says");
    put("disks", disks.to_string(), "as the file says");
    put("disk_write", rate(DISK), "assumed, x/÷ 2");
    put("disk_read", rate(DISK), "assumed, x/÷ 2");
    put("disk_capacity", Bytes::new((disk / disks).max(1)).to_exact(), "as the file says");
    files.push((MACHINE.to_owned(), text));
    let note = if different { "; brokers differ there, the first is taken" } else { "" };
    (MACHINE.to_owned(), format!("{}{note}", plain(file)))
}
