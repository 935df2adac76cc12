//! The live mode as a person uses it: on librdkafka's mock, on nothing, and, where the variable
//! `KAFSIM_CLUSTER` holds addresses, on a real cluster (`tests/cluster/up`). Loopback only.

#![expect(clippy::expect_used, reason = "a test that cannot go on fails")]
#![expect(clippy::disallowed_methods, reason = "what is tested here runs by the clock")]

use assert_cmd::Command;
use kafsim::chance::Seed;
use kafsim::live::{Caps, Ending, Left, MockPlan, Options, Security, Target, bench};
use kafsim::scenario::{LoadOptions, load};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tempfile::TempDir;

const CANARY: &str = "c4n4ry-77b1e0";

fn scenario() -> String {
    format!("{}/models/scenarios/live-smoke.yaml", env!("CARGO_MANIFEST_DIR"))
}

fn kafsim() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kafsim"));
    command.timeout(Duration::from_mins(2));
    command
}

/// A short bench into a folder.
fn short(folder: &Path) -> Command {
    let mut command = kafsim();
    command.arg("bench").arg(scenario()).args(["--set", "duration=4 s", "--set", "warm_up=1 s"]);
    command.arg("--out").arg(folder.join("out")).arg("--journal").arg(folder.join("journal"));
    command
}

fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder")
}

fn summary(folder: &Path) -> Value {
    let text = std::fs::read_to_string(folder.join("out/summary.json")).expect("a summary");
    serde_json::from_str(&text).expect("JSON")
}

/// A run on a busy machine may be invalid; then it says so by its code, and why.
fn whole(code: Option<i32>, summary: &Value) {
    let valid = summary["valid"].as_bool().expect("valid");
    assert_eq!(code, Some(i32::from(!valid)), "{}", summary["warnings"]);
    let told = summary["warnings"].to_string().contains("invalid");
    assert_eq!(told, !valid, "{}", summary["warnings"]);
}

fn nothing_left(journal: &Path) {
    let left = Left::read(journal).expect("a journal");
    assert!(left.topics.is_empty() && left.groups.is_empty(), "{left:?}");
}

/// What every whole run of the smoke scenario must show: all records arrive, once.
fn conserves(summary: &Value) {
    let shop = &summary["producers"]["shop"];
    let of = |value: &Value| value.as_f64().expect("a number");
    assert_eq!(of(&shop["offered_records"]), 8_000.0, "4 s of 2,000 records/s");
    assert_eq!(of(&shop["appended_records"]), 8_000.0);
    assert_eq!(of(&shop["failed_records"]), 0.0);
    let billing = &summary["groups"]["billing"];
    assert_eq!(of(&billing["processed_records"]), 8_000.0);
    assert_eq!(of(&summary["topics"]["orders"]["appended_records"]), 8_000.0);
    for latency in [&shop["latency_ms"], &billing["e2e_latency_ms"]] {
        let (p50, p99, max) = (of(&latency["p50"]), of(&latency["p99"]), of(&latency["max"]));
        assert!(0.0 < p50 && p50 <= p99 && p99 <= max, "{latency}");
    }
    assert!(summary["brokers"].to_string().find("NaN").is_none());
}

#[test]
fn a_mock_is_measured_and_said_to_be_one() {
    let folder = folder();
    let out = short(folder.path()).output().expect("a run");
    let summary = summary(folder.path());
    whole(out.status.code(), &summary);
    conserves(&summary);
    assert_eq!(summary["engine"], "live");
    assert!(String::from_utf8_lossy(&out.stdout).contains("mock cluster was measured"));
    nothing_left(&folder.path().join("journal"));
    for file in ["report.html", "latency.csv", "figures/lag.svg", "figures/overlay.svg"] {
        assert!(folder.path().join("out").join(file).is_file(), "{file}");
    }
    if summary["valid"] == true {
        let row = std::fs::read_to_string(folder.path().join("out/runs_live.csv")).expect("a row");
        let mut reader = csv::Reader::from_reader(row.as_bytes());
        let header = reader.headers().expect("a header").clone();
        let row = reader.records().next().expect("a row").expect("fields");
        let of = |name: &str| {
            let index = header.iter().position(|one| one == name).expect("a column");
            row[index].to_owned()
        };
        assert_eq!([of("record_bytes"), of("acks"), of("partitions")], ["1024", "all", "6"]);
        assert!((of("records_s").parse::<f64>().expect("a rate") - 2_000.0).abs() < 100.0);
    }
}

