//! The exercise's capacity planner: its figures as its script computes them, and untruncated.
//!
//! The script cuts at every division, product and power (see [`Decimal`]), so 2.5 % a month grow
//! like 2 %, and 0.9 % like nothing. The constants are the script's: 100 MB/s and 2 TB per broker,
//! 80 % of both, 500 dollars per broker and month, 0.10 per GB stored, 0.02 per GB sent.

use super::Decimal;
use super::input::PlanInput;

/// One figure of the script's report.
#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    /// Section of the report.
    pub section: &'static str,
    /// Stable name: the script's variable in small letters.
    pub key: &'static str,
    /// Its words in the report.
    pub words: &'static str,
    /// What the script prints.
    pub script: Decimal,
    /// The same arithmetic without cutting.
    pub untruncated: f64,
    /// Unit as the script writes it; its MB are 2^20 bytes.
    pub unit: &'static str,
}

/// Bytes of the script's MB, seconds of a day, and the rest of its constants.
const MB: i64 = 1_048_576;
const DAY: i64 = 86_400;
const BROKER_MB: i64 = 100;
const BROKER_TB: i64 = 2;
const BROKER_DOLLARS: i64 = 500;
const LEAST_BROKERS: i64 = 3;
const MONTHS: u32 = 12;

/// A value on both paths through the arithmetic.
#[derive(Clone, Copy)]
struct Both {
    script: Decimal,
    exact: f64,
}

impl Both {
    fn of(script: Decimal) -> Self {
        Self { script, exact: script.to_f64() }
    }
    fn whole(value: i64) -> Self {
        Self::of(Decimal::whole(value))
    }
    fn times(self, other: Self, scale: u32) -> Self {
        let script = self.script.times(other.script, scale);
        Self { script, exact: self.exact * other.exact }
    }
    fn over(self, other: Self, scale: u32) -> Self {
        let script = self.script.over(other.script, scale);
        Self { script, exact: self.exact / other.exact }
    }
    fn plus(self, other: Self) -> Self {
        Self { script: self.script.plus(other.script), exact: self.exact + other.exact }
    }
    /// Brokers are whole: the script cuts and adds one, the exact way rounds up.
    fn brokers(self) -> Self {
        let script = self.script.plus(Decimal::whole(1));
        Self { script, exact: self.exact.ceil() }
    }
    fn at_least(self, other: Self) -> Self {
        let script =
            if self.script.to_whole() > other.script.to_whole() { self } else { other }.script;
        Self { script, exact: self.exact.max(other.exact) }
    }
}

/// What the report is made of.
struct Sums {
    mb: Both,
    peak: Both,
    daily: Both,
    storage: Both,
    network: Both,
    growth: Both,
    future_messages: Both,
    future_storage: Both,
    for_throughput: Both,
    for_storage: Both,
    brokers: Both,
    raw_bytes: Both,
}

fn literal(text: &str) -> Both {
    Both::of(Decimal::parse(text).unwrap_or(Decimal::whole(0)))
}

fn sums(input: &PlanInput) -> Sums {
    let whole = Both::whole;
    let [messages, size, replicas] =
        [input.messages_per_second, input.message_size, input.replication_factor].map(Both::of);
    let retention = Both::of(input.retention_hours);
    let raw_bytes = messages.times(size, 0);
    let mb = raw_bytes.over(whole(MB), 2);
    let daily = mb.times(whole(DAY), 2).over(whole(1_024), 2);
    let replicated = daily.times(replicas, 2);
    let storage = replicated.times(retention, 2).over(whole(24), 2);
    let peak = mb.times(Both::of(input.peak_multiplier), 2);
    let network = mb.times(replicas.plus(whole(1)), 2);
    let rate = Both::of(input.growth_percent).over(whole(100), 2).plus(whole(1));
    let growth = Both {
        script: rate.script.to_the(MONTHS, 2),
        exact: (0..MONTHS).fold(1.0, |product, _| product * rate.exact),
    };
    let future_messages = messages.times(growth, 0);
    let future_storage = storage.times(growth, 2);
    let share = literal("0.8");
    let for_throughput = peak.over(whole(BROKER_MB), 0).over(share, 0).brokers();
    let for_storage =
        future_storage.over(whole(1_024), 0).over(whole(BROKER_TB), 0).over(share, 0).brokers();
    let brokers = for_throughput.at_least(for_storage).at_least(whole(LEAST_BROKERS));
    Sums {
        mb,
        peak,
        daily,
        storage,
        network,
        growth,
        future_messages,
        future_storage,
        for_throughput,
        for_storage,
        brokers,
        raw_bytes,
    }
}

