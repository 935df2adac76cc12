//! Bad input is refused before any work, with a message a tired operator can act on.

mod edits;

use crate::support::problems;
use kafsim::scenario::{LoadOptions, load, load_text};

/// A small scenario that is right.
pub const GOOD: &str = "\
name: small
duration: 1 h
hosts:
  brokers: {card: lab-4c-16g, count: 3}
cluster:
  brokers: {run_on: brokers}
topics:
  orders: {partitions: 6, replication_factor: 3, config: {min.insync.replicas: 2}}
producers:
  shop:
    to: {orders: 1}
    records: {size: 1 KiB}
    load: {rate: 5 k/s}
groups:
  billing:
    reads: [orders]
    members: 2
slo:
  - \"lag(billing) < 100 k\"
";

fn refused(from: &str, to: &str, place: &str, words: &[&str]) {
    assert!(GOOD.contains(from), "{from}");
    let text = GOOD.replacen(from, to, 1);
    let found = problems(&text).unwrap_or_else(|why| panic!("`{to}`: {why}"));
    assert!(found.contains(place), "{place}: {found}");
    for word in words {
        assert!(found.contains(word), "{word}: {found}");
    }
}

#[test]
fn the_small_scenario_is_right() {
    let checked = load_text("s.yaml", GOOD, &LoadOptions::default()).expect("it is right");
    assert_eq!(checked.scenario.cluster.partitions.len(), 6);
}

#[test]
fn each_mistake_is_named_at_its_place() {
    refused("duration: 1 h", "duraton: 1 h", "s.yaml:2:1", &["did you mean `duration`?"]);
    refused("partitions: 6", "partitons: 6", "s.yaml:8:12", &["did you mean `partitions`?"]);
    refused("rate: 5 k/s", "rate: 5 KiB", "s.yaml:13:18", &["found `5 KiB`", "k/s"]);
    refused("rate: 5 k/s", "rate: 5", "s.yaml:13:18", &["found `5`", "a number and one of"]);
    refused("rate: 5 k/s", "rate: -5 k/s", "s.yaml:13:18", &["not negative"]);
    refused("rate: 5 k/s", "rate: 0 k/s", "s.yaml:13:18", &["a rate above zero"]);
    refused("rate: 5 k/s", "rate: NaN", "s.yaml:13:18", &["found `NaN`"]);
    refused("rate: 5 k/s", "rate: inf /s", "s.yaml:13:18", &["found `inf /s`"]);
    refused("rate: 5 k/s", "rate: 1e999 /s", "s.yaml:13:18", &["finite"]);
    refused("partitions: 6", "partitions: 0", "s.yaml:8:24", &["a whole number from 1"]);
    refused("partitions: 6", "partitions: 1000000000000", "s.yaml:8:24", &["from 1 to 1000000"]);
    refused("partitions: 6", "partitions: 1000000", "s.yaml:8:3", &["at most 2000000 replicas"]);
    refused("factor: 3", "factor: 4", "s.yaml:8:47", &["4 replicas on 3 brokers", "at most 3"]);
    refused("replicas: 2}", "replicas: 4}", "s.yaml:8:80", &["4 in-sync replicas"]);
    refused("lab-4c-16g", "lab-4c-16", "s.yaml:4:19", &["did you mean `lab-4c-16g`?"]);
    refused("run_on: brokers", "run_on: broker", "s.yaml:6:21", &["did you mean `brokers`?"]);
    refused("reads: [orders]", "reads: [order]", "s.yaml:16:13", &["did you mean `orders`?"]);
    refused("lag(billing)", "lag(biling)", "s.yaml:19:5", &["did you mean `billing`?"]);
    refused("to: {orders: 1}", "to: {orders: 0}", "s.yaml:11:18", &["a share above 0"]);
    refused("size: 1 KiB", "size: exp(0 B)", "s.yaml:12:", &["size"]);
    // What refers to a section with a misspelt name has nothing to choose from.
    refused("groups:", "grups:", "s.yaml:14:1", &["did you mean `groups`?", "defines none"]);
    refused("duration: 1 h", "duration: 0 s", "s.yaml:2:11", &["more than 0 s"]);
    refused("name: small", "name: ../x", "s.yaml:1:7", &["letters, digits"]);
}

