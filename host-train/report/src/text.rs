//! Numbers and names for people.

use shared_model::inspect::{Element, Kernel, Operation, Reason, Step};

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

/// Returns `1234567` as `1,234,567`.
pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Returns a hash as people read it.
pub fn hex(hash: [u8; 8]) -> String {
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Returns kind and window of a step, as short as can be.
pub fn operation(step: &Step<'_>) -> String {
    let size = |[rows, columns]: [usize; 2]| format!("{rows}x{columns}");
    let relu = if step.output.element == Element::Unsigned { " relu" } else { "" };
    match &step.operation {
        Operation::Conv2d { geometry, pool, .. } => {
            let stride = match geometry.stride {
                [1, 1] => String::new(),
                stride => format!("/{}", size(stride)),
            };
            let pool =
                pool.map_or(String::new(), |pool| format!(" max {}", size(pool.kernel.map(usize::from))));
            format!("conv {}{stride}{relu}{pool}", size(geometry.kernel))
        }
        Operation::MaxPool2d(pool) => format!("max {}", size(pool.kernel.map(usize::from))),
        Operation::AveragePool2d(pool, _) => format!("average {}", size(pool.kernel.map(usize::from))),
        Operation::Dense(_) => format!("dense{relu}"),
    }
}

/// Names the kernel that a board computes a step with, and if that is the plain one, why.
pub fn path(kernel: Kernel) -> &'static str {
    match kernel {
        Kernel::Winograd => "Winograd F(2x2, 3x3)",
        Kernel::Taps => "few taps, weights of 16 bits",
        Kernel::Rows => "rows of bytes, two in a word",
        Kernel::Reference(Reason::Plain) => "reference: the file is not packed",
        Kernel::Reference(Reason::Groups) => "reference: in groups",
        Kernel::Reference(Reason::PoolWindow) => "reference: the pool after it is not 2x2",
        Kernel::Reference(Reason::Pool) => "reference: a pool alone",
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
        assert_eq!(thousands(0), "0");
        assert_eq!(thousands(999), "999");
        assert_eq!(thousands(1_412_224), "1,412,224");
    }
}
