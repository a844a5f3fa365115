//! The AWS emulator: one process on loopback that verifies signatures and enforces IAM.

use std::env;
use std::fs::{self, File};
use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread::{self, sleep};
use std::time::{Duration, Instant};

use crate::aws::{REGION, ROOT};
use crate::http::send;
use crate::tools::EMULATOR;
use crate::{Outcome, local};

/// How long the emulator may take to start or to stop.
const PATIENCE: Duration = Duration::from_mins(1);

/// The port that it listens on: `SLUICE_PORT`, or 4566 as AWS emulators do.
#[must_use]
pub fn port() -> u16 {
    env::var("SLUICE_PORT").ok().and_then(|port| port.parse().ok()).unwrap_or(4566)
}

/// Its address.
#[must_use]
pub fn endpoint() -> String {
    format!("http://127.0.0.1:{}", port())
}

fn pid_file() -> PathBuf {
    local().join("emulator.pid")
}

/// The process group of the emulator that we started, if it still runs.
fn running() -> Option<String> {
    let pid = fs::read_to_string(pid_file()).ok()?;
    let alive = Command::new("kill").args(["-0", "--", pid.trim()]).stderr(Stdio::null()).status();
    alive.is_ok_and(|status| status.success()).then(|| pid.trim().to_owned())
}

/// Whether our emulator runs.
#[must_use]
pub fn is_running() -> bool {
    running().is_some()
}

/// Makes sure that our emulator runs and answers; says whether it was running already.
///
/// # Errors
/// When the port is somebody else's, or the emulator doesn't come up.
pub fn start() -> Outcome<bool> {
    if running().is_some() && ready() {
        return Ok(true);
    }
    stop()?;
    if TcpListener::bind(("127.0.0.1", port())).is_err() {
        return Err(format!(
            "Port {} is taken by another program: stop that one, or choose another port with `SLUICE_PORT=4600 cargo xtask up`.",
            port()
        ));
    }
    let home = local().join("emulator");
    let log = local().join("emulator.log");
    let open = || -> std::io::Result<(File, File)> {
        fs::create_dir_all(home.join("tmp"))?;
        let file = File::create(&log)?;
        Ok((file.try_clone()?, file))
    };
    let (out, err) = open().map_err(|e| format!("{}: {e}", local().display()))?;
    // Functions inherit the emulator's whole environment: they must see nothing of this machine's.
    let mut child = Command::new(EMULATOR.program("ministack"))
        .env_clear()
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .env("HOME", &home)
        .env("TMPDIR", home.join("tmp"))
        .env("STATE_DIR", home.join("state"))
        .env("GATEWAY_PORT", port().to_string())
        .env("BIND_HOST", "127.0.0.1")
        .env("AUTH", "true")
        .env("AWS_ENDPOINT_URL", endpoint())
        .env("MINISTACK_REGION", REGION)
        .env("AWS_ACCESS_KEY_ID", ROOT.0)
        .env("AWS_SECRET_ACCESS_KEY", ROOT.1)
        .env("IOT_MTLS_ENABLED", "0")
        .env("SFTP_ENABLED", "0")
        .env("LOG_LEVEL", "INFO")
        .stdin(Stdio::null())
        .stdout(out)
        .stderr(err)
        .process_group(0)
        .spawn()
        .map_err(|e| format!("the emulator could not be started: {e}"))?;
    // Negative: the whole group, with the functions that it runs.
    fs::write(pid_file(), format!("-{}\n", child.id())).map_err(|e| e.to_string())?;
    // Somebody has to take note of its end, or it would seem to live on for as long as we do.
    thread::spawn(move || child.wait());
    let started = Instant::now();
    while !ready() {
        if running().is_none() || started.elapsed() > PATIENCE {
            return Err(format!("the emulator did not come up: {} says why", log.display()));
        }
        sleep(Duration::from_millis(100));
    }
    Ok(false)
}

fn ready() -> bool {
    send("GET", &format!("{}/_ministack/ready", endpoint()), &[], &[]).is_ok_and(|answer| answer.status == 200)
}

/// Stops our emulator and all functions in it, and removes what they wrote.
///
/// # Errors
/// When it won't stop.
pub fn stop() -> Outcome {
    for signal in ["-TERM", "-KILL"] {
        let Some(group) = running() else { break };
        let _ = Command::new("kill").args([signal, "--", &group]).stderr(Stdio::null()).status();
        let asked = Instant::now();
        while running().is_some() && asked.elapsed() < Duration::from_secs(10) {
            sleep(Duration::from_millis(50));
        }
    }
    if let Some(group) = running() {
        return Err(format!("the emulator did not stop: try `kill -KILL -- {group}`"));
    }
    let _ = fs::remove_file(pid_file());
    let _ = fs::remove_dir_all(local().join("emulator"));
    Ok(())
}
