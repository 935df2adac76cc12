//! Cruise Control's capacity file, and its answer about load.
//!
//! Source: `BrokerCapacityConfigFileResolver` and `config/capacity*.json` for capacities: texts,
//! disk in MB (2^20), by log dir where there are several, CPU in percent or `num.cores`, network in
//! KB/s (2^10), broker −1 for all others; `BasicStats`, `BrokerStats` for the answer of `/load`, in
//! the same units (linkedin/cruise-control).

use super::text::{json_of, problem};
use crate::cluster::Cluster;
use crate::error::{Error, Problem, Result};
use crate::metrics::Run;
use crate::scenario::Scenario;
use crate::units::{ByteRate, Bytes};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

const MIB: f64 = 1_048_576.0;
const KIB: f64 = 1_024.0;
/// The id that stands for all brokers without an entry.
const DEFAULT: i64 = -1;

/// What a broker can take.
#[derive(Debug, Clone, PartialEq)]
pub struct BrokerCapacity {
    /// Its `node.id`; none for all without an entry of their own.
    pub broker: Option<u32>,
    /// Capacity by log dir; one without a name where the file has one number.
    pub disks: Vec<(String, Bytes)>,
    /// Cores; none where the file has percents.
    pub cores: Option<f64>,
    /// Network in.
    pub nic_in: ByteRate,
    /// Network out.
    pub nic_out: ByteRate,
}

/// Reads a capacity file.
///
/// # Errors
/// Broken JSON with its place; ids, numbers or names that are none: all at once.
pub fn read_capacity(file: &str, text: &str) -> Result<Vec<BrokerCapacity>> {
    let tree = json_of(file, text)?;
    let mut problems = Vec::new();
    let list = tree.get("brokerCapacities").and_then(Value::as_array);
    let Some(list) = list.filter(|list| !list.is_empty()) else {
        let found = tree.get("brokerCapacities").map_or("nothing", |_| "no broker");
        let one = problem(file, "brokerCapacities", found.into(), "a list of brokers");
        return Err(Error::input(vec![one]));
    };
    let mut all = Vec::new();
    let mut seen = BTreeSet::new();
    for (index, entry) in list.iter().enumerate() {
        let path = format!("brokerCapacities/{index}");
        let mut reader = Reader { file, path: &path, entry, problems: &mut problems };
        all.extend(reader.capacity(&mut seen));
    }
    if problems.is_empty() { Ok(all) } else { Err(Error::input(problems)) }
}

struct Reader<'a> {
    file: &'a str,
    path: &'a str,
    entry: &'a Value,
    problems: &'a mut Vec<Problem>,
}

