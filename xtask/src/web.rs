//! The demo page and the receiver of webhooks: from `web/`, each a process beside the emulator.

mod browser;
mod npm;

use std::path::PathBuf;
use std::process::Command;
use std::{env, fs};

use anyhow::{Context, Result};
use local_stack::http::send;
use local_stack::stack::Stack;
use serde_json::json;

use crate::service::{Service, ensure_free};
use crate::tools::EMULATOR;
use crate::{emulator, root};

pub use browser::{install_browser, test};

const SERVICE: Service = Service { name: "web" };
const RECEIVER: Service = Service { name: "receiver" };

/// The demo page's usual port, which is always an allowed origin.
const DEFAULT_PORT: u16 = 3000;

/// The page's port: `SLUICE_WEB_PORT`; else the one after `SLUICE_PORT`, if set; else 3000.
#[must_use]
pub fn port() -> u16 {
    let chosen = env::var("SLUICE_WEB_PORT").ok().and_then(|port| port.parse().ok());
    let moved = || env::var_os("SLUICE_PORT").map(|_| emulator::port().saturating_add(1));
    chosen.or_else(moved).unwrap_or(DEFAULT_PORT)
}

/// The origins that may use the local stack: the demo page's and the user's own.
pub(crate) fn origins(own: &[String]) -> Vec<String> {
    let mut ports = vec![DEFAULT_PORT, port()];
    ports.dedup();
    let pages = ports.iter().flat_map(|port| [format!("http://localhost:{port}"), format!("http://127.0.0.1:{port}")]);
    let mut all: Vec<String> = pages.collect();
    all.extend(own.iter().cloned());
    all.sort();
    all.dedup();
    all
}

fn folder() -> PathBuf {
    root().join("target/web")
}

/// Builds the page for a stack, serves it and returns its address.
///
/// # Errors
/// When Node is missing, or another program uses the port.
pub fn up(stack: &Stack) -> Result<String> {
    npm::install()?;
    npm::build(&folder())?;
    // The page is served on this machine only, so it can sign in its first user.
    let user = stack.users.first().context("the stack has no users")?;
    let session = json!({ "apiUrl": stack.api_url, "name": user.name, "token": user.token });
    fs::write(folder().join("session.json"), session.to_string())?;
    SERVICE.stop()?;
    ensure_free(port(), "SLUICE_WEB_PORT=3100")?;
    let mut server = Command::new(EMULATOR.program("python"));
    server.args(["-m", "http.server", "--bind", "127.0.0.1", "--directory"]).arg(folder()).arg(port().to_string());
    let ready = || {
        let page = send("GET", &format!("http://127.0.0.1:{}/session.json", port()), &[], &[]);
        page.is_ok_and(|page| page.status == 200)
    };
    SERVICE.start(&mut server, ready)?;
    Ok(format!("http://localhost:{}", port()))
}

fn receiver_port() -> u16 {
    emulator::port().saturating_add(2)
}

/// The address to which the local stack sends its webhooks.
pub(crate) fn receiver_url() -> String {
    format!("http://127.0.0.1:{}/", receiver_port())
}

/// Starts the receiver of a stack's webhooks. It reads the secrets itself.
pub(crate) fn receive(stack: &Stack) -> Result<()> {
    RECEIVER.stop()?;
    ensure_free(receiver_port(), "SLUICE_PORT=4600")?;
    let mut receiver = Command::new(EMULATOR.program("python"));
    receiver.arg(root().join("web/receiver.py")).arg(receiver_port().to_string()).arg(folder().join("webhooks.json"));
    receiver.arg(&stack.endpoint).args(&stack.webhook_secrets);
    RECEIVER.start(&mut receiver, || send("GET", &receiver_url(), &[], &[]).is_ok())
}

/// Measures the JavaScript client beside Uppy in Chromium; `args` are the bench's own. Returns whether every limit was
/// kept.
///
/// # Errors
/// When the local stack or the page does not start.
pub fn bench(args: &[String]) -> Result<bool> {
    let stack = crate::up::ready(&[])?;
    let mut node = Command::new("node");
    node.arg("benches/client/run.mjs").args(args).current_dir(root());
    node.env("SLUICE_PAGE", up(&stack)?).env("SLUICE_STACK", Stack::file());
    Ok(node.status().context("Node could not be started")?.success())
}

/// Stops the page's server and the receiver.
///
/// # Errors
/// When one does not stop.
pub fn stop() -> Result<()> {
    RECEIVER.stop()?;
    SERVICE.stop()
}
