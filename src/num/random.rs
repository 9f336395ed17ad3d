//! Random streams that come from a seed: the same numbers on every machine and for any number of threads.
//!
//! Takes a seed and the number of a stream, gives a generator.
//! Deliberately absent: a global generator, the clock as a seed.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use super::vmath;

/// One stream of random numbers. Streams of one seed with different numbers are independent.
#[derive(Clone, Debug)]
pub struct Stream {
    generator: ChaCha8Rng,
}

impl Stream {
    /// Stream number `stream` of `seed`.
    pub fn new(seed: u64, stream: u64) -> Self {
        let mut generator = ChaCha8Rng::seed_from_u64(seed);
        generator.set_stream(stream);
        Self { generator }
    }

    /// Any 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.generator.next_u64()
    }

    /// Uniform in `[0, 1)`, a multiple of 2^-53.
    pub fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
    }

    /// Uniform in `[lo, hi)`.
    pub fn uniform(&mut self, lo: f64, hi: f64) -> f64 {
        lo + (hi - lo) * self.unit()
    }

    /// Uniform in `0..n`, without bias (Lemire, ACM Trans. Model. Comput. Simul. 29, 2019); 0 when `n` is 0.
    pub fn below(&mut self, n: u64) -> u64 {
        if n == 0 {
            return 0;
        }
        let threshold = n.wrapping_neg() % n;
        loop {
            let wide = u128::from(self.bits()) * u128::from(n);
            if wide as u64 >= threshold {
                return (wide >> 64) as u64;
            }
        }
    }

    /// Standard normal (Marsaglia's polar method).
    pub fn normal(&mut self) -> f64 {
        loop {
            let (u, v) = (2.0 * self.unit() - 1.0, 2.0 * self.unit() - 1.0);
            let s = u * u + v * v;
            if 0.0 < s && s < 1.0 {
                return u * (-2.0 * vmath::log(s) / s).sqrt();
            }
        }
    }

    /// Shuffles in place (Fisher and Yates).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            let at = self.below(last as u64 + 1) as usize;
            items.swap(last, at);
        }
    }

    /// How many 32-bit words were taken: with seed and stream it restores the generator.
    pub fn position(&self) -> u128 {
        self.generator.get_word_pos()
    }

    /// Continues from `position`.
    pub fn seek(&mut self, position: u128) {
        self.generator.set_word_pos(position);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_restored_at_its_position_goes_on_with_the_same_numbers() {
        let mut stream = Stream::new(7, 3);
        for _ in 0..17 {
            stream.normal();
        }
        let mut other = Stream::new(7, 3);
        other.seek(stream.position());
        assert_eq!(stream.bits(), other.bits());
        assert_ne!(Stream::new(7, 4).bits(), Stream::new(7, 3).bits());
    }

    #[test]
    fn normal_draws_have_mean_zero_and_variance_one() {
        let mut stream = Stream::new(1, 0);
        let draws: Vec<f64> = (0..20_000).map(|_| stream.normal()).collect();
        let mean = draws.iter().sum::<f64>() / draws.len() as f64;
        let variance = draws.iter().map(|d| (d - mean) * (d - mean)).sum::<f64>() / draws.len() as f64;
        // Four standard deviations of the estimators.
        assert!(mean.abs() < 4.0 / 20_000f64.sqrt(), "{mean}");
        assert!((variance - 1.0).abs() < 4.0 * (2.0 / 20_000f64).sqrt(), "{variance}");
    }
}
