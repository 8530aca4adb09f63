//! The program; what it does is in the library beside it.

use host_train::{
    cli::Cli,
    terminal::{self, CLOSED, OutputError},
};
use std::{env, process::ExitCode};

/// Burn allocates and frees the same large buffers in every step, which glibc's allocator hands
/// back to the system each time: training takes up to 1.7 times as long with it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = Cli::from_arguments(env::args_os()).unwrap_or_else(|error| error.exit());
    match cli.run() {
        Ok(status) => status,
        Err(error) if error.downcast_ref().is_some_and(OutputError::is_closed) => ExitCode::from(CLOSED),
        Err(error) => {
            terminal::error(format_args!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}
