//! Laws of every placement, on random clusters.

use kafsim::chance::{Chance, Seed, Stream};
use kafsim::cluster::BrokerId;
use kafsim::model::placement::{
    BALANCE, Goal, NoPlacement, PlacementBroker, PlacementPartition, PlacementPlan, Resource, place,
};
use kafsim::units::{ByteRate, Bytes};
use std::collections::BTreeSet;

const GIB: u64 = 1 << 30;
const MIB: f64 = 1_048_576.0;

pub(crate) fn broker(rack: &str) -> PlacementBroker {
    PlacementBroker {
        rack: rack.to_owned(),
        stays: true,
        disk: Bytes::new(8_000 * GIB),
        nic_in: ByteRate::per_sec(1_000.0 * MIB),
        nic_out: ByteRate::per_sec(1_000.0 * MIB),
        cores: 64.0,
    }
}

pub(crate) fn partition(replicas: &[u32], gib: f64) -> PlacementPartition {
    PlacementPartition {
        replicas: replicas.iter().copied().map(BrokerId).collect(),
        bytes: Bytes::new((gib * GIB as f64) as u64),
        ingress: ByteRate::per_sec(gib * MIB / 10.0),
        egress: ByteRate::per_sec(gib * MIB / 10.0),
        leader_cores: gib / 1_000.0,
        follower_cores: gib / 3_000.0,
    }
}

/// Partitions striped over the first `used` brokers, each replica in another rack where racks are
/// dealt in turn.
fn striped(
    used: usize,
    count: usize,
    replicas: usize,
    chance: &mut Stream,
) -> Vec<PlacementPartition> {
    let one = |index: usize, chance: &mut Stream| {
        let list: Vec<u32> = (0..replicas).map(|at| ((index + at) % used) as u32).collect();
        partition(&list, 5.0 + chance.index(100) as f64 / 20.0)
    };
    (0..count).map(|index| one(index, chance)).collect()
}

fn racks_of(brokers: &[PlacementBroker], list: &[BrokerId]) -> usize {
    list.iter().map(|one| &brokers[one.index()].rack).collect::<BTreeSet<_>>().len()
}

/// What holds whatever the input.
fn sound(brokers: &[PlacementBroker], partitions: &[PlacementPartition], plan: &PlacementPlan) {
    let mut copied = 0;
    for change in &plan.changes {
        let one = &partitions[change.partition];
        assert_eq!(change.old, one.replicas);
        assert_eq!(change.new.len(), change.old.len());
        let distinct: BTreeSet<_> = change.new.iter().collect();
        assert_eq!(distinct.len(), change.new.len(), "{change:?}");
        assert!(change.new.iter().all(|to| brokers[to.index()].stays), "{change:?}");
        let staying: Vec<BrokerId> =
            change.old.iter().copied().filter(|one| brokers[one.index()].stays).collect();
        assert!(racks_of(brokers, &change.new) >= racks_of(brokers, &staying), "{change:?}");
        copied += one.bytes.get() * change.arriving().count() as u64;
    }
    assert_eq!(plan.moved.get(), copied);
    let sum = |loads: &[kafsim::model::placement::BrokerLoad], resource: Resource| {
        loads.iter().map(|one| one.of(resource)).sum::<f64>()
    };
    for resource in Resource::ALL {
        let (before, after) = (sum(&plan.before, resource), sum(&plan.after, resource));
        assert!((before - after).abs() <= 1e-9 * before.max(1.0), "{resource:?}");
    }
    for (one, load) in brokers.iter().zip(&plan.after) {
        assert!(one.stays || load.replicas == 0);
    }
}

fn within_balance(plan: &PlacementPlan, staying: usize) {
    for resource in [Resource::Disk, Resource::NetworkIn, Resource::NetworkOut, Resource::Leaders] {
        let total: f64 = plan.after.iter().map(|one| one.of(resource)).sum();
        let mean = total / staying as f64;
        let worst = plan.after.iter().map(|one| one.of(resource)).fold(0.0, f64::max);
        let limit = if resource == Resource::Leaders {
            (BALANCE * mean).max(mean.ceil())
        } else {
            BALANCE * mean
        };
        assert!(worst <= limit * (1.0 + 1e-9), "{resource:?}: {worst} of mean {mean}");
    }
    let missed = plan.goals.iter().filter(|one| one.missed_after > 0);
    assert_eq!(missed.collect::<Vec<_>>(), Vec::<&_>::new());
}

