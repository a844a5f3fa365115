//! `cargo xtask up`: starts the local stack and uploads a first file.

pub(crate) mod deploy;
mod first_upload;
mod users;

use std::time::Instant;

use anyhow::{Result, ensure};
use local_stack::aws::form_call;
use local_stack::stack::{LOCAL, Stack};

use crate::process::Progress;
use crate::tools::{CARGO_LAMBDA, EMULATOR, SAM, beside, install_beside};
use crate::{emulator, root, web};

/// Starts the local stack, uploads a picture through it and prints what to do next. `origins` are pages of the user's
/// own that may use the stack.
///
/// # Errors
/// With one sentence and the next step.
pub fn up(origins: &[String]) -> Result<()> {
    let started = Instant::now();
    let stack = ready(origins)?;
    first_upload::upload(&stack)?;
    println!("Demo page");
    // Everything else works without it.
    let page = web::up(&stack).unwrap_or_else(|error| format!("none: {error:#}"));
    summary(&stack, &page, origins, started.elapsed().as_secs());
    Ok(())
}

/// The addresses, the users and the next steps.
fn summary(stack: &Stack, page: &str, origins: &[String], seconds: u64) {
    let users: Vec<&str> = stack.users.iter().map(|user| user.name.as_str()).collect();
    let own = if origins.is_empty() { String::new() } else { format!("\n  Your origins  {}", origins.join(", ")) };
    let origin = origins.first().map_or("http://localhost:5173", String::as_str);
    println!(
        "
The local stack is ready after {seconds} s.

  API           {api}
  Demo page     {page}
  AWS emulator  {endpoint} (bucket {bucket}){own}
  Webhooks      target/local/receiver.log has a line for each delivery that came
  Users         {users}; their tokens last 24 hours, and `cargo xtask up` makes new ones
  Details       {file} has these addresses and the tokens

Next steps
  1. Drop a file on the demo page, then look at its verdict.
  2. Upload from a shell: cargo xtask upload xtask/assets/sluice.png --content-type image/png
  3. Upload from your own page: cargo xtask up --origin {origin}, with apiUrl and a token of stack.json

`cargo xtask down` stops everything.",
        api = stack.api_url,
        endpoint = stack.endpoint,
        bucket = stack.bucket,
        users = users.join(", "),
        file = Stack::file().strip_prefix(root()).unwrap_or(&Stack::file()).display(),
    );
}

/// An origin as a browser sends it: a scheme and a host, with a port if it is not the scheme's.
///
/// # Errors
/// When the text is something else.
pub fn origin(text: &str) -> Result<String> {
    let origin = text.trim_end_matches('/');
    let host = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://")).unwrap_or_default();
    let plain = !host.is_empty() && !host.contains(|c: char| c.is_whitespace() || "/?#@,*\"'".contains(c));
    ensure!(plain, "an origin is a scheme and a host such as http://localhost:5173, without a path");
    Ok(origin.to_ascii_lowercase())
}

/// Makes sure that a stack of the current code runs.
///
/// # Errors
/// With one sentence and the next step.
pub fn ready(origins: &[String]) -> Result<Stack> {
    if !root().join("target/lambda").exists() {
        println!("The first start takes 5 to 8 minutes on two cores: it installs tools and compiles the functions.");
        println!("Later starts take 7 seconds, or about 40 if functions have changed.");
    }
    println!("Tools and functions");
    // Installing waits for the network and for the disk, compiling for the processor.
    let started = beside(|| EMULATOR.install_with(Progress::End).and_then(|()| emulator::start()));
    let compiled = CARGO_LAMBDA.install().and_then(|()| {
        let installed = install_beside(&[SAM]);
        let compiled = deploy::compile();
        installed().and(compiled)
    });
    let started = started();
    compiled?;
    let kept = started?;
    let code = deploy::collect()?;
    println!("Local stack");
    let users = users::users(kept)?;
    let webhooks = format!("WebhookUrl1={}", web::receiver_url());
    let stack = deploy::deploy(LOCAL, &code, &users, origins, &[&webhooks, "WebhookPrivateHosts=true"])?;
    stack.write()?;
    web::receive(&stack)?;
    Ok(stack)
}

/// Checks the template against the rules of SAM and `CloudFormation`.
///
/// # Errors
/// With the linter's output.
pub fn lint() -> Result<()> {
    CARGO_LAMBDA.install()?;
    SAM.install()?;
    deploy::lint()
}

/// Deploys a second stack beside the first, with some parameters of its own.
///
/// # Errors
/// When the local stack does not run, or the deployment fails.
pub fn deploy_beside(name: &str, extra: &[&str]) -> Result<Stack> {
    deploy::deploy(name, &deploy::collect()?, &users::users(true)?, &[], extra)
}

/// Removes a stack that was deployed beside the first.
///
/// # Errors
/// When the emulator refuses.
pub fn remove_beside(name: &str) -> Result<()> {
    let body = format!("Action=DeleteStack&Version=2010-05-15&StackName={name}");
    form_call(&emulator::endpoint(), "cloudformation", &body).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_has_a_scheme_and_a_host_only() {
        assert_eq!(origin("http://localhost:5173/").unwrap(), "http://localhost:5173");
        assert_eq!(origin("https://App.example").unwrap(), "https://app.example");
        for other in ["localhost:5173", "http://", "http://a/b", "http://a,http://b", "*", "http://*", "ftp://a"] {
            assert!(origin(other).is_err(), "{other}");
        }
    }
}