#[test]
fn links_are_between_two_known_zones() {
    let refused = |links: &str, words: &[&str]| {
        let zones = "count: 3, zones: [a, b, c]}\nnetwork: {links: [";
        refused("count: 3}\n", &format!("{zones}{links}]}}\n"), "s.yaml:5:", words);
    };
    refused("{between: [a, d], rtt: 1 ms}", &["`d`", "a, b, c"]);
    refused("{between: [a], rtt: 1 ms}", &["1 zones", "two zones"]);
    refused("{between: [a, a], rtt: 1 ms}", &["`a` twice", "rtt_same_zone"]);
    refused("{between: [a, b], rtt: 1 ms}, {between: [b, a], rtt: 2 ms}", &["one link for each"]);
    refused("{between: [a, b], rtt: 1}", &["found `1`"]);
    refused("{between: [a, b]}", &["rtt"]);
    refused("{between: [a, b], rtt: 1 ms, bandwidth: 0 B/s}", &["above zero"]);
}

#[test]
fn credit_has_a_baseline_below_the_burst() {
    let card = |more: &str| {
        format!(
            "card: hosts\nname: own\nabout: a\nsource: b\ndate: 2026-11-27\nvalues:\n  \
             cores: {{value: \"4\"}}\n  memory: {{value: \"16 GiB\"}}\n  \
             nic_in: {{value: \"1 GB/s\"}}\n  nic_out: {{value: \"1 GB/s\"}}\n  \
             disk_write: {{value: \"200 MB/s\"}}\n  disk_read: {{value: \"200 MB/s\"}}\n  \
             disk_capacity: {{value: \"1 TB\"}}\n{more}"
        )
    };
    let folder = tempfile::tempdir().expect("a folder");
    let with = |more: &str| {
        let card = card(more).replace("\"}", "\", uncertainty: \"± 1 %\"}");
        std::fs::write(folder.path().join("own.yaml"), card).expect("written");
        let text = GOOD.replace("lab-4c-16g", "./own.yaml");
        let file = folder.path().join("s.yaml");
        std::fs::write(&file, text).expect("written");
        load(&file.display().to_string(), &LoadOptions::default())
            .map(|_| ())
            .map_err(|error| error.to_string())
    };
    with("").expect("a sound card");
    with("  disk_baseline: {value: \"50 MB/s\"}\n  disk_credit: {value: \"9 GB\"}\n")
        .expect("a sound card");
    let alone = with("  disk_baseline: {value: \"50 MB/s\"}\n").expect_err("half a credit");
    assert!(alone.contains("`disk_credit` beside it"), "{alone}");
    let above = "  nic_baseline: {value: \"2 GB/s\"}\n  nic_credit: {value: \"9 GB\"}\n";
    let above = with(above).expect_err("a baseline above the burst");
    assert!(above.contains("less than what it is with credit"), "{above}");
}

#[test]
fn kafkas_properties_are_of_three_kinds() {
    let with = |config: &str| {
        let config = format!("min.insync.replicas: 2, {config}");
        GOOD.replacen("min.insync.replicas: 2", &config, 1)
    };
    let known = load_text("s.yaml", &with("max.message.bytes: 5"), &LoadOptions::default());
    let warnings = known.expect("it is allowed").warnings;
    assert!(warnings.iter().any(|w| w.found.contains("max.message.bytes")), "{warnings:?}");
    let found = problems(&with("retention.sm: 5")).expect("it is refused");
    assert!(found.contains("did you mean `retention.ms`?"), "{found}");
    let found = problems(&with("retention.ms: 5 h")).expect("it is refused");
    assert!(found.contains("a whole number"), "{found}");
    let found = problems(&with("cleanup.policy: compact")).expect("it is refused");
    assert!(found.contains("not simulated yet"), "{found}");
}

