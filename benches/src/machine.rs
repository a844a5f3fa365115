//! Memory and processor time of processes from `/proc`, and the paths of the built functions.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::Result;

/// The unit of processor time in `/proc/PID/stat`: 10 ms on every Linux that Rust supports.
const CLOCK_TICK: Duration = Duration::from_millis(10);

/// The path of a function's binary; `hello` is the hello-world function.
pub(crate) fn bootstrap(function: &str) -> Result<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."));
    let path = root.join("target/lambda").join(function).join("bootstrap");
    if path.exists() { Ok(path) } else { Err(format!("{} is missing: `cargo xtask bench` builds it", path.display())) }
}

/// The peak resident memory of a running process in bytes.
pub(crate) fn peak_memory(process: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: u64 = line.trim().trim_end_matches(" kB").parse().ok()?;
    Some(kilobytes * 1024)
}

/// The processor time of this process so far, in all threads, in steps of 10 ms.
pub(crate) fn processor_time() -> Result<Duration> {
    let (user, system) = user_and_system("self").ok_or("/proc/self/stat has no processor time")?;
    Ok(user + system)
}

/// The processor time of another process so far without the kernel's, in all threads, in steps of 10 ms.
pub(crate) fn user_time_of(process: u32) -> Option<Duration> {
    user_and_system(&process.to_string()).map(|(user, _)| user)
}

fn user_and_system(process: &str) -> Option<(Duration, Duration)> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The program name, in brackets, may contain any character; the fields after it are numbers.
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |field: usize| fields.get(field)?.parse::<u32>().ok().map(|ticks| CLOCK_TICK * ticks);
    Some((ticks(11)?, ticks(12)?))
}

/// The processor time of another process so far, in all threads, in nanoseconds from the scheduler statistics.
pub(crate) fn processor_time_of(process: u32) -> Option<Duration> {
    let mut total = Duration::ZERO;
    for thread in fs::read_dir(format!("/proc/{process}/task")).ok()? {
        let schedstat = fs::read_to_string(thread.ok()?.path().join("schedstat")).ok()?;
        total += Duration::from_nanos(schedstat.split_whitespace().next()?.parse().ok()?);
    }
    Some(total)
}

/// A number of bytes in MB, with one decimal.
#[expect(clippy::cast_precision_loss, reason = "shown with one decimal")]
pub(crate) fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}
