//! Words and numbers in figures.

use crate::{
    Findings,
    text::{cut, thousands},
};
use tinytriplet_data::Label;

/// Most columns of a run's, a data set's or a loss's name.
pub const NAME: usize = 24;

/// Returns what a figure in a file is of.
pub fn of(findings: &Findings) -> String {
    let data = &findings.data;
    let drawn = if data.drawn { ", DRAWN digits, not MNIST" } else { "" };
    format!(
        "run “{}”, trained on {}{drawn}; {} test images",
        cut(&findings.name, NAME),
        cut(&data.name, NAME),
        thousands(data.test_images as u64)
    )
}

/// Returns the name of a class.
pub fn class(findings: &Findings, label: Label) -> String {
    findings.data.classes.get(usize::from(label)).cloned().unwrap_or_else(|| label.to_string())
}

/// Pixels that a small text takes, more or less: fonts differ.
pub fn width(text: &str) -> f64 {
    6.0 * text.chars().count() as f64
}

/// Returns a number with as many digits as an axis needs: `12,000`, `0.25`, `0.0003`.
pub fn number(value: f64) -> String {
    if value == 0.0 {
        return "0".into();
    }
    if value.abs() >= 1_000.0 {
        let sign = if value < 0.0 { "-" } else { "" };
        return format!("{sign}{}", thousands(value.abs().round() as u64));
    }
    let decimals = (3.0 - value.abs().log10().floor()).clamp(0.0, 12.0) as usize;
    let text = format!("{value:.decimals$}");
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').into(),
        false => text,
    }
}

/// Returns a share as percent, as short as an axis needs.
pub fn percent(share: f64) -> String {
    number(100.0 * share) + " %"
}

/// Returns a share as percent, to a hundredth; a dash where there is none.
pub fn exact_percent(share: f64) -> String {
    if share.is_finite() { format!("{:.2} %", 100.0 * share) } else { "–".into() }
}

/// Returns a number to three significant digits; a dash where there is none.
pub fn real(value: f64) -> String {
    let size = value.abs();
    let text = match size {
        _ if !size.is_finite() => return "–".into(),
        _ if size >= 1_000.0 => number(value.round()),
        _ if size != 0.0 && size < 0.001 => format!("{value:.1e}"),
        _ => format!(
            "{value:.*}",
            if size >= 100.0 {
                0
            } else if size >= 10.0 {
                1
            } else if size >= 1.0 {
                2
            } else {
                3
            }
        ),
    };
    text.replace('-', "−")
}

/// Returns a whole number where space is short: `40k`, `1.2M`.
pub fn brief(value: f64) -> String {
    let (unit, letter) = match value {
        _ if value >= 1e6 => (1e6, "M"),
        _ if value >= 1e3 => (1e3, "k"),
        _ => (1.0, ""),
    };
    number(value / unit) + letter
}

/// Returns a whole number with commas.
pub fn whole(value: f64) -> String {
    thousands(value.round() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        let values = [0.0, 0.25, -3.0, 1_234.0, 12_000.0, -12_000.4, 0.000_3, 0.1 + 0.2, f64::NAN];
        let expected = ["0", "0.25", "-3", "1,234", "12,000", "-12,000", "0.0003", "0.3", "NaN"];
        assert_eq!(values.map(number), expected);
        assert_eq!(percent(0.000_01), "0.001 %");
    }

    #[test]
    fn numbers_to_be_read_out() {
        let values = [0.0, 0.123_44, 1.0, 12.345, 123.45, 12_345.6, -0.000_12];
        let expected = ["0.000", "0.123", "1.00", "12.3", "123", "12,346", "−1.2e−4"];
        assert_eq!(values.map(real), expected);
        assert_eq!([950.0, 40_000.0, 1_250_000.0].map(brief), ["950", "40k", "1.25M"]);
        assert_eq!((exact_percent(0.012_34), whole(1_234.4)), ("1.23 %".into(), "1,234".into()));
        assert_eq!((real(f64::NAN), exact_percent(f64::INFINITY)), ("–".into(), "–".into()));
    }
}
