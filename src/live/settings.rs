//! The scenario's client settings under librdkafka's names.

use super::Security;
use crate::error::{Error, Result};
use crate::model::assignor::Assignor;
use crate::model::client::{Acks, Commits};
use crate::scenario::{Group, GroupProtocol, Producer, Scenario};
use rdkafka::ClientConfig;

/// Statistics of librdkafka come so often.
const STATISTICS_MS: u64 = 500;

fn common(bootstrap: &str, security: &Security) -> ClientConfig {
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", bootstrap)
        .set("client.id", "kafsim")
        .set("statistics.interval.ms", STATISTICS_MS.to_string())
        .set("allow.auto.create.topics", "false")
        // Nothing is reported to the cluster that it did not ask the scenario for.
        .set("enable.metrics.push", "false");
    security.apply(&mut config);
    config
}

/// A producer client's settings.
pub(super) fn producer(
    spec: &Producer,
    codec: Option<&(String, Option<String>)>,
    bootstrap: &str,
    security: &Security,
) -> ClientConfig {
    let settings = &spec.settings;
    let mut config = common(bootstrap, security);
    let acks = match settings.acks {
        Acks::None => "0",
        Acks::Leader => "1",
        Acks::All => "all",
    };
    let whole = |value: u64| value.to_string();
    let memory = settings.buffer_memory.get().div_ceil(1_024).clamp(1, 2_097_151);
    config
        .set("acks", acks)
        // As the Java client does: idempotence goes with acks=all.
        .set("enable.idempotence", (settings.acks == Acks::All).to_string())
        .set("batch.size", whole(settings.batch_size.get().clamp(1, 2_147_483_647)))
        // The Java client limits batches by bytes only.
        .set("batch.num.messages", "1000000")
        .set("linger.ms", (settings.linger.as_nanos() as f64 / 1e6).to_string())
        .set("queue.buffering.max.kbytes", whole(memory))
        .set("queue.buffering.max.messages", "0")
        .set("max.in.flight.requests.per.connection", settings.max_in_flight.to_string())
        .set(
            "message.max.bytes",
            whole(settings.max_request_size.get().clamp(1_000, 1_000_000_000)),
        )
        .set("delivery.timeout.ms", whole(settings.delivery_timeout.as_millis()))
        .set("request.timeout.ms", whole(settings.request_timeout.as_millis().clamp(1, 900_000)))
        .set("retry.backoff.ms", whole(settings.retry_backoff.as_millis().clamp(1, 300_000)))
        .set(
            "retry.backoff.max.ms",
            whole(settings.retry_backoff_max.as_millis().clamp(1, 300_000)),
        )
        .set("socket.send.buffer.bytes", whole(settings.send_buffer.get().min(100_000_000)));
    if let Some((name, level)) = codec.filter(|_| settings.codec.compresses()) {
        config.set("compression.type", name);
        if let Some(level) = level {
            config.set("compression.level", level);
        }
    }
    config
}

/// The codec of the scenario with its level, from the card that it uses.
///
/// # Errors
/// Two codecs in one scenario: which producer has which is not known here.
pub(super) fn codec(scenario: &Scenario) -> Result<Option<(String, Option<String>)>> {
    let mut cards = scenario.cards.keys().filter_map(|card| card.strip_prefix("codecs/"));
    let Some(first) = cards.next() else { return Ok(None) };
    if cards.next().is_some() {
        return Err(Error::usage("the live mode plays scenarios with one codec at a time"));
    }
    Ok(Some(match first.split_once('-') {
        Some((name, level)) => (name.to_owned(), Some(level.to_owned())),
        None => (first.to_owned(), None),
    }))
}

/// A consumer's settings.
pub(super) fn consumer(
    spec: &Group,
    group: &str,
    bootstrap: &str,
    security: &Security,
) -> ClientConfig {
    let settings = &spec.settings;
    let mut config = common(bootstrap, security);
    let whole = |value: u64, least: u64, most: u64| value.clamp(least, most).to_string();
    let most = settings.fetch_max.get().max(settings.max_partition_fetch.get());
    config
        .set("group.id", group)
        .set("auto.offset.reset", "earliest")
        .set("fetch.min.bytes", whole(settings.fetch_min.get(), 1, 100_000_000))
        .set("fetch.wait.max.ms", whole(settings.fetch_max_wait.as_millis(), 0, 300_000))
        .set(
            "max.partition.fetch.bytes",
            whole(settings.max_partition_fetch.get(), 1, 1_000_000_000),
        )
        .set("fetch.max.bytes", whole(most, 1_000_000, 2_147_483_135))
        .set("receive.message.max.bytes", whole(most + 512, 1_000_512, 2_147_483_647))
        .set("socket.receive.buffer.bytes", whole(settings.receive_buffer.get(), 0, 100_000_000))
        .set("enable.auto.commit", (settings.commits == Commits::Interval).to_string())
        .set(
            "auto.commit.interval.ms",
            whole(settings.auto_commit_interval.as_millis(), 1, 86_400_000),
        );
    if spec.protocol == GroupProtocol::Consumer {
        config.set("group.protocol", "consumer");
    } else {
        let assignor = match (spec.protocol, spec.assignor) {
            (GroupProtocol::Cooperative, _) => "cooperative-sticky",
            (_, Assignor::RoundRobin(_)) => "roundrobin",
            _ => "range",
        };
        config
            .set("partition.assignment.strategy", assignor)
            .set("session.timeout.ms", whole(settings.session_timeout.as_millis(), 1, 3_600_000))
            .set(
                "heartbeat.interval.ms",
                whole(settings.heartbeat_interval.as_millis(), 1, 3_600_000),
            );
    }
    let interval = settings.max_poll_interval.as_millis().max(settings.session_timeout.as_millis());
    config.set("max.poll.interval.ms", whole(interval, 1, 86_400_000));
    config
}