#[test]
fn members_on_the_timeline_name_their_group_and_a_sound_count() {
    for (addition, word) in [
        ("timeline: [{after: 1 min, do: kill_members}]\n", "group"),
        ("timeline: [{after: 1 min, do: kill_members, group: billing, count: 0}]\n", "count"),
        ("timeline: [{after: 1 min, do: add_members, group: g, lasts: 1 min}]\n", "lasts"),
        ("timeline: [{after: 1 min, do: remove_members, group: nobody}]\n", "`nobody`"),
    ] {
        let found = problems(&format!("{GOOD}{addition}")).expect("it is refused");
        assert!(found.contains(word), "{found}");
    }
}

#[test]
fn faults_name_brokers_that_are_there_and_can_befall_them() {
    let refused = |entries: &str, place: &str, words: &[&str]| {
        let text = format!("{GOOD}timeline:\n{entries}");
        let found = problems(&text).unwrap_or_else(|why| panic!("{entries}: {why}"));
        assert!(found.contains(place), "{place}: {found}");
        for word in words {
            assert!(found.contains(word), "{word}: {found}");
        }
    };
    let one = |entry: &str, place: &str, words: &[&str]| {
        refused(&format!("  - {{after: 1 min, do: {entry}}}\n"), place, words);
    };
    one("kill_broker", "s.yaml:21:5", &["the key `broker`"]);
    one("kill_broker, broker: 4", "s.yaml:21:45", &["found `4`", "a node.id from 1 to 3"]);
    one("kill_broker, broker: two", "s.yaml:21:45", &["found `two`", "a whole number"]);
    one("stop_broker, broker: 0", "s.yaml:21:45", &["found `0`", "from 1 to 3"]);
    one("kill_broker, broker: 1, lasts: 0 s", "s.yaml:21:55", &["above zero"]);
    one("kill_broker, broker: 1, lasts: 5", "s.yaml:21:55", &["found `5`"]);
    one("start_broker, broker: 1, lasts: 5 s", "s.yaml:21:49", &["`lasts`"]);
    one("start_broker, broker: 1", "s.yaml:21:5", &["broker 1 runs at 1 min", "that is down"]);
    one("lose_zone, zone: b", "s.yaml:21:41", &["found `b`"]);
    one("lose_zone", "s.yaml:21:5", &["the key `zone`"]);
    // The only zone there is has all brokers.
    let machine = &load_text("s.yaml", GOOD, &LoadOptions::default()).expect("right").scenario;
    let zone = format!("lose_zone, zone: {:?}", machine.cluster.brokers[0].rack);
    one(&zone, "s.yaml:21:5", &["no broker runs after 1 min", "at least one broker"]);
    one("kill_brokr, broker: 1", "s.yaml:21:24", &["did you mean `kill_broker`?"]);
    let kill = |minute: u32, broker: u32, more: &str| {
        format!("  - {{after: {minute} min, do: kill_broker, broker: {broker}{more}}}\n")
    };
    let twice = kill(1, 2, "") + &kill(2, 2, "");
    refused(&twice, "s.yaml:22:5", &["broker 2 is down at 2 min", "a broker that runs"]);
    refused(&(kill(1, 2, ", lasts: 5 min") + &kill(5, 2, "")), "s.yaml:22:5", &["is down at 5"]);
    let all = kill(1, 1, "") + &kill(2, 2, "") + &kill(3, 3, "");
    refused(&all, "s.yaml:23:5", &["no broker runs after 3 min"]);
    // In the order of time, not of the lines.
    refused(&(kill(5, 1, "") + &kill(4, 1, "")), "s.yaml:21:5", &["broker 1 is down at 5 min"]);
    let moves = kill(1, 1, "") + "  - {after: 2 min, do: add_brokers}\n";
    refused(&moves, "s.yaml:21:3", &["faults of brokers and moves of partitions", "yet"]);
    // Requests do not know who reads from a follower that fails.
    let aware = "cluster:\n  config: {replica.selector.class: \
                 org.apache.kafka.common.replica.RackAwareReplicaSelector}\n";
    let text = GOOD.replacen("cluster:\n", aware, 1) + "engine: des\ntimeline:\n";
    let found = problems(&(text + &kill(1, 1, ""))).expect("it is refused");
    assert!(found.contains("rack-aware") && found.contains("yet"), "{found}");
    let other = "engine: des\ntimeline:\n  - {after: 1 min, do: scale_group, group: billing, \
                 members: 3}\n";
    let found = problems(&format!("{GOOD}{other}{}", kill(2, 1, ""))).expect("it is refused");
    assert!(found.contains("only faults of brokers"), "{found}");
    // Back after five minutes, and gone again.
    let again = kill(1, 2, ", lasts: 5 min") + &kill(6, 2, "");
    let start = "  - {after: 7 min, do: start_broker, broker: 2}\n";
    let sound = format!("{GOOD}timeline:\n{again}{start}");
    load_text("s.yaml", &sound, &LoadOptions::default()).expect("these are right");
}

