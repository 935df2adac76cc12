//! `summary.json` and `--format json`: what programs may rely on.

use crate::analysis::{CONFIDENCE, replications};
use crate::metrics::{
    AlertEntry, BrokerOutcome, Cost, DecisionEntry, GroupOutcome, ObjectiveOutcome, OperationEntry,
    OutageEntry, Population, ProducerOutcome, Quantiles, ResourceUse, Run, Spread, TopicOutcome,
    Utilisation,
};
use crate::report::document::VERSION;
use crate::units::{SimSpan, SimTime};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// The JSON Schema of the summary.
pub const SCHEMA: &str = include_str!("summary.schema.json");

/// The summary as text, keys sorted.
pub fn text(run: &Run) -> String {
    format!("{:#}\n", summary(run))
}

/// The summary; an absent number is null, never NaN.
pub fn summary(run: &Run) -> Value {
    let mut summary = json!({
        "schema": "kafsim/summary/1",
        "kafsim": VERSION,
        "scenario": run.scenario,
        "scenario_hash": run.scenario_hash,
        "cards": run.cards,
        "seed": run.seed.get(),
        "engine": run.engine.word(),
        "replications": 1 + run.others.len(),
        "duration_s": run.duration.as_secs_f64(),
        "valid": run.valid,
        "warnings": run.warnings,
        "outside_calibration": run.outside_calibration,
        "remarks": run.remarks,
        "producers": named(&run.producers, producer),
        "topics": named(&run.topics, topic),
        "groups": named(&run.groups, group),
        "brokers": named(&run.brokers, broker),
        "bottleneck": {
            "resource": run.bottleneck.resource,
            "utilisation": number(run.bottleneck.utilisation),
            "saturates_at_load_factor": maybe(run.bottleneck.saturates_at_load_factor),
            "by_resource": list(&run.bottleneck.by_resource, resource),
        },
        "publish_path_ms": path(run),
        "slo": list(&run.slo, objective),
        "decisions": list(&run.decisions, decision),
        "alerts": list(&run.alerts, alert),
        "operations": list(&run.operations, operation),
        "outages": list(&run.outages, outage),
        "lost_records": run.lost_records,
        "cost": run.cost.as_ref().map(cost),
    });
    if !run.others.is_empty() {
        let all: Vec<Value> = std::iter::once(run).chain(&run.others).map(measured).collect();
        summary["intervals"] = intervals(&all.iter().collect::<Vec<_>>());
    }
    summary
}

/// The parts of a summary that chance moves.
fn measured(run: &Run) -> Value {
    json!({
        "producers": named(&run.producers, producer),
        "topics": named(&run.topics, topic),
        "groups": named(&run.groups, group),
        "brokers": named(&run.brokers, broker),
    })
}

/// The tree of the first replication with `[low95, high95]` for every number; null for what not
/// all replications know.
fn intervals(all: &[&Value]) -> Value {
    let Some(first) = all.first() else { return Value::Null };
    if let Value::Object(first) = first {
        let below = |key: &String| {
            let values: Option<Vec<&Value>> = all.iter().map(|one| one.get(key)).collect();
            (key.clone(), values.map_or(Value::Null, |values| intervals(&values)))
        };
        return Value::Object(first.keys().map(below).collect());
    }
    let numbers: Option<Vec<f64>> = all.iter().map(|one| one.as_f64()).collect();
    let Some(numbers) = numbers else { return Value::Null };
    let interval = replications(&numbers, CONFIDENCE);
    json!([number(interval.low()), number(interval.high())])
}

/// Where publish time goes, part by part; null when the engine knows no requests.
fn path(run: &Run) -> Value {
    if run.path.is_empty() {
        return Value::Null;
    }
    let parts = run
        .path
        .iter()
        .map(|(name, p50, p99)| json!({"part": name, "p50": number(*p50), "p99": number(*p99)}));
    Value::Array(parts.collect())
}

fn named<K: ToString, T>(map: &BTreeMap<K, T>, value: fn(&T) -> Value) -> Value {
    let entries = map.iter().map(|(key, one)| (key.to_string(), value(one)));
    Value::Object(entries.collect::<Map<String, Value>>())
}

fn list<T>(items: &[T], value: fn(&T) -> Value) -> Vec<Value> {
    items.iter().map(value).collect()
}

fn producer(one: &ProducerOutcome) -> Value {
    json!({
        "offered_records_s": number(one.offered_records_s),
        "records_s": number(one.records_s),
        "mib_s": number(one.mib_s),
        "requests_s": maybe(one.requests_s),
        "batch_fill": maybe(one.batch_fill),
        "blocked_share": maybe(one.blocked_share),
        "offered_records": number(one.offered_records),
        "appended_records": number(one.appended_records),
        "failed_records": number(one.failed_records),
        "in_flight_records": number(one.in_flight_records),
        "latency_ms": latency(one.latency_ms),
    })
}

fn requests(one: &BrokerOutcome) -> Value {
    if one.requests.is_empty() {
        return Value::Null;
    }
    named(&one.requests, |phases| {
        json!({
            "requests_s": number(phases.requests_s),
            "request_queue_ms": number(phases.request_queue_ms),
            "local_ms": number(phases.local_ms),
            "remote_ms": number(phases.remote_ms),
            "response_ms": number(phases.response_ms),
            "total_ms": latency(phases.total_ms),
        })
    })
}

