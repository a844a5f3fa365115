//! The AWS emulator: one process on loopback that verifies signatures and enforces IAM.

use std::env;
use std::fs;
use std::net::TcpListener;
use std::process::Command;

use crate::aws::{REGION, ROOT};
use crate::http::send;
use crate::service::Service;
use crate::tools::EMULATOR;
use crate::{Outcome, local};

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

/// The process, with the functions that it runs.
const SERVICE: Service = Service { name: "emulator" };

/// Whether our emulator runs.
#[must_use]
pub fn is_running() -> bool {
    SERVICE.is_running()
}

/// Makes sure that our emulator runs and answers; says whether it was running already.
///
/// # Errors
/// When the port is somebody else's, or the emulator doesn't come up.
pub fn start() -> Outcome<bool> {
    if is_running() && ready() {
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
    fs::create_dir_all(home.join("tmp")).map_err(|e| format!("{}: {e}", home.display()))?;
    // Functions inherit the emulator's whole environment: they must see nothing of this machine's.
    let mut ministack = Command::new(EMULATOR.program("ministack"));
    ministack
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
        .env("LOG_LEVEL", "INFO");
    SERVICE.start(&mut ministack, ready)?;
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
    SERVICE.stop()?;
    let _ = fs::remove_dir_all(local().join("emulator"));
    Ok(())
}
