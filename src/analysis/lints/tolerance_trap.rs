//! Sizes just below the number of partitions from which the autoscaler never moves.
//!
//! KEDA caps the lag at partitions × lagThreshold, so from c replicas the ratio is at most P / c.
//! As long as that is within 1 + tolerance the autoscaler stays, however large the lag is: from c ≥
//! P / (1 + tolerance) it never reaches P.

use super::{Case, Found, number, prose};
use crate::model::policies::Policy;

pub(super) fn rule(case: &Case<'_>) -> Option<Found> {
    let Policy::Keda(keda) = case.policy() else { return None };
    let spec = keda.spec();
    let capped = spec.triggers.iter().find(|one| {
        let lifted = one.allow_idle && !one.limit_to_lagging && !one.even;
        one.group == case.group.name && !one.value && !lifted
    })?;
    let partitions = case.partitions(capped.topic.as_deref());
    let (cap, tolerance) = (f64::from(partitions), spec.tolerance.up);
    let stays = |size: u32| cap / f64::from(size) <= 1.0 + tolerance;
    let lowest = (1..partitions).find(|size| stays(*size))?;
    // A smaller maximum lets the capped lag stay far above what is there.
    if spec.limits.max < i64::from(partitions) || spec.triggers.len() > 1 {
        return None;
    }
    let spent = case.seconds_at(lowest, partitions - 1).unwrap_or(0.0);
    let highest = partitions - 1;
    let sizes = if lowest == highest {
        format!("{highest} replicas")
    } else {
        format!("{lowest} to {highest} replicas")
    };
    let spent_words = if spent > 0.0 {
        format!(" This run wanted such a size for {}.", prose(spent))
    } else {
        String::new()
    };
    Some(Found {
        words: format!(
            "From {sizes} the autoscaler never reaches {partitions}, however large the lag is: \
             KEDA caps it at {partitions} × lagThreshold, and {partitions} / {lowest} is within \
             the tolerance of {tolerance}. Some members then keep two partitions.{spent_words}"
        ),
        advice: format!(
            "behavior.scaleUp.tolerance 0, or maxReplicaCount {} with as many partitions for each",
            below(partitions, lowest)
        ),
        evidence: vec![
            number("partitions", cap, "partitions"),
            number("tolerance", tolerance, ""),
            number("lowest size that stays", f64::from(lowest), "replicas"),
            number("largest ratio there", cap / f64::from(lowest), ""),
            number("time of the run at such sizes", spent, "s"),
        ],
    })
}

/// The largest divisor of the partitions below a size.
fn below(partitions: u32, size: u32) -> u32 {
    (1..size).rev().find(|divisor| partitions.is_multiple_of(*divisor)).unwrap_or(1)
}
