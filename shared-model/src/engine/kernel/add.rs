use crate::model::tensor::Element;

/// Adds `other` to `map`, which holds the other of both summands before and the sum after:
/// `saturate(floor((m · map + m' · other + 2^15) / 2^16))`, where `multipliers` are m and m', and
/// `elements` those of the summands in the same order. Both are rescaled and added exactly, and the
/// sum is rounded once.
pub fn add(multipliers: [u32; 2], map: &mut [u8], other: &[u8], elements: [Element; 2], to: Element) {
    debug_assert_eq!(map.len(), other.len(), "both summands have the same shape");
    // At most 2^22 each, so that nothing overflows.
    let [own, others] = multipliers.map(|multiplier| multiplier as i32);
    let (low, high) = to.range();
    for (value, &other) in map.iter_mut().zip(other) {
        let own = own.wrapping_mul(elements[0].value(*value));
        let sum = own.wrapping_add(others.wrapping_mul(elements[1].value(other)));
        *value = (sum.wrapping_add(1 << 15) >> 16).clamp(low, high) as u8;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::format::MAX_ADD_MULTIPLIER;

    fn sum(multipliers: [u32; 2], [a, b]: [u8; 2], elements: [Element; 2], to: Element) -> u8 {
        let mut map = [a];
        add(multipliers, &mut map, &[b], elements, to);
        map[0]
    }

    #[test]
    fn only_the_sum_is_rounded() {
        let [u, s] = [Element::Unsigned, Element::Signed];
        let half = 1 << 15;
        assert_eq!(sum([half; 2], [1, 1], [u, u], u), 1, "1/2 + 1/2");
        assert_eq!(sum([half, 0], [1, 9], [u, u], u), 1, "1/2 rounds up");
        assert_eq!(sum([half, 0], [0xFF, 9], [s, u], s) as i8, 0, "-1/2 as well");
        assert_eq!(sum([half - 1, 0], [1, 9], [u, u], u), 0);
        assert_eq!(sum([1 << 16, 1 << 15], [3, 0xFA], [u, s], s) as i8, 0, "3 - 6/2");
    }

    #[test]
    fn the_largest_sums_fit() {
        let most = [MAX_ADD_MULTIPLIER; 2];
        let [u, s] = [Element::Unsigned, Element::Signed];
        assert_eq!(sum(most, [255; 2], [u, u], u), 255);
        assert_eq!(sum(most, [255; 2], [u, u], s), 127);
        assert_eq!(sum(most, [0x80; 2], [s, s], s) as i8, -127);
        assert_eq!(sum(most, [0x80; 2], [s, s], u), 0);
    }
}