#[test]
fn properties_of_failover_are_checked() {
    let with = |property: &str| {
        let config = format!("cluster:\n  config: {{{property}}}\n");
        let found = problems(&GOOD.replacen("cluster:\n", &config, 1));
        found.unwrap_or_else(|why| panic!("{property}: {why}"))
    };
    for (property, words) in [
        ("broker.session.timeout.ms: 0", "a whole number of at least 1"),
        ("broker.heartbeat.interval.ms: fast", "found `fast`"),
        ("auto.leader.rebalance.enable: maybe", "true or false"),
        ("leader.imbalance.check.interval.seconds: 0", "at least 1"),
        ("num.recovery.threads.per.data.dir: 0", "at least 1"),
    ] {
        let found = with(property);
        assert!(found.contains(words), "{property}: {found}");
    }
}

#[test]
fn what_is_not_simulated_yet_is_refused_by_name() {
    for (addition, word) in [
        ("engine: des\ntimeline: [{after: 1 min, do: add_brokers}]\n", "engine des"),
        ("clusters: {east: {}}\n", "`clusters`"),
        ("mirrors: [{from: a, to: b}]\n", "`mirrors`"),
        ("timeline: [{after: 1 min, do: slow_disk, broker: 1}]\n", "`slow_disk`"),
    ] {
        let found = problems(&format!("{GOOD}{addition}")).expect("it is refused");
        assert!(found.contains(word) && found.contains("yet"), "{found}");
    }
    refused("lag(billing) < 100 k", "availability(shop) > 99 %", "s.yaml:19:5", &["not simulated"]);
    let closed = GOOD.replacen("load: {rate: 5 k/s}", "load: {closed_loop: true}", 1);
    let found = problems(&format!("{closed}engine: fluid\n")).expect("it is refused");
    assert!(found.contains("closed loop"), "{found}");
    let cold = problems(&format!("{GOOD}engine: fluid\ninitial: {{page_cache: cold}}\n"));
    let cold = cold.expect("it is refused");
    assert!(cold.contains("cold page cache"), "{cold}");
}

#[test]
fn a_wrong_word_of_the_timeline_is_not_told_that_others_are_allowed() {
    let found =
        problems(&format!("{GOOD}timeline: [{{after: 1 min, do: kil_broker, broker: 1}}]\n"));
    let found = found.expect("it is refused");
    assert!(
        found.contains("did you mean `kill_broker`?") && found.contains("lose_zone"),
        "{found}"
    );
    assert!(!found.contains("slow_disk"), "{found}");
}

