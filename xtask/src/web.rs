//! The demo page: built from `web/`, served by one small process beside the emulator.

mod browser;
mod npm;

use std::path::PathBuf;
use std::process::Command;
use std::{env, fs};

use serde_json::json;

use crate::http::send;
use crate::service::Service;
use crate::stack::Stack;
use crate::tools::EMULATOR;
use crate::{Outcome, emulator, root};

pub use browser::test;

const SERVICE: Service = Service { name: "web" };

/// Where pages on this machine may come from, whatever port ours has.
const USUAL: u16 = 3000;

/// The page's port: `SLUICE_WEB_PORT`; else beside the emulator's where that was moved; else 3000.
#[must_use]
pub fn port() -> u16 {
    let chosen = env::var("SLUICE_WEB_PORT").ok().and_then(|port| port.parse().ok());
    let moved = || env::var_os("SLUICE_PORT").map(|_| emulator::port().saturating_add(1));
    chosen.or_else(moved).unwrap_or(USUAL)
}

/// The page's address.
#[must_use]
pub fn address() -> String {
    format!("http://localhost:{}", port())
}

/// Pages that may upload to the local stack.
pub(crate) fn origins() -> Vec<String> {
    let mut ports = vec![USUAL, port()];
    ports.dedup();
    ports.iter().flat_map(|port| [format!("http://localhost:{port}"), format!("http://127.0.0.1:{port}")]).collect()
}

fn folder() -> PathBuf {
    root().join("target/web")
}

/// Builds the page for a stack and serves it; says where.
///
/// # Errors
/// When there is no Node, or the port is somebody else's.
pub fn up(stack: &Stack) -> Outcome<String> {
    npm::install()?;
    npm::build(&folder())?;
    // Whoever opens the page is Alice: it never leaves this machine.
    let user = stack.users.first().ok_or("the stack has no users")?;
    let session = json!({ "apiUrl": stack.api_url, "name": user.name, "token": user.token });
    fs::write(folder().join("session.json"), session.to_string()).map_err(|e| e.to_string())?;
    stop()?;
    if std::net::TcpListener::bind(("127.0.0.1", port())).is_err() {
        return Err(format!(
            "Port {} is taken by another program: choose another one with `SLUICE_WEB_PORT=3100 cargo xtask up`.",
            port()
        ));
    }
    let mut server = Command::new(EMULATOR.program("python"));
    server.args(["-m", "http.server", "--bind", "127.0.0.1", "--directory"]).arg(folder()).arg(port().to_string());
    let ready = || {
        let page = send("GET", &format!("http://127.0.0.1:{}/session.json", port()), &[], &[]);
        page.is_ok_and(|page| page.status == 200)
    };
    SERVICE.start(&mut server, ready)?;
    Ok(address())
}

/// Stops the page's server.
///
/// # Errors
/// When it won't stop.
pub fn stop() -> Outcome {
    SERVICE.stop()
}
