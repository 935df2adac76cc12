//! Max-min fair rates of flows that share resources.
//!
//! A flow takes a fixed amount of several resources per unit of its rate and wants at most its
//! demand. All rates rise together, each by its weight, until a flow has its demand or a resource
//! it needs is full; those flows keep their rate and the others rise on (progressive filling,
//! Bertsekas and Gallager, *Data Networks*, section 6.5.2). The result is the unique weighted
//! max-min fair allocation: no flow can get more without taking from one that has, by its weight,
//! no more.

/// A network of flows and resources, reused from one solution to the next.
#[derive(Debug, Clone, Default)]
pub struct FairShare {
    flows: Vec<Flow>,
    /// (resource, amount per unit of rate) of all flows, flow after flow.
    uses: Vec<(u32, f64)>,
    /// Free capacity of each resource, then what is left of it.
    free: Vec<f64>,
    /// Amount per unit of fill level that the rising flows take of each resource.
    slope: Vec<f64>,
    /// Rising flows of each resource; at zero the slope is nothing but rounding.
    risers: Vec<u32>,
    full: Vec<bool>,
    rates: Vec<f64>,
    rising: Vec<u32>,
    by_level: Vec<u32>,
}

#[derive(Debug, Clone, Copy)]
struct Flow {
    demand: f64,
    weight: f64,
    first: u32,
    last: u32,
}

/// Resources that fill within this share of the smallest step fill together.
const TOGETHER: f64 = 1e-12;

impl FairShare {
    /// An empty network.
    pub fn new() -> Self {
        Self::default()
    }

    /// Forgets all flows and sets the resources' capacities.
    pub fn reset(&mut self, capacity: impl IntoIterator<Item = f64>) {
        self.flows.clear();
        self.uses.clear();
        self.rates.clear();
        self.free.clear();
        self.free.extend(capacity);
    }

    /// Adds a flow; its index is the number of flows before it. `demand` may be infinite if a
    /// resource bounds the flow; `weight` is above 0; `uses` are amounts per unit of rate, ≥ 0.
    pub fn flow(
        &mut self,
        demand: f64,
        weight: f64,
        uses: impl IntoIterator<Item = (usize, f64)>,
    ) -> usize {
        let first = self.uses.len() as u32;
        self.uses.extend(uses.into_iter().map(|(resource, amount)| (resource as u32, amount)));
        let last = self.uses.len() as u32;
        self.flows.push(Flow { demand, weight, first, last });
        self.flows.len() - 1
    }

    /// The number of flows.
    pub fn len(&self) -> usize {
        self.flows.len()
    }

    /// Whether there is no flow.
    pub fn is_empty(&self) -> bool {
        self.flows.is_empty()
    }

    /// Lowers or raises the demand of a flow.
    pub fn set_demand(&mut self, flow: usize, demand: f64) {
        self.flows[flow].demand = demand;
    }

    /// How much of each resource the flows would take at the given rates.
    pub fn load(&self, rates: &[f64], load: &mut Vec<f64>) {
        load.clear();
        load.resize(self.free.len(), 0.0);
        for (flow, rate) in self.flows.iter().zip(rates) {
            for (resource, amount) in self.uses_of(flow) {
                load[*resource as usize] += amount * rate;
            }
        }
    }

    /// The max-min fair rates, indexed like the flows. Complexity: O(uses) when every demand fits,
    /// otherwise O(rounds × resources + flows × log flows + uses).
    pub fn solve(&mut self) -> &[f64] {
        if !self.demands_fit() {
            let capacity = self.free.clone();
            self.fill();
            self.free = capacity;
        }
        &self.rates
    }

    fn uses_of(&self, flow: &Flow) -> &[(u32, f64)] {
        &self.uses[flow.first as usize..flow.last as usize]
    }

    /// The common case: nothing is full, everyone gets the demand.
    fn demands_fit(&mut self) -> bool {
        self.rates.clear();
        self.rates.extend(self.flows.iter().map(|flow| flow.demand));
        if self.rates.iter().any(|rate| rate.is_infinite()) {
            return false;
        }
        let mut load = std::mem::take(&mut self.slope);
        self.load(&self.rates, &mut load);
        let fits = load.iter().zip(&self.free).all(|(load, free)| load <= free);
        self.slope = load;
        fits
    }

    fn fill(&mut self) {
        self.start_rising();
        let mut level = 0.0;
        let mut next = 0;
        loop {
            while next < self.by_level.len() && self.rates[self.by_level[next] as usize] >= 0.0 {
                next += 1;
            }
            let Some(flow) = self.by_level.get(next).map(|flow| *flow as usize) else { break };
            let step = self.step_to_full();
            let to_demand = self.flows[flow].demand / self.flows[flow].weight - level;
            if to_demand <= step {
                self.rise(to_demand.max(0.0));
                level += to_demand.max(0.0);
                self.settle(flow, self.flows[flow].demand);
            } else if step.is_finite() {
                self.mark_full(step);
                self.rise(step);
                level += step;
                self.settle_full(level);
            } else {
                // No resource bounds the rest, and their demand is infinite: a defect of the
                // caller; the level they have is the honest answer.
                debug_assert!(false, "an unbounded flow");
                self.settle(flow, level * self.flows[flow].weight);
            }
        }
    }

