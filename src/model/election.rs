//! What the controller makes of a partition when brokers leave and return.
//!
//! # Rule
//! The leader stays while it is in the ISR and active. Otherwise the first replica in the order of
//! preference leads that is in the ISR (or, when that is empty, among the eligible leader replicas)
//! and active. A broker that is fenced or shuts down leaves every ISR; the last member stays in it
//! where eligible leader replicas are not kept. They are the members that left while the ISR was
//! smaller than `min.insync.replicas`: what is committed stood still then, so they have all of it.
//! A process that did not end in order loses that standing; when nobody has it, the last leader
//! leads again once it is back.
//! # Assumes
//! `unclean.leader.election.enable=false`, the default. Logs survive a crash of their process.
//! # Breaks
//! Without a clean candidate the partition stays without a leader; an operator could force one.
//! # Source
//! Kafka's `PartitionChangeBuilder`, `ReplicationControlManager.generateLeaderAndIsrUpdates`;
//! KIP-966.

use crate::cluster::BrokerId;

/// A partition as the controller has it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Registration {
    /// Replicas in the order of preference.
    pub replicas: Vec<BrokerId>,
    /// In-sync replicas.
    pub isr: Vec<BrokerId>,
    /// Eligible leader replicas outside the ISR.
    pub eligible: Vec<BrokerId>,
    /// The leader; `None` while there is no candidate.
    pub leader: Option<BrokerId>,
    /// Who led last, once the partition has nobody.
    pub last_leader: Option<BrokerId>,
}

/// What the controller goes by.
#[derive(Debug, Clone, Copy)]
pub struct Rules {
    /// `min.insync.replicas` of the topic.
    pub min_insync: usize,
    /// Whether eligible leader replicas are kept.
    pub eligible_leader_replicas: bool,
}

impl Registration {
    /// A partition whose replicas are all in sync.
    pub fn new(replicas: Vec<BrokerId>, leader: Option<BrokerId>) -> Self {
        let isr = replicas.clone();
        Self { replicas, isr, leader, ..Self::default() }
    }

    /// A broker is fenced, or shuts down; `active` no longer holds for it.
    pub fn leaves(&mut self, broker: BrokerId, rules: Rules, active: impl Fn(BrokerId) -> bool) {
        let isr = self.isr.iter().copied().filter(|one| *one != broker).collect();
        self.change(isr, None, rules, active);
    }

    /// A broker registers again after a process that did not end in order.
    pub fn crashed(&mut self, broker: BrokerId, rules: Rules, active: impl Fn(BrokerId) -> bool) {
        if rules.eligible_leader_replicas {
            let isr = self.isr.iter().copied().filter(|one| *one != broker).collect();
            self.change(isr, Some(broker), rules, active);
        }
    }

    /// A broker is active again: a partition without a leader may get one.
    pub fn returns(&mut self, rules: Rules, active: impl Fn(BrokerId) -> bool) {
        if self.leader.is_none() {
            self.change(self.isr.clone(), None, rules, active);
        }
    }

    /// The leader says that a follower has caught up.
    pub fn expands(&mut self, broker: BrokerId, rules: Rules) {
        if !self.isr.contains(&broker) {
            self.isr.push(broker);
        }
        self.eligible.retain(|one| *one != broker);
        if self.isr.len() >= rules.min_insync.min(self.replicas.len()) {
            self.eligible.clear();
        }
    }

    /// The leader says that a follower has fallen behind.
    pub fn shrinks(&mut self, broker: BrokerId, rules: Rules) {
        let before = self.isr.clone();
        self.isr.retain(|one| *one != broker);
        self.keep_eligible(&before, None, rules);
    }

    /// The preferred replica leads again if it is in sync; whether that changed anything.
    pub fn balances(&mut self, active: impl Fn(BrokerId) -> bool) -> bool {
        let Some(first) = self.replicas.first().copied() else { return false };
        let may = self.leader.is_some()
            && self.leader != Some(first)
            && self.isr.contains(&first)
            && active(first);
        if may {
            self.leader = Some(first);
        }
        may
    }

    fn keep_eligible(&mut self, before: &[BrokerId], crashed: Option<BrokerId>, rules: Rules) {
        if !rules.eligible_leader_replicas
            || self.isr.len() >= rules.min_insync.min(self.replicas.len())
        {
            self.eligible.clear();
            return;
        }
        for one in before {
            if !self.eligible.contains(one) {
                self.eligible.push(*one);
            }
        }
        let isr = &self.isr;
        self.eligible.retain(|one| !isr.contains(one) && Some(*one) != crashed);
    }

    fn change(
        &mut self,
        isr: Vec<BrokerId>,
        crashed: Option<BrokerId>,
        rules: Rules,
        active: impl Fn(BrokerId) -> bool,
    ) {
        let before = std::mem::replace(&mut self.isr, isr);
        self.keep_eligible(&before, crashed, rules);
        let elected = self.elect(&active);
        if elected.is_none() && self.leader.is_some() {
            self.last_leader = self.leader;
        }
        self.leader = elected;
        if let Some(leader) = elected {
            if !self.isr.contains(&leader) {
                // Eligible, or the last leader: it begins alone.
                self.isr = vec![leader];
                self.eligible.retain(|one| *one != leader);
            }
            self.last_leader = None;
        }
        if self.isr.is_empty() && !rules.eligible_leader_replicas {
            self.isr = before;
        }
    }

