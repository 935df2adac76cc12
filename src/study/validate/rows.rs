//! Published measurements: one row a run.

use crate::error::{Error, Place, Problem, Result};
use crate::scenario::cards::embedded;
use crate::scenario::read::read_text;
use crate::scenario::{Checked, LoadOptions, load_layers};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// A measured run.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Its id.
    pub id: String,
    /// Hardware and settings of the benchmark.
    pub rig: String,
    /// The file's name without `runs_` and ending.
    pub split: String,
    /// Where it stands: file and line.
    pub place: Place,
    /// All columns as written.
    columns: BTreeMap<String, String>,
}

/// Columns that a file must have; the last ones are measurements.
pub const COLUMNS: [&str; 34] = [
    "id",
    "rig",
    "case",
    "brokers",
    "partitions",
    "replication_factor",
    "min_insync",
    "acks",
    "record_bytes",
    "batch_size",
    "linger_ms",
    "buffer_memory",
    "compression",
    "producers",
    "groups",
    "members_per_group",
    "max_partition_fetch_bytes",
    "flush_messages",
    "target_records_s",
    "duration_s",
    "records_s",
    "records_s_sd",
    "repeats",
    "publish_mean_ms",
    "publish_p50_ms",
    "publish_p95_ms",
    "publish_p99_ms",
    "publish_p999_ms",
    "consume_records_s_per_group",
    "e2e_p50_ms",
    "e2e_p99_ms",
    "lag_end_records",
    "not_comparable",
    "source",
];
/// Columns that a file may have beside those.
///
/// `cpu_utilisation`: share of the cores of the brokers' machines that brokers and clients on them
/// took, 0 to 1.
pub const FURTHER: [&str; 1] = ["cpu_utilisation"];
/// Columns that are text.
const TEXTS: [&str; 7] = ["id", "rig", "case", "acks", "compression", "not_comparable", "source"];
/// Columns that every row fills, with numbers above zero.
const NEEDED: [&str; 5] =
    ["brokers", "partitions", "replication_factor", "record_bytes", "producers"];

impl Row {
    /// A row that was designed and not measured yet; `file` is where it will stand.
    pub fn designed(columns: BTreeMap<String, String>, file: &str) -> Self {
        let text = |name: &str| columns.get(name).cloned().unwrap_or_default();
        Self {
            id: text("id"),
            rig: text("rig"),
            split: split_of(file),
            place: Place::whole(file),
            columns,
        }
    }
    /// Writes a column.
    pub fn set(&mut self, column: &str, value: &str) {
        self.columns.insert(column.to_owned(), value.to_owned());
    }
    /// The row as a line of CSV without its end, all columns in order.
    pub fn csv(&self) -> String {
        line_of(COLUMNS.iter().chain(&FURTHER).map(|column| self.text(column)))
    }
    /// Rows as CSV with a header.
    pub fn table(rows: &[Self]) -> String {
        let mut text = line_of(COLUMNS.iter().chain(&FURTHER).copied());
        for row in rows {
            text.push('\n');
            text.push_str(&row.csv());
        }
        text + "\n"
    }
    /// A number of the row; `None` where the field is empty.
    pub fn number(&self, column: &str) -> Option<f64> {
        self.columns.get(column).and_then(|text| text.parse().ok())
    }
    /// A text of the row, empty where the field is.
    pub fn text(&self, column: &str) -> &str {
        self.columns.get(column).map_or("", String::as_str)
    }
    /// Whether the row ran as fast as it could: no target, or less than 97 % of it reached.
    pub fn saturated(&self) -> bool {
        match (self.number("target_records_s"), self.number("records_s")) {
            (Some(target), Some(reached)) => reached < SATURATED_BELOW * target,
            _ => true,
        }
    }
    /// Whether the source itself says that a column is spoilt.
    pub fn comparable(&self, column: &str) -> bool {
        !self.text("not_comparable").split_whitespace().any(|one| one == column)
    }
    /// Half the unit in which a value was printed.
    pub fn half_unit(&self, column: &str) -> f64 {
        let digits = self.text(column).split_once('.').map_or(0, |(_, digits)| digits.len());
        0.5 * libm::pow(10.0, -(digits as f64))
    }
}

/// One line of CSV without its end.
fn line_of<'t>(fields: impl Iterator<Item = &'t str>) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    // Writing to memory cannot fail.
    let _line = writer.write_record(fields);
    let bytes = writer.into_inner().unwrap_or_default();
    String::from_utf8_lossy(&bytes).trim_end().to_owned()
}

