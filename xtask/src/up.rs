//! `cargo xtask up`: from nothing to a real file accepted.

mod deploy;
mod tour;
mod users;

use std::time::Instant;

use crate::stack::Stack;
use crate::tools::{EMULATOR, SAM};
use crate::{Outcome, emulator};

/// Starts the local stack, uploads a real file through it and prints what to try next.
///
/// # Errors
/// With one sentence and what to do about it.
pub fn up() -> Outcome {
    let started = Instant::now();
    let stack = ready()?;
    tour::upload(&stack)?;
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
    let stack = deploy::deploy(&users)?;
    stack.write()?;
    Ok(stack)
}
