//! Programs that keep running when `cargo xtask` ends.

use std::fs::{self, File};
use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::{self, sleep};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use crate::local;

/// How long a program may take to start.
const START_TIMEOUT: Duration = Duration::from_mins(1);

/// Makes sure that no other program uses a port. `choice` is the setting that chooses another one.
pub(crate) fn ensure_free(port: u16, choice: &str) -> Result<()> {
    let free = TcpListener::bind(("127.0.0.1", port)).is_ok();
    ensure!(free, "another program uses port {port}: stop it, or choose another port with `{choice} cargo xtask up`");
    Ok(())
}

/// A program in a process group of its own. A file in `target/local` has its id.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Service {
    /// Its name, in that file's name and in messages.
    pub(crate) name: &'static str,
}

impl Service {
    fn pid_file(self) -> PathBuf {
        local().join(format!("{}.pid", self.name))
    }

    /// The file with its output.
    pub(crate) fn log(self) -> PathBuf {
        local().join(format!("{}.log", self.name))
    }

    /// Its process group, if it still runs.
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
    pub(crate) fn start(self, command: &mut Command, ready: impl Fn() -> bool) -> Result<()> {
        let log = self.log();
        let open = || -> std::io::Result<(File, File)> {
            fs::create_dir_all(log.parent().unwrap_or(Path::new(".")))?;
            let file = File::create(&log)?;
            Ok((file.try_clone()?, file))
        };
        let (out, err) = open().with_context(|| log.display().to_string())?;
        let mut child = command
            .stdin(Stdio::null())
            .stdout(out)
            .stderr(err)
            .process_group(0)
            .spawn()
            .with_context(|| format!("the {} could not be started", self.name))?;
        // Negative: the whole process group.
        fs::write(self.pid_file(), format!("-{}\n", child.id()))?;
        // Without a wait, an ended process would stay a zombie and look alive.
        thread::spawn(move || child.wait());
        let started = Instant::now();
        while !ready() {
            if !self.is_running() || started.elapsed() > START_TIMEOUT {
                bail!("the {} did not start: {} has its output", self.name, log.display());
            }
            sleep(Duration::from_millis(100));
        }
        Ok(())
    }

    /// Stops it and everything that it started.
    pub(crate) fn stop(self) -> Result<()> {
        for signal in ["-TERM", "-KILL"] {
            let Some(group) = self.running() else { break };
            let _ = Command::new("kill").args([signal, "--", &group]).stderr(Stdio::null()).status();
            let signalled = Instant::now();
            while self.is_running() && signalled.elapsed() < Duration::from_secs(10) {
                sleep(Duration::from_millis(50));
            }
        }
        let group = self.running();
        ensure!(group.is_none(), "the {} did not stop: run `kill -KILL -- {}`", self.name, group.unwrap_or_default());
        let _ = fs::remove_file(self.pid_file());
        Ok(())
    }
}
