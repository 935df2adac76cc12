//! Max-min fairness, slow and obvious.
//!
//! All rising flows are set to a common level, found by bisection as the largest at which no
//! resource is over its capacity. Flows that have their demand there, or that could not have a
//! little more, stay; the rest goes another round.

pub struct Flow {
    pub demand: f64,
    pub weight: f64,
    pub uses: Vec<(usize, f64)>,
}

pub fn rates(capacity: &[f64], flows: &[Flow]) -> Vec<f64> {
    let mut settled: Vec<Option<f64>> = vec![None; flows.len()];
    while settled.iter().any(Option::is_none) {
        let at = |level: f64| -> Vec<f64> {
            flows
                .iter()
                .zip(&settled)
                .map(|(flow, rate)| rate.unwrap_or((level * flow.weight).min(flow.demand)))
                .collect()
        };
        let (mut low, mut high) = (0.0, 1e9);
        for _ in 0..200 {
            let middle = 0.5 * (low + high);
            if fits(capacity, flows, &at(middle), 0.0) {
                low = middle;
            } else {
                high = middle;
            }
        }
        let now = at(low);
        let mut any = false;
        for index in 0..flows.len() {
            if settled[index].is_some() {
                continue;
            }
            let mut more = now.clone();
            more[index] += now[index].max(1e-6) * 1e-6;
            let has_demand = now[index] >= flows[index].demand * (1.0 - 1e-12);
            if has_demand || !fits(capacity, flows, &more, 0.0) {
                settled[index] = Some(now[index]);
                any = true;
            }
        }
        assert!(any, "the reference does not settle");
    }
    settled.into_iter().map(|rate| rate.expect("settled")).collect()
}

pub fn fits(capacity: &[f64], flows: &[Flow], rates: &[f64], slack: f64) -> bool {
    capacity.iter().enumerate().all(|(resource, capacity)| {
        let load: f64 = flows
            .iter()
            .zip(rates)
            .flat_map(|(flow, rate)| {
                flow.uses.iter().filter(|(r, _)| *r == resource).map(move |(_, a)| a * rate)
            })
            .sum();
        load <= capacity * (1.0 + slack) + slack
    })
}