    fn elect(&self, active: &impl Fn(BrokerId) -> bool) -> Option<BrokerId> {
        let candidates = if self.isr.is_empty() { &self.eligible } else { &self.isr };
        let may = |one: &BrokerId| candidates.contains(one) && active(*one);
        self.leader
            .filter(may)
            .or_else(|| self.replicas.iter().copied().find(may))
            .or_else(|| self.last_leader.filter(|one| candidates.is_empty() && active(*one)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: Rules = Rules { min_insync: 2, eligible_leader_replicas: true };
    const OLD: Rules = Rules { min_insync: 2, eligible_leader_replicas: false };

    fn three() -> Registration {
        Registration::new([0, 1, 2].map(BrokerId).to_vec(), Some(BrokerId(0)))
    }

    fn ids(list: &[BrokerId]) -> Vec<u32> {
        list.iter().map(|one| one.0).collect()
    }

    #[test]
    fn the_next_replica_in_sync_leads() {
        let mut one = three();
        one.shrinks(BrokerId(1), RULES);
        one.leaves(BrokerId(0), RULES, |broker| broker.0 != 0);
        assert_eq!(one.leader, Some(BrokerId(2)), "replica 1 is not in sync");
        assert_eq!(ids(&one.isr), [2]);
        // Who left a small ISR keeps its standing.
        assert_eq!(ids(&one.eligible), [0]);
    }

    #[test]
    fn a_follower_that_leaves_changes_no_leader() {
        let mut one = three();
        one.leaves(BrokerId(2), RULES, |broker| broker.0 != 2);
        assert_eq!((one.leader, ids(&one.isr)), (Some(BrokerId(0)), vec![0, 1]));
        assert!(one.eligible.is_empty(), "two in sync are enough");
    }

    #[test]
    fn an_only_replica_leads_again_when_it_is_back() {
        for rules in [RULES, OLD] {
            let mut one = Registration::new(vec![BrokerId(0)], Some(BrokerId(0)));
            one.leaves(BrokerId(0), rules, |_| false);
            assert_eq!(one.leader, None);
            one.crashed(BrokerId(0), rules, |_| false);
            one.returns(rules, |_| true);
            assert_eq!((one.leader, ids(&one.isr)), (Some(BrokerId(0)), vec![0]));
        }
    }

    #[test]
    fn without_eligible_replicas_only_the_last_in_sync_may_lead() {
        let mut one = three();
        let mut down = [false; 3];
        for broker in [2_usize, 1, 0] {
            down[broker] = true;
            one.leaves(BrokerId(broker as u32), OLD, |b| !down[b.index()]);
        }
        assert_eq!((one.leader, ids(&one.isr)), (None, vec![0]));
        one.returns(OLD, |broker| broker.0 == 2);
        assert_eq!(one.leader, None, "it left the ISR before");
        one.returns(OLD, |broker| broker.0 != 1);
        assert_eq!(one.leader, Some(BrokerId(0)));
    }

    #[test]
    fn who_stopped_in_order_is_eligible_and_who_crashed_is_not() {
        let mut down = [false; 3];
        let mut one = three();
        for broker in [2_usize, 1, 0] {
            down[broker] = true;
            one.leaves(BrokerId(broker as u32), RULES, |b| !down[b.index()]);
        }
        assert_eq!((one.leader, ids(&one.isr)), (None, vec![]));
        assert_eq!(ids(&one.eligible), [1, 0], "broker 2 left while two were enough");
        let mut stopped = one.clone();
        stopped.returns(RULES, |broker| broker.0 == 1);
        assert_eq!((stopped.leader, ids(&stopped.isr)), (Some(BrokerId(1)), vec![1]));
        // After a crash it has no standing, and the last leader leads when nobody else has.
        one.crashed(BrokerId(1), RULES, |_| false);
        one.returns(RULES, |broker| broker.0 == 1);
        assert_eq!(one.leader, None);
        one.crashed(BrokerId(0), RULES, |broker| broker.0 == 1);
        one.returns(RULES, |broker| broker.0 != 2);
        assert_eq!((one.leader, ids(&one.isr)), (Some(BrokerId(0)), vec![0]));
    }

    #[test]
    fn the_preferred_replica_leads_again_once_it_is_in_sync() {
        let mut one = three();
        one.leaves(BrokerId(0), RULES, |broker| broker.0 != 0);
        assert!(!one.balances(|_| true), "it is not in sync");
        one.expands(BrokerId(0), RULES);
        assert!(!one.balances(|broker| broker.0 != 0));
        assert!(one.balances(|_| true));
        assert_eq!(one.leader, Some(BrokerId(0)));
        assert!(!one.balances(|_| true), "nothing is left to do");
    }
}
