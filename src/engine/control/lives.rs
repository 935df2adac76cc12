//! What becomes of brokers: they go, are fenced, start, register and come back.

use super::marks::{mark_balance, mark_moved};
use super::parts::Part;
use super::{Active, Awaits, Change, Control, Effect, Outcome, Standing, Step};
use crate::cluster::BrokerId;
use crate::metrics::Recorder;
use crate::model::election::{Registration, Rules};
use crate::model::fault::FaultKind;
use crate::units::{SimSpan, SimTime};

/// Most elections of one look at preferred leaders: `MAX_ELECTIONS_PER_IMBALANCE`.
const MOST_ELECTIONS: usize = 1_000;

impl Control {
    /// A fault befalls a broker.
    pub(super) fn begin(
        &mut self,
        now: SimTime,
        broker: BrokerId,
        kind: FaultKind,
        lasts: Option<SimSpan>,
        recorder: &mut Recorder,
        outcome: &mut Outcome,
    ) {
        let life = &mut self.brokers[broker.index()];
        life.turn += 1;
        let turn = life.turn;
        if kind == FaultKind::Started {
            if !life.up {
                outcome.later.push((now, Step::Starts { broker, turn }));
            }
            return;
        }
        let (ran, standing, session) = (life.up, life.standing, life.session);
        (life.how, life.awaits) = (kind, Awaits::Nothing);
        self.mark_fault(now, broker, kind, recorder);
        let mut begins = now;
        if kind == FaultKind::Stopped && standing == Standing::Active {
            let moved = self.leave(now, broker, outcome);
            // Others tell that they know at their next heartbeat, and then it may go at its own.
            let ends = now + if moved { self.failover.heartbeat } else { SimSpan::ZERO };
            begins = ends;
            outcome.later.push((ends, Step::Ended { broker, turn }));
        } else if ran {
            self.lose(now, broker, recorder, outcome);
        }
        if standing != Standing::Fenced && kind != FaultKind::Stopped {
            let phase = self.stream(broker, "heartbeat").uniform();
            let at = now + self.failover.fenced_after(phase);
            outcome.later.push((at, Step::Fenced { broker, session }));
        }
        if let Some(lasts) = lasts {
            let at = now.saturating_add(lasts).max(begins);
            outcome.later.push((at, Step::Starts { broker, turn }));
        }
    }

    /// A broker leaves all ISRs; whether it led any.
    fn leave(&mut self, now: SimTime, broker: BrokerId, outcome: &mut Outcome) -> bool {
        let standing = &mut self.brokers[broker.index()].standing;
        if *standing == Standing::Active {
            *standing = Standing::Leaving;
        }
        let led = |part: &Part| part.registration.leader == Some(broker);
        let held = self.held[broker.index()].clone();
        let leads = held.iter().any(|index| led(&self.parts[*index as usize]));
        self.decide(now, &held, None, outcome, |part, rules, active| {
            if part.isr.contains(&broker) {
                part.leaves(broker, rules, |one| active.has(one));
            }
        });
        leads
    }

    /// A process is gone.
    pub(super) fn lose(
        &mut self,
        now: SimTime,
        broker: BrokerId,
        recorder: &mut Recorder,
        outcome: &mut Outcome,
    ) {
        let life = &mut self.brokers[broker.index()];
        life.up = false;
        let resets = life.how.resets_connections();
        outcome.effects.push(Effect::Gone { broker, resets });
        for index in self.held[broker.index()].clone() {
            self.review(now, index as usize);
        }
        self.sample(now, recorder);
    }

    pub(super) fn fence(
        &mut self,
        now: SimTime,
        broker: BrokerId,
        session: u32,
        recorder: &mut Recorder,
        outcome: &mut Outcome,
    ) {
        let life = &mut self.brokers[broker.index()];
        if life.standing == Standing::Fenced || session != life.session {
            return;
        }
        life.standing = Standing::Fenced;
        let waits = life.awaits == Awaits::EndOfSession;
        self.leave(now, broker, outcome);
        self.mark_fenced(now, broker, recorder);
        if waits {
            self.register(now, broker, outcome);
        }
    }