impl Reader<'_> {
    fn refuse(&mut self, key: &str, found: Option<&Value>, allowed: &str) {
        let found = found.map_or("nothing".into(), |found| {
            found.to_string().chars().take(60).collect::<String>()
        });
        self.problems.push(problem(self.file, &format!("{}/{key}", self.path), found, allowed));
    }

    /// A number above zero, as a number or as text.
    fn number(&mut self, key: &str, value: Option<&Value>, allowed: &str) -> Option<f64> {
        let text = value.and_then(|value| match value {
            Value::String(text) => text.trim().parse::<f64>().ok(),
            other => other.as_f64(),
        });
        let number = text.filter(|number| number.is_finite() && *number > 0.0);
        if number.is_none() {
            self.refuse(key, value, allowed);
        }
        number
    }

    fn capacity(&mut self, seen: &mut BTreeSet<i64>) -> Option<BrokerCapacity> {
        let id = self.entry.get("brokerId");
        let number = id.and_then(|id| match id {
            Value::String(text) => text.trim().parse::<i64>().ok(),
            other => other.as_i64(),
        });
        let fits = |id: &i64| *id == DEFAULT || u32::try_from(*id).is_ok();
        let Some(number) = number.filter(fits) else {
            self.refuse("brokerId", id, "a broker id as text, or \"-1\" for all others");
            return None;
        };
        if !seen.insert(number) {
            self.refuse("brokerId", id, "each broker once");
        }
        let of = |key: &str| self.entry.get("capacity").and_then(|one| one.get(key));
        let (disk, cpu, into, out) = (of("DISK"), of("CPU"), of("NW_IN"), of("NW_OUT"));
        let megabytes = "MB above 0, as text, or a map of log dirs to MB";
        let disks: Option<Vec<(String, Bytes)>> = match disk {
            Some(Value::Object(dirs)) if !dirs.is_empty() => {
                let one = |(name, value): (&String, &Value)| {
                    let size = self.number("capacity/DISK", Some(value), megabytes)?;
                    Some((name.clone(), Bytes::new((size * MIB) as u64)))
                };
                dirs.iter().map(one).collect()
            }
            other => self
                .number("capacity/DISK", other, megabytes)
                .map(|size| vec![(String::new(), Bytes::new((size * MIB) as u64))]),
        };
        let cores = match cpu {
            Some(Value::Object(map)) => {
                let words = "cores above 0, as text";
                Some(self.number("capacity/CPU/num.cores", map.get("num.cores"), words)?)
            }
            other => {
                let words = "percent above 0, as text, or {\"num.cores\": \"16\"}";
                self.number("capacity/CPU", other, words)?;
                None
            }
        };
        let kilobytes = "KB/s above 0, as text";
        let into = self.number("capacity/NW_IN", into, kilobytes);
        let out = self.number("capacity/NW_OUT", out, kilobytes);
        Some(BrokerCapacity {
            broker: u32::try_from(number).ok(),
            disks: disks?,
            cores,
            nic_in: ByteRate::per_sec(into? * KIB),
            nic_out: ByteRate::per_sec(out? * KIB),
        })
    }
}

/// The capacities of a cluster's brokers as Cruise Control reads them.
pub fn capacity_json(cluster: &Cluster) -> String {
    let one = |broker: &crate::cluster::Broker| {
        let host = cluster.host(broker.host);
        let mib = |bytes: Bytes| format!("{}", (bytes.as_f64() / MIB).round());
        let disk = if broker.log_dirs.len() > 1 {
            let mut by_dir: BTreeMap<String, String> = BTreeMap::new();
            for (index, dir) in broker.log_dirs.iter().enumerate() {
                // Log dirs of one disk share it.
                let tenants = broker.log_dirs.iter().filter(|one| one.disk == dir.disk).count();
                let whole = host.disks.get(dir.disk as usize).map_or(0, |one| one.capacity.get());
                let share = Bytes::new(whole / tenants.max(1) as u64);
                by_dir.insert(format!("/var/lib/kafka/data-{index}"), mib(share));
            }
            json!(by_dir)
        } else {
            let whole: u64 = host.disks.iter().map(|one| one.capacity.get()).sum();
            json!(mib(Bytes::new(whole)))
        };
        let rate = |rate: ByteRate| format!("{}", (rate.get() / KIB).round());
        let cores = host.cpu_quota.unwrap_or(host.cores);
        json!({
            "brokerId": broker.node_id.to_string(),
            "capacity": {
                "DISK": disk,
                "CPU": {"num.cores": format!("{cores}")},
                "NW_IN": rate(host.nic_in),
                "NW_OUT": rate(host.nic_out),
            },
            "doc": format!("{}, a {}", host.name, host.card),
        })
    };
    let all: Vec<Value> = cluster.brokers.iter().map(one).collect();
    format!("{:#}\n", json!({"brokerCapacities": all}))
}

