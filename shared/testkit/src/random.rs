//! Reproducible random numbers.

use std::cell::Cell;
use std::sync::{Mutex, PoisonError};

/// Random numbers from a seed, the same on every machine; good enough for shuffling.
#[derive(Debug)]
pub struct Random(Mutex<Cell<u64>>);

impl Random {
    /// The numbers of a seed. `SplitMix64`'s finisher keeps neighbouring seeds apart.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let mut mixed = seed.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        Self(Mutex::new(Cell::new((mixed ^ (mixed >> 31)) | 1)))
    }

    /// The next number: xorshift.
    #[must_use]
    pub fn next(&self) -> u64 {
        let state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut number = state.get();
        number ^= number << 13;
        number ^= number >> 7;
        number ^= number << 17;
        state.set(number);
        number
    }

    /// A number below `n`, or zero.
    #[must_use]
    pub fn below(&self, n: usize) -> usize {
        let n = u64::try_from(n).unwrap_or(u64::MAX).max(1);
        usize::try_from((self.next() >> 8) % n).unwrap_or(0)
    }

    /// `true` with a probability of `n` in a thousand.
    #[must_use]
    pub fn permille(&self, n: usize) -> bool {
        self.below(1000) < n
    }
}