/// What a file's rows are for: its name without `runs_` and ending.
fn split_of(file: &str) -> String {
    let stem = Path::new(file).file_stem().and_then(|stem| stem.to_str()).unwrap_or(file);
    stem.strip_prefix("runs_").unwrap_or(stem).to_owned()
}

/// A row below this share of its target is saturated.
const SATURATED_BELOW: f64 = 0.97;

/// Reads rows from CSV text; every problem of the file is named.
///
/// # Errors
/// Missing columns, text where a number belongs, impossible values, an unknown rig.
pub fn read_rows(file: &str, text: &str, rigs: Option<&Path>) -> Result<Vec<Row>> {
    let mut problems = Vec::new();
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(text.as_bytes());
    let header: Vec<String> = match reader.headers() {
        Ok(header) => header.iter().map(str::to_owned).collect(),
        Err(error) => return Err(Error::input(vec![problem(file, 1, "", &error, "a CSV file")])),
    };
    for column in COLUMNS {
        if !header.iter().any(|one| one == column) {
            let allowed = "a column of this name in the first line";
            problems.push(problem(file, 1, column, &"nothing", allowed));
        }
    }
    let split = split_of(file);
    let mut rows = Vec::new();
    for (index, record) in reader.records().enumerate() {
        let line = index + 2;
        let record = match record {
            Ok(record) => record,
            Err(error) => {
                problems.push(problem(file, line, "", &error, "one row of fields"));
                continue;
            }
        };
        let fields = header.iter().cloned().zip(record.iter().map(str::to_owned));
        let row = Row {
            id: String::new(),
            rig: String::new(),
            split: split.clone(),
            place: Place { file: file.into(), line, column: 1 },
            columns: fields.collect(),
        };
        check_row(&row, rigs, &mut problems);
        let (id, rig) = (row.text("id").to_owned(), row.text("rig").to_owned());
        rows.push(Row { id, rig, ..row });
    }
    if problems.is_empty() { Ok(rows) } else { Err(Error::input(problems)) }
}

fn problem(
    file: &str,
    line: usize,
    column: &str,
    found: &dyn std::fmt::Display,
    allowed: &str,
) -> Problem {
    Problem {
        place: Place { file: file.into(), line, column: 1 },
        path: column.to_owned(),
        found: found.to_string(),
        allowed: allowed.to_owned(),
        nearest: None,
    }
}

fn check_row(row: &Row, rigs: Option<&Path>, problems: &mut Vec<Problem>) {
    let file = row.place.file.to_string();
    let mut push = |column: &str, found: String, allowed: &str| {
        problems.push(problem(&file, row.place.line, column, &found, allowed));
    };
    for (column, text) in &row.columns {
        let known = COLUMNS.iter().chain(&FURTHER).any(|one| one == column)
            && !TEXTS.contains(&column.as_str());
        let sound = text.is_empty() || text.parse::<f64>().is_ok_and(|x| x.is_finite() && x >= 0.0);
        if known && !sound {
            push(column, format!("`{text}`"), "a number, not below zero, or an empty field");
        }
    }
    for column in NEEDED {
        if row.columns.contains_key(column) && row.number(column).is_none_or(|x| x <= 0.0) {
            push(column, format!("`{}`", row.text(column)), "a number above zero");
        }
    }
    if let (Some(factor), Some(brokers)) = (row.number("replication_factor"), row.number("brokers"))
        && factor > brokers
    {
        let found = format!("{factor} replicas on {brokers} brokers");
        push("replication_factor", found, "at most the number of brokers");
    }
    if row.columns.contains_key("acks") && !matches!(row.text("acks"), "0" | "1" | "all" | "-1") {
        push("acks", format!("`{}`", row.text("acks")), "0, 1 or all");
    }
    if !matches!(row.text("compression"), "" | "none" | "gzip" | "snappy" | "lz4" | "zstd") {
        let found = format!("`{}`", row.text("compression"));
        push("compression", found, "none, gzip, snappy, lz4 or zstd, or an empty field");
    }
    let rig = row.text("rig");
    if row.columns.contains_key("rig") && rig_text(rig, rigs).is_none() {
        push("rig", format!("`{rig}`"), "a rig of models/rigs, or of the folder of --rigs");
    }
}

