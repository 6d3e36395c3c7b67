//! What the works have in common.
use std::io::Result;

pub const PAGE: usize = 4096;
pub const RECORD: usize = 64;
pub const GROWTH_STEPS: usize = 8;

/// What a work is asked for.
pub struct Task {
    pub size: usize,
    pub operations: u32,
    pub path: String,
}

/// What is timed: answers with the checksum.
pub type Run = Box<dyn FnMut() -> Result<i32>>;

/// Makes what the time does not count.
pub type Work = fn(Task) -> Result<Run>;

/// The places of random items: the same ones in every language.
pub struct Random(u32);

impl Random {
    pub fn new() -> Self {
        Self(1)
    }

    pub fn next(&mut self, count: usize) -> usize {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        ((u64::from(self.0) * count as u64) >> 32) as usize
    }
}

/// The sum of the 32-bit words.
pub fn sum_words(bytes: &[u8]) -> i32 {
    let words = bytes
        .chunks_exact(4)
        .map(|word| u32::from_ne_bytes(word.try_into().unwrap()));
    words.fold(0u32, u32::wrapping_add) as i32
}

/// Stores to every page, so that no compiler leaves it out; answers how many there are.
pub fn touch(address: *mut u8, byte_length: usize) -> i32 {
    let mut pages = 0;
    for at in (0..byte_length).step_by(PAGE) {
        unsafe {
            address.add(at).write_volatile(1);
            pages += i32::from(address.add(at).read_volatile());
        }
    }
    pages
}

pub fn word_at(index: usize) -> u32 {
    ((index % 16384) as u32).wrapping_mul(2_654_435_761)
}
