//! Named random streams on xoshiro256++.

use rand::SeedableRng;
use rand::rngs::Xoshiro256PlusPlus;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The seed of a run, as given with `--seed`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Seed(u64);

/// The source of all streams of one replication.
#[derive(Debug, Clone, Copy)]
pub struct Chance {
    root: u64,
}

/// One stream of random numbers.
#[derive(Debug, Clone)]
pub struct Stream(Xoshiro256PlusPlus);

impl Seed {
    /// A seed from a number.
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }
    /// The number.
    pub const fn get(self) -> u64 {
        self.0
    }
}

impl fmt::Display for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Chance {
    /// The streams of replication number `replication` (from 0) under a seed.
    pub fn new(seed: Seed, replication: u32) -> Self {
        let root = mix(seed.0 ^ mix(u64::from(replication)));
        Self { root }
    }

    /// The stream of an entity for a purpose; the same names give the same stream.
    pub fn stream(&self, entity: &str, purpose: &str) -> Stream {
        let mut hash = self.root;
        // The separator keeps ("a", "bc") and ("ab", "c") apart.
        for byte in entity.bytes().chain([0xff]).chain(purpose.bytes()) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(FNV_PRIME);
        }
        // SplitMix64 fills the 256 bits of state, as xoshiro's authors advise.
        let mut state = [0_u8; 32];
        for chunk in state.chunks_exact_mut(8) {
            hash = hash.wrapping_add(GOLDEN_GAMMA);
            chunk.copy_from_slice(&mix(hash).to_le_bytes());
        }
        Stream(Xoshiro256PlusPlus::from_seed(state))
    }
}

impl Stream {
    /// 64 random bits.
    #[inline]
    pub fn bits(&mut self) -> u64 {
        use rand::Rng;
        self.0.next_u64()
    }

    /// A uniform number in the open interval (0, 1), on a grid of 2^-52: safe for logarithms.
    #[inline]
    pub fn uniform(&mut self) -> f64 {
        ((self.bits() >> 12) as f64 + 0.5) * (1.0 / 4_503_599_627_370_496.0)
    }

    /// An exponential variate with mean 1, by inversion: one uniform each, monotone, so that common
    /// random numbers stay in step.
    #[inline]
    pub fn exp1(&mut self) -> f64 {
        -libm::log(self.uniform())
    }

    /// An exponential variate with mean 1, by the ziggurat method: three times as fast as
    /// [`Stream::exp1`], but the number of uniforms varies and the variate is not monotone in them,
    /// so it suits independent replications and not common random numbers.
    #[inline]
    pub fn exp1_ziggurat(&mut self) -> f64 {
        use rand_distr::{Distribution, Exp1};
        Exp1.sample(&mut self.0)
    }

    /// A standard normal variate, by inversion of the normal distribution function.
    pub fn normal(&mut self) -> f64 {
        super::distribution::normal_quantile(self.uniform())
    }

    /// A uniform index in `0..n`; `n` must not be zero.
    pub fn index(&mut self, n: usize) -> usize {
        // Lemire's multiply-shift; its bias is below n / 2^64.
        ((u128::from(self.bits()) * n as u128) >> 64) as usize
    }
}

/// 64-bit FNV-1a prime.
const FNV_PRIME: u64 = 0x0000_0100_0000_01b3;
/// Increment of `SplitMix64` (Steele, Lea, Flood 2014).
const GOLDEN_GAMMA: u64 = 0x9e37_79b9_7f4a_7c15;

/// The finaliser of `SplitMix64`: a bijection that spreads every input bit over the output.
const fn mix(value: u64) -> u64 {
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_are_stable_to_the_bit() {
        let mut stream = Chance::new(Seed::new(1), 0).stream("broker/3", "start-up");
        let bits: Vec<u64> = (0..3).map(|_| stream.bits()).collect();
        assert_eq!(bits, BITS, "{bits:#x?}");
    }
    const BITS: [u64; 3] = [0x8a70_87fe_8442_e6ee, 0x1b28_e890_aceb_e26c, 0x1efb_7b10_3a47_f76e];

    #[test]
    fn both_exponential_samplers_have_their_law_and_their_bits() {
        let mut stream = Chance::new(Seed::new(1), 0).stream("sampler", "exp");
        let first = [stream.exp1().to_bits(), stream.exp1_ziggurat().to_bits()];
        assert_eq!(first, SAMPLES, "{first:#x?}");
        for sample in [Stream::exp1, Stream::exp1_ziggurat] {
            let n = 100_000;
            let mean = (0..n).map(|_| sample(&mut stream)).sum::<f64>() / f64::from(n);
            assert!((mean - 1.0).abs() < 4.0 / f64::from(n).sqrt(), "{mean}");
        }
    }
    const SAMPLES: [u64; 2] = [0x4003_d7c2_0c1a_14ad, 0x4000_5b82_1326_1a09];

    #[test]
    fn names_seeds_and_replications_separate_streams() {
        let first = |seed, replication, entity: &str, purpose: &str| {
            Chance::new(Seed::new(seed), replication).stream(entity, purpose).bits()
        };
        let base = first(1, 0, "broker/3", "x");
        assert_eq!(base, first(1, 0, "broker/3", "x"));
        for other in [
            first(2, 0, "broker/3", "x"),
            first(1, 1, "broker/3", "x"),
            first(1, 0, "broker/4", "x"),
            first(1, 0, "broker/3", "y"),
            first(1, 0, "broker", "/3x"),
        ] {
            assert_ne!(base, other);
        }
    }

    #[test]
    fn uniform_never_touches_its_ends() {
        let mut stream = Chance::new(Seed::new(7), 0).stream("u", "");
        let mean = (0..100_000).map(|_| stream.uniform()).sum::<f64>() / 1e5;
        assert!((mean - 0.5).abs() < 4.0 * (1.0_f64 / 12.0 / 1e5).sqrt());
        let largest = ((u64::MAX >> 12) as f64 + 0.5) * (1.0 / 4_503_599_627_370_496.0);
        assert!(largest < 1.0);
    }
}
