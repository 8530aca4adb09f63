//! Lines on standard output and standard error.

use std::{
    fmt::Display,
    io::{self, ErrorKind, Write},
    sync::atomic::{AtomicBool, Ordering},
};
use thiserror::Error;

/// The status of a program whose standard output was closed, as shells have it: 128 and SIGPIPE's
/// number.
pub const CLOSED: u8 = 141;

/// Columns of a task's name, which progress and notes begin with.
pub(super) const TASK: usize = 10;

static QUIET: AtomicBool = AtomicBool::new(false);

/// Keeps everything but errors from standard error from now on: no progress, no notes.
pub fn set_quiet() {
    QUIET.store(true, Ordering::Relaxed);
}

/// Returns true if [`set_quiet`] was asked for.
pub fn is_quiet() -> bool {
    QUIET.load(Ordering::Relaxed)
}

/// The reason why a result cannot be printed.
#[derive(Debug, Error)]
#[error("cannot write to standard output: {0}")]
pub struct OutputError(io::Error);

impl OutputError {
    /// Returns true if the reader has closed it, as `head` does.
    pub fn is_closed(&self) -> bool {
        self.0.kind() == ErrorKind::BrokenPipe
    }
}

/// Prints a result, or a part of one, to standard output.
///
/// # Errors
/// Returns [`OutputError`] if it cannot be written, or standard output is closed.
pub fn print(result: impl Display) -> Result<(), OutputError> {
    let mut output = io::stdout().lock();
    write!(output, "{result}").and_then(|()| output.flush()).map_err(OutputError)
}

/// Tells on standard error, in one line or several, what the person should know of a task.
pub fn note(task: &str, text: impl Display) {
    if !is_quiet() {
        let text = text.to_string().replace('\n', &format!("\n{:TASK$} ", ""));
        error(format_args!("{task:>TASK$} {text}"));
    }
}

/// Tells on standard error, quiet or not, why the program does not do what it was asked.
pub fn error(text: impl Display) {
    // Where nobody reads, there is nobody to tell.
    let _ = writeln!(io::stderr().lock(), "{text}");
}