#[test]
fn random_clusters_that_grow_or_shrink_are_balanced_with_few_bytes() {
    for seed in 0..200 {
        let mut chance = Chance::new(Seed::new(seed), 0).stream("placement", "cluster");
        let racks = [1, 3][chance.index(2)];
        let size = 3 * (1 + chance.index(4));
        let replicas = 1 + chance.index(3);
        let pieces = 40 * size + chance.index(40 * size);
        let partitions = striped(size, pieces, replicas, &mut chance);
        // Smaller steps leave leadership less room than one replica takes, and bytes then have
        // to move for it as well.
        let steps = (size / 3).div_ceil(racks) * racks;
        let grows = size < steps + 2 * replicas || chance.index(2) == 0;
        let total = if grows { size + steps } else { size };
        let name = |index: usize| ["a", "b", "c"][index % racks];
        let mut brokers: Vec<_> = (0..total).map(|index| broker(name(index))).collect();
        if !grows {
            brokers[size - steps..].iter_mut().for_each(|one| one.stays = false);
        }
        let plan = place(&brokers, &partitions).unwrap_or_else(|error| panic!("{seed}: {error}"));
        println!("seed {seed}: {size} brokers, {grows} {steps}, {racks} racks, {replicas}");
        sound(&brokers, &partitions, &plan);
        within_balance(&plan, brokers.iter().filter(|one| one.stays).count());
        let ratio = plan.moved.as_f64() / plan.unavoidable.as_f64();
        // Alone, a replica's leadership cannot move without it.
        assert!(
            replicas == 1 || ratio <= 1.2,
            "seed {seed}: {} of {}",
            plan.moved,
            plan.unavoidable
        );
    }
}

#[test]
fn a_balanced_cluster_moves_nothing() {
    let mut chance = Chance::new(Seed::new(1), 0).stream("placement", "cluster");
    let brokers = ["a", "b", "c"].map(broker);
    let partitions = striped(3, 99, 3, &mut chance);
    let plan = place(&brokers, &partitions).expect("a plan");
    assert_eq!(plan.moved, Bytes::ZERO);
    assert_eq!(plan.unavoidable, Bytes::ZERO);
}

#[test]
fn replicas_that_share_a_rack_are_taken_apart_and_counted_as_forced() {
    let brokers = ["a", "a", "b", "c"].map(broker);
    let partitions: Vec<_> = (0..12).map(|_| partition(&[0, 1, 2], 2.0)).collect();
    let plan = place(&brokers, &partitions).expect("a plan");
    sound(&brokers, &partitions, &plan);
    for change in &plan.changes {
        assert_eq!(racks_of(&brokers, &change.new), 3);
    }
    assert_eq!(plan.changes.len(), 12);
    let racks = plan.goals.iter().find(|one| one.goal == Goal::Racks).expect("the goal");
    assert_eq!((racks.missed_before, racks.missed_after), (12, 0));
}

#[test]
fn a_larger_broker_bears_more() {
    let mut chance = Chance::new(Seed::new(3), 0).stream("placement", "cluster");
    let mut brokers = vec![broker("a"), broker("a"), broker("a"), broker("a")];
    let large = &mut brokers[3];
    (large.disk, large.cores) = (Bytes::new(16_000 * GIB), 128.0);
    (large.nic_in, large.nic_out) = (large.nic_in * 2.0, large.nic_out * 2.0);
    let partitions = striped(3, 300, 2, &mut chance);
    let plan = place(&brokers, &partitions).expect("a plan");
    let disk = |at: usize| plan.after[at].of(Resource::Disk);
    assert!(disk(3) > 1.4 * disk(0), "{} against {}", disk(3), disk(0));
}

#[test]
fn leadership_alone_moves_no_bytes() {
    let brokers = ["a", "b", "c"].map(broker);
    let partitions: Vec<_> = (0..30).map(|_| partition(&[0, 1, 2], 2.0)).collect();
    let plan = place(&brokers, &partitions).expect("a plan");
    assert_eq!(plan.moved, Bytes::ZERO);
    within_balance(&plan, 3);
}

#[test]
fn what_cannot_be_placed_is_refused_with_the_reason() {
    let mut brokers = vec![broker("a"), broker("b"), broker("c")];
    brokers[2].stays = false;
    let partitions = [partition(&[0, 1, 2], 1.0)];
    let error = place(&brokers, &partitions).unwrap_err();
    assert_eq!(error, NoPlacement::TooFewBrokers { replicas: 3, staying: 2 });
    let brokers = [broker("a"), broker("b")];
    let error = place(&brokers, &[partition(&[0, 1], 7_999.0)]).unwrap_err();
    assert!(matches!(error, NoPlacement::DisksTooSmall { .. }), "{error}");
}

#[test]
fn the_same_input_gives_the_same_plan() {
    let mut chance = Chance::new(Seed::new(9), 0).stream("placement", "cluster");
    let partitions = striped(6, 500, 3, &mut chance);
    let brokers: Vec<_> = (0..8).map(|index| broker(["a", "b"][index % 2])).collect();
    assert_eq!(place(&brokers, &partitions), place(&brokers, &partitions));
}

/// 1,000 brokers, 100,000 replicas, 50 brokers that join and 20 that leave.
#[test]
fn a_thousand_brokers_are_balanced() {
    let mut chance = Chance::new(Seed::new(4), 0).stream("placement", "large");
    let mut brokers: Vec<_> = (0..1_050).map(|index| broker(["a", "b", "c"][index % 3])).collect();
    brokers[..20].iter_mut().for_each(|one| one.stays = false);
    let partitions = striped(1_000, 33_334, 3, &mut chance);
    let plan = place(&brokers, &partitions).expect("a plan");
    sound(&brokers, &partitions, &plan);
    within_balance(&plan, 1_030);
    assert!(plan.moved.as_f64() <= 1.2 * plan.unavoidable.as_f64());
}
