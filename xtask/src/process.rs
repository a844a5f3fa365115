//! Running other programs.

use std::fs::{self, File};
use std::io::{IsTerminal, Read, Write, stdout};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// How often progress is written where a line can't be rewritten.
const PROGRESS_INTERVAL: Duration = Duration::from_secs(30);

/// What is shown while a command runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Progress {
    /// That it began, for how long it has been running, and that it ended.
    Lines,
    /// Only that it ended: another command shows its progress at the same time.
    End,
}

/// Runs a command with its output in a log file and one line of progress on the screen.
///
/// # Errors
/// When it can't be started or fails: with the last lines of its output.
pub fn quietly(label: &str, log: &Path, command: &mut Command) -> Result<()> {
    run(label, log, command, Progress::Lines)
}

/// As [`quietly`], with a choice of what is shown.
///
/// # Errors
/// As [`quietly`].
pub(crate) fn run(label: &str, log: &Path, command: &mut Command, shown: Progress) -> Result<()> {
    fs::create_dir_all(log.parent().unwrap_or(Path::new(".")))?;
    let file = File::create(log).with_context(|| format!("{} can't be written", log.display()))?;
    command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file);
    let mut child = command.spawn().with_context(|| format!("{} could not be started", name(command)))?;
    let (started, mut written) = (Instant::now(), Duration::ZERO);
    let (mut output, mut text) = (File::open(log)?, Vec::new());
    let lines = shown == Progress::Lines;
    if lines {
        progress(label, "…", false);
    }
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        sleep(Duration::from_millis(100));
        output.read_to_end(&mut text)?;
        let interval = if stdout().is_terminal() { Duration::from_secs(1) } else { PROGRESS_INTERVAL };
        if lines && started.elapsed() > written + interval {
            written = started.elapsed();
            progress(label, &format!("{}{} s", crates(&text), written.as_secs()), false);
        }
    };
    output.read_to_end(&mut text)?;
    if !status.success() {
        let text = String::from_utf8_lossy(&text);
        // Programs rewrite their line of progress.
        let lines: Vec<&str> = text.lines().filter_map(|line| line.rsplit('\r').next()).collect();
        let tail = lines[lines.len().saturating_sub(25)..].join("\n");
        bail!("{} failed ({status}); {} has all of its output, which ends with:\n{tail}", name(command), log.display());
    }
    progress(label, &format!("{}done in {:.0} s", crates(&text), started.elapsed().as_secs_f64()), true);
    Ok(())
}

/// How many crates cargo says that it compiles: `213 crates, `; empty for other programs.
fn crates(output: &[u8]) -> String {
    let text = String::from_utf8_lossy(output);
    let count = text.lines().filter(|line| line.trim_start().starts_with("Compiling ")).count();
    if count == 0 { String::new() } else { format!("{count} crates, ") }
}

/// Rewrites the line of a terminal; elsewhere adds a line.
fn progress(label: &str, text: &str, last: bool) {
    let (start, end) = if stdout().is_terminal() { ("\r\x1b[K", if last { "\n" } else { "" }) } else { ("", "\n") };
    print!("{start}  {label}: {text}{end}");
    let _ = stdout().flush();
}

fn name(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or_default().to_string_lossy().into_owned();
    let first = command.get_args().next().map(|a| format!(" {}", a.to_string_lossy())).unwrap_or_default();
    format!("{program}{first}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compiled_crates_are_counted() {
        let output = b"  Downloaded http v1.3.1\n   Compiling http v1.3.1\n   Compiling presign v0.1.0 (/a/b)\n";
        assert_eq!((crates(output).as_str(), crates(b"Building codeuri").as_str()), ("2 crates, ", ""));
    }

    #[test]
    fn a_failed_program_is_reported_with_its_last_lines() {
        let log = crate::root().join("target/tools/process-test.log");
        let error = quietly("test", &log, Command::new("sh").args(["-c", "echo reason >&2; exit 3"])).unwrap_err();
        assert!(error.to_string().ends_with("ends with:\nreason"), "{error}");
        assert!(quietly("test", &log, &mut Command::new("/nowhere")).unwrap_err().to_string().contains("be started"));
    }
}
