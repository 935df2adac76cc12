//! Where the warm-up of a sequence ends.

/// The cut that MSER-5 proposes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WarmUp {
    /// Values to drop from the beginning.
    pub drop: usize,
    /// The best cut lies in the last half: the run is too short, or never settles.
    pub unsettled: bool,
}

/// Finds the warm-up of a sequence by MSER-5.
///
/// Values are averaged in fives; dropping d of the n averages leaves a mean whose squared standard
/// error is Σ(y − ȳ)² / (n − d)²; the d with the smallest one is best. Only the first half is
/// searched, as its authors advise: a minimum at its end means that the run never settles.
///
/// Source: White, Cobb and Spratt (2000); chosen for automation by Hoad, Robinson and Davies
/// (2010).
pub fn mser5(values: &[f64]) -> WarmUp {
    let means: Vec<f64> =
        values.chunks_exact(5).map(|five| five.iter().sum::<f64>() / 5.0).collect();
    let count = means.len();
    // Sums from the back make every cut O(1).
    let (mut sum, mut squares) = (0.0, 0.0);
    let mut best = (f64::INFINITY, 0);
    let shift = means.last().copied().unwrap_or(0.0);
    for drop in (0..count).rev() {
        let value = means[drop] - shift;
        sum += value;
        squares += value * value;
        let left = (count - drop) as f64;
        let error = (squares - sum * sum / left).max(0.0) / (left * left);
        if drop <= count / 2 && error <= best.0 {
            best = (error, drop);
        }
    }
    WarmUp { drop: best.1 * 5, unsettled: count < 4 || best.1 >= count / 2 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chance::{Chance, Seed};

    #[test]
    fn a_planted_transient_is_found() {
        let mut stream = Chance::new(Seed::new(9), 0).stream("warm-up", "noise");
        let values: Vec<f64> = (0..2_000)
            .map(|index| {
                let transient =
                    if index < 300 { 10.0 * (1.0 - f64::from(index) / 300.0) } else { 0.0 };
                transient + stream.normal()
            })
            .collect();
        let cut = mser5(&values);
        assert!((200..=400).contains(&cut.drop) && !cut.unsettled, "{cut:?}");
    }

    #[test]
    fn a_sequence_that_keeps_rising_is_unsettled() {
        let values: Vec<f64> = (0..1_000).map(f64::from).collect();
        assert!(mser5(&values).unsettled);
    }
}
