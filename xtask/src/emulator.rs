//! The AWS emulator: one process on the loopback interface that verifies signatures and enforces IAM.

use std::path::PathBuf;
use std::process::Command;
use std::{env, fs};

use anyhow::{Context, Result};
use local_stack::aws::{REGION, ROOT};
use local_stack::http::send;

use crate::service::{Service, ensure_free};
use crate::tools::EMULATOR;
use crate::{local, root};

/// The emulator's port: `SLUICE_PORT`, or 4566.
#[must_use]
pub fn port() -> u16 {
    env::var("SLUICE_PORT").ok().and_then(|port| port.parse().ok()).unwrap_or(4566)
}

/// Its address.
#[must_use]
pub fn endpoint() -> String {
    format!("http://127.0.0.1:{}", port())
}

/// The emulator and the functions that it runs.
const SERVICE: Service = Service { name: "emulator" };

/// The folder of its state, which goes when it stops.
pub(crate) fn home() -> PathBuf {
    local().join("emulator")
}

/// Whether the emulator of this repository runs.
#[must_use]
pub fn is_running() -> bool {
    SERVICE.is_running()
}

/// Makes sure that the emulator runs and answers. Returns whether it was running already. One of another version is
/// stopped first.
///
/// # Errors
/// When another program uses the port, or the emulator does not start.
pub fn start() -> Result<bool> {
    let program = root().join("xtask/emulator.py");
    let version = fs::read_to_string(&program)? + &fs::read_to_string(root().join("xtask/requirements/emulator.txt"))?;
    let home = home();
    let stamp = home.join("started.txt");
    if is_running() && ready() && fs::read_to_string(&stamp).is_ok_and(|started| started == version) {
        return Ok(true);
    }
    stop()?;
    ensure_free(port(), "SLUICE_PORT=4600")?;
    fs::create_dir_all(home.join("tmp")).with_context(|| home.display().to_string())?;
    let mut ministack = Command::new(EMULATOR.program("python"));
    // Functions inherit the emulator's environment, and must not see this machine's.
    ministack.arg(program).env_clear().env("PATH", "/usr/local/bin:/usr/bin:/bin").env("HOME", &home);
    ministack.env("TMPDIR", home.join("tmp")).env("STATE_DIR", home.join("state")).env("BIND_HOST", "127.0.0.1");
    ministack.env("GATEWAY_PORT", port().to_string()).env("AUTH", "true").env("AWS_ENDPOINT_URL", endpoint());
    ministack.env("AWS_ACCESS_KEY_ID", ROOT.0).env("AWS_SECRET_ACCESS_KEY", ROOT.1).env("MINISTACK_REGION", REGION);
    ministack.env("IOT_MTLS_ENABLED", "0").env("SFTP_ENABLED", "0").env("LOG_LEVEL", "INFO");
    SERVICE.start(&mut ministack, ready)?;
    fs::write(&stamp, version).with_context(|| stamp.display().to_string())?;
    Ok(false)
}

fn ready() -> bool {
    send("GET", &format!("{}/_ministack/ready", endpoint()), &[], &[]).is_ok_and(|answer| answer.status == 200)
}

/// Stops the emulator and its functions, and removes their files.
///
/// # Errors
/// When it does not stop.
pub fn stop() -> Result<()> {
    SERVICE.stop()?;
    let _ = fs::remove_dir_all(home());
    Ok(())
}
