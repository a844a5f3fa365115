//! `cargo xtask down`.

use std::fs;

use crate::stack::Stack;
use crate::{Outcome, emulator, local, web};

/// Stops the local stack. Build caches stay.
///
/// # Errors
/// When the emulator or the page's server won't stop.
pub fn down() -> Outcome {
    web::stop()?;
    emulator::stop()?;
    let _ = fs::remove_file(Stack::file());
    let _ = fs::remove_dir_all(local());
    println!("The local stack is down.");
    Ok(())
}