    fn start_rising(&mut self) {
        self.rates.clear();
        self.rates.resize(self.flows.len(), -1.0);
        self.slope.clear();
        self.slope.resize(self.free.len(), 0.0);
        self.risers.clear();
        self.risers.resize(self.free.len(), 0);
        self.full.clear();
        self.full.resize(self.free.len(), false);
        for flow in &self.flows {
            for (resource, amount) in &self.uses[flow.first as usize..flow.last as usize] {
                self.slope[*resource as usize] += amount * flow.weight;
                self.risers[*resource as usize] += u32::from(*amount > 0.0);
            }
        }
        self.rising.clear();
        self.rising.extend(0..self.flows.len() as u32);
        self.by_level.clear();
        self.by_level.extend(0..self.flows.len() as u32);
        let flows = &self.flows;
        let level = |flow: &u32| flows[*flow as usize].demand / flows[*flow as usize].weight;
        self.by_level.sort_by(|a, b| level(a).total_cmp(&level(b)));
    }

    /// How far the level may rise until a resource is full.
    fn step_to_full(&self) -> f64 {
        let rising = (0..self.free.len()).filter(|resource| self.risers[*resource] > 0);
        rising.map(|resource| self.step_of(resource)).fold(f64::INFINITY, f64::min)
    }

    fn step_of(&self, resource: usize) -> f64 {
        self.free[resource].max(0.0) / self.slope[resource]
    }

    fn mark_full(&mut self, step: f64) {
        for resource in 0..self.free.len() {
            let fills =
                self.risers[resource] > 0 && self.step_of(resource) <= step * (1.0 + TOGETHER);
            self.full[resource] |= fills;
        }
    }

    fn rise(&mut self, step: f64) {
        for (free, slope) in self.free.iter_mut().zip(&self.slope) {
            *free -= slope * step;
        }
    }

    fn settle(&mut self, flow: usize, rate: f64) {
        self.rates[flow] = rate;
        let Flow { weight, first, last, .. } = self.flows[flow];
        for (resource, amount) in &self.uses[first as usize..last as usize] {
            let slope = &mut self.slope[*resource as usize];
            *slope = (*slope - amount * weight).max(0.0);
            self.risers[*resource as usize] -= u32::from(*amount > 0.0);
        }
    }

    /// Settles every rising flow that needs a full resource at the level.
    fn settle_full(&mut self, level: f64) {
        let rising = std::mem::take(&mut self.rising);
        let mut still = Vec::with_capacity(rising.len());
        for index in rising {
            let flow = self.flows[index as usize];
            if self.rates[index as usize] >= 0.0 {
                continue;
            }
            let full = self.uses[flow.first as usize..flow.last as usize]
                .iter()
                .any(|(resource, amount)| *amount > 0.0 && self.full[*resource as usize]);
            if full {
                self.settle(index as usize, (level * flow.weight).min(flow.demand));
            } else {
                still.push(index);
            }
        }
        self.rising = still;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fits_is_given() {
        let mut share = FairShare::new();
        share.reset([10.0]);
        share.flow(3.0, 1.0, [(0, 1.0)]);
        share.flow(4.0, 1.0, [(0, 1.0)]);
        assert_eq!(share.solve(), [3.0, 4.0]);
    }

    #[test]
    fn the_small_are_served_and_the_large_share_the_rest() {
        let mut share = FairShare::new();
        share.reset([10.0]);
        share.flow(2.0, 1.0, [(0, 1.0)]);
        share.flow(9.0, 1.0, [(0, 1.0)]);
        share.flow(f64::INFINITY, 1.0, [(0, 1.0)]);
        assert_eq!(share.solve(), [2.0, 4.0, 4.0]);
    }

    #[test]
    fn weights_and_amounts_count() {
        let mut share = FairShare::new();
        share.reset([1.0, 1.0]);
        share.flow(f64::INFINITY, 2.0, [(0, 0.1)]);
        share.flow(f64::INFINITY, 1.0, [(0, 0.1), (1, 0.5)]);
        // Resource 1 stops the second at 2; resource 0 leaves 0.8 / 0.1 to the first.
        let rates = share.solve();
        assert!((rates[1] - 2.0).abs() < 1e-9, "{rates:?}");
        assert!((rates[0] - 8.0).abs() < 1e-9, "{rates:?}");
    }

    #[test]
    fn a_full_resource_gives_nothing() {
        let mut share = FairShare::new();
        share.reset([0.0, 5.0]);
        share.flow(4.0, 1.0, [(0, 1.0), (1, 1.0)]);
        share.flow(f64::INFINITY, 1.0, [(1, 1.0)]);
        assert_eq!(share.solve(), [0.0, 5.0]);
    }
}