#[test]
fn codecs_quotas_and_encryption_say_what_they_allow() {
    for (from, to, words) in [
        (
            "load: {rate: 5 k/s}",
            "config: {compression.type: zst}\n    load: {rate: 5 k/s}",
            ["s.yaml:13:32: producers/shop/config/compression.type", "did you mean `zstd`?"],
        ),
        (
            "load: {rate: 5 k/s}",
            "config: {compression.type: zstd, compression.zstd.level: 5}\n    load: {rate: 5 k/s}",
            ["s.yaml:13:62: producers/shop/config/compression.zstd.level", "zstd-9"],
        ),
        ("size: 1 KiB", "size: 1 KiB, compresses: jsn", ["`jsn`", "did you mean `json`?"]),
        (
            "load: {rate: 5 k/s}",
            "quota: {producer_byte_rate: 0 B/s}\n    load: {rate: 5 k/s}",
            ["`0 B/s`", "above zero"],
        ),
        (
            "reads: [orders]",
            "quota: {producer_byte_rate: 1 MB/s}\n    reads: [orders]",
            ["producer_byte_rate", "did you mean `consumer_byte_rate`?"],
        ),
        (
            "load: {rate: 5 k/s}",
            "quota: {request_percentage: 0}\n    load: {rate: 5 k/s}",
            ["request_percentage", "0.01"],
        ),
        (
            "min.insync.replicas: 2",
            "compression.type: zst",
            ["s.yaml:8:77: topics/orders/config/compression.type", "did you mean `zstd`?"],
        ),
        (
            "min.insync.replicas: 2",
            "compression.type: gzip, compression.gzip.level: 3",
            ["topics/orders/config/compression.gzip.level", "gzip-9"],
        ),
        (
            "reads: [orders]",
            "config: {client.rack: zon}\n    reads: [orders]",
            ["s.yaml:16:27: groups/billing/config/client.rack", "did you mean `zone`?"],
        ),
        (
            "brokers: {run_on",
            "config: {replica.selector.class: RackAware}\n  brokers: {run_on",
            ["replica.selector.class", "org.apache.kafka.common.replica.RackAwareReplicaSelector"],
        ),
        ("brokers: {run_on", "tls: always\n  brokers: {run_on", ["`always`", "none, clients, all"]),
    ] {
        let text = GOOD.replacen(from, to, 1);
        assert_ne!(text, GOOD, "{from}");
        let found = problems(&text).expect("it is refused");
        assert!(words.iter().all(|word| found.contains(word)), "{words:?}: {found}");
    }
}

#[test]
fn a_run_that_would_not_fit_into_memory_is_refused() {
    let producer = "    to: {orders: 1}\n    records: {size: 1 KiB}\n    load: {rate: 5 k/s}\n";
    let producers: String = (0..900).map(|n| format!("  p{n}:\n{producer}")).collect();
    let text = GOOD.replacen("partitions: 6", "partitions: 100000", 1).replacen(
        "producers:\n",
        &format!("producers:\n{producers}"),
        1,
    );
    let found = problems(&text).expect("it is refused");
    assert!(found.contains("s.yaml:8:3") && found.contains("at most 8 GiB"), "{found}");
}

#[test]
fn all_problems_come_in_one_go() {
    let text = GOOD.replace("partitions: 6", "partitions: 0").replace("5 k/s", "5 x");
    let found = problems(&text).expect("it is refused");
    assert_eq!(found.lines().count(), 2, "{found}");
}

#[test]
fn odd_text_is_refused_or_read() {
    let deep = format!("{GOOD}initial: {}", "[".repeat(200_000));
    let deeper = format!(
        "{GOOD}initial:\n{}",
        (1..200).map(|n| format!("{}a:\n", " ".repeat(n))).collect::<String>()
    );
    for (text, word) in [
        (String::new(), "an empty file"),
        ("\u{1}\u{2}\u{3}\u{7f}".to_owned(), "control characters"),
        (format!("{GOOD}name: again\n"), "the key `name` a second time"),
        (format!("{GOOD}initial: &a [*a, *a]\n"), "an anchor, alias or tag"),
        (deep, "nesting deeper than 32"),
        (deeper, "nesting deeper than 32"),
        ("- a\n- b\n".to_owned(), "a map with the keys"),
        (" ".repeat(2_000_000), "at most 1048576 bytes"),
    ] {
        let found = problems(&text).expect("it is refused");
        assert!(found.contains(word), "{word}: {found}");
    }
    let windows = format!("\u{feff}{}", GOOD.replace('\n', "\r\n"));
    load_text("s.yaml", &windows, &LoadOptions::default()).expect("BOM and CRLF are read");
    let norway = GOOD.replace("orders", "no").replace("billing", "off").replace("shop", "y");
    let checked = load_text("s.yaml", &norway, &LoadOptions::default()).expect("words are names");
    assert_eq!(checked.scenario.cluster.topics[0].name, "no");
}

