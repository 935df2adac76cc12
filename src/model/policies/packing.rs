//! How many members partitions need, and which partitions each takes: bin packing with few moves.
//!
//! # Rule
//! Members are bins of a capacity, partitions are items of their write rate. Modified any fit:
//! going through the present members (by total rate, or by their largest partition, descending),
//! each one's partitions, smallest first, go into bins that are already open, until one fits
//! nowhere; if some are left, the member itself becomes a bin and takes its own again, largest
//! first, until one does not fit; the others wait. In the end those, largest first, go into any bin
//! that fits or open one, that of their old owner if it is free. Worst fit takes the emptiest bin,
//! best fit the fullest.
//! # Assumes
//! Rates hold still while partitions move. A partition above the capacity gets a bin of its own.
//! # Breaks
//! The capacity is one number: neither backlog nor the time of the rebalance counts.
//! # Source
//! D. Landau et al., "Kafka consumer group autoscaler" (2022): MWF, MBF, MWFP, MBFP, R-score.

use std::cmp::Ordering;

/// Which of the bins that fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fit {
    /// The emptiest.
    Worst,
    /// The fullest.
    Best,
}

/// In which order members are gone through, descending.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// Total rate.
    Total,
    /// Rate of the largest partition.
    LargestPartition,
}

#[derive(Debug, Clone)]
struct Bin {
    member: usize,
    load: f64,
    items: Vec<usize>,
}

struct Packer<'r> {
    rates: &'r [f64],
    capacity: f64,
    fit: Fit,
    bins: Vec<Bin>,
}

impl Packer<'_> {
    /// Puts a partition into an open bin; false when it fits nowhere.
    fn put(&mut self, item: usize) -> bool {
        let room = self.capacity - self.rates[item];
        let fitting = self.bins.iter_mut().filter(|bin| bin.load <= room);
        let by_load = |a: &&mut Bin, b: &&mut Bin| a.load.total_cmp(&b.load);
        // Of equal bins the first.
        let chosen = match self.fit {
            Fit::Worst => fitting.min_by(by_load),
            Fit::Best => fitting.rev().max_by(by_load),
        };
        let Some(bin) = chosen else { return false };
        bin.load += self.rates[item];
        bin.items.push(item);
        true
    }

    fn open(&mut self, member: usize, items: Vec<usize>) {
        let load = items.iter().map(|item| self.rates[*item]).sum();
        self.bins.push(Bin { member, load, items });
    }

    fn is_open(&self, member: usize) -> bool {
        self.bins.iter().any(|bin| bin.member == member)
    }
}

