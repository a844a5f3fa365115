//! Seeded fuzzing of every content reader with mutated samples and random bytes. No reader may panic, and no read may
//! exceed the budget or leave the object.
//!
//! A run depends only on the seed and its own number, so `--seed S --from N --runs 1` repeats run N. Arithmetic
//! overflow panics only in the dev profile. The release profile is faster, but its first panic ends the program.

mod samples;

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use clap::Args;
use content_sniff::MediaType;
use content_sniff::{Sniffer, Step};
use policy::content_rules::{ContentRules, OtherType, apply_rules};
use policy::name_problems::name_problems;

use crate::Result;
use crate::report::{Report, note};

/// The read budget of one object.
const MAX_READS: u32 = 8;
const MAX_BYTES: u64 = 512 * 1024;

const DECLARED_TYPES: &[&str] = &[
    "text/plain",
    "text/csv",
    "text/markdown",
    "application/json",
    "text/html",
    "image/svg+xml",
    "application/yaml",
    "image/png",
    "application/zip",
    "application/octet-stream",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "video/mp4",
    "application/pdf",
];

/// The number of runs, their seed and the first run.
#[derive(Args)]
pub(crate) struct Options {
    /// The number of runs
    #[arg(long, default_value_t = 1_000_000)]
    runs: u64,
    /// The seed of all runs
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The number of the first run
    #[arg(long, default_value_t = 0)]
    from: u64,
}

/// The failures of all runs.
#[derive(Debug, Default, PartialEq, Eq)]
struct Failures {
    panics: u64,
    violations: u64,
    /// Descriptions of the first failures.
    shown: Vec<String>,
}

/// Prints the figures and checks them against their limits.
pub(crate) fn measure(options: &Options, report: &mut Report) -> Result {
    let Options { runs, seed, from } = *options;
    let current = Arc::new(AtomicU64::new(from));
    let current_in_hook = Arc::clone(&current);
    // The hook runs before the panic unwinds or aborts, so it also reports where a panic ends the program.
    set_hook(Box::new(move |panic| {
        let run = current_in_hook.load(Ordering::Relaxed);
        eprintln!(
            "panic in run {run} of seed {seed}: {panic}\nto repeat: bench fuzz --seed {seed} --from {run} --runs 1"
        );
    }));
    note(&format!("seed {seed}, runs {from} to {}", from.saturating_add(runs)));
    if cfg!(panic = "abort") {
        note("in this profile a panic ends the program after printing its run");
    }
    let failures = fuzz(seed, from..from.saturating_add(runs), &current)?;
    for failure in &failures.shown {
        note(failure);
    }
    note(&format!("{runs} runs: {} panics, {} budget violations", failures.panics, failures.violations));
    report.check("panics", failures.panics == 0, &failures.panics.to_string(), "none");
    report.check("budget violations", failures.violations == 0, &failures.violations.to_string(), "none");
    Ok(())
}

fn fuzz(seed: u64, runs: Range<u64>, current: &AtomicU64) -> Result<Failures> {
    const MAX_SHOWN: usize = 20;
    let samples = samples::samples();
    let types: Result<Vec<MediaType>, _> = DECLARED_TYPES.iter().map(|text| MediaType::parse(text)).collect();
    let types = types.map_err(|e| e.to_string())?;
    let mut failures = Failures::default();
    for run in runs {
        current.store(run, Ordering::Relaxed);
        let mut random = Random::new(seed, run);
        let failure = match catch_unwind(AssertUnwindSafe(|| run_once(&mut random, &samples, &types))) {
            Ok(Ok(())) => continue,
            Ok(Err(violation)) => {
                failures.violations += 1;
                format!("run {run}: {violation}")
            }
            Err(_) => {
                failures.panics += 1;
                format!("run {run}: panic")
            }
        };
        if failures.shown.len() < MAX_SHOWN {
            failures.shown.push(failure);
        }
    }
    Ok(failures)
}

/// Makes one input and sniffs it.
fn run_once(random: &mut Random, samples: &[Vec<u8>], types: &[MediaType]) -> Result {
    let input = input(random, samples);
    let declared = types.get(random.below(types.len() + 1));
    let short_reads = random.below(50) == 0;
    // Sometimes the input is only the start of a larger object, of up to 2⁶⁴ - 1 bytes.
    let padding = if random.below(40) == 0 { random.next() >> random.below(64) } else { 0 };
    let _ = name_problems(&String::from_utf8_lossy(input.get(..64).unwrap_or(&input)));
    sniff_checked(&input, declared, short_reads, padding)
}

