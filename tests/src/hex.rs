//! Bytes as people read them.

use std::fmt::Write;

/// Sixteen bytes a line, with the offset before them.
pub fn hex_dump(bytes: &[u8]) -> String {
    let mut text = String::new();
    for (line, bytes) in bytes.chunks(16).enumerate() {
        write!(text, "{:04x} ", 16 * line).expect("a string takes everything");
        bytes.iter().for_each(|byte| write!(text, " {byte:02x}").expect("as above"));
        text.push('\n');
    }
    text
}
