//! A trigger of a `ScaledObject`: KEDA's Kafka scaler.

use crate::form::{Fields, Key, Shape, Table};
use crate::model::policies::KafkaTrigger;

const LAG: Shape = Shape::Count { min: 0, max: 1_000_000_000_000 };

pub(super) const TRIGGER: Table = &[
    Key::required("type", Shape::Word(&["kafka", "apache-kafka"]), "the scaler"),
    Key::required("metadata", Shape::Map(METADATA), "its settings"),
    Key::optional("name", Shape::Text, "without effect"),
    Key::default(
        "metricType",
        Shape::Word(&["AverageValue", "Value"]),
        "AverageValue",
        "whether the lag is shared out among the replicas",
    ),
    Key::default("useCachedMetrics", Shape::Flag, "false", "read the last poll's answer"),
    Key::optional("authenticationRef", Shape::Foreign("map"), "without effect"),
];
const METADATA: Table = &[
    Key::optional("bootstrapServers", Shape::Text, "without effect"),
    Key::required("consumerGroup", Shape::Text, "the consumer group"),
    Key::optional("topic", Shape::Text, "default: all topics of the group"),
    Key::optional("partitionLimitation", Shape::Text, "partitions that count, `1,2,10-12`"),
    Key::default("lagThreshold", LAG, "10", "lag for each replica"),
    Key::default("activationLagThreshold", LAG, "0", "active above this lag"),
    Key::default(
        "offsetResetPolicy",
        Shape::Word(&["latest", "earliest"]),
        "latest",
        "what a partition without a commit lags",
    ),
    Key::default("allowIdleConsumers", Shape::Flag, "false", "more replicas than partitions"),
    Key::default("excludePersistentLag", Shape::Flag, "false", "stuck partitions do not count"),
    Key::default("scaleToZeroOnInvalidOffset", Shape::Flag, "false", "no commit is no lag"),
    Key::default("limitToPartitionsWithLag", Shape::Flag, "false", "a replica per lagging one"),
    Key::default(
        "ensureEvenDistributionOfPartitions",
        Shape::Flag,
        "false",
        "only divisors of the number of partitions",
    ),
    Key::default("fullMetadata", Shape::Flag, "true", "without effect"),
    Key::optional("version", Shape::Text, "without effect"),
    Key::optional("tls", Shape::Text, "without effect"),
    Key::optional("unsafeSsl", Shape::Text, "without effect"),
    Key::optional("sasl", Shape::Text, "without effect"),
    Key::optional("saslTokenProvider", Shape::Text, "without effect"),
    Key::optional("awsRegion", Shape::Text, "without effect"),
];

pub(super) fn read(fields: &mut Fields<'_, '_>, index: usize) -> Option<KafkaTrigger> {
    fields.word("type")?;
    let value = fields.word("metricType")? == 1;
    let cached = fields.flag("useCachedMetrics")?;
    let mut settings = fields.map("metadata", METADATA)?;
    let trigger = read_settings(&mut settings, index)?;
    Some(KafkaTrigger { value, cached, ..trigger })
}

fn read_settings(fields: &mut Fields<'_, '_>, index: usize) -> Option<KafkaTrigger> {
    let group = fields.text("consumerGroup")?;
    let topic = fields.text("topic").filter(|topic| !topic.is_empty());
    let lag_threshold = fields.count("lagThreshold")? as i64;
    if lag_threshold == 0 {
        fields.refuse(
            "lagThreshold",
            "`0`",
            "a positive number: \"lagThreshold\" must be positive",
        );
        return None;
    }
    let flags = [
        "allowIdleConsumers",
        "limitToPartitionsWithLag",
        "ensureEvenDistributionOfPartitions",
        "excludePersistentLag",
        "scaleToZeroOnInvalidOffset",
    ]
    .map(|key| fields.flag(key));
    let [Some(idle), Some(limit), Some(even), Some(persistent), Some(zero)] = flags else {
        return None;
    };
    let full = fields.flag("fullMetadata")?;
    let sound = combinations(fields, topic.is_some(), [idle, limit, even, full]);
    let only = read_partitions(fields)?;
    let what = match &topic {
        Some(topic) => format!("kafka-{topic}"),
        None => format!("kafka-{group}-topics"),
    };
    let metric = format!("s{index}-{}", what.replace(['/', '.', ':', '%', '(', ')'], "-"));
    let activation_lag_threshold = fields.count("activationLagThreshold")? as i64;
    let earliest = fields.word("offsetResetPolicy")? == 1;
    sound.then_some(KafkaTrigger {
        metric,
        group,
        only: only.filter(|_| topic.is_some()),
        topic,
        lag_threshold,
        activation_lag_threshold,
        earliest,
        zero_on_invalid_offset: zero,
        allow_idle: idle,
        exclude_persistent: persistent,
        limit_to_lagging: limit,
        even,
        value: false,
        cached: false,
    })
}

/// What KEDA refuses, with its reason.
fn combinations(
    fields: &mut Fields<'_, '_>,
    topic: bool,
    [idle, limit, even, full]: [bool; 4],
) -> bool {
    let refusals = [
        (
            idle && limit,
            "limitToPartitionsWithLag",
            "allowIdleConsumers and limitToPartitionsWithLag cannot be set simultaneously",
        ),
        (
            limit && even,
            "limitToPartitionsWithLag",
            "limitToPartitionsWithLag and ensureEvenDistributionOfPartitions cannot be set \
             simultaneously",
        ),
        (
            limit && !topic,
            "limitToPartitionsWithLag",
            "topic must be specified when using limitToPartitionsWithLag",
        ),
        (
            even && !topic,
            "ensureEvenDistributionOfPartitions",
            "topic must be specified when using ensureEvenDistributionOfPartitions",
        ),
        (!full && !topic, "fullMetadata", "topic must be specified when fullMetadata is false"),
    ];
    let mut sound = true;
    for (refused, key, reason) in refusals {
        if refused {
            sound = false;
            let found = if key == "fullMetadata" { "`false`" } else { "`true`" };
            fields.refuse(key, found, format!("what KEDA takes: {reason}"));
        }
    }
    sound
}

/// Ranges of partitions; `Some(None)` for all.
fn read_partitions(fields: &mut Fields<'_, '_>) -> Option<Option<Vec<(u32, u32)>>> {
    if !fields.has("partitionLimitation") {
        return Some(None);
    }
    let text = fields.text("partitionLimitation")?;
    if text.trim().is_empty() {
        return Some(None);
    }
    let number = |word: &str| word.trim().parse::<u32>().ok();
    let range = |part: &str| match part.trim().split_once('-') {
        Some((from, to)) => Some((number(from)?, number(to)?)),
        None => number(part).map(|one| (one, one)),
    };
    let ranges: Option<Vec<(u32, u32)>> = text.split(',').map(range).collect();
    if ranges.is_none() {
        let allowed = "partitions and ranges of them, e.g. `1,2,10-12`";
        fields.refuse("partitionLimitation", format!("`{text}`"), allowed);
    }
    ranges.map(Some)
}
