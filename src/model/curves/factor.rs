//! Curves that multiply another curve.
//!
//! # Equation
//! λ(t) = f(t)·g(t). Where f is constant the volume is f × the volume of g. Where both change it is
//! taken by eight-point Gauss-Legendre quadrature over each common segment, which is exact for
//! polynomials of degree 15.
//! # Assumes
//! Within a segment both factors are smooth.
//! # Breaks
//! Nothing.
//! # Source
//! Abramowitz and Stegun, *Handbook of Mathematical Functions*, table 25.4.

use crate::units::{SimSpan, SimTime};

/// Nodes (positive half) and weights of eight-point Gauss-Legendre quadrature on [−1, 1].
const NODES: [(f64, f64); 4] = [
    (0.183_434_642_495_649_8, 0.362_683_783_378_362),
    (0.525_532_409_916_329, 0.313_706_645_877_887_3),
    (0.796_666_477_413_626_7, 0.222_381_034_453_374_5),
    (0.960_289_856_497_536_3, 0.101_228_536_290_376_26),
];

/// ∫ value dt over `from..to`, cut at the instants that `next` answers.
pub(super) fn integrate(
    from: SimTime,
    to: SimTime,
    next: impl Fn(SimTime) -> SimTime,
    value: impl Fn(SimTime) -> f64,
) -> f64 {
    let mut volume = 0.0;
    let mut now = from;
    while now < to {
        let end = next(now).min(to);
        volume += gauss(now, end, &value);
        now = end;
    }
    volume
}

fn gauss(from: SimTime, to: SimTime, value: impl Fn(SimTime) -> f64) -> f64 {
    let half = (to - from).as_secs_f64() / 2.0;
    let at = |x: f64| from.saturating_add(SimSpan::from_secs_f64(half * (1.0 + x))).min(to);
    let pair = |(x, weight): (f64, f64)| weight * (value(at(x)) + value(at(-x)));
    NODES.into_iter().map(pair).sum::<f64>() * half
}

/// ∫ factor × rate dt over `from..to` for a factor that is constant until `next`.
pub(super) fn stepwise(
    from: SimTime,
    to: SimTime,
    next: impl Fn(SimTime) -> SimTime,
    factor: impl Fn(SimTime) -> f64,
    volume: impl Fn(SimTime, SimTime) -> f64,
) -> f64 {
    let mut total = 0.0;
    let mut now = from;
    while now < to {
        let end = next(now).min(to);
        total += factor(now) * volume(now, end);
        now = end;
    }
    total
}
