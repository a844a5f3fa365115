//! Uppy in a real browser against the deployed stack.

use std::fs;
use std::process::{Child, Command, Stdio};

use anyhow::Result;
use local_stack::stack::Stack;

use super::{folder, up};
use crate::root;
use crate::tally::Tally;
use crate::up::{deploy_beside, remove_beside};

/// The policy of a stack without an authorizer, with a class whose URLs expire after two seconds.
const OPEN_POLICY: &str = concat!(
    r#"{"version":1,"classes":{"default":{"allow":[{"types":["*/*"],"max":"1 GB"}],"metadata":["*"]},"#,
    r#""small":{"allow":[{"types":["*/*"],"max":"20 MB"}]},"#,
    r#""hasty":{"allow":[{"types":["*/*"],"max":"1 GB"}],"urlLife":"2s"}}}"#
);

/// Starts to install Chromium where there is none. The tests say what is missing if that fails.
#[must_use]
pub fn install_browser() -> Option<Child> {
    let mut node = Command::new("node");
    node.args(["--eval", "import('./chromium.mjs').then((chromium) => chromium.chromiumPath())"]);
    node.current_dir(root().join("web")).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    node.spawn().ok()
}

/// Runs the tests in `web/tests` and adds their counts.
pub fn test(tally: &mut Tally, stack: &Stack, full: bool) {
    let open = format!("sluice-open-{}", std::process::id());
    let ready = || -> Result<_> {
        let (page, policy) = (up(stack)?, format!("Policy={OPEN_POLICY}"));
        Ok((page, deploy_beside(&open, &["JwtIssuer=", "JwtAudience=", "OpenMode=true", &policy])?))
    };
    match ready() {
        Ok((page, beside)) => {
            let screens = folder().join("screens");
            let _ = fs::remove_dir_all(&screens);
            let _ = fs::create_dir_all(&screens);
            let mut node = Command::new("node");
            node.arg("tests/run.mjs")
                .current_dir(root().join("web"))
                .env("SLUICE_STACK", Stack::file())
                .env("SLUICE_OPEN_API", beside.api_url)
                .env("SLUICE_OPEN_BUCKET", beside.bucket)
                .env("SLUICE_PAGE", page)
                .env("SLUICE_SCREENS", &screens)
                .env("SLUICE_FULL", if full { "true" } else { "" });
            tally.tests("Uppy 5 and 6 in Chromium", node);
            tally.say(&format!("Screenshots are in {}", screens.display()));
            tally.step("the stack beside it is deleted", remove_beside(&open));
        }
        Err(problem) => tally.step("Uppy 5 and 6 in Chromium", Err(problem)),
    }
}
