//! What the kernel knows about a process, and where the binaries lie.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::Outcome;

/// Ticks of processor time are a hundredth of a second on every Linux that Rust runs on.
const TICK: Duration = Duration::from_millis(10);

/// A function's binary, or the hello-world one's.
pub(crate) fn bootstrap(function: &str) -> Outcome<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."));
    let path = root.join("target/lambda").join(function).join("bootstrap");
    if path.exists() { Ok(path) } else { Err(format!("{} is missing: `cargo xtask bench` builds it", path.display())) }
}

/// The most memory that a running process ever held, in bytes.
pub(crate) fn peak_memory(process: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: u64 = line.trim().trim_end_matches(" kB").parse().ok()?;
    Some(kilobytes * 1024)
}

/// The processor time of this process so far, all threads.
pub(crate) fn processor_time() -> Outcome<Duration> {
    let stat = fs::read_to_string("/proc/self/stat").map_err(|e| format!("/proc/self/stat: {e}"))?;
    // The program's name, in brackets, may hold anything; the fields after it are numbers.
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |field: usize| fields.get(field).and_then(|text| text.parse::<u32>().ok());
    match (ticks(11), ticks(12)) {
        (Some(user), Some(system)) => Ok(TICK * (user + system)),
        _ => Err("/proc/self/stat holds no processor time".to_owned()),
    }
}

/// The processor time of another process so far, all threads, to the nanosecond: the kernel's scheduler counts it.
pub(crate) fn processor_time_of(process: u32) -> Option<Duration> {
    let mut sum = Duration::ZERO;
    for thread in fs::read_dir(format!("/proc/{process}/task")).ok()? {
        let counted = fs::read_to_string(thread.ok()?.path().join("schedstat")).ok()?;
        sum += Duration::from_nanos(counted.split_whitespace().next()?.parse().ok()?);
    }
    Some(sum)
}

/// Bytes as people read them.
#[expect(clippy::cast_precision_loss, reason = "shown with one decimal")]
pub(crate) fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}