#[test]
fn a_dry_run_touches_nothing() {
    let folder = folder();
    let mut command = short(folder.path());
    // Nobody listens there, and nobody is asked.
    let out = command.args(["--dry-run", "--bootstrap", "192.0.2.1:9092"]).output().expect("a run");
    let text = String::from_utf8_lossy(&out.stdout);
    assert_eq!(out.status.code(), Some(0), "{}", String::from_utf8_lossy(&out.stderr));
    assert!(text.contains("8 k records"), "{text}");
    assert!(text.contains("not this machine") && text.contains("6 partitions"), "{text}");
    assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 0);
}

/// Nothing is created, the reason is said, the code is 4.
fn refused(command: &mut Command, folder: &Path, words: &str) {
    let out = command.output().expect("a run");
    let text = String::from_utf8_lossy(&out.stderr);
    assert_eq!(out.status.code(), Some(4), "{text}");
    assert!(text.contains(words), "{text}");
    assert!(!folder.join("journal").exists(), "no journal, so nothing was created");
}

#[test]
fn another_machine_needs_consent() {
    let folder = folder();
    for address in ["192.0.2.1:9092", "127.0.0.1:1,192.0.2.1:9092"] {
        let mut command = short(folder.path());
        refused(command.args(["--bootstrap", address]), folder.path(), "not on this machine");
    }
}

#[test]
fn nobody_at_the_address_is_said_within_seconds() {
    let folder = folder();
    let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = free.local_addr().expect("its address").to_string();
    drop(free);
    let mut command = short(folder.path());
    refused(command.args(["--bootstrap", &address]), folder.path(), "no Kafka cluster answers");
}

#[test]
fn caps_refuse_more_than_was_allowed_by_name() {
    let folder = folder();
    for (cap, value) in
        [("--max-records", "7 k"), ("--max-bytes", "1 MiB"), ("--max-duration", "1 s")]
    {
        let mut command = short(folder.path());
        refused(command.args([cap, value]), folder.path(), cap);
    }
}

#[test]
fn a_full_disk_under_the_journal_stops_before_anything_is_created() {
    let folder = folder();
    let mut command = kafsim();
    command.arg("bench").arg(scenario()).arg("--out").arg(folder.path().join("out"));
    let out = command.args(["--journal", "/dev/full"]).output().expect("a run");
    let text = String::from_utf8_lossy(&out.stderr);
    assert_eq!(out.status.code(), Some(1), "{text}");
    assert!(text.contains("cannot write the journal /dev/full"), "{text}");
    assert!(!folder.path().join("out/summary.json").exists());
}

