//! The npm packages of the page and its tests.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use crate::process::quietly;
use crate::root;

/// The versions that have `import.meta.dirname`; `web/package.json` has them too.
const VERSIONS: &str = "Node 20.11 or newer (of 21 from 21.2 on)";

/// Makes sure that the packages of the lock file are installed.
pub(super) fn install() -> Result<()> {
    node()?;
    let web = root().join("web");
    let lock = web.join("package-lock.json");
    let wanted = fs::read_to_string(&lock).with_context(|| lock.display().to_string())?;
    let stamp = web.join("node_modules/installed.json");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    let mut npm = Command::new("npm");
    // No package needs its install script.
    npm.current_dir(&web).args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]);
    quietly("installing Uppy, esbuild and Playwright", &root().join("target/tools/npm.log"), &mut npm)?;
    Ok(fs::write(&stamp, wanted)?)
}

/// Bundles the pages into a folder.
pub(super) fn build(folder: &Path) -> Result<()> {
    let mut node = Command::new("node");
    node.current_dir(root().join("web")).arg("build.mjs").arg(folder);
    quietly("building the demo page", &root().join("target/tools/web.log"), &mut node)
}

fn node() -> Result<()> {
    let version = Command::new("node").arg("--version").stderr(Stdio::null()).output().ok();
    let version = version.and_then(|output| String::from_utf8(output.stdout).ok()).unwrap_or_default();
    let npm = Command::new("npm").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    let found = is_supported(&version) && npm.is_ok_and(|status| status.success());
    ensure!(found, "the demo page needs {VERSIONS} with npm: install it and run the command again");
    Ok(())
}

/// Whether a version such as `v20.11.0` is one of them.
fn is_supported(version: &str) -> bool {
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
    fn versions_without_import_meta_dirname_are_refused() {
        let supported = ["v20.11.0", "v20.20.2\n", "v21.2.0", "v22.0.0", "v30.1.2-nightly"];
        let unsupported = ["", "v18.20.0", "v20.10.0", "v21.1.0", "v20", "node"];
        assert!(supported.into_iter().all(is_supported) && !unsupported.into_iter().any(is_supported));
    }
}
