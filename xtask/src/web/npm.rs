//! What the page and its tests need from npm.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::process::quietly;
use crate::{Outcome, root};

/// What everything runs on, as `web/package.json` says it too: from these versions on a module knows its own folder.
const NEEDED: &str = "Node 20.11 or newer (of 21 from 21.2 on)";

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
    let npm = Command::new("npm").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    if will_do(&version) && npm.is_ok_and(|status| status.success()) {
        return Ok(());
    }
    Err(format!("{NEEDED} with npm is needed for the demo page: install it and run this again."))
}

/// Whether everything runs on a version, as Node tells it: `v20.11.0`.
fn will_do(version: &str) -> bool {
    let mut numbers = version.trim().trim_start_matches('v').split('.').map(str::parse::<u32>);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(major)), Some(Ok(minor))) => matches!((major, minor), (20, 11..) | (21, 2..) | (22.., _)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_will_do_where_a_module_knows_its_folder() {
        for version in ["v20.11.0", "v20.20.2\n", "v21.2.0", "v22.0.0", "v30.1.2-nightly"] {
            assert!(will_do(version), "{version}");
        }
        for version in ["", "v18.20.0", "v20.10.0", "v21.1.0", "v20", "node"] {
            assert!(!will_do(version), "{version}");
        }
    }
}
