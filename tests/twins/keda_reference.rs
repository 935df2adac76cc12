//! KEDA's Kafka scaler and its two loops once more, written from their description alone. It works
//! on the cells of the history as texts.

use super::hpa_reference::{Controller, Kind, Line, Sizes, Spec, of_quantity};

#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "one for each flag of the manifest")]
pub struct Trigger {
    pub threshold: i64,
    pub activation: i64,
    pub earliest: bool,
    pub zero: bool,
    pub idle: bool,
    pub persistent: bool,
    pub limit: bool,
    pub even: bool,
    pub only: Option<Vec<i64>>,
    pub value: bool,
    pub cached: bool,
}

#[derive(Clone, Debug)]
pub struct Object {
    pub triggers: Vec<Trigger>,
    pub polling: i64,
    pub cooldown: i64,
    pub initial: i64,
    pub idle: Option<i64>,
    pub min: i64,
    pub hpa: Spec,
    /// (threshold, replicas, behavior)
    pub fallback: Option<(i64, i64, &'static str)>,
    pub no_in: bool,
    pub no_out: bool,
    pub force: bool,
}

/// A row: time, replicas, ready, and for each trigger the word of the whole query and the cells
/// (committed, end) of its partitions.
#[derive(Clone, Debug)]
pub struct Row {
    pub t: i64,
    pub replicas: i64,
    pub ready: i64,
    pub cells: Vec<(String, Vec<(String, String)>)>,
}

/// A line of the replay: time, whether it is a poll, the line.
pub type Out = (i64, bool, Line);

/// A query's answer or a kept one: the metric and whether it is active.
type Found = Option<(i64, bool)>;

struct World<'o> {
    object: &'o Object,
    before: Vec<Vec<Option<i64>>>,
    failures: Vec<i64>,
    kept: Vec<Option<Found>>,
    built: bool,
    active_at: Option<i64>,
}

pub fn run(object: &Object, rows: &[Row], closed: bool) -> Vec<Out> {
    let count = object.triggers.len();
    let mut world = World {
        object,
        before: vec![vec![None; 64]; count],
        failures: vec![0; count],
        kept: vec![None; count],
        built: true,
        active_at: None,
    };
    let mut controller = Controller::default();
    let mut out = Vec::new();
    let (t0, end) = (rows[0].t, rows[rows.len() - 1].t);
    let mut size = rows[0].replicas;
    // Both periods are multiples of 5 s.
    for t in (t0..=end).step_by(5) {
        let row = rows.iter().rfind(|row| row.t <= t).expect("a row");
        let (polls, syncs) = ((t - t0) % object.polling == 0, (t - t0) % 15 == 0);
        if !closed {
            size = row.replicas;
        }
        let before = size;
        let ready = if closed { before } else { row.ready };
        if polls {
            let (desired, reason, metric) = world.poll(t, t0, row, size, ready);
            out.push((t, true, Line { metric, numbers: None, desired, reason }));
            if closed {
                size = desired;
            }
        }
        if syncs {
            let sizes = Sizes { spec: size, status: before, ready };
            let line = controller.sync(&object.hpa, t, size, || world.read(row, sizes));
            if closed {
                size = line.desired;
            }
            out.push((t, false, line));
        }
    }
    out
}

