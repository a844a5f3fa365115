//! What the page and its tests need from npm.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::process::quietly;
use crate::{Outcome, root};

/// The oldest Node that everything runs on.
const OLDEST: u32 = 20;

/// Makes sure that exactly what the lock file says is installed.
pub(super) fn install() -> Outcome {
    node()?;
    let web = root().join("web");
    let lock = web.join("package-lock.json");
    let wanted = fs::read_to_string(&lock).map_err(|e| format!("{}: {e}", lock.display()))?;
    let stamp = web.join("node_modules/installed.json");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    let mut npm = Command::new("npm");
    // No package's script runs: nothing here needs one.
    npm.current_dir(&web).args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]);
    quietly("installing Uppy, esbuild and Playwright", &root().join("target/tools/npm.log"), &mut npm)?;
    fs::write(&stamp, wanted).map_err(|e| format!("{}: {e}", stamp.display()))
}

/// Bundles the pages into a folder.
pub(super) fn build(folder: &Path) -> Outcome {
    let mut node = Command::new("node");
    node.current_dir(root().join("web")).arg("build.mjs").arg(folder);
    quietly("building the demo page", &root().join("target/tools/web.log"), &mut node)
}

fn node() -> Outcome {
    let version = Command::new("node").arg("--version").stderr(Stdio::null()).output().ok();
    let version = version.and_then(|output| String::from_utf8(output.stdout).ok()).unwrap_or_default();
    let major = version.trim().trim_start_matches('v').split('.').next().and_then(|major| major.parse::<u32>().ok());
    let npm = Command::new("npm").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    if major.is_some_and(|major| major >= OLDEST) && npm.is_ok_and(|status| status.success()) {
        return Ok(());
    }
    Err(format!("Node {OLDEST} or newer with npm is needed for the demo page: install it and run this again."))
}