#[test]
fn files_that_are_named_are_checked_too() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("a file");
        path.display().to_string()
    };
    let refused = |text: &str, words: &[&str]| {
        let file = write("s.yaml", text);
        let error = load(&file, &LoadOptions::default()).expect_err("it is refused");
        assert_eq!(error.exit_code(), 2);
        for word in words {
            assert!(error.to_string().contains(word), "{word}: {error}");
        }
    };
    write("a.yaml", "extends: b.yaml\nname: a\n");
    write("b.yaml", "extends: a.yaml\nname: b\n");
    refused("extends: a.yaml\n", &["files that extend each other", "a.yaml → "]);
    refused("extends: gone.yaml\n", &["s.yaml:1:10", "gone.yaml"]);
    write("curve.yaml", "curve: scaled\nby: 2\nof: {curve: curve.yaml}\n");
    let load_of = |load: &str| GOOD.replacen("load: {rate: 5 k/s}", &format!("load: {load}"), 1);
    refused(&load_of("{curve: curve.yaml}"), &["curves in a circle"]);
    write("back.csv", "time,rate\n0,10\n3600,20\n1800,5\n");
    refused(&load_of("{trace: back.csv}"), &["back.csv:4", "a time later than the row before"]);
    write("short.csv", "time,rate\n0,10\n60,20\n");
    refused(&load_of("{trace: short.csv}"), &["a trace that covers the run"]);
    let policy = include_str!("../../models/policies/seed.yaml");
    write("policy.yaml", &policy.replace("min_brokers: 3", "min_brokers: 30"));
    let scaled =
        format!("{GOOD}autoscaling: [{{policy: policy.yaml, scales: {{brokers: cluster}}}}]\n");
    refused(&scaled, &["policy.yaml:22", "30 above max_brokers 10"]);
    write("hpa.yaml", "kind: HorizontalPodAutoscaler\nspec: {}\n");
    refused(&scaled.replace("policy.yaml", "hpa.yaml"), &["hpa.yaml:1:1", "`apiVersion`"]);
    write(
        "card.yaml",
        "card: hosts\nname: x\nabout: x\nsource: x\ndate: x\nvalues: {cores: {value: 4}}\n",
    );
    refused(&GOOD.replace("lab-4c-16g", "./card.yaml"), &["card.yaml:6", "uncertainty"]);
}

#[test]
fn a_file_extends_another() {
    let folder = tempfile::tempdir().expect("a folder");
    let base = folder.path().join("base.yaml");
    std::fs::write(&base, GOOD).expect("a file");
    let file = folder.path().join("big.yaml");
    let text = "extends: base.yaml\nname: big\ntopics: {orders: {partitions: 48}}\nslo: []\n";
    std::fs::write(&file, text).expect("a file");
    let checked = load(&file.display().to_string(), &LoadOptions::default()).expect("it is right");
    assert_eq!(checked.scenario.name, "big");
    assert_eq!(checked.scenario.cluster.partitions.len(), 48);
    assert_eq!(checked.scenario.cluster.topics[0].settings.min_insync_replicas, 2, "maps merge");
    assert!(checked.scenario.slo.is_empty(), "lists replace");
}

#[test]
fn a_ratio_that_a_variation_lifts_above_one_is_one() {
    // A codec stores what it would make longer; a fit varies its ratio all the same.
    let compressed = "records: {size: 1 KiB, compresses: letters}\n    \
                      config: {compression.type: lz4}";
    let text = GOOD.replacen("records: {size: 1 KiB}", compressed, 1);
    let factors = [("codecs/lz4/ratio_letters".to_owned(), 1.1)].into_iter().collect();
    let options = LoadOptions { factors, ..LoadOptions::default() };
    let checked = load_text("s.yaml", &text, &options).expect("it is sound");
    assert_eq!(checked.scenario.producers[0].settings.codec.ratio, 1.0);
}
