use super::output::error;
use std::{
    io::{self, IsTerminal},
    sync::atomic::{AtomicBool, Ordering},
};

/// The status of a program that Ctrl-C ended, as shells have it: 128 and SIGINT's number.
pub const INTERRUPTED: u8 = 130;

/// True if Ctrl-C was pressed.
static PRESSED: AtomicBool = AtomicBool::new(false);
/// True if nobody waits for [`interrupted`] any more.
static AT_ONCE: AtomicBool = AtomicBool::new(false);

/// Listens for Ctrl-C: from now on [`interrupted`] tells of it, and a second one ends the program, with these
/// last words.
///
/// # Errors
/// Returns an error if the system does not let it listen.
pub fn listen_for_interrupt(last_words: String) -> Result<(), ctrlc::Error> {
    ctrlc::set_handler(move || {
        if PRESSED.swap(true, Ordering::Relaxed) || AT_ONCE.load(Ordering::Relaxed) {
            // After the progress bar, if there is one.
            let line = if io::stderr().is_terminal() { "\n" } else { "" };
            error(format_args!("{line}interrupted: {last_words}"));
            std::process::exit(INTERRUPTED.into());
        }
    })
}

/// Lets the first Ctrl-C, too, end the program from now on.
pub fn interrupt_at_once() {
    AT_ONCE.store(true, Ordering::Relaxed);
}

/// Returns true if Ctrl-C was pressed since [`listen_for_interrupt`].
pub fn interrupted() -> bool {
    PRESSED.load(Ordering::Relaxed)
}
