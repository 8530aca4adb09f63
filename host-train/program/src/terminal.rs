//! Output for a person while the program works: a bar on a terminal, a line now and then in a pipe
//! or a log.
//!
//! Results go to standard output, so that they can be piped; progress, notes and errors go to
//! standard error. Neither panics where nobody reads on, as `println!` and `eprintln!` do.

mod interrupt;
mod output;
mod progress;
mod text;

pub use interrupt::{INTERRUPTED, interrupt_at_once, interrupted, listen_for_interrupt};
pub use output::{CLOSED, OutputError, error, is_quiet, note, print, set_quiet};
pub use progress::Progress;
pub use text::seconds;
