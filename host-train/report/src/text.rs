//! Numbers and names for people.

use shared_model::inspect::{Kernel, Reason};

pub use tinytriplet_ledger::text::{operation, thousands};

/// The name of the RAM that an inference on a board takes: image, scratch, embedding; without the
/// stack.
pub const RAM: &str = "RAM for an inference";
/// The name of the same with the plain file and the reference kernels.
pub const RAM_PLAIN: &str = "RAM by plain kernels";
/// The name of the packed file's length.
pub const MODEL_IN_FLASH: &str = "model in flash";

/// Returns `1 image`, `3 images`, `1,000 images`.
pub fn count(number: u64, thing: &str) -> String {
    format!("{} {thing}{}", thousands(number), if number == 1 { "" } else { "s" })
}

/// Returns the beginning of `text` that fits `columns`, with `…` at its end where there is more.
pub fn cut(text: &str, columns: usize) -> String {
    match text.char_indices().nth(columns) {
        Some(_) => text.chars().take(columns - 1).chain(['…']).collect(),
        None => text.into(),
    }
}

/// Returns the names with commas between them, in indented lines of at most 80 columns.
pub fn listed(names: &[&str]) -> String {
    let mut lines = vec![String::new()];
    for (index, name) in names.iter().enumerate() {
        let name = if index + 1 < names.len() { format!("{name},") } else { (*name).into() };
        match lines.last_mut() {
            Some(line) if 5 + line.chars().count() + 1 + name.chars().count() <= 80 => {
                *line += &format!(" {name}")
            }
            _ => lines.push(format!(" {name}")),
        }
    }
    lines.iter().map(|line| format!("     {line}\n")).collect()
}

/// Returns `12.34`, a share in percent, or a dash where nothing was measured.
pub fn percent(share: Option<f64>) -> String {
    match share {
        Some(share) if !share.is_nan() => format!("{:.2}", 100.0 * share),
        _ => "-".into(),
    }
}

/// Returns `0 to 39 %`, or `98.2 to 99.4 %` of an interval that is no wider than five points.
pub fn interval([low, high]: [f64; 2]) -> String {
    let digits = if high - low > 0.05 { 0 } else { 1 };
    format!("{:.digits$} to {:.digits$} %", 100.0 * low, 100.0 * high)
}

/// Returns `text` in lines of at most `columns`, each after `indent`.
pub fn wrapped(text: &str, columns: usize, indent: &str) -> String {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) if indent.len() + line.chars().count() + 1 + word.chars().count() <= columns => {
                *line += &format!(" {word}");
            }
            _ => lines.push(word.into()),
        }
    }
    lines.iter().map(|line| format!("{indent}{line}\n")).collect()
}

/// Returns a hash as people read it.
pub fn hex(hash: [u8; 8]) -> String {
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Names the kernel that a board computes a step with, and if that is the plain one, why.
pub fn path(kernel: Kernel) -> &'static str {
    match kernel {
        Kernel::Winograd => "Winograd F(2x2, 3x3)",
        Kernel::Taps => "few taps, weights of 16 bits",
        Kernel::Depthwise => "depthwise, weights of 16 bits",
        Kernel::Rows => "rows of bytes, two in a word",
        Kernel::Reference(Reason::Plain) => "reference: the file is not packed",
        Kernel::Reference(Reason::Groups) => "reference: groups, not depthwise by fours",
        Kernel::Weightless => "four channels at a time",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_for_people() {
        assert_eq!(count(1, "label"), "1 label");
        assert_eq!(count(2_000, "label"), "2,000 labels");
        assert_eq!((cut("größer", 6), cut("größer", 5)), ("größer".into(), "größ…".into()));
        assert_eq!(listed(&["a", "b"]), "      a, b\n");
        let wide = "x".repeat(70);
        assert_eq!(listed(&[&wide, "b", "c"]), format!("      {wide}, b,\n      c\n"));
        assert_eq!([Some(0.125), Some(f64::NAN), None].map(percent), ["12.50", "-", "-"]);
        assert_eq!(interval([0.0, 0.390_334]), "0 to 39 %");
        assert_eq!(interval([0.981_6, 0.993_99]), "98.2 to 99.4 %");
        assert_eq!(wrapped("more is better", 12, "  "), "  more is\n  better\n");
        assert_eq!(wrapped("more is better", 16, "  "), "  more is better\n");
    }
}