/// Sniffs the input followed by `padding` zeros, and checks each read against the budget and the object. With
/// `short_reads`, every read after the first returns half of its range.
fn sniff_checked(input: &[u8], declared: Option<&MediaType>, short_reads: bool, padding: u64) -> Result {
    let size = u64::try_from(input.len()).map_err(|e| e.to_string())?.saturating_add(padding);
    let (mut sniffer, mut step) = Sniffer::start(size, declared);
    let (mut reads, mut bytes) = (0u32, 0u64);
    loop {
        match step {
            Step::Read(range) => {
                reads += 1;
                bytes = bytes.saturating_add(range.len);
                let inside = range.start.checked_add(range.len).is_some_and(|end| end <= size);
                if range.len == 0 || !inside || reads > MAX_READS || bytes > MAX_BYTES {
                    return Err(format!("read {reads}, {range:?} of {size} bytes, {bytes} bytes in total"));
                }
                let len = if short_reads && reads > 1 { range.len / 2 } else { range.len };
                (sniffer, step) = sniffer.feed(&window(input, range.start, len));
            }
            Step::Done(sniffed) => {
                if let Some(declared) = declared {
                    let _ = apply_rules(&ContentRules::strict(), declared, Some("png"), &sniffed, OtherType::ByRule);
                }
                let counted = sniffed.reads == reads && (short_reads || sniffed.bytes == bytes);
                let reported = format!("{} reads and {} bytes", sniffed.reads, sniffed.bytes);
                return if counted {
                    Ok(())
                } else {
                    Err(format!("{reads} reads and {bytes} bytes, reported as {reported}"))
                };
            }
        }
    }
}

/// `len` bytes from `start`, padded with zeros after the end of the input.
fn window(input: &[u8], start: u64, len: u64) -> Vec<u8> {
    let start = usize::try_from(start).unwrap_or(usize::MAX).min(input.len());
    let len = usize::try_from(len).unwrap_or(0);
    let mut window: Vec<u8> = input.iter().skip(start).take(len).copied().collect();
    window.resize(len, 0);
    window
}

/// Xorshift: the same numbers on every platform, without a dependency.
struct Random(u64);

impl Random {
    /// The numbers of one run. The finisher of `SplitMix64` separates neighbouring runs.
    fn new(seed: u64, run: u64) -> Self {
        let mut mixed = seed.rotate_left(32) ^ run.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        Self((mixed ^ (mixed >> 31)) | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn byte(&mut self) -> u8 {
        self.next().to_le_bytes()[0]
    }

    /// A number below `n`; zero if `n` is zero.
    fn below(&mut self, n: usize) -> usize {
        let n = u64::try_from(n).unwrap_or(u64::MAX).max(1);
        usize::try_from((self.next() >> 8) % n).unwrap_or(0)
    }
}

fn input(random: &mut Random, samples: &[Vec<u8>]) -> Vec<u8> {
    if random.below(20) == 0 {
        return (0..random.below(600)).map(|_| random.byte()).collect();
    }
    let mut bytes = samples[random.below(samples.len())].clone();
    for _ in 0..=random.below(6) {
        mutate(random, &mut bytes, samples);
    }
    // A gap forces the readers to request a second range. Rare, because it is slow.
    if random.below(400) == 0 {
        let (gap, at) = (random.below(200_000), random.below(bytes.len() + 1));
        bytes.splice(at..at, std::iter::repeat_n(0, gap));
    }
    bytes
}

fn mutate(random: &mut Random, bytes: &mut Vec<u8>, samples: &[Vec<u8>]) {
    const EDGES: [u64; 9] = [0, 1, 0x7f, 0x80, 0xff, 0xffff, 0x7fff_ffff, 0xffff_ffff, u64::MAX];
    let at = random.below(bytes.len() + 1);
    match random.below(8) {
        0 => bytes.truncate(at),
        1 => bytes.insert(at, random.byte()),
        2 => {
            let end = (at + random.below(32)).min(bytes.len());
            bytes.drain(at..end);
        }
        3 => {
            let end = (at + random.below(64)).min(bytes.len());
            let copy = bytes[at..end].to_vec();
            bytes.splice(at..at, copy);
        }
        4 => {
            let other = &samples[random.below(samples.len())];
            let from = random.below(other.len() + 1);
            let end = (from + random.below(64)).min(other.len());
            bytes.splice(at..at, other[from..end].iter().copied());
        }
        5 => {
            let edge = EDGES[random.below(EDGES.len())];
            let width = [1, 2, 4, 8][random.below(4)];
            let number = if random.below(2) == 0 { edge.to_le_bytes() } else { edge.to_be_bytes() };
            let number = if random.below(2) == 0 { &number[..width] } else { &number[8 - width..] };
            for (target, byte) in bytes.iter_mut().skip(at).zip(number) {
                *target = *byte;
            }
        }
        _ => {
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= 1 << random.below(8);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A short run for every test; `bench fuzz` runs longer.
    #[test]
    fn no_reader_panics_or_reads_beyond_its_budget() {
        let current = AtomicU64::new(0);
        let failures = fuzz(1, 0..20_000, &current).unwrap();
        assert_eq!(failures, Failures::default(), "last run {}", current.load(Ordering::Relaxed));
    }

    #[test]
    fn a_run_depends_only_on_seed_and_number() {
        let samples = samples::samples();
        let input_of = |seed, run| input(&mut Random::new(seed, run), &samples);
        assert_eq!(input_of(7, 41), input_of(7, 41));
        assert!((0..20).any(|run| input_of(7, run) != input_of(8, run)));
        let different: std::collections::BTreeSet<_> = (0..100).map(|run| input_of(7, run)).collect();
        assert!(different.len() > 90, "{}", different.len());
    }

    #[test]
    fn every_sample_is_sniffed_within_the_budget() {
        for sample in samples::samples() {
            assert_eq!(sniff_checked(&sample, None, false, 0), Ok(()));
        }
    }
}