/// The figures of the script's report in its order.
pub fn script_figures(input: &PlanInput) -> Vec<Figure> {
    let sums = sums(input);
    let mut all = current(&sums, input);
    all.extend(outlook(&sums));
    all.extend(money(&sums));
    all
}

type Row = (&'static str, &'static str, Both, &'static str);

fn figures(section: &'static str, rows: &[Row]) -> Vec<Figure> {
    rows.iter()
        .map(|(key, words, value, unit)| Figure {
            section,
            key,
            words,
            script: value.script,
            untruncated: value.exact,
            unit,
        })
        .collect()
}

fn current(sums: &Sums, input: &PlanInput) -> Vec<Figure> {
    let replicas = Both::of(input.replication_factor);
    let mut all = figures(
        "Throughput",
        &[
            ("mb_per_sec", "Average", sums.mb, "MB/s"),
            ("peak_mb_per_sec", "Peak", sums.peak, "MB/s"),
            ("gb_per_day", "Daily volume", sums.daily, "GB/day"),
        ],
    );
    let overhead = sums.storage.times(literal("1.2"), 2);
    all.extend(figures(
        "Storage",
        &[
            ("raw_gb", "Raw data", sums.storage.over(replicas, 2), "GB"),
            ("storage_needed_gb", "With replication", sums.storage, "GB"),
            ("storage_with_overhead_gb", "With 20% overhead", overhead, "GB"),
        ],
    ));
    let each = sums.network.over(sums.brokers, 2);
    all.extend(figures(
        "Network",
        &[
            ("network_mb_per_sec", "Total bandwidth", sums.network, "MB/s"),
            ("network_per_broker", "Per broker", each, "MB/s"),
        ],
    ));
    all
}

fn outlook(sums: &Sums) -> Vec<Figure> {
    let whole = Both::whole;
    let mut all = figures(
        "12-Month Projection",
        &[
            ("future_msg_per_sec", "Messages/second", sums.future_messages, ""),
            ("future_storage_gb", "Storage needed", sums.future_storage, "GB"),
            ("future_multiplier", "Growth multiplier", sums.growth, "x"),
        ],
    );
    all.extend(figures(
        "Broker Count",
        &[
            ("brokers_needed_throughput", "For throughput", sums.for_throughput, "brokers"),
            ("brokers_needed_storage", "For storage", sums.for_storage, "brokers"),
            ("brokers_recommended", "Recommended", sums.brokers, "brokers"),
        ],
    ));
    let disk = sums.future_storage.over(sums.brokers, 2);
    let disk = disk.times(literal("1.5"), 2).over(whole(1_024), 2);
    all.extend(figures("Hardware Specs", &[("storage_per_broker_tb", "Storage", disk, "TB")]));
    let partitions = sums.brokers.times(whole(3), 0);
    all.extend(figures(
        "Partition Strategy",
        &[("partitions_per_topic", "Partitions per topic", partitions, "")],
    ));
    let processing = sums.raw_bytes.over(whole(MB), 2);
    all.extend(figures(
        "Consumer Requirements",
        &[("processing_mb_per_sec", "Processing capacity", processing, "MB/s")],
    ));
    let trigger = whole(BROKER_MB).times(literal("0.8"), 2).times(sums.brokers, 2);
    all.extend(figures(
        "Scaling Triggers",
        &[("add_broker_mb_per_sec", "Add broker when throughput above", trigger, "MB/s")],
    ));
    all
}

fn money(sums: &Sums) -> Vec<Figure> {
    let whole = Both::whole;
    let compute = sums.brokers.times(whole(BROKER_DOLLARS), 0);
    let storage = sums.future_storage.times(literal("0.1"), 0);
    let month = sums.network.times(whole(DAY), 0).times(whole(30), 0);
    let network = month.over(whole(1_024), 0).times(literal("0.02"), 0);
    let total = compute.plus(storage).plus(network);
    figures(
        "Cost Estimation",
        &[
            ("compute_dollars", "Compute", compute, "$ per month"),
            ("storage_dollars", "Storage", storage, "$ per month"),
            ("network_dollars", "Network", network, "$ per month"),
            ("total_dollars", "Total", total, "$ per month"),
        ],
    )
}
