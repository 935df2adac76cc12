//! The horizontal pod autoscaler once more, written from its description alone: every look back
//! scans everything that ever happened.

/// A pod: state word, sample, request.
pub type Pod = (&'static str, Option<i64>, Option<i64>);

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    PerReplica,
    Whole,
    PodMean,
    CpuMean,
    CpuPercent,
    MemoryPercent,
}

#[derive(Clone, Debug)]
pub struct Rule {
    pub window: i64,
    pub select: &'static str,
    /// (percent, value, period)
    pub policies: Vec<(bool, i64, i64)>,
}

#[derive(Clone, Debug)]
pub struct Spec {
    pub min: i64,
    pub max: i64,
    pub behavior: Option<[Rule; 2]>,
    pub tolerance: [f64; 2],
}

#[derive(Clone, Copy)]
pub struct Sizes {
    pub spec: i64,
    pub status: i64,
    pub ready: i64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    pub metric: Option<usize>,
    pub numbers: Option<[i64; 3]>,
    pub desired: i64,
    pub reason: &'static str,
}

#[derive(Default)]
pub struct Controller {
    told: Vec<(i64, i64)>,
    /// Slots of (time, change), up and down.
    changes: [Vec<(i64, i64)>; 2],
}

fn up(x: f64) -> i64 {
    x.ceil() as i64
}

pub fn near(spec: &Spec, ratio: f64) -> bool {
    !(ratio < 1.0 - spec.tolerance[1] || ratio > 1.0 + spec.tolerance[0] || ratio.is_nan())
}

/// What a quantity in milli-units asks for.
pub fn of_quantity(spec: &Spec, kind: Kind, sizes: Sizes, usage: i64, target: i64) -> i64 {
    let (usage, target) = (usage as f64, target as f64);
    if kind == Kind::PerReplica {
        let ratio = usage / (target * sizes.status as f64);
        return if near(spec, ratio) { sizes.status } else { up(usage / target) };
    }
    let ratio = usage / target;
    match sizes.spec {
        0 => up(ratio),
        size if near(spec, ratio) => size,
        _ => up(ratio * sizes.ready as f64),
    }
}

/// What samples of pods ask for.
pub fn of_pods(spec: &Spec, kind: Kind, current: i64, pods: &[Pod], target: i64) -> Option<i64> {
    let percent = matches!(kind, Kind::CpuPercent | Kind::MemoryPercent);
    let cpu = matches!(kind, Kind::CpuPercent | Kind::CpuMean);
    let listed: Vec<&Pod> = pods.iter().filter(|pod| !pod.0.is_empty()).collect();
    if percent && listed.iter().any(|pod| pod.2.is_none()) {
        return None;
    }
    let alive = |pod: &&&Pod| !matches!(pod.0, "deleted" | "failed");
    let alive: Vec<&Pod> = listed.iter().filter(alive).copied().collect();
    let pending = |pod: &Pod| pod.0 == "pending";
    let late = |pod: &Pod| pending(pod) || (cpu && pod.0 == "unready" && pod.1.is_some());
    let missing: Vec<&Pod> =
        alive.iter().filter(|pod| !pending(pod) && pod.1.is_none()).copied().collect();
    let unready: Vec<&Pod> = alive.iter().filter(|pod| late(pod)).copied().collect();
    let counted: Vec<&Pod> =
        alive.iter().filter(|pod| !late(pod) && pod.1.is_some()).copied().collect();
    if counted.is_empty() {
        return None;
    }
    let ratio_of = |used: &[(i64, i64)]| -> Option<f64> {
        let sum: i64 = used.iter().map(|one| one.0).sum();
        let requests: i64 = used.iter().map(|one| one.1).sum();
        if percent {
            if requests == 0 { None } else { Some((100 * sum / requests) as f64 / target as f64) }
        } else {
            Some((sum / used.len() as i64) as f64 / target as f64)
        }
    };
    let request = |pod: &Pod| pod.2.unwrap_or_default();
    let mut used: Vec<(i64, i64)> =
        counted.iter().map(|pod| (pod.1.unwrap_or_default(), request(pod))).collect();
    let first = ratio_of(&used)?;
    if missing.is_empty() && (unready.is_empty() || first <= 1.0) {
        return Some(if near(spec, first) { current } else { up(first * counted.len() as f64) });
    }
    for pod in missing {
        if first < 1.0 && percent {
            used.push((request(pod) * std::cmp::max(100, target) / 100, request(pod)));
        } else if first < 1.0 {
            used.push((target, request(pod)));
        } else if first > 1.0 || !percent {
            used.push((0, request(pod)));
        }
    }
    if first > 1.0 {
        used.extend(unready.iter().map(|pod| (0, request(pod))));
    }
    let second = ratio_of(&used)?;
    let n = up(second * used.len() as f64);
    let keeps = near(spec, second)
        || (first - 1.0) * (second - 1.0) < 0.0
        || (second < 1.0 && n > current)
        || (second > 1.0 && n < current);
    Some(if keeps { current } else { n })
}