impl World<'_> {
    fn scalers(&mut self, row: &Row) -> bool {
        self.built = self.built || row.cells.iter().all(|(word, _)| word != "unreachable");
        self.built
    }

    fn throw_away(&mut self) {
        self.built = false;
        for seen in &mut self.before {
            seen.fill(None);
        }
    }

    fn ask(&mut self, which: usize, row: &Row) -> Found {
        let (word, cells) = &row.cells[which];
        let found = if word.is_empty() {
            lag(&self.object.triggers[which], cells, &mut self.before[which])
        } else {
            None
        };
        if found.is_none() {
            self.before[which].fill(None);
        }
        found
    }

    /// Counts, and lets the fallback answer.
    fn weigh(&mut self, which: usize, found: Found, size: i64, ready: i64) -> Found {
        if found.is_some() {
            self.failures[which] = 0;
            return found;
        }
        let (threshold, own, how) = self.object.fallback?;
        self.failures[which] += 1;
        if self.failures[which] <= threshold {
            return None;
        }
        let replicas = match how {
            "static" => own,
            "currentReplicas" => size,
            "currentReplicasIfHigher" => std::cmp::max(own, size),
            _ => std::cmp::min(own, size),
        };
        let trigger = &self.object.triggers[which];
        let mut replicas = replicas as f64;
        if trigger.value {
            if ready == 0 {
                return None;
            }
            replicas /= ready as f64;
        }
        Some(((trigger.threshold as f64 * 1000.0 * replicas) as i64, true))
    }

    fn read(&mut self, row: &Row, sizes: Sizes) -> Vec<Option<i64>> {
        let mut all = Vec::new();
        for which in 0..self.object.triggers.len() {
            if !self.scalers(row) {
                all.push(None);
                continue;
            }
            let raw = match self.kept[which] {
                Some(kept) if self.object.triggers[which].cached => kept,
                _ => self.ask(which, row),
            };
            let found = self.weigh(which, raw, sizes.spec, sizes.ready);
            if found.is_none() {
                self.throw_away();
            }
            let trigger = &self.object.triggers[which];
            let kind = if trigger.value { Kind::Whole } else { Kind::PerReplica };
            let target = trigger.threshold * 1000;
            all.push(
                found.map(|(usage, _)| of_quantity(&self.object.hpa, kind, sizes, usage, target)),
            );
        }
        all
    }

    fn poll(
        &mut self,
        t: i64,
        t0: i64,
        row: &Row,
        c: i64,
        ready: i64,
    ) -> (i64, &'static str, Option<usize>) {
        if !self.scalers(row) {
            return (c, "NoScaler", None);
        }
        let mut all = Vec::new();
        for which in 0..self.object.triggers.len() {
            let raw = self.ask(which, row);
            let found = self.weigh(which, raw, c, ready);
            self.kept[which] = Some(found);
            all.push(found);
        }
        let failed = all.contains(&None);
        if failed {
            self.throw_away();
        }
        let first = all.iter().position(|one| matches!(one, Some((_, true))));
        let (to, why) = self.step(t, t0, c, first.is_some(), failed);
        (to, why, first)
    }

    fn step(&mut self, t: i64, t0: i64, c: i64, active: bool, failed: bool) -> (i64, &'static str) {
        let o = self.object;
        if active || o.force {
            let asleep = c == 0 || (o.idle.is_some() && c < o.min);
            return match (asleep, o.no_out, failed) {
                (true, true, _) => (c, "Paused"),
                (true, false, _) => {
                    self.active_at = Some(t);
                    (std::cmp::max(o.min, 1), "Activated")
                }
                (false, _, true) => (c, "PartialTriggerError"),
                (false, _, false) => {
                    self.active_at = Some(t);
                    (c, "Active")
                }
            };
        }
        if failed && !matches!(o.fallback, Some((_, 0, _))) {
            return (c, "TriggerError");
        }
        let bed = o.idle.unwrap_or(0);
        let may_rest = if o.idle.is_some() { c > bed } else { o.min == 0 && c > 0 };
        if may_rest {
            let until = match self.active_at {
                Some(last) => last + o.cooldown,
                None => t0 + o.initial,
            };
            return match (o.no_in, until < t) {
                (true, _) => (c, "Paused"),
                (false, true) => (bed, "Deactivated"),
                (false, false) => (c, "CoolingDown"),
            };
        }
        if o.idle.is_none() && c < o.min { (o.min, "RaisedToMin") } else { (c, "Inactive") }
    }
}

fn lag(trigger: &Trigger, cells: &[(String, String)], before: &mut [Option<i64>]) -> Found {
    let listed = |p: usize| trigger.only.as_ref().is_none_or(|only| only.contains(&(p as i64)));
    let partitions: Vec<usize> = (0..cells.len()).filter(|p| listed(*p)).collect();
    if partitions.is_empty() || partitions.iter().any(|p| cells[*p].1 == "error") {
        return None;
    }
    let (mut sum, mut whole, mut n, mut k) = (0, 0, 0, 0);
    for p in partitions {
        let (committed, end) = &cells[p];
        if end.is_empty() {
            continue;
        }
        let end: i64 = end.parse().expect("an offset");
        n += 1;
        let (mine, all) = match committed.as_str() {
            "error" => return None,
            "" if trigger.zero => (0, 0),
            "" if trigger.earliest => (end, end),
            "" => (1, 1),
            text => {
                let at: i64 = text.parse().expect("an offset");
                let same = trigger.persistent && before[p] == Some(at);
                before[p] = Some(at);
                (if same { 0 } else { end - at }, end - at)
            }
        };
        sum += mine;
        whole += all;
        if mine > 0 {
            k += 1;
        }
    }
    let t = trigger.threshold;
    let uncapped = trigger.idle && !trigger.limit && !trigger.even;
    if !uncapped {
        if trigger.even {
            let divisors: Vec<i64> = (1..=n).filter(|d| n % d == 0).collect();
            sum = t * divisors.into_iter().find(|d| d * t >= sum).unwrap_or(n);
        }
        let cap = if trigger.limit { k } else { n };
        if sum / t > cap {
            sum = cap * t;
        }
    }
    Some((if sum < 0 { 0 } else { sum * 1000 }, whole > trigger.activation))
}
