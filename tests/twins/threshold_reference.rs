//! The threshold policy once more, written from its description alone.

#[derive(Clone, Copy)]
pub struct Rules {
    pub up: [f64; 2],
    pub down: [f64; 2],
    pub increment: i64,
    pub decrement: i64,
    pub cooldown_up: f64,
    pub cooldown_down: f64,
    pub least: i64,
    pub most: i64,
}

#[derive(Default)]
pub struct Memory {
    up_at: Option<f64>,
    down_at: Option<f64>,
}

/// The size wanted, and the reason.
pub fn step(
    rules: &Rules,
    memory: &mut Memory,
    t: f64,
    metrics: [Option<f64>; 2],
    size: i64,
) -> (i64, &'static str) {
    let wants_up = (0..2).any(|i| matches!(metrics[i], Some(v) if v > rules.up[i]));
    let wants_down = (0..2).all(|i| matches!(metrics[i], Some(v) if v < rules.down[i]));
    if wants_up {
        if matches!(memory.up_at, Some(last) if t - last < rules.cooldown_up) {
            return (size, "CoolingDown");
        }
        memory.up_at = Some(t);
        let next = std::cmp::min(size + rules.increment, rules.most);
        if next > size { (next, "ScaleUp") } else { (size, "AtMaximum") }
    } else if wants_down {
        if matches!(memory.down_at, Some(last) if t - last < rules.cooldown_down) {
            return (size, "CoolingDown");
        }
        memory.down_at = Some(t);
        let next = std::cmp::max(size - rules.decrement, rules.least);
        if next < size { (next, "ScaleDown") } else { (size, "AtMinimum") }
    } else {
        (size, "WithinRange")
    }
}