/// What a broker bears, by Cruise Control.
#[derive(Debug, Clone, PartialEq)]
pub struct CruiseLoad {
    /// Its `node.id`.
    pub broker: u32,
    /// Its rack.
    pub rack: String,
    /// Bytes on its disks.
    pub disk: Bytes,
    /// CPU, 0–1.
    pub cpu: f64,
    /// What it receives as leader.
    pub leader_in: ByteRate,
    /// What it receives as follower.
    pub follower_in: ByteRate,
    /// What it sends, replication included.
    pub out: ByteRate,
    /// Replicas.
    pub replicas: u32,
    /// Leaders among them.
    pub leaders: u32,
    /// Capacities, where the answer has them: disk, network in, network out, cores.
    pub capacity: Option<(Bytes, ByteRate, ByteRate, f64)>,
}

/// Reads the answer of `/load?json=true`, or one half of a proposal (`loadBeforeOptimization`).
///
/// # Errors
/// Broken JSON with its place; brokers without an id, or numbers that are none.
pub fn read_cruise_load(file: &str, text: &str) -> Result<Vec<CruiseLoad>> {
    let tree = json_of(file, text)?;
    let tree = tree.get("loadBeforeOptimization").unwrap_or(&tree);
    let Some(list) = tree.get("brokers").and_then(Value::as_array).filter(|list| !list.is_empty())
    else {
        let one = problem(file, "brokers", "no broker".into(), "the answer of /load?json=true");
        return Err(Error::input(vec![one]));
    };
    let mut problems = Vec::new();
    let mut all = Vec::new();
    for (index, entry) in list.iter().enumerate() {
        match load(entry) {
            Ok(one) => all.push(one),
            Err((key, allowed)) => {
                let found = entry.get(key).map_or("nothing".into(), Value::to_string);
                problems.push(problem(file, &format!("brokers/{index}/{key}"), found, allowed));
            }
        }
    }
    if problems.is_empty() { Ok(all) } else { Err(Error::input(problems)) }
}

fn load(entry: &Value) -> Result<CruiseLoad, (&'static str, &'static str)> {
    let number = |key: &'static str| -> Result<f64, (&'static str, &'static str)> {
        let found = entry.get(key).and_then(Value::as_f64);
        found.filter(|one| one.is_finite() && *one >= 0.0).ok_or((key, "a number from 0"))
    };
    let whole = |key: &'static str| -> Result<u32, (&'static str, &'static str)> {
        let found = entry.get(key).and_then(Value::as_u64).and_then(|one| u32::try_from(one).ok());
        found.ok_or((key, "a whole number from 0"))
    };
    let capacity = || {
        let of = |key: &str| entry.get(key).and_then(Value::as_f64).filter(|one| *one > 0.0);
        Some((
            Bytes::new((of("DiskCapacityMB")? * MIB) as u64),
            ByteRate::per_sec(of("NetworkInCapacity")? * KIB),
            ByteRate::per_sec(of("NetworkOutCapacity")? * KIB),
            of("NumCore")?,
        ))
    };
    Ok(CruiseLoad {
        broker: whole("Broker")?,
        rack: entry.get("Rack").and_then(Value::as_str).unwrap_or_default().to_owned(),
        disk: Bytes::new((number("DiskMB")? * MIB) as u64),
        cpu: number("CpuPct")? / 100.0,
        leader_in: ByteRate::per_sec(number("LeaderNwInRate")? * KIB),
        follower_in: ByteRate::per_sec(number("FollowerNwInRate")? * KIB),
        out: ByteRate::per_sec(number("NwOutRate")? * KIB),
        replicas: whole("Replicas")?,
        leaders: whole("Leaders")?,
        capacity: capacity(),
    })
}

