//! Numbers and layers for people.

use crate::Work;
use shared_model::inspect::{Element, Step};

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

/// Returns a step's operation as short as can be, such as `conv 5x5/2 g4 relu max 2x2`: windows of
/// 5 × 5, 2 apart, in 4 groups, and a max pool after it.
pub fn operation(step: &Step<'_>) -> String {
    let is_relu = step.output.element == Element::Unsigned;
    Work::new(step).words(if is_relu { " relu" } else { "" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_third_digit() {
        assert_eq!(thousands(0), "0");
        assert_eq!(thousands(999), "999");
        assert_eq!(thousands(1_412_224), "1,412,224");
    }
}