    pub(super) fn start(
        &mut self,
        now: SimTime,
        broker: BrokerId,
        recovery: impl Fn(BrokerId) -> SimSpan,
        recorder: &mut Recorder,
        outcome: &mut Outcome,
    ) {
        let life = self.brokers[broker.index()];
        let span = if life.how == FaultKind::ZoneLost {
            let phase = self.stream(broker, "heal").uniform();
            SimSpan::from_secs_f64(self.failover.heartbeat.as_secs_f64() * phase)
        } else {
            let mut chance = self.stream(broker, "start");
            let checks = if life.how.is_clean() { SimSpan::ZERO } else { recovery(broker) };
            self.costs.broker_start.sample(&mut chance) + checks
        };
        self.mark_start(now, broker, span, recorder);
        outcome.later.push((now + span, Step::Registers { broker, turn: life.turn }));
    }

    /// The controller takes a broker that returns: leaders are elected where there was none.
    pub(super) fn register(&mut self, now: SimTime, broker: BrokerId, outcome: &mut Outcome) {
        let life = &mut self.brokers[broker.index()];
        (life.standing, life.awaits) = (Standing::Active, Awaits::Nothing);
        life.session += 1;
        let (crashed, turn) = (life.how == FaultKind::Killed, life.turn);
        let all: Vec<u32> = (0..self.parts.len() as u32).collect();
        self.decide(now, &all, Some((broker, turn)), outcome, |part, rules, active| {
            if crashed && (part.isr.contains(&broker) || part.eligible.contains(&broker)) {
                part.crashed(broker, rules, |one| one != broker && active.has(one));
            }
            part.returns(rules, |one| active.has(one));
        });
    }

    pub(super) fn balance(&mut self, now: SimTime, recorder: &mut Recorder, outcome: &mut Outcome) {
        let all: Vec<u32> = (0..self.parts.len() as u32).collect();
        let mut moved = 0;
        self.decide(now, &all, None, outcome, |part, _, active| {
            if moved < MOST_ELECTIONS && part.balances(|one| active.has(one)) {
                moved += 1;
            }
        });
        mark_balance(now, moved, recorder);
        if let Some(interval) = self.failover.balance {
            let again = if moved < MOST_ELECTIONS { now.saturating_add(interval) } else { now };
            outcome.later.push((again, Step::Balance));
        }
    }

    /// The controller changes partitions; all brokers act on it a little later.
    fn decide(
        &mut self,
        now: SimTime,
        partitions: &[u32],
        back: Option<(BrokerId, u32)>,
        outcome: &mut Outcome,
        mut change: impl FnMut(&mut Registration, Rules, Active<'_>),
    ) {
        let active = Active(&self.brokers);
        let mut changed = Vec::new();
        for index in partitions {
            let part = &mut self.parts[*index as usize];
            let before = part.registration.clone();
            change(&mut part.registration, part.rules, active);
            if part.registration != before {
                changed.push(*index as usize);
            }
        }
        if changed.is_empty() && back.is_none() {
            return;
        }
        let at = now + self.costs.in_force_after(changed.len());
        let number = self.changes.len();
        self.changes.push(Change { partitions: changed, back });
        outcome.later.push((at, Step::InForce { change: number }));
    }

    /// All brokers act on a decision.
    pub(super) fn enforce(
        &mut self,
        now: SimTime,
        change: usize,
        recorder: &mut Recorder,
        outcome: &mut Outcome,
    ) {
        let Change { partitions, back } = std::mem::take(&mut self.changes[change]);
        // It may have died again meanwhile.
        let back = back.filter(|(broker, turn)| self.is_turn(*broker, *turn));
        if let Some((broker, _)) = back {
            let life = &mut self.brokers[broker.index()];
            (life.up, life.awaits) = (true, Awaits::Replicas);
            outcome.effects.push(Effect::Back { broker });
        }
        let mut moved = 0;
        for index in &partitions {
            let part = &mut self.parts[*index];
            moved += usize::from(part.leader != part.registration.leader);
            part.leader = part.registration.leader;
            part.isr.clone_from(&part.registration.isr);
            self.review(now, *index);
            outcome.effects.push(Effect::Leads { partition: *index });
        }
        if let Some((broker, _)) = back {
            for index in self.held[broker.index()].clone() {
                self.review(now, index as usize);
            }
            self.mark_back(now, broker, recorder);
        }
        mark_moved(now, moved, recorder);
        self.count_missing();
        self.complete(now, recorder);
        self.sample(now, recorder);
    }
}