/// The text of a rig's fragment, and the name under which problems quote it.
pub fn rig_text(rig: &str, folder: Option<&Path>) -> Option<(String, String)> {
    let file = format!("{rig}.yaml");
    let own =
        folder.map(|folder: &Path| folder.join(&file)).filter(|path: &PathBuf| path.is_file());
    if let Some(path) = own {
        let text = std::fs::read_to_string(&path).ok()?;
        return Some((path.display().to_string(), text));
    }
    let text = embedded(&format!("rigs/{file}"))?;
    Some((format!("models/rigs/{file}"), text.to_owned()))
}

/// The scenario of a row: its rig with the row's own settings on top.
///
/// # Errors
/// What the scenario's own checks say.
pub fn scenario_of(row: &Row, rigs: Option<&Path>, options: &LoadOptions) -> Result<Checked> {
    let Some((name, rig)) = rig_text(&row.rig, rigs) else {
        let found = format!("`{}`", row.rig);
        return Err(Error::input(vec![problem(
            &row.place.file,
            row.place.line,
            "rig",
            &found,
            "a known rig",
        )]));
    };
    let text = scenario_text(row, shares_machines(&name, &rig));
    let overlay = format!("{} row {}", row.place.file, row.id);
    load_layers(&[(&name, &rig), (&overlay, &text)], options)
}

/// Length of a simulated run and of the part that is cut off its beginning.
const DURATION: &str = "13 s";
const WARM_UP: &str = "3 s";

/// Whether a rig says itself how many machines there are, so that a row's brokers share them.
fn shares_machines(name: &str, rig: &str) -> bool {
    let tree = read_text(name, rig).ok();
    let brokers = tree.as_ref().and_then(|tree| tree.get("cluster")?.get("brokers"));
    brokers.is_some_and(|brokers| brokers.get("count").is_some())
}

fn scenario_text(row: &Row, shared: bool) -> String {
    let mut text = String::new();
    let whole = |column: &str| row.number(column).unwrap_or(0.0) as u64;
    // Writing to a string cannot fail.
    let mut line = |words: String| {
        let _ok = writeln!(text, "{words}");
    };
    line(format!("name: {}", row.id));
    line(format!("duration: {DURATION}\nwarm_up: {WARM_UP}\nengine: des"));
    let count = whole("brokers");
    line(if shared {
        format!("cluster: {{brokers: {{count: {count}}}}}")
    } else {
        format!("hosts: {{brokers: {{count: {count}}}}}")
    });
    let mut config = vec![("min.insync.replicas", whole("min_insync").max(1))];
    if whole("flush_messages") > 0 {
        config.push(("flush.messages", whole("flush_messages")));
    }
    line(format!(
        "topics: {{bench: {{partitions: {}, replication_factor: {}, config: {}}}}}",
        whole("partitions"),
        whole("replication_factor"),
        map_of(&config)
    ));
    let mut config: Vec<(&str, u64)> = Vec::new();
    for (column, property) in [
        ("batch_size", "batch.size"),
        ("linger_ms", "linger.ms"),
        ("buffer_memory", "buffer.memory"),
    ] {
        if row.number(column).is_some() {
            config.push((property, whole(column)));
        }
    }
    let load = match row.number("target_records_s") {
        Some(rate) => format!("{{rate: {rate} /s}}"),
        None => "{closed_loop: true}".to_owned(),
    };
    let codec = match row.text("compression") {
        "" => "none",
        word => word,
    };
    let settings = map_of(&config);
    line(format!(
        "producers: {{load: {{to: {{bench: 1}}, clients: {}, records: {{size: {} B}}, \
         load: {load}, config: {{acks: {}, compression.type: {codec}, {}}}}}}}",
        whole("producers"),
        whole("record_bytes"),
        row.text("acks"),
        settings.trim_matches(['{', '}'])
    ));
    let mut config = String::new();
    if row.number("max_partition_fetch_bytes").is_some() {
        config = format!(
            ", config: {{max.partition.fetch.bytes: {}}}",
            whole("max_partition_fetch_bytes")
        );
    }
    line(format!(
        "groups: {{group-*: {{count: {}, reads: [bench], members: {}{config}}}}}",
        whole("groups"),
        whole("members_per_group").max(1)
    ));
    text
}

fn map_of(entries: &[(&str, u64)]) -> String {
    let fields: Vec<String> =
        entries.iter().map(|(key, value)| format!("{key}: {value}")).collect();
    format!("{{{}}}", fields.join(", "))
}