/// Ctrl-C in the middle: partial results, a journal without leftovers, 130.
fn interrupted(bootstrap: Option<&str>, after: Duration) {
    let folder = folder();
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_kafsim"));
    command.arg("bench").arg(scenario()).args(["--set", "duration=60 s"]);
    command.arg("--out").arg(folder.path().join("out"));
    command.arg("--journal").arg(folder.path().join("journal"));
    if let Some(addresses) = bootstrap {
        command.args(["--bootstrap", addresses]);
    }
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("a run");
    let journal = folder.path().join("journal");
    // The journal names the topic before anything else happens to it.
    for _ in 0..200 {
        if Left::read(&journal).is_ok_and(|left| left.topics.len() == 1) {
            break;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    std::thread::sleep(after);
    let kill = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(kill.expect("kill").success());
    let code = child.wait().expect("its end").code();
    assert_eq!(code, Some(130));
    nothing_left(&journal);
    let summary = summary(folder.path());
    let lasted = summary["duration_s"].as_f64().expect("a length");
    assert!(lasted < 59.0, "{lasted}");
}

#[test]
fn an_interrupt_cleans_up_and_keeps_what_was_measured() {
    interrupted(None, Duration::from_secs(7));
}

#[test]
fn no_secret_is_in_any_output() {
    let folder = folder();
    let secret = folder.path().join("secret");
    std::fs::write(&secret, format!("{CANARY}\n")).expect("a file");
    let from_file = format!("sasl.password=@{}", secret.display());
    let pairs = [
        vec![format!("sasl.password={CANARY}"), "security.protocol=SASL_PLAINTEXT".to_owned()],
        vec![from_file, "sasl.mechanisms=NO-SUCH".to_owned()],
        vec![format!("acks={CANARY}")],
        vec![CANARY.to_owned()],
        vec![format!("ssl.key.pem={CANARY}"), "security.protocol=SSL".to_owned()],
    ];
    for (index, pairs) in pairs.iter().enumerate() {
        for dry in [true, false] {
            let here = folder.path().join(format!("{index}-{dry}"));
            std::fs::create_dir(&here).expect("a folder");
            let mut command = short(&here);
            command.args(["--bootstrap", "127.0.0.1:1"]);
            for pair in pairs {
                command.args(["--config", pair]);
            }
            if dry {
                command.arg("--dry-run");
            }
            let out = command.output().expect("a run");
            let mut said = String::from_utf8_lossy(&out.stdout).into_owned();
            said += &String::from_utf8_lossy(&out.stderr);
            assert!(!said.contains(CANARY), "{said}");
            assert!(!said.is_empty());
            for file in files(&here) {
                let bytes = std::fs::read(&file).expect("a file");
                assert!(!String::from_utf8_lossy(&bytes).contains(CANARY), "{}", file.display());
            }
        }
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        if entry.path().is_dir() {
            found.extend(files(&entry.path()));
        } else {
            found.push(entry.path());
        }
    }
    found
}

/// The smoke scenario on a mock whose produce requests are answered with errors.
fn scripted(errors: &[i16]) -> kafsim::live::Measured {
    let plan = MockPlan { produce_errors: errors.to_vec(), round_trip: Duration::ZERO };
    played(plan, &[])
}

fn played(plan: MockPlan, sets: &[&str]) -> kafsim::live::Measured {
    let folder = folder();
    let sets = ["duration=4 s", "warm_up=1 s"].iter().chain(sets);
    let options =
        LoadOptions { sets: sets.map(|set| (*set).to_owned()).collect(), ..LoadOptions::default() };
    let checked = load(&scenario(), &options).expect("a scenario");
    let options = Options {
        caps: Caps::default(),
        security: Security::default(),
        journal: folder.path().join("journal"),
        cluster_id: None,
        yes: false,
        acts: Vec::new(),
    };
    let measured = bench(&checked.scenario, Seed::new(1), &Target::Mock(plan), &options);
    nothing_left(&folder.path().join("journal"));
    measured.expect("a run")
}

#[test]
fn errors_that_pass_are_retried_and_errors_that_stay_are_counted() {
    // Not the leader, timed out, too few replicas: sent again, nothing is lost.
    let passing = scripted(&[6, 7, 19]);
    assert_eq!(passing.ending, Ending::Whole);
    let shop = &passing.run.producers["shop"];
    assert_eq!([shop.appended_records, shop.failed_records], [8_000.0, 0.0]);
    // Not allowed: given up, and said.
    let lasting = scripted(&[29]);
    let shop = &lasting.run.producers["shop"];
    assert!(shop.failed_records > 0.0);
    assert_eq!(shop.appended_records + shop.failed_records, shop.offered_records);
    let said = lasting.run.warnings.join("\n");
    assert!(said.contains("uthoriz"), "{said}");
}

/// A cluster that answers after 200 ms takes 64 KiB per client and answer; 1 MiB/s are offered.
#[test]
fn a_full_local_queue_makes_a_run_invalid_and_shows_in_the_latency_from_the_intended_send() {
    let plan = MockPlan { produce_errors: Vec::new(), round_trip: Duration::from_millis(200) };
    let measured = played(plan, &["producers/shop/config/buffer.memory=65536"]);
    assert!(!measured.run.valid);
    let said = measured.run.warnings.join("\n");
    assert!(said.contains("local queue") && said.contains("sent late"), "{said}");
    let shop = &measured.run.producers["shop"];
    assert!(shop.blocked_share.expect("known") > 0.3, "{shop:?}");
    let intended = shop.latency_ms.expect("known").p50;
    let actual = measured.from_send["shop"].p50;
    assert!(intended > 2.0 * actual, "{intended} ms from the intended, {actual} from the actual");
}

#[test]
fn a_closed_loop_ends_at_its_cap_and_says_so() {
    let folder = folder();
    let mut command = short(folder.path());
    command.args(["--set", "producers/shop/load={closed_loop: true}", "--max-bytes", "40 MiB"]);
    let out = command.output().expect("a run");
    let text = String::from_utf8_lossy(&out.stderr);
    assert_eq!(out.status.code(), Some(5), "{text}");
    let summary = summary(folder.path());
    let sent = summary["producers"]["shop"]["offered_records"].as_f64().expect("a number");
    assert_eq!(sent, 40_960.0, "40 MiB of 1 KiB");
    assert!(summary["duration_s"].as_f64().expect("a length") < 4.0);
}

#[test]
fn a_scenario_that_operates_the_cluster_is_refused() {
    let quickstart = format!("{}/models/scenarios/quickstart.yaml", env!("CARGO_MANIFEST_DIR"));
    let out = kafsim().args(["bench", &quickstart, "--out", "none"]).output().expect("a run");
    assert_eq!(out.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&out.stderr).contains("cannot be played live"));
}

/// Addresses of a real cluster, or nothing with a word about it.
fn real() -> Option<String> {
    let addresses = std::env::var("KAFSIM_CLUSTER").ok().filter(|found| !found.is_empty());
    if addresses.is_none() {
        println!("KAFSIM_CLUSTER is not set: no real cluster");
    }
    addresses
}

/// Topics of the cluster that begin like ours, by the journal's own cleaner being idle and by
/// librdkafka's metadata.
fn topics_of(addresses: &str) -> Vec<String> {
    use rdkafka::consumer::{BaseConsumer, Consumer};
    let mut config = rdkafka::ClientConfig::new();
    let client: BaseConsumer =
        config.set("bootstrap.servers", addresses).create().expect("a client");
    let metadata = client.fetch_metadata(None, Duration::from_secs(10)).expect("metadata");
    let names = metadata.topics().iter().map(|topic| topic.name().to_owned());
    names.filter(|name| name.starts_with("kafsim-")).collect()
}

#[test]
fn on_a_real_cluster_everything_arrives_and_nothing_stays() {
    let Some(addresses) = real() else { return };
    let folder = folder();
    let mut command = short(folder.path());
    let out = command.args(["--bootstrap", &addresses]).output().expect("a run");
    let summary = summary(folder.path());
    whole(out.status.code(), &summary);
    conserves(&summary);
    nothing_left(&folder.path().join("journal"));
    // Another id than the cluster's is refused; the journal is new again.
    std::fs::remove_file(folder.path().join("journal")).expect("the journal");
    let mut command = short(folder.path());
    command.args(["--bootstrap", &addresses, "--cluster-id", "another"]);
    refused(&mut command, folder.path(), "the cluster's id is");
    // A crash leaves its topic, which the journal knows how to find.
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_kafsim"));
    child.arg("bench").arg(scenario()).args(["--out", "none", "--bootstrap", &addresses]);
    let journal = folder.path().join("journal");
    child.arg("--journal").arg(&journal).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = child.spawn().expect("a run");
    for _ in 0..200 {
        if topics_of(&addresses).len() == 1 {
            break;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    child.kill().expect("its end");
    child.wait().expect("its end");
    assert_eq!(topics_of(&addresses).len(), 1);
    let out = kafsim().arg("cleanup").arg("--journal").arg(&journal).output().expect("a run");
    assert_eq!(out.status.code(), Some(0), "{}", String::from_utf8_lossy(&out.stderr));
    nothing_left(&journal);
    for milliseconds in [0, 400, 3_000, 7_000] {
        interrupted(Some(&addresses), Duration::from_millis(milliseconds));
    }
    assert_eq!(topics_of(&addresses), Vec::<String>::new());
}

/// An experiment that is long enough for two steps.
fn experiment(words: &[&str], folder: &Path) -> Command {
    let mut command = kafsim();
    command.args(words).args(["--bootstrap", "mock", "--budget", "25 s", "--out"]).arg(folder);
    command
}

#[test]
fn an_experiment_is_told_before_it_does_anything() {
    let folder = folder();
    let out = folder.path().join("out");
    for words in [&["calibrate", "--dry-run"][..], &["validate", "--live", "--dry-run"]] {
        let mut command = kafsim();
        // Nobody listens there, and nobody is asked.
        command.args(words).args(["--bootstrap", "192.0.2.1:9092,192.0.2.2:9092", "--out"]);
        let told = command.arg(&out).output().expect("a run");
        let text = String::from_utf8_lossy(&told.stdout);
        assert_eq!(told.status.code(), Some(0), "{}", String::from_utf8_lossy(&told.stderr));
        assert!(text.contains("taken for 2 brokers") && text.contains("× 2"), "{text}");
        assert!(!out.exists());
    }
    let bad = [
        (vec!["calibrate", "--bootstrap", "mock", "--budget", "3 s"], "--budget", 2),
        (vec!["calibrate", "--bootstrap", "mock", "--budget", "soon"], "soon", 2),
        (vec!["calibrate", "--bootstrap", "mock", "--out", "none"], "none", 2),
        (vec!["calibrate"], "--from", 2),
        (vec!["validate", "--live"], "--bootstrap", 2),
        (vec!["validate", "--bootstrap", "mock", "x.csv"], "--live", 2),
        (vec!["calibrate", "--bootstrap", "192.0.2.1:9092"], "not on this machine", 4),
    ];
    for (words, said, code) in bad {
        let mut command = kafsim();
        command.args(&words).current_dir(folder.path());
        let told = command.output().expect("a run");
        let text = String::from_utf8_lossy(&told.stderr);
        assert_eq!(told.status.code(), Some(code), "{words:?}: {text}");
        assert!(text.contains(said), "{words:?}: {text}");
    }
}

/// Lines of a file, none when there is no file.
fn lines(path: &Path) -> usize {
    std::fs::read_to_string(path).map_or(0, |text| text.lines().count())
}

#[test]
fn a_calibration_that_was_interrupted_goes_on_and_is_validated_by_what_was_predicted_first() {
    let folder = folder();
    let out = folder.path().join("calibration");
    let state = out.join("steps.ndjson");
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_kafsim"));
    child.args(["calibrate", "--bootstrap", "mock", "--budget", "25 s", "--out"]).arg(&out);
    let mut child = child.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("a run");
    for _ in 0..1_200 {
        if lines(&state) == 2 {
            break;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(lines(&state), 2, "a head and a step");
    let kill = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(kill.expect("kill").success());
    assert_eq!(child.wait().expect("its end").code(), Some(5));
    assert_eq!(lines(&out.join("runs_fit.csv")), 2, "a header and what was measured until then");
    let journals = || files(&out).into_iter().filter(|path| path.ends_with("journal")).count();
    assert_eq!(journals(), 0);
    let first = std::fs::read_to_string(&state).expect("a state");
    // The same command goes on; values of one card keep the fit short.
    let words = ["calibrate", "--vary", "hosts/this-machine/speed"];
    let told = experiment(&words, &out).output().expect("a run");
    let text = String::from_utf8_lossy(&told.stderr);
    assert_eq!(told.status.code(), Some(0), "{text}");
    assert!(text.contains("1 of 2 measurements are there"), "{text}");
    let second = std::fs::read_to_string(&state).expect("a state");
    assert!(second.starts_with(&first) && second.lines().count() == 3, "{second}");
    for file in ["runs_fit.csv", "rigs/this-machine.yaml", "start/hosts/this-machine.yaml"] {
        assert!(out.join(file).is_file(), "{file}");
    }
    let summary = std::fs::read_to_string(out.join("summary.json")).expect("a summary");
    serde_json::from_str::<Value>(&summary).expect("JSON");
    // Everything is measured: a third call only fits.
    let told = experiment(&words, &out).output().expect("a run");
    assert_eq!(told.status.code(), Some(0));
    assert!(!String::from_utf8_lossy(&told.stderr).contains("warming up"));
    // Another budget is another plan, and says so instead of mixing both.
    let mut command = experiment(&words, &out);
    let told = command.args(["--budget", "40 s"]).output().expect("a run");
    assert_eq!(told.status.code(), Some(2), "{}", String::from_utf8_lossy(&told.stderr));
    assert_eq!(std::fs::read_to_string(&state).expect("a state"), second);
    validated(folder.path(), &out);
}

/// Predictions stand on the disk before the first step is measured, and are those that are judged.
fn validated(folder: &Path, cards: &Path) {
    let out = folder.join("validation");
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_kafsim"));
    command.args(["validate", "--live", "--bootstrap", "mock", "--budget", "25 s", "--cards"]);
    command.arg(cards).arg("--out").arg(&out).args(["--format", "json"]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("a run");
    for _ in 0..1_200 {
        if out.join("predictions.csv").is_file() {
            break;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let predicted = std::fs::read_to_string(out.join("predictions.csv")).expect("predictions");
    assert_eq!(lines(&out.join("steps.ndjson")), 1, "nothing is measured yet");
    let told = child.wait_with_output().expect("its end");
    assert_eq!(told.status.code(), Some(0));
    let found: Value = serde_json::from_slice(&told.stdout).expect("JSON");
    let again = std::fs::read_to_string(out.join("predictions.csv")).expect("predictions");
    assert_eq!(predicted, again);
    let rows = found["rows"].as_array().expect("rows");
    assert!(!rows.is_empty());
    for row in rows {
        assert_eq!(row["split"], "holdout");
        let begins = format!("{},", row["id"].as_str().expect("an id"));
        let quantity = format!(",{},", row["quantity"].as_str().expect("a quantity"));
        let line =
            predicted.lines().find(|line| line.starts_with(&begins) && line.contains(&quantity));
        let value = line.and_then(|line| line.rsplit(',').nth(2)).expect("a prediction");
        let value: f64 = value.parse().expect("a number");
        let judged = row["predicted"].as_f64().expect("a number");
        assert!((value - judged).abs() <= 1e-4 * judged.abs() + 1e-4, "{row} {line:?}");
    }
    // base and base-all differ in acks alone.
    let pairs = found["pairs"].as_array().expect("pairs");
    assert!(pairs.iter().any(|pair| pair["setting"] == "acks"), "{found}");
}

#[test]
fn acts_happen_at_their_instant_and_stand_among_the_events() {
    let folder = folder();
    let mark = folder.path().join("mark");
    let mut command = short(folder.path());
    command.arg("--act").arg(format!("2 s=touch {}", mark.display()));
    // Nothing is cut short by what fails.
    command.args(["--act", "1 s=exit 3"]);
    let out = command.output().expect("a run");
    let summary = summary(folder.path());
    whole(out.status.code(), &summary);
    conserves(&summary);
    assert!(mark.is_file());
    let text = std::fs::read_to_string(folder.path().join("out/events.csv")).expect("events");
    let acts: Vec<&str> = text.lines().filter(|line| line.contains(",act,")).collect();
    assert_eq!(acts.len(), 4, "{text}");
    for (line, at) in acts.iter().zip([1.0, 1.0, 2.0, 2.0]) {
        let seconds: f64 = line.split(',').next().and_then(|s| s.parse().ok()).expect("a time");
        assert!((at..at + 0.9).contains(&seconds), "{line}");
    }
    assert!(text.contains("exit status: 3"), "{text}");
    let mut command = short(folder.path());
    std::fs::remove_file(folder.path().join("journal")).expect("the journal");
    command.args(["--bootstrap", "192.0.2.1:9092", "--yes", "--act", "1 s=true"]);
    refused(&mut command, folder.path(), "--act is for clusters of one's own");
}

/// A number that depends on nothing but its place in a row.
fn pseudo_random(number: u64) -> u64 {
    let mixed = (number + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (mixed ^ (mixed >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9) >> 20
}

/// One run that gets a signal at some time; its journal.
fn struck(number: u64, bootstrap: Option<&str>, folder: &Path) -> PathBuf {
    let journal = folder.join(format!("journal-{number}"));
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_kafsim"));
    command.arg("bench").arg(scenario()).args(["--set", "duration=3 s", "--set", "warm_up=1 s"]);
    command.args(["--out", "none", "--journal"]).arg(&journal);
    if let Some(addresses) = bootstrap {
        command.args(["--bootstrap", addresses]);
    }
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("a run");
    std::thread::sleep(Duration::from_millis(pseudo_random(number) % 6_000));
    let signal = ["-INT", "-TERM", "-KILL"][(number % 3) as usize];
    // It may have ended by itself; then nobody is there to be struck.
    let pid = child.id().to_string();
    let _gone = std::process::Command::new("kill").args([signal, &pid]).output();
    for _ in 0..600 {
        if child.try_wait().expect("its state").is_some() {
            return journal;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    child.kill().expect("its end");
    panic!("run {number} did not end within 30 s of {signal}");
}

/// Runs that are struck at any time leave nothing that their journals do not know.
#[test]
fn a_hundred_interrupted_runs_leave_nothing() {
    let real = real();
    let (runs, at_once) = if real.is_some() { (100, 5) } else { (20, 5) };
    let folder = folder();
    let next = std::sync::atomic::AtomicU64::new(0);
    let journals = std::sync::Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..at_once {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                    if number >= runs {
                        return;
                    }
                    let journal = struck(number, real.as_deref(), folder.path());
                    journals.lock().expect("nobody fell").push(journal);
                }
            });
        }
    });
    let mut left = 0;
    for journal in journals.into_inner().expect("nobody fell") {
        // A run that was struck before it began has none, or an empty one.
        if std::fs::metadata(&journal).map_or(0, |found| found.len()) == 0 {
            continue;
        }
        left += Left::read(&journal).map_or(0, |left| left.topics.len());
        let out = kafsim().arg("cleanup").arg("--journal").arg(&journal).output().expect("a run");
        assert_eq!(out.status.code(), Some(0), "{}", String::from_utf8_lossy(&out.stderr));
    }
    println!("{left} topics were left to their journals");
    if let Some(addresses) = real {
        assert!(left > 0, "no run was struck while its topic was there");
        // A deletion that was asked for takes a moment.
        for _ in 0..100 {
            if topics_of(&addresses).is_empty() {
                break;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        assert_eq!(topics_of(&addresses), Vec::<String>::new());
    }
}

/// A broker that dies is noticed; what was measured until then is kept and marked by the code.
#[test]
fn a_broker_that_dies_ends_the_run() {
    let Some(addresses) = real().filter(|found| found.split(',').count() == 3) else { return };
    let broker = |what: &str| {
        let script = format!("{}/tests/cluster/broker", env!("CARGO_MANIFEST_DIR"));
        let done = std::process::Command::new(script).args([what, "3"]).status();
        assert!(done.expect("a script").success(), "{what}");
    };
    let folder = folder();
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_kafsim"));
    command.arg("bench").arg(scenario()).args(["--set", "duration=60 s", "--bootstrap"]);
    command.arg(&addresses).args(["--set", "topics/orders/replication_factor=3"]);
    command.args(["--set", "hosts/brokers/count=3"]);
    command.arg("--out").arg(folder.path().join("out"));
    command.arg("--journal").arg(folder.path().join("journal"));
    let child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("a run");
    std::thread::sleep(Duration::from_secs(12));
    broker("kill");
    let out = child.wait_with_output().expect("its end");
    broker("start");
    let text = String::from_utf8_lossy(&out.stderr);
    assert_eq!(out.status.code(), Some(4), "{text}");
    assert!(text.contains("not well"), "{text}");
    let lasted = summary(folder.path())["duration_s"].as_f64().expect("a length");
    assert!(lasted < 59.0, "{lasted}");
    let mut command = kafsim();
    command.arg("cleanup").arg("--journal").arg(folder.path().join("journal"));
    assert_eq!(command.output().expect("a run").status.code(), Some(0));
    nothing_left(&folder.path().join("journal"));
}
