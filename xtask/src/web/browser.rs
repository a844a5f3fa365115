//! Uppy in a real browser against the deployed stack.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use super::{folder, up};
use crate::process::quietly;
use crate::stack::Stack;
use crate::tally::Tally;
use crate::up::{deploy_beside, remove_beside};
use crate::{Outcome, root};

/// A stack without an authorizer, for version 6 in Companion's mode, and with URLs that hardly live.
const OPEN_POLICY: &str = concat!(
    r#"{"version":1,"classes":{"default":{"allow":[{"types":["*/*"],"max":"1 GB"}],"metadata":["*"]},"#,
    r#""small":{"allow":[{"types":["*/*"],"max":"20 MB"}]},"#,
    r#""hasty":{"allow":[{"types":["*/*"],"max":"1 GB"}],"urlLife":"2s"}}}"#
);

/// Runs the tests in `web/tests`, and adds them up.
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
            tally.tests("Uppy 5 and 6 in Chromium", &mut node);
            println!("Screenshots are in {}", screens.display());
            tally.step("the stack beside it goes", remove_beside(&open));
        }
        Err(problem) => tally.step("Uppy 5 and 6 in Chromium", Err(problem)),
    }
}

/// The tests by name: from version 21 on Node takes a folder for a module.
fn files() -> Outcome<Vec<PathBuf>> {
    let folder = root().join("web/tests");
    let entries = fs::read_dir(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    let mut files: Vec<PathBuf> = entries.filter_map(Result::ok).map(|entry| entry.path()).collect();
    files.retain(|path| path.to_string_lossy().ends_with(".test.mjs"));
    files.sort();
    if files.is_empty() { Err(format!("{} holds no tests", folder.display())) } else { Ok(files) }
}

/// A Chromium, installed if need be and possible.
fn chromium() -> Outcome<String> {
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
        // Whatever apt has against it is in the log; what to do is said below.
        let _ = quietly("installing Chromium", &log, apt.args(["-c", script]).env("DEBIAN_FRONTEND", "noninteractive"));
    }
    installed().ok_or_else(|| {
        "Chromium is needed for the browser tests: install it (Debian: apt install chromium) or name it in SLUICE_CHROMIUM."
            .to_owned()
    })
}

/// The one that was asked for by name. Playwright starts a file, not a name to be looked for.
fn program(named: &Path) -> Outcome<String> {
    if named.is_file() {
        return Ok(named.to_string_lossy().into_owned());
    }
    let named = named.display();
    Err(format!("SLUICE_CHROMIUM is {named}, where there is no file: give the program's full path, or unset it."))
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
    fn the_tests_are_named_one_by_one() {
        let files = files().unwrap();
        assert!(files.iter().any(|path| path.ends_with("web/tests/multipart.test.mjs")), "{files:?}");
        assert!(files.iter().all(|path| path.is_file()), "{files:?}");
    }

    #[test]
    fn a_browser_that_is_no_file_is_refused_by_name() {
        let here = root().join("Cargo.toml");
        assert_eq!(program(&here), Ok(here.to_string_lossy().into_owned()));
        for nothing in ["chromium-of-mine", "/nowhere/chromium"] {
            assert!(program(Path::new(nothing)).unwrap_err().contains(nothing));
        }
        assert!(program(root()).is_err(), "a folder is no program");
    }
}
