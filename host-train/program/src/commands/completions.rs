//! `completions`: what a shell needs to complete this program's commands and options.

use crate::terminal::print;
use anyhow::Result;
use clap::{Args, Command};
use clap_complete::{Shell, generate};

/// Arguments of `completions`.
#[derive(Clone, Debug, Args)]
pub struct CompletionsArgs {
    /// The shell
    pub shell: Shell,
}

/// Prints the script for a shell that completes `program`.
///
/// # Errors
/// Returns an error if standard output is closed.
pub fn run(args: &CompletionsArgs, program: &mut Command) -> Result<()> {
    let mut script = Vec::new();
    generate(args.shell, program, "host-train", &mut script);
    Ok(print(String::from_utf8_lossy(&script))?)
}
