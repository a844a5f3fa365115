//! Running other programs.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use crate::Outcome;

/// Runs a command with its output shown as it comes.
///
/// # Errors
/// When it can't be started or fails.
pub fn run(command: &mut Command) -> Outcome {
    let name = name(command);
    match command.stdin(Stdio::null()).status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("{name} failed ({status}): its output above says why")),
        Err(error) => Err(format!("{name} could not be started: {error}")),
    }
}

/// Runs a command whose output matters only when it fails; `label` tells the person waiting what is going on.
///
/// # Errors
/// With the last lines of the output.
pub fn quietly(label: &str, log: &Path, command: &mut Command) -> Outcome {
    let started = Instant::now();
    println!("  {label} …");
    let name = name(command);
    let open = || -> std::io::Result<(File, File)> {
        fs::create_dir_all(log.parent().unwrap_or(Path::new(".")))?;
        let file = File::create(log)?;
        Ok((file.try_clone()?, file))
    };
    let (out, err) = open().map_err(|e| format!("{} can't be written: {e}", log.display()))?;
    match command.stdin(Stdio::null()).stdout(out).stderr(err).status() {
        Ok(status) if status.success() => {
            println!("  {label}: done in {:.0} s", started.elapsed().as_secs_f64());
            Ok(())
        }
        Ok(status) => {
            let text = fs::read_to_string(log).unwrap_or_default();
            let lines: Vec<&str> = text.lines().collect();
            let tail = lines[lines.len().saturating_sub(25)..].join("\n");
            Err(format!("{tail}\n\n{name} failed ({status}); all of its output is in {}", log.display()))
        }
        Err(error) => Err(format!("{name} could not be started: {error}")),
    }
}

fn name(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or_default().to_string_lossy().into_owned();
    let first = command.get_args().next().map(|a| format!(" {}", a.to_string_lossy())).unwrap_or_default();
    format!("{program}{first}")
}
