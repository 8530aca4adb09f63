//! Text for standard output.

use std::{
    error::Error,
    io::{self, Write},
};

/// Prints a text. It fails if standard output is closed, as a pipe may be.
pub fn print(text: &str) -> Result<(), Box<dyn Error>> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    Ok(out.flush()?)
}