impl Controller {
    /// One sync; the proposals are only asked for behind the guard.
    pub fn sync(
        &mut self,
        spec: &Spec,
        t: i64,
        c: i64,
        proposals: impl FnOnce() -> Vec<Option<i64>>,
    ) -> Line {
        if self.told.is_empty() {
            self.told.push((t, c));
        }
        let stop = |desired, reason| Line { metric: None, numbers: None, desired, reason };
        if c == 0 && spec.min != 0 {
            return stop(0, "ScalingDisabled");
        }
        if c > spec.max || c < spec.min {
            let (to, why) =
                if c > spec.max { (spec.max, "AboveMax") } else { (spec.min, "BelowMin") };
            self.note(spec, t, c, to);
            return stop(to, why);
        }
        let asked = proposals();
        let most = asked.iter().flatten().max().copied();
        let Some(p) = most else { return stop(c, "InvalidMetric") };
        if asked.contains(&None) && p < c {
            return stop(c, "InvalidMetric");
        }
        let metric = asked.iter().position(|one| *one == Some(p));
        let (stable, rated, desired, reason) = match &spec.behavior {
            None => self.old_path(spec, t, c, p),
            Some(rules) => self.new_path(spec, rules, t, c, p),
        };
        self.told.push((t, p));
        if desired != c {
            self.note(spec, t, c, desired);
        }
        Line { metric, numbers: Some([p, stable, rated]), desired, reason }
    }

    fn old_path(&self, spec: &Spec, t: i64, c: i64, p: i64) -> (i64, i64, i64, &'static str) {
        let mut stable = p;
        for (at, told) in &self.told {
            if *at >= t - 300 && *told > stable {
                stable = *told;
            }
        }
        let ceiling = if 2 * c > 4 { 2 * c } else { 4 };
        let rated = std::cmp::min(stable, ceiling);
        if stable < spec.min {
            return (stable, rated, spec.min, "TooFewReplicas");
        }
        let top = std::cmp::min(spec.max, ceiling);
        if stable > top {
            let why = if spec.max > ceiling { "ScaleUpLimit" } else { "TooManyReplicas" };
            return (stable, rated, top, why);
        }
        (
            stable,
            rated,
            stable,
            if stable == p { "DesiredWithinRange" } else { "ScaleDownStabilized" },
        )
    }

    fn new_path(
        &self,
        spec: &Spec,
        rules: &[Rule; 2],
        t: i64,
        c: i64,
        p: i64,
    ) -> (i64, i64, i64, &'static str) {
        let (mut low, mut high) = (p, p);
        for (at, told) in &self.told {
            if *at > t - rules[0].window {
                low = std::cmp::min(low, *told);
            }
            if *at > t - rules[1].window {
                high = std::cmp::max(high, *told);
            }
        }
        let mut stable = c;
        if stable < low {
            stable = low;
        }
        if stable > high {
            stable = high;
        }
        let mut limit = c;
        let rising = stable > c;
        let rule = &rules[usize::from(!rising)];
        let mut options = Vec::new();
        for (percent, value, period) in &rule.policies {
            let within = |slots: &Vec<(i64, i64)>| -> i64 {
                slots.iter().filter(|(at, _)| *at > t - period).map(|(_, n)| n).sum()
            };
            let start = c - within(&self.changes[0]) + within(&self.changes[1]);
            options.push(match (rising, percent) {
                (true, false) => start + value,
                (true, true) => up(start as f64 * (1.0 + *value as f64 / 100.0)),
                (false, false) => start - value,
                (false, true) => (start as f64 * (1.0 - *value as f64 / 100.0)) as i64,
            });
        }
        options.sort_unstable();
        let (least, largest) = (options[0], options[options.len() - 1]);
        match (rule.select, rising) {
            ("Disabled", _) => {}
            ("Max", true) | ("Min", false) => limit = largest,
            _ => limit = least,
        }
        if rising {
            limit = std::cmp::max(limit, c);
            let top = std::cmp::min(spec.max, limit);
            if stable > top {
                let why = if spec.max > limit { "ScaleUpLimit" } else { "TooManyReplicas" };
                return (stable, std::cmp::min(stable, limit), top, why);
            }
        } else if stable < c {
            limit = std::cmp::min(limit, c);
            let bottom = std::cmp::max(spec.min, limit);
            if stable < bottom {
                let why = if spec.min < limit { "ScaleDownLimit" } else { "TooFewReplicas" };
                return (stable, std::cmp::max(stable, limit), bottom, why);
            }
        }
        let why = match (stable == p, p >= c) {
            (true, _) => "DesiredWithinRange",
            (false, true) => "ScaleUpStabilized",
            (false, false) => "ScaleDownStabilized",
        };
        (stable, stable, stable, why)
    }

    fn note(&mut self, spec: &Spec, t: i64, from: i64, to: i64) {
        let Some(rules) = &spec.behavior else { return };
        let side = usize::from(to < from);
        let longest = rules[side].policies.iter().map(|one| one.2).max().unwrap_or(0);
        let mut place = None;
        for (index, (at, _)) in self.changes[side].iter().enumerate() {
            if *at < t - longest {
                place = Some(index);
            }
        }
        let change = (t, (to - from).abs());
        match place {
            Some(index) => self.changes[side][index] = change,
            None => self.changes[side].push(change),
        }
    }
}