/// The load of a run as Cruise Control answers it. `loads` holds what each broker receives as
/// leader, as follower, and sends, bytes/s.
pub fn cruise_load_json(scenario: &Scenario, run: &Run, loads: &[[f64; 3]]) -> String {
    let one = |(broker, rates): (&crate::cluster::Broker, &[f64; 3])| {
        let host = scenario.cluster.host(broker.host);
        let outcome = run.brokers.get(&broker.node_id);
        let disk: f64 = host.disks.iter().map(|one| one.capacity.as_f64()).sum();
        let stored = outcome.map_or(0.0, |one| one.stored_bytes_end);
        let share = if disk > 0.0 { stored / disk * 100.0 } else { -1.0 };
        let [leader, follower, out] = rates.map(|rate| rate / KIB);
        json!({
            "Host": host.name,
            "Broker": broker.node_id,
            "Rack": broker.rack,
            "BrokerState": "ALIVE",
            "DiskMB": stored / MIB,
            "DiskPct": share,
            "CpuPct": outcome.map_or(0.0, |one| one.cpu.mean) * 100.0,
            "LeaderNwInRate": leader,
            "FollowerNwInRate": follower,
            "NwOutRate": out,
            "PnwOutRate": out,
            "Replicas": outcome.map_or(0, |one| one.replicas),
            "Leaders": outcome.map_or(0, |one| one.leaders),
            "DiskCapacityMB": disk / MIB,
            "NetworkInCapacity": host.nic_in.get() / KIB,
            "NetworkOutCapacity": host.nic_out.get() / KIB,
            "NumCore": host.cpu_quota.unwrap_or(host.cores),
        })
    };
    let brokers: Vec<Value> = scenario.cluster.brokers.iter().zip(loads).map(one).collect();
    format!("{:#}\n", json!({"version": 1, "brokers": brokers, "hosts": []}))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "{\"brokerCapacities\":[\
        {\"brokerId\": \"-1\", \"capacity\": {\"DISK\": \"100000\", \"CPU\": \"100\", \
        \"NW_IN\": \"10000\", \"NW_OUT\": \"20000\"}, \"doc\": \"x\"},\
        {\"brokerId\": \"0\", \"capacity\": {\"DISK\": {\"/a\": \"1000\", \"/b\": \"2000\"}, \
        \"CPU\": {\"num.cores\": \"16\"}, \"NW_IN\": \"50000\", \"NW_OUT\": \"50000\"}}]}";

    #[test]
    fn both_forms_of_disks_and_cores_are_read() {
        let all = read_capacity("c.json", FILE).unwrap();
        assert_eq!((all[0].broker, all[0].cores), (None, None));
        assert_eq!(all[0].disks, [(String::new(), Bytes::new(100_000 << 20))]);
        assert_eq!(all[0].nic_out.get(), 20_000.0 * 1_024.0);
        assert_eq!((all[1].broker, all[1].cores, all[1].disks.len()), (Some(0), Some(16.0), 2));
    }

    #[test]
    fn bad_capacities_are_told_all_at_once() {
        let told = |text: &str| {
            let error = read_capacity("c.json", text).unwrap_err();
            assert_eq!(error.exit_code(), 2);
            error.to_string()
        };
        assert!(told(&FILE[..FILE.len() / 2]).starts_with("c.json:1:"));
        assert!(told("{}").contains("brokerCapacities: found nothing"));
        let bad = FILE
            .replace("\"-1\"", "\"-2\"")
            .replace("\"num.cores\": \"16\"", "\"num.cores\": \"0\"");
        let text = told(&bad);
        assert!(text.contains("brokerCapacities/0/brokerId: found \"-2\""), "{text}");
        assert!(text.contains("brokerCapacities/1/capacity/CPU/num.cores: found \"0\""), "{text}");
        assert!(told(&FILE.replace("\"0\"", "\"-1\"")).contains("each broker once"));
    }

    #[test]
    fn a_load_without_a_number_is_refused() {
        let text = "{\"brokers\": [{\"Broker\": 1, \"DiskMB\": 10, \"CpuPct\": \"much\"}]}";
        let error = read_cruise_load("l.json", text).unwrap_err().to_string();
        assert!(error.contains("brokers/0/CpuPct: found \"much\""), "{error}");
        assert!(read_cruise_load("l.json", "{\"brokers\": []}").is_err());
        let error = read_cruise_load("l.json", "{\"brokers\": [").unwrap_err().to_string();
        assert!(error.starts_with("l.json:1:"), "{error}");
    }
}
