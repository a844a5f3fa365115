//! `cargo xtask down`.

use std::fs;

use anyhow::Result;

use crate::{emulator, local, web};

/// Stops the local stack. Build caches stay.
///
/// # Errors
/// When the emulator or the page's server does not stop.
pub fn down() -> Result<()> {
    web::stop()?;
    emulator::stop()?;
    let _ = fs::remove_dir_all(local());
    println!("The local stack is stopped.");
    Ok(())
}
