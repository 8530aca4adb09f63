//! `completions`: what a shell needs to complete this program's commands and options.

use crate::{cli::Cli, terminal::print};
use anyhow::Result;
use clap_complete::{Shell, generate};

/// Prints the script for `shell`.
///
/// # Errors
/// Nobody reads it.
pub fn run(shell: Shell) -> Result<()> {
    let mut script = Vec::new();
    generate(shell, &mut Cli::description(), "host-train", &mut script);
    Ok(print(String::from_utf8_lossy(&script))?)
}