/// Partitions of each member after packing, ascending; members without any are not needed.
///
/// `rates` are those of all partitions, `owned` the partitions of each present member; the answer
/// may have more members. `capacity` is above 0, in the unit of the rates.
pub fn pack(
    rates: &[f64],
    owned: &[Vec<usize>],
    capacity: f64,
    fit: Fit,
    by: By,
) -> Vec<Vec<usize>> {
    let ascending = |items: &[usize]| {
        let mut sorted = items.to_vec();
        sorted.sort_by(|a, b| rates[*a].total_cmp(&rates[*b]).then(a.cmp(b)));
        sorted
    };
    let weight = |member: &usize| -> f64 {
        let own = owned[*member].iter().map(|item| rates[*item]);
        match by {
            By::Total => own.sum(),
            By::LargestPartition => own.fold(0.0, f64::max),
        }
    };
    let mut members: Vec<usize> = (0..owned.len()).collect();
    members.sort_by(|a, b| weight(b).total_cmp(&weight(a)).then(Ordering::Equal).then(a.cmp(b)));
    let mut packer = Packer { rates, capacity, fit, bins: Vec::new() };
    let mut waiting = Vec::new();
    for member in members {
        let items = ascending(&owned[member]);
        let placed = items.iter().take_while(|item| packer.put(**item)).count();
        let mut left = items[placed..].to_vec();
        if left.is_empty() {
            continue;
        }
        let mut kept = Vec::new();
        let mut load = 0.0;
        while let Some(item) = left.pop() {
            if kept.is_empty() || load + rates[item] <= capacity {
                load += rates[item];
                kept.push(item);
            } else {
                left.push(item);
                break;
            }
        }
        packer.open(member, kept);
        waiting.extend(left.into_iter().map(|item| (item, member)));
    }
    let held = |item: &usize| owned.iter().any(|items| items.contains(item));
    waiting.extend((0..rates.len()).filter(|item| !held(item)).map(|item| (item, usize::MAX)));
    waiting.sort_by(|a, b| rates[b.0].total_cmp(&rates[a.0]).then(a.0.cmp(&b.0)));
    for (item, owner) in waiting {
        if packer.put(item) {
            continue;
        }
        let free = (0..=packer.bins.len()).find(|member| !packer.is_open(*member)).unwrap_or(0);
        let member = if owner != usize::MAX && !packer.is_open(owner) { owner } else { free };
        packer.open(member, vec![item]);
    }
    let most = packer.bins.iter().map(|bin| bin.member + 1).max().unwrap_or(0);
    let mut result = vec![Vec::new(); most.max(owned.len())];
    for bin in packer.bins {
        result[bin.member] = bin.items;
        result[bin.member].sort_unstable();
    }
    result
}

/// Rate of the partitions that change their owner, in capacities: what a rebalance interrupts.
pub fn r_score(rates: &[f64], before: &[Vec<usize>], after: &[Vec<usize>], capacity: f64) -> f64 {
    let owner = |of: &[Vec<usize>], item| of.iter().position(|items| items.contains(&item));
    let moved = (0..rates.len()).filter(|item| {
        let old = owner(before, *item);
        old.is_some() && old != owner(after, *item)
    });
    moved.map(|item| rates[item]).sum::<f64>() / capacity
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chance::{Chance, Seed};

    #[test]
    fn b1_two_bins_with_a_score_of_0_8() {
        // a, b, d, e.
        let rates = [0.6, 0.5, 0.3, 0.2];
        let owned = [vec![0, 1], vec![2], vec![3]];
        let packed = pack(&rates, &owned, 1.0, Fit::Worst, By::Total);
        assert_eq!(packed, [vec![0, 2], vec![], vec![1, 3]]);
        assert!((r_score(&rates, &owned, &packed, 1.0) - 0.8).abs() < 1e-12);
    }

    #[test]
    fn every_partition_has_one_member_and_no_bin_is_over_full() {
        let mut stream = Chance::new(Seed::new(5), 0).stream("packing", "random");
        for _ in 0..2_000 {
            let rates: Vec<f64> = (0..=stream.index(20)).map(|_| 0.01 + stream.uniform()).collect();
            let mut owned = vec![Vec::new(); 1 + stream.index(6)];
            for item in 0..rates.len() {
                // Some are new and belong to nobody.
                if stream.uniform() < 0.9 {
                    let member = stream.index(owned.len());
                    owned[member].push(item);
                }
            }
            for (fit, by) in [
                (Fit::Worst, By::Total),
                (Fit::Best, By::Total),
                (Fit::Worst, By::LargestPartition),
                (Fit::Best, By::LargestPartition),
            ] {
                let packed = pack(&rates, &owned, 1.0, fit, by);
                let mut all: Vec<usize> = packed.concat();
                all.sort_unstable();
                assert_eq!(all, (0..rates.len()).collect::<Vec<_>>());
                for items in &packed {
                    let load: f64 = items.iter().map(|item| rates[*item]).sum();
                    assert!(items.len() <= 1 || load <= 1.0 + 1e-9, "{load}");
                }
                assert!(r_score(&rates, &owned, &packed, 1.0) >= 0.0);
            }
        }
    }
}
