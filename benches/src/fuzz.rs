//! Seeded fuzzing of every reader of contents, over mutated samples and random bytes: nothing may panic, and no read
//! may go beyond the budget or outside of the object.
//!
//! Each run depends on the seed and its own number only, so `--seed S --from N --runs 1` is run N again. Sums that
//! wrap show as panics in the dev profile; the release profile is faster, and there the first panic ends the program.

mod samples;

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use clap::Args;
use content_sniff::MediaType;
use content_sniff::{Sniffer, Step};
use policy::content_rules::{ContentRules, apply_rules};
use policy::name_problems::name_problems;

use crate::Outcome;
use crate::report::{Report, note};

/// The hard stops of a sniffing.
const MOST_READS: u32 = 8;
const MOST_BYTES: u64 = 512 * 1024;

const CLAIMS: &[&str] = &[
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

/// How long, and which runs.
#[derive(Args)]
pub(crate) struct Options {
    /// How many runs
    #[arg(long, default_value_t = 1_000_000)]
    runs: u64,
    /// What the runs are made from
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The first run's number
    #[arg(long, default_value_t = 0)]
    from: u64,
}

/// What became of the runs.
#[derive(Debug, Default, PartialEq, Eq)]
struct Seen {
    panics: u64,
    violations: u64,
    /// The faults in words, the first few of them.
    faults: Vec<String>,
}

/// Prints and judges the figures.
pub(crate) fn measure(options: &Options, report: &mut Report) -> Outcome {
    let Options { runs, seed, from } = *options;
    let current = Arc::new(AtomicU64::new(from));
    let shown = Arc::clone(&current);
    // Before anything unwinds or aborts: where a panic ends the program, this is its last word.
    set_hook(Box::new(move |panic| {
        let run = shown.load(Ordering::Relaxed);
        eprintln!("panic in run {run} of seed {seed}: {panic}\nagain: bench fuzz --seed {seed} --from {run} --runs 1");
    }));
    note(&format!("seed {seed}, runs {from} to {}", from.saturating_add(runs)));
    if cfg!(panic = "abort") {
        note("a panic ends the program in this profile, after naming its run");
    }
    let done = fuzz(seed, from..from.saturating_add(runs), &current)?;
    for fault in &done.faults {
        note(fault);
    }
    note(&format!("{runs} runs: {} panics, {} budget violations", done.panics, done.violations));
    report.limit("panics", done.panics == 0, &done.panics.to_string(), "none");
    report.limit("budget violations", done.violations == 0, &done.violations.to_string(), "none");
    Ok(())
}

fn fuzz(seed: u64, runs: Range<u64>, current: &AtomicU64) -> Outcome<Seen> {
    const FAULTS_SHOWN: usize = 20;
    let samples = samples::samples();
    let claims: Result<Vec<MediaType>, _> = CLAIMS.iter().map(|claim| MediaType::parse(claim)).collect();
    let claims = claims.map_err(|e| e.to_string())?;
    let mut done = Seen::default();
    for run in runs {
        current.store(run, Ordering::Relaxed);
        let mut random = Random::new(seed, run);
        let fault = match catch_unwind(AssertUnwindSafe(|| once(&mut random, &samples, &claims))) {
            Ok(Ok(())) => continue,
            Ok(Err(broken)) => {
                done.violations += 1;
                format!("run {run}: {broken}")
            }
            Err(_) => {
                done.panics += 1;
                format!("run {run}: a panic")
            }
        };
        if done.faults.len() < FAULTS_SHOWN {
            done.faults.push(fault);
        }
    }
    Ok(done)
}

/// One input and one sniffing.
fn once(random: &mut Random, samples: &[Vec<u8>], claims: &[MediaType]) -> Outcome {
    let input = input(random, samples);
    let claim = claims.get(random.below(claims.len() + 1));
    let short = random.below(50) == 0;
    // Now and then the input is but the start of something larger, up to the largest size there is.
    let more = if random.below(40) == 0 { random.next() >> random.below(64) } else { 0 };
    let _ = name_problems(&String::from_utf8_lossy(input.get(..64).unwrap_or(&input)));
    drive(&input, claim, short, more)
}

/// One sniffing, with every promise about reads checked. Behind the input lie `more` zeros.
fn drive(input: &[u8], claim: Option<&MediaType>, short: bool, more: u64) -> Outcome {
    let size = u64::try_from(input.len()).map_err(|e| e.to_string())?.saturating_add(more);
    let (mut sniffer, mut step) = Sniffer::start(size, claim);
    let (mut reads, mut bytes) = (0u32, 0u64);
    loop {
        match step {
            Step::Read(range) => {
                reads += 1;
                bytes = bytes.saturating_add(range.len);
                let inside = range.start.checked_add(range.len).is_some_and(|end| end <= size);
                if range.len == 0 || !inside || reads > MOST_READS || bytes > MOST_BYTES {
                    return Err(format!("read {reads}, {range:?} of {size} bytes, {bytes} in all"));
                }
                let len = if short && reads > 1 { range.len / 2 } else { range.len };
                (sniffer, step) = sniffer.feed(&window(input, range.start, len));
            }
            Step::Done(answer) => {
                if let Some(claim) = claim {
                    let _ = apply_rules(&ContentRules::strict(), claim, Some("png"), &answer);
                }
                let honest = answer.reads == reads && (short || answer.bytes == bytes);
                let told = format!("{} reads and {} bytes", answer.reads, answer.bytes);
                return if honest {
                    Ok(())
                } else {
                    Err(format!("{reads} reads and {bytes} bytes, said to be {told}"))
                };
            }
        }
    }
}

/// `len` bytes from `start`, zeros behind the input's end.
fn window(input: &[u8], start: u64, len: u64) -> Vec<u8> {
    let start = usize::try_from(start).unwrap_or(usize::MAX).min(input.len());
    let len = usize::try_from(len).unwrap_or(0);
    let mut window: Vec<u8> = input.iter().skip(start).take(len).copied().collect();
    window.resize(len, 0);
    window
}

/// Xorshift: good enough to be different every time, and the same everywhere.
struct Random(u64);

impl Random {
    /// The numbers of one run: `SplitMix64`'s finisher sets neighbours far apart.
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

    /// A number below `n`, or zero.
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
    // Now and then far apart, so that the readers must ask; rarely, for it is slow.
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
            for (place, byte) in bytes.iter_mut().skip(at).zip(number) {
                *place = *byte;
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

    /// So that every test run fuzzes a little; `bench fuzz` does it for as long as one likes.
    #[test]
    fn no_reader_panics_or_reads_beyond_its_budget() {
        let current = AtomicU64::new(0);
        let seen = fuzz(1, 0..20_000, &current).unwrap();
        assert_eq!(seen, Seen::default(), "last run {}", current.load(Ordering::Relaxed));
    }

    #[test]
    fn a_run_depends_on_its_number_alone() {
        let samples = samples::samples();
        let made = |seed, run| input(&mut Random::new(seed, run), &samples);
        assert_eq!(made(7, 41), made(7, 41));
        assert!((0..20).any(|run| made(7, run) != made(8, run)));
        let different: std::collections::BTreeSet<_> = (0..100).map(|run| made(7, run)).collect();
        assert!(different.len() > 90, "{}", different.len());
    }

    #[test]
    fn every_sample_is_sniffed_whole() {
        for sample in samples::samples() {
            assert_eq!(drive(&sample, None, false, 0), Ok(()));
        }
    }
}