fn topic(one: &TopicOutcome) -> Value {
    json!({
        "records_s": number(one.records_s),
        "mib_s": number(one.mib_s),
        "appended_records": number(one.appended_records),
        "partitions": one.partitions,
        "stored_bytes_end": number(one.stored_bytes_end),
        "under_replicated_partition_seconds": number(one.under_replicated_partition_seconds),
        "offline_partition_seconds": number(one.offline_partition_seconds),
    })
}

fn group(one: &GroupOutcome) -> Value {
    json!({
        "records_s": number(one.records_s),
        "processed_records": number(one.processed_records),
        "lost_records": number(one.lost_records),
        "initial_lag_records": number(one.initial_lag_records),
        "lag_records": spread(one.lag_records),
        "processing_lag_records": spread(one.processing_lag_records),
        "lag_seconds": spread(one.lag_seconds),
        "e2e_latency_ms": latency(one.e2e_latency_ms),
        "members": population(one.members),
        "owning": population(one.owning),
        "rebalances": one.rebalances,
        "paused_partition_seconds": number(one.paused_partition_seconds),
    })
}

fn broker(one: &BrokerOutcome) -> Value {
    json!({
        "cpu": utilisation(Some(one.cpu)),
        "nic_in": utilisation(Some(one.nic_in)),
        "nic_out": utilisation(Some(one.nic_out)),
        "disk": utilisation(Some(one.disk)),
        "request_handlers": utilisation(one.request_handlers),
        "network_threads": utilisation(one.network_threads),
        "requests": requests(one),
        "replicas": one.replicas,
        "leaders": one.leaders,
        "stored_bytes_end": number(one.stored_bytes_end),
        "isr_shrinks": one.isr_shrinks,
        "page_cache_hit": maybe(one.page_cache_hit),
    })
}

fn objective(one: &ObjectiveOutcome) -> Value {
    json!({
        "expression": one.expression,
        "met": one.met,
        "value": maybe(one.value),
        "limit": number(one.limit),
        "unit": one.unit,
        "share": maybe(one.share),
    })
}

fn alert(one: &AlertEntry) -> Value {
    json!({
        "name": one.name,
        "fired_at_s": one.fired_at.as_secs_f64(),
        "lasted_s": one.lasted.as_secs_f64(),
        "action": one.action,
    })
}

fn operation(one: &OperationEntry) -> Value {
    json!({
        "kind": one.kind,
        "words": one.words,
        "start_s": one.start.as_secs_f64(),
        "end_s": one.end.map(SimTime::as_secs_f64),
        "moved_bytes": number(one.moved_bytes),
    })
}

fn outage(one: &OutageEntry) -> Value {
    json!({
        "topic": one.topic,
        "partition": one.partition,
        "offline_s": one.offline.as_secs_f64(),
        "longest_offline_s": one.longest_offline.as_secs_f64(),
        "stalled_s": one.stalled.as_secs_f64(),
        "longest_stalled_s": one.longest_stalled.as_secs_f64(),
        "under_replicated_s": one.under_replicated.as_secs_f64(),
        "lasts": one.lasts,
    })
}

fn cost(cost: &Cost) -> Value {
    json!({
        "currency": cost.currency,
        "per_hour": number(cost.per_hour),
        "total": number(cost.total),
        "items": list(&cost.items, |item| json!({
            "name": item.name,
            "total": number(item.total),
        })),
    })
}

fn decision(one: &DecisionEntry) -> Value {
    json!({
        "t_s": one.at.as_secs_f64(),
        "policy": one.policy,
        "target": one.target,
        "from": one.from,
        "to": one.to,
        "reason": one.reason,
        "words": one.words,
        "failed": one.failed,
        "effective_after_s": one.effective_after.map(SimSpan::as_secs_f64),
        "capacity_before_records_s": maybe(one.capacity_before),
        "capacity_after_records_s": maybe(one.capacity_after),
    })
}

fn resource(one: &ResourceUse) -> Value {
    json!({
        "resource": one.resource,
        "kind": one.kind,
        "mean": number(one.mean),
        "peak": number(one.peak),
        "headroom": number(one.headroom),
        "saturates_at_load_factor": maybe(one.saturates_at_load_factor),
    })
}

/// A finite number, or null.
fn number(value: f64) -> Value {
    if value.is_finite() { json!(value) } else { Value::Null }
}

fn maybe(value: Option<f64>) -> Value {
    value.map_or(Value::Null, number)
}

fn spread(one: Spread) -> Value {
    json!({
        "mean": number(one.mean),
        "p99": number(one.p99),
        "max": number(one.max),
        "end": number(one.end),
    })
}

fn population(one: Population) -> Value {
    json!({
        "min": number(one.min),
        "mean": number(one.mean),
        "max": number(one.max),
        "end": number(one.end),
    })
}

fn utilisation(one: Option<Utilisation>) -> Value {
    one.map_or(Value::Null, |one| json!({ "mean": number(one.mean), "p99": number(one.p99) }))
}

fn latency(one: Option<Quantiles>) -> Value {
    one.map_or(Value::Null, |one| {
        json!({
            "mean": number(one.mean),
            "p50": number(one.p50),
            "p95": number(one.p95),
            "p99": number(one.p99),
            "p999": number(one.p999),
            "max": number(one.max),
        })
    })
}
