//! Programs that go on running when `cargo xtask` ends.

use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::{self, sleep};
use std::time::{Duration, Instant};

use crate::{Outcome, local};

/// How long one may take to start.
const TIMEOUT: Duration = Duration::from_mins(1);

/// A program in a process group of its own, found again by a file under `target/local`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Service {
    /// What it is called, there and in messages.
    pub(crate) name: &'static str,
}

impl Service {
    fn pid_file(self) -> PathBuf {
        local().join(format!("{}.pid", self.name))
    }

    /// Where what it says is kept.
    pub(crate) fn log(self) -> PathBuf {
        local().join(format!("{}.log", self.name))
    }

    /// The process group that we started, if it still runs.
    fn running(self) -> Option<String> {
        let pid = fs::read_to_string(self.pid_file()).ok()?;
        let alive = Command::new("kill").args(["-0", "--", pid.trim()]).stderr(Stdio::null()).status();
        alive.is_ok_and(|status| status.success()).then(|| pid.trim().to_owned())
    }

    /// Whether it runs.
    pub(crate) fn is_running(self) -> bool {
        self.running().is_some()
    }

    /// Starts it and waits until it is `ready`.
    pub(crate) fn start(self, command: &mut Command, ready: impl Fn() -> bool) -> Outcome {
        let log = self.log();
        let open = || -> std::io::Result<(File, File)> {
            fs::create_dir_all(log.parent().unwrap_or(Path::new(".")))?;
            let file = File::create(&log)?;
            Ok((file.try_clone()?, file))
        };
        let (out, err) = open().map_err(|e| format!("{}: {e}", log.display()))?;
        let mut child = command
            .stdin(Stdio::null())
            .stdout(out)
            .stderr(err)
            .process_group(0)
            .spawn()
            .map_err(|e| format!("the {} could not be started: {e}", self.name))?;
        // Negative: the whole group, with whatever it starts in turn.
        fs::write(self.pid_file(), format!("-{}\n", child.id())).map_err(|e| e.to_string())?;
        // Somebody has to take note of its end, or it would seem to live on for as long as we do.
        thread::spawn(move || child.wait());
        let started = Instant::now();
        while !ready() {
            if !self.is_running() || started.elapsed() > TIMEOUT {
                return Err(format!("the {} did not come up: {} says why", self.name, log.display()));
            }
            sleep(Duration::from_millis(100));
        }
        Ok(())
    }

    /// Stops it and everything that it started.
    pub(crate) fn stop(self) -> Outcome {
        for signal in ["-TERM", "-KILL"] {
            let Some(group) = self.running() else { break };
            let _ = Command::new("kill").args([signal, "--", &group]).stderr(Stdio::null()).status();
            let asked = Instant::now();
            while self.is_running() && asked.elapsed() < Duration::from_secs(10) {
                sleep(Duration::from_millis(50));
            }
        }
        if let Some(group) = self.running() {
            return Err(format!("the {} did not stop: try `kill -KILL -- {group}`", self.name));
        }
        let _ = fs::remove_file(self.pid_file());
        Ok(())
    }
}
