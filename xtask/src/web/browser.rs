//! Uppy in a real browser against the deployed stack.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use anyhow::{Context, Result, ensure};
use local_stack::stack::Stack;

use super::{folder, up};
use crate::process::quietly;
use crate::root;
use crate::tally::Tally;
use crate::up::{deploy_beside, remove_beside};

/// The policy of a stack without an authorizer, with a class whose URLs expire after two seconds.
const OPEN_POLICY: &str = concat!(
    r#"{"version":1,"classes":{"default":{"allow":[{"types":["*/*"],"max":"1 GB"}],"metadata":["*"]},"#,
    r#""small":{"allow":[{"types":["*/*"],"max":"20 MB"}]},"#,
    r#""hasty":{"allow":[{"types":["*/*"],"max":"1 GB"}],"urlLife":"2s"}}}"#
);

/// Runs the tests in `web/tests` and adds their counts.
pub fn test(tally: &mut Tally, stack: &Stack, full: bool) {
    println!("\n── Uppy in a browser");
    let open = format!("sluice-open-{}", std::process::id());
    let ready = chromium().and_then(|chromium| {
        let (files, page) = (files()?, up(stack)?);
        let policy = format!("Policy={OPEN_POLICY}");
        let beside = deploy_beside(&open, &["JwtIssuer=", "JwtAudience=", "OpenMode=true", &policy])?;
        Ok((chromium, files, page, beside))
    });
    match ready {
        Ok((chromium, files, page, beside)) => {
            let screens = folder().join("screens");
            let _ = fs::remove_dir_all(&screens);
            let _ = fs::create_dir_all(&screens);
            let mut node = Command::new("node");
            node.current_dir(root().join("web"))
                .args(["--test", "--test-concurrency=1", "--test-reporter=spec"])
                .args(files)
                .env("SLUICE_STACK", Stack::file())
                .env("SLUICE_OPEN_API", beside.api_url)
                .env("SLUICE_OPEN_BUCKET", beside.bucket)
                .env("SLUICE_PAGE", page)
                .env("SLUICE_CHROMIUM", chromium)
                .env("SLUICE_SCREENS", &screens)
                .env("SLUICE_FULL", if full { "true" } else { "" });
            tally.tests("Uppy 5 and 6 in Chromium", node);
            println!("Screenshots are in {}", screens.display());
            tally.step("the stack beside it is deleted", remove_beside(&open));
        }
        Err(problem) => tally.step("Uppy 5 and 6 in Chromium", Err(problem)),
    }
}

/// The test files one by one: since version 21 Node reads a folder as a module.
fn files() -> Result<Vec<PathBuf>> {
    let folder = root().join("web/tests");
    let entries = fs::read_dir(&folder).with_context(|| folder.display().to_string())?;
    let mut files: Vec<PathBuf> = entries.filter_map(Result::ok).map(|entry| entry.path()).collect();
    files.retain(|path| path.to_string_lossy().ends_with(".test.mjs"));
    files.sort();
    ensure!(!files.is_empty(), "{} has no tests", folder.display());
    Ok(files)
}

/// A Chromium; installs it where that is possible.
fn chromium() -> Result<String> {
    if let Some(named) = env::var_os("SLUICE_CHROMIUM").filter(|named| !named.is_empty()) {
        return program(Path::new(&named));
    }
    if let Some(found) = installed() {
        return Ok(found);
    }
    let root_user = Command::new("id").arg("-u").output().is_ok_and(|id| id.stdout.starts_with(b"0\n"));
    if root_user && Path::new("/usr/bin/apt-get").exists() {
        let log = root().join("target/tools/chromium.log");
        let mut apt = Command::new("sh");
        let script = "apt-get update --quiet && apt-get install --quiet --yes --no-install-recommends chromium";
        // An error of apt is in the log; the message below has the next step.
        let _ = quietly("installing Chromium", &log, apt.args(["-c", script]).env("DEBIAN_FRONTEND", "noninteractive"));
    }
    installed().context(
        "the browser tests need Chromium: install it (Debian: apt install chromium) or set SLUICE_CHROMIUM to its path",
    )
}

/// The value of `SLUICE_CHROMIUM`. Playwright needs a path and does not search for a name.
fn program(path: &Path) -> Result<String> {
    let shown = path.display();
    ensure!(path.is_file(), "SLUICE_CHROMIUM is {shown}, which is not a file: set the program's full path or unset it");
    Ok(path.to_string_lossy().into_owned())
}

fn installed() -> Option<String> {
    let usual = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
    let folders: Vec<_> = env::split_paths(&env::var_os("PATH").unwrap_or_default()).collect();
    let mut found = usual.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name)));
    found.find(|program| program.is_file()).map(|program| program.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_test_file_is_listed() {
        let files = files().unwrap();
        assert!(files.iter().any(|path| path.ends_with("web/tests/multipart.test.mjs")), "{files:?}");
        assert!(files.iter().all(|path| path.is_file()), "{files:?}");
    }

    #[test]
    fn a_browser_that_is_not_a_file_is_refused() {
        let here = root().join("Cargo.toml");
        assert_eq!(program(&here).unwrap(), here.to_string_lossy());
        for nothing in ["chromium-of-mine", "/nowhere/chromium"] {
            assert!(program(Path::new(nothing)).unwrap_err().to_string().contains(nothing));
        }
        assert!(program(root()).is_err());
    }
}
