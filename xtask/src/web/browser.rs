//! Uppy in a real browser against the deployed stack.

use std::fs;
use std::process::Command;

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

/// Runs the tests in `web/tests` and adds their counts.
pub fn test(tally: &mut Tally, stack: &Stack, full: bool) {
    println!("\n── Uppy in a browser");
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
            println!("Screenshots are in {}", screens.display());
            tally.step("the stack beside it is deleted", remove_beside(&open));
        }
        Err(problem) => tally.step("Uppy 5 and 6 in Chromium", Err(problem)),
    }
}
