//! Output analysis against processes whose truth is known.

use kafsim::analysis::{batch_means, mser5, replications};
use kafsim::chance::{Chance, Seed, Stream};

fn stream(experiment: u64) -> Stream {
    Chance::new(Seed::new(experiment), 0).stream("process", "noise")
}

/// A first-order autoregression with mean 10.
fn ar1(correlation: f64, length: usize, stream: &mut Stream) -> Vec<f64> {
    let scale = (1.0 - correlation * correlation).sqrt();
    let mut state = stream.normal();
    (0..length)
        .map(|_| {
            state = correlation * state + scale * stream.normal();
            10.0 + state
        })
        .collect()
}

#[test]
fn t_intervals_of_normal_values_cover_at_their_rate() {
    let covered = (0..1_000)
        .filter(|experiment| {
            let mut stream = stream(*experiment);
            let values: Vec<f64> = (0..5).map(|_| 3.0 + stream.normal()).collect();
            replications(&values, 0.95).contains(3.0)
        })
        .count();
    assert!((930..=970).contains(&covered), "{covered}");
}

#[test]
fn batch_means_cover_a_correlated_mean() {
    let covered = (0..500)
        .filter(|experiment| {
            let values = ar1(0.9, 20_000, &mut stream(10_000 + *experiment));
            batch_means(&values, 0.95).is_some_and(|interval| interval.contains(10.0))
        })
        .count();
    assert!((455..=495).contains(&covered), "{covered} of 500");
}

#[test]
fn naive_intervals_would_not() {
    let covered = (0..300)
        .filter(|experiment| {
            let values = ar1(0.9, 2_000, &mut stream(20_000 + *experiment));
            replications(&values, 0.95).contains(10.0)
        })
        .count();
    assert!(covered < 200, "{covered} of 300: the correction would be for nothing");
}

#[test]
fn mser5_cuts_a_decay_and_leaves_a_stationary_sequence() {
    let mut noise = stream(7);
    let decay: Vec<f64> =
        (0..3_000).map(|n| 20.0 * libm::exp(-f64::from(n) / 100.0) + noise.normal()).collect();
    let cut = mser5(&decay);
    assert!((150..=700).contains(&cut.drop) && !cut.unsettled, "{cut:?}");
    let still = ar1(0.5, 3_000, &mut stream(8));
    assert!(mser5(&still).drop < 1_000);
}
