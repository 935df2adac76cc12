//! Replicas beyond the number of partitions, which own nothing.
//!
//! KEDA's cap compares whole thresholds (integer division), the autoscaler rounds up: a lag from P
//! · T + 1 to (P + 1) · T − 1 makes P + 1 replicas. With allowIdleConsumers there is no cap, and an
//! autoscaler that reads lag elsewhere knows none.

use super::{Case, Found, number, prose};
use crate::model::policies::Policy;
use crate::units::{MoneyRate, count};

pub(super) fn rule(case: &Case<'_>) -> Option<Found> {
    let (partitions, max, why, advice) = match case.policy() {
        Policy::Keda(keda) => of_keda(case, keda.spec())?,
        Policy::Hpa(hpa) => {
            let partitions = case.partitions(None);
            let why = "an autoscaler knows nothing of partitions".to_owned();
            (partitions, hpa.limits().max, why, "maxReplicas")
        }
        _ => return None,
    };
    if max <= i64::from(partitions) {
        return None;
    }
    let most = u32::try_from(max).unwrap_or(u32::MAX);
    let idle = case.seconds_at(partitions + 1, most).unwrap_or(0.0);
    let mut evidence = vec![
        number("partitions", f64::from(partitions), "partitions"),
        number("most replicas", max as f64, "replicas"),
        number("time of the run with more than partitions", idle, "s"),
    ];
    let price = case.group.price_of_member().map(MoneyRate::per_hour);
    evidence.extend(price.map(|price| number("price of an idle member", price, "USD/h")));
    let spent = if idle > 0.0 {
        format!(" This run wanted more than {partitions} for {}.", prose(idle))
    } else {
        String::new()
    };
    Some(Found {
        words: format!("More than {partitions} replicas own nothing, and {why}.{spent}"),
        advice: format!("{advice} {partitions}"),
        evidence,
    })
}

fn of_keda(
    case: &Case<'_>,
    spec: &crate::model::policies::KedaSpec,
) -> Option<(u32, i64, String, &'static str)> {
    let own = spec.triggers.iter().find(|one| one.group == case.group.name && !one.value)?;
    let partitions = case.partitions(own.topic.as_deref());
    let threshold = own.lag_threshold;
    let lifted = own.allow_idle && !own.limit_to_lagging && !own.even;
    // A threshold of one record leaves no lag between two whole thresholds; divisors are whole.
    if !lifted && (threshold == 1 || own.even) {
        return None;
    }
    let first = i64::from(partitions) * threshold + 1;
    let last = (i64::from(partitions) + 1) * threshold - 1;
    let why = if lifted {
        "allowIdleConsumers lifts KEDA's cap".to_owned()
    } else {
        format!(
            "a lag of {} to {} makes {}: KEDA's cap compares whole thresholds, the autoscaler \
             rounds up",
            count(first as f64),
            count(last as f64),
            partitions + 1
        )
    };
    Some((partitions, spec.limits.max, why, "maxReplicaCount"))
}
