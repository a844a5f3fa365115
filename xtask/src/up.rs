//! `cargo xtask up`: from nothing to a real file accepted.

pub(crate) mod deploy;
mod tour;
mod users;

use std::time::Instant;

use crate::aws::form_call;
use crate::stack::{LOCAL, Stack};
use crate::tools::{EMULATOR, SAM};
use crate::{Outcome, emulator, web};

/// Starts the local stack, uploads a real file through it and prints what to try next.
///
/// # Errors
/// With one sentence and what to do about it.
pub fn up() -> Outcome {
    let started = Instant::now();
    let stack = ready()?;
    tour::upload(&stack)?;
    println!("Demo page");
    // Everything else works without it.
    match web::up(&stack) {
        Ok(address) => println!("  {address}"),
        Err(problem) => println!("  None: {problem}"),
    }
    println!("\nReady after {:.0} s. `cargo xtask down` stops it.", started.elapsed().as_secs_f64());
    Ok(())
}

/// Makes sure that a stack of today's code runs.
///
/// # Errors
/// With one sentence and what to do about it.
pub fn ready() -> Outcome<Stack> {
    println!("Tools");
    SAM.install()?;
    EMULATOR.install()?;
    println!("Functions");
    deploy::build()?;
    println!("Local stack");
    let kept = emulator::start()?;
    let users = users::users(kept)?;
    let stack = deploy::deploy(LOCAL, &users, &[])?;
    stack.write()?;
    Ok(stack)
}

/// Holds the template against SAM's and `CloudFormation`'s rules.
///
/// # Errors
/// With what the linter says.
pub fn lint() -> Outcome {
    SAM.install()?;
    deploy::lint()
}

/// Deploys a second stack beside the first, with some parameters of its own.
///
/// # Errors
/// When the local stack isn't up, or the deployment fails.
pub fn deploy_beside(name: &str, extra: &[&str]) -> Outcome<Stack> {
    deploy::deploy(name, &users::users(true)?, extra)
}

/// Removes a stack that was deployed beside the first.
///
/// # Errors
/// When the emulator refuses.
pub fn remove_beside(name: &str) -> Outcome {
    let body = format!("Action=DeleteStack&Version=2010-05-15&StackName={name}");
    form_call(&emulator::endpoint(), "cloudformation", &body).map(drop)
}
